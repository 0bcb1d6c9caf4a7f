"""Small networks, written by hand or drawn at random, straight as the arrays that the engine and the reference read."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from sim import columns as c
from sim.network import (
    DEMAND_LOST,
    DEMAND_POISSON,
    DEMAND_WHOLE,
    DISTRIBUTION_CONSTANT,
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_GAMMA,
    DISTRIBUTION_UNIFORM,
    SIZE_CONSTANT,
    SIZE_GEOMETRIC,
    DemandSources,
    Distribution,
    Lane,
    Network,
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


@dataclass(frozen=True)
class Point:
    """A stock point outside the suppliers, with the lane that serves it; s = -1, S = 0 is ordered through."""

    node: int
    item: int
    lane: int
    reorder_point: int = -1
    order_up_to: int = 0
    lot_size: int = 0  # above zero: (R, nQ)
    minimum_order: int = 1
    multiple: int = 1
    capacity: int = -1
    on_hand: int = 0
    age_ms: int = 0


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
    horizon_ms: int = 10 * DAY_MS
    warm_up_ms: int = 0
    start_epoch_ms: int = MONDAY_EPOCH_MS
    all_points: Sequence[Point] = field(init=False)

    def __post_init__(self) -> None:
        """Suppliers get a stock point for every item that somebody orders from them."""
        at_suppliers = {
            (self.lanes[p.lane].from_node, p.item)
            for p in self.points
            if self.kinds[self.lanes[p.lane].from_node] == "supplier"
        }
        points = [*self.points, *(Point(node, item, lane=-1) for node, item in at_suppliers)]
        object.__setattr__(self, "all_points", sorted(points, key=lambda p: (p.node, p.item)))

    def row(self, node: int, item: int) -> int:
        """The stock point of an item at a node."""
        return [(p.node, p.item) for p in self.all_points].index((node, item))


def int64(values: object) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(values, dtype=np.int64)


def _parameters(draft: Draft) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    table = np.zeros((len(draft.all_points), c.PARAMETER_COLUMNS), dtype=np.int64)
    for row, point in zip(table, draft.all_points, strict=True):
        supplier = draft.kinds[point.node] == "supplier"
        stocked = point.order_up_to > 0 or point.lot_size > 0
        row[c.P_NODE] = point.node
        row[c.P_ITEM] = point.item
        row[c.P_POLICY] = c.POLICY_NONE if supplier else c.POLICY_LOT if point.lot_size else c.POLICY_ORDER_UP_TO
        row[c.P_REORDER_POINT] = point.reorder_point
        row[c.P_ORDER_UP_TO] = point.order_up_to
        row[c.P_LOT] = point.lot_size
        row[c.P_MINIMUM_ORDER] = point.minimum_order
        row[c.P_MULTIPLE] = point.multiple
        row[c.P_CAPACITY] = point.capacity
        row[c.P_SOURCE] = -1 if supplier else draft.row(draft.lanes[point.lane].from_node, point.item)
        row[c.P_LANE] = point.lane
        lots = draft.items[point.item].lots is not None and not supplier
        row[c.P_FLAGS] = c.SP_SUPPLIER * supplier | c.SP_STOCKED * stocked | c.SP_LOTS * lots
        row[c.P_GROUP] = point.node * 3 + draft.items[point.item].abc_class
        row[c.P_PRICE_BREAKS] = -1
    return table


def _demand(draft: Draft) -> DemandSources:
    from sim.streams import stream_key

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
        item_critical=np.zeros(count, dtype=np.bool_),
        item_lots=np.asarray([item.lots is not None for item in items], dtype=np.bool_),
        item_fefo=np.asarray([item.lots == "fefo" for item in items], dtype=np.bool_),
        item_shelf_life_ms=int64([item.shelf_life_ms for item in items]),
        parameter=_parameters(draft),
        node_first_stock_point=np.searchsorted(int64([p.node for p in points]), np.arange(nodes + 1)).astype(np.int64),
        mean_demand_per_day=np.ones(len(points)),
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
    )


def route(base: int, stops: Sequence[int], leg_ms: int = HOUR_MS, **changes: object) -> Route:
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
    return replace(plain, **changes)  # type: ignore[arg-type]


# --- random networks -------------------------------------------------------------------------------------------------
def hours(low: int, high: int) -> st.SearchStrategy[int]:
    """A whole number of hours, in milliseconds: a coarse grid, so that much happens at the same instant."""
    return st.integers(low, high).map(lambda h: h * HOUR_MS)


def durations(high: int, chance: bool, low: int = 0) -> st.SearchStrategy[Distribution]:
    """Constant hours, or also random durations."""
    fixed = hours(low, high).map(constant)
    if not chance:
        return fixed
    mean = hours(1, high).map(float)
    return st.one_of(
        fixed,
        mean.map(lambda m: Distribution(DISTRIBUTION_EXPONENTIAL, m)),
        mean.map(lambda m: Distribution(DISTRIBUTION_UNIFORM, 0.0, 2 * m)),
        mean.map(lambda m: Distribution(DISTRIBUTION_GAMMA, 4.0, m / 4, offset_ms=HOUR_MS)),
    )


def intervals(count: int, span_hours: int) -> st.SearchStrategy[np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Up to `count` disjoint [from, to) intervals within the span, at least one, shape (n, 2)."""
    edges = st.lists(st.integers(0, span_hours), min_size=2, max_size=2 * count, unique=True)
    return edges.map(lambda e: int64(sorted(e)[: len(e) // 2 * 2]).reshape(-1, 2) * HOUR_MS)


@st.composite
def random_lanes(draw: st.DrawFn, sources: dict[int, list[int]], chance: bool) -> list[Lane]:
    """One lane from every possible source to every node (the points choose between them)."""
    lanes = []
    for to_node, from_nodes in sources.items():
        for from_node in from_nodes:
            express = draw(st.booleans())
            lanes.append(
                Lane(
                    from_node,
                    to_node,
                    draw(durations(48, chance)),
                    whole_orders=draw(st.booleans()),
                    overtaking=draw(st.booleans()),
                    express_lead_time=draw(durations(6, chance)) if express else None,
                    express_classes=frozenset(draw(st.sets(st.integers(0, 2)))) if express else frozenset(),
                )
            )
    return lanes


@st.composite
def random_points(draw: st.DrawFn, lanes: list[Lane], nodes: int, suppliers: set[int], items: int) -> list[Point]:
    """A stock point for every item that a node sells or passes on, each served by one of its lanes."""
    wanted = {(node, item) for node in range(nodes) if node not in suppliers for item in range(items)}
    wanted = {key for key in sorted(wanted) if key[0] == 0 or draw(st.integers(0, 3)) > 0}
    points = []
    for node in range(nodes):
        for item in range(items):
            if (node, item) not in wanted:
                continue
            lane = draw(st.sampled_from([row for row, lane in enumerate(lanes) if lane.to_node == node]))
            if lanes[lane].from_node not in suppliers:
                wanted.add((lanes[lane].from_node, item))
            points.append(draw(random_point(node, item, lane)))
    return points


ages = st.builds(lambda days, h: days * DAY_MS - h, st.sampled_from((5, 90, 180, 365)), hours(0, 99))


@st.composite
def random_point(draw: st.DrawFn, node: int, item: int, lane: int) -> Point:
    kind = draw(st.sampled_from(("order_up_to", "base_stock", "lot", "through")))
    point = Point(node, item, lane, on_hand=draw(st.integers(0, 12)), age_ms=draw(ages))
    if kind == "through":
        return replace(point, on_hand=draw(st.integers(0, 2)))
    reorder_point = draw(st.integers(-2, 8))
    point = replace(point, reorder_point=reorder_point)
    if kind == "lot":
        point = replace(point, lot_size=draw(st.integers(1, 8)))
    else:
        step = 1 if kind == "base_stock" else draw(st.integers(1, 10))
        point = replace(point, order_up_to=max(1, reorder_point + step), reorder_point=max(0, reorder_point))
        point = replace(point, order_up_to=max(point.order_up_to, point.reorder_point + 1))
    return replace(
        point,
        minimum_order=draw(st.sampled_from((1, 1, 1, 4, 6))),
        multiple=draw(st.sampled_from((1, 1, 2, 5))),
        capacity=draw(st.sampled_from((-1, -1, -1, 10, 20))),
    )


@st.composite
def random_route(draw: st.DrawFn, number: int, base: int, stops: list[int], chance: bool) -> Route:
    order = tuple(draw(st.permutations(stops)))
    timetable = draw(st.lists(hours(0, 167), min_size=1, max_size=8, unique=True)) if draw(st.booleans()) else None
    broken = draw(st.booleans())
    return Route(
        name=f"route-{number}",
        base_node=base,
        stop_nodes=order,
        leg_distance_m=(1000,) * (len(order) + 1),
        leg_travel=tuple(draw(durations(6, chance)) for _ in range(len(order) + 1)),
        stop_ms=draw(hours(0, 1)),
        vehicles=draw(st.integers(1, 3)),
        capacity_ml=draw(st.integers(1, 20)) * 1000,
        capacity_g=draw(st.integers(5, 30)) * 1000,
        timetable_ms=None if timetable is None else int64(sorted(timetable)),
        full_share=draw(st.sampled_from((0.1, 0.5, 0.75, 1.0))),
        max_wait_ms=draw(st.sampled_from((-1, 0, 3 * HOUR_MS, 24 * HOUR_MS))),
        working_ms=draw(intervals(3, 168)) if draw(st.booleans()) else None,
        breakdown_every=draw(durations(20, chance, low=1)) if broken else None,
        breakdown_repair=draw(durations(10, chance)) if broken else None,
        cost_per_trip=100,
        cost_per_km_milli=100,
    )


@st.composite
def random_supplier(draw: st.DrawFn, node: int, horizon_hours: int, chance: bool) -> Supplier:
    outages = draw(st.booleans())
    return Supplier(
        node,
        capacity_units=draw(st.sampled_from((0, 0, 1, 3, 10))),
        capacity_period_ms=draw(st.sampled_from((HOUR_MS, 24 * HOUR_MS))),
        closed_ms=draw(intervals(3, horizon_hours)) if draw(st.booleans()) else None,
        outage_every=draw(durations(60, chance, low=1)) if outages else None,
        outage_lasting=draw(durations(20, chance)) if outages else None,
    )


@st.composite
def drafts(draw: st.DrawFn, chance: bool = False, poisson: bool = False) -> Draft:
    """A random small network: stores, regional and perhaps a central warehouse, suppliers; lines on a grid of hours."""
    stores, regional, central, suppliers = (draw(st.integers(*span)) for span in ((1, 4), (1, 2), (0, 1), (1, 2)))
    kinds = ["store"] * stores + ["warehouse"] * (regional + central) + ["supplier"] * suppliers
    nodes, warehouses = len(kinds), range(stores, stores + regional + central)
    supplier_nodes = set(range(nodes - suppliers, nodes))
    central_nodes = list(range(stores + regional, stores + regional + central))
    sources = {}
    for node in range(nodes - suppliers):
        above = list(range(stores, stores + regional)) if node < stores else []
        above += central_nodes if node < stores + regional else []
        choice = [*above, *above, *sorted(supplier_nodes)]  # seldom straight from a supplier
        sources[node] = draw(st.lists(st.sampled_from(choice), min_size=1, max_size=2, unique=True))
    horizon_hours = draw(st.sampled_from((48, 240)))
    lanes = draw(random_lanes(sources, chance))
    routes: list[Route] = []
    for base in warehouses:
        served = [row for row, lane in enumerate(lanes) if lane.from_node == base]
        while served and draw(st.integers(0, 2)):
            taken = draw(st.lists(st.sampled_from(served), min_size=1, unique=True))
            routes.append(draw(random_route(len(routes), base, [lanes[row].to_node for row in taken], chance)))
            for row in taken:
                lanes[row] = replace(lanes[row], route=len(routes) - 1)
            served = [row for row in served if row not in taken]
    items = draw(st.lists(random_items, min_size=1, max_size=3))
    points = draw(random_points(lanes, nodes, supplier_nodes, len(items)))
    keys = st.sampled_from([(p.node, p.item) for p in points])
    quantities = st.integers(1, 6)
    flags = st.sampled_from((0, DEMAND_LOST, DEMAND_WHOLE, DEMAND_LOST | DEMAND_WHOLE))
    lines = st.builds(lambda t, key, q, f: Line(t, *key, q, f), hours(0, horizon_hours - 1), keys, quantities, flags)
    sources_of_chance = st.builds(
        lambda key, rate, f, p: PoissonSource(*key, rate, f, p),
        keys,
        st.floats(0.5, 6),
        flags,
        st.sampled_from((1.0, 0.5)),
    )
    return Draft(
        kinds=kinds,
        lanes=lanes,
        points=points,
        items=items,
        lines=draw(st.integers(0, 50).flatmap(lambda size: st.lists(lines, min_size=size, max_size=size))),
        poisson=draw(st.lists(sources_of_chance, max_size=4, unique_by=lambda s: (s.node, s.item))) if poisson else (),
        routes=routes,
        suppliers=[draw(random_supplier(node, horizon_hours, chance)) for node in sorted(supplier_nodes)],
        on_order=[
            (*key, quantity, at)
            for key, quantity, at in draw(st.lists(st.tuples(keys, quantities, hours(0, 60)), max_size=3))
        ],
        owed=[(*key, quantity) for key, quantity in draw(st.lists(st.tuples(keys, quantities), max_size=3))],
        horizon_ms=horizon_hours * HOUR_MS,
        warm_up_ms=draw(st.one_of(st.just(0), hours(0, horizon_hours - 1))),
        start_epoch_ms=MONDAY_EPOCH_MS + draw(hours(0, 167)),
    )


random_items = st.builds(
    Item,
    volume_ml=st.sampled_from((0, 1, 1000, 3000)),
    weight_g=st.sampled_from((0, 1, 1000, 4000)),
    lots=st.sampled_from((None, "fifo", "fefo")),
    shelf_life_ms=st.one_of(st.just(-1), hours(100, 900)),
    abc_class=st.integers(0, 2),
)
