"""Small sets of demand sources for tests: one dict a source, what is left out takes a neutral value."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim import network as net
from sim.chance.streams import stream_key
from sim.demand.drawer import DemandDrawer, DemandPlan, DemandWindow, prepare_demand

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY = 4 * DAY_MS  # Unix time of 1970-01-05 00:00, a Monday
NEUTRAL: dict[str, Any] = {
    "kind": net.DEMAND_POISSON,
    "node": 0,
    "stock_point": 0,
    "rate_per_ms": 0.0,
    "size_kind": net.SIZE_CONSTANT,
    "size_a": 1.0,
    "size_b": 0.0,
    "flags": 0,
    "period_ms": 0,
    "offset_ms": 0,
    "profile": -1,
    "end_ms": -1,
    "job_lines_mean": 1.0,
    "job_lines_kind": net.SIZE_CONSTANT,
    "job_first": 0,
    "job_count": 0,
}
FLOATS = {"rate_per_ms", "size_a", "size_b", "job_lines_mean"}
COLUMNS = ("time_ms", "stock_point", "quantity", "flags")


def demand(
    *rows: Mapping[str, Any],
    picks: Sequence[tuple[float, int]] = (),
    profiles: Sequence[tuple[Any, Any, Sequence[tuple[int, float]]]] = (),
    sizes: Sequence[tuple[float, float]] = (),
    trace: Sequence[tuple[int, int, int, int, int]] = (),
) -> net.DemandSources:
    """Sources from rows; a row's `name` (default: its place) names its stream.

    `picks`: (cumulative weight, stock point); `profiles`: (168 hour factors or a number, 53 week factors or a number,
    knots of (ms, factor)), all with equally many knots; `sizes`: (cumulative probability, size); `trace`: (ms, stock
    point, quantity, flags, job).
    """
    columns = {
        name: np.array([row.get(name, value) for row in rows], dtype=np.float64 if name in FLOATS else np.int64)
        for name, value in NEUTRAL.items()
    }
    keys = [stream_key("demand", str(row.get("name", place))) for place, row in enumerate(rows)]
    knots = [profile[2] for profile in profiles]
    knot_shape = (len(profiles), len(knots[0]) if knots else 0)
    history = np.array(trace, dtype=np.int64).reshape(-1, 5)
    return net.DemandSources(
        stream=np.array(keys, dtype=np.uint64).reshape(-1, 2),
        pick_cumulative=np.array([weight for weight, _ in picks], dtype=np.float64),
        pick_stock_point=np.array([point for _, point in picks], dtype=np.int64),
        profile_hour_of_week=np.array([np.broadcast_to(hours, 168) for hours, _, _ in profiles]).reshape(-1, 168),
        profile_week_of_year=np.array([np.broadcast_to(weeks, 53) for _, weeks, _ in profiles]).reshape(-1, 53),
        profile_knots_ms=np.array([[ms for ms, _ in row] for row in knots], dtype=np.int64).reshape(knot_shape),
        profile_knots_factor=np.array([[f for _, f in row] for row in knots], dtype=np.float64).reshape(knot_shape),
        size_table=np.array(sizes, dtype=np.float64).reshape(-1, 2),
        trace_time_ms=history[:, 0].copy(),
        trace_stock_point=history[:, 1].copy(),
        trace_quantity=history[:, 2].copy(),
        trace_flags=history[:, 3].copy(),
        trace_job=history[:, 4].copy(),
        **columns,
    )


def plan_of(sources: net.DemandSources, horizon_ms: int, start_epoch_ms: int = MONDAY) -> DemandPlan:
    """The sources made ready, by default from a Monday midnight on."""
    return prepare_demand(sources, start_epoch_ms, horizon_ms)


def draw_all(plan: DemandPlan, seed: int = 1, replication: int = 0) -> DemandWindow:
    """The whole horizon as one window."""
    return DemandDrawer(plan, seed, replication).draw(plan.horizon_ms)


def lines(window: DemandWindow) -> list[tuple[int, ...]]:
    """A window's lines as (time, stock point, quantity, flags, job)."""
    columns = [getattr(window, name).tolist() for name in (*COLUMNS, "job")]
    return list(zip(*columns, strict=True))


def joined(windows: Sequence[DemandWindow]) -> tuple[list[tuple[int, ...]], list[int]]:
    """Consecutive windows laid end to end: lines with jobs numbered through, and the lines of each job."""
    all_lines: list[tuple[int, ...]] = []
    job_lines: list[int] = []
    for window in windows:
        first = len(job_lines)
        all_lines += [(*line[:4], line[4] + first if line[4] >= 0 else -1) for line in lines(window)]
        job_lines += window.job_lines.tolist()
    return all_lines, job_lines
