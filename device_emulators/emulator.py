"""Devices of one type with a life of their own, kept up to a clock of the twin; faces show them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, Protocol

from device_emulators.catalog import KINDS
from device_emulators.faces.host import RING, Change, Host
from device_emulators.life import Life

_SLICE_S: Final = 0.003  # of work, then others get their turn
_LONGEST_SLEEP_S: Final = 3600.0


class TwinClock:
    """The twin's time: ms since it was made, `rate` times as fast as the wall's."""

    def __init__(self, rate: float = 1.0, wall_s: Callable[[], float] = time.monotonic) -> None:
        if not 0.0 < rate <= 1e6:
            raise ValueError(f"a clock cannot go {rate:g} times as fast; expected more than 0, and at most 1,000,000")
        self.rate = rate
        self._wall_s = wall_s
        self._began_s = wall_s()

    def now_ms(self) -> int:
        return int((self._wall_s() - self._began_s) * 1000.0 * self.rate)

    def wait_s(self, until_ms: int) -> float:
        """Seconds of the wall's time until an instant of the twin; 0 when it is over."""
        return max(self._began_s + until_ms / (1000.0 * self.rate) - self._wall_s(), 0.0)


class Faults(Protocol):
    """What plays faults, by the twin's time."""

    @property
    def next_ms(self) -> int | None:
        """When something is due; None: never again."""

    async def apply_until(self, now_ms: int) -> None:
        """Do all that is due by then."""


def make_hosts(kind: str, count: int, seed: int, ring: int = RING) -> tuple[Host, ...]:
    """Usual devices of a type, each with random numbers of its own, called `tank-1` and so on."""
    name = kind.replace("_", "-")
    return tuple(
        Host(kind, KINDS[kind].usual(f"{name}-{number}", Random(f"{seed}/{kind}/{number}").random), ring)
        for number in range(1, count + 1)
    )


class Emulator:
    """Hosts that live by themselves from time 0 of the clock on. The same seed gives the same life at any rate, but
    for what clients write."""

    def __init__(
        self, hosts: tuple[Host, ...], seed: int, clock: TwinClock | None = None, faults: Faults | None = None
    ) -> None:
        self.hosts = hosts
        self.clock = clock or TwinClock()
        self.lateness_ms = 0
        self._faults = faults
        self._lives = [self._life(host, seed) for host in hosts]
        self._due = [0] * len(hosts)
        self._touched = set(range(len(hosts)))
        self._woken = asyncio.Event()
        self._endings = [host.listen(self._waker(place)) for place, host in enumerate(hosts)]

    @staticmethod
    def _life(host: Host, seed: int) -> Life:
        return host.act(lambda: Life(host.device, Random(f"{seed}/life/{host.name}")))

    def _waker(self, place: int) -> Callable[[Host, Change], None]:
        """Whatever somebody does to a device may change when it next does something by itself."""

        def touched(_: Host, change: Change) -> None:
            self._touched.add(place)
            self._woken.set()

        return touched

    def close(self) -> None:
        """Listen to the hosts no more."""
        for end in self._endings:
            end()

    async def run(self) -> None:
        """Keep the devices up to the clock until cancelled."""
        while True:
            await self.catch_up(self.clock.now_ms())
            await self._sleep(self.next_ms())

    def next_ms(self) -> int:
        """When the next thing happens by itself."""
        for place in self._touched:
            due_ms = self.hosts[place].device.next_time()
            life_ms = self._lives[place].next_ms
            self._due[place] = life_ms if due_ms is None else min(due_ms, life_ms)
        self._touched.clear()
        due = min(self._due, default=self.clock.now_ms() + 1000)
        fault_ms = self._faults.next_ms if self._faults is not None else None
        return due if fault_ms is None else min(due, fault_ms)

    async def catch_up(self, now_ms: int) -> None:
        """Let happen what is due by then, in the order of time; others get their turn in between."""
        slice_ends_s = time.monotonic() + _SLICE_S
        while (due_ms := self.next_ms()) <= now_ms:
            # late, when the machine has more to do than it can
            self.lateness_ms = self.clock.now_ms() - due_ms
            if self._faults is not None and self._faults.next_ms == due_ms:
                for host in self.hosts:
                    host.advance(due_ms)
                await self._faults.apply_until(due_ms)
                self._touched.update(range(len(self.hosts)))
            for place, at_ms in enumerate(self._due):
                if at_ms <= due_ms:
                    self._step(place, due_ms)
            if time.monotonic() >= slice_ends_s:
                await asyncio.sleep(0)
                slice_ends_s = time.monotonic() + _SLICE_S

    def _step(self, place: int, due_ms: int) -> None:
        host, life = self.hosts[place], self._lives[place]
        host.advance(due_ms)
        if life.next_ms <= due_ms:
            host.act(life.act)
        self._touched.add(place)

    async def _sleep(self, until_ms: int) -> None:
        """Sleep until then, or until somebody does something to a device."""
        self._woken.clear()
        if self._touched:
            return
        try:
            async with asyncio.timeout(min(self.clock.wait_s(until_ms), _LONGEST_SLEEP_S)):
                await self._woken.wait()
        except TimeoutError:
            pass


async def run_until_ended(emulator: Emulator, ended: Awaitable[object]) -> None:
    """Run until `ended` is; an error of the emulator is raised at once."""
    running = asyncio.ensure_future(emulator.run())
    waiting = asyncio.ensure_future(ended)
    try:
        done, _ = await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (running, waiting):
            task.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        emulator.close()
