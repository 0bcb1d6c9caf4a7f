"""The scenarios that come with the package: each is valid, runs, and shows what its comments say."""

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

import mro_twin
from mro_twin.cli import cli
from sim.scenario.locate import built_in_folder, built_in_names, built_in_scenarios

TEACHING = (
    "computed-levels",
    "joint-order",
    "line-stop",
    "milk-run",
    "one-store",
    "pooling",
    "shelf-life",
    "trace",
    "two-bin",
    "two-echelon",
)


def means(name: str, replications: int | None = None) -> dict[str, float]:
    """Means of the network's KPIs of a built-in scenario, `name` or `name@variant`."""
    stem, _, variant = name.partition("@")
    scenario = mro_twin.load_scenario(built_in_folder() / f"{stem}.yaml", variant=variant or None)
    result = mro_twin.simulate(scenario, replications)
    return {mean.kpi: mean.mean for mean in result.means() if mean.scope == "network"}


def test_the_teaching_scenarios_are_there_and_short() -> None:
    assert set(TEACHING) <= set(built_in_names())
    for name in TEACHING:
        assert len((built_in_folder() / f"{name}.yaml").read_text().splitlines()) <= 50


def test_every_scenario_says_in_one_line_what_it_is() -> None:
    for one in built_in_scenarios():
        assert one.name == one.path.stem
        assert 20 < len(one.description) <= 110


@pytest.mark.parametrize("name", built_in_names())
def test_every_scenario_and_all_its_variants_are_valid(name: str) -> None:
    result = CliRunner().invoke(cli, ["validate", name])
    assert result.exit_code == 0, result.output
    assert f"ok: {name}@" in result.stdout


@pytest.mark.parametrize("name", built_in_names())
def test_every_scenario_runs_by_name(name: str, tmp_path: Path) -> None:
    horizon, warm_up = ("4 d", "1 d") if name == "region" else ("3 wk", "1 wk")
    shorter = ["--set", f"horizon={horizon}", "--set", f"warm_up={warm_up}"] if name not in TEACHING else []
    result = CliRunner().invoke(cli, ["run", name, "-r", "1", "--out", str(tmp_path), "--json", *shorter])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["network"]["network"]["demand_lines"]["mean"] > 50


# --- what the comments in the files promise ---------------------------------------------------------------------------
def test_one_store_has_the_fill_rate_of_palms_theorem() -> None:
    """Palm (1938): units on order are Poisson with mean rate x lead time; a unit is there if fewer than S are."""
    exact = sum(math.exp(-10) * 10**k / math.factorial(k) for k in range(14))
    assert f"{exact:.1%}" == "86.4%"
    for lead_time in ({}, {"nodes.maker.lead_time": "5 d"}):
        result = mro_twin.simulate(
            mro_twin.load_scenario(built_in_folder() / "one-store.yaml", lead_time), replications=20, seed=1
        )
        (mean,) = (one for one in result.means() if (one.scope, one.kpi) == ("network", "fill_rate"))
        # 2.861 / 2.093: quantiles of Student's t with 19 degrees of freedom for 99 % and 95 %
        assert abs(mean.mean - exact) < mean.half_width * 2.861 / 2.093


def test_one_for_one_orders_far_more_and_serves_better() -> None:
    lots, one_for_one = means("two-echelon"), means("two-echelon@one-for-one")
    assert one_for_one["orders"] > 12 * lots["orders"]
    assert one_for_one["fill_rate"] > lots["fill_rate"]
    assert one_for_one["stock_value"] < lots["stock_value"]
    assert one_for_one["demand_units"] == lots["demand_units"]  # the same customers


def test_a_fuller_truck_drives_less_and_lets_customers_wait() -> None:
    timetable, when_full = means("milk-run"), means("milk-run@when-full")
    assert when_full["load_factor"] > timetable["load_factor"]
    assert when_full["trips"] < timetable["trips"]
    assert when_full["transport_cost"] < timetable["transport_cost"]
    assert when_full["fill_rate"] < timetable["fill_rate"]


def test_levels_by_use_complete_more_repairs_of_the_same_history() -> None:
    same, by_use = means("trace"), means("trace@by-use")
    lines = len((built_in_folder() / "trace.csv").read_text().splitlines()) - 1
    assert same["demand_lines"] == by_use["demand_lines"] == lines
    assert by_use["first_time_fix"] > same["first_time_fix"] + 0.03


def test_a_minimum_order_above_need_makes_stock_old() -> None:
    large, small = means("shelf-life"), means("shelf-life@small-packs")
    assert large["age_over_365d"] > 0.35
    assert small["age_over_365d"] < 0.02
    assert small["purchase_cost"] > large["purchase_cost"]
    assert small["holding_cost"] < large["holding_cost"] / 2


def test_pooled_safety_stock_at_the_depot_is_less_stock_and_worse_service() -> None:
    """The depot's safety stock cannot help a store within its own lead time; forecasts beat "as last week"."""
    own, pooled = means("computed-levels", 3), means("computed-levels@pooled", 3)
    assert own["line_fill_rate"] > 0.95
    assert pooled["line_fill_rate"] < own["line_fill_rate"] - 0.05
    assert pooled["stock_value"] < own["stock_value"]
    assert own["forecast_mase"] < 1.0
