"""Plants and devices as tables of a saved state."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.flow.model import NONE
from sim.flow.usage import unpack_who
from sim.network import Int64Array
from sim.plant import model as q
from sim.state import plant_layout as layout
from sim.state.detection import detection_columns
from sim.state.kinds import ABSENT, LARGEST
from sim.state.names import MachineNames, plan_of

if TYPE_CHECKING:
    from sim.engine import Twin
    from sim.plant.plants import Plants

Columns = dict[str, npt.NDArray[Any]]

DEVICE_COLUMNS: Final = {
    "draws": q.Q_DRAWS,
    "readings": q.Q_READINGS,
    "untold": q.Q_UNTOLD,
    "covered": q.Q_COVERED,
    "covered_untold": q.Q_COVERED_UNTOLD,
    "counted_message": q.Q_COUNT_MESSAGE,
    "off_plate": q.Q_OFF_PLATE,
    "foreign_mg": q.Q_FOREIGN_MG,
    "calibrated_ms": q.Q_CALIBRATED_MS,
    "counts": q.Q_COUNTS,
    "shown": q.Q_SHOWN,
    "stuck_from_ms": q.Q_STUCK_FROM,
    "stuck_to_ms": q.Q_STUCK_TO,
    "stuck_draws": q.Q_STUCK_DRAWS,
    "metered": q.Q_METERED,
    "leaked": q.Q_LEAKED,
    "leak_draws": q.Q_LEAK_DRAWS,
    "inspected": q.Q_INSPECTED,
    "told": q.Q_TOLD,
    "corrected": q.Q_CORRECTED,
    "read": q.Q_READ,
}
"""Columns of table devices that are as in the engine."""
MESSAGE_COLUMNS: Final = {
    "number": q.M_NUMBER,
    "taken_ms": q.M_TAKEN_MS,
    "arrives_ms": q.M_ARRIVAL_MS,
    "stored": q.M_STORED,
}
CHANGE_COLUMNS: Final = {"told": q.M_A, "error": q.M_B}
READING_COLUMNS: Final = {"untold": q.M_UNTOLD} | {
    column.name: q.M_ERROR + place for place, column in enumerate(layout.error_columns())
}
MACHINE_COLUMNS: Final = {
    "failures": q.A_FAILURES,
    "repairs": q.A_REPAIRS,
    "failed": q.A_FAILED,
    "own_failure": q.A_OWN_FAILURE,
}
USE_COLUMNS: Final = {
    "new_ms": q.V_NEW_AT,
    "draws": q.V_DRAWS,
    "booked": q.V_BOOKED,
    "by_record": q.V_BY_RECORD,
}
USE_FLAGS: Final = {
    "open": q.USE_OPEN,
    "served": q.USE_SERVED,
    "stops": q.USE_STOPS,
    "overdue": q.USE_OVERDUE,
    "waits": q.USE_WAITS,
    "watches": q.USE_WATCHES,
}


def plant_tables(twin: "Twin", time_ms: int) -> dict[str, Columns]:
    """All tables of `sim.state.plant_layout`; nothing without plants."""
    if twin.plants is None:
        return {}
    writer = _Writer(twin, twin.plants, time_ms)
    return {
        layout.DEVICES.name: writer.devices(),
        layout.DIFFERENCES.name: writer.differences(),
        layout.MESSAGES.name: writer.messages(),
        layout.GATEWAYS.name: writer.gateways(),
        layout.RETURNS.name: writer.returns(),
        layout.LIMITS.name: writer.limits(),
        layout.LINES.name: writer.lines(),
        layout.MACHINES.name: writer.machines(),
        layout.USES.name: writer.uses(),
        layout.WRONG_PARTS.name: writer.wrong_parts(),
        layout.DETECTION.name: detection_columns(twin.plants),
    }


def who_columns(names: MachineNames, who: Int64Array) -> Columns:
    """Person, machine and work order of packed numbers (see `sim.flow.usage.pack_who`)."""
    person, machine, work_order = unpack_who(who)
    return {
        "person": np.where(person == NONE, ABSENT, person),
        "work_order": np.where(work_order == NONE, ABSENT, work_order),
        **names.machine_columns(machine),
    }


class _Writer:
    def __init__(self, twin: "Twin", plants: "Plants", time_ms: int) -> None:
        self.parameter = twin.network.parameter
        self.plan = plan_of(twin.network)
        self.names = MachineNames(twin.network)
        self.plants = plants
        self.model = plants.model
        self.time_ms = time_ms
        heap = self.model.heap[: self.model.timer[q.T_HEAP]]
        self.planned = heap[np.lexsort((heap[:, q.H_SEQUENCE], heap[:, q.H_PLACE], heap[:, q.H_TIME]))]
        self.sort = (self.planned[:, q.H_PLACE] >> q.NUMBER_BITS) & ((1 << q.SORT_BITS) - 1)

    def _place(self, points: Int64Array) -> Columns:
        return {"node": self.parameter[points, c.P_NODE], "item": self.parameter[points, c.P_ITEM]}

    # --- devices ------------------------------------------------------------------------------------------------------
    def devices(self) -> Columns:
        points = np.flatnonzero(self.model.point[:, q.Q_DEVICE] != NONE)
        rows = self.model.point[points]
        leaks = self.model.duration[points, q.X_LEAK_EVERY, 0] != NONE
        jammed, counted = rows[:, q.Q_JAMMED_UNTIL], rows[:, q.Q_COUNT_MS]
        return {
            **self._place(points),
            **{name: rows[:, column] for name, column in DEVICE_COLUMNS.items()},
            "jammed_until_ms": np.where(jammed > self.time_ms, jammed, ABSENT),
            "counted_ms": np.where(counted < 0, ABSENT, counted),
            "leak_from_ms": np.where(leaks, rows[:, q.Q_LEAK_FROM], ABSENT),
            "leak_to_ms": np.where(leaks, rows[:, q.Q_LEAK_TO], ABSENT),
        }

    def differences(self) -> Columns:
        point, cause = np.nonzero(self.model.difference)
        return {**self._place(point), "cause": cause, "quantity": self.model.difference[point, cause]}

    def messages(self) -> Columns:
        chains = [self._held(gateway) for gateway in range(len(self.model.gateway))]
        row = np.array([one for chain in chains for one in chain], np.int64)
        held = self.model.message[row]
        reading = held[:, q.M_READING] != NONE
        return {
            "gateway": np.repeat(np.arange(len(chains)), np.array([len(chain) for chain in chains], np.int64)),
            **self._place(held[:, q.M_POINT]),
            **{name: held[:, column] for name, column in MESSAGE_COLUMNS.items()},
            "reading": np.where(reading, held[:, q.M_READING], ABSENT),
            "cause": np.where(reading, NONE, held[:, q.M_CAUSE]),
            **{name: np.where(reading, 0, held[:, column]) for name, column in CHANGE_COLUMNS.items()},
            **{name: np.where(reading, held[:, column], 0) for name, column in READING_COLUMNS.items()},
        }

    def _held(self, gateway: int) -> list[int]:
        """Rows of the messages that a gateway holds, in order."""
        rows = []
        row = int(self.model.gateway[gateway, q.E_HEAD])
        while row != NONE:
            rows.append(row)
            row = int(self.model.message[row, q.M_NEXT])
        return rows

    def gateways(self) -> Columns:
        last = self.model.gateway[:, q.E_LAST_ARRIVAL_MS]
        return {"gateway": np.arange(len(last)), "last_arrival_ms": np.where(last < 0, ABSENT, last)}

    def returns(self) -> Columns:
        mine = self.sort == q.SORT_BACK
        row = self.model.back[self.planned[mine, q.H_ROW]]
        lot = row[:, q.B_LOT]
        return {
            **self._place(row[:, q.B_POINT]),
            "returns_ms": self.planned[mine, q.H_TIME],
            "loan": row[:, q.B_LOAN],
            "lot": np.where(lot == NONE, ABSENT, lot),
            "reference": row[:, q.B_LINE],
            "draw": row[:, q.B_DRAW],
            **who_columns(self.names, row[:, q.B_WHO]),
        }

    def limits(self) -> Columns:
        rows = [np.zeros((0, 3), np.int64)]
        for point in np.flatnonzero(self.model.point[:, q.Q_LIMIT] > 0).tolist():
            settings = self.model.point[point]
            plant, first = self.plan.plants[settings[q.Q_PLANT]], settings[q.Q_LIMIT_ROW]
            persons = self.model.plant[settings[q.Q_PLANT], q.P_FIRST_PERSON : q.P_PERSONS + 1]
            shift = np.searchsorted(plant.shift_starts_ms, self.time_ms, side="right")
            limit = self.model.limit[first : first + persons[1]]
            person = np.flatnonzero((limit[:, 0] == shift) & (limit[:, 1] > 0))
            rows.append(np.column_stack([np.full(len(person), point), persons[0] + person, limit[person, 1]]))
        point, person, quantity = np.concatenate(rows).T
        return {**self._place(point), "person": person, "quantity": quantity}

    # --- lines, machines, uses ----------------------------------------------------------------------------------------
    def lines(self) -> Columns:
        working, lost = self.plants.line_times(self.time_ms).T
        line = self.model.line
        stands = line[:, q.LINE_STANDING] > 0
        names = np.array([*(machine for _, _, machine in self.names.machines), ""], dtype=object)
        return {
            **self.names.line_columns(np.arange(len(line))),
            "running_ms": working - lost,
            "stopped_ms": np.where(stands, working - line[:, q.LINE_DOWN_AT], ABSENT),
            "blamed": names[np.where(stands, line[:, q.LINE_BLAMED], NONE)],
            "blamed_ms": np.where(stands, working - line[:, q.LINE_BLAMED_AT], 0),
        }

    def machines(self) -> Columns:
        rows = self.model.machine
        stands = rows[:, q.A_STANDS] > 0
        repaired, turn = np.full((2, len(rows)), ABSENT)
        repairs = self.planned[self.sort == q.SORT_REPAIR]
        repaired[repairs[:, q.H_ROW]] = repairs[:, q.H_TIME]
        for plant in self.model.plant:
            row, place = plant[q.P_CREW_HEAD], 0
            while row != NONE:
                turn[row] = place
                row, place = rows[row, q.A_CREW_NEXT], place + 1
        return {
            **self.names.machine_columns(np.arange(len(rows))),
            **{name: rows[:, column] for name, column in MACHINE_COLUMNS.items()},
            "failure_due_ms": _due(rows[:, q.A_DUE]),
            "hazard_left": self.model.hazard[:, q.Z_LEFT],
            "hazard_at_ms": self.model.hazard[:, q.Z_AT].astype(np.int64),
            "repaired_ms": repaired,
            "turn": turn,
            "cause": np.where(stands, rows[:, q.A_CAUSE], NONE),
            "cause_item": np.where(stands, rows[:, q.A_ITEM], NONE),
            "since_ms": np.where(stands, rows[:, q.A_SINCE_MS], ABSENT),
            "lost_ms": np.where(stands, rows[:, q.A_LOST_MS], 0),
            "by_record": np.where(stands, rows[:, q.A_BY_RECORD], 0),
        }

    def uses(self) -> Columns:
        rows = self.model.use
        return {
            **self.names.machine_columns(rows[:, q.V_MACHINE]),
            "item": rows[:, q.V_ITEM],
            "due_ms": _due(rows[:, q.V_DUE]),
            "acceleration": self.model.figure[:, q.Y_ACCELERATION],
            **{name: rows[:, column] for name, column in USE_COLUMNS.items()},
            **{name: (rows[:, q.V_STATE] & flag != 0).astype(np.int64) for name, flag in USE_FLAGS.items()},
        }

    def wrong_parts(self) -> Columns:
        mine = self.planned[self.sort == q.SORT_WRONG]
        return {**self.names.machine_columns(mine[:, q.H_ROW]), "fails_ms": mine[:, q.H_TIME]}


def _due(running_ms: Int64Array) -> Int64Array:
    return np.where(running_ms >= LARGEST, ABSENT, running_ms)
