"""The matcher's search by value and time against plain scans, and how its time grows."""

import time
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hil.accept.history import Report, Rules, Truth
from hil.accept.matching import Matcher
from hil.accept.values import same_value

RULES = Rules(tolerance_ms=300)
SIGNALS = ("door", "level", "mode")


class PlainMatcher(Matcher):
    """Looks at every truth for every report."""

    def _by_time(self, report: Report) -> list[int]:
        places = [
            place
            for place, truth in enumerate(self._truths)
            if truth.device == report.device
            and report.signal in (None, truth.signal)
            and same_value(report.value, truth.value, RULES.relative)
            and truth.shown_ms <= report.seen_ms
        ]
        return [one for one in places if self._fits(report, one)] or [one for one in places if one in self._first]

    def _as_of(self, report: Report, epoch: int, number: int) -> list[int]:
        places = [
            place
            for place, truth in enumerate(self._truths)
            if (truth.device, truth.signal, truth.epoch) == (report.device, report.signal, epoch)
            and truth.number <= number
        ]
        places.sort(key=lambda place: self._truths[place].number)
        for place in reversed(places):
            if self._same(report, place) and (place == places[-1] or place in self._first):
                return [place]
        return places[-1:]


def made_truths(random: Random, count: int) -> list[Truth]:
    """Changes of one device, with reboots that begin the count again and a clock that jumps."""
    truths: list[Truth] = []
    epoch, number, now_ms, skew_ms = 1, 0, 0, 0
    last: dict[str, object] = {}
    choices = {"door": [True, False], "mode": ["on", "off"], "level": [1, 1.0000004, 2.5, -3, 1e9, 1e9 + 200.0]}
    for _ in range(count):
        now_ms += random.choice([0, 50, 200, 1000])
        if random.random() < 0.1:
            epoch, number = epoch + 1, 0
        if random.random() < 0.1:
            skew_ms = random.choice([0, 2000, -500])
        signal = random.choice(SIGNALS)
        value = random.choice([one for one in choices[signal] if one is not last.get(signal)])
        last[signal], number = value, number + 1
        truths.append(Truth("m", epoch, number, signal, value, now_ms + skew_ms, now_ms))
    return truths


def made_reports(random: Random, truths: list[Truth], count: int) -> list[Report]:
    reports = []
    for _ in range(count):
        truth, other = random.choice(truths), random.choice(truths)
        seen_ms = truth.shown_ms + random.choice([-100, 0, 100, 3000])
        stamp_ms = random.choice([None, truth.time_ms, truth.time_ms, other.time_ms, other.time_ms + 250])
        number = random.choice([None, None, truth.number, other.number, 99])
        value = random.choice([truth.value, truth.value, other.value, None])
        signal = random.choice([truth.signal, truth.signal, truth.signal, None, "unknown"])
        reports.append(Report("m", signal, value, number, stamp_ms, seen_ms, random.choice([None, truth.epoch])))
    return sorted(reports, key=lambda report: report.seen_ms)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 60))
@example(0, 30, 60)
def test_the_index_finds_what_a_scan_finds(seed: int, truth_count: int, report_count: int) -> None:
    random = Random(seed)
    truths = made_truths(random, truth_count)
    quick, plain = Matcher(truths, RULES), PlainMatcher(truths, RULES)
    for report in made_reports(random, truths, report_count):
        assert quick.judge(report) == plain.judge(report), report


def took_s(count: int, with_stamps: bool) -> float:
    truths = [Truth("m", 1, n, "door", n % 2 == 1, 1000 * n, 1000 * n) for n in range(1, count + 1)]
    reports = [
        Report("m", "door", one.value, None, one.time_ms if with_stamps else None, one.shown_ms) for one in truths
    ]
    best_s = 1e9
    for _ in range(3):
        matcher, began_s = Matcher(truths, RULES), time.process_time()
        kinds = {matcher.judge(report).kind.value for report in reports}
        best_s = min(best_s, time.process_time() - began_s)
        assert kinds == {"delivered"}
    return best_s


def test_time_grows_with_the_number_of_reports_not_its_square() -> None:
    for with_stamps in (True, False):
        assert took_s(16_000, with_stamps) < 8 * took_s(4_000, with_stamps) + 0.05  # its square would be 16 times
