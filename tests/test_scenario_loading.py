"""From file to scenario: YAML, lines, extends, variants, overrides, resolved form, built-in names."""

import copy
import pickle
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.expand import expand_range, lane_pairs, matching
from sim.scenario.locate import built_in_names, locate_scenario
from tests.scenario_samples import SAMPLE, findings_of, sample, write


def test_the_sample_means_what_it_says(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path))
    assert scenario.horizon == 26 * 7 * 86_400_000
    assert scenario.items["grease"].unit_cost == Fraction(1, 2)
    assert scenario.minor(scenario.lanes[0].cost_per_order) == 4000
    assert scenario.minor_milli(scenario.items["filter"].unit_cost) == 2_475_000
    assert scenario.start_epoch_ms == 1_767_571_200_000
    assert scenario.node("depot").echelon == "regional"
    assert [(pair.from_node, pair.to_node) for pair in lane_pairs(scenario)] == [("maker", "depot"), ("depot", "shop")]
    assert [file.name for file in scenario.inputs] == ["sample.yaml"]
    assert scenario.source == tmp_path / "sample.yaml"
    assert scenario.variant_names == ("base",)


def test_file_and_data_give_the_same_scenario(tmp_path: Path) -> None:
    from_file = load_scenario(write(tmp_path))
    assert load_scenario(str(tmp_path / "sample.yaml")) == from_file
    from_data = load_scenario(sample())
    assert from_data == from_file
    assert from_data.fingerprint() == load_scenario(from_file.resolved()).fingerprint()
    assert load_scenario(sample(), {"horizon": "25 wk"}) != from_file


def test_scenarios_are_frozen_and_travel() -> None:
    scenario = load_scenario(sample())
    with pytest.raises(ValueError, match="frozen"):
        scenario.horizon = 3  # type: ignore[misc]
    copied = pickle.loads(pickle.dumps(scenario))
    assert copied == scenario
    assert copied.resolved() == scenario.resolved()


def test_resolved_is_yaml_and_loads_again_to_an_equal_scenario(tmp_path: Path) -> None:
    text = SAMPLE + "variants:\n  quick: {set: {nodes: {maker: {lead_time: 1 d}}}}\n"
    original = load_scenario(write(tmp_path, text), ["demand.0.poisson.rate=4 /d"], "quick")
    target = tmp_path / "resolved.yaml"
    with target.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(original.resolved(), stream)
    again = load_scenario(target)
    assert again == original
    assert again.variant == "quick"
    assert again.fingerprint() == original.fingerprint()
    assert original.demand[0].value.rate.per_day == pytest.approx(4)  # type: ignore[union-attr]


def test_resolved_data_is_a_copy() -> None:
    scenario = load_scenario(sample())
    scenario.resolved()["items"].clear()
    assert scenario.resolved()["items"]


def test_python_values_in_plain_data() -> None:
    data = sample()
    data["start"] = date(2026, 1, 5)
    data["horizon"] = timedelta(weeks=26)
    data["costs"] = {"holding_rate": np.float64(0.15)}
    data["demand"][1]["flow"]["step"] = "0.5 kg"
    data["experiment"] = {"replications": np.int64(3), "confidence": Decimal("0.9")}
    scenario = load_scenario(data)
    assert scenario.start == datetime(2026, 1, 5)
    assert scenario.horizon == load_scenario(sample()).horizon
    assert (scenario.costs.holding_rate, scenario.experiment.replications) == (0.15, 3)
    assert load_scenario(scenario.resolved()) == scenario
    data["notes"] = [object()]
    assert "object cannot stand in a scenario" in findings_of(data)[0].message


# --- YAML ----------------------------------------------------------------------------------------------------------


