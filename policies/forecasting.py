"""Demand forecasts as recurrences: one observation of a bucket's demand in, one forecast per bucket out.

Simple exponential smoothing (Brown 1956), Croston (1972), the Syntetos-Boylan approximation (Syntetos and Boylan
2005) and TSB (Teunter, Syntetos and Babai 2011), started as statsforecast starts them, so that results agree. A series
is a row of numbers with the columns below. All four recurrences are carried along, so that the method can follow
the class of the demand (Syntetos, Boylan and Croston 2005) whenever that changes.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from policies.compilable import compilable

Row = NDArray[np.float64]

SES: Final = 0
CROSTON: Final = 1
SBA: Final = 2
TSB: Final = 3
METHODS: Final = ("ses", "croston", "sba", "tsb")
AUTO: Final = -1  # the method of the demand's class

SMOOTH: Final = 0
ERRATIC: Final = 1
INTERMITTENT: Final = 2
LUMPY: Final = 3
CLASSES: Final = ("smooth", "erratic", "intermittent", "lumpy")

INTERVAL_LIMIT: Final = 1.32
"""Mean number of buckets between demands above which a series is intermittent or lumpy."""
VARIATION_LIMIT: Final = 0.49
"""Squared coefficient of variation of the sizes above which a series is erratic or lumpy."""

# --- what is known of a series (float64); quantities in item units --------------------------------------------------
F_BUCKETS: Final = 0  # buckets observed
F_LEVEL: Final = 1  # SES: smoothed demand per bucket
F_SIZE: Final = 2  # Croston, SBA, TSB: smoothed size of a bucket with demand
F_INTERVAL: Final = 3  # Croston, SBA: smoothed buckets from one demand to the next
F_SINCE: Final = 4  # buckets since the last one with demand
F_PROBABILITY: Final = 5  # TSB: smoothed share of buckets with demand
F_DEMANDS: Final = 6  # buckets with demand
F_SIZE_SUM: Final = 7
F_SIZE_SQUARES: Final = 8
F_FORECAST: Final = 9  # demand forecast for the present bucket
F_SQUARED_ERROR: Final = 10  # mean of the squared forecast errors, older ones discounted
F_LAST: Final = 11  # demand of the last bucket
F_MEASURED: Final = 12  # buckets in the sums below: whole ones since the end of the warm-up
F_DEMAND_SUM: Final = 13
F_FORECAST_SUM: Final = 14
F_ERROR_ABSOLUTE: Final = 15  # |forecast - demand|, summed
F_NAIVE_ABSOLUTE: Final = 16  # |demand - demand of the bucket before|, summed
F_ASKED: Final = 17  # units asked for up to the last bucket end
F_METHOD: Final = 18  # the method in use, a code of METHODS
F_CLASS: Final = 19  # a code of CLASSES; -1: no demand so far
FORECAST_COLUMNS: Final = 24


@compilable
def smoothed(old: float, observed: float, weight: float) -> float:
    """Exponential smoothing: `weight` of the new observation, the rest of what was."""
    return weight * observed + (1.0 - weight) * old


@compilable
def observe(row: Row, demand: float, alpha: float, beta: float) -> None:
    """Take in the demand of a bucket.

    `alpha` is the weight of the newest demand (or size), `beta` of the newest interval (Croston, SBA) or of whether
    there was demand (TSB).
    """
    first = row[F_BUCKETS] == 0.0
    occurred = 1.0 if demand > 0.0 else 0.0
    row[F_LEVEL] = demand if first else smoothed(row[F_LEVEL], demand, alpha)
    row[F_PROBABILITY] = occurred if first else smoothed(row[F_PROBABILITY], occurred, beta)
    row[F_SINCE] += 1.0
    if demand > 0.0:
        if row[F_DEMANDS] == 0.0:
            row[F_SIZE] = demand
            row[F_INTERVAL] = row[F_SINCE]
        else:
            row[F_SIZE] = smoothed(row[F_SIZE], demand, alpha)
            row[F_INTERVAL] = smoothed(row[F_INTERVAL], row[F_SINCE], beta)
        row[F_SINCE] = 0.0
        row[F_DEMANDS] += 1.0
        row[F_SIZE_SUM] += demand
        row[F_SIZE_SQUARES] += demand * demand
    row[F_LAST] = demand
    row[F_BUCKETS] += 1.0


@compilable
def forecast(row: Row, method: int, beta: float) -> float:
    """Demand per bucket to expect from now on; 0 while there has been none."""
    if method == SES:
        return float(row[F_LEVEL])
    if method == TSB:
        return float(row[F_PROBABILITY] * row[F_SIZE])
    if row[F_DEMANDS] == 0.0:
        return 0.0
    rate = float(row[F_SIZE] / row[F_INTERVAL])
    return rate * (1.0 - 0.5 * beta) if method == SBA else rate


@compilable
def demand_class(row: Row) -> int:
    """The class of the series so far, -1 without any demand (Syntetos, Boylan and Croston 2005).

    The mean interval is buckets / buckets with demand; the variation of the sizes is their sample variance over
    their squared mean (0 for a single one). A figure that equals its limit counts as below.
    """
    count = row[F_DEMANDS]
    if count == 0.0:
        return -1
    variation = 0.0
    if count > 1.0:
        mean = row[F_SIZE_SUM] / count
        variance = max((row[F_SIZE_SQUARES] - count * mean * mean) / (count - 1.0), 0.0)
        variation = variance / (mean * mean)
    seldom = row[F_BUCKETS] / count > INTERVAL_LIMIT
    if variation > VARIATION_LIMIT:
        return LUMPY if seldom else ERRATIC
    return INTERMITTENT if seldom else SMOOTH


@compilable
def judge(row: Row, demand: float, measured: bool, weight: float) -> None:
    """Compare a bucket's demand with what had been forecast for it; call before `observe`.

    The mean squared error is the plain mean of the errors so far, until the newest has no more than `weight`; from
    there on it is smoothed with that weight. `measured` buckets also count for bias and MASE.
    """
    error = row[F_FORECAST] - demand
    count = row[F_BUCKETS] + 1.0
    row[F_SQUARED_ERROR] = smoothed(row[F_SQUARED_ERROR], error * error, max(weight, 1.0 / count))
    if measured and row[F_BUCKETS] > 0.0:
        row[F_MEASURED] += 1.0
        row[F_DEMAND_SUM] += demand
        row[F_FORECAST_SUM] += row[F_FORECAST]
        row[F_ERROR_ABSOLUTE] += abs(error)
        row[F_NAIVE_ABSOLUTE] += abs(demand - row[F_LAST])
