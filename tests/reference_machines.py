"""Plants, lines and machines of the plain reference model: running time, failures, crews and stops."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim import columns as c
from sim import plant_plan as pp
from tests.reference_uses import Use, day_of_year

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

SORT_REPAIRED, SORT_WRONG_ITEM, SORT_LINE = 3, 5, 6
FULL_CIRCLE = 2 * math.pi
DAYS_PER_YEAR = 365


@dataclass(eq=False)
class Stop:
    """A machine stands, from `start_ms` on; -1 in `end_ms`: still."""

    machine: int
    cause: int
    item: int
    start_ms: int
    by_record: bool
    end_ms: int = -1
    lost_ms: int = 0

    @property
    def row(self) -> tuple[int, int, int, int, int, int, int]:
        """As in table stops."""
        return (self.machine, self.cause, self.item, self.start_ms, self.end_ms, self.lost_ms, int(self.by_record))


class ReferencePlant:
    """A plant: its people, its repair crews, how warm it is."""

    def __init__(self, model: ReferenceModel, plan: pp.Plant, first_person: int, first_machine: int) -> None:
        self.model, self.plan, self.node = model, plan, plan.node
        self.first_person, self.persons = first_person, sum(number for _, number in plan.people)
        self.first_machine, self.machines = first_machine, sum(len(line.machines) for line in plan.lines)
        self.busy_crews = 0
        self.waiting_for_crew: deque[ReferenceMachine] = deque()

    def shift(self) -> int:
        """Number of shift starts up to now."""
        return sum(start <= self.model.now for start in self.plan.shift_starts_ms.tolist())

    def temperature_c(self) -> float:
        """In the hall, now."""
        day = day_of_year(self.model.network.start_epoch_ms + self.model.now)
        season = math.cos(FULL_CIRCLE * (day - self.plan.warmest_day) / DAYS_PER_YEAR)
        return self.plan.mean_c + self.plan.swing_c * season

    def needs_crew(self, machine: ReferenceMachine) -> None:
        """The machine is repaired as soon as somebody is free."""
        self.waiting_for_crew.append(machine)
        self._send_crews()

    def crew_is_free(self) -> None:
        self.busy_crews -= 1
        self._send_crews()

    def _send_crews(self) -> None:
        while self.waiting_for_crew and (self.plan.crews == 0 or self.busy_crews < self.plan.crews):
            self.busy_crews += 1
            self.waiting_for_crew.popleft().begin_repair()


class ReferenceLine:
    """Machines that run together or not at all."""

    def __init__(self, model: ReferenceModel, plant: ReferencePlant, plan: pp.Line, number: int) -> None:
        self.model, self.plant, self.plan, self.number = model, plant, plan, number
        calendars = model.plants.plan.calendars
        working = plant.plan.working
        self.windows = [(0, 2**62)] if working < 0 else [(int(a), int(b)) for a, b in calendars[working].tolist()]
        self.machines: list[ReferenceMachine] = []
        self.lost_ms = 0
        self.settled_ms = 0  # working time up to which losses are put down
        self.measured_lost_ms = 0
        self.planned = 0  # how often the next event was planned: only the last plan holds

    def working_ms(self, time_ms: int) -> int:
        """Working time up to an instant."""
        return sum(min(time_ms, end) - begin for begin, end in self.windows if begin < time_ms)

    @property
    def running_ms(self) -> int:
        self.settle()
        return self.settled_ms - self.lost_ms

    @property
    def work_order(self) -> int:
        return self.running_ms // self.plan.work_order_ms

    @property
    def left_in_window_ms(self) -> int:
        """Working time left before work ends; round the clock it may end now."""
        now = self.model.now
        return 0 if self.plant.plan.working < 0 else sum(e - now for b, e in self.windows if b <= now < e)

    @property
    def standing(self) -> list[Stop]:
        """Stops of its machines, the longest first; of two that began together the first machine's."""
        stops = [machine.stop for machine in self.machines if machine.stop is not None]
        return sorted(stops, key=lambda stop: (stop.start_ms, stop.machine))

    def settle(self, time_ms: int | None = None) -> None:
        """Put the working time since the last settlement down to whom it is lost by."""
        working = self.working_ms(self.model.now if time_ms is None else time_ms)
        if self.standing:
            lost = working - self.settled_ms
            self.lost_ms += lost
            self.standing[0].lost_ms += lost
            self.measured_lost_ms += max(0, working - max(self.settled_ms, self._warm_ms))
        self.settled_ms = working

    @property
    def _warm_ms(self) -> int:
        return self.working_ms(self.model.network.warm_up_ms)

    def measured(self) -> tuple[int, int]:
        """Working time and lost time from the start of measurement to the horizon."""
        self.settle(self.model.network.horizon_ms)
        return self.settled_ms - self._warm_ms, self.measured_lost_ms

    # --- its event -----------------------------------------------------------------------------------------------
    def plan_event(self) -> None:
        """Plan anew when the line has to be looked at."""
        self.planned += 1
        least = self._least_due()
        if self.standing or least is None:
            return
        time_ms = self._first_instant(least[0] + self.lost_ms)
        if time_ms is not None:
            plan, model = self.planned, self.model
            place = model.plant_place(SORT_LINE, self.number)
            model.at(time_ms, c.PHASE_DEMAND, self.plant.node, place, lambda: self._event(plan))

    def _first_instant(self, working_ms: int) -> int | None:
        """The first instant from now on at which so much working time has passed."""
        before = 0
        for begin, end in self.windows:
            if before + end - begin >= working_ms:
                return max(self.model.now, begin + working_ms - before if working_ms > before else 0)
            before += end - begin
        return None

    def _least_due(self) -> tuple[int, int, int] | None:
        """Due, 0 for a failure and 1 for a use, and the number of the machine or use."""
        failures = [(m.failure_due_ms, 0, m.number) for m in self.machines if m.failure_due_ms is not None]
        uses = [(u.due_ms, 1, u.number) for m in self.machines for u in m.uses if u.due_ms is not None]
        return min(failures + uses, default=None)

    def _event(self, plan: int) -> None:
        if plan != self.planned:
            return
        while not self.standing:
            least = self._least_due()
            if least is None or least[0] > self.running_ms:
                break
            _, use, number = least
            if use:
                next(u for m in self.machines for u in m.uses if u.number == number).is_due()
            else:
                next(m for m in self.machines if m.number == number).fails()
        self.plan_event()


