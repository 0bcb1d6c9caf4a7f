"""What policies with computed levels need in a run: series to forecast, levels to work out, and the first levels.

Works on the finished network: it is given the stock points of each such policy, makes plans of them, and returns the
network with these plans and with the levels that hold at the start.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from policies.computed import Computed, OrderOnForecast, WorkedOut
from policies.forecasting import AUTO, METHODS
from policies.pooled_stock import pooled_variance
from policies.service_levels import DISTRIBUTIONS, EMPIRICAL, MEASURES
from policies.units import Cover
from sim import columns as c
from sim import forecast_plan as fp
from sim.build.moments import lead_time_moments, review_period_ms
from sim.forecast_plan import ForecastPlan, StockPool
from sim.network import Float64Array, Int64Array, Network
from sim.units import MS_PER_DAY

_FORMS = {"s_S": fp.FORM_ORDER_UP_TO, "r_nQ": fp.FORM_LOT, "base_stock": fp.FORM_BASE_STOCK}
_BLOCKS = 8
"""An empirical distribution keeps so many buckets more than it adds up, at least."""


@dataclass(frozen=True)
class WorkedOutPoints:
    """The stock points that follow a policy."""

    policy: WorkedOut
    points: Int64Array
    units: Int64Array  # (K,) the policy's stated quantity (lot or safety stock) in each item's unit, 0 for none


def with_forecasts(network: Network, chosen: Iterable[WorkedOutPoints], stock_factor: float = 1.0) -> Network:
    """The network with the plans for the given policies, and with their levels at the start.

    What is worked out is multiplied by `stock_factor` before it holds; lots are left alone.
    """
    plans: dict[tuple[int, int, int], list[WorkedOutPoints]] = {}
    for one in chosen:
        settings = one.policy.forecast
        plans.setdefault((settings.bucket, one.policy.recompute_buckets, settings.history), []).append(one)
    if not plans:
        return network
    parameter = network.parameter.copy()
    made: list[ForecastPlan] = []
    for entries in plans.values():
        first = sum(plan.series for plan in made)
        plan = _plan(network, entries)
        plan.figure[:, fp.W_FACTOR] = stock_factor
        levels = start_levels(plan)
        points = plan.level[:, fp.V_POINT]
        parameter[points, c.P_FORECAST] = first + plan.level[:, fp.V_SERIES]
        for column, values in zip((c.P_REORDER_POINT, c.P_ORDER_UP_TO, c.P_LOT), levels.T, strict=True):
            parameter[points, column] = values
        made.append(plan)
    return replace(network, parameter=parameter, forecasts=tuple(made))


def start_levels(plan: ForecastPlan) -> Int64Array:
    """(L, 3) reorder point, order-up-to level and lot of each level from the stated figures alone."""
    from sim.forecasts.model import new_forecasts
    from sim.forecasts.update import work_out_levels

    forecasts = new_forecasts(plan, 0)
    work_out_levels(forecasts.address, plan.bucket_ms)
    return forecasts.new.copy()


def _plan(network: Network, entries: list[WorkedOutPoints]) -> ForecastPlan:
    settings = entries[0].policy.forecast
    points = np.concatenate([one.points for one in entries])
    order = np.argsort(points, kind="stable")
    rule = np.concatenate([_rules(network, one) for one in entries])[order]
    level = np.concatenate([_levels(network, one) for one in entries])[order]
    figure = np.concatenate([_figures(network, one) for one in entries])[order]
    level[:, fp.V_SERIES] = np.arange(len(points))
    empirical = level[:, fp.V_DISTRIBUTION] == EMPIRICAL
    rule[:, fp.X_HISTORY] = np.where(empirical, np.cumsum(empirical) - 1, -1)
    members = [np.array([point]) for point in level[:, fp.V_POINT]]
    pools = tuple(_pools(network, entries, level))
    for number, pool in enumerate(pools):
        members.append(level[pool.members, fp.V_POINT])
        rule = np.vstack([rule, _pool_rule(rule, pool)])
        level[pool.members, fp.V_POOL] = number
        level[pool.holders, fp.V_POOL] = number
        level[pool.holders, fp.V_HOLDS] = 1
    return ForecastPlan(
        bucket_ms=settings.bucket,
        recompute_buckets=entries[0].policy.recompute_buckets,
        history_buckets=settings.history,
        member_first=np.cumsum([0, *(len(one) for one in members)]).astype(np.int64),
        member_point=np.concatenate(members).astype(np.int64),
        rule=rule,
        ring_buckets=_ring_buckets(entries, level, figure),
        level=level,
        figure=figure,
        pools=pools,
    )


def _ring_buckets(entries: list[WorkedOutPoints], level: Int64Array, figure: Float64Array) -> int:
    windows = [one.policy.window for one in entries if isinstance(one.policy, Computed)]
    empirical = level[:, fp.V_DISTRIBUTION] == EMPIRICAL
    if not empirical.any():
        return 0
    longest = (figure[empirical, fp.W_LEAD_TIME_MS] + figure[empirical, fp.W_REVIEW_MS]).max()
    return max(*windows, int(longest / entries[0].policy.forecast.bucket) + _BLOCKS)


def _rules(network: Network, one: WorkedOutPoints) -> Float64Array:
    settings = one.policy.forecast
    rule = np.zeros((len(one.points), fp.RULE_COLUMNS))
    rule[:, fp.X_METHOD] = AUTO if settings.method == "auto" else METHODS.index(settings.method)
    by_class = settings.by_class
    names = (by_class.smooth, by_class.erratic, by_class.intermittent, by_class.lumpy)
    rule[:, fp.X_SMOOTH : fp.X_SMOOTH + 4] = [METHODS.index(name) for name in names]
    rule[:, fp.X_ALPHA], rule[:, fp.X_BETA] = settings.alpha, settings.beta
    rule[:, fp.X_ERROR_WEIGHT] = settings.error_weight
    mean = network.mean_demand_per_day[one.points] * (settings.bucket / MS_PER_DAY)
    rule[:, fp.X_START_FORECAST] = mean
    rule[:, fp.X_START_VARIANCE] = mean * settings.variance_to_mean
    rule[:, fp.X_HISTORY] = -1
    return rule


def _levels(network: Network, one: WorkedOutPoints) -> Int64Array:
    policy = one.policy
    level = np.zeros((len(one.points), fp.LEVEL_COLUMNS), np.int64)
    level[:, fp.V_POINT] = one.points
    level[:, fp.V_POOL] = -1
    level[:, fp.V_PERIODIC] = (network.parameter[one.points, c.P_FLAGS] & c.SP_PERIODIC) != 0
    if isinstance(policy, Computed):
        level[:, fp.V_FORM] = _FORMS[policy.form]
        level[:, fp.V_DISTRIBUTION] = DISTRIBUTIONS.index(policy.distribution)
        level[:, fp.V_MEASURE] = MEASURES.index(policy.measure)
        if policy.form != "base_stock":
            by_cover = fp.LOT_COVER if isinstance(policy.lot, Cover) else fp.LOT_FIXED
            level[:, fp.V_LOT] = fp.LOT_ECONOMIC if policy.lot == "eoq" else by_cover
    else:
        level[:, fp.V_FORM] = fp.FORM_BASE_STOCK
        level[:, fp.V_MEASURE] = fp.MEASURE_COVER
    return level


def _figures(network: Network, one: WorkedOutPoints) -> Float64Array:
    policy, points = one.policy, one.points
    figure = np.zeros((len(points), fp.FIGURE_COLUMNS))
    lead_time, variance = lead_time_moments(network)
    lane = network.parameter[points, c.P_LANE]
    figure[:, fp.W_LEAD_TIME_MS] = lead_time[lane]
    figure[:, fp.W_LEAD_TIME_VARIANCE] = variance[lane]
    periodic = (network.parameter[points, c.P_FLAGS] & c.SP_PERIODIC) != 0
    figure[:, fp.W_REVIEW_MS] = np.where(periodic, review_period_ms(network)[network.parameter[points, c.P_NODE]], 0.0)
    if isinstance(policy, Computed):
        _figures_of_computed(network, policy, one, figure, lane)
    elif isinstance(policy, OrderOnForecast):
        if policy.protection is not None:
            figure[:, fp.W_LEAD_TIME_MS], figure[:, fp.W_REVIEW_MS] = policy.protection, 0.0
        figure[:, fp.W_SAFETY_UNITS] = one.units
        if isinstance(policy.safety, Cover):
            figure[:, fp.W_SAFETY_DAYS] = policy.safety.ms / MS_PER_DAY
    return figure


def _figures_of_computed(
    network: Network, policy: Computed, one: WorkedOutPoints, figure: Float64Array, lane: Int64Array
) -> None:
    items = network.parameter[one.points, c.P_ITEM]
    classes, critical = network.item_class[items].tolist(), network.item_critical[items].tolist()
    figure[:, fp.W_TARGET] = [policy.target.of(*both) for both in zip(classes, critical, strict=True)]
    if policy.form == "base_stock":
        figure[:, fp.W_LOT] = 1.0
    elif policy.lot == "eoq":
        figure[:, fp.W_LOT] = np.array([one_lane.cost_per_order for one_lane in network.lanes])[lane]
        figure[:, fp.W_HOLDING] = network.item_cost_milli[items] / 1000.0 * network.holding_rate_per_year
    else:
        figure[:, fp.W_LOT] = policy.lot.ms / MS_PER_DAY if isinstance(policy.lot, Cover) else one.units


def _pools(network: Network, entries: list[WorkedOutPoints], level: Int64Array) -> Iterator[StockPool]:
    """Pools by name, then item; their series come after those of the stock points."""
    row_of = {point: row for row, point in enumerate(level[:, fp.V_POINT].tolist())}
    found: dict[tuple[str, int], list[Any]] = {}
    for one in entries:
        pooled = one.policy.pooled_safety if isinstance(one.policy, Computed) else None
        if pooled is None:
            continue
        for point in one.points.tolist():
            key = (pooled.pool, int(network.parameter[point, c.P_ITEM]))
            members, holders, correlation = found.setdefault(key, [[], [], []])
            (holders if pooled.holds else members).append(row_of[point])
            correlation.append(pooled.correlation)
    series = len(level)
    for (name, item), (members, holders, correlation) in sorted(found.items()):
        if not members:
            continue  # who holds for nobody keeps its own safety stock
        rows = np.array(sorted(members), np.int64)
        kept = np.array(sorted(holders), np.int64) if holders else rows
        yield StockPool(name, item, series, rows, kept, correlation[0])
        series += 1


def _pool_rule(rule: Float64Array, pool: StockPool) -> Float64Array:
    row: Float64Array = rule[pool.members[0]].copy()
    row[fp.X_START_FORECAST] = rule[pool.members, fp.X_START_FORECAST].sum()
    row[fp.X_START_VARIANCE] = pooled_variance(rule[pool.members, fp.X_START_VARIANCE], pool.correlation)
    row[fp.X_HISTORY] = -1
    return row
