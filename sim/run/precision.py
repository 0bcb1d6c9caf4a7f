"""Replications until the confidence intervals are narrow enough.

The decision looks at replications 0, 1, 2 ... in the order of their numbers and stops at the first n at which every
target is met; replications that others finished early are not counted. So n is the same for any number of workers.
It is the sequential procedure of Chow and Robbins (1965) in the form of Law (2015), Simulation Modeling and Analysis,
section 9.4.1. As n depends on the data, the interval covers the truth slightly less often than it says, which is why
there is a minimum of replications.
"""

import math
import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa

from sim.errors import RunInterruptedError, TwinError
from sim.kpi.kpis import KPIS, MONEY
from sim.kpi.network_values import network_values, whole_kpis
from sim.kpi.summary import half_width
from sim.run.directory import RunDirectory
from sim.run.experiment import Batch, Outcome, Progress, Task, simulated, working
from sim.run.interrupt import Interruption
from sim.run.plan import Plan
from sim.run.workers import Workers
from sim.scenario.findings import did_you_mean

MINIMUM: Final = 5
MAXIMUM: Final = 200
LARGEST_GUESS: Final = 10_000_000
_TARGET: Final = re.compile(
    r"\s*(?P<kpi>[^=\s]+)\s*=\s*(?P<number>[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*(?P<unit>\S*)\s*"
)


@dataclass(frozen=True)
class Target:
    """A KPI of the whole network and the half width that its confidence interval is to have.

    Attributes:
        kpi: name of the KPI.
        half_width: > 0, in the KPI's unit; a share of its mean where `relative` is set.
        relative: whether it is.
    """

    kpi: str
    half_width: float
    relative: bool = False

    def wanted(self, mean: float) -> float:
        """The half width that is good enough, in the KPI's own unit, when its mean is `mean`."""
        return self.half_width * abs(mean) if self.relative else self.half_width

    def __str__(self) -> str:
        return f"{self.kpi}={self.half_width * 100:g}%" if self.relative else f"{self.kpi}={self.half_width:g}"


@dataclass(frozen=True)
class Precision:
    """When to stop: all targets met, after at least `minimum` (>= 2) and at most `maximum` replications."""

    targets: tuple[Target, ...]
    minimum: int = MINIMUM
    maximum: int = MAXIMUM

    def __post_init__(self) -> None:
        if not 2 <= self.minimum <= self.maximum:
            raise TwinError(
                f"replications until a precision: at least {self.minimum} and at most {self.maximum} cannot be; "
                "the minimum is 2 or more, and not above the maximum (--min-replications, --max-replications)"
            )


def parse_target(text: str, currency: str) -> Target:
    """A target such as `fill_rate=0.5%`, `stock_value=2%`, `stock_value=500 USD`, `wait_mean=0.25`.

    A percentage means points of a KPI that is a share, and percent of the mean of any other. A number without one is
    in the KPI's own unit. TwinError (exit code 2) for anything else.
    """
    known = {name: KPIS[name] for name in whole_kpis()}
    match = _TARGET.fullmatch(text)
    where = f"--precision {text[:80]}"
    if match is None or float(match["number"]) <= 0:
        raise TwinError(f"{where}: this is not KPI=HALF_WIDTH; write `fill_rate=0.5%` or `wait_mean=0.25`")
    name, number, unit = match["kpi"], float(match["number"]), match["unit"]
    if name not in known:
        hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
        raise TwinError(f"{where}: there is no KPI `{name}` of the whole network ({hint})")
    own = currency if known[name].unit == MONEY else known[name].unit
    if unit == "%":
        return Target(name, number / 100, relative=own != "share")
    if unit and unit != own.replace(" ", ""):
        right = f"`{name}={number:g}%`" if own == "share" else f"`{name}={number:g} {own}` or `{name}=2%`"
        raise TwinError(f"{where}: {name} is not measured in `{unit}`; write {right}")
    return Target(name, number)


