"""The steps of a replenishment order, and how long each usually takes on its lane.

An order waits for stock at its source, its goods wait at the dock for a truck, and then they are under way. Usual is
the median over the other shipments of the same lane and service in the run, which a few disasters do not move.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.explain.run_files import RunFiles
from sim.explain.tables import BEFORE_START, UNDER_WAY, Order, Shipment, Tables
from sim.network import Int64Array

_FEWEST: Final = 3
"""Other shipments of the lane from which on their median says what is usual."""


@dataclass(frozen=True)
class Steps:
    """How long an order spent where, in ms; at an unfinished step until the end of the run.

    Attributes:
        source_ms: waiting at the source for stock.
        dock_ms: staged, waiting for a truck (0 for parcels).
        transit_ms: under way; from a supplier with the time until it was released.
    """

    source_ms: int
    dock_ms: int
    transit_ms: int

    @property
    def total_ms(self) -> int:
        return self.source_ms + self.dock_ms + self.transit_ms


@dataclass(frozen=True)
class OrderHistory:
    """An order with the shipment that matters, and what is usual on its lane (None: too few to say)."""

    order: Order
    shipment: Shipment | None
    steps: Steps
    usual: Steps | None
    compared: int

    @property
    def received_ms(self) -> int | None:
        """When the goods came; None when they had not by the end of the run."""
        if self.shipment is None or self.shipment.received_ms == UNDER_WAY:
            return None
        return self.shipment.received_ms


class OrderSteps:
    """Works out the steps of orders in one replication."""

    def __init__(self, run: RunFiles, tables: Tables) -> None:
        self._run = run
        self._tables = tables
        self._end_ms = run.manifest.horizon_ms
        self._rows: dict[tuple[int, int, int], Int64Array] = {}
        trips = tables.shipments["trip"]
        numbers = np.array(list(tables.trips), dtype=np.int64)
        times = np.array([trip["departed_ms"] for trip in tables.trips.values()], dtype=np.int64)
        order = np.argsort(numbers)
        place = np.searchsorted(numbers[order], trips[trips >= 0])
        self._departed: Int64Array = np.full(len(trips), UNDER_WAY, dtype=np.int64)
        self._departed[trips >= 0] = times[order][place]

    def history(self, order: Order, received_ms: int | None) -> OrderHistory:
        """The steps of an order up to the shipment received at `received_ms`, or its last one."""
        shipments = self._tables.shipments_of(order.number)
        wanted = [one for one in shipments if one.received_ms == received_ms] or shipments
        shipment = wanted[-1] if wanted else None
        usual, compared = self._usual(order)
        return OrderHistory(order, shipment, self._steps(order, shipment), usual, compared)

    def departed_ms(self, shipment: Shipment) -> int | None:
        """When the truck with a shipment left; None for parcels and for goods still at the dock."""
        return None if shipment.trip < 0 else self._tables.trips[shipment.trip]["departed_ms"]

    def route_of(self, order: Order) -> int:
        """Row of the route that serves the lane of an order, -1 for parcels (and express)."""
        points, lanes = self._run.stock_points, self._run.lanes
        ends = (points["node"][order.source], points["node"][order.point])
        if order.kind != 0:
            return -1
        for row, (source, to) in enumerate(zip(lanes["from_node"], lanes["to_node"], strict=True)):
            if (source, to) == ends:
                return int(lanes["route"][row])
        return -1

    def _steps(self, order: Order, shipment: Shipment | None) -> Steps:
        placed = max(order.time_ms, self._tables.start_ms)
        if shipment is None:
            return Steps(self._end_ms - placed, 0, 0)
        dispatched = max(shipment.dispatched_ms, self._tables.start_ms)
        received = self._end_ms if shipment.received_ms == UNDER_WAY else shipment.received_ms
        left = dispatched
        if self.route_of(order) >= 0:
            departed = self.departed_ms(shipment)
            left = self._end_ms if departed is None else departed
        return Steps(dispatched - placed, left - dispatched, received - left)

    def _usual(self, order: Order) -> tuple[Steps | None, int]:
        """Medians over the other shipments of the lane, and how many they are."""
        node, s, o = self._run.stock_points["node"], self._tables.shipments, self._tables.orders
        rows = self._lane_rows(int(node[order.source]), int(node[order.point]), order.kind)
        rows = rows[s["order"][rows] != order.number]
        if len(rows) < _FEWEST:
            return None, len(rows)
        placed = o["time_ms"][s["order"][rows] - self._tables.first_order]
        dispatched, departed = s["dispatched_ms"][rows], self._departed[rows]
        left = np.where(departed == UNDER_WAY, dispatched, departed)
        parts = (dispatched - placed, left - dispatched, s["received_ms"][rows] - left)
        return Steps(*(int(np.median(part)) for part in parts)), len(rows)

    def _lane_rows(self, source: int, to: int, kind: int) -> Int64Array:
        """Rows of the shipments that went from one node to another and arrived, for orders of one kind."""
        key = (source, to, kind)
        if key not in self._rows:
            tables, node = self._tables, self._run.stock_points["node"]
            s = tables.shipments
            rows = np.flatnonzero(
                (node[s["stock_point"]] == to)
                & (node[s["source"]] == source)
                & (s["received_ms"] != UNDER_WAY)
                & (s["dispatched_ms"] != BEFORE_START)
                & (s["order"] >= tables.first_order)
            )
            self._rows[key] = rows[tables.orders["kind"][s["order"][rows] - tables.first_order] == kind]
        return self._rows[key]
