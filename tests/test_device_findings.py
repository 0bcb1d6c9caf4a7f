"""Every finding about devices and gateways: one scenario that has it, and the nearest one that is fine."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.build.network_builder import build_network
from sim.scenario import ScenarioError, load_scenario
from tests.device_scenarios import device_sample
from tests.scenario_samples import findings_of
from tests.test_scenario_findings import JUNK, add, put, settings_of

Change = Callable[[dict[str, Any]], object]
SCALE = [{"kind": "weigh", "resolution": "5 g"}]
SENSOR = "nodes.shelf.sensors.1"


def both(*changes: Change) -> Change:
    """Several changes, one after the other."""
    return lambda data: [change(data) for change in changes]


def stocked(node: str, items: str) -> Change:
    """A change that stocks items at a node."""
    return add("policies", {"nodes": node, "items": items, "policy": {"kind": "base_stock", "level": "1 wk"}})


STORE_ON_THE_ROUND = both(
    put("nodes.store", {"kind": "store"}),
    put("trucks.round.stops.0.node", "store"),
    put("lanes.1", {"from": "depot", "to": "store", "truck": "round"}),
    put("lanes.2.to", ["shelf", "vending", "tank"]),
)

# (name, faulty, the nearest fine one, path and words of the finding)
CASES: list[tuple[str, Change, Change | None, str, str]] = [
    ("no such plant", put("nodes.shelf.at", "work"), put("nodes.shelf.at", "works"), "nodes.shelf.at", "`works`"),
    ("at some plant", put("nodes.shelf.at", "w*"), None, "nodes.shelf.at", "there is no plant `w*`"),
    ("some gateway", put("nodes.shelf.gateway", "*"), None, "nodes.shelf.gateway", "there is no gateway `*`"),
    ("some fluid", put("nodes.tank.item", "cool*"), None, "nodes.tank.item", "there is no item `cool*`"),
    ("at a warehouse", put("nodes.shelf.at", "depot"), None, "nodes.shelf.at", "`depot` is not a plant"),
    ("gateway at a warehouse", put("gateways.box.at", "depot"), None, "gateways.box.at", "is not a plant"),
    ("no such gateway", put("nodes.tank.gateway", "bx"), put("nodes.tank.gateway", "box"), "nodes.tank.gateway",
     "did you mean `box`"),
    ("gateway of another plant", both(put("nodes.other", {"kind": "plant"}), put("nodes.vending.at", "other"),
     put("nodes.vending.people", None)),
     both(put("nodes.other", {"kind": "plant"}), put("nodes.tank.at", "other")), "nodes.vending.gateway", "`other`"),
    ("gateway without a plant", both(put("nodes.tank.at", None), put("nodes.tank.gateway", "box")),
     put("nodes.tank.at", None), "nodes.tank.gateway", "write `at: works`"),
    ("no such group", put("nodes.vending.people.by", "clerks"), put("nodes.vending.people.by", ["turners", "office"]),
     "nodes.vending.people.by", "no people called `clerks`"),
    ("groups apart", put("nodes.vending.people.by", ["office", "fitters"]),
     put("nodes.vending.people.by", ["office", "turners", "fitters"]), "nodes.vending.people.by", "without turners"),
    ("people of no plant", both(put("nodes.tank.at", None), put("nodes.tank.people", {"unauthorised": "1%"})),
     put("nodes.tank.people", {"unauthorised": "1%"}), "nodes.tank.people.unauthorised", "stands in no plant"),
    ("limit without shifts", put("nodes.works.shifts", []), None, "nodes.shelf.people.limit", "has no shifts"),
    ("limit on an item not there", put("nodes.shelf.people.limit.glove", 2), None, "nodes.shelf.people.limit.glove",
     "`glove` is not stocked here"),
    ("limit on an unknown item", put("nodes.shelf.people.limit.filtr", 2), None, "nodes.shelf.people.limit.filtr",
     "did you mean `filter`"),
    ("limit of nothing", put("nodes.shelf.people.limit.filter", 0), put("nodes.shelf.people.limit.filter", 1),
     "nodes.shelf.people", "is zero"),
    ("limit in another unit", put("nodes.shelf.people.limit.filter", "2 kg"), None, "nodes.shelf.people.limit",
     "counted in each"),
    ("alarm on an item not there", put("nodes.shelf.low_level.coolant", "1 l"), None, "nodes.shelf.low_level.coolant",
     "not stocked here"),
    ("alarm in another unit", put("nodes.shelf.low_level", 5), put("nodes.shelf.low_level", "5 d"),
     "nodes.shelf.low_level", "counted in 0.1 kg"),
    ("particulars of an item not there", put("nodes.shelf.items", {"wrench": {}}),
     put("nodes.shelf.items", {"filter": {"loan": {"time": "1 d"}}}), "nodes.shelf.items.wrench", "not stocked here"),
    ("wrong item that fails some time", put("nodes.shelf.people.wrong_item", {"share": "1%", "fails": "5%"}),
     put("nodes.shelf.people.wrong_item", {"share": "1%"}), "nodes.shelf.people.wrong_item", "`fails` without `after`"),
    ("wrong items out of slots", put("nodes.vending.people.wrong_item", {"share": "1%"}),
     put("nodes.vending.people.put_back", {"share": "1%", "after": "1 h"}), "nodes.vending.people.wrong_item",
     "unknown key"),
    ("lost and worn", put("nodes.vending.items.wrench.loan", {"time": "1 h", "lost": 0.6, "worn": 0.5}),
     put("nodes.vending.items.wrench.loan", {"time": "1 h", "lost": 0.5, "worn": 0.5}),
     "nodes.vending.items.wrench.loan", "sum to 110 %"),
    ("too many slots", put("nodes.vending.slots", 5), put("nodes.vending.slots", 7), "nodes.vending.slots",
     "6 slots together, the machine has 5"),
    ("slots of a pattern", both(put("items.glove-xl", {}), put("nodes.vending.slots", 9),
     put("nodes.vending.items.glove*", {"slots": 4}), stocked("vending", "glove-xl")),
     both(put("items.glove-xl", {}), put("nodes.vending.slots", 10), put("nodes.vending.items.glove*", {"slots": 4}),
          stocked("vending", "glove-xl")), "nodes.vending.slots", "10 slots together"),
    ("a slot larger than the machine", put("nodes.vending.slot_capacity", 11), put("nodes.vending.slot_capacity", 13),
     "nodes.vending.items.glove.capacity", "larger than the machine's (11)"),
    ("no slot", stocked("vending", "filter"), None, "nodes.vending.items", "filter without a slot"),
    ("a slot of nothing there", put("nodes.vending.items.filter", {"slots": 0}), None,
     "nodes.vending.items.filter.slots", "at least 1"),
    ("a machine of kilograms", both(stocked("vending", "grease"), put("nodes.vending.slots", 9),
     put("nodes.vending.items.grease", {})),
     both(stocked("vending", "filter"), put("nodes.vending.slots", 9), put("nodes.vending.items.filter", {})),
     "nodes.vending", "gives out pieces"),
    ("turns beyond 100 %", put("nodes.vending.wrong_product", "99%"), put("nodes.vending.wrong_product", "98.5%"),
     "nodes.vending", "sum to 100.5 %"),
    ("tags on grease", put("nodes.shelf.sensors", [{"kind": "rfid"}]),
     put("nodes.shelf.sensors", [{"kind": "rfid", "items": "filter"}]), "nodes.shelf.sensors.0", "only pieces carry"),
    ("weighing what weighs nothing", both(put("items.filter.weight", "0 g"), put("nodes.shelf.sensors", SCALE)),
     put("nodes.shelf.sensors", SCALE), "nodes.shelf.sensors.0", "`filter` weighs nothing"),
    ("scale in litres", put(f"{SENSOR}.noise", "2 l"), put(f"{SENSOR}.noise", "500 mg"), f"{SENSOR}.noise",
     "not a weight"),
    ("level of a shelf", put(SENSOR, {"kind": "level"}), put(SENSOR, {"kind": "scan"}), SENSOR,
     "nothing to measure on a shelf"),
    ("scale under a tank", put("nodes.tank.sensors", [{"kind": "weigh"}]),
     put("nodes.tank.sensors", [{"kind": "meter", "error": "-1%"}]), "nodes.tank.sensors.0", "nothing to measure"),
    ("sensor of nothing", put(f"{SENSOR}.items", "coolant"), put(f"{SENSOR}.items", "gr*"), SENSOR,
     "measures nothing that `shelf` holds"),
    ("sensor of an unknown item", put(f"{SENSOR}.items", "greas"), None, f"{SENSOR}.items", "did you mean `grease`"),
    ("sensor that comes too late", put(f"{SENSOR}.items", "filter"), None, SENSOR, "earlier sensors"),
    ("unknown sensor", put(f"{SENSOR}.kind", "weight"), None, SENSOR, "`weigh`"),
    ("reads nothing", put("nodes.shelf.sensors.0.read_rate", 0), put("nodes.shelf.sensors.0.read_rate", "1%"),
     "nodes.shelf.sensors.0.read_rate", "more than 0"),
    ("level in kilograms", put("nodes.tank.sensors.0.noise", "1 kg"), put("nodes.tank.sensors.0.noise", "1 ml"),
     "nodes.tank.sensors.0", "`noise` is in kg"),
    ("meter that stands still", put("nodes.tank.sensors", [{"kind": "meter", "error": "-100%"}]), None,
     "nodes.tank.sensors.0.error", "more than -1"),
    ("two fluids", stocked("tank", "grease"), stocked("tank", "coolant"), "nodes.tank", "grease in a tank of"),
    ("unknown fluid", put("nodes.tank.item", "colant"), None, "nodes.tank.item", "did you mean `coolant`"),
    ("tank in kilograms", put("nodes.tank.capacity", "200 kg"), put("nodes.tank.capacity", "1 m3"),
     "nodes.tank.capacity", "counted in 10 ml"),
    ("tank of nothing", put("nodes.tank.capacity", "0 l"), None, "nodes.tank.capacity", "zero"),
    ("leak in kilograms", put("nodes.tank.leak.rate", "2 kg/h"), put("nodes.tank.leak.rate", "20 ml/h"),
     "nodes.tank.leak.rate", "counted in 10 ml"),
    ("hardly a leak", put("nodes.tank.leak.rate", "1 ml/wk"), put("nodes.tank.leak.rate", "2 ml/wk"),
     "nodes.tank.leak.rate", "thousandth"),
    ("leak that is none", put("nodes.tank.leak.rate", "0 l/h"), None, "nodes.tank.leak.rate", "zero"),
    ("step of a leak", put("nodes.tank.leak.step", "15 ml"), put("nodes.tank.leak.step", "20 ml"),
     "nodes.tank.leak.step", "not a whole multiple"),
    ("demand at a plant", put("demand.0.node", ["shelf", "works"]), put("demand.0.node", ["shelf", "depot"]),
     "demand.0.node", "`works` is a plant"),
    ("policy at a plant", put("policies.0.nodes", "works"), None, "policies.0.nodes", "`works` is a plant"),
    ("nothing to count", STORE_ON_THE_ROUND, both(STORE_ON_THE_ROUND, put("trucks.round.counts", False)),
     "trucks.round.counts", "nothing to count"),
    ("no store", put("gateways.box.store", 0), put("gateways.box.store", 1), "gateways.box.store", "at least 1"),
    ("clock without unit", put("gateways.box.clock_offset", -90), put("gateways.box.clock_offset", "90 s"),
     "gateways.box.clock_offset", "no unit of time"),
]  # fmt: skip


def changed(change: Change) -> dict[str, Any]:
    """The sample with a change."""
    data = device_sample()
    change(data)
    return data


@pytest.mark.parametrize(
    ("faulty", "path", "words"), [(case[1], case[3], case[4]) for case in CASES], ids=[case[0] for case in CASES]
)
def test_refused(faulty: Change, path: str, words: str) -> None:
    found = findings_of(changed(faulty))
    fitting = [one for one in found if one.path == path and words in f"{one.message} ({one.hint})"]
    assert fitting, [str(one) for one in found]


ACCEPTED = [(case[0], case[2]) for case in CASES if case[2] is not None]


@pytest.mark.parametrize("fine", [fine for _, fine in ACCEPTED], ids=[name for name, _ in ACCEPTED])
def test_accepted(fine: Change) -> None:
    scenario = load_scenario(changed(fine))
    assert load_scenario(scenario.resolved()) == scenario
    build_network(scenario)


def test_the_issues_examples_are_found_all_at_once() -> None:
    data = changed(both(put("nodes.vending.slot_capacity", 11), put(f"{SENSOR}.items", "coolant"),
                        put("nodes.tank.gateway", "bx"), put("nodes.shelf.people.limit.glove", 2)))  # fmt: skip
    assert {one.path for one in findings_of(data)} == {
        "nodes.vending.items.glove.capacity", SENSOR, "nodes.tank.gateway", "nodes.shelf.people.limit.glove",
    }  # fmt: skip


def test_what_machines_use_lies_in_the_devices_that_they_look_at() -> None:
    uses = {"filter": {"every": "100 h", "from": ["shelf", "[sv]*"]}}
    machines = put("nodes.works.lines", {"one": {"machines": {"lathe": {"uses": uses}}}})
    found = findings_of(changed(machines))
    assert [(one.path, "filter without a slot" in one.message) for one in found] == [("nodes.vending.items", True)]
    only_others = put("lanes.2.items", ["glove", "wrench", "coolant"])  # no lane brings filters to the vending machine
    assert not findings_of(changed(both(machines, only_others)))


def test_findings_of_a_range_are_told_once() -> None:
    data = device_sample()
    shelf = data["nodes"].pop("shelf") | {"at": "works-{#1}", "gateway": None}
    shelf["people"]["limit"]["glove"] = 2
    data["nodes"] |= {"works-{1..3}": data["nodes"]["works"], "shelf-{1..3}": shelf}
    data["trucks"]["round"]["stops"][0]["node"], data["lanes"][1]["to"] = "shelf-1", "shelf-1"
    data["lanes"].append({"from": "depot", "to": "shelf-*", "lead_time": "1 d"})
    data["demand"][0]["node"] = data["policies"][0]["nodes"] = "shelf-*"
    (found,) = findings_of(data)
    assert found.path == "nodes.shelf-1.people.limit.glove"
    assert "and 2 more of `shelf-{1..3}`" in found.message


def test_a_faulty_entry_causes_no_findings_about_stock() -> None:
    data = changed(put("policies.0.policy.kind", "bas_stock"))
    data["nodes"]["shelf"]["people"]["limit"]["filtr"] = 1
    assert {one.path for one in findings_of(data)} == {"policies.0.policy", "nodes.shelf.people.limit.filtr"}


RICH = device_sample()


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([path for path in settings_of(RICH) if path[0] in ("nodes", "gateways")]), JUNK)
def test_any_value_anywhere_gives_findings_and_never_another_error(path: tuple[Any, ...], junk: Any) -> None:
    data: Any = device_sample()
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = junk
    with contextlib.suppress(ScenarioError):
        build_network(load_scenario(data))
