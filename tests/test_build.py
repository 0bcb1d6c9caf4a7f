"""From scenario to arrays: order of nodes, stock points, levels, terms and opening state, on small examples."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim import columns as c
from sim.build.lanes import disjoint
from sim.build.network_builder import build_network
from sim.build.stock_points import SupplyCycle, abc_classes, downstream_first
from sim.network import DISTRIBUTION_CONSTANT, DISTRIBUTION_GAMMA, Network
from sim.scenario import ScenarioError, load_scenario
from tests.scenario_samples import sample

DAY_MS = 86_400_000


def built(change: dict[str, Any] | None = None) -> Network:
    return build_network(load_scenario(sample() | (change or {})))


def row(network: Network, node: str, item: str) -> dict[int, int]:
    values = network.parameter[network.stock_point(node, item)].tolist()
    return dict(enumerate(values))


# --- nodes and stock points ---


def test_nodes_come_after_those_they_supply_and_ties_keep_their_order() -> None:
    lanes = [(0, 1), (1, 2), (1, 3), (0, 3)]  # 0 supplies 1 and 3, 1 supplies 2 and 3
    assert downstream_first(5, lanes) == [2, 3, 4, 1, 0]


def test_a_circle_of_lanes_is_refused_with_its_nodes() -> None:
    with pytest.raises(SupplyCycle) as refused:
        downstream_first(4, [(0, 1), (1, 2), (2, 1)])
    assert {1, 2} <= set(refused.value.nodes)
    assert 3 not in refused.value.nodes


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]), max_size=20))
def test_every_node_stands_behind_all_its_customers(lanes: list[tuple[int, int]]) -> None:
    order = downstream_first(8, lanes)
    assert sorted(order) == list(range(8))
    assert all(order.index(customer) < order.index(source) for source, customer in lanes)


def test_stock_points_are_sorted_and_reach_from_customer_to_supplier() -> None:
    network = built()
    assert network.node_names == ("shop", "depot", "maker")
    pairs = [
        (network.node_names[n], network.item_names[i]) for n, i in network.parameter[:, [c.P_NODE, c.P_ITEM]].tolist()
    ]
    assert pairs == [(node, item) for node in ("shop", "depot", "maker") for item in ("filter", "grease")]
    assert network.node_first_stock_point.tolist() == [0, 2, 4, 6]
    shop, depot, maker = (network.stock_point(node, "grease") for node in network.node_names)
    assert network.parameter[:, c.P_SOURCE].tolist()[shop] == depot
    assert network.parameter[:, c.P_SOURCE].tolist()[depot] == maker
    assert row(network, "maker", "grease")[c.P_SOURCE] == -1
    assert row(network, "maker", "grease")[c.P_LANE] == -1


def test_an_item_that_nobody_wants_has_no_stock_point() -> None:
    data = sample()
    data["items"]["unused"] = {"cost": "1 USD"}
    network = build_network(load_scenario(data))
    assert 2 not in network.parameter[:, c.P_ITEM]


def test_what_a_node_does_not_stock_is_ordered_through() -> None:
    through = row(built(), "depot", "grease")
    assert through[c.P_FLAGS] & c.SP_STOCKED == 0
    assert (through[c.P_POLICY], through[c.P_REORDER_POINT], through[c.P_ORDER_UP_TO]) == (c.POLICY_ORDER_UP_TO, -1, 0)


def test_suppliers_never_order() -> None:
    maker = row(built(), "maker", "filter")
    assert maker[c.P_POLICY] == c.POLICY_NONE
    assert maker[c.P_FLAGS] & c.SP_SUPPLIER


def test_a_wanted_item_that_no_lane_brings_is_a_finding() -> None:
    data = sample()
    data["lanes"][1]["items"] = "filter"
    with pytest.raises(ScenarioError, match="grease"):
        build_network(load_scenario(data))


# --- demand along the supply paths ---


def test_mean_demand_is_own_plus_downstream() -> None:
    data = sample()
    data["demand"].append({"node": "depot", "item": "filter", "poisson": {"rate": "2 /wk"}})
    network = build_network(load_scenario(data))
    mean = {name: network.mean_demand_per_day[network.stock_point(name, "filter")] for name in network.node_names}
    assert mean["shop"] == pytest.approx(3.0)
    assert mean["depot"] == mean["maker"] == pytest.approx(3.0 + 2 / 7)
    grease = network.mean_demand_per_day[network.stock_point("shop", "grease")]
    assert grease == pytest.approx(500 * 12 / 365)  # 50 kg a month in units of 0.1 kg


def test_the_first_lane_that_fits_an_item_serves_it() -> None:
    data = sample()
    data["nodes"]["other"] = {"kind": "supplier", "lead_time": "2 d"}
    data["lanes"].insert(0, {"from": "other", "to": "depot", "items": {"classes": ["A"]}})
    data["items"]["filter"]["class"], data["items"]["grease"]["class"] = "A", "C"
    network = build_network(load_scenario(data))
    source = {
        item: network.node_names[network.parameter[row(network, "depot", item)[c.P_SOURCE], c.P_NODE]]
        for item in network.item_names
    }
    assert source == {"filter": "other", "grease": "maker"}
    with pytest.raises(KeyError):
        network.stock_point("other", "grease")


def test_lane_terms_in_engine_units() -> None:
    data = sample()
    data["lanes"][1] |= {
        "delivery": "partial",
        "overtaking": False,
        "express": {"lead_time": "6 h", "classes": ["A", "B"], "cost_per_order": "12.5 USD"},
        "cost_per_kg": "0.035 USD",
    }
    network = build_network(load_scenario(data))
    to_depot, to_shop = network.lanes
    assert to_depot.lead_time.kind == DISTRIBUTION_GAMMA
    assert to_depot.lead_time.a * to_depot.lead_time.b == pytest.approx(5 * DAY_MS)
    assert (to_depot.cost_per_order, to_depot.overtaking, to_depot.whole_orders) == (4000, True, True)
    assert (to_shop.lead_time.kind, to_shop.lead_time.a) == (DISTRIBUTION_CONSTANT, DAY_MS)
    assert (to_shop.overtaking, to_shop.whole_orders) == (False, False)
    assert to_shop.express_lead_time is not None
    assert to_shop.express_lead_time.a == 6 * 3_600_000
    assert to_shop.express_classes == {0, 1}
    assert (to_shop.express_cost_per_order, to_shop.cost_per_kg_milli) == (1250, 3500)


# --- classes ---


def test_classes_follow_cumulative_value() -> None:
    value = np.array([5.0, 60.0, 25.0, 0.0, 10.0])
    assert abc_classes(value, 0.8, 0.95).tolist() == [2, 0, 0, 2, 1]


def test_without_any_value_everything_is_c() -> None:
    assert abc_classes(np.zeros(3), 0.8, 0.95).tolist() == [2, 2, 2]


@given(st.lists(st.floats(0.0, 1e9), min_size=1, max_size=30))
def test_a_items_are_worth_more_than_b_and_c(values: list[float]) -> None:
    value = np.array(values)
    classes = abc_classes(value, 0.8, 0.95)
    for better, worse in ((0, 1), (1, 2)):
        if (classes == better).any() and (classes == worse).any():
            assert value[classes == better].min() >= value[classes == worse].max()
    if value.sum() > 0:
        assert value[classes == 0].sum() >= 0.8 * value.sum() * (1 - 1e-9)


def test_a_given_class_is_kept_and_groups_are_node_times_class() -> None:
    data = sample()
    data["items"]["grease"]["class"] = "B"
    network = build_network(load_scenario(data))
    assert network.item_class[1] == 1
    assert row(network, "depot", "grease")[c.P_GROUP] == 1 * 3 + 1


# --- policies ---


def with_policy(policy: dict[str, Any], **settings: Any) -> dict[int, int]:
    entry = {"nodes": "shop", "items": "filter", "policy": policy, **settings}
    return row(built({"policies": [entry]}), "shop", "filter")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"kind": "s_S", "reorder_point": 10, "order_up_to": 30}, (c.POLICY_ORDER_UP_TO, 10, 30)),
        ({"kind": "s_S", "reorder_point": "2.5 d", "order_up_to": "5 d"}, (c.POLICY_ORDER_UP_TO, 8, 15)),  # 7.5 up
        ({"kind": "s_S", "reorder_point": "2 h", "order_up_to": "3 h"}, (c.POLICY_ORDER_UP_TO, 0, 1)),
        ({"kind": "base_stock", "level": 7}, (c.POLICY_ORDER_UP_TO, 6, 7)),
        ({"kind": "min_max", "minimum": 4, "maximum": 9}, (c.POLICY_ORDER_UP_TO, 3, 9)),
    ],
)
def test_order_up_to_policies(policy: dict[str, Any], expected: tuple[int, int, int]) -> None:
    found = with_policy(policy)
    assert (found[c.P_POLICY], found[c.P_REORDER_POINT], found[c.P_ORDER_UP_TO]) == expected
    assert found[c.P_FLAGS] & c.SP_STOCKED


def test_lot_policy_has_lots_of_at_least_one() -> None:
    found = with_policy({"kind": "r_nQ", "reorder_point": 5, "lot": "1 h"})  # an eighth of a unit
    assert (found[c.P_POLICY], found[c.P_REORDER_POINT], found[c.P_LOT]) == (c.POLICY_LOT, 5, 1)


def test_later_entries_override_field_by_field() -> None:
    first = {"nodes": "*", "items": "*", "policy": {"kind": "base_stock", "level": 5}, "capacity": 40}
    second = {"nodes": "shop", "items": "filter", "minimum_order": 6}
    network = built({"policies": [first | {"items": "filter"}, second]})
    shop, depot = row(network, "shop", "filter"), row(network, "depot", "filter")
    assert (shop[c.P_ORDER_UP_TO], shop[c.P_CAPACITY], shop[c.P_MINIMUM_ORDER]) == (5, 40, 6)
    assert (depot[c.P_ORDER_UP_TO], depot[c.P_CAPACITY], depot[c.P_MINIMUM_ORDER]) == (5, 40, 1)
    assert row(network, "maker", "filter")[c.P_POLICY] == c.POLICY_NONE


def test_quantities_with_units_become_integer_units() -> None:
    grease = row(built(), "shop", "grease")
    assert grease[c.P_MULTIPLE] == 5  # 0.5 kg
    level = int(np.floor(14 * 500 * 12 / 365 + 0.5))
    assert (grease[c.P_REORDER_POINT], grease[c.P_ORDER_UP_TO]) == (level - 1, level)


def test_supplier_terms_hold_where_the_policy_says_nothing() -> None:
    data = sample()
    breaks = [{"from": 10, "cost": "22.5 USD"}, {"from": 100, "cost": "20 USD"}]
    data["nodes"]["maker"] |= {
        "items": {"filter": {"minimum_order": 12, "multiple": 6, "price_breaks": breaks}},
    }
    network = build_network(load_scenario(data))
    depot = row(network, "depot", "filter")
    assert (depot[c.P_MINIMUM_ORDER], depot[c.P_MULTIPLE]) == (12, 6)
    first, count = depot[c.P_PRICE_BREAKS], depot[c.P_PRICE_BREAK_COUNT]
    assert network.price_breaks[first : first + count].tolist() == [[10, 2_250_000], [100, 2_000_000]]
    assert row(network, "maker", "filter")[c.P_PRICE_BREAKS] == first
    shop = row(network, "shop", "filter")
    assert (shop[c.P_MINIMUM_ORDER], shop[c.P_MULTIPLE], shop[c.P_PRICE_BREAKS]) == (1, 1, -1)
    data["policies"].append({"nodes": "depot", "items": "filter", "multiple": 24, "minimum_order": 24})
    depot = row(build_network(load_scenario(data)), "depot", "filter")
    assert (depot[c.P_MINIMUM_ORDER], depot[c.P_MULTIPLE]) == (24, 24)


# --- opening state ---


def test_opening_stock_is_what_the_policy_orders_up_to() -> None:
    network = built(
        {
            "policies": [
                {"nodes": "shop", "items": "filter", "policy": {"kind": "r_nQ", "reorder_point": 5, "lot": 8}},
                {"nodes": "depot", "items": "filter", "policy": {"kind": "s_S", "reorder_point": 5, "order_up_to": 20}},
            ]
        }
    )
    opening = {name: network.initial_on_hand[network.stock_point(name, "filter")] for name in network.node_names}
    assert opening == {"shop": 13, "depot": 20, "maker": 0}
    assert network.initial_on_hand[network.stock_point("shop", "grease")] == 0


def test_opening_stock_orders_debts_and_age_can_be_given() -> None:
    entry = {
        "nodes": "shop",
        "items": "filter",
        "on_hand": 4,
        "age": "30 d",
        "on_order": [{"quantity": 7, "arrives": "2 d"}],
        "owed": 3,
    }
    network = built({"policies": [*sample()["policies"], entry]})
    point = network.stock_point("shop", "filter")
    assert network.initial_on_hand[point] == 4
    assert network.initial_age_ms[point] == 30 * DAY_MS
    assert network.initial_on_order.tolist() == [[point, 7, 2 * DAY_MS]]
    assert network.initial_owed.tolist() == [[point, 3]]
    assert network.parameter[point, c.P_ORDER_UP_TO] == 30  # the earlier entry's policy still holds


# --- suppliers and trucks ---


def test_supplier_calendar_counts_from_the_start() -> None:
    data = sample()
    data["nodes"]["maker"] |= {
        "capacity": {"units": 500, "per": "1 wk"},
        "closed": [{"from": "2026-01-01", "to": "2026-01-06"}, {"from": "2026-01-10", "to": "2026-01-12"}],
    }
    supplier = build_network(load_scenario(data)).suppliers[0]
    assert (supplier.node, supplier.capacity_units, supplier.capacity_period_ms) == (2, 500, 7 * DAY_MS)
    assert supplier.closed_ms is not None
    assert supplier.closed_ms.tolist() == [[0, DAY_MS], [5 * DAY_MS, 7 * DAY_MS]]


def test_closures_that_touch_become_one() -> None:
    assert disjoint([(5, 9), (-4, -1), (-3, 2), (9, 11), (2, 3)]) == [(0, 3), (5, 11)]


def test_a_route_in_engine_units() -> None:
    data = sample()
    data["lanes"][1] = {"from": "depot", "to": "shop", "truck": "run"}
    data["trucks"] = {
        "run": {
            "base": "depot",
            "stops": [{"node": "shop", "distance": "30 km", "travel_time": "40 min"}],
            "return": {"distance": "31 km", "travel_time": "45 min"},
            "stop_time": "10 min",
            "volume": "2 m3",
            "weight": "500 kg",
            "timetable": {"days": ["tue", "mon"], "at": ["06:00"]},
            "working_hours": {"days": ["mon"], "from": "06:00", "to": "18:00"},
            "cost_per_km": "1.5 USD",
        }
    }
    network = build_network(load_scenario(data))
    route = network.routes[0]
    assert network.lanes[1].route == 0
    assert (route.base_node, route.stop_nodes, route.leg_distance_m) == (1, (0,), (30_000, 31_000))
    assert [leg.a for leg in route.leg_travel] == [40 * 60_000, 45 * 60_000]
    assert (route.capacity_ml, route.capacity_g, route.cost_per_km_milli) == (2_000_000, 500_000, 150_000)
    assert route.timetable_ms is not None
    assert route.timetable_ms.tolist() == [6 * 3_600_000, DAY_MS + 6 * 3_600_000]
    assert route.working_ms is not None
    assert route.working_ms.tolist() == [[6 * 3_600_000, 18 * 3_600_000]]
    assert route.max_wait_ms == -1


# --- stocking table ---


def test_a_stocking_table_wins_over_policies(tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text(
        "node,item,policy,reorder_point,order_up_to,lot,level,minimum_order,on_hand\n"
        "shop,filter,r_nQ,6,,4,,,\n"
        "depot,filter,s_S,2 d,4 d,,,12,7\n"
        "depot,grease,base_stock,,,,3 kg,,1 d\n"
    )
    with (tmp_path / "sample.yaml").open("w") as file:
        YAML().dump(sample() | {"stocking_table": "stock.csv"}, file)
    network = build_network(load_scenario(tmp_path / "sample.yaml"))
    shop, filters, grease = (
        row(network, *pair) for pair in (("shop", "filter"), ("depot", "filter"), ("depot", "grease"))
    )
    assert (shop[c.P_POLICY], shop[c.P_REORDER_POINT], shop[c.P_LOT]) == (c.POLICY_LOT, 6, 4)
    assert (filters[c.P_REORDER_POINT], filters[c.P_ORDER_UP_TO], filters[c.P_MINIMUM_ORDER]) == (6, 12, 12)
    assert (grease[c.P_REORDER_POINT], grease[c.P_ORDER_UP_TO]) == (29, 30)
    opening = network.initial_on_hand
    assert opening[network.stock_point("shop", "filter")] == 10
    assert opening[network.stock_point("depot", "filter")] == 7
    assert opening[network.stock_point("depot", "grease")] == 16  # a day of 16.4
    assert row(network, "shop", "grease")[c.P_MULTIPLE] == 5  # the policies entry still holds there
