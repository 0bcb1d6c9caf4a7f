"""The compiled part of forecasting: a bucket's demand is taken in, and levels are worked out anew.

docs/rules.md, section "Forecasts and computed levels". The rules themselves are in policies/: forecasting.py,
service_levels.py, pooled_stock.py.
"""

import math
from typing import Final

import numpy as np

from policies.forecasting import (
    AUTO,
    F_ASKED,
    F_BUCKETS,
    F_CLASS,
    F_FORECAST,
    F_METHOD,
    F_SQUARED_ERROR,
    demand_class,
    forecast,
    judge,
    observe,
)
from policies.pooled_stock import split, square_root_law
from policies.service_levels import (
    EMPIRICAL,
    NORMAL,
    NOTHING,
    POISSON,
    block_sums,
    cover_lot,
    discrete_reorder_point,
    economic_lot,
    empirical_reorder_point,
    normal_reorder_point,
    protection_demand,
)
from sim.columns import (
    P_COST_MILLI,
    P_FLAGS,
    P_GROUP,
    P_LOT,
    P_ORDER_UP_TO,
    P_REORDER_POINT,
    S_ASKED,
    SP_PERIODIC,
)
from sim.flow.agenda import want_review
from sim.flow.books import begin_days
from sim.flow.model import C_MEASURE_FROM_MS, C_NOW, FlowModel, model_at
from sim.forecast_plan import (
    FORM_BASE_STOCK,
    LOT_COVER,
    LOT_ECONOMIC,
    MEASURE_COVER,
    V_DISTRIBUTION,
    V_FORM,
    V_HOLDS,
    V_LOT,
    V_MEASURE,
    V_PERIODIC,
    V_POINT,
    V_POOL,
    V_SERIES,
    W_FACTOR,
    W_HOLDING,
    W_LEAD_TIME_MS,
    W_LEAD_TIME_VARIANCE,
    W_LOT,
    W_REVIEW_MS,
    W_SAFETY_DAYS,
    W_SAFETY_UNITS,
    W_TARGET,
    X_ALPHA,
    X_BETA,
    X_ERROR_WEIGHT,
    X_HISTORY,
    X_METHOD,
    X_SMOOTH,
)
from sim.forecasts.model import (
    B_DEMAND,
    B_DEMAND_VALUE,
    B_FORECAST,
    B_FORECAST_VALUE,
    G_FIRST_HOLDER,
    G_FIRST_MEMBER,
    G_LAST_HOLDER,
    G_SERIES,
    N_LOT,
    N_ORDER_UP_TO,
    N_REORDER_POINT,
    O_ALONE,
    O_DEVIATION,
    O_DEVIATIONS,
    O_LAW,
    O_SAFETY,
    ForecastModel,
    forecasts_at,
)
from sim.jit import compiled, int64

_DAY_MS: Final = 86_400_000.0
_YEAR_MS: Final = 365.0 * _DAY_MS
FEWEST_BLOCKS: Final = 4
"""Sums of past buckets that an empirical distribution needs; before, demand is taken as negative binomial."""


# --- a bucket ends ----------------------------------------------------------------------------------------------------


@compiled
def asked_so_far(f: ForecastModel, m: FlowModel, series: int) -> int:
    """Units that have been asked for at the stock points of a series since time 0."""
    asked = int64(0)
    for place in range(f.member_first[series], f.member_first[series + 1]):
        asked += m.state[f.member_point[place], S_ASKED]
    return asked


@compiled
def start_counting(forecasts: int, flow: int) -> None:
    """Let the next bucket begin now, without taking in what was asked for before."""
    f, m = forecasts_at(forecasts), model_at(flow)
    for series in range(len(f.series)):
        f.series[series, F_ASKED] = asked_so_far(f, m, series)


