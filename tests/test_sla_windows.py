"""Service levels window by window, from records written by hand: ten days of a store, a depot and their supplier."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest

from policies.contracts.sla import Sla
from policies.contracts.term import NO_TABLE, REPORTS, SHIPMENTS, USAGE
from sim import columns as c
from sim.contract_plan import ContractPlan, PlannedSla
from sim.contracts.sla_windows import SLA_STREAMS, SlaWindows, windows_of
from sim.record import layouts
from sim.record.records import Records, RunStart
from tests.hand_records import DEPOT_A, STORE_A, STORE_B, SUPPLIER_A, HandRecords

H: Final = 3_600_000
D: Final = 24 * H
LUMP: Final = {"lump_sum": "5 USD"}


def table(layout: layouts.TableLayout, rows: list[tuple[int, ...]]) -> pa.Table:
    """A table of the records out of rows of integers."""
    columns = zip(*rows, strict=True) if rows else [[]] * len(layout.columns)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, layout.schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=layout.schema)


def history(
    issues: list[tuple[int, int, int, int]],
    shorts: list[tuple[int, int, int, int]] | None = None,
    opening: tuple[int, int] = (10, 0),
    **more: Any,
) -> Records:
    """Issues to customers of the store, and units not given at once: (time, stock point, units, line)."""
    total: dict[tuple[int, int], int] = {}
    for _, point, units, _ in issues:
        total[point, c.T_UNITS_ISSUED] = total.get((point, c.T_UNITS_ISSUED), 0) + units
    made = HandRecords(opening_on_hand=(*opening, 30, 20, 0, 0), total=total, **more).records()
    usage = [(time, point, -1, units, c.U_ISSUED, -1, -1, -1, line) for time, point, units, line in issues]
    reports = [(time, time, point, units, c.R_BOOKED, line) for time, point, units, line in issues]
    reports += [(time, time, point, units, c.R_SHORT, line) for time, point, units, line in shorts or []]
    tables = {"usage": table(layouts.USAGE, usage), "reports": table(layouts.REPORTS, sorted(reports))}
    return replace(made, memory={**made.memory, **tables})


def found(
    records: Records,
    points: tuple[int, ...] = (STORE_A,),
    excluded: tuple[tuple[int, int], ...] = (),
    from_ms: int = 0,
    to_ms: int = 10 * D,
    **settings: Any,
) -> SlaWindows:
    """What the windows of a service level come to."""
    sla = Sla.model_validate({"measure": "availability", "target": "90 %", "window": "2 d", **settings})
    plan = ContractPlan("service", "works", from_ms, to_ms, np.array(points), 1, 0, (), 0, True, (), ())
    away = np.array(excluded, np.int64).reshape(-1, 2)
    return windows_of(plan, PlannedSla("promise", sla, np.array(points), away), records)


# --- availability -----------------------------------------------------------------------------------------------------
def empty_for_a_day() -> Records:
    """The store's ten units are gone on day 3 at noon; the depot's five, sent at once, come on day 4 at noon."""
    return history(
        [(D, STORE_A, 4, 0), (3 * D + 12 * H, STORE_A, 6, 1), (9 * D, STORE_A, 5, 2)],
        orders=[(3 * D + 12 * H, STORE_A, DEPOT_A, 5, 0, 0)],
        shipments=[(0, STORE_A, DEPOT_A, 5, 3 * D + 12 * H, 4 * D + 12 * H, -1, 0)],
    )


def test_availability_by_hand() -> None:
    """Without stock: day 3 from noon, day 4 until noon, day 9: 12 h, 12 h, 24 h of windows of 48 h."""
    windows = found(empty_for_a_day(), penalty={"linear": {"per_point": "1 USD"}})
    assert windows.counted.tolist() == [48 * H] * 5
    assert windows.good.tolist() == [48 * H, 36 * H, 36 * H, 48 * H, 24 * H]
    assert windows.kept.tolist() == [True, False, False, True, False]
    assert windows.penalty_minor.tolist() == [0, 1_500, 1_500, 0, 4_000]
    assert windows.breaches == 3
    assert windows.attainment == pytest.approx(0.4)
    assert windows.attained.tolist() == [1, 0.75, 0.75, 1, 0.5]


def test_charges_fall_due_at_the_last_instant_of_their_windows_and_name_the_rows() -> None:
    settings = {"penalty": LUMP | {"cap_total": "7 USD"}, "bonus": {"lump_sum": "1 USD"}}
    windows = found(empty_for_a_day(), **settings)
    charges = windows.charges
    assert (charges.time_ms + 1).tolist() == [2 * D, 4 * D, 6 * D, 8 * D]
    assert charges.minor.tolist() == [100, -500, -200, 100]
    assert [SLA_STREAMS[code] for code in windows.stream] == ["bonus", "penalty", "penalty", "bonus"]
    assert charges.table.tolist() == [USAGE, USAGE, NO_TABLE, NO_TABLE]
    rows = zip(charges.first_row.tolist(), charges.last_row.tolist(), strict=True)
    assert list(rows) == [(0, 0), (1, 1), (-1, -1), (-1, -1)]
    assert set(charges.item.tolist()) == {-1}


def test_each_place_or_any_of_them() -> None:
    """The depot, which always has stock, stands for the store when any place will do."""
    both = (STORE_A, DEPOT_A)
    each, any_place = (found(empty_for_a_day(), both, places=places) for places in ("each", "any"))
    assert each.counted.tolist() == [96 * H] * 5
    assert each.good.tolist() == [96 * H, 84 * H, 84 * H, 96 * H, 72 * H]
    assert any_place.counted.tolist() == any_place.good.tolist() == [48 * H] * 5


def test_any_place_is_meant_item_by_item() -> None:
    """The other item of the store is never there."""
    windows = found(empty_for_a_day(), (STORE_A, STORE_B, DEPOT_A), places="any")
    assert windows.counted.tolist() == [96 * H] * 5
    assert windows.good.tolist() == [48 * H] * 5


def test_excluded_times_neither_count_nor_break_anything() -> None:
    """Day 3 in the afternoon is out: 36 h are left of the second window, and in all of them there is stock."""
    windows = found(empty_for_a_day(), excluded=((3 * D + 12 * H, 4 * D),), penalty=LUMP)
    assert windows.counted.tolist() == [48 * H, 36 * H, 48 * H, 48 * H, 48 * H]
    assert windows.good.tolist() == [48 * H, 36 * H, 36 * H, 48 * H, 24 * H]
    assert windows.kept.tolist() == [True, True, False, True, False]


def test_a_window_that_is_excluded_whole_is_kept_and_earns_nothing() -> None:
    windows = found(empty_for_a_day(), excluded=((2 * D, 4 * D), (7 * D, 12 * D)), penalty=LUMP, bonus=LUMP)
    assert windows.counted.tolist() == [48 * H, 0, 48 * H, 24 * H, 0]
    assert windows.kept.tolist() == [True, True, False, True, True]
    assert windows.penalty_minor.tolist() == [0, 0, 500, 0, 0]
    assert windows.bonus_minor.tolist() == [500, 0, 0, 500, 0]


def test_windows_lie_within_the_contract() -> None:
    """From noon of day 3 to day 8: two windows of 2 d, and 12 h that are too short for a third."""
    windows = found(empty_for_a_day(), from_ms=3 * D + 12 * H, to_ms=8 * D)
    assert windows.from_ms.tolist() == [3 * D + 12 * H, 5 * D + 12 * H]
    assert windows.to_ms.tolist() == [5 * D + 12 * H, 7 * D + 12 * H]
    assert windows.good.tolist() == [24 * H, 48 * H]


def test_what_is_under_way_at_the_start_or_the_end_is_at_neither_place() -> None:
    """Sent before the start: it never was the depot's. Sent on day 9: not yet the store's."""
    records = history(
        [(9 * D, STORE_A, 3, 0)],
        opening=(0, 0),
        shipments=[(0, STORE_A, DEPOT_A, 3, -1, 6 * D, -1, 0), (1, STORE_A, DEPOT_A, 30, 9 * D, -1, -1, 0)],
    )
    windows = found(records, (DEPOT_A, STORE_A))
    assert windows.good.tolist() == [48 * H, 48 * H, 48 * H, 96 * H, 24 * H + 24 * H]


def test_a_contract_shorter_than_half_a_window_has_none() -> None:
    windows = found(empty_for_a_day(), to_ms=20 * H, penalty=LUMP)
    assert len(windows.counted) == len(windows.charges.minor) == windows.breaches == 0
    assert windows.attainment == 1


def test_time_before_the_records_begin_does_not_count() -> None:
    records = empty_for_a_day()
    later = replace(records, summary=replace(records.summary, start=RunStart(time_ms=D)))
    windows = found(later)
    assert windows.counted.tolist() == [24 * H, 48 * H, 48 * H, 48 * H, 48 * H]
    assert windows.good.tolist() == [24 * H, 36 * H, 36 * H, 48 * H, 24 * H]


# --- fill rate --------------------------------------------------------------------------------------------------------
def test_fill_rate_by_hand() -> None:
    """Lines 0 and 2 get all at once; line 1 gets 5 of 8 at once and 2 later, line 3 nothing."""
    records = history(
        [
            (D, STORE_A, 3, 0),
            (D, STORE_A, 5, 1),
            (5 * D, STORE_A, 1, 1),
            (5 * D, STORE_A, 1, 1),
            (6 * D, STORE_B, 1, 2),
        ],
        [(D, STORE_A, 3, 1), (7 * D, STORE_B, 2, 3)],
        opening=(10, 1),
    )
    windows = found(records, (STORE_A, STORE_B), measure="fill_rate", target="70 %", penalty=LUMP)
    assert windows.good.tolist() == [8, 0, 0, 1, 0]
    assert windows.counted.tolist() == [11, 0, 0, 3, 0]
    assert windows.kept.tolist() == [True, True, True, False, True]
    assert windows.charges.minor.tolist() == [-500]
    assert (windows.charges.table[0], windows.charges.first_row[0], windows.charges.last_row[0]) == (REPORTS, 5, 6)


def test_fill_rate_leaves_out_other_places_and_excluded_times() -> None:
    records = history(
        [(D, STORE_A, 3, 0), (3 * D, STORE_A, 1, 1)], [(D + H, STORE_B, 4, 2), (3 * D + H, STORE_A, 2, 3)]
    )
    windows = found(records, excluded=((D, D + 1),), measure="fill_rate")
    assert windows.good.tolist() == [0, 1, 0, 0, 0]
    assert windows.counted.tolist() == [0, 3, 0, 0, 0]


# --- response time ----------------------------------------------------------------------------------------------------
def emergencies() -> Records:
    """Promised within 8 h. Due on days 1, 2 (two halves), 5 (late by 1 ms), 7 (never came), and after the contract."""
    orders = [
        (D, STORE_A, SUPPLIER_A, 2, 9, c.ORDER_EMERGENCY),
        (D, DEPOT_A, SUPPLIER_A, 2, 9, c.ORDER_EMERGENCY),  # not covered
        (2 * D - H, STORE_A, SUPPLIER_A, 4, 9, c.ORDER_EMERGENCY),
        (5 * D, STORE_A, SUPPLIER_A, 1, 9, c.ORDER_EMERGENCY),
        (6 * D, STORE_A, DEPOT_A, 1, 0, c.ORDER_USUAL),
        (7 * D, STORE_A, SUPPLIER_A, 1, 9, c.ORDER_EMERGENCY),
        (10 * D - H, STORE_A, SUPPLIER_A, 1, 9, c.ORDER_EMERGENCY),
    ]
    shipments = [
        (0, STORE_A, SUPPLIER_A, 2, D, D + 8 * H, -3, 9),
        (2, STORE_A, SUPPLIER_A, 3, 2 * D - H, 2 * D, -3, 9),
        (2, STORE_A, SUPPLIER_A, 1, 2 * D - H, 2 * D + 6 * H, -3, 9),
        (3, STORE_A, SUPPLIER_A, 1, 5 * D, 5 * D + 8 * H + 1, -3, 9),
        (4, STORE_A, DEPOT_A, 1, 6 * D, 6 * D + H, -1, 0),
        (1, DEPOT_A, SUPPLIER_A, 2, D, 9 * D, -3, 9),
        (5, STORE_A, SUPPLIER_A, 1, 7 * D, -1, -3, 9),
        (6, STORE_A, SUPPLIER_A, 1, 10 * D - H, -1, -3, 9),
    ]
    return history([], orders=orders, shipments=shipments)


def test_response_time_by_hand() -> None:
    windows = found(emergencies(), measure="response_time", promised="8 h", penalty=LUMP)
    assert windows.counted.tolist() == [1, 1, 1, 1, 0]
    assert windows.good.tolist() == [1, 1, 0, 0, 0]
    assert windows.penalty_minor.tolist() == [0, 0, 500, 500, 0]
    assert windows.charges.table.tolist() == [SHIPMENTS, SHIPMENTS]


def test_emergencies_ordered_in_excluded_times_do_not_count() -> None:
    windows = found(emergencies(), excluded=((5 * D, 6 * D),), measure="response_time", promised="8 h")
    assert windows.counted.tolist() == [1, 1, 0, 1, 0]


def test_response_time_when_orders_are_numbered_from_a_saved_state() -> None:
    records = emergencies()
    start = RunStart(first_order=40)
    shipments = records.table("shipments")
    moved = shipments.set_column(0, shipments.schema.field(0), pa.array(shipments["order"].to_numpy() + 40))
    later = replace(
        records, summary=replace(records.summary, start=start), memory={**records.memory, "shipments": moved}
    )
    assert found(later, measure="response_time", promised="8 h").good.tolist() == [1, 1, 0, 0, 0]
