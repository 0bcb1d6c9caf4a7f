"""The changes of one signal by what they showed and when: finds the one that a value and a time stamp may mean."""

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from typing import Final

from device_emulators.signals import Value
from hil.accept.history import Truth

_NEVER: Final = math.inf


def same_value(told: Value | None, true: Value, relative: float) -> bool:
    """Whether a told value is the true one; protocols make 1 of true and 5.0 of 5. A value not told is not wrong."""
    if told is None:
        return True
    if isinstance(told, str) or isinstance(true, str):
        return told == true
    return math.isclose(float(told), float(true), rel_tol=relative, abs_tol=relative)


class Showings:
    """The changes to one value: places in the list of truths, which is in the order in which they were shown.

    `add` all, then `close`; `tell` whenever a report has come that tells of one for the first time.
    """

    def __init__(self) -> None:
        self.places: list[int] = []
        self.told: list[tuple[int, int]] = []  # (device time, place)
        self._told_numbers: dict[int, list[tuple[int, int]]] = defaultdict(list)  # by epoch: (number, place)
        self._first_untold = 0
        self._by_time: list[int] = []
        self._times: list[int] = []
        self._latest_end: list[float] = []  # of this one and all that began before

    def close(self, truths: Sequence[Truth], replaced_ms: Sequence[int | None]) -> None:
        """All are there; `replaced_ms` says, by place, until when each was shown."""
        self._by_time = sorted(self.places, key=lambda place: truths[place].time_ms)
        self._times = [truths[place].time_ms for place in self._by_time]
        latest = -_NEVER
        for place in self._by_time:
            end_ms = replaced_ms[place]
            latest = max(latest, _NEVER if end_ms is None else end_ms)
            self._latest_end.append(latest)

    def tell(self, place: int, truth: Truth) -> None:
        """A report has told of it."""
        insort(self.told, (truth.time_ms, place))
        insort(self._told_numbers[truth.epoch], (truth.number, place))

    def around(self, stamp_ms: int, tolerance_ms: int) -> Iterator[int]:
        """Those that may have been shown at an instant, and perhaps some more."""
        at = bisect_right(self._times, stamp_ms + tolerance_ms) - 1
        while at >= 0 and self._latest_end[at] >= stamp_ms - tolerance_ms:
            yield self._by_time[at]
            at -= 1

    def first(self, told: Container[int]) -> Iterator[int]:
        """The earliest that nobody told of yet, and the earliest of all."""
        while self._first_untold < len(self.places) and self.places[self._first_untold] in told:
            self._first_untold += 1
        yield from self.places[self._first_untold : self._first_untold + 1]
        yield from self.places[:1]

    def told_near(self, stamp_ms: int) -> Iterator[int]:
        """Those told of that began nearest to an instant, before and after."""
        at = bisect_left(self.told, (stamp_ms, -1))
        if at < len(self.told):
            yield self.told[at][1]
        if at > 0:
            yield self.told[bisect_left(self.told, (self.told[at - 1][0], -1))][1]

    def told_upto(self, epoch: int, number: int) -> int | None:
        """The last one told of with a counter up to that."""
        told = self._told_numbers.get(epoch, [])
        at = bisect_right(told, number, key=lambda one: one[0])
        return told[at - 1][1] if at else None


class ValueIndex:
    """All changes of one signal, by value."""

    def __init__(self, relative: float) -> None:
        """`relative` is the share by which numbers may differ and still be the same."""
        self._relative = relative
        self._all = Showings()
        self._by_value: dict[float | str, Showings] = defaultdict(Showings)
        self._numbers: list[float] = []

    def add(self, place: int, value: Value) -> None:
        """A change to that value; in the order of places."""
        self._all.places.append(place)
        self._by_value[_key(value)].places.append(place)

    def close(self, truths: Sequence[Truth], replaced_ms: Sequence[int | None]) -> None:
        """All are there."""
        for showings in (self._all, *self._by_value.values()):
            showings.close(truths, replaced_ms)
        self._numbers = sorted(key for key in self._by_value if not isinstance(key, str))

    def tell(self, place: int, truth: Truth) -> None:
        """A report has told of it for the first time."""
        self._all.tell(place, truth)
        self._by_value[_key(truth.value)].tell(place, truth)

    def find(self, value: Value | None) -> list[Showings]:
        """Those that showed what a report told; of a value not told: all."""
        if value is None:
            return [self._all]
        if isinstance(value, str):
            return [self._by_value[value]] if value in self._by_value else []
        told = float(value)
        reach = 2 * self._relative * (abs(told) + 1)  # a little more than `same_value` takes, which then decides
        near = self._numbers[bisect_left(self._numbers, told - reach) : bisect_right(self._numbers, told + reach)]
        return [self._by_value[number] for number in near if same_value(told, number, self._relative)]


def _key(value: Value) -> float | str:
    return value if isinstance(value, str) else float(value)
