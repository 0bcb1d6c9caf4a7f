"""Demand sources made ready for drawing: checked, laid out as the kernels read them, profiles spread over the calendar.

A profile becomes one factor per calendar hour of the scenario: hour of week (from Monday 00:00) x week of year
((day of year - 1) // 7, 0 to 52) x the knots' straight lines at the middle of the hour, constant before the first
knot and after the last; all in the scenario's own local time. Rows of knots are padded by repeating the last one.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sim.chance.distributions import SIZE_POISSON_FROM_ONE
from sim.demand.draw import (
    C_END_MS,
    C_FLAGS,
    C_FLOW_MS,
    C_FLOW_PART,
    C_FLOW_PARTS,
    C_JOB_COUNT,
    C_JOB_FIRST,
    C_JOB_LINES_KIND,
    C_KIND,
    C_OFFSET_MS,
    C_PERIOD_MS,
    C_PLAIN_QUANTITY,
    C_PROFILE,
    C_SIZE_KIND,
    C_STOCK_POINT,
    HOUR_MS,
    N_JOB_LINES,
    N_MEAN_GAP_MS,
    N_SIZE_A,
    N_SIZE_B,
    NEVER_MS,
    R_QUANTITY,
    R_STOCK_POINT,
    R_TAG,
    R_TIME_MS,
    RAW_COLUMNS,
    SOURCE_COLUMNS,
    SOURCE_NUMBERS,
)
from sim.network import (
    DEMAND_FLOW,
    DEMAND_JOBS,
    DEMAND_PER_PERIOD,
    DEMAND_POISSON,
    DEMAND_TRACE,
    SIZE_CONSTANT,
    SIZE_GEOMETRIC,
    SIZE_POISSON,
    DemandSources,
    Float64Array,
    Int32Array,
    Int64Array,
    Uint64Array,
)

DAY_MS = 86_400_000
LINES_PER_WINDOW = 200_000  # buffers of this size stay in the processor's cache
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, three days after a Monday
_LARGEST_FLOW_PARTS = 1_000_000
_SLOWEST_FLOW = 1e-15  # steps per ms: none in 30,000 years


@dataclass(frozen=True)
class DemandPlan:
    """Demand sources made ready for drawing; never written to, shared by all replications."""

    column: Int64Array  # (SOURCE_COLUMNS, K), see sim/demand/draw.py
    number: Float64Array  # (SOURCE_NUMBERS, K)
    stream: Uint64Array  # (K, 2)
    size_table: Float64Array  # (S, 2) cumulative probability, size
    factor: Float64Array  # (R, hours) profile multiplier of each calendar hour, the first holding the start
    peak: Float64Array  # (R,) largest factor
    since_hour_ms: int  # how far into its calendar hour the scenario starts
    pick_cumulative: Float64Array  # (J,)
    pick_stock_point: Int64Array  # (J,)
    pick_guide: Int32Array  # (J,)
    trace_time_ms: Int64Array  # (T,)
    trace: Int64Array  # (T, RAW_COLUMNS); jobs numbered by their first line, so those of any window are consecutive
    horizon_ms: int
    lines_per_ms: float  # expected, with every profile at its largest factor
    largest_stock_point: int
    has_jobs: bool

    @property
    def sources(self) -> int:
        """Number of sources, K."""
        return len(self.stream)

    def next_window_end(self, from_ms: int, lines: int = LINES_PER_WINDOW) -> int:
        """End of the window from `from_ms` that holds about `lines` lines, at least a day, at most to the horizon."""
        length = int(min(max(lines / max(self.lines_per_ms, 1e-15), DAY_MS), self.horizon_ms))
        return min(from_ms + max(length, 1), self.horizon_ms)


def _check(sources: DemandSources, peak_rate: Float64Array) -> None:
    """Refuse what would make the kernels loop for ever or read outside an array; ValueError with every finding."""
    kind = sources.kind
    gapped = (kind == DEMAND_POISSON) | (kind == DEMAND_JOBS)
    jobs = kind == DEMAND_JOBS
    ends = sources.job_first + sources.job_count
    findings = {
        "rate must be at least 0 and below 1 per millisecond, at the peak of its profile too": (
            (kind != DEMAND_PER_PERIOD) & (kind != DEMAND_TRACE) & ~((peak_rate >= 0) & (peak_rate < 1))
        ),
        "stock point is missing": (sources.stock_point < 0) & ~jobs & (kind != DEMAND_TRACE),
        "period must be at least 1 ms": (kind == DEMAND_PER_PERIOD) & (sources.period_ms < 1),
        "job needs items to pick from": jobs & ((sources.job_count < 1) | (ends > len(sources.pick_cumulative))),
        "job needs at least one line on average": jobs & ~(sources.job_lines_mean >= 1),
        "poisson size needs a mean of 1 or more": gapped & (sources.size_kind == SIZE_POISSON) & ~(sources.size_a >= 1),
        "profile row does not exist": sources.profile >= len(sources.profile_hour_of_week),
    }
    messages = [
        f"demand source {np.flatnonzero(bad)[0]}{' and others' if bad.sum() > 1 else ''}: {text}"
        for text, bad in findings.items()
        if bad.any()
    ]
    if np.any(np.diff(sources.trace_time_ms) < 0):
        messages.append("trace: lines must be sorted by time")
    if np.any(sources.trace_quantity < 1):
        messages.append("trace: quantities must be at least 1")
    if messages:
        raise ValueError("; ".join(messages))


def profile_factors(sources: DemandSources, start_epoch_ms: int, horizon_ms: int) -> Float64Array:
    """Multiplier of every profile in every calendar hour from the one that holds the start on, (R, hours)."""
    first_hour = start_epoch_ms // HOUR_MS
    hours = np.arange(first_hour, (start_epoch_ms + max(horizon_ms, 1) - 1) // HOUR_MS + 1)
    dates = np.datetime64("1970-01-01", "D") + hours // 24
    day_of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    hour_of_week = (hours + _EPOCH_WEEKDAY * 24) % 168
    factor: Float64Array = sources.profile_hour_of_week[:, hour_of_week]
    factor = factor * sources.profile_week_of_year[:, day_of_year // 7]
    if sources.profile_knots_ms.shape[1]:
        middle_ms = hours * HOUR_MS + HOUR_MS // 2 - start_epoch_ms
        for row, (knots_ms, values) in enumerate(
            zip(sources.profile_knots_ms, sources.profile_knots_factor, strict=True)
        ):
            factor[row] *= np.interp(middle_ms, knots_ms, values)
    return np.ascontiguousarray(factor)


def _flow_interval(rate_per_ms: float) -> tuple[int, int, int]:
    """Exact time between the steps of a flow as whole + part / parts ms.

    A rate arrives as a float, which is rarely the fraction that was meant (one step per 3,600,000 ms). The simplest
    fraction near it restores that, and makes the time of a step exact however long the flow goes on.
    """
    interval = (1 / Fraction(rate_per_ms)).limit_denominator(_LARGEST_FLOW_PARTS)
    whole, part = divmod(interval.numerator, interval.denominator)
    return whole, part, interval.denominator


def _pick_guides(sources: DemandSources) -> Int32Array:
    """Guide tables of all pick lists (J,): entry g of a list of n is its first row reaching weight g / n."""
    guide = np.zeros(len(sources.pick_cumulative), dtype=np.int32)
    jobs = np.flatnonzero(sources.kind == DEMAND_JOBS)
    for first, count in {(int(sources.job_first[row]), int(sources.job_count[row])) for row in jobs}:
        weights = sources.pick_cumulative[first : first + count]
        guide[first : first + count] = np.minimum(np.searchsorted(weights, np.arange(count) / count), count - 1)
    return guide


def _job_line_parameters(sources: DemandSources) -> Float64Array:
    """Parameter of the number of lines of each source's jobs, see N_JOB_LINES."""
    mean = np.maximum(sources.job_lines_mean, 1.0)
    with np.errstate(divide="ignore"):
        geometric = np.log1p(-1.0 / mean)
    result: Float64Array = np.where(
        sources.job_lines_kind == SIZE_CONSTANT,
        np.floor(mean + 0.5),
        np.where(sources.job_lines_kind == SIZE_GEOMETRIC, geometric, mean - 1.0),
    )
    return result


