"""Random pools over the stock points of a random network."""

from dataclasses import replace

from hypothesis import strategies as st

from sim.network import DONOR_IN_ORDER, DONOR_MOST_COVER, DONOR_MOST_STOCK, Link, Pool
from tests.random_times import durations, hours, intervals
from tests.reference_inputs import HOUR_MS, Point, int64


@st.composite
def random_pools(
    draw: st.DrawFn,
    points: list[Point],
    nodes: int,
    suppliers: set[int],
    chance: bool,
    features: frozenset[str],
) -> tuple[list[Pool], list[Point]]:
    """One or two pools, and the points as their members; a stock point is in one of them at most."""
    own_nodes = [node for node in range(nodes) if node not in suppliers]
    items = sorted({point.item for point in points})
    pools = []
    for number in range(draw(st.integers(1, 2))):
        members = draw(st.lists(st.sampled_from(own_nodes), min_size=min(3, len(own_nodes)), unique=True))
        pooled = items if draw(st.booleans()) else items[number % len(items) :]
        pools.append(draw(random_pool(f"pool-{number}", members, list(range(nodes)), chance, features)))
        points = [
            draw(random_member(point, number, features))
            if point.pool < 0 and point.node in members and point.item in pooled
            else point
            for point in points
        ]
    return pools, points


@st.composite
def random_member(draw: st.DrawFn, point: Point, pool: int, features: frozenset[str]) -> Point:
    often = st.sampled_from((True, True, True, True, False))
    preventive = draw(st.integers(0, 4)) if "preventive" in features and draw(st.booleans()) else -1
    return replace(
        point,
        pool=pool,
        asks=draw(often),
        gives=draw(often),
        on_hand=point.on_hand + draw(st.sampled_from((0, 0, 8))),  # for something to be left over
        mean_demand_per_day=draw(st.sampled_from((0.0, 0.02, 0.05, 0.3, 2.0))),
        hold_back=draw(st.sampled_from((0, 0, 1, 3))),
        preventive=preventive,
        preventive_up_to=preventive + draw(st.integers(1, 5)),
    )


# 100 a piece at 20 % a year: no saving is equal to one of these costs, where rounding would decide
costs = st.sampled_from(((0, 0), (7, 0), (33, 0), (0, 1000), (7, 1000)))


@st.composite
def random_pool(
    draw: st.DrawFn,
    name: str,
    members: list[int],
    nodes: list[int],
    chance: bool,
    features: frozenset[str],
) -> Pool:
    givers = [*members, *draw(st.sets(st.sampled_from(nodes), max_size=1))]  # perhaps one that is no member
    pairs = sorted({(giver, asker) for giver in givers for asker in members if giver != asker})
    transfers = draw(st.lists(st.sampled_from(pairs), min_size=min(3, len(pairs)), max_size=8, unique=True))
    from_outside = [(giver, asker) for giver in nodes for asker in members if giver != asker]
    emergencies = draw(st.lists(st.sampled_from(from_outside), min_size=1, max_size=3))
    links = [(pair, False) for pair in transfers] + [(pair, True) for pair in emergencies]
    rebalance = st.sampled_from((None, [0], [0, 6], [6, 30], [12, 24, 36]))
    instants = draw(rebalance) if "rebalancing" in features else None
    return Pool(
        name,
        links=tuple(
            Link(giver, asker, emergency, draw(durations(8, chance)), *draw(costs))
            for (giver, asker), emergency in links
        ),
        donor_rule=draw(st.sampled_from((DONOR_IN_ORDER, DONOR_MOST_STOCK, DONOR_MOST_COVER))),
        partial=draw(st.booleans()),
        search_ms=draw(hours(0, 2)),
        approval_ms=draw(hours(0, 3)),
        working_ms=draw(intervals(3, 168)) if draw(st.booleans()) else None,
        rebalance_ms=None if instants is None else int64(instants) * HOUR_MS,
    )
