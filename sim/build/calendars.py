"""Review calendars as instants, and who is under them."""

import numpy as np

from sim.build.lanes import NodeNumbers
from sim.build.stock_points import BoolArray, StockPointGrid
from sim.build.stocking import Stocking
from sim.columns import POLICY_NONE
from sim.network import Int64Array
from sim.scenario.nodes import StockingNode
from sim.scenario.scenario import Scenario


def review_instants(scenario: Scenario, nodes: NodeNumbers) -> tuple[Int64Array | None, ...]:
    """Per node the instants of its periodic reviews, ms since the start, ascending; None: it reviews all the time.

    Empty when no node has a calendar.
    """
    found = tuple(_instants(scenario, name) for name in nodes.names)
    return found if any(one is not None for one in found) else ()


def _instants(scenario: Scenario, name: str) -> Int64Array | None:
    node = scenario.node(name)
    if not isinstance(node, StockingNode) or node.review is None:
        return None
    truck = None if node.review.before_truck is None else scenario.trucks[node.review.before_truck]
    return np.array(node.review.review_ms(scenario.start, scenario.horizon, truck), dtype=np.int64)


def periodic(reviews: tuple[Int64Array | None, ...], stocking: Stocking, grid: StockPointGrid) -> BoolArray:
    """Which stock points (P,) are under periodic review: what a node with a calendar stocks, unless said otherwise.

    What is ordered through is not: it follows every demand at once.
    """
    if not reviews:
        return np.zeros(grid.node.size, dtype=np.bool_)
    with_calendar = np.array([one is not None for one in reviews], dtype=np.bool_)
    found: BoolArray = with_calendar[grid.node] & (stocking.rule != POLICY_NONE) & ~stocking.continuous
    return found
