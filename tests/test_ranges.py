"""Ranges of names written out: numbers in texts, ranges within ranges, variants, and findings told once."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sim.scenario import Finding, load_scenario
from sim.scenario.findings import ScenarioError
from sim.scenario.nodes import Plant
from sim.scenario.ranges import expand_ranges
from sim.scenario.tree import from_plain
from tests.scenario_samples import findings_of, write

REGION = """\
name: region
start: 2026-01-05
horizon: 4 wk
items:
  filter: {cost: 25 USD}
nodes:
  maker: {kind: supplier, lead_time: 5 d}
  plant-{01..12}:
    kind: plant
    shifts: [{from: "06:00", to: "14:00"}]
    lines:
      line-{1..2}:
        machines:
          press-{1..3}:
            description: press {#3} of line {#2} in plant {#1}
            uses:
              filter: {every: 8 h, from: ["plant-{#1}-shelf-{#2}", "plant-{#1}-shelf-*"]}
  plant-{01..12}-shelf-{1..2}:
    kind: shelf
    at: plant-{#1}
    description: shelf {#2}
lanes:
  - {from: maker, to: "plant-*"}
gateways:
  gateway-{01..12}: {at: "plant-{#1}"}
variants:
  early:
    set:
      nodes:
        plant-{01..02}: {description: "the first, {#1}"}
        plant-07: {lines: {line-1: {machines: {"press-{1..2}": {description: "new {#1}"}}}}}
"""


def region() -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(REGION)
    return data


def test_numbers_of_a_name_stand_in_the_entry() -> None:
    scenario = load_scenario(region())
    assert len(scenario.nodes) == 1 + 12 + 24
    shelf = scenario.nodes["plant-07-shelf-2"]
    assert (shelf.description, shelf.at) == ("shelf 2", "plant-07")  # type: ignore[attr-defined]
    assert scenario.gateways["gateway-11"].at == "plant-11"


def test_outer_numbers_come_first() -> None:
    plant = load_scenario(region()).nodes["plant-12"]
    assert isinstance(plant, Plant)
    assert list(plant.lines) == ["line-1", "line-2"]
    press = plant.lines["line-2"].machines["press-3"]
    assert press.description == "press 3 of line 2 in plant 12"
    assert press.uses["filter"].from_ == ("plant-12-shelf-2", "plant-12-shelf-*")


def test_ranges_and_numbers_in_variants() -> None:
    scenario = load_scenario(region(), variant="early")
    assert [scenario.nodes[f"plant-0{n}"].description for n in (1, 2, 3)] == ["the first, 01", "the first, 02", ""]
    plant = scenario.nodes["plant-07"]
    assert isinstance(plant, Plant)
    found = [press.description for press in plant.lines["line-1"].machines.values()]
    assert found == ["new 1", "new 2", "press 3 of line 1 in plant 07"]


def test_a_resolved_region_loads_again_to_the_same() -> None:
    scenario = load_scenario(region(), variant="early")
    assert load_scenario(scenario.resolved()) == scenario


def test_a_compact_region_is_as_short_as_it_was_written() -> None:
    scenario = load_scenario(region())
    written = scenario.compact()
    assert written["nodes"] == region()["nodes"]
    assert written["gateways"] == region()["gateways"]
    again = load_scenario(written)
    assert again == scenario
    assert again.resolved() == scenario.resolved()
    assert again.fingerprint() == scenario.fingerprint()
    assert again.compact() == written


@pytest.mark.parametrize(
    ("overrides", "variant", "changed"),
    [
        ({"nodes.plant-05.crews": 3}, None, "plant-05"),
        ({"nodes.plant-05.lines.line-2.machines.press-1.warmer_by": "3 C"}, None, "plant-05"),
        ({"nodes.plant-12.description": "the last"}, None, "plant-12"),
        ({}, "early", "plant-07"),
    ],
)
def test_a_range_that_is_not_as_written_is_written_out(
    overrides: dict[str, Any], variant: str | None, changed: str
) -> None:
    scenario = load_scenario(region(), overrides, variant)
    written = scenario.compact()
    assert changed in written["nodes"]
    assert "plant-{01..12}" not in written["nodes"]
    assert "plant-{01..12}-shelf-{1..2}" in written["nodes"]
    again = load_scenario(written)
    assert again == scenario
    assert list(again.nodes) == list(scenario.nodes)


def test_a_range_that_lost_one_is_written_out() -> None:
    data = region()
    data["nodes"]["store-{1..3}"] = {"kind": "store"}
    data["lanes"][0]["to"] = ["plant-*", "store-*"]
    scenario = load_scenario(data, {"nodes.store-2": None})
    written = scenario.compact()["nodes"]
    assert [name for name in written if name.startswith("store")] == ["store-1", "store-3"]
    assert load_scenario(scenario.compact()) == scenario


def test_what_has_no_ranges_stays_the_very_same_tree() -> None:
    tree = from_plain({"nodes": {"a": {"lines": {"one": {"machines": {"m": {}}}}}}, "items": {"b-{1..2}": {}}})
    assert expand_ranges(tree) is tree


def test_one_machine_of_a_range_can_be_overridden() -> None:
    path = "nodes.plant-03.lines.line-1.machines.press-2.description"
    plant = load_scenario(region(), {path: "old"}).nodes["plant-03"]
    assert isinstance(plant, Plant)
    found = [press.description for press in plant.lines["line-1"].machines.values()]
    assert found[1:] == ["old", "press 3 of line 1 in plant 03"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("maker", "number {#1}", "which has no range"),
        ("plant-{01..12}-shelf-{1..2}", "number {#3}", "which has 2 ranges"),
        ("plant-{01..12}-shelf-{1..2}", "number {#0}", "which has 2 ranges"),
        ("plant-{01..12}", "line {#2}", "which has one range"),
    ],
)
def test_numbers_that_stand_for_nothing(name: str, text: str, words: str) -> None:
    data = region()
    data["nodes"][name]["description"] = text
    (finding,) = findings_of(data)
    assert finding.path == f"nodes.{name}.description"
    assert words in finding.message


def test_a_backward_range_of_machines() -> None:
    data = region()
    data["nodes"]["plant-{01..12}"]["lines"]["line-{1..2}"]["machines"] = {"press-{3..1}": {}}
    (finding,) = findings_of(data)
    assert "runs backwards" in finding.message
    assert finding.path == "nodes.plant-{01..12}.lines.line-{1..2}.machines.press-{3..1}"


def told(tmp_path: Path, old: str, new: str) -> tuple[Finding, ...]:
    text = REGION.replace(old, new)
    assert text != REGION
    return findings_of(write(tmp_path, text))


def test_what_is_wrong_with_all_is_told_once(tmp_path: Path) -> None:
    (finding,) = told(tmp_path, "every: 8 h, from", "evry: 8 h, from")[:1]
    assert finding.message == "unknown key `evry`; and 71 more of `plant-{01..12}`"
    assert finding.path == "nodes.plant-01.lines.line-1.machines.press-1.uses.filter.evry"
    assert finding.line == REGION[: REGION.index("every: 8 h")].count("\n") + 1


def test_messages_that_differ_in_numbers_are_one_finding(tmp_path: Path) -> None:
    found = told(tmp_path, "at: plant-{#1}\n", "at: plnt-{#1}\n")
    assert [one.message for one in found if one.path.endswith(".at")] == [
        "there is no plant `plnt-01`; and 23 more of `plant-{01..12}-shelf-{1..2}`"
    ]


def test_two_faults_of_each_are_two_findings(tmp_path: Path) -> None:
    found = told(tmp_path, "    description: shelf {#2}\n", "    description: [1]\n    colour: red\n")
    assert [one.path for one in found] == ["nodes.plant-01-shelf-1.description", "nodes.plant-01-shelf-1.colour"]
    assert all(one.message.endswith("; and 23 more of `plant-{01..12}-shelf-{1..2}`") for one in found)


def test_findings_of_names_without_range_stay_apart() -> None:
    data = region()
    for name in ("store-1", "store-2"):
        data["nodes"][name] = {"kind": "store", "colour": "red"}
    assert [one.path for one in findings_of(data)] == ["nodes.store-1.colour", "nodes.store-2.colour"]


def test_a_broken_one_of_a_range_is_told_alone() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(region(), {"nodes.plant-05.crews": -1})
    (finding,) = caught.value.findings
    assert (finding.path, finding.message) == ("nodes.plant-05.crews", "-1 is out of range")
