"""From the records of a replication to the tidy KPI table: variant, replication, scope, key, kpi, value, unit."""

import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim import columns as c
from sim.kpi.adding import Sums, bincount, both, either, only, sums_by, without_nodes
from sim.kpi.kpis import KPIS, MONEY, Group
from sim.kpi.legs import LEG_MEASURES, Legs
from sim.kpi.measures import StockPointMeasures, node_measures, route_measures
from sim.kpi.plant_measures import plant_measures
from sim.kpi.plant_scopes import plant_scopes
from sim.kpi.pool_measures import pair_measures
from sim.network import Int64Array, Network
from sim.record.arrow import numbers, texts
from sim.record.records import Records

CLASSES: Final = ("A", "B", "C")
_text = pa.dictionary(pa.int32(), pa.string())
KPI_SCHEMA: Final = pa.schema(
    [
        ("variant", _text),
        ("replication", pa.int32()),
        ("scope", _text),
        ("key", _text),
        ("kpi", _text),
        ("value", pa.float64()),
        ("unit", _text),
    ]
)


@dataclass(frozen=True)
class _Scope:
    """One way of grouping: its keys, and the group that gives the added-up measures."""

    name: str
    keys: list[str]
    group: Group


def kpi_table(
    records: Records, scopes: Collection[str] | None = None, more: Iterable[tuple[str, list[str], Sums]] = ()
) -> pa.Table:
    """All KPIs of one replication in all scopes (or those named), with the columns of KPI_SCHEMA.

    `more` are scopes that are not worked out here: name, keys and sums of each (see `sim.contracts.kpis`).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        others = (_Scope(name, keys, Group(records.network, sums, False)) for name, keys, sums in more)
        every = itertools.chain(_scopes(records), others)
        wanted = (scope for scope in every if scopes is None or scope.name in scopes)
        chunks = [chunk for scope in wanted for chunk in _chunks(records, scope)]
    return pa.concat_tables(chunks).unify_dictionaries().combine_chunks() if chunks else KPI_SCHEMA.empty_table()


def write_kpi_table(table: pa.Table, path: Path) -> None:
    """Write a KPI table; OSError as the file system says."""
    # values hardly ever repeat, and hashing them for a dictionary costs more than all the rest
    text = [field.name for field in KPI_SCHEMA if field.name != "value"]
    pq.write_table(table, path, compression="lz4", write_statistics=False, use_dictionary=text)


def _chunks(records: Records, scope: _Scope) -> Iterator[pa.Table]:
    keys = texts(scope.keys)
    kpis = [kpi for kpi in KPIS.values() if scope.name in kpi.scopes and kpi.needs(records.network)]
    if not kpis or not scope.keys:
        return
    values = np.stack([kpi.value(scope.group) for kpi in kpis])
    which, key = np.nonzero(np.isfinite(values) & (scope.group("points") > 0))
    rows = len(which)
    shown = [records.network.currency if kpi.unit == MONEY else kpi.unit for kpi in kpis]
    units = list(dict.fromkeys(shown))
    unit_of = np.array([units.index(unit) for unit in shown])
    yield pa.Table.from_arrays(
        [
            _constant(records.network.variant, rows),
            numbers(np.full(rows, records.replication, dtype=np.int32)),
            _constant(scope.name, rows),
            _coded(key, keys),
            _coded(which, texts(kpi.name for kpi in kpis)),
            numbers(values[which, key]),
            _coded(unit_of[which], texts(units)),
        ],
        schema=KPI_SCHEMA,
    )


def _coded(index: Int64Array, words: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(numbers(index.astype(np.int32)), words)


def _constant(value: str, rows: int) -> pa.DictionaryArray:
    return _coded(np.zeros(rows, dtype=np.int64), texts([value]))


# --- scopes -----------------------------------------------------------------------------------------------------------
def _scopes(records: Records) -> Iterator[_Scope]:
    """Every scope. Measures are first added up per node and class; most scopes are sums of those."""
    network, points = records.network, StockPointMeasures(records)
    cell = points.parameter[:, c.P_NODE] * len(CLASSES) + network.item_class[points.item]
    cells, per_item = both(points, cell, network.nodes * len(CLASSES), points.item, network.items)
    plants = plant_measures(records)
    at_nodes = node_measures(records, plants)
    cell_node = np.repeat(np.arange(network.nodes), len(CLASSES))

    def over_nodes(name: str, keys: list[str], key_of_node: Int64Array, outflow: bool) -> _Scope:
        sums = sums_by(cells, key_of_node[cell_node], len(keys))
        extra = {m: bincount(key_of_node, values, len(keys)) for m, values in at_nodes.items()}
        return _Scope(name, keys, Group(network, either(extra, sums), outflow))

    def plain(name: str, keys: list[str], sums: Sums) -> _Scope:
        return _Scope(name, keys, Group(network, without_nodes(sums, len(keys)), False))

    echelons = list(dict.fromkeys(network.node_echelons))
    echelon_of = np.array([echelons.index(label) for label in network.node_echelons], dtype=np.int64)
    yield over_nodes("network", ["network"], np.zeros(network.nodes, dtype=np.int64), outflow=False)
    yield over_nodes("echelon", echelons, echelon_of, outflow=True)
    yield over_nodes("node", list(network.node_names), np.arange(network.nodes), outflow=True)
    yield plain("class", list(CLASSES), lambda measure: cells(measure).reshape(-1, len(CLASSES)).sum(axis=0))
    items = without_nodes(per_item, network.items)
    if plants is not None:
        items = either(plants.item, items)
    yield _Scope("item", list(network.item_names), Group(network, items, False))
    yield _stock_scope(network, points)
    yield _lane_scope(network, points.legs)
    pairs, of_pair = pair_measures(records)
    yield _Scope("transfer", pairs, Group(network, of_pair.__getitem__, True))
    trucks = route_measures(records) | {"points": np.ones(len(network.routes))}
    yield _Scope("truck", [route.name for route in network.routes], Group(network, trucks.__getitem__, True))
    if plants is not None:
        for name, keys, sums in plant_scopes(records, points, plants):
            yield _Scope(name, keys, Group(network, sums, False))


def _stock_scope(network: Network, points: StockPointMeasures) -> _Scope:
    """Single stock points, those only that their node means to hold; key `node/item`."""
    stocked = np.flatnonzero(points.stocked)
    nodes, items = points.parameter[stocked, c.P_NODE], points.parameter[stocked, c.P_ITEM]
    keys = [f"{network.node_names[n]}/{network.item_names[i]}" for n, i in zip(nodes, items, strict=True)]
    return _Scope(
        "stock", keys, Group(network, without_nodes(lambda measure: points(measure)[stocked], len(keys)), True)
    )


def _lane_scope(network: Network, legs: Legs) -> _Scope:
    """Pairs of nodes, key `from->to`; several lanes of one pair (by item class) are added up."""
    names = [f"{network.node_names[lane.from_node]}->{network.node_names[lane.to_node]}" for lane in network.lanes]
    keys = list(dict.fromkeys(names))
    key_of = {key: number for number, key in enumerate(keys)}
    of_lane = np.array([key_of[name] for name in names] + [len(keys)], dtype=np.int64)  # the last: without a lane
    sums = sums_by(legs, of_lane[legs.lane], len(keys) + 1)
    return _Scope("lane", keys, Group(network, only(LEG_MEASURES, lambda m: sums(m)[:-1], len(keys)), True))
