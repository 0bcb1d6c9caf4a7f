"""Suppliers' terms per stock point: minimum orders, packs and price breaks."""

from dataclasses import dataclass

import numpy as np

from sim.build_lanes import NodeNumbers
from sim.network import Int64Array
from sim.scenario.nodes import Supplier
from sim.scenario.nodes.supplier import PriceBreak
from sim.scenario.scenario import Scenario
from sim.stock_points import StockPointGrid
from sim.units import ItemUnit, UnitPrice


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
            names = [scenario.item_names[item] for item in grid.item[served]]
            terms.minimum_order[served] = [scenario.item_unit(n).whole_units(supplier.minimum_order) for n in names]
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


def _break_rows(scenario: Scenario, unit: ItemUnit, breaks: tuple[PriceBreak, ...]) -> list[tuple[int, int]]:
    return sorted((unit.whole_units(one.from_), _cost_milli(scenario, unit, one.cost)) for one in breaks)


def _cost_milli(scenario: Scenario, unit: ItemUnit, cost: UnitPrice) -> int:
    return scenario.minor_milli(cost.per_integer_unit(unit))
