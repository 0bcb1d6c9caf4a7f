"""The formulas of the verification page, against each other, against figures by hand and against plain sampling."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import integrate, stats

from sim.verify.formulas import forecasts, normal_demand
from sim.verify.formulas.distributions import mean_of, poisson
from sim.verify.formulas.lateral import LateralPool
from sim.verify.formulas.normal_demand import Newsvendor, normal_loss, periodic_base_stock
from sim.verify.formulas.one_echelon import erlang_loss, performance
from sim.verify.formulas.serial import Series
from sim.verify.formulas.two_echelons import TwoEchelons
from sim.verify.samples import MeanEstimate, mean_estimate, ratio_estimate

pytestmark = pytest.mark.theory

SURE = 1 - 1e-5  # one interval of a fixed seed


# --- normal demand ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", [60.0, 100.0, 131.0])
def test_normal_loss_is_the_integral_it_stands_for(level: float) -> None:
    expected, _ = integrate.quad(lambda d: (d - level) * stats.norm.pdf(d, 100, 20), level, 300)
    assert normal_loss(100, 20, level) == pytest.approx(expected, rel=1e-9)


def test_normal_loss_without_spread() -> None:
    assert normal_loss(10, 0, 7) == 3
    assert normal_loss(10, 0, 12) == 0


def test_the_critical_ratio_has_the_least_cost() -> None:
    paper = Newsvendor(1000, 150, overage=1, underage=4)
    best = paper.best_level()
    assert stats.norm.cdf(best, 1000, 150) == pytest.approx(0.8)
    assert paper.cost(best) == pytest.approx(paper.least_cost(), rel=1e-12)
    assert min(paper.cost(best - 5), paper.cost(best + 5)) > paper.least_cost()


def test_reviewing_every_period_is_the_newsvendor() -> None:
    paper = Newsvendor(1000, 150, overage=1, underage=4)
    result = periodic_base_stock(1000, 150, 1100, review_periods=1, lead_periods=1)
    assert result.on_hand == pytest.approx(paper.left(1100))
    assert result.backorders == pytest.approx(paper.short(1100))
    assert result.fill_rate == pytest.approx(1 - paper.short(1100) / 1000)


def test_periodic_base_stock_against_plain_sampling() -> None:
    """Day by day: goods arrive, customers come, and every third day the position is filled up."""
    review, lead, level, runs, days, warm_up = 3, 2, 420.0, 4000, 33, 12
    random = np.random.default_rng(7)
    net, pipeline = np.full(runs, level), np.zeros((lead + 1, runs))
    on_hand, at_once, demanded = np.zeros((3, runs))
    for day in range(days):
        net += pipeline[0]
        pipeline = np.roll(pipeline, -1, axis=0)
        pipeline[-1] = 0
        demand = random.normal(100, 15, runs)
        if day >= warm_up:
            at_once += np.minimum(demand, np.maximum(net, 0))
            demanded += demand
        net -= demand
        if day % review == 0:
            pipeline[lead - 1] = level - net - pipeline.sum(axis=0)
        if day >= warm_up:
            on_hand += np.maximum(net, 0) / (days - warm_up)
    expected = periodic_base_stock(100, 15, level, review, lead)
    assert mean_estimate(on_hand).interval(SURE).contains(expected.on_hand)
    fill = ratio_estimate(at_once, demanded)
    assert fill.interval(SURE).contains(expected.fill_rate)
    assert not fill.interval(SURE).contains(periodic_base_stock(100, 15, level, review, lead + 1).fill_rate)


def test_pooled_deviation_between_its_extremes() -> None:
    assert normal_demand.pooled_deviation(10, 4) == pytest.approx(20)
    assert normal_demand.pooled_deviation(10, 4, 1.0) == pytest.approx(40)
    assert normal_demand.pooled_deviation(10, 4, -1 / 3) == pytest.approx(0, abs=1e-6)
    assert normal_demand.square_root_law(40, 4, 1) == pytest.approx(20)


# --- serial systems ---------------------------------------------------------------------------------------------------
CHAIN = Series(1.0, (1.0, 2.0, 3.0), (1.0, 0.5, 0.25), 20.0)


def cost_by_balance(chain: Series, echelon_levels: tuple[int, ...]) -> float:
    """Cost from the mean stock and debts of each stage, worked out from the top down."""
    levels = chain.installation_levels(echelon_levels)
    useful = np.cumsum(levels)
    owed, cost = np.ones(1), 0.0
    for stage in reversed(range(len(levels))):
        on_the_way = chain.rate_per_day * chain.lead_days[stage]
        cost += chain.echelon_holding[stage] * (useful[stage] - mean_of(owed) - on_the_way)
        on_order = np.convolve(owed, poisson(on_the_way))
        owed = np.concatenate(([on_order[: levels[stage] + 1].sum()], on_order[levels[stage] + 1 :]))
    return cost + (chain.backorder + sum(chain.echelon_holding)) * mean_of(owed)


@pytest.mark.parametrize("levels", [(3, 6, 11), (2, 6, 9), (5, 5, 12), (4, 3, 7)])
def test_the_recursion_costs_what_the_balance_of_stock_costs(levels: tuple[int, ...]) -> None:
    assert CHAIN.cost(levels) == pytest.approx(cost_by_balance(CHAIN, levels), rel=1e-9)


def test_no_other_levels_cost_less() -> None:
    best, cost = CHAIN.optimum()
    others = [
        CHAIN.cost([level + step for level, step in zip(best, steps, strict=True)])
        for steps in product((-2, -1, 0, 1, 2), repeat=3)
    ]
    assert min(others) == pytest.approx(cost, rel=1e-12)
    assert CHAIN.cost(best) == pytest.approx(cost, rel=1e-12)


def test_one_stage_is_base_stock() -> None:
    one = Series(1.0, (4.0,), (1.0,), 9.0)
    (level,), cost = one.optimum()
    costs = {}
    for s in range(1, 12):
        palm = performance({s: 1.0}, poisson(4.0))
        costs[s] = palm.on_hand + 9 * palm.backorders
    assert level == min(costs, key=costs.__getitem__)
    assert cost == pytest.approx(costs[level], rel=1e-9)


def test_installation_levels() -> None:
    assert Series.installation_levels((3, 6, 11)) == (3, 3, 5)
    assert Series.installation_levels((5, 4, 9)) == (4, 0, 5)  # the lower echelon never holds more than the upper


def test_two_stages_are_a_depot_with_one_store() -> None:
    chain = Series(0.8, (1.5, 4.0), (1.0, 1.0), 5.0)
    expected = TwoEchelons(3, 4.0, (0.8,), 1.5).store(0, 2)
    found = chain.customers((2, 3))
    assert found.fill_rate == pytest.approx(expected.fill_rate, rel=1e-9)
    assert found.backorders == pytest.approx(expected.backorders, rel=1e-9)
    assert found.on_hand == pytest.approx(expected.on_hand, rel=1e-9)


# --- lateral pools ----------------------------------------------------------------------------------------------------
def everybody(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(other for other in range(count) if other != one) for one in range(count))


def pool(levels: tuple[int, ...], rates: tuple[float, ...], **changes: object) -> LateralPool:
    count = len(levels)
    settings: dict[str, object] = {"donors": everybody(count), "hold_back": (0,) * count, "lead_days": (2.0,) * count}
    return LateralPool(levels, rates, **(settings | changes))  # type: ignore[arg-type]


POOLS = [
    pool((2, 3), (1.0, 0.4)),
    pool((2, 1, 3), (0.5, 1.5, 1.0), choice="most_stock"),
    pool((3, 2, 2, 1), (1.0, 0.5, 1.5, 0.8), hold_back=(1, 0, 1, 0), lead_days=(1.0, 2.0, 3.0, 4.0)),
    pool((2, 2, 1, 2, 3), (1.0, 1.0, 1.0, 0.2, 2.0), donors=((4,), (0, 4), (), (1, 2), (0,))),
]


@pytest.mark.parametrize("chain", POOLS)
def test_what_leaves_a_location_is_what_is_ordered_for_it(chain: LateralPool) -> None:
    """Balance of flows: (level - on hand) / lead time units a day come in, and as many are given to customers."""
    shares = chain.shares()
    for one in shares:
        assert one.own + one.helped + one.outside == pytest.approx(1)
    for giver, level in enumerate(chain.levels):
        given = shares[giver].own * chain.rates_per_day[giver]
        given += sum(rate * one.lateral[giver] for rate, one in zip(chain.rates_per_day, shares, strict=True))
        assert (level - shares[giver].on_hand) / chain.lead_days[giver] == pytest.approx(given)


def test_one_location_by_hand() -> None:
    """Two states, one unit: on hand for 1 / rate, on order for the lead time."""
    (alone,) = pool((1,), (0.5,)).shares()
    assert alone.own == pytest.approx(0.5)
    assert alone.outside == pytest.approx(0.5)


@pytest.mark.parametrize("choice", ["order", "most_stock"])
def test_complete_pooling_loses_as_one_location_would(choice: str) -> None:
    """With the same lead time everywhere, who gives does not matter: Erlang's loss of all units together."""
    chain = pool((3, 2, 1), (1.0, 1.2, 0.8), choice=choice)
    for one in chain.shares():
        assert one.outside == pytest.approx(erlang_loss(6, 3.0 * 2.0))


