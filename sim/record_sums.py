"""Orders and shipments summed per stock point, chunk by chunk, while they are recorded.

Conservation and the cost KPIs are worked out from these sums of the recorded rows, not from the engine's own totals.
Sums of the whole replication serve conservation, those of the measured window [warm_up, horizon) the KPIs.
"""

from typing import Any, Final

from sim.jit import compiled
from sim.network import Int64Array

# everything since the start of recording, at the row of the stock point that ordered or receives
SUM_ORDERS: Final = 0
SUM_UNITS_ORDERED: Final = 1
SUM_UNITS_RECEIVED: Final = 2  # also of orders from before the start
SUM_UNITS_UNDER_WAY: Final = 3  # shipped to here and not received at the end
# everything since the start of recording, at the row of the source
SUM_UNITS_DISPATCHED: Final = 4
SUM_UNITS_ORDERED_HERE: Final = 5  # by downstream stock points
# measured window, at the row of the stock point that ordered or receives
SUM_MEASURED_ORDERS: Final = 6
SUM_MEASURED_URGENT: Final = 7
SUM_MEASURED_LINES_SENT: Final = 8  # shipments on their way to here that left in the window
SUM_MEASURED_UNITS_SENT: Final = 9
SUM_MEASURED_LINES_RECEIVED: Final = 10
SUM_MEASURED_TRANSIT_MS: Final = 11  # from leaving the source to receipt, of the lines received in the window
SUM_MEASURED_PURCHASE_MILLI: Final = 12  # purchase cost of the units received, thousandths of a minor unit
SUM_COLUMNS: Final = 13


@compiled
def sum_orders(columns: tuple[Any, ...], start_ms: int, warm_up_ms: int, sums: Int64Array) -> None:
    """Add a chunk of the orders table (`columns`, in the order of its layout) to `sums` (P, SUM_COLUMNS)."""
    time_ms, stock_point, source, quantity, _, urgent = columns
    for row in range(len(time_ms)):
        if time_ms[row] < start_ms:
            continue
        point = stock_point[row]
        sums[point, SUM_ORDERS] += 1
        sums[point, SUM_UNITS_ORDERED] += quantity[row]
        if source[row] >= 0:
            sums[source[row], SUM_UNITS_ORDERED_HERE] += quantity[row]
        if time_ms[row] >= warm_up_ms:
            sums[point, SUM_MEASURED_ORDERS] += 1
            sums[point, SUM_MEASURED_URGENT] += urgent[row]


@compiled
def sum_shipments(columns: tuple[Any, ...], start_ms: int, warm_up_ms: int, sums: Int64Array) -> None:
    """Add a chunk of the shipments table (`columns`, in the order of its layout) to `sums` (P, SUM_COLUMNS)."""
    order, stock_point, source, quantity, dispatched_ms, received_ms, _, unit_cost_milli = columns
    for row in range(len(order)):
        point = stock_point[row]
        units = quantity[row]
        if dispatched_ms[row] >= start_ms and source[row] >= 0:
            sums[source[row], SUM_UNITS_DISPATCHED] += units
        if dispatched_ms[row] >= warm_up_ms:
            sums[point, SUM_MEASURED_LINES_SENT] += 1
            sums[point, SUM_MEASURED_UNITS_SENT] += units
        if received_ms[row] < 0:
            sums[point, SUM_UNITS_UNDER_WAY] += units
            continue
        sums[point, SUM_UNITS_RECEIVED] += units
        if received_ms[row] >= warm_up_ms:
            sums[point, SUM_MEASURED_LINES_RECEIVED] += 1
            sums[point, SUM_MEASURED_TRANSIT_MS] += received_ms[row] - max(dispatched_ms[row], 0)
            sums[point, SUM_MEASURED_PURCHASE_MILLI] += units * unit_cost_milli[row]
