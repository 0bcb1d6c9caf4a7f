"""What machines use, in the plain reference model: when it is due, who gives it, and what happens if nobody can."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sim import columns as c
from sim import plant_plan as pp
from tests.reference_calendar import Words
from tests.reference_devices import Device
from tests.reference_objects import CustomerEntry, Who
from tests.reference_people import PERSON, SCAN, pick

if TYPE_CHECKING:
    from tests.reference_machines import ReferenceMachine

BOLTZMANN_EV_PER_K = 8.617333262e-5
ZERO_CELSIUS_K = 273.15
SORT_ITEMS_THERE = 4
THOUSANDTHS_MS_PER_HOUR = 3_600_000_000


class Use:
    """One item that one machine uses; dues are in running time of its line."""

    def __init__(self, machine: ReferenceMachine, plan: pp.Use, number: int) -> None:
        self.machine, self.plan, self.number = machine, plan, number
        model = machine.model
        self.model = model
        name = ("use", *machine.name, model.network.item_names[plan.item])
        self.chance = model.chance(*name)
        self.life_words: Words = model.words(*name)
        self.lives = 0
        self.devices = [self._device(row) for row in plan.points]
        self.due_ms: int | None = None
        self.booked = 0  # flow: units
        self.open = False  # its line waits at home
        self.stopped = False  # the machine waits for the line
        self.empty = False  # the machine waits for stock at home
        self.overdue = False
        self.by_record = False  # of what it waits for
        self.served = False

    def _device(self, row: int) -> Device:
        device = self.model.points[row].device
        assert device is not None
        return device

    @property
    def home(self) -> Device:
        return self.devices[0]

    @property
    def stands(self) -> bool:
        return self.stopped or self.empty

    @property
    def is_flow(self) -> bool:
        return self.plan.kind == pp.USE_FLOW

    # --- when it is due ------------------------------------------------------------------------------------------
    def renew(self) -> None:
        """The part is new, or the quantity is there: the next due is counted from now."""
        running = self.machine.line.running_ms
        if self.is_flow:
            self._set_flow_due()
        elif self.plan.kind == pp.USE_EVERY:
            assert self.plan.interval is not None
            self.due_ms = running + max(self.chance.draw(self.plan.interval), 1)
        else:
            self.due_ms = running + self._life()

    def _set_flow_due(self) -> None:
        needed = (self.booked + self.plan.quantity) * THOUSANDTHS_MS_PER_HOUR
        self.due_ms = -(-needed // self.plan.rate_milli) if self.plan.rate_milli > 0 else None

    def _life(self) -> int:
        word = self.life_words[self.lives]
        self.lives += 1
        life = self.plan.scale_ms * (-math.log(1 - word)) ** (1 / self.plan.shape) / self._acceleration()
        return max(math.floor(life + 0.5), 1)

    def _acceleration(self) -> float:
        """How much faster the part wears than at its reference temperature, as warm as it is now."""
        plan = self.plan
        if plan.temperature == pp.TEMPERATURE_NONE:
            return 1.0
        temperature = self.machine.line.plant.temperature_c() + plan.offset_c
        if plan.temperature == pp.TEMPERATURE_Q10:
            return float(plan.temperature_a ** ((temperature - plan.reference_c) / 10))
        cold, warm = plan.reference_c + ZERO_CELSIUS_K, temperature + ZERO_CELSIUS_K
        return math.exp(plan.temperature_a / BOLTZMANN_EV_PER_K * (1 / cold - 1 / warm))

    # --- what is done about it -----------------------------------------------------------------------------------
    def is_due(self) -> None:
        if self.is_flow:
            self.book_flow()
        elif self.open:
            self.due_ms = None
            self._stop()
        else:
            giver = next((device for device in self.devices if device.available >= self.plan.quantity), None)
            if giver is None:
                self._wait_at_home()
            else:
                self._get_from(giver)

    def _get_from(self, giver: Device) -> None:
        model, point, quantity = self.model, giver.point, self.plan.quantity
        line = self._demand_at(giver, quantity)
        if giver is not self.home:
            self.home.count(c.N_ELSEWHERE)
        turn = giver.next_turn()
        who = self._who(pick(self.machine.line.plant.plan.maintenance, turn[PERSON]))
        model.plants.leave(giver, quantity, c.E_ISSUE, c.U_MACHINE, line, who)
        giver.tell(-quantity, turn[SCAN])
        model.pools.ask_before_being_short(point)
        model.ordering.ask_for_review(point)
        self.renew()
        self._look_whether_empty()

    def _wait_at_home(self) -> None:
        model, home, quantity = self.model, self.home, self.plan.quantity
        line = self._demand_at(home, quantity)
        available = home.available
        self._short(home, quantity, line)
        entry = CustomerEntry(line, quantity, True, self._who(-1), self)
        model.join_customer(home.point, entry)
        model.pools.ask(home.point, quantity - available)
        model.pools.ask_before_being_short(home.point)
        model.ordering.ask_for_review(home.point)
        self.open, self.due_ms = True, None
        if self.plan.missing == pp.MISSING_STOP:
            self._stop()
        elif self.plan.missing == pp.MISSING_RUN_ON:
            self.overdue = True
            self.machine.factor_changes()
        else:
            line_of_machine = self.machine.line
            self.due_ms = line_of_machine.running_ms + line_of_machine.left_in_window_ms

    def _short(self, home: Device, units: int, line: int) -> None:
        self.model.plants.short(home.point, units, line)
        self.by_record = home.short_by_record
        home.count(c.N_SHORT)
        home.count(c.N_SHORT_BY_RECORD, int(self.by_record))

    def _demand_at(self, device: Device, quantity: int) -> int:
        model, point = self.model, device.point
        line = model.number_line()
        model.log(model.phase, point.node, point.item, c.E_DEMAND, quantity, line)
        device.count(c.N_MACHINE_LINES)
        return line

    def _who(self, person: int) -> Who:
        return Who(person, self.machine.number, self.machine.line.work_order)

    def _stop(self) -> None:
        self.stopped = True
        self.machine.look(c.STOP_MISSING, self.plan.item, self.by_record)

    def _look_whether_empty(self) -> None:
        """After it has been given something: at empty the machine does not wait until it wants more."""
        if self.plan.at_empty and self.home.point.on_hand == 0:
            self._stand_empty()

    def _stand_empty(self) -> None:
        self.by_record = self.home.short_by_record
        self.empty = True
        self.machine.look(c.STOP_MISSING, self.plan.item, self.by_record)

    # --- flow ----------------------------------------------------------------------------------------------------
    def book_flow(self) -> None:
        """What has flowed so far, and was not booked, leaves the tank."""
        running = self.machine.line.running_ms
        units = running * self.plan.rate_milli // THOUSANDTHS_MS_PER_HOUR - self.booked
        if units <= 0:
            return
        self.booked += units
        self._set_flow_due()
        model, home, point = self.model, self.home, self.home.point
        line = self._demand_at(home, units)
        given = min(units, home.available)
        turn = home.next_turn()
        if given:
            who = self._who(pick(self.machine.line.plant.plan.maintenance, turn[PERSON]))
            model.plants.leave(home, given, c.E_ISSUE, c.U_MACHINE, line, who)
            home.tell(-given, turn[SCAN])
        if given < units:
            self._short(home, units - given, line)
            model.log(model.phase, point.node, point.item, c.E_LOST, units - given, line)
        model.pools.ask_before_being_short(point)
        model.ordering.ask_for_review(point)
        if point.on_hand == 0:
            if self.plan.missing == pp.MISSING_RUN_ON:
                self.overdue = True
                self.machine.factor_changes()
            else:
                self._stand_empty()

    # --- items there ---------------------------------------------------------------------------------------------
    def is_served(self) -> None:
        """Its line has been given by the queue."""
        self.served = True
        self._look_soon()

    def stock_came(self) -> None:
        """Something came to its home."""
        if self.empty or (self.is_flow and self.overdue):
            self._look_soon()

    def _look_soon(self) -> None:
        model = self.model
        time_ms = model.now if model.phase == c.PHASE_RECEIPT else model.now + 1
        place = model.plant_place(SORT_ITEMS_THERE, self.number)
        model.at(time_ms, c.PHASE_RETURN, self.machine.line.plant.node, place, self._items_there)

    def _items_there(self) -> None:
        if self.served:
            self.served = self.open = self.stopped = self.overdue = False
            self.renew()
            self.machine.factor_changes()
            self._look_whether_empty()
        if self.home.point.on_hand > 0:
            self.empty = False
            if self.is_flow and self.overdue:
                self.overdue = False
                self.machine.factor_changes()
        self.machine.look(c.STOP_MISSING, self.plan.item, self.by_record)
        self.machine.line.plan_event()


def day_of_year(epoch_ms: int) -> float:
    """Days with fraction since 1 January of the year."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms)
    return (instant - datetime(instant.year, 1, 1, tzinfo=UTC)) / timedelta(days=1)
