"""The scenarios with plants: the pilot, the industry packages, the region, and the line that stops."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

import mro_twin
from mro_twin.cli import cli
from sim import columns as c
from sim.build.network_builder import build_network
from sim.network import Network
from sim.plant_plan import DEVICE_SHELF, DEVICE_TANK, DEVICE_VENDING
from sim.scenario import load_scenario
from sim.scenario.locate import built_in_folder

DAYS_A_MONTH = 365 / 12
MONTHLY = {"grease": 200.0, "filters": 40.0, "cutting-fluid": 500.0}
"""What the business case says the pilot uses a month: kg, pieces, litres."""


def network_of(name: str, variant: str | None = None) -> Network:
    return build_network(load_scenario(built_in_folder() / f"{name}.yaml", variant=variant))


def values(name: str, variant: str | None, replications: int, kpi: str, key: str | None = None) -> list[float]:
    """A KPI of the whole network, or of an item, in each replication."""
    scenario = mro_twin.load_scenario(built_in_folder() / f"{name}.yaml", variant=variant)
    table = mro_twin.simulate(scenario, replications=replications, seed=11).kpis
    found = table[(table["kpi"] == kpi) & (table["scope"] == ("network" if key is None else "item"))]
    return [float(one) for one in found[found["key"] == key]["value"]] if key else [float(x) for x in found["value"]]


def monthly_use(network: Network) -> dict[str, float]:
    """What is asked for in devices in a month of 365 / 12 days, in natural units, from the arrays."""
    points = network.parameter[:, c.P_FLAGS] & c.SP_DEVICE != 0
    use: dict[str, float] = {}
    for row in np.flatnonzero(points):
        name = network.item_names[network.parameter[row, c.P_ITEM]]
        name = "filters" if name.startswith("filter") else name
        natural = {"grease": 0.1, "cutting-fluid": 0.1}.get(name, 1.0)
        use[name] = use.get(name, 0.0) + float(network.mean_demand_per_day[row]) * natural * DAYS_A_MONTH
    return use


# --- the pilot --------------------------------------------------------------------------------------------------------
def test_the_pilot_has_the_devices_of_the_case() -> None:
    plan = network_of("pilot").plant_plan
    assert plan is not None
    network = network_of("pilot")
    nodes = {
        kind: {network.parameter[device.stock_point, c.P_NODE] for device in plan.devices if device.device == kind}
        for kind in (DEVICE_SHELF, DEVICE_VENDING, DEVICE_TANK)
    }
    assert {kind: len(found) for kind, found in nodes.items()} == {DEVICE_SHELF: 6, DEVICE_VENDING: 2, DEVICE_TANK: 1}
    assert len(plan.gateways) == 1
    today = network_of("pilot", "today").plant_plan
    assert today is not None
    assert not today.gateways
    assert [len(line.machines) for line in today.plants[0].lines] == [4, 4, 3, 3]


@pytest.mark.parametrize("variant", ["service", "today"])
def test_the_pilot_uses_what_the_case_states(variant: str) -> None:
    use = monthly_use(network_of("pilot", variant))
    for name, stated in MONTHLY.items():
        assert use[name] == pytest.approx(stated, rel=0.05)


def test_the_pilots_usage_log_says_so_too() -> None:
    scenario = mro_twin.load_scenario(built_in_folder() / "pilot.yaml", {"horizon": "17 wk"})
    table = mro_twin.simulate(scenario, replications=6, seed=11).kpis
    found = table[(table["kpi"] == "usage_per_30d") & (table["scope"] == "item")]
    found = found.assign(key=found["key"].str.replace(r"filter-.*", "filters", regex=True))
    monthly = found.groupby(["key", "replication"])["value"].sum() * DAYS_A_MONTH / 30
    for name, stated in MONTHLY.items():
        mean, half = monthly[name].mean(), stats.t.ppf(0.995, 5) * monthly[name].std() / 6**0.5
        assert abs(mean - stated) < 0.04 * stated + half


@pytest.mark.slow
def test_today_loses_a_quarter_of_a_million_in_stops() -> None:
    lost = values("pilot", "today", 30, "stop_cost_per_year")
    interval = stats.t.ppf(0.995, 29) * np.std(lost, ddof=1) / 30**0.5
    assert abs(np.mean(lost) - 250_000) < interval


def test_the_record_of_perfect_sensors_is_right_all_the_time() -> None:
    assert values("pilot", "perfect", 2, "record_right") == [1.0, 1.0]
    assert max(values("pilot", "service", 2, "record_right")) < 1.0


# --- the industry packages --------------------------------------------------------------------------------------------
def test_metals_are_delivered_within_the_promised_eight_hours() -> None:
    assert sum(values("metals", "emergency", 2, "emergencies")) > 0
    assert max(values("metals", "emergency", 2, "emergency_response_hours")) <= 8.0


def test_pharma_blocks_what_is_expired_and_traces_its_lots(tmp_path: Path) -> None:
    blocked, given_out = (values("pharma", variant, 2, "expired_issued") for variant in ("base", "as-bought"))
    assert 3 * sum(blocked) < sum(given_out)  # what comes in expired is given out until midnight
    assert min(values("pharma", "base", 2, "expired_value")) > 0
    run = CliRunner().invoke(
        cli, ["run", "pharma", "-r", "1", "--out", str(tmp_path), "--set", "horizon=6 wk", "--json"]
    )
    assert run.exit_code == 0, run.output
    (directory,) = tmp_path.iterdir()
    lots = CliRunner().invoke(cli, ["trace", str(directory), "--item", "tubing", "--json"])
    assert lots.exit_code == 0, lots.output
    assert json.loads(lots.stdout)


# --- the region -------------------------------------------------------------------------------------------------------
def test_the_region_has_two_hundred_pilots() -> None:
    region, pilot = network_of("region"), network_of("pilot")
    assert region.plant_plan is not None
    assert pilot.plant_plan is not None
    assert len(region.plant_plan.plants) == len(region.plant_plan.gateways) == 200
    assert len(region.plant_plan.devices) == 200 * len(pilot.plant_plan.devices)
    assert len(region.routes) == 20
    of_pilot = monthly_use(pilot)
    for name, use in monthly_use(region).items():
        assert use == pytest.approx(200 * of_pilot[name])


# --- the line that stops ----------------------------------------------------------------------------------------------
def test_the_line_stops_as_often_as_its_closed_form() -> None:
    share = values("line-stop", "base", 12, "line_availability")
    assert abs(np.mean(share) - 0.939770) < stats.t.ppf(0.995, 11) * np.std(share, ddof=1) / 12**0.5
    assert np.mean(values("line-stop", "standby", 3, "line_availability")) > np.mean(share)
