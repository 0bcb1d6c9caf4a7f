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
    horizon_hours: int,
    chance: bool,
    features: frozenset[str],
) -> tuple[list[Pool], list[Point]]:
    """One or two pools, and the points as their members; a stock point is in one of them at most."""
    own_nodes = [node for node in range(nodes) if node not in suppliers]
    items = sorted({point.item for point in points})
    pools = []
    for number in range(draw(st.integers(1, 2))):
        members = draw(st.lists(st.sampled_from(own_nodes), min_size=2, unique=True))
        pooled = draw(st.lists(st.sampled_from(items), min_size=1, unique=True))
        pools.append(draw(random_pool(f"pool-{number}", members, list(range(nodes)), horizon_hours, chance, features)))
        points = [
            draw(random_member(point, number, features))
            if point.pool < 0 and point.node in members and point.item in pooled
            else point
            for point in points
        ]
    return pools, points


@st.composite
def random_member(draw: st.DrawFn, point: Point, pool: int, features: frozenset[str]) -> Point:
    often = st.sampled_from((True, True, True, False))
    preventive = draw(st.integers(0, 4)) if "preventive" in features and draw(st.booleans()) else -1
    return replace(
        point,
        pool=pool,
        asks=draw(often),
        gives=draw(often),
        hold_back=draw(st.sampled_from((0, 0, 1, 3))),
        preventive=preventive,
        preventive_up_to=preventive + draw(st.integers(1, 5)),
    )


# 100 a piece at 20 % a year: no saving is equal to one of these costs, where rounding would decide
transfer_costs = st.sampled_from((0, 7, 33))
kilogram_costs = st.sampled_from((0, 1000))


@st.composite
def random_pool(
    draw: st.DrawFn,
    name: str,
    members: list[int],
    nodes: list[int],
    horizon_hours: int,
    chance: bool,
    features: frozenset[str],
) -> Pool:
    givers = [*members, *draw(st.sets(st.sampled_from(nodes), max_size=1))]  # perhaps one that is no member
    pairs = sorted({(giver, asker) for giver in givers for asker in members if giver != asker})
    transfers = [pair for pair in draw(st.permutations(pairs)) if draw(st.integers(0, 5)) > 0]
    from_outside = st.tuples(st.sampled_from(nodes), st.sampled_from(members)).filter(lambda pair: pair[0] != pair[1])
    emergencies = draw(st.lists(from_outside, max_size=4))
    links = [(pair, False) for pair in transfers] + [(pair, True) for pair in emergencies]
    rebalance = st.lists(st.integers(0, horizon_hours // 6 - 1), min_size=1, max_size=4, unique=True)
    instants = [6 * HOUR_MS * n for n in sorted(draw(rebalance))] if "rebalancing" in features else []
    return Pool(
        name,
        links=tuple(
            Link(giver, asker, emergency, draw(durations(8, chance)), draw(transfer_costs), draw(kilogram_costs))
            for (giver, asker), emergency in links
        ),
        donor_rule=draw(st.sampled_from((DONOR_IN_ORDER, DONOR_MOST_STOCK, DONOR_MOST_COVER))),
        partial=draw(st.booleans()),
        search_ms=draw(hours(0, 2)),
        approval_ms=draw(hours(0, 3)),
        working_ms=draw(intervals(3, 168)) if draw(st.booleans()) else None,
        rebalance_ms=int64(instants) if instants and draw(st.integers(0, 2)) > 0 else None,
    )
