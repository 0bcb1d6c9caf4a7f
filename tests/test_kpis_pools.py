"""KPIs of pools and of several sources, against figures worked out by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mro_twin
from mro_twin.report_table import kpi_table as printed_table
from sim import columns as c
from sim.engine import simulate_replication
from sim.kpi.kpis import KPIS
from sim.kpi.summary import summarize
from sim.kpi.table import kpi_table
from sim.network import Lane, Link, Pool
from sim.record.network_tables import POOL_TABLES, network_tables
from sim.record.records import Recorder
from tests.hand_pools import FOUR_HOURS, OTHER, STORE, helping_week, pool_network
from tests.hand_records import HandRecords, busy_week, chain_network
from tests.reference_inputs import DAY_MS, HOUR_MS, Draft, Line, Point, constant, int64, small_network
from tests.rule_examples_pools import POOL_EXAMPLES
from tests.state_runs import go_on, save_at

EIGHT_DAYS_IN_YEARS = 8 / 365
Figures = dict[tuple[str, str, str], float]
SHARES = ("share_own_stock", "share_transfer", "share_emergency", "share_backorder", "share_lost")


def figures(table: pa.Table) -> Figures:
    return {(row["scope"], row["key"], row["kpi"]): row["value"] for row in table.to_pylist()}


@pytest.fixture(scope="module")
def week() -> Figures:
    hand = helping_week()
    rebalancing = replace(hand.network.pools[0], rebalance_ms=int64([5 * DAY_MS]))
    hand.network = replace(hand.network, pools=(rebalancing,))
    return figures(kpi_table(hand.records()))


@pytest.mark.parametrize(
    ("scope", "key", "name", "expected"),
    [
        # 20 units asked for: 6 at once, 3 + 1 by transfer, 2 + 5 by emergency, 1 lost; two wait for the usual supply
        ("network", "network", "share_own_stock", 6 / 20),
        ("network", "network", "share_transfer", 4 / 20),
        ("network", "network", "share_emergency", 7 / 20),
        ("network", "network", "share_lost", 1 / 20),
        ("network", "network", "share_backorder", 2 / 20),
        ("class", "A", "share_transfer", 4 / 20),
        # counted where they were asked for; the first transfer belongs to the warm-up
        ("network", "network", "transfers", 2),
        ("node", "node-0", "transfers", 2),
        ("node", "node-1", "transfers", 0),
        ("transfer", "node-1->node-0", "transfers", 2),
        ("network", "network", "emergencies", 2),
        ("transfer", "node-2->node-0", "emergencies", 1),
        ("transfer", "node-3->node-0", "emergencies", 1),
        ("network", "network", "preventive_transfers", 1),
        ("node", "node-1", "preventive_transfers", 1),
        ("network", "network", "rebalancing_moves", 1),
        # 3 + 4 + 1 units one way, 2 the other, worth 1 USD each
        ("network", "network", "transfer_units", 10),
        ("node", "node-0", "transfer_units", 8),
        ("transfer", "node-0->node-1", "transfer_units", 2),
        ("node", "node-1", "units_given", 8),
        ("node", "node-1", "contribution_score", 80),
        ("node", "node-0", "contribution_score", 20),
        ("network", "network", "transfer_value", 10),
        ("transfer", "node-1->node-0", "transfer_value", 8),
        ("node", "node-0", "settlement_balance", -6),
        ("node", "node-1", "settlement_balance", 6),
        # received in the window: transfers after 48 h (asked for before) and 6 h, emergencies after 30 h and 20 h
        ("network", "network", "transfer_response_hours", 27),
        ("network", "network", "transfer_within_8h", 1 / 2),
        ("network", "network", "transfer_within_24h", 1 / 2),
        ("network", "network", "transfer_within_48h", 1),
        ("transfer", "node-1->node-0", "transfer_response_hours", 27),
        ("network", "network", "emergency_response_hours", 25),
        ("transfer", "node-3->node-0", "emergency_response_hours", 20),
        # three moves at 5 USD with 16 kg at 0.02, one at 3; emergencies at 10, and 20 with 10 kg at 0.10
        ("network", "network", "transfer_cost", 15 + 0.32 + 3),
        ("node", "node-0", "transfer_cost", 15.32),
        ("transfer", "node-0->node-1", "transfer_cost", 3),
        ("network", "network", "emergency_cost", 31),
        ("transfer", "node-3->node-0", "emergency_cost", 21),
        # what came by a gift is no order of a lane, but an emergency from a supplier has its price
        ("network", "network", "orders", 1),
        ("network", "network", "ordering_cost", 0.5),
        ("lane", "node-2->node-0", "transit_time", 24),
        ("network", "network", "purchase_cost", 4.5),
        ("lane", "node-3->node-2", "purchase_cost", 0),
        # moves between stores are no turnover of theirs; what the depot sends to them is: 10 usual, 2 in emergency
        ("node", "node-1", "turnover", 0),
        ("node", "node-2", "turnover", 12 / EIGHT_DAYS_IN_YEARS / 24),
    ],
)
def test_figures(week: Figures, scope: str, key: str, name: str, expected: float) -> None:
    assert week[scope, key, name] == pytest.approx(expected, rel=1e-12)


def test_total_cost_has_transfers_and_emergencies(week: Figures) -> None:
    parts = ("holding", "ordering", "transport", "purchase", "shortage", "transfer", "emergency")
    for key in (("network", "network"), ("class", "A")):
        assert week[*key, "total_cost"] == pytest.approx(sum(week[*key, f"{part}_cost"] for part in parts))


def test_only_members_of_pools_have_rows(week: Figures) -> None:
    about_pools = {name for name, one in KPIS.items() if not one.needs(chain_network())}
    assert {"share_transfer", "emergencies", "preventive_transfers", "rebalancing_moves"} <= about_pools
    assert not [place for place in week if place[1] == "node-2" and place[2] in about_pools]
    assert not {place for place in figures(kpi_table(busy_week().records())) if place[2] in about_pools}
    assert "transfer" not in {scope for scope, _, _ in figures(kpi_table(busy_week().records()))}


def test_what_a_pool_does_not_do_has_no_rows() -> None:
    link = Link(OTHER, STORE, False, FOUR_HOURS)
    network = pool_network(link)
    network.parameter[:, c.P_PREVENTIVE] = -1
    found = figures(kpi_table(HandRecords(network, (5, 0, 20, 30, 0, 0, 0)).records()))
    assert found["network", "network", "transfers"] == 0
    never = {"emergencies", "emergency_cost", "preventive_transfers", "rebalancing_moves", "share_emergency"}
    assert not never & {name for _, _, name in found}
    assert ("network", "network", "transfer_response_hours") not in found  # none came in
    assert found["transfer", "node-1->node-0", "transfers"] == 0  # a pair without transfers counts as one with none


def test_natural_units() -> None:
    hand = helping_week()
    hand.network = replace(hand.network, item_resolution=np.array([0.1, 1.0]))
    found = figures(kpi_table(hand.records()))
    assert found["network", "network", "transfer_units"] == pytest.approx(1.0)
    assert found["transfer", "node-1->node-0", "transfer_units"] == pytest.approx(0.8)
    assert found["network", "network", "transfer_value"] == pytest.approx(10)
    assert found["node", "node-1", "contribution_score"] == pytest.approx(80)


def test_members_contribute_to_their_own_pools() -> None:
    """Two pools share a node: each member's gifts are weighed against what its own pools moved."""
    pools = [Pool(name, (Link(1, 0, False, FOUR_HOURS), Link(2, 0, False, FOUR_HOURS))) for name in ("one", "two")]
    draft = Draft(
        kinds=["store", "store", "store", "supplier"],
        lanes=[Lane(3, store, constant(DAY_MS)) for store in range(3)],
        points=[
            Point(0, 0, 0, pool=0),
            Point(0, 1, 0, pool=1),
            Point(1, 0, 1, pool=0),
            Point(2, 1, 2, pool=1),
        ],
        items=Draft.items * 2,
        pools=pools,
    )
    hand = HandRecords(small_network(draft), (0, 0, 9, 9, 0, 0))
    hand.orders = [(DAY_MS, 0, 2, 6, 0, c.ORDER_TRANSFER), (DAY_MS, 1, 3, 2, 0, c.ORDER_TRANSFER)]
    found = figures(kpi_table(hand.records()))
    scores = [found["node", f"node-{node}", "contribution_score"] for node in range(3)]
    assert scores == [0, 100, 100]


