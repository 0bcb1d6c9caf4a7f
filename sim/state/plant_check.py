"""Do the tables of plants and devices make sense? Each finding says where it is and what would be right."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.flow.usage import MOST_WORK_ORDERS
from sim.network import Int64Array
from sim.plant_plan import DevicePoint
from sim.scenario.findings import Finding, Place
from sim.state import layout as flow_layout
from sim.state import plant_layout as layout
from sim.state.kinds import META, Kind, StateTable
from sim.state.names import MachineNames, plan_of
from sim.state.read import Rows, shown

if TYPE_CHECKING:
    from sim.state.check import Check

_Mask = npt.NDArray[np.bool_]
_AGAIN = "take the table from the saved state again"


class PlantCheck:
    """The findings of the tables of plants; they are collected by the check of the other tables."""

    def __init__(self, check: "Check") -> None:
        self.check = check
        self.tables = check.tables
        self.plan = plan_of(check.network)
        self.names = MachineNames(check.network)
        self.device: dict[int, DevicePoint] = {one.stock_point: one for one in self.plan.devices}

    def run(self) -> None:
        """Look at all tables of plants, and at who waits for what."""
        self.waiting()
        if not self.tables.meta.plants:
            return
        for check in (
            self.devices, self.differences, self.messages, self.returns, self.limits, self.machines, self.uses,
            self.lines, self.detection, self.figures,
        ):  # fmt: skip
            check()

    def _device_points(self, table: StateTable) -> Int64Array:
        """Stock points of a table about devices; what is in no device is a finding, and -1."""
        points = self.check.own_points(table)
        other = (points >= 0) & ~np.isin(points, list(self.device))
        self.check.report(
            table, other, "item", "the scenario has no device with this item here", "leave the row out, or add one"
        )
        return np.where(other, -1, points)

    def _machines_of(self, table: StateTable) -> Int64Array:
        rows = self.tables[table]
        machine = self.names.machine_rows(rows["plant"], rows["line"], rows["machine"])
        self.check.report(table, machine < 0, "machine", "the scenario has no such machine", "correct the names")
        return machine

    def _who(self, table: StateTable, rows: Rows) -> Int64Array:
        """Check columns of `WHO_COLUMNS`; rows of machines, -1 for none."""
        machine = self.names.machine_rows(rows["plant"], rows["line"], rows["machine"])
        named = rows.given("plant") | (rows["line"] != "") | (rows["machine"] != "")
        self.check.report(table, named & (machine < 0), "machine", "the scenario has no such machine", "correct it")
        persons = self.plan.persons
        stranger = rows.given("person") & (rows["person"] >= persons)
        self.check.report(table, stranger, "person", f"the scenario has {persons} persons", "count them from 0")
        order = rows.given("work_order") & (rows["work_order"] >= MOST_WORK_ORDERS)
        self.check.report(table, order, "work_order", "this number is too large", _AGAIN)
        return machine

    def _times(self, rows: Rows) -> _Mask:
        return np.ones(len(rows), np.bool_)

    # --- who waits ----------------------------------------------------------------------------------------------------
    def waiting(self) -> None:
        """Machines wait for what they use, at its home, and only there."""
        table, rows = flow_layout.WAITING, self.tables[flow_layout.WAITING]
        machine = self._who(table, rows)
        wanted = rows["use"] == 1
        use = np.where(wanted, self.names.use_rows(machine, rows["item"]), -1)
        self.check.report(table, wanted & (use < 0), "use", "no such machine uses this item", "name it, or use 0")
        known = set(self._open_uses().tolist())
        idle = [one >= 0 and one not in known for one in use.tolist()]
        self.check.report(
            table, np.array(idle, np.bool_), "use", "this machine does not wait for it", "see `open` in table uses"
        )
        self.check.doubled(table, np.where(use >= 0, use, -1 - np.arange(len(use))), "use", "this machine's wait")

    def _open_uses(self) -> Int64Array:
        """Rows of the plan's uses that wait in a queue."""
        rows = self.tables[layout.USES]
        use = self.names.use_rows(self.names.machine_rows(rows["plant"], rows["line"], rows["machine"]), rows["item"])
        waits: Int64Array = use[(rows["open"] == 1) & (rows["served"] == 0)]
        return waits

    # --- devices ------------------------------------------------------------------------------------------------------
    def devices(self) -> None:
        table, rows = layout.DEVICES, self.tables[layout.DEVICES]
        points = self._device_points(table)
        self.check.doubled(table, _own_or(points), "item", "this node and item")
        leaks = rows.given("leak_from_ms")
        half = leaks != rows.given("leak_to_ms")
        self.check.report(table, half, "leak_to_ms", "a leak has a beginning and an end", "give both, or neither")
        self.check.after(table, "leak_to_ms", rows.given("leak_to_ms"))
        future = rows.given("counted_ms") & (rows["counted_ms"] >= max(self.tables.meta.time_ms, 1))
        self.check.report(table, future, "counted_ms", "this count has not happened yet", "use the past")

    def differences(self) -> None:
        """Causes add up to what record and shelf differ by."""
        table, rows = layout.DIFFERENCES, self.tables[layout.DIFFERENCES]
        points = self._device_points(table)
        self.check.doubled(table, _own_or(points) * c.CAUSES + rows["cause"], "cause", "this cause")
        stock, places = self.tables[flow_layout.STOCK], self.check.network.stock_points
        units = np.zeros(places + 1, np.int64)
        np.add.at(units, points, rows["quantity"])
        recorded = np.where(stock.given("recorded"), stock["recorded"], stock["on_hand"])
        gap = np.zeros(places + 1, np.int64)
        gap[self.check.points.of(stock)] = recorded - stock["on_hand"]
        known = np.isin(np.arange(places + 1), self.check.points.of(self.tables[layout.DEVICES]))
        for point in np.flatnonzero(known & (units != gap))[:5].tolist():
            if point in self.device:
                message = (
                    f"the causes for {self._name(point)} add up to {units[point]}, the record is {gap[point]} high"
                )
                self._finding(message, "correct differences, or recorded in stock", table)

    def _name(self, point: int) -> str:
        network = self.check.network
        node, item = network.parameter[point, [c.P_NODE, c.P_ITEM]].tolist()
        return f"{network.item_names[item]} at {network.node_names[node]}"

    def _finding(self, message: str, hint: str, table: StateTable) -> None:
        source = self.tables[table].source
        place = Place(shown(self.tables.folder) if source is None else source.file)
        self.check.findings.append(Finding(message, hint, "", place))

    def messages(self) -> None:
        table, rows = layout.MESSAGES, self.tables[layout.MESSAGES]
        points = self._device_points(table)
        gateway = np.array([-1 if point < 0 else self.device[point].gateway for point in points.tolist()], np.int64)
        wrong = (points >= 0) & (rows["gateway"] >= 0) & (gateway != rows["gateway"])
        self.check.report(table, wrong, "gateway", "the device does not report to this gateway", "correct the name")
        self.check.after(table, "arrives_ms", self._times(rows))
        future = rows["taken_ms"] >= max(self.tables.meta.time_ms, 1)
        self.check.report(table, future, "taken_ms", "nothing is told in the future", "use the past")
        unknown = rows["number"] >= self.tables.meta.next_message
        self.check.report(
            table, unknown, "number", "this number has not been given out yet", f"see next_message in {META}"
        )
        bare = ~rows.given("reading") & (rows["cause"] < 0)
        self.check.report(table, bare, "cause", "a change needs the cause of its error", "name a cause")
        swapped = np.zeros(len(rows), np.bool_)
        same = rows["gateway"][1:] == rows["gateway"][:-1]
        swapped[1:] = same & (rows["arrives_ms"][1:] < rows["arrives_ms"][:-1])
        self.check.report(table, swapped, "arrives_ms", "this row comes too late", "sort by gateway and arrives_ms")
        self.check.doubled(layout.GATEWAYS, self.tables[layout.GATEWAYS]["gateway"], "gateway", "this gateway")

    # --- people -------------------------------------------------------------------------------------------------------
    def returns(self) -> None:
        table, rows = layout.RETURNS, self.tables[layout.RETURNS]
        points = self._device_points(table)
        self._who(table, rows)
        self.check.after(table, "returns_ms", self._times(rows))
        lots = self.tables[flow_layout.LOTS]
        tracked = (points >= 0) & self.check.points.tracked[points]
        wrong = (points >= 0) & (rows.given("lot") != tracked)
        self.check.report(table, wrong, "lot", "lots are given where they are tracked, and only there", "correct it")
        unknown = rows.given("lot") & (rows["lot"] >= len(lots))
        self.check.report(table, unknown, "lot", "there is no such row in table lots", "correct the number")
        unknown = rows["reference"] >= self.tables.meta.next_line
        self.check.report(table, unknown, "reference", "this line has not been yet", f"see next_line in {META}")

    def limits(self) -> None:
        table, rows = layout.LIMITS, self.tables[layout.LIMITS]
        points = self._device_points(table)
        first = np.cumsum([0, *(sum(people for _, people in plant.people) for plant in self.plan.plants)])
        plant = np.array([self.device[one].plant if one >= 0 else -1 for one in points.tolist()], np.int64)
        person, ends = rows["person"], np.append(first[1:], 0)
        inside = (plant >= 0) & (person >= first[plant]) & (person < ends[plant])
        self.check.report(
            table, (points >= 0) & ~inside, "person", "nobody of the device's plant has this number", "correct it"
        )
        self.check.doubled(table, _own_or(points) * (self.plan.persons + 1) + rows["person"], "person", "this person")

    # --- machines -----------------------------------------------------------------------------------------------------
    def machines(self) -> None:
        table, rows = layout.MACHINES, self.tables[layout.MACHINES]
        machine = self._machines_of(table)
        self.check.doubled(table, _own_or(machine), "machine", "this machine")
        failed, crew, turn = rows["failed"] == 1, rows.given("repaired_ms"), rows.given("turn")
        self.check.report(
            table, failed != (crew ^ turn), "failed", "a machine that failed has a crew, or waits for one",
            "give repaired_ms or turn to machines that failed, and only to them",
        )  # fmt: skip
        self.check.report(table, ~failed & (rows["own_failure"] == 1), "own_failure", "it has not failed", "use 0")
        self.check.after(table, "repaired_ms", crew)
        stands = failed | np.isin(machine, self._machines_without())
        bare = stands & ~(rows.given("cause") & rows.given("since_ms"))
        self.check.report(table, bare, "cause", "it stands: why, and since when?", "give cause and since_ms")
        self.check.after(layout.WRONG_PARTS, "fails_ms", self._times(self.tables[layout.WRONG_PARTS]))
        self._machines_of(layout.WRONG_PARTS)

    def _machines_without(self) -> Int64Array:
        """Rows of the machines that stand for want of something."""
        rows = self.tables[layout.USES]
        machine = self.names.machine_rows(rows["plant"], rows["line"], rows["machine"])
        stands: Int64Array = machine[rows["stops"] == 1]
        return stands

    def _standing(self) -> Int64Array:
        rows = self.tables[layout.MACHINES]
        machine = self.names.machine_rows(rows["plant"], rows["line"], rows["machine"])
        return np.union1d(machine[rows["failed"] == 1], self._machines_without())

    def uses(self) -> None:
        table, rows = layout.USES, self.tables[layout.USES]
        machine = self._machines_of(table)
        use = self.names.use_rows(machine, rows["item"])
        self.check.report(table, (machine >= 0) & (use < 0), "item", "the machine does not use this", "correct it")
        self.check.doubled(table, _own_or(use), "item", "this use")
        known = self.names.machine_rows(*(self.tables[layout.MACHINES][name] for name in ("plant", "line", "machine")))
        bare = (machine >= 0) & ~np.isin(machine, known)
        self.check.report(table, bare, "machine", "this machine is missing in table machines", "add it there")
        waiting = self.tables[flow_layout.WAITING]
        owed = self.names.machine_rows(waiting["plant"], waiting["line"], waiting["machine"])
        owed = np.where(waiting["use"] == 1, self.names.use_rows(owed, waiting["item"]), -1)
        alone = (use >= 0) & (rows["open"] == 1) & (rows["served"] == 0) & ~np.isin(use, owed)
        self.check.report(table, alone, "open", "nothing waits for it in table waiting", "add a row there, or use 0")
        none = rows["acceleration"] <= 0
        self.check.report(table, none, "acceleration", "parts wear at some speed", "use a number above 0")

    def lines(self) -> None:
        table, rows = layout.LINES, self.tables[layout.LINES]
        line = self.names.line_rows(rows["plant"], rows["line"])
        self.check.report(table, line < 0, "line", "the scenario has no such line", "correct the names")
        self.check.doubled(table, _own_or(line), "line", "this line")
        standing = self._standing()
        of_machine = np.array([self.names.lines.index(one[:2]) for one in self.names.machines], np.int64)
        stands = np.isin(line, of_machine[standing[standing >= 0]]) & (line >= 0)
        wrong = (line >= 0) & (stands != rows.given("stopped_ms"))
        self.check.report(
            table, wrong, "stopped_ms", "a line stands while one of its machines does", "give it then, and only then"
        )
        blamed = self.names.machine_rows(rows["plant"], rows["line"], rows["blamed"])
        nobody = stands & ~np.isin(blamed, standing)
        self.check.report(table, nobody, "blamed", "this is no machine of the line that stands", "name one that does")

    def detection(self) -> None:
        table, rows = layout.DETECTION, self.tables[layout.DETECTION]
        points = self._device_points(table)
        _, number = np.unique(rows["rule"].astype(str), return_inverse=True)
        self.check.doubled(table, _own_or(points) * (len(rows) + 1) + number, "rule", "this rule and item")

    def figures(self) -> None:
        """Figures with a broken part are numbers from 0."""
        for table in layout.PLANT_TABLES:
            for column in table.columns:
                if column.kind is Kind.REAL:
                    values: npt.NDArray[Any] = self.tables[table][column.name]
                    wrong = ~np.isfinite(values) | (values < 0)
                    self.check.report(table, wrong, column.name, "this is not a number from 0", "correct the figure")


def _own_or(rows: Int64Array) -> Int64Array:
    """Rows as keys; those that were not found (-1) get a key of their own each."""
    return np.where(rows >= 0, rows, -1 - np.arange(len(rows)))
