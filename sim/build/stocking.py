"""Who stocks what, under which policy, starting with what: stocking decisions as columns, one row per stock point.

Three sources speak in turn, later ones win: the generator's `stocking` list, the `policies` list (field by field)
and the stocking table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from policies.custom import CustomPolicy
from policies.replenishment import REPLENISHMENT, OrderRule, ReplenishmentPolicy
from policies.units import Cover, Quantity
from sim.build.generate import Property, property_stream, stationary_age_ms, stationary_stock, top_ranked
from sim.build.items import CLASSES, ItemColumns
from sim.build.lanes import NodeNumbers, item_filter
from sim.build.stock_points import BoolArray, StockPointGrid, cover_quantity
from sim.columns import POLICY_PYTHON
from sim.network import Float64Array, Int32Array, Int64Array
from sim.scenario.generator_section import GeneratedStocking, Ranked
from sim.scenario.policies_section import OpeningOrder
from sim.scenario.scenario import Scenario
from sim.scenario.stocking_table import ABSENT, LevelColumn, StockingTable
from sim.units import MS_PER_DAY

Resolve = Callable[[Quantity | Cover], Int64Array]
OpeningOf = Callable[[CustomPolicy, Int64Array], Int64Array]
"""What a policy orders with empty shelves at the start, at the given stock points."""


@dataclass
class Stocking:
    """Levels and settings per stock point (P,), as columns of the parameter table and the opening state."""

    rule: Int64Array  # RULE_NONE where nothing is stocked
    reorder_point: Int64Array
    order_up_to: Int64Array
    lot: Int64Array
    minimum_order: Int64Array  # ABSENT where the supplier's holds
    multiple: Int64Array
    capacity: Int64Array
    on_hand: Int64Array
    age_ms: Int64Array
    continuous: BoolArray  # under continuous review although its node may have a calendar
    deciders: list[tuple[CustomPolicy, Int64Array]]  # policies that decide in Python, with their stock points
    on_order: list[tuple[int, int, int]]  # stock point, quantity, arrival
    owed: list[tuple[int, int]]  # stock point, quantity


@dataclass
class StockingPlan:
    """Which entry decides each setting of each node and item, before stock points are numbered.

    `chosen` has a grid (N, I) per setting with the row in `values` that holds there, ABSENT where none does.
    """

    shape: tuple[int, int]
    chosen: dict[str, Int32Array] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)

    def say(self, setting: str, value: Any, nodes: Int64Array, items: BoolArray | Int64Array) -> None:
        """Let `value` hold for a setting at all pairs of nodes and items."""
        grid = self.chosen.get(setting)
        if grid is None:
            grid = self.chosen[setting] = np.full(self.shape, ABSENT, dtype=np.int32)
        self.values.append(value)
        for node in nodes:
            grid[node, items] = len(self.values) - 1

    @property
    def wanted(self) -> BoolArray:
        """Nodes and items (N, I) for which there is a policy or an opening state, hence a stock point."""
        wanted = np.zeros(self.shape, dtype=np.bool_)
        for setting in ("policy", "on_hand", "on_order", "owed"):
            if setting in self.chosen:
                wanted |= self.chosen[setting] != ABSENT
        return wanted

    def rows(self, setting: str, grid: StockPointGrid) -> Iterable[tuple[Any, Int64Array]]:
        """For each value of a setting that holds somewhere: the value and the stock points that have it."""
        if setting not in self.chosen:
            return
        at_points = self.chosen[setting][grid.node, grid.item]
        points = np.flatnonzero(at_points != ABSENT)
        points = points[np.argsort(at_points[points], kind="stable")]
        values, first = np.unique(at_points[points], return_index=True)
        for value, rows in zip(values, np.split(points, first[1:]), strict=True):
            yield self.values[value], rows


@dataclass(frozen=True)
class _TableRows:
    """A stocking table as the value of a setting; `row` (N, I) gives the table's row for a node and item."""

    table: StockingTable
    row: Int32Array


@dataclass(frozen=True)
class Generated:
    """A generator's stocking entry as the value of a setting."""

    entry: GeneratedStocking
    index: int


