"""Customer demand: all lines of a stretch of time, in the order in which they happen.

    plan = prepare_demand(network.demand, network.start_epoch_ms, network.horizon_ms)   # once per network
    drawer = DemandDrawer(plan, seed, replication)                                       # once per replication
    window = drawer.draw(plan.next_window_end(0))                                        # then window after window

Whatever windows the horizon is cut into, the lines laid end to end are the same. `drawer.state` is all there is to
save; a drawer made with a saved state goes on where that one stood.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.demand.draw import R_TAG, RAW_COLUMNS, draw_single_lines, start_sources
from sim.demand.jobs import draw_jobs
from sim.demand.order import LARGE_BUCKET, gather_lines, settle_lines, sort_large_buckets, spread_lines
from sim.demand.plan import DemandPlan, prepare_demand
from sim.network import Float64Array, Int32Array, Int64Array

__all__ = ["DemandDrawer", "DemandPlan", "DemandWindow", "SourceState", "prepare_demand"]

_LARGEST_FIRST_BUFFER = 20_000_000  # lines; a larger window grows its buffer as needed


@dataclass(frozen=True)
class DemandWindow:
    """The customer lines of [from_ms, to_ms), ordered by (time, stock point, drawing order); n lines, j jobs.

    Jobs are numbered from 0 within the window by their first line; all lines of a job happen at one instant, at
    distinct stock points. `job` is -1 for a line on its own.
    """

    from_ms: int
    to_ms: int
    time_ms: Int64Array  # (n,)
    stock_point: Int32Array  # (n,)
    quantity: Int64Array  # (n,) at least 1
    flags: npt.NDArray[np.int8]  # (n,) DEMAND_LOST | DEMAND_WHOLE
    job: Int32Array  # (n,)
    job_lines: Int32Array  # (j,) lines of each job

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass
class SourceState:
    """How far each of K sources has been drawn: plain columns, to be saved and loaded as a table."""

    drawn_to_ms: int
    next_ms: Int64Array  # instant of the next possible line, NEVER_MS when there is none
    position: Int64Array  # words taken from the source's stream
    step: Int64Array  # steps taken by a flow
    carry: Float64Array  # broken part of a step or unit that a profile leaves for later

    def copy(self) -> "SourceState":
        """An independent copy, for a branch into what-ifs."""
        return SourceState(
            self.drawn_to_ms, self.next_ms.copy(), self.position.copy(), self.step.copy(), self.carry.copy()
        )


class DemandDrawer:
    """Draws one replication's demand, window after window."""

    def __init__(self, plan: DemandPlan, seed: int, replication: int, state: SourceState | None = None) -> None:
        """Start at time 0, or at `state.drawn_to_ms`; the state is taken over, not copied."""
        self.plan = plan
        self._seed = np.uint64(seed)
        self._replication = np.uint64(replication)
        self._raw = np.empty((1024, RAW_COLUMNS), dtype=np.int64)
        self.state = self._start() if state is None else state

    def _start(self) -> SourceState:
        plan = self.plan
        next_ms, position, step = np.zeros((3, len(plan.stream)), dtype=np.int64)
        start_sources(plan.column, plan.number, plan.stream, next_ms, position, step, self._seed, self._replication)
        return SourceState(0, next_ms, position, step, carry=np.zeros(len(plan.stream)))

    def draw(self, to_ms: int) -> DemandWindow:
        """All lines from where the last window ended up to, not including, `to_ms`.

        ValueError when `to_ms` lies before that or after the horizon.
        """
        from_ms = self.state.drawn_to_ms
        if not from_ms <= to_ms <= self.plan.horizon_ms:
            raise ValueError(f"window end {to_ms} ms must lie in {from_ms} .. {self.plan.horizon_ms} ms")
        expected = self.plan.lines_per_ms * (to_ms - from_ms)
        self._make_room(min(int(expected + 6 * expected**0.5), _LARGEST_FIRST_BUFFER) + 64, 0)
        lines = self._draw_single_lines(to_ms)
        lines, jobs = self._draw_jobs(to_ms, lines)
        lines, jobs = self._replay_trace(from_ms, to_ms, lines, jobs)
        window = self._order(from_ms, to_ms, lines, jobs)
        self.state.drawn_to_ms = to_ms
        return window

    def _make_room(self, capacity: int, lines: int) -> None:
        """Let the buffer hold `capacity` lines, keeping the first `lines`."""
        if capacity > len(self._raw):
            larger = np.empty((capacity, RAW_COLUMNS), dtype=np.int64)
            larger[:lines] = self._raw[:lines]
            self._raw = larger

    def _draw_single_lines(self, to_ms: int) -> int:
        """Put the lines of all sources but jobs into the buffer, in drawing order; number of lines."""
        plan, state = self.plan, self.state
        source = lines = 0
        while source < plan.sources:
            source, lines = draw_single_lines(
                plan.column, plan.number, plan.stream, state.next_ms, state.position, state.step, state.carry,
                self._raw, source, lines, to_ms, self._seed, self._replication,
                plan.size_table, plan.factor, plan.peak, plan.since_hour_ms,
            )  # fmt: skip
            if source < plan.sources:
                self._make_room(2 * len(self._raw), lines)
        return int(lines)

    def _draw_jobs(self, to_ms: int, lines: int) -> tuple[int, int]:
        """Put the jobs' lines behind the others; number of lines and jobs."""
        plan, state = self.plan, self.state
        source = 0 if plan.has_jobs else plan.sources
        jobs = 0
        while source < plan.sources:
            source, lines, jobs = draw_jobs(
                plan.column, plan.number, plan.stream, state.next_ms, state.position,
                self._raw, source, lines, jobs, to_ms, self._seed, self._replication,
                plan.size_table, plan.factor, plan.peak, plan.since_hour_ms,
                plan.pick_cumulative, plan.pick_stock_point, plan.pick_guide,
            )  # fmt: skip
            if source < plan.sources:
                self._make_room(2 * len(self._raw), lines)
        return int(lines), int(jobs)

    def _replay_trace(self, from_ms: int, to_ms: int, lines: int, jobs: int) -> tuple[int, int]:
        """Put the trace's lines of the window behind the drawn ones; number of lines and jobs."""
        trace = self.plan.trace
        low, high = (int(row) for row in np.searchsorted(self.plan.trace_time_ms, (from_ms, to_ms)))
        end = lines + high - low
        self._make_room(end, lines)
        self._raw[lines:end] = trace[low:high]
        tag = self._raw[lines:end, R_TAG]
        grouped = tag >= 256
        if not grouped.any():
            return end, jobs
        number = tag[grouped] >> 8
        first, last = int(number.min()), int(number.max())
        tag[grouped] += (jobs + 1 - first) << 8
        return end, jobs + 1 + last - first

    def _order(self, from_ms: int, to_ms: int, lines: int, jobs: int) -> DemandWindow:
        point_bits = self.plan.largest_stock_point.bit_length()
        span = max(to_ms - from_ms, 1)
        shift = max(span.bit_length() - lines.bit_length(), 0)  # one or two lines a bucket
        shift = min(shift, 62 - point_bits)  # a bucket's times and stock points must fit into one integer
        ends = np.zeros(((span - 1) >> shift) + 2, dtype=np.int32)
        times = np.empty(lines, dtype=np.int64)
        order = np.empty(lines, dtype=np.int32)
        if spread_lines(self._raw, lines, from_ms, shift, ends, times, order) > LARGE_BUCKET:
            sort_large_buckets(self._raw, from_ms, shift, point_bits, ends, times, order)
        settle_lines(self._raw, times, order)
        window = DemandWindow(
            from_ms=from_ms,
            to_ms=to_ms,
            time_ms=times,
            stock_point=np.empty(lines, dtype=np.int32),
            quantity=np.empty(lines, dtype=np.int64),
            flags=np.empty(lines, dtype=np.int8),
            job=np.empty(lines, dtype=np.int32),
            job_lines=np.zeros(jobs, dtype=np.int32),
        )
        number = np.full(jobs, -1, dtype=np.int32)
        gather_lines(
            self._raw, order, number, window.stock_point, window.quantity, window.flags, window.job, window.job_lines
        )
        return window
