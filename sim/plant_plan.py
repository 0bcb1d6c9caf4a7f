"""Plants as plain data: lines, machines and what they use, and the devices that hold and measure stock.

What happens with them, and in which order, says docs/plant.md. Stock points, nodes and items are rows of the `Network`
this plan belongs to; persons, machines and lines are numbered over all plants. Nothing here is written to during a run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sim.detection.plan import PlannedRule
    from sim.network import Distribution

Int64Array = npt.NDArray[np.int64]

HOUR_MS = 3_600_000

USE_EVERY = 0  # a quantity every so many running hours (grease), constant or random
USE_WEAR = 1  # a part that wears out: Weibull life in running hours (filters, tools)
USE_FLOW = 2  # a rate per running hour out of a tank (cutting fluid)

MISSING_STOP = 0  # the machine stops until the item is there
MISSING_RUN_ON = 1  # it runs on and fails more often
MISSING_WAIT = 2  # it runs to the end of the present working window and stops there

TEMPERATURE_NONE = 0
TEMPERATURE_Q10 = 1  # a: factor per 10 degrees
TEMPERATURE_ARRHENIUS = 2  # a: activation energy in eV

DEVICE_SHELF = 0
DEVICE_VENDING = 1
DEVICE_TANK = 2

SENSOR_NONE = 0  # books kept by hand, at once and without error
SENSOR_SCAN = 1  # barcode: each draw is reported, unless it is not scanned
SENSOR_VEND = 2  # the machine reports what it believes to have vended
SENSOR_RFID = 3  # reads the tags of what lies there
SENSOR_WEIGH = 4  # weighs what lies there
SENSOR_LEVEL = 5  # level of a tank
SENSOR_METER = 6  # flow meter: reports what passed
SENSORS = ("none", "scan", "vend", "rfid", "weigh", "level", "meter")
READINGS = (SENSOR_RFID, SENSOR_WEIGH, SENSOR_LEVEL)
"""Sensors that report how much there is; the others report what has changed."""

OVERFLOW_OLDEST = 0  # a full store gives up its oldest message
OVERFLOW_NEWEST = 1  # or does not take the new one

WRONG_SCRAPPED = 0  # a wrong item is noticed at once, and scrapped
WRONG_FAILS = 1  # or it goes into the machine, which fails later


@dataclass(frozen=True)
class Use:
    """What one machine uses of one item."""

    item: int
    kind: int  # USE_*
    quantity: int  # integer units at a time; of a flow: the step in which it is booked and reported
    points: tuple[int, ...]  # stock points in the order in which they are looked at: home, others, hot standby
    missing: int = MISSING_STOP
    at_empty: bool = False  # stops as soon as the home point is empty, not only when the item is wanted
    failure_factor: float = 1.0  # MISSING_RUN_ON: failures are that much more frequent while it is overdue
    interval: Distribution | None = None  # USE_EVERY: running time between two uses, ms
    shape: float = 1.0  # USE_WEAR: Weibull
    scale_ms: float = 0.0
    temperature: int = TEMPERATURE_NONE
    temperature_a: float = 0.0
    reference_c: float = 20.0  # temperature at which the life is as stated
    offset_c: float = 0.0  # how much warmer the machine is than the hall
    rate_milli: int = 0  # USE_FLOW: thousandths of an integer unit per running hour


@dataclass(frozen=True)
class Machine:
    """A machine: it fails by itself now and then, and stops its line whenever it stops."""

    name: str
    uses: tuple[Use, ...] = ()
    failures_per_ms: float = 0.0  # of running time, from other causes than items; exponential
    repair: Distribution | None = None


@dataclass(frozen=True)
class Line:
    """Machines that run together or not at all."""

    name: str
    machines: tuple[Machine, ...]
    stop_cost_per_hour: int = 0  # minor units per hour of working time lost
    work_order_ms: int = 8 * HOUR_MS  # running time of one work order


@dataclass(frozen=True)
class Plant:
    """A customer's plant. `node` is its own node in the network, which holds no stock."""

    node: int
    lines: tuple[Line, ...] = ()
    working: int = -1  # row in `PlantPlan.calendars`: when lines run; -1: round the clock
    shift_starts_ms: Int64Array = field(default_factory=lambda: np.zeros(0, np.int64))  # since the start, ascending
    people: tuple[tuple[str, int], ...] = ()  # group and number of persons
    maintenance: tuple[int, int] = (0, 0)  # first person (over all plants) and number of those who see to machines
    crews: int = 0  # machines repaired at a time; 0: any number
    mean_c: float = 20.0  # temperature in the hall
    swing_c: float = 0.0  # from the mean to the warmest day
    warmest_day: float = 200.0  # days after 1 January


