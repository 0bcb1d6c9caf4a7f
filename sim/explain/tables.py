"""Orders, shipments and trips of one replication as arrays, and where its records begin."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from sim import columns as c
from sim.errors import RunDirectoryError
from sim.explain.run_files import RunFiles, column, read_table
from sim.network import Int64Array
from sim.record.layouts import TABLES

BEFORE_START: Final = -1
"""Time of an order or a dispatch from before the records begin."""

UNDER_WAY: Final = -1
"""Time of a receipt that has not happened by the end."""


@dataclass(frozen=True)
class Order:
    """A replenishment order; `number` is what events and shipments call it, `kind` one of `sim.columns.ORDER_KINDS`."""

    number: int
    time_ms: int
    point: int
    source: int
    quantity: int
    kind: int

    @property
    def queued(self) -> bool:
        """Whether it waits in its source's queue; gifts of a pool and emergencies do not."""
        return self.kind in (c.ORDER_USUAL, c.ORDER_EXPRESS)


@dataclass(frozen=True)
class Shipment:
    """A quantity of an order on its way: given at the source, perhaps loaded on a trip, received."""

    order: int
    point: int
    source: int
    quantity: int
    dispatched_ms: int
    received_ms: int
    trip: int


class Tables:
    """The tables of one replication that explanations are made of."""

    def __init__(self, run: RunFiles, folder: Path) -> None:
        start = read_table(folder / "start.parquet")
        self.start_ms = int(start["time_ms"][0].as_py())
        self.first_order = int(start["first_order"][0].as_py())
        self._run = run
        self._folder = folder
        self.orders = self._read("orders")
        self.shipments = self._read("shipments")
        self._orders_at: dict[int, list[Order]] = {}

    def _read(self, name: str) -> dict[str, Int64Array]:
        file = self._folder / f"{name}.parquet"
        table = read_table(file)
        missing = [one.name for one in TABLES[name].columns if one.name not in table.column_names]
        if missing:
            raise RunDirectoryError(
                f"{file} has no column {', '.join(missing)}: another version of this program wrote it; run again"
            )
        return {one: column(table, one) for one in table.column_names}

    @cached_property
    def trips(self) -> dict[int, dict[str, int]]:
        """Columns of each trip by its number."""
        rows = read_table(self._folder / "trips.parquet").to_pylist()
        return {row["trip"]: row for row in rows}

    @cached_property
    def closing(self) -> dict[int, dict[str, int]]:
        """Closing levels by stock point; those left out hold, await and owe nothing."""
        table = read_table(self._folder / "stock_points.parquet")
        rows = table.select(["stock_point", "on_hand", "waiting", "on_order"]).to_pylist()
        return {row["stock_point"]: row for row in rows}

    def order(self, number: int) -> Order | None:
        """An order by its number; None for one placed before the state that the run started from."""
        row = number - self.first_order
        if not 0 <= row < len(self.orders["time_ms"]):
            return None
        o = self.orders
        return Order(
            number,
            int(o["time_ms"][row]),
            int(o["stock_point"][row]),
            int(o["source"][row]),
            int(o["quantity"][row]),
            int(o["kind"][row]),
        )

    def orders_of(self, point: int) -> list[Order]:
        """All orders that a stock point placed, in order."""
        if point not in self._orders_at:
            rows = np.flatnonzero(self.orders["stock_point"] == point)
            found = [self.order(int(row) + self.first_order) for row in rows]
            self._orders_at[point] = [one for one in found if one is not None]
        return self._orders_at[point]

    @cached_property
    def _shipment_rows(self) -> tuple[Int64Array, Int64Array]:
        order = np.argsort(self.shipments["order"], kind="stable")
        return order, self.shipments["order"][order]

    def shipments_of(self, number: int) -> list[Shipment]:
        """The shipments of an order, by their dispatch."""
        rows, numbers = self._shipment_rows
        first, last = np.searchsorted(numbers, [number, number + 1])
        found = [self._shipment(int(row)) for row in rows[first:last]]
        return sorted(found, key=lambda one: (one.dispatched_ms, one.received_ms))

    def _shipment(self, row: int) -> Shipment:
        s = self.shipments
        return Shipment(
            int(s["order"][row]),
            int(s["stock_point"][row]),
            int(s["source"][row]),
            int(s["quantity"][row]),
            int(s["dispatched_ms"][row]),
            int(s["received_ms"][row]),
            int(s["trip"][row]),
        )
