"""Long runs for comparison with closed forms: many independent copies of a stock point in one network.

Every item is a copy of its own, with its own random streams, so a run gives as many independent samples as it has
items. A closed form is compared with the 99 % confidence interval of the samples' mean (Student's t).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from sim import columns as c
from sim.engine import simulate_replication
from sim.network import Distribution, Float64Array, Lane, Network
from sim.record.records import Records
from tests.reference_inputs import DAY_MS, Draft, Item, Point, PoissonSource, small_network
from tests.theory_formulas import Performance

CONFIDENCE = 0.99
PRECISION = 0.02
"""Half width of an interval, at most, as a share of the closed form: a wide one would say nothing."""

SEED = 1
"""The same for every test, chosen beforehand. Of almost 80 intervals of 99 % another seed may well have one miss."""

STORE, SUPPLIER = 0, 1


@dataclass(frozen=True)
class Interval:
    """A mean and the half width of its confidence interval."""

    mean: float
    half_width: float

    def contains(self, value: float) -> bool:
        return abs(value - self.mean) <= self.half_width

    def __str__(self) -> str:
        return f"{self.mean:.5f} ± {self.half_width:.5f}"


def mean_interval(samples: Float64Array) -> Interval:
    """Interval of the mean of independent samples of one distribution."""
    count = len(samples)
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1))
    return Interval(float(samples.mean()), quantile * float(samples.std(ddof=1)) / count**0.5)


def ratio_interval(part: Float64Array, whole: Float64Array) -> Interval:
    """Interval of E[part] / E[whole]; unlike the mean of the samples' own ratios it has no bias of first order."""
    ratio = float(part.sum() / whole.sum())
    return Interval(ratio, mean_interval(part - ratio * whole).half_width / float(whole.mean()))


def in_joint_region(samples: Float64Array, expected: Sequence[float]) -> bool:
    """Whether expected means lie in the joint confidence region of the columns (Hotelling 1931).

    One statement about all columns together; an interval for each would miss more often than 1 - CONFIDENCE says.
    """
    count, columns = samples.shape
    distance = samples.mean(axis=0) - np.asarray(expected)
    squared = count * float(distance @ np.linalg.solve(np.cov(samples, rowvar=False), distance))
    limit = float(stats.f.ppf(CONFIDENCE, columns, count - columns))
    return bool(squared <= limit * columns * (count - 1) / (count - columns))


@dataclass(frozen=True)
class Case:
    """A stock point to be copied, and its customers.

    Attributes:
        point: node and item are filled in for each copy.
        per_day, flags, success: as in `PoissonSource`.
    """

    point: Point
    per_day: float
    flags: int = 0
    success: float = 1.0


def one_echelon(
    cases: Sequence[Case], copies: int, lead_time: Distribution, days: int, warm_up_days: int = 100
) -> Network:
    """A store and its supplier; items n x copies, ..., (n + 1) x copies - 1 are the copies of case n."""
    of_item = [case for case in cases for _ in range(copies)]
    return small_network(
        Draft(
            kinds=["store", "supplier"],
            lanes=[Lane(SUPPLIER, STORE, lead_time)],
            items=[Item()] * len(of_item),
            points=[replace(case.point, node=STORE, item=item, lane=0) for item, case in enumerate(of_item)],
            poisson=[
                PoissonSource(STORE, item, case.per_day, case.flags, case.success) for item, case in enumerate(of_item)
            ],
            horizon_ms=(warm_up_days + days) * DAY_MS,
            warm_up_ms=warm_up_days * DAY_MS,
        )
    )


class Copies:
    """What the copies of one stock point gave: rows `first` to `first + copies - 1` of a replication's records."""

    def __init__(self, records: Records, first: int, copies: int) -> None:
        rows = slice(first, first + copies)
        self._total = records.summary.total[rows].astype(np.float64)
        measured_ms = records.network.horizon_ms - records.network.warm_up_ms
        self._level = records.summary.area[rows] / measured_ms

    def total(self, column: int) -> Float64Array:
        """A counter (T_*), one sample per copy."""
        return self._total[:, column]

    def level(self, column: int) -> Float64Array:
        """A time mean (A_*), one sample per copy."""
        return self._level[:, column]

    @property
    def fill_rate(self) -> Interval:
        return ratio_interval(self.total(c.T_UNITS_AT_ONCE), self.total(c.T_DEMAND_UNITS))

    @property
    def lost_share(self) -> Interval:
        return ratio_interval(self.total(c.T_UNITS_LOST), self.total(c.T_DEMAND_UNITS))

    @property
    def backorders(self) -> Interval:
        """Units owed to customers."""
        return mean_interval(self.level(c.A_WAITING_CUSTOMERS))

    @property
    def owed_to_stores(self) -> Interval:
        """Units owed to downstream stock points."""
        return mean_interval(self.level(c.A_WAITING_ORDERS))

    @property
    def on_hand(self) -> Interval:
        return mean_interval(self.level(c.A_ON_HAND))

    @property
    def position(self) -> Interval:
        """Inventory position: on hand + on order - owed."""
        return mean_interval(self.level(c.A_ON_HAND) + self.level(c.A_ON_ORDER) - self.level(c.A_WAITING_CUSTOMERS))


def simulate(network: Network, seed: int = SEED) -> Records:
    """One long replication."""
    return simulate_replication(network, seed, 0)


def run_cases(cases: Sequence[Case], copies: int, lead_time: Distribution, days: int) -> list[Copies]:
    """Simulate copies of each case, and return each case's samples."""
    records = simulate(one_echelon(cases, copies, lead_time, days))
    return [Copies(records, number * copies, copies) for number in range(len(cases))]


class Comparison:
    """Collects intervals and closed forms; leaving the `with` block fails once, with all that do not agree."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            assert not self._faults, "\n" + "\n".join(self._faults)

    def inside(self, what: str, interval: Interval, expected: float) -> None:
        """The closed form lies in the interval, and the interval is narrow."""
        if not interval.contains(expected):
            self._faults.append(f"{what}: closed form {expected:.5f} is outside {interval}")
        if interval.half_width > PRECISION * expected:
            self._faults.append(f"{what}: {interval} says too little, longer runs are needed")

    def performance(self, what: str, copies: Copies, expected: Performance) -> None:
        """Fill rate, customers' backorders and stock on hand."""
        self.inside(f"{what}, fill rate", copies.fill_rate, expected.fill_rate)
        self.inside(f"{what}, backorders", copies.backorders, expected.backorders)
        self.inside(f"{what}, on hand", copies.on_hand, expected.on_hand)