@compiled
def take_in(forecasts: int, flow: int, time: int, bucket_ms: int, history_buckets: int) -> None:
    """A bucket ends at `time`: compare its demand with the forecast, take it in, forecast the next one."""
    f, m = forecasts_at(forecasts), model_at(flow)
    f.group[:] = 0.0
    measured = time - bucket_ms >= m.clock[C_MEASURE_FROM_MS]
    for series in range(len(f.series)):
        row, rule = f.series[series], f.rule[series]
        asked = float(asked_so_far(f, m, series))
        demand = asked - row[F_ASKED]
        row[F_ASKED] = asked
        judge(row, demand, measured, rule[X_ERROR_WEIGHT])
        if f.member_first[series + 1] - f.member_first[series] == 1:
            _add_to_group(f, m, f.member_point[f.member_first[series]], demand, row[F_FORECAST])
        if rule[X_HISTORY] >= 0.0:
            ring = f.history[int(rule[X_HISTORY])]
            ring[int(row[F_BUCKETS]) % len(ring)] = demand
        observe(row, demand, rule[X_ALPHA], rule[X_BETA])
        row[F_CLASS] = demand_class(row)
        method = int(rule[X_METHOD])
        if method == AUTO:
            method = int(rule[X_SMOOTH + max(int(row[F_CLASS]), 0)])
        row[F_METHOD] = method
        if row[F_BUCKETS] >= history_buckets:
            row[F_FORECAST] = forecast(row, method, rule[X_BETA])


@compiled
def _add_to_group(f: ForecastModel, m: FlowModel, point: int, demand: float, expected: float) -> None:
    sums = f.group[m.parameter[point, P_GROUP]]
    cost = 0.001 * m.parameter[point, P_COST_MILLI]
    sums[B_DEMAND] += demand
    sums[B_FORECAST] += expected
    sums[B_DEMAND_VALUE] += cost * demand
    sums[B_FORECAST_VALUE] += cost * expected


# --- levels -----------------------------------------------------------------------------------------------------------


@compiled
def _lot(f: ForecastModel, number: int, per_ms: float) -> int:
    """Lot of a level: stated, so many days of the forecast, or economic."""
    rule, figure = f.level[number, V_LOT], f.figure[number]
    if rule == LOT_COVER:
        return cover_lot(per_ms * _DAY_MS, figure[W_LOT])
    if rule == LOT_ECONOMIC:
        return economic_lot(per_ms * _YEAR_MS, figure[W_LOT], figure[W_HOLDING])
    return max(int(figure[W_LOT]), 1)


@compiled
def _protecting(
    f: ForecastModel, number: int, series: int, lead_time: float, lead_time_variance: float, lot: int, bucket_ms: int
) -> tuple[int, float]:
    """Stock that reaches the level's target for a series' demand, and the mean demand it protects against."""
    row, figure, level = f.series[series], f.figure[number], f.level[number]
    per_ms = row[F_FORECAST] / bucket_ms
    distribution, target, measure = level[V_DISTRIBUTION], figure[W_TARGET], level[V_MEASURE]
    mean, variance = protection_demand(
        per_ms, row[F_SQUARED_ERROR] / bucket_ms, lead_time, lead_time_variance, figure[W_REVIEW_MS]
    )
    lot = max(lot, int(per_ms * figure[W_REVIEW_MS] + 0.5))
    if measure == MEASURE_COVER:
        safety = figure[W_SAFETY_UNITS] + figure[W_SAFETY_DAYS] * per_ms * _DAY_MS
        return int(mean + safety + 0.5), mean
    if distribution == EMPIRICAL and f.rule[series, X_HISTORY] >= 0.0:
        ring = f.history[int(f.rule[series, X_HISTORY])]
        block = max(int(math.ceil((lead_time + figure[W_REVIEW_MS]) / bucket_ms - 1e-9)), 1)
        seen = min(int(row[F_BUCKETS]), len(ring))
        if seen - block + 1 >= FEWEST_BLOCKS:
            oldest = (int(row[F_BUCKETS]) - seen) % len(ring)
            return empirical_reorder_point(block_sums(ring, oldest, seen, block), target, measure, lot), mean
    if distribution == NORMAL:
        return normal_reorder_point(mean, variance, target, measure, lot), mean
    if distribution == POISSON:
        variance = mean
    return discrete_reorder_point(mean, variance, target, measure, lot), mean


@compiled
def _set_level(f: ForecastModel, number: int, stock: int, lot: int) -> None:
    """The policy's numbers from the stock that protects: the reorder point, or under periodic review one above it."""
    new, form = f.new[number], f.level[number, V_FORM]
    if stock <= NOTHING:
        new[N_REORDER_POINT], new[N_ORDER_UP_TO], new[N_LOT] = -1, 0, lot
        return
    stock = int(math.floor(stock * f.figure[number, W_FACTOR] + 0.5))
    one_above = f.level[number, V_PERIODIC] == 1 or f.level[number, V_MEASURE] == MEASURE_COVER
    new[N_REORDER_POINT] = stock - 1 if one_above else stock
    new[N_LOT] = lot
    new[N_ORDER_UP_TO] = new[N_REORDER_POINT] + (1 if form == FORM_BASE_STOCK else lot)


