"""From a checked scenario to the arrays that the engine runs on.

    nodes in order -> items -> demand -> classes -> lanes -> who stocks what -> stock points -> parameters

Everything is done in columns; a network of 440,000 stock points takes a fraction of a second.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from sim import columns as c
from sim.build.allocation import allocation_columns
from sim.build.calendars import periodic, review_instants
from sim.build.contracts import with_contracts
from sim.build.deciders import Opening, deciders_and_rows
from sim.build.demand import plan_demand
from sim.build.detection import planned_rules
from sim.build.devices import device_flags, fit_opening, room, tighter
from sim.build.families import can_order_families
from sim.build.items import ItemColumns, item_columns
from sim.build.lanes import (
    NodeNumbers,
    lane_grid,
    network_lanes,
    network_routes,
    network_suppliers,
    number_nodes,
)
from sim.build.plants import PlantsBuilder, plant_plan, uses_of
from sim.build.pools import helpers, network_pools, pool_columns
from sim.build.sources import demand_sources
from sim.build.sourcing import alternatives_table, plan_sources
from sim.build.stock_points import NoLane, StockPointGrid, abc_classes, demand_at_and_below, lay_out
from sim.build.stocking import Stocking, plan_stocking, settle
from sim.build.terms import Terms, supplier_terms
from sim.build.worked_out import work_out_levels
from sim.lead_times import mean_lead_times_ms
from sim.network import Float64Array, Int64Array, Network
from sim.scenario.expand import matching
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.scenario import Scenario
from sim.units import UnitError

_ROWS_IN_CACHE = 4096


def build_network(scenario: Scenario) -> Network:
    """The network of a scenario: nodes downstream first, one stock point per node and item that matter to each other.

    Raises ScenarioError when nodes supply each other in a circle, no lane brings an item to where it is wanted, or a
    quantity does not fit an item's unit.
    """
    try:
        return _network(scenario)
    except UnitError as error:
        raise ScenarioError([Finding(error.message, error.hint)]) from None


def _network(scenario: Scenario) -> Network:
    nodes = number_nodes(scenario)
    items = item_columns(scenario)
    demand = plan_demand(scenario, nodes)
    plants = PlantsBuilder.of(scenario, nodes)
    plants.add_machine_use(demand)
    classes = _classes(scenario, items, demand.per_day.sum(axis=0))
    lanes = network_lanes(scenario, nodes)
    lane_from = np.array([lane.from_node for lane in lanes], dtype=np.int64)
    serving = lane_grid(scenario, nodes, classes)
    routes = network_routes(scenario, nodes)
    mean_ms = mean_lead_times_ms(lanes, routes)
    sources = plan_sources(scenario, nodes, items, classes, serving, mean_ms)
    shared = [one.shared_demand() for one in sources]
    mean_per_day = demand_at_and_below(demand.per_day, serving, lane_from, nodes.is_supplier, shared)
    plan = plan_stocking(scenario, nodes, items, classes, mean_per_day)
    try:
        wanted = demand.wanted | plan.wanted
        grid = lay_out(
            mean_per_day, wanted, serving, lane_from, nodes.is_supplier, shared, helpers(scenario, nodes, classes)
        )
    except NoLane as missing:
        raise _not_delivered(scenario, nodes, missing) from None
    seed = 0 if scenario.generator is None else scenario.generator.seed
    opening = Opening(scenario, nodes, items, grid, mean_ms)
    stocking = settle(scenario, plan, grid, classes, seed, opening.order_up_to)
    terms = supplier_terms(scenario, nodes, grid)
    reviews = review_instants(scenario, nodes)
    on_calendar = periodic(reviews, stocking, grid)
    families, policy_row = can_order_families(stocking.rule, on_calendar, grid)
    alternatives, sourcing, split = alternatives_table(scenario, nodes, items, sources, grid)
    own_per_day = demand.per_day[grid.node, grid.item]
    reserve, allocation = allocation_columns(scenario, nodes, grid, stocking.rule, own_per_day)
    flags = allocation + split * c.SP_SPLIT + on_calendar * c.SP_PERIODIC
    columns, pooling = pool_columns(scenario, nodes, classes, grid)
    flags |= pooling
    deciders, policy_row = deciders_and_rows(stocking, policy_row)
    flags |= device_flags(scenario, nodes, grid)
    columns |= {c.P_POLICY_ROW: policy_row, c.P_SOURCING: sourcing, c.P_RESERVE: reserve}
    columns[c.P_CAPACITY] = tighter(stocking.capacity, room(scenario, nodes, grid))
    shortage = scenario.costs.shortage_per_line
    network = Network(
        name=scenario.name,
        variant=scenario.variant,
        currency=scenario.currency,
        minor_digits=scenario.minor_digits,
        start_epoch_ms=scenario.start_epoch_ms,
        horizon_ms=scenario.horizon,
        warm_up_ms=scenario.warm_up,
        node_names=nodes.names,
        node_kinds=tuple(_kind(scenario.node(name)) for name in nodes.names),
        node_echelons=tuple(scenario.node(name).label for name in nodes.names),
        item_names=scenario.item_names,
        item_units=items.unit,
        item_resolution=items.resolution,
        item_cost_milli=items.cost_milli,
        item_price_milli=items.price_milli,
        item_class=classes,
        item_volume_ml=items.volume_ml,
        item_weight_g=items.weight_g,
        item_critical=items.critical,
        item_lots=items.lots,
        item_fefo=items.fefo,
        item_shelf_life_ms=items.shelf_life_ms,
        parameter=_parameters(nodes, items, classes, grid, stocking, terms, flags, columns),
        node_first_stock_point=grid.first_of_node,
        mean_demand_per_day=grid.mean_per_day,
        initial_on_hand=np.where(nodes.is_supplier[grid.node], 0, stocking.on_hand),
        initial_on_order=np.array(stocking.on_order, dtype=np.int64).reshape(-1, 3),
        initial_owed=np.array(stocking.owed, dtype=np.int64).reshape(-1, 2),
        initial_age_ms=np.where(nodes.is_supplier[grid.node], 0, stocking.age_ms),
        price_breaks=terms.price_breaks,
        lanes=lanes,
        routes=routes,
        suppliers=network_suppliers(scenario, nodes),
        holding_rate_per_year=scenario.costs.holding_rate,
        shortage_cost=scenario.minor(shortage),
        demand=demand_sources(scenario, nodes, demand, grid),
        notes=scenario.notes,
        review_ms=reviews,
        families=families,
        alternatives=alternatives,
        pools=network_pools(scenario, nodes),
        deciders=deciders,
        plant_plan=plant_plan(plants, items, classes, grid),
        item_certificate=items.certificate,
    )
    opened = fit_opening(scenario, work_out_levels(scenario, network, plan, grid), nodes, plan, grid)
    return with_contracts(scenario, _with_rules(scenario, opened))


def _with_rules(scenario: Scenario, network: Network) -> Network:
    """The network with its detection rules, which need to know the devices."""
    rules = planned_rules(scenario, network)
    return replace(network, plant_plan=replace(network.plant_plan, rules=rules)) if network.plant_plan else network


def _classes(scenario: Scenario, items: ItemColumns, per_day: Float64Array) -> Int64Array:
    """Given classes, and for the other items the class by value at cost (at price where nothing has a cost)."""
    worth = items.cost_milli if items.cost_milli.any() else items.price_milli
    by_value = abc_classes(per_day * 365.0 * worth, scenario.abc.a_share, scenario.abc.b_share)
    return np.where(items.class_ >= 0, items.class_, by_value)


def _kind(node: Any) -> str:
    return str(node.kind)


def _parameters(
    nodes: NodeNumbers,
    items: ItemColumns,
    classes: Int64Array,
    grid: StockPointGrid,
    stocking: Stocking,
    terms: Terms,
    more_flags: Int64Array,
    more_columns: dict[int, Int64Array],
) -> Int64Array:
    """The parameter table (P, PARAMETER_COLUMNS); see `sim.columns` for what the columns mean."""
    supplier = nodes.is_supplier[grid.node]
    stocked = (stocking.rule != c.POLICY_NONE) & ~supplier
    rule = np.where(stocked, stocking.rule, c.POLICY_ORDER_UP_TO)  # what is not stocked is ordered through: (-1, 0)
    flags = supplier * c.SP_SUPPLIER + stocked * c.SP_STOCKED
    flags += np.where(supplier, 0, more_flags)
    flags += (items.lots * c.SP_LOTS + items.critical * c.SP_CRITICAL)[grid.item]
    columns: dict[int, Int64Array] = {
        c.P_NODE: grid.node,
        c.P_ITEM: grid.item,
        c.P_POLICY: np.where(supplier, c.POLICY_NONE, rule),
        c.P_REORDER_POINT: np.where(stocked, stocking.reorder_point, -1),
        c.P_ORDER_UP_TO: np.where(stocked, stocking.order_up_to, 0),
        c.P_LOT: np.where(stocked, stocking.lot, 1),
        c.P_MINIMUM_ORDER: np.where(stocking.minimum_order > 0, stocking.minimum_order, terms.minimum_order),
        c.P_MULTIPLE: np.where(stocking.multiple > 0, stocking.multiple, terms.multiple),
        c.P_SOURCE: grid.source,
        c.P_LANE: grid.lane,
        c.P_FLAGS: flags,
        c.P_GROUP: grid.node * 3 + classes[grid.item],
        c.P_PRICE_BREAKS: terms.break_first,
        c.P_PRICE_BREAK_COUNT: terms.break_count,
        **more_columns,
    }
    table = np.zeros((grid.node.size, c.PARAMETER_COLUMNS), dtype=np.int64)
    for first in range(0, len(table), _ROWS_IN_CACHE):  # writing whole columns would pass all memory once per column
        rows = slice(first, first + _ROWS_IN_CACHE)
        table[rows, c.ROW_PARAMETERS] = -1  # where `columns` says nothing of them
        for column, values in columns.items():
            table[rows, column] = values[rows]
    return table


def _not_delivered(scenario: Scenario, nodes: NodeNumbers, missing: NoLane) -> ScenarioError:
    node = nodes.names[missing.node]
    names = [scenario.item_names[item] for item in missing.items]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    message = f"no lane brings {shown} to {node}, where it is wanted"
    hint = f"add a lane to {node}, or widen the `items` of one"
    return ScenarioError([scenario.finding(message, hint, *_wanted_by(scenario, nodes, node, names[0]))])


def _wanted_by(scenario: Scenario, nodes: NodeNumbers, node: str, item: str) -> tuple[object, ...]:
    """The setting because of which an item is wanted at a node: demand, a policy, a machine, or a lane onwards."""

    def speaks_of(patterns: tuple[str, ...] | None) -> bool:
        return patterns is not None and node in matching(patterns, nodes.names)

    for index, demand in enumerate(scenario.demand):
        asked = demand.jobs.items if demand.jobs is not None else demand.item or ()
        if speaks_of(demand.node) and matching(asked, [item]):
            return "demand", index
    for index, entry in enumerate(scenario.policies):
        if speaks_of(entry.nodes) and (entry.items.names is None or matching(entry.items.names, [item])):
            return "policies", index
    for name, plant in scenario.nodes.items():
        for line_name, machine_name, used, use in uses_of(plant):
            if used == item and speaks_of(use.from_):
                return "nodes", name, "lines", line_name, "machines", machine_name, "uses", item, "from"
    for name, pool in scenario.pools.items():
        if any(emergency.from_ == node for emergency in pool.emergency):
            return "pools", name
    for index, lane in enumerate(scenario.lanes):
        if speaks_of(lane.from_) and (lane.items is None or not lane.items.names or matching(lane.items.names, [item])):
            return "lanes", index
    return "nodes", node
