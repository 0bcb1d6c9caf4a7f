"""Modbus as a client: one connection to a port or line, kept up, and used by all devices behind it.

The only module that knows pymodbus (3.16). Its own retries and reconnects are off: who asks decides what a missing
answer means, and the back-off is ours.
"""

import asyncio
import contextlib
import logging
import termios
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from device_emulators.faces.mapping import Table
from device_emulators.faces.modbus_serial import port_settings
from hil.bindings.modbus_address import LineAddress, TcpAddress

# Without a handler its warnings would appear on stderr; what they say comes as errors, too.
logging.getLogger("pymodbus").addHandler(logging.NullHandler())


class LinkError(Exception):
    """There is no connection, no answer in time, or one that does not belong to the request."""


class AnswerError(Exception):
    """The device answers with an exception; `code` is its number."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class BackOff:
    """How long to wait before connecting again, s: doubled from first to longest, from anew after a success."""

    first_s: float = 0.2
    longest_s: float = 30.0

    def wait_s(self, failures: int) -> float:
        """After so many failures in a row, at least one."""
        return float(min(self.first_s * 2 ** min(failures - 1, 30), self.longest_s))


class ModbusClient:
    """A connection from `start` to `close` (also `async with`), made anew with back-off whenever it is lost.

    One request is under way at a time, others wait. `on_state` is called with True when it is up and False when lost.
    """

    def __init__(
        self,
        address: TcpAddress | LineAddress,
        *,
        timeout_s: float = 1.0,
        back_off: BackOff | None = None,
        on_state: Callable[[bool], None] | None = None,
    ) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._back_off = back_off or BackOff()
        self._on_state = on_state or (lambda connected: None)
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()

    async def start(self) -> None:
        """Begin to connect; `wait_connected` says when it is done."""
        if self._keeper is None:
            self._client = self._new_client()
            self._keeper = asyncio.create_task(self._keep_connected(self._client))

    async def close(self) -> None:
        """Disconnect for good; requests that wait end with LinkError."""
        if self._keeper is not None and self._client is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
            self._client.close()
            self._lost()
            self._client = None
            await asyncio.sleep(0)  # a transport closes its socket in the next round of the loop

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def wait_connected(self) -> None:
        """Return as soon as the connection is up."""
        await self._up.wait()

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
        response = await self._answered(request)
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
        await self._answered(request)

    def _connected(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if self._client is None or not self.connected:
            raise LinkError(f"not connected to {_name(self.address)}")
        return self._client

    async def _answered(self, request: Awaitable[ModbusPDU]) -> ModbusPDU:
        try:
            response = await request
        except (ModbusException, ValueError, IndexError, OSError) as error:
            raise LinkError(f"{_name(self.address)}: {error}") from error
        # pymodbus takes an answer with the transaction number 0 for one to any request.
        if self._client is not None and response.transaction_id != self._client.ctx.request_transaction_id:
            raise LinkError(f"{_name(self.address)}: an answer to another request")
        if response.isError():
            raise AnswerError(response.exception_code, f"{_name(self.address)}: exception {response.exception_code}")
        return response

    # --- the connection -------------------------------------------------------------------------------------------

    async def _keep_connected(self, client: AsyncModbusTcpClient | AsyncModbusSerialClient) -> None:
        failures = 0
        while True:
            self._down.clear()
            if await _connect(client):
                failures = 0
                self._up.set()
                self._on_state(True)
                await self._down.wait()
            failures += 1
            await asyncio.sleep(self._back_off.wait_s(failures))

    def _traced(self, connected: bool) -> None:
        """What pymodbus says of its connection."""
        if not connected:
            self._lost()

    def _lost(self) -> None:
        if not self._up.is_set():
            return
        self._up.clear()
        self._down.set()
        # pymodbus would let a request that is under way wait for its time-out.
        waiting = self._client.ctx.response_future if self._client is not None else None
        if waiting is not None and not waiting.done():
            waiting.set_exception(ConnectionException("the connection was lost"))
            waiting.exception()  # perhaps nobody waits
        self._on_state(False)

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


def _name(address: TcpAddress | LineAddress) -> str:
    return f"{address.host}:{address.port}" if isinstance(address, TcpAddress) else address.path
