"""The measures that KPIs are made of: one number per stock point, per node or per truck route.

A stock-point measure is a function of the arrays of one replication, restricted to the stock points that count (no
suppliers); see `sim.kpi.kpis` for units. Nothing is worked out before a KPI asks for it.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from sim import columns as c
from sim.kpi.device_measures import DEVICE_MEASURES, DeviceRows
from sim.kpi.legs import LEG_MEASURES, Legs
from sim.kpi.plant_measures import LINE_MEASURES, PlantMeasures
from sim.kpi.pool_measures import POOL_MEASURES, pool_rows, units_moved_at
from sim.network import Float64Array, Int64Array, Network
from sim.record import sums as r
from sim.record.records import (
    FORECAST_DEMAND,
    FORECAST_ERROR,
    FORECAST_MASE,
    FORECAST_MASE_KNOWN,
    RESPONSE_HOURS,
    WAIT_EDGES_MS,
    Records,
)


class StockPointMeasures:
    """The arrays of one replication for its counting stock points (`rows`), with the factors that value them."""

    def __init__(self, records: Records) -> None:
        network = records.network
        self.network = network
        self.rows = counting_rows(network)
        self.parameter: Int64Array = network.parameter[self.rows]
        self.total = records.summary.total[self.rows]
        self.area: Float64Array = records.summary.area[self.rows]
        self.sums = records.sums[self.rows]
        forecast = records.summary.forecast
        self.forecast = None if forecast is None else forecast[self.rows]
        self.legs = Legs(records, self.rows)
        self.pool: Int64Array = pool_rows(records, self.rows)
        self.devices: DeviceRows = DeviceRows(records, self.rows)
        flags = self.parameter[:, c.P_FLAGS]
        self.stocked = (flags & c.SP_STOCKED) != 0
        self.tracked = (flags & c.SP_LOTS) != 0
        self.item = np.ascontiguousarray(self.parameter[:, c.P_ITEM])
        self.natural: Float64Array = network.item_resolution[self.item]
        major = 1000.0 * 10.0**network.minor_digits  # thousandths of a minor unit per major unit
        self.cost: Float64Array = network.item_cost_milli[self.item] / major
        self.price: Float64Array = network.item_price_milli[self.item] / major
        self._cache: dict[str, Float64Array] = {}

    def __call__(self, measure: str) -> Float64Array:
        """The measure, one value per row."""
        if measure not in self._cache:
            self._cache[measure] = np.asarray(STOCK_POINT_MEASURES[measure](self), dtype=np.float64)
        return self._cache[measure]


def counting_rows(network: Network) -> Int64Array | slice:
    """All stock points but the suppliers'; a slice (no copying) when those come last, as they nearly always do."""
    counts = (network.parameter[:, c.P_FLAGS] & c.SP_SUPPLIER) == 0
    number = int(np.count_nonzero(counts))
    return slice(0, number) if counts[:number].all() else np.flatnonzero(counts)


Measure = Callable[[StockPointMeasures], "Float64Array | Int64Array"]


def _total(column: int) -> Measure:
    return lambda m: m.total[:, column]


def _total_units(column: int) -> Measure:
    return lambda m: m.total[:, column] * m.natural


def _used_up(m: StockPointMeasures) -> Int64Array:
    """Units issued for good: what is lent counts only if it does not come back."""
    loans, lost = m.devices.count[:, c.N_LOANS], m.devices.count[:, c.N_LOANS_LOST]
    used: Int64Array = m.total[:, c.T_UNITS_ISSUED] - loans + lost
    return used


def _area_units(column: int) -> Measure:
    return lambda m: m.area[:, column] * m.natural


def _area_money(column: int) -> Measure:
    return lambda m: m.area[:, column] * m.cost


def _of_legs(measure: str) -> Measure:
    return lambda m: m.legs.of_points(measure)


def _summed_units(column: int) -> Measure:
    return lambda m: m.sums[:, column] * m.natural


def _stocked(measure: str) -> Measure:
    return lambda m: m(measure) * m.stocked


def _fully_met(m: StockPointMeasures) -> Int64Array:
    lines = m.total[:, c.T_DEMAND_LINES]
    return np.where((lines > 0) & (lines == m.total[:, c.T_LINES_AT_ONCE]), 1, 0)


def _forecast(m: StockPointMeasures, column: int) -> Float64Array:
    return np.zeros(len(m.item)) if m.forecast is None else m.forecast[:, column]


