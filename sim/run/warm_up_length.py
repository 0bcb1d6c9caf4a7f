"""How long the warm-up has to be: found with MSER-5 on the daily stock value and fill rate of a pilot.

MSER-5 (White 1997, An effective truncation heuristic for bias reduction in simulation output, Simulation 69(6); its
form with batches of five by Spratt 1998): of all truncation points take the one after which the mean of the rest is
known best, judged by the squared standard error of the batch means that are left. A cut in the second half means that
the series has not settled (Hoad, Robinson and Davies 2010, Automating warm-up length estimation, JORS 61(9)), or that
it happens to be quiet at the end, as a fill rate with rare shortages often is. The replications tell the two apart:
where their third and last quarters do not differ, the best cut of the first half is taken.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sim.errors import RunDirectoryError, TwinError
from sim.kpi.summary import half_width
from sim.run.experiment import Progress, run_replications
from sim.run.plan import Outcome, Plan
from sim.run.workers import Workers
from sim.scenario import Scenario
from sim.units import MS_PER_DAY, format_duration

FILE: Final = "warm_up.json"
PILOT_REPLICATIONS: Final = 10
PILOT_FIRST: Final = 1_000_000
"""Number of the pilot's first replication: far from those that count, so that these do not decide over themselves."""

BATCH_DAYS: Final = 5
FEWEST_BATCHES: Final = 10
KEPT_BATCHES: Final = 5
DRIFT_CONFIDENCE: Final = 0.99

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Truncation:
    """Where MSER-5 cuts one series.

    Attributes:
        batch_means: of BATCH_DAYS days each, shape (B,).
        statistic: MSER of dropping 0, 1, 2 ... batches, shape (C,), C < B.
    """

    batch_means: Floats
    statistic: Floats

    @property
    def batches(self) -> int:
        """How many batches to drop: the smallest of the best."""
        return int(np.argmin(self.statistic))

    @property
    def first_half(self) -> int:
        """The same when only cuts in the first half are allowed."""
        return int(np.argmin(self.statistic[: len(self.batch_means) // 2 + 1]))

    @property
    def late(self) -> bool:
        """Whether the best cut lies in the second half."""
        return self.batches * 2 > len(self.batch_means)


def mser5(series: Floats) -> Truncation:
    """Cut a series of daily values, shape (D,); days that do not fill a batch at the end are left out.

    The last quarter of the batches (at least KEPT_BATCHES) is always kept: the spread of a few batches says nothing.
    ValueError for fewer than FEWEST_BATCHES batches.
    """
    count = len(series) // BATCH_DAYS
    if count < FEWEST_BATCHES:
        raise ValueError(f"{len(series)} days make {count} batches of {BATCH_DAYS}; {FEWEST_BATCHES} are needed")
    means = series[: count * BATCH_DAYS].reshape(count, BATCH_DAYS).mean(axis=1)
    centred = means - means.mean()  # sums of squares of large numbers with small differences lose digits
    candidates = count - max(KEPT_BATCHES, count // 4) + 1
    left = np.arange(count, 0, -1)
    sums, squares = np.cumsum(centred[::-1])[::-1], np.cumsum(centred[::-1] ** 2)[::-1]
    statistic = np.maximum(squares - sums**2 / left, 0.0) / left.astype(np.float64) ** 2
    return Truncation(means, statistic[:candidates])


@dataclass(frozen=True)
class DailySeries:
    """A quantity per day as a ratio, in every replication of the pilot; both arrays have shape (replications, days)."""

    name: str
    unit: str
    numerator: Floats
    denominator: Floats

    @property
    def pooled(self) -> Floats:
        """One value per day over all replications; a day that says nothing has the value of the day before."""
        below = self.denominator.sum(axis=0)
        return _filled(np.divide(self.numerator.sum(axis=0), below, out=np.full(len(below), np.nan), where=below > 0))

    @property
    def drifts(self) -> bool:
        """Whether the third and the last quarter differ: paired t-test over replications, level 1 %.

        With fewer than two replications nobody can tell, which counts as yes.
        """
        days = self.numerator.shape[1]
        third, last = slice(days // 2, days * 3 // 4), slice(days * 3 // 4, days)
        known = (self.denominator[:, third].sum(axis=1) > 0) & (self.denominator[:, last].sum(axis=1) > 0)
        change = self._means(last)[known] - self._means(third)[known]
        if len(change) < 2:
            return True
        return abs(float(change.mean())) > half_width(float(change.std(ddof=1)), len(change), DRIFT_CONFIDENCE)

    def _means(self, days: slice) -> Floats:
        below = self.denominator[:, days].sum(axis=1)
        means: Floats = self.numerator[:, days].sum(axis=1) / np.maximum(below, 1e-300)
        return means


@dataclass(frozen=True)
class Settling:
    """A series of the pilot and where it has settled: `daily` has a value per day, `batches` are to be dropped."""

    name: str
    unit: str
    daily: Floats
    cut: Truncation
    batches: int


@dataclass(frozen=True)
class FoundWarmUp:
    """The warm-up that the pilot showed: the longest of what its series need."""

    series: tuple[Settling, ...]
    replications: int
    seed: int

    @property
    def warm_up_ms(self) -> int:
        return max(one.batches for one in self.series) * BATCH_DAYS * MS_PER_DAY

    def as_dict(self) -> dict[str, Any]:
        """The content of warm_up.json; what is drawn and told comes from it."""
        return {
            "method": "MSER-5",
            "source": "White 1997, Simulation 69(6)",
            "warm_up_ms": self.warm_up_ms,
            "warm_up_days": self.warm_up_ms // MS_PER_DAY,
            "batch_days": BATCH_DAYS,
            "pilot_replications": self.replications,
            "pilot_first_replication": PILOT_FIRST,
            "seed": self.seed,
            "series": [
                {
                    "name": one.name,
                    "unit": one.unit,
                    "truncation_day": one.batches * BATCH_DAYS,
                    "best_day": one.cut.batches * BATCH_DAYS,
                    "daily": _plain(one.daily),
                    "batch_means": _plain(one.cut.batch_means),
                    "statistic": _plain(one.cut.statistic),
                }
                for one in self.series
            ],
        }


def _plain(values: Floats) -> list[float]:
    return [float(f"{value:.8g}") for value in values]


def find_warm_up(
    scenario: Scenario, plan: Plan, replications: int, crew: Workers, progress: Progress | None = None
) -> FoundWarmUp:
    """Run a pilot of the plan and find the warm-up. TwinError (exit code 2) when the horizon is too short for it."""
    days = scenario.horizon // MS_PER_DAY
    if days < BATCH_DAYS * FEWEST_BATCHES:
        raise TwinError(
            f"warm_up: auto needs a horizon of at least {BATCH_DAYS * FEWEST_BATCHES} d, and it is "
            f"{format_duration(scenario.horizon)}; lengthen the horizon, or state the warm-up"
        )
    pilot = replace(plan, tables=frozenset({"series"}), events=False, options=dict(plan.options) | {"traces": False})
    numbers = range(PILOT_FIRST, PILOT_FIRST + replications)
    outcomes = run_replications(pilot, numbers, None, crew, progress)
    pilot_series = daily_series(outcomes, days, scenario)
    return FoundWarmUp(tuple(_settling(one) for one in pilot_series), replications, plan.seed)


def _settling(series: DailySeries) -> Settling:
    """Where a series has settled; TwinError when it has not."""
    daily = series.pooled
    cut = mser5(daily)
    if cut.late and series.drifts:
        days = len(daily)
        raise TwinError(
            f"warm_up: auto: the daily {series.name} has not settled by the middle of the {days} days (MSER-5 cuts at "
            f"day {cut.batches * BATCH_DAYS}, and the last two quarters differ): lengthen the horizon (try {2 * days} "
            "d), begin with stock closer to what the policies hold, or state the warm-up"
        )
    return Settling(series.name, series.unit, daily, cut, cut.first_half if cut.late else cut.batches)


def daily_series(outcomes: Sequence[Outcome], days: int, scenario: Scenario) -> tuple[DailySeries, DailySeries]:
    """The network's mean stock value (major units) and fill rate of each of the first `days` days."""
    sums = {name: np.zeros((len(outcomes), days)) for name in ("value_on_hand", "units_at_once", "demand_units")}
    for row, outcome in enumerate(outcomes):
        table = outcome.tables["series"]
        day = table["day"].to_numpy()
        whole = day < days
        for name, total in sums.items():
            total[row] = np.bincount(day[whole], weights=table[name].to_numpy()[whole], minlength=days)
    value = sums["value_on_hand"] / 10.0**scenario.minor_digits
    return (
        DailySeries("stock_value", scenario.currency, value, np.ones_like(value)),
        DailySeries("fill_rate", "share", sums["units_at_once"], sums["demand_units"]),
    )


def _filled(values: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.ones(len(values))
    last = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    filled: Floats = values[known[np.maximum(last, 0)]]
    return filled


def read_warm_up(folder: Path) -> Mapping[str, Any]:
    """The content of warm_up.json of a run directory; RunDirectoryError when it is missing or damaged."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if not isinstance(data, dict) or not isinstance(data["warm_up_ms"], int):
            raise ValueError("this is no found warm-up")
    except (OSError, ValueError, KeyError) as error:
        raise RunDirectoryError(
            f"cannot resume {folder}: its {FILE} cannot be read ({error}); start a new run instead"
        ) from error
    return data


def describe(found: Mapping[str, Any]) -> str:
    """A line for people, from the content of warm_up.json."""
    parts = ", ".join(f"{one['name']} day {one['truncation_day']}" for one in found["series"])
    return (
        f"warm-up found with MSER-5 from a pilot of {found['pilot_replications']} replications: "
        f"{found['warm_up_days']} d ({parts})"
    )
