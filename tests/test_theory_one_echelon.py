"""One stock point and a supplier that is never short: closed forms inside the 99 % intervals of long runs."""

import numpy as np
import pytest

from sim import columns as c
from sim.engine import simulate_replication
from sim.network import (
    DEMAND_LOST,
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_UNIFORM,
    Distribution,
    Float64Array,
)
from sim.record.records import Records
from sim.verify.formulas.distributions import compound_poisson, geometric, mean_of, poisson
from sim.verify.formulas.one_echelon import (
    erlang_loss,
    lot_positions,
    mean_position,
    order_up_to_positions,
    performance,
)
from sim.verify.samples import in_joint_region, mean_estimate
from tests.reference_inputs import DAY_MS, Point, constant
from tests.theory_runs import CONFIDENCE, PRECISION, SEED, Case, Comparison, one_echelon, run_cases

pytestmark = pytest.mark.theory

LEAD_TIME_DAYS = 4
LEAD_TIMES = {
    "constant": constant(LEAD_TIME_DAYS * DAY_MS),
    "exponential": Distribution(DISTRIBUTION_EXPONENTIAL, float(LEAD_TIME_DAYS * DAY_MS)),
    "uniform": Distribution(DISTRIBUTION_UNIFORM, 0.0, 2.0 * LEAD_TIME_DAYS * DAY_MS),
}
"""All of the same mean; orders may overtake each other, as the theorems want it."""

any_lead_time = pytest.mark.parametrize("lead_time", LEAD_TIMES.values(), ids=LEAD_TIMES.keys())


def base_stock(level: int) -> Point:
    return Point(0, 0, 0, reorder_point=level - 1, order_up_to=level, on_hand=level)


# --- base stock -------------------------------------------------------------------------------------------------------
@any_lead_time
def test_base_stock_with_any_lead_time(lead_time: Distribution) -> None:
    """Palm (1938): the units on order are Poisson, whatever the distribution of the lead time."""
    levels = (3, 5)
    runs = run_cases([Case(base_stock(level), 1.0) for level in levels], 200, lead_time, days=3500)
    on_order = poisson(1.0 * LEAD_TIME_DAYS)
    with Comparison() as compare:
        for level, copies in zip(levels, runs, strict=True):
            compare.performance(f"S = {level}", copies, performance({level: 1.0}, on_order))


@any_lead_time
def test_base_stock_with_customers_who_take_several_units(lead_time: Distribution) -> None:
    """Feeney and Sherbrooke (1966): the units on order are compound Poisson ("stuttering" Poisson here)."""
    level, success, customers_per_day = 12, 0.5, 1.0
    (copies,) = run_cases([Case(base_stock(level), customers_per_day, success=success)], 200, lead_time, days=6000)
    sizes = geometric(success)
    expected = performance({level: 1.0}, compound_poisson(customers_per_day * LEAD_TIME_DAYS, sizes), sizes)
    with Comparison() as compare:
        compare.performance(f"S = {level}", copies, expected)


@any_lead_time
def test_lost_sales(lead_time: Distribution) -> None:
    """Erlang (1917) for any lead time (Sevastyanov 1957): S units in stock are S servers, on order is busy."""
    levels = (2, 5)
    runs = run_cases([Case(base_stock(level), 1.0, DEMAND_LOST) for level in levels], 200, lead_time, days=2000)
    with Comparison() as compare:
        for level, copies in zip(levels, runs, strict=True):
            lost = erlang_loss(level, 1.0 * LEAD_TIME_DAYS)
            on_hand = level - LEAD_TIME_DAYS * (1 - lost)
            compare.inside(f"S = {level}, lost", copies.lost_share, lost)
            compare.inside(f"S = {level}, on hand", copies.on_hand, on_hand)
            assert not copies.level(c.A_WAITING_CUSTOMERS).any()


# --- lots -------------------------------------------------------------------------------------------------------------
def test_lots_under_unit_demand() -> None:
    """(R, Q): position uniform, independent of the lead-time demand (Hadley and Whitin 1963; Zipkin 2000, 6.5)."""
    policies = ((2, 4), (1, 7))
    cases = [Case(Point(0, 0, 0, reorder_point=r, lot_size=q, on_hand=r + q), 1.0) for r, q in policies]
    runs = run_cases(cases, 200, LEAD_TIMES["constant"], days=4000)
    with Comparison() as compare:
        for (reorder_point, lot), copies in zip(policies, runs, strict=True):
            expected = performance(lot_positions(reorder_point, lot), poisson(1.0 * LEAD_TIME_DAYS))
            compare.performance(f"R = {reorder_point}, Q = {lot}", copies, expected)
            compare.inside(f"R = {reorder_point}, Q = {lot}", copies.position, reorder_point + (lot + 1) / 2)


def test_lots_under_compound_demand() -> None:
    """(R, nQ): the position stays uniform when customers take several units (Hadley and Whitin 1963)."""
    reorder_point, lot, success = 6, 5, 0.5
    case = Case(Point(0, 0, 0, reorder_point=reorder_point, lot_size=lot, on_hand=10), 1.0, success=success)
    (copies,) = run_cases([case], 200, LEAD_TIMES["constant"], days=6000)
    sizes = geometric(success)
    expected = performance(lot_positions(reorder_point, lot), compound_poisson(1.0 * LEAD_TIME_DAYS, sizes), sizes)
    with Comparison() as compare:
        compare.performance("(R, nQ)", copies, expected)
        compare.inside("position", copies.position, reorder_point + (lot + 1) / 2)


