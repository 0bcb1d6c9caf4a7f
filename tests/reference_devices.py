"""Devices of the plain reference model: how the record of a stock point comes to differ from the shelf (docs/plant.md).

A device keeps the differences by cause; the record is what is on hand plus their sum. Sensors tell changes: by messages
of what has changed, or by readings of what is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim import columns as c
from sim import plant_plan as pp
from sim.chance.quantiles import normal_quantile, poisson_quantile
from sim.network import Distribution
from sim.plant_plan import DevicePoint
from tests.reference_calendar import DAY_MS, Words
from tests.reference_objects import StockPoint

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

MESSAGE_SENSORS = (pp.SENSOR_SCAN, pp.SENSOR_VEND, pp.SENSOR_METER)
READING_CAUSES = (c.D_MISSED_TAG, c.D_STRAY_TAG, c.D_MIXED, c.D_TARE, c.D_DRIFT, c.D_NOISE, c.D_STUCK)
SEEN_BY_READINGS = (c.D_WRONG_ITEM, c.D_WRONG_PRODUCT, c.D_COUNT)  # a reading sees the units that are there


@dataclass(eq=False)
class Report:
    """What a sensor has to say, from the instant at which it was taken to the one at which it is applied."""

    device: Device
    taken_ms: int
    count: int  # how often the stock point had been counted by then
    number: int = -1  # over all gateways


@dataclass(eq=False)
class Message(Report):
    """Of changes: `told` units taken (negative: put back), and what the message says too much of by its cause."""

    told: int = 0
    wrong: int = 0
    cause: int = -1


@dataclass(eq=False)
class Reading(Report):
    """Of what is there: the error of each cause, the reading's number (from 1) and the changes untold at the time."""

    reading: int = 0
    untold: int = 0
    errors: tuple[int, ...] = ()  # as in READING_CAUSES


@dataclass(eq=False)
class Turn:
    """The 16 words of one line, or of one turn."""

    words: Words
    number: int

    def __getitem__(self, word: int) -> float:
        return self.words[16 * self.number + word]

    def duration(self, word: int, duration: Distribution | None) -> int:
        return self.words.duration(16 * self.number + word, duration)


@dataclass(eq=False)
class Sticking:
    """When a sensor shows an old value: the interval [begin, end) that is on or comes next."""

    begin_ms: int
    end_ms: int


