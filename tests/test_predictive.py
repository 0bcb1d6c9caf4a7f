"""Predictive replenishment: renewal counts and sums against simulated ones, and what is ordered."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from policies.custom import View, needs_of
from policies.predictive import Predictive
from policies.remaining_life import RemainingLife, level_for, planned_uses, replacements

HOUR_MS = 3_600_000.0
DAY_MS = 24 * HOUR_MS
Z99 = 2.576
Z99_OF_FIVE = 3.09  # five intervals that all hold with 99 %


def uses(**columns: Any) -> RemainingLife:
    """Uses of item 0 with the given columns; what is not given does not matter."""
    size = max(np.size(value) for value in columns.values())
    filled = {
        "item": 0, "quantity": 1, "running_ms_per_day": DAY_MS, "age_ms": 0, "shape": 0, "scale_ms": 0,
        "acceleration": 1, "next_acceleration": 1, "interval_ms": 0, "left_ms": 0, "rate_per_ms": 0,
    } | columns  # fmt: skip
    whole = ("item", "quantity")
    return RemainingLife(
        **{
            name: np.broadcast_to(np.asarray(value, np.int64 if name in whole else np.float64), size).copy()
            for name, value in filled.items()
        }
    )


def simulated_counts(
    shape: float, scale: float, next_scale: float, age: float, within: float, runs: int, seed: int = 3
) -> np.ndarray[Any, Any]:
    """How many replacements there were in each of many runs; the first life is drawn given that it exceeds the age."""
    random = np.random.default_rng(seed)
    at = scale * ((age / scale) ** shape + random.exponential(size=runs)) ** (1 / shape) - age
    count = np.zeros(runs, np.int64)
    while (at <= within).any():
        count += at <= within
        at = at + next_scale * random.weibull(shape, runs)
    return count


@pytest.mark.parametrize(
    ("shape", "scale", "next_scale", "age", "within"),
    [
        (2.4, 300.0, 300.0, 0.0, 200.0),
        (2.4, 300.0, 200.0, 250.0, 400.0),  # worn, and warmer from now on
        (1.0, 100.0, 100.0, 70.0, 350.0),  # ages not at all
        (0.7, 100.0, 150.0, 30.0, 300.0),
        (5.0, 100.0, 100.0, 40.0, 1500.0),  # many replacements
    ],
)
def test_replacements_are_those_of_simulated_lives(
    shape: float, scale: float, next_scale: float, age: float, within: float
) -> None:
    runs = 40_000
    chance = replacements(shape, scale, next_scale, age, within)
    count = simulated_counts(shape, scale, next_scale, age, within, runs)
    assert chance.sum() == pytest.approx(1.0)
    assert chance.min() >= 0.0
    mean = float(chance @ np.arange(chance.size))
    assert abs(count.mean() - mean) < Z99_OF_FIVE * count.std() / math.sqrt(runs)
    for number in range(int(count.max()) + 1):
        exact = chance[number]
        margin = 3.5 * math.sqrt(exact * (1 - exact) / runs) + 5 / runs  # of some twenty comparisons together
        assert abs((count == number).mean() - exact) < margin


def test_replacements_of_lives_that_do_not_age_are_poisson() -> None:
    chance = replacements(1.0, 50.0, 50.0, 123.0, 200.0)
    poisson = [math.exp(-4) * 4**k / math.factorial(k) for k in range(12)]
    assert chance[:12] == pytest.approx(poisson, abs=2e-4)
    assert chance[0] == pytest.approx(math.exp(-4), rel=1e-12)


def test_a_part_that_is_old_is_needed_sooner() -> None:
    fresh, worn = (replacements(2.4, 300.0, 300.0, age, 100.0)[0] for age in (0.0, 300.0))
    assert fresh == pytest.approx(math.exp(-((1 / 3) ** 2.4)))
    assert worn == pytest.approx(math.exp(1 - (4 / 3) ** 2.4))


def test_planned_uses_fall_due_one_by_one() -> None:
    assert [planned_uses(10, 4, within) for within in (3.9, 4, 13.9, 14, 24)] == [0, 1, 1, 2, 3]
    assert planned_uses(10, -2, 5) == 1  # overdue


@pytest.mark.parametrize("service", [0.8, 0.95, 0.99])
def test_the_level_covers_the_simulated_sum_with_the_chance_asked_for(service: float) -> None:
    ages = np.array([0.0, 100.0, 200.0, 280.0, 350.0]) * HOUR_MS
    one = uses(
        quantity=[1, 2, 1, 1, 3], shape=2.4, scale_ms=300 * HOUR_MS, age_ms=ages, running_ms_per_day=16 * HOUR_MS
    )
    days, other, runs = 6.0, 0.5, 40_000
    level = level_for(one, other, days, service)
    total = np.random.default_rng(1).poisson(other * days, runs)
    for row in range(5):
        count = simulated_counts(2.4, 300, 300, ages[row] / HOUR_MS, 96, runs, seed=10 + row)
        total += one.quantity[row] * count
    covered, less = (total <= level).mean(), (total <= level - 1).mean()
    margin = Z99 * math.sqrt(service * (1 - service) / runs)
    assert covered > service - margin
    assert less < service + margin


def test_levels_of_huge_quantities_are_normal() -> None:
    part = uses(quantity=[20_000] * 50, shape=1.0, scale_ms=DAY_MS)
    level = level_for(part, 0.0, 4.0, 0.9772498680518208)  # two standard deviations; 200 replacements on average
    assert level == pytest.approx(20_000 * (200 + 2 * math.sqrt(200)), rel=1e-3)


def test_what_is_planned_is_added_as_it_is() -> None:
    planned = uses(quantity=[5, 1], interval_ms=[2 * DAY_MS, 0], left_ms=[DAY_MS, 0], rate_per_ms=[0, 3 / DAY_MS])
    assert level_for(planned, 0.0, 4.0, 0.99) == 2 * 5 + 12
    assert level_for(planned, 0.0, 0.9, 0.99) == 3
    assert planned.mean_per_day().tolist() == pytest.approx([2.5, 3.0])
    worn = uses(shape=[1.0, 2.0], scale_ms=10 * DAY_MS, next_acceleration=[1, 2], running_ms_per_day=DAY_MS / 2)
    assert worn.mean_per_day().tolist() == pytest.approx([0.05, 0.1 / (math.sqrt(math.pi) / 2)])


def view(life: RemainingLife | None, position: list[int], mean_per_day: list[float]) -> View:
    size = len(position)
    units, none = np.array(position, np.int64), np.zeros(size, np.int64)
    return View(
        node="shelf", time_ms=0, weekday=0, time_of_day_ms=0, items=tuple(f"item-{k}" for k in range(size)),
        on_hand=units, on_order=none, waiting=none, position=units, mean_demand_per_day=np.array(mean_per_day),
        forecast_per_day=np.full(size, np.nan), lead_time_days=np.full(size, 2.0), minimum_order=none + 1,
        multiple=none + 1, capacity=none - 1, unit_cost=np.ones(size), remaining_life=life,
    )  # fmt: skip


def test_it_orders_by_age_and_covers_the_time_ahead_only_when_it_orders() -> None:
    policy = Predictive(service=0.85, review_period="1 d", look_ahead="4 d")
    fresh = uses(item=[0, 0, 1], shape=3.0, scale_ms=20 * DAY_MS, quantity=[1, 1, 2])
    worn = replace(fresh, age_ms=np.array([18.0, 19.0, 19.0]) * DAY_MS)
    mean = [0.1, 0.1]
    none, both = (needs_of(policy, view(life, [0, 0], mean)) for life in (fresh, worn))
    assert none.tolist() == [0, 0]  # new parts of 18 days' mean life: nothing fails within three days
    three, seven = (level_for(worn.chosen(0), 0.0, days, 0.85) for days in (3.0, 7.0))
    assert both.tolist() == [2, 2]
    assert (three, seven) == (1, 2)
    assert needs_of(policy, view(worn, [three, 0], mean)).tolist() == [0, 2]


def test_people_are_served_on_top_and_without_machines_alone() -> None:
    policy = Predictive(service=0.9, review_period="1 d", look_ahead=0)
    alone = needs_of(policy, view(None, [0], [2.0]))
    assert alone.tolist() == [9]  # smallest q with P(Poisson(6) <= q) >= 0.9
    flow = uses(rate_per_ms=[1 / DAY_MS])
    assert needs_of(policy, view(flow, [0], [3.0])).tolist() == [9 + 3]
    assert needs_of(policy, view(flow, [0], [0.5])).tolist() == [3]  # no less than the machines use


def test_it_is_a_pure_function() -> None:
    worn = uses(item=[0, 0], shape=2.0, scale_ms=5 * DAY_MS, age_ms=[DAY_MS, 4 * DAY_MS])
    seen = view(worn, [0], [0.5])
    policy = Predictive()
    assert needs_of(policy, seen).tolist() == needs_of(policy, seen).tolist()
    assert worn.age_ms.tolist() == [DAY_MS, 4 * DAY_MS]
