"""Small networks, written in a few lines, straight as the arrays that the engine and the reference read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from sim import columns as c
from sim.network import (
    ALTERNATIVE_COLUMNS,
    ALTERNATIVE_COST_MILLI,
    ALTERNATIVE_LANE,
    ALTERNATIVE_LAST,
    ALTERNATIVE_SHARE,
    ALTERNATIVE_SOURCE,
    DEMAND_POISSON,
    DISTRIBUTION_CONSTANT,
    SIZE_CONSTANT,
    SIZE_GEOMETRIC,
    DemandSources,
    Distribution,
    Int64Array,
    Lane,
    Network,
    Pool,
    Route,
    Supplier,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY_EPOCH_MS = 4 * DAY_MS  # 1970-01-05


def constant(duration_ms: int) -> Distribution:
    """A duration that is always the same."""
    return Distribution(DISTRIBUTION_CONSTANT, float(duration_ms))


class Line(NamedTuple):
    """A customer line of the replayed demand."""

    time_ms: int
    node: int
    item: int
    quantity: int
    flags: int = 0


class PoissonSource(NamedTuple):
    """Customers at random: lines per day, sizes one or geometric with this success probability."""

    node: int
    item: int
    per_day: float
    flags: int = 0
    success: float = 1.0


@dataclass(frozen=True)
class Item:
    """An item's physical facts and how its lots are kept (None: no lots)."""

    volume_ml: int = 1000
    weight_g: int = 1000
    lots: str | None = None
    shelf_life_ms: int = -1
    abc_class: int = 0
    critical: bool = False


@dataclass(frozen=True)
class Point:
    """A stock point outside the suppliers, with the lane that serves it; s = -1, S = 0 is ordered through.

    Its policy is (s, S), unless one of `lot_size`, `bins`, `can_order` or `decider` is given.
    """

    node: int
    item: int
    lane: int
    reorder_point: int = -1
    order_up_to: int = 0
    lot_size: int = 0  # above zero: (R, nQ)
    bins: tuple[int, int] | None = None  # kanban: how many bins of how many units
    can_order: int | None = None  # can-order level
    decider: int = -1  # number of the function in `Draft.deciders`
    periodic: bool = False
    minimum_order: int = 1
    multiple: int = 1
    capacity: int = -1
    on_hand: int = 0
    age_ms: int = 0
    others: tuple[tuple[int, int], ...] = ()  # further sources: lane, share in thousandths (the first has the rest)
    split: bool = False
    reserve: int = 0
    allocation: str = "in_turn"  # or fair_share, priority
    pool: int = -1
    asks: bool = True
    gives: bool = True
    hold_back: int = 0
    preventive: int = -1
    preventive_up_to: int = 0
    mean_demand_per_day: float = 1.0
    billed: bool = False  # a contract covers it


@dataclass(frozen=True)
class Draft:
    """What a small network is made of; nodes are listed downstream first."""

    kinds: Sequence[str]
    lanes: Sequence[Lane]
    points: Sequence[Point]
    items: Sequence[Item] = (Item(),)
    lines: Sequence[Line] = ()
    poisson: Sequence[PoissonSource] = ()
    routes: Sequence[Route] = ()
    suppliers: Sequence[Supplier] = ()
    on_order: Sequence[tuple[int, int, int, int]] = ()  # node, item, quantity, arrival
    owed: Sequence[tuple[int, int, int]] = ()  # node, item, quantity
    review_ms: Mapping[int, Sequence[int]] = field(default_factory=dict)  # node: instants of its periodic reviews
    pools: Sequence[Pool] = ()
    deciders: Sequence[Any] = ()
    horizon_ms: int = 10 * DAY_MS
    warm_up_ms: int = 0
    start_epoch_ms: int = MONDAY_EPOCH_MS
    all_points: Sequence[Point] = field(init=False)

    def __post_init__(self) -> None:
        """Suppliers get a stock point for every item that somebody may get from them."""
        ways = {(self.lanes[lane].from_node, p.item) for p in self.points for lane in lanes_of(p)}
        ways |= {
            (link.from_node, p.item)
            for p in self.points
            if p.pool >= 0
            for link in self.pools[p.pool].links
            if link.to_node == p.node
        }
        at_suppliers = sorted((node, item) for node, item in ways if self.kinds[node] == "supplier")
        points = [*self.points, *(Point(node, item, lane=-1) for node, item in at_suppliers)]
        object.__setattr__(self, "all_points", sorted(points, key=lambda p: (p.node, p.item)))

    def row(self, node: int, item: int) -> int:
        """The stock point of an item at a node."""
        return [(p.node, p.item) for p in self.all_points].index((node, item))


