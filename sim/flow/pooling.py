"""Pools: who gives to whom when a stock point is short, about to be short, or holds what others lack.

A gift is an order that has not queued: the giver's stock falls at once, and the goods are on their way.
"""

import math

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim import network as net
from sim.flow import model as f
from sim.flow.agenda import want_review
from sim.flow.books import change_stock, log, settle
from sim.flow.lots import take_layers
from sim.flow.model import NONE, FlowModel
from sim.flow.ordering import unit_cost_milli, write_order
from sim.flow.parcels import send_parcel
from sim.flow.supply import drawn_duration, pack, supplier_of, supplier_release
from sim.jit import compiled, int64
from sim.week import WEEK_MS

BoolArray = npt.NDArray[np.bool_]

MOST_GIVERS = 12
"""Givers for one need, so that one step of the flow fits into its buffers."""

_EVENTS = (c.E_TRANSFER, c.E_EMERGENCY, c.E_PREVENTIVE, c.E_REBALANCE)
_YEAR_DAYS = 365.0


# --- what a member can give -------------------------------------------------------------------------------------------


@compiled
def _can_give(m: FlowModel, giver: int, kind: int) -> int:
    """Units that a stock point can give away now, for an order of this kind."""
    state, parameter = m.state[giver], m.parameter[giver]
    if parameter[c.P_FLAGS] & c.SP_SUPPLIER:
        return f.NEVER if kind == c.ORDER_EMERGENCY else 0
    if state[c.S_WAITING] > 0:
        return 0
    if kind == c.ORDER_EMERGENCY:
        return max(state[c.S_ON_HAND] - parameter[c.P_RESERVE], 0)
    if parameter[c.P_FLAGS] & c.SP_GIVES == 0:
        return 0
    keeps = parameter[c.P_HOLD_BACK]
    if kind == c.ORDER_REBALANCING:
        keeps = max(keeps, parameter[c.P_ORDER_UP_TO])
    return max(state[c.S_ON_HAND] - keeps, 0)


@compiled
def _giver(m: FlowModel, asker: int, link: int, pool: int, kind: int) -> int:
    """The stock point at the other end of a link, NONE where it has none, or one outside the pool."""
    giver = int64(m.point_at[m.link[link, f.LINK_FROM], m.parameter[asker, c.P_ITEM]])
    if giver == NONE or kind == c.ORDER_EMERGENCY or m.parameter[giver, c.P_POOL] == pool:
        return giver
    return NONE


@compiled
def _best_link(m: FlowModel, asker: int, pool: int, need: int, kind: int) -> int:
    """The transfer link that the pool's rule picks, NONE if nobody can give."""
    rule, partial = m.pool[pool, f.POOL_RULE], m.pool[pool, f.POOL_PARTIAL] == 1
    span = m.link_range[pool, m.parameter[asker, c.P_NODE]]
    best = NONE
    best_score = -1.0
    for link in range(span[f.RANGE_FIRST], span[f.RANGE_EMERGENCY]):
        giver = _giver(m, asker, link, pool, kind)
        can = 0 if giver == NONE else _can_give(m, giver, kind)
        if can == 0 or (can < need and not partial):
            continue
        if rule == net.DONOR_IN_ORDER:
            return link
        score = float(can)
        if rule == net.DONOR_MOST_COVER:
            score = can / m.per_day[giver] if m.per_day[giver] > 0.0 else math.inf
        if score > best_score:
            best_score = score
            best = link
    return best


# --- giving -----------------------------------------------------------------------------------------------------------


@compiled
def after_working(m: FlowModel, time: int, working_ms: int, first: int, last: int) -> int:
    """The instant at which `working_ms` of the weekly windows (rows first .. last - 1) have passed since `time`."""
    if first == last or working_ms == 0:
        return time + working_ms
    offset = m.clock[f.C_START_OF_WEEK_MS]
    week = (time + offset) // WEEK_MS * WEEK_MS - offset
    while True:
        for row in range(first, last):
            end = week + m.window[row, 1]
            if end <= time:
                continue
            begin = max(time, week + m.window[row, 0])
            if end - begin >= working_ms:
                return begin + working_ms
            working_ms -= end - begin
        week += WEEK_MS
        time = max(time, week)


