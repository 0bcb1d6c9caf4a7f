"""A route's dock: loading a vehicle from the staged lines, unloading it at a stop."""

import numpy as np

from sim.columns import E_LOAD, P_ITEM, P_NODE, PHASE_ALLOCATION
from sim.flow.books import log
from sim.flow.lots import split_layers
from sim.flow.model import (
    C_NEXT_ARRIVAL_MS,
    C_NEXT_DISPATCH,
    D_HEAD,
    D_LINES,
    D_TAIL,
    D_VOLUME_ML,
    D_WEIGHT_G,
    I_CRITICAL,
    I_VOLUME_ML,
    I_WEIGHT_G,
    K_ARRIVAL_MS,
    K_LAYER,
    K_NEXT,
    K_ORDER,
    K_POINT,
    K_QUANTITY,
    K_SEQUENCE,
    K_SOURCE,
    K_TRIP,
    NONE,
    PARCEL_COLUMNS,
    FlowModel,
)
from sim.flow.parcels import heap_push, new_parcel
from sim.jit import compiled
from sim.jit_tables import prefetch
from sim.network import Int64Array

LOADED_HEAD = 0
LOADED_LINES = 1
LOADED_VOLUME_ML = 2
LOADED_WEIGHT_G = 3
LOADED_COLUMNS = 4

PLACE_BITS = 21
"""Sort keys end in the line's place, which makes them unique: a dock holds fewer than two million lines."""


@compiled
def _loading_order(m: FlowModel, rows: Int64Array) -> Int64Array:
    """Places in `rows` (staged lines in order of staging): critical items first, then older orders."""
    age = np.empty(len(rows), np.int64)
    for place in range(len(rows)):
        row = rows[place]
        item = m.parameter[m.parcel[row, K_POINT], P_ITEM]
        later = 0 if m.item[item, I_CRITICAL] == 1 else 1
        age[place] = (later << 62) | (m.parcel[row, K_ORDER] << PLACE_BITS) | place
    return np.argsort(age)


@compiled
def _split_line(m: FlowModel, row: int, quantity: int) -> int:
    """Cut a staged line after `quantity` units; returns the row of the rest, which takes its place at the dock."""
    rest = new_parcel(m)
    following = m.parcel[rest, K_NEXT]
    for column in range(PARCEL_COLUMNS):
        m.parcel[rest, column] = m.parcel[row, column]
    m.parcel[rest, K_NEXT] = following
    m.parcel[rest, K_QUANTITY] = m.parcel[row, K_QUANTITY] - quantity
    m.parcel[row, K_QUANTITY] = quantity
    if m.parcel[row, K_LAYER] != NONE:
        m.parcel[rest, K_LAYER] = split_layers(m, m.parcel[row, K_LAYER], quantity)
    return rest