def lanes_of(point: Point) -> list[int]:
    """The lanes of all sources of a stock point, the first one first."""
    return [point.lane, *(lane for lane, _ in point.others)]


def int64(values: object) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(values, dtype=np.int64)


def _flags(draft: Draft, point: Point) -> int:
    supplier = draft.kinds[point.node] == "supplier"
    stocked = point.order_up_to > 0 or point.lot_size > 0 or point.bins is not None or point.decider >= 0
    item = draft.items[point.item]
    flags = {
        c.SP_SUPPLIER: supplier,
        c.SP_STOCKED: stocked,
        c.SP_LOTS: item.lots is not None and not supplier,
        c.SP_CRITICAL: item.critical,
        c.SP_PERIODIC: point.periodic,
        c.SP_ASKS: point.pool >= 0 and point.asks,
        c.SP_GIVES: point.pool >= 0 and point.gives,
        c.SP_CUSTOMERS_FIRST: point.reserve > 0 or point.allocation != "in_turn",
        c.SP_FAIR_SHARE: point.allocation == "fair_share",
        c.SP_PRIORITY: point.allocation == "priority",
        c.SP_SPLIT: point.split,
        c.SP_BILLED: point.billed,
    }
    return sum(flag for flag, is_set in flags.items() if is_set)


def _policy(draft: Draft, point: Point) -> tuple[int, int, int, int]:
    """Code, reorder point, order-up-to level and lot."""
    if draft.kinds[point.node] == "supplier":
        return c.POLICY_NONE, -1, 0, 0
    if point.lot_size:
        return c.POLICY_LOT, point.reorder_point, point.reorder_point + point.lot_size, point.lot_size
    if point.bins is not None:
        bins, size = point.bins
        return c.POLICY_KANBAN, (bins - 1) * size, bins * size, size
    if point.can_order is not None:
        return c.POLICY_CAN_ORDER, point.reorder_point, point.order_up_to, point.can_order
    if point.decider >= 0:
        return c.POLICY_PYTHON, -1, 0, 0
    return c.POLICY_ORDER_UP_TO, point.reorder_point, point.order_up_to, 0


def _families(draft: Draft) -> list[list[int]]:
    """Rows of the can-order stock points that share node, first source and calendar."""
    members: dict[tuple[int, int, bool], list[int]] = {}
    for row, point in enumerate(draft.all_points):
        if point.can_order is not None:
            key = (point.node, draft.lanes[point.lane].from_node, point.periodic)
            members.setdefault(key, []).append(row)
    return [members[key] for key in sorted(members)]


def _alternatives(draft: Draft) -> tuple[Int64Array, dict[int, int]]:
    """The table of sources, and where in it each stock point with several begins."""
    table: list[list[int]] = []
    first: dict[int, int] = {}
    for row, point in enumerate(draft.all_points):
        if not point.others:
            continue
        first[row] = len(table)
        shares = [1000 - sum(share for _, share in point.others), *(share for _, share in point.others)]
        for lane, share in zip(lanes_of(point), shares, strict=True):
            entry = [0] * ALTERNATIVE_COLUMNS
            entry[ALTERNATIVE_SOURCE] = draft.row(draft.lanes[lane].from_node, point.item)
            entry[ALTERNATIVE_LANE] = lane
            entry[ALTERNATIVE_SHARE] = share
            entry[ALTERNATIVE_COST_MILLI] = -1
            table.append(entry)
        table[-1][ALTERNATIVE_LAST] = 1
    return int64(table).reshape(-1, ALTERNATIVE_COLUMNS), first


