"""Designs of a pilot in the twin: the same draws for all of them, and what the formulas say of a single item."""

from fractions import Fraction

import numpy as np
import pytest

from sim.run.workers import open_workers
from sim.size.cycles import availability, mean_on_hand
from sim.size.demand import DAYS_PER_MONTH
from sim.size.design import Design, Task, design
from sim.size.simulate import Outcomes, Simulations, Wanted, monthly_costs, stock_value
from tests.size_samples import task_of_items, use

REPLICATIONS = 60


def simulated(task: Task, *designs: Design, replications: int = REPLICATIONS, seed: int = 5) -> list[Outcomes]:
    """The outcomes of designs, simulated in this process."""
    return Simulations(seed, open_workers(1)).outcomes([Wanted(task, one, replications) for one in designs])


def test_designs_meet_the_same_draws() -> None:
    task = task_of_items(use("grease", 40.0, 0.6), use("gloves", 30.0, 0.0, critical=False))
    small, large = design(task, task.visits.intervals[0], (10, 10)), design(task, task.visits.intervals[1], (60, 50))
    one, other = simulated(task, small, large, replications=5)
    np.testing.assert_array_equal(one.used, other.used)
    assert (one.used > 0).all()
    assert (one.stock < other.stock).all()


def test_use_has_the_mean_and_variability_of_the_table() -> None:
    task = task_of_items(use("grease", 40.0, 0.6), window="1 mo", pilot="1 mo")
    [seen] = simulated(task, design(task, task.visits.intervals[0], (200,)), replications=300)
    used = seen.used[:, 0]
    error = used.std(ddof=1) / np.sqrt(len(used))
    assert abs(used.mean() - 40) < 4 * error
    spread = used.std(ddof=1)
    kurtosis = ((used - used.mean()) ** 4).mean() / spread**4
    assert abs(spread - 24) < 4 * spread * np.sqrt((kurtosis - 1) / len(used)) / 2  # of a standard deviation


@pytest.mark.parametrize(("level", "variability"), [(9, 0.0), (14, 0.5)])
def test_availability_and_stock_are_those_of_the_formulas(level: int, variability: float) -> None:
    # not covered, so nothing is sent for between two visits: the case that the formulas know exactly
    task = task_of_items(use("gasket", 30.0, variability, critical=False), use("other", 1.0, 0.0), pilot="12 mo")
    interval = task.visits.intervals[1]
    one = design(task, interval, (level, 20))
    [seen] = simulated(task, one, replications=100)
    demand, cycle = task.demand(0), task.cycle(0, interval)
    stock = float(mean_on_hand(demand, level, cycle))
    error = seen.stock[:, 0].std(ddof=1) / np.sqrt(100)
    full_at_first = level / (12 * DAYS_PER_MONTH / cycle.interval)  # the pilot begins with full shelves, once
    assert stock - 4 * error < seen.stock[:, 0].mean() < stock + full_at_first + 4 * error


def test_availability_of_a_covered_item_is_that_of_the_formula_or_a_little_less() -> None:
    task = task_of_items(use("gasket", 30.0, 0.4), emergency_time="1 d", pilot="12 mo")
    interval = task.visits.intervals[1]
    [seen] = simulated(task, design(task, interval, (14,)), replications=100)
    formula = float(availability(task.demand(0), np.array([14.0]), task.cycle(0, interval))[0])
    error = seen.availability.std(ddof=1) / 10
    assert formula < 0.985  # something is short, or the comparison says nothing
    assert abs(seen.availability.mean() - formula) < 4 * error + 0.01
    assert (seen.emergencies > 0).mean() > 0.9
    assert (seen.worst <= seen.availability + 1e-12).all()


def test_costs_are_the_sum_of_what_happened() -> None:
    task = task_of_items(use("grease", 40.0, 0.6))
    one = design(task, task.visits.intervals[1], (30,))
    seen = Outcomes(
        np.array([True]), np.array([1.0]), np.array([1.0]), np.array([2.0]), np.array([0.0]), np.array([4.0]),
        np.array([[40.0]]), np.array([[12.0]]),
    )  # fmt: skip
    assert stock_value(task, seen)[0] == pytest.approx(12 * 5)
    visits = DAYS_PER_MONTH / 7 * 70 + 4 * 2
    assert monthly_costs(task, one, seen)[0] == pytest.approx(
        one.layout.cost_per_month + 300 + visits + 2 * 150 + 60 * Fraction(8, 100) / 12
    )