STOCK_POINT_MEASURES: Final[dict[str, Measure]] = {
    "demand_lines": _total(c.T_DEMAND_LINES),
    "demand_units": _total_units(c.T_DEMAND_UNITS),
    "lines_at_once": _total(c.T_LINES_AT_ONCE),
    "units_at_once": _total_units(c.T_UNITS_AT_ONCE),
    "stocked_demand_lines": _stocked("demand_lines"),
    "stocked_demand_units": _stocked("demand_units"),
    "stocked_lines_at_once": _stocked("lines_at_once"),
    "stocked_units_at_once": _stocked("units_at_once"),
    "skus_demanded": lambda m: (m.total[:, c.T_DEMAND_LINES] > 0).astype(np.int64),
    "skus_fully_met": _fully_met,
    "points": lambda m: np.ones(len(m.item)),
    "stocked_points": lambda m: m.stocked.astype(np.int64),
    "stocked_ready_ms": lambda m: m.area[:, c.A_READY] * m.stocked,
    "units_lost": _total_units(c.T_UNITS_LOST),
    "units_issued": _total_units(c.T_UNITS_ISSUED),
    "units_waited": _total_units(c.T_WAIT_UNITS),
    "wait_unit_ms": _total_units(c.T_WAIT_UNIT_MS),
    "on_hand_unit_ms": _area_units(c.A_ON_HAND),
    "on_order_unit_ms": _area_units(c.A_ON_ORDER),
    "in_transit_unit_ms": _summed_units(r.SUM_MEASURED_IN_TRANSIT_UNIT_MS),
    "backorder_unit_ms": _area_units(c.A_WAITING_CUSTOMERS),
    "stock_money_ms": _area_money(c.A_ON_HAND),
    "tracked_money_ms": lambda m: m.area[:, c.A_ON_HAND] * m.cost * m.tracked,
    "money_ms_over_90d": _area_money(c.A_AGE_OVER_90),
    "money_ms_over_180d": _area_money(c.A_AGE_OVER_180),
    "money_ms_over_365d": _area_money(c.A_AGE_OVER_365),
    "issued_money": lambda m: _used_up(m) * m.cost,
    "sent_on_money": lambda m: m.sums[:, r.SUM_MEASURED_UNITS_SENT_ON] * m.cost,
    "revenue": lambda m: _used_up(m) * m.price,
    **{name: _of_legs(name) for name in LEG_MEASURES if name != "points"},
    **POOL_MEASURES,
    **DEVICE_MEASURES,
    "forecast_demand": lambda m: _forecast(m, FORECAST_DEMAND) * m.natural,
    "forecast_error": lambda m: _forecast(m, FORECAST_ERROR) * m.natural,
    "forecast_mase_sum": lambda m: _forecast(m, FORECAST_MASE),
    "forecast_mase_series": lambda m: _forecast(m, FORECAST_MASE_KNOWN),
}

WITHIN: Final = tuple(f"units_within_{hours}h" for hours in RESPONSE_HOURS)
NODE_MEASURES: Final = frozenset(
    {
        "jobs",
        "jobs_complete",
        "trips",
        "trip_loads",
        "trip_km",
        "truck_money",
        "pool_units_moved",
        "node_units_demanded",
        *WITHIN,
        *LINE_MEASURES,
    }
)
"""Measures of nodes (a truck's are its base's, a line's its plant's); they are 0 in scopes that are no sum of nodes."""


def node_measures(records: Records, plants: PlantMeasures | None = None) -> dict[str, Float64Array]:
    """Every measure of NODE_MEASURES, one value per node."""
    network, jobs = records.network, records.summary.jobs
    measures = {"jobs": jobs[:, 0].astype(np.float64), "jobs_complete": jobs[:, 1].astype(np.float64)}
    if records.pool_sums is not None:
        measures["pool_units_moved"] = units_moved_at(records)
    base = np.array([route.base_node for route in network.routes], dtype=np.int64)
    for name, values in route_measures(records).items():
        measures[name] = np.bincount(base, weights=values, minlength=network.nodes).astype(np.float64)
    if plants is not None:
        at_node = plants.node_of_line
        for name, values in plants.line.items():
            measures[name] = np.bincount(at_node, weights=values, minlength=network.nodes).astype(np.float64)
    return measures | _in_time(records)


def _in_time(records: Records) -> dict[str, Float64Array]:
    """Units that customers asked for, and had at once or within a response time, per node; in integer units."""
    network, total = records.network, records.summary.total
    node = network.parameter[:, c.P_NODE]

    def per_node(column: int) -> Float64Array:
        return np.bincount(node, weights=total[:, column], minlength=network.nodes).astype(np.float64)

    waited = records.summary.wait_histogram.reshape(network.nodes, -1, len(WAIT_EDGES_MS)).sum(axis=1)
    measures = {"node_units_demanded": per_node(c.T_DEMAND_UNITS)}
    at_once = per_node(c.T_UNITS_AT_ONCE)
    for name, hours in zip(WITHIN, RESPONSE_HOURS, strict=True):
        early = np.searchsorted(WAIT_EDGES_MS, hours * 3_600_000, side="right")
        measures[name] = at_once + waited[:, :early].sum(axis=1)
    return measures


def route_measures(records: Records) -> dict[str, Float64Array]:
    """The truck measures, one value per route, of the trips that departed in the measured window."""
    network, sums = records.network, records.trip_sums
    per_trip = np.array([one.cost_per_trip for one in network.routes], dtype=np.float64)
    per_km = np.array([one.cost_per_km_milli for one in network.routes], dtype=np.float64) / 1000.0
    trips, loads, km = (sums[:, column].copy() for column in (r.TRIPS_DEPARTED, r.TRIP_LOADS, r.TRIP_KM))
    money = (trips * per_trip + km * per_km) / 10.0**network.minor_digits
    return {"trips": trips, "trip_loads": loads, "trip_km": km, "truck_money": money}
