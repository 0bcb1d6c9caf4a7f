"""From plants of a scenario to plain data: lines, machines, uses, people, calendars, and the demand they amount to."""

import math
from typing import Any

import pytest

from sim import columns as c
from sim import network as net
from sim import plant_plan as plan
from sim.build.network_builder import build_network
from sim.network import Network
from sim.scenario import ScenarioError, load_scenario
from tests.plant_samples import plant
from tests.scenario_samples import sample
from tests.test_plant_findings import FILTER, FLUID, GREASE, MILL, put

HOUR = 3_600_000
DAY = 24 * HOUR
DAYS = 26 * 7
WORKED_DAYS = {"early": 26 * 5 - 2, "late": 26 * 4 - 1}  # closed from Friday 3 to Monday 6 April
HOURS_A_DAY = (WORKED_DAYS["early"] + WORKED_DAYS["late"]) * 8 / DAYS


def built(*changes: Any) -> Network:
    data = plant()
    for change in changes:
        change(data)
    return build_network(load_scenario(data))


def the_plan(*changes: Any) -> plan.PlantPlan:
    found = built(*changes).plant_plan
    assert found is not None
    return found


def use_of(network: Network, line: int, machine: int, item: str) -> plan.Use:
    assert network.plant_plan is not None
    uses = network.plant_plan.plants[0].lines[line].machines[machine].uses
    return next(use for use in uses if use.item == network.item_names.index(item))


def test_a_network_without_plants_has_no_plan() -> None:
    assert build_network(load_scenario(sample())).plant_plan is None


def test_lines_and_machines() -> None:
    (found,) = the_plan().plants
    assert [line.name for line in found.lines] == ["turning", "milling"]
    assert [line.stop_cost_per_hour for line in found.lines] == [40_000, 65_050]
    assert {line.work_order_ms for line in found.lines} == {4 * HOUR}
    (lathe,), (mill,) = (line.machines for line in found.lines)
    assert (lathe.name, mill.name) == ("lathe-1", "mill")
    assert lathe.failures_per_ms == pytest.approx(1 / (400 * HOUR))
    assert lathe.repair == net.Distribution(net.DISTRIBUTION_EXPONENTIAL, 2.0 * HOUR)
    assert mill.failures_per_ms == 0.0
    assert mill.repair == net.Distribution(net.DISTRIBUTION_CONSTANT, 3.0 * HOUR)


def test_the_plant_itself() -> None:
    network = built()
    assert network.plant_plan is not None
    (found,) = network.plant_plan.plants
    assert network.node_names[found.node] == "plant"
    assert network.node_kinds[found.node] == "plant"
    first, last = network.node_first_stock_point[found.node], network.node_first_stock_point[found.node + 1]
    assert first == last
    assert found.people == (("setters", 3), ("fitters", 2), ("operators", 20))
    assert found.maintenance == (3, 2)
    assert network.plant_plan.persons == 25
    assert (found.crews, found.mean_c, found.swing_c, found.warmest_day) == (1, 18.0, 9.0, 200.0)


def test_a_use_by_wear() -> None:
    network = built()
    use = use_of(network, 0, 0, "filter")
    assert (use.kind, use.quantity, use.missing, use.failure_factor) == (plan.USE_WEAR, 1, plan.MISSING_RUN_ON, 3.0)
    assert use.points == (network.stock_point("shelf-2", "filter"), network.stock_point("shelf-1", "filter"))
    assert use.shape == 2.4
    assert use.scale_ms * math.gamma(1 + 1 / 2.4) == pytest.approx(300 * HOUR)
    assert (use.temperature, use.temperature_a, use.reference_c) == (plan.TEMPERATURE_Q10, 2.0, 25.0)
    assert use.offset_c == 7.0


