"""The network as tables of the run directory: what the row numbers in the records stand for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim import columns as c
from sim.lead_times import mean_ms
from sim.network import Int64Array, Lane, Link, Network, Pool, Route
from sim.record.arrow import number_table, texts
from sim.record.plant_tables import plant_tables

NETWORK_TABLES: Final[Mapping[str, str]] = {
    "nodes": "row number = node; name, kind, echelon",
    "items": "row number = item; name, unit, natural units per integer unit, cost and price, class, size, lots, ...",
    "stock_points": "row number = stock point; node, item, source, lane, policy and its levels (integer units)",
    "lanes": "row number = lane; from, to, route (-1: parcels), costs in minor units",
    "routes": "row number = route; name, base node, vehicles, capacity of each",
    "stock_pools": "row number = pool of safety stock; name, item, members",
}
POOL_TABLES: Final[Mapping[str, str]] = {
    "pools": "row number = pool; name, who is picked (0 first in order, 1 most stock, 2 most cover), whether parts are "
    "given, search and approval time in ms, links",
    "links": "in the order in which they are tried; pool, from, to, whether for emergencies, costs in minor units, "
    "mean delivery time in ms",
}
"""Only of networks with pools."""

PLANT_NETWORK_TABLES: Final[Mapping[str, str]] = {
    "machines": "row number = machine; plant, line, machine, number of the line over all, cost of an hour's stop "
    "of the line in minor units",
    "persons": "row number = person; plant, group, number in the group from 1",
    "devices": "a row per stock point of a device; stock point, plant (empty: none), device, sensor, gateway (empty: "
    "reports arrive at once)",
    "rules": "row number = detection rule; name, kind, settings (JSON; times in ms)",
}
"""Only of networks with plants or devices."""

STOCK_POINT_COLUMNS: Final = {
    "node": c.P_NODE,
    "item": c.P_ITEM,
    "source": c.P_SOURCE,
    "lane": c.P_LANE,
    "policy": c.P_POLICY,
    "reorder_point": c.P_REORDER_POINT,
    "order_up_to": c.P_ORDER_UP_TO,
    "lot": c.P_LOT,
    "flags": c.P_FLAGS,
}


def write_network(network: Network, folder: Path) -> None:
    """Write the tables of the network into `folder`, which exists; OSError as the file system says."""
    for name, table in network_tables(network).items():
        pq.write_table(
            table, folder / f"{name}.parquet", compression="lz4", write_statistics=False, use_dictionary=False
        )


def network_tables(network: Network) -> dict[str, pa.Table]:
    """The tables of NETWORK_TABLES, with pools those of POOL_TABLES, with plants those of PLANT_NETWORK_TABLES."""
    names = ("name", "kind", "echelon")
    nodes = (network.node_names, network.node_kinds, network.node_echelons)
    tables = {
        "nodes": pa.Table.from_arrays([texts(column) for column in nodes], names=list(names)),
        "items": _items(network),
        "stock_points": number_table(
            {name: network.parameter[:, column].astype(np.int32) for name, column in STOCK_POINT_COLUMNS.items()}
        ),
        "lanes": _lanes(network),
        "routes": _routes(network),
        "stock_pools": _stock_pools(network),
    }
    if network.pools:
        tables |= {"pools": _pools(network), "links": _links(network)}
    return tables if network.plant_plan is None else tables | plant_tables(network, network.plant_plan)


def _items(network: Network) -> pa.Table:
    figures: dict[str, npt.NDArray[Any]] = {
        "natural_units": network.item_resolution,
        "cost_milli": network.item_cost_milli,
        "price_milli": network.item_price_milli,
        "class": network.item_class.astype(np.int8),
        "volume_ml": network.item_volume_ml,
        "weight_g": network.item_weight_g,
        "critical": network.item_critical,
        "lots": network.item_lots,
        "certificate": np.zeros(network.items, np.bool_)
        if network.item_certificate is None
        else network.item_certificate,
    }
    return _named(network.item_names, figures).add_column(1, "unit", texts(network.item_units))


def _lanes(network: Network) -> pa.Table:
    fields = ("from_node", "to_node", "route", "cost_per_order", "cost_per_line_milli", "cost_per_kg_milli")
    return number_table({field: _field(network.lanes, field) for field in fields})


def _routes(network: Network) -> pa.Table:
    fields = ("base_node", "vehicles", "capacity_ml", "capacity_g")
    figures = {field: _field(network.routes, field) for field in fields}
    return _named([route.name for route in network.routes], figures)


def _stock_pools(network: Network) -> pa.Table:
    pools = [pool for plan in network.forecasts for pool in plan.pools]
    figures = {
        "item": np.array([pool.item for pool in pools], np.int32),
        "members": np.array([len(pool.members) for pool in pools], np.int32),
    }
    return _named([pool.name for pool in pools], figures)


def _pools(network: Network) -> pa.Table:
    pools = network.pools
    fields = ("donor_rule", "partial", "search_ms", "approval_ms")
    figures = {field: _field(pools, field) for field in fields}
    figures["links"] = np.array([len(pool.links) for pool in pools], dtype=np.int64)
    return _named([pool.name for pool in pools], figures)


def _links(network: Network) -> pa.Table:
    links = [link for pool in network.pools for link in pool.links]
    figures: dict[str, npt.NDArray[Any]] = {
        "pool": np.repeat(np.arange(len(network.pools)), [len(pool.links) for pool in network.pools])
    }
    fields = ("from_node", "to_node", "emergency", "cost_per_transfer", "cost_per_kg_milli")
    figures |= {field: _field(links, field) for field in fields}
    figures["mean_delivery_ms"] = np.array([mean_ms(link.delivery) for link in links])
    return number_table(figures)


def _field(rows: Sequence[Lane] | Sequence[Route] | Sequence[Pool] | Sequence[Link], name: str) -> Int64Array:
    return np.array([getattr(row, name) for row in rows], dtype=np.int64)


def _named(names: Sequence[str], figures: Mapping[str, npt.NDArray[Any]]) -> pa.Table:
    return number_table(figures).add_column(0, "name", texts(names))
