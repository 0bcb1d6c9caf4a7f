"""Drawing of customer demand: times, sizes, jobs, profiles, and that windows leave no trace."""

import dataclasses
import math
import os
import subprocess
import sys
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim import network as net
from sim.demand.drawer import DemandDrawer
from sim.demand.order import merge_sort
from sim.demand.plan import profile_factors
from tests.demand_samples import DAY_MS, HOUR_MS, MONDAY, demand, draw_all, joined, lines, plan_of

POISSON_2 = {"kind": net.DEMAND_POISSON, "stock_point": 4, "rate_per_ms": 2 / DAY_MS}
WORKING_HOURS = np.zeros((7, 24))
WORKING_HOURS[:5, 8:16] = 168 / 40
JOBS = {
    "kind": net.DEMAND_JOBS,
    "stock_point": -1,
    "rate_per_ms": 20 / DAY_MS,
    "job_lines_mean": 2.4,
    "job_lines_kind": net.SIZE_GEOMETRIC,
    "job_count": 4,
}
PICKS = [(0.5, 2), (0.8, 7), (0.9, 8), (1.0, 5)]


def times_of(row: dict[str, object], days: float, **tables: object) -> np.ndarray:
    return draw_all(plan_of(demand(row, **tables), int(days * DAY_MS))).time_ms


