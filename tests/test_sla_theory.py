"""Windows of a small Markov chain: the enumeration by hand, and the code of service levels against it."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from policies.contracts.sla import Sla, settle
from sim.contracts.probability import chance
from sim.contracts.sla_windows import availability
from sim.contracts.stock_levels import Changes, CountedTime, StockLevels, levels_of
from sim.network import Int64Array
from sim.units import round_half_up
from sim.verify.cases.service_windows import shelf
from sim.verify.formulas.service_windows import LostSalesShelf
from sim.verify.samples import ShareEstimate, mean_estimate

pytestmark = pytest.mark.theory

DAY = 86_400_000
SURE = 1 - 1e-5  # one interval of a fixed seed
COIN = LostSalesShelf(level=1, lead=1, demand=(0.5, 0.5))
SMALL = LostSalesShelf(level=2, lead=2, demand=(0.5, 0.3, 0.2))


# --- the enumeration --------------------------------------------------------------------------------------------------
def test_a_coin_a_day_by_hand() -> None:
    """One unit, back the next day: every day it goes with probability 1/2, whatever was before."""
    assert COIN.states == [(0,), (1,)]
    assert COIN.step == pytest.approx(np.full((2, 2), 0.5))
    assert COIN.good_periods(4) == pytest.approx(stats.binom.pmf(range(5), 4, 0.5))
    assert COIN.some_breach(periods=2, least_good=1, windows=3) == pytest.approx(1 - 0.75**3)
    assert COIN.mean_capped(2, lambda good: int(good < 1), cap=1, windows=3) == pytest.approx(1 - 0.75**3)
    assert COIN.mean_capped(2, lambda good: 2 - good, cap=100, windows=3) == pytest.approx(3.0)


def test_two_days_of_lead_time_by_hand() -> None:
    """One unit, gone for two days after each sale: 3/5 of the days are good, and bad ones come in pairs."""
    pair = LostSalesShelf(level=1, lead=2, demand=(0.75, 0.25))
    assert pair.states == [(0, 0), (0, 1), (1, 0)]
    assert pair.stationary == pytest.approx([0.6, 0.2, 0.2])
    assert pair.good_periods(1) == pytest.approx([0.4, 0.6])
    # both bad: the rest of a pair and a sale, a new pair right after one, or a new pair after a good day
    assert pair.good_periods(2)[0] == pytest.approx(0.2 * 0.25 + 0.2 * 0.25 + 0.6 * 0.25)


def test_enumeration_is_the_sum_over_all_histories() -> None:
    """Every sequence of demands over two windows of three periods, from every state."""
    breached, mean, total = 0.0, 0.0, 0.0
    for first, wanted in product(range(len(SMALL.states)), product(range(3), repeat=6)):
        weight = float(SMALL.stationary[first]) * float(np.prod([SMALL.demand[units] for units in wanted]))
        sold, good = SMALL.states[first], []
        for units in wanted:
            sold = (min(units, 2 - sum(sold[:-1])), *sold[:-1])
            good.append(sum(sold) < 2)
        short = [sum(good[:3]) < 2, sum(good[3:]) < 2]
        breached += weight * any(short)
        mean += weight * min(sum(short), 1)
        total += weight * sum(good[:3])
    assert SMALL.some_breach(3, 2, 2) == pytest.approx(breached)
    assert SMALL.mean_capped(3, lambda good: int(good < 2), 1, 2) == pytest.approx(mean)
    assert SMALL.mean(3, float) == pytest.approx(total)


@pytest.mark.parametrize("chain", [COIN, SMALL, shelf()])
def test_the_stationary_chain_stays_as_it_is(chain: LostSalesShelf) -> None:
    assert chain.step.sum(axis=1) == pytest.approx(np.ones(len(chain.states)))
    assert chain.stationary @ chain.step == pytest.approx(chain.stationary)
    for periods in (4, 52):
        law = chain.good_periods(periods)
        assert law.sum() == pytest.approx(1)
        assert law @ np.arange(periods + 1) == pytest.approx(periods * float(chain.stationary @ chain.good))


# --- paths of the chain through the code of service levels ------------------------------------------------------------
def simulated(chain: LostSalesShelf, paths: int, periods: int, seed: int) -> StockLevels:
    """Stock of shelves that start in the stationary state, as levels are worked out of records: a day a period."""
    rng = np.random.default_rng(seed)
    sold = np.array(chain.states)[rng.choice(len(chain.states), paths, p=chain.stationary)]
    before = chain.level - sold.sum(axis=1)  # on hand on the day before the first window
    opening = before.copy()
    changes = []
    for period in range(periods):
        arrived = sold[:, -1]
        wanted = rng.choice(len(chain.demand), paths, p=chain.demand)
        given = np.minimum(wanted, before + arrived)
        sold = np.column_stack((given, sold[:, :-1]))
        before = before + arrived - given
        changes.append((np.arange(paths), np.full(paths, period * DAY), arrived))
        changes.append((np.arange(paths), np.full(paths, period * DAY), -given))
    columns = [np.concatenate(column) for column in zip(*changes, strict=True)]
    return levels_of(opening, Changes(*columns), 0, periods * DAY)


def tallies(levels: StockLevels, edges: Int64Array) -> Int64Array:
    """Time with stock (paths, windows), path by path through `availability`."""
    good = []
    for path in range(levels.places):
        first, last = np.searchsorted(levels.place, [path, path + 1])
        place = levels.place[first:last] - path
        one = StockLevels(1, levels.from_ms, levels.to_ms, place, levels.time_ms[first:last], levels.level[first:last])
        good.append(availability(one, edges, CountedTime([])).good)
    return np.array(good)


@pytest.mark.parametrize(("periods", "windows", "target", "least"), [(4, 6, "90 %", 4), (52, 3, "94 %", 49)])
def test_windows_of_simulated_paths(periods: int, windows: int, target: str, least: int) -> None:
    chain, paths = shelf(), 3000
    levels = simulated(chain, paths, periods * windows, seed=52 + periods)
    edges = np.arange(windows + 1) * periods * DAY
    good = tallies(levels, edges)
    counted = np.full(windows, periods * DAY)
    lump = Sla.model_validate({"measure": "availability", "target": target, "penalty": {"lump_sum": "500 USD"}})
    linear = Sla.model_validate(
        {"measure": "availability", "target": target, "penalty": {"linear": {"per_point": "10 USD"}}}
    )

    def cents(sla: Sla) -> Int64Array:
        settled = [settle(sla, one, counted, lambda amount: round_half_up(amount * 100)) for one in good]
        return np.array([one.penalty_minor for one in settled])

    lumps, shares = cents(lump), float(target.rstrip(" %")) / 100
    breach = mean_estimate((lumps > 0).mean(axis=1)).interval(SURE)
    assert breach.contains(chain.mean(periods, lambda count: float(count < least)))
    paying = int((lumps.sum(axis=1) > 0).sum())
    assert ShareEstimate(paying, paths).interval(SURE).contains(chain.some_breach(periods, least, windows))
    points = mean_estimate(cents(linear).mean(axis=1)).interval(SURE)
    exact = chain.mean(periods, lambda count: max(shares - count / periods, 0.0) * 100 * 1000)
    assert points.low - 0.5 <= exact <= points.high + 0.5, "cents are rounded"
    assert points.half_width < 0.1 * exact


# --- the chance of paying ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (1, 10), (7, 10), (10, 10), (3, 400)])
def test_intervals_of_chances_are_clopper_and_pearsons(hits: int, trials: int) -> None:
    exact = stats.binomtest(hits, trials).proportion_ci(0.95, method="exact")
    found = chance(hits, trials)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert found.share == hits / trials


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (-1, 4), (5, 4)])
def test_what_is_no_share(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        chance(hits, trials)
