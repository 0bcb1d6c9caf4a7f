"""Orders and shipments summed per stock point, chunk by chunk, while they are recorded.

Conservation and the cost KPIs are worked out from these sums of the recorded rows, not from the engine's own totals.
Sums of the whole replication serve conservation, those of the measured window [warm_up, horizon) the KPIs.
"""

from typing import Any, Final

import numpy as np

from sim.columns import ORDER_EMERGENCY, ORDER_EXPRESS
from sim.jit import compiled, int64
from sim.jit_tables import prefetch
from sim.network import Float64Array, Int64Array, Network

# A row is two cache lines: the first for shipments, the second for orders and what is rare. "Measured" means within
# [warm_up, horizon), anything else since the start of recording. At the row of the stock point that ordered or
# receives, unless it says at the source.
SUM_UNITS_RECEIVED: Final = 0  # also of orders from before the start
SUM_UNITS_DISPATCHED: Final = 1  # at the source
SUM_MEASURED_LINES_SENT: Final = 2  # shipments of lanes on their way to here that left in the window
SUM_MEASURED_UNITS_SENT: Final = 3
SUM_MEASURED_LINES_RECEIVED: Final = 4  # of lanes, and so the next; a pool's gifts are summed in pool_sums
SUM_MEASURED_TRANSIT_MS: Final = 5  # from leaving the source to receipt, of the lines received in the window
SUM_MEASURED_IN_TRANSIT_UNIT_MS: Final = 6  # time under way to here, summed over units, within the window
SUM_MEASURED_PURCHASE_MILLI: Final = 7  # purchase cost of the units received by lanes, thousandths of a minor unit
SUM_UNITS_ORDERED: Final = 8
SUM_UNITS_ORDERED_HERE: Final = 9  # at the source
SUM_MEASURED_ORDERS: Final = 10  # by lanes: not what the pool gave
SUM_MEASURED_URGENT: Final = 11
SUM_MEASURED_UNITS_SENT_ON: Final = 12  # at the source; moves between members of a pool left out
SUM_UNITS_UNDER_WAY: Final = 13  # shipped to here and not received at the end
SUM_UNITS_SENT_UNDER_WAY: Final = 14  # at the source: sent since time 0 and not received at the end
SUM_LOT_UNITS: Final = 15  # lots that came in, from outside or by transfer, less those that another node has received
SUM_COLUMNS: Final = 16
LOOK_AHEAD: Final = 8  # rows between asking for a stock point's sums and using them

# truck trips that departed in the measured window, per route
TRIPS_DEPARTED: Final = 0
TRIP_LOADS: Final = 1  # the fuller of volume and weight at departure, as a share of the vehicle, added up
TRIP_KM: Final = 2
TRIP_SUM_COLUMNS: Final = 3


@compiled
def sum_orders(columns: tuple[Any, ...], start_ms: int, warm_up_ms: int, sums: Int64Array) -> None:
    """Add a chunk of the orders table (`columns`, in the order of its layout) to `sums` (P, SUM_COLUMNS)."""
    time_ms, stock_point, source, quantity, _, kind = columns
    for row in range(len(time_ms)):
        prefetch(sums, int64(stock_point[min(row + LOOK_AHEAD, len(time_ms) - 1)]))
        if time_ms[row] < start_ms:
            continue
        point = stock_point[row]
        sums[point, SUM_UNITS_ORDERED] += quantity[row]
        if source[row] >= 0:
            sums[source[row], SUM_UNITS_ORDERED_HERE] += quantity[row]
        if time_ms[row] >= warm_up_ms and kind[row] <= ORDER_EXPRESS:
            sums[point, SUM_MEASURED_ORDERS] += 1
            if kind[row] == ORDER_EXPRESS:
                sums[point, SUM_MEASURED_URGENT] += 1


