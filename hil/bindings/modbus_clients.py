"""Connections over Modbus that several devices share: a line, and many a device, takes one at a time."""

from hil.bindings.connection import USUAL_BACK_OFF, BackOff
from hil.bindings.modbus_address import LineAddress, TcpAddress
from hil.bindings.modbus_client import ModbusClient

Address = TcpAddress | LineAddress


class ModbusClients:
    """One connection per address, for as long as somebody has taken it."""

    def __init__(self, back_off: BackOff | None = None) -> None:
        self.back_off = back_off or USUAL_BACK_OFF
        self._clients: dict[Address, tuple[ModbusClient, int]] = {}

    async def take(self, address: Address) -> ModbusClient:
        """The connection to there, started; `give_back` is due."""
        client, users = self._clients.get(address) or (ModbusClient(address, back_off=self.back_off), 0)
        self._clients[address] = client, users + 1
        await client.start()
        return client

    async def give_back(self, address: Address) -> None:
        """Once for each `take`; with the last the connection ends."""
        client, users = self._clients.pop(address)
        if users > 1:
            self._clients[address] = client, users - 1
        else:
            await client.close()
