"""Forecasts and the levels worked out from them, as tables of a saved state and back."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from policies import forecasting as rule
from sim import columns as c
from sim import forecast_plan as fp
from sim.network import Network
from sim.state import layout
from sim.state.kinds import StateTable

if TYPE_CHECKING:
    from sim.engine import Twin
    from sim.forecasting import Forecasting
    from sim.state.read import StateTables

Columns = dict[str, npt.NDArray[Any]]

_FIGURES: Final = {
    "buckets": rule.F_BUCKETS,
    "level": rule.F_LEVEL,
    "size": rule.F_SIZE,
    "interval": rule.F_INTERVAL,
    "since": rule.F_SINCE,
    "probability": rule.F_PROBABILITY,
    "demands": rule.F_DEMANDS,
    "size_sum": rule.F_SIZE_SUM,
    "size_squares": rule.F_SIZE_SQUARES,
    "forecast": rule.F_FORECAST,
    "squared_error": rule.F_SQUARED_ERROR,
    "last": rule.F_LAST,
    "asked": rule.F_ASKED,
    "method": rule.F_METHOD,
}
"""Columns of table forecasts. Sums over measured buckets are left out: a run from a state measures from there on."""


def _joined(parts: list[Columns], names: list[str]) -> Columns:
    empty = {name: np.zeros(0, object if name == "pool" else np.int64) for name in names}
    return {name: np.concatenate([part[name] for part in parts]) for name in names} if parts else empty


def _names(table: StateTable) -> list[str]:
    return [column.name for column in table.columns]


def forecast_tables(twin: "Twin") -> dict[str, Columns]:
    """The tables of layout.FORECASTS, FORECAST_HISTORY and LEVELS."""
    network, forecasts = twin.network, twin.forecasts
    return {
        "forecasts": _joined([_series(network, one) for one in forecasts], _names(layout.FORECASTS)),
        "forecast_history": _joined([_history(network, one) for one in forecasts], _names(layout.FORECAST_HISTORY)),
        "levels": _joined([_levels(twin, one) for one in forecasts], _names(layout.LEVELS)),
    }


def _series(network: Network, one: "Forecasting") -> Columns:
    plan, pool = one.plan, one.plan.pool_of_series()
    first = plan.member_point[plan.member_first[:-1]]
    names = np.array([*(each.name for each in plan.pools), ""], dtype=object)
    return {
        "node": np.where(pool >= 0, -1, network.parameter[first, c.P_NODE]),
        "item": network.parameter[first, c.P_ITEM],
        "pool": names[pool],
        "bucket_ms": np.full(plan.series, plan.bucket_ms),
        **{name: one.model.series[:, column].copy() for name, column in _FIGURES.items()},
    }


def _rings(one: "Forecasting") -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Series, place in the ring and buckets ago of everything that the rings hold."""
    ring = one.plan.rule[:, fp.X_HISTORY]
    size = one.model.history.shape[1]
    found = [np.zeros((0, 3), np.int64)]
    for series in np.flatnonzero(ring >= 0):
        buckets = int(one.model.series[series, rule.F_BUCKETS])
        ago = np.arange(min(buckets, size))
        found.append(np.column_stack([np.full(len(ago), series), (buckets - 1 - ago) % max(size, 1), ago]))
    series, place, ago = np.concatenate(found).T
    return series, place, ago


def _history(network: Network, one: "Forecasting") -> Columns:
    series, place, ago = _rings(one)
    points = one.plan.member_point[one.plan.member_first[series]]
    return {
        "node": network.parameter[points, c.P_NODE],
        "item": network.parameter[points, c.P_ITEM],
        "bucket_ms": np.full(len(series), one.plan.bucket_ms),
        "ago": ago,
        "demand": one.model.history[one.plan.rule[series, fp.X_HISTORY].astype(np.int64), place],
    }


def _levels(twin: "Twin", one: "Forecasting") -> Columns:
    parameter = twin.flow.model.parameter[one.plan.level[:, fp.V_POINT]]
    return {
        "node": parameter[:, c.P_NODE],
        "item": parameter[:, c.P_ITEM],
        "reorder_point": parameter[:, c.P_REORDER_POINT],
        "order_up_to": parameter[:, c.P_ORDER_UP_TO],
        "lot": parameter[:, c.P_LOT],
    }


# --- back -------------------------------------------------------------------------------------------------------------
def load_forecasts(twin: "Twin", tables: "StateTables") -> None:
    """Go on forecasting where the state stood; what it does not know begins anew with the next whole bucket."""
    time_ms = tables.meta.time_ms
    for one in twin.forecasts:
        if _load_series(twin.network, one, tables):
            _load_history(twin.network, one, tables)
            one.resume(time_ms)
        else:
            one.start(time_ms)
        _load_levels(twin, one, tables)


def _load_series(network: Network, one: "Forecasting", tables: "StateTables") -> bool:
    """Fill in the series that the state knows; whether there is any."""
    rows, mine = tables[layout.FORECASTS], _series(network, one)
    keys = ("node", "item", "pool", "bucket_ms")
    known = {key: row for row, key in enumerate(zip(*(rows[name].tolist() for name in keys), strict=True))}
    places = [known.get(key, -1) for key in zip(*(mine[name].tolist() for name in keys), strict=True)]
    row = np.array(places, np.int64)
    found = row >= 0
    one.count_from_now()
    for name, column in _FIGURES.items():
        one.model.series[found, column] = rows[name][row[found]]
    return bool(found.any())


def _load_history(network: Network, one: "Forecasting", tables: "StateTables") -> None:
    rows, mine = tables[layout.FORECAST_HISTORY], _series(network, one)
    series_of = {
        (node, item): number for number, (node, item) in enumerate(zip(mine["node"], mine["item"], strict=True))
    }
    size = one.model.history.shape[1]
    cells = zip(*(rows[name].tolist() for name in ("node", "item", "bucket_ms", "ago", "demand")), strict=True)
    for node, item, bucket_ms, ago, demand in cells:
        series = series_of.get((node, item), -1)
        ring = int(one.plan.rule[series, fp.X_HISTORY]) if series >= 0 else -1
        if ring >= 0 and bucket_ms == one.plan.bucket_ms and ago < size:
            one.model.history[ring, (int(one.model.series[series, rule.F_BUCKETS]) - 1 - ago) % size] = demand


def _load_levels(twin: "Twin", one: "Forecasting", tables: "StateTables") -> None:
    rows, parameter = tables[layout.LEVELS], twin.flow.model.parameter
    points = one.plan.level[:, fp.V_POINT].tolist()
    at = {(int(parameter[point, c.P_NODE]), int(parameter[point, c.P_ITEM])): point for point in points}
    for row, key in enumerate(zip(rows["node"].tolist(), rows["item"].tolist(), strict=True)):
        if key in at:
            parameter[at[key], c.P_REORDER_POINT] = rows["reorder_point"][row]
            parameter[at[key], c.P_ORDER_UP_TO] = rows["order_up_to"][row]
            parameter[at[key], c.P_LOT] = rows["lot"][row]