def _trace_lines(sources: DemandSources) -> Int64Array:
    """The replayed history as raw lines; ValueError when a job's lines are not at one instant.

    Jobs are numbered by their first line.
    """
    times = sources.trace_time_ms
    trace = np.zeros((len(times), RAW_COLUMNS), dtype=np.int64)
    trace[:, R_TIME_MS] = times
    trace[:, R_STOCK_POINT] = sources.trace_stock_point
    trace[:, R_QUANTITY] = sources.trace_quantity
    trace[:, R_TAG] = sources.trace_flags
    grouped = np.flatnonzero(sources.trace_job >= 0)
    names, first, inverse = np.unique(sources.trace_job[grouped], return_index=True, return_inverse=True)
    late = np.flatnonzero(times[grouped] != times[grouped][first][inverse])
    if len(late):
        raise ValueError(f"trace: job {names[inverse[late[0]]]} has lines at different times; a job is one instant")
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    trace[grouped, R_TAG] += (rank[inverse] + 1) << 8
    return trace


def _fill_tables(sources: DemandSources, peak_rate: Float64Array) -> tuple[Int64Array, Float64Array]:
    """The kernels' tables `column` and `number` of all sources."""
    kind = sources.kind
    gapped = (kind == DEMAND_POISSON) | (kind == DEMAND_JOBS)
    constant = np.floor(sources.size_a + 0.5)
    plain = (kind == DEMAND_POISSON) & (sources.size_kind == SIZE_CONSTANT) & (sources.profile < 0)
    plain &= (sources.end_ms < 0) & (constant >= 1)
    column = np.zeros((SOURCE_COLUMNS, len(kind)), dtype=np.int64)
    column[C_PLAIN_QUANTITY] = np.where(plain, constant, 0)
    column[C_STOCK_POINT] = sources.stock_point
    column[C_FLAGS] = sources.flags
    column[C_KIND] = kind
    from_one = gapped & (sources.size_kind == SIZE_POISSON)
    column[C_SIZE_KIND] = np.where(from_one, SIZE_POISSON_FROM_ONE, sources.size_kind)
    column[C_PROFILE] = sources.profile
    column[C_OFFSET_MS] = sources.offset_ms
    column[C_END_MS] = np.where(sources.end_ms < 0, NEVER_MS, sources.end_ms)
    column[C_PERIOD_MS] = sources.period_ms
    column[C_JOB_LINES_KIND] = sources.job_lines_kind
    column[C_JOB_FIRST] = sources.job_first
    column[C_JOB_COUNT] = sources.job_count
    for row in np.flatnonzero((kind == DEMAND_FLOW) & (peak_rate > _SLOWEST_FLOW)):
        column[[C_FLOW_MS, C_FLOW_PART, C_FLOW_PARTS], row] = _flow_interval(float(peak_rate[row]))
    number = np.zeros((SOURCE_NUMBERS, len(kind)), dtype=np.float64)
    number[N_MEAN_GAP_MS] = np.inf
    fires = gapped & (peak_rate > 0)
    number[N_MEAN_GAP_MS, fires] = -1.0 / np.log1p(-peak_rate[fires])
    number[N_SIZE_A] = sources.size_a
    number[N_SIZE_B] = sources.size_b
    number[N_JOB_LINES] = _job_line_parameters(sources)
    return column, number


