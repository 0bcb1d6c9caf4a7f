"""The measures of pools: per stock point, per node, and per pair of nodes. The same names mean the same everywhere."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from sim import columns as c
from sim.network import Float64Array, Int64Array, Network
from sim.record import pool_sums as p
from sim.record.records import Records

if TYPE_CHECKING:
    from sim.kpi.measures import StockPointMeasures

_WITHIN: Final = ("within_8h", "within_24h", "within_48h")
_RESPONSE_NAMES: Final = ("responses", "response_ms", *_WITHIN)  # in the order of the columns RESPONSE_*
_MICRO: Final = 1_000_000.0

PoolMeasure = Callable[["StockPointMeasures"], "Float64Array | Int64Array"]


def pool_rows(records: Records, rows: Int64Array | slice) -> Int64Array:
    """What pools moved by stock point, (POINT_COLUMNS, rows); zeros without pools."""
    if records.pool_sums is None:
        return np.zeros((p.POINT_COLUMNS, len(records.network.parameter[rows])), np.int64)
    return records.pool_sums.point[:, rows]


def _column(column: int) -> PoolMeasure:
    return lambda m: m.pool[column]


def _units(column: int) -> PoolMeasure:
    return lambda m: m.pool[column] * m.natural


def _money(column: int, parts: float) -> PoolMeasure:
    return lambda m: m.pool[column] / (parts * 10.0**m.network.minor_digits)


def _taken(m: "StockPointMeasures") -> Int64Array:
    """Units from other members: all kinds but emergencies."""
    first = p.POINT_MEASURED_UNITS - c.ORDER_TRANSFER
    kinds = (c.ORDER_TRANSFER, c.ORDER_PREVENTIVE, c.ORDER_REBALANCING)
    units: Int64Array = m.pool[[first + kind for kind in kinds]].sum(axis=0)
    return units


def _with_emergencies(m: "StockPointMeasures") -> Int64Array:
    has = [any(link.emergency for link in pool.links) for pool in m.network.pools]
    return np.array([*has, False], np.int64)[m.parameter[:, c.P_POOL]]


def _of_kind(kind: int) -> PoolMeasure:
    return _column(p.POINT_MEASURED_GIFTS + kind - c.ORDER_TRANSFER)


def _units_of_kind(kind: int) -> PoolMeasure:
    return _units(p.POINT_MEASURED_UNITS + kind - c.ORDER_TRANSFER)


def _responses(prefix: str, first: int) -> dict[str, PoolMeasure]:
    return {f"{prefix}_{name}": _column(first + place) for place, name in enumerate(_RESPONSE_NAMES)}


POOL_MEASURES: Final[dict[str, PoolMeasure]] = {
    "pool_points": lambda m: (m.parameter[:, c.P_POOL] >= 0).astype(np.int64),
    "emergency_points": _with_emergencies,
    "transfers": _of_kind(c.ORDER_TRANSFER),
    "emergencies": _of_kind(c.ORDER_EMERGENCY),
    "preventive": _of_kind(c.ORDER_PREVENTIVE),
    "rebalancing": _of_kind(c.ORDER_REBALANCING),
    "units_by_transfer": _units_of_kind(c.ORDER_TRANSFER),
    "units_by_emergency": _units_of_kind(c.ORDER_EMERGENCY),
    "units_taken": lambda m: _taken(m) * m.natural,
    "units_given": _units(p.POINT_MEASURED_UNITS_GIVEN),
    "taken_money": lambda m: _taken(m) * m.cost,
    "given_money": lambda m: m.pool[p.POINT_MEASURED_UNITS_GIVEN] * m.cost,
    "move_money": _money(p.POINT_MEASURED_MOVE_MICRO, _MICRO),
    "emergency_money": _money(p.POINT_MEASURED_EMERGENCY_MICRO, _MICRO),
    "emergency_purchase_money": _money(p.POINT_MEASURED_EMERGENCY_PURCHASE_MILLI, 1000.0),
    **_responses("transfer", p.POINT_TRANSFER_RESPONSE),
    **_responses("emergency", p.POINT_EMERGENCY_RESPONSE),
}


def units_moved_at(records: Records) -> Float64Array:
    """Per node, the natural units that all members together moved in the pools that the node is a member of."""
    network = records.network
    if records.pool_sums is None:
        return np.zeros(network.nodes)
    member = np.flatnonzero(network.parameter[:, c.P_POOL] >= 0)
    pool = network.parameter[member, c.P_POOL]
    natural = network.item_resolution[network.parameter[member, c.P_ITEM]]
    given = records.pool_sums.point[p.POINT_MEASURED_UNITS_GIVEN][member] * natural
    per_pool = np.bincount(pool, weights=given, minlength=len(network.pools))
    is_member = np.zeros((network.nodes, len(network.pools)))
    is_member[network.parameter[member, c.P_NODE], pool] = 1.0
    moved: Float64Array = is_member @ per_pool
    return moved


def pair_measures(records: Records) -> tuple[list[str], dict[str, Float64Array]]:
    """The measures of pairs of nodes that a pool links, and their keys `from->to`; no pairs without pools.

    What only a stock point has (demand, settlement) is missing. Links of one pair in several pools, and its link for
    emergencies, are added up.
    """
    sums = records.pool_sums
    if sums is None:
        return [], {}
    names = records.network.node_names
    of_link = [f"{names[link.from_node]}->{names[link.to_node]}" for link in sums.links]
    keys = list(dict.fromkeys(of_link))
    number = {key: place for place, key in enumerate(keys)}
    pair = np.array([number[key] for key in of_link], np.int64)
    values = _link_measures(records.network, sums)
    added = {name: np.bincount(pair, weights=value, minlength=len(keys)) for name, value in values.items()}
    return keys, {name: np.asarray(value, dtype=np.float64) for name, value in added.items()}


def _link_measures(network: Network, sums: p.PoolSums) -> dict[str, Float64Array]:
    emergency = np.array([link.emergency for link in sums.links], np.bool_)
    major = 10.0**network.minor_digits
    freight, value = sums.link[p.LINK_MICRO] / (_MICRO * major), sums.link[p.LINK_VALUE_MILLI] / (1000.0 * major)
    gifts = sums.link[p.LINK_GIFTS : p.LINK_GIFTS + p.KINDS].astype(np.float64)
    measures = dict(zip(("transfers", "emergencies", "preventive", "rebalancing"), gifts, strict=True))
    measures |= {
        "points": np.ones(len(sums.links)),
        "pool_points": (~emergency).astype(np.float64),
        "emergency_points": emergency.astype(np.float64),
        "units_taken": np.where(emergency, 0.0, sums.link_units),
        "taken_money": np.where(emergency, 0.0, value),
        "move_money": np.where(emergency, 0.0, freight),
        "emergency_money": np.where(emergency, freight, 0.0),
    }
    for place, name in enumerate(_RESPONSE_NAMES):
        responses = sums.link[p.LINK_RESPONSE + place].astype(np.float64)
        measures[f"transfer_{name}"] = np.where(emergency, 0.0, responses)
        measures[f"emergency_{name}"] = np.where(emergency, responses, 0.0)
    return measures
