"""What one replication leaves behind: tables of what happened, and arrays of levels, totals and time integrals.

The engine appends rows of plain typed columns (`ColumnBuffer`) and flushes a buffer when it is full; a flushed chunk
is summed per stock point (so that conservation and costs are worked out from the rows themselves, not from the
engine's own totals) and then goes to a Parquet file or stays in memory. At the end the engine hands over its arrays,
and `Recorder.finish` returns the `Records` of the replication.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim.jit_tables import aligned_zeros
from sim.network import Float64Array, Int32Array, Int64Array, Network
from sim.record.alternative_sums import AlternativeSums
from sim.record.column_buffer import ColumnBuffer, MemorySink, ParquetSink, Sink
from sim.record.layouts import (
    ALARMS,
    EVENTS,
    FORECAST_TABLES,
    LOTS,
    ORDERS,
    REPORTS,
    SHIPMENTS,
    STOPS,
    TABLES,
    TRANSFERS,
    TRIPS,
    USAGE,
    TableLayout,
)
from sim.record.plant_sums import PlantTableSums
from sim.record.pool_sums import PoolSums
from sim.record.sums import (
    SUM_COLUMNS,
    TRIP_SUM_COLUMNS,
    sum_lots,
    sum_orders,
    sum_shipments,
    sum_transfers,
    sum_trips,
)
from sim.record.usage_sums import UsageSums

DAY_MS: Final = 86_400_000
SERIES: Final = ("value_on_hand", "demand_lines", "demand_units", "lines_at_once", "units_at_once")
"""Names of the binned series; `value_on_hand` is a mean in minor units (float64), the others are counts (int64)."""

RESPONSE_HOURS: Final = (8, 24, 48)
"""Within which customers are to have their parts: from the same city, the same region, elsewhere."""


def _wait_edges_ms() -> Int64Array:
    edges = np.rint(np.geomspace(0.1, 10_000.0, 39) * 3_600_000).astype(np.int64)
    for hours in RESPONSE_HOURS:
        promised = hours * 3_600_000
        edges[np.argmin(np.abs(np.log(edges / promised)))] = promised + 1  # who waits exactly that long is in time
    return np.concatenate((np.zeros(1, np.int64), edges))


WAIT_EDGES_MS: Final[Int64Array] = _wait_edges_ms()
"""Lower edges of the 40 bins of waiting times: 0 to 0.1 h, 38 of about equal ratio, the last from 10,000 h.