def prepare_demand(sources: DemandSources, start_epoch_ms: int, horizon_ms: int) -> DemandPlan:
    """Check the sources and work out once what drawing needs; ValueError names what is wrong.

    `start_epoch_ms`: scenario start as Unix time of its local clock. `horizon_ms`: no window may end later.
    """
    factor = profile_factors(sources, start_epoch_ms, horizon_ms)
    peak = factor.max(axis=1, initial=0.0)
    peak_rate = np.array(sources.rate_per_ms, dtype=np.float64)
    known = (sources.profile >= 0) & (sources.profile < len(peak))
    peak_rate[known] *= peak[sources.profile[known]]
    _check(sources, peak_rate)
    column, number = _fill_tables(sources, peak_rate)
    lines_per_event = np.where(sources.kind == DEMAND_JOBS, np.maximum(sources.job_lines_mean, 1.0), 1.0)
    per_ms = np.where(sources.kind == DEMAND_TRACE, 0.0, peak_rate * lines_per_event)
    periodic = sources.kind == DEMAND_PER_PERIOD
    per_ms[periodic] = 1.0 / sources.period_ms[periodic]
    points = (sources.stock_point, sources.pick_stock_point, sources.trace_stock_point)
    return DemandPlan(
        column=column,
        number=number,
        stream=np.ascontiguousarray(sources.stream, dtype=np.uint64).reshape(-1, 2),
        size_table=np.ascontiguousarray(sources.size_table, dtype=np.float64).reshape(-1, 2),
        factor=factor,
        peak=peak,
        since_hour_ms=start_epoch_ms % HOUR_MS,
        pick_cumulative=np.ascontiguousarray(sources.pick_cumulative, dtype=np.float64),
        pick_stock_point=np.ascontiguousarray(sources.pick_stock_point, dtype=np.int64),
        pick_guide=_pick_guides(sources),
        trace_time_ms=np.ascontiguousarray(sources.trace_time_ms, dtype=np.int64),
        trace=_trace_lines(sources),
        horizon_ms=horizon_ms,
        lines_per_ms=float(per_ms.sum()) + len(sources.trace_time_ms) / max(horizon_ms, 1),
        largest_stock_point=max(int(p.max(initial=0)) for p in points),
        has_jobs=bool(np.any(sources.kind == DEMAND_JOBS)),
    )
