"""Use over a stretch of time, against sums over probabilities written down in full."""

import numpy as np
import pytest
from scipy import stats

from sim.size.demand import DAYS_PER_MONTH, Demand


def chances(demand: Demand, days: float, largest: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """P(D = 0 .. largest), from the definition: Poisson draws of logarithmic-series sizes, folded one by one."""
    mean = demand.per_day * days
    if demand.ratio == 1.0:
        return np.asarray(stats.poisson.pmf(np.arange(largest + 1), mean))
    fail = 1 - 1 / demand.ratio
    sizes = np.append(0.0, stats.logser.pmf(np.arange(1, largest + 1), fail))
    draws = mean / stats.logser.mean(fail)
    total, of_draws = np.zeros(largest + 1), np.eye(1, largest + 1)[0]
    for count in range(200):
        total += stats.poisson.pmf(count, draws) * of_draws
        of_draws = np.convolve(of_draws, sizes)[: largest + 1]
    return total


@pytest.mark.parametrize(("demand", "days"), [(Demand(0.3), 7.0), (Demand(2.0), 3.5), (Demand(1.5, 4.0), 5.0)])
def test_tail_and_loss_are_those_of_the_sums(demand: Demand, days: float) -> None:
    probabilities = chances(demand, days, 400)
    assert probabilities.sum() == pytest.approx(1, abs=1e-9)
    units = np.arange(401)
    for stock in (0, 1, 5, 12, 30):
        assert demand.above(stock, days) == pytest.approx(probabilities[units > stock].sum(), abs=1e-9)
        loss = (probabilities * np.maximum(units - stock, 0)).sum()
        assert demand.short(stock, days) == pytest.approx(loss, abs=1e-7)
    assert demand.above(-1, days) == 1


def test_month_gives_mean_and_variance() -> None:
    demand = Demand.of_month(200, 0.3)
    probabilities = chances(demand, DAYS_PER_MONTH, 900)
    units = np.arange(901)
    mean = (probabilities * units).sum()
    assert mean == pytest.approx(200, rel=1e-6)
    assert np.sqrt((probabilities * (units - mean) ** 2).sum()) == pytest.approx(60, rel=1e-4)


def test_steadier_than_poisson_counts_as_poisson() -> None:
    assert Demand.of_month(9, 0.1).ratio == 1.0


def test_nothing_is_used_in_no_time() -> None:
    assert Demand(3.0).above(0, 0.0) == 0
    assert Demand(3.0, 5.0).short(0, [0.0, 1.0]) == pytest.approx([0.0, 3.0])
