"""The engine against the plain reference model: the same event log, event for event, on random small networks."""

from dataclasses import asdict, fields, replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sim import columns as c
from sim.demand.drawer import DemandPlan
from sim.network import Lane, Network
from sim.record.records import Records
from tests.engine_log import EngineResult, drawn_lines, run_engine
from tests.log_statistics import LogStatistics
from tests.random_networks import drafts
from tests.reference_inputs import HOUR_MS, Draft, Line, Point, constant, route, small_network
from tests.reference_model import Event, ReferenceResult, simulate_reference, trace_lines
from tests.reference_objects import Shipment
from tests.reference_trucks import Trip

USAGE = ("time_ms", "stock_point", "lot", "quantity", "kind", "person", "machine", "work_order", "reference")
REPORTS = ("time_ms", "taken_ms", "stock_point", "quantity", "kind", "reference")

COMMON = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a failure is read in its log; shrinking one takes minutes
)


def readable(events: list[Event]) -> list[str]:
    """Events with names, one a line, so that a difference can be read."""
    return [f"{t} phase {p} node {n} item {i} {c.EVENT_NAMES[e]} {q} ({ref})" for t, p, n, i, e, q, ref in events]


def assert_same_log(ours: list[Event], theirs: list[Event]) -> None:
    """The same events; of two that differ, what came before them."""
    if ours == theirs:
        return
    first = next((n for n, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other), -1)
    first = first if first >= 0 else min(len(ours), len(theirs))
    shown = slice(max(first - 20, 0), first + 5)
    assert readable(ours[shown]) == readable(theirs[shown]), f"from event {first} on"
    raise AssertionError(f"from event {first} on: {ours[first:][:1]} instead of {theirs[first:][:1]}")


def assert_same(network: Network, engine: EngineResult, reference: ReferenceResult) -> None:
    """Same log, closing state and statistics; a supplier's own columns say nothing (it is never short)."""
    assert_same_log(engine.events, reference.events)
    for row in range(network.stock_points):
        if not network.parameter[row, c.P_FLAGS] & c.SP_SUPPLIER:
            closing = [getattr(reference, name)[row] for name in EngineResult.LEVELS]
            assert [getattr(engine, name)[row] for name in EngineResult.LEVELS] == closing
    assert engine.lots == reference.lots
    assert_same_statistics(network, engine.records, reference)
    assert_same_orders(engine.records, reference)
    assert_same_usage(engine.records, reference)
    assert_same_shipments(engine.records, reference)
    assert_same_trips(engine.records, reference)


def assert_same_statistics(network: Network, records: Records, reference: ReferenceResult) -> None:
    """Totals and time integrals are those of the log."""
    plain = LogStatistics(network, reference.orders)
    plain.read(reference.events)
    plain.read_layers(reference.layer_history)
    ours = ~(network.parameter[:, c.P_FLAGS] & c.SP_SUPPLIER).astype(np.bool_)
    np.testing.assert_array_equal(records.summary.total[ours], plain.total[ours])
    np.testing.assert_allclose(records.summary.area[ours], plain.area[ours], rtol=1e-12)


def assert_same_orders(records: Records, reference: ReferenceResult) -> None:
    """Row n of the orders table is order n; the opening orders were placed before the start."""
    names = ("time_ms", "stock_point", "source", "quantity", "kind")
    recorded = list(zip(*(records.table("orders")[name].to_pylist() for name in names), strict=True))
    expected = [(o.placed_ms, o.stock_point.row, o.source, o.quantity, o.kind) for o in reference.orders]
    assert recorded == expected


def assert_same_shipments(records: Records, reference: ReferenceResult) -> None:
    """What was received, in that order, then what is still under way, in any order."""
    names = Shipment._fields
    columns = [records.table("shipments")[name].to_pylist() for name in names]
    recorded = list(zip(*columns, strict=True))
    received = len(reference.shipments)
    assert recorded[:received] == reference.shipments
    assert sorted(recorded[received:]) == sorted(reference.under_way)


def assert_same_trips(records: Records, reference: ReferenceResult) -> None:
    """Every trip is on record, also those that are under way at the end."""
    names = [column.name for column in fields(Trip)]
    trips = records.table("trips").rename_columns({"trip": "number"}).select(names).to_pylist()
    by_number = sorted(reference.trips, key=lambda trip: trip.number)
    assert sorted(trips, key=lambda trip: trip["number"]) == [asdict(trip) for trip in by_number]


def rows(records: Records, table: str, names: tuple[str, ...]) -> list[tuple[int, ...]]:
    """A table of the records as tuples."""
    return list(zip(*(records.table(table)[name].to_pylist() for name in names), strict=True))