def test_gifts_are_summed_alike_in_one_chunk_or_many() -> None:
    hand, sums = helping_week(), []
    for capacity in (1, 3, 1000):
        recorder = Recorder(hand.network, 1, 0, capacity=capacity)
        recorder.orders.extend(*np.array(hand.orders).T)
        recorder.shipments.extend(*np.array(hand.shipments).T)
        recorder.orders.flush()
        recorder.shipments.flush()
        assert recorder.pool_sums is not None
        sums.append((recorder.pool_sums.point, recorder.pool_sums.link))
    assert sums[0][0].any()
    assert sums[0][1].any()
    for point, link in sums[1:]:
        assert (point == sums[0][0]).all()
        assert (link == sums[0][1]).all()


# --- simulated --------------------------------------------------------------------------------------------------------
def test_an_example_of_the_rules() -> None:
    """A line for 8: one is there, givers send 1 and 4 (after 10 and 12 h), a supplier 2 in emergency (after 6 h)."""
    found = figures(kpi_table(simulate_replication(small_network(POOL_EXAMPLES[0].draft), 1, 0)))
    network = {name: value for (scope, _, name), value in found.items() if scope == "network"}
    assert [network[name] for name in SHARES] == [1 / 8, 5 / 8, 2 / 8, 0, 0]
    assert (network["transfers"], network["emergencies"], network["transfer_units"]) == (2, 1, 5)
    assert network["transfer_response_hours"] == 11
    assert network["transfer_within_8h"] == 0
    assert network["emergency_response_hours"] == 6
    assert found["node", "node-2", "contribution_score"] == pytest.approx(80)


