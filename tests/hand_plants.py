"""Records of a plant, written by hand: a shelf with three items, another one, and two lines with three machines."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from sim import columns as c
from sim.network import Lane, Network
from sim.plant_plan import (
    DEVICE_VENDING,
    SENSOR_SCAN,
    SENSOR_VEND,
    SENSOR_WEIGH,
    USE_EVERY,
    USE_WEAR,
    DevicePoint,
    Gateway,
    Line,
    Machine,
    Plant,
    PlantPlan,
    Use,
)
from sim.record import sums as r
from sim.record.plant_stops import WorkingTime
from sim.record.records import DAY_MS, PlantSums, Recorder, Records, Summary
from tests.hand_records import HORIZON_MS, WARM_UP_MS, HandRecords
from tests.reference_inputs import HOUR_MS, Draft, Item, Point, constant, int64, small_network

SHELF, VENDING, PLANT, DEPOT, SUPPLIER = range(5)
GREASE, FILTER, GLOVES = range(3)  # items; grease in 0.1 kg
SHELF_GREASE, SHELF_FILTER, VENDING_GLOVES, DEPOT_GREASE, DEPOT_FILTER, DEPOT_GLOVES = range(6)  # stock points
LATHE, MILL, PRESS = range(3)  # machines; the lathe and the mill are of one line
LEAK_RULE, LOW_RULE = range(2)


def plant_network() -> Network:
    """Two lines that work from 6 to 22 o'clock; filters and grease are critical, filters come in lots."""
    lane = constant(DAY_MS)
    draft = Draft(
        kinds=["shelf", "vending_machine", "plant", "warehouse", "supplier"],
        lanes=[Lane(DEPOT, SHELF, lane), Lane(DEPOT, VENDING, lane), Lane(SUPPLIER, DEPOT, lane)],
        points=[
            Point(SHELF, GREASE, 0, reorder_point=4, order_up_to=100),
            Point(SHELF, FILTER, 0, reorder_point=4, order_up_to=20),
            Point(VENDING, GLOVES, 1, reorder_point=4, order_up_to=30),
            Point(DEPOT, GREASE, 2, reorder_point=10, order_up_to=200),
            Point(DEPOT, FILTER, 2, reorder_point=10, order_up_to=200),
            Point(DEPOT, GLOVES, 2, reorder_point=10, order_up_to=200),
        ],
        items=[Item(critical=True), Item(critical=True, lots="fifo"), Item(abc_class=1)],
        horizon_ms=HORIZON_MS,
        warm_up_ms=WARM_UP_MS,
    )
    network = small_network(draft)
    network.parameter[:3, c.P_FLAGS] |= c.SP_DEVICE
    return replace(
        network,
        item_resolution=np.array([0.1, 1.0, 1.0]),
        item_units=("kg", "each", "each"),
        plant_plan=plant_plan(),
    )


