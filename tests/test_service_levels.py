"""Reorder points from service targets against scipy, lots, and pooled safety stock."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from policies import pooled_stock as pooled
from policies import service_levels as s
from sim.jit import compiled

TARGETS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
MEANS = (0.003, 0.4, 1.7, 12.0, 49.9, 50.1, 180.0, 2_500.0, 90_000.0)
RATIOS = (1.0, 1.02, 2.5, 40.0)
discrete = compiled(s.discrete_reorder_point)
normal = compiled(s.normal_reorder_point)
empirical = compiled(s.empirical_reorder_point)


def scipy_law(mean: float, ratio: float) -> stats.rv_discrete:
    if ratio == 1.0:
        return stats.poisson(mean)
    return stats.nbinom(mean / (ratio - 1), 1 / ratio)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_cycle_service_is_scipys_quantile(mean: float, ratio: float) -> None:
    law = scipy_law(mean, ratio)
    for target in TARGETS:
        assert discrete(mean, ratio * mean, target, s.CYCLE_SERVICE, 1) == int(law.ppf(target))


def fill_rate(law: stats.rv_discrete, reorder_point: int, lot: int) -> float:
    """1 / Q times the sum of P(D < y) over the positions y = R + 1 .. R + Q."""
    return float(law.cdf(np.arange(reorder_point, reorder_point + lot)).mean())


@pytest.mark.parametrize("mean", MEANS[:-1])
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("lot", [1, 7, 300])
def test_fill_rate_reorder_points_are_the_smallest_that_do(mean: float, ratio: float, lot: int) -> None:
    law = scipy_law(mean, ratio)
    for target in TARGETS:
        found = discrete(mean, ratio * mean, target, s.FILL_RATE, lot)
        assert fill_rate(law, found, lot) >= target - 1e-12
        assert found == 0 or fill_rate(law, found - 1, lot) < target + 1e-12


@given(
    mean=st.floats(0.01, 400.0),
    ratio=st.floats(1.0, 60.0),
    target=st.floats(0.3, 0.9999),
    lot=st.integers(1, 400),
)
def test_any_mean_ratio_and_target(mean: float, ratio: float, target: float, lot: int) -> None:
    law = scipy_law(mean, ratio) if ratio > 1 + 1e-6 else stats.poisson(mean)
    quantile = discrete(mean, ratio * mean, target, s.CYCLE_SERVICE, lot)
    assert law.cdf(quantile) >= target - 1e-11
    assert law.cdf(quantile - 1) < target + 1e-11
    found = discrete(mean, ratio * mean, target, s.FILL_RATE, lot)
    assert fill_rate(law, found, lot) >= target - 1e-11
    assert found == 0 or fill_rate(law, found - 1, lot) < target + 1e-11


def test_plain_and_compiled_give_the_same() -> None:
    for mean in (0.2, 30.0, 70.0):
        for measure in (s.CYCLE_SERVICE, s.FILL_RATE):
            plain = s.discrete_reorder_point(mean, 3 * mean, 0.97, measure, 5)
            assert plain == discrete(mean, 3 * mean, 0.97, measure, 5)
            assert s.normal_reorder_point(mean, 3 * mean, 0.97, measure, 5) == normal(mean, 3 * mean, 0.97, measure, 5)


def test_nothing_is_held_of_what_nobody_asks_for() -> None:
    assert discrete(0.0, 0.0, 0.99, s.CYCLE_SERVICE, 1) == s.NOTHING
    assert normal(0.0, 0.0, 0.99, s.FILL_RATE, 1) == s.NOTHING
    assert empirical(np.zeros(4), 0.99, s.FILL_RATE, 1) == s.NOTHING


@pytest.mark.parametrize(("mean", "deviation", "target"), [(20.0, 6.0, 0.95), (3.0, 4.0, 0.7), (900.0, 12.0, 0.999)])
def test_normal_reorder_points(mean: float, deviation: float, target: float) -> None:
    law = stats.norm(mean, deviation)
    cycle = normal(mean, deviation**2, target, s.CYCLE_SERVICE, 1)
    assert cycle == max(math.ceil(law.ppf(target)), 0)

    def waiting(level: float) -> float:
        return float(law.expect(lambda x: x - level, lb=level, ub=mean + 12 * deviation))

    for lot in (1, 40):
        found = normal(mean, deviation**2, target, s.FILL_RATE, lot)
        reached = [1 - (waiting(r) - waiting(r + lot)) / lot for r in (found, found - 1)]
        assert reached[0] >= target - 1e-7
        assert found == 0 or reached[1] < target + 1e-7


def test_normal_without_spread() -> None:
    assert normal(7.2, 0.0, 0.9, s.CYCLE_SERVICE, 1) == 8


def test_a_variance_too_large_to_sum_is_taken_as_normal() -> None:
    mean, deviation = 5e6, 3e4
    assert discrete(mean, deviation**2, 0.95, s.CYCLE_SERVICE, 1) == math.ceil(stats.norm(mean, deviation).ppf(0.95))


def test_empirical_reorder_points() -> None:
    sums = np.array([0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 9.0, 20.0])
    assert [empirical(sums, t, s.CYCLE_SERVICE, 1) for t in (0.5, 0.8, 0.81, 1 - 1e-6)] == [2, 5, 9, 20]
    for lot in (1, 6):
        for target in (0.5, 0.9, 0.97):
            found = empirical(sums, target, s.FILL_RATE, lot)
            short = [float(np.clip(sums - r, 0, lot).sum()) / (lot * len(sums)) for r in (found, found - 1)]
            assert short[0] <= 1 - target + 1e-12
            assert found == 0 or short[1] > 1 - target - 1e-12


def test_block_sums_go_round_the_ring() -> None:
    ring = np.array([40.0, 50.0, 10.0, 20.0, 30.0])  # 10 is the oldest
    assert s.block_sums(ring, 2, 5, 2).tolist() == [30.0, 50.0, 70.0, 90.0]
    assert s.block_sums(ring, 2, 3, 3).tolist() == [60.0]
    assert s.block_sums(ring, 0, 2, 1).tolist() == [40.0, 50.0]


def test_protection_demand_is_that_of_a_random_lead_time() -> None:
    """Poisson demand of 3 a day, gamma lead times of mean 4 d and variance 2 d^2, a review every day."""
    mean, variance = s.protection_demand(3.0, 3.0, 4.0, 2.0, 1.0)
    assert (mean, variance) == (15.0, 15.0 + 18.0)
    generator = np.random.default_rng(3)
    demand = generator.poisson(3.0 * (generator.gamma(8.0, 0.5, 40_000) + 1.0))
    assert abs(demand.mean() - mean) < 3.3 * math.sqrt(variance / 40_000)
    squares = (demand - demand.mean()) ** 2
    assert abs(demand.var() - variance) < 3.3 * squares.std() / math.sqrt(40_000)


def test_lots() -> None:
    assert s.economic_lot(1200.0, 50.0, 3.0) == 200
    assert s.economic_lot(0.0, 50.0, 3.0) == 1
    assert s.economic_lot(1200.0, 50.0, 0.0) == 1
    assert [s.cover_lot(0.5, days) for days in (0.9, 1.0, 30.0)] == [1, 1, 15]
    costs = [q / 2 * 3.0 + 1200 / q * 50.0 for q in (199, 200, 201)]
    assert min(costs) == costs[1]


# --- pooling ----------------------------------------------------------------------------------------------------------
def test_pooled_variance_between_independence_and_lockstep() -> None:
    variances = np.array([4.0, 9.0, 1.0])
    assert pooled.pooled_variance(variances, 0.0) == 14.0
    assert pooled.pooled_variance(variances, 1.0) == pytest.approx(36.0)
    assert pooled.pooled_variance(variances, -0.8) == 0.0
    covariance = np.sqrt(np.outer(variances, variances)) * 0.3
    np.fill_diagonal(covariance, variances)
    assert pooled.pooled_variance(variances, 0.3) == pytest.approx(covariance.sum())


def test_the_square_root_law_holds_for_equal_independent_members_only() -> None:
    equal = np.full(5, 7.0)
    alone = 1.645 * np.sqrt(equal).sum()
    assert pooled.square_root_law(alone, 5) == pytest.approx(1.645 * math.sqrt(pooled.pooled_variance(equal, 0.0)))
    assert pooled.square_root_law(alone, 5) < 1.645 * math.sqrt(pooled.pooled_variance(equal, 0.4))
    unequal = np.array([31.0, 1.0, 1.0, 1.0, 1.0])
    alone = 1.645 * np.sqrt(unequal).sum()
    assert pooled.square_root_law(alone, 5) < 1.645 * math.sqrt(pooled.pooled_variance(unequal, 0.0))


@given(st.integers(0, 500), st.lists(st.floats(0.0, 50.0), min_size=1, max_size=9))
def test_splitting_gives_everything_in_proportion(total: int, weights: list[float]) -> None:
    parts = pooled.split(total, np.array(weights))
    assert parts.sum() == total
    assert (parts >= 0).all()
    if sum(weights) > 1e-6:
        assert np.abs(parts - total * np.array(weights) / sum(weights)).max() < 1.0


def test_splitting_by_hand() -> None:
    assert pooled.split(10, np.array([1.0, 1.0, 1.0])).tolist() == [4, 3, 3]
    assert pooled.split(7, np.array([5.0, 3.0, 2.0])).tolist() == [4, 2, 1]  # 3.5, 2.1, 1.4
    assert pooled.split(3, np.array([0.0, 0.0])).tolist() == [3, 0]