def plan_stocking(
    scenario: Scenario, nodes: NodeNumbers, items: ItemColumns, classes: Int64Array, per_day: Float64Array
) -> StockingPlan:
    """Collect what the scenario says about stock; `per_day` (N, I) is the mean demand at and below each node."""
    plan = StockingPlan(per_day.shape)
    if scenario.generator is not None:
        for index, entry in enumerate(scenario.generator.stocking):
            _plan_generated(scenario, nodes, items, per_day, plan, Generated(entry, index))
    for policies in scenario.policies:
        chosen = item_filter(policies.items, scenario.item_names, classes)
        for setting, value in policies.settings.items():
            plan.say(setting, value, nodes.matching(policies.nodes), chosen)
    if scenario.stocking is not None:
        _plan_table(scenario.stocking, scenario, nodes, plan)
    return plan


def _plan_generated(
    scenario: Scenario,
    nodes: NodeNumbers,
    items: ItemColumns,
    per_day: Float64Array,
    plan: StockingPlan,
    value: Generated,
) -> None:
    count = scenario.generator.items.count if scenario.generator is not None else 0
    first = len(scenario.item_names) - count
    worth = items.cost_milli[first:].astype(np.float64)
    chosen_nodes = nodes.matching(value.entry.nodes)
    total = per_day[chosen_nodes, first:].sum(axis=0)
    for node in chosen_nodes:
        usage = per_day[node, first:] if value.entry.own_choice else total
        chosen = np.zeros(per_day.shape[1], dtype=np.bool_)
        chosen[first:] = ranked(value.entry.items, usage, worth)
        plan.say("policy", value, np.array([node]), chosen)


def ranked(choice: Ranked, usage: Float64Array, worth: Float64Array) -> BoolArray:
    """The first items of a ranking by units used, or by their value; without demand only if all are in."""
    if choice.share == 1.0:
        return np.ones(usage.size, dtype=np.bool_)
    count = choice.top if choice.top is not None else int((choice.share or 0.0) * usage.size + 0.5)
    return top_ranked(usage * worth if choice.by == "value" else usage, count)


def _plan_table(table: StockingTable, scenario: Scenario, nodes: NodeNumbers, plan: StockingPlan) -> None:
    number = np.array([nodes.number[name] for name in scenario.nodes], dtype=np.int64)
    row = np.full(plan.shape, ABSENT, dtype=np.int32)
    row[number[table.node], table.item] = np.arange(table.node.size)
    value = _TableRows(table, row)
    for setting, given in (
        ("policy", table.kind != ABSENT),
        ("on_hand", table.on_hand.given),
        ("minimum_order", table.minimum_order != ABSENT),
        ("multiple", table.multiple != ABSENT),
        ("capacity", table.capacity != ABSENT),
    ):
        for node in np.unique(number[table.node[given]]):
            here = given & (number[table.node] == node)
            plan.say(setting, value, np.array([node]), table.item[here])


# --- from plan to columns -------------------------------------------------------------------------------------------


def settle(
    scenario: Scenario,
    plan: StockingPlan,
    grid: StockPointGrid,
    classes: Int64Array,
    seed: int,
    opening: OpeningOf,
) -> Stocking:
    """The plan's settings at every stock point, levels in integer units.

    `seed` is the generator's; `opening` tells what a policy that decides in Python orders up to.
    """
    points = grid.node.size
    absent = np.full(points, ABSENT, dtype=np.int64)
    zero = np.zeros(points, dtype=np.int64)
    stocking = Stocking(
        rule=zero.copy(), reorder_point=absent.copy(), order_up_to=zero.copy(), lot=np.ones(points, dtype=np.int64),
        minimum_order=absent.copy(), multiple=absent.copy(), capacity=absent.copy(), on_hand=zero.copy(),
        age_ms=zero.copy(), continuous=np.zeros(points, dtype=np.bool_), deciders=[], on_order=[],
        owed=[],
    )  # fmt: skip
    for value, rows in plan.rows("policy", grid):
        if isinstance(value, Generated):
            _settle_generated(scenario, stocking, grid, classes, rows, value, seed, opening)
        elif isinstance(value, _TableRows):
            _settle_table(stocking, grid, rows, value, scenario.stock_factor)
        else:
            _follow(scenario, stocking, grid, rows, value, opening)
    for setting, target in (
        ("minimum_order", stocking.minimum_order),
        ("multiple", stocking.multiple),
        ("capacity", stocking.capacity),
        ("on_hand", stocking.on_hand),
    ):
        for value, rows in plan.rows(setting, grid):
            target[rows] = _setting(scenario, grid, rows, setting, value)
    for value, rows in plan.rows("age", grid):
        stocking.age_ms[rows] = value
    for value, rows in plan.rows("review", grid):
        stocking.continuous[rows] = value == "continuous"
    _settle_orders_and_debts(scenario, plan, stocking, grid)
    return stocking