The response times (RESPONSE_HOURS) are among the edges, so that what was in time can be counted exactly.
"""

AGE_EDGES_DAYS: Final[Int64Array] = np.array([0, 30, 60, 90, 120, 180, 270, 365, 730], dtype=np.int64)
"""Lower edges in days of the 9 bins of the age histogram, the last one open."""


@dataclass(frozen=True)
class Levels:
    """The engine's arrays at one instant, shapes and columns as in `sim.columns`; P stock points.

    Lot layers cover only lot-tracked stock points, oldest (or first to expire) first within a stock point.
    """

    state: Int64Array  # (P, STATE_COLUMNS)
    layer_stock_point: Int32Array
    layer_lot: Int64Array
    layer_quantity: Int64Array
    lots_sent: Int64Array | None = None  # (P,) units of lots that have left here and are under way; None: no such units
    layers_sent: Int64Array | None = None  # (n, 4) those by source, destination, lot, and their units; None as above

    @staticmethod
    def without_lots(state: Int64Array) -> "Levels":
        """Levels of a network in which no lot is tracked (or tracking has not begun)."""
        return Levels(state, np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True)
class Traces:
    """Daily stock on hand (end of day) of the stock points with the most lines not met at once."""

    stock_point: Int64Array  # (k,) at most 20
    on_hand: Int64Array  # (days, k)
    first_day: int = 0  # day of the first row

    @staticmethod
    def empty(days: int) -> "Traces":
        """No stock point is followed."""
        return Traces(np.empty(0, np.int64), np.empty((days, 0), np.int64))


@dataclass(frozen=True)
class RunStart:
    """Where the records begin: at time 0 with number 0, or where the saved state stood that the run goes on from."""

    time_ms: int = 0
    first_order: int = 0  # row n of the orders table is order `first_order` + n
    first_line: int = 0
    first_trip: int = 0
    first_lot: int = 0


@dataclass(frozen=True)
class PlantSums:
    """What the plants hand over at the end of a replication; see docs/plant.md. L lines, over all plants."""

    count: Int64Array  # (P, COUNT_COLUMNS) over [warm_up, horizon)
    gap: Float64Array  # (P, GAP_COLUMNS) over [warm_up, horizon)
    difference: Int64Array  # (P, CAUSES) at the horizon
    opening_difference: Int64Array  # (P, CAUSES) at the start of the records
    on_loan: Int64Array  # (P,) units lent at the horizon
    opening_on_loan: Int64Array  # (P,)
    lines: Int64Array  # (L, 2) working time and time lost in stops over [warm_up, horizon), ms


FORECAST_DEMAND: Final = 0  # columns of `Summary.forecast`: units asked for
FORECAST_ERROR: Final = 1  # units forecast - units asked for
FORECAST_MASE: Final = 2
FORECAST_MASE_KNOWN: Final = 3  # 1 where there is a MASE
FORECAST_SUMS: Final = 4


@dataclass(frozen=True)
class Summary:
    """What the engine hands over at the end of a replication. G groups (node x ABC class), N nodes, D days."""

    opening: Levels
    closing: Levels  # after the statistics of every stock point were settled up to the horizon
    total: Int64Array  # (P, TOTAL_COLUMNS) over [warm_up, horizon)
    warm_up_total: Int64Array  # (P, TOTAL_COLUMNS) over [0, warm_up); added to `total` it is the whole replication
    area: Float64Array  # (P, AREA_COLUMNS) over [warm_up, horizon)
    series: Mapping[str, npt.NDArray[np.generic]]  # name of SERIES -> (D, G), from time 0
    wait_histogram: Int64Array  # (G, 40) lines served after waiting, by WAIT_EDGES_MS, over [warm_up, horizon)
    age_histogram: Float64Array  # (G, 9) minor units of closing lot-tracked stock by AGE_EDGES_DAYS
    jobs: Int64Array  # (N, 2) customer jobs, and jobs with every line met in full at once, over [warm_up, horizon)
    traces: Traces
    start: RunStart = RunStart()
    forecast: Float64Array | None = None  # (P, FORECAST_SUMS) sums over measured buckets; None: nothing was forecast
    plant: PlantSums | None = None  # None: no plant, no device


@dataclass(frozen=True)
class Records:
    """Everything that one replication recorded."""

    network: Network
    seed: int
    replication: int
    summary: Summary
    sums: Int64Array  # (P, SUM_COLUMNS): rows of orders, shipments, ... per stock point, see sim.record.sums
    trip_sums: Float64Array  # (routes, TRIP_SUM_COLUMNS): rows of trips per route
    folder: Path | None  # where the tables are, None: in memory
    memory: Mapping[str, pa.Table] = field(default_factory=dict)
    pool_sums: PoolSums | None = None  # what pools moved; None: no pools
    alternative_sums: AlternativeSums | None = None  # by source, where there are several; None: nowhere
    usage_sums: UsageSums | None = None  # usage and reports; None: no devices and no contracts

    @property
    def plant_sums(self) -> PlantTableSums | None:
        """Usage, reports, stops and alarms of plants; None without plants."""
        return self.usage_sums if isinstance(self.usage_sums, PlantTableSums) else None

    def table(self, name: str) -> pa.Table:
        """One of the tables (`orders`, `shipments`, ...), from memory or from its Parquet file.

        KeyError when this replication did not record it (`events` without the option).
        """
        if name in self.memory:
            return self.memory[name]
        path = None if self.folder is None else self.folder / f"{name}.parquet"
        if path is None or not path.is_file():
            raise KeyError(name)
        return pq.ParquetFile(path).read()


class Recorder:
    """Takes in what happens during one replication.

    Args:
        network: the network that is simulated.
        seed, replication: what the replication's random streams are keyed by.
        folder: existing folder for the Parquet tables, None to keep them in memory.
        events: also keep the event log (`events` table), every demand line and movement.
        capacity: rows per chunk.
        start_ms: the instant from which on things are recorded: 0, or the instant of the saved state (of which
            nothing has happened yet) that the run goes on from. Orders and dispatches before it count as opening.
    """

    orders: ColumnBuffer
    shipments: ColumnBuffer
    transfers: ColumnBuffer
    trips: ColumnBuffer
    lots: ColumnBuffer
    events: ColumnBuffer | None

    def __init__(
        self,
        network: Network,
        seed: int,
        replication: int,
        folder: Path | None = None,
        events: bool = False,
        capacity: int = 1 << 17,
        start_ms: int = 0,
    ) -> None:
        self.start_ms = start_ms
        self.network = network
        self.seed = seed
        self.replication = replication
        self.folder = folder
        self.sums: Int64Array = aligned_zeros((network.stock_points, SUM_COLUMNS), np.int64)
        self.trip_sums: Float64Array = np.zeros((len(network.routes), TRIP_SUM_COLUMNS))
        self.pool_sums = PoolSums(network, start_ms) if network.pools else None
        self.alternative_sums = AlternativeSums(network, start_ms) if len(network.alternatives) else None
        self.usage_sums = _usage_sums(network, start_ms)
        self._memory: dict[str, MemorySink] = {}
        self._buffers: list[ColumnBuffer] = []
        self.orders = self._buffer(ORDERS, capacity, self._sum_orders)
        self.shipments = self._buffer(SHIPMENTS, capacity, self._sum_shipments)
        self.transfers = self._buffer(TRANSFERS, capacity, self._sum_transfers)
        self.trips = self._buffer(TRIPS, 1 << 12, self._sum_trips)
        self.lots = self._buffer(LOTS, min(capacity, 1 << 14), self._sum_lots)
        self.events = self._buffer(EVENTS, capacity) if events else None
        self.plant_tables = self._plant_buffers(min(capacity, 1 << 14))
        self.forecast_tables = {one.name: self._buffer(one, 1 << 12) for one in FORECAST_TABLES if network.forecasts}

    def _buffer(
        self,
        layout: TableLayout,
        capacity: int,
        watch: Callable[[tuple[npt.NDArray[np.generic], ...]], None] | None = None,
    ) -> ColumnBuffer:
        sink: Sink
        if self.folder is None:
            sink = self._memory[layout.name] = MemorySink(layout)
        else:
            sink = ParquetSink(layout, self.folder / f"{layout.name}.parquet")
        buffer = ColumnBuffer(layout, capacity, sink, watch)
        self._buffers.append(buffer)
        return buffer

    @property
    def plant_sums(self) -> PlantTableSums | None:
        """Sums of the plant tables; None without plants."""
        return self.usage_sums if isinstance(self.usage_sums, PlantTableSums) else None

    def _plant_buffers(self, capacity: int) -> dict[str, ColumnBuffer]:
        """The tables of usage and of plants by name, as far as the network has them."""
        usage, plant = self.usage_sums, self.plant_sums
        watched = [] if usage is None else [(USAGE, usage.add_usage), (REPORTS, usage.add_reports)]
        watched += [] if plant is None else [(STOPS, plant.stops.add), (ALARMS, plant.add_alarms)]
        return {layout.name: self._buffer(layout, capacity, watch) for layout, watch in watched}

    def _sum_orders(self, columns: tuple[npt.NDArray[np.generic], ...]) -> None:
        sum_orders(columns, self.start_ms, self.network.warm_up_ms, self.sums)
        for special in (self.pool_sums, self.alternative_sums):
            if special is not None:
                special.add_orders(columns)

    def _sum_shipments(self, columns: tuple[npt.NDArray[np.generic], ...]) -> None:
        sum_shipments(columns, self.start_ms, self.network.warm_up_ms, self.network.horizon_ms, self.sums)
        for special in (self.pool_sums, self.alternative_sums):
            if special is not None:
                special.add_shipments(columns)

    def _sum_transfers(self, columns: tuple[npt.NDArray[np.generic], ...]) -> None:
        sum_transfers(columns, self.sums)
        if self.usage_sums is not None:
            self.usage_sums.add_transfers(columns)

    def _sum_lots(self, columns: tuple[npt.NDArray[np.generic], ...]) -> None:
        sum_lots(columns, self.start_ms, self.sums)
        if self.usage_sums is not None:
            self.usage_sums.add_lots(columns)

    def _sum_trips(self, columns: tuple[npt.NDArray[np.generic], ...]) -> None:
        sum_trips(columns, self.network, self.trip_sums)

    def finish(self, summary: Summary) -> Records:
        """Close every table and return the records; OSError when a file cannot be written."""
        for buffer in self._buffers:
            buffer.close()
        memory = {name: sink.table() for name, sink in self._memory.items()}
        return Records(
            self.network,
            self.seed,
            self.replication,
            summary,
            self.sums,
            self.trip_sums,
            self.folder,
            memory,
            self.pool_sums,
            self.alternative_sums,
            self.usage_sums,
        )

    def discard(self) -> None:
        """Remove what was written so far, after a failure."""
        for buffer in self._buffers:
            buffer.discard()


def _usage_sums(network: Network, start_ms: int) -> UsageSums | None:
    if network.plant_plan is not None:
        return PlantTableSums(network, start_ms)
    return UsageSums(network, start_ms) if network.keeps_usage else None


__all__ = ["TABLES", "ColumnBuffer", "Levels", "Recorder", "Records", "Summary", "Traces"]
