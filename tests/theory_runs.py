"""Long runs for comparison with closed forms: many independent copies of a stock point in one network.

Every item is a copy of its own, with its own random streams, so a run gives as many independent samples as it has
items. A closed form is compared with the 99 % confidence interval of the samples' mean (Student's t).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sim.engine import simulate_replication
from sim.network import Distribution, Lane, Network
from sim.record.records import Records
from sim.verify.copies import Copies
from sim.verify.formulas.one_echelon import Performance
from sim.verify.samples import Estimate
from tests.reference_inputs import DAY_MS, Draft, Item, Point, PoissonSource, small_network

CONFIDENCE = 0.99
PRECISION = 0.02
"""Half width of an interval, at most, as a share of the closed form: a wide one would say nothing."""

SEED = 1
"""The same for every test, chosen beforehand. Of almost 80 intervals of 99 % another seed may well have one miss."""

STORE, SUPPLIER = 0, 1


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

    def inside(self, what: str, estimate: Estimate, expected: float) -> None:
        """The closed form lies in the interval, and the interval is narrow."""
        interval = estimate.interval(CONFIDENCE)
        if not interval.contains(expected):
            self._faults.append(f"{what}: closed form {expected:.5f} is outside {interval}")
        if interval.half_width > PRECISION * expected:
            self._faults.append(f"{what}: {interval} says too little, longer runs are needed")

    def performance(self, what: str, copies: Copies, expected: Performance) -> None:
        """Fill rate, customers' backorders and stock on hand."""
        self.inside(f"{what}, fill rate", copies.fill_rate, expected.fill_rate)
        self.inside(f"{what}, backorders", copies.backorders, expected.backorders)
        self.inside(f"{what}, on hand", copies.on_hand, expected.on_hand)
