"""Random small networks for property-based tests: three echelons, trucks and parcels, lots, suppliers with bad days."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from sim.network import (
    DEMAND_LOST,
    DEMAND_WHOLE,
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_GAMMA,
    DISTRIBUTION_UNIFORM,
    Distribution,
    Lane,
    Route,
    Supplier,
)
from tests.reference_inputs import (
    DAY_MS,
    HOUR_MS,
    MONDAY_EPOCH_MS,
    Draft,
    Item,
    Line,
    Point,
    PoissonSource,
    constant,
    int64,
)


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
    timetables = st.lists(hours(0, 167), min_size=1, max_size=8, unique=True)
    timetable = draw(timetables) if draw(st.booleans()) else None
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
    sources: dict[int, list[int]] = {}
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
        while served and draw(st.integers(0, 2)) > 0:
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
    lines = st.builds(
        lambda t, key, q, f: Line(t, key[0], key[1], q, f), hours(0, horizon_hours - 1), keys, quantities, flags
    )
    sources_of_chance = st.builds(
        lambda key, rate, f, p: PoissonSource(key[0], key[1], rate, f, p),
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
