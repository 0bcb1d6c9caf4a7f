"""The plain reference model against small logs worked out by hand from docs/rules.md."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim import columns as c
from sim.network import DEMAND_LOST, DEMAND_WHOLE, Lane, Supplier
from tests.reference_calendar import Chance, SupplierCalendar, after_working_time, monday_before
from tests.reference_inputs import (
    DAY_MS,
    HOUR_MS,
    MONDAY_EPOCH_MS,
    Draft,
    Item,
    Line,
    Point,
    constant,
    int64,
    route,
    small_network,
)
from tests.reference_model import Event, ReferenceResult, simulate_reference

H = HOUR_MS
NAMES = {name: code for code, name in enumerate(c.EVENT_NAMES)}


def run(draft: Draft) -> ReferenceResult:
    return simulate_reference(small_network(draft))


def log(*rows: tuple[float, int, int, int, str, int, int]) -> list[Event]:
    """Expected events, with the time in hours and the event by name."""
    return [(int(t * H), phase, node, item, NAMES[name], q, ref) for t, phase, node, item, name, q, ref in rows]


ONE_STORE = Draft(
    kinds=["store", "supplier"],
    lanes=[Lane(1, 0, constant(5 * H))],
    points=[Point(0, 0, 0, reorder_point=1, order_up_to=4, on_hand=3)],
)


def test_demand_order_and_receipt() -> None:
    result = run(replace(ONE_STORE, lines=[Line(1 * H, 0, 0, 2), Line(2 * H, 0, 0, 3)]))
    assert result.events == log(
        (1, 2, 0, 0, "demand", 2, 0),
        (1, 2, 0, 0, "issue", 2, 0),
        (1, 3, 0, 0, "order", 3, 0),
        (1, 4, 1, 0, "dispatch", 3, 0),
        (2, 2, 0, 0, "demand", 3, 1),
        (2, 2, 0, 0, "issue", 1, 1),
        (2, 3, 0, 0, "order", 3, 1),
        (2, 4, 1, 0, "dispatch", 3, 1),
        (6, 0, 0, 0, "receipt", 3, 0),
        (6, 0, 0, 0, "issue", 2, 1),
        (7, 0, 0, 0, "receipt", 3, 1),
    )
    assert (result.on_hand[0], result.on_order[0], result.waiting[0], result.in_transit[0]) == (4, 0, 0, 0)


def test_what_is_due_at_the_horizon_does_not_happen() -> None:
    result = run(replace(ONE_STORE, lines=[Line(1 * H, 0, 0, 2)], horizon_ms=6 * H))
    assert len(result.events) == 4
    assert (result.on_hand[0], result.on_order[0], result.in_transit[0]) == (1, 3, 3)


@pytest.mark.parametrize(
    ("flags", "quantities", "waiting"),
    [
        (0, [("issue", 3)], 2),
        (DEMAND_WHOLE, [], 5),
        (DEMAND_LOST, [("issue", 3), ("lost", 2)], 0),
        (DEMAND_LOST | DEMAND_WHOLE, [("lost", 5)], 0),
    ],
)
def test_what_a_short_line_gets(flags: int, quantities: list[tuple[str, int]], waiting: int) -> None:
    result = run(replace(ONE_STORE, lines=[Line(1 * H, 0, 0, 5, flags)], horizon_ms=2 * H))
    got = [(c.EVENT_NAMES[e[4]], e[5]) for e in result.events if e[1] == c.PHASE_DEMAND]
    assert got == [("demand", 5), *quantities]
    assert result.customers_waiting[0] == waiting


def test_nobody_overtakes_a_waiting_customer() -> None:
    lines = [Line(1 * H, 0, 0, 5, DEMAND_WHOLE), Line(1 * H, 0, 0, 1, DEMAND_LOST), Line(2 * H, 0, 0, 1)]
    result = run(replace(ONE_STORE, lines=lines, horizon_ms=3 * H))
    assert [(c.EVENT_NAMES[e[4]], e[6]) for e in result.events if e[1] == c.PHASE_DEMAND] == [
        ("demand", 0),
        ("demand", 1),
        ("lost", 1),
        ("demand", 2),
    ]
    assert (result.on_hand[0], result.waiting[0]) == (3, 6)


def test_orders_opening_and_debts_come_before_all_others() -> None:
    draft = replace(ONE_STORE, on_order=[(0, 0, 4, 0)], owed=[(0, 0, 5)], lines=[Line(0, 0, 0, 1)], horizon_ms=H)
    assert run(draft).events == log(
        (0, 0, 0, 0, "receipt", 4, 0),
        (0, 0, 0, 0, "issue", 5, 0),
        (0, 2, 0, 0, "demand", 1, 1),
        (0, 2, 0, 0, "issue", 1, 1),
        (0, 3, 0, 0, "order", 3, 1),
        (0, 4, 1, 0, "dispatch", 3, 1),
    )


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"on_hand": 1}, 9),  # up to 10
        ({"on_hand": 5}, 0),  # above the reorder point
        ({"on_hand": 4, "minimum_order": 8}, 8),
        ({"on_hand": 4, "multiple": 4}, 8),
        ({"on_hand": 4, "multiple": 4, "minimum_order": 9}, 12),
        ({"on_hand": 4, "capacity": 9}, 5),
        ({"on_hand": 4, "capacity": 9, "multiple": 2}, 4),
        ({"on_hand": 4, "capacity": 9, "minimum_order": 6}, 0),
        ({"on_hand": 4, "capacity": 4}, 0),
        ({"on_hand": 4, "capacity": 2}, 0),
        ({"on_hand": 4, "lot_size": 3, "order_up_to": 0}, 3),
        ({"on_hand": 1, "lot_size": 3, "order_up_to": 0}, 6),  # 1 + 3 is still not above 4
        ({"on_hand": 2, "lot_size": 3, "order_up_to": 0}, 3),
    ],
)
def test_order_quantities(changes: dict[str, Any], quantity: int) -> None:
    point = replace(Point(0, 0, 0, reorder_point=4, order_up_to=10), **changes)
    events = run(replace(ONE_STORE, points=[point], horizon_ms=H)).events
    assert [e[5] for e in events if e[4] == c.E_ORDER] == ([quantity] if quantity else [])


def two_stores(whole_orders: bool) -> Draft:
    """Two stores pass every line on to a warehouse that has 3 and never orders until it is short."""
    return Draft(
        kinds=["store", "store", "warehouse", "supplier"],
        lanes=[
            Lane(2, 0, constant(2 * H), whole_orders=whole_orders),
            Lane(2, 1, constant(0), whole_orders=whole_orders),
            Lane(3, 2, constant(4 * H)),
        ],
        points=[Point(0, 0, 0), Point(1, 0, 1), Point(2, 0, 2, reorder_point=-1, order_up_to=5, on_hand=3)],
        lines=[Line(1 * H, 0, 0, 2), Line(1 * H, 1, 0, 3)],
    )


def test_orders_are_given_whole_and_in_turn() -> None:
    result = run(two_stores(whole_orders=True))
    assert result.events == log(
        (1, 2, 0, 0, "demand", 2, 0),
        (1, 2, 1, 0, "demand", 3, 1),
        (1, 3, 0, 0, "order", 2, 0),
        (1, 3, 1, 0, "order", 3, 1),
        (1, 3, 2, 0, "order", 7, 2),  # the warehouse's position is 3 - 5
        (1, 4, 2, 0, "dispatch", 2, 0),
        (1, 4, 3, 0, "dispatch", 7, 2),
        (3, 0, 0, 0, "receipt", 2, 0),
        (3, 0, 0, 0, "issue", 2, 0),
        (5, 0, 2, 0, "receipt", 7, 2),
        (5, 4, 2, 0, "dispatch", 3, 1),
        (5 + 1 / H, 0, 1, 0, "receipt", 3, 1),  # a lead time of nothing is one millisecond
        (5 + 1 / H, 0, 1, 0, "issue", 3, 1),
    )
    assert result.on_hand[2] == 5


def test_orders_may_be_given_in_part() -> None:
    events = run(two_stores(whole_orders=False)).events
    assert [e[:1] + e[4:] for e in events if e[4] == c.E_DISPATCH] == [
        (1 * H, c.E_DISPATCH, 2, 0),
        (1 * H, c.E_DISPATCH, 1, 1),
        (1 * H, c.E_DISPATCH, 7, 2),
        (5 * H, c.E_DISPATCH, 2, 1),
    ]


def test_a_customer_behind_an_order_is_served_in_the_allocation_phase() -> None:
    draft = replace(two_stores(whole_orders=True), lines=[Line(1 * H, 0, 0, 4), Line(2 * H, 2, 0, 1)])
    events = run(draft).events
    assert [e[:2] + e[4:] for e in events if e[2] == 2 and e[0] > H] == [
        (2 * H, c.PHASE_DEMAND, c.E_DEMAND, 1, 1),  # three on hand, but the store's order of four waits
        (5 * H, c.PHASE_RECEIPT, c.E_RECEIPT, 6, 1),
        (5 * H, c.PHASE_ALLOCATION, c.E_DISPATCH, 4, 0),
        (5 * H, c.PHASE_ALLOCATION, c.E_ISSUE, 1, 1),
    ]


def test_express_needs_waiting_customers_and_the_class() -> None:
    lane = Lane(1, 0, constant(30 * H), express_lead_time=constant(2 * H), express_classes=frozenset({0}))
    draft = replace(ONE_STORE, lanes=[lane], lines=[Line(1 * H, 0, 0, 2), Line(2 * H, 0, 0, 3)])
    receipts = [(e[0] // H, e[5], e[6]) for e in run(draft).events if e[4] == c.E_RECEIPT]
    assert receipts == [(4, 3, 1), (31, 3, 0)]
    other_class = run(replace(draft, items=[Item(abc_class=1)])).events
    assert [(e[0] // H, e[5], e[6]) for e in other_class if e[4] == c.E_RECEIPT] == [(31, 3, 0), (32, 3, 1)]


def test_without_overtaking_a_later_parcel_waits_for_an_earlier_one() -> None:
    lanes = [Lane(2, 0, constant(2 * H), overtaking=False), Lane(2, 1, constant(H))]
    calendar = Supplier(2, closed_ms=int64([(0, 3 * H)]))
    draft = Draft(
        kinds=["store", "store", "supplier"], lanes=lanes, points=[Point(0, 0, 0), Point(1, 0, 1)], suppliers=[calendar]
    )
    draft = replace(draft, lines=[Line(H, 0, 0, 1), Line(H, 1, 0, 1), Line(3 * H, 1, 0, 1)])
    assert [(e[0] // H, e[2], e[6]) for e in run(draft).events if e[4] == c.E_RECEIPT] == [
        (4, 1, 1),
        (4, 1, 2),
        (5, 0, 0),
    ]


# --- suppliers -------------------------------------------------------------------------------------------------------
def calendar_of(**facts: Any) -> SupplierCalendar:
    return SupplierCalendar(Supplier(0, **facts), Chance(1, 0, ("outage", "node-0")))


def test_closed_periods_and_outages_delay_a_release() -> None:
    calendar = calendar_of(
        closed_ms=int64([(2, 5), (12, 14)]), outage_every=constant(5), outage_lasting=constant(2)
    )  # outages at [5, 7), [12, 14), [19, 21), ...
    assert [calendar.release(now, 9) for now in (0, 1, 2, 4, 7, 11, 12, 20)] == [0, 1, 7, 7, 7, 11, 14, 21]


def test_capacity_is_used_first_come_first_served() -> None:
    calendar = calendar_of(capacity_units=10, capacity_period_ms=100, closed_ms=int64([(200, 250)]))
    assert calendar.release(30, 4) == 30
    assert calendar.release(40, 6) == 40  # the period is full now
    assert calendar.release(50, 1) == 100
    assert calendar.release(60, 10) == 250  # nine in period 1, the last in period 2, which begins closed
    assert calendar.release(70, 9) == 250
    assert calendar.release(900, 10) == 900
    assert calendar.release(901, 11) == 1100


# --- trucks ----------------------------------------------------------------------------------------------------------
def test_working_time_of_a_week() -> None:
    windows = int64([(8 * H, 10 * H), (32 * H, 34 * H)])
    assert after_working_time(0, 2 * H, windows, 0) == 10 * H
    assert after_working_time(9 * H, 2 * H, windows, 0) == 33 * H
    assert after_working_time(33 * H, 2 * H, windows, 0) == (168 + 9) * H
    assert after_working_time(9 * H, 0, windows, 0) == 9 * H
    assert after_working_time(0, 5 * H, windows, -160 * H) == 185 * H  # the start is on Sunday, 16:00
    assert monday_before(MONDAY_EPOCH_MS + 160 * H) == -160 * H


def by_truck(**changes: Any) -> Draft:
    """A warehouse with plenty, a truck to two stores that only pass lines on."""
    return Draft(
        kinds=["store", "store", "warehouse", "supplier"],
        items=[Item(), Item(volume_ml=4000)],
        lanes=[Lane(2, 0, constant(0), route=0), Lane(2, 1, constant(0), route=0), Lane(3, 2, constant(0))],
        points=[
            *(Point(store, item, store) for store in (0, 1) for item in (0, 1)),
            *(Point(2, item, 2, on_hand=50) for item in (0, 1)),
        ],
        routes=[route(2, [1, 0], **changes)],
    )


def test_a_truck_run() -> None:
    draft = replace(by_truck(stop_ms=H), lines=[Line(H, 0, 1, 1), Line(H, 0, 0, 2), Line(H, 1, 0, 3)])
    assert run(draft).events == log(
        (1, 2, 0, 0, "demand", 2, 0),
        (1, 2, 0, 1, "demand", 1, 1),
        (1, 2, 1, 0, "demand", 3, 2),
        (1, 3, 0, 0, "order", 2, 0),
        (1, 3, 0, 1, "order", 1, 1),
        (1, 3, 1, 0, "order", 3, 2),
        (1, 4, 2, 0, "stage", 2, 0),
        (1, 4, 2, 0, "stage", 3, 2),
        (1, 4, 2, 1, "stage", 1, 1),
        (1, 4, 2, 0, "load", 2, 0),
        (1, 4, 2, 1, "load", 1, 1),
        (1, 4, 2, 0, "load", 3, 2),
        (1, 4, 2, -1, "depart", 3, 0),
        (2, 0, 1, -1, "arrive", 1, 0),
        (2, 0, 1, 0, "receipt", 3, 2),
        (2, 0, 1, 0, "issue", 3, 2),
        (4, 0, 0, -1, "arrive", 2, 0),
        (4, 0, 0, 0, "receipt", 2, 0),
        (4, 0, 0, 0, "issue", 2, 0),
        (4, 0, 0, 1, "receipt", 1, 1),
        (4, 0, 0, 1, "issue", 1, 1),
        (6, 0, 2, -1, "return", 0, 0),
    )


def test_what_does_not_fit_waits_and_large_lines_are_split() -> None:
    draft = replace(by_truck(), lines=[Line(H, 0, 0, 3), Line(H, 0, 1, 7), Line(H, 1, 0, 4)])
    loads = [(e[0] // H, e[3], e[5], e[6]) for e in run(draft).events if e[4] == c.E_LOAD]
    # ten litres: 3 + 4 fit beside each other, 7 x 4 do not; back after 3 h for two of the seven, and so on
    assert loads == [(1, 0, 3, 0), (1, 0, 4, 2), (4, 1, 2, 1), (7, 1, 2, 1), (10, 1, 2, 1), (13, 1, 1, 1)]


def test_when_full_or_when_the_wait_runs_out() -> None:
    lines = [Line(h * H, 0, 0, q) for h, q in ((1, 2), (2, 3), (9, 1), (20, 6))]
    draft = replace(by_truck(full_share=0.5, max_wait_ms=10 * H), lines=lines)
    departs = [(e[0] // H, e[5]) for e in run(draft).events if e[4] == c.E_DEPART]
    assert departs == [(2, 2), (19, 1), (22, 1)]  # five litres; ten hours; full at 20, but back at 22


def test_a_timetable_sends_vehicles_while_the_dock_holds_something() -> None:
    draft = replace(
        by_truck(timetable_ms=int64([0, 5 * H]), vehicles=2),
        start_epoch_ms=MONDAY_EPOCH_MS + H,
        lines=[Line(0, 0, 0, 8), Line(H, 0, 0, 9), Line(4 * H, 0, 0, 9)],
        horizon_ms=8 * DAY_MS,
    )
    # instants at 4 h (staged by then 8, 9 and 9 litres; two vehicles) and 167 h after the start
    departs = [(e[0] // H, e[6]) for e in run(draft).events if e[4] == c.E_DEPART]
    assert departs == [(4, 0), (4, 1), (167, 2)]


def test_a_breakdown_falls_into_the_leg_that_reaches_it() -> None:
    draft = replace(
        by_truck(leg_ms=2 * H, breakdown_every=constant(4 * H), breakdown_repair=constant(10 * H)),
        lines=[Line(0, 0, 0, 1)],
    )
    times = [e[0] // H for e in run(draft).events if e[4] in (c.E_ARRIVE, c.E_RETURN)]
    assert times == [2, 4, 16]  # four hours driven when the way back begins: repaired first


# --- lots ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("lots", "expected"), [("fifo", [(2, 1)]), ("fefo", [(2, 1)])])
def test_lots_keep_their_receipt_date(lots: str, expected: list[tuple[int, int]]) -> None:
    draft = Draft(
        kinds=["store", "warehouse", "supplier"],
        items=[Item(lots=lots, shelf_life_ms=100 * H)],
        lanes=[Lane(1, 0, constant(2 * H)), Lane(2, 1, constant(H))],
        points=[
            Point(0, 0, 0, reorder_point=2, order_up_to=6, on_hand=3, age_ms=H),
            Point(1, 0, 1, reorder_point=3, order_up_to=6, on_hand=4, age_ms=9 * H),
        ],
        lines=[Line(H, 0, 0, 1), Line(4 * H, 0, 0, 1)],
    )
    # lot 0 opens the store, lot 1 the older one the warehouse. At 1 h: the store orders 4 (all of lot 1), the
    # warehouse 6 (lot 2, at 2 h). At 3 h lot 1 reaches the store and is first out there; at 4 h one of it is issued.
    result = run(draft)
    assert result.lots[0] == [(1, 3), (0, 2)]
    assert result.lots[1] == [(2, 6)]


def test_fefo_and_fifo_differ_where_expiry_and_receipt_do() -> None:
    """Without a shelf life FEFO falls back on the lot number; FIFO looks at the date of receipt."""
    draft = replace(
        ONE_STORE,
        items=[Item(lots="fifo")],
        lanes=[Lane(1, 0, constant(5 * H))],
        on_order=[(0, 0, 2, 2 * H)],
        horizon_ms=3 * H,
    )
    assert run(draft).lots[0] == [(0, 3), (1, 2)]
    late = replace(draft, points=[replace(draft.points[0], age_ms=-10 * H)])  # a date of receipt in the future
    assert run(late).lots[0] == [(1, 2), (0, 3)]
    assert run(replace(late, items=[Item(lots="fefo")])).lots[0] == [(0, 3), (1, 2)]


def test_stock_and_lots_agree_after_a_split() -> None:
    draft = by_truck()
    draft = replace(draft, items=[Item(lots="fifo"), Item(volume_ml=4000, lots="fifo")], lines=[Line(H, 0, 1, 7)])
    result = run(draft)
    layers = [sum(units for _, units in lots) for lots in result.lots]
    stock = [
        s for s, kind in zip(result.on_hand, small_network(draft).parameter[:, c.P_NODE], strict=True) if kind != 3
    ]
    assert layers[: len(stock)] == stock
    assert np.sum(stock) == 93
