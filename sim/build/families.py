"""Families of joint replenishment: the items of a node that order together from one source."""

import numpy as np

from sim.build.stock_points import BoolArray, StockPointGrid
from sim.columns import POLICY_CAN_ORDER
from sim.network import Int64Array


def can_order_families(
    rule: Int64Array, under_periodic_review: BoolArray, grid: StockPointGrid
) -> tuple[tuple[Int64Array, ...], Int64Array]:
    """Families as ascending stock points, by node and first item, and each stock point's family, (P,), -1 for none.

    A family is what follows a can-order policy at one node, has the same first source and is reviewed together: all of
    it on the node's calendar, or none of it.
    """
    family_of = np.full(rule.size, -1, dtype=np.int64)
    points = np.flatnonzero(rule == POLICY_CAN_ORDER)
    if points.size == 0:
        return (), family_of
    source_node = np.where(grid.source[points] >= 0, grid.node[grid.source[points]], -1)
    key = 2 * (grid.node[points] * (grid.node.max() + 2) + source_node + 1) + under_periodic_review[points]
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    number = np.empty(first.size, dtype=np.int64)
    number[np.argsort(first)] = np.arange(first.size)
    family_of[points] = number[inverse]
    members = points[np.argsort(family_of[points], kind="stable")]
    sizes = np.bincount(family_of[points])
    return tuple(np.split(members, np.cumsum(sizes)[:-1])), family_of
