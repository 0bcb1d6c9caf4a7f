"""The statistics of comparisons: against scipy, against their own definitions, and by how often intervals cover."""

import math

import numpy as np
import pytest
from scipy import stats

from sim.compare.statistics import (
    fieller,
    holm,
    paired,
    probability_of_being_best,
    simultaneous_confidence,
    unpaired,
)

CONFIDENCE = 0.9


def samples(seed: int, rows: int = 6, columns: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Correlated pairs: what common random numbers give."""
    random = np.random.default_rng(seed)
    shared = random.normal(100.0, 5.0, (rows, columns))
    return shared + random.normal(0.0, 1.0, shared.shape), shared * 0.9 + random.normal(3.0, 2.0, shared.shape)


def test_paired_is_scipy_s_paired_t_test() -> None:
    base, other = samples(1)
    found = paired(base, other, CONFIDENCE)
    wanted = stats.ttest_rel(other, base, axis=1)
    interval = wanted.confidence_interval(CONFIDENCE)
    np.testing.assert_allclose(found.difference, (other - base).mean(axis=1))
    np.testing.assert_allclose(found.p_value, wanted.pvalue, rtol=1e-9)
    np.testing.assert_allclose(found.difference - found.half_width, interval.low, rtol=1e-9)
    np.testing.assert_allclose(found.difference + found.half_width, interval.high, rtol=1e-9)
    assert found.pairs.tolist() == [9] * 6


def test_unpaired_is_scipy_s_welch_test() -> None:
    base, other = samples(2)
    found = unpaired(base, other[:, :5], CONFIDENCE)
    wanted = stats.ttest_ind(other[:, :5], base, axis=1, equal_var=False)
    interval = wanted.confidence_interval(CONFIDENCE)
    np.testing.assert_allclose(found.p_value, wanted.pvalue, rtol=1e-9)
    np.testing.assert_allclose(found.difference + found.half_width, interval.high, rtol=1e-9)
    assert found.pairs.tolist() == [5] * 6


def test_a_missing_value_takes_its_pair_out() -> None:
    base, other = samples(3)
    base[0, 2] = other[0, 4] = math.nan
    keep = [column for column in range(9) if column not in (2, 4)]
    found = paired(base, other, CONFIDENCE)
    wanted = paired(base[:1, keep], other[:1, keep], CONFIDENCE)
    assert found.pairs.tolist() == [7, 9, 9, 9, 9, 9]
    for name in ("base_mean", "difference", "half_width", "relative_low", "relative_high", "p_value"):
        np.testing.assert_allclose(getattr(found, name)[:1], getattr(wanted, name))


def test_identical_values_differ_by_exactly_nothing() -> None:
    base, _ = samples(4)
    found = paired(base, base.copy(), CONFIDENCE)
    for name in ("difference", "half_width", "relative", "relative_low", "relative_high"):
        assert getattr(found, name).tolist() == [0.0] * 6, name
    assert found.p_value.tolist() == [1.0] * 6
    assert found.identical.all()


def test_a_constant_difference_is_certain() -> None:
    found = paired(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 3.0, 4.0]]), CONFIDENCE)
    assert (found.difference[0], found.half_width[0], found.p_value[0]) == (1.0, 0.0, 0.0)
    assert not found.identical[0]


def test_one_replication_has_no_interval_and_two_numbers_no_ratio_to_nothing() -> None:
    found = paired(np.array([[4.0], [0.0]]), np.array([[5.0], [1.0]]), CONFIDENCE)
    assert found.difference.tolist() == [1.0, 1.0]
    assert found.relative[0] == 0.25
    assert math.isnan(found.relative[1])
    assert np.isnan([found.half_width, found.p_value, found.relative_low]).all()


def test_fieller_leaves_out_zero_exactly_when_the_paired_interval_does() -> None:
    random = np.random.default_rng(5)
    base = random.normal(50.0, 4.0, (400, 6))
    other = base + random.normal(1.0, 1.5, base.shape)
    found = paired(base, other, CONFIDENCE)
    by_difference = np.abs(found.difference) > found.half_width
    by_ratio = (found.relative_low > 0) | (found.relative_high < 0)
    assert by_difference.tolist() == by_ratio.tolist()
    assert 50 < by_difference.sum() < 350  # both cases are there


def test_fieller_has_no_interval_when_the_base_may_be_nothing() -> None:
    one = np.ones(1)
    low, high = fieller(0.1 * one, one, one, one, 0.0 * one, 2.0 * one)
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize("kind", ["difference", "relative", "welch"])
def test_intervals_cover_the_truth_as_often_as_they_say(kind: str) -> None:
    random = np.random.default_rng(6)
    rows, columns = 4000, 8
    shared = random.normal(100.0, 6.0, (rows, columns))
    base = shared + random.normal(0.0, 2.0, shared.shape)
    if kind == "welch":
        found = unpaired(base, random.normal(110.0, 9.0, (rows, 5)), CONFIDENCE)
        hits = np.abs(found.difference - 10.0) <= found.half_width
    else:
        found = paired(base, shared + random.normal(10.0, 2.0, shared.shape), CONFIDENCE)
        hits = np.abs(found.difference - 10.0) <= found.half_width
        if kind == "relative":
            hits = (found.relative_low <= 0.1) & (found.relative_high >= 0.1)
    # a binomial count: four standard deviations, and for Welch what his approximation is known to be off by
    slack = 4.0 * math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / rows) + (0.005 if kind == "welch" else 0.0)
    assert abs(hits.mean() - CONFIDENCE) < slack


def test_simultaneous_intervals_hold_together() -> None:
    random = np.random.default_rng(7)
    trials, variants, columns = 1500, 4, 6
    base = random.normal(0.0, 1.0, (trials, columns))
    level = simultaneous_confidence(CONFIDENCE, variants)
    all_hit = np.ones(trials, dtype=bool)
    for _ in range(variants):
        found = paired(base, base + random.normal(0.0, 1.0, base.shape), level)
        all_hit &= np.abs(found.difference) <= found.half_width
    assert all_hit.mean() > CONFIDENCE - 4.0 * math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / trials)


def test_holm_steps_down() -> None:
    adjusted = holm(np.array([0.03, 0.01, math.nan, 0.02]))
    np.testing.assert_allclose(adjusted, [0.04, 0.03, math.nan, 0.04])
    np.testing.assert_allclose(holm(np.array([0.6, 0.9])), [1.0, 1.0])
    assert holm(np.array([0.2])).tolist() == [0.2]


def test_the_best_is_found_and_ties_share() -> None:
    random = np.random.default_rng(8)
    cost = [random.normal(mean, 1.0, 12) for mean in (10.0, 20.0)]
    assert probability_of_being_best(cost, False, True, 1).tolist() == [1.0, 0.0]
    assert probability_of_being_best(cost, True, True, 1).tolist() == [0.0, 1.0]
    assert probability_of_being_best([cost[0], cost[0]], True, True, 1).tolist() == [0.5, 0.5]
    uneven = [cost[0], cost[1][:7]]
    assert probability_of_being_best(uneven, False, False, 1).tolist() == [1.0, 0.0]


def test_the_probability_of_being_best_is_that_of_the_paired_difference() -> None:
    random = np.random.default_rng(9)
    shared = random.normal(0.0, 50.0, 30)
    first, second = shared, shared + random.normal(0.4, 1.0, 30)
    difference = second - first
    normal = stats.norm.cdf(difference.mean() / (difference.std() / math.sqrt(30)))
    found = probability_of_being_best([first, second], False, True, 3)
    assert abs(found[0] - normal) < 0.03  # skewness of 30 values; unpaired it would be about one half
    assert found.sum() == pytest.approx(1.0)
    assert probability_of_being_best([first, second], False, True, 3).tolist() == found.tolist()
