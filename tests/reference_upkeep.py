"""What is done to the stock of devices in the plain reference model: leaks, midnight, inspection and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import columns as c
from sim import plant_plan as pp
from tests.reference_calendar import DAY_MS
from tests.reference_devices import Device
from tests.reference_objects import Goods, Order, Shipment, StockPoint, Who

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

SORT_LEAK = 0
COUNTS, MIDNIGHT = 2**20, 2**20 + 1  # numbers of process events in phase 1
THOUSANDTHS_MS_PER_HOUR = 3_600_000_000


class Leaks:
    """The leaks of one tank, one after the other."""

    def __init__(self, model: ReferenceModel, device: Device) -> None:
        self.model, self.device = model, device
        self.chance = model.chance("leak", *device.name)
        self.begin_ms = self.end_ms = 0
        self.booked = 0
        self._next()

    def _next(self) -> None:
        plan = self.device.plan
        assert plan.leak_every is not None
        assert plan.leak_lasting is not None
        self.begin_ms = self.end_ms + max(1, self.chance.draw(plan.leak_every))
        self.end_ms = self.begin_ms + max(1, self.chance.draw(plan.leak_lasting))
        self.booked = 0
        self._plan()

    def _plan(self) -> None:
        """The next booking: when a step more has leaked, or at the end."""
        plan, model, point = self.device.plan, self.model, self.device.point
        time_ms = self.end_ms
        if plan.leak_rate_milli > 0:
            needed = (self.booked + plan.leak_step) * THOUSANDTHS_MS_PER_HOUR
            time_ms = min(time_ms, self.begin_ms - (-needed // plan.leak_rate_milli))
        model.at(time_ms, c.PHASE_RETURN, point.node, model.plant_place(SORT_LEAK, point.row), self._book)

    def _book(self) -> None:
        device, model, now = self.device, self.model, self.model.now
        leaked = (now - self.begin_ms) * device.plan.leak_rate_milli // THOUSANDTHS_MS_PER_HOUR - self.booked
        self.booked += leaked
        units = min(leaked, device.point.on_hand)
        if units:
            model.plants.leave(device, units, c.E_LEAK, c.U_LEAK, -1, Who())
            device.count(c.N_LEAKED, units)
            if device.has_readings:
                device.tell(-units)
            else:
                device.difference[c.D_LEAK] += units
            model.ordering.ask_for_review(device.point)
        if now == self.end_ms:
            self._next()
        else:
            self._plan()


class Midnight:
    """Expired lots are taken off where a device blocks them."""

    def __init__(self, model: ReferenceModel, devices: list[Device]) -> None:
        self.model = model
        self.devices = [device for device in devices if device.plan.blocks_expired]
        for time_ms in range(DAY_MS, model.network.horizon_ms, DAY_MS) if self.devices else ():
            model.at(time_ms, c.PHASE_RETURN, 0, model.process_place(MIDNIGHT), self._look)

    def _look(self) -> None:
        for device in self.devices:
            layers = device.point.layers
            while layers and layers[0][1] and layers[0][0].expires_ms <= self.model.now:
                self._scrap(device, layers[0][1], layers[0][0].number)
                layers = device.point.layers

    def _scrap(self, device: Device, units: int, lot: int) -> None:
        plants, point = self.model.plants, device.point
        goods = self.model.take(point, units)
        self.model.log(c.PHASE_RETURN, point.node, point.item, c.E_SCRAP, units, lot)
        plants.use_of(device, goods, units, c.U_EXPIRED, -1, Who())
        device.count(c.N_EXPIRED, units)
        self.model.ordering.ask_for_review(point)


class Inspection:
    """Deliveries in quarantine."""

    def __init__(self, model: ReferenceModel) -> None:
        self.model = model
        self.inspected: dict[int, int] = {}  # deliveries by stock point
        self.under_way: dict[int, Shipment] = {}
        self.begun = 0

    def begin(self, order: Order, quantity: int, goods: Goods, dispatched_ms: int) -> None:
        """A delivery has arrived, and is looked at before it is received."""
        model, point, number = self.model, order.stock_point, self.begun
        self.begun += 1
        model.log(c.PHASE_RECEIPT, point.node, point.item, c.E_INSPECT, quantity, order.number)
        device = point.device
        assert device is not None
        words = model.words("inspect", *device.name)
        k = self.inspected.get(point.row, 0)
        self.inspected[point.row] = k + 1
        self.under_way[number] = Shipment(order.number, point.row, order.source, quantity, dispatched_ms, -1)
        takes_ms = max(words.duration(2 * k, device.plan.inspection), 1)
        rejected = words[2 * k + 1] < device.plan.rejected

        def end() -> None:
            del self.under_way[number]
            if rejected:
                self._reject(device, order, quantity, goods, dispatched_ms)
            else:
                model.receive(order, quantity, goods, dispatched_ms, inspected=True)

        model.at(model.now + takes_ms, c.PHASE_RECEIPT, point.node, point.item, end)

    def _reject(self, device: Device, order: Order, quantity: int, goods: Goods, dispatched_ms: int) -> None:
        model, point = self.model, device.point
        rejected = model.reject(order, quantity, goods, dispatched_ms)
        model.log(c.PHASE_RECEIPT, point.node, point.item, c.E_SCRAP, quantity, order.number)
        model.plants.use_of(device, rejected, quantity, c.U_REJECTED, order.number, Who())
        device.count(c.N_REJECTED, quantity)
        model.ordering.ask_for_review(point)


class Counts:
    """Somebody counts a node: at its instants, or a driver on arrival."""

    def __init__(self, model: ReferenceModel, plan: pp.PlantPlan) -> None:
        self.model = model
        for count in plan.counts:
            for time_ms in count.instants_ms.tolist():
                self._plan(time_ms, count.node)

    def _plan(self, time_ms: int, node: int) -> None:
        place = self.model.process_place(COUNTS)
        self.model.at(time_ms, c.PHASE_RETURN, node, place, lambda: self.count_node(node))

    def count_node(self, node: int) -> None:
        """The node's devices in turn; then nothing lies on another's scale any more."""
        devices = [device for device in self.model.plants.devices if device.point.node == node]
        for device in devices:
            self._book_flows(device.point)
            device.is_counted()
        for device in devices:
            device.foreign_mg = 0

    def _book_flows(self, point: StockPoint) -> None:
        for line in self.model.plants.lines:
            for use in [use for machine in line.machines for use in machine.uses]:
                if use.is_flow and use.home.point is point:
                    use.book_flow()
                    line.plan_event()