def _parameters(draft: Draft) -> Int64Array:
    table = np.zeros((len(draft.all_points), c.PARAMETER_COLUMNS), dtype=np.int64)
    table[:, c.ROW_PARAMETERS] = -1
    for row, point in zip(table, draft.all_points, strict=True):
        supplier = draft.kinds[point.node] == "supplier"
        row[c.P_NODE] = point.node
        row[c.P_ITEM] = point.item
        row[[c.P_POLICY, c.P_REORDER_POINT, c.P_ORDER_UP_TO, c.P_LOT]] = _policy(draft, point)
        row[c.P_POLICY_ROW] = point.decider
        row[c.P_MINIMUM_ORDER] = point.minimum_order
        row[c.P_MULTIPLE] = point.multiple
        row[c.P_CAPACITY] = point.capacity
        row[c.P_SOURCE] = -1 if supplier else draft.row(draft.lanes[point.lane].from_node, point.item)
        row[c.P_LANE] = point.lane
        row[c.P_FLAGS] = _flags(draft, point)
        row[c.P_GROUP] = point.node * 3 + draft.items[point.item].abc_class
        row[c.P_PRICE_BREAKS] = -1
        row[c.P_RESERVE] = point.reserve
        row[c.P_POOL] = point.pool
        row[c.P_HOLD_BACK] = point.hold_back
        row[c.P_PREVENTIVE] = point.preventive
        row[c.P_PREVENTIVE_UP_TO] = point.preventive_up_to
    for number, family in enumerate(_families(draft)):
        table[family, c.P_POLICY_ROW] = number
    for row_number, first in _alternatives(draft)[1].items():
        table[row_number, c.P_SOURCING] = first
    return table


def _demand(draft: Draft) -> DemandSources:
    from sim.chance.streams import stream_key

    sources = sorted(draft.poisson, key=lambda s: draft.row(s.node, s.item))
    count = len(sources)
    keys = [stream_key("demand", f"node-{s.node}", f"item-{s.item}") for s in sources]
    lines = sorted(draft.lines, key=lambda line: (line.time_ms, draft.row(line.node, line.item)))
    whole = [s.success >= 1 for s in sources]
    return DemandSources(
        kind=np.full(count, DEMAND_POISSON, dtype=np.int64),
        node=int64([s.node for s in sources]),
        stock_point=int64([draft.row(s.node, s.item) for s in sources]),
        stream=np.asarray(keys, dtype=np.uint64).reshape(count, 2),
        rate_per_ms=np.asarray([s.per_day / DAY_MS for s in sources], dtype=np.float64),
        size_kind=int64([SIZE_CONSTANT if one else SIZE_GEOMETRIC for one in whole]),
        size_a=np.asarray([s.success for s in sources], dtype=np.float64),
        size_b=np.zeros(count),
        flags=int64([s.flags for s in sources]),
        period_ms=np.zeros(count, dtype=np.int64),
        offset_ms=np.zeros(count, dtype=np.int64),
        profile=np.full(count, -1, dtype=np.int64),
        end_ms=np.full(count, -1, dtype=np.int64),
        job_lines_mean=np.ones(count),
        job_lines_kind=np.zeros(count, dtype=np.int64),
        job_first=np.zeros(count, dtype=np.int64),
        job_count=np.zeros(count, dtype=np.int64),
        pick_cumulative=np.zeros(0),
        pick_stock_point=np.zeros(0, dtype=np.int64),
        profile_hour_of_week=np.zeros((0, 168)),
        profile_week_of_year=np.zeros((0, 53)),
        profile_knots_ms=np.zeros((0, 2), dtype=np.int64),
        profile_knots_factor=np.zeros((0, 2)),
        size_table=np.zeros((0, 2)),
        trace_time_ms=int64([line.time_ms for line in lines]),
        trace_stock_point=int64([draft.row(line.node, line.item) for line in lines]),
        trace_quantity=int64([line.quantity for line in lines]),
        trace_flags=int64([line.flags for line in lines]),
        trace_job=np.full(len(lines), -1, dtype=np.int64),
    )


