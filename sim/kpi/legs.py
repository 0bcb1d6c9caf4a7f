"""Stock points by the lane that serves them, so that what lanes cost is booked on the lane really used."""

from collections.abc import Callable
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import ALTERNATIVE_LANE, Float64Array, Int64Array
from sim.record import sums as r
from sim.record.records import Records


class Legs:
    """A row per stock point, or per source where a stock point has several; `legs(name)` gives a measure by row.

    Attributes:
        lane: (legs,) row in `Network.lanes`, -1 for none.
        sums: (legs, SUM_COLUMNS) what went by it.
    """

    def __init__(self, records: Records, rows: Int64Array | slice) -> None:
        network = self.network = records.network
        parameter = network.parameter[rows]
        self.sums: Int64Array = records.sums[rows]
        self.lane: Int64Array = parameter[:, c.P_LANE]
        self.item: Int64Array = np.ascontiguousarray(parameter[:, c.P_ITEM])
        self._points = len(parameter)
        self._point: Int64Array | None = None  # None: leg k is stock point k
        several = records.alternative_sums
        if several is not None:
            first = parameter[:, c.P_SOURCING]
            single = np.flatnonzero(first < 0)
            owner = _owners(first, len(several.sums))
            self.sums = np.concatenate([self.sums[single], several.sums])
            self.lane = np.concatenate([self.lane[single], network.alternatives[:, ALTERNATIVE_LANE]])
            self._point = np.concatenate([single, owner])
            self.item = self.item[self._point]
        self._cache: dict[str, Float64Array] = {}

    def __call__(self, measure: str) -> Float64Array:
        """A measure of LEG_MEASURES, one value per leg."""
        if measure not in self._cache:
            self._cache[measure] = np.asarray(LEG_MEASURES[measure](self), dtype=np.float64)
        return self._cache[measure]

    def of_points(self, measure: str) -> Float64Array:
        """The same added up per stock point."""
        if self._point is None:
            return self(measure)
        sums = np.bincount(self._point, weights=self(measure), minlength=self._points)
        return np.asarray(sums, dtype=np.float64)

    def at_lane_rate(self, quantity: Float64Array | Int64Array, field: str) -> Float64Array:
        """What a quantity per leg costs at a cost field of its lane, in major units; 0 without a lane."""
        divisor = 10.0**self.network.minor_digits * (1000.0 if field.endswith("_milli") else 1.0)
        rates = np.array([getattr(lane, field) / divisor for lane in self.network.lanes] + [0.0])
        if not rates.any():
            return np.zeros(len(self.lane))
        cost: Float64Array = quantity * rates[self.lane]
        return cost


def _owners(first: Int64Array, alternatives: int) -> Int64Array:
    """The stock point of each row of the table of alternatives, by each stock point's first row there (-1: none)."""
    points = np.flatnonzero(first >= 0)
    points = points[np.argsort(first[points])]
    return points[np.searchsorted(first[points], np.arange(alternatives), side="right") - 1]


Measure = Callable[[Legs], "Float64Array | Int64Array"]


def _summed(column: int) -> Measure:
    return lambda legs: legs.sums[:, column]


def _ordering_money(legs: Legs) -> Float64Array:
    usual = legs.at_lane_rate(legs.sums[:, r.SUM_MEASURED_ORDERS], "cost_per_order")
    return usual + legs.at_lane_rate(legs.sums[:, r.SUM_MEASURED_URGENT], "express_cost_per_order")


def _lane_money(legs: Legs) -> Float64Array:
    kilograms = legs.sums[:, r.SUM_MEASURED_UNITS_SENT] * (legs.network.item_weight_g[legs.item] / 1000.0)
    per_line = legs.at_lane_rate(legs.sums[:, r.SUM_MEASURED_LINES_SENT], "cost_per_line_milli")
    return per_line + legs.at_lane_rate(kilograms, "cost_per_kg_milli")


def _purchase_money(legs: Legs) -> Float64Array:
    return legs.sums[:, r.SUM_MEASURED_PURCHASE_MILLI] / (1000.0 * 10.0**legs.network.minor_digits)


LEG_MEASURES: Final[dict[str, Measure]] = {
    "points": lambda legs: np.ones(len(legs.lane)),
    "orders": _summed(r.SUM_MEASURED_ORDERS),
    "lines_sent": _summed(r.SUM_MEASURED_LINES_SENT),
    "lines_received": _summed(r.SUM_MEASURED_LINES_RECEIVED),
    "transit_ms": _summed(r.SUM_MEASURED_TRANSIT_MS),
    "ordering_money": _ordering_money,
    "lane_money": _lane_money,
    "purchase_money": _purchase_money,
}
