"""A connection to devices that is kept up, whichever protocol it speaks, and what can go wrong with it."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

_logger = logging.getLogger(__name__)


class DeviceError(Exception):
    """A device does not answer, or not as it should."""


class LinkError(DeviceError):
    """There is no connection, no answer in time, or one that does not belong to the request."""


class AnswerError(DeviceError):
    """The device answers that it will not. `code` is the number of Modbus's exception, or the name of OPC UA's status
    code, as BadInvalidState."""

    def __init__(self, code: int | str, message: str) -> None:
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


USUAL_BACK_OFF: Final = BackOff()


class Connection(ABC):
    """A connection from `start` to `close` (also `async with`), made anew with back-off whenever it is lost.

    A protocol says in `_open` how it is made, in `_shut` how it is left, and calls `_lost` when it is gone.
    """

    def __init__(
        self,
        name: str,
        back_off: BackOff = USUAL_BACK_OFF,
        on_state: Callable[[bool], None] | None = None,
    ) -> None:
        """`name` is for messages; `on_state` is called with True when it is up and False when it is lost."""
        self.name = name
        self.connections = 0
        """Made so far."""
        self.problem = "not connected yet"
        """Why there was no connection at the last try; empty after one that was made."""
        self._back_off = back_off
        self.on_state = on_state or (lambda connected: None)
        self._keeper: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._gone = asyncio.Event()
        self._closing = False

    async def start(self) -> None:
        """Begin to connect; `wait_connected` says when it is done."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Disconnect for good."""
        if self._keeper is not None:
            self._closing = True  # libraries that connect may swallow a cancellation
            self._gone.set()
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper, self._closing = None, False

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

    @abstractmethod
    async def _open(self) -> None:
        """Connect. DeviceError: that cannot be."""

    @abstractmethod
    async def _shut(self) -> None:
        """Leave what there is of a connection; it may be none."""

    def _lost(self) -> None:
        """The connection is gone."""
        if self._up.is_set():
            self._up.clear()
            self._gone.set()
            self.on_state(False)

    async def _keep(self) -> None:
        failures = 0
        while not self._closing:
            self._gone.clear()
            try:
                await self._open()
                failures, self.problem = 0, ""
                self.connections += 1
                self._up.set()
                self.on_state(True)
                await self._gone.wait()
            except DeviceError as error:
                self.problem = str(error)
                if not failures:
                    _logger.warning("no connection to %s: %s", self.name, error)
            finally:
                self._lost()
                await self._shut()
            failures += 1
            await asyncio.sleep(self._back_off.wait_s(failures))