def resolver(
    scenario: Scenario,
    grid: StockPointGrid,
    rows: Int64Array,
    factor: Float64Array | float = 1.0,
    stock_factor: float = 1.0,
) -> Resolve:
    """Turns a level into integer units at the given stock points.

    Days of cover are multiplied by `factor`, every level by `stock_factor`; both before it is rounded.
    """

    def resolve(level: Quantity | Cover) -> Int64Array:
        if isinstance(level, Cover):
            return cover_quantity(level.days * np.asarray(factor) * stock_factor, grid.mean_per_day[rows])
        if level.unit == "each":
            return scaled_units(np.full(rows.size, int(level.amount), dtype=np.int64), stock_factor)
        return scaled_units(_units(scenario, grid, rows, level), stock_factor)

    return resolve


def scaled_units(units: Int64Array, stock_factor: float) -> Int64Array:
    """Levels in integer units times the scenario's stock factor, rounded half up as days of cover are."""
    return units if stock_factor == 1.0 else np.floor(units * stock_factor + 0.5).astype(np.int64)


def _rule(
    scenario: Scenario,
    grid: StockPointGrid,
    rows: Int64Array,
    policy: ReplenishmentPolicy,
    factor: Float64Array | float = 1.0,
) -> OrderRule:
    """A policy's rule at the given stock points: its levels times the stock factor, its lots as they are."""
    levels = resolver(scenario, grid, rows, factor, scenario.stock_factor)
    return policy.order_rule(levels, resolver(scenario, grid, rows, factor))


def _units(scenario: Scenario, grid: StockPointGrid, rows: Int64Array, quantity: Quantity) -> Int64Array:
    names = scenario.item_names
    items, inverse = np.unique(grid.item[rows], return_inverse=True)
    return np.array([scenario.item_unit(names[item]).whole_units(quantity) for item in items], dtype=np.int64)[inverse]


def _follow(
    scenario: Scenario,
    stocking: Stocking,
    grid: StockPointGrid,
    rows: Int64Array,
    policy: ReplenishmentPolicy,
    opening: OpeningOf,
    factor: Float64Array | float = 1.0,
) -> None:
    """Let stock points follow a policy: by one of the engine's rules, or by its own decisions."""
    if isinstance(policy, CustomPolicy):
        up_to = opening(policy, rows)
        stocking.deciders.append((policy, rows))
        _apply(stocking, rows, OrderRule(POLICY_PYTHON, np.full_like(up_to, -1), up_to, np.ones_like(up_to)))
    else:
        _apply(stocking, rows, _rule(scenario, grid, rows, policy, factor))


def _apply(stocking: Stocking, rows: Int64Array, rule: OrderRule) -> None:
    """Take over a policy's levels; the opening stock is what it orders up to."""
    stocking.rule[rows] = rule.rule
    stocking.reorder_point[rows] = rule.reorder_point
    stocking.order_up_to[rows] = rule.order_up_to
    stocking.lot[rows] = rule.lot
    stocking.on_hand[rows] = rule.order_up_to


def _setting(scenario: Scenario, grid: StockPointGrid, rows: Int64Array, setting: str, value: Any) -> Int64Array:
    if isinstance(value, _TableRows):
        of_table = value.row[grid.node[rows], grid.item[rows]]
        if setting == "on_hand":
            return _column_units(value.table.on_hand, of_table, grid.mean_per_day[rows])
        column: Int64Array = getattr(value.table, setting)
        return column[of_table]
    return resolver(scenario, grid, rows)(value)


