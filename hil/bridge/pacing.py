"""Drives the engine by a clock inside asyncio: waits for the next event or an outside write, and never blocks long."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from hil.bridge.lateness import Lateness

T = TypeVar("T")

SLICE_S: Final = 0.003
"""Work done in one go; then servers get their turn."""

LONGEST_SLEEP_S: Final = 3600.0
BOUND_MS: Final = 10.0
_CATCHING_UP: Final = 10


class Engine(Protocol):
    """What is driven; `sim.engine.Twin` is one."""

    def next_time(self) -> int:
        """When something may happen next, ms."""

    def advance_to(self, time: int) -> None:
        """Let everything up to and including that instant happen."""


class Clock(Protocol):
    """Tells the twin's time; `PacedClock` is one."""

    def now_ms(self) -> int:
        """ms since the twin's start."""

    def wait_s(self, until_ms: int) -> float:
        """Seconds until then, below 0 when it is over."""


Sleep = Callable[[asyncio.Event, float], Awaitable[None]]


class _Write(NamedTuple):
    stamp_ms: int
    action: Callable[[int], Any]
    done: "asyncio.Future[Any]"


async def sleep_or_woken(woken: asyncio.Event, seconds: float) -> None:
    """Until `woken` is set, or so many seconds are over."""
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        pass


class Pacer:
    """One engine, kept up to a clock. `after` is called with each instant at which something may have happened."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        start_ms: int = 0,
        bound_ms: float = BOUND_MS,
        after: Callable[[int], None] | None = None,
        sleep: Sleep = sleep_or_woken,
    ) -> None:
        """`start_ms`: everything before it has happened. `bound_ms`: of lateness (p99, wall's time)."""
        self.engine = engine
        self.clock = clock
        self.lateness = Lateness(bound_ms)
        self.done_ms = start_ms - 1
        """Everything up to and including this instant has happened."""
        self._after = after
        self._sleep = sleep
        self._writes: deque[_Write] = deque()
        self._woken = asyncio.Event()
        self._stopping = False
        self._over = False

    def submit(self, action: Callable[[int], T]) -> "asyncio.Future[T]":
        """An outside write: `action(time_ms)` is done at the instant at which this was called, after all that comes
        before it; where that instant is already over, a ms later. The future gives what it returns or raises; it is
        cancelled when `run` has ended."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._over:
            done.cancel()
            return done
        self._writes.append(_Write(self.clock.now_ms(), action, done))
        self._woken.set()
        return done

    def catch_up(self) -> None:
        """Before `run`: let happen at once what is due by now, not counted as late."""
        for _ in range(_CATCHING_UP):  # the first time takes long, since compiled code is loaded
            begin_s, now_ms = time.monotonic(), self.clock.now_ms()
            while (due := self.engine.next_time()) <= now_ms:
                self._advance(max(due, self.done_ms + 1))
            if now_ms > self.done_ms:
                self._advance(now_ms)
            if time.monotonic() - begin_s < SLICE_S:
                return

    def wake(self) -> None:
        """Look anew at how long to wait: the clock's rate has changed."""
        self._woken.set()

    def stop(self) -> None:
        """Let `run` end once what has come up to now is done."""
        self._stopping = True
        self._woken.set()

    async def run(self, end_ms: int) -> None:
        """Until everything before `end_ms` has happened, or `stop`. With nothing to do it waits; it does not end."""
        while not (self._stopping and not self._writes):
            self._woken.clear()
            now_ms = self.clock.now_ms()
            if not await self._catch_up(min(now_ms, end_ms - 1), end_ms):
                continue
            if now_ms >= end_ms:
                break
            if self._writes or self._stopping:
                continue
            due = min(self.engine.next_time(), end_ms)
            await self._sleep(self._woken, min(max(self.clock.wait_s(due), 0.0), LONGEST_SLEEP_S))
        self._over = True
        for write in self._writes:
            write.done.cancel()
        self._writes.clear()

    async def _catch_up(self, now_ms: int, end_ms: int) -> bool:
        """Let happen what is due, event by event, writes at their own instants; False: there is more, others first."""
        slice_ends_s = time.monotonic() + SLICE_S
        while True:
            stamp = max(self._writes[0].stamp_ms, self.done_ms + 1) if self._writes else end_ms
            if stamp < end_ms:
                if self.engine.next_time() >= stamp:
                    self._carry_out(self._writes.popleft(), stamp)
                else:
                    self._step()
            elif self.engine.next_time() <= now_ms:
                self._step()
            else:
                return True
            if time.monotonic() >= slice_ends_s:
                await asyncio.sleep(0)
                return False

    def _step(self) -> None:
        due = max(self.engine.next_time(), self.done_ms + 1)
        self.lateness.add(max(-1000.0 * self.clock.wait_s(due), 0.0))
        self._advance(due)

    def _carry_out(self, write: _Write, time_ms: int) -> None:
        """The write happens after everything before its instant, and what follows from it at its instant."""
        self._advance(time_ms - 1)
        try:
            result = write.action(time_ms)
        except Exception as error:
            if not write.done.done():
                write.done.set_exception(error)
        else:
            if not write.done.done():
                write.done.set_result(result)
        self._advance(time_ms)

    def _advance(self, time_ms: int) -> None:
        self.engine.advance_to(time_ms)
        self.done_ms = max(self.done_ms, time_ms)
        if self._after is not None:
            self._after(time_ms)
