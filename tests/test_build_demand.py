"""From demand entries to sources: kinds, sizes, streams, jobs, histories and profiles."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy import stats

from sim import network as net
from sim.build.demand import cut_normal_mean, logarithmic_parameter
from sim.build.network_builder import build_network
from sim.build.profiles import first_and_end_ms, hour_of_week, profile_tables, week_of_year
from sim.chance.streams import stream_key
from sim.network import Network
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.profiles import Profile
from tests.scenario_samples import sample

DAY_MS = 86_400_000
START = datetime(2026, 1, 5)


def with_demand(*entries: dict[str, Any], **change: Any) -> Network:
    return build_network(load_scenario(sample() | {"demand": list(entries), **change}))


def shop(item: str = "filter", **kind: Any) -> dict[str, Any]:
    return {"node": "shop", "item": item, **kind}


@pytest.mark.parametrize(
    ("size", "kind", "a", "mean"),
    [
        (4, net.SIZE_CONSTANT, 4.0, 4.0),
        ({"geometric": {"mean": 2.5}}, net.SIZE_GEOMETRIC, 0.4, 2.5),
        ({"poisson": {"mean": 3}}, net.SIZE_POISSON, 3.0, 3.0),
        ({"uniform": {"low": 2, "high": 5}}, net.SIZE_UNIFORM, 2.0, 3.5),
        ({"normal": {"mean": 10, "sd": 2}}, net.SIZE_NORMAL, 10.0, 10.0),
        ({"empirical": {5: 0.25, 1: 0.75}}, net.SIZE_EMPIRICAL, 0.0, 2.0),
    ],
)
def test_sizes_and_their_means(size: object, kind: int, a: float, mean: float) -> None:
    network = with_demand(shop(compound_poisson={"rate": "3 /d", "size": size}))
    sources = network.demand
    assert (sources.size_kind[0], sources.size_a[0]) == (kind, pytest.approx(a))
    assert sources.rate_per_ms[0] * DAY_MS == pytest.approx(3)
    assert network.mean_demand_per_day[network.stock_point("shop", "filter")] == pytest.approx(3 * mean, rel=1e-6)
    if kind == net.SIZE_EMPIRICAL:
        assert sources.size_b[0] == 2
        assert sources.size_table.tolist() == [[0.75, 1.0], [1.0, 5.0]]


@pytest.mark.parametrize("mean", [1.001, 1.5, 4.0, 50.0])
def test_logarithmic_sizes_have_their_mean(mean: float) -> None:
    assert stats.logser.mean(logarithmic_parameter(mean)) == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize(("mean", "sd"), [(10.0, 1.0), (1.0, 2.0), (0.0, 3.0)])
def test_mean_of_a_normal_cut_at_zero(mean: float, sd: float) -> None:
    expected = stats.norm.expect(lambda x: max(x, 0.0), loc=mean, scale=sd)
    assert cut_normal_mean(mean, sd) == pytest.approx(expected, rel=1e-6)


def test_periods_and_flows() -> None:
    network = with_demand(
        shop(normal={"per": "1 wk", "mean": 70, "sd": 7}),
        shop("grease", flow={"rate": "500 g /h", "step": "2 kg"}),
        {"node": "depot", "item": "filter", "negative_binomial": {"per": "1 d", "mean": 2, "variance": 5}},
    )
    sources = network.demand
    assert sources.kind.tolist() == [net.DEMAND_PER_PERIOD, net.DEMAND_FLOW, net.DEMAND_PER_PERIOD]
    assert sources.period_ms.tolist() == [7 * DAY_MS, 0, DAY_MS]
    assert sources.size_a[1] == 20  # 2 kg in units of 0.1 kg
    assert sources.rate_per_ms[1] * DAY_MS == pytest.approx(24 * 0.5 / 2)
    assert (sources.size_kind[2], sources.size_a[2], sources.size_b[2]) == (net.SIZE_NEGATIVE_BINOMIAL, 2.0, 5.0)
    mean = network.mean_demand_per_day
    assert mean[network.stock_point("shop", "filter")] == pytest.approx(10.0)
    assert mean[network.stock_point("shop", "grease")] == pytest.approx(120.0)
    assert mean[network.stock_point("depot", "filter")] == pytest.approx(12.0)


def test_a_flow_in_the_wrong_dimension_is_a_finding() -> None:
    with pytest.raises(ScenarioError, match="counted in"):
        with_demand(shop("grease", flow={"rate": "5 l /d", "step": "0.5 kg"}))


def test_flags_say_what_happens_when_short() -> None:
    network = with_demand(
        shop(poisson={"rate": "1 /d"}, if_short="lost", delivery="partial"), shop("grease", poisson={"rate": "1 /d"})
    )
    assert network.demand.flags.tolist() == [net.DEMAND_LOST, net.DEMAND_WHOLE]


def test_streams_carry_the_names_of_node_and_item() -> None:
    network = with_demand(shop(poisson={"rate": "1 /d"}), {"node": "*", "item": "*", "poisson": {"rate": "1 /wk"}})
    pairs = list(zip(network.demand.node.tolist(), network.demand.stock_point.tolist(), strict=True))
    assert pairs == sorted(pairs)
    keys = [tuple(key) for key in network.demand.stream.tolist()]
    assert keys == [
        stream_key("demand", "shop", "filter"),
        stream_key("demand-2", "shop", "filter"),  # a second source of the same name
        stream_key("demand", "shop", "grease"),
        stream_key("demand", "depot", "filter"),
        stream_key("demand", "depot", "grease"),
    ]


def test_suppliers_have_no_customers_however_wide_the_pattern() -> None:
    network = with_demand({"node": "*", "item": "filter", "poisson": {"rate": "1 /d"}})
    assert {network.node_names[node] for node in network.demand.node} == {"shop", "depot"}


def test_jobs_pick_lines_by_weight() -> None:
    jobs = {"rate": "10 /d", "lines": {"mean": 2.4}, "items": {"filter": 3, "gre*": 1}}
    network = with_demand({"node": "shop", "jobs": jobs}, shop(poisson={"rate": "1 /d"}))
    sources = network.demand
    assert sources.kind.tolist() == [net.DEMAND_JOBS, net.DEMAND_POISSON]
    assert tuple(sources.stream[0].tolist()) == stream_key("demand", "shop", "jobs")
    assert (sources.stock_point[0], sources.job_first[0], sources.job_count[0]) == (-1, 0, 2)
    assert (sources.job_lines_kind[0], sources.job_lines_mean[0]) == (net.SIZE_GEOMETRIC, 2.4)
    assert sources.pick_cumulative.tolist() == [0.75, 1.0]
    assert sources.pick_stock_point.tolist() == [network.stock_point("shop", i) for i in ("filter", "grease")]
    assert network.mean_demand_per_day[network.stock_point("shop", "grease")] == pytest.approx(10 * 2.4 / 4)


def test_items_that_fit_a_pattern_share_its_weight() -> None:
    network = with_demand({"node": "shop", "jobs": {"rate": "8 /d", "items": {"*": 1, "filter": 1}}})
    assert network.mean_demand_per_day[network.stock_point("shop", "filter")] == pytest.approx(6)
    assert network.mean_demand_per_day[network.stock_point("shop", "grease")] == pytest.approx(2)


def test_histories_are_merged_in_order_of_time_and_stock_point(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,node,item,quantity,job\n2 d,shop,filter,3,x\n1 d,shop,grease,1 kg,\n")
    (tmp_path / "b.csv").write_text("time,node,item,quantity,job\n2 d,shop,filter,5,x\n2 d,depot,filter,1,\n")
    data = sample() | {"demand": [{"trace": {"table": "a.csv"}}, {"trace": {"table": "b.csv"}, "if_short": "lost"}]}
    with (tmp_path / "s.yaml").open("w") as file:
        YAML().dump(data, file)
    network = build_network(load_scenario(tmp_path / "s.yaml"))
    sources = network.demand
    shop_filter, shop_grease = network.stock_point("shop", "filter"), network.stock_point("shop", "grease")
    assert sources.trace_time_ms.tolist() == [DAY_MS, 2 * DAY_MS, 2 * DAY_MS, 2 * DAY_MS]
    depot = network.stock_point("depot", "filter")
    assert sources.trace_stock_point.tolist() == [shop_grease, shop_filter, shop_filter, depot]
    assert sources.trace_quantity.tolist() == [10, 3, 5, 1]
    assert sources.trace_job.tolist() == [-1, 0, 1, -1]  # job x of one file is not job x of the other
    assert [flag & net.DEMAND_LOST for flag in sources.trace_flags] == [0, 0, 1, 1]
    days = load_scenario(tmp_path / "s.yaml").horizon / DAY_MS
    assert network.mean_demand_per_day[shop_filter] == pytest.approx(8 / days)


# --- profiles ---


def test_shifts_shape_the_week_around_a_mean_of_one() -> None:
    shift = {"days": ["mon", "tue"], "from": "08:30", "to": "10:00", "inside": 4, "outside": 1}
    factors = hour_of_week(Profile.model_validate({"shifts": shift, "weekday": {"sun": 0.5}}))
    assert factors.mean() == pytest.approx(1.0)
    assert factors[8] / factors[7] == pytest.approx(2.5)  # half of the hour
    assert factors[24 + 9] / factors[7] == pytest.approx(4.0)
    assert factors[2 * 24 + 9] == pytest.approx(factors[7])
    assert factors[6 * 24] / factors[7] == pytest.approx(0.5)


def test_of_overlapping_shifts_the_larger_factor_counts() -> None:
    shifts = [{"to": "12:00", "inside": 1}, {"from": "06:00", "to": "18:00", "inside": 3}]
    factors = hour_of_week(Profile.model_validate({"shifts": shifts}))[:24]
    assert (factors / factors[0]).tolist() == pytest.approx([1.0] * 6 + [3.0] * 12 + [0.0] * 6)


def test_seasons_keep_the_yearly_mean() -> None:
    factors = week_of_year(Profile.model_validate({"season": {"jan": 2.0}}))
    days = np.repeat(factors, 7)[:365]
    assert days.mean() == pytest.approx(1.0, abs=1e-3)
    assert factors[0] / factors[20] == pytest.approx(2.0)
    assert factors[4] / factors[20] == pytest.approx((3 * 2 + 4 * 1) / 7)  # 29 January to 4 February


def factor_at(profile: dict[str, Any], day: float) -> float:
    tables = profile_tables([Profile.model_validate(profile)], START, 730 * DAY_MS)
    return float(np.interp(day * DAY_MS, tables.knots_ms[0], tables.knots_factor[0]))


@pytest.mark.parametrize(
    ("profile", "day", "expected"),
    [
        ({"trend": {"per_year": 0.1}}, 365, 1.1),
        ({"trend": {"per_year": -0.8}}, 700, 0.0),
        ({"launch": {"at": "2026-01-15", "ramp": "20 d"}}, 5, 0.0),
        ({"launch": {"at": "2026-01-15", "ramp": "20 d"}}, 15, 0.25),
        ({"launch": {"at": "2026-01-15", "ramp": "20 d"}}, 100, 1.0),
        ({"launch": {"at": "2026-01-15"}}, 9.99, 0.0),
        ({"launch": {"at": "2026-01-15"}}, 10.01, 1.0),
        ({"end_of_life": {"at": "2026-01-15", "fade": "10 d"}}, 17, 0.3),
        ({"end_of_life": {"at": "2026-01-15"}}, 9.99, 1.0),
        ({"end_of_life": {"at": "2026-01-15"}}, 10.01, 0.0),
        ({"trend": {"per_year": 1.0}, "launch": {"at": "2026-01-15", "ramp": "200 d"}}, 110, 0.5 * (1 + 110 / 365)),
    ],
)
def test_life_of_a_product(profile: dict[str, Any], day: float, expected: float) -> None:
    assert factor_at(profile, day) == pytest.approx(expected, abs=0.003)


def test_profiles_of_different_length_share_one_table() -> None:
    profiles = [Profile(), Profile.model_validate({"launch": {"at": "2026-02-04", "ramp": "10 d"}})]
    tables = profile_tables(profiles, START, 100 * DAY_MS)
    assert tables.knots_ms.shape == tables.knots_factor.shape
    assert np.all(tables.knots_factor[0] == 1.0)
    assert np.all(np.diff(tables.knots_ms[1]) >= 0)


def test_a_launch_and_an_end_of_life_bound_the_demand() -> None:
    profile = {"launch": {"at": "2026-01-15"}, "end_of_life": {"at": "2026-02-14", "fade": "5 d"}}
    assert first_and_end_ms(Profile.model_validate(profile), START) == (10 * DAY_MS, 45 * DAY_MS)
    network = with_demand(shop(poisson={"rate": "1 /d"}, profile="life"), profiles={"plain": {}, "life": profile})
    assert (network.demand.profile[0], network.demand.offset_ms[0], network.demand.end_ms[0]) == (
        1,
        10 * DAY_MS,
        45 * DAY_MS,
    )