def test_yaml_1_2_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SAMPLE.replace("name: sample", "name: no").encode())
    assert load_scenario(path).name == "no"  # not the boolean of YAML 1.1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: [a\nb: c\n", 2, "not YAML"),
        ("name: a: b\n", 1, "not YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "`a` is there twice"),
        ("items:\n  x: {cost: 1 USD, cost: 2 USD}\n", 2, "`cost` is there twice"),
        ("name: !!python/object:os.system x\n", 1, "tag"),
        ("name: !foo x\n", 1, "tag"),
        ("a: &a {b: 1}\n<<: *a\n", 2, "`<<`"),
        ("- a\n- b\n", 1, "not a scenario"),
        ("just text\n", 1, "not a scenario"),
        ("a: 1\n--- \nb: 2\n", 2, "more than one YAML document"),
        ("? [1, 2]\n: 3\n", 1, "key"),
        ("a: &a [*a]\n", 1, "nested"),
        ("horizon: 123456789012345678901234567890\n", 1, "not a usable number"),
        ("name:\n\tx: 1\n", 2, "not YAML"),
    ],
)
def test_texts_that_are_not_a_scenario(tmp_path: Path, text: str, line: int, words: str) -> None:
    found = [finding for finding in findings_of(write(tmp_path, text)) if words in str(finding)]
    assert found
    assert found[0].line == line
    assert found[0].file.endswith("sample.yaml")


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\x00\x00\x00", b"\xff\xfea\x00", b"name: \xe4\n", b"\x00" * 100, b"PK\x03\x04\x14"]
)
def test_binary_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(data)
    assert "not YAML" in findings_of(path)[0].message


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in findings_of(write(tmp_path, "a: " + "[" * 1000))[0].message
    assert "nested too deeply" in findings_of(write(tmp_path, "a: " + "[" * 100 + "]" * 100))[0].message


def test_references_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "values" in findings_of(write(tmp_path, "\n".join(lines)))[0].message


def test_a_200_mb_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)  # sparse: takes no room
    (finding,) = findings_of(path)
    assert "200.0 MB" in finding.message
    assert "table" in finding.hint


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert "no file" in findings_of(tmp_path / "none.yaml")[0].message
    assert "a folder" in findings_of(tmp_path)[0].message
    assert findings_of("a\x00b.yaml")


def test_references_may_be_used_within_bounds(tmp_path: Path) -> None:
    text = SAMPLE.replace("lead_time: 1 d", "lead_time: &day 1 d") + "costs: {holding_rate: 15%}\n"
    text += "trucks:\n  run: {base: depot, stops: [{node: shop, travel_time: *day}], return: {travel_time: *day}, "
    text += "volume: 1 m3, weight: 1 t, when_full: {}}\n"
    assert load_scenario(write(tmp_path, text)).trucks["run"].stops[0].travel_time.constant == 86_400_000


# --- extends -------------------------------------------------------------------------------------------------------


def test_extends_merges_mappings_and_replaces_lists(tmp_path: Path) -> None:
    write(tmp_path)
    text = """\
extends: sample.yaml
horizon: 52 wk
nodes:
  maker: {lead_time: {exponential: {mean: 2 d}}}
lanes:
  - {from: maker, to: [depot, shop]}
items:
  bolt: {cost: 1 USD}
"""
    scenario = load_scenario(write(tmp_path, text, "child.yaml"))
    lead_time = scenario.nodes["maker"].lead_time  # type: ignore[attr-defined]
    assert lead_time.kind == "exponential"
    assert lead_time.gamma is None
    assert scenario.name == "sample"
    assert list(scenario.items) == ["filter", "grease", "bolt"]
    assert len(scenario.lanes) == 1
    assert [file.name for file in scenario.inputs] == ["child.yaml", "sample.yaml"]
    assert load_scenario(scenario.resolved()) == scenario


def test_lines_survive_extends(tmp_path: Path) -> None:
    write(tmp_path, SAMPLE.replace("weight: 300 g", "weight: 300"))
    child = write(tmp_path, "extends: sample.yaml\nname: child\nwarm_up: 3\n", "child.yaml")
    places = {(Path(finding.file).name, finding.line) for finding in findings_of(child)}
    assert places == {("sample.yaml", 6), ("child.yaml", 3)}


def test_null_removes_what_the_base_says(tmp_path: Path) -> None:
    write(tmp_path)
    child = write(tmp_path, "extends: sample.yaml\nwarm_up: null\nnodes: {depot: {echelon: }}\n", "child.yaml")
    scenario = load_scenario(child)
    assert scenario.warm_up == 0
    assert scenario.node("depot").echelon is None


def test_extends_in_a_circle(tmp_path: Path) -> None:
    first = write(tmp_path, "extends: b.yaml\n", "a.yaml")
    write(tmp_path, "extends: a.yaml\n", "b.yaml")
    (finding,) = findings_of(first)
    assert "a.yaml -> b.yaml -> a.yaml" in finding.message


@pytest.mark.parametrize("target", ["../sample.yaml", "/etc/hostname", "sub/../../sample.yaml"])
def test_extends_stays_in_the_folder(tmp_path: Path, target: str) -> None:
    write(tmp_path)
    (tmp_path / "inner" / "sub").mkdir(parents=True)
    (finding,) = findings_of(write(tmp_path / "inner", f"extends: {target}\n"))
    assert "outside" in finding.message
    assert finding.line == 1


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside = write(tmp_path)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.yaml").symlink_to(outside)
    (finding,) = findings_of(write(inner, "extends: link.yaml\n"))
    assert "outside" in finding.message


