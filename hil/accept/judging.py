"""Gives every truth and every report its class, and finds what follows: losses, latencies, recoveries, totals."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, islice
from typing import Final, NamedTuple

from device_emulators.signals import Value
from hil.accept.history import Cause, History, Outage, Rules, Span, Truth, length, merged, without
from hil.accept.matching import Flag, Judged, Matcher, ReportClass
from hil.accept.values import same_value

MOST_SIGNALS: Final = 5
"""Named of a loss."""


class TruthClass(StrEnum):
    """What became of a truth; each has exactly one."""

    DELIVERED = "delivered"
    LOST = "lost by the gateway"
    LOST_BETWEEN = "lost between gateway and observer"
    NOT_READABLE = "not readable"  # the device link, or the device, was down
    NEVER_OBSERVABLE = "never observable"  # changed back between two polls
    NOT_RUNNING = "gateway not running"


class Loss(NamedTuple):
    """Truths of one device, one after the other, that did not arrive for the same reason. Times are the twin's."""

    device: str
    reason: TruthClass
    epoch: int
    from_number: int
    to_number: int
    from_ms: int
    to_ms: int
    changes: int  # how many
    signals: tuple[str, ...]  # whose; the first few


class Recovery(NamedTuple):
    """How the gateway came back after an outage: when the first report came after it (None: none did)."""

    outage: Outage
    back_ms: int | None
    waited_ms: int  # from the end of the outage: until it was back, or until no one waited any more
    in_time: bool


class Total(NamedTuple):
    """A device's changes against its cumulative counter."""

    device: str
    shown: int  # changes that a gateway is to deliver
    delivered: int
    last_number: int  # what the device's counter reads at the end
    last_delivered: int  # the highest counter that arrived


class Latency(NamedTuple):
    """From the change to the observer, ms."""

    device: str
    shown_ms: int
    ms: int
    quiet: bool  # no outage or settle time in between


@dataclass(frozen=True)
class Judgement:
    """Everything a verdict is made of."""

    history: History
    rules: Rules
    truths: Sequence[tuple[Truth, TruthClass]]
    reports: Sequence[Judged]
    losses: Sequence[Loss]
    recoveries: Sequence[Recovery]
    latencies: Sequence[Latency]
    totals: Sequence[Total]
    behind_ms: Sequence[int] = ()  # what each delivered report took from the uplink's relay to the observer

    def of_truths(self) -> Counter[TruthClass]:
        """How many truths of each class."""
        return Counter(kind for _, kind in self.truths)

    def of_reports(self) -> Counter[ReportClass]:
        """How many reports of each class."""
        return Counter(judged.kind for judged in self.reports)

    def of_flags(self) -> Counter[Flag]:
        """How many delivered reports have what else wrong with them."""
        return Counter(flag for judged in self.reports for flag in judged.flags)


def judge(history: History, rules: Rules, wanted: Callable[[Truth], bool] = lambda truth: True) -> Judgement:
    """Match and class. Truths that are not `wanted` take part in matching, but need not be delivered, nor well."""
    truths = sorted(history.truths, key=lambda truth: (truth.shown_ms, truth.device, truth.epoch, truth.number))
    matcher = Matcher(truths, rules)
    reports = [matcher.judge(report) for report in sorted(history.reports, key=lambda report: report.seen_ms)]
    at_relay = Matcher(truths, rules)
    passed = [at_relay.judge(report) for report in sorted(history.passed, key=lambda report: report.seen_ms)]
    times = _Times(history, rules, truths)
    returns = _Returns(rules)
    classed: list[tuple[Truth, TruthClass]] = []
    for place, truth in enumerate(truths):
        kind = TruthClass.DELIVERED
        if place not in matcher.delivered:
            kind = times.why_not(place, at_relay=place in at_relay.delivered)
        kind = returns.classed(truth, kind)
        if wanted(truth):
            classed.append((truth, kind))
    reports = [
        _with_lateness(judged, truths, times, rules)
        if judged.truth is None or wanted(truths[judged.truth])
        else judged._replace(flags=frozenset())
        for judged in reports
    ]
    return Judgement(
        history=history,
        rules=rules,
        truths=classed,
        reports=reports,
        losses=find_losses(classed),
        recoveries=[_recovery(outage, history, rules, classed, reports) for outage in history.outages],
        latencies=_latencies(reports, truths, times),
        totals=_totals(classed, matcher, truths),
        behind_ms=_behind(reports, passed),
    )


