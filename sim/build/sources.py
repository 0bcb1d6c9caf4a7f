"""A demand plan as the engine's table of sources: sorted, with stock points, streams and histories."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sim import network as net
from sim.build.demand import JOBS, DemandPlan
from sim.build.lanes import NodeNumbers
from sim.build.profiles import profile_tables
from sim.build.stock_points import StockPointGrid
from sim.chance.streams import stream_keys
from sim.network import Float64Array, Int64Array
from sim.scenario.scenario import Scenario

_DEFAULTS: dict[str, float] = {
    "kind": net.DEMAND_POISSON, "rate_per_ms": 0.0, "size_kind": net.SIZE_CONSTANT, "size_a": 1.0, "size_b": 0.0,
    "flags": 0, "period_ms": 0, "offset_ms": 0, "profile": -1, "end_ms": -1, "job_lines_mean": 1.0,
    "job_lines_kind": net.SIZE_CONSTANT, "job_first": 0, "job_count": 0,
}  # fmt: skip
"""Columns of a source and what holds where a kind of demand says nothing."""


def demand_sources(scenario: Scenario, nodes: NodeNumbers, plan: DemandPlan, grid: StockPointGrid) -> net.DemandSources:
    """The plan's sources, sorted by node and item (jobs before single items), with their stock points and streams."""
    node = np.concatenate([*plan.node, np.zeros(0, dtype=np.int64)])
    item = np.concatenate([*plan.item, np.zeros(0, dtype=np.int64)])
    order = _sorting(node * (grid.row.shape[1] + 1) + item + 1)
    node, item = node[order], item[order]
    columns = {name: _column(plan, name, default)[order] for name, default in _DEFAULTS.items()}
    jobs = item == JOBS
    stock_point = np.where(jobs, -1, grid.row[node, item]).astype(np.int64)
    picks = [grid.row[place, items] for place, items, _ in plan.picks]
    shares = [_cumulative(share) for _, _, share in plan.picks]
    tables = profile_tables(list(scenario.profiles.values()), scenario.start, scenario.horizon)
    time, point, quantity, flags, job = _trace_columns(plan, grid)
    return net.DemandSources(
        node=node,
        stock_point=stock_point,
        stream=_stream_keys(scenario, nodes, node, item),
        pick_cumulative=np.concatenate([*shares, np.zeros(0)]),
        pick_stock_point=np.concatenate([*picks, np.zeros(0)]).astype(np.int64),
        profile_hour_of_week=tables.hour_of_week,
        profile_week_of_year=tables.week_of_year,
        profile_knots_ms=tables.knots_ms,
        profile_knots_factor=tables.knots_factor,
        size_table=np.array(plan.sizes, dtype=np.float64).reshape(-1, 2),
        trace_time_ms=time,
        trace_stock_point=point,
        trace_quantity=quantity,
        trace_flags=flags,
        trace_job=job,
        **columns,
    )


def _sorting(key: Int64Array) -> Int64Array | slice:
    """A stable order that sorts the key; a slice of everything when it is sorted already."""
    return slice(None) if bool(np.all(key[1:] >= key[:-1])) else np.argsort(key, kind="stable")


def _column(plan: DemandPlan, name: str, default: float) -> npt.NDArray[Any]:
    dtype = np.asarray(default).dtype
    parts = [
        np.broadcast_to(np.asarray(columns.get(name, default), dtype=dtype), node.shape)
        for node, columns in zip(plan.node, plan.columns, strict=True)
    ]
    return np.concatenate([*parts, np.zeros(0, dtype=dtype)])


def _cumulative(share: Float64Array) -> Float64Array:
    cumulative: Float64Array = np.cumsum(share)
    cumulative /= cumulative[-1]
    return cumulative


def _stream_keys(scenario: Scenario, nodes: NodeNumbers, node: Int64Array, item: Int64Array) -> net.Uint64Array:
    """Keys of `demand/<node>/<item>`, of `demand/<node>/jobs`; a second source of the same name is `demand-2/...`."""
    all_names = [*scenario.item_names, "jobs"]
    item = np.where(item == JOBS, len(all_names) - 1, item)
    used = np.bincount(item, minlength=len(all_names)) > 0
    names = [name for name, asked in zip(all_names, used.tolist(), strict=True) if asked]
    item = (np.cumsum(used) - 1)[item]
    keys = np.empty((node.size, 2), dtype=np.uint64)
    same = np.zeros(node.size, dtype=np.int64)
    for row in np.flatnonzero((node[1:] == node[:-1]) & (item[1:] == item[:-1])) + 1:
        same[row] = same[row - 1] + 1
    for number in range(int(same.max(initial=-1)) + 1):
        rows = np.flatnonzero(same == number)
        prefix = "demand" if number == 0 else f"demand-{number + 1}"
        keys[rows] = stream_keys(prefix, nodes.names, names, node[rows], item[rows])
    return keys


def _trace_columns(plan: DemandPlan, grid: StockPointGrid) -> tuple[Int64Array, ...]:
    """Time, stock point, quantity, flags and job of all histories together, by time and stock point.

    Lines of the same instant and stock point stay in the order of the files.
    """
    if len(plan.traces) == 0:
        return (np.zeros(0, dtype=np.int64),) * 5
    time, node, item, quantity, flags, job = (np.concatenate(parts) for parts in zip(*plan.traces, strict=True))
    point = grid.row[node, item].astype(np.int64)
    order = np.lexsort((point, time))
    return tuple(part[order] for part in (time, point, quantity, flags, job))