class Device:
    """One item in a device."""

    def __init__(self, model: ReferenceModel, point: StockPoint, plan: DevicePoint) -> None:
        network = model.network
        self.model, self.point, self.plan = model, point, plan
        self.name = (network.node_names[point.node], network.item_names[point.item])
        self.difference = [0] * c.CAUSES
        self.counters = [0] * c.COUNT_COLUMNS
        self.gap = [0.0] * c.GAP_COLUMNS
        self.draw_words = model.words("draw", *self.name)
        self.turns = 0
        self.on_loan = 0
        self.jammed_until_ms = 0
        self.used: dict[tuple[int, int], int] = {}  # units by person and shift
        # telling
        self.metered = 0  # units ever told by a meter
        self.untold = 0
        self.covered = (0, 0)  # number of a reading, and what was untold then
        self.readings = 0
        self.reading_words = model.words("reading", *self.name)
        self.shown = int(network.initial_on_hand[point.row])
        self.off_plate = self.foreign_mg = 0
        # counts
        self.counts = 0
        self.counted_ms: int | None = None
        self.calibrated_ms = 0
        self.count_words = model.words("count", *self.name)
        self.tare_words = model.words("tare", *self.name)
        self.stuck = model.chance("stuck", *self.name)
        self.sticking = None if plan.stuck_every is None else Sticking(0, 0)
        point.device = self

    def __repr__(self) -> str:
        return "/".join(self.name)

    def count(self, column: int, by: int = 1) -> None:
        """One of the N_* counts, from the start of measurement on."""
        if self.model.now >= self.model.network.warm_up_ms:
            self.counters[column] += by

    @property
    def jammed(self) -> bool:
        return self.model.now < self.jammed_until_ms

    @property
    def has_readings(self) -> bool:
        return self.plan.sensor in pp.READINGS

    @property
    def available(self) -> int:
        """What a new line can have now."""
        return self.point.on_hand if self.point.serves_at_once and not self.jammed else 0

    @property
    def short_by_record(self) -> bool:
        """Whether nothing is ordered only because the record says that there is enough."""
        point = self.point
        return point.position > point.reorder_point >= point.true_position

    def next_turn(self) -> Turn:
        self.turns += 1
        return Turn(self.draw_words, self.turns - 1)

    # --- telling -------------------------------------------------------------------------------------------------
    def tell(self, change: int, scan: float = 1.0) -> None:
        """A change of stock (negative: taken) that has just happened; `scan` is the word of its scan."""
        sensor = self.plan.sensor
        if sensor == pp.SENSOR_NONE:
            self.model.plants.report(self.point, -change, c.R_TOLD)
            return
        if self.misses(scan):
            self.count(c.N_MISSED_SCANS)
            self.difference[c.D_MISSED_SCAN] -= change
            return
        self.difference[c.D_UNDER_WAY] -= change
        if self.has_readings:
            self.untold -= change
            self.read()
        elif sensor == pp.SENSOR_METER:
            before = self._metered_shown()
            self.metered -= change
            self._message(-change, -change - (self._metered_shown() - before), c.D_METER)
        else:
            self._message(-change, 0, -1)

    def misses(self, scan: float) -> bool:
        return self.plan.sensor == pp.SENSOR_SCAN and scan < self.plan.missed_scan

    def tell_wrongly(self, wrong: int, cause: int) -> None:
        """The device reports something that has not happened here."""
        self._message(0, wrong, cause)

    def _metered_shown(self) -> int:
        return math.floor(self.metered * (1 + self.plan.meter_error) + 0.5)

    def _message(self, told: int, wrong: int, cause: int) -> None:
        self._send(Message(self, self.model.now, self.counts, told=told, wrong=wrong, cause=cause))

    def _send(self, report: Report) -> None:
        if self.plan.gateway < 0 or self.plan.sensor == pp.SENSOR_NONE:
            change = self.apply(report)
            self.model.plants.report(self.point, -change, c.R_TOLD)
        else:
            self.model.plants.gateways[self.plan.gateway].take(report)

    def apply(self, report: Report, clock_offset_ms: int | None = None) -> int:
        """The report has come in, by a gateway with such a clock or straight: how much the record changes."""
        before = self.point.recorded
        if isinstance(report, Message):
            self._apply_message(report, clock_offset_ms)
        elif isinstance(report, Reading):
            if report.count < self.counts:
                return 0  # from before a count
            self._apply_reading(report)
        self.model.ordering.ask_for_review(self.point)
        return self.point.recorded - before

    def _apply_message(self, message: Message, clock_offset_ms: int | None) -> None:
        from_before = message.count < self.counts
        looks_from_before = from_before
        if clock_offset_ms is not None and self.counted_ms is not None:
            looks_from_before = message.taken_ms + clock_offset_ms <= self.counted_ms
        if from_before and looks_from_before:
            return
        if from_before:
            self.difference[c.D_CLOCK] += message.wrong - message.told
            return
        self.difference[c.D_UNDER_WAY] -= message.told
        if looks_from_before:
            self.difference[c.D_CLOCK] += message.told
        elif message.cause >= 0:
            self.difference[message.cause] += message.wrong

    def _apply_reading(self, reading: Reading) -> None:
        for cause, error in zip(READING_CAUSES, reading.errors, strict=True):
            self.difference[cause] = error
        for cause in SEEN_BY_READINGS:
            self.difference[cause] = 0
        number, untold = self.covered
        if reading.reading > number:
            self.difference[c.D_LOST_REPORT] = 0
            self.difference[c.D_UNDER_WAY] = self.untold - reading.untold
            self.covered = (reading.reading, reading.untold)
        else:
            self.difference[c.D_LOST_REPORT] = untold - reading.untold
            self.difference[c.D_UNDER_WAY] = self.untold - untold

    def lose(self, report: Report) -> None:
        """The report will never arrive. What was settled by a count since does not matter any more."""
        self.count(c.N_LOST)
        if report.count < self.counts:
            return
        lost = 0
        if isinstance(report, Message):
            lost = report.told
        elif isinstance(report, Reading) and report.reading > self.covered[0]:
            lost = report.untold - self.covered[1]
            self.covered = (report.reading, report.untold)
        self.difference[c.D_UNDER_WAY] -= lost
        self.difference[c.D_LOST_REPORT] += lost

    # --- readings ------------------------------------------------------------------------------------------------
    def read(self) -> None:
        """The sensor looks at what is there."""
        self.count(c.N_READINGS)
        first_word = 4 * self.readings
        self.readings += 1
        on_hand = self.point.on_hand
        if self._is_stuck():
            errors = {c.D_STUCK: self.shown - on_hand}
        elif self.plan.sensor == pp.SENSOR_RFID:
            errors = self._tags(on_hand, first_word)
        else:
            errors = self._weights(on_hand, first_word)
        self.shown = on_hand + sum(errors.values())
        in_order = tuple(errors.get(cause, 0) for cause in READING_CAUSES)
        self._send(
            Reading(self, self.model.now, self.counts, reading=self.readings, untold=self.untold, errors=in_order)
        )

    def _tags(self, on_hand: int, first_word: int) -> dict[int, int]:
        missed = binomial_quantile(on_hand, 1 - self.plan.read_rate, self.reading_words[first_word])
        stray = 0
        if self.plan.stray_tags > 0:
            stray = int(poisson_quantile(self.plan.stray_tags, self.reading_words[first_word + 1]))
        return {c.D_MISSED_TAG: -missed, c.D_STRAY_TAG: stray}

    def _weights(self, on_hand: int, first_word: int) -> dict[int, int]:
        """What is added to the truth, one thing after the other."""
        plan = self.plan
        load = (on_hand - self.off_plate) * plan.unit_weight_mg + self.foreign_mg
        zero = plan.tare_mg * normal_quantile(self.tare_words[self.counts])
        drift = plan.drift_mg_per_day * ((self.model.now - self.calibrated_ms) / DAY_MS)
        noise = plan.noise_mg * normal_quantile(self.reading_words[first_word + 2])
        mixed = self._units(load, 0.0, 0)
        tared = self._units(load, zero, 0)
        drifted = self._units(load, zero + drift, 0)
        shown = self._units(load, zero + drift + noise, plan.resolution_mg)
        return {
            c.D_MIXED: mixed - on_hand,
            c.D_TARE: tared - mixed,
            c.D_DRIFT: drifted - tared,
            c.D_NOISE: shown - drifted,
        }

    def _units(self, load_mg: int, offset_mg: float, resolution_mg: int) -> int:
        weight = load_mg + offset_mg
        if resolution_mg > 0:
            weight = math.floor(weight / resolution_mg + 0.5) * resolution_mg
        return max(0, math.floor(weight / self.plan.unit_weight_mg + 0.5))

    def _is_stuck(self) -> bool:
        if self.sticking is None:
            return False
        now = self.model.now
        assert self.plan.stuck_every is not None
        assert self.plan.stuck_lasting is not None
        while self.sticking.end_ms <= now:
            begin = self.sticking.end_ms + self.stuck.draw(self.plan.stuck_every)
            end = begin + max(1, self.stuck.draw(self.plan.stuck_lasting))
            self.sticking = Sticking(begin, end)
        return self.sticking.begin_ms <= now

    # --- counts --------------------------------------------------------------------------------------------------
    def is_counted(self) -> None:
        """Somebody counts the units: the record is corrected, and the sensor set right."""
        on_hand, before = self.point.on_hand, self.point.recorded
        found = on_hand
        if self.count_words[2 * self.counts] < self.plan.count_error:
            found = max(0, on_hand - 1 if self.count_words[2 * self.counts + 1] < 0.5 else on_hand + 1)
        if self._is_stuck():
            assert self.sticking is not None
            self.sticking = Sticking(self.sticking.begin_ms, self.model.now)
        self.difference = [0] * c.CAUSES
        self.difference[c.D_COUNT] = found - on_hand
        self.covered = (self.readings, self.untold)
        self.counts += 1
        self.counted_ms = self.calibrated_ms = self.model.now
        self.off_plate = 0
        self.count(c.N_COUNTED)
        self.count(c.N_COUNTED_RIGHT, int(before == on_hand))
        self.count(c.N_CORRECTED, abs(found - before))
        point = self.point
        self.model.plants.report(point, before - found, c.R_COUNTED)
        self.model.log(self.model.phase, point.node, point.item, c.E_COUNT, found - before, 0)
        self.model.ordering.ask_for_review(point)

    # --- statistics ----------------------------------------------------------------------------------------------
    def time_passes(self, span_ms: int) -> None:
        """So much measured time in which nothing changed."""
        for cause, units in enumerate(self.difference):
            self.gap[cause] += span_ms * abs(units)
        wrong = sum(self.difference)
        self.gap[c.G_WRONG_MS] += span_ms * (wrong != 0)
        self.gap[c.G_UNITS] += span_ms * abs(wrong)


def binomial_quantile(tags: int, missed: float, word: float) -> int:
    """Smallest number of tags whose cumulative probability reaches the word."""
    cumulative = 0.0
    for number in range(tags):
        cumulative += math.comb(tags, number) * missed**number * (1 - missed) ** (tags - number)
        if cumulative >= word:
            return number
    return tags