def by_lot(usage: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Rows in a row that differ in nothing but their units as one: the engine may keep a lot in several layers."""
    merged: list[tuple[int, ...]] = []
    for row in usage:
        if merged and row[2] >= 0 and merged[-1][:3] + merged[-1][4:] == row[:3] + row[4:]:
            row = (*row[:3], merged.pop()[3] + row[3], *row[4:])
        merged.append(row)
    return merged


def assert_same_usage(records: Records, reference: ReferenceResult) -> None:
    """What was used, and what the platform learnt of it, row by row; no such tables without devices and contracts."""
    if not records.network.keeps_usage:
        assert not {"usage", "reports"} & records.memory.keys()
        return
    assert by_lot(rows(records, "usage", USAGE)) == by_lot(reference.plant.usage)
    assert rows(records, "reports", REPORTS) == reference.plant.reports


@settings(COMMON, max_examples=300)
@given(draft=drafts())
def test_same_log_on_a_coarse_grid(draft: Draft) -> None:
    network = small_network(draft)
    assert_same(network, run_engine(network, 1, 0), simulate_reference(network))


@settings(COMMON, max_examples=100)
@given(draft=drafts(chance=True), seed=st.integers(0, 2**31), replication=st.integers(0, 3))
def test_same_log_with_random_durations(draft: Draft, seed: int, replication: int) -> None:
    network = small_network(draft)
    assert_same(network, run_engine(network, seed, replication), simulate_reference(network, seed, replication))


@settings(COMMON, max_examples=100)
@given(draft=drafts(chance=True, poisson=True), seed=st.integers(0, 2**31))
def test_same_log_with_random_customers(draft: Draft, seed: int) -> None:
    network = small_network(draft)
    lines = drawn_lines(network, seed, 0)
    assert_same(network, run_engine(network, seed, 0), simulate_reference(network, seed, 0, lines))


@settings(COMMON, max_examples=20)
@given(draft=drafts(), seed=st.integers(0, 2**31), span_hours=st.integers(1, 30))
def test_same_log_with_many_lines_in_many_windows(draft: Draft, seed: int, span_hours: int) -> None:
    """Queues, pools and chunks grow, and demand comes in windows that end anywhere."""
    chance = np.random.default_rng(seed)
    keys = [(point.node, point.item) for point in draft.points]
    times = chance.integers(0, draft.horizon_ms // HOUR_MS, 1500) * HOUR_MS
    picks, quantities, flags = chance.integers(0, (len(keys), 4, 4), (1500, 3)).T.tolist()
    lines = [
        Line(time, keys[pick][0], keys[pick][1], quantity + 1, flag)
        for time, pick, quantity, flag in zip(times.tolist(), picks, quantities, flags, strict=True)
    ]
    network = small_network(replace(draft, lines=lines))

    def window_end(plan: DemandPlan, from_ms: int, lines: int = 0) -> int:
        return min(from_ms + span_hours * HOUR_MS, plan.horizon_ms)

    with mock.patch.object(DemandPlan, "next_window_end", window_end):
        engine = run_engine(network, 1, 0)
    assert_same(network, engine, simulate_reference(network))


@settings(COMMON, max_examples=50)
@given(draft=drafts())
def test_drawn_lines_of_a_trace_are_the_trace(draft: Draft) -> None:
    network = small_network(draft)
    assert drawn_lines(network, 1, 0) == trace_lines(network)


def test_a_difference_is_noticed() -> None:
    """The comparison itself can fail: a unit more in stock gives another log."""
    store = Draft(
        kinds=["store", "supplier"],
        lanes=[Lane(1, 0, constant(5 * HOUR_MS))],
        points=[Point(0, 0, 0, reorder_point=1, order_up_to=4, on_hand=3)],
        lines=[Line(HOUR_MS, 0, 0, 4)],
    )
    other = replace(store, points=[replace(store.points[0], on_hand=4)])
    engine = run_engine(small_network(store), 1, 0)
    assert_same(small_network(store), engine, simulate_reference(small_network(store)))
    with pytest.raises(AssertionError, match="issue 4"):
        assert_same(small_network(store), engine, simulate_reference(small_network(other)))


def test_one_allocation_may_wake_several_routes() -> None:
    """Goods come in for two stores on two routes that leave when something is staged: both leave at that instant."""
    draft = Draft(
        kinds=["store", "store", "warehouse", "supplier"],
        lanes=[Lane(2, 0, constant(0), route=0), Lane(2, 1, constant(0), route=1), Lane(3, 2, constant(HOUR_MS))],
        points=[Point(0, 0, 0), Point(1, 0, 1), Point(2, 0, 2)],
        lines=[Line(HOUR_MS, 0, 0, 2), Line(HOUR_MS, 1, 0, 3)],
        routes=[route(2, [0], name="north"), route(2, [1], name="south")],
    )
    network = small_network(draft)
    engine = run_engine(network, 1, 0)
    assert [time for time, _, _, _, event, _, _ in engine.events if event == c.E_DEPART] == [2 * HOUR_MS] * 2
    assert_same(network, engine, simulate_reference(network))
