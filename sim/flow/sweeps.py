"""What goes over many stock points at one instant: periodic reviews, decisions made in Python, rebalancing.

A sweep is called from Python with a place to begin at. It stops where its buffers may run out of room and returns the
place to go on from, NONE at the end.
"""

import numpy as np

from sim import columns as c
from sim.flow import model as f
from sim.flow.advance import ROWS_PER_STEP, steps_with_room
from sim.flow.agenda import inventory_position
from sim.flow.books import begin_days
from sim.flow.model import NONE, model_at
from sim.flow.ordering import allowed_quantity, order, review, review_family
from sim.flow.pooling import MOST_GIVERS, rebalance_item
from sim.jit import compiled
from sim.network import Int64Array


@compiled
def begin_instant(address: int, time: int) -> None:
    """Bring the flow's clock to the instant of a process, so that what it notes belongs to this instant."""
    m = model_at(address)
    m.clock[f.C_NOW] = time
    if time >= m.clock[f.C_DAY_END_MS]:
        begin_days(m, time)


@compiled
def review_points(address: int, first: int, last: int, time: int) -> int:
    """Review the stock points first .. last - 1 that are under periodic review and order by themselves."""
    m = model_at(address)
    for point in range(first, last):
        policy = m.parameter[point, c.P_POLICY]
        if m.parameter[point, c.P_FLAGS] & c.SP_PERIODIC == 0 or policy >= c.POLICY_CAN_ORDER:
            continue
        if steps_with_room(m) == 0:
            return point
        review(m, point, time)
    return NONE


@compiled
def review_families(address: int, first: int, last_of_node: int, time: int) -> int:
    """Review the families of a node that are under periodic review, from number `first` on."""
    m = model_at(address)
    for family in range(first, len(m.family)):
        member = m.family_point[m.family[family, f.FAMILY_FIRST]]
        periodic = m.parameter[member, c.P_FLAGS] & c.SP_PERIODIC != 0
        if not periodic or m.family[family, f.FAMILY_LAST_OF_NODE] != last_of_node:
            continue
        while True:
            if steps_with_room(m) == 0:
                return family
            if not review_family(m, family, time):
                break
    return NONE


@compiled
def order_needs(address: int, points: Int64Array, needs: Int64Array, first: int, time: int) -> int:
    """Order `needs[k]` at `points[k]`, as far as it may be ordered."""
    m = model_at(address)
    for place in range(first, len(points)):
        if steps_with_room(m) == 0:
            return place
        point = points[place]
        m.state[point, c.S_FLAGS] &= ~c.PENDING_REVIEW
        quantity = allowed_quantity(m, point, needs[place], inventory_position(m, point))
        if quantity > 0:
            order(m, point, quantity, time)
    return NONE


@compiled
def rebalance(address: int, pool: int, first: int, holding_rate: float, time: int) -> int:
    """Rebalance the items of a pool from number `first` on."""
    m = model_at(address)
    nodes = len(m.point_at)
    done = np.zeros(nodes, np.bool_)
    for item in range(first, len(m.item)):
        if steps_with_room(m) * ROWS_PER_STEP < 2 * MOST_GIVERS * nodes:
            return item
        rebalance_item(m, pool, item, holding_rate, done, time)
    return NONE