# --- Poisson ----------------------------------------------------------------------------------------------------------
def test_poisson_counts_and_gaps():
    times = times_of({"rate_per_ms": 5 / DAY_MS, "stock_point": 3}, 20_000)
    counts = np.bincount(times // DAY_MS, minlength=20_000)
    edges = np.arange(14)
    expected = 20_000 * np.append(stats.poisson(5).pmf(edges[:-1]), stats.poisson(5).sf(12))
    assert stats.chisquare(np.bincount(np.minimum(counts, 13), minlength=14), expected).pvalue > 0.001
    assert stats.kstest(np.diff(times) * 5 / DAY_MS, "expon").pvalue > 0.001


def test_poisson_is_unbiased_at_one_line_per_second():
    """The mean of 2 million gaps of 1,000 ms is within 3.5 standard errors (0.7 ms); so is their variance."""
    gaps = np.diff(times_of({"rate_per_ms": 0.001}, 2_000_000_000 / DAY_MS))
    assert len(gaps) > 1_990_000
    assert abs(gaps.mean() - 1000) < 3.5 * 1000 / math.sqrt(len(gaps))
    assert gaps.var() == pytest.approx(1000**2 - 1000, rel=0.01)
    assert gaps.min() == 1


def test_the_first_millisecond_is_as_likely_as_any_other():
    rows = [{"rate_per_ms": 0.5, "stock_point": row} for row in range(4000)]
    window = draw_all(plan_of(demand(*rows), 8))
    counts = np.bincount(window.time_ms, minlength=8)
    assert len(counts) == 8
    assert np.all(np.abs(counts - 2000) < 4 * math.sqrt(1000))


def test_a_source_of_rate_zero_never_fires():
    assert len(draw_all(plan_of(demand({"rate_per_ms": 0.0}), 10**13))) == 0


def test_launch_and_end():
    row = {"rate_per_ms": 0.01, "offset_ms": 5000, "end_ms": 9000}
    times = times_of(row, 1)
    assert len(times) > 20
    assert 5000 <= times.min() < 6000
    assert 8000 < times.max() < 9000


@pytest.mark.parametrize(
    ("size", "mean", "variance", "smallest"),
    [
        ({"size_kind": net.SIZE_CONSTANT, "size_a": 3.0}, 3.0, 0.0, 3),
        ({"size_kind": net.SIZE_GEOMETRIC, "size_a": 0.25}, 4.0, 12.0, 1),
        ({"size_kind": net.SIZE_POISSON, "size_a": 2.5}, 2.5, 1.5, 1),
        ({"size_kind": net.SIZE_UNIFORM, "size_a": 1.0, "size_b": 5.0}, 3.0, 2.0, 1),
        ({"size_kind": net.SIZE_EMPIRICAL, "size_a": 0.0, "size_b": 3.0}, 2.1, 2.29, 1),
    ],
)
def test_sizes_of_compound_demand(size, mean, variance, smallest):
    window = draw_all(plan_of(demand(POISSON_2 | size, sizes=[(0.5, 1.0), (0.8, 2.0), (1.0, 5.0)]), 20_000 * DAY_MS))
    count = len(window)
    assert abs(count - 40_000) < 5 * math.sqrt(40_000)
    assert abs(window.quantity.mean() - mean) <= 4 * math.sqrt(variance / count)
    assert window.quantity.var() == pytest.approx(variance, rel=0.06)
    assert window.quantity.min() == smallest


def test_a_poisson_process_of_logarithmic_sizes_is_negative_binomial():
    p = 0.6
    row = POISSON_2 | {"size_kind": net.SIZE_LOGARITHMIC, "size_a": p}
    window = draw_all(plan_of(demand(row), 10_000 * DAY_MS))
    per_day = np.bincount(window.time_ms // DAY_MS, weights=window.quantity, minlength=10_000)
    reference = stats.nbinom(-2 / math.log(1 - p), 1 - p)
    edges = np.arange(0, 12)
    shares = np.diff(np.concatenate([[0.0], reference.cdf(edges), [1.0]]))
    counts = np.bincount(np.searchsorted(edges, per_day), minlength=13)
    assert stats.chisquare(counts, shares * 10_000).pvalue > 0.001


# --- order and independence -------------------------------------------------------------------------------------------
MIXED = demand(
    {"stock_point": 9, "rate_per_ms": 1 / HOUR_MS, "flags": net.DEMAND_LOST},
    {"stock_point": 1, "rate_per_ms": 1 / HOUR_MS, "size_kind": net.SIZE_GEOMETRIC, "size_a": 0.4, "profile": 0},
    {"stock_point": 3, "kind": net.DEMAND_PER_PERIOD, "period_ms": HOUR_MS, "size_kind": net.SIZE_NEGATIVE_BINOMIAL}
    | {"size_a": 2.0, "size_b": 5.0, "profile": 0},
    {"stock_point": 2, "kind": net.DEMAND_PER_PERIOD, "period_ms": 2 * HOUR_MS, "size_a": 3.0, "profile": 0},
    {"stock_point": 8, "kind": net.DEMAND_FLOW, "rate_per_ms": 3 / (7 * HOUR_MS)},
    {"stock_point": 0, "kind": net.DEMAND_FLOW, "rate_per_ms": 2 / HOUR_MS, "profile": 0, "end_ms": 40 * HOUR_MS},
    JOBS | {"rate_per_ms": 2 / HOUR_MS},
    JOBS | {"rate_per_ms": 2 / HOUR_MS, "profile": 0, "job_lines_kind": net.SIZE_POISSON}
    | {"size_kind": net.SIZE_UNIFORM, "size_a": 1.0, "size_b": 3.0},
    picks=PICKS,
    profiles=[(WORKING_HOURS.ravel(), 1.0, [(0, 0.5), (40 * HOUR_MS, 2.0)])],
    trace=[
        (7 * HOUR_MS, 3, 2, 1, -1),
        (7 * HOUR_MS, 4, 1, 0, 70),
        (7 * HOUR_MS, 6, 1, 0, 70),
        (9 * HOUR_MS, 1, 5, 0, -1),
        (9 * HOUR_MS, 2, 5, 2, 11),
    ],
)  # fmt: skip
HORIZON_MS = 60 * HOUR_MS
CUT = st.one_of(st.integers(0, HORIZON_MS), st.integers(0, 60).map(lambda hour: hour * HOUR_MS))


@given(cuts=st.lists(CUT, max_size=12), seed=st.integers(0, 2**40), replication=st.integers(0, 5))
def test_how_the_horizon_is_cut_into_windows_leaves_no_trace(cuts, seed, replication):
    plan = plan_of(MIXED, HORIZON_MS)
    whole = joined([draw_all(plan, seed, replication)])
    drawer = DemandDrawer(plan, seed, replication)
    assert joined([drawer.draw(end) for end in [*sorted(cuts), HORIZON_MS]]) == whole
    assert len(whole[0]) > 100


@given(cut=CUT)
def test_a_saved_state_continues(cut):
    plan = plan_of(MIXED, HORIZON_MS)
    drawer = DemandDrawer(plan, 3, 0)
    first = drawer.draw(cut)
    saved = drawer.state.copy()
    rest = drawer.draw(HORIZON_MS)
    assert lines(DemandDrawer(plan, 3, 0, saved).draw(HORIZON_MS)) == lines(rest)
    assert joined([first, rest]) == joined([draw_all(plan, 3)])


def test_plain_python_draws_the_same_lines():
    program = (
        "from tests.test_demand import HORIZON_MS, MIXED, draw_all, joined, plan_of\n"
        "print(joined([draw_all(plan_of(MIXED, HORIZON_MS), 5, 2)]))"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    root = Path(__file__).resolve().parent.parent
    run = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.strip() == str(joined([draw_all(plan_of(MIXED, HORIZON_MS), 5, 2)]))


def test_a_full_buffer_is_enlarged_and_nothing_drawn_twice():
    rows = [{"stock_point": row, "rate_per_ms": 1 / HOUR_MS} for row in range(40)]
    plan = plan_of(demand(*rows, JOBS | {"rate_per_ms": 60 / HOUR_MS}, POISSON_2, picks=PICKS), 100 * HOUR_MS)
    short = dataclasses.replace(plan, lines_per_ms=0.0)
    assert len(draw_all(plan)) > 4 * 1024
    assert joined([draw_all(short)]) == joined([draw_all(plan)])


def test_lines_come_by_time_then_stock_point():
    window = draw_all(plan_of(MIXED, HORIZON_MS))
    keys = [line[:2] for line in lines(window)]
    assert keys == sorted(keys)


def test_lines_at_one_time_and_stock_point_keep_the_order_of_drawing():
    period = {"kind": net.DEMAND_PER_PERIOD, "period_ms": DAY_MS}
    rows = [period | {"stock_point": 5 - row // 2, "size_a": 1.0 + row} for row in range(6)]
    window = draw_all(plan_of(demand(*rows), DAY_MS))
    assert [line[1:3] for line in lines(window)] == [(3, 5), (3, 6), (4, 3), (4, 4), (5, 1), (5, 2)]


def test_very_many_lines_at_one_instant():
    """Also out of order: the fallback of the counting sort, stable and not quadratic (30,000**2 / 4 moves: minutes)."""
    period = {"kind": net.DEMAND_PER_PERIOD, "period_ms": DAY_MS, "offset_ms": 7}
    rows = [period | {"stock_point": 29_999 - row // 2, "size_a": 1.0 + row} for row in range(30_000)]
    window = draw_all(plan_of(demand(*rows, {"stock_point": 1, "rate_per_ms": 1 / HOUR_MS}), 3 * DAY_MS))
    together = window.time_ms == DAY_MS + 7
    assert together.sum() == 30_000
    assert window.stock_point[together].tolist() == [15_000 + row // 2 for row in range(30_000)]
    assert np.all(np.diff(window.quantity[together])[::2] == 1)
    assert np.all(np.diff(window.time_ms) >= 0)


@given(keys=st.lists(st.integers(0, 9), max_size=80))
def test_merge_sort_is_stable(keys):
    ours = np.array(keys, dtype=np.int64)
    order = np.arange(len(keys), dtype=np.int32)
    merge_sort(ours, order)
    assert order.tolist() == sorted(range(len(keys)), key=lambda row: keys[row])
    assert ours.tolist() == sorted(keys)


def test_one_more_source_shifts_no_other():
    few = [{"name": f"s{row}", "stock_point": row, "rate_per_ms": 1 / HOUR_MS} for row in (0, 2)]
    more = {"name": "new", "stock_point": 1, "rate_per_ms": 3 / HOUR_MS}
    before = lines(draw_all(plan_of(demand(*few), 40 * DAY_MS)))
    after = lines(draw_all(plan_of(demand(few[0], more, few[1]), 40 * DAY_MS)))
    assert [line for line in after if line[1] != 1] == before
    assert len(after) > len(before) + 1000


def test_a_plain_source_draws_what_the_general_code_draws():
    """The bulk takes a short cut through the kernel; a far end date keeps a source off it."""
    plain = {"name": "same", "rate_per_ms": 1 / HOUR_MS, "stock_point": 3, "size_a": 2.0, "flags": 3}
    general = plain | {"end_ms": 2**60}
    assert lines(draw_all(plan_of(demand(plain), 90 * DAY_MS))) == lines(
        draw_all(plan_of(demand(general), 90 * DAY_MS))
    )


def test_seeds_and_replications_differ():
    plan = plan_of(demand(POISSON_2), 3000 * DAY_MS)
    counts = [
        np.bincount(draw_all(plan, seed, replication).time_ms // DAY_MS, minlength=3000)
        for seed, replication in ((1, 0), (1, 1), (2, 0), (0, 1))
    ]
    correlation = np.corrcoef(counts)[np.triu_indices(4, 1)]
    assert np.all(np.abs(correlation) < 4 / math.sqrt(3000))


# --- profiles ---------------------------------------------------------------------------------------------------------
def test_profile_factors_follow_the_calendar():
    weeks = np.arange(53) + 1.0
    hours = np.arange(168) + 1.0
    start = datetime(2023, 12, 27, 13, 20)
    start_ms = int((start - datetime(1970, 1, 1)) / timedelta(milliseconds=1))
    factor = profile_factors(demand(profiles=[(hours, weeks, [])]), start_ms, 500 * DAY_MS)[0]
    for row in range(len(factor)):
        at = start.replace(minute=0) + timedelta(hours=row)
        week = (at.timetuple().tm_yday - 1) // 7
        assert factor[row] == (at.weekday() * 24 + at.hour + 1) * (week + 1)
    assert start.replace(minute=0) + timedelta(hours=len(factor)) >= start + timedelta(days=500)


def test_knots_are_joined_by_straight_lines_and_may_jump():
    day = DAY_MS
    knots = [(day, 0.0), (2 * day, 1.0), (2 * day, 3.0), (4 * day, 3.0), (4 * day, 3.0)]
    factor = profile_factors(demand(profiles=[(1.0, 1.0, knots)]), MONDAY, 5 * day)[0]
    assert factor[:24].tolist() == [0.0] * 24
    assert factor[24:48] == pytest.approx((np.arange(24) + 0.5) / 24)
    assert factor[48:].tolist() == [3.0] * 72


def test_shifts_thin_a_poisson_source():
    """From a Thursday on: nothing outside shifts, all shift hours alike, and the mean rate as stated."""
    row = POISSON_2 | {"profile": 0}
    plan = plan_of(demand(row, profiles=[(WORKING_HOURS.ravel(), 1.0, [])]), 700 * 7 * DAY_MS, MONDAY + 3 * DAY_MS)
    times = draw_all(plan).time_ms
    hours = np.bincount((times + 3 * DAY_MS) // HOUR_MS % 168, minlength=168)
    working = WORKING_HOURS.ravel() > 0
    assert hours[~working].sum() == 0
    assert stats.chisquare(hours[working]).pvalue > 0.001
    assert abs(len(times) - 9800) < 4 * math.sqrt(9800)


def test_a_trend_thins_jobs():
    row = JOBS | {"profile": 0}
    knots = [(0, 0.0), (1000 * DAY_MS, 2.0)]
    window = draw_all(plan_of(demand(row, picks=PICKS, profiles=[(1.0, 1.0, knots)]), 1000 * DAY_MS))
    starts = np.unique(window.time_ms)
    assert abs(len(starts) - 20_000) < 4 * math.sqrt(20_000)
    assert stats.kstest(starts / (1000 * DAY_MS), lambda share: share**2).pvalue > 0.001


def test_a_profile_multiplies_what_a_period_needs_and_loses_nothing():
    row = {"kind": net.DEMAND_PER_PERIOD, "period_ms": DAY_MS, "offset_ms": 1000, "profile": 0}
    window = draw_all(plan_of(demand(row, profiles=[(0.3, 1.0, [])]), 100 * DAY_MS))
    assert window.quantity.sum() in (29, 30)
    assert set(np.diff(window.time_ms) // DAY_MS) == {3, 4}


def test_a_season_scales_counted_sizes():
    row = {"kind": net.DEMAND_PER_PERIOD, "period_ms": DAY_MS, "profile": 0}
    row |= {"size_kind": net.SIZE_NEGATIVE_BINOMIAL, "size_a": 4.0, "size_b": 12.0}
    weekend = np.ones((7, 24))
    weekend[5:] = 0.25
    window = draw_all(plan_of(demand(row, profiles=[(weekend.ravel(), 1.0, [])]), 3000 * 7 * DAY_MS))
    per_day = np.bincount(window.time_ms // DAY_MS, weights=window.quantity, minlength=21_000).reshape(-1, 7)
    for days, mean in ((per_day[:, :5], 4.0), (per_day[:, 5:], 1.0)):
        assert abs(days.mean() - mean) < 4 * math.sqrt(3 * mean / days.size)
        assert days.var() == pytest.approx(3 * mean, rel=0.06)


# --- per period and flow ----------------------------------------------------------------------------------------------
def test_per_period_lines_come_at_the_periods_offset():
    row = {"kind": net.DEMAND_PER_PERIOD, "period_ms": DAY_MS, "offset_ms": 9 * HOUR_MS, "end_ms": 5 * DAY_MS}
    assert times_of(row, 10).tolist() == [day * DAY_MS + 9 * HOUR_MS for day in range(5)]
    assert times_of(row | {"offset_ms": 9 * HOUR_MS - 7 * DAY_MS}, 10).tolist() == times_of(row, 10).tolist()


def test_normal_per_period():
    row = {"kind": net.DEMAND_PER_PERIOD, "period_ms": DAY_MS, "size_kind": net.SIZE_NORMAL}
    window = draw_all(plan_of(demand(row | {"size_a": 20.0, "size_b": 4.0}), 20_000 * DAY_MS))
    assert len(window) == 20_000
    assert abs(window.quantity.mean() - 20) < 4 * 4 / math.sqrt(20_000)
    assert window.quantity.var() == pytest.approx(16 + 1 / 12, rel=0.05)
    rare = draw_all(plan_of(demand(row | {"size_a": 0.0, "size_b": 1.0}), 20_000 * DAY_MS))
    assert abs(len(rare) / 20_000 - stats.norm.sf(0.5)) < 0.015, "a quantity of zero is no line"


@given(steps=st.integers(1, 50), per_ms=st.sampled_from([97, HOUR_MS, DAY_MS, 7 * DAY_MS]), offset=st.integers(0, 999))
def test_a_flow_is_exact(steps, per_ms, offset):
    """Step k is due when k steps have flowed, in integers: no drift however long."""
    row = {"kind": net.DEMAND_FLOW, "rate_per_ms": steps / per_ms, "size_a": 3.0, "offset_ms": offset}
    window = draw_all(plan_of(demand(row), 3 * per_ms))
    due = [offset + math.ceil(Fraction(k * per_ms, steps)) for k in range(1, 3 * steps + 1)]
    assert window.time_ms.tolist() == [time for time in due if time < 3 * per_ms]
    assert set(window.quantity) <= {3}


def test_a_flow_with_a_profile_runs_evenly_in_its_shifts():
    row = {"kind": net.DEMAND_FLOW, "rate_per_ms": 1 / HOUR_MS, "profile": 0}
    times = times_of(row, 7 * 50, profiles=[(WORKING_HOURS.ravel(), 1.0, [])])
    hours = np.bincount(times // HOUR_MS % 168, minlength=168).reshape(7, 24)
    assert hours[:5, 8:16].sum() == len(times)
    assert abs(len(times) - 168 * 50) <= 1
    assert hours[:5, 8:16].min() >= 200


# --- jobs -------------------------------------------------------------------------------------------------------------
def test_jobs_pick_by_weight_and_merge_equal_picks():
    window = draw_all(plan_of(demand(JOBS, picks=PICKS), 2000 * DAY_MS))
    jobs = len(window.job_lines)
    assert abs(jobs - 40_000) < 4 * math.sqrt(40_000)
    picked = np.bincount(window.stock_point, weights=window.quantity, minlength=9)
    total = picked.sum()
    assert abs(total / jobs - 2.4) < 4 * math.sqrt(2.4 * 1.4 / jobs)
    assert stats.chisquare(picked[[2, 7, 8, 5]], np.array([0.5, 0.3, 0.1, 0.1]) * total).pvalue > 0.001
    assert window.quantity.max() > 2


def test_lines_of_a_job_share_the_instant_and_are_distinct():
    window = draw_all(plan_of(MIXED, HORIZON_MS))
    grouped = window.job >= 0
    job, point, time = window.job[grouped], window.stock_point[grouped], window.time_ms[grouped]
    assert len(set(zip(job.tolist(), point.tolist(), strict=True))) == len(job)
    assert len(set(zip(job.tolist(), time.tolist(), strict=True))) == len(window.job_lines)
    assert np.bincount(job).tolist() == window.job_lines.tolist()
    first = np.unique(job, return_index=True)[1]
    assert np.all(np.diff(first) > 0), "jobs are numbered by their first line"


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        (net.SIZE_CONSTANT, stats.randint(3, 4)),
        (net.SIZE_GEOMETRIC, stats.geom(1 / 3)),
        (net.SIZE_POISSON, stats.poisson(2, loc=1)),
    ],
)
def test_number_of_lines_of_a_job(kind, reference):
    row = JOBS | {"job_lines_kind": kind, "job_lines_mean": 3.0}
    window = draw_all(plan_of(demand(row, picks=PICKS), 500 * DAY_MS))
    sizes = np.bincount(window.job, weights=window.quantity).astype(int)
    edges = np.arange(1, 8) if kind != net.SIZE_CONSTANT else np.array([3])
    expected = len(sizes) * np.append(reference.pmf(edges), reference.sf(edges[-1]))
    counts = np.array([*(np.sum(sizes == edge) for edge in edges), np.sum(sizes > edges[-1])])
    if kind == net.SIZE_CONSTANT:
        assert counts.tolist() == [len(sizes), 0]
    else:
        assert stats.chisquare(counts, expected).pvalue > 0.001


def test_a_long_list_of_picks_is_found_exactly():
    """Against a search of the whole list, with weights from 1 to 1e-6 and zeros among them."""
    weights = 1.0 / np.arange(1, 1201) ** 2
    weights[::7] = 0.0
    cumulative = np.cumsum(weights) / weights.sum()
    cumulative[-1] = 1.0
    row = JOBS | {"job_lines_kind": net.SIZE_CONSTANT, "job_lines_mean": 1.0, "job_count": 1200}
    picks = [(float(weight), place) for place, weight in enumerate(cumulative)]
    window = draw_all(plan_of(demand(row, picks=picks), 3000 * DAY_MS))
    counts = np.bincount(window.stock_point, minlength=1200)
    assert counts[::7].sum() == 0
    head = counts[:40][weights[:40] > 0]
    shares = weights[:40][weights[:40] > 0] / weights.sum()
    expected = np.append(shares, 1 - shares.sum()) * len(window)
    assert stats.chisquare(np.append(head, len(window) - head.sum()), expected).pvalue > 0.001


# --- traces and refusals ----------------------------------------------------------------------------------------------
def test_a_trace_is_replayed_as_it_is():
    history = [(5, 1, 2, 0, -1), (5, 3, 1, 3, 40), (5, 4, 9, 3, 40), (8, 0, 1, 1, 7), (10, 0, 1, 0, -1)]
    plan = plan_of(demand({"kind": net.DEMAND_TRACE, "stock_point": -1}, trace=history), 10)
    window = draw_all(plan)
    assert lines(window) == [(5, 1, 2, 0, -1), (5, 3, 1, 3, 0), (5, 4, 9, 3, 0), (8, 0, 1, 1, 1)]
    assert window.job_lines.tolist() == [2, 1]
    assert lines(draw_all(plan_of(demand(trace=history), 10))) == lines(window)


def test_no_sources_no_lines():
    window = draw_all(plan_of(demand(), 5 * DAY_MS))
    assert len(window) == len(window.job_lines) == 0


def test_suggested_windows_cover_the_horizon():
    plan = plan_of(demand({"rate_per_ms": 0.01}), 100 * DAY_MS)
    ends = [0]
    while ends[-1] < plan.horizon_ms:
        ends.append(plan.next_window_end(ends[-1], lines=2_000_000))
    assert ends[-1] == plan.horizon_ms
    assert set(np.diff(ends[:-1])) == {200_000_000}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"rate_per_ms": -1.0}, "source 1: rate must be at least 0"),
        ({"rate_per_ms": math.nan}, "source 1: rate must be at least 0"),
        ({"rate_per_ms": 0.6, "profile": 0}, "source 1: rate must be at least 0 and below 1 per millisecond"),
        ({"kind": net.DEMAND_FLOW, "rate_per_ms": 2.0}, "source 1: rate"),
        ({"kind": net.DEMAND_PER_PERIOD}, "source 1: period must be at least 1 ms"),
        ({"stock_point": -1}, "source 1: stock point is missing"),
        (JOBS | {"job_count": 0}, "source 1: job needs items"),
        (JOBS | {"job_first": 2}, "source 1: job needs items"),
        (JOBS | {"job_lines_mean": 0.5}, "source 1: job needs at least one line"),
        ({"size_kind": net.SIZE_POISSON, "size_a": 0.5}, "source 1: poisson size"),
        ({"profile": 1}, "source 1: profile row does not exist"),
    ],
)
def test_impossible_sources_are_refused(row, message):
    tables = {"picks": PICKS, "profiles": [(2.0, 1.0, [])]}
    plan_of(demand(POISSON_2, JOBS, **tables), DAY_MS)
    with pytest.raises(ValueError, match=message):
        plan_of(demand(POISSON_2, row, **tables), DAY_MS)


def test_all_findings_come_at_once():
    history = [(9, 0, 0, 0, -1), (5, 0, 1, 0, -1)]
    with pytest.raises(ValueError, match=r"source 0 and others: rate .*sorted by time.*at least 1"):
        plan_of(demand({"rate_per_ms": -1.0}, {"rate_per_ms": 7.0}, trace=history), DAY_MS)
    with pytest.raises(ValueError, match="job 3 has lines at different times"):
        plan_of(demand(trace=[(5, 0, 1, 0, 3), (6, 1, 1, 0, 3)]), DAY_MS)


def test_a_window_must_follow_the_last_and_end_by_the_horizon():
    drawer = DemandDrawer(plan_of(demand(POISSON_2), DAY_MS), 1, 0)
    drawer.draw(1000)
    for end in (999, DAY_MS + 1):
        with pytest.raises(ValueError, match=f"window end {end} ms must lie in 1000"):
            drawer.draw(end)
