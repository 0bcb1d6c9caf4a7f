"""Finds for each report the truth that it tells of, and says what kind of report it is.

By device and counter first, then by time. A report that names a signal and a counter which belongs to no change of
that signal tells of the state as of that counter: of the signal's last change up to it (a poll of last values carries
the device's counter, not the signal's).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from hil.accept.history import Report, Rules, Truth
from hil.accept.values import Showings, ValueIndex, same_value


class ReportClass(StrEnum):
    """What a report is; each is exactly one."""

    DELIVERED = "delivered"  # the first that tells of its truth
    DUPLICATE = "duplicate"  # same counter and same device time as one before
    STALE = "stale"  # an old value, stamped as new, or another value for what has been delivered
    INVENTED = "invented"  # there is no such truth
    OVERSAMPLED = "oversampled"  # the current value again: not a fault


class Flag(StrEnum):
    """What may besides be wrong with a report that delivers a truth."""

    LATE = "late"
    REORDERED = "reordered"
    WRONG_VALUE = "wrong value"
    WRONG_TIME = "wrong time"


class Judged(NamedTuple):
    """A report with its class, the place of its truth (None: invented) and what else is wrong with it."""

    report: Report
    kind: ReportClass
    truth: int | None
    flags: frozenset[Flag] = frozenset()


@dataclass
class _Signal:
    """The changes of one signal of a device in one epoch, by number: places in the list of truths."""

    places: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


class Matcher:
    """Matches reports, in the order in which they were seen, with truths in the order in which they were shown."""

    def __init__(self, truths: Sequence[Truth], rules: Rules) -> None:
        self._truths = truths
        self._rules = rules
        self._signals: dict[tuple[str, str], dict[int, _Signal]] = defaultdict(dict)
        self._numbered: dict[str, dict[int, dict[int, int]]] = defaultdict(dict)  # by device, epoch and counter
        self._replaced_ms: list[int | None] = [None] * len(truths)  # by the device's clock
        self._first: dict[int, Report] = {}
        self._told: set[tuple[object, ...]] = set()
        self._highest: dict[tuple[str, int, str], int] = {}
        for place in sorted(
            range(len(truths)), key=lambda at: (truths[at].device, truths[at].epoch, truths[at].number)
        ):
            self._enter(place)
        self._values: dict[str, dict[str, ValueIndex]] = defaultdict(dict)
        for place, truth in enumerate(truths):
            of_device = self._values[truth.device]
            of_device.setdefault(truth.signal, ValueIndex(rules.relative)).add(place, truth.value)
        for of_device in self._values.values():
            for index in of_device.values():
                index.close(truths, self._replaced_ms)

    @property
    def delivered(self) -> dict[int, Report]:
        """The report that delivered each truth, by the truth's place."""
        return self._first

    def replaced_ms(self, place: int) -> int | None:
        """When, by the device's clock, the signal came to show something else; None: it still does."""
        return self._replaced_ms[place]

    def judge(self, report: Report) -> Judged:
        """The report's class; must be called in the order in which reports were seen."""
        place = self._find(report)
        if place is None:
            return Judged(report, ReportClass.INVENTED, None)
        truth = self._truths[place]
        key = (report.device, truth.epoch, truth.signal, report.number, report.time_ms, place)
        told_before = key in self._told
        self._told.add(key)
        if place not in self._first:
            self._first[place] = report
            self._values[truth.device][truth.signal].tell(place, truth)
            return Judged(report, ReportClass.DELIVERED, place, self._flags(report, place))
        if told_before:
            return Judged(report, ReportClass.DUPLICATE, place)
        return Judged(report, self._again(report, place), place)

    # --- which truth --------------------------------------------------------------------------------------------------

    def _enter(self, place: int) -> None:
        truth = self._truths[place]
        by_epoch = self._signals[(truth.device, truth.signal)]
        signal = by_epoch.setdefault(truth.epoch, _Signal())
        earlier = [
            of_epoch.places[-1] for epoch, of_epoch in by_epoch.items() if of_epoch.places and epoch <= truth.epoch
        ]
        for before in earlier[-1:]:
            # a clock that is put back says that it ended before it began
            self._replaced_ms[before] = max(truth.time_ms, self._truths[before].time_ms)
        signal.places.append(place)
        signal.numbers.append(truth.number)
        self._numbered[truth.device].setdefault(truth.epoch, {})[truth.number] = place

    def _find(self, report: Report) -> int | None:
        candidates = self._by_number(report) if report.number is not None else self._by_time(report)
        if not candidates:
            return None
        return min(candidates, key=lambda place: self._distance(report, place))

    def _by_number(self, report: Report) -> list[int]:
        """One candidate of each epoch that may be meant."""
        number = report.number
        assert number is not None
        found = []
        for epoch, numbered in self._numbered.get(report.device, {}).items():
            exact = numbered.get(number)
            if report.epoch not in (None, epoch) or exact is None or self._truths[exact].shown_ms > report.seen_ms:
                continue
            if report.signal in (None, self._truths[exact].signal):
                found.append(exact)
            else:
                found += self._as_of(report, epoch, number)
        return found

    def _as_of(self, report: Report, epoch: int, number: int) -> list[int]:
        """The signal's last change up to a counter; an older one whose value is told again when that is another."""
        signal = self._signals.get((report.device, str(report.signal)), {}).get(epoch)
        if signal is None:
            return []
        upto = bisect_right(signal.numbers, number)
        if not upto or self._same(report, signal.places[upto - 1]):
            return signal.places[max(upto - 1, 0) : upto]
        told = [one for showings in self._showing(report) if (one := showings.told_upto(epoch, number)) is not None]
        return [max(told, key=lambda place: self._truths[place].number)] if told else [signal.places[upto - 1]]

    def _by_time(self, report: Report) -> list[int]:
        """Changes of the signal that showed the value: those that did so at the stamp, or else told ones near it."""
        showing, stamp_ms = self._showing(report), report.time_ms
        if stamp_ms is None:
            found = [place for showings in showing for place in showings.first(self._first)]
        else:
            tolerance_ms = self._rules.tolerance_ms
            around = (place for showings in showing for place in showings.around(stamp_ms, tolerance_ms))
            found = [place for place in around if self._fits(report, place)]
        known = [place for place in found if self._truths[place].shown_ms <= report.seen_ms]
        if known or stamp_ms is None:
            return known
        return [place for showings in showing for place in showings.told_near(stamp_ms)]

    def _showing(self, report: Report) -> list[Showings]:
        """What showed the value of a report: of its signal, or of any if it names none."""
        of_device = self._values.get(report.device, {})
        names = of_device if report.signal is None else [report.signal] if report.signal in of_device else []
        return [showings for name in names for showings in of_device[name].find(report.value)]

    def _distance(self, report: Report, place: int) -> tuple[object, ...]:
        """Sorts candidates: those that showed at the stamp, by counters not told yet, then by nearness in time."""
        truth = self._truths[place]
        away_ms = abs((report.time_ms if report.time_ms is not None else report.seen_ms) - truth.time_ms)
        if report.number is not None:
            return (not self._fits(report, place), away_ms, place)
        return (not self._fits(report, place), place in self._first, 0 if report.time_ms is None else away_ms, place)

    # --- what about it ------------------------------------------------------------------------------------------------

    def _same(self, report: Report, place: int) -> bool:
        return same_value(report.value, self._truths[place].value, self._rules.relative)

    def _fits(self, report: Report, place: int) -> bool:
        """Whether the stamp lies in the time in which the device showed that; a report without stamp always fits."""
        if report.time_ms is None:
            return True
        replaced_ms, tolerance_ms = self._replaced_ms[place], self._rules.tolerance_ms
        if report.time_ms < self._truths[place].time_ms - tolerance_ms:
            return False
        return replaced_ms is None or report.time_ms <= replaced_ms + tolerance_ms

    def _is_ahead(self, report: Report, truth: Truth) -> bool:
        """Whether the stamp is of a time that had not come, by the device's clock, when the report was seen."""
        if report.time_ms is None:
            return False
        return report.time_ms - truth.time_ms > report.seen_ms - truth.shown_ms + self._rules.tolerance_ms

    def _again(self, report: Report, place: int) -> ReportClass:
        """What a report is whose truth is known already, with another counter or stamp."""
        stamp_ms = report.time_ms
        replaced_ms = self._replaced_ms[place]
        as_new = stamp_ms is not None and replaced_ms is not None and stamp_ms > replaced_ms + self._rules.tolerance_ms
        if as_new or (stamp_ms is None and self._outdated(report, place)) or not self._same(report, place):
            return ReportClass.STALE
        return ReportClass.OVERSAMPLED

    def _outdated(self, report: Report, place: int) -> bool:
        """Whether the counter, of a report without stamp, is one at which the signal showed something else already."""
        truth = self._truths[place]
        signal = self._signals[(truth.device, truth.signal)][truth.epoch]
        if report.number is None:
            return signal.places[-1] != place and place in self._first
        return signal.places[bisect_right(signal.numbers, report.number) - 1] != place

    def _flags(self, report: Report, place: int) -> frozenset[Flag]:
        truth, flags = self._truths[place], set()
        if not self._same(report, place):
            flags.add(Flag.WRONG_VALUE)
        if not self._fits(report, place) or self._is_ahead(report, truth):
            flags.add(Flag.WRONG_TIME)
        key = (truth.device, truth.epoch, truth.signal)
        if truth.number < self._highest.get(key, 0):
            flags.add(Flag.REORDERED)
        self._highest[key] = max(truth.number, self._highest.get(key, 0))
        return frozenset(flags)
