"""The demand lines that the scenario marks as abnormal, drawn once more to know them all beforehand."""

from dataclasses import fields, replace

import numpy as np

from sim.demand.drawer import DemandDrawer, prepare_demand
from sim.network import DEMAND_ABNORMAL, DemandSources, Int64Array, Network


def surge_lines(network: Network, seed: int, replication: int) -> tuple[Int64Array, Int64Array]:
    """Instants (ms since the start, ascending) and stock points of all abnormal lines up to the horizon.

    Every source has a random stream of its own, so that drawing some of them again gives the same lines.
    """
    marked = (network.demand.flags & DEMAND_ABNORMAL) != 0
    if not marked.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    plan = prepare_demand(_only(network.demand, np.flatnonzero(marked)), network.start_epoch_ms, network.horizon_ms)
    window = DemandDrawer(plan, seed, replication).draw(network.horizon_ms)
    return window.time_ms, window.stock_point.astype(np.int64)


def _only(sources: DemandSources, rows: Int64Array) -> DemandSources:
    """Some of the sources, without history."""
    size = len(sources.kind)
    shared = {"pick_cumulative", "pick_stock_point", "size_table"}
    chosen = {
        one.name: getattr(sources, one.name)[rows]
        for one in fields(sources)
        if one.name not in shared
        and not one.name.startswith(("profile_", "trace_"))
        and len(getattr(sources, one.name)) == size
    }
    history = {one.name: getattr(sources, one.name)[:0] for one in fields(sources) if one.name.startswith("trace_")}
    return replace(sources, **chosen, **history)