def test_a_use_by_wear_without_temperature() -> None:
    network = built()
    use = use_of(network, 1, 0, "filter")
    assert (use.scale_ms, use.shape, use.temperature, use.offset_c) == (200.0 * HOUR, 1.0, plan.TEMPERATURE_NONE, 0.0)
    assert (use.missing, use.at_empty) == (plan.MISSING_STOP, True)
    assert use.points == (network.stock_point("shelf-1", "filter"), network.stock_point("shelf-2", "filter"))


def test_arrhenius() -> None:
    network = built(put(f"{FILTER}.wear.temperature", {"arrhenius": "0.6 eV", "at": "298.15 K"}))
    use = use_of(network, 0, 0, "filter")
    assert (use.temperature, use.temperature_a) == (plan.TEMPERATURE_ARRHENIUS, 0.6)
    assert use.reference_c == pytest.approx(25.0)


def test_a_use_every_so_often() -> None:
    network = built()
    use = use_of(network, 0, 0, "grease")
    assert (use.kind, use.quantity, use.missing) == (plan.USE_EVERY, 5, plan.MISSING_WAIT)
    assert use.interval == net.Distribution(net.DISTRIBUTION_CONSTANT, 40.0 * HOUR)
    assert use.points == (network.stock_point("shelf-1", "grease"),)


def test_a_flow() -> None:
    network = built()
    use = use_of(network, 0, 0, "fluid")
    assert (use.kind, use.quantity, use.rate_milli) == (plan.USE_FLOW, 10, 8000)
    assert use.points == (network.stock_point("basin", "fluid"),)


def test_calendar_and_shift_starts() -> None:
    found = the_plan()
    (calendar,) = found.calendars
    assert found.plants[0].working == 0
    assert calendar[0].tolist() == [6 * HOUR, 22 * HOUR]
    assert calendar[4].tolist() == [4 * DAY + 6 * HOUR, 4 * DAY + 14 * HOUR]  # Friday
    assert calendar[5].tolist() == [7 * DAY + 6 * HOUR, 7 * DAY + 22 * HOUR]  # Monday
    good_friday, tuesday = 88 * DAY, 92 * DAY
    assert not ((calendar[:, 1] > good_friday) & (calendar[:, 0] < tuesday)).any()
    assert (calendar[:, 0] == tuesday + 6 * HOUR).sum() == 1
    starts = found.plants[0].shift_starts_ms
    assert starts.size == WORKED_DAYS["early"] + WORKED_DAYS["late"]
    assert starts[:3].tolist() == [6 * HOUR, 14 * HOUR, DAY + 6 * HOUR]


def test_round_the_clock() -> None:
    found = the_plan(put("nodes.plant.shifts", []), put("nodes.plant.closed", []), put(f"{GREASE}.missing", "stop"))
    assert found.calendars == ()
    assert found.plants[0].working == -1
    assert found.plants[0].shift_starts_ms.tolist() == list(range(0, DAYS * DAY, DAY))


def test_midnights_of_a_start_in_the_afternoon() -> None:
    found = the_plan(put("start", "2026-01-05T15:00"), put("nodes.plant.shifts", []), put(f"{GREASE}.missing", "stop"))
    assert found.plants[0].shift_starts_ms[0] == 9 * HOUR


def test_equal_calendars_are_shared_and_persons_counted_on() -> None:
    data = plant()
    other = {key: value for key, value in data["nodes"]["plant"].items() if key != "lines"}
    data["nodes"]["second"] = other | {"shifts": list(reversed(other["shifts"])), "maintenance": "setters"}
    data["nodes"]["third"] = {"kind": "plant", "shifts": [{"from": "08:00", "to": "12:00"}], "people": {"all": 4}}
    data["nodes"]["fourth"] = {"kind": "plant"}
    found = build_network(load_scenario(data)).plant_plan
    assert found is not None
    assert [one.working for one in found.plants] == [0, 0, 1, -1]
    assert len(found.calendars) == 2
    assert [one.maintenance for one in found.plants] == [(3, 2), (25, 3), (50, 4), (0, 0)]
    assert found.persons == 54


