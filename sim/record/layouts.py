"""The tables of a replication: name, type, unit and meaning of every column, in one place.

The columns' encodings were measured on 7.2 million orders: statistics and dictionaries cost more than the writing;
columns that hardly change are free with lz4, and the bytes of slowly rising ones compress once they are split.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column of a table: numpy type, unit and what it says."""

    name: str
    dtype: type[np.generic]
    unit: str
    meaning: str
    compression: str = "none"
    split_bytes: bool = False

    @property
    def numpy(self) -> np.dtype[np.generic]:
        return np.dtype(self.dtype)


@dataclass(frozen=True)
class TableLayout:
    """A table of the run directory."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema: no column may be empty, units and meanings travel along as metadata."""
        return pa.schema(
            [
                pa.field(
                    column.name,
                    pa.from_numpy_dtype(column.numpy),
                    nullable=False,
                    metadata={"unit": column.unit, "meaning": column.meaning},
                )
                for column in self.columns
            ],
            metadata={"meaning": self.meaning},
        )


def _rising(name: str, unit: str, meaning: str) -> Column:
    return Column(name, np.int64, unit, meaning, "lz4", split_bytes=True)


def _row(name: str, meaning: str) -> Column:
    return Column(name, np.int32, "row", meaning)


def _repeating(name: str, dtype: type[np.generic], unit: str, meaning: str) -> Column:
    return Column(name, dtype, unit, meaning, "lz4")