# --- (s, S) -----------------------------------------------------------------------------------------------------------
def test_order_up_to_under_unit_demand_is_a_lot() -> None:
    """(s, S) with one unit at a time is (R, Q) with R = s, Q = S - s: the same levels, to the last bit."""
    up_to = Case(Point(0, 0, 0, reorder_point=2, order_up_to=6, on_hand=6), 1.0)
    lots = Case(Point(0, 0, 0, reorder_point=2, lot_size=4, on_hand=6), 1.0)
    (as_up_to,) = run_cases([up_to], 20, LEAD_TIMES["exponential"], days=1000)
    (as_lots,) = run_cases([lots], 20, LEAD_TIMES["exponential"], days=1000)
    for column in (c.A_ON_HAND, c.A_WAITING_CUSTOMERS, c.A_ON_ORDER):
        np.testing.assert_array_equal(as_up_to.level(column), as_lots.level(column))
    assert (as_lots.level(c.A_ON_ORDER) > 0).all()


def test_order_up_to_under_compound_demand() -> None:
    """(s, S): position by the renewal process of demand sizes (Zheng and Federgruen 1991)."""
    reorder_point, order_up_to, success = 6, 13, 0.5
    point = Point(0, 0, 0, reorder_point=reorder_point, order_up_to=order_up_to, on_hand=order_up_to)
    (copies,) = run_cases([Case(point, 1.0, success=success)], 200, LEAD_TIMES["constant"], days=6000)
    sizes = geometric(success)
    positions = order_up_to_positions(reorder_point, order_up_to, sizes)
    expected = performance(positions, compound_poisson(1.0 * LEAD_TIME_DAYS, sizes), sizes)
    with Comparison() as compare:
        compare.performance("(s, S)", copies, expected)
        compare.inside("position", copies.position, mean_position(positions))


# --- the position itself ----------------------------------------------------------------------------------------------
SIZES = geometric(0.5)
POSITIONS = {
    "(R, Q), one unit": (Case(Point(0, 0, 0, reorder_point=2, lot_size=5, on_hand=7), 1.0), lot_positions(2, 5)),
    "(R, nQ), several": (
        Case(Point(0, 0, 0, reorder_point=2, lot_size=5, on_hand=7), 1.0, success=0.5),
        lot_positions(2, 5),
    ),
    "(s, S), several": (
        Case(Point(0, 0, 0, reorder_point=2, order_up_to=7, on_hand=7), 1.0, success=0.5),
        order_up_to_positions(2, 7, SIZES),
    ),
}


def time_at_position(records: Records, highest: int) -> Float64Array:
    """Share of the measured time that each item's position was 0, ..., highest, read from the event log."""
    network, events = records.network, records.table("events")
    wanted = np.isin(events["event"].to_numpy(), (c.E_DEMAND, c.E_ORDER))
    item, time, event, quantity = (
        events[name].to_numpy()[wanted].astype(np.int64) for name in ("item", "time_ms", "event", "quantity")
    )
    shares = np.zeros((network.items, highest + 1))
    for number in range(network.items):
        ours = item == number
        steps = np.where(event[ours] == c.E_ORDER, 1, -1) * quantity[ours]
        position = network.initial_on_hand[number] + np.concatenate(([0], np.cumsum(steps)))
        edges = np.concatenate(([0], time[ours], [network.horizon_ms]))
        lasting = np.diff(np.maximum(edges, network.warm_up_ms))
        at = lasting > 0  # between a customer and the order he makes necessary no time passes
        shares[number] = np.bincount(position[at], lasting[at], minlength=highest + 1)
    return shares / (network.horizon_ms - network.warm_up_ms)


@pytest.mark.parametrize(("case", "expected"), POSITIONS.values(), ids=POSITIONS.keys())
def test_time_at_each_position(case: Case, expected: dict[int, float]) -> None:
    """Uniform on R + 1, ..., R + Q (Hadley and Whitin 1963); renewal (Zheng and Federgruen 1991) under (s, S)."""
    network = one_echelon([case], 100, LEAD_TIMES["exponential"], days=3000)
    shares = time_at_position(simulate_replication(network, SEED, 0, events=True), max(expected))
    assert sorted(expected) == np.flatnonzero(shares.any(axis=0)).tolist()
    positions = list(expected)[1:]  # the shares add up to 1
    assert in_joint_region(shares[:, positions], [expected[position] for position in positions], CONFIDENCE)
    widths = [mean_estimate(shares[:, position]).interval(CONFIDENCE).half_width for position in positions]
    assert max(widths) < PRECISION / 5
    skewed = [expected[position] + 0.01 * (-1) ** position for position in positions]
    assert not in_joint_region(shares[:, positions], skewed, CONFIDENCE), "the region is small enough to say something"


# --- the formulas -----------------------------------------------------------------------------------------------------
def test_formulas_against_figures_worked_out_by_hand() -> None:
    assert erlang_loss(2, 1.0) == pytest.approx((1 / 2) / (1 + 1 + 1 / 2))
    one = performance({1: 1.0}, poisson(1.0))
    assert one.fill_rate == pytest.approx(np.exp(-1))
    assert one.on_hand == pytest.approx(np.exp(-1))
    assert one.backorders == pytest.approx(np.exp(-1))  # on hand - backorders = 1 - 1
    assert order_up_to_positions(0, 2, np.array([0, 0.25, 0.75])) == pytest.approx({2: 0.8, 1: 0.2})
    assert mean_of(compound_poisson(3.0, geometric(0.4))) == pytest.approx(3.0 / 0.4)
    np.testing.assert_allclose(compound_poisson(3.0, np.array([0.0, 1.0]))[:20], poisson(3.0)[:20], rtol=1e-9)
