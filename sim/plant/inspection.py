"""Inspection of deliveries (phase 0): quarantine, then fit for use, or not."""

from sim import columns as c
from sim.flow import model as f
from sim.flow.agenda import want_review
from sim.flow.books import log, settle
from sim.flow.lots import free_layer, new_lot
from sim.flow.model import NONE, FlowModel
from sim.flow.parcels import free_parcel, send_parcel
from sim.flow.receipt import receive, write_shipment, write_transfer
from sim.flow.usage import pack_who, write_usage
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.chance import duration, word
from sim.plant.model import PlantModel


@compiled
def inspect(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    """A delivery goes to quarantine, or comes out of it: fit for use, or not."""
    parcel = m.parcel[row]
    point = parcel[f.K_POINT]
    settings = p.point[point]
    p.timer[q.T_PHASE] = c.PHASE_RECEIPT
    if parcel[f.K_INSPECTED] == 0:
        key, index = p.stream[point, q.STREAM_INSPECT], 2 * settings[q.Q_INSPECTED]
        settings[q.Q_INSPECTED] += 1
        rejected = word(m, key, index + 1) < p.share[point, q.F_REJECTED]
        parcel[f.K_INSPECTED] = 2 if rejected else 1
        log(m, time, c.PHASE_RECEIPT, point, c.E_INSPECT, parcel[f.K_QUANTITY], parcel[f.K_ORDER])
        lasting = duration(p.duration[point, q.X_INSPECTION], word(m, key, index))
        parcel[f.K_ARRIVAL_MS] = time + max(lasting, 1)
        parcel[f.K_SEQUENCE] = m.clock[f.C_NEXT_DISPATCH]
        m.clock[f.C_NEXT_DISPATCH] += 1
        send_parcel(m, row, int64(NONE))
    elif parcel[f.K_INSPECTED] == 1:
        receive(m, row, time)
    else:
        _reject(m, p, row, time)


@compiled
def _reject(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    """A delivery is received and at once taken off, so that it never is on the shelf."""
    parcel = m.parcel[row]
    point, quantity, order = parcel[f.K_POINT], parcel[f.K_QUANTITY], parcel[f.K_ORDER]
    log(m, time, c.PHASE_RECEIPT, point, c.E_RECEIPT, quantity, order)
    log(m, time, c.PHASE_RECEIPT, point, c.E_SCRAP, quantity, order)
    settle(m, point, time)
    state, flags = m.state[point], m.parameter[point, c.P_FLAGS]
    state[c.S_ON_ORDER] -= quantity
    if flags & c.SP_ASKS and parcel[f.K_TRIP] <= f.TRIP_FROM_POOL:
        state[c.S_COMING] -= quantity
    p.count[point, c.N_REJECTED] += quantity
    nobody, kind = pack_who(int64(NONE), int64(NONE), int64(NONE)), int64(c.U_REJECTED)
    if flags & c.SP_LOTS == 0:
        write_usage(m, time, point, int64(NONE), quantity, kind, nobody, order)
    elif parcel[f.K_LAYER] == NONE:
        lot = new_lot(m, point, order, time, parcel[f.K_UNIT_COST_MILLI], quantity)
        write_usage(m, time, point, lot, quantity, kind, nobody, order)
    else:
        layer = parcel[f.K_LAYER]
        while layer != NONE:
            following = m.layer[layer, f.Y_NEXT]
            lot, units = m.layer[layer, f.Y_LOT], m.layer[layer, f.Y_QUANTITY]
            write_transfer(m, parcel[f.K_SOURCE], point, lot, units, time)
            write_usage(m, time, point, lot, units, kind, nobody, order)
            free_layer(m, layer)
            layer = following
    write_shipment(m, row, time)
    free_parcel(m, row)
    want_review(m, point)