@compiled
def work_out_levels(forecasts: int, bucket_ms: int) -> None:
    """Fill `new` (and `pool_out`) with the levels that follow from the forecasts in use."""
    f = forecasts_at(forecasts)
    for number in range(len(f.level)):
        series, figure = f.level[number, V_SERIES], f.figure[number]
        lot = _lot(f, number, f.series[series, F_FORECAST] / bucket_ms)
        stock, mean = _protecting(
            f, number, series, figure[W_LEAD_TIME_MS], figure[W_LEAD_TIME_VARIANCE], lot, bucket_ms
        )
        if f.level[number, V_POOL] >= 0 and f.level[number, V_HOLDS] == 0 and mean > 0.0:
            stock = int(mean + 0.5)  # its safety stock is held elsewhere
        _set_level(f, number, stock, lot)
    for pool in range(len(f.pool)):
        _work_out_pool(f, pool, bucket_ms)


@compiled
def _work_out_pool(f: ForecastModel, pool: int, bucket_ms: int) -> None:
    """One safety stock for the demand of all members, over the holders' mean protection time, split among them."""
    first, holder, last = f.pool[pool, G_FIRST_MEMBER], f.pool[pool, G_FIRST_HOLDER], f.pool[pool, G_LAST_HOLDER]
    weights = np.empty(last - holder)
    lead_time = 0.0
    lead_time_variance = 0.0
    lots = int64(0)
    for place in range(holder, last):
        number = f.pool_level[place]
        weights[place - holder] = f.series[f.level[number, V_SERIES], F_FORECAST]
        lots += f.new[number, N_LOT]
    whole = max(weights.sum(), 1e-300)
    for place in range(holder, last):
        figure = f.figure[f.pool_level[place]]
        lead_time += weights[place - holder] / whole * figure[W_LEAD_TIME_MS]
        lead_time_variance += weights[place - holder] / whole * figure[W_LEAD_TIME_VARIANCE]
    alone = 0.0
    deviations = 0.0
    chief = f.pool_level[holder]  # his target and review period are the pool's
    for place in range(first, holder):
        number = f.pool_level[place]
        series = f.level[number, V_SERIES]
        lot = f.new[number, N_LOT]
        stock, mean = _protecting(f, chief, series, lead_time, lead_time_variance, lot, bucket_ms)
        alone += max(stock - int(mean + 0.5), 0)
        deviations += math.sqrt(f.series[series, F_SQUARED_ERROR])
    series = f.pool[pool, G_SERIES]
    stock, mean = _protecting(f, chief, series, lead_time, lead_time_variance, lots, bucket_ms)
    safety = max(stock - int(mean + 0.5), 0)
    out = f.pool_out[pool]
    out[O_SAFETY] = safety
    out[O_ALONE] = alone
    out[O_LAW] = square_root_law(alone, holder - first)
    out[O_DEVIATION] = math.sqrt(f.series[series, F_SQUARED_ERROR])
    out[O_DEVIATIONS] = deviations
    parts = split(safety, weights)
    for place in range(holder, last):
        number = f.pool_level[place]
        own = f.series[f.level[number, V_SERIES]]
        figure = f.figure[number]
        protection = figure[W_LEAD_TIME_MS] + figure[W_REVIEW_MS]
        expected = int(own[F_FORECAST] / bucket_ms * protection + 0.5)
        stock = expected + parts[place - holder]
        _set_level(f, number, stock if stock > 0 else int64(NOTHING), f.new[number, N_LOT])


@compiled
def put_levels(forecasts: int, flow: int, time: int) -> None:
    """Let the new levels hold from now on: whoever is at or below his reorder point now is reviewed in phase 3."""
    f, m = forecasts_at(forecasts), model_at(flow)
    begin_days(m, time)
    m.clock[C_NOW] = time
    for number in range(len(f.level)):
        point = f.level[number, V_POINT]
        m.parameter[point, P_REORDER_POINT] = f.new[number, N_REORDER_POINT]
        m.parameter[point, P_ORDER_UP_TO] = f.new[number, N_ORDER_UP_TO]
        m.parameter[point, P_LOT] = f.new[number, N_LOT]
        if m.parameter[point, P_FLAGS] & SP_PERIODIC == 0:
            want_review(m, point)
