"""Who gets scarce stock, as flags and reserves of stock points."""

import numpy as np

from policies.allocation import AllocationRule, FairShare, Priority
from policies.units import Cover
from sim import columns as c
from sim.build.lanes import NodeNumbers
from sim.build.stock_points import StockPointGrid, cover_quantity
from sim.build.stocking import resolver
from sim.network import Float64Array, Int64Array
from sim.scenario.nodes import StockingNode
from sim.scenario.scenario import Scenario


def allocation_columns(
    scenario: Scenario, nodes: NodeNumbers, grid: StockPointGrid, rule: Int64Array, own_per_day: Float64Array
) -> tuple[Int64Array, Int64Array]:
    """P_RESERVE and the SP_* flags of allocation, (P,); `own_per_day` (P,) is the mean demand of own customers.

    What a node does not stock has no reserve: units that were ordered through would never reach who ordered them.
    """
    reserve = np.zeros(grid.node.size, dtype=np.int64)
    flags = np.zeros(grid.node.size, dtype=np.int64)
    first = grid.first_of_node
    for number, name in enumerate(nodes.names):
        node = scenario.node(name)
        if not isinstance(node, StockingNode):
            continue
        rows = np.arange(first[number], first[number + 1], dtype=np.int64)
        stocked = rows[rule[rows] != c.POLICY_NONE]
        reserve[stocked] = _reserve(scenario, node.allocation, grid, stocked, own_per_day[stocked])
        flags[rows] = _flags(node.allocation)
        flags[rows] |= np.where(reserve[rows] > 0, c.SP_CUSTOMERS_FIRST, 0)
    return reserve, flags


def _reserve(
    scenario: Scenario, rule: AllocationRule, grid: StockPointGrid, rows: Int64Array, own_per_day: Float64Array
) -> Int64Array:
    if rule.reserve is None:
        return np.zeros(rows.size, dtype=np.int64)
    if isinstance(rule.reserve, Cover):
        return cover_quantity(rule.reserve.days, own_per_day)
    return resolver(scenario, grid, rows)(rule.reserve)


def _flags(rule: AllocationRule) -> int:
    flags = c.SP_CUSTOMERS_FIRST if rule.customers_first else 0
    if isinstance(rule, FairShare):
        flags |= c.SP_FAIR_SHARE
    if isinstance(rule, Priority):
        flags |= c.SP_PRIORITY
    return flags
