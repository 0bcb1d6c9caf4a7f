"""Goods come in (phase 0): stock rises, and customers who wait are served."""

from sim import columns as c
from sim.flow import model as f
from sim.flow.agenda import want_review
from sim.flow.allocation import serve_queue
from sim.flow.books import change_stock, log, settle
from sim.flow.lots import new_layer, new_lot, put_layer
from sim.flow.model import NONE, FlowModel
from sim.flow.parcels import free_parcel
from sim.flow.usage import note_for_plants
from sim.jit import compiled, int64


@compiled
def _receive_lots(m: FlowModel, row: int, time: int) -> None:
    """Put a parcel's lots on the shelf; goods from outside become a new lot."""
    parcel = m.parcel[row]
    point, source = parcel[f.K_POINT], parcel[f.K_SOURCE]
    layer = parcel[f.K_LAYER]
    if layer == NONE:
        lot = new_lot(m, point, parcel[f.K_ORDER], time, parcel[f.K_UNIT_COST_MILLI], parcel[f.K_QUANTITY])
        put_layer(m, point, new_layer(m, lot, parcel[f.K_QUANTITY], time), time)
        return
    while layer != NONE:
        following = m.layer[layer, f.Y_NEXT]
        write_transfer(m, source, point, m.layer[layer, f.Y_LOT], m.layer[layer, f.Y_QUANTITY], time)
        put_layer(m, point, layer, time)
        layer = following


@compiled
def write_transfer(m: FlowModel, source: int, point: int, lot: int, quantity: int, time: int) -> None:
    """Append to the transfers table: units of a lot that came from another node."""
    out = m.clock[f.C_TRANSFER_ROWS]
    m.clock[f.C_TRANSFER_ROWS] = out + 1
    m.transfer_out[out, 0] = source
    m.transfer_out[out, 1] = point
    m.transfer_out[out, 2] = lot
    m.transfer_out[out, 3] = quantity
    m.transfer_out[out, 4] = time


@compiled
def write_shipment(m: FlowModel, row: int, received: int) -> None:
    """Append a parcel to the shipments table; `received` is NONE for goods still under way at the end."""
    out = m.clock[f.C_SHIPMENT_ROWS]
    m.clock[f.C_SHIPMENT_ROWS] = out + 1
    parcel = m.parcel[row]
    m.shipment_out[out, 0] = parcel[f.K_ORDER]
    m.shipment_out[out, 1] = parcel[f.K_POINT]
    m.shipment_out[out, 2] = parcel[f.K_SOURCE]
    m.shipment_out[out, 3] = parcel[f.K_QUANTITY]
    m.shipment_out[out, 4] = parcel[f.K_DISPATCHED_MS]
    m.shipment_out[out, 5] = received
    by_parcel_only = m.parameter[parcel[f.K_POINT], c.P_FLAGS] & (c.SP_TRUCK | c.SP_ASKS) == 0
    m.shipment_out[out, 6] = NONE if by_parcel_only else parcel[f.K_TRIP]
    m.shipment_out[out, 7] = parcel[f.K_UNIT_COST_MILLI]


@compiled
def receive(m: FlowModel, row: int, time: int) -> None:
    """A parcel, or a line from a truck, comes in (phase 0): stock rises, then customers who wait are served."""
    point, quantity = m.parcel[row, f.K_POINT], m.parcel[row, f.K_QUANTITY]
    flags = m.parameter[point, c.P_FLAGS]
    log(m, time, c.PHASE_RECEIPT, point, c.E_RECEIPT, quantity, m.parcel[row, f.K_ORDER])
    settle(m, point, time)
    state = m.state[point]
    state[c.S_ON_ORDER] -= quantity
    if flags & c.SP_ASKS and m.parcel[row, f.K_TRIP] <= f.TRIP_FROM_POOL:
        state[c.S_COMING] -= quantity
    change_stock(m, point, quantity, time)
    if flags & c.SP_LOTS:
        _receive_lots(m, row, time)
    write_shipment(m, row, time)
    free_parcel(m, row)
    if m.parameter[point, c.P_POLICY] == c.POLICY_KANBAN:
        want_review(m, point)
    if state[c.S_FLAGS] & c.WATCHED:
        note_for_plants(m, int64(NONE), point, int64(c.PHASE_RECEIPT))
    if state[c.S_QUEUE_HEAD] != NONE:
        serve_queue(m, point, int64(c.PHASE_RECEIPT), time)
