"""KPIs against figures worked out by hand from a few recorded rows."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from sim import columns as c
from sim.contracts.books import books_of
from sim.contracts.kpis import contract_scopes
from sim.kpi.kpis import KPIS, Group, kpi
from sim.kpi.summary import half_width, summarize, summary_document
from sim.kpi.table import KPI_SCHEMA, kpi_table
from sim.network import Float64Array
from sim.record.records import FORECAST_SUMS
from sim.record.sums import SUM_COLUMNS
from tests.contract_samples import contract_week
from tests.hand_plants import plant_week
from tests.hand_pools import helping_week
from tests.hand_records import DEPOT, STORE, STORE_A, HandRecords, busy_week
from tests.reference_inputs import DAY_MS, int64, route

EIGHT_DAYS_IN_YEARS = 8 / 365


def values(table: pa.Table) -> dict[tuple[str, str, str], float]:
    rows = table.to_pylist()
    found = {(row["scope"], row["key"], row["kpi"]): row["value"] for row in rows}
    assert len(found) == len(rows), "a KPI must have one value per scope and key"
    return found


@pytest.fixture(scope="module")
def week() -> dict[tuple[str, str, str], float]:
    return values(kpi_table(busy_week().records()))


@pytest.mark.parametrize(
    ("scope", "key", "name", "expected"),
    [
        # service: 8 + 2 units in 4 + 1 lines asked for, 7 units in 3 lines given at once
        ("network", "network", "fill_rate", 7 / 10),
        ("network", "network", "fill_rate_stocked", 7 / 8),
        ("network", "network", "line_fill_rate", 3 / 5),
        ("network", "network", "sku_fill_rate", 0 / 2),
        ("network", "network", "first_time_fix", 3 / 4),
        ("echelon", "store", "first_time_fix", 3 / 4),
        ("network", "network", "lost", 1),
        ("network", "network", "wait_mean", 2 * 12 / 9),
        ("network", "network", "wait_if_short", 12),
        ("network", "network", "backorders", 2 * 12 / (8 * 24)),
        # three stock points are stocked: ready 6, 8 and 8 of 8 days
        ("network", "network", "ready_rate", (6 + 8 + 8) / 24),
        ("node", "node-0", "ready_rate", 6 / 8),
        # stock, each unit worth 1 USD, sold at 1.50
        ("network", "network", "on_hand", 48),
        ("network", "network", "stock_value", 48),
        ("class", "A", "stock_value", 32),
        ("class", "B", "stock_value", 16),
        ("item", "item-1", "stock_value", 16),
        ("stock", "node-1/item-0", "on_hand", 24),
        ("network", "network", "turnover", 9 / EIGHT_DAYS_IN_YEARS / 48),
        ("echelon", "warehouse", "turnover", 8 / EIGHT_DAYS_IN_YEARS / 40),
        ("item", "item-0", "turnover", 7 / EIGHT_DAYS_IN_YEARS / 32),
        ("network", "network", "stock_to_revenue", 48 / (13.5 / EIGHT_DAYS_IN_YEARS)),
        # 6 units for 2 h, 2 for 4 h, 20 for a day, and 4 for the last four of the eight days
        ("network", "network", "in_transit", (12 + 8 + 480 + 384) / 192),
        # flow: the first order and its shipment belong to the warm-up
        ("network", "network", "orders", 4),
        ("lane", "node-1->node-0", "orders", 2),
        ("network", "network", "order_lines", 4),
        ("lane", "node-1->node-0", "transit_time", 3),
        ("lane", "node-2->node-1", "transit_time", 24),
        # money: 2 x 0.50 + 2 x 7 + 9 for the urgent one; 2 lines x 0.02, (12 + 1) kg x 0.03; 20 x 0.90 received
        ("network", "network", "ordering_cost", 24),
        ("lane", "node-2->node-1", "ordering_cost", 23),
        ("network", "network", "transport_cost", 0.04 + 0.39),
        ("network", "network", "purchase_cost", 18),
        ("network", "network", "shortage_cost", 20),
        ("network", "network", "holding_cost", 48 * 0.2 * EIGHT_DAYS_IN_YEARS),
        ("network", "network", "total_cost", 24 + 0.43 + 18 + 20 + 48 * 0.2 * EIGHT_DAYS_IN_YEARS),
    ],
)
def test_figures(week: dict[tuple[str, str, str], float], scope: str, key: str, name: str, expected: float) -> None:
    assert week[scope, key, name] == pytest.approx(expected, rel=1e-12)


def test_what_has_no_meaning_has_no_row(week: dict[tuple[str, str, str], float]) -> None:
    assert ("network", "network", "age_over_90d") not in week  # no item is lot-tracked
    assert ("network", "network", "load_factor") not in week  # no truck
    assert ("echelon", "supplier", "on_hand") not in week  # stock outside the network is nobody's business
    assert ("stock", "node-0/item-1", "on_hand") not in week  # ordered through, not stocked
    assert ("echelon", "warehouse", "fill_rate") not in week  # nobody asked there


def test_every_kpi_has_a_value_somewhere_and_a_definition() -> None:
    hand = busy_week()
    lots = replace(hand.network, item_lots=np.array([True, True]), parameter=hand.network.parameter.copy())
    lots.parameter[:4, c.P_FLAGS] |= c.SP_LOTS
    hand.network = replace(lots, routes=(route(DEPOT, [STORE]),))
    hand.trips = [(0, 0, 0, 3 * DAY_MS, 4 * DAY_MS, 2, 5_000, 2_500, 2000, DAY_MS // 2)]
    records = hand.records()
    forecast = np.ones((hand.network.stock_points, FORECAST_SUMS))
    found = values(kpi_table(replace(records, summary=replace(records.summary, forecast=forecast))))
    assert {name for _, _, name in found} == {name for name, one in KPIS.items() if one.needs(hand.network)}
    helping = helping_week()
    helping.network = replace(helping.network, pools=(replace(helping.network.pools[0], rebalance_ms=int64([0])),))
    of_pools = values(kpi_table(helping.records()))
    of_plants = values(kpi_table(plant_week().records()))
    under_contract = contract_week()
    scopes = contract_scopes(under_contract.network, books_of(under_contract))
    of_contracts = values(kpi_table(under_contract, more=scopes))
    seen = {name for place in (found, of_pools, of_plants, of_contracts) for _, _, name in place}
    assert seen == set(KPIS) - {"revenue_growth"}  # it takes two years: tests/test_contract_customers.py
    assert all(one.meaning for one in KPIS.values())


def test_ages_are_value_shares_of_lot_tracked_stock_only() -> None:
    hand = busy_week()
    hand.network = replace(hand.network, parameter=hand.network.parameter.copy())
    hand.network.parameter[STORE_A, c.P_FLAGS] |= c.SP_LOTS
    hand.area |= {(STORE_A, c.A_AGE_OVER_90): 4.0 * 8 * DAY_MS, (STORE_A, c.A_AGE_OVER_180): 2.0 * 8 * DAY_MS}
    found = values(kpi_table(hand.records()))
    assert found["network", "network", "age_over_90d"] == pytest.approx(4 / 8)
    assert found["network", "network", "age_over_180d"] == pytest.approx(2 / 8)
    assert found["network", "network", "age_over_365d"] == 0


def test_trucks() -> None:
    hand = busy_week()
    milk_run = route(DEPOT, [STORE], cost_per_trip=4000, cost_per_km_milli=50_000)  # carries 10 l and 10 kg
    hand.network = replace(hand.network, routes=(milk_run,))
    hand.trips = [
        (0, 0, 0, 1 * DAY_MS, 2 * DAY_MS, 1, 10_000, 0, 9000, DAY_MS),  # in the warm-up
        (1, 0, 0, 3 * DAY_MS, 4 * DAY_MS, 2, 5_000, 2_500, 2000, DAY_MS),
        (2, 0, 0, 5 * DAY_MS, -1, 1, 1_000, 9_000, 1000, DAY_MS),
    ]
    found = values(kpi_table(hand.records()))
    for scope, key in (("truck", "route-1"), ("node", "node-1"), ("network", "network")):
        assert found[scope, key, "trips"] == 2
        assert found[scope, key, "load_factor"] == pytest.approx((0.5 + 0.9) / 2)
        assert found[scope, key, "distance"] == pytest.approx(3)
    assert found["truck", "route-1", "trip_cost"] == pytest.approx(2 * 40 + 3 * 0.50)
    assert found["network", "network", "transport_cost"] == pytest.approx(0.43 + 81.5)


def test_natural_units() -> None:
    """Grease counted in tenths of a kilogram is shown in kilograms."""
    hand = busy_week()
    hand.network = replace(hand.network, item_resolution=np.array([0.1, 1.0]))
    found = values(kpi_table(hand.records()))
    assert found["stock", "node-1/item-0", "on_hand"] == pytest.approx(2.4)
    assert found["item", "item-0", "demand_units"] == pytest.approx(0.8)
    assert found["item", "item-0", "stock_value"] == pytest.approx(32)


def test_additive_kpis_add_up_over_nodes_items_and_classes(week: dict[tuple[str, str, str], float]) -> None:
    for name in ("demand_lines", "demand_units", "on_hand", "stock_value", "orders", "purchase_cost", "lost"):
        for scope in ("echelon", "node", "item", "class"):
            parts = math.fsum(value for (one, _, kpi_name), value in week.items() if (one, kpi_name) == (scope, name))
            assert parts == pytest.approx(week["network", "network", name]), (scope, name)


def test_table_is_tidy() -> None:
    table = kpi_table(busy_week().records(replication=3))
    assert table.schema == KPI_SCHEMA
    assert set(table["replication"].to_pylist()) == {3}
    assert set(table["variant"].to_pylist()) == {"base"}
    units = {row["kpi"]: row["unit"] for row in table.to_pylist()}
    assert (units["stock_value"], units["fill_rate"], units["turnover"]) == ("USD", "share", "per year")


def test_a_new_kpi_is_one_function() -> None:
    @kpi("lines", frozenset({"network", "node"}))
    def lines_short(of: Group) -> Float64Array:
        """Lines not met at once."""
        return of("demand_lines") - of("lines_at_once")

    try:
        found = values(kpi_table(busy_week().records()))
    finally:
        del KPIS["lines_short"]
    assert found["network", "network", "lines_short"] == 2
    assert found["node", "node-0", "lines_short"] == 2


def test_recorded_rows_are_summed_alike_in_one_chunk_or_many() -> None:
    from sim.record.records import Recorder

    hand = busy_week()
    sums = []
    for capacity in (1, 2, 1000):
        recorder = Recorder(hand.network, 1, 0, capacity=capacity)
        columns = [list(column) for column in zip(*hand.shipments, strict=True)]
        recorder.shipments.extend(*columns)
        recorder.orders.write_block(np.array(hand.orders).T.copy(), len(hand.orders))
        recorder.shipments.flush()
        assert (recorder.orders.rows, recorder.shipments.rows) == (5, 5)
        sums.append(recorder.sums)
    assert sums[0].shape[1] == SUM_COLUMNS
    assert sums[0].any()
    assert (sums[0] == sums[1]).all()
    assert (sums[0] == sums[2]).all()


# --- means and intervals ----------------------------------------------------------------------------------------------
def test_half_width_is_students() -> None:
    # Student's t at 97.5 % with 9 degrees of freedom is 2.262157 (any printed table)
    assert half_width(3.0, 10, 0.95) == pytest.approx(2.262157 * 3.0 / math.sqrt(10), rel=1e-6)
    assert math.isnan(half_width(0.0, 1, 0.95))


def test_summary_over_replications() -> None:
    tables = []
    for number, lines in enumerate((2, 4, 9)):
        hand = HandRecords(total={(STORE_A, c.T_DEMAND_LINES): lines})
        tables.append(kpi_table(hand.records(replication=number)))
    means = summarize(pa.concat_tables(tables), 0.95, ("network",))
    one = next(mean for mean in means if mean.kpi == "demand_lines")
    assert (one.mean, one.n, one.unit) == (5, 3, "lines")
    assert one.half_width == pytest.approx(4.302653 * math.sqrt(13 / 3), rel=1e-6)
    document = summary_document(means, "base", 0.95, (2 * DAY_MS, 10 * DAY_MS))
    assert document["network"]["network"]["demand_lines"]["mean"] == 5
    assert document["measured_ms"] == [2 * DAY_MS, 10 * DAY_MS]


def test_kpis_stand_in_the_order_in_which_they_are_registered() -> None:
    without = HandRecords(total={})  # nobody asks for anything: no fill rate
    full = busy_week()
    tables = [kpi_table(without.records(replication=0)), kpi_table(full.records(replication=1))]
    orders = []
    for chosen in (tables, tables[::-1]):
        means = summarize(pa.concat_tables(chosen), 0.95, ("network",))
        orders.append([mean.kpi for mean in means])
        assert next(mean for mean in means if mean.kpi == "fill_rate").n == 1
        assert next(mean for mean in means if mean.kpi == "demand_lines").n == 2
    assert orders[0] == orders[1] == [name for name in KPIS if name in orders[0]]


def test_one_replication_has_no_interval() -> None:
    means = summarize(kpi_table(busy_week().records()), 0.95, ("network",))
    assert all(math.isnan(mean.half_width) for mean in means)
    document = summary_document(means, "base", 0.95, (2 * DAY_MS, 10 * DAY_MS))
    assert document["network"]["network"]["fill_rate"] == {"mean": 0.7, "half_width": None, "n": 1, "unit": "share"}