def test_who_holds_everything_back_is_alone() -> None:
    chain = pool((3, 2), (1.0, 1.2), hold_back=(3, 2))
    for level, rate, one in zip(chain.levels, chain.rates_per_day, chain.shares(), strict=True):
        assert one.helped == 0
        assert one.outside == pytest.approx(erlang_loss(level, 2.0 * rate))


def test_one_way_help_costs_the_giver() -> None:
    asker, giver = pool((2, 2), (1.0, 1.0), donors=((1,), ())).shares()
    assert giver.helped == 0
    assert asker.helped > 0
    assert asker.outside < erlang_loss(2, 2.0) < giver.outside


# --- forecasts --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("interval", [1.3, 4.0, 12.0])
def test_croston_of_the_last_value_alone_is_a_closed_form(interval: float) -> None:
    assert forecasts.croston(5.0, interval, 1.0) == pytest.approx(5 * math.log(interval) / (interval - 1), rel=1e-8)


def test_croston_has_no_bias_when_every_period_has_demand() -> None:
    assert forecasts.croston(5.0, 1.0 + 1e-12, 0.2) == pytest.approx(5.0)


@pytest.mark.parametrize(("interval", "smoothing"), [(4.0, 0.2), (2.5, 0.1), (8.0, 0.5)])
def test_croston_against_plain_sampling(interval: float, smoothing: float) -> None:
    random = np.random.default_rng(3)
    kept, terms = 1 - smoothing, 400
    weights = smoothing * kept ** np.arange(terms)
    smoothed = random.geometric(1 / interval, (4000, terms)) @ weights
    estimate: MeanEstimate = mean_estimate(1 / smoothed)
    exact = forecasts.croston(1.0, interval, smoothing)
    assert estimate.interval(SURE).contains(exact)
    assert exact > forecasts.tsb(1.0, interval), "Croston's forecast is too high"
    assert forecasts.croston_by_taylor(1.0, interval, smoothing) == pytest.approx(exact, rel=0.1)


def test_sba_takes_most_of_the_bias_away() -> None:
    unbiased = forecasts.tsb(5.0, 4.0)
    assert abs(forecasts.sba(5.0, 4.0, 0.2) / unbiased - 1) < 0.03 < forecasts.croston(5.0, 4.0, 0.2) / unbiased - 1
