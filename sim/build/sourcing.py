"""Several sources for one item: which lanes a stock point may order by, and in which order they are tried."""

from dataclasses import dataclass

import numpy as np

from policies.sourcing import Cheapest, NearestWithStock, Primary, SourcingRule, Split
from sim.build.items import ItemColumns
from sim.build.lanes import NodeNumbers, item_filter
from sim.build.stock_points import BoolArray, SharedDemand, StockPointGrid
from sim.build.stocking import StockingPlan
from sim.build.terms import smallest_cost_milli, smallest_order
from sim.network import ALTERNATIVE_COLUMNS, Float64Array, Int32Array, Int64Array
from sim.scenario.nodes import StockingNode
from sim.scenario.scenario import Scenario

NO_LANE = -1
_SETTING = "sourcing"
_WHOLE = 1000  # thousandths


@dataclass(frozen=True)
class NodeSources:
    """Items of one node with several sources under one rule. K places in the order, M items."""

    node: int
    rule: SourcingRule
    items: Int64Array  # (M,) ascending
    lanes: Int32Array  # (K, M) rows of `NodeNumbers.pairs` in the order in which they are tried, then NO_LANE
    share: Int64Array  # (K, M) thousandths of a split order; 0 for other rules

    @property
    def split(self) -> bool:
        """Whether every order is divided."""
        return isinstance(self.rule, Split)

    def shared_demand(self) -> SharedDemand:
        """How the node's demand is passed on."""
        return SharedDemand(self.node, self.items, self.lanes, self.share / _WHOLE)


def plan_sources(
    scenario: Scenario,
    nodes: NodeNumbers,
    items: ItemColumns,
    classes: Int64Array,
    serving: Int32Array,
    mean_ms: Float64Array,
) -> list[NodeSources]:
    """Everything that has more than one source, by node; `serving` (N, I) is changed to the first of each.

    `mean_ms` (L,) are the lanes' mean lead times. What none of the sources of a rule brings stays with the first lane
    that fits.
    """
    plan = _rules(scenario, nodes, classes, serving.shape)
    if not plan.chosen:
        return []
    names = scenario.item_names
    fits = [item_filter(lane.items, names, classes) for lane in scenario.lanes]
    found: list[NodeSources] = []
    chosen = plan.chosen[_SETTING]
    for node in np.flatnonzero((chosen >= 0).any(axis=1)).tolist():
        for value in np.unique(chosen[node][chosen[node] >= 0]).tolist():
            rule: SourcingRule = plan.values[value]
            rows = _lanes(nodes, node, rule)
            own = np.flatnonzero(chosen[node] == value).astype(np.int64)
            if isinstance(rule, Primary) or not rows:
                continue
            fit = np.array([fits[nodes.pairs[row].index][own] for row in rows], dtype=np.bool_)
            fit = _first_of_source(nodes, rows, fit)
            cost = _landed_costs(scenario, nodes, items, rows, own) if isinstance(rule, Cheapest) else None
            ranked = _ranked(rule, rows, fit, mean_ms, cost)
            serving[node, own] = np.where(ranked[0] != NO_LANE, ranked[0], serving[node, own])
            several = (ranked != NO_LANE).sum(axis=0) > 1
            if several.any():
                share = _shares(nodes, rule, ranked[:, several])
                found.append(NodeSources(node, rule, own[several], ranked[:, several], share))
    return found


def _rules(scenario: Scenario, nodes: NodeNumbers, classes: Int64Array, shape: tuple[int, ...]) -> StockingPlan:
    """Which rule holds where: each node's own for all its items, then the entries of the `policies` list."""
    plan = StockingPlan((shape[0], shape[1]))
    everything = np.arange(shape[1])
    for number, name in enumerate(nodes.names):
        node = scenario.node(name)
        if isinstance(node, StockingNode) and not isinstance(node.sourcing, Primary):
            plan.say(_SETTING, node.sourcing, np.array([number]), everything)
    for entry in scenario.policies:
        if entry.sourcing is not None:
            chosen = item_filter(entry.items, scenario.item_names, classes)
            plan.say(_SETTING, entry.sourcing, nodes.matching(entry.nodes), chosen)
    return plan


def _lanes(nodes: NodeNumbers, node: int, rule: SourcingRule) -> list[int]:
    """The lanes that count, in scenario order: with shares only those of the sources that have one."""
    return [
        row
        for row, pair in enumerate(nodes.pairs)
        if nodes.number[pair.to_node] == node and not (isinstance(rule, Split) and pair.from_node not in rule.shares)
    ]


def _first_of_source(nodes: NodeNumbers, rows: list[int], fit: BoolArray) -> BoolArray:
    """Which lane fits which item, (lanes, items); of several lanes from one source only the first one counts."""
    first = fit.copy()
    for later, row in enumerate(rows):
        for earlier in range(later):
            if nodes.pairs[rows[earlier]].from_node == nodes.pairs[row].from_node:
                first[later] &= ~fit[earlier]
    return first


