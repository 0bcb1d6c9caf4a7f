"""Pools as links between nodes, and as columns of stock points."""

from dataclasses import dataclass

import numpy as np

from sim import columns as c
from sim import network as net
from sim.build.items import CLASSES
from sim.build.lanes import NodeNumbers, item_filter
from sim.build.stock_points import BoolArray, Helper, StockPointGrid
from sim.build.stocking import resolver
from sim.network import Int64Array
from sim.scenario.expand import matching
from sim.scenario.pools import USUAL_DELIVERY, Pool, PoolLink
from sim.scenario.scenario import Scenario

_RULES = {
    "nearest": net.DONOR_IN_ORDER,
    "lowest_cost": net.DONOR_IN_ORDER,
    "most_stock": net.DONOR_MOST_STOCK,
    "most_cover": net.DONOR_MOST_COVER,
}


@dataclass(frozen=True)
class _Way:
    """A way from a giver to an asking node, before it is put in order."""

    link: net.Link
    mean_ms: float


def network_pools(scenario: Scenario, nodes: NodeNumbers) -> tuple[net.Pool, ...]:
    """The pools, in scenario order."""
    return tuple(_pool(scenario, nodes, name, pool) for name, pool in scenario.pools.items())


def _pool(scenario: Scenario, nodes: NodeNumbers, name: str, pool: Pool) -> net.Pool:
    working = pool.approval.working_ms()
    rebalancing = pool.rebalancing
    instants = None if rebalancing is None else rebalancing.instants_ms(scenario.start, scenario.horizon)
    return net.Pool(
        name=name,
        links=(*_transfers(scenario, nodes, pool), *_emergencies(scenario, nodes, pool)),
        donor_rule=_RULES[pool.donor],
        partial=pool.partial,
        search_ms=pool.search_time,
        approval_ms=pool.approval.time,
        working_ms=np.array(working, dtype=np.int64).reshape(-1, 2) if working else None,
        rebalance_ms=None if instants is None else np.array(instants, dtype=np.int64),
    )


def members(scenario: Scenario, pool: Pool) -> tuple[list[str], list[str], list[str]]:
    """The nodes of a pool, those that give and those that ask, in scenario order."""
    names = [name for name in matching(pool.nodes, list(scenario.nodes)) if scenario.holds_stock(name)]
    return names, matching(pool.gives, names), matching(pool.asks, names)


def _transfers(scenario: Scenario, nodes: NodeNumbers, pool: Pool) -> list[net.Link]:
    """Links between all who give and all who ask, in the order in which givers are tried."""
    _, givers, askers = members(scenario, pool)
    changes = {
        number: (set(matching(link.from_, givers)), set(matching(link.to, askers)))
        for number, link in enumerate(pool.links)
    }
    ways: list[_Way] = []
    for asker in askers:
        for giver in givers:
            own = [pool.links[number] for number, (from_, to) in changes.items() if giver in from_ and asker in to]
            if giver != asker and (way := _way(scenario, nodes, pool, giver, asker, own)) is not None:
                ways.append(way)
    if pool.donor == "lowest_cost":
        ways.sort(key=lambda way: (way.link.cost_per_transfer * 1000 + way.link.cost_per_kg_milli, way.mean_ms))
    else:
        ways.sort(key=lambda way: way.mean_ms)
    return [way.link for way in ways]


def _way(
    scenario: Scenario, nodes: NodeNumbers, pool: Pool, giver: str, asker: str, changes: list[PoolLink]
) -> _Way | None:
    delivery, allowed = pool.delivery or USUAL_DELIVERY, True
    per_transfer, per_kg = pool.cost_per_transfer, pool.cost_per_kg
    for change in changes:
        delivery = change.delivery or delivery
        per_transfer = per_transfer if change.cost_per_transfer is None else change.cost_per_transfer
        per_kg = per_kg if change.cost_per_kg is None else change.cost_per_kg
        allowed = allowed if change.allowed is None else change.allowed
    if not allowed:
        return None
    link = net.Link(
        from_node=nodes.number[giver],
        to_node=nodes.number[asker],
        emergency=False,
        delivery=delivery.for_engine(),
        cost_per_transfer=scenario.minor(per_transfer),
        cost_per_kg_milli=scenario.minor_milli(per_kg),
    )
    return _Way(link, delivery.mean_ms)


