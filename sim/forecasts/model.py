"""The data of the forecasts of one plan: what the compiled update and recomputation work on."""

from typing import ClassVar, Final

import numpy as np

from policies.forecasting import F_CLASS, F_FORECAST, F_METHOD, F_SQUARED_ERROR, FORECAST_COLUMNS
from sim.forecast_plan import (
    FIGURE_COLUMNS,
    LEVEL_COLUMNS,
    RULE_COLUMNS,
    X_HISTORY,
    X_METHOD,
    X_START_FORECAST,
    X_START_VARIANCE,
    ForecastPlan,
)
from sim.jit_tables import Tables, register
from sim.network import Float64Array, Int64Array

# --- pools ------------------------------------------------------------------------------------------------------------
G_SERIES: Final = 0
G_FIRST_MEMBER: Final = 1  # rows of `pool_level`
G_FIRST_HOLDER: Final = 2
G_LAST_HOLDER: Final = 3
POOL_COLUMNS: Final = 4

O_SAFETY: Final = 0  # safety stock of the pool, units, as last worked out
O_ALONE: Final = 1  # what the members would hold, each for itself
O_LAW: Final = 2  # what the square-root law makes of that
O_DEVIATION: Final = 3  # standard deviation of a bucket's pooled demand
O_DEVIATIONS: Final = 4  # standard deviations of the members' demands, added up
POOL_OUT_COLUMNS: Final = 5

# --- levels that were worked out --------------------------------------------------------------------------------------
N_REORDER_POINT: Final = 0
N_ORDER_UP_TO: Final = 1
N_LOT: Final = 2
NEW_COLUMNS: Final = 3

B_DEMAND: Final = 0  # sums over the series of a group, in one bucket
B_FORECAST: Final = 1
B_DEMAND_VALUE: Final = 2  # minor units, at cost
B_FORECAST_VALUE: Final = 3
BUCKET_COLUMNS: Final = 4


class ForecastModel(Tables):
    """All arrays of a plan in one replication."""

    FIELDS: ClassVar = {
        "series": (np.float64, (None, FORECAST_COLUMNS)),
        "rule": (np.float64, (None, RULE_COLUMNS)),
        "member_first": (np.int64, (None,)),
        "member_point": (np.int64, (None,)),
        "history": (np.float64, (None, None)),
        "level": (np.int64, (None, LEVEL_COLUMNS)),
        "figure": (np.float64, (None, FIGURE_COLUMNS)),
        "new": (np.int64, (None, NEW_COLUMNS)),
        "pool": (np.int64, (None, POOL_COLUMNS)),
        "pool_level": (np.int64, (None,)),
        "pool_out": (np.float64, (None, POOL_OUT_COLUMNS)),
        "group": (np.float64, (None, BUCKET_COLUMNS)),
    }
    series: Float64Array
    rule: Float64Array
    member_first: Int64Array
    member_point: Int64Array
    history: Float64Array
    level: Int64Array
    figure: Float64Array
    new: Int64Array
    pool: Int64Array
    pool_level: Int64Array
    pool_out: Float64Array
    group: Float64Array


forecasts_at = register(ForecastModel)
"""In compiled code: the forecasts at an address."""


def new_forecasts(plan: ForecastPlan, groups: int) -> ForecastModel:
    """The forecasts at the start: nothing seen, the stated figures in use."""
    series = np.zeros((plan.series, FORECAST_COLUMNS))
    series[:, F_FORECAST] = plan.rule[:, X_START_FORECAST]
    series[:, F_SQUARED_ERROR] = plan.rule[:, X_START_VARIANCE]
    series[:, F_METHOD] = np.maximum(plan.rule[:, X_METHOD], 0)
    series[:, F_CLASS] = -1
    pools, rows = np.zeros((len(plan.pools), POOL_COLUMNS), np.int64), [np.zeros(0, np.int64)]
    place = 0
    for number, pool in enumerate(plan.pools):
        ends = place + np.cumsum([0, len(pool.members), len(pool.holders)])
        pools[number] = (pool.series, *ends)
        rows += [pool.members, pool.holders]
        place = int(ends[-1])
    rings = int(plan.rule[:, X_HISTORY].max(initial=-1)) + 1
    return ForecastModel(
        series=series,
        rule=plan.rule,
        member_first=plan.member_first,
        member_point=plan.member_point,
        history=np.zeros((rings, plan.ring_buckets if rings else 0)),
        level=plan.level,
        figure=plan.figure,
        new=np.zeros((len(plan.level), NEW_COLUMNS), np.int64),
        pool=pools,
        pool_level=np.concatenate(rows),
        pool_out=np.zeros((len(plan.pools), POOL_OUT_COLUMNS)),
        group=np.zeros((groups, BUCKET_COLUMNS)),
    )