def test_a_run_that_goes_on_knows_what_is_under_way(tmp_path: Path) -> None:
    """The same example, saved at 5 h: all is under way, and the responses count from the request."""
    network = small_network(POOL_EXAMPLES[0].draft)
    save_at(network, 1, 0, 5 * HOUR_MS, tmp_path / "state")
    found = figures(kpi_table(go_on(network, tmp_path / "state")))
    assert found["network", "network", "transfers"] == 0  # asked for before
    assert found["network", "network", "transfer_response_hours"] == 11
    assert found["network", "network", "emergency_response_hours"] == 6
    assert found["transfer", "node-2->node-0", "transfer_response_hours"] == 12


def test_an_undivided_line_waits_for_its_rest() -> None:
    """Of 4 wanted together one is there: three come by transfer, and the first stands by."""
    (example,) = (one for one in POOL_EXAMPLES if one.name.startswith("a pool without parts"))
    draft = replace(example.draft, lines=example.draft.lines[:1])
    found = figures(kpi_table(simulate_replication(small_network(draft), 1, 0)))
    shares = [found["network", "network", name] for name in SHARES]
    assert shares == [0, 3 / 4, 0, 1 / 4, 0]


def test_shares_of_a_random_scenario() -> None:
    """Own stock, transfers, emergencies, waiting and lost, counted again from the event log."""
    scenario = mro_twin.load_scenario(
        {
            "name": "helping",
            "start": "2026-01-05",
            "horizon": "40 wk",
            "items": {"part": {"cost": "10 USD"}},
            "nodes": {"maker": {"kind": "supplier", "lead_time": "10 d"}, "store-{1..4}": {"kind": "store"}},
            "lanes": [{"from": "maker", "to": "store-*"}],
            "demand": [
                {
                    "node": "store-*",
                    "item": "*",
                    "compound_poisson": {"rate": "0.3 /d", "size": {"geometric": {"mean": 2}}},
                }
            ],
            "policies": [{"nodes": "store-*", "policy": {"kind": "base_stock", "level": 5}}],
            "pools": {
                "region": {
                    "nodes": "store-*",
                    "hold_back": 1,
                    "delivery": {"uniform": {"low": "2 h", "high": "60 h"}},
                    "cost_per_transfer": "3 USD",
                    "emergency": [{"from": "maker", "to": "store-1", "lead_time": "2 d", "cost_per_order": "30 USD"}],
                }
            },
        }
    )
    result = mro_twin.simulate(scenario, replications=1)
    network = {mean.kpi: mean.mean for mean in result.means() if mean.scope == "network"}
    orders, shipments = result.tables["orders"], result.tables["shipments"]
    asked = network["demand_units"]
    transfers, emergencies = (orders[orders["kind"] == kind] for kind in (c.ORDER_TRANSFER, c.ORDER_EMERGENCY))
    assert min(len(transfers), len(emergencies)) > 10
    assert network["share_transfer"] == pytest.approx(transfers["quantity"].sum() / asked)
    assert network["share_emergency"] == pytest.approx(emergencies["quantity"].sum() / asked)
    assert network["share_backorder"] > 0
    assert sum(network[name] for name in SHARES) == pytest.approx(1)
    assert network["transfer_cost"] == pytest.approx(3 * len(transfers))
    assert network["emergency_cost"] == pytest.approx(30 * len(emergencies))
    came = shipments[(shipments["received_ms"] >= 0) & shipments["order"].isin(transfers.index)]
    hours = (came["received_ms"] - came["dispatched_ms"]) / HOUR_MS
    assert network["transfer_response_hours"] == pytest.approx(hours.mean())
    assert network["transfer_within_24h"] == pytest.approx((hours <= 24).mean())
    nodes = result.kpis[result.kpis["scope"] == "node"]
    assert nodes.loc[nodes["kpi"] == "contribution_score", "value"].sum() == pytest.approx(100)
    assert nodes.loc[nodes["kpi"] == "settlement_balance", "value"].sum() == pytest.approx(0, abs=1e-9)


