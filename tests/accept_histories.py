"""Made-up histories of which it is known what became of every change and what every report is."""

from dataclasses import dataclass, field

from hil.accept.history import Cause, History, Outage, Report, Rules, Truth
from hil.accept.judging import TruthClass
from hil.accept.matching import Flag, ReportClass

RULES = Rules(poll_ms=1000, settle_ms=5000, late_ms=2000, tolerance_ms=500)
BLOCK_MS = 100_000
"""Each episode has so much time to itself: far more than any settle time."""
LIVES_MS = 20_000
"""How long an ordinary change is shown."""

FATES = (
    *("plain", "late", "duplicate", "oversampled", "stale", "wrong value", "wrong time", "lost", "lost between"),
    *("unreadable", "unseen", "not running", "down but delivered", "invented"),
)
NEED_COUNTERS = ("wrong value", "wrong time")


@dataclass
class Known:
    """A history, and what a verdict must say of it. Right answers by (device, number) and by place of the report."""

    counters: bool
    names: bool
    truths: list[Truth] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    passed: list[Report] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    classes: dict[tuple[str, int], TruthClass] = field(default_factory=dict)
    kinds: list[tuple[ReportClass, frozenset[Flag]]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    blocks: int = 0

    def history(self) -> History:
        return History(self.blocks * BLOCK_MS, self.truths, self.reports, self.outages, passed=self.passed)

    def change(self, device: str, time_ms: int, kind: TruthClass) -> Truth:
        """The device's only signal, a counter, shows one more."""
        number = self.numbers[device] = self.numbers.get(device, 0) + 1
        truth = Truth(device, 1, number, "turns", number * 10, time_ms, time_ms)
        self.truths.append(truth)
        self.classes[(device, number)] = kind
        return truth

    def tell(
        self,
        truth: Truth,
        delay_ms: int,
        kind: ReportClass = ReportClass.DELIVERED,
        *flags: Flag,
        stamp_ms: int | None = None,
        value: int | None = None,
    ) -> None:
        report = self._report(truth, delay_ms, stamp_ms, value)
        self.reports.append(report)
        self.passed.append(report)
        self.kinds.append((kind, frozenset(flags)))

    def _report(self, truth: Truth, delay_ms: int, stamp_ms: int | None = None, value: int | None = None) -> Report:
        return Report(
            truth.device,
            truth.signal if self.names else None,
            truth.value if value is None else value,
            truth.number if self.counters else None,
            truth.time_ms if stamp_ms is None else stamp_ms,
            truth.shown_ms + delay_ms,
        )

    def episode(self, device: str, fate: str, delay_ms: int) -> None:
        """One change in a block of its own, then another that is delivered."""
        begin_ms = self.blocks * BLOCK_MS
        self.blocks += 1
        classes = {
            "lost": TruthClass.LOST,
            "lost between": TruthClass.LOST_BETWEEN,
            "unreadable": TruthClass.NOT_READABLE,
            "unseen": TruthClass.NEVER_OBSERVABLE,
            "not running": TruthClass.NOT_RUNNING,
        }
        truth = self.change(device, begin_ms + 10_000, classes.get(fate, TruthClass.DELIVERED))
        lives_ms = 700 if fate == "unseen" else LIVES_MS
        self._tell_of(truth, fate, delay_ms)
        after = self.change(device, truth.shown_ms + lives_ms, TruthClass.DELIVERED)
        if fate in ("unreadable", "not running", "down but delivered"):
            cause = Cause.DEVICE_LINK if fate == "unreadable" else Cause.GATEWAY
            concerned = frozenset({device}) if fate == "unreadable" else frozenset()
            outage = Outage(cause, "test", truth.shown_ms, truth.shown_ms + LIVES_MS - 3000, concerned)
            self.outages.append(outage)
        self.tell(after, 1500)
        if fate == "stale":
            self.tell(truth, lives_ms + 9000, ReportClass.STALE, stamp_ms=after.time_ms + 5000)
        if fate == "invented":
            ghost = Truth(device, 1, after.number + 1000, "turns", -7, after.time_ms + 100, after.shown_ms + 3000)
            self.tell(ghost, 0, ReportClass.INVENTED)

    def _tell_of(self, truth: Truth, fate: str, delay_ms: int) -> None:
        match fate:
            case "plain" | "stale" | "invented":
                self.tell(truth, delay_ms)
            case "late":
                self.tell(truth, 2001 + delay_ms, ReportClass.DELIVERED, Flag.LATE)
            case "duplicate":
                self.tell(truth, delay_ms)
                self.tell(truth, delay_ms + 100, ReportClass.DUPLICATE)
            case "oversampled":
                self.tell(truth, delay_ms)
                self.tell(truth, delay_ms + 6000, ReportClass.OVERSAMPLED, stamp_ms=truth.time_ms + 6000)
            case "wrong value":
                self.tell(truth, delay_ms, ReportClass.DELIVERED, Flag.WRONG_VALUE, value=-1)
            case "wrong time":
                self.tell(truth, delay_ms, ReportClass.DELIVERED, Flag.WRONG_TIME, stamp_ms=truth.time_ms - 501)
            case "lost between":
                self.passed.append(self._report(truth, delay_ms))
            case "down but delivered":
                self.tell(truth, LIVES_MS - 1)