ORDERS = TableLayout(
    "orders",
    "Replenishment orders, one row each; the row number is the order's number.",
    (
        _rising("time_ms", "ms", "placed at, since the scenario's start; -1: opening order, placed before the start"),
        _row("stock_point", "stock point that ordered"),
        _row("source", "stock point that it ordered from"),
        _repeating("quantity", np.int64, "item units", "units ordered"),
        _repeating("unit_cost_milli", np.int64, "1/1000 minor unit", "purchase cost per unit; 0 inside the network"),
        _repeating("kind", np.int8, "code", "why it was placed: see sim.columns.ORDER_KINDS"),
    ),
)
SHIPMENTS = TableLayout(
    "shipments",
    "What orders were given: one row per quantity that left a source for a stock point, in the order of receipt.",
    (
        _rising("order", "row", "number of the order"),
        _row("stock_point", "destination"),
        _row("source", "stock point that gave it"),
        _repeating("quantity", np.int64, "item units", "units"),
        _rising("dispatched_ms", "ms", "left the source's stock at; -1: before the start"),
        _rising("received_ms", "ms", "received at; -1: still under way at the end"),
        _repeating(
            "trip",
            np.int32,
            "trip",
            "truck trip that carried it; -1: parcel, or not loaded yet; given without having queued: -2 transfer, "
            "-3 emergency, -4 preventive, -5 rebalancing",
        ),
        _repeating("unit_cost_milli", np.int64, "1/1000 minor unit", "purchase cost per unit; 0 inside the network"),
    ),
)
TRANSFERS = TableLayout(
    "transfers",
    "Lot-tracked goods received from another node of the network, one row per lot.",
    (
        _row("from_point", "stock point that gave it"),
        _row("to_point", "stock point that received it"),
        _rising("lot", "lot", "the lot, see table lots"),
        _repeating("quantity", np.int64, "item units", "units"),
        _rising("received_ms", "ms", "received at"),
    ),
)
TRIPS = TableLayout(
    "trips",
    "Truck trips, one row each.",
    (
        Column("trip", np.int32, "trip", "number of the trip, in order of departure"),
        Column("route", np.int32, "row", "route"),
        Column("vehicle", np.int32, "vehicle", "number of the vehicle on its route"),
        _rising("departed_ms", "ms", "left the base at"),
        _rising("returned_ms", "ms", "back at the base at; -1: still on its way at the end"),
        Column("lines", np.int32, "lines", "lines loaded at departure"),
        Column("volume_ml", np.int64, "ml", "volume loaded at departure", "lz4"),
        Column("weight_g", np.int64, "g", "weight loaded at departure", "lz4"),
        Column("distance_m", np.int64, "m", "distance driven; only whole legs while under way", "lz4"),
        Column("driving_ms", np.int64, "ms", "driving time without stops, rests and repairs", "lz4"),
    ),
)
LOTS = TableLayout(
    "lots",
    "Lots of lot-tracked items as they came in from outside (or stood there at the start).",
    (
        _rising("lot", "lot", "number of the lot"),
        _row("stock_point", "where it came in first"),
        _rising("supplier_order", "row", "order that brought it, -1: opening stock"),
        _rising("received_ms", "ms", "came into the network at; negative for opening stock"),
        _rising("expires_ms", "ms", "shelf life ends at, -1: none"),
        _repeating("unit_cost_milli", np.int64, "1/1000 minor unit", "purchase cost per unit"),
        _repeating("quantity", np.int64, "item units", "units that came in"),
    ),
)
EVENTS = TableLayout(
    "events",
    "Everything that happened, in order (only with --events).",
    (
        _rising("time_ms", "ms", "since the scenario's start"),
        Column("phase", np.int8, "phase", "phase of the instant, see docs/rules.md", "lz4"),
        Column("node", np.int32, "row", "node", "lz4"),
        Column("item", np.int32, "row", "item, -1 for what concerns no single item", "lz4"),
        Column("event", np.int8, "code", "what: see sim.columns.EVENT_NAMES", "lz4"),
        _repeating("quantity", np.int64, "item units", "units (lines for truck events)"),
        _rising("reference", "row", "line, order or trip number"),
    ),
)
FORECASTS = TableLayout(
    "forecasts",
    "How well demand was forecast, one row per series (only where something is forecast). Bias and MASE are of whole "
    "buckets after the warm-up.",
    (
        _row("stock_point", "whose demand; -1: of a pool"),
        _row("pool", "row of table stock_pools; -1: of a stock point"),
        Column("class", np.int8, "code", "0 smooth, 1 erratic, 2 intermittent, 3 lumpy; -1: no demand at all", "lz4"),
        Column("method", np.int8, "code", "in use at the end: 0 ses, 1 croston, 2 sba, 3 tsb", "lz4"),
        Column("buckets", np.int32, "buckets", "buckets observed", "lz4"),
        Column("measured_buckets", np.int32, "buckets", "of them, those compared with their forecast", "lz4"),
        Column("mean_demand", np.float64, "item units", "mean demand per measured bucket; 0 without any", "lz4"),
        Column("mean_forecast", np.float64, "item units", "mean forecast per measured bucket; 0 without any", "lz4"),
        Column("bias", np.float64, "item units", "mean of forecast - demand", "lz4"),
        Column("mae", np.float64, "item units", "mean of |forecast - demand|", "lz4"),
        Column("mase", np.float64, "ratio", "that over the mean of |demand - last demand|; -1: which is 0", "lz4"),
        Column("deviation", np.float64, "item units", "standard deviation of the forecast errors, at the end", "lz4"),
        Column("forecast", np.float64, "item units", "demand forecast per bucket, at the end", "lz4"),
    ),
)
FORECAST_BUCKETS = TableLayout(
    "forecast_buckets",
    "Demand against forecast, added up over the stock points of a group, bucket by bucket.",
    (
        _rising("time_ms", "ms", "end of the bucket"),
        Column("bucket_ms", np.int64, "ms", "length of the bucket", "lz4"),
        _row("node", "node"),
        Column("class", np.int8, "code", "ABC class: 0 A, 1 B, 2 C", "lz4"),
        Column("demand", np.float64, "item units", "units asked for", "lz4"),
        Column("forecast", np.float64, "item units", "units forecast", "lz4"),
        Column("demand_value", np.float64, "minor units", "the same at purchase cost", "lz4"),
        Column("forecast_value", np.float64, "minor units", "the same at purchase cost", "lz4"),
    ),
)
POOLED_STOCK = TableLayout(
    "pooled_stock",
    "Pooled safety stock, one row per pool and recomputation (the first: at the start).",
    (
        _rising("time_ms", "ms", "worked out at"),
        _row("pool", "row of table stock_pools"),
        Column("members", np.int32, "stock points", "whose demand is pooled", "lz4"),
        Column("safety_stock", np.float64, "item units", "of the pool", "lz4"),
        Column(
            "alone", np.float64, "item units", "what the members would hold, each for itself, over the same time", "lz4"
        ),
        Column("square_root_law", np.float64, "item units", "alone / sqrt(members)", "lz4"),
        Column("deviation", np.float64, "item units", "standard deviation of a bucket's pooled demand", "lz4"),
        Column("deviations", np.float64, "item units", "standard deviations of the members' demands, added up", "lz4"),
    ),
)
USAGE = TableLayout(
    "usage",
    "What left or came back to the shelf at a device, and what was issued where a contract covers the stock, one row "
    "per event and lot: the usage log (only with devices or contracts).",
    (
        _rising("time_ms", "ms", "when"),
        _row("stock_point", "where"),
        _rising("lot", "lot", "the lot, see table lots; -1: not tracked"),
        _repeating("quantity", np.int64, "item units", "units, positive"),
        _repeating("kind", np.int8, "code", "see sim.columns.USAGE_KINDS"),
        _repeating("person", np.int32, "row", "who took it, see table persons; -1: nobody"),
        _repeating("machine", np.int32, "row", "what for, see table machines; -1: none"),
        _repeating("work_order", np.int32, "number", "of the machine's line; -1: none"),
        _rising("reference", "row", "number of the line; of expired units -1, of rejected ones the order"),
    ),
)
REPORTS = TableLayout(
    "reports",
    "What the platform learnt of use, one row each time: what is billed (only with devices or contracts).",
    (
        _rising("time_ms", "ms", "when its record changed"),
        _rising("taken_ms", "ms", "when the device says that it happened, by its gateway's clock"),
        _row("stock_point", "where"),
        _repeating("quantity", np.int64, "item units", "units used by the record; below 0: they came back"),
        _repeating("kind", np.int8, "code", "see sim.columns.REPORT_KINDS"),
        _rising("reference", "row", "number of the message, or of the line that was served or short; -1: none"),
    ),
)
STOPS = TableLayout(
    "stops",
    "Stops of machines, one row each, in the order in which they end (only with plants).",
    (
        _row("machine", "the machine, see table machines"),
        _repeating("cause", np.int8, "code", "see sim.columns.STOP_CAUSES"),
        _repeating("item", np.int32, "row", "the missing or overdue item; -1: none"),
        _rising("start_ms", "ms", "stopped at"),
        _rising("end_ms", "ms", "could run again at; -1: still stopped at the end"),
        _rising("lost_ms", "ms", "working time of its line put down to it"),
        _repeating(
            "by_record", np.int8, "code", "1: for want of an item that the record alone kept from being ordered"
        ),
    ),
)
ALARMS = TableLayout(
    "alarms",
    "What the detection rules said, and what was true: a row per alarm, and per truth that no alarm told.",
    (
        _row("rule", "row of table rules"),
        _row("stock_point", "where"),
        _rising("alarm_ms", "ms", "raised at; -1: missed"),
        _rising("truth_ms", "ms", "true since; -1: false alarm"),
        _repeating("outcome", np.int8, "code", "0 hit, 1 false alarm, 2 miss"),
    ),
)
USAGE_TABLES = (USAGE, REPORTS)
"""Of networks with devices or contracts, see `Network.keeps_usage`."""

PLANT_TABLES = (*USAGE_TABLES, STOPS, ALARMS)
FORECAST_TABLES = (FORECASTS, FORECAST_BUCKETS, POOLED_STOCK)
TABLES: dict[str, TableLayout] = {
    layout.name: layout
    for layout in (ORDERS, SHIPMENTS, TRANSFERS, TRIPS, LOTS, EVENTS, *PLANT_TABLES, *FORECAST_TABLES)
}