def small_network(draft: Draft) -> Network:
    """The draft as a `Network`: node k is called `node-k`, item k `item-k`."""
    points, items = draft.all_points, draft.items
    nodes, count = len(draft.kinds), len(items)
    on_order = [(draft.row(node, item), quantity, at) for node, item, quantity, at in draft.on_order]
    owed = [(draft.row(node, item), quantity) for node, item, quantity in draft.owed]
    return Network(
        name="small",
        variant="base",
        currency="USD",
        minor_digits=2,
        start_epoch_ms=draft.start_epoch_ms,
        horizon_ms=draft.horizon_ms,
        warm_up_ms=draft.warm_up_ms,
        node_names=tuple(f"node-{n}" for n in range(nodes)),
        node_kinds=tuple(draft.kinds),
        node_echelons=tuple(draft.kinds),
        item_names=tuple(f"item-{i}" for i in range(count)),
        item_units=("each",) * count,
        item_resolution=np.ones(count),
        item_cost_milli=np.full(count, 100_000, dtype=np.int64),
        item_price_milli=np.full(count, 150_000, dtype=np.int64),
        item_class=int64([item.abc_class for item in items]),
        item_volume_ml=int64([item.volume_ml for item in items]),
        item_weight_g=int64([item.weight_g for item in items]),
        item_critical=np.asarray([item.critical for item in items], dtype=np.bool_),
        item_lots=np.asarray([item.lots is not None for item in items], dtype=np.bool_),
        item_fefo=np.asarray([item.lots == "fefo" for item in items], dtype=np.bool_),
        item_shelf_life_ms=int64([item.shelf_life_ms for item in items]),
        parameter=_parameters(draft),
        node_first_stock_point=np.searchsorted(int64([p.node for p in points]), np.arange(nodes + 1)).astype(np.int64),
        mean_demand_per_day=np.asarray([p.mean_demand_per_day for p in points], dtype=np.float64),
        initial_on_hand=int64([p.on_hand for p in points]),
        initial_on_order=int64(on_order).reshape(len(on_order), 3),
        initial_owed=int64(owed).reshape(len(owed), 2),
        initial_age_ms=int64([p.age_ms for p in points]),
        price_breaks=np.zeros((0, 2), dtype=np.int64),
        lanes=tuple(draft.lanes),
        routes=tuple(draft.routes),
        suppliers=tuple(draft.suppliers)
        or tuple(Supplier(node) for node, kind in enumerate(draft.kinds) if kind == "supplier"),
        holding_rate_per_year=0.2,
        shortage_cost=1000,
        demand=_demand(draft),
        review_ms=_reviews(draft),
        families=tuple(int64(family) for family in _families(draft)),
        alternatives=_alternatives(draft)[0],
        pools=tuple(draft.pools),
        deciders=tuple(draft.deciders),
    )


def _reviews(draft: Draft) -> tuple[Int64Array | None, ...]:
    if not draft.review_ms:
        return ()
    return tuple(
        int64(sorted(draft.review_ms[node])) if node in draft.review_ms else None for node in range(len(draft.kinds))
    )


def route(base: int, stops: Sequence[int], leg_ms: int = HOUR_MS, **changes: Any) -> Route:
    """A milk run with one vehicle of 10 litres and 10 kg that leaves as soon as anything is staged."""
    legs = len(stops) + 1
    plain = Route(
        name=f"route-{base}",
        base_node=base,
        stop_nodes=tuple(stops),
        leg_distance_m=(1000,) * legs,
        leg_travel=(constant(leg_ms),) * legs,
        stop_ms=0,
        vehicles=1,
        capacity_ml=10_000,
        capacity_g=10_000,
        timetable_ms=None,
        full_share=1.0,
        max_wait_ms=0,
        working_ms=None,
        breakdown_every=None,
        breakdown_repair=None,
        cost_per_trip=0,
        cost_per_km_milli=0,
    )
    return replace(plain, **changes)
