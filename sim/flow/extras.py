"""The flow's tables of what few networks have: families that order together, and pools."""

from typing import Any

import numpy as np

from sim.chance.streams import stream_keys
from sim.columns import P_ITEM, P_NODE
from sim.flow import model as f
from sim.network import DISTRIBUTION_CONSTANT, Distribution, Network, Pool


def time_row(distribution: Distribution) -> list[float]:
    """A duration as a row of numbers: kind, a, b, c, offset."""
    d = distribution
    return [float(d.kind), d.a, d.b, d.c, float(d.offset_ms)]


def family_tables(network: Network) -> dict[str, Any]:
    """Tables `family` and `family_point`."""
    family = np.zeros((len(network.families), f.FAMILY_COLUMNS), np.int64)
    first = 0
    for row, points in enumerate(network.families):
        node = int(network.parameter[points[0], P_NODE])
        family[row, f.FAMILY_FIRST] = first
        family[row, f.FAMILY_COUNT] = len(points)
        family[row, f.FAMILY_LAST_OF_NODE] = network.node_first_stock_point[node + 1] - 1
        first += len(points)
    members = [np.asarray(points, np.int64) for points in network.families]
    return {"family": family, "family_point": np.concatenate([np.zeros(0, np.int64), *members])}


def pool_tables(network: Network) -> dict[str, Any]:
    """Tables `pool`, `link`, `link_time`, `link_range`, `window`, and what is looked up per node and item."""
    pools = network.pools
    pool = np.zeros((len(pools), f.POOL_COLUMNS), np.int64)
    link_range = np.zeros((len(pools), network.nodes, f.RANGE_COLUMNS), np.int64)
    links: list[list[int]] = []
    times: list[list[float]] = []
    windows: list[Any] = []
    for row, one in enumerate(pools):
        first_window = len(windows)
        if one.working_ms is not None:
            windows += one.working_ms.tolist()
        pool[row] = (one.donor_rule, one.partial, one.search_ms, one.approval_ms, first_window, len(windows))
        _add_links(one, link_range[row], links, times)
    return {
        "pool": pool,
        "link": np.array(links, np.int64).reshape(-1, f.LINK_COLUMNS),
        "link_time": np.array(times, np.float64).reshape(-1, f.LF_EXPRESS),
        "link_range": link_range,
        "window": np.array(windows, np.int64).reshape(-1, 2),
        **_look_ups(network),
    }


def _add_links(pool: Pool, ranges: Any, links: list[list[int]], times: list[list[float]]) -> None:
    """Append a pool's links, those to one node together, transfers before emergencies; their rows go into `ranges`."""
    for node in range(len(ranges)):
        ranges[node, f.RANGE_FIRST] = len(links)
        for emergency, end in ((False, f.RANGE_EMERGENCY), (True, f.RANGE_LAST)):
            for link in pool.links:
                if link.to_node == node and link.emergency == emergency:
                    links.append([link.from_node, link.cost_per_transfer, link.cost_per_kg_milli])
                    times.append(time_row(link.delivery))
            ranges[node, end] = len(links)


def _look_ups(network: Network) -> dict[str, Any]:
    """Tables by node and item, or by stock point; a single unused row where there is no pool."""
    nodes, items = network.parameter[:, P_NODE], network.parameter[:, P_ITEM]
    point_at = np.full((network.nodes, network.items) if network.pools else (1, 1), f.NONE, np.int32)
    if network.pools:
        point_at[nodes, items] = np.arange(network.stock_points)
    chance = any(link.delivery.kind != DISTRIBUTION_CONSTANT for pool in network.pools for link in pool.links)
    points = network.stock_points if chance else 1
    keys = stream_keys("transfer", network.node_names, network.item_names, nodes, items) if chance else None
    return {
        "point_at": point_at,
        "per_day": network.mean_demand_per_day.astype(np.float64) if network.pools else np.zeros(1),
        "transfer_stream": np.zeros((1, 2), np.uint64) if keys is None else keys,
        "transfer_draws": np.zeros(points, np.int64),
    }