def _column_units(
    column: LevelColumn, table_rows: Int32Array, mean_per_day: Float64Array, stock_factor: float = 1.0
) -> Int64Array:
    cover_ms = column.cover_ms[table_rows]
    in_units = cover_quantity(cover_ms / MS_PER_DAY * stock_factor, mean_per_day)
    return np.where(cover_ms == ABSENT, scaled_units(column.units[table_rows], stock_factor), in_units)


def _settle_table(
    stocking: Stocking, grid: StockPointGrid, rows: Int64Array, value: _TableRows, stock_factor: float
) -> None:
    """Rows of one kind go together; a count whose cell is empty has the kind's default."""
    table_rows = value.row[grid.node[rows], grid.item[rows]]
    kinds = value.table.kind[table_rows]
    for kind in np.unique(kinds):
        own = kinds == kind
        model = REPLENISHMENT.model(REPLENISHMENT.kinds[kind])
        assert issubclass(model, ReplenishmentPolicy)
        mean_per_day = grid.mean_per_day[rows[own]]
        unscaled = {*model.lots, *model.count_names()}
        columns = {
            name: _column_units(column, table_rows[own], mean_per_day, 1.0 if name in unscaled else stock_factor)
            for name, column in value.table.levels.items()
        }
        figures = {name: columns[name] for name in (*model.level_names(), *model.count_names()) if name in columns}
        for name in model.count_names():
            empty = figures[name] == ABSENT
            figures[name] = (
                np.where(empty, model.model_fields[name].default, figures[name]) if empty.any() else figures[name]
            )
        _apply(stocking, rows[own], model.rule_from(figures))


def _settle_generated(
    scenario: Scenario,
    stocking: Stocking,
    grid: StockPointGrid,
    classes: Int64Array,
    rows: Int64Array,
    value: Generated,
    seed: int,
    opening: OpeningOf,
) -> None:
    entry = value.entry
    factors = np.array([entry.class_factors.get(name, 1.0) for name in CLASSES])[classes[grid.item[rows]]]  # type: ignore[call-overload]
    _follow(scenario, stocking, grid, rows, entry.policy, opening, factors)
    stocking.age_ms[rows] = entry.opening.age
    mean_per_day = grid.mean_per_day[rows]
    on_hand = stocking.on_hand[rows]
    if entry.opening.on_hand == "mean":
        on_hand = stationary_stock(seed, value.index, stocking.reorder_point[rows], stocking.order_up_to[rows])
        stocking.on_hand[rows] = on_hand
        if "age" not in entry.opening.model_fields_set:
            stocking.age_ms[rows] = stationary_age_ms(seed, value.index, on_hand, mean_per_day)
    if entry.dead_stock is not None:
        u = property_stream(seed, Property.DEAD_STOCK, value.index).random(rows.size)
        left_over = np.maximum(cover_quantity(entry.dead_stock.cover / MS_PER_DAY, mean_per_day), 1)
        dead = np.where(u < entry.dead_stock.share, left_over, 0)
        total = np.maximum(on_hand + dead, 1)
        stocking.age_ms[rows] = (stocking.age_ms[rows] * on_hand + entry.dead_stock.age * dead) // total
        stocking.on_hand[rows] = on_hand + dead


def _settle_orders_and_debts(scenario: Scenario, plan: StockingPlan, stocking: Stocking, grid: StockPointGrid) -> None:
    for value, rows in plan.rows("on_order", grid):
        orders: tuple[OpeningOrder, ...] = value
        for order in orders:
            units = resolver(scenario, grid, rows)(order.quantity)
            stocking.on_order += [
                (point, quantity, order.arrives)
                for point, quantity in zip(rows.tolist(), units.tolist(), strict=True)
                if quantity > 0
            ]
    for value, rows in plan.rows("owed", grid):
        units = resolver(scenario, grid, rows)(value)
        stocking.owed += [pair for pair in zip(rows.tolist(), units.tolist(), strict=True) if pair[1] > 0]
