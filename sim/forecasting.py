"""Forecasts as processes: at the end of every bucket demand is taken in, and at times levels are worked out anew.

All state is in the arrays of `ForecastModel`; which bucket it is follows from the time.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from policies import forecasting as rule
from sim import columns as c
from sim.calendar import on_calendar
from sim.flow.model import NONE
from sim.forecast_plan import ForecastPlan
from sim.network import Float64Array, Network
from sim.record.records import (
    FORECAST_DEMAND,
    FORECAST_ERROR,
    FORECAST_MASE,
    FORECAST_MASE_KNOWN,
    FORECAST_SUMS,
)

if TYPE_CHECKING:
    from sim.engine import Twin

_CLASSES = 3


class Forecasting:
    """The forecasts of one plan in one replication.

    Args:
        twin: whose demand is forecast and whose levels are set.
        plan: series and levels. first_pool: number of its first pool over all plans.
    """

    def __init__(self, twin: "Twin", plan: ForecastPlan, first_pool: int) -> None:
        from sim.forecasts.model import new_forecasts

        self.twin = twin
        self.plan = plan
        self.first_pool = first_pool
        self._first_ms = 0  # the first bucket begins here
        self.model = new_forecasts(plan, _CLASSES * twin.network.nodes)

    def count_from_now(self) -> None:
        """What has been asked for so far belongs to no bucket."""
        from sim.forecasts.update import start_counting

        start_counting(self.model.address, self.twin.flow.model.address)

    def start(self, from_ms: int = 0) -> None:
        """Begin with the first whole bucket from `from_ms` on."""
        from sim.forecasts.update import work_out_levels

        self._first_ms = -(-from_ms // self.plan.bucket_ms) * self.plan.bucket_ms
        self.count_from_now()
        if self.plan.pools:
            work_out_levels(self.model.address, self.plan.bucket_ms)
            self._write_pools(from_ms)
        self.resume(from_ms)

    def resume(self, from_ms: int) -> None:
        """Go on with the first bucket end that is not before `from_ms`; the start is none."""
        bucket = self.plan.bucket_ms
        ends = np.arange(bucket, self.twin.network.horizon_ms, bucket, dtype=np.int64)
        on_calendar(self.twin, ends, (c.PHASE_RETURN, 0, 0), self._end_bucket, from_ms)

    def _end_bucket(self, time: int) -> None:
        from sim.forecasts.update import put_levels, take_in, work_out_levels

        if time <= self._first_ms:
            self.count_from_now()
            return
        plan, flow = self.plan, self.twin.flow.model.address
        take_in(self.model.address, flow, time, plan.bucket_ms, plan.history_buckets)
        self._write_bucket(time)
        if self._is_due(time // plan.bucket_ms):
            work_out_levels(self.model.address, plan.bucket_ms)
            put_levels(self.model.address, flow, time)
            self._write_pools(time)

    def _is_due(self, bucket: int) -> bool:
        """Whether levels are worked out after this bucket (numbered from 1)."""
        seen = int(self.model.series[:, rule.F_BUCKETS].max())
        if self.plan.recompute_buckets == 0:
            return seen == self.plan.history_buckets
        return seen >= self.plan.history_buckets and bucket % self.plan.recompute_buckets == 0

    # --- records --------------------------------------------------------------------------------------------------
    def _write_bucket(self, time: int) -> None:
        group = self.model.group
        rows = np.flatnonzero(group.any(axis=1))
        table = self.twin.recorder.forecast_tables["forecast_buckets"]
        table.extend(time, self.plan.bucket_ms, rows // _CLASSES, rows % _CLASSES, *group[rows].T)

    def _write_pools(self, time: int) -> None:
        table = self.twin.recorder.forecast_tables["pooled_stock"]
        for number, pool in enumerate(self.plan.pools):
            figures = self.model.pool_out[number].tolist()
            table.extend(np.array([time]), self.first_pool + number, len(pool.members), *figures)

    def write_series(self) -> None:
        """Append every series to the table of forecasts, at the end."""
        plan, series = self.plan, self.model.series
        pools = plan.pool_of_series()
        points = np.where(pools < 0, plan.member_point[plan.member_first[:-1]], NONE)
        pools = np.where(pools < 0, NONE, pools + self.first_pool)
        count = series[:, rule.F_MEASURED]
        mean = 1.0 / np.maximum(count, 1.0)
        demand, expected = series[:, rule.F_DEMAND_SUM], series[:, rule.F_FORECAST_SUM]
        absolute = series[:, rule.F_ERROR_ABSOLUTE]
        self.twin.recorder.forecast_tables["forecasts"].extend(
            points,
            pools,
            series[:, rule.F_CLASS],
            series[:, rule.F_METHOD],
            series[:, rule.F_BUCKETS],
            count,
            demand * mean,
            expected * mean,
            (expected - demand) * mean,
            absolute * mean,
            _mase(series),
            np.sqrt(series[:, rule.F_SQUARED_ERROR]),
            series[:, rule.F_FORECAST],
        )


def _mase(series: Float64Array) -> Float64Array:
    """Mean absolute scaled error of each series; -1 where demand never changed."""
    naive = series[:, rule.F_NAIVE_ABSOLUTE]
    known = naive > 0.0
    return np.where(known, series[:, rule.F_ERROR_ABSOLUTE] / np.where(known, naive, 1.0), -1.0)


def forecasts_of(twin: "Twin") -> list[Forecasting]:
    """What is forecast in a replication: one process per plan of its network."""
    found: list[Forecasting] = []
    pools = 0
    for plan in twin.network.forecasts:
        found.append(Forecasting(twin, plan, pools))
        pools += len(plan.pools)
    return found


def forecast_sums(forecasts: list[Forecasting], network: Network) -> Any:
    """(P, FORECAST_SUMS) what KPIs need of the forecasts of single stock points; None without any."""
    if not forecasts:
        return None
    sums = np.zeros((network.stock_points, FORECAST_SUMS))
    for one in forecasts:
        own = one.plan.pool_of_series() < 0
        points = one.plan.member_point[one.plan.member_first[:-1][own]]
        series = one.model.series[own]
        mase = _mase(series)
        sums[points, FORECAST_DEMAND] = series[:, rule.F_DEMAND_SUM]
        sums[points, FORECAST_ERROR] = series[:, rule.F_FORECAST_SUM] - series[:, rule.F_DEMAND_SUM]
        sums[points, FORECAST_MASE] = np.where(mase >= 0.0, mase, 0.0)
        sums[points, FORECAST_MASE_KNOWN] = mase >= 0.0
    return sums