# --- several sources --------------------------------------------------------------------------------------------------
def test_costs_are_those_of_the_lane_really_used() -> None:
    day = DAY_MS
    lanes = [
        Lane(1, 0, constant(day), cost_per_order=500, cost_per_line_milli=1000),
        Lane(2, 0, constant(day), cost_per_order=800, cost_per_kg_milli=3000, express_cost_per_order=2000),
        Lane(3, 0, constant(day), cost_per_order=100),
    ]
    points = [Point(0, 0, 0, others=((1, 0),)), Point(0, 1, 2)]
    draft = Draft(["store", "supplier", "supplier", "supplier"], lanes, points, items=Draft.items * 2)
    hand = HandRecords(small_network(draft), (0, 0, 0, 0, 0))
    first, second, third = 2, 3, 4  # stock points of the suppliers
    hand.orders = [
        (1 * day, 0, first, 2, 100_000, c.ORDER_USUAL),
        (2 * day, 0, second, 3, 110_000, c.ORDER_USUAL),
        (3 * day, 0, second, 4, 110_000, c.ORDER_EXPRESS),
        (4 * day, 1, third, 5, 100_000, c.ORDER_USUAL),
        (5 * day, 0, third, 1, 100_000, c.ORDER_USUAL),  # no source of this item: with the first
    ]
    hand.shipments = [
        (0, 0, first, 2, 1 * day, 2 * day, -1, 100_000),
        (1, 0, second, 3, 2 * day, 4 * day, -1, 110_000),
        (2, 0, second, 4, 3 * day, -1, -1, 110_000),
        (3, 1, third, 5, 4 * day, 5 * day, -1, 100_000),
    ]
    found = figures(kpi_table(hand.records()))
    lane = {source: {name: v for (s, k, name), v in found.items() if (s, k) == ("lane", f"node-{source}->node-0")}
            for source in (1, 2, 3)}  # fmt: skip
    assert [lane[source]["orders"] for source in (1, 2, 3)] == [2, 2, 1]
    assert [lane[source]["ordering_cost"] for source in (1, 2, 3)] == [10, 16 + 20, 1]
    assert [lane[source]["transport_cost"] for source in (1, 2, 3)] == pytest.approx([0.01, 7 * 0.03, 0])
    assert [lane[source]["transit_time"] for source in (1, 2, 3)] == [24, 48, 24]
    assert [lane[source]["purchase_cost"] for source in (1, 2, 3)] == pytest.approx([2, 3.3, 5])
    for name in ("orders", "ordering_cost", "transport_cost", "purchase_cost"):
        for scope, key in (("network", "network"), ("node", "node-0")):
            assert found[scope, key, name] == pytest.approx(sum(one[name] for one in lane.values())), name
    assert found["item", "item-0", "ordering_cost"] == 46


