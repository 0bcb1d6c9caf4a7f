"""Chance and calendars of the plain reference model: random durations, working weeks and supplier releases.

Written for reading, not for speed, and apart from the engine's own code: only the random numbers themselves are
shared, because both sides have to draw the same ones.
"""

from dataclasses import dataclass, field

from sim.chance.streams import Stream
from sim.network import DISTRIBUTION_CONSTANT, Distribution, Int64Array, Supplier

WEEK_MS = 7 * 24 * 3600 * 1000
DAY_MS = 24 * 3600 * 1000
EPOCH_WEEKDAY_DAYS = 3  # 1970-01-01 was a Thursday, three days after a Monday


def monday_before(start_epoch_ms: int) -> int:
    """Monday 00:00 of the week of the start, in milliseconds since the start (zero or negative)."""
    return -((start_epoch_ms + EPOCH_WEEKDAY_DAYS * DAY_MS) % WEEK_MS)


@dataclass
class Chance:
    """A named stream of durations. A constant takes no draw, so the others keep their numbers."""

    seed: int
    replication: int
    name: tuple[str, ...]
    draws: int = 0

    def draw(self, duration: Distribution) -> int:
        """The next duration of this stream, in milliseconds."""
        if duration.kind == DISTRIBUTION_CONSTANT:
            return max(0, int(duration.a + 0.5)) + duration.offset_ms
        stream = Stream(*self.name, seed=self.seed, replication=self.replication, position=self.draws)
        self.draws += 1
        return int(stream.draw(duration))


@dataclass(frozen=True)
class Words:
    """The uniform numbers of a named stream by position, each at any time and as often as one likes."""

    seed: int
    replication: int
    name: tuple[str, ...]

    def __getitem__(self, position: int) -> float:
        return Stream(*self.name, seed=self.seed, replication=self.replication, position=position).uniform()

    def duration(self, position: int, duration: Distribution | None) -> int:
        """The duration that the word at this position stands for, in milliseconds; None: no time at all."""
        if duration is None:
            return 0
        return Chance(self.seed, self.replication, self.name, position).draw(duration)


def after_working_time(start_ms: int, work_ms: int, windows: Int64Array | None, monday_ms: int) -> int:
    """The instant at which `work_ms` of working time have passed since `start_ms`.

    `windows` has shape (n, 2): [from, to) in milliseconds since Monday 00:00; None works round the clock.
    """
    if windows is None or work_ms == 0:
        return start_ms + work_ms
    left = work_ms
    weekly: list[list[int]] = windows.tolist()
    week_begins = monday_ms + (start_ms - monday_ms) // WEEK_MS * WEEK_MS
    while True:
        for window_from, window_to in weekly:
            begin = max(start_ms, week_begins + window_from)
            end = week_begins + window_to
            if begin < end:
                if left <= end - begin:
                    return begin + left
                left -= end - begin
        week_begins += WEEK_MS


@dataclass
class SupplierCalendar:
    """When a supplier lets an order go: closed periods, outages and a capacity per period over all items."""

    supplier: Supplier
    chance: Chance
    period: int = 0  # the period that production has reached
    made_in_period: int = 0
    outages: list[tuple[int, int]] = field(default_factory=list)  # [from, to), as far as anybody asked
    outages_known_until_ms: int = 0

    def next_open(self, time_ms: int) -> int:
        """The first instant, not before `time_ms`, outside closed periods and outages."""
        while True:
            ends = [end for begin, end in self._closed_until(time_ms) if begin <= time_ms < end]
            if not ends:
                return time_ms
            time_ms = max(ends)

    def _closed_until(self, time_ms: int) -> list[tuple[int, int]]:
        closed = self.supplier.closed_ms
        intervals = [] if closed is None else [(int(begin), int(end)) for begin, end in closed]
        every, lasting = self.supplier.outage_every, self.supplier.outage_lasting
        if every is None or lasting is None:
            return intervals
        while self.outages_known_until_ms <= time_ms:
            begin = self.outages_known_until_ms + self.chance.draw(every)
            end = begin + self.chance.draw(lasting)
            self.outages.append((begin, end))
            self.outages_known_until_ms = max(end, self.outages_known_until_ms + 1)
        return intervals + self.outages

    def release(self, now_ms: int, quantity: int) -> int:
        """When an order of `quantity` units, given to production now, is handed to the carrier."""
        open_ms = self.next_open(now_ms)
        capacity = self.supplier.capacity_units
        if capacity == 0:
            return open_ms
        length_ms = self.supplier.capacity_period_ms
        if self.period < open_ms // length_ms:
            self.period, self.made_in_period = open_ms // length_ms, 0
        for _ in range(quantity):  # unit by unit
            if self.made_in_period == capacity:
                self.period, self.made_in_period = self.period + 1, 0
            self.made_in_period += 1
        return self.next_open(max(open_ms, self.period * length_ms))