@compiled
def load(
    m: FlowModel,
    route: int,
    capacity_ml: int,
    capacity_g: int,
    stop_of_node: Int64Array,
    trip: int,
    time: int,
    loaded: Int64Array,
) -> None:
    """Load a vehicle from the dock; writes LOADED_* (head NONE: nothing). What does not fit stays, in its place.

    The load is chained by `stop_of_node` (N,), the number of the stop at each node, then in the order of loading.
    """
    lines = m.dock[route, D_LINES]
    rows = np.empty(lines, np.int64)
    row = m.dock[route, D_HEAD]
    for place in range(lines):
        rows[place] = row
        row = m.parcel[row, K_NEXT]
    taken = np.zeros(lines, np.bool_)
    on_board = np.empty(lines, np.int64)
    loaded[LOADED_LINES] = 0
    left_ml, left_g = capacity_ml, capacity_g
    for place in _loading_order(m, rows):
        row = rows[place]
        item = m.parameter[m.parcel[row, K_POINT], P_ITEM]
        unit_ml, unit_g = m.item[item, I_VOLUME_ML], m.item[item, I_WEIGHT_G]
        quantity = m.parcel[row, K_QUANTITY]
        if quantity * unit_ml <= left_ml and quantity * unit_g <= left_g:
            taken[place] = True
        elif loaded[LOADED_LINES] == 0:
            fits = quantity
            if unit_ml > 0:
                fits = min(fits, capacity_ml // unit_ml)
            if unit_g > 0:
                fits = min(fits, capacity_g // unit_g)
            fits = max(fits, 1)
            if fits < quantity:
                rows[place] = _split_line(m, row, fits)
            else:
                taken[place] = True
            quantity = fits
        else:
            continue
        left_ml -= quantity * unit_ml
        left_g -= quantity * unit_g
        m.parcel[row, K_TRIP] = trip
        on_board[loaded[LOADED_LINES]] = row
        loaded[LOADED_LINES] += 1
        log(m, time, PHASE_ALLOCATION, m.parcel[row, K_SOURCE], E_LOAD, quantity, m.parcel[row, K_ORDER])
    loaded[LOADED_VOLUME_ML] = capacity_ml - left_ml
    loaded[LOADED_WEIGHT_G] = capacity_g - left_g
    loaded[LOADED_HEAD] = _chain_by_stop(m, on_board[: loaded[LOADED_LINES]], stop_of_node)
    _keep_staged(m, route, rows, taken)


@compiled
def _chain_by_stop(m: FlowModel, rows: Int64Array, stop_of_node: Int64Array) -> int:
    """Chain loaded lines in the order in which they will be set down; returns the head."""
    stop = np.empty(len(rows), np.int64)
    for place in range(len(rows)):
        stop[place] = (stop_of_node[m.parameter[m.parcel[rows[place], K_POINT], P_NODE]] << PLACE_BITS) | place
    head = NONE
    for place in np.argsort(stop)[::-1]:
        m.parcel[rows[place], K_NEXT] = head
        head = rows[place]
    return head


@compiled
def _keep_staged(m: FlowModel, route: int, rows: Int64Array, taken: Int64Array) -> None:
    """Chain the lines that were not taken into the dock again, in their old order."""
    dock = m.dock[route]
    dock[D_HEAD] = NONE
    dock[D_TAIL] = NONE
    dock[D_LINES] = 0
    dock[D_VOLUME_ML] = 0
    dock[D_WEIGHT_G] = 0
    for place in range(len(rows)):
        if taken[place]:
            continue
        row = rows[place]
        item = m.parameter[m.parcel[row, K_POINT], P_ITEM]
        if dock[D_TAIL] == NONE:
            dock[D_HEAD] = row
        else:
            m.parcel[dock[D_TAIL], K_NEXT] = row
        dock[D_TAIL] = row
        m.parcel[row, K_NEXT] = NONE
        dock[D_LINES] += 1
        dock[D_VOLUME_ML] += m.parcel[row, K_QUANTITY] * m.item[item, I_VOLUME_ML]
        dock[D_WEIGHT_G] += m.parcel[row, K_QUANTITY] * m.item[item, I_WEIGHT_G]


@compiled
def unload(m: FlowModel, head: int, node: int, time: int) -> tuple[int, int]:
    """Set down the lines for `node`, the first of the load: they arrive now, by item, then in order of loading.

    Returns how many they are, and the head of those that stay on the truck.
    """
    lines = 0
    row = head
    while row != NONE:
        point = m.parcel[row, K_POINT]
        if m.parameter[point, P_NODE] != node:
            break
        prefetch(m.state, point)
        prefetch(m.area, point)
        following = m.parcel[row, K_NEXT]
        m.parcel[row, K_NEXT] = NONE
        m.parcel[row, K_SEQUENCE] = m.clock[C_NEXT_DISPATCH]
        m.clock[C_NEXT_DISPATCH] += 1
        m.parcel[row, K_ARRIVAL_MS] = time
        heap_push(m, row)
        m.clock[C_NEXT_ARRIVAL_MS] = time
        lines += 1
        row = following
    return lines, row
