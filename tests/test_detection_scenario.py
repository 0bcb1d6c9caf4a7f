"""Detection rules in the scenario language, and as what the network holds."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field

from policies.detection import DetectionRule, LowLevel, Signals, detection_rule
from policies.detection.rule import Verdicts, verdicts
from policies.units import parse_level
from sim.build.detection import planned_rules
from sim.build.network_builder import build_network
from sim.demand.drawer import DemandDrawer, prepare_demand
from sim.detection.surges import surge_lines
from sim.network import DEMAND_ABNORMAL, Network
from sim.plant_plan import SENSOR_LEVEL, SENSOR_SCAN, DevicePoint, PlantPlan
from sim.scenario import ScenarioError, load_scenario
from tests.scenario_samples import findings_of, sample

LOW = {"nodes": "shop", "rule": {"kind": "low_level", "level": "2 d"}}


@detection_rule("test_empty")
class Empty(DetectionRule):
    """Registered after the models were built."""

    kind: Literal["test_empty"] = Field("test_empty", description="name of the rule")
    truth: ClassVar[str] = "low"

    def judge(self, signals: Signals) -> Verdicts:
        """The record is empty."""
        return verdicts(signals.recorded <= 0)


def with_devices(data: dict[str, Any]) -> Network:
    """The network of the sample without rules, whose shop is a device: filters are scanned, grease is measured."""
    network = build_network(load_scenario({**data, "detection": []}))
    filters, grease = (network.stock_point("shop", item) for item in ("filter", "grease"))
    devices = (DevicePoint(filters, -1, sensor=SENSOR_SCAN), DevicePoint(grease, -1, sensor=SENSOR_LEVEL))
    return replace(network, plant_plan=PlantPlan(devices=devices))


def rules_of(*entries: dict[str, Any]) -> tuple[Any, ...]:
    data = sample() | {"detection": list(entries)}
    return planned_rules(load_scenario(data), with_devices(data))


def test_rules_watch_what_their_sensors_allow_in_the_units_of_the_items() -> None:
    leak = {"nodes": "*", "rule": {"kind": "leak", "rate": "1.5 kg /h", "response": "3 h"}}
    again = {"nodes": ["shop"], "items": {"names": "f*"}, "rule": {"kind": "low_level", "level": 7, "every": "1 d"}}
    scanned = {"nodes": "s*", "items": "f*", "rule": {"kind": "missed_scan"}}
    low, leaking, second, missed = rules_of(LOW, leak | {"items": "grease"}, again, scanned)
    network = with_devices(sample())
    filters, grease = (network.stock_point("shop", item) for item in ("filter", "grease"))
    assert low.points.tolist() == [filters, grease]
    per_day = network.mean_demand_per_day[[filters, grease]]
    assert low.amount["level"].tolist() == np.floor(2 * per_day + 0.5).tolist()
    assert (low.rule, low.name, second.name) == (LowLevel(level=parse_level("2 d")), "low_level", "low_level 2")
    assert leaking.points.tolist() == [grease]
    assert leaking.amount["rate"].tolist() == [15.0]
    assert leaking.rule.response == 3 * 3_600_000
    assert missed.points.tolist() == [filters]
    assert second.amount["level"].tolist() == [7.0]
    assert second.instants_ms(3 * 86_400_000).tolist() == [86_400_000, 2 * 86_400_000]


def test_a_rule_registered_late_is_known() -> None:
    (rule,) = rules_of({"nodes": "shop", "rule": {"kind": "test_empty"}})
    assert rule.rule == Empty()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"nodes": "shop", "items": "filter", "rule": {"kind": "leak", "rate": "1 /h"}}, "no sensor there is one"),
        ({"nodes": "depot", "rule": {"kind": "test_empty"}}, "no device there holds such an item"),
    ],
)
def test_a_rule_with_nothing_to_watch_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        rules_of(entry)


def test_without_devices_nothing_can_be_watched() -> None:
    with pytest.raises(ScenarioError, match="no device there"):
        build_network(load_scenario(sample() | {"detection": [LOW]}))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"nodes": "shup"} | {"rule": LOW["rule"]}, "there is no node `shup`"),
        ({"nodes": "shop", "items": "oil", "rule": LOW["rule"]}, "there is no item `oil`"),
        ({"nodes": "shop", "rule": {"kind": "low_levle", "level": 3}}, "unknown kind `low_levle`"),
        ({"nodes": "shop", "rule": {"kind": "low_level"}}, "`level` is missing"),
        ({"nodes": "shop", "items": "filter", "rule": {"kind": "low_level", "level": "3 kg"}}, "item `filter`: 3 kg"),
        ({"nodes": "shop", "items": "grease", "rule": {"kind": "leak", "rate": "3 l /h"}}, "the rate in l"),
        ({"nodes": "shop", "rule": {"kind": "low_level", "level": "3 d", "response": "1 h"}}, "nothing follows"),
        ({"nodes": "shop"}, "`rule` is missing"),
    ],
)
def test_faults_are_found_with_their_place(entry: dict[str, Any], message: str) -> None:
    found = findings_of(sample() | {"detection": [LOW, entry]})
    assert any(message in finding.message and finding.path.startswith("detection.1") for finding in found), found


def test_abnormal_demand_is_marked_and_expected_by_nobody() -> None:
    data = sample()
    surge = {"node": "shop", "item": "filter", "compound_poisson": {"rate": "1 /10 d", "size": {"constant": 20}}}
    plain = build_network(load_scenario(data))
    data["demand"].append(surge | {"abnormal": True})
    network = build_network(load_scenario(data))
    assert network.mean_demand_per_day.tolist() == plain.mean_demand_per_day.tolist()
    assert (network.demand.flags & DEMAND_ABNORMAL).astype(bool).sum() == 1
    times, points = surge_lines(network, 5, 2)
    window = DemandDrawer(prepare_demand(network.demand, network.start_epoch_ms, network.horizon_ms), 5, 2).draw(
        network.horizon_ms
    )
    marked = (window.flags & DEMAND_ABNORMAL) != 0
    assert times.tolist() == window.time_ms[marked].tolist()
    assert points.tolist() == window.stock_point[marked].tolist()
    assert set(window.quantity[marked].tolist()) == {20}
    assert 5 < times.size < 40
    assert surge_lines(plain, 5, 2)[0].size == 0


def test_jobs_cannot_be_abnormal() -> None:
    data = sample()
    data["demand"].append({"node": "shop", "jobs": {"rate": "1 /d"}, "abnormal": True})
    assert [finding.message for finding in findings_of(data)] == ["demand of kind jobs cannot be `abnormal`"]