@compiled
def _release(m: FlowModel, pool: int, giver: int, quantity: int, kind: int, time: int) -> int:
    """When a gift sets off: after search and approval, or when the supplier has it."""
    if kind == c.ORDER_EMERGENCY:
        supplier = supplier_of(m, giver)
        return time if supplier == NONE else supplier_release(m, supplier, quantity, time)
    settings = m.pool[pool]
    found = time + settings[f.POOL_SEARCH_MS]
    windows = settings[f.POOL_WINDOW_FIRST], settings[f.POOL_WINDOW_LAST]
    return after_working(m, found, settings[f.POOL_APPROVAL_MS], windows[0], windows[1])


@compiled
def _delivery(m: FlowModel, asker: int, link: int) -> int:
    """Draw the delivery time from the asking stock point's own stream of transfers (constants take no draw)."""
    if m.link_time[link, 0] == net.DISTRIBUTION_CONSTANT:
        return int(m.link_time[link, 1] + 0.5) + int(m.link_time[link, 4])
    index = m.transfer_draws[asker]
    m.transfer_draws[asker] = index + 1
    return drawn_duration(m, m.link_time[link], m.transfer_stream[asker], index)


@compiled
def _give(m: FlowModel, link: int, giver: int, asker: int, quantity: int, kind: int, phase: int, time: int) -> None:
    """Goods leave `giver` for `asker` now, as an order with a number of its own."""
    pool = m.parameter[asker, c.P_POOL]
    number = m.clock[f.C_NEXT_ORDER]
    m.clock[f.C_NEXT_ORDER] = number + 1
    log(m, time, phase, asker, int64(_EVENTS[kind - c.ORDER_TRANSFER]), quantity, number)
    log(m, time, phase, giver, c.E_DISPATCH, quantity, number)
    outside = supplier_of(m, giver) != NONE
    cost = unit_cost_milli(m, asker, quantity) if outside else int64(0)
    write_order(m, time, asker, giver, quantity, cost, kind)
    settle(m, asker, time)
    m.state[asker, c.S_ON_ORDER] += quantity
    m.state[asker, c.S_COMING] += quantity
    layer = int64(NONE)
    if not outside:
        settle(m, giver, time)
        change_stock(m, giver, -quantity, time)
        if m.parameter[giver, c.P_FLAGS] & c.SP_LOTS:
            layer = take_layers(m, giver, quantity, time)
        want_review(m, giver)
    row = pack(m, giver, asker, int64(NONE), quantity, number, layer, cost, time)
    m.parcel[row, f.K_TRIP] = -kind
    release = _release(m, pool, giver, quantity, kind, time)
    m.parcel[row, f.K_ARRIVAL_MS] = max(release + _delivery(m, asker, link), time + 1)
    send_parcel(m, row, int64(NONE))


@compiled
def _ask_pool(m: FlowModel, point: int, need: int, kind: int, time: int) -> int:
    """Ask the others of the pool; returns what is still missing."""
    pool = m.parameter[point, c.P_POOL]
    for _ in range(MOST_GIVERS):
        if need <= 0:
            break
        link = _best_link(m, point, pool, need, kind)
        if link == NONE:
            break
        giver = _giver(m, point, link, pool, kind)
        quantity = min(need, _can_give(m, giver, kind))
        _give(m, link, giver, point, quantity, kind, int64(c.PHASE_DEMAND), time)
        need -= quantity
    return need


