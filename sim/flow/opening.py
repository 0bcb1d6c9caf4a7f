"""The arrays of a replication at time 0: opening stock, opening orders, opening debts, first reviews."""

import numpy as np

from sim.chance.streams import Stream, stream_keys
from sim.columns import (
    AREA_COLUMNS,
    P_COST_MILLI,
    P_FLAGS,
    P_ITEM,
    P_LANE,
    P_NODE,
    P_POLICY,
    P_SOURCE,
    P_SOURCING,
    POLICY_PYTHON,
    S_LAYER_HEAD,
    S_LAYER_TAIL,
    S_ON_ORDER,
    S_QUEUE_HEAD,
    S_QUEUE_TAIL,
    SP_LOTS,
    SP_SUPPLIER,
    SP_TRUCK,
    STATE_COLUMNS,
    TOTAL_COLUMNS,
)
from sim.flow.agenda import want_allocation, want_review
from sim.flow.books import change_stock
from sim.flow.extras import family_tables, pool_tables, time_row
from sim.flow.lots import DAY_MS, new_layer, new_lot, put_layer
from sim.flow.model import (
    C_DAY_END_MS,
    C_EVENTS,
    C_INSPECT,
    C_LAYERS_LEFT,
    C_NEXT_ARRIVAL_MS,
    C_NEXT_LINE,
    C_NEXT_ORDER,
    C_ORDER_ROWS,
    C_PARCELS_LEFT,
    C_REPLICATION,
    C_REQUESTS_LEFT,
    C_SEED,
    C_START_OF_WEEK_MS,
    CLOCK_SIZE,
    D_FULL_G,
    D_FULL_ML,
    D_HEAD,
    D_MAX_WAIT_MS,
    D_TAIL,
    DOCK_COLUMNS,
    I_CLASS,
    I_COST_MILLI,
    I_CRITICAL,
    I_FEFO,
    I_SHELF_LIFE_MS,
    I_VOLUME_ML,
    I_WEIGHT_G,
    ITEM_COLUMNS,
    K_ARRIVAL_MS,
    K_NEXT,
    L_EXPRESS_CLASSES,
    L_OVERTAKING,
    L_PRIORITY,
    L_RING,
    L_ROUTE,
    L_WHOLE,
    LANE_COLUMNS,
    LANE_FLOAT_COLUMNS,
    LAYER_COLUMNS,
    LF_EXPRESS,
    LOT_COLUMNS,
    MAX_RINGS,
    NEVER,
    NONE,
    NOTE_COLUMNS,
    OUT_COLUMNS,
    PARCEL_COLUMNS,
    R_NEXT,
    REPORT_COLUMNS,
    REQUEST_COLUMNS,
    REQUEST_WHOLE,
    RING_ARRIVAL_MS,
    RING_COLUMNS,
    SERIES_COLUMNS,
    SUPPLIER_COLUMNS,
    U_CAPACITY,
    U_CLOSED_FIRST,
    U_CLOSED_LAST,
    U_PERIOD,
    U_PERIOD_MS,
    USAGE_COLUMNS,
    WAIT_BINS,
    Y_NEXT,
    FlowModel,
    linked_rows,
    model_at,
)
from sim.flow.parcels import send_parcel
from sim.flow.supply import pack
from sim.flow.waiting import join_queue
from sim.jit import compiled, int64
from sim.jit_tables import aligned_zeros
from sim.network import DISTRIBUTION_CONSTANT, Int64Array, Network, Uint64Array
from sim.week import milliseconds_of_week

CHUNK_ROWS = 1 << 14
POOL_ROWS = 1 << 12


