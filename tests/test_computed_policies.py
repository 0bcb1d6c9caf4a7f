"""Policies with computed levels: what may be said of them, what becomes of it, and what they do in a run."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from policies.computed import Computed, OrderOnForecast, WorkedOut
from policies.forecasting import AUTO
from policies.units import Cover
from sim import columns as c
from sim import forecast_plan as fp
from sim.build.moments import lead_time_moments, moments
from sim.build.network_builder import build_network
from sim.engine import simulate_replication
from sim.kpi.table import kpi_table
from sim.network import DISTRIBUTION_GAMMA, DISTRIBUTION_LOGNORMAL, DISTRIBUTION_UNIFORM, Distribution, Network
from sim.record.records import Records
from sim.scenario import load_scenario
from tests.state_runs import assert_goes_on, go_on, save_at, whole_run

DAY_MS = 86_400_000
BASE: dict[str, Any] = {
    "name": "computed",
    "start": "2026-01-05",
    "horizon": "40 wk",
    "warm_up": "10 wk",
    "items": {
        "belt": {"cost": "60 USD", "class": "A"},
        "relay": {"cost": "310 USD", "class": "C"},
        "valve": {"cost": "90 USD", "class": "C", "critical": True},
    },
    "nodes": {
        "store-{1..3}": {"kind": "store"},
        "depot": {"kind": "warehouse"},
        "maker": {"kind": "supplier", "lead_time": {"gamma": {"mean": "10 d", "cv": 0.3}}},
    },
    "lanes": [
        {"from": "maker", "to": "depot", "cost_per_order": "40 USD"},
        {"from": "depot", "to": "store-*", "lead_time": "3 d"},
    ],
    "costs": {"holding_rate": "20%"},
    "demand": [
        {"node": "store-*", "item": "belt", "compound_poisson": {"rate": "1 /d", "size": {"geometric": {"mean": 2}}}},
        {"node": "store-*", "item": ["relay", "valve"], "poisson": {"rate": "1 /wk"}},
    ],
}
AT_STORES = {"kind": "computed", "form": "s_S", "lot": "7 d"}
AT_DEPOT = {"kind": "computed", "form": "r_nQ", "target": "97%", "lot": "eoq"}


def network_with(stores: dict[str, Any], depot: dict[str, Any] = AT_DEPOT, **changes: Any) -> Network:
    policies = [{"nodes": "store-*", "policy": stores}, {"nodes": "depot", "policy": depot}]
    return build_network(load_scenario({**BASE, "policies": policies, **changes}))


# --- what may be said -------------------------------------------------------------------------------------------------
def test_one_target_is_for_all_and_classes_have_their_own() -> None:
    assert Computed(form="s_S").target.of(0, False) == 0.98
    assert Computed(form="s_S").target.of(2, True) == 0.99
    assert Computed(form="s_S", target="93%").target.of(1, True) == 0.93
    assert Computed(form="s_S", target={"B": 0.5}).target.of(1, False) == 0.5
    assert Computed(form="s_S", lot="14 d").lot == Cover(14 * DAY_MS)
    assert Computed(form="s_S", recompute="once").recompute_buckets == 0
    assert OrderOnForecast(safety="3 d", recompute="2 wk").recompute_buckets == 2


@pytest.mark.parametrize(
    ("kind", "settings", "reason"),
    [
        (Computed, {}, "Field required"),
        (Computed, {"form": "s_S", "target": 1.0}, "less than 1"),
        (Computed, {"form": "s_S", "recompute": "10 d"}, "not a whole number of buckets"),
        (Computed, {"form": "s_S", "recompute": "0 d"}, "not a whole number of buckets"),
        (Computed, {"form": "s_S", "lot": "often"}, "often"),
        (Computed, {"form": "s_S", "forecast": {"alpha": 0}}, "greater than 0"),
        (Computed, {"form": "s_S", "forecast": {"history": 1}}, "greater than or equal to 2"),
        (Computed, {"form": "s_S", "forecast": {"method": "guess"}}, "Input should be"),
        (Computed, {"form": "s_S", "pooled_safety": {"pool": "east", "correlation": 2}}, "less than or equal to 1"),
        (OrderOnForecast, {}, "Field required"),
        (OrderOnForecast, {"safety": -1}, "negative"),
    ],
)
def test_wrong_settings_are_refused(kind: type[WorkedOut], settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        kind(**settings)


# --- what becomes of it -----------------------------------------------------------------------------------------------
def test_series_levels_and_targets_of_a_scenario() -> None:
    network = network_with(AT_STORES)
    (plan,) = network.forecasts
    assert (plan.bucket_ms, plan.recompute_buckets, plan.history_buckets) == (7 * DAY_MS, 4, 8)
    assert plan.series == len(plan.level) == 12
    assert plan.member_point.tolist() == plan.level[:, fp.V_POINT].tolist() == list(range(12))
    assert plan.rule[0, fp.X_METHOD] == AUTO
    assert plan.rule[0, fp.X_START_FORECAST] == pytest.approx(14.0)
    point = network.stock_point("store-1", "valve")
    assert plan.figure[network.parameter[point, c.P_FORECAST], fp.W_TARGET] == 0.99
    point = network.stock_point("depot", "relay")
    figure = plan.figure[network.parameter[point, c.P_FORECAST]]
    assert figure[fp.W_TARGET] == 0.97
    assert figure[fp.W_LEAD_TIME_MS] == pytest.approx(10 * DAY_MS)
    assert figure[fp.W_LEAD_TIME_VARIANCE] == pytest.approx((3 * DAY_MS) ** 2)


def test_levels_at_the_start_follow_from_the_scenarios_mean_demand() -> None:
    network = network_with(AT_STORES)
    for item, target, per_day in (("belt", 0.98, 2.0), ("relay", 0.90, 1 / 7), ("valve", 0.99, 1 / 7)):
        row = network.parameter[network.stock_point("store-2", item)]
        assert row[c.P_REORDER_POINT] == stats.poisson(3 * per_day).ppf(target)
        assert row[c.P_ORDER_UP_TO] - row[c.P_REORDER_POINT] == max(round(7 * per_day), 1)
        assert network.initial_on_hand[network.stock_point("store-2", item)] == row[c.P_ORDER_UP_TO]
    row = network.parameter[network.stock_point("depot", "relay")]
    per_day, variance = 3 / 7, 10 * 3 / 7 + (3 / 7) ** 2 * 9
    mean = 10 * per_day
    law = stats.nbinom(mean**2 / (variance - mean), mean / variance)
    assert row[c.P_REORDER_POINT] == law.ppf(0.97)
    assert row[c.P_LOT] == math.floor(math.sqrt(2 * per_day * 365 * 40 / (310 * 0.2)) + 0.5)
    assert row[c.P_POLICY] == c.POLICY_LOT


def test_periodic_review_protects_over_its_period() -> None:
    nodes = {**BASE["nodes"], "store-{1..3}": {"kind": "store", "review": {"every": "1 wk"}}}
    network = network_with({**AT_STORES, "form": "base_stock"}, nodes=nodes)
    point = network.stock_point("store-1", "belt")
    assert network.parameter[point, c.P_FLAGS] & c.SP_PERIODIC
    assert network.parameter[point, c.P_ORDER_UP_TO] == stats.poisson(10 * 2.0).ppf(0.98)


def test_order_on_forecast_covers_protection_and_safety() -> None:
    network = network_with({"kind": "order_on_forecast", "safety": "2 d"})
    assert network.parameter[network.stock_point("store-1", "belt"), c.P_ORDER_UP_TO] == 2 * (3 + 2)
    network = network_with({"kind": "order_on_forecast", "safety": 4, "protection": "8 d"})
    assert network.parameter[network.stock_point("store-1", "belt"), c.P_ORDER_UP_TO] == 2 * 8 + 4


def test_opening_stock_may_be_stated() -> None:
    policies = [
        {"nodes": "store-*", "policy": AT_STORES, "on_hand": 1},
        {"nodes": "depot", "policy": {"kind": "base_stock", "level": 9}},
    ]
    network = build_network(load_scenario({**BASE, "policies": policies}))
    assert network.initial_on_hand[network.stock_point("store-3", "belt")] == 1
    assert network.initial_on_hand[network.stock_point("depot", "belt")] == 9
    assert network.parameter[network.stock_point("depot", "belt"), c.P_FORECAST] == -1


@pytest.mark.parametrize("holds", [False, True])
def test_pooled_safety_stock_at_the_start(holds: bool) -> None:
    stores = {**AT_STORES, "pooled_safety": {"pool": "all"}}
    depot = {**AT_DEPOT, "pooled_safety": {"pool": "all", "holds": True}} if holds else AT_DEPOT
    network = network_with(stores, depot)
    (plan,) = network.forecasts
    assert [(pool.name, network.item_names[pool.item]) for pool in plan.pools] == [
        ("all", item) for item in network.item_names
    ]
    at_stores = [network.stock_point(f"store-{n}", "belt") for n in (1, 2, 3)]
    points = network.parameter[at_stores, c.P_REORDER_POINT]
    if holds:
        assert points.tolist() == [6, 6, 6]  # no more than is expected over the lead time
        row = network.parameter[network.stock_point("depot", "belt")]
        variance = 60 + 36 * 9
        assert row[c.P_REORDER_POINT] == stats.nbinom(60**2 / (variance - 60), 60 / variance).ppf(0.97)
    else:
        assert points.sum() == stats.poisson(18).ppf(0.98)
        assert points.max() - points.min() <= 1


def test_moments_of_durations() -> None:
    gamma = stats.gamma(4.0, scale=250.0)
    assert moments(Distribution(DISTRIBUTION_GAMMA, 4.0, 250.0, offset_ms=7)) == pytest.approx(
        (gamma.mean() + 7, gamma.var())
    )
    lognormal = stats.lognorm(0.5, scale=math.exp(6.0))
    assert moments(Distribution(DISTRIBUTION_LOGNORMAL, 6.0, 0.5)) == pytest.approx((lognormal.mean(), lognormal.var()))
    assert moments(Distribution(DISTRIBUTION_UNIFORM, 10.0, 40.0)) == pytest.approx((25.0, 75.0))


def test_lead_time_of_a_truck_counts_the_wait_for_its_timetable() -> None:
    changes = {
        "trucks": {
            "round": {
                "base": "depot",
                "stops": [{"node": "store-1", "travel_time": "2 h"}, {"node": "store-2", "travel_time": "1 h"}],
                "return": {"travel_time": "1 h"},
                "stop_time": "30 min",
                "volume": "1 m3",
                "weight": "1 t",
                "timetable": {"days": ["mon", "wed"], "at": ["06:00"]},
            }
        },
        "lanes": [
            {"from": "maker", "to": "depot"},
            {"from": "depot", "to": ["store-1", "store-2"], "truck": "round"},
            {"from": "depot", "to": "store-3", "lead_time": "1 d"},
        ],
    }
    network = network_with(AT_STORES, **changes)
    mean, variance = lead_time_moments(network)
    lane = network.parameter[network.stock_point("store-2", "belt"), c.P_LANE]
    waits = np.concatenate([np.linspace(0, 2, 20_001)[1:], np.repeat(np.linspace(0, 5, 20_001)[1:], 1)])
    weight = np.concatenate([np.full(20_000, 2 / 7 / 20_000), np.full(20_000, 5 / 7 / 20_000)])
    expected = float((waits * weight).sum())
    assert mean[lane] / DAY_MS == pytest.approx(expected + 3.5 / 24, abs=1e-3)
    assert variance[lane] / DAY_MS**2 == pytest.approx(float((waits**2 * weight).sum()) - expected**2, abs=1e-3)


# --- what they do -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def records() -> Records:
    return simulate_replication(network_with(AT_STORES), 3, 0)


def test_series_are_recorded(records: Records) -> None:
    rows = records.table("forecasts").to_pylist()
    assert [row["stock_point"] for row in rows] == list(range(12))
    assert {row["buckets"] for row in rows} == {39}
    assert {row["measured_buckets"] for row in rows} == {29}
    for row in rows:
        assert row["bias"] == pytest.approx(row["mean_forecast"] - row["mean_demand"])
    belt = rows[records.network.stock_point("store-1", "belt")]
    assert 9 < belt["forecast"] < 20


def test_buckets_add_up_to_the_demand(records: Records) -> None:
    table = records.table("forecast_buckets")
    of_stores = table.to_pandas().query("node < 3")
    lines = records.summary.total[:, c.T_DEMAND_UNITS] + records.summary.warm_up_total[:, c.T_DEMAND_UNITS]
    assert 0.9 * lines.sum() < of_stores.demand.sum() <= lines.sum()  # the last week is in no bucket
    assert of_stores.time_ms.max() == 39 * 7 * DAY_MS


def test_kpis_of_forecasts(records: Records) -> None:
    rows = {
        (row["scope"], row["key"], row["kpi"]): row["value"]
        for row in kpi_table(records).to_pylist()
        if str(row["kpi"]).startswith("forecast")
    }
    series = records.table("forecasts").to_pandas()
    mase = series.mase[series.mase >= 0].mean()
    assert rows["network", "network", "forecast_mase"] == pytest.approx(mase)
    bias = (series.mean_forecast.sum() - series.mean_demand.sum()) / series.mean_demand.sum()
    assert rows["network", "network", "forecast_bias"] == pytest.approx(bias)
    assert ("stock", "store-1/belt", "forecast_mase") in rows
    assert ("class", "A", "forecast_bias") in rows


def test_levels_follow_what_was_asked_for() -> None:
    """Demand ends in the eighth week: what is forecast fades, and in the end nothing is held for it any more."""
    fading = [
        {"node": "store-*", "item": "belt", "poisson": {"rate": "4 /d"}, "profile": "fading"},
        {"node": "store-*", "item": ["relay", "valve"], "poisson": {"rate": "1 /wk"}},
    ]
    profiles = {"fading": {"end_of_life": {"at": "2026-03-02", "fade": "0 d"}}}
    tsb = {**AT_STORES, "forecast": {"method": "tsb", "beta": 0.3}}
    network = network_with(tsb, demand=fading, profiles=profiles)
    records = simulate_replication(network, 1, 0)
    point = network.stock_point("store-1", "belt")
    row = records.table("forecasts").to_pylist()[point]
    assert row["forecast"] < 0.01 < network.forecasts[0].rule[point, fp.X_START_FORECAST]
    orders = records.table("orders").to_pandas()
    late = orders[(orders.stock_point == point) & (orders.time_ms > 20 * 7 * DAY_MS)]
    assert orders.stock_point.eq(point).sum() > 3
    assert len(late) == 0


@pytest.mark.parametrize("weeks", [3.3, 12.0, 20.7])
def test_a_run_with_forecasts_goes_on_from_a_saved_state(tmp_path: Path, weeks: float) -> None:
    stores = {**AT_STORES, "distribution": "empirical", "pooled_safety": {"pool": "all"}}
    network = network_with(stores, {"kind": "order_on_forecast", "safety": "3 d", "forecast": {"bucket": "3 d"},
                                    "recompute": "3 d"})  # fmt: skip
    time_ms = int(weeks * 7) * DAY_MS
    whole = whole_run(network, 2)
    save_at(network, 2, 0, time_ms, tmp_path / "state")
    rest = go_on(network, tmp_path / "state")
    assert_goes_on(network, whole, rest, time_ms)
    for name in ("forecast", "deviation", "buckets", "method"):
        assert rest.table("forecasts")[name].to_pylist() == whole.table("forecasts")[name].to_pylist()
