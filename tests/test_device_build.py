"""From the language of devices to the arrays of the plant: stock points, sensors, people, gateways, counts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim import columns as c
from sim import network as net
from sim import plant_plan as plan
from sim.build.devices import counting_routes
from sim.build.network_builder import build_network
from sim.network import Network
from sim.scenario import Scenario, ScenarioError, load_scenario
from tests.device_scenarios import device_sample
from tests.test_scenario_findings import add, put

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
Change = Callable[[dict[str, Any]], object]


def constant(ms: int) -> net.Distribution:
    return net.Distribution(net.DISTRIBUTION_CONSTANT, float(ms))


def loaded(*changes: Change) -> Scenario:
    """The sample behind another plant with three persons, with some changes."""
    data = device_sample()
    data["nodes"] = {"before": {"kind": "plant", "people": {"smiths": 3}}} | data["nodes"]
    for change in changes:
        change(data)
    return load_scenario(data)


def points_of(scenario: Scenario) -> tuple[Network, dict[str, plan.DevicePoint]]:
    """The network, and its device points by `node/item`."""
    network = build_network(scenario)
    parameter = network.parameter
    assert network.plant_plan is not None
    points = network.plant_plan.devices
    assert [one.stock_point for one in points] == sorted({one.stock_point for one in points})
    named = {
        f"{network.node_names[parameter[one.stock_point, c.P_NODE]]}/"
        f"{network.item_names[parameter[one.stock_point, c.P_ITEM]]}": one
        for one in points
    }
    return network, named


@pytest.fixture(scope="module")
def built() -> tuple[Network, dict[str, plan.DevicePoint]]:
    """The sample as it is."""
    return points_of(loaded())


def test_every_stock_point_of_a_device_is_there_and_flagged(built: tuple[Network, dict[str, plan.DevicePoint]]) -> None:
    network, points = built
    flags = network.parameter[:, c.P_FLAGS]
    assert set(points) == {"shelf/filter", "shelf/grease", "vending/glove", "vending/wrench", "tank/coolant"}
    devices = [one.stock_point for one in points.values()]
    assert np.flatnonzero(flags & c.SP_DEVICE).tolist() == devices
    inspected = np.flatnonzero(flags & c.SP_INSPECTED).tolist()
    assert inspected == [points["shelf/filter"].stock_point, points["shelf/grease"].stock_point]


def test_a_tag_reading_shelf(built: tuple[Network, dict[str, plan.DevicePoint]]) -> None:
    network, points = built
    assert points["shelf/filter"] == plan.DevicePoint(
        stock_point=network.stock_point("shelf", "filter"), plant=1, device=plan.DEVICE_SHELF,
        sensor=plan.SENSOR_RFID, gateway=0, persons=(3, 20), unauthorised=0.01, limit=2,
        put_back=0.03, put_back_after=constant(HOUR_MS), misplaced=0.1,
        wrong_item=0.01, wrong_fails=0.2,
        wrong_fails_after=net.Distribution(net.DISTRIBUTION_EXPONENTIAL, 2.0 * DAY_MS),
        read_rate=0.995, stray_tags=0.02, stuck_every=constant(60 * DAY_MS), stuck_lasting=constant(DAY_MS),
        blocks_expired=True, inspection=constant(4 * HOUR_MS), rejected=0.01, count_error=0.02, low_level=3,
    )  # fmt: skip


def test_a_weighing_shelf_in_milligrams_and_units_of_the_item(
    built: tuple[Network, dict[str, plan.DevicePoint]],
) -> None:
    grease = built[1]["shelf/grease"]
    assert (grease.sensor, grease.unit_weight_mg, grease.resolution_mg) == (plan.SENSOR_WEIGH, 100_000, 5_000)
    assert (grease.noise_mg, grease.drift_mg_per_day, grease.tare_mg) == (2_000.0, 1_000.0, 3_000.0)
    assert grease.limit == 5  # 0.5 kg
    assert grease.low_level == 6  # two days of three lines
    assert grease.stuck_every is None


def test_a_vending_machine_and_its_lockers(built: tuple[Network, dict[str, plan.DevicePoint]]) -> None:
    network, points = built
    common = {"plant": 1, "device": plan.DEVICE_VENDING, "sensor": plan.SENSOR_VEND, "gateway": 0, "persons": (23, 5),
              "jam": 0.005, "jam_clear": constant(2 * HOUR_MS), "fail": 0.01, "refund": 0.8,
              "wrong_product": 0.002}  # fmt: skip
    glove = plan.DevicePoint(stock_point=network.stock_point("vending", "glove"), **common)  # type: ignore[arg-type]
    assert points["vending/glove"] == glove
    assert points["vending/wrench"] == replace(
        glove,
        stock_point=network.stock_point("vending", "wrench"),
        loan=constant(8 * HOUR_MS),
        loan_lost=0.01,
        loan_worn=0.02,
    )


def test_slots_bound_the_stock_and_the_opening_stock_of_a_policy(
    built: tuple[Network, dict[str, plan.DevicePoint]],
) -> None:
    network, points = built
    rows = [points["vending/glove"].stock_point, points["vending/wrench"].stock_point]
    assert network.parameter[rows, c.P_CAPACITY].tolist() == [48, 2]
    assert network.initial_on_hand[rows].tolist() == [48, 2]  # the policy would order up to 60
    others = np.delete(np.arange(network.stock_points), [*rows, points["tank/coolant"].stock_point])
    assert set(network.parameter[others, c.P_CAPACITY].tolist()) == {-1}


def test_a_tank_with_a_level_sensor_and_leaks(built: tuple[Network, dict[str, plan.DevicePoint]]) -> None:
    network, points = built
    row = network.stock_point("tank", "coolant")
    assert points["tank/coolant"] == plan.DevicePoint(
        stock_point=row, plant=1, device=plan.DEVICE_TANK, sensor=plan.SENSOR_LEVEL, persons=(3, 25),
        unit_weight_mg=1000, resolution_mg=50_000, noise_mg=20_000.0, drift_mg_per_day=10_000.0,
        leak_every=constant(90 * DAY_MS), leak_lasting=constant(2 * DAY_MS),
        leak_rate_milli=200_000, leak_step=100,
    )  # fmt: skip
    assert network.parameter[row, c.P_CAPACITY] == 20_000


def test_a_meter_and_a_scan() -> None:
    _, points = points_of(
        loaded(
            put("nodes.tank.sensors", [{"kind": "meter", "error": "-1%"}]),
            put("nodes.shelf.sensors", [{"kind": "scan", "missed": "4%", "items": "filter"}]),
        )
    )
    assert (points["tank/coolant"].sensor, points["tank/coolant"].meter_error) == (plan.SENSOR_METER, -0.01)
    assert (points["shelf/filter"].sensor, points["shelf/filter"].missed_scan) == (plan.SENSOR_SCAN, 0.04)
    assert points["shelf/grease"].sensor == plan.SENSOR_NONE


def test_the_first_sensor_that_covers_an_item_measures_it() -> None:
    sensors = [{"kind": "scan", "items": {"classes": ["A"]}}, {"kind": "weigh"}]
    _, points = points_of(loaded(put("nodes.shelf.sensors", sensors), put("items.grease.class", "B")))
    assert {name: one.sensor for name, one in points.items() if name.startswith("shelf")} == {
        "shelf/filter": plan.SENSOR_SCAN,
        "shelf/grease": plan.SENSOR_WEIGH,
    }


def test_a_device_outside_any_plant_has_nobody_and_reports_at_once() -> None:
    _, points = points_of(loaded(put("nodes.tank.at", None)))
    assert (points["tank/coolant"].plant, points["tank/coolant"].persons, points["tank/coolant"].gateway) == (
        -1, (0, 0), -1,
    )  # fmt: skip


def test_a_gateway_in_milliseconds() -> None:
    network = build_network(loaded())
    assert network.plant_plan is not None
    assert network.plant_plan.gateways == (
        plan.Gateway(
            name="box", plant=1, poll_ms=300_000, delay_ms=10_000, spacing_ms=100, clock_offset_ms=-90_000,
            capacity=500, overflow=plan.OVERFLOW_NEWEST,
            outage_every=constant(14 * DAY_MS), outage_lasting=constant(3 * HOUR_MS),
        ),
    )  # fmt: skip


def test_counts_by_calendar_and_by_drivers() -> None:
    network = build_network(loaded())
    assert network.plant_plan is not None
    (count,) = network.plant_plan.counts
    assert network.node_names[count.node] == "shelf"
    assert count.instants_ms.tolist() == [4 * DAY_MS, 11 * DAY_MS, 18 * DAY_MS, 25 * DAY_MS]
    assert network.plant_plan.counting_routes == {0}
    assert counting_routes(loaded(put("trucks.round.counts", False))) == frozenset()


def test_the_tighter_of_capacity_and_room_holds() -> None:
    network, points = points_of(loaded(add("policies", {"nodes": "vending", "items": "glove", "capacity": 40})))
    assert network.parameter[points["vending/glove"].stock_point, c.P_CAPACITY] == 40


def test_stated_opening_stock_has_to_fit() -> None:
    fits, too_much = ({"nodes": "vending", "items": "glove", "on_hand": units} for units in (48, 49))
    network = build_network(loaded(add("policies", fits)))
    assert network.initial_on_hand[network.stock_point("vending", "glove")] == 48
    with pytest.raises(ScenarioError, match="49 units of glove at the start, but only 48 go into `vending`"):
        build_network(loaded(add("policies", too_much)))


def test_a_standby_shelf_is_called_so_in_reports() -> None:
    network = build_network(loaded(put("nodes.shelf.standby", True)))
    assert dict(zip(network.node_names, network.node_echelons, strict=True))["shelf"] == "standby shelf"
    network = build_network(loaded(put("nodes.shelf.standby", True), put("nodes.shelf.echelon", "line 4")))
    assert dict(zip(network.node_names, network.node_echelons, strict=True))["shelf"] == "line 4"


@pytest.mark.parametrize(
    "change",
    [put("policies.0.items", {"classes": ["A"]}), put("nodes.shelf.sensors.1.items", {"classes": ["B"]})],
)
def test_what_only_the_network_knows_is_found_when_it_is_built(change: Change) -> None:
    def without_demand(data: dict[str, Any]) -> None:
        data["demand"] = [entry for entry in data["demand"] if entry["node"] != "shelf"]
        data["nodes"]["shelf"]["low_level"] = {}
        data["nodes"]["shelf"]["people"]["limit"] = {}

    scenario = loaded(change, without_demand)
    with pytest.raises(ScenarioError, match="the weigh sensor measures nothing that `shelf` holds"):
        points_of(scenario)
