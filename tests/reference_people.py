"""People at devices, in the plain reference model: who may draw, what goes wrong, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sim import columns as c
from sim import plant_plan as pp
from sim.network import Distribution
from tests.reference_devices import Device, Turn
from tests.reference_objects import CustomerEntry, Goods, StockPoint, Who

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

PERSON, MACHINE, UNAUTHORISED, OUTCOME, WRONG_ITEM, RETURN, TIME, SCAN, REFUND = range(9)  # words of a turn
WRONG_FATE, WRONG_TIME, SCAN_BACK, MISPLACED = range(9, 13)
SORT_BACK = 1
WELL, FAILED, JAMMED = range(3)  # what comes of a turn


class People:
    """Customer lines at devices."""

    def __init__(self, model: ReferenceModel) -> None:
        self.model = model

    def line(self, device: Device, quantity: int, lost: bool, whole: bool) -> None:
        """Somebody comes for so many units."""
        model, point = self.model, device.point
        line = model.number_line()
        model.log(c.PHASE_DEMAND, point.node, point.item, c.E_DEMAND, quantity, line)
        turn = device.next_turn()
        who, may = self._who(device, turn)
        if not may or not self._within_limit(device, who, quantity):
            device.count(c.N_REFUSED)
            model.log(c.PHASE_DEMAND, point.node, point.item, c.E_REFUSED, quantity, line)
            return
        device.count(c.N_PERSON_LINES)
        failed = device.jammed
        available = device.available
        wanted = min(quantity, available)
        if whole and wanted < quantity:
            wanted = 0
        given, failed_now = self._draw(device, turn, wanted, line, who)
        failed = failed or failed_now
        if given < quantity:
            device.count(c.N_SHORT)
            device.count(c.N_SHORT_BY_RECORD, int(device.short_by_record))
            device.count(c.N_SHORT_BY_DEVICE, int(failed))
            model.plants.short(point, quantity - given, line)
            if lost or failed or device.plan.loan is not None:  # nobody waits for a loan
                model.log(c.PHASE_DEMAND, point.node, point.item, c.E_LOST, quantity - given, line)
            else:
                model.join_customer(point, CustomerEntry(line, quantity - given, whole, who))
                model.pools.ask(point, quantity - available)
        model.pools.ask_before_being_short(point)
        model.ordering.ask_for_review(point)

    # --- who -----------------------------------------------------------------------------------------------------
    def _who(self, device: Device, turn: Turn) -> tuple[Who, bool]:
        """Person, machine and work order, and whether the person may draw here."""
        plants, plan = self.model.plants, device.plan
        may = turn[UNAUTHORISED] >= plan.unauthorised
        plant = plants.plants[plan.plant] if plan.plant >= 0 else None
        persons = plan.persons if may else (plant.first_person, plant.persons) if plant else (-1, 0)
        person = pick(persons, turn[PERSON])
        machine = pick((plant.first_machine, plant.machines), turn[MACHINE]) if plant else -1
        work_order = plants.machines[machine].line.work_order if machine >= 0 else -1
        return Who(person, machine, work_order), may

    def _within_limit(self, device: Device, who: Who, quantity: int) -> bool:
        plan = device.plan
        shift = self.model.plants.shift(plan.plant)
        used = device.used.get((who.person, shift), 0)
        if who.person < 0:
            return True
        if plan.limit and used + quantity > plan.limit:
            return False
        device.used[who.person, shift] = used + quantity
        return True

    # --- what they get -------------------------------------------------------------------------------------------
    def _draw(self, device: Device, turn: Turn, wanted: int, line: int, who: Who) -> tuple[int, bool]:
        """Units given, and whether the device (or a wrong item) is why there are not more."""
        if not wanted:
            return 0, False
        if device.plan.loan is None and device.plan.device != pp.DEVICE_VENDING:
            return self._from_shelf(device, turn, wanted, line, who)
        one_turn = self._lend if device.plan.loan is not None else self._vend
        given, failed = 0, False
        for number in range(wanted):
            device.count(c.N_TURNS)
            outcome = one_turn(device, turn if number == 0 else device.next_turn(), line, who)
            given += outcome == WELL
            failed = failed or outcome != WELL
            if outcome == JAMMED:
                break
        return given, failed

    def _from_shelf(self, device: Device, turn: Turn, wanted: int, line: int, who: Who) -> tuple[int, bool]:
        plants = self.model.plants
        if turn[WRONG_ITEM] < device.plan.wrong_item:
            neighbour = plants.neighbour(device)
            if neighbour is not None:
                self._take_wrong_item(device, neighbour, turn, wanted, line, who)
                return 0, True
        goods = plants.leave(device, wanted, c.E_ISSUE, c.U_PERSON, line, who)
        device.tell(-wanted, turn[SCAN])
        self._perhaps_put_back(device, turn, goods, line, who)
        return wanted, False

    def _take_wrong_item(self, device: Device, neighbour: Device, turn: Turn, wanted: int, line: int, who: Who) -> None:
        units = min(wanted, neighbour.point.on_hand)
        device.count(c.N_WRONG)
        if not device.has_readings:
            if device.misses(turn[SCAN]):
                device.count(c.N_MISSED_SCANS)
            else:
                device.tell_wrongly(-units, c.D_WRONG_ITEM)
        self._neighbour_loses(neighbour, units, c.D_WRONG_ITEM, line, who)
        if turn[WRONG_FATE] < device.plan.wrong_fails and who.machine >= 0:
            after = max(turn.duration(WRONG_TIME, device.plan.wrong_fails_after), 1)
            self.model.plants.machines[who.machine].gets_wrong_item(self.model.now + after)

    def _neighbour_loses(self, neighbour: Device, units: int, cause: int, line: int, who: Who) -> None:
        """Units of another item leave; only what looks at the units that are there notices."""
        self.model.plants.leave(neighbour, units, c.E_WRONG, c.U_WRONG, line, who)
        if neighbour.has_readings:
            neighbour.tell(-units)
        else:
            neighbour.difference[cause] += units
        self.model.ordering.ask_for_review(neighbour.point)

    def _vend(self, device: Device, turn: Turn, line: int, who: Who) -> int:
        """One turn of a vending machine: what came of it."""
        model, plan, point = self.model, device.plan, device.point
        outcome = turn[OUTCOME]
        if outcome < plan.jam:
            device.count(c.N_JAMS)
            model.log(c.PHASE_DEMAND, point.node, point.item, c.E_JAM, 0, line)
            device.jammed_until_ms = model.now + turn.duration(TIME, plan.jam_clear)
            return JAMMED
        if outcome < plan.jam + plan.fail:
            device.count(c.N_FAILED_VENDS)
            if turn[REFUND] >= plan.refund:
                device.tell_wrongly(-1, c.D_FAILED_VEND)
            return FAILED
        neighbour = model.plants.neighbour(device) if outcome < plan.jam + plan.fail + plan.wrong_product else None
        if neighbour is not None:
            device.count(c.N_WRONG)
            device.tell_wrongly(-1, c.D_WRONG_PRODUCT)
            self._neighbour_loses(neighbour, 1, c.D_WRONG_PRODUCT, line, who)
            return FAILED
        goods = model.plants.leave(device, 1, c.E_ISSUE, c.U_PERSON, line, who)
        device.tell(-1, turn[SCAN])
        self._perhaps_put_back(device, turn, goods, line, who)
        return WELL

    def _lend(self, device: Device, turn: Turn, line: int, who: Who) -> int:
        goods = self.model.plants.leave(device, 1, c.E_LOAN, c.U_LOAN, line, who)
        device.on_loan += 1
        device.count(c.N_LOANS)
        device.tell(-1, turn[SCAN])
        self._due_back(device, turn, device.plan.loan, lambda: self._loan_is_due(device, turn, goods, line, who))
        return WELL

    # --- what comes back -----------------------------------------------------------------------------------------
    def _due_back(self, device: Device, turn: Turn, after: Distribution | None, action: Callable[[], None]) -> None:
        model, point = self.model, device.point
        place = model.plant_place(SORT_BACK, point.row)
        model.at(model.now + max(turn.duration(TIME, after), 1), c.PHASE_RETURN, point.node, place, action)

    def _perhaps_put_back(self, device: Device, turn: Turn, goods: Goods, line: int, who: Who) -> None:
        if turn[RETURN] < device.plan.put_back:
            one = goods if goods is None else [(goods[-1][0], 1)]  # the one that was taken last
            self._due_back(
                device, turn, device.plan.put_back_after, lambda: self._put_back(device, turn, one, line, who)
            )

    def _put_back(self, device: Device, turn: Turn, goods: Goods, line: int, who: Who) -> None:
        other = self._other_scale(device)
        if other is not None and turn[MISPLACED] < device.plan.misplaced:
            device.off_plate += 1
            other.foreign_mg += device.plan.unit_weight_mg
        device.count(c.N_PUT_BACK)
        self._is_back(device, turn, goods, c.E_PUT_BACK, c.U_PUT_BACK, line, who)

    def _other_scale(self, device: Device) -> Device | None:
        """The next scale of the node, if the unit belongs on a scale."""
        if device.plan.sensor != pp.SENSOR_WEIGH:
            return None
        others = self.model.plants.others_of_node(device)
        return next((other for other in others if other.plan.sensor == pp.SENSOR_WEIGH), None)

    def _loan_is_due(self, device: Device, turn: Turn, goods: Goods, line: int, who: Who) -> None:
        model, plan, point = self.model, device.plan, device.point
        device.on_loan -= 1
        fate = turn[RETURN]
        if fate < plan.loan_lost + plan.loan_worn:
            device.count(c.N_LOANS_LOST)
            model.log(c.PHASE_RETURN, point.node, point.item, c.E_LOAN_LOST, 1, line)
            kind = c.U_LOAN_LOST if fate < plan.loan_lost else c.U_LOAN_WORN
            model.plants.use_of(device, goods, 1, kind, line, who)
            return
        device.count(c.N_LOANS_BACK)
        self._is_back(device, turn, goods, c.E_LOAN_BACK, c.U_LOAN_BACK, line, who)

    def _is_back(self, device: Device, turn: Turn, goods: Goods, event: int, kind: int, line: int, who: Who) -> None:
        """One unit is on hand again."""
        model, point = self.model, device.point
        point.on_hand += 1
        if goods is not None:
            model.add_goods(point, goods)
        model.log(c.PHASE_RETURN, point.node, point.item, event, 1, line)
        model.plants.use_of(device, goods, 1, kind, line, who)
        device.tell(+1, turn[SCAN_BACK])
        self._somebody_waits(point)
        model.plants.stock_came(point)
        model.ordering.ask_for_review(point)

    def _somebody_waits(self, point: StockPoint) -> None:
        if point.queue:
            self.model.allocation.ask_for_allocation(point)


def pick(numbers: tuple[int, int], word: float) -> int:
    """One of so many, from the first on; -1 where there is none."""
    first, number = numbers
    return first + int(word * number) if number else -1
