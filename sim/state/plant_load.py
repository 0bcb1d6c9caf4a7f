"""Plants and devices from the checked tables of a state; what the state does not know of is new at its instant."""

from typing import TYPE_CHECKING

import numpy as np

from sim import columns as c
from sim.flow.model import NEVER, NONE
from sim.network import Int64Array
from sim.plant import model as q
from sim.state import plant_layout as layout
from sim.state import plant_place as place
from sim.state.detection import load_detection
from sim.state.names import MachineNames, plan_of
from sim.state.plant_save import (
    CHANGE_COLUMNS,
    DEVICE_COLUMNS,
    MACHINE_COLUMNS,
    MESSAGE_COLUMNS,
    READING_COLUMNS,
    USE_COLUMNS,
    USE_FLAGS,
)
from sim.state.points import StatePoints
from sim.state.read import Rows, StateTables

if TYPE_CHECKING:
    from sim.engine import Twin
    from sim.plant.plants import Plants


def packed_who(names: MachineNames, rows: Rows) -> Int64Array:
    """Who has drawn something, of the columns `WHO_COLUMNS`, as the engine packs it."""
    machine = names.machine_rows(rows["plant"], rows["line"], rows["machine"])
    person = np.where(rows.given("person"), rows["person"], NONE)
    work_order = np.where(rows.given("work_order"), rows["work_order"], NONE)
    who = np.empty(len(rows), np.int64)
    place.packed(person, machine, work_order, who)
    return who


def load_plants(twin: "Twin", tables: StateTables, points: StatePoints) -> None:
    """Go on with plants and devices where the state stood; stock and queues are loaded already."""
    if twin.plants is not None:
        _Loader(twin, twin.plants, tables, points).load()


