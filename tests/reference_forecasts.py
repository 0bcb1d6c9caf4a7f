"""Forecasts and computed levels of the plain reference model: whole histories as lists, quantiles from scipy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scipy import stats

from sim import columns as c
from sim import forecast_plan as fp
from sim.forecast_plan import ForecastPlan
from tests.reference_objects import StockPoint

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

DAY_MS = 86_400_000


def half_up(value: float) -> int:
    return math.floor(value + 0.5)


def ses(demand: list[float], alpha: float) -> float:
    level = demand[0]
    for d in demand[1:]:
        level = alpha * d + (1 - alpha) * level
    return level


def sizes_and_intervals(demand: list[float]) -> tuple[list[float], list[float]]:
    """Demands above zero, and the buckets from each to the next (the first: from the start)."""
    at = [place for place, d in enumerate(demand) if d > 0]
    return [demand[place] for place in at], [float(b - a) for a, b in zip([-1, *at], at, strict=False)]


def class_of(demand: list[float]) -> int:
    """0 smooth, 1 erratic, 2 intermittent, 3 lumpy."""
    sizes, _ = sizes_and_intervals(demand)
    if not sizes:
        return 0
    mean = sum(sizes) / len(sizes)
    squares = sum(size * size for size in sizes)
    variance = max((squares - len(sizes) * mean * mean) / (len(sizes) - 1), 0.0) if len(sizes) > 1 else 0.0
    return (2 if len(demand) / len(sizes) > 1.32 else 0) + (1 if variance / (mean * mean) > 0.49 else 0)


@dataclass
class Series:
    """The demand of some stock points together."""

    points: list[StockPoint]
    rule: list[float]
    demand: list[float] = field(default_factory=list)
    forecast: float = 0.0
    squared_error: float = 0.0
    asked: int = 0

    def method(self) -> int:
        method = int(self.rule[fp.X_METHOD])
        return int(self.rule[fp.X_SMOOTH + class_of(self.demand)]) if method < 0 else method

    def expect(self) -> float:
        """What the method says of the next bucket."""
        method, alpha, beta = self.method(), self.rule[fp.X_ALPHA], self.rule[fp.X_BETA]
        if method == 0:
            return ses(self.demand, alpha)
        sizes, intervals = sizes_and_intervals(self.demand)
        if not sizes:
            return 0.0
        if method == 3:
            return ses([float(d > 0) for d in self.demand], beta) * ses(sizes, alpha)
        rate = ses(sizes, alpha) / ses(intervals, beta)
        return rate * (1 - 0.5 * beta) if method == 2 else rate

    def take_in(self, demand: float, history: int) -> None:
        error = self.forecast - demand
        self.demand.append(demand)
        weight = max(self.rule[fp.X_ERROR_WEIGHT], 1 / len(self.demand))
        self.squared_error = weight * (error * error) + (1 - weight) * self.squared_error
        if len(self.demand) >= history:
            self.forecast = self.expect()


def smallest(law: stats.rv_discrete | stats.rv_continuous, target: float, by_fill_rate: bool, lot: int) -> int:
    """Smallest whole number from 0 that reaches the target, by trying them in turn."""
    discrete = hasattr(law.dist, "pmf")
    if not by_fill_rate:
        return max(math.ceil(law.ppf(target)), 0)
    if discrete:
        served = [float(law.cdf(y)) for y in range(lot)]
        stock = 0
        while sum(served) / lot < target - 1e-13:
            served = [*served[1:], float(law.cdf(stock + lot))]
            stock += 1
        return stock
    mean, deviation = law.mean(), law.std()

    def waiting(y: float) -> float:
        z = (y - mean) / deviation
        return float(deviation * (stats.norm.pdf(z) - z * stats.norm.sf(z)))

    stock = 0
    while waiting(stock) - waiting(stock + lot) > (1 - target) * lot:
        stock += 1
    return stock


class PlainForecasts:
    """Everything that is forecast in a run of the reference model."""

    def __init__(self, model: ReferenceModel) -> None:
        for plan in model.network.forecasts:
            PlainPlan(model, plan)


class PlainPlan:
    """One plan: its series, and the levels that follow from them."""

    def __init__(self, model: ReferenceModel, plan: ForecastPlan) -> None:
        self.model, self.plan = model, plan
        self.series: list[Series] = []
        for row, rule in enumerate(plan.rule.tolist()):
            members = plan.member_point[plan.member_first[row] : plan.member_first[row + 1]].tolist()
            points = [model.points[point] for point in members]
            forecast, variance = rule[fp.X_START_FORECAST], rule[fp.X_START_VARIANCE]
            self.series.append(Series(points, rule, forecast=forecast, squared_error=variance))
        place = model.process_place(0)
        for bucket in range(1, -(-model.network.horizon_ms // plan.bucket_ms)):
            model.at(bucket * plan.bucket_ms, c.PHASE_RETURN, 0, place, lambda bucket=bucket: self._end(bucket))

    def _asked(self, point: StockPoint) -> int:
        """All that has been asked for at a stock point so far, read from log and orders."""
        at = (point.node, point.item)
        here = [(event, q) for _, _, node, item, event, q, _ in self.model.events if (node, item) == at]
        customers = sum(q for event, q in here if event == c.E_DEMAND)
        customers -= sum(q for event, q in here if event == c.E_REFUSED)
        ordered = [o.quantity for o in self.model.orders if o.source == point.row and o.placed_ms >= 0 and not o.coming]
        return customers + sum(ordered)

    def _end(self, bucket: int) -> None:
        for series in self.series:
            asked = sum(self._asked(point) for point in series.points)
            series.take_in(float(asked - series.asked), self.plan.history_buckets)
            series.asked = asked
        history, every = self.plan.history_buckets, self.plan.recompute_buckets
        if bucket == history if every == 0 else (bucket >= history and bucket % every == 0):
            self._set_levels()

    # --- levels --------------------------------------------------------------------------------------------------
    def _lot(self, level: int) -> int:
        rule, figure = self.plan.level[level], self.plan.figure[level]
        per_ms = self.series[rule[fp.V_SERIES]].forecast / self.plan.bucket_ms
        if rule[fp.V_LOT] == fp.LOT_COVER:
            return max(half_up(per_ms * DAY_MS * figure[fp.W_LOT]), 1)
        if rule[fp.V_LOT] == fp.LOT_ECONOMIC:
            if figure[fp.W_HOLDING] == 0:
                return 1
            yearly = per_ms * 365 * DAY_MS
            return max(half_up(math.sqrt(2 * yearly * figure[fp.W_LOT] / figure[fp.W_HOLDING])), 1)
        return max(int(figure[fp.W_LOT]), 1)

    def _mean(self, level: int, series: Series, lead_time: float) -> float:
        return series.forecast / self.plan.bucket_ms * (lead_time + self.plan.figure[level, fp.W_REVIEW_MS])

    def _stock(self, level: int, series: Series, lead_time: float, variance: float, lot: int) -> int:
        """What reaches the target of a level for the demand of a series."""
        rule, figure, bucket = self.plan.level[level], self.plan.figure[level], self.plan.bucket_ms
        per_ms, review = series.forecast / bucket, figure[fp.W_REVIEW_MS]
        mean = self._mean(level, series, lead_time)
        if rule[fp.V_MEASURE] == fp.MEASURE_COVER:
            return half_up(mean + (figure[fp.W_SAFETY_UNITS] + figure[fp.W_SAFETY_DAYS] * per_ms * DAY_MS))
        spread = series.squared_error / bucket * (lead_time + review) + per_ms * per_ms * variance
        lot = max(lot, half_up(per_ms * review))
        target, fill = float(figure[fp.W_TARGET]), rule[fp.V_MEASURE] == 1
        distribution = rule[fp.V_DISTRIBUTION]
        if distribution == 3 and series.rule[fp.X_HISTORY] >= 0:
            block = max(math.ceil((lead_time + review) / bucket - 1e-9), 1)
            past = series.demand[-self.plan.ring_buckets :]
            sums = sorted(sum(past[at : at + block]) for at in range(len(past) - block + 1))
            if len(sums) >= 4:
                return self._empirical(sums, target, fill, lot)
        if mean <= 0:
            return -1
        if distribution == 2:
            law = stats.norm(mean, math.sqrt(spread))
            return smallest(law, target, fill, lot) if spread > 0 else math.ceil(mean)
        if distribution == 0 or spread <= mean * (1 + 1e-9):
            return smallest(stats.poisson(mean), target, fill, lot)
        return smallest(stats.nbinom(mean * mean / (spread - mean), mean / spread), target, fill, lot)

    @staticmethod
    def _empirical(sums: list[float], target: float, fill: bool, lot: int) -> int:
        if sums[-1] == 0:
            return -1
        if not fill:
            return int(sums[max(math.ceil(target * len(sums) - 1e-9), 1) - 1])
        stock = 0
        while sum(min(max(one - stock, 0), lot) for one in sums) > (1 - target) * lot * len(sums):
            stock += 1
        return stock

    def _set_levels(self) -> None:
        plan = self.plan
        stocks: dict[int, int] = {}
        lots = {level: self._lot(level) for level in range(len(plan.level))}
        for level, rule in enumerate(plan.level):
            series, figure = self.series[rule[fp.V_SERIES]], plan.figure[level]
            lead_time, variance = figure[fp.W_LEAD_TIME_MS], figure[fp.W_LEAD_TIME_VARIANCE]
            stocks[level] = self._stock(level, series, lead_time, variance, lots[level])
            if rule[fp.V_POOL] >= 0 and series.forecast > 0:
                stocks[level] = half_up(self._mean(level, series, lead_time))
        for pool in plan.pools:
            stocks.update(self._pooled(pool.series, pool.holders.tolist(), lots))
        for level, rule in enumerate(plan.level):
            stock = stocks[level]
            if stock >= 0:
                stock = half_up(stock * float(self.plan.figure[level, fp.W_FACTOR]))
            self._put(self.model.points[rule[fp.V_POINT]], rule, stock, lots[level])

    def _pooled(self, series: int, holders: list[int], lots: dict[int, int]) -> dict[int, int]:
        plan = self.plan
        own = [self.series[plan.level[holder, fp.V_SERIES]] for holder in holders]
        whole = sum(one.forecast for one in own)
        shares = [one.forecast / whole if whole > 0 else 0.0 for one in own]
        figures = [plan.figure[holder] for holder in holders]
        lead_time = sum(share * f[fp.W_LEAD_TIME_MS] for share, f in zip(shares, figures, strict=True))
        variance = sum(share * f[fp.W_LEAD_TIME_VARIANCE] for share, f in zip(shares, figures, strict=True))
        chief, pooled = holders[0], self.series[series]
        stock = self._stock(chief, pooled, lead_time, variance, sum(lots[holder] for holder in holders))
        safety = max(stock - half_up(self._mean(chief, pooled, lead_time)), 0)
        exact = [safety * one.forecast / whole if whole > 0 else 0.0 for one in own]
        parts = [int(part) for part in exact]
        order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
        for place in order[: safety - sum(parts)]:
            parts[place] += 1
        found = {}
        for holder, one, part in zip(holders, own, parts, strict=True):
            q = half_up(self._mean(holder, one, float(plan.figure[holder, fp.W_LEAD_TIME_MS]))) + part
            found[holder] = q if q > 0 else -1
        return found

    def _put(self, point: StockPoint, rule: list[int], q: int, lot: int) -> None:
        point.lot_size = lot
        if q < 0:
            point.reorder_point, point.order_up_to = -1, 0
        else:
            one_above = rule[fp.V_PERIODIC] or rule[fp.V_MEASURE] == fp.MEASURE_COVER
            point.reorder_point = q - 1 if one_above else q
            point.order_up_to = point.reorder_point + (1 if rule[fp.V_FORM] == fp.FORM_BASE_STOCK else lot)
        if point.position <= point.reorder_point:
            self.model.ordering.ask_for_review(point)