@dataclass(frozen=True)
class DevicePoint:
    """One item in a device: what the device does with it, who takes it, and how it is measured."""

    stock_point: int
    plant: int  # row in `PlantPlan.plants`, -1: none
    device: int = DEVICE_SHELF
    sensor: int = SENSOR_NONE
    gateway: int = -1  # row in `PlantPlan.gateways`, -1: reports arrive at once
    # people
    persons: tuple[int, int] = (0, 0)  # first person (over all plants) and number of those who may draw
    unauthorised: float = 0.0  # share of lines by somebody of the plant who may not
    limit: int = 0  # integer units per person and shift, 0 without
    put_back: float = 0.0  # share of draws of which one unit comes back
    put_back_after: Distribution | None = None
    misplaced: float = 0.0  # share of what is put back that lands on another item's scale
    wrong_item: float = 0.0  # share of draws from a shelf at which another item is taken
    wrong_fails: float = 0.0  # share of those that end in a machine
    wrong_fails_after: Distribution | None = None
    # vending
    jam: float = 0.0  # shares of turns
    fail: float = 0.0
    refund: float = 1.0  # share of failed vends that the machine notices
    wrong_product: float = 0.0
    jam_clear: Distribution | None = None
    # loans
    loan: Distribution | None = None  # how long a unit is out; None: it is used up
    loan_lost: float = 0.0  # share that does not come back
    loan_worn: float = 0.0  # share scrapped on return
    # sensors
    missed_scan: float = 0.0
    read_rate: float = 1.0  # RFID: share of tags read in a round
    stray_tags: float = 0.0  # RFID: mean number of tags read that are not there
    unit_weight_mg: int = 1000  # weight of an integer unit; of a level sensor: 1000 stand for a unit
    resolution_mg: int = 0
    noise_mg: float = 0.0  # standard deviation of a reading
    drift_mg_per_day: float = 0.0  # since the last count
    tare_mg: float = 0.0  # standard deviation of the zero after a count
    meter_error: float = 0.0  # flow meter: shows that share too much (negative: too little)
    stuck_every: Distribution | None = None  # time until a sensor shows the same for a while
    stuck_lasting: Distribution | None = None
    # the rest
    leak_every: Distribution | None = None  # tanks: time from a repair to the next leak
    leak_lasting: Distribution | None = None  # until somebody sees it anyway
    leak_rate_milli: int = 0  # thousandths of an integer unit per hour
    leak_step: int = 1  # integer units in which a leak is booked and reported
    blocks_expired: bool = False  # expired lots are taken off at midnight
    inspection: Distribution | None = None  # quarantine on arrival
    rejected: float = 0.0  # share of deliveries that inspection rejects
    count_error: float = 0.0  # share of counts that are one too high or too low
    low_level: int = -1  # record at or below this is an alarm, -1: none


@dataclass(frozen=True)
class Gateway:
    """An edge gateway: what it collects, it passes on, later if it has to."""

    name: str
    plant: int
    poll_ms: int = 0  # instants of collection, counted from the start; 0: as it happens
    delay_ms: int = 0  # from there to the platform
    spacing_ms: int = 0  # between two messages at least
    clock_offset_ms: int = 0  # its clock minus the true time
    capacity: int = 1 << 40  # messages it keeps while the uplink is down
    overflow: int = OVERFLOW_OLDEST
    outage_every: Distribution | None = None
    outage_lasting: Distribution | None = None


@dataclass(frozen=True)
class Count:
    """When the stock of a node is counted."""

    node: int
    instants_ms: Int64Array


@dataclass(frozen=True)
class PlantPlan:
    """All plants of a network."""

    plants: tuple[Plant, ...] = ()
    devices: tuple[DevicePoint, ...] = ()  # by stock point, ascending
    gateways: tuple[Gateway, ...] = ()
    counts: tuple[Count, ...] = ()
    counting_routes: frozenset[int] = frozenset()  # rows of `Network.routes` whose drivers count before they unload
    calendars: tuple[Int64Array, ...] = ()  # (n, 2) working intervals [from, to) since the start, disjoint, ascending
    rules: tuple[PlannedRule, ...] = ()  # detection rules and what they watch, see sim/detection

    @property
    def persons(self) -> int:
        return sum(number for plant in self.plants for _, number in plant.people)