@compiled
def sum_shipments(columns: tuple[Any, ...], start_ms: int, warm_up_ms: int, horizon_ms: int, sums: Int64Array) -> None:
    """Add a chunk of the shipments table (`columns`, in the order of its layout) to `sums` (P, SUM_COLUMNS)."""
    order, stock_point, source, quantity, dispatched_ms, received_ms, trip, unit_cost_milli = columns
    for row in range(len(order)):
        prefetch(sums, int64(stock_point[min(row + LOOK_AHEAD, len(order) - 1)]))
        point = stock_point[row]
        units = quantity[row]
        if dispatched_ms[row] >= start_ms and source[row] >= 0:
            sums[source[row], SUM_UNITS_DISPATCHED] += units
        if dispatched_ms[row] >= warm_up_ms:
            if trip[row] >= -1:  # what the pool gives, and emergencies, pay no lane's rates
                sums[point, SUM_MEASURED_LINES_SENT] += 1
                sums[point, SUM_MEASURED_UNITS_SENT] += units
            if source[row] >= 0 and (trip[row] >= -1 or trip[row] == -ORDER_EMERGENCY):
                sums[source[row], SUM_MEASURED_UNITS_SENT_ON] += units
        until = received_ms[row] if received_ms[row] >= 0 else horizon_ms
        under_way_ms = until - max(dispatched_ms[row], warm_up_ms)
        if under_way_ms > 0:
            sums[point, SUM_MEASURED_IN_TRANSIT_UNIT_MS] += under_way_ms * units
        if received_ms[row] < 0:
            sums[point, SUM_UNITS_UNDER_WAY] += units
            if dispatched_ms[row] >= 0 and source[row] >= 0:
                sums[source[row], SUM_UNITS_SENT_UNDER_WAY] += units
            continue
        sums[point, SUM_UNITS_RECEIVED] += units
        if received_ms[row] >= warm_up_ms and trip[row] >= -1:
            sums[point, SUM_MEASURED_LINES_RECEIVED] += 1
            sums[point, SUM_MEASURED_TRANSIT_MS] += received_ms[row] - max(dispatched_ms[row], 0)
            sums[point, SUM_MEASURED_PURCHASE_MILLI] += units * unit_cost_milli[row]


@compiled
def sum_transfers(columns: tuple[Any, ...], sums: Int64Array) -> None:
    """Add a chunk of the transfers table to `sums` (P, SUM_COLUMNS)."""
    from_point, to_point, _, quantity, _ = columns
    for row in range(len(quantity)):
        sums[to_point[row], SUM_LOT_UNITS] += quantity[row]
        sums[from_point[row], SUM_LOT_UNITS] -= quantity[row]


@compiled
def sum_lots(columns: tuple[Any, ...], start_ms: int, sums: Int64Array) -> None:
    """Add a chunk of the lots table to `sums` (P, SUM_COLUMNS): the lots that came in since the start."""
    _, stock_point, supplier_order, received_ms, _, _, quantity = columns
    for row in range(len(quantity)):
        if supplier_order[row] >= 0 and received_ms[row] >= start_ms:
            sums[stock_point[row], SUM_LOT_UNITS] += quantity[row]


def sum_trips(columns: tuple[Any, ...], network: Network, sums: Float64Array) -> None:
    """Add a chunk of the trips table to `sums` (routes, TRIP_SUM_COLUMNS)."""
    _, route, _, departed_ms, _, _, volume_ml, weight_g, distance_m, _ = columns
    measured = departed_ms >= network.warm_up_ms
    capacity = np.array([(max(one.capacity_ml, 1), max(one.capacity_g, 1)) for one in network.routes])
    load = np.maximum(volume_ml / capacity[route, 0], weight_g / capacity[route, 1])
    for column, values in ((TRIPS_DEPARTED, 1.0), (TRIP_LOADS, load), (TRIP_KM, distance_m / 1000.0)):
        np.add.at(sums[:, column], route[measured], (values * measured)[measured])