class _Returns:
    """Excuses the way back of a value that was away unseen: who reads last values sees the same one as before."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._seen: dict[tuple[str, str], tuple[Value, TruthClass]] = {}  # the last that could be seen, by signal
        self._away: set[tuple[str, str]] = set()  # signals that have shown something since that could not

    def classed(self, truth: Truth, kind: TruthClass) -> TruthClass:
        """The truth's class in the end; must be called in the order in which truths were shown."""
        key = (truth.device, truth.signal)
        if kind in (TruthClass.NOT_READABLE, TruthClass.NEVER_OBSERVABLE, TruthClass.NOT_RUNNING):
            self._away.add(key)
            return kind
        value, before = self._seen.get(key, (None, TruthClass.LOST))
        unseen = kind is TruthClass.LOST and key in self._away and before is TruthClass.DELIVERED
        if unseen and same_value(value, truth.value, self._rules.relative):
            return TruthClass.NEVER_OBSERVABLE
        self._away.discard(key)
        self._seen[key] = (truth.value, kind)
        return kind


class _Times:
    """When each truth could be read, and what stood in the way."""

    def __init__(self, history: History, rules: Rules, truths: Sequence[Truth]) -> None:
        self._history, self._rules, self._truths = history, rules, truths
        devices = {truth.device for truth in truths}
        self._unreadable = {one: self._holes(one, (Cause.DEVICE_LINK, Cause.DEVICE)) for one in devices}
        self._all = {one: self._holes(one, tuple(Cause)) for one in devices}
        self._down = self._holes(None, (Cause.GATEWAY,))
        self._gone_ms = self._ends_of_showing()

    def unexplained_ms(self, device: str, span: Span) -> int:
        """How much of a span no outage and no settle time accounts for."""
        return length(without(span, self._all[device]))

    def why_not(self, place: int, at_relay: bool) -> TruthClass:
        """Why a truth did not arrive."""
        truth = self._truths[place]
        if at_relay:
            return TruthClass.LOST_BETWEEN
        shown: Span = (truth.shown_ms, max(self._gone_ms[place], truth.shown_ms + 1))
        unreadable = self._unreadable[truth.device]
        if not without(shown, unreadable):
            return TruthClass.NOT_READABLE
        readable = without(shown, merged([*unreadable, *self._down]))
        if not readable:
            return TruthClass.NOT_RUNNING
        polls = (self._history.polls or {}).get(truth.device, ())
        was_read = any(bisect_left(polls, start) < bisect_left(polls, end) for start, end in readable)
        stays = self._gone_ms[place] >= self._history.end_ms
        if was_read or stays or max(end - start for start, end in readable) >= self._rules.poll_ms:
            return TruthClass.LOST
        return TruthClass.NEVER_OBSERVABLE

    def _holes(self, device: str | None, causes: tuple[Cause, ...]) -> list[Span]:
        """Outages with the settle times that follow them."""
        settle_ms = self._rules.settle_ms
        return merged(
            (outage.from_ms, outage.to_ms + settle_ms)
            for outage in self._history.outages
            if outage.cause in causes and (device is None or outage.concerns(device))
        )

    def _ends_of_showing(self) -> list[int]:
        """When each truth could no longer be read: as the last value, or in the journal."""
        gone_ms = [self._history.end_ms] * len(self._truths)
        journals = self._history.journals or {}
        by_device: dict[str, list[int]] = defaultdict(list)
        for place, truth in enumerate(self._truths):
            by_device[truth.device].append(place)
        for device, places in by_device.items():
            ring = journals.get(device, 0)
            last: dict[str, int] = {}
            for at, place in enumerate(places):
                truth = self._truths[place]
                before = last.get(truth.signal)
                if before is not None:
                    gone_ms[before] = max(truth.shown_ms, self._leaves_ring(places, at, before, ring))
                last[truth.signal] = place
        return gone_ms

    def _leaves_ring(self, places: Sequence[int], at: int, before: int, ring: int) -> int:
        """When the change at `before`, replaced by that at `at`, falls out of its device's journal; 0: it has none."""
        if not ring:
            return 0
        pushed_out = bisect_left(places, before) + ring
        end_ms = self._truths[places[pushed_out]].shown_ms if pushed_out < len(places) else self._history.end_ms
        truth = self._truths[before]
        reboots = [
            outage.to_ms
            for outage in self._history.outages
            if outage.fault == "reboot" and outage.concerns(truth.device) and outage.to_ms >= truth.shown_ms
        ]
        return min([end_ms, *reboots])