def new_model(network: Network, seed: int, replication: int, events: bool) -> FlowModel:
    """All arrays of a replication, with nothing in them but what the network says; no stock yet."""
    points, groups = network.stock_points, 3 * network.nodes
    lanes, lane_time, rings = _lanes(network)
    suppliers, closed, node_supplier = _suppliers(network, seed, replication)
    days = -(-network.horizon_ms // DAY_MS)
    lots_tracked = bool(network.item_lots.any())
    lot_rows = POOL_ROWS + (2 * int((network.initial_on_hand > 0).sum()) if lots_tracked else 0)
    model = FlowModel(
        parameter=_parameters(network),
        state=aligned_zeros((points, STATE_COLUMNS), np.int64),
        total=aligned_zeros((points, TOTAL_COLUMNS), np.int64),
        area=aligned_zeros((points, AREA_COLUMNS), np.float64),
        clock=np.zeros(CLOCK_SIZE, np.int64),
        request=_pool(POOL_ROWS, REQUEST_COLUMNS, R_NEXT),
        parcel=_pool(POOL_ROWS, PARCEL_COLUMNS, K_NEXT),
        heap=np.zeros((POOL_ROWS, 3), np.int64),
        agenda=np.zeros(2 * points + len(network.families) + 64, np.int64),
        ring=np.full((rings, RING_COLUMNS), NONE, np.int64),
        layer=_pool(lot_rows, LAYER_COLUMNS, Y_NEXT),
        lot=np.zeros((lot_rows, LOT_COLUMNS), np.int64),
        lane=lanes,
        lane_time=lane_time,
        supplier=suppliers,
        closed=closed,
        node_supplier=node_supplier,
        price_break=network.price_breaks.reshape(-1, 2),
        item=_items(network),
        stream=_lead_time_streams(network),
        dock=_docks(network),
        series=np.zeros((days, groups, SERIES_COLUMNS)),
        group=np.zeros((groups, 2)),
        wait=np.zeros((groups, WAIT_BINS), np.int64),
        jobs=np.zeros((network.nodes, 2), np.int64),
        line_ms=np.zeros(0, np.int64),
        line_point=np.zeros(0, np.int32),
        line_quantity=np.zeros(0, np.int64),
        line_flags=np.zeros(0, np.int8),
        line_job=np.zeros(0, np.int32),
        job_lines=np.zeros((0, 2), np.int64),
        asked=np.zeros(points if (network.parameter[:, P_POLICY] == POLICY_PYTHON).any() else 1, np.int64),
        alternative=network.alternatives,
        **family_tables(network),
        **pool_tables(network),
        order_out=aligned_zeros((CHUNK_ROWS, OUT_COLUMNS), np.int64),
        shipment_out=aligned_zeros((CHUNK_ROWS, OUT_COLUMNS), np.int64),
        transfer_out=aligned_zeros((CHUNK_ROWS if lots_tracked else 256, OUT_COLUMNS), np.int64),
        event_out=aligned_zeros((CHUNK_ROWS if events else 1, OUT_COLUMNS), np.int64),
        note=np.zeros((CHUNK_ROWS if network.plant_plan else 1, NOTE_COLUMNS), np.int64),
        usage_out=np.zeros((CHUNK_ROWS if network.keeps_usage else 1, USAGE_COLUMNS), np.int64),
        report_out=np.zeros((CHUNK_ROWS if network.keeps_usage else 1, REPORT_COLUMNS), np.int64),
    )
    for column in (S_QUEUE_HEAD, S_QUEUE_TAIL, S_LAYER_HEAD, S_LAYER_TAIL):
        model.state[:, column] = NONE
    model.ring[:, RING_ARRIVAL_MS] = NEVER
    clock = model.clock
    clock[C_REQUESTS_LEFT] = len(model.request)
    clock[C_PARCELS_LEFT] = len(model.parcel)
    clock[C_LAYERS_LEFT] = len(model.layer)
    clock[C_NEXT_ARRIVAL_MS] = NEVER
    clock[C_EVENTS] = int(events)
    clock[C_SEED] = seed
    clock[C_REPLICATION] = replication
    clock[C_DAY_END_MS] = DAY_MS
    clock[C_INSPECT] = NONE
    clock[C_START_OF_WEEK_MS] = milliseconds_of_week(network.start_epoch_ms)
    return model


def _parameters(network: Network) -> Int64Array:
    """The network's parameters on cache line boundaries, with the items' costs and a flag for trucks."""
    table: Int64Array = aligned_zeros(network.parameter.shape, np.int64)
    table[:] = network.parameter
    by_truck = np.array([lane.route >= 0 for lane in network.lanes] + [False])
    may_be = by_truck[network.parameter[:, P_LANE]]
    if by_truck.any():  # also where only an alternative comes by truck
        may_be = may_be | (network.parameter[:, P_SOURCING] != NONE)
    table[:, P_FLAGS] |= np.where(may_be, SP_TRUCK, 0)
    table[:, P_COST_MILLI] = network.item_cost_milli[network.parameter[:, P_ITEM]]
    return table


def _pool(rows: int, columns: int, next_column: int) -> Int64Array:
    table: Int64Array = aligned_zeros((rows, columns), np.int64)
    linked_rows(table, 0, next_column)
    return table


def _lanes(network: Network) -> tuple[Int64Array, np.ndarray, int]:
    """Lane tables, and how many lists of parcels there are: one per distinct constant lead time."""
    lanes = np.zeros((max(len(network.lanes), 1), LANE_COLUMNS), np.int64)
    times = np.zeros((len(lanes), LANE_FLOAT_COLUMNS))
    ring_of: dict[int, int] = {}
    for row, lane in enumerate(network.lanes):
        ring = NONE
        if lane.lead_time.kind == DISTRIBUTION_CONSTANT and lane.route < 0:
            constant = int(lane.lead_time.a + 0.5) + lane.lead_time.offset_ms
            if constant in ring_of or len(ring_of) < MAX_RINGS:
                ring = ring_of.setdefault(constant, len(ring_of))
        lanes[row, L_ROUTE] = lane.route
        lanes[row, L_WHOLE] = lane.whole_orders
        lanes[row, L_OVERTAKING] = lane.overtaking
        lanes[row, L_RING] = ring
        lanes[row, L_PRIORITY] = lane.priority
        times[row, :LF_EXPRESS] = time_row(lane.lead_time)
        if lane.express_lead_time is not None:
            lanes[row, L_EXPRESS_CLASSES] = sum(1 << one for one in lane.express_classes)
            times[row, LF_EXPRESS:] = time_row(lane.express_lead_time)
    return lanes, times, len(ring_of)


def outages(network: Network, row: int, seed: int, replication: int) -> list[tuple[int, int]]:
    """When the supplier of a row is out of order, [from, to) in ms; drawn from its own stream, so always the same."""
    supplier = network.suppliers[row]
    if supplier.outage_every is None or supplier.outage_lasting is None:
        return []
    stream = Stream("outage", network.node_names[supplier.node], seed=seed, replication=replication)
    found: list[tuple[int, int]] = []
    time = 0
    while True:
        start = time + stream.draw(supplier.outage_every)
        if start >= network.horizon_ms:
            return found
        end = start + stream.draw(supplier.outage_lasting)
        found.append((start, end))
        time = max(end, time + 1)  # moves on even where both durations are drawn as 0


def merged_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, disjoint intervals that cover the same instants."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _suppliers(network: Network, seed: int, replication: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    table = np.zeros((max(len(network.suppliers), 1), SUPPLIER_COLUMNS), np.int64)
    node_supplier = np.full(network.nodes, NONE, np.int64)
    closed: list[tuple[int, int]] = []
    for row, supplier in enumerate(network.suppliers):
        node_supplier[supplier.node] = row
        table[row, U_CAPACITY] = supplier.capacity_units
        table[row, U_PERIOD_MS] = max(supplier.capacity_period_ms, 1)
        table[row, U_PERIOD] = NONE
        table[row, U_CLOSED_FIRST] = len(closed)
        stated = [] if supplier.closed_ms is None else [(int(a), int(b)) for a, b in supplier.closed_ms]
        closed += merged_intervals(stated + outages(network, row, seed, replication))
        table[row, U_CLOSED_LAST] = len(closed)
    return table, np.array(closed, np.int64).reshape(-1, 2), node_supplier


def _items(network: Network) -> Int64Array:
    table = np.zeros((network.items, ITEM_COLUMNS), np.int64)
    table[:, I_CLASS] = network.item_class
    table[:, I_COST_MILLI] = network.item_cost_milli
    table[:, I_VOLUME_ML] = network.item_volume_ml
    table[:, I_WEIGHT_G] = network.item_weight_g
    table[:, I_CRITICAL] = network.item_critical
    table[:, I_FEFO] = network.item_fefo
    table[:, I_SHELF_LIFE_MS] = network.item_shelf_life_ms
    return table


def _lead_time_streams(network: Network) -> Uint64Array:
    """A lead-time stream per receiving stock point; a single unused row when no lead time is random."""
    times = [lane.lead_time for lane in network.lanes] + [
        lane.express_lead_time for lane in network.lanes if lane.express_lead_time is not None
    ]
    if all(time.kind == DISTRIBUTION_CONSTANT for time in times):
        return np.zeros((1, 2), np.uint64)
    nodes, items = network.parameter[:, P_NODE], network.parameter[:, P_ITEM]
    return stream_keys("lead_time", network.node_names, network.item_names, nodes, items)


def _docks(network: Network) -> Int64Array:
    table = np.zeros((max(len(network.routes), 1), DOCK_COLUMNS), np.int64)
    table[:, D_HEAD] = NONE
    table[:, D_TAIL] = NONE
    table[:, D_FULL_ML] = NEVER
    table[:, D_FULL_G] = NEVER
    table[:, D_MAX_WAIT_MS] = NONE
    for row, route in enumerate(network.routes):
        if route.timetable_ms is None:
            table[row, D_FULL_ML] = int(-(-route.full_share * route.capacity_ml // 1))
            table[row, D_FULL_G] = int(-(-route.full_share * route.capacity_g // 1))
            table[row, D_MAX_WAIT_MS] = route.max_wait_ms
    return table


@compiled
def _open_stock(address: int, on_hand: Int64Array, age_ms: Int64Array) -> None:
    """Opening stock, one lot per lot-tracked stock point."""
    m = model_at(address)
    start = int64(0)
    for point in range(len(on_hand)):
        quantity = on_hand[point]
        if quantity == 0:
            continue
        change_stock(m, point, quantity, start)
        if m.parameter[point, P_FLAGS] & SP_LOTS:
            lot = new_lot(m, point, int64(NONE), -age_ms[point], m.parameter[point, P_COST_MILLI], quantity)
            put_layer(m, point, new_layer(m, lot, quantity, start), start)


@compiled
def first_reviews(address: int) -> None:
    """Every stock point that can order is reviewed in phase 3 of time 0; takes the address of the model."""
    m = model_at(address)
    for point in range(len(m.parameter)):
        if m.parameter[point, P_LANE] != NONE:
            want_review(m, point)


def open_books(model: FlowModel, network: Network) -> None:
    """Put the opening stock on the shelves, the opening orders on their way and the opening debts in the queues.

    The caller provides room in the pools (opening orders and debts each take a row).
    """
    own = (network.parameter[:, P_FLAGS] & SP_SUPPLIER) == 0
    _open_stock(model.address, np.where(own, network.initial_on_hand, 0), network.initial_age_ms)
    for point, quantity, arrival in network.initial_on_order.reshape(-1, 3).tolist():
        _open_order(model, network, point, quantity, arrival)
    for point, quantity in network.initial_owed.reshape(-1, 2).tolist():
        line = int(model.clock[C_NEXT_LINE])
        model.clock[C_NEXT_LINE] = line + 1
        join_queue(model, point, NONE, quantity, 0, line, REQUEST_WHOLE, 0)
        want_allocation(model, point)


def _open_order(model: FlowModel, network: Network, point: int, quantity: int, arrival: int) -> None:
    order = int(model.clock[C_NEXT_ORDER])
    model.clock[C_NEXT_ORDER] = order + 1
    source = int(network.parameter[point, P_SOURCE])
    cost = int(network.item_cost_milli[network.parameter[point, P_ITEM]])
    outside = source >= 0 and (int(network.parameter[source, P_FLAGS]) & SP_SUPPLIER) != 0
    cost = cost if outside else 0
    out = int(model.clock[C_ORDER_ROWS])
    model.clock[C_ORDER_ROWS] = out + 1
    model.order_out[out, :6] = (NONE, point, source, quantity, cost, 0)
    lane = int(network.parameter[point, P_LANE])
    row = pack(model, source, point, lane, quantity, order, NONE, cost, NONE)
    model.parcel[row, K_ARRIVAL_MS] = arrival
    model.state[point, S_ON_ORDER] += quantity
    send_parcel(model, row, NONE)
