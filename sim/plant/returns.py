"""What comes back to the shelf (phase 1): units that were not needed, and loans."""

from sim import columns as c
from sim import plant_plan as plan
from sim.flow import model as f
from sim.flow.agenda import want_allocation, want_review
from sim.flow.books import change_stock, log, settle
from sim.flow.lots import new_layer, put_layer, settle_age
from sim.flow.model import NONE, FlowModel
from sim.flow.usage import write_usage
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.chance import draw_word
from sim.plant.machines import stock_came
from sim.plant.model import PlantModel
from sim.plant.record import tell


@compiled
def come_back(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    """A unit comes back, or it turns out that it will not."""
    back = p.back[row]
    point, draw = back[q.B_POINT], back[q.B_DRAW]
    if back[q.B_LOAN] == 1:
        fate = draw_word(m, p, point, draw, int64(q.W_RETURN))
        p.point[point, q.Q_ON_LOAN] -= 1
        share = p.share[point]
        if fate < share[q.F_LOAN_LOST] + share[q.F_LOAN_WORN]:
            kind = int64(c.U_LOAN_LOST) if fate < share[q.F_LOAN_LOST] else int64(c.U_LOAN_WORN)
            p.count[point, c.N_LOANS_LOST] += 1
            log(m, time, c.PHASE_RETURN, point, c.E_LOAN_LOST, int64(1), back[q.B_LINE])
            write_usage(m, time, point, back[q.B_LOT], int64(1), kind, back[q.B_WHO], back[q.B_LINE])
        else:
            p.count[point, c.N_LOANS_BACK] += 1
            _put(m, p, row, int64(c.E_LOAN_BACK), int64(c.U_LOAN_BACK), time)
    else:
        p.count[point, c.N_PUT_BACK] += 1
        _put(m, p, row, int64(c.E_PUT_BACK), int64(c.U_PUT_BACK), time)
    back[q.B_NEXT] = p.timer[q.T_BACK_FREE]
    p.timer[q.T_BACK_FREE] = row
    p.timer[q.T_BACKS_LEFT] += 1


@compiled
def _put(m: FlowModel, p: PlantModel, row: int, event: int, kind: int, time: int) -> None:
    """The unit is on the shelf again, and the device tells it."""
    back = p.back[row]
    point, lot = back[q.B_POINT], back[q.B_LOT]
    settle(m, point, time)
    change_stock(m, point, int64(1), time)
    if lot != NONE:
        _add_to_layers(m, point, lot, time)
    write_usage(m, time, point, lot, int64(1), kind, back[q.B_WHO], back[q.B_LINE])
    log(m, time, c.PHASE_RETURN, point, event, int64(1), back[q.B_LINE])
    if back[q.B_LOAN] == 0:
        _may_be_misplaced(m, p, point, back[q.B_DRAW])
    tell(m, p, point, int64(1), draw_word(m, p, point, back[q.B_DRAW], int64(q.W_RETURN_SCAN)), time)
    if m.state[point, c.S_QUEUE_HEAD] != NONE:
        want_allocation(m, point)
    if m.state[point, c.S_FLAGS] & c.WATCHED:
        stock_came(m, p, point, time + 1)
    want_review(m, point)


@compiled
def _add_to_layers(m: FlowModel, point: int, lot: int, time: int) -> None:
    """One more unit of a lot: in the layer that is there, or in one of its own."""
    row = m.state[point, c.S_LAYER_HEAD]
    while row != NONE:
        if m.layer[row, f.Y_LOT] == lot:
            settle_age(m, point, row, m.layer[row, f.Y_QUANTITY], time)
            m.layer[row, f.Y_ENTERED_MS] = time
            m.layer[row, f.Y_QUANTITY] += 1
            return
        row = m.layer[row, f.Y_NEXT]
    put_layer(m, point, new_layer(m, lot, int64(1), time), time)


@compiled
def _may_be_misplaced(m: FlowModel, p: PlantModel, point: int, draw: int) -> None:
    """What is put back may land on another item's scale: the next one of the node, in item order, round."""
    share = p.share[point, q.F_MISPLACED]
    if share == 0.0 or p.point[point, q.Q_SENSOR] != plan.SENSOR_WEIGH:
        return
    if draw_word(m, p, point, draw, int64(q.W_MISPLACED)) >= share:
        return
    node = m.parameter[point, c.P_NODE]
    first, last = p.node_first[node], p.node_first[node + 1]
    for step in range(1, last - first):
        other = first + (point - first + step) % (last - first)
        if p.point[other, q.Q_SENSOR] == plan.SENSOR_WEIGH:
            p.point[point, q.Q_OFF_PLATE] += 1
            p.point[other, q.Q_FOREIGN_MG] += p.point[point, q.Q_UNIT_MG]
            return
