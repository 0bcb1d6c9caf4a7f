"""Selection among designs: on outcomes of known chances, how often the answer is the right one."""

import numpy as np
import pytest
from scipy import stats

from sim.size.selection import (
    BROKEN,
    DEARER,
    KEPT,
    OPEN,
    Race,
    Rules,
    Selection,
    bounds,
    look,
    looks_up_to,
    select,
)

RULES = Rules(0.95, 0.95, (50, 100, 200, 400), 5.0)


def outcomes(
    shares: list[float], means: list[float], deviation: float, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Designs that meet the same chance: one number decides who keeps the promise, costs go together."""
    generator = np.random.default_rng(seed)
    kept = generator.random(count)[None, :] < np.array(shares)[:, None]
    common = generator.normal(0, deviation, count)
    own = generator.normal(0, deviation / 2, (len(means), count))
    return kept, np.array(means)[:, None] + common + own


def answers(shares: list[float], means: list[float], deviation: float, rules: Rules, times: int) -> list[Selection]:
    return [select(*outcomes(shares, means, deviation, rules.looks[-1], seed), rules) for seed in range(times)]


def plausible(successes: int, trials: int, at_least: float) -> bool:
    """Whether so few successes are to be expected once in 10,000 where the chance is just what is stated."""
    return bool(stats.binom.cdf(successes, trials, at_least) > 1e-4)


def test_the_cheapest_design_that_keeps_the_promise_is_found_as_often_as_stated() -> None:
    shares, means = [0.80, 0.85, 0.998, 0.999, 0.9995], [100.0, 110.0, 140.0, 150.0, 190.0]
    found = answers(shares, means, 20.0, RULES, 400)
    assert plausible(sum(one.best == 2 for one in found), 400, RULES.confidence)
    assert sum(one.settled for one in found) > 350


def test_a_design_just_below_the_promise_is_hardly_ever_recommended() -> None:
    shares, means = [0.949, 0.949, 0.949], [100.0, 101.0, 102.0]
    wrong = sum(one.best is not None for one in answers(shares, means, 5.0, RULES, 1000))
    assert plausible(1000 - wrong, 1000, RULES.confidence)
    naive = [outcomes(shares, means, 5.0, 400, seed)[0].mean(axis=1).max() >= 0.95 for seed in range(1000)]
    assert np.mean(naive) > 0.4  # what the share seen would have recommended, without bounds


def test_costs_that_differ_by_the_indifference_are_told_apart_as_often_as_stated() -> None:
    rules = Rules(0.9, 0.9, (20, 40, 80, 160, 320, 640, 1280), 5.0)
    found = answers([1.0] * 4, [105.0, 105.0, 100.0, 105.0], 20.0, rules, 400)
    assert plausible(sum(one.best == 2 for one in found), 400, 1 - (1 - rules.confidence) / 2)
    used = [one.race.replications.sum() for one in found if one.settled]
    assert len(used) > 350
    assert np.mean(used) < 4 * 640  # designs that are out need no more replications


def test_each_design_ends_as_what_it_is() -> None:
    kept, cost = outcomes([0.5, 1.0, 1.0, 0.955], [90.0, 100.0, 200.0, 95.0], 1.0, 400, 3)
    found = select(kept, cost, RULES)
    assert found.best == 1
    assert found.race.status.tolist() == [BROKEN, KEPT, DEARER, OPEN]
    assert not found.settled
    assert found.race.replications[0] == 50
    assert found.race.low[1] >= 0.95


def test_none_is_recommended_where_none_is_shown_to_keep_the_promise() -> None:
    kept, cost = outcomes([0.5, 0.6], [90.0, 100.0], 1.0, 400, 3)
    found = select(kept, cost, RULES)
    assert (found.best, found.settled) == (None, True)
    assert found.race.looks == 1


def test_equal_designs_do_not_run_on_for_ever() -> None:
    found = select(np.ones((3, 400), np.bool_), np.full((3, 400), 7.0), RULES)
    assert (found.best, found.settled) == (0, True)


def test_looking_step_by_step_gives_the_same_as_all_at_once() -> None:
    kept, cost = outcomes([0.7, 0.99, 0.999], [90.0, 100.0, 104.0], 9.0, 400, 8)
    race = Race.of(3)
    while race.looks < 4 and len(race.running):
        seen = RULES.looks[race.looks]
        partly, costs = np.zeros((3, seen), np.bool_), np.zeros((3, seen))
        partly[race.running], costs[race.running] = kept[race.running, :seen], cost[race.running, :seen]
        race = look(race, partly, costs, RULES)
    whole = select(kept, cost, RULES).race
    assert race.status.tolist() == whole.status.tolist()
    assert race.replications.tolist() == whole.replications.tolist()


def test_bounds_are_wrong_as_often_as_allowed() -> None:
    low, high = bounds(np.array([0, 30, 47, 50]), 50, 0.01)
    assert (low[0], high[3]) == (0.0, 1.0)
    assert stats.binom.sf(29, 50, low[1]) == pytest.approx(0.01)
    assert stats.binom.cdf(47, 50, high[2]) == pytest.approx(0.01)


def test_looks_double_and_end_where_they_should() -> None:
    assert looks_up_to(400, 25) == (25, 50, 100, 200, 400)
    assert looks_up_to(30, 50) == (30,)


@pytest.mark.parametrize(("looks", "indifference"), [((), 1.0), ((50, 50), 1.0), ((1, 5), 1.0), ((5, 10), 0.0)])
def test_rules_that_make_no_sense_are_refused(looks: tuple[int, ...], indifference: float) -> None:
    with pytest.raises(ValueError, match=r"the indifference|do not ascend"):
        Rules(0.95, 0.95, looks, indifference)
