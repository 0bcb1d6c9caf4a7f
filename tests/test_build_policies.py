"""Policies, calendars, sources and allocation as the engine's arrays, on small examples."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from sim import columns as c
from sim.build.network_builder import build_network
from sim.network import ALTERNATIVE_LANE, ALTERNATIVE_SHARE, ALTERNATIVE_SOURCE, Network
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.calendars import Review, weekly_instants
from tests.scenario_samples import sample
from tests.test_scenario_findings import TRUCK

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
MONDAY = datetime(2026, 1, 5)


def row(network: Network, node: str, item: str = "filter") -> dict[int, int]:
    return dict(enumerate(network.parameter[network.stock_point(node, item)].tolist()))


def built(data: dict[str, Any], **policy: Any) -> Network:
    """The network of a sample; `policy`, if given, is the only one, for filters at the shop."""
    if policy:
        data["policies"] = [{"nodes": "shop", "items": "filter", **policy}]
    return build_network(load_scenario(data))


# --- calendars ------------------------------------------------------------------------------------------------------


def test_a_distance_counts_from_the_start() -> None:
    review = Review(every="1 wk", first="2 d")
    assert review.review_ms(MONDAY, 3 * WEEK_MS, None) == [2 * DAY_MS, 9 * DAY_MS, 16 * DAY_MS]
    assert Review(every="1 wk").review_ms(MONDAY, 2 * WEEK_MS, None) == [0, WEEK_MS]


def test_weekdays_are_those_of_the_calendar() -> None:
    review = Review(days=["mon", "thu"], at=["17:00"])
    wednesday_noon = datetime(2026, 1, 7, 12)
    found = review.review_ms(wednesday_noon, WEEK_MS, None)
    assert found == [DAY_MS + 5 * HOUR_MS, 5 * DAY_MS + 5 * HOUR_MS]  # Thursday and Monday at 17:00


def test_an_instant_at_the_start_counts_and_one_at_the_horizon_does_not() -> None:
    assert weekly_instants([0], MONDAY, WEEK_MS) == [0]
    assert weekly_instants([0], MONDAY, WEEK_MS + 1) == [0, WEEK_MS]


def test_a_lead_may_reach_back_over_monday() -> None:
    data = sample()
    data["trucks"] = {"run": TRUCK}  # departs on Mondays at 06:00
    data["nodes"]["shop"]["review"] = {"before_truck": "run", "lead": "8 h"}
    network = build_network(load_scenario(data | {"horizon": "5 wk", "warm_up": "1 wk"}))
    reviews = network.review_ms[network.node_names.index("shop")]
    assert reviews is not None
    assert reviews.tolist() == [week * WEEK_MS - 2 * HOUR_MS for week in (1, 2, 3, 4, 5)]
    assert [one is None for one in network.review_ms] == [False, True, True]


def test_what_a_node_with_a_calendar_stocks_is_under_periodic_review() -> None:
    data = sample()
    for name in ("shop", "depot"):
        data["nodes"][name]["review"] = {"every": "1 wk"}
    data["policies"].append({"nodes": "shop", "items": "grease", "review": "continuous"})
    network = build_network(load_scenario(data))
    periodic = {
        (node, item): bool(row(network, node, item)[c.P_FLAGS] & c.SP_PERIODIC)
        for node in ("shop", "depot", "maker")
        for item in ("filter", "grease")
    }
    assert periodic == {
        ("shop", "filter"): True, ("shop", "grease"): False, ("depot", "filter"): True,
        ("depot", "grease"): False,  # ordered through
        ("maker", "filter"): False, ("maker", "grease"): False,
    }  # fmt: skip


def test_without_any_calendar_nothing_is_periodic() -> None:
    network = build_network(load_scenario(sample()))
    assert network.review_ms == ()
    assert not (network.parameter[:, c.P_FLAGS] & c.SP_PERIODIC).any()


# --- kanban and can-order -------------------------------------------------------------------------------------------


def test_kanban_in_units() -> None:
    found = row(built(sample(), policy={"kind": "kanban", "bin_size": "2 d", "bins": 3}), "shop")
    assert (found[c.P_POLICY], found[c.P_LOT]) == (c.POLICY_KANBAN, 6)
    assert (found[c.P_REORDER_POINT], found[c.P_ORDER_UP_TO]) == (12, 18)
    two_bins = row(built(sample(), policy={"kind": "kanban", "bin_size": 5}), "shop")
    assert (two_bins[c.P_REORDER_POINT], two_bins[c.P_ORDER_UP_TO]) == (5, 10)


def test_a_stocking_table_gives_bins_and_can_order_levels(tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text(
        "node,item,policy,bin_size,bins,reorder_point,can_order,order_up_to\n"
        "shop,filter,kanban,4,3,,,\n"
        "depot,filter,kanban,2 d,,,,\n"
        "shop,grease,can_order,,,1 kg,2 kg,3 kg\n"
    )
    with (tmp_path / "sample.yaml").open("w") as file:
        YAML().dump(sample() | {"stocking_table": "stock.csv"}, file)
    network = build_network(load_scenario(tmp_path / "sample.yaml"))
    shop, depot, grease = (row(network, *at) for at in (("shop", "filter"), ("depot", "filter"), ("shop", "grease")))
    assert (shop[c.P_LOT], shop[c.P_ORDER_UP_TO]) == (4, 12)
    assert (depot[c.P_LOT], depot[c.P_ORDER_UP_TO]) == (6, 12)
    assert [grease[column] for column in (c.P_REORDER_POINT, c.P_LOT, c.P_ORDER_UP_TO)] == [10, 20, 30]


CAN_ORDER = {"kind": "can_order", "reorder_point": "1 d", "can_order": "4 d", "order_up_to": "1 wk"}


def test_a_family_is_what_one_node_orders_from_one_source() -> None:
    data = sample()
    data["items"]["bolt"] = {"cost": "1 USD"}
    data["nodes"]["other"] = {"kind": "supplier", "lead_time": "1 d"}
    data["lanes"].insert(0, {"from": "other", "to": "shop", "items": "bolt"})
    data["demand"].append({"node": "shop", "item": "bolt", "poisson": {"rate": "1 /d"}})
    data["policies"] = [{"nodes": ["shop", "depot"], "policy": CAN_ORDER}]
    network = build_network(load_scenario(data))
    names = [[_name(network, point) for point in family.tolist()] for family in network.families]
    assert names == [["shop/filter", "shop/grease"], ["shop/bolt"], ["depot/filter", "depot/grease", "depot/bolt"]]
    for number, family in enumerate(network.families):
        assert (network.parameter[family, c.P_POLICY_ROW] == number).all()
    filters = row(network, "shop")
    assert [filters[column] for column in (c.P_REORDER_POINT, c.P_LOT, c.P_ORDER_UP_TO)] == [3, 12, 21]
    assert row(network, "maker")[c.P_POLICY_ROW] == -1


def test_a_family_is_reviewed_together() -> None:
    data = sample()
    data["nodes"]["shop"]["review"] = {"every": "1 wk"}
    data["policies"] = [
        {"nodes": "shop", "policy": CAN_ORDER},
        {"nodes": "shop", "items": "grease", "review": "continuous"},
    ]
    network = build_network(load_scenario(data))
    assert [[_name(network, point) for point in family] for family in network.families] == [
        ["shop/filter"],
        ["shop/grease"],
    ]


def _name(network: Network, point: int) -> str:
    node, item = network.parameter[point, [c.P_NODE, c.P_ITEM]]
    return f"{network.node_names[node]}/{network.item_names[item]}"


def test_can_order_works_in_the_generator() -> None:
    data = sample()
    data["generator"] = {
        "items": {"count": 20, "price": {"lognormal": {"median": "300 USD", "sigma": 1.6}}},
        "demand": {"nodes": "shop", "jobs_per_day": {"mean": 3}, "popularity": {"zipf": 1.05}},
        "stocking": [{"nodes": "shop", "items": {"top": 5}, "policy": CAN_ORDER}],
    }
    network = build_network(load_scenario(data))
    assert [family.size for family in network.families] == [5]
    levels = network.parameter[network.families[0]]
    assert (levels[:, c.P_REORDER_POINT] <= levels[:, c.P_LOT]).all()
    assert (levels[:, c.P_LOT] < levels[:, c.P_ORDER_UP_TO]).all()


# --- several sources ------------------------------------------------------------------------------------------------


def two_sources(**shop: Any) -> dict[str, Any]:
    """The sample with a near depot beside the other one, and its own supplier, which is dearer and faster."""
    data = sample()
    data["nodes"] |= {"near": {"kind": "warehouse"}, "second": {"kind": "supplier", "lead_time": "1 d"}}
    data["nodes"]["second"]["items"] = {"filter": {"price_breaks": [{"from": 1, "cost": "30 USD"}]}}
    data["nodes"]["shop"] |= shop
    data["lanes"] += [
        {"from": "maker", "to": "near"},
        {"from": "near", "to": "shop", "lead_time": "6 h", "items": "filter"},
        {"from": "second", "to": "depot", "items": "filter"},
    ]
    return data


def sources(network: Network, node: str, item: str = "filter") -> list[tuple[str, int, int]]:
    """Source, share and cost of each alternative of a stock point, in order."""
    first = row(network, node, item)[c.P_SOURCING]
    if first < 0:
        return []
    table = network.alternatives.tolist()
    found = []
    for source, lane, share, cost, last in table[first:]:
        assert network.lanes[lane].from_node == network.parameter[source, c.P_NODE]
        assert network.node_names[network.lanes[lane].to_node] == node
        found.append((_name(network, source), share, cost))
        if last:
            break
    return found


def test_one_source_is_the_usual() -> None:
    network = build_network(load_scenario(two_sources()))
    assert network.alternatives.shape == (0, 5)
    assert (network.parameter[:, c.P_SOURCING] == -1).all()


def test_fallback_takes_the_lanes_in_order() -> None:
    network = build_network(load_scenario(two_sources(sourcing={"kind": "fallback"})))
    assert sources(network, "shop") == [("depot/filter", 0, -1), ("near/filter", 0, -1)]
    assert sources(network, "shop", "grease") == []  # only one lane brings it
    assert sources(network, "depot") == []
    point = row(network, "shop")
    assert [point[c.P_SOURCE], point[c.P_LANE]] == network.alternatives[
        0, [ALTERNATIVE_SOURCE, ALTERNATIVE_LANE]
    ].tolist()
    assert network.mean_demand_per_day[network.stock_point("near", "filter")] == 0.0


def test_nearest_goes_by_mean_lead_time_and_the_first_becomes_the_usual_one() -> None:
    network = build_network(load_scenario(two_sources(sourcing={"kind": "nearest_with_stock"})))
    assert [name for name, _, _ in sources(network, "shop")] == ["near/filter", "depot/filter"]
    assert _name(network, row(network, "shop")[c.P_SOURCE]) == "near/filter"
    assert network.mean_demand_per_day[network.stock_point("near", "filter")] == pytest.approx(3.0)
    assert network.mean_demand_per_day[network.stock_point("depot", "filter")] == 0.0


def test_a_truck_is_as_near_as_its_mean_wait_and_drive() -> None:
    data = two_sources(sourcing={"kind": "nearest_with_stock"})
    timetable = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "at": ["06:00"]}
    data["trucks"] = {"run": TRUCK | {"timetable": timetable}}  # waits 12 h on average, drives 1 h
    data["lanes"][1] = {"from": "depot", "to": "shop", "truck": "run"}
    for near, first in (("12 h", "near/filter"), ("14 h", "depot/filter")):
        data["lanes"][3]["lead_time"] = near
        assert sources(build_network(load_scenario(data)), "shop")[0][0] == first


def test_cheapest_goes_by_landed_cost_and_a_supplier_has_its_own_price() -> None:
    data = two_sources()
    data["nodes"]["depot"]["sourcing"] = {"kind": "cheapest"}
    assert sources(build_network(load_scenario(data)), "depot") == [
        ("second/filter", 0, -1),
        ("maker/filter", 0, 2_475_000),
    ]
    data["nodes"]["maker"]["minimum_order"] = 10  # 40 USD an order are 4 USD a piece, 28.75 USD against 30 USD
    data["items"]["grease"]["unit"] = "each"
    data["items"]["grease"] |= {"cost": "5 USD", "price": "8 USD"}
    data["demand"].pop()
    data["policies"].pop()
    network = build_network(load_scenario(data))
    assert sources(network, "depot") == [("maker/filter", 0, -1), ("second/filter", 0, 3_000_000)]
    assert row(network, "depot")[c.P_MINIMUM_ORDER] == 10


def test_split_shares_orders_and_mean_demand() -> None:
    rule = {"kind": "split", "shares": {"near": 0.3333, "depot": 0.6667}}
    network = build_network(load_scenario(two_sources(sourcing=rule)))
    assert [(name, share) for name, share, _ in sources(network, "shop")] == [
        ("depot/filter", 667),
        ("near/filter", 333),
    ]
    assert row(network, "shop")[c.P_FLAGS] & c.SP_SPLIT
    assert not row(network, "shop", "grease")[c.P_FLAGS] & c.SP_SPLIT
    mean = {
        name: network.mean_demand_per_day[network.stock_point(name, "filter")] for name in ("depot", "near", "maker")
    }
    assert mean["depot"] == pytest.approx(3 * 0.667)
    assert mean["near"] == pytest.approx(3 * 0.333)
    assert mean["maker"] == pytest.approx(3.0)
    assert network.alternatives[:, ALTERNATIVE_SHARE].sum() == 1000


def test_an_entry_overrides_the_rule_of_the_node() -> None:
    data = two_sources(sourcing={"kind": "fallback"})
    data["policies"].append({"nodes": "*", "items": "filter", "sourcing": {"kind": "primary"}})
    data["policies"].append({"nodes": "depot", "items": "filter", "sourcing": {"kind": "fallback"}})
    network = build_network(load_scenario(data))
    assert sources(network, "shop") == []
    assert [name for name, _, _ in sources(network, "depot")] == ["maker/filter", "second/filter"]
    assert sources(network, "depot")[1][2] == 3_000_000


# --- allocation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "flags"),
    [
        ({"kind": "first_come_first_served"}, 0),
        ({"kind": "first_come_first_served", "reserve": 2}, c.SP_CUSTOMERS_FIRST),
        ({"kind": "fair_share"}, c.SP_CUSTOMERS_FIRST | c.SP_FAIR_SHARE),
        ({"kind": "priority", "reserve": "2 d"}, c.SP_CUSTOMERS_FIRST | c.SP_PRIORITY),
    ],
)
def test_allocation_flags_and_reserve(rule: dict[str, Any], flags: int) -> None:
    data = sample()
    del data["items"]["grease"], data["demand"][1], data["policies"][1]
    data["demand"].append({"node": "depot", "item": "filter", "poisson": {"rate": "1 /d"}})
    data["lanes"][1] |= {"delivery": "partial", "priority": 7}
    data["nodes"]["depot"]["allocation"] = rule
    network = build_network(load_scenario(data))
    depot, shop = row(network, "depot"), row(network, "shop")
    mask = c.SP_CUSTOMERS_FIRST | c.SP_FAIR_SHARE | c.SP_PRIORITY
    assert depot[c.P_FLAGS] & mask == flags
    assert depot[c.P_RESERVE] == (2 if "reserve" in rule else 0)  # two days of its own customers, not of the shop's
    assert (shop[c.P_FLAGS] & mask, shop[c.P_RESERVE]) == (0, 0)
    assert [lane.priority for lane in network.lanes] == [0, 7]


def test_what_is_ordered_through_has_no_reserve() -> None:
    data = sample()
    data["nodes"]["depot"]["allocation"] = {"kind": "priority", "reserve": "30 d"}
    network = build_network(load_scenario(data))
    assert row(network, "depot", "grease")[c.P_RESERVE] == 0


# --- pools ----------------------------------------------------------------------------------------------------------


def pooled(stores: int = 3, **pool: Any) -> Network:
    """Stores a, b, c, ... that stock filters from a depot, in a pool; grease is only asked for at the shop."""
    data = sample()
    names = [chr(ord("a") + number) for number in range(stores)]
    data["nodes"] |= {name: {"kind": "store"} for name in names}
    data["nodes"] |= {"far": {"kind": "warehouse"}}
    data["lanes"].append({"from": "depot", "to": names, "lead_time": "1 d"})
    data["lanes"].append({"from": "maker", "to": "far", "items": "filter"})
    data["demand"].append({"node": names, "item": "filter", "poisson": {"rate": "2 /d"}})
    data["policies"].append({"nodes": names, "items": "filter", "policy": {"kind": "base_stock", "level": 10}})
    data["pools"] = {"town": {"nodes": names, "items": "filter", **pool}}
    return build_network(load_scenario(data))


def ways(network: Network, emergency: bool = False) -> list[str]:
    return [
        f"{network.node_names[link.from_node]}{network.node_names[link.to_node]}"
        for link in network.pools[0].links
        if link.emergency == emergency
    ]


def test_a_complete_pool() -> None:
    network = pooled()
    pool = network.pools[0]
    assert ways(network) == ["ba", "ca", "ab", "cb", "ac", "bc"]
    assert (pool.name, pool.donor_rule, pool.partial, pool.search_ms, pool.approval_ms) == ("town", 0, True, 0, 0)
    assert (pool.working_ms, pool.rebalance_ms) == (None, None)
    assert {link.delivery.a for link in pool.links} == {4 * HOUR_MS}
    in_pool = np.flatnonzero(network.parameter[:, c.P_POOL] == 0)
    assert [_name(network, point) for point in in_pool.tolist()] == ["a/filter", "b/filter", "c/filter"]
    flags = network.parameter[in_pool, c.P_FLAGS]
    assert (flags & c.SP_ASKS).all()
    assert (flags & c.SP_GIVES).all()
    assert (network.parameter[in_pool, c.P_HOLD_BACK] == 0).all()
    assert (network.parameter[in_pool, c.P_PREVENTIVE] == -1).all()
    outside = network.parameter[np.setdiff1d(np.arange(network.stock_points), in_pool), c.P_FLAGS]
    assert not (outside & (c.SP_ASKS | c.SP_GIVES)).any()


def test_one_way() -> None:
    network = pooled(gives=["a", "b"], asks=["b", "c"])
    assert ways(network) == ["ab", "ac", "bc"]
    flags = {name: row(network, name)[c.P_FLAGS] & (c.SP_ASKS | c.SP_GIVES) for name in "abc"}
    assert flags == {"a": c.SP_GIVES, "b": c.SP_ASKS | c.SP_GIVES, "c": c.SP_ASKS}
    only_c_to_a = [{"from": "*", "to": "a", "allowed": False}, {"from": "c", "to": "a", "allowed": True}]
    assert ways(pooled(links=only_c_to_a)) == ["ca", "ab", "cb", "ac", "bc"]


def test_givers_are_tried_by_mean_delivery_time() -> None:
    links = [
        {"from": "a", "to": "c", "delivery": {"gamma": {"mean": "5 h", "cv": 0.5}}},
        {"from": "*", "to": "a", "delivery": {"uniform": {"low": "1 h", "high": "2 h"}}},
        {"from": "b", "to": "a", "delivery": "3 h"},
    ]
    network = pooled(links=links)
    assert ways(network) == ["ca", "ba", "ab", "cb", "bc", "ac"]


def test_givers_are_tried_by_cost() -> None:
    links = [
        {"from": "c", "to": "a", "cost_per_transfer": "5 USD", "cost_per_kg": "1 USD"},
        {"from": "b", "to": "a", "cost_per_transfer": "6.5 USD"},
    ]
    network = pooled(donor="lowest_cost", cost_per_transfer="20 USD", links=links)
    assert ways(network)[:2] == ["ca", "ba"]
    costs = [(link.cost_per_transfer, link.cost_per_kg_milli) for link in network.pools[0].links]
    assert costs == [(500, 100_000), (650, 0), *[(2000, 0)] * 4]


@pytest.mark.parametrize(("donor", "code"), [("most_stock", 1), ("most_cover", 2), ("nearest", 0), ("lowest_cost", 0)])
def test_who_gives(donor: str, code: int) -> None:
    assert pooled(donor=donor).pools[0].donor_rule == code


def test_levels_of_a_pool_in_units() -> None:
    network = pooled(
        hold_back={"A": "1.5 d", "B": 1}, preventive={"below": "2 d", "up_to": 6}, gives=["a", "b"], asks=["b", "c"]
    )
    assert network.item_class[0] == 0  # the filter is an A item
    found = {
        name: tuple(row(network, name)[column] for column in (c.P_HOLD_BACK, c.P_PREVENTIVE, c.P_PREVENTIVE_UP_TO))
        for name in "abc"
    }
    assert found == {"a": (3, -1, 0), "b": (3, 3, 6), "c": (0, 3, 6)}


def test_approval_and_rebalancing() -> None:
    pool = pooled(
        search_time="10 min",
        approval={"time": "2 h", "working_hours": {"days": ["mon"], "from": "08:00", "to": "18:00"}},
        rebalancing={"every": "10 wk", "first": "4 wk"},
        partial=False,
    ).pools[0]
    assert (pool.search_ms, pool.approval_ms, pool.partial) == (600_000, 2 * HOUR_MS, False)
    assert pool.working_ms is not None
    assert pool.working_ms.tolist() == [[8 * HOUR_MS, 18 * HOUR_MS]]
    assert pool.rebalance_ms is not None
    assert pool.rebalance_ms.tolist() == [4 * WEEK_MS, 14 * WEEK_MS, 24 * WEEK_MS]


def test_who_is_asked_in_an_emergency_has_a_stock_point() -> None:
    network = pooled(
        emergency=[
            {"from": "far", "lead_time": "1 d", "cost_per_order": "30 USD", "cost_per_kg": "2 USD"},
            {"from": "maker", "to": ["a", "b"], "lead_time": {"gamma": {"mean": "2 d", "cv": 0.2}}},
        ]
    )
    assert ways(network, emergency=True) == [f"far{name}" for name in "abc"] + ["makera", "makerb"]
    link = network.pools[0].links[6]
    assert (link.cost_per_transfer, link.cost_per_kg_milli, link.delivery.a) == (3000, 200_000, DAY_MS)
    far = row(network, "far")  # nobody else wants anything there: ordered through
    assert (far[c.P_FLAGS] & c.SP_STOCKED, far[c.P_REORDER_POINT], far[c.P_POOL]) == (0, -1, -1)
    assert _name(network, far[c.P_SOURCE]) == "maker/filter"


def test_a_helper_that_no_lane_supplies_is_a_finding() -> None:
    with pytest.raises(ScenarioError, match="no lane brings grease to far") as refused:
        data_with_grease()
    assert refused.value.findings[0].path == "pools.town"


def data_with_grease() -> Network:
    data = sample()
    data["nodes"] |= {"far": {"kind": "warehouse"}}
    data["lanes"].append({"from": "maker", "to": "far", "items": "filter"})
    data["pools"] = {"town": {"nodes": "shop", "emergency": [{"from": "far", "lead_time": "1 d"}]}}
    return build_network(load_scenario(data))


def test_a_pool_may_be_for_some_items_only() -> None:
    data = sample()
    data["pools"] = {"both": {"nodes": ["shop", "depot"], "items": {"classes": ["A"]}}}
    network = build_network(load_scenario(data))
    in_pool = {_name(network, point) for point in np.flatnonzero(network.parameter[:, c.P_POOL] == 0).tolist()}
    a_items = [name for name, own in zip(network.item_names, network.item_class, strict=True) if own == 0]
    assert in_pool == {f"{node}/{item}" for node in ("shop", "depot") for item in a_items}


def test_parameters_that_do_not_apply_are_minus_one() -> None:
    network = build_network(load_scenario(sample()))
    assert (network.parameter[:, list(c.ROW_PARAMETERS)] == -1).all()
    assert np.array_equal(network.parameter[:, c.P_RESERVE], np.zeros(network.stock_points))
