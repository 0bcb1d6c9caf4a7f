"""Random small networks for property-based tests: three echelons, trucks and parcels, lots, suppliers with bad days.

What the rules have beyond that comes in features that can be left out one by one; pools have a file of their own.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from hypothesis import strategies as st

from sim.network import (
    DEMAND_LOST,
    DEMAND_WHOLE,
    Lane,
    Pool,
    Route,
    Supplier,
)
from tests.random_pools import random_pools
from tests.random_times import durations, hours, intervals
from tests.reference_inputs import (
    DAY_MS,
    HOUR_MS,
    MONDAY_EPOCH_MS,
    Draft,
    Item,
    Line,
    Point,
    PoissonSource,
    int64,
    lanes_of,
)
from tests.sample_deciders import JointTopUp, Reorder

FEATURES = frozenset(
    (
        "kanban",
        "can_order",
        "python",
        "periodic",
        "sources",
        "customers_first",
        "pools",
        "preventive",
        "rebalancing",
        "contracts",
    )
)


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
                    priority=draw(st.integers(0, 2)),
                )
            )
    return lanes


@dataclass(frozen=True)
class Habits:
    """What the stock points of a node have in common."""

    policies: tuple[str, ...]
    first_lane: int
    further_lanes: tuple[int, ...]
    split: bool
    allocation: str
    reserves: tuple[int, ...]
    periodic: tuple[bool, ...]


@st.composite
def random_habits(draw: st.DrawFn, lanes: list[int], features: frozenset[str]) -> Habits:
    """How a node orders and allocates; `lanes` lead to it."""
    plain = ("order_up_to", "base_stock", "lot", "through")
    policies = plain + tuple(sorted(features & {"kanban", "python"})) * 2
    if "can_order" in features and draw(st.integers(0, 3)) == 0:
        policies = ("can_order",)
    order = draw(st.permutations(lanes))
    several = "sources" in features and draw(st.booleans())
    customers_first = "customers_first" in features and draw(st.booleans())
    calendars = ((False,), (False,), (True,), (True, False)) if "periodic" in features else ((False,),)
    return Habits(
        policies=policies,
        first_lane=order[0],
        further_lanes=tuple(order[1:]) if several else (),
        split=several and draw(st.integers(0, 2)) == 0,
        allocation=draw(st.sampled_from(("in_turn", "fair_share", "priority"))) if customers_first else "in_turn",
        reserves=(0, 2, 4) if customers_first else (0,),
        periodic=draw(st.sampled_from(calendars)),
    )


@st.composite
def random_points(
    draw: st.DrawFn, lanes: list[Lane], nodes: int, suppliers: set[int], items: int, features: frozenset[str]
) -> list[Point]:
    """A stock point for every item that a node sells or passes on, each served by one of its lanes, or several."""
    wanted = {(node, item) for node in range(nodes) if node not in suppliers for item in range(items)}
    wanted = {key for key in sorted(wanted) if key[0] == 0 or draw(st.integers(0, 3)) > 0}
    points = []
    for node in range(nodes):
        to_here = [row for row, lane in enumerate(lanes) if lane.to_node == node]
        habits = draw(random_habits(to_here, features)) if to_here else None
        for item in range(items):
            if (node, item) not in wanted or habits is None:
                continue
            point = draw(random_point(node, item, habits))
            if not habits.further_lanes and point.can_order is None:
                point = replace(point, lane=draw(st.sampled_from(to_here)))
            wanted |= {(lanes[lane].from_node, item) for lane in lanes_of(point)}
            points.append(point)
    return points


shares = st.sampled_from((0, 250, 333, 500))
ages = st.builds(lambda days, h: days * DAY_MS - h, st.sampled_from((5, 90, 180, 365)), hours(0, 99))


@st.composite
def random_point(draw: st.DrawFn, node: int, item: int, habits: Habits) -> Point:
    kind = draw(st.sampled_from(habits.policies))
    point = Point(
        node,
        item,
        habits.first_lane,
        on_hand=draw(st.integers(0, 12)),
        age_ms=draw(ages),
        others=tuple((lane, draw(shares) if habits.split else 0) for lane in habits.further_lanes),
        split=habits.split,
        allocation=habits.allocation,
        reserve=draw(st.sampled_from(habits.reserves)),
        periodic=draw(st.sampled_from(habits.periodic)),
    )
    if kind == "through":
        return replace(point, on_hand=draw(st.integers(0, 2)))
    point = replace(point, **draw(random_policy(kind)))
    return replace(
        point,
        minimum_order=draw(st.sampled_from((1, 1, 1, 4, 6))),
        multiple=draw(st.sampled_from((1, 1, 2, 5))),
        capacity=draw(st.sampled_from((-1, -1, -1, 10, 20))),
    )


@st.composite
def random_policy(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """The fields of a `Point` that say when and how much it orders."""
    if kind == "kanban":
        return {"bins": (draw(st.integers(1, 4)), draw(st.integers(1, 4)))}
    if kind == "python":
        return {"decider": draw(st.integers(0, len(DECIDERS) - 1))}
    reorder_point = draw(st.integers(-2, 8))
    if kind == "lot":
        return {"reorder_point": reorder_point, "lot_size": draw(st.integers(1, 8))}
    reorder_point = max(0, reorder_point)
    order_up_to = reorder_point + (1 if kind == "base_stock" else draw(st.integers(1, 10)))
    levels = {"reorder_point": reorder_point, "order_up_to": order_up_to}
    if kind == "can_order":
        levels["can_order"] = draw(st.integers(reorder_point, order_up_to - 1))
    return levels


DECIDERS = (Reorder(level=3, lots=2), JointTopUp(level=5, most_on_order=12))


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
def drafts(draw: st.DrawFn, chance: bool = False, poisson: bool = False, features: frozenset[str] = FEATURES) -> Draft:
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
        sources[node] = draw(
            st.lists(st.sampled_from(choice), min_size=1, max_size=2 + ("sources" in features), unique=True)
        )
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
    items = draw(st.integers(1, 3).flatmap(partial(just_so_many, random_items)))
    points = draw(random_points(lanes, nodes, supplier_nodes, len(items), features))
    pools: list[Pool] = []
    if "pools" in features and draw(st.integers(0, 3)) < 3:
        pools, points = draw(random_pools(points, nodes, supplier_nodes, chance, features))
    if "contracts" in features and draw(st.booleans()):
        points = [replace(point, billed=draw(st.booleans())) for point in points]
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
    with_calendar = sorted({point.node for point in points if point.periodic})
    return Draft(
        kinds=kinds,
        lanes=lanes,
        points=points,
        items=items,
        lines=draw(
            st.sampled_from((12, 12, 30, 30, 50, 0)).flatmap(lambda size: st.lists(lines, min_size=size, max_size=size))
        ),
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
        review_ms={node: draw(random_reviews(horizon_hours)) for node in with_calendar},
        pools=pools,
        deciders=DECIDERS if any(p.decider >= 0 for p in points) else (),
    )


T = TypeVar("T")


def just_so_many(elements: st.SearchStrategy[T], size: int) -> st.SearchStrategy[list[T]]:
    """Lists of this size: left to themselves, lists are mostly short and little happens."""
    return st.lists(elements, min_size=size, max_size=size)


def random_reviews(horizon_hours: int) -> st.SearchStrategy[list[int]]:
    """Instants at equal intervals, as a calendar has them."""
    return st.builds(
        lambda first, every: list(range(first, horizon_hours * HOUR_MS, every)),
        hours(0, 24),
        st.sampled_from((1, 6, 24)).map(lambda h: h * HOUR_MS),
    )


random_items = st.builds(
    Item,
    volume_ml=st.sampled_from((0, 1, 1000, 3000)),
    weight_g=st.sampled_from((0, 1, 1000, 4000)),
    lots=st.sampled_from((None, "fifo", "fefo")),
    shelf_life_ms=st.one_of(st.just(-1), hours(100, 900)),
    abc_class=st.integers(0, 2),
    critical=st.booleans(),
)