def _with_lateness(judged: Judged, truths: Sequence[Truth], times: _Times, rules: Rules) -> Judged:
    if judged.kind is not ReportClass.DELIVERED or judged.truth is None:
        return judged
    truth = truths[judged.truth]
    if times.unexplained_ms(truth.device, (truth.shown_ms, judged.report.seen_ms)) <= rules.late_ms:
        return judged
    return judged._replace(flags=judged.flags | {Flag.LATE})


def _latencies(reports: Sequence[Judged], truths: Sequence[Truth], times: _Times) -> list[Latency]:
    latencies = []
    for judged in reports:
        if judged.kind is ReportClass.DELIVERED and judged.truth is not None:
            truth = truths[judged.truth]
            span = (truth.shown_ms, judged.report.seen_ms)
            took_ms = span[1] - span[0]
            quiet = times.unexplained_ms(truth.device, span) == took_ms
            latencies.append(Latency(truth.device, truth.shown_ms, took_ms, quiet))
    return latencies


def _behind(reports: Sequence[Judged], passed: Sequence[Judged]) -> list[int]:
    """Since a report that delivers a truth last passed the relay: what broker and observer needed, no gateway."""
    passed_ms: dict[int, list[int]] = defaultdict(list)
    for one in passed:
        if one.truth is not None:
            passed_ms[one.truth].append(one.report.seen_ms)
    behind = []
    for one in reports:
        if one.kind is ReportClass.DELIVERED and one.truth is not None:
            times_ms, seen_ms = passed_ms.get(one.truth, []), one.report.seen_ms
            at = bisect_right(times_ms, seen_ms)
            behind += [seen_ms - times_ms[at - 1]] if at else []
    return behind


def find_losses(classed: Sequence[tuple[Truth, TruthClass]]) -> list[Loss]:
    """Undelivered truths as intervals: of one device, one reason, with nothing of another fate between them."""
    by_device: dict[str, list[tuple[Truth, TruthClass]]] = defaultdict(list)
    for truth, kind in classed:
        by_device[truth.device].append((truth, kind))
    losses = []
    for device in sorted(by_device):
        own = sorted(by_device[device], key=lambda one: (one[0].epoch, one[0].number))
        for (epoch, kind), group in groupby(own, key=lambda one: (one[0].epoch, one[1])):
            if kind is TruthClass.DELIVERED:
                continue
            run = [truth for truth, _ in group]
            first, last = run[0], run[-1]
            signals = tuple(dict.fromkeys(truth.signal for truth in run))[:MOST_SIGNALS]
            numbers, times = (first.number, last.number), (first.shown_ms, last.shown_ms)
            losses.append(Loss(device, kind, epoch, *numbers, *times, len(run), signals))
    return losses


def _recovery(
    outage: Outage,
    history: History,
    rules: Rules,
    classed: Sequence[tuple[Truth, TruthClass]],
    reports: Sequence[Judged],
) -> Recovery:
    """The first sign of life after an outage. Where there was nothing to tell, silence is in order."""
    waits_until_ms = min(outage.to_ms + rules.settle_ms, history.end_ms)
    first = bisect_left(reports, outage.to_ms, key=lambda judged: judged.report.seen_ms)
    signs = (judged.report.seen_ms for judged in islice(reports, first, None) if outage.concerns(judged.report.device))
    back_ms = next(signs, None)
    if back_ms is not None:
        return Recovery(outage, back_ms, back_ms - outage.to_ms, back_ms <= outage.to_ms + rules.settle_ms)
    silent_ok = not any(
        outage.concerns(truth.device)
        and outage.from_ms <= truth.shown_ms < waits_until_ms
        and kind in (TruthClass.LOST, TruthClass.LOST_BETWEEN, TruthClass.NOT_RUNNING)
        for truth, kind in classed
    )
    return Recovery(outage, None, max(history.end_ms - outage.to_ms, 0), silent_ok)


def _totals(classed: Sequence[tuple[Truth, TruthClass]], matcher: Matcher, truths: Sequence[Truth]) -> list[Total]:
    shown = Counter(truth.device for truth, _ in classed)
    delivered = Counter(truth.device for truth, kind in classed if kind is TruthClass.DELIVERED)
    last: dict[str, int] = {}
    told: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for place, truth in enumerate(truths):
        last[truth.device] = truth.number
        if place in matcher.delivered:
            told[truth.device] = max(told[truth.device], (truth.epoch, truth.number))
    return [Total(one, shown[one], delivered[one], last[one], told[one][1]) for one in sorted(last)]
