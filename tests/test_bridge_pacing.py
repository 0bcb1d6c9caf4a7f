"""The bridge's pacing: events at their instants, outside writes at theirs, idling, slices, lateness."""

import asyncio
import time

import pytest

from hil.bridge.clock import PacedClock
from hil.bridge.lateness import Lateness
from hil.bridge.pacing import Pacer
from tests.bridge_samples import in_loop

NEVER = 1 << 62


class FakeWall:
    """A wall clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, woken: asyncio.Event, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


class ListEngine:
    """Events at given instants; each may take time."""

    def __init__(self, times: list[int], wall: FakeWall | None = None, work_s: float = 0.0) -> None:
        self.times = sorted(times)
        self.happened: list[tuple[int, int]] = []
        self._wall, self._work_s = wall, work_s

    def next_time(self) -> int:
        return self.times[0] if self.times else NEVER

    def advance_to(self, time: int) -> None:
        while self.times and self.times[0] <= time:
            self.happened.append((self.times.pop(0), time))
            if self._wall is not None:
                self._wall.now_s += self._work_s


def test_a_clock_goes_at_its_rate_and_on_from_where_it_is() -> None:
    wall = FakeWall()
    clock = PacedClock(2.0, wall)
    wall.now_s += 1.0
    assert clock.now_ms() == 2000
    assert clock.wait_s(4000) == pytest.approx(1.0)
    clock.set_rate(0.5)
    wall.now_s += 2.0
    assert clock.now_ms() == 3000
    assert clock.wait_s(2500) == pytest.approx(-1.0)
    for rate in (0.0, -1.0, float("nan"), float("inf"), 2e6):
        with pytest.raises(ValueError, match="times as fast"):
            clock.set_rate(rate)
    assert clock.rate == 0.5


@in_loop
async def test_events_happen_at_their_instants() -> None:
    wall = FakeWall()
    engine = ListEngine([500, 1500, 1500, 9000])
    clock = PacedClock(10.0, wall)
    seen: list[int] = []
    pacer = Pacer(engine, clock, after=seen.append, sleep=wall.sleep)
    await pacer.run(2000)
    assert engine.happened == [(500, 500), (1500, 1500), (1500, 1500)]
    assert seen == [500, 1500]
    assert pacer.lateness.events == 2
    assert sum(wall.slept) == pytest.approx(0.2, abs=1e-3)


@in_loop
async def test_an_empty_schedule_idles_to_the_end() -> None:
    wall = FakeWall()
    pacer = Pacer(ListEngine([]), PacedClock(1.0, wall), sleep=wall.sleep)
    await pacer.run(3_000)
    assert sum(wall.slept) == pytest.approx(3.0, abs=1e-2)
    assert pacer.lateness.events == 0


@in_loop
async def test_a_write_comes_at_its_own_instant_between_events() -> None:
    wall = FakeWall()
    engine = ListEngine([100, 200, 300])
    pacer = Pacer(engine, PacedClock(1.0, wall), sleep=wall.sleep)
    written: list[tuple[int, int]] = []

    def write(time_ms: int) -> str:
        written.append((time_ms, len(engine.happened)))
        return "done"

    wall.now_s += 0.25  # late already: two events are due, and a write
    first, second = pacer.submit(write), pacer.submit(write)
    await pacer.run(400)
    assert await first == await second == "done"
    assert written == [(250, 2), (251, 2)]
    assert [at for at, _ in engine.happened] == [100, 200, 300]


@in_loop
async def test_a_write_wakes_an_idle_engine() -> None:
    pacer = Pacer(ListEngine([]), PacedClock(1.0))
    running = asyncio.create_task(pacer.run(1 << 40))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(pacer.submit(lambda time_ms: time_ms), 2) >= 0
    pacer.stop()
    await asyncio.wait_for(running, 2)


@in_loop
async def test_a_write_that_fails_tells_who_wrote_and_the_run_goes_on() -> None:
    wall = FakeWall()
    engine = ListEngine([100])
    pacer = Pacer(engine, PacedClock(1.0, wall), sleep=wall.sleep)

    def fails(time_ms: int) -> None:
        raise KeyError("no such item")

    written = pacer.submit(fails)
    await pacer.run(200)
    with pytest.raises(KeyError):
        await written
    assert engine.happened


@in_loop
async def test_writes_after_the_end_are_cancelled() -> None:
    wall = FakeWall()
    pacer = Pacer(ListEngine([]), PacedClock(1.0, wall), sleep=wall.sleep)
    wall.now_s += 5.0
    written = pacer.submit(lambda time_ms: time_ms)
    await pacer.run(1000)
    assert written.cancelled()
    assert pacer.submit(lambda time_ms: time_ms).cancelled()  # nobody would ever carry it out


@in_loop
async def test_long_work_lets_others_have_their_turn() -> None:
    turns = 0

    async def server() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    class Slow(ListEngine):
        def advance_to(self, time_ms: int) -> None:
            super().advance_to(time_ms)
            begin = time.perf_counter()
            while time.perf_counter() - begin < 0.001:
                pass

    clock = PacedClock(1000.0, wall_s=time.monotonic, start_ms=1_000_000)
    serving = asyncio.create_task(server())
    pacer = Pacer(Slow(list(range(100))), clock)
    await pacer.run(1000)
    serving.cancel()
    assert turns >= 20


@in_loop
async def test_a_rig_that_is_too_slow_says_so() -> None:
    wall = FakeWall()
    engine = ListEngine(list(range(0, 1000, 10)), wall, work_s=0.02)
    pacer = Pacer(engine, PacedClock(1.0, wall), sleep=wall.sleep, bound_ms=10.0)
    await pacer.run(1000)
    assert pacer.lateness.too_late
    assert pacer.lateness.worst_ms > 900


def test_lateness_is_a_histogram() -> None:
    lateness = Lateness(bound_ms=10.0)
    assert lateness.quantile_ms() == 0.0
    assert not lateness.too_late
    for _ in range(99):
        lateness.add(0.4)
    lateness.add(60.0)
    found = lateness.as_dict()
    assert found["histogram_ms"] == {"0.5": 99, "100": 1}
    assert found["p99_ms"] == 0.5
    assert found["worst_ms"] == 60.0
    lateness.add(9000.0)
    assert lateness.too_late
    assert lateness.as_dict()["histogram_ms"]["more"] == 1


def test_what_is_due_before_the_run_is_not_counted_as_late() -> None:
    wall = FakeWall()
    engine = ListEngine([100, 200, 5000])
    pacer = Pacer(engine, PacedClock(1.0, wall))
    wall.now_s += 3.0
    pacer.catch_up()
    assert engine.times == [5000]
    assert pacer.done_ms == 3000
    assert pacer.lateness.events == 0
