"""Reviews and orders (phase 3): how much a stock point orders, and from whom."""

from policies.ordering import order_need as _order_need
from policies.ordering import rounded as _rounded
from sim import columns as c
from sim import network as net
from sim.flow import model as f
from sim.flow.agenda import inventory_position, note, want_allocation, want_review
from sim.flow.books import log, settle
from sim.flow.model import NONE, FlowModel
from sim.flow.waiting import join_queue
from sim.jit import compiled, int64
from sim.jit_tables import prefetch

MEMBERS_PER_STEP = 8
"""Members of a family that order before the flow looks whether its buffers still have room."""

order_need = compiled(_order_need)
rounded = compiled(_rounded)


@compiled
def _quantity(m: FlowModel, point: int, policy: int, reorder_point: int) -> int:
    """What a rule orders now, at the given reorder point."""
    parameter = m.parameter[point]
    position = inventory_position(m, point)
    need = order_need(policy, reorder_point, parameter[c.P_ORDER_UP_TO], parameter[c.P_LOT], position)
    return allowed_quantity(m, point, need, position)


@compiled
def allowed_quantity(m: FlowModel, point: int, need: int, position: int) -> int:
    """A need as a quantity that the stock point may order, 0 for none."""
    parameter = m.parameter[point]
    minimum, multiple = parameter[c.P_MINIMUM_ORDER], parameter[c.P_MULTIPLE]
    return rounded(need, minimum, multiple, parameter[c.P_CAPACITY], position)


@compiled
def review(m: FlowModel, point: int, time: int) -> None:
    """Look at the inventory position and order what the policy says."""
    m.state[point, c.S_FLAGS] &= ~c.PENDING_REVIEW
    quantity = _quantity(m, point, m.parameter[point, c.P_POLICY], m.parameter[point, c.P_REORDER_POINT])
    if quantity > 0:
        order(m, point, quantity, time)


@compiled
def review_pending_family(m: FlowModel, last_of_node: int, time: int) -> None:
    """Review the first family of a node that is to be reviewed; it comes again if members are left."""
    for family in range(len(m.family)):
        pending = m.family[family, f.FAMILY_PENDING] == 1
        if pending and m.family[family, f.FAMILY_LAST_OF_NODE] == last_of_node:
            if review_family(m, family, time):
                note(m, int64(c.PHASE_ORDER), last_of_node, int64(1))
            else:
                m.family[family, f.FAMILY_PENDING] = 0
            return


@compiled
def _one_must_order(m: FlowModel, family: int) -> bool:
    first = m.family[family, f.FAMILY_FIRST]
    for place in range(first, first + m.family[family, f.FAMILY_COUNT]):
        point = m.family_point[place]
        if inventory_position(m, point) <= m.parameter[point, c.P_REORDER_POINT]:
            return True
    return False


@compiled
def review_family(m: FlowModel, family: int, time: int) -> bool:
    """If a member is at or below its reorder point, all at or below their can-order level order up to their target.

    Goes as far as one step's room allows; returns whether members are left.
    """
    begin = m.family[family, f.FAMILY_NEXT]
    if begin == 0 and not _one_must_order(m, family):
        return False
    first, count = m.family[family, f.FAMILY_FIRST], m.family[family, f.FAMILY_COUNT]
    end = min(begin + MEMBERS_PER_STEP, count)
    for place in range(first + begin, first + end):
        point = m.family_point[place]
        quantity = _quantity(m, point, int64(c.POLICY_ORDER_UP_TO), m.parameter[point, c.P_LOT])
        if quantity > 0:
            order(m, point, quantity, time)
    m.family[family, f.FAMILY_NEXT] = 0 if end == count else end
    return end < count


@compiled
def order(m: FlowModel, point: int, quantity: int, time: int) -> None:
    """Order from the one source, or from whom the sourcing rule picks."""
    first = m.parameter[point, c.P_SOURCING]
    if first == NONE:
        place_order(m, point, m.parameter[point, c.P_SOURCE], m.parameter[point, c.P_LANE], quantity, int64(NONE), time)
    elif m.parameter[point, c.P_FLAGS] & c.SP_SPLIT:
        _split_order(m, point, first, quantity, time)
    else:
        row = _first_with_stock(m, first, quantity)
        _order_from(m, point, row, quantity, time)


