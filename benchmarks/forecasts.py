"""What weekly forecasts and levels cost: 12,000 series of the reference workload, part of a replicated year."""

import time
from typing import Any
from unittest import mock

import numpy as np

from benchmarks import our_engine
from benchmarks import reference_workload as workload
from policies.computed import Computed
from sim.build.forecasts import WorkedOutPoints, with_forecasts
from sim.forecasting import Forecasting
from sim.network import Network


def network(days: int) -> Network:
    """The reference workload with levels worked out every week at all stores."""
    plain = workload.network(workload.LOTS, horizon_ms=days * workload.DAY_MS)
    stores = np.arange(workload.shape(workload.LOTS).store_stock_points, dtype=np.int64)
    policy = Computed(form="s_S", recompute="1 wk", lot="7 d", target=0.95)
    return with_forecasts(plain, [WorkedOutPoints(policy, stores, np.zeros(len(stores), np.int64))])


def share_of_year(days: int, seed: int, repeats: int) -> tuple[float, float]:
    """Median over the repeats: processor seconds spent on forecasts and levels, and their share of all the rest."""
    with_levels = network(days)
    end_bucket = Forecasting._end_bucket
    spent: list[float] = []

    def timed(self: Forecasting, at_ms: int) -> Any:
        begin = time.process_time()
        end_bucket(self, at_ms)
        spent[-1] += time.process_time() - begin

    found: list[tuple[float, float]] = []
    with mock.patch.object(Forecasting, "_end_bucket", timed):
        for _ in range(repeats + 1):  # the first compiles
            spent.append(0.0)
            begin = time.process_time()
            our_engine.simulate_everything(with_levels, seed)
            rest = time.process_time() - begin - spent[-1]
            found.append((spent[-1], spent[-1] / rest))
    return sorted(found[1:])[repeats // 2]