def test_costs_of_a_simulated_split() -> None:
    lanes = [Lane(1, 0, constant(DAY_MS), cost_per_order=500), Lane(2, 0, constant(2 * DAY_MS), cost_per_order=800)]
    point = Point(0, 0, 0, reorder_point=9, order_up_to=10, others=((1, 500),), split=True, on_hand=10)
    lines = [Line(hour * HOUR_MS, 0, 0, 4) for hour in range(1, 50, 7)]
    draft = Draft(["store", "supplier", "supplier"], lanes, [point], lines=lines, horizon_ms=6 * DAY_MS)
    found = figures(kpi_table(simulate_replication(small_network(draft), 1, 0)))
    assert [found["lane", f"node-{source}->node-0", "orders"] for source in (1, 2)] == [len(lines)] * 2
    assert [found["lane", f"node-{source}->node-0", "transit_time"] for source in (1, 2)] == [24, 48]
    assert found["network", "network", "ordering_cost"] == 13 * len(lines)


# --- shown ------------------------------------------------------------------------------------------------------------
def test_the_run_directory_says_what_the_pools_are() -> None:
    network = pool_network()
    tables = network_tables(network)
    (pool,) = tables["pools"].to_pylist()
    assert pool == {
        "name": "region", "donor_rule": 0, "partial": 1, "search_ms": HOUR_MS, "approval_ms": 0, "links": 4
    }  # fmt: skip
    links = tables["links"].to_pylist()
    assert links[3] == {
        "pool": 0, "from_node": 3, "to_node": 0, "emergency": 1, "cost_per_transfer": 2000,
        "cost_per_kg_milli": 10_000, "mean_delivery_ms": 4.0 * HOUR_MS,
    }  # fmt: skip
    assert not POOL_TABLES.keys() & network_tables(chain_network()).keys()


def test_the_printed_table_shows_shares_and_responses() -> None:
    means = summarize(kpi_table(helping_week().records()), 0.95)
    table = printed_table(means)
    rows = dict(
        zip(table.columns[0].cells, zip(*(column.cells for column in table.columns[2:]), strict=True), strict=True)
    )
    assert rows["share_transfer"][0] == "20.00 %"
    assert rows["transfer_response_hours"][0] == "27.00"
    assert rows["transfer_within_8h"][0] == "50.00 %"
    assert set(SHARES) <= rows.keys()
    assert "share_transfer" not in list(
        printed_table(summarize(kpi_table(busy_week().records()), 0.95)).columns[0].cells
    )