def _emergencies(scenario: Scenario, nodes: NodeNumbers, pool: Pool) -> list[net.Link]:
    askers = members(scenario, pool)[2]
    return [
        net.Link(
            from_node=nodes.number[emergency.from_],
            to_node=nodes.number[asker],
            emergency=True,
            delivery=emergency.lead_time.for_engine(),
            cost_per_transfer=scenario.minor(emergency.cost_per_order),
            cost_per_kg_milli=scenario.minor_milli(emergency.cost_per_kg),
        )
        for emergency in pool.emergency
        for asker in matching(emergency.to, askers)
    ]


def helpers(scenario: Scenario, nodes: NodeNumbers, classes: Int64Array) -> list[Helper]:
    """Who is asked in an emergency by whom for which items; of a supplier only those that some lane of it brings."""
    names = scenario.item_names
    found: list[Helper] = []
    for pool in scenario.pools.values():
        pooled = item_filter(pool.items, names, classes)
        askers = members(scenario, pool)[2]
        for emergency in pool.emergency:
            number = nodes.number[emergency.from_]
            concerned = pooled & _offered(scenario, nodes, number, classes) if nodes.is_supplier[number] else pooled
            found += [Helper(number, nodes.number[asker], concerned) for asker in matching(emergency.to, askers)]
    return found


def _offered(scenario: Scenario, nodes: NodeNumbers, supplier: int, classes: Int64Array) -> BoolArray:
    offered = np.zeros(len(scenario.item_names), dtype=np.bool_)
    for index in {pair.index for pair in nodes.pairs if nodes.number[pair.from_node] == supplier}:
        offered |= item_filter(scenario.lanes[index].items, scenario.item_names, classes)
    return offered


def pool_columns(
    scenario: Scenario, nodes: NodeNumbers, classes: Int64Array, grid: StockPointGrid
) -> tuple[dict[int, Int64Array], Int64Array]:
    """The columns of the parameter table that concern pools, and the flags of who gives and asks, all (P,)."""
    points = grid.node.size
    absent, zero = np.full(points, -1, dtype=np.int64), np.zeros(points, dtype=np.int64)
    columns = {
        c.P_POOL: absent.copy(),
        c.P_HOLD_BACK: zero.copy(),
        c.P_PREVENTIVE: absent.copy(),
        c.P_PREVENTIVE_UP_TO: zero.copy(),
    }
    flags = zero.copy()
    for number, pool in enumerate(scenario.pools.values()):
        names, givers, askers = members(scenario, pool)
        chosen = item_filter(pool.items, scenario.item_names, classes)
        own = _points(nodes, grid, names, chosen)
        gives, asks = _points(nodes, grid, givers, chosen), _points(nodes, grid, askers, chosen)
        columns[c.P_POOL][own] = number
        flags[gives] |= c.SP_GIVES
        flags[asks] |= c.SP_ASKS
        for name, level in pool.hold_back_levels.items():
            rows = gives[classes[grid.item[gives]] == CLASSES.index(name)]
            columns[c.P_HOLD_BACK][rows] = resolver(scenario, grid, rows)(level)
        if pool.preventive is not None:
            resolve = resolver(scenario, grid, asks)
            below = resolve(pool.preventive.below)
            columns[c.P_PREVENTIVE][asks] = below - 1  # below 1 unit: never
            columns[c.P_PREVENTIVE_UP_TO][asks] = np.maximum(resolve(pool.preventive.up_to), below)
    return columns, flags


def _points(nodes: NodeNumbers, grid: StockPointGrid, names: list[str], chosen: BoolArray) -> Int64Array:
    """The stock points of some of the items (I,) at the named nodes, ascending."""
    first = grid.first_of_node
    rows = [np.arange(first[node], first[node + 1], dtype=np.int64) for node in nodes.numbers(names).tolist()]
    return np.concatenate([np.zeros(0, dtype=np.int64), *(own[chosen[grid.item[own]]] for own in rows)])