@compiled
def ask_for_line(m: FlowModel, point: int, need: int, time: int) -> None:
    """A line has to wait for `need` units: ask the pool, then the sources of emergencies."""
    need = _ask_pool(m, point, need, int64(c.ORDER_TRANSFER), time)
    pool, kind = m.parameter[point, c.P_POOL], int64(c.ORDER_EMERGENCY)
    span = m.link_range[pool, m.parameter[point, c.P_NODE]]
    for link in range(span[f.RANGE_EMERGENCY], span[f.RANGE_LAST]):
        if need <= 0:
            return
        giver = _giver(m, point, link, pool, kind)
        quantity = 0 if giver == NONE else min(need, _can_give(m, giver, kind))
        if quantity > 0:
            _give(m, link, giver, point, quantity, kind, int64(c.PHASE_DEMAND), time)
            need -= quantity


@compiled
def ask_in_advance(m: FlowModel, point: int, time: int) -> None:
    """Fill up from the pool when what is there and coming has fallen to the preventive level."""
    state, parameter = m.state[point], m.parameter[point]
    level = state[c.S_ON_HAND] - state[c.S_WAITING] + state[c.S_COMING]
    if level <= parameter[c.P_PREVENTIVE]:
        _ask_pool(m, point, parameter[c.P_PREVENTIVE_UP_TO] - level, int64(c.ORDER_PREVENTIVE), time)


# --- rebalancing ------------------------------------------------------------------------------------------------------


@compiled
def _lack(m: FlowModel, point: int, pool: int) -> int:
    """What a member lacks up to its order-up-to level; 0 for those that do not ask or stock."""
    parameter = m.parameter[point]
    wants = c.SP_ASKS | c.SP_STOCKED
    if parameter[c.P_POOL] != pool or parameter[c.P_FLAGS] & wants != wants:
        return 0
    if parameter[c.P_POLICY] == c.POLICY_PYTHON:
        return 0
    state = m.state[point]
    position = state[c.S_RECORDED] + state[c.S_ON_ORDER] - state[c.S_WAITING]
    return parameter[c.P_ORDER_UP_TO] - position


@compiled
def _worth_it(m: FlowModel, link: int, giver: int, quantity: int, surplus: int, holding_rate: float) -> bool:
    """Whether holding the units where they are costs more than moving them."""
    item = m.parameter[giver, c.P_ITEM]
    years = 1.0
    if m.per_day[giver] > 0.0:
        years = min(surplus / m.per_day[giver] / _YEAR_DAYS, 1.0)
    value = quantity * m.item[item, f.I_COST_MILLI] / 1000.0
    kilograms = quantity * m.item[item, f.I_WEIGHT_G] / 1000.0
    freight = m.link[link, f.LINK_COST] + m.link[link, f.LINK_COST_KG_MILLI] / 1000.0 * kilograms
    return value * holding_rate * years > freight


@compiled
def _rebalance_member(m: FlowModel, pool: int, point: int, lack: int, holding_rate: float, time: int) -> None:
    kind = int64(c.ORDER_REBALANCING)
    for _ in range(MOST_GIVERS):
        link = _best_link(m, point, pool, lack, kind)
        if link == NONE:
            return
        giver = _giver(m, point, link, pool, kind)
        surplus = _can_give(m, giver, kind)
        quantity = min(lack, surplus)
        if not _worth_it(m, link, giver, quantity, surplus, holding_rate):
            return
        _give(m, link, giver, point, quantity, kind, int64(c.PHASE_RETURN), time)
        lack -= quantity
        if lack == 0:
            return


@compiled
def rebalance_item(m: FlowModel, pool: int, item: int, holding_rate: float, done: BoolArray, time: int) -> None:
    """Move the excess of one item to where it is lacking; `done` (N,) is scratch."""
    done[:] = False
    while True:
        neediest = NONE
        largest = 0
        for node in range(len(m.point_at)):
            point = int64(m.point_at[node, item])
            if point == NONE or done[node]:
                continue
            lack = _lack(m, point, pool)
            if lack > largest:
                largest = lack
                neediest = node
        if neediest == NONE:
            return
        done[neediest] = True
        _rebalance_member(m, pool, int64(m.point_at[neediest, item]), largest, holding_rate, time)