def plant_plan() -> PlantPlan:
    """The plan of `plant_network`."""
    day, day_long = np.arange(HORIZON_MS // DAY_MS) * DAY_MS, constant(DAY_MS)
    grease = Use(GREASE, USE_EVERY, 8, (SHELF_GREASE,), interval=constant(100 * HOUR_MS))
    filters = Use(FILTER, USE_WEAR, 1, (SHELF_FILTER,), scale_ms=100.0 * HOUR_MS)
    lines = (
        Line("turning", (Machine("lathe", (grease,)), Machine("mill")), stop_cost_per_hour=60_000),
        Line("pressing", (Machine("press", (filters,)),), stop_cost_per_hour=24_000),
    )
    return PlantPlan(
        plants=(Plant(PLANT, lines, working=0, people=(("workers", 2), ("maintenance", 1)), maintenance=(2, 1)),),
        devices=(
            DevicePoint(SHELF_GREASE, 0, sensor=SENSOR_WEIGH, gateway=0, leak_every=day_long, inspection=day_long),
            DevicePoint(SHELF_FILTER, 0, sensor=SENSOR_SCAN, gateway=0),
            DevicePoint(VENDING_GLOVES, 0, device=DEVICE_VENDING, sensor=SENSOR_VEND, loan=day_long),
        ),
        gateways=(Gateway("edge", 0),),
        calendars=(int64(np.column_stack((day + 6 * HOUR_MS, day + 22 * HOUR_MS))),),
        rules=(SimpleNamespace(kind="leak"), SimpleNamespace(kind="low_level")),
    )


Usage = tuple[int, int, int, int, int, int, int, int, int]
Report = tuple[int, int, int, int, int, int]
Stop = tuple[int, int, int, int, int, int, int]
Alarm = tuple[int, int, int, int, int]


@dataclass
class HandPlant(HandRecords):
    """What happened in the plant; closing levels and what devices believe follow, unless `spoil` changes them."""

    network: Network = field(default_factory=plant_network)
    opening_on_hand: Sequence[int] = (50, 10, 20, 100, 0, 100, 0, 0, 0)
    usage: Sequence[Usage] = ()
    reports: Sequence[Report] | None = None  # None: at each device one that fits, and one of all that was short
    stops: Sequence[Stop] = ()
    alarms: Sequence[Alarm] = ()
    count: dict[tuple[int, int], int] = field(default_factory=dict)  # (stock point, N_*) -> measured
    gap: dict[tuple[int, int], float] = field(default_factory=dict)  # (stock point, cause or G_*)
    difference: dict[tuple[int, int], int] = field(default_factory=dict)  # (stock point, cause) at the end
    lost_ms: Sequence[int] = (0, 0)  # of the lines
    closing_lots: Sequence[tuple[int, int]] = ()  # lot, quantity; all at SHELF_FILTER, where lot 0 is there at first

    def records(self, folder: Path | None = None, replication: int = 0) -> Records:
        recorder = Recorder(self.network, 1, replication, folder)
        self._append(recorder)
        for name, rows in (("usage", self.usage), ("stops", self.stops), ("alarms", self.alarms)):
            for row in rows:
                recorder.plant_tables[name].append(*row)
            recorder.plant_tables[name].flush()
        summary = self._with_plant(self._summary(recorder), recorder)
        for report in self.reports_that_fit(summary, recorder) if self.reports is None else self.reports:
            recorder.plant_tables["reports"].append(*report)
        return recorder.finish(summary)

    def reports_that_fit(self, summary: Summary, recorder: Recorder) -> list[Report]:
        """At the horizon, for every device: what changed its record, told at once, and what lines did not get."""
        rows: list[Report] = []
        assert recorder.plant_sums is not None
        booked = recorder.sums[:, r.SUM_UNITS_RECEIVED] - recorder.sums[:, r.SUM_UNITS_DISPATCHED]
        booked = booked - recorder.plant_sums.usage[:, [c.U_EXPIRED, c.U_REJECTED]].sum(axis=1)
        fallen = summary.opening.state[:, c.S_RECORDED] - summary.closing.state[:, c.S_RECORDED] + booked
        whole = summary.total + summary.warm_up_total
        short = whole[:, c.T_DEMAND_UNITS] - whole[:, c.T_UNITS_AT_ONCE]
        for point in np.flatnonzero(self.network.parameter[:, c.P_FLAGS] & c.SP_DEVICE).tolist():
            for kind, units in ((c.R_TOLD, int(fallen[point])), (c.R_SHORT, int(short[point]))):
                rows += [(HORIZON_MS - 1, HORIZON_MS - 1, point, units, kind, -1)] if units else []
        return rows

    def _with_plant(self, summary: Summary, recorder: Recorder) -> Summary:
        sums, network = recorder.plant_sums, self.network
        assert sums is not None
        assert network.plant_plan is not None
        points = network.stock_points
        count, gap = np.zeros((points, c.COUNT_COLUMNS), np.int64), np.zeros((points, c.GAP_COLUMNS))
        difference = np.zeros((points, c.CAUSES), np.int64)
        for array, values in ((count, self.count), (gap, self.gap), (difference, self.difference)):
            for place, value in values.items():
                array[place] = value
        opening, closing = summary.opening.state, summary.closing.state
        closing[:, c.S_ON_HAND] += sums.back_less_left()
        for levels, gaps in ((opening, 0), (closing, difference.sum(axis=1))):
            levels[:, c.S_RECORDED] = levels[:, c.S_ON_HAND] + gaps
        for place, more in self.spoil.items():
            closing[place] += more if place[1] == c.S_RECORDED else 0
        working = WorkingTime(network.plant_plan).between(
            int64([0, 1]), int64([WARM_UP_MS] * 2), int64([HORIZON_MS] * 2)
        )
        back = sums.usage[:, [c.U_LOAN_BACK, c.U_LOAN_LOST, c.U_LOAN_WORN]].sum(axis=1)
        plant = PlantSums(
            count=count,
            gap=gap,
            difference=difference,
            opening_difference=np.zeros_like(difference),
            on_loan=sums.usage[:, c.U_LOAN] - back,
            opening_on_loan=np.zeros(points, np.int64),
            lines=np.column_stack((working, int64(self.lost_ms))),
        )
        first = replace(summary.opening, **_layers([(0, self.opening_on_hand[SHELF_FILTER])]))
        last = replace(summary.closing, **_layers(self.closing_lots or [(0, int(closing[SHELF_FILTER, c.S_ON_HAND]))]))
        return replace(summary, opening=first, closing=last, plant=plant)


def _layers(lots: Sequence[tuple[int, int]]) -> dict[str, np.ndarray]:
    return {
        "layer_stock_point": np.full(len(lots), SHELF_FILTER, np.int32),
        "layer_lot": int64([lot for lot, _ in lots]),
        "layer_quantity": int64([quantity for _, quantity in lots]),
    }


def plant_week() -> HandPlant:
    """A bit of everything; the figures are worked out in the tests that use it."""
    hour, day = HOUR_MS, DAY_MS
    use = c.U_PERSON, c.U_MACHINE, c.U_QUEUE
    return HandPlant(
        usage=[
            (1 * day, SHELF_GREASE, -1, 6, use[1], 2, LATHE, 0, 0),  # in the warm-up
            (3 * day, SHELF_GREASE, -1, 8, use[1], 2, LATHE, 1, 1),
            (4 * day, SHELF_FILTER, 0, 3, use[1], 2, MILL, 1, 2),
            (4 * day + hour, SHELF_FILTER, 0, 1, c.U_WRONG, 0, MILL, 1, 3),
            (5 * day, SHELF_FILTER, 0, 2, c.U_EXPIRED, -1, -1, -1, -1),
            (5 * day, VENDING_GLOVES, -1, 4, use[0], 0, LATHE, 1, 4),
            (5 * day + hour, VENDING_GLOVES, -1, 1, c.U_PUT_BACK, 0, LATHE, 1, 4),
            (6 * day, VENDING_GLOVES, -1, 2, use[2], 1, PRESS, 1, 5),
            (6 * day, VENDING_GLOVES, -1, 3, c.U_LOAN, 1, PRESS, 1, 6),
            (7 * day, VENDING_GLOVES, -1, 1, c.U_LOAN_BACK, 1, PRESS, 1, 6),
            (7 * day, VENDING_GLOVES, -1, 1, c.U_LOAN_LOST, 1, PRESS, 1, 6),
            (8 * day, SHELF_GREASE, -1, 5, c.U_LEAK, -1, -1, -1, -1),
            (8 * day, SHELF_GREASE, -1, 2, c.U_REJECTED, -1, -1, -1, 0),
        ],
        stops=[
            # the lathe's spans the night; the mill's begins during it and goes on for two hours of working time
            (LATHE, c.STOP_MISSING, GREASE, 3 * day + 20 * hour, 4 * day + 8 * hour, 4 * hour, 1),
            (MILL, c.STOP_OTHER, -1, 4 * day + 7 * hour, 4 * day + 10 * hour, 2 * hour, 0),
            (PRESS, c.STOP_LATE, FILTER, 1 * day + 21 * hour, 2 * day + 7 * hour, 2 * hour, 0),  # from the warm-up
            (LATHE, c.STOP_WRONG_ITEM, -1, 6 * day + 10 * hour, 6 * day + 11 * hour, hour, 0),
            (PRESS, c.STOP_MISSING, FILTER, 9 * day + 20 * hour, -1, 2 * hour, 0),
        ],
        alarms=[
            (LEAK_RULE, SHELF_GREASE, 8 * day + 6 * hour, 8 * day, 0),
            (LEAK_RULE, SHELF_GREASE, 4 * day, -1, 1),
            (LEAK_RULE, SHELF_FILTER, 1 * day, -1, 1),  # in the warm-up
            (LOW_RULE, SHELF_FILTER, 5 * day, 5 * day + hour, 0),  # told before it was true
            (LOW_RULE, VENDING_GLOVES, -1, 6 * day, 2),
        ],
        lost_ms=(7 * hour, 3 * hour),
        total={
            (SHELF_GREASE, c.T_DEMAND_LINES): 2,
            (SHELF_GREASE, c.T_DEMAND_UNITS): 12,
            (SHELF_GREASE, c.T_UNITS_ISSUED): 8,
            (SHELF_FILTER, c.T_DEMAND_LINES): 2,
            (SHELF_FILTER, c.T_DEMAND_UNITS): 4,
            (SHELF_FILTER, c.T_UNITS_ISSUED): 3,
            (SHELF_FILTER, c.T_UNITS_LOST): 1,
            (VENDING_GLOVES, c.T_DEMAND_LINES): 3,
            (VENDING_GLOVES, c.T_DEMAND_UNITS): 9,
            (VENDING_GLOVES, c.T_UNITS_ISSUED): 9,
        },
        warm_up_total={(SHELF_GREASE, c.T_DEMAND_UNITS): 6, (SHELF_GREASE, c.T_UNITS_ISSUED): 6},
        area={
            (SHELF_GREASE, c.A_ON_HAND): 40.0 * 8 * day,
            (SHELF_GREASE, c.A_READY): 8.0 * day,
            (SHELF_FILTER, c.A_ON_HAND): 5.0 * 8 * day,
            (SHELF_FILTER, c.A_READY): 6.0 * day,
            (VENDING_GLOVES, c.A_READY): 2.0 * day,
        },
        count={
            (SHELF_GREASE, c.N_COUNTED): 3,
            (SHELF_GREASE, c.N_COUNTED_RIGHT): 2,
            (SHELF_GREASE, c.N_CORRECTED): 4,
            (SHELF_FILTER, c.N_COUNTED): 1,
            (SHELF_FILTER, c.N_COUNTED_RIGHT): 1,
            (SHELF_GREASE, c.N_MESSAGES): 5,
            (SHELF_GREASE, c.N_DELIVERED): 3,
            (SHELF_GREASE, c.N_LOST): 1,
            (SHELF_GREASE, c.N_DELAY_MS): 6 * hour,
            (SHELF_GREASE, c.N_LEAKED): 5,
            (SHELF_GREASE, c.N_REJECTED): 2,
            (SHELF_GREASE, c.N_MACHINE_LINES): 2,
            (SHELF_GREASE, c.N_SHORT): 1,
            (SHELF_GREASE, c.N_SHORT_BY_RECORD): 1,
            (SHELF_GREASE, c.N_ELSEWHERE): 1,
            (SHELF_FILTER, c.N_MACHINE_LINES): 1,
            (SHELF_FILTER, c.N_MISSED_SCANS): 2,
            (SHELF_FILTER, c.N_WRONG): 1,
            (SHELF_FILTER, c.N_EXPIRED): 2,
            (SHELF_FILTER, c.N_EXPIRED_ISSUED): 1,
            (VENDING_GLOVES, c.N_PERSON_LINES): 3,
            (VENDING_GLOVES, c.N_REFUSED): 1,
            (VENDING_GLOVES, c.N_TURNS): 10,
            (VENDING_GLOVES, c.N_JAMS): 1,
            (VENDING_GLOVES, c.N_FAILED_VENDS): 2,
            (VENDING_GLOVES, c.N_SHORT): 1,
            (VENDING_GLOVES, c.N_SHORT_BY_DEVICE): 1,
            (VENDING_GLOVES, c.N_PUT_BACK): 1,
            (VENDING_GLOVES, c.N_LOANS): 3,
            (VENDING_GLOVES, c.N_LOANS_BACK): 1,
            (VENDING_GLOVES, c.N_LOANS_LOST): 1,
        },
        gap={
            (SHELF_GREASE, c.D_NOISE): 2.0 * 8 * day,
            (SHELF_GREASE, c.D_DRIFT): 1.0 * 8 * day,
            (SHELF_GREASE, c.G_UNITS): 2.5 * 8 * day,
            (SHELF_GREASE, c.G_WRONG_MS): 4.0 * day,
            (SHELF_FILTER, c.D_MISSED_SCAN): 1.0 * 4 * day,
            (SHELF_FILTER, c.G_UNITS): 1.0 * 4 * day,
            (SHELF_FILTER, c.G_WRONG_MS): 4.0 * day,
        },
        difference={(SHELF_GREASE, c.D_NOISE): -2, (SHELF_GREASE, c.D_DRIFT): 1, (SHELF_FILTER, c.D_MISSED_SCAN): 1},
    )
