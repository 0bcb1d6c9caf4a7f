"""What happens at the devices of a suite: people at each of them, at random, or what a twin makes of a scenario."""

import asyncio
import heapq
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final, Protocol

from device_emulators.life import Life
from hil.accept.criteria import quantile
from hil.accept.plant import FOREVER_MS, LONGEST_SLEEP_S, Plant, WallClock
from hil.accept.processes import RigError
from hil.accept.suite import Suite

if TYPE_CHECKING:
    from hil.bridge.emulated_plant import LivingPlant

QUANTILE: Final = 0.99


class PlantLife(Protocol):
    """What makes a plant live."""

    async def live(self) -> None:
        """Until the plant's `until_ms`. RigError: it cannot."""

    def lateness_ms(self) -> tuple[float, float]:
        """By how much things happened later than they were due, ms: p99, and the worst."""


class PeopleLife:
    """Somebody does something at every device, every so often on average, as its entry in the suite says."""

    def __init__(self, suite: Suite, plant: Plant, clock: WallClock) -> None:
        self._plant, self._clock = plant, clock
        self._late_ms: list[int] = []
        self._lives: dict[str, tuple[Life, Random, int]] = {}
        for entry in suite.devices:
            for name in entry.names:
                self._lives[name] = self._settled(name, Random(f"{suite.seed}/life/{name}"), entry.every)
        self._due: list[tuple[int, str]] = []

    async def live(self) -> None:
        now_ms = self._clock.now_ms()
        self._due = [(now_ms + self._wait_ms(name), name) for name in self._lives]
        heapq.heapify(self._due)
        await self._plant.live(self._act)

    def lateness_ms(self) -> tuple[float, float]:
        return quantile(self._late_ms, QUANTILE) or 0, max(self._late_ms, default=0)

    def _settled(self, name: str, numbers: Random, every_ms: int) -> tuple[Life, Random, int]:
        host = self._plant.hosts[name]
        return host.act(lambda: Life(host.device, numbers)), numbers, every_ms

    def _act(self, now_ms: int) -> int:
        while self._due and self._due[0][0] <= now_ms:
            due_ms, name = self._due[0]
            self._late_ms.append(now_ms - due_ms)
            heapq.heapreplace(self._due, (due_ms + self._wait_ms(name), name))
            self._plant.hosts[name].act(self._lives[name][0].act)
        return self._due[0][0] if self._due else FOREVER_MS

    def _wait_ms(self, name: str) -> int:
        _, numbers, mean_ms = self._lives[name]
        return 1 + round(numbers.expovariate(1.0 / mean_ms))


class TwinLife:
    """What happens in a scenario, at its rate."""

    def __init__(self, living: "LivingPlant", plant: Plant, clock: WallClock) -> None:
        self._living, self._plant, self._clock = living, plant, clock

    async def live(self) -> None:
        from hil.bridge.emulated_plant import PlantError

        running = asyncio.create_task(self._living.live())
        try:
            while (left_ms := self._plant.until_ms - self._clock.now_ms()) > 0:
                await asyncio.sleep(min(left_ms / 1000, LONGEST_SLEEP_S))
        finally:
            self._living.end()
            outcome = (await asyncio.gather(running, return_exceptions=True))[0]
        if isinstance(outcome, PlantError):
            raise RigError(f"the twin of the plant: {outcome}") from outcome
        if isinstance(outcome, BaseException):
            raise outcome

    def lateness_ms(self) -> tuple[float, float]:
        lateness = self._living.bridge.pacer.lateness
        return lateness.quantile_ms(QUANTILE), lateness.worst_ms


def make_plant(suite: Suite, tell: Callable[[str], None] = lambda text: None) -> tuple[WallClock, Plant, PlantLife]:
    """The plant of a suite, with what makes it live, and the clock that begins with it."""
    if suite.scenario is None:
        clock = WallClock()
        plant = Plant(suite, clock)
        return clock, plant, PeopleLife(suite, plant, clock)
    from hil.bridge.emulated_plant import LivingPlant

    living = LivingPlant(suite.scenario_plant(), suite.seed, suite.scenario.rate, suite.scenario.journal, tell)
    clock = WallClock()
    plant = Plant(suite, clock, living.begin(clock.now_s))
    return clock, plant, TwinLife(living, plant, clock)