class ReferenceMachine:
    """A machine: fails by itself now and then, and stands while it is failed or one of its uses stops it."""

    def __init__(self, line: ReferenceLine, plan: pp.Machine, number: int, first_use: int) -> None:
        self.line, self.plan, self.number, self.model = line, plan, number, line.model
        node = self.model.network.node_names[line.plant.node]
        self.name = (node, line.plan.name, plan.name)
        self.uses = [Use(self, use, first_use + place) for place, use in enumerate(plan.uses)]
        self.stop: Stop | None = None
        self.failed = self.failed_by_itself = False
        self.failure_words = self.model.words("failure", *self.name)
        self.repair_words = self.model.words("repair", *self.name)
        self.failures = self.repairs = 0
        self.left = 0.0  # of the exponential until the next failure
        self.left_at_ms = 0  # running time at which that much was left
        self.factor = 1.0
        self.failure_due_ms: int | None = None

    def open(self) -> None:
        """Everything is new."""
        for use in self.uses:
            use.renew()
        self._draw_failure()

    # --- failures ------------------------------------------------------------------------------------------------
    def _draw_failure(self) -> None:
        self.left = -math.log(1 - self.failure_words[2 * self.failures])
        self.left_at_ms = self.line.running_ms
        self.factor = self._factor()
        self._set_failure_due()

    def _factor(self) -> float:
        factor = 1.0
        for use in self.uses:
            if use.overdue:
                factor *= use.plan.failure_factor
        return factor

    def _set_failure_due(self) -> None:
        rate = self.plan.failures_per_ms * self.factor
        self.failure_due_ms = None
        if rate > 0:
            self.failure_due_ms = self.left_at_ms + max(math.floor(self.left / rate + 0.5), 1)

    def factor_changes(self) -> None:
        """A use has become overdue, or is so no longer: what is left runs out at another rate."""
        if self.failed_by_itself or self._factor() == self.factor:
            return
        running = self.line.running_ms
        used = (running - self.left_at_ms) * (self.plan.failures_per_ms * self.factor)
        self.left = max(self.left - used, 0.0)
        self.left_at_ms = running
        self.factor = self._factor()
        self._set_failure_due()

    def fails(self) -> None:
        """By itself, or because something is overdue."""
        self.failed_by_itself = True
        self.failure_due_ms = None
        cause, item = c.STOP_OTHER, -1
        if self.failure_words[2 * self.failures + 1] >= 1 / self._factor():
            cause, item = c.STOP_LATE, next(use.plan.item for use in self.uses if use.overdue)
        self._breaks(cause, item)

    def gets_wrong_item(self, fails_ms: int) -> None:
        place = self.model.plant_place(SORT_WRONG_ITEM, self.number)
        self.model.at(fails_ms, c.PHASE_RETURN, self.line.plant.node, place, self._fails_by_wrong_item)

    def _fails_by_wrong_item(self) -> None:
        if not self.failed:
            self._breaks(c.STOP_WRONG_ITEM, -1)
            self.line.plan_event()

    def _breaks(self, cause: int, item: int) -> None:
        self.failed = True
        self.look(cause, item, False)
        self.line.plant.needs_crew(self)

    def begin_repair(self) -> None:
        model = self.model
        lasts_ms = max(self.repair_words.duration(self.repairs, self.plan.repair), 1)
        self.repairs += 1
        place = model.plant_place(SORT_REPAIRED, self.number)
        model.at(model.now + lasts_ms, c.PHASE_RETURN, self.line.plant.node, place, self._is_repaired)

    def _is_repaired(self) -> None:
        self.failed = False
        self.look(c.STOP_OTHER, -1, False)
        if self.failed_by_itself:
            self.failed_by_itself = False
            self.failures += 1
            self._draw_failure()
        self.line.plant.crew_is_free()
        self.line.plan_event()

    # --- standing ------------------------------------------------------------------------------------------------
    def look(self, cause: int, item: int, by_record: bool) -> None:
        """Stop or go, as things are now; cause and item are of what has just happened."""
        model, node = self.model, self.line.plant.node
        stands = self.failed or any(use.stands for use in self.uses)
        if stands == (self.stop is not None):
            return
        self.line.settle()
        if stands:
            self.stop = Stop(self.number, cause, item, model.now, by_record)
            model.log(model.phase, node, item, c.E_STOP, cause, self.number)
        elif self.stop is not None:
            self.stop.end_ms = model.now
            model.plants.stops.append(self.stop)
            self.stop = None
            model.log(model.phase, node, -1, c.E_GO, 0, self.number)
