"""Compiled drawing of customer demand: every source yields its lines of a window, one source after the other.

A source is advanced event by event from its own state (next instant, stream position, ...), so what it yields does
not depend on where windows begin and end, nor on any other source. The public face is `sim.demand.drawer`.

Random times. A Poisson source of rate r per ms (r < 1) fires in each millisecond with probability r, independently:
the gap to the next line is ceil(log(u) / log(1 - r)) ms, a geometric number of mean exactly 1 / r. Time stays an
integer, nothing is carried along, and there is no bias; only the variance of a count is smaller than Poisson's, by
the factor 1 - r (0.999 at one line per second). A profile thins the process of the largest rate: a line at t is
kept with probability factor(t) / largest factor.

The kernels take whole tables and column numbers rather than named tuples of columns: numba copies such a tuple at
every call, which made a line twenty times as dear.
"""

import math
from typing import Final

import numpy as np

from sim.chance.distributions import size_from_uniforms, size_words
from sim.chance.streams import NO_BLOCK, ZERO_WORDS, Words, pick_uniform, stream_block
from sim.jit import compiled
from sim.network import (
    DEMAND_FLOW,
    DEMAND_JOBS,
    DEMAND_PER_PERIOD,
    DEMAND_POISSON,
    SIZE_CONSTANT,
    SIZE_NEGATIVE_BINOMIAL,
    SIZE_POISSON,
    Float64Array,
    Int64Array,
    Uint64Array,
)

HOUR_MS: Final = 3_600_000
NEVER_MS: Final = 1 << 62  # next instant of a source that has ended
_LONGEST_GAP_MS = 4.0e18  # below NEVER_MS

# --- what a source is (int64): table `column`, one row per property, a column per source -----------
C_PLAIN_QUANTITY: Final = 0  # quantity of a Poisson source without profile, end or random size; 0 for all others
C_STOCK_POINT: Final = 1
C_FLAGS: Final = 2
C_KIND: Final = 3
C_SIZE_KIND: Final = 4
C_PROFILE: Final = 5  # row of the hourly factors, -1 for none
C_OFFSET_MS: Final = 6
C_END_MS: Final = 7  # NEVER_MS: none
C_PERIOD_MS: Final = 8
C_FLOW_MS: Final = 9  # flow: a step every FLOW_MS + FLOW_PART / FLOW_PARTS ms; no parts: never
C_FLOW_PART: Final = 10
C_FLOW_PARTS: Final = 11
C_JOB_LINES_KIND: Final = 12
C_JOB_FIRST: Final = 13
C_JOB_COUNT: Final = 14
SOURCE_COLUMNS: Final = 15

# --- its numbers (float64): table `number`, likewise ------------------------------------------------------------------
N_MEAN_GAP_MS: Final = 0  # -1 / log(1 - largest rate); infinite: never
N_SIZE_A: Final = 1
N_SIZE_B: Final = 2
N_JOB_LINES: Final = 3  # constant: lines; geometric: log of the chance of one line more; poisson: mean - 1
SOURCE_NUMBERS: Final = 4

# --- a line in drawing order (int64): table `raw` ------------------------------------------------------------------
R_TIME_MS: Final = 0
R_STOCK_POINT: Final = 1
R_QUANTITY: Final = 2
R_TAG: Final = 3  # flags + 256 x (job + 1)
RAW_COLUMNS: Final = 4