def test_missing_base_is_named_with_the_near_match(tmp_path: Path) -> None:
    write(tmp_path)
    (finding,) = findings_of(write(tmp_path, "extends: sampel.yaml\n", "child.yaml"))
    assert "sampel.yaml" in finding.message
    assert "sample.yaml" in finding.hint


def test_tables_of_a_base_in_a_folder_below_are_found(tmp_path: Path) -> None:
    below = tmp_path / "base"
    below.mkdir()
    write(below, SAMPLE + "items_table: items.csv\n")
    (below / "items.csv").write_text("item,cost\nbolt,0.10\n")
    scenario = load_scenario(write(tmp_path, "extends: base/sample.yaml\n", "child.yaml"))
    assert scenario.items["bolt"].unit_cost == Fraction(1, 10)
    assert [file.name for file in scenario.inputs] == ["child.yaml", "base/sample.yaml", "base/items.csv"]
    assert scenario.resolved()["items_table"] == "base/items.csv"
    assert scenario.resolved("inputs")["items_table"] == "inputs/base/items.csv"


# --- variants ------------------------------------------------------------------------------------------------------

VARIANTS = """\
base_variant: today
variants:
  direct:
    description: no depot
    set:
      nodes: {depot: null}
      lanes: [{from: maker, to: shop}]
      policies: [{nodes: shop, policy: {kind: r_nQ, reorder_point: 3 d, lot: 5}, items: filter}]
"""


def test_variants(tmp_path: Path) -> None:
    path = write(tmp_path, SAMPLE + VARIANTS)
    today, direct = load_scenario(path), load_scenario(path, variant="direct")
    assert today.variant_names == direct.variant_names == ("today", "direct")
    assert (today.variant, direct.variant) == ("today", "direct")
    assert load_scenario(path, variant="today") == today
    assert list(direct.nodes) == ["maker", "shop"]
    assert direct != today
    assert load_scenario(direct.resolved()) == direct
    assert "did you mean `direct`" in str(findings_of(path, variant="dirct")[0])


def test_findings_in_a_variant_name_its_lines(tmp_path: Path) -> None:
    path = write(tmp_path, SAMPLE + VARIANTS.replace("to: shop}", "to: shoop}"))
    assert load_scenario(path)
    lines = {finding.line for finding in findings_of(path, variant="direct") if "shoop" in finding.message}
    assert lines == {SAMPLE.count("\n") + 7}


def test_variants_cannot_change_variants(tmp_path: Path) -> None:
    path = write(tmp_path, SAMPLE + "variants: {a: {set: {base_variant: b}}}\n")
    assert "cannot set `base_variant`" in findings_of(path, variant="a")[0].message


# --- overrides -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("horizon=90 d", lambda s: s.horizon == 90 * 86_400_000),
        ("lanes.1.lead_time=2 d", lambda s: s.lanes[1].lead_time.constant == 2 * 86_400_000),
        ("lanes.1.lead_time={exponential: {mean: 2 d}}", lambda s: s.lanes[1].lead_time.kind == "exponential"),
        ("lanes.1.lead_time.gamma={mean: 2 d, cv: 1}", lambda s: s.lanes[1].lead_time.kind == "gamma"),
        ("nodes.maker.lead_time.gamma.cv=0.5", lambda s: s.nodes["maker"].lead_time.gamma.cv == 0.5),
        ("experiment.replications=3", lambda s: s.experiment.replications == 3),
        ("items.filter.critical=true", lambda s: s.items["filter"].critical),
        ("warm_up=", lambda s: s.warm_up == 0),
        ("description=a=b", lambda s: s.description == "a=b"),
        (
            "policies.1.policy={kind: min_max, minimum: 0, maximum: 1 d}",
            lambda s: s.policies[1].policy.kind == "min_max",
        ),
        ("policies.0.policy.order_up_to=40", lambda s: s.policies[0].policy.order_up_to.amount == 40),
        ("items.o-ring 3.5={cost: 1 USD}", lambda s: "o-ring 3.5" not in s.items),
    ],
)
def test_overrides(override: str, read: object) -> None:
    if "3.5" in override:
        with pytest.raises(ScenarioError):
            load_scenario(sample(), [override])
        return
    assert callable(read)
    assert read(load_scenario(sample(), [override]))


