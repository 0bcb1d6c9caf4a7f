"""The forecasts of the Croston family on intermittent demand."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from policies import forecasting
from sim.jit import compiled
from sim.network import Float64Array
from sim.verify.formulas import forecasts
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import mean_estimate
from sim.verify.sources import BROWN, CROSTON, SYNTETOS_BOYLAN, TEUNTER_SYNTETOS_BABAI

MEAN_SIZE: Final = 5.0
SETTINGS: Final = ((4.0, 0.2), (2.5, 0.1))
"""Mean interval between periods with demand, and the smoothing constant of sizes, intervals and chances."""

BUCKETS, WARM_UP_BUCKETS = 2000, 500
METHODS: Final = (forecasting.SES, forecasting.CROSTON, forecasting.SBA, forecasting.TSB)


@case("Croston family", CROSTON)
def intermittent_demand(effort: Effort) -> Iterator[Check]:
    """Mean forecasts of demand in each period with a constant chance: Croston's is too high, TSB's is right."""
    for interval, smoothing in SETTINGS:
        demand = _intermittent(effort.seed, interval, effort.copies(600))
        means = _mean_forecasts(demand, smoothing, WARM_UP_BUCKETS)
        ses, croston, sba, tsb = (mean_estimate(means[:, place]) for place in range(len(METHODS)))
        what = f"interval {interval:g}, smoothing {smoothing:g}"
        exact = forecasts.croston(MEAN_SIZE, interval, smoothing)
        corrected = forecasts.sba(MEAN_SIZE, interval, smoothing)
        unbiased = forecasts.tsb(MEAN_SIZE, interval)
        taylor = forecasts.croston_by_taylor(MEAN_SIZE, interval, smoothing)
        yield Check(f"SES, {what}", MEAN_SIZE / interval, ses, BROWN)
        yield Check(f"Croston, {what}", exact, croston, SYNTETOS_BOYLAN)
        yield Check(f"Croston by a Taylor series, {what}", taylor, croston, SYNTETOS_BOYLAN, information=True)
        yield Check(f"Croston without its bias, {what}", unbiased, croston, information=True)
        yield Check(f"SBA, {what}", corrected, sba, SYNTETOS_BOYLAN)
        yield Check(f"SBA without its bias, {what}", unbiased, sba, SYNTETOS_BOYLAN, information=True)
        yield Check(f"TSB, {what}", unbiased, tsb, TEUNTER_SYNTETOS_BABAI)


def _intermittent(seed: int, interval: float, series: int) -> Float64Array:
    """Demand of each bucket, (series, BUCKETS): none, or 1 + a Poisson number."""
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, round(1000 * interval)))))
    sizes = 1 + random.poisson(MEAN_SIZE - 1, (series, BUCKETS))
    return np.where(random.random((series, BUCKETS)) < 1 / interval, sizes, 0).astype(np.float64)


def _mean_forecasts(demand: Float64Array, smoothing: float, warm_up: int) -> Float64Array:
    """Mean forecast of each series after the warm-up, a column per method of METHODS."""
    means: Float64Array = np.zeros((len(demand), len(METHODS)))
    _add_forecasts(demand, smoothing, warm_up, np.array(METHODS), means)
    means /= demand.shape[1] - warm_up
    return means


@compiled
def _add_forecasts(demand: Any, smoothing: float, warm_up: int, methods: Any, sums: Any) -> None:
    """Run every method's recurrence over each series; its forecasts for the buckets after the warm-up, summed."""
    for series in range(demand.shape[0]):
        row = np.zeros(forecasting.FORECAST_COLUMNS)
        for bucket in range(demand.shape[1]):
            if bucket >= warm_up:
                for place in range(len(methods)):
                    sums[series, place] += forecasting.forecast(row, methods[place], smoothing)
            forecasting.observe(row, demand[series, bucket], smoothing, smoothing)