@compiled
def profile_factor(factor: Float64Array, profile: int, time_ms: int, since_hour_ms: int) -> float:
    """Multiplier at `time_ms` from a table of calendar hours; `since_hour_ms` is the scenario start's part of one."""
    return float(factor[profile, (time_ms + since_hour_ms) // HOUR_MS])


@compiled
def fetch(
    words: Words, block: int, position: int, key0: np.uint64, key1: np.uint64, seed: np.uint64, replication: np.uint64
) -> tuple[Words, int]:
    """The block of words that holds `position` of a stream, and its number: the one at hand, or a new one."""
    wanted = position >> 2
    if wanted != block:
        words = stream_block(key0, key1, seed, replication, wanted)
    return words, wanted


@compiled
def gap_ms(mean_gap_ms: float, u: float) -> int:
    """Geometric gap, at least 1 ms; `mean_gap_ms` is -1 / log(1 - rate)."""
    return int(math.ceil(min(-math.log(u) * mean_gap_ms, _LONGEST_GAP_MS)))


@compiled
def flow_time_ms(column: Int64Array, source: int, step: int) -> int:
    """First millisecond by which `step` (1, 2, ...) whole steps of a flow have passed, in exact integers."""
    broken = (-step * column[C_FLOW_PART, source]) // column[C_FLOW_PARTS, source]
    return int(column[C_OFFSET_MS, source] + step * column[C_FLOW_MS, source] - broken)


@compiled
def start_sources(
    column: Int64Array,
    number: Float64Array,
    stream: Uint64Array,
    next_ms: Int64Array,
    position: Int64Array,
    step: Int64Array,
    seed: np.uint64,
    replication: np.uint64,
) -> None:
    """Set the state of every source to its first possible line at or after time 0; `position` and `step` are zero."""
    for source in range(len(next_ms)):
        kind = column[C_KIND, source]
        time_ms = column[C_OFFSET_MS, source]
        if kind in (DEMAND_POISSON, DEMAND_JOBS):
            mean_gap_ms = number[N_MEAN_GAP_MS, source]
            words = stream_block(stream[source, 0], stream[source, 1], seed, replication, 0)
            time_ms = max(time_ms, 0) - 1 + gap_ms(mean_gap_ms, pick_uniform(words, 0))
            position[source] = 1
            if mean_gap_ms == math.inf:
                time_ms = NEVER_MS
        elif kind == DEMAND_PER_PERIOD:
            if time_ms < 0:
                time_ms %= column[C_PERIOD_MS, source]
        elif kind == DEMAND_FLOW and column[C_FLOW_PARTS, source] > 0:
            time_ms = -1
            while time_ms < 0:
                step[source] += 1
                time_ms = flow_time_ms(column, source, step[source])
        else:
            time_ms = NEVER_MS
        next_ms[source] = time_ms if time_ms < column[C_END_MS, source] else NEVER_MS


@compiled
def append_line(raw: Int64Array, line: int, time_ms: int, stock_point: int, quantity: int, tag: int) -> None:
    """Write one line into row `line` of the buffer."""
    raw[line, R_TIME_MS] = time_ms
    raw[line, R_STOCK_POINT] = stock_point
    raw[line, R_QUANTITY] = quantity
    raw[line, R_TAG] = tag


@compiled
def draw_size(
    kind: int,
    a: float,
    b: float,
    size_table: Float64Array,
    words: Words,
    block: int,
    position: int,
    key0: np.uint64,
    key1: np.uint64,
    seed: np.uint64,
    replication: np.uint64,
) -> tuple[int, Words, int, int]:
    """(quantity, words, block, position): the next size of a stream."""
    if kind == SIZE_CONSTANT:
        return int(math.floor(a + 0.5)), words, block, position
    words, block = fetch(words, block, position, key0, key1, seed, replication)
    u = pick_uniform(words, position)
    v = 0.5
    if size_words(kind) > 1:
        words, block = fetch(words, block, position + 1, key0, key1, seed, replication)
        v = pick_uniform(words, position + 1)
    return size_from_uniforms(kind, a, b, size_table, u, v), words, block, position + size_words(kind)


@compiled
def draw_plain(
    column: Int64Array,
    number: Float64Array,
    stream: Uint64Array,
    next_ms: Int64Array,
    position: Int64Array,
    raw: Int64Array,
    source: int,
    line: int,
    to_ms: int,
    seed: np.uint64,
    replication: np.uint64,
) -> int:
    """Lines of a source with a C_PLAIN_QUANTITY, the bulk of all demand; returns the next row of the buffer."""
    time_ms = next_ms[source]
    at = position[source]
    key0 = stream[source, 0]
    key1 = stream[source, 1]
    words = ZERO_WORDS
    block = NO_BLOCK
    while time_ms < to_ms and line < len(raw):
        append_line(
            raw, line, time_ms, column[C_STOCK_POINT, source], column[C_PLAIN_QUANTITY, source], column[C_FLAGS, source]
        )
        line += 1
        words, block = fetch(words, block, at, key0, key1, seed, replication)
        time_ms += gap_ms(number[N_MEAN_GAP_MS, source], pick_uniform(words, at))
        at += 1
    next_ms[source] = time_ms
    position[source] = at
    return line


@compiled
def draw_any(
    column: Int64Array,
    number: Float64Array,
    stream: Uint64Array,
    next_ms: Int64Array,
    position: Int64Array,
    step: Int64Array,
    carry: Float64Array,
    raw: Int64Array,
    source: int,
    line: int,
    to_ms: int,
    seed: np.uint64,
    replication: np.uint64,
    size_table: Float64Array,
    factor: Float64Array,
    peak: Float64Array,
    since_hour_ms: int,
) -> int:
    """Lines of any source that is not of jobs; returns the next row of the buffer.

    What a profile does: a Poisson line is kept by chance; of a flow, which comes at its largest rate, an even share
    of the steps is let through; per period it multiplies the mean of Poisson and negative binomial sizes (whose
    variance grows in step) and any other drawn quantity, of which the broken part is left for the next period.
    """
    kind = column[C_KIND, source]
    size_kind = column[C_SIZE_KIND, source]
    a = number[N_SIZE_A, source]
    b = number[N_SIZE_B, source]
    counted = size_kind in (SIZE_POISSON, SIZE_NEGATIVE_BINOMIAL)
    profile = column[C_PROFILE, source]
    key0 = stream[source, 0]
    key1 = stream[source, 1]
    time_ms = next_ms[source]
    at = position[source]
    end_ms = min(column[C_END_MS, source], to_ms)
    words = ZERO_WORDS
    block = NO_BLOCK
    while time_ms < end_ms and line < len(raw):
        kept = True
        scale = 1.0
        if profile >= 0:
            multiplier = profile_factor(factor, profile, time_ms, since_hour_ms)
            if kind == DEMAND_POISSON:
                words, block = fetch(words, block, at, key0, key1, seed, replication)
                kept = pick_uniform(words, at) * peak[profile] < multiplier
                at += 1
            elif kind == DEMAND_FLOW:
                carry[source] += multiplier / peak[profile]
                kept = carry[source] >= 1.0
                carry[source] -= 1.0 if kept else 0.0
            elif counted:
                scale = multiplier
        if kept:
            quantity, words, block, at = draw_size(
                size_kind, a * scale, b * scale, size_table, words, block, at, key0, key1, seed, replication
            )
            if profile >= 0 and kind == DEMAND_PER_PERIOD and not counted:
                carry[source] += quantity * multiplier
                quantity = int(math.floor(carry[source]))
                carry[source] -= quantity
            if quantity > 0:
                append_line(raw, line, time_ms, column[C_STOCK_POINT, source], quantity, column[C_FLAGS, source])
                line += 1
        if kind == DEMAND_POISSON:
            words, block = fetch(words, block, at, key0, key1, seed, replication)
            time_ms += gap_ms(number[N_MEAN_GAP_MS, source], pick_uniform(words, at))
            at += 1
        elif kind == DEMAND_FLOW:
            step[source] += 1
            time_ms = flow_time_ms(column, source, step[source])
        else:
            time_ms += column[C_PERIOD_MS, source]
    next_ms[source] = time_ms if time_ms < column[C_END_MS, source] else NEVER_MS
    position[source] = at
    return line


@compiled
def draw_single_lines(
    column: Int64Array,
    number: Float64Array,
    stream: Uint64Array,
    next_ms: Int64Array,
    position: Int64Array,
    step: Int64Array,
    carry: Float64Array,
    raw: Int64Array,
    source: int,
    line: int,
    to_ms: int,
    seed: np.uint64,
    replication: np.uint64,
    size_table: Float64Array,
    factor: Float64Array,
    peak: Float64Array,
    since_hour_ms: int,
) -> tuple[int, int]:
    """Draw the lines before `to_ms` of all sources but jobs, from row `source` on, into the buffer from row `line` on.

    Returns (source, line) reached. When the buffer is full, `source` is the one to go on with once there is room; its
    state says how far it has come, so nothing is drawn twice.
    """
    while source < len(next_ms):
        if next_ms[source] < to_ms and column[C_KIND, source] != DEMAND_JOBS:
            if column[C_PLAIN_QUANTITY, source] > 0:
                line = draw_plain(
                    column, number, stream, next_ms, position, raw, source, line, to_ms, seed, replication
                )
            else:
                line = draw_any(
                    column, number, stream, next_ms, position, step, carry, raw, source, line, to_ms, seed,
                    replication, size_table, factor, peak, since_hour_ms,
                )  # fmt: skip
            if next_ms[source] < to_ms:
                break
        source += 1
    return source, line
