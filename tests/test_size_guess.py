"""The first guess of stock levels, against enumeration of all levels."""

from itertools import product

import numpy as np
import pytest

from sim.size.cycles import Cycle, Window, availability
from sim.size.demand import Demand
from sim.size.guess import Stocked, concave_corners, guess, steps_of, trim
from sim.size.guess import kept as chance_kept

CYCLE = Cycle(7.0, 1.0)
ITEMS = (Stocked(Demand(0.3), CYCLE, 1.0), Stocked(Demand(0.6, 2.0), CYCLE, 0.35), Stocked(Demand(0.15), CYCLE, 2.5))


def kept(items: tuple[Stocked, ...], levels: tuple[int, ...], window: Window) -> float:
    return chance_kept(items, np.array(levels), window)


def cost(items: tuple[Stocked, ...], levels: tuple[int, ...]) -> float:
    return sum(item.cost_per_month * level for item, level in zip(items, levels, strict=True))


def test_every_allocation_on_the_way_is_the_best_for_its_cost() -> None:
    tops = (12, 25, 8)
    curves = [availability(item.demand, np.arange(top + 1.0), CYCLE) for item, top in zip(ITEMS, tops, strict=True)]
    every = list(product(*(range(top + 1) for top in tops)))
    costs = np.array([cost(ITEMS, levels) for levels in every])
    gains = np.array([sum(curve[level] for curve, level in zip(curves, levels, strict=True)) for levels in every])
    steps = steps_of(ITEMS)
    looked_at = 0
    for count in range(len(steps.item) + 1):
        levels = steps.after(count)
        if any(level > top for level, top in zip(levels, tops, strict=True)):
            break
        reached = sum(curve[level] for curve, level in zip(curves, levels, strict=True))
        assert gains[costs <= cost(ITEMS, tuple(levels)) + 1e-9].max() <= reached + 1e-9
        looked_at += 1
    assert looked_at > 15


def test_corners_lie_on_the_concave_majorant() -> None:
    x = np.arange(6.0)
    assert concave_corners(x, np.array([0, 0.1, 0.5, 0.7, 0.9, 0.9])).tolist() == [0, 2, 4]
    assert concave_corners(x, np.array([0, 0.5, 0.8, 0.9, 0.95, 0.97])).tolist() == [0, 1, 2, 3, 4, 5]
    assert concave_corners(x, np.ones(6)).tolist() == [0]


@pytest.mark.parametrize("probability", [0.6, 0.9, 0.99])
@pytest.mark.parametrize("demand", [Demand(0.3), Demand(2.0, 4.0), Demand(60.0, 2.0)])
def test_one_item_gets_the_least_level_that_enumeration_finds(demand: Demand, probability: float) -> None:
    window = Window(30.0, 0.99, 1, windows=6)
    items = (Stocked(demand, CYCLE, 0.4),)
    found = guess(items, window, probability)
    level = int(found.levels[0])
    assert found.reached
    assert found.kept == kept(items, (level,), window) >= probability
    every = [kept(items, (lower,), window) for lower in range(max(level - 40, 0), level)]
    assert all(chance < probability for chance in every)


@pytest.mark.parametrize("probability", [0.7, 0.95])
def test_levels_of_several_items_are_hardly_dearer_than_the_best_of_all(probability: float) -> None:
    window = Window(30.0, 0.99, 3)
    found = guess(ITEMS, window, probability)
    levels = tuple(int(level) for level in found.levels)
    assert kept(ITEMS, levels, window) >= probability
    for number in range(3):
        lower = tuple(level - (number == place) for place, level in enumerate(levels))
        assert kept(ITEMS, lower, window) < probability
    best = min(
        cost(ITEMS, one)
        for one in product(*(range(max(level - 5, 0), level + 6) for level in levels))
        if kept(ITEMS, one, window) >= probability
    )
    assert cost(ITEMS, levels) <= 1.1 * best


def test_trimming_lowers_the_dearest_first() -> None:
    items = (Stocked(Demand(0.3), CYCLE, 1.0), Stocked(Demand(0.3), CYCLE, 5.0))
    window = Window(30.0, 0.98, 2)
    cheap, dear = trim(items, window, np.array([12, 12]), 0.9)
    assert dear < cheap <= 12
    assert kept(items, (cheap, dear), window) >= 0.9


def test_levels_do_not_go_below_their_floor() -> None:
    items = (Stocked(Demand(0.3), CYCLE, 1.0), Stocked(Demand(0.3), CYCLE, 5.0, floor=11))
    cheap, dear = guess(items, Window(30.0, 0.98, 2), 0.9).levels
    assert dear == 11 > cheap > 0


def test_what_no_stock_can_reach_is_said() -> None:
    found = guess(ITEMS, Window(30.0, 0.999_999_9, 3, windows=1000), 0.999_999)
    assert not found.reached
    assert found.kept < 0.999_999