@dataclass(frozen=True)
class Reached:
    """What became of a target.

    Attributes:
        kpi: its KPI. unit: of mean, half_width and wanted.
        mean, half_width: over the replications used; half_width is None below two values.
        wanted: the half width asked for.
        reached: whether half_width is at most that.
        guessed: replications that would have been planned from the standard deviation of the first few alone; None
            when those say nothing.
    """

    kpi: str
    unit: str
    mean: float
    half_width: float | None
    wanted: float
    reached: bool
    guessed: int | None


@dataclass(frozen=True)
class PrecisionReport:
    """How a run until a precision ended: `used` replications, and what became of each target."""

    used: int
    minimum: int
    maximum: int
    targets: tuple[Reached, ...]

    @property
    def reached(self) -> bool:
        """Whether every target was met."""
        return all(target.reached for target in self.targets)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for the manifest and `--json`."""
        return {"reached": self.reached, **asdict(self)}


class StoppingRule:
    """Looks at one replication after the other, in the order of their numbers, and says when it is enough."""

    def __init__(self, precision: Precision, confidence: float) -> None:
        self.precision = precision
        self.seen = 0
        self._confidence = confidence
        self._values: dict[str, list[float]] = {target.kpi: [] for target in precision.targets}
        self._units: dict[str, str] = {}

    def add(self, kpis: pa.Table) -> None:
        """The KPI table of the next replication. TwinError when a target turns out to have no value at all."""
        here = network_values(kpis)
        self.seen += 1
        for kpi, values in self._values.items():
            if kpi in here and math.isfinite(here[kpi].value):
                values.append(here[kpi].value)
                self._units[kpi] = here[kpi].unit
            if not values and self.seen >= self.precision.minimum:
                raise TwinError(f"--precision {kpi}: it has no value in this scenario, so no interval either")

    @property
    def enough(self) -> bool:
        """Whether to stop here: all targets met, or the maximum reached."""
        met = self.seen >= self.precision.minimum and all(self._met(target) for target in self.precision.targets)
        return met or self.seen >= self.precision.maximum

    @property
    def expected(self) -> int:
        """How many replications it will take, as far as can be told by now."""
        guesses = [needed(self._values[one.kpi], one, self._confidence, self.seen) for one in self.precision.targets]
        longest = max((guess for guess in guesses if guess is not None), default=0)
        return min(max(longest, self.precision.minimum, self.seen), self.precision.maximum)

    def report(self) -> PrecisionReport:
        """What became of every target."""
        precision = self.precision
        return PrecisionReport(
            self.seen, precision.minimum, precision.maximum, tuple(self._reached(one) for one in precision.targets)
        )

    def _met(self, target: Target) -> bool:
        values = self._values[target.kpi]
        if len(values) < self.precision.minimum:
            return False
        return self._half_width(values) <= target.wanted(statistics.fmean(values))

    def _half_width(self, values: Sequence[float]) -> float:
        return half_width(statistics.stdev(values), len(values), self._confidence) if len(values) > 1 else math.nan

    def _reached(self, target: Target) -> Reached:
        values = self._values[target.kpi]
        mean, width = statistics.fmean(values) if values else math.nan, self._half_width(values)
        first = values[: self.precision.minimum]
        return Reached(
            target.kpi,
            self._units.get(target.kpi, ""),
            mean,
            None if math.isnan(width) else width,
            target.wanted(mean),
            self._met(target),
            needed(first, target, self._confidence, self.precision.minimum),
        )


def needed(values: Sequence[float], target: Target, confidence: float, minimum: int) -> int | None:
    """Smallest n >= minimum whose half width meets the target if the standard deviation stays that of `values`.

    Law (2015), section 9.4.1, equation for n*(beta). None when values are fewer than two, or the mean is 0 and the
    target relative.
    """
    if len(values) < 2:
        return None
    deviation, wanted = statistics.stdev(values), target.wanted(statistics.fmean(values))
    low, high = max(minimum, 2), max(minimum, 2)
    if wanted <= 0 and deviation > 0:
        return None
    while half_width(deviation, high, confidence) > wanted and high < LARGEST_GUESS:
        low, high = high + 1, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if half_width(deviation, middle, confidence) <= wanted else (middle + 1, high)
    return high


def run_until_precise(
    plan: Plan,
    precision: Precision,
    confidence: float,
    run: RunDirectory | None,
    crew: Workers,
    progress: Progress | None = None,
) -> tuple[list[Outcome], PrecisionReport]:
    """Simulate replications 0, 1, 2 ... until the precision is reached; whole ones in `run` are not done again.

    Returns the outcomes that were simulated here (replications from `run` are not among them) and the report. Surplus
    replications are stopped and their records removed; with them `crew` ends, too. Raises what
    `run_replications` raises.
    """
    known = set(run.finished()) if run is not None else set[int]()
    rule = StoppingRule(precision, confidence)
    outcomes: dict[int, Outcome] = {}
    report = progress or (lambda done, total: None)

    def look() -> bool:
        """Look at what has come in, as far as it is without a gap; whether that is enough."""
        while not rule.enough:
            if rule.seen in outcomes:
                rule.add(outcomes[rule.seen].kpis)
            elif rule.seen in known and run is not None:
                rule.add(run.read_kpis([rule.seen]))
            else:
                break
        report(rule.seen, rule.expected)
        return rule.enough

    tasks = (Task(0, number) for number in range(precision.maximum) if number not in known)
    batches = [Batch(plan, (), run)]
    with Interruption() as interruption, working(crew, batches, keep_open=True):
        try:
            if not look():
                _simulate_until(look, batches, tasks, crew, interruption, outcomes)
        except (KeyboardInterrupt, RunInterruptedError) as interrupt:
            done = len(known | set(outcomes))
            raise RunInterruptedError(
                f"interrupted after {done} replications, before the precision was reached"
            ) from interrupt
    _remove_surplus(run, rule.seen)
    return [outcomes[number] for number in sorted(outcomes) if number < rule.seen], rule.report()


def _simulate_until(
    enough: Callable[[], bool],
    batches: Sequence[Batch],
    tasks: Iterator[Task],
    crew: Workers,
    interruption: Interruption,
    outcomes: dict[int, Outcome],
) -> None:
    with closing(simulated(batches, tasks, crew, interruption)) as made:
        for task, outcome in made:
            outcomes[task.replication] = outcome
            if enough():
                crew.abandon()  # what is still being simulated is not wanted
                return


def _remove_surplus(run: RunDirectory | None, used: int) -> None:
    if run is not None:
        for number in run.finished():
            if number >= used:
                run.remove(number)


def describe(report: PrecisionReport) -> list[str]:
    """Lines for people: how many replications it took, what a guess would have said, and what was not reached."""
    lines = []
    for one in report.targets:
        factor, unit = (100.0, " points") if one.unit == "share" else (1.0, f" {one.unit}")
        width = "unknown" if one.half_width is None else f"{one.half_width * factor:.3g}{unit}"
        verdict = "reached" if one.reached else "NOT reached"
        guess = "" if one.guessed is None else f"; a guess from the first {report.minimum} says {one.guessed:,}"
        lines.append(
            f"precision of {one.kpi}: ± {width}, wanted ± {one.wanted * factor:.3g}{unit}: {verdict} with "
            f"{report.used} replications{guess}"
        )
    if not report.reached:
        lines.append(f"stopped at the maximum of {report.maximum} replications: raise --max-replications and --resume")
    return lines


def manifest_entry(precision: Precision, report: PrecisionReport | None) -> dict[str, Any]:
    """What the manifest says about it, before and after."""
    asked = {"asked": [str(target) for target in precision.targets]}
    limits = {"minimum": precision.minimum, "maximum": precision.maximum}
    return asked | (limits if report is None else report.as_dict())
