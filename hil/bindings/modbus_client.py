"""Modbus as a client: one connection to a port or line, kept up, and used by all devices behind it.

The only module that knows pymodbus (3.16). Its own retries and reconnects are off: who asks decides what a missing
answer means, and the back-off is ours.
"""

import asyncio
import logging
import termios
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from device_emulators.faces.mapping import Table
from device_emulators.faces.modbus_serial import port_settings
from hil.bindings.connection import USUAL_BACK_OFF, AnswerError, BackOff, Connection, LinkError
from hil.bindings.modbus_address import LineAddress, TcpAddress

# Its warnings would appear at every try, also where a program logs what it does; they come as errors, too.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


_MEANINGS: Final = {
    1: " (unknown function)",
    2: " (no such address)",
    3: " (value refused)",
    4: " (refused now)",
    6: " (busy)",
    11: " (no such unit)",
}


class ModbusClient(Connection):
    """One request is under way at a time, others wait."""

    def __init__(
        self,
        address: TcpAddress | LineAddress,
        *,
        timeout_s: float = 1.0,
        back_off: BackOff | None = None,
        on_state: Callable[[bool], None] | None = None,
    ) -> None:
        super().__init__(client_name(address), back_off or USUAL_BACK_OFF, on_state)
        self.address = address
        self._timeout_s = timeout_s
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None

    async def close(self) -> None:
        """Disconnect for good; requests that wait end with LinkError."""
        await super().close()
        if self._client is not None:
            self._client.close()
            self._client = None
            await asyncio.sleep(0)  # a transport closes its socket in the next round of the loop

    # --- requests -------------------------------------------------------------------------------------------------

    async def read(self, unit: int, table: Table, address: int, count: int) -> Sequence[int]:
        """Registers, or bits as 0 and 1. LinkError, AnswerError."""
        client = self._connected()
        match table:
            case Table.COIL:
                request = client.read_coils(address, count=count, device_id=unit)
            case Table.DISCRETE:
                request = client.read_discrete_inputs(address, count=count, device_id=unit)
            case Table.HOLDING:
                request = client.read_holding_registers(address, count=count, device_id=unit)
            case Table.INPUT:
                request = client.read_input_registers(address, count=count, device_id=unit)
        response = await self._answered(request, f"unit {unit}, {table} {address} to {address + count - 1}")
        values = [int(bit) for bit in response.bits] if table.of_bits else list(response.registers)
        padding = -count % 8 if table.of_bits else 0
        if len(values) not in (count, count + padding):
            raise LinkError(f"{len(values)} values came where {count} were asked for")
        return values[:count]

    async def write(self, unit: int, table: Table, address: int, values: Sequence[int]) -> None:
        """Set registers or bits from `address` on. LinkError: perhaps done, perhaps not. AnswerError."""
        client = self._connected()
        if table is Table.COIL and len(values) == 1:
            request = client.write_coil(address, bool(values[0]), device_id=unit)
        elif table is Table.COIL:
            request = client.write_coils(address, [bool(value) for value in values], device_id=unit)
        elif table is not Table.HOLDING:
            raise ValueError(f"a {table} cannot be written")
        elif len(values) == 1:
            request = client.write_register(address, values[0], device_id=unit)
        else:
            request = client.write_registers(address, list(values), device_id=unit)
        await self._answered(request, f"unit {unit}, {table} {address} to {address + len(values) - 1}")

    def _connected(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if self._client is not None and self.connected and not self._client.connected:
            self._lost()  # it went while it was being made, so that nobody has told
        if self._client is None or not self.connected:
            raise LinkError(f"not connected to {self.name}")
        return self._client

    async def _answered(self, request: Awaitable[ModbusPDU], asked: str) -> ModbusPDU:
        try:
            response = await request
        except (ModbusException, ValueError, IndexError, OSError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # pymodbus makes an error of its own of it
                raise asyncio.CancelledError from error
            raise LinkError(f"{self.name}, {asked}: {error}") from error
        # pymodbus takes an answer with the transaction number 0 for one to any request.
        if self._client is not None and response.transaction_id != self._client.ctx.request_transaction_id:
            raise LinkError(f"{self.name}: an answer to another request")
        if response.isError():
            code = response.exception_code
            raise AnswerError(code, f"{self.name}, {asked}: exception {code}{_MEANINGS.get(code, '')}")
        return response

    # --- the connection -------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        if isinstance(self.address, LineAddress) and not Path(self.address.path).exists():
            raise LinkError(f"{self.name}: no such file")
        if self._client is None:
            self._client = self._new_client()
        if not await _connect(self._client):
            raise LinkError(f"nobody answers at {self.name}")

    async def _shut(self) -> None:
        """pymodbus has done that."""

    def _traced(self, connected: bool) -> None:
        """What pymodbus says of its connection."""
        if not connected:
            self._lost()

    def _lost(self) -> None:
        # pymodbus would let a request that is under way wait for its time-out.
        waiting = self._client.ctx.response_future if self._client is not None and self.connected else None
        if waiting is not None and not waiting.done():
            waiting.set_exception(ConnectionException("the connection was lost"))
            waiting.exception()  # perhaps nobody waits
        super()._lost()

    def _new_client(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        address = self.address
        if isinstance(address, TcpAddress):
            return AsyncModbusTcpClient(
                address.host,
                port=address.port,
                timeout=self._timeout_s,
                retries=0,
                reconnect_delay=0,
                trace_connect=self._traced,
            )
        settings = port_settings(address.path, address.settings)
        return AsyncModbusSerialClient(
            address.path,
            baudrate=settings.baud,
            parity=settings.parity,
            stopbits=settings.stop_bits,
            timeout=self._timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_connect=self._traced,
        )


async def _connect(client: AsyncModbusTcpClient | AsyncModbusSerialClient) -> bool:
    try:
        return await client.connect()
    except (OSError, ValueError, termios.error):  # of serial ports, which pymodbus lets through
        return False


def client_name(address: TcpAddress | LineAddress) -> str:
    """An address in messages."""
    return f"{address.host}:{address.port}" if isinstance(address, TcpAddress) else address.path
