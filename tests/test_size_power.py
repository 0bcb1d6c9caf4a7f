"""What a pilot can prove: the published sample size, exact power against enumeration, and exact bounds."""

import math

import pytest
from scipy import stats

from sim.size.power import (
    Test,
    chance_to_show_cut,
    disproven_share,
    events_needed,
    least_cut,
    provable,
    proven_share,
    trials_needed,
)


def events_needed_square_root(cut: float, test: Test = Test(), pilot_share: float = 1.0) -> float:  # noqa: B008
    """As `events_needed`, by the difference of the square roots of the counts (Huffman 1984)."""
    quantiles = stats.norm.ppf(1 - test.one_side) + stats.norm.ppf(test.power)
    return float(quantiles**2 * (1 + 1 / pilot_share) / (4 * (1 - math.sqrt(1 - cut)) ** 2))


def test_a_cut_of_a_tenth_needs_about_1490_events_by_either_approximation() -> None:
    assert events_needed(0.1) == pytest.approx(1491.3, abs=0.1)
    assert events_needed_square_root(0.1) == pytest.approx(1490.2, abs=0.1)


def test_the_exact_test_has_the_power_that_the_approximation_promises() -> None:
    assert chance_to_show_cut(1490, 0.1) == pytest.approx(0.8, abs=0.01)
    assert chance_to_show_cut(events_needed(0.3, Test(0.05, 0.9)), 0.3) == pytest.approx(0.9, abs=0.015)
    assert chance_to_show_cut(events_needed_square_root(0.2, Test(), 0.5), 0.2, Test(), 0.5) == pytest.approx(
        0.8, abs=0.015
    )


@pytest.mark.parametrize(("cut", "share", "two_sided"), [(0.5, 1.0, True), (0.3, 0.5, False), (0.9, 2.0, True)])
def test_exact_power_is_the_sum_over_both_counts(cut: float, share: float, two_sided: bool) -> None:
    test, events = Test(0.05, 0.8, two_sided), 12.0
    power = 0.0
    for before in range(60):
        for pilot in range(80):
            p_value = stats.binom.cdf(pilot, before + pilot, share / (1 + share))
            if p_value <= test.one_side:
                power += stats.poisson.pmf(before, events) * stats.poisson.pmf(pilot, events * share * (1 - cut))
    assert chance_to_show_cut(events, cut, test, share) == pytest.approx(power, abs=1e-8)


def test_where_nothing_changes_it_is_found_no_more_often_than_allowed() -> None:
    for events in (3.0, 26.0, 400.0):
        assert chance_to_show_cut(events, 0.0) <= 0.025


def test_the_least_cut_is_the_one_found_with_the_power_wanted() -> None:
    cut = least_cut(100.0)
    assert chance_to_show_cut(100.0, cut) == pytest.approx(0.8, abs=1e-3)
    assert 0.3 < cut < 0.4
    assert least_cut(1.0) == 1.0


def test_bounds_of_a_share_are_where_the_binomial_tails_say() -> None:
    low, high = proven_share(57, 60), disproven_share(57, 60)
    assert stats.binom.sf(56, 60, low) == pytest.approx(0.05)
    assert stats.binom.cdf(57, 60, high) == pytest.approx(0.05)
    assert (proven_share(0, 5), disproven_share(5, 5)) == (0.0, 1.0)


@pytest.mark.parametrize(("share", "trials"), [(0.95, 59), (0.99, 299), (0.5, 5)])
def test_trials_needed_are_the_fewest_that_prove_it(share: float, trials: int) -> None:
    assert trials_needed(share) == trials
    assert proven_share(trials, trials) >= share > proven_share(trials - 1, trials - 1)


def test_the_pilot_of_the_business_case_proves_little() -> None:
    found = provable(52, 0.1, 182.5, 182.5, windows=6, share_of_windows=0.95)
    assert found.baseline_events == pytest.approx(26)
    assert found.chance_of_cut < 0.1
    assert found.least_cut > 0.5
    assert found.years_needed == pytest.approx(1491.3 / 52, abs=0.01)
    assert found.proven_if_all_kept == pytest.approx(math.pow(0.05, 1 / 6))
    assert found.windows_needed == 59
