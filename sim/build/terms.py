"""Suppliers' terms per stock point: minimum orders, packs and price breaks."""

from dataclasses import dataclass

import numpy as np

from sim.build.lanes import NodeNumbers
from sim.build.stock_points import StockPointGrid
from sim.network import Int64Array
from sim.scenario.findings import ScenarioError
from sim.scenario.nodes import Supplier
from sim.scenario.nodes.supplier import PriceBreak
from sim.scenario.scenario import Scenario
from sim.units import ItemUnit, UnitError, UnitPrice


@dataclass(frozen=True)
class Terms:
    """Terms under which each stock point (P,) orders; 1 and no breaks where a supplier says nothing."""

    minimum_order: Int64Array
    multiple: Int64Array
    break_first: Int64Array  # first row of `price_breaks`, -1 for none
    break_count: Int64Array
    price_breaks: Int64Array  # (k, 2): from quantity, cost per integer unit in thousandths of a minor unit


def supplier_terms(scenario: Scenario, nodes: NodeNumbers, grid: StockPointGrid) -> Terms:
    """Terms of every stock point that orders from a supplier, and of the supplier's own (for its price breaks)."""
    points = grid.node.size
    terms = Terms(
        minimum_order=np.ones(points, dtype=np.int64),
        multiple=np.ones(points, dtype=np.int64),
        break_first=np.full(points, -1, dtype=np.int64),
        break_count=np.zeros(points, dtype=np.int64),
        price_breaks=np.zeros((0, 2), dtype=np.int64),
    )
    position = {name: index for index, name in enumerate(scenario.item_names)}
    source_node = np.where(grid.source >= 0, grid.node[grid.source], -1)
    breaks: list[tuple[int, int]] = []
    for number in np.flatnonzero(nodes.is_supplier).tolist():
        supplier = scenario.node(nodes.names[number])
        assert isinstance(supplier, Supplier)
        if supplier.minimum_order is None and not supplier.items:
            continue
        served = np.flatnonzero(source_node == number)
        if supplier.minimum_order is not None:
            own_terms = [item for item, terms_of in supplier.items.items() if terms_of.minimum_order is not None]
            common = served[~np.isin(grid.item[served], [position[item] for item in own_terms])]
            terms.minimum_order[common] = _common_minimum(scenario, supplier, nodes.names[number], grid.item[common])
        for name, item in supplier.items.items():
            unit = scenario.item_unit(name)
            own = served[grid.item[served] == position[name]]
            if item.minimum_order is not None:
                terms.minimum_order[own] = unit.whole_units(item.minimum_order)
            if item.multiple is not None:
                terms.multiple[own] = unit.whole_units(item.multiple)
            if item.price_breaks:
                own = np.append(own, grid.row[number, position[name]])
                own = own[own >= 0]
                terms.break_first[own] = len(breaks)
                terms.break_count[own] = len(item.price_breaks)
                breaks += _break_rows(scenario, unit, item.price_breaks)
    np.maximum(terms.minimum_order, 1, out=terms.minimum_order)
    np.maximum(terms.multiple, 1, out=terms.multiple)
    table = np.array(breaks, dtype=np.int64).reshape(-1, 2)
    return Terms(terms.minimum_order, terms.multiple, terms.break_first, terms.break_count, table)


def smallest_cost_milli(scenario: Scenario, source: str, cost_milli: Int64Array, items: Int64Array) -> Int64Array:
    """What a unit of each of `items` costs from a source in the smallest quantity, thousandths of a minor unit.

    That is a supplier's lowest price break, else the item's own cost (of I items: `cost_milli`).
    """
    cost = cost_milli[items].copy()
    node = scenario.node(source)
    if isinstance(node, Supplier):
        names = scenario.item_names
        priced = {name: terms.price_breaks for name, terms in node.items.items() if terms.price_breaks}
        for row, item in enumerate(items.tolist() if priced else ()):
            breaks = priced.get(names[item])
            if breaks:
                cost[row] = _break_rows(scenario, scenario.item_unit(names[item]), breaks)[0][1]
    return cost


def smallest_order(scenario: Scenario, source: str, items: Int64Array) -> Int64Array:
    """The smallest order of each of `items` that a source takes: a supplier's minimum or pack, else one unit."""
    smallest = np.ones(items.size, dtype=np.int64)
    node = scenario.node(source)
    if isinstance(node, Supplier) and (node.minimum_order is not None or node.items):
        for row, item in enumerate(items.tolist()):
            name = scenario.item_names[item]
            terms = node.items.get(name)
            pack = None if terms is None else terms.multiple
            minimum = node.minimum_order if terms is None else terms.minimum_order or node.minimum_order
            for quantity in (pack, minimum):
                if quantity is not None:
                    smallest[row] = max(smallest[row], scenario.item_unit(name).whole_units(quantity))
    return smallest


def _common_minimum(scenario: Scenario, supplier: Supplier, name: str, items: Int64Array) -> Int64Array:
    """The supplier's minimum order in the units of each of `items`; ScenarioError when it does not fit one of them."""
    assert supplier.minimum_order is not None
    kinds, inverse = np.unique(items, return_inverse=True)
    units: list[int] = []
    for item in kinds.tolist():
        try:
            units.append(scenario.item_unit(scenario.item_names[item]).whole_units(supplier.minimum_order))
        except UnitError as error:
            message = f"item `{scenario.item_names[item]}`: {error.message}"
            hint = f"{error.hint}; or give each item its own under `items`"
            raise ScenarioError([scenario.finding(message, hint, "nodes", name, "minimum_order")]) from None
    return np.array(units, dtype=np.int64)[inverse]


def _break_rows(scenario: Scenario, unit: ItemUnit, breaks: tuple[PriceBreak, ...]) -> list[tuple[int, int]]:
    return sorted((unit.whole_units(one.from_), _cost_milli(scenario, unit, one.cost)) for one in breaks)


def _cost_milli(scenario: Scenario, unit: ItemUnit, cost: UnitPrice) -> int:
    return scenario.minor_milli(cost.per_integer_unit(unit))
