"""Stock levels out of records, time without stock, and the clock that stands still: against the engine and by force."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mro_twin
from sim import columns as c
from sim.build.network_builder import build_network
from sim.contracts.movements import RecordColumns
from sim.contracts.sla_windows import fill_rate
from sim.contracts.stock_levels import (
    Changes,
    CountedTime,
    StockLevels,
    in_windows,
    levels_of,
    stock_levels,
    without_stock,
    without_stock_anywhere,
)
from sim.engine import simulate_replication
from sim.errors import ConservationError
from sim.record.records import Records
from tests.plant_run_samples import plant_sample

END = 40
NO_EXCLUSIONS = CountedTime([])


@pytest.fixture(scope="module")
def records() -> Records:
    """A plant with a shelf, a vending machine with loans, a leaking tank and inspected deliveries in lots."""
    return simulate_replication(build_network(mro_twin.load_scenario(plant_sample())), 3, 0)


def devices(records: Records) -> np.ndarray:
    return np.flatnonzero(records.network.parameter[:, c.P_FLAGS] & c.SP_DEVICE)


# --- against the engine -----------------------------------------------------------------------------------------------
def test_time_with_stock_is_the_engines_to_the_millisecond(records: Records) -> None:
    network, points = records.network, devices(records)
    levels = stock_levels(records, points)
    measured = np.array([network.warm_up_ms, network.horizon_ms])
    missing = in_windows(without_stock(levels), measured, NO_EXCLUSIONS)[:, 0]
    assert (network.horizon_ms - network.warm_up_ms - missing == records.summary.area[points, c.A_READY]).all()
    assert (missing > 0).sum() >= 3, "some places were out of stock, or nothing is shown"


def test_units_given_at_once_are_the_engines(records: Records) -> None:
    network, points = records.network, devices(records)
    measured = np.array([network.warm_up_ms, network.horizon_ms])
    tally = fill_rate(RecordColumns(records), points, measured, NO_EXCLUSIONS)
    total = records.summary.total[points].sum(axis=0)
    assert tally.good.tolist() == [total[c.T_UNITS_AT_ONCE]]
    assert tally.counted.tolist() == [total[c.T_DEMAND_UNITS]]
    assert total[c.T_UNITS_AT_ONCE] < total[c.T_UNITS_ISSUED], "some waited, or nothing is shown"


def test_mean_stock_is_the_engines(records: Records) -> None:
    network, points = records.network, devices(records)
    levels = stock_levels(records, points)
    until = np.append(levels.time_ms[1:], network.horizon_ms)
    until[np.append(levels.place[1:] != levels.place[:-1], True)] = network.horizon_ms
    lasting = np.maximum(until - np.maximum(levels.time_ms, network.warm_up_ms), 0)
    area = np.bincount(levels.place, levels.level * lasting, len(points))
    assert area == pytest.approx(records.summary.area[points, c.A_ON_HAND], rel=1e-12)


def test_any_order_of_places_and_some_of_them(records: Records) -> None:
    points = devices(records)
    all_levels, some = stock_levels(records, points), stock_levels(records, points[[3, 0]])
    assert some.closing.tolist() == all_levels.closing[[3, 0]].tolist()
    for place, other in ((0, 3), (1, 0)):
        assert some.level[some.place == place].tolist() == all_levels.level[all_levels.place == other].tolist()


def test_a_level_that_does_not_end_where_the_engine_says_is_an_error(records: Records) -> None:
    point = int(devices(records)[1])
    closing = records.summary.closing
    state = closing.state.copy()
    state[point, c.S_ON_HAND] += 2
    spoilt = replace(records, summary=replace(records.summary, closing=replace(closing, state=state)))
    with pytest.raises(ConservationError, match="stock on hand by the records should be") as caught:
        stock_levels(spoilt, devices(records))
    assert caught.value.total == 1
    assert caught.value.breaks[0].expected - caught.value.breaks[0].found == 2


# --- by hand ----------------------------------------------------------------------------------------------------------
def levels(opening: list[int], *changes: tuple[int, int, int], to_ms: int = END) -> StockLevels:
    """Levels from 0 on; a change is (place, time, units)."""
    columns = np.array(changes, np.int64).reshape(-1, 3).T
    return levels_of(np.array(opening), Changes(*columns), 0, to_ms)


def rows(spells: Any) -> list[tuple[int, int, int]]:
    return list(zip(spells.place.tolist(), spells.from_ms.tolist(), spells.to_ms.tolist(), strict=True))


def test_spells_without_stock() -> None:
    found = levels([1, 0, 5], (0, 10, -1), (1, 30, 2), (0, 12, 3), (0, 20, -3))
    assert rows(without_stock(found)) == [(0, 10, 12), (0, 20, 40), (1, 0, 30)]
    assert found.closing.tolist() == [0, 2, 5]


def test_of_several_changes_at_one_instant_the_last_level_counts() -> None:
    """Delivered and rejected at once, or taken and refilled: nothing lasted."""
    assert rows(without_stock(levels([2], (0, 10, -2), (0, 10, 4), (0, 10, -1)))) == []
    assert rows(without_stock(levels([0], (0, 10, 4), (0, 10, -4)))) == [(0, 0, 10), (0, 10, 40)]


def test_without_stock_anywhere_needs_all_places_of_the_item() -> None:
    found = levels([1, 1, 0], (0, 10, -1), (1, 20, -1), (0, 30, 1))
    assert rows(without_stock_anywhere(found, np.array([0, 0, 1]))) == [(0, 20, 30), (1, 0, 40)]


def test_no_places() -> None:
    nothing = levels([])
    assert rows(without_stock(nothing)) == rows(without_stock_anywhere(nothing, np.zeros(0, np.int64))) == []


# --- by force ---------------------------------------------------------------------------------------------------------
Intervals = list[tuple[int, int]]
INTERVALS = st.lists(
    st.tuples(st.integers(-5, END), st.integers(1, 15)).map(lambda one: (one[0], sum(one))), max_size=5
)


@given(INTERVALS)
def test_the_clock_stands_still_in_excluded_times(excluded: Intervals) -> None:
    clock, instants = CountedTime(excluded), np.arange(-8, END + 30)
    runs = [not any(begin <= time < end for begin, end in excluded) for time in instants.tolist()]
    assert clock.counts(instants).tolist() == runs
    assert np.diff(clock.at(instants)).tolist() == [int(one) for one in runs[:-1]]


CHANGES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, END - 1), st.integers(-2, 2)), max_size=25)


@given(CHANGES, INTERVALS, st.lists(st.integers(0, END), min_size=2, max_size=6, unique=True).map(sorted))
def test_time_without_stock_is_what_counting_every_millisecond_gives(
    changes: list[tuple[int, int, int]], excluded: Intervals, edges: list[int]
) -> None:
    opening, groups = [1, 0, 2], [0, 1, 0]
    found = levels(opening, *changes)
    empty = np.zeros((3, END), np.bool_)
    for place in range(3):
        for time in range(END):
            units = opening[place] + sum(one[2] for one in changes if one[0] == place and one[1] <= time)
            empty[place, time] = units <= 0
    counts = np.array([not any(begin <= time < end for begin, end in excluded) for time in range(END)])
    clock = CountedTime(excluded)

    def by_force(missing: np.ndarray) -> list[list[int]]:
        return [[int((row & counts)[begin:end].sum()) for begin, end in pairwise(edges)] for row in missing]

    assert in_windows(without_stock(found), np.array(edges), clock).tolist() == by_force(empty)
    anywhere = without_stock_anywhere(found, np.array(groups))
    assert in_windows(anywhere, np.array(edges), clock).tolist() == by_force(np.array([empty[0] & empty[2], empty[1]]))
