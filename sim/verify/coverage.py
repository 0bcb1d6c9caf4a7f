"""Coverage: how often the intervals that users are shown contain the truth.

Hundreds of experiments on a model whose true KPIs are known, each with a seed of its own and as many replications as a
user would make, through the same KPI table and the same summary as `mro-twin run`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from sim.engine import simulate_replication
from sim.kpi.summary import Mean, summarize
from sim.kpi.table import kpi_table
from sim.network import Network
from sim.verify.copies import Group, one_store
from sim.verify.formulas import distributions, one_echelon

CONFIDENCE: Final = 0.95
REPLICATIONS: Final = 6
EXPERIMENTS: Final = 400
"""Seeds of a full experiment."""

LEVEL, LOAD = 6, 4.0


@dataclass(frozen=True)
class Coverage:
    """In how many of the experiments the interval of a KPI contained its true value."""

    kpi: str
    covered: int
    experiments: int


def true_values() -> dict[str, float]:
    """The KPIs that are watched and their true values, by Palm (1938)."""
    exact = one_echelon.performance({LEVEL: 1.0}, distributions.poisson(LOAD))
    return {"on_hand": exact.on_hand, "fill_rate": exact.fill_rate}


def model() -> Network:
    """One store, one item, base stock, Poisson demand: 400 measured days."""
    demand = {"poisson": {"rate": "1 /d"}}
    group = Group("coverage", {"store": demand}, {"store": {"kind": "base_stock", "level": LEVEL}})
    return one_store([group], 1, {"exponential": {"mean": f"{LOAD:g} d"}}, days=400, warm_up_days=40).network()


def coverage(
    first_seed: int,
    experiments: int,
    truth: Mapping[str, float] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Coverage]:
    """Make experiments with the seeds `first_seed`, `first_seed` + 1, ..., and count.

    RunInterruptedError when told to stop.
    """
    wanted = dict(truth or true_values())
    covered = dict.fromkeys(wanted, 0)
    network = model()
    for seed in range(first_seed, first_seed + experiments):
        for mean in _experiment(network, seed, should_stop):
            if mean.kpi in wanted:
                covered[mean.kpi] += abs(mean.mean - wanted[mean.kpi]) <= mean.half_width
    return [Coverage(kpi, count, experiments) for kpi, count in covered.items()]


def _experiment(network: Network, seed: int, should_stop: Callable[[], bool] | None) -> Iterator[Mean]:
    tables = [
        kpi_table(simulate_replication(network, seed, number, should_stop=should_stop))
        for number in range(REPLICATIONS)
    ]
    yield from summarize(pa.concat_tables(tables).unify_dictionaries(), CONFIDENCE, ("network",))
