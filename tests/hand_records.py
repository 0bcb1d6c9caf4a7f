"""Records written by hand: a small network, its orders and shipments row by row, and closing books that fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sim import columns as c
from sim.network import Lane, Network
from sim.record import sums as r
from sim.record.records import DAY_MS, SERIES, Levels, Recorder, Records, Summary, Traces
from tests.reference_inputs import HOUR_MS, Draft, Item, Point, constant, small_network

STORE, DEPOT, SUPPLIER = 0, 1, 2
STORE_A, STORE_B, DEPOT_A, DEPOT_B, SUPPLIER_A, SUPPLIER_B = range(6)  # stock points
HORIZON_MS = 10 * DAY_MS
WARM_UP_MS = 2 * DAY_MS

Order = tuple[int, int, int, int, int, int]
Shipment = tuple[int, int, int, int, int, int, int, int]
Trip = tuple[int, ...]


def chain_network() -> Network:
    """Supplier -> depot -> store; item 0 (class A) is stocked everywhere, the store orders item 1 (class B) through."""
    draft = Draft(
        kinds=["store", "warehouse", "supplier"],
        lanes=[
            Lane(DEPOT, STORE, constant(HOUR_MS), cost_per_order=50, cost_per_line_milli=2000, cost_per_kg_milli=3000),
            Lane(SUPPLIER, DEPOT, constant(DAY_MS), cost_per_order=700, express_cost_per_order=900),
        ],
        points=[
            Point(STORE, 0, 0, reorder_point=4, order_up_to=10),
            Point(STORE, 1, 0),
            Point(DEPOT, 0, 1, reorder_point=10, order_up_to=30),
            Point(DEPOT, 1, 1, reorder_point=5, order_up_to=20),
        ],
        items=[Item(weight_g=2000), Item(weight_g=500, abc_class=1)],
        horizon_ms=HORIZON_MS,
        warm_up_ms=WARM_UP_MS,
    )
    return replace(small_network(draft), shortage_cost=1000, holding_rate_per_year=0.2)


@dataclass
class HandRecords:
    """What happened, to be turned into `Records`; closing levels follow from the rows unless `spoil` changes them."""

    network: Network = field(default_factory=chain_network)
    opening_on_hand: Sequence[int] = (10, 0, 30, 20, 0, 0)
    orders: Sequence[Order] = ()
    shipments: Sequence[Shipment] = ()
    trips: Sequence[Trip] = ()
    transfers: Sequence[tuple[int, int, int, int, int]] = ()
    total: dict[tuple[int, int], int] = field(default_factory=dict)  # (stock point, T_*) -> measured
    warm_up_total: dict[tuple[int, int], int] = field(default_factory=dict)
    area: dict[tuple[int, int], float] = field(default_factory=dict)
    jobs: dict[int, tuple[int, int]] = field(default_factory=dict)
    spoil: dict[tuple[int, int], int] = field(default_factory=dict)  # (stock point, S_*) -> added to the closing level

    def records(self, folder: Path | None = None, replication: int = 0) -> Records:
        recorder = Recorder(self.network, 1, replication, folder)
        self._append(recorder)
        return recorder.finish(self._summary(recorder))

    def _append(self, recorder: Recorder) -> None:
        for order in self.orders:
            recorder.orders.append(*order)
        for shipment in self.shipments:
            recorder.shipments.append(*shipment)
        for transfer in self.transfers:
            recorder.transfers.append(*transfer)
        for trip in self.trips:
            recorder.trips.append(*trip)
        recorder.orders.flush()
        recorder.shipments.flush()

    def _summary(self, recorder: Recorder) -> Summary:
        points, nodes = self.network.stock_points, self.network.nodes
        total, warm_up_total = (np.zeros((points, c.TOTAL_COLUMNS), np.int64) for _ in range(2))
        area = np.zeros((points, c.AREA_COLUMNS))
        for array, values in ((total, self.total), (warm_up_total, self.warm_up_total), (area, self.area)):
            for place, value in values.items():
                array[place] = value
        opening = np.zeros((points, c.STATE_COLUMNS), np.int64)
        opening[:, c.S_ON_HAND] = self.opening_on_hand
        jobs = np.zeros((nodes, 2), np.int64)
        for node, counts in self.jobs.items():
            jobs[node] = counts
        days = HORIZON_MS // DAY_MS
        return Summary(
            opening=Levels.without_lots(opening),
            closing=Levels.without_lots(self._closing(opening, total + warm_up_total, recorder)),
            total=total,
            warm_up_total=warm_up_total,
            area=area,
            series={name: np.zeros((days, 3 * nodes), np.int64) for name in SERIES},
            wait_histogram=np.zeros((3 * nodes, 40), np.int64),
            age_histogram=np.zeros((3 * nodes, 9)),
            jobs=jobs,
            traces=Traces.empty(days),
        )

    def _closing(self, opening: np.ndarray, whole: np.ndarray, recorder: Recorder) -> np.ndarray:
        sums, closing = recorder.sums, opening.copy()
        issued = whole[:, c.T_UNITS_ISSUED]
        inside = (self.network.parameter[:, c.P_FLAGS] & c.SP_SUPPLIER) == 0
        received, sent = sums[:, r.SUM_UNITS_RECEIVED], sums[:, r.SUM_UNITS_DISPATCHED]
        closing[:, c.S_ON_HAND] += np.where(inside, received - sent - issued, 0)
        closing[:, c.S_IN_TRANSIT] = sums[:, r.SUM_UNITS_UNDER_WAY]
        closing[:, c.S_ON_ORDER] += sums[:, r.SUM_UNITS_ORDERED] - received
        owed = whole[:, c.T_DEMAND_UNITS] - whole[:, c.T_UNITS_LOST] - issued
        closing[:, c.S_CUSTOMERS_WAITING] += owed
        closing[:, c.S_WAITING] += owed + sums[:, r.SUM_UNITS_ORDERED_HERE] - sent
        for order in self.orders:
            closing[order[1], c.S_COMING] += order[3] if order[5] >= c.ORDER_TRANSFER else 0
        for shipment in self.shipments:
            arrived_gift = shipment[5] >= 0 and shipment[6] <= -c.ORDER_TRANSFER
            closing[shipment[1], c.S_COMING] -= shipment[3] if arrived_gift else 0
        for place, more in self.spoil.items():
            closing[place] += more
        return closing


def busy_week() -> HandRecords:
    """A bit of everything; the figures are worked out in the tests that use it."""
    hour, day = HOUR_MS, DAY_MS
    return HandRecords(
        orders=[
            (day, STORE_A, DEPOT_A, 5, 0, 0),  # in the warm-up
            (3 * day, STORE_A, DEPOT_A, 6, 0, 0),
            (4 * day, STORE_B, DEPOT_B, 2, 0, 0),
            (5 * day, DEPOT_A, SUPPLIER_A, 20, 90_000, 0),
            (6 * day, DEPOT_B, SUPPLIER_B, 4, 100_000, 1),
        ],
        shipments=[
            (0, STORE_A, DEPOT_A, 5, day, day + 2 * hour, -1, 0),
            (1, STORE_A, DEPOT_A, 6, 3 * day, 3 * day + 2 * hour, 0, 0),
            (2, STORE_B, DEPOT_B, 2, 4 * day, 4 * day + 4 * hour, 0, 0),
            (3, DEPOT_A, SUPPLIER_A, 20, 5 * day, 6 * day, -1, 90_000),
            (4, DEPOT_B, SUPPLIER_B, 4, 6 * day, -1, -1, 100_000),
        ],
        warm_up_total={
            (STORE_A, c.T_DEMAND_LINES): 2,
            (STORE_A, c.T_DEMAND_UNITS): 5,
            (STORE_A, c.T_UNITS_ISSUED): 5,
        },
        total={
            (STORE_A, c.T_DEMAND_LINES): 4,
            (STORE_A, c.T_DEMAND_UNITS): 8,
            (STORE_A, c.T_LINES_AT_ONCE): 3,
            (STORE_A, c.T_UNITS_AT_ONCE): 7,
            (STORE_A, c.T_UNITS_ISSUED): 7,
            (STORE_A, c.T_UNITS_LOST): 1,
            (STORE_B, c.T_DEMAND_LINES): 1,
            (STORE_B, c.T_DEMAND_UNITS): 2,
            (STORE_B, c.T_UNITS_ISSUED): 2,
            (STORE_B, c.T_WAIT_UNITS): 2,
            (STORE_B, c.T_WAIT_UNIT_MS): 2 * 12 * hour,
        },
        area={
            (STORE_A, c.A_ON_HAND): 8.0 * 8 * day,  # eight days measured
            (STORE_A, c.A_READY): 6.0 * day,
            (DEPOT_A, c.A_ON_HAND): 24.0 * 8 * day,
            (DEPOT_A, c.A_READY): 8.0 * day,
            (DEPOT_B, c.A_ON_HAND): 16.0 * 8 * day,
            (DEPOT_B, c.A_READY): 8.0 * day,
            (STORE_B, c.A_WAITING_CUSTOMERS): 2.0 * 12 * hour,
        },
        jobs={STORE: (4, 3)},
    )
