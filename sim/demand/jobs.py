"""Compiled drawing of jobs: customers who want several items at once, picked from a weighted list.

A job takes, in this order, a stream word for whether its profile keeps it, one for its number of picks, then for every
pick one for the item and those of its size, and one for the gap to the next job.
"""

import numpy as np

from sim.chance.distributions import geometric_quantile
from sim.chance.quantiles import poisson_quantile
from sim.chance.streams import NO_BLOCK, ZERO_WORDS, pick_uniform
from sim.demand.draw import (
    C_END_MS,
    C_FLAGS,
    C_JOB_COUNT,
    C_JOB_FIRST,
    C_JOB_LINES_KIND,
    C_KIND,
    C_PROFILE,
    C_SIZE_KIND,
    N_JOB_LINES,
    N_MEAN_GAP_MS,
    N_SIZE_A,
    N_SIZE_B,
    NEVER_MS,
    R_QUANTITY,
    R_STOCK_POINT,
    append_line,
    draw_size,
    fetch,
    gap_ms,
    profile_factor,
)
from sim.jit import compiled
from sim.network import DEMAND_JOBS, SIZE_GEOMETRIC, SIZE_POISSON, Float64Array, Int32Array, Int64Array, Uint64Array


@compiled
def pick(cumulative: Float64Array, stock_point: Int64Array, guide: Int32Array, first: int, count: int, u: float) -> int:
    """Stock point of the first of the `count` entries from row `first` on whose cumulative weight reaches u.

    The guide table (Chen and Asau 1974) starts the search next to the answer: about one step on average.
    """
    entry = guide[first + min(int(u * count), count - 1)]
    while entry > 0 and cumulative[first + entry - 1] >= u:
        entry -= 1
    while entry < count - 1 and cumulative[first + entry] < u:
        entry += 1
    return int(stock_point[first + entry])


@compiled
def lines_of_job(kind: int, a: float, u: float) -> int:
    """Number of picks of a job, at least 1; `a` is column N_JOB_LINES."""
    if kind == SIZE_GEOMETRIC:
        return geometric_quantile(a, u)
    if kind == SIZE_POISSON:
        return 1 + poisson_quantile(a, u)
    return int(a)


@compiled
def draw_jobs_of(
    column: Int64Array,
    number: Float64Array,
    stream: Uint64Array,
    next_ms: Int64Array,
    position: Int64Array,
    raw: Int64Array,
    source: int,
    line: int,
    job: int,
    to_ms: int,
    seed: np.uint64,
    replication: np.uint64,
    size_table: Float64Array,
    factor: Float64Array,
    peak: Float64Array,
    since_hour_ms: int,
    pick_cumulative: Float64Array,
    pick_stock_point: Int64Array,
    pick_guide: Int32Array,
) -> tuple[int, int]:
    """Jobs of a source; returns the next row of the buffer and the next job. An item picked twice is one line."""
    profile = column[C_PROFILE, source]
    size_kind = column[C_SIZE_KIND, source]
    key0 = stream[source, 0]
    key1 = stream[source, 1]
    time_ms = next_ms[source]
    at = position[source]
    end_ms = min(column[C_END_MS, source], to_ms)
    words = ZERO_WORDS
    block = NO_BLOCK
    while time_ms < end_ms:
        start = at
        kept = True
        if profile >= 0:
            words, block = fetch(words, block, at, key0, key1, seed, replication)
            kept = pick_uniform(words, at) * peak[profile] < profile_factor(factor, profile, time_ms, since_hour_ms)
            at += 1
        if kept:
            words, block = fetch(words, block, at, key0, key1, seed, replication)
            picks = lines_of_job(column[C_JOB_LINES_KIND, source], number[N_JOB_LINES, source], pick_uniform(words, at))
            at += 1
            if line + picks > len(raw):
                at = start
                break
            tag = column[C_FLAGS, source] + ((job + 1) << 8)
            first_line = line
            for _ in range(picks):
                words, block = fetch(words, block, at, key0, key1, seed, replication)
                stock_point = pick(
                    pick_cumulative,
                    pick_stock_point,
                    pick_guide,
                    column[C_JOB_FIRST, source],
                    column[C_JOB_COUNT, source],
                    pick_uniform(words, at),
                )
                quantity, words, block, at = draw_size(
                    size_kind, number[N_SIZE_A, source], number[N_SIZE_B, source], size_table,
                    words, block, at + 1, key0, key1, seed, replication,
                )  # fmt: skip
                same = first_line
                while same < line and raw[same, R_STOCK_POINT] != stock_point:
                    same += 1
                if same < line:
                    raw[same, R_QUANTITY] += quantity
                elif quantity > 0:
                    append_line(raw, line, time_ms, stock_point, quantity, tag)
                    line += 1
            job += 1 if line > first_line else 0
        words, block = fetch(words, block, at, key0, key1, seed, replication)
        time_ms += gap_ms(number[N_MEAN_GAP_MS, source], pick_uniform(words, at))
        at += 1
    next_ms[source] = time_ms if time_ms < column[C_END_MS, source] else NEVER_MS
    position[source] = at
    return line, job


@compiled
def draw_jobs(
    column: Int64Array,
    number: Float64Array,
    stream: Uint64Array,
    next_ms: Int64Array,
    position: Int64Array,
    raw: Int64Array,
    source: int,
    line: int,
    job: int,
    to_ms: int,
    seed: np.uint64,
    replication: np.uint64,
    size_table: Float64Array,
    factor: Float64Array,
    peak: Float64Array,
    since_hour_ms: int,
    pick_cumulative: Float64Array,
    pick_stock_point: Int64Array,
    pick_guide: Int32Array,
) -> tuple[int, int, int]:
    """The same as `draw_single_lines` for sources of jobs; returns (source, line, job) reached."""
    while source < len(next_ms):
        if next_ms[source] < to_ms and column[C_KIND, source] == DEMAND_JOBS:
            line, job = draw_jobs_of(
                column, number, stream, next_ms, position, raw, source, line, job, to_ms, seed, replication,
                size_table, factor, peak, since_hour_ms, pick_cumulative, pick_stock_point, pick_guide,
            )  # fmt: skip
            if next_ms[source] < to_ms:
                break
        source += 1
    return source, line, job
