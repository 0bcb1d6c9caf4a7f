"""Takes the policies with computed levels out of the stocking plan, and gives their stock points levels and stock."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from policies.computed import Computed, OrderOnForecast, WorkedOut
from policies.units import Quantity
from sim import columns as c
from sim.build.forecasts import WorkedOutPoints, with_forecasts
from sim.build.generate import stationary_age_ms, stationary_stock
from sim.build.stock_points import StockPointGrid
from sim.build.stocking import Generated, StockingPlan, resolver
from sim.network import Int64Array, Network
from sim.scenario.scenario import Scenario
from sim.scenario.stocking_table import ABSENT


def work_out_levels(scenario: Scenario, network: Network, plan: StockingPlan, grid: StockPointGrid) -> Network:
    """The network with forecasts, first levels and opening stock of all stock points whose policy wants them."""
    found = list(_chosen(scenario, plan, grid))
    if not found:
        return network
    network = with_forecasts(network, [one for one, _ in found], scenario.stock_factor)
    on_hand, age = network.initial_on_hand.copy(), network.initial_age_ms.copy()
    free = np.ones(len(on_hand), np.bool_)
    if "on_hand" in plan.chosen:
        free = plan.chosen["on_hand"][grid.node, grid.item] == ABSENT
    for one, generated in found:
        points = one.points[free[one.points]]
        up_to = network.parameter[points, c.P_ORDER_UP_TO]
        if generated is None or generated.entry.opening.on_hand != "mean":
            on_hand[points] += up_to
            continue
        seed = 0 if scenario.generator is None else scenario.generator.seed
        stock = stationary_stock(seed, generated.index, network.parameter[points, c.P_REORDER_POINT], up_to)
        own_age = np.full(len(points), generated.entry.opening.age)
        if "age" not in generated.entry.opening.model_fields_set:
            own_age = stationary_age_ms(seed, generated.index, stock, grid.mean_per_day[points])
        left_over = on_hand[points]  # dead stock is there already
        age[points] = (own_age * stock + age[points] * left_over) // np.maximum(stock + left_over, 1)
        on_hand[points] = stock + left_over
    return replace(network, initial_on_hand=on_hand, initial_age_ms=age)


def _chosen(
    scenario: Scenario, plan: StockingPlan, grid: StockPointGrid
) -> Iterator[tuple[WorkedOutPoints, Generated | None]]:
    for value, rows in plan.rows("policy", grid):
        generated = value if isinstance(value, Generated) else None
        policy = value.entry.policy if isinstance(value, Generated) else value
        if isinstance(policy, WorkedOut):
            yield WorkedOutPoints(policy, rows, _stated_units(scenario, grid, rows, policy)), generated


def _stated_units(scenario: Scenario, grid: StockPointGrid, rows: Int64Array, policy: WorkedOut) -> Int64Array:
    stated = policy.lot if isinstance(policy, Computed) else None
    if isinstance(policy, OrderOnForecast):
        stated = policy.safety
    if isinstance(stated, Quantity):
        return resolver(scenario, grid, rows)(stated)
    return np.zeros(rows.size, np.int64)
