"""Which stock points a network has, in which order, and how demand adds up along the supply paths.

Everything here works on grids of nodes x items (numpy arrays), because a network of 60 stores and 6,500 items has
440,000 stock points and must be laid out in a fraction of a second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.network import Float64Array, Int32Array, Int64Array

BoolArray = npt.NDArray[np.bool_]


class SupplyCycle(ValueError):
    """Nodes that supply each other in a circle; `nodes` are their positions."""

    def __init__(self, nodes: Sequence[int]) -> None:
        self.nodes = tuple(nodes)
        super().__init__(f"nodes {list(self.nodes)} supply each other in a circle")


def downstream_first(count: int, lanes: Iterable[tuple[int, int]]) -> list[int]:
    """Order of `count` nodes in which everybody comes after those he supplies; `lanes` are (from, to) pairs.

    A node's level is its longest chain of lanes downwards, 0 if it supplies nobody; ties keep their given order.
    Raises SupplyCycle when there is no such order.
    """
    customers: list[set[int]] = [set() for _ in range(count)]
    sources: list[set[int]] = [set() for _ in range(count)]
    for source, customer in lanes:
        customers[source].add(customer)
        sources[customer].add(source)
    level = [0] * count
    open_customers = [len(one) for one in customers]
    ready = [node for node in range(count) if not open_customers[node]]
    done = 0
    while ready:
        node = ready.pop()
        done += 1
        for source in sources[node]:
            level[source] = max(level[source], level[node] + 1)
            open_customers[source] -= 1
            if not open_customers[source]:
                ready.append(source)
    if done < count:
        raise SupplyCycle([node for node in range(count) if open_customers[node]])
    return sorted(range(count), key=lambda node: (level[node], node))


@dataclass(frozen=True)
class StockPointGrid:
    """The stock points of a network. N nodes (numbered downstream first), I items, P stock points."""

    node: Int64Array  # (P,)
    item: Int64Array  # (P,)
    row: Int32Array  # (N, I): row of the stock point of a node and item, -1 where there is none
    source: Int64Array  # (P,): row of the stock point that refills this one, -1 at suppliers
    lane: Int64Array  # (P,): lane that serves this one, -1 at suppliers
    mean_per_day: Float64Array  # (P,): demand of own customers and of everything downstream, integer units

    @property
    def first_of_node(self) -> Int64Array:
        """(N + 1,): rows of node n are [n] to [n + 1] - 1."""
        return np.searchsorted(self.node, np.arange(len(self.row) + 1)).astype(np.int64)


@dataclass(frozen=True)
class Helper:
    """A node that is asked in an emergency, and so has a stock point for what the asking node has one for."""

    node: int
    for_node: int
    items: BoolArray  # (I,) those concerned


class NoLane(ValueError):
    """Items wanted at a node to which no lane brings them (positions)."""

    def __init__(self, node: int, items: tuple[int, ...]) -> None:
        self.node = node
        self.items = items
        super().__init__(f"no lane brings items {items[:5]} to node {node}")


@dataclass(frozen=True)
class SharedDemand:
    """Items of a node that have several sources: K places in their order, M items."""

    node: int
    items: Int64Array  # (M,)
    lanes: Int32Array  # (K, M), -1 after the last
    share: Float64Array  # (K, M) of the node's demand; all zero: it goes to the first


def demand_at_and_below(
    own_per_day: Float64Array,
    lane: Int32Array,
    lane_from: Int64Array,
    is_supplier: BoolArray,
    shared: Sequence[SharedDemand] = (),
) -> Float64Array:
    """Mean demand (N, I) of each node's own customers and of everything that it supplies, directly or not.

    `lane` (N, I) names the lane that serves a node with an item (-1: none), `lane_from` (L,) the node at its other end.
    Where `shared` says so, a node's demand is divided among several lanes.
    """
    mean = own_per_day.copy()
    divided: dict[int, list[SharedDemand]] = {}
    for one in shared:
        if one.share.any():
            divided.setdefault(one.node, []).append(one)
    for node in np.flatnonzero(~is_supplier).tolist():
        whole = (mean[node] > 0.0) & (lane[node] >= 0)
        for one in divided.get(node, ()):
            whole[one.items] = False
            for lanes, share in zip(one.lanes, one.share, strict=True):
                used = lanes >= 0
                own = one.items[used]
                mean[lane_from[lanes[used]], own] += share[used] * mean[node, own]
        items = np.flatnonzero(whole)
        mean[lane_from[lane[node, items]], items] += mean[node, items]
    return mean


def lay_out(
    mean_per_day: Float64Array,
    wanted: BoolArray,
    lane: Int32Array,
    lane_from: Int64Array,
    is_supplier: BoolArray,
    shared: Sequence[SharedDemand] = (),
    helpers: Sequence["Helper"] = (),
) -> StockPointGrid:
    """Stock points for what is wanted (N, I), and for everything on the way to it, suppliers included.

    `mean_per_day` is the demand at and below each node; `shared` names further sources, `helpers` who is asked in an
    emergency. Raises NoLane for what no lane brings to where it is wanted.
    """
    present = wanted & ~is_supplier[:, None]
    settled = False
    while not settled:
        for node in np.flatnonzero(~is_supplier):
            items = np.flatnonzero(present[node])
            lanes = lane[node, items]
            if items.size and lanes.min() < 0:
                raise NoLane(int(node), tuple(int(item) for item in items[lanes < 0]))
            present[lane_from[lanes], items] = True
            for one in shared:
                if one.node == node:
                    for row in one.lanes:
                        own = one.items[(row >= 0) & present[node, one.items]]
                        present[lane_from[row[(row >= 0) & present[node, one.items]]], own] = True
        settled = True
        for helper in helpers:
            more = present[helper.for_node] & helper.items & ~present[helper.node]
            present[helper.node] |= more
            settled = settled and not more.any()
    cells = np.flatnonzero(present)  # flat positions: one index per stock point is faster than two
    nodes, items = np.divmod(cells, present.shape[1])
    row = np.full(present.size, -1, dtype=np.int32)
    row[cells] = np.arange(cells.size, dtype=np.int32)
    point_lane = lane.ravel()[cells].astype(np.int64)
    point_lane[is_supplier[nodes]] = -1
    from_nodes = np.append(lane_from, -1)[point_lane]
    source = np.where(point_lane >= 0, row[from_nodes * present.shape[1] + items], -1).astype(np.int64)
    mean = mean_per_day.ravel()[cells]
    return StockPointGrid(nodes, items, row.reshape(present.shape), source, point_lane, mean)


def abc_classes(yearly_value: Float64Array, a_share: float, b_share: float) -> Int64Array:
    """Class of each item (0 A, 1 B, 2 C) by its place in the cumulative yearly demand value, largest first.

    An item is A while the items before it make up less than `a_share` of the total, then B up to `b_share`, then C;
    items without demand are C. Ties keep item order.
    """
    total = float(yearly_value.sum())
    if total <= 0.0:
        return np.full(yearly_value.size, 2, dtype=np.int64)
    order = np.argsort(-yearly_value, kind="stable")
    ranked = yearly_value[order]
    before = (np.cumsum(ranked) - ranked) / total
    classes = np.empty(yearly_value.size, dtype=np.int64)
    classes[order] = np.where(before < a_share, 0, np.where(before < b_share, 1, 2))
    classes[yearly_value <= 0.0] = 2
    return classes


def cover_quantity(days: Float64Array | float, mean_per_day: Float64Array) -> Int64Array:
    """Whole units that last `days` at `mean_per_day` units a day, rounded half up."""
    return np.floor(np.asarray(days) * mean_per_day + 0.5).astype(np.int64)