def test_what_machines_use_is_demand_at_their_homes() -> None:
    network = built()

    def per_day(node: str, item: str) -> float:
        return float(network.mean_demand_per_day[network.stock_point(node, item)])

    assert per_day("shelf-1", "grease") == pytest.approx(5 * HOURS_A_DAY / 40)
    assert per_day("basin", "fluid") == pytest.approx(8 * HOURS_A_DAY)
    assert per_day("shelf-2", "filter") == pytest.approx(HOURS_A_DAY / 300)  # 18 + 7 degrees: the reference
    assert per_day("shelf-1", "filter") == pytest.approx(HOURS_A_DAY / 200)
    assert per_day("maker", "filter") == pytest.approx(HOURS_A_DAY * (1 / 300 + 1 / 200))
    point = network.stock_point("basin", "fluid")
    assert network.parameter[point, c.P_REORDER_POINT] == round(14 * 8 * HOURS_A_DAY)


@pytest.mark.parametrize(
    ("law", "faster"),
    [({"q10": 3, "at": "15 C"}, 3.0), ({"arrhenius": "0.6 eV", "at": "15 C"}, math.exp(0.81035))],
)
def test_warmth_uses_up_more(law: dict[str, Any], faster: float) -> None:
    network = built(put(f"{FILTER}.wear.temperature", law))
    point = network.stock_point("shelf-2", "filter")
    assert network.mean_demand_per_day[point] == pytest.approx(HOURS_A_DAY / 300 * faster, rel=1e-4)


def test_people_and_machines_add_up() -> None:
    demand = {"node": "shelf-1", "item": "grease", "poisson": {"rate": "2 /d"}}
    network = built(put("demand", [demand]))
    point = network.stock_point("shelf-1", "grease")
    assert network.mean_demand_per_day[point] == pytest.approx(2 + 5 * HOURS_A_DAY / 40)
    assert network.demand.stock_point.tolist() == [point]  # machines are no source of lines


def test_what_is_used_has_a_stock_point_without_any_policy() -> None:
    network = built(put("policies", []))
    for node in ("shelf-1", "shelf-2"):
        assert not network.parameter[network.stock_point(node, "filter"), c.P_FLAGS] & c.SP_STOCKED
    with pytest.raises(KeyError):
        network.stock_point("shelf-2", "grease")


def test_a_pattern_means_those_that_can_get_the_item() -> None:
    lanes = [
        {"from": "maker", "to": "shelf-1", "items": ["grease"]},
        {"from": "maker", "to": ["shelf-2", "basin"]},
    ]
    network = built(put("lanes", lanes), put(f"{FILTER}.from", "shelf-*"), put("policies", []))
    assert use_of(network, 0, 0, "filter").points == (network.stock_point("shelf-2", "filter"),)


def test_a_lane_that_does_not_serve_the_class_is_named_with_the_use() -> None:
    data = plant()
    data["items"]["filter"]["class"] = "C"
    data["lanes"] = [{"from": "maker", "to": ["shelf-1", "shelf-2", "basin"], "items": {"classes": ["A", "B"]}}]
    data["policies"] = []
    data["items"]["grease"]["class"] = data["items"]["fluid"]["class"] = "A"
    with pytest.raises(ScenarioError) as caught:
        build_network(load_scenario(data))
    (finding,) = caught.value.findings
    assert "no lane brings filter to shelf-" in finding.message
    assert finding.path in (f"{FILTER}.from", f"{MILL}.uses.filter.from")


def test_patterns_pass_plants_over() -> None:
    network = built(put("lanes.0.to", "*[1-2nt]"))
    assert [network.node_names[lane.to_node] for lane in network.lanes] == ["shelf-1", "shelf-2", "basin"]


def test_a_flow_in_another_unit_of_volume() -> None:
    network = built(put(f"{FLUID}.flow", "5 l / 2 h"))
    assert use_of(network, 0, 0, "fluid").rate_milli == 25_000
