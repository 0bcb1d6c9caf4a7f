"""What is forecast, and which levels are worked out from it: the part of a network that policies with targets need.

A *series* is the demand of one stock point, or of several together (a pool). A *level* is a stock point whose reorder
point, target or lot follow from a series. Series and levels of one rhythm (bucket, recomputation) make one plan.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
Float64Array = npt.NDArray[np.float64]

# --- settings of a series (float64): array `rule` ---------------------------------------------------------------------
X_METHOD: Final = 0  # a code of policies.forecasting.METHODS, or AUTO
X_SMOOTH: Final = 1  # AUTO: method by class, in the order of policies.forecasting.CLASSES
X_ALPHA: Final = 5
X_BETA: Final = 6
X_ERROR_WEIGHT: Final = 7
X_START_FORECAST: Final = 8  # per bucket, from the scenario's mean demand
X_START_VARIANCE: Final = 9  # of a bucket's demand, from the stated variance-to-mean ratio
X_HISTORY: Final = 10  # row of the ring of past buckets, -1: none is kept
RULE_COLUMNS: Final = 11

# --- a level, whole numbers: array `level` ----------------------------------------------------------------------------
V_POINT: Final = 0
V_SERIES: Final = 1  # its own demand
V_FORM: Final = 2
V_DISTRIBUTION: Final = 3
V_MEASURE: Final = 4
V_LOT: Final = 5
V_PERIODIC: Final = 6  # 1: reviewed at instants only
V_POOL: Final = 7  # pool whose safety stock is held instead of its own, -1: none
V_HOLDS: Final = 8  # 1: holds a part of the pool's safety stock
LEVEL_COLUMNS: Final = 9

FORM_ORDER_UP_TO: Final = 0
FORM_LOT: Final = 1
FORM_BASE_STOCK: Final = 2

MEASURE_COVER: Final = 2
"""Beside the measures of policies.service_levels: the forecast, and a stated safety stock."""

LOT_FIXED: Final = 0
LOT_COVER: Final = 1
LOT_ECONOMIC: Final = 2

# --- a level, other numbers: array `figure` ---------------------------------------------------------------------------
W_TARGET: Final = 0
W_LEAD_TIME_MS: Final = 1
W_LEAD_TIME_VARIANCE: Final = 2  # ms^2
W_REVIEW_MS: Final = 3
W_LOT: Final = 4  # units, days, or cost per order
W_HOLDING: Final = 5  # LOT_ECONOMIC: cost of holding a unit for a year, as cost per order
W_SAFETY_UNITS: Final = 6  # MEASURE_COVER
W_SAFETY_DAYS: Final = 7
W_FACTOR: Final = 8  # the scenario's stock factor: what is worked out is multiplied by it, lots are not
FIGURE_COLUMNS: Final = 9


@dataclass(frozen=True)
class StockPool:
    """One safety stock for several stock points of an item.

    Attributes:
        series: of the members' demand together. members, holders: rows of `level`; the holders keep it, in proportion
            to their own demand. correlation: between the members' demands, as long as there is no history.
    """

    name: str
    item: int
    series: int
    members: Int64Array
    holders: Int64Array
    correlation: float = 0.0


@dataclass(frozen=True)
class ForecastPlan:
    """Series and levels of one rhythm. K series, L levels, M memberships of stock points in series."""

    bucket_ms: int
    recompute_buckets: int  # levels are worked out anew every so many buckets; 0: once
    history_buckets: int  # and not before so many buckets have been seen
    member_first: Int64Array  # (K + 1,): members of series k are rows [k] to [k + 1] - 1
    member_point: Int64Array  # (M,) stock points
    rule: Float64Array  # (K, RULE_COLUMNS)
    ring_buckets: int  # past buckets kept for empirical distributions
    level: Int64Array  # (L, LEVEL_COLUMNS)
    figure: Float64Array  # (L, FIGURE_COLUMNS)
    pools: tuple[StockPool, ...] = ()

    @property
    def series(self) -> int:
        return len(self.rule)

    def pool_of_series(self) -> npt.NDArray[Any]:
        """(K,) row of the pool whose demand a series is, -1 for that of a stock point."""
        rows = np.full(self.series, -1, np.int64)
        for row, pool in enumerate(self.pools):
            rows[pool.series] = row
        return rows
