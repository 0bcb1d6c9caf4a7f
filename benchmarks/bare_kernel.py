"""The lower end: the least a compiled program can do for the same answer, without records, statistics or SimPy.

Lead times are constant per echelon, so the parcels of an echelon arrive in the order in which they left: three rings
replace a heap. Only the number of units met at once comes out.
"""

import numpy as np

from benchmarks.reference_workload import DAY_MS, Shape
from sim.jit import compiled
from sim.network import Int64Array

RING = 1 << 16  # parcels under way per echelon; checked against overflow
QUEUE = 1 << 20  # orders waiting at warehouses
NEVER = 1 << 62
# columns of `points`: what a stock point does, then its state
SOURCE, LEAD_TIME, REORDER_POINT, LEVEL, ECHELON, ON_HAND, ON_ORDER, OWED, FIRST, LAST = range(10)


@compiled
def _order(
    point: int,
    now: int,
    points: Int64Array,
    rings: Int64Array,
    ring_ends: Int64Array,
    pool: Int64Array,
    pool_free: Int64Array,
) -> None:
    """Review `point`; its order goes up the chain as far as it makes others order, then stock goes down."""
    while point >= 0:
        position = points[point, ON_HAND] + points[point, ON_ORDER] - points[point, OWED]
        if position > points[point, REORDER_POINT]:
            return
        quantity = points[point, LEVEL] - position
        points[point, ON_ORDER] += quantity
        source = points[point, SOURCE]
        if source < 0:
            _dispatch(point, quantity, now, points, rings, ring_ends)
            return
        entry = pool_free[0]
        pool_free[0] = pool[entry, 2]
        pool[entry, 0], pool[entry, 1], pool[entry, 2] = point, quantity, -1
        if points[source, FIRST] < 0:
            points[source, FIRST] = entry
        else:
            pool[points[source, LAST], 2] = entry
        points[source, LAST] = entry
        points[source, OWED] += quantity
        # its own order does not change what is on hand now, so it may serve first
        _serve(source, now, points, rings, ring_ends, pool, pool_free)
        point = source


@compiled
def _dispatch(
    point: int, quantity: int, now: int, points: Int64Array, rings: Int64Array, ring_ends: Int64Array
) -> None:
    ring = points[point, ECHELON]
    end = ring_ends[ring, 1]
    if end - ring_ends[ring, 0] >= RING:
        raise OverflowError("more parcels under way than the ring holds")
    slot = end & (RING - 1)
    rings[ring, slot, 0], rings[ring, slot, 1], rings[ring, slot, 2] = now + points[point, LEAD_TIME], point, quantity
    ring_ends[ring, 1] = end + 1


@compiled
def _serve(
    point: int,
    now: int,
    points: Int64Array,
    rings: Int64Array,
    ring_ends: Int64Array,
    pool: Int64Array,
    pool_free: Int64Array,
) -> None:
    entry = points[point, FIRST]
    while entry >= 0 and pool[entry, 1] <= points[point, ON_HAND]:
        quantity = pool[entry, 1]
        points[point, ON_HAND] -= quantity
        points[point, OWED] -= quantity
        _dispatch(pool[entry, 0], quantity, now, points, rings, ring_ends)
        following = pool[entry, 2]
        pool[entry, 2] = pool_free[0]
        pool_free[0] = entry
        entry = following
    points[point, FIRST] = entry


@compiled
def _run(
    time_ms: Int64Array,
    stock_point: Int64Array,
    until_ms: int,
    points: Int64Array,
    rings: Int64Array,
    ring_ends: Int64Array,
    pool: Int64Array,
    pool_free: Int64Array,
) -> int:
    at_once = 0
    line = 0
    while True:
        demand_time = time_ms[line] if line < len(time_ms) else NEVER
        ring, arrival = -1, demand_time
        for candidate in range(3):
            if ring_ends[candidate, 0] < ring_ends[candidate, 1]:
                first = rings[candidate, ring_ends[candidate, 0] & (RING - 1), 0]
                if first < arrival or (first == arrival and ring < 0):
                    ring, arrival = candidate, first
        if arrival >= until_ms:
            return at_once
        if ring < 0:
            point = stock_point[line]
            line += 1
            if points[point, ON_HAND] > 0:
                points[point, ON_HAND] -= 1
                at_once += 1
            else:
                points[point, OWED] += 1
            _order(point, arrival, points, rings, ring_ends, pool, pool_free)
            continue
        slot = ring_ends[ring, 0] & (RING - 1)
        ring_ends[ring, 0] += 1
        point, quantity = rings[ring, slot, 1], rings[ring, slot, 2]
        points[point, ON_HAND] += quantity
        points[point, ON_ORDER] -= quantity
        if ring == 0:
            issued = min(points[point, ON_HAND], points[point, OWED])
            points[point, ON_HAND] -= issued
            points[point, OWED] -= issued
        else:
            _serve(point, arrival, points, rings, ring_ends, pool, pool_free)


def simulate_lines(shape: Shape, time_ms: Int64Array, stock_point: Int64Array, until_ms: int) -> int:
    """Units met at once, for customer lines in time order (one unit each)."""
    echelon = np.searchsorted(np.unique(shape.lead_time_ms), shape.lead_time_ms)
    none = np.full(shape.stock_points, -1)
    nothing = np.zeros(shape.stock_points, dtype=np.int64)
    rules = (shape.source, shape.lead_time_ms, shape.reorder_point, shape.order_up_to, echelon)
    points = np.stack((*rules, shape.order_up_to, nothing, nothing, none, none), axis=1)
    rings = np.empty((3, RING, 3), dtype=np.int64)
    pool = np.empty((QUEUE, 3), dtype=np.int64)
    pool[:, 2] = np.arange(1, QUEUE + 1)
    ring_ends, pool_free = np.zeros((3, 2), dtype=np.int64), np.zeros(1, dtype=np.int64)
    return int(_run(time_ms, stock_point, until_ms, points, rings, ring_ends, pool, pool_free))


def draw_lines(shape: Shape, seed: int, until_ms: int) -> tuple[Int64Array, Int64Array]:
    """A year of Poisson lines in time order, the quick way in numpy: counts, uniform times, one sort."""
    generator = np.random.Generator(np.random.Philox(seed))
    counts = generator.poisson(shape.rate_per_day * (until_ms / DAY_MS))
    stock_point = np.repeat(np.arange(shape.stock_points), counts)
    time_ms = generator.integers(0, until_ms, len(stock_point))
    order = np.argsort(time_ms)
    return time_ms[order], stock_point[order]