@compiled
def _order_from(m: FlowModel, point: int, row: int, quantity: int, time: int) -> None:
    """Order from an alternative."""
    alternative = m.alternative[row]
    cost = alternative[net.ALTERNATIVE_COST_MILLI]
    source, lane = alternative[net.ALTERNATIVE_SOURCE], alternative[net.ALTERNATIVE_LANE]
    place_order(m, point, source, lane, quantity, cost, time)


@compiled
def _first_with_stock(m: FlowModel, first: int, quantity: int) -> int:
    """The first alternative that is a supplier or has the quantity free; else the first of all."""
    row = first
    while True:
        source = m.alternative[row, net.ALTERNATIVE_SOURCE]
        free = m.state[source, c.S_RECORDED] - m.state[source, c.S_WAITING]
        if m.parameter[source, c.P_FLAGS] & c.SP_SUPPLIER or free >= quantity:
            return row
        if m.alternative[row, net.ALTERNATIVE_LAST] == 1:
            return first
        row += 1


@compiled
def _split_order(m: FlowModel, point: int, first: int, quantity: int, time: int) -> None:
    """An order to each alternative: the later ones get their shares rounded down to packs, the first gets the rest."""
    multiple = m.parameter[point, c.P_MULTIPLE]
    rest = quantity
    row = first
    while m.alternative[row, net.ALTERNATIVE_LAST] == 0:
        row += 1
        rest -= quantity * m.alternative[row, net.ALTERNATIVE_SHARE] // 1000 // multiple * multiple
    if rest > 0:
        _order_from(m, point, first, rest, time)
    row = first
    while m.alternative[row, net.ALTERNATIVE_LAST] == 0:
        row += 1
        part = quantity * m.alternative[row, net.ALTERNATIVE_SHARE] // 1000 // multiple * multiple
        if part > 0:
            _order_from(m, point, row, part, time)


@compiled
def unit_cost_milli(m: FlowModel, point: int, quantity: int) -> int:
    """What the supplier asks per unit for an order of this size."""
    cost = m.parameter[point, c.P_COST_MILLI]
    first = m.parameter[point, c.P_PRICE_BREAKS]
    for row in range(first, first + m.parameter[point, c.P_PRICE_BREAK_COUNT]):
        if m.price_break[row, 0] > quantity:
            break
        cost = m.price_break[row, 1]
    return cost


@compiled
def place_order(m: FlowModel, point: int, source: int, lane: int, quantity: int, cost: int, time: int) -> None:
    """Order from `source`, which is reviewed and allocates later in this instant; `cost` NONE: the usual terms."""
    number = m.clock[f.C_NEXT_ORDER]
    m.clock[f.C_NEXT_ORDER] = number + 1
    log(m, time, c.PHASE_ORDER, point, c.E_ORDER, quantity, number)
    state = m.state[point]
    item_class = m.item[m.parameter[point, c.P_ITEM], f.I_CLASS]
    urgent = state[c.S_CUSTOMERS_WAITING] > 0 and (m.lane[lane, f.L_EXPRESS_CLASSES] >> item_class) & 1 == 1
    outside = m.parameter[source, c.P_FLAGS] & c.SP_SUPPLIER != 0
    if not outside:
        cost = 0
    elif cost == NONE:
        cost = unit_cost_milli(m, point, quantity)
    settle(m, point, time)
    state[c.S_ON_ORDER] += quantity
    flags = (lane << f.REQUEST_LANE_SHIFT) | (f.REQUEST_WHOLE if m.lane[lane, f.L_WHOLE] else 0)
    if urgent:
        flags |= f.REQUEST_URGENT
    write_order(m, time, point, source, quantity, cost, int64(c.ORDER_EXPRESS) if urgent else int64(c.ORDER_USUAL))
    prefetch(m.layer, max(m.state[source, c.S_LAYER_HEAD], 0))
    settle(m, source, time)
    join_queue(m, source, point, quantity, time, number, flags, cost)
    m.state[source, c.S_ASKED] += quantity
    if outside:
        want_allocation(m, source)
    else:
        want_review(m, source)
        if m.state[source, c.S_ON_HAND] > 0:
            want_allocation(m, source)


@compiled
def write_order(m: FlowModel, time: int, point: int, source: int, quantity: int, cost: int, kind: int) -> None:
    """Append to the orders table, in the order of the numbers."""
    row = m.clock[f.C_ORDER_ROWS]
    m.clock[f.C_ORDER_ROWS] = row + 1
    m.order_out[row, 0] = time
    m.order_out[row, 1] = point
    m.order_out[row, 2] = source
    m.order_out[row, 3] = quantity
    m.order_out[row, 4] = cost
    m.order_out[row, 5] = kind
