"""What happens to a twin's stock from outside the model: real draws, goods found, goods missing.

Every booking goes through the rules of the flow and of the plants, so it is in the usage log, the reports and the
event log, and the books close. Only items in devices can be booked: elsewhere there is no usage log to say why stock
changed. The caller lets everything before `time` happen first, books, and then lets `time` happen (`advance_to`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.demand.drawer import DemandDrawer, DemandWindow
from sim.flow.advance import MARGIN
from sim.flow.agenda import want_allocation, want_review
from sim.flow.books import change_stock, log, settle
from sim.flow.lots import new_layer, put_layer
from sim.flow.model import (
    C_DAY,
    C_NEXT_LINE,
    C_STEPS_LEFT,
    C_WINDOW,
    C_WINDOW_END_MS,
    LOT_POINT,
    NONE,
    SERIES_LINES_AT_ONCE,
    Y_LOT,
)
from sim.flow.sweeps import begin_instant
from sim.flow.usage import pack_who, take_out, write_usage
from sim.network import Network
from sim.plant import model as q
from sim.plant.machines import stock_came
from sim.plant.model import PlantModel
from sim.plant.people import count_given, count_line, hand_out
from sim.plant.plants import Plants
from sim.plant.record import told
from sim.record.records import Recorder

if TYPE_CHECKING:
    from sim.engine import Twin

MOST_UNITS: Final = 1_000_000
"""Of one booking; more is taken for a broken reading."""


class OutsideError(ValueError):
    """That cannot be booked; the message says why."""


@dataclass(frozen=True)
class Place:
    """An item at a node, as a row of the stock points."""

    point: int
    node: str
    item: str


def places_of(network: Network, node: str) -> tuple[Place, ...]:
    """The stock points of a node, in order. OutsideError: there is no such node, or it holds nothing."""
    if node not in network.node_names:
        raise OutsideError(f"there is no node {node!r}; there are {', '.join(network.node_names)}")
    number = network.node_names.index(node)
    first, last = network.node_first_stock_point[number : number + 2].tolist()
    places = tuple(
        Place(point, node, network.item_names[network.parameter[point, c.P_ITEM]]) for point in range(first, last)
    )
    if not places:
        raise OutsideError(f"{node} holds no item")
    return places


class OutsideBooks:
    """Books what came from outside into one twin."""

    def __init__(self, twin: "Twin") -> None:
        self.twin = twin

    def places(self, node: str) -> tuple[Place, ...]:
        """See `places_of`."""
        return places_of(self.twin.network, node)

    def on_hand(self, point: int) -> int:
        """Units that are there."""
        return int(self.twin.flow.model.state[point, c.S_ON_HAND])

    def in_device(self, point: int) -> bool:
        """Whether it is held by a device, and so can be booked from outside."""
        return bool(self.twin.network.parameter[point, c.P_FLAGS] & c.SP_DEVICE)

    # --- bookings ---------------------------------------------------------------------------------------------------

    def draw(self, point: int, units: int, time: int) -> None:
        """Somebody has drawn units: a line of demand that was met at once. OutsideError: so many are not there."""
        plants = self._begin(point, units, time, c.PHASE_DEMAND)
        if units > self.on_hand(point):
            raise OutsideError(f"{units} units cannot be drawn where {self.on_hand(point)} are")
        m, p = self.twin.flow.model, plants.model
        line = int(m.clock[C_NEXT_LINE])
        m.clock[C_NEXT_LINE] = line + 1
        log(m, time, c.PHASE_DEMAND, point, c.E_DEMAND, units, line)
        settle(m, point, time)
        p.count[point, c.N_PERSON_LINES] += 1
        count_line(m, point, units)
        hand_out(m, p, point, units, c.E_ISSUE, c.U_PERSON, pack_who(NONE, NONE, NONE), line, time)
        count_given(m, point, units)
        m.total[point, c.T_LINES_AT_ONCE] += 1
        m.series[m.clock[C_DAY], m.parameter[point, c.P_GROUP], SERIES_LINES_AT_ONCE] += 1
        self._tell(p, point, -units, time)
        want_review(m, point)

    def find(self, point: int, units: int, time: int) -> None:
        """More is there than was known: it is booked as put back. OutsideError: its lot cannot be known."""
        plants = self._begin(point, units, time, c.PHASE_RETURN)
        m, p = self.twin.flow.model, plants.model
        lot = self._lot(point, p)
        settle(m, point, time)
        change_stock(m, point, units, time)
        if lot != NONE:
            put_layer(m, point, new_layer(m, lot, units, time), time)
        write_usage(m, time, point, lot, units, c.U_PUT_BACK, pack_who(NONE, NONE, NONE), NONE)
        log(m, time, c.PHASE_RETURN, point, c.E_PUT_BACK, units, 0)
        self._tell(p, point, units, time)
        if m.state[point, c.S_QUEUE_HEAD] != NONE:
            want_allocation(m, point)
        if m.state[point, c.S_FLAGS] & c.WATCHED:
            stock_came(m, p, point, time + 1)
        want_review(m, point)

    def miss(self, point: int, units: int, time: int) -> None:
        """Less is there than was known, and nobody says who has it: it is booked as taken by mistake, no line of
        demand. OutsideError: so many were not there."""
        plants = self._begin(point, units, time, c.PHASE_RETURN)
        if units > self.on_hand(point):
            raise OutsideError(f"{units} units cannot be missing where {self.on_hand(point)} are")
        m, p = self.twin.flow.model, plants.model
        settle(m, point, time)
        log(m, time, c.PHASE_RETURN, point, c.E_WRONG, units, 0)
        p.point[point, q.Q_LAST_LOT] = take_out(m, point, units, time, c.U_WRONG, pack_who(NONE, NONE, NONE), NONE)
        self._tell(p, point, -units, time)
        want_review(m, point)

    # --- pieces -----------------------------------------------------------------------------------------------------

    def _begin(self, point: int, units: int, time: int, phase: int) -> Plants:
        plants = self.twin.plants
        if plants is None or not self.in_device(point):
            raise OutsideError("only what a device holds can be booked from outside")
        if not 1 <= units <= MOST_UNITS:
            raise OutsideError(f"{units} units cannot be booked; expected 1 to {MOST_UNITS:,}")
        if time < self.twin.now:
            raise OutsideError(f"{time} ms is over: the twin is at {self.twin.now} ms")
        self.twin.flow.make_room(MARGIN)
        self.twin.flow.model.clock[C_STEPS_LEFT] = 0
        begin_instant(self.twin.flow.model.address, time)
        plants.model.timer[q.T_PHASE] = phase
        return plants

    def _tell(self, p: PlantModel, point: int, change: int, time: int) -> None:
        """Who books it tells it at once: the record goes along, past sensors and gateways of the model."""
        told(self.twin.flow.model, p, point, -change, time, time, NONE)

    def _lot(self, point: int, p: PlantModel) -> int:
        """The lot of units found: of those that lie there, or of the last that left; NONE where none is tracked."""
        m = self.twin.flow.model
        if m.parameter[point, c.P_FLAGS] & c.SP_LOTS == 0:
            return NONE
        if m.state[point, c.S_LAYER_TAIL] != NONE:
            return int(m.layer[m.state[point, c.S_LAYER_TAIL], Y_LOT])
        lot = int(p.point[point, q.Q_LAST_LOT])
        if lot == NONE or m.lot[lot, LOT_POINT] == NONE:
            raise OutsideError("units of an item with lots were found where none has ever been")
        return lot


def prepare_bookings(network: Network) -> None:
    """Compile or load what bookings need, on a twin of its own: in a run by the clock it would come too late."""
    from sim.engine import Twin

    twin = Twin(network, 0, 0, Recorder(network, 0, 0))
    twin.open()
    books = OutsideBooks(twin)
    lots = (network.parameter[:, c.P_FLAGS] & c.SP_LOTS) != 0
    for tracked in (False, True):
        points = np.flatnonzero((twin.flow.model.state[:, c.S_ON_HAND] > 1) & (lots == tracked)).tolist()
        for point in [point for point in points if books.in_device(point)][:1]:
            books.draw(point, 1, 0)
            books.miss(point, 1, 0)
            books.find(point, 1, 0)
    twin.advance_to(0)


# --- simulated demand at nodes that are real --------------------------------------------------------------------------


class GatedDemand(DemandDrawer):
    """Draws demand as before, and leaves out the lines of stock points whose customers are real at present.

    Nothing of what is drawn for others changes, and what is left out comes back as soon as a gate is opened again.
    """

    def __init__(self, twin: "Twin") -> None:
        """Takes the place of the twin's drawer."""
        before = twin.flow.drawer
        super().__init__(before.plan, twin.seed, twin.replication, before.state)
        self._twin = twin
        self._gated: frozenset[int] = frozenset()
        self._whole = self._present_window()
        twin.flow.drawer = self

    @property
    def gated(self) -> frozenset[int]:
        """Stock points without simulated demand."""
        return self._gated

    def gate(self, points: frozenset[int], time: int) -> None:
        """After `time`, up to which everything has happened, these stock points and no others are without simulated
        demand."""
        self._gated = points
        self._whole = _some(self._whole, self._whole.time_ms > time)
        self._twin.flow.set_window(self._open(self._whole))

    def draw(self, to_ms: int) -> DemandWindow:
        self._whole = super().draw(to_ms)
        return self._open(self._whole)

    def _open(self, window: DemandWindow) -> DemandWindow:
        if not self._gated:
            return window
        return _some(window, ~np.isin(window.stock_point, np.array(sorted(self._gated), np.int64)))

    def _present_window(self) -> DemandWindow:
        m = self._twin.flow.model
        at = int(m.clock[C_WINDOW])
        return DemandWindow(
            from_ms=0,
            to_ms=int(m.clock[C_WINDOW_END_MS]),
            time_ms=m.line_ms[at:].copy(),
            stock_point=m.line_point[at:].copy(),
            quantity=m.line_quantity[at:].copy(),
            flags=m.line_flags[at:].copy(),
            job=m.line_job[at:].copy(),
            job_lines=m.job_lines[:, 0].astype(np.int32),
        )


def _some(window: DemandWindow, chosen: npt.NDArray[np.bool_]) -> DemandWindow:
    """Lines of a window; a job has as many lines as are left of it."""
    job = window.job[chosen]
    return DemandWindow(
        from_ms=window.from_ms,
        to_ms=window.to_ms,
        time_ms=window.time_ms[chosen],
        stock_point=window.stock_point[chosen],
        quantity=window.quantity[chosen],
        flags=window.flags[chosen],
        job=job,
        job_lines=np.bincount(job[job >= 0], minlength=len(window.job_lines)).astype(np.int32),
    )