class _Loader:
    def __init__(self, twin: "Twin", plants: "Plants", tables: StateTables, points: StatePoints) -> None:
        self.twin = twin
        self.plants = plants
        self.tables = tables
        self.points = points
        self.time_ms = tables.meta.time_ms
        self.names = MachineNames(twin.network)

    @property
    def flow(self) -> int:
        return self.twin.flow.model.address

    @property
    def address(self) -> int:
        return self.plants.model.address

    def load(self) -> None:
        planned = sum(len(self.tables[table]) for table in layout.PLANT_TABLES)
        own = len(self.plants.model.line) + len(self.plants.model.use) + len(self.plants.plan.devices)
        self.plants.make_room(planned + own)
        self.plants.model.timer[q.T_NEXT_MESSAGE] = self.tables.meta.next_message
        self._devices()
        self._messages()
        self._returns()
        self._limits()
        new_uses = self._uses()
        new_machines = self._machines()
        self._lines()
        place.begin_machines(self.flow, self.address, new_machines, new_uses, self.time_ms)
        known = np.setdiff1d(np.arange(len(self.plants.model.use)), new_uses)
        place.go_on_using(self.address, known, self.time_ms)
        place.start_lines(self.flow, self.address, self.time_ms)
        load_detection(self.plants, self.tables, self.points)
        self.plants.go_on(self.time_ms)

    # --- devices ------------------------------------------------------------------------------------------------------
    def _devices(self) -> None:
        rows, model = self.tables[layout.DEVICES], self.plants.model
        point = self.points.of(rows)
        new = np.setdiff1d(np.flatnonzero(model.point[:, q.Q_DEVICE] != NONE), point)
        place.begin_points(self.flow, self.address, new, self.time_ms)
        state = model.point
        for name, column in DEVICE_COLUMNS.items():
            state[point, column] = rows[name]
        on_hand = self.twin.flow.model.state[point, c.S_ON_HAND]
        state[point, q.Q_SHOWN] = np.where(rows.given("shown"), rows["shown"], on_hand)
        state[point, q.Q_JAMMED_UNTIL] = np.where(rows.given("jammed_until_ms"), rows["jammed_until_ms"], 0)
        counted = rows.given("counted_ms")
        state[point[counted], q.Q_COUNT_MS] = rows["counted_ms"][counted]
        leaks = rows.given("leak_from_ms") & rows.given("leak_to_ms")
        state[point[leaks], q.Q_LEAK_FROM] = rows["leak_from_ms"][leaks]
        state[point[leaks], q.Q_LEAK_TO] = rows["leak_to_ms"][leaks]
        place.go_on_leaking(self.flow, self.address, point, leaks.astype(np.int64), self.time_ms)
        rows = self.tables[layout.DIFFERENCES]
        place.put_differences(
            self.flow, self.address, self.points.of(rows), rows["cause"], rows["quantity"], self.time_ms
        )

    def _messages(self) -> None:
        rows, model = self.tables[layout.GATEWAYS], self.plants.model
        sent = rows.given("last_arrival_ms")
        model.gateway[rows["gateway"][sent], q.E_LAST_ARRIVAL_MS] = rows["last_arrival_ms"][sent]
        rows = self.tables[layout.MESSAGES]
        table = np.zeros((len(rows), q.MESSAGE_COLUMNS), np.int64)
        for name, column in (MESSAGE_COLUMNS | CHANGE_COLUMNS | READING_COLUMNS).items():
            table[:, column] = rows[name]
        table[:, q.M_READING] = np.where(rows.given("reading"), rows["reading"], NONE)
        table[:, q.M_CAUSE] = np.maximum(rows["cause"], 0)
        columns = np.ascontiguousarray(table[:, q.M_TAKEN_MS :])
        place.put_messages(self.address, rows["gateway"], self.points.of(rows), columns)

    def _returns(self) -> None:
        rows = self.tables[layout.RETURNS]
        lot = np.where(rows.given("lot"), rows["lot"], NONE)
        place.put_returns(
            self.flow, self.address, self.points.of(rows), rows["returns_ms"], rows["loan"], lot,
            packed_who(self.names, rows), rows["reference"], rows["draw"],
        )  # fmt: skip

    def _limits(self) -> None:
        rows, model = self.tables[layout.LIMITS], self.plants.model
        for point, person, quantity in zip(
            self.points.of(rows).tolist(), rows["person"].tolist(), rows["quantity"].tolist(), strict=True
        ):
            settings = model.point[point]
            if settings[q.Q_LIMIT] > 0:  # there may be no limit in a what-if
                plant = settings[q.Q_PLANT]
                starts = plan_of(self.twin.network).plants[plant].shift_starts_ms
                shift = np.searchsorted(starts, self.time_ms, side="right")
                row = settings[q.Q_LIMIT_ROW] + person - model.plant[plant, q.P_FIRST_PERSON]
                model.limit[row] = shift, quantity

    # --- lines, machines, uses ----------------------------------------------------------------------------------------
    def _machines_of(self, rows: Rows) -> Int64Array:
        return self.names.machine_rows(rows["plant"], rows["line"], rows["machine"])

    def _uses(self) -> Int64Array:
        """Uses as the state has them; the rows of those that it does not know."""
        rows, model = self.tables[layout.USES], self.plants.model
        use = self.names.use_rows(self._machines_of(rows), rows["item"])
        for name, column in USE_COLUMNS.items():
            model.use[use, column] = rows[name]
        for name, flag in USE_FLAGS.items():
            model.use[use, q.V_STATE] |= rows[name] * flag
        model.use[use, q.V_DUE] = np.where(rows.given("due_ms"), rows["due_ms"], NEVER)
        model.figure[use, q.Y_ACCELERATION] = rows["acceleration"]
        return np.setdiff1d(np.arange(len(model.use)), use)

    def _machines(self) -> Int64Array:
        """Machines as the state has them; the rows of those that are new, or that fail only now."""
        rows, model = self.tables[layout.MACHINES], self.plants.model
        machine = self._machines_of(rows)
        table = model.machine
        for name, column in MACHINE_COLUMNS.items():
            table[machine, column] = rows[name]
        table[machine, q.A_CAUSE] = rows["cause"]
        table[machine, q.A_ITEM] = rows["cause_item"]
        table[machine, q.A_SINCE_MS] = rows["since_ms"]
        table[machine, q.A_LOST_MS] = rows["lost_ms"]
        table[machine, q.A_BY_RECORD] = rows["by_record"]
        fails = rows.given("failure_due_ms") & (model.hazard[machine, q.Z_RATE] > 0)
        table[machine, q.A_DUE] = np.where(fails, rows["failure_due_ms"], NEVER)
        model.hazard[machine, q.Z_LEFT] = rows["hazard_left"]
        model.hazard[machine, q.Z_AT] = rows["hazard_at_ms"]
        place.count_reasons(self.address)
        repaired = rows.given("repaired_ms")
        place.put_at_machines(self.address, machine[repaired], rows["repaired_ms"][repaired], q.SORT_REPAIR)
        queue = np.flatnonzero(rows.given("turn"))
        place.put_in_crew_queues(self.address, machine[queue[np.argsort(rows["turn"][queue], kind="stable")]])
        wrong = self.tables[layout.WRONG_PARTS]
        place.put_at_machines(self.address, self._machines_of(wrong), wrong["fails_ms"], q.SORT_WRONG)
        known = machine[fails | (rows["own_failure"] == 1)]
        return np.setdiff1d(np.arange(len(table)), known)

    def _lines(self) -> None:
        rows = self.tables[layout.LINES]
        stands = rows.given("stopped_ms")
        blamed = self.names.machine_rows(rows["plant"], rows["line"], rows["blamed"])
        place.put_lines(
            self.address,
            self.names.line_rows(rows["plant"], rows["line"]),
            rows["running_ms"],
            np.where(stands, rows["stopped_ms"], 0),
            blamed,
            rows["blamed_ms"],
            self.time_ms,
        )
