"""`stock_factor`: every level of every policy times one number, lots and stated stock as they are."""

from pathlib import Path
from typing import Any

import pytest

from sim import columns as c
from sim.build.network_builder import build_network
from sim.scenario import ScenarioError, load_scenario
from tests.scenario_samples import sample


def shop_row(policy: dict[str, Any], factor: float, **more: Any) -> dict[str, int]:
    """Levels and opening stock of the filter in the shop; its mean demand is 3 a day."""
    scenario = sample() | {"policies": [{"nodes": "shop", "items": "filter", "policy": policy, **more}]}
    network = build_network(load_scenario(scenario | {"stock_factor": factor}))
    point = network.stock_point("shop", "filter")
    names = {"s": c.P_REORDER_POINT, "S": c.P_ORDER_UP_TO, "lot": c.P_LOT}
    values = {name: int(network.parameter[point, column]) for name, column in names.items()}
    return values | {"on_hand": int(network.initial_on_hand[point])}


@pytest.mark.parametrize(
    ("policy", "factor", "expected"),
    [
        ({"kind": "s_S", "reorder_point": 5, "order_up_to": 15}, 1.5, {"s": 8, "S": 23, "lot": 1, "on_hand": 23}),
        ({"kind": "base_stock", "level": 10}, 2.0, {"s": 19, "S": 20, "lot": 1, "on_hand": 20}),
        ({"kind": "base_stock", "level": 0}, 2.0, {"s": -1, "S": 0, "lot": 1, "on_hand": 0}),
        ({"kind": "r_nQ", "reorder_point": 5, "lot": 7}, 2.0, {"s": 10, "S": 17, "lot": 7, "on_hand": 17}),
        ({"kind": "min_max", "minimum": 4, "maximum": 6}, 0.5, {"s": 1, "S": 3, "lot": 1, "on_hand": 3}),
        ({"kind": "s_S", "reorder_point": 1, "order_up_to": 2}, 0.1, {"s": 0, "S": 1, "lot": 1, "on_hand": 1}),
    ],
)
def test_levels_are_multiplied_and_rounded_half_up(
    policy: dict[str, Any], factor: float, expected: dict[str, int]
) -> None:
    assert shop_row(policy, factor) == expected


def test_days_of_cover_are_multiplied_before_they_are_rounded() -> None:
    cover = {"kind": "s_S", "reorder_point": "3 h", "order_up_to": "1 d"}  # 0.375 and 3 pieces
    assert shop_row(cover, 1.0)["s"] == 0
    assert shop_row(cover, 2.0) == {"s": 1, "S": 6, "lot": 1, "on_hand": 6}


def test_stated_opening_stock_stays() -> None:
    policy = {"kind": "base_stock", "level": 10}
    assert shop_row(policy, 3.0, on_hand=4)["on_hand"] == 4


def test_the_stocking_table_is_multiplied_like_the_policies(tmp_path: Path) -> None:
    (tmp_path / "stocking.csv").write_text(
        "node,item,policy,reorder_point,order_up_to,lot,on_hand\nshop,filter,s_S,5,15,,6\ndepot,filter,r_nQ,5,,7,\n"
    )
    scenario = sample() | {"stocking_table": "stocking.csv", "stock_factor": 2.0}
    network = build_network(load_scenario(scenario, folder=tmp_path))
    shop, depot = (network.stock_point(node, "filter") for node in ("shop", "depot"))
    assert network.parameter[shop, [c.P_REORDER_POINT, c.P_ORDER_UP_TO]].tolist() == [10, 30]
    assert network.parameter[depot, [c.P_REORDER_POINT, c.P_LOT]].tolist() == [10, 7]
    assert network.initial_on_hand[[shop, depot]].tolist() == [6, 17]


def test_generated_levels_are_multiplied() -> None:
    generated = {
        "name": "generated", "start": "2026-01-05", "horizon": "4 wk",
        "nodes": {"shop": {"kind": "store"}, "maker": {"kind": "supplier", "lead_time": "5 d"}},
        "lanes": [{"from": "maker", "to": "shop"}],
        "generator": {
            "seed": 1,
            "items": {"count": 5, "price": {"lognormal": {"median": "9 USD", "sigma": 1}}},
            "demand": {"nodes": "shop", "jobs_per_day": {"mean": 100}, "popularity": {"lognormal": {"sigma": 1}}},
            "stocking": [{"nodes": "shop", "policy": {"kind": "s_S", "reorder_point": 8, "order_up_to": 20}}],
        },
    }  # fmt: skip
    network = build_network(load_scenario(generated | {"stock_factor": 0.5}))
    rows = network.parameter[network.parameter[:, c.P_NODE] == 0]
    assert rows[:, [c.P_REORDER_POINT, c.P_ORDER_UP_TO]].tolist() == [[4, 10]] * 5


def test_what_is_worked_out_is_multiplied_but_not_its_lot() -> None:
    policy = {"kind": "computed", "form": "r_nQ", "target": "97%", "lot": "20 d"}
    scenario = sample() | {"policies": [{"nodes": "shop", "policy": policy}]}
    levels = []
    for factor in (1.0, 2.0):
        network = build_network(load_scenario(scenario | {"stock_factor": factor}))
        point = network.parameter[:, c.P_NODE] == network.node_names.index("shop")
        levels.append(network.parameter[point][0, [c.P_REORDER_POINT, c.P_ORDER_UP_TO, c.P_LOT]].tolist())
    (reorder_point, _, lot), doubled = levels
    assert reorder_point > 0
    assert doubled == [2 * reorder_point, 2 * reorder_point + lot, lot]


@pytest.mark.parametrize("factor", [0, -1, 101, "much"])
def test_a_factor_outside_its_bounds_is_refused(factor: object) -> None:
    with pytest.raises(ScenarioError, match="stock_factor"):
        load_scenario(sample() | {"stock_factor": factor})
