"""Plants and devices of the plain reference model (docs/plant.md): how its parts belong together, and what they leave.

Devices and their reports are in reference_devices and reference_gateways, people in reference_people, machines in
reference_machines and reference_uses, and leaks, midnight, inspection and counts in reference_upkeep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim import columns as c
from sim import plant_plan as pp
from tests.reference_devices import Device
from tests.reference_gateways import ReferenceGateway
from tests.reference_machines import ReferenceLine, ReferenceMachine, ReferencePlant, Stop
from tests.reference_objects import CustomerEntry, Goods, StockPoint, Who
from tests.reference_people import People
from tests.reference_upkeep import Counts, Inspection, Leaks, Midnight

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

Usage = tuple[int, int, int, int, int, int, int, int, int]  # a row of table usage
ReportRow = tuple[int, int, int, int, int, int]  # a row of table reports
StopRow = tuple[int, int, int, int, int, int, int]  # a row of table stops


@dataclass(frozen=True)
class ReferencePlants:
    """What plants and devices leave behind; dictionaries by stock point, for those that a device holds."""

    difference: dict[int, list[int]]  # by cause, at the horizon
    on_loan: dict[int, int]
    count: dict[int, list[int]]  # N_*, from the warm-up on
    gap: dict[int, list[float]]  # G_*, from the warm-up on
    usage: list[Usage]
    reports: list[ReportRow]
    stops: list[StopRow]  # in the order in which they end, then those that last
    lines: list[tuple[int, int]]  # working and lost time from the warm-up on, ms
    gaps_seen: int  # the largest difference between record and shelf that there ever was, without its sign


class Plants:
    """All plants and devices of a run; without any, nothing happens here."""

    def __init__(self, model: ReferenceModel) -> None:
        self.model = model
        self.plan = model.network.plant_plan or pp.PlantPlan()
        model.plants = self
        self.usage: list[Usage] = []
        self.reports: list[ReportRow] = []
        self.stops: list[Stop] = []  # those that are over
        self.next_report = 0
        self.gaps_seen = 0
        self.devices = [Device(model, model.points[plan.stock_point], plan) for plan in self.plan.devices]
        self.gateways = [ReferenceGateway(model, row, plan) for row, plan in enumerate(self.plan.gateways)]
        self.people = People(model)
        self.inspection = Inspection(model)
        self.plants: list[ReferencePlant] = []
        self.lines: list[ReferenceLine] = []
        self.machines: list[ReferenceMachine] = []
        for plant in self.plan.plants:
            self._build(plant)
        for machine in self.machines:
            machine.open()
        for line in self.lines:
            line.plan_event()
        self.leaks = [Leaks(model, device) for device in self.devices if device.plan.leak_every is not None]
        self.midnight = Midnight(model, self.devices)
        self.counts = Counts(model, self.plan)

    def _build(self, plan: pp.Plant) -> None:
        first_person = sum(plant.persons for plant in self.plants)
        plant = ReferencePlant(self.model, plan, first_person, len(self.machines))
        self.plants.append(plant)
        for line_plan in plan.lines:
            line = ReferenceLine(self.model, plant, line_plan, len(self.lines))
            self.lines.append(line)
            for machine_plan in line_plan.machines:
                first_use = sum(len(machine.uses) for machine in self.machines)
                machine = ReferenceMachine(line, machine_plan, len(self.machines), first_use)
                line.machines.append(machine)
                self.machines.append(machine)

    # --- who and where -------------------------------------------------------------------------------------------
    def shift(self, plant: int) -> int:
        """Number of the present shift of a plant."""
        return self.plants[plant].shift() if plant >= 0 else 0

    def others_of_node(self, device: Device) -> list[Device]:
        """The other devices of a node, from the next item on, round."""
        here = [other for other in self.devices if other.point.node == device.point.node]
        place = here.index(device)
        return here[place + 1 :] + here[:place]

    def neighbour(self, device: Device) -> Device | None:
        """Whose units are taken by mistake."""
        others = [other for other in self.others_of_node(device) if other.plan.device != pp.DEVICE_TANK]
        return next((other for other in others if other.point.on_hand > 0), None)

    # --- units that leave and come -------------------------------------------------------------------------------
    def leave(self, device: Device, units: int, event: int, kind: int, line: int, who: Who) -> Goods:
        """Units leave the shelf; nothing is told yet."""
        model, point = self.model, device.point
        goods = model.take(point, units)
        model.log(model.phase, point.node, point.item, event, units, max(line, 0))
        self.use_of(device, goods, units, kind, line, who)
        self._count_expired(device, goods, kind)
        return goods

    def _count_expired(self, device: Device, goods: Goods, kind: int) -> None:
        if kind in (c.U_PERSON, c.U_MACHINE, c.U_LOAN):
            expired = sum(units for lot, units in goods or [] if lot.expires_ms <= self.model.now)
            device.count(c.N_EXPIRED_ISSUED, expired)

    def use_of(self, device: Device, goods: Goods, units: int, kind: int, reference: int, who: Who) -> None:
        """What becomes of units, one row per lot."""
        self._use_at(device.point, goods, units, kind, reference, who)

    def _use_at(self, point: StockPoint, goods: Goods, units: int, kind: int, reference: int, who: Who) -> None:
        for lot, of_lot in [(-1, units)] if goods is None else [(lot.number, n) for lot, n in goods]:
            row = (lot, of_lot, kind, who.person, who.machine, who.work_order, reference)
            self.usage.append((self.model.now, point.row, *row))

    def issued(self, point: StockPoint, goods: Goods, units: int, line: int) -> None:
        """Where no device is, but a contract, the platform books what customers get."""
        if point.device is None and point.has(c.SP_BILLED):
            self._use_at(point, goods, units, c.U_ISSUED, line, Who())
            self.report(point, units, c.R_BOOKED, line)

    def short(self, point: StockPoint, units: int, line: int) -> None:
        """A line does not get all at once."""
        if point.device is not None or point.has(c.SP_BILLED):
            self.report(point, units, c.R_SHORT, line)

    def report(
        self, point: StockPoint, units: int, kind: int, reference: int = -1, taken_ms: int | None = None
    ) -> None:
        """The platform learns that so many units were used (or wanted in vain), when the device says so."""
        now = self.model.now
        if units != 0:
            self.reports.append((now, now if taken_ms is None else taken_ms, point.row, units, kind, reference))

    def given_by_queue(self, device: Device, entry: CustomerEntry, units: int, goods: Goods) -> None:
        """Somebody who waited, or a machine, has been given units: that is booked at once."""
        kind = c.U_QUEUE if entry.use is None else c.U_MACHINE
        self.use_of(device, goods, units, kind, entry.line, entry.who)
        self.report(device.point, units, c.R_BOOKED, entry.line)
        if entry.use is not None:
            entry.use.is_served()

    def stock_came(self, point: StockPoint) -> None:
        """There may be stock for machines that stand for want of it."""
        for machine in self.machines:
            for use in machine.uses:
                if use.home.point is point:
                    use.stock_came()

    def driver_arrives(self, route: int, stop: int) -> None:
        if route in self.plan.counting_routes:
            self.counts.count_node(stop)

    # --- results -------------------------------------------------------------------------------------------------
    def time_passes(self, from_ms: int, to_ms: int) -> None:
        """Nothing changes in between."""
        span_ms = to_ms - max(from_ms, min(self.model.network.warm_up_ms, to_ms))
        for device in self.devices if to_ms > from_ms else ():
            self.gaps_seen = max(self.gaps_seen, *(abs(units) for units in device.difference))
            device.time_passes(span_ms)

    def result(self) -> ReferencePlants:
        """What there is at the horizon."""
        lines = [line.measured() for line in self.lines]
        lasting = [machine.stop for machine in self.machines if machine.stop is not None]
        return ReferencePlants(
            difference={device.point.row: device.difference for device in self.devices},
            on_loan={device.point.row: device.on_loan for device in self.devices},
            count={device.point.row: device.counters for device in self.devices},
            gap={device.point.row: device.gap for device in self.devices},
            usage=self.usage,
            reports=self.reports,
            stops=[stop.row for stop in [*self.stops, *lasting]],
            lines=lines,
            gaps_seen=self.gaps_seen,
        )