def _ranked(
    rule: SourcingRule, rows: list[int], fit: BoolArray, mean_ms: Float64Array, cost: Float64Array | None
) -> Int32Array:
    """Lanes in the order in which they are tried, (lanes, items), NO_LANE after the last."""
    lanes = np.array(rows, dtype=np.int32)
    key = np.zeros(fit.shape)
    if isinstance(rule, NearestWithStock):
        key += mean_ms[lanes][:, None]
    elif cost is not None:
        key += cost
    key[~fit] = np.inf
    order = np.argsort(key, axis=0, kind="stable")
    ranked: Int32Array = np.where(np.take_along_axis(fit, order, axis=0), lanes[order], NO_LANE).astype(np.int32)
    return ranked


def _landed_costs(
    scenario: Scenario, nodes: NodeNumbers, items: ItemColumns, rows: list[int], own: Int64Array
) -> Float64Array:
    """Cost of a unit delivered by each lane, (lanes, items), thousandths of a minor unit."""
    costs = np.zeros((len(rows), own.size))
    for place, row in enumerate(rows):
        pair = nodes.pairs[row]
        per_order = scenario.minor(pair.lane.cost_per_order) * 1000 + scenario.minor_milli(pair.lane.cost_per_line)
        per_kg = scenario.minor_milli(pair.lane.cost_per_kg)
        unit = smallest_cost_milli(scenario, pair.from_node, items.cost_milli, own)
        smallest = smallest_order(scenario, pair.from_node, own)
        costs[place] = unit + per_kg * items.weight_g[own] / 1000.0 + per_order / smallest
    return costs


def _shares(nodes: NodeNumbers, rule: SourcingRule, ranked: Int32Array) -> Int64Array:
    """Thousandths by place in the order, (lanes, items): of the sources that fit, scaled to sum to all of it."""
    share = np.zeros(ranked.shape)
    if isinstance(rule, Split):
        of_lane = np.array([rule.shares.get(pair.from_node, 0.0) for pair in nodes.pairs] + [0.0])
        share = of_lane[ranked]
        share /= share.sum(axis=0)
        thousandths: Int64Array = np.floor(share * _WHOLE + 0.5).astype(np.int64)
        thousandths[0] = _WHOLE - thousandths[1:].sum(axis=0)
        return thousandths
    return share.astype(np.int64)


def alternatives_table(
    scenario: Scenario,
    nodes: NodeNumbers,
    items: ItemColumns,
    sources: list[NodeSources],
    grid: StockPointGrid,
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """The table of alternatives (A, ALTERNATIVE_COLUMNS), each stock point's first row in it (-1: one source), and
    whether its orders are split (0 or 1).
    """
    first_row = np.full(grid.node.size, -1, dtype=np.int64)
    split = np.zeros(grid.node.size, dtype=np.int64)
    parts: list[Int64Array] = []
    rows = 0
    is_supplier = nodes.is_supplier
    lane_from = np.array([nodes.number[pair.from_node] for pair in nodes.pairs] + [-1], dtype=np.int64)
    for one in sources:
        present = grid.row[one.node, one.items] >= 0
        points = grid.row[one.node, one.items[present]]
        lanes, share, own = one.lanes[:, present].T, one.share[:, present].T, one.items[present]
        there = lanes != NO_LANE
        count = there.sum(axis=1)
        first_row[points] = rows + np.cumsum(count) - count
        split[points] = one.split
        place, item = np.broadcast_arrays(np.arange(lanes.shape[1]), own[:, None])
        table = np.empty((int(count.sum()), ALTERNATIVE_COLUMNS), dtype=np.int64)
        from_node = lane_from[lanes[there]]
        table[:, 0] = grid.row[from_node, item[there]]
        table[:, 1] = lanes[there]
        table[:, 2] = share[there]
        table[:, 3] = _costs(scenario, nodes, items, from_node, item[there], place[there], is_supplier)
        table[:, 4] = place[there] == np.repeat(count - 1, count)
        parts.append(table)
        rows += len(table)
    return np.concatenate([*parts, np.zeros((0, ALTERNATIVE_COLUMNS), dtype=np.int64)]), first_row, split


def _costs(
    scenario: Scenario,
    nodes: NodeNumbers,
    items: ItemColumns,
    from_node: Int64Array,
    item: Int64Array,
    place: Int64Array,
    is_supplier: BoolArray,
) -> Int64Array:
    """Cost per unit from each source, thousandths of a minor unit: -1 for the first source and for nodes inside."""
    cost = np.full(item.size, -1, dtype=np.int64)
    for number in np.unique(from_node[is_supplier[from_node]]).tolist():
        own = np.flatnonzero((from_node == number) & (place > 0))
        cost[own] = smallest_cost_milli(scenario, nodes.names[number], items.cost_milli, item[own])
    return cost