def test_names_with_dots_can_be_overridden() -> None:
    data = sample()
    data["items"]["o-ring 3.5"] = {"cost": "1 USD"}
    scenario = load_scenario(data, ["items.o-ring 3.5.cost=2 USD"])
    assert scenario.items["o-ring 3.5"].unit_cost == 2


def test_overrides_as_a_mapping_come_last_and_in_order() -> None:
    scenario = load_scenario(sample(), {"horizon": "90 d", "experiment": {"seed": 3}, "experiment.seed": 4})
    assert (scenario.horizon, scenario.experiment.seed) == (90 * 86_400_000, 4)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("horizn=90 d", "did you mean `horizon`"),
        ("horizon", "PATH=VALUE"),
        ("=3", "PATH=VALUE"),
        ("lanes.7.lead_time=2 d", "indices go from 0 to 1"),
        ("lanes.x.lead_time=2 d", "not an index"),
        ("nodes.depott.echelon=x", "did you mean `depot`"),
        ("name.x=3", "nothing below `name`"),
        ("horizon=[", "not YAML"),
        ("horizon=5", "no unit of time"),
        ("items.filter.cots=5 USD", "`cost`"),
    ],
)
def test_overrides_refused(override: str, words: str) -> None:
    assert any(words in str(finding) for finding in findings_of(sample(), overrides=[override]))


def test_all_wrong_overrides_at_once() -> None:
    found = findings_of(sample(), overrides=["lanes.7.to=a", "nodes.x.echelon=b"])
    assert [finding.path for finding in found] == ["lanes.7.to", "nodes.x.echelon"]


# --- names and patterns ----------------------------------------------------------------------------------------------


def test_ranges_of_nodes() -> None:
    data = sample()
    data["nodes"]["shop-{08..10}"] = {"kind": "store"}
    data["nodes"]["shop-09"] = {"echelon": "big"}
    data["lanes"].append({"from": "depot", "to": "shop-{08..10}", "lead_time": "2 d"})
    scenario = load_scenario(data)
    assert [name for name in scenario.nodes if name.startswith("shop-")] == ["shop-08", "shop-09", "shop-10"]
    assert scenario.node("shop-09").echelon == "big"
    assert len(lane_pairs(scenario)) == 5


@pytest.mark.parametrize(
    ("text", "names"),
    [("a", ["a"]), ("a{1..3}", ["a1", "a2", "a3"]), ("{1..2}-{08..09}", ["1-08", "1-09", "2-08", "2-09"])],
)
def test_expand_range(text: str, names: list[str]) -> None:
    assert expand_range(text) == names


@pytest.mark.parametrize("text", ["a{3..1}", "a{1..999999}", "{1..99999}{1..99999}"])
def test_unusable_ranges(text: str) -> None:
    with pytest.raises(ValueError, match=r"runs backwards|stands for more"):
        expand_range(text)
    data = sample()
    data["nodes"][text] = {"kind": "store"}
    assert findings_of(data)


def test_matching_keeps_the_order_of_the_names() -> None:
    names = ["b-1", "a-1", "b-2"]
    assert matching(["b-*", "a-1"], names) == names
    assert matching(["b-2", "b-1"], names) == ["b-1", "b-2"]
    assert matching(["*"], names) == names
    assert matching(["c"], names) == []


# --- where scenarios are found ---------------------------------------------------------------------------------------


def test_locate(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert locate_scenario(str(path)) == (path, None)
    assert locate_scenario(f"{path}@direct") == (path, "direct")
    odd = write(tmp_path, SAMPLE, "a@b.yaml")
    assert locate_scenario(str(odd)) == (odd, None)
    assert locate_scenario("network")[0].name == "network.yaml"
    assert locate_scenario("network@today")[1] == "today"


@pytest.mark.parametrize("text", ["netwrok", "none.yaml", "netwrok@today", "", "@", "a/b", "\x00"])
def test_locate_refuses(text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        locate_scenario(text)
    if text.startswith("netwrok"):
        assert "network" in str(caught.value)


@pytest.mark.parametrize("name", built_in_names())
def test_built_in_scenarios_are_valid(name: str) -> None:
    path, _ = locate_scenario(name)
    base = load_scenario(path)
    assert base.description
    for variant in base.variant_names:
        scenario = load_scenario(path, variant=variant)
        assert scenario.variant == variant
        assert load_scenario(copy.deepcopy(scenario.resolved()), folder=scenario.folder) == scenario


def test_equality_with_something_else() -> None:
    scenario: Scenario = load_scenario(sample())
    assert scenario != "sample"
