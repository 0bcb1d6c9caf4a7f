"""`mro-twin validate`, `schema` and `scenarios`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli
from sim.scenario.loader import load_scenario
from sim.scenario.locate import built_in_names
from sim.scenario.schema import json_schema
from tests.scenario_samples import SAMPLE, write

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_validate_says_ok_for_every_variant(tmp_path: Path) -> None:
    path = write(tmp_path, SAMPLE + "variants: {quick: {set: {horizon: 5 wk}}}\n")
    result = run("validate", path)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ok: sample@base (3 nodes, 2 items, 2 lane entries)",
        "ok: sample@quick (3 nodes, 2 items, 2 lane entries)",
    ]
    assert run("validate", f"{path}@quick").stdout.count("ok:") == 1
    assert run("validate", path, "--variant", "quick", "--set", "horizon=6 wk").exit_code == 0


def test_validate_prints_all_findings_and_writes_nothing(tmp_path: Path) -> None:
    text = SAMPLE.replace("26 wk", "26").replace("echelon", "echelonn")
    path = write(tmp_path, text + "variants: {quick: {set: {warm_up: 5}}}\n")
    result = run("validate", path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "3 findings" in result.stderr
    assert "sample.yaml:3: horizon" in result.stderr
    assert "did you mean `echelon`" in result.stderr
    assert "warm_up: 5 has no unit of time" in result.stderr
    assert "Traceback" not in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["sample.yaml"]


def test_validate_finds_faults_of_variants(tmp_path: Path) -> None:
    result = run("validate", write(tmp_path, SAMPLE + "variants:\n  quick: {set: {warm_up: 5}}\n"))
    assert result.exit_code == 2
    assert f"sample.yaml:{SAMPLE.count(chr(10)) + 2}: warm_up" in result.stderr


def test_faults_of_the_base_do_not_hide_those_of_variants(tmp_path: Path) -> None:
    text = SAMPLE.replace("horizon: 26 wk", "horizon: 26") + "variants:\n  quick: {set: {warm_up: 5}}\n"
    result = run("validate", write(tmp_path, text))
    assert result.exit_code == 2
    assert "2 findings" in result.stderr
    assert "sample.yaml:3: horizon" in result.stderr
    assert f"sample.yaml:{SAMPLE.count(chr(10)) + 2}: warm_up" in result.stderr


def test_validate_finds_items_that_no_lane_delivers(tmp_path: Path) -> None:
    result = run(
        "validate",
        write(tmp_path, SAMPLE.replace("{from: maker, to: depot,", "{from: maker, to: depot, items: grease,")),
    )
    assert result.exit_code == 2
    assert "sample.yaml:19: policies.0: no lane brings filter to depot" in result.stderr


def test_validate_finds_a_minimum_order_that_does_not_fit_all_items(tmp_path: Path) -> None:
    text = SAMPLE.replace("{kind: supplier,", "{kind: supplier, minimum_order: 5,")
    result = run("validate", write(tmp_path, text))
    assert result.exit_code == 2
    assert "sample.yaml:9: nodes.maker.minimum_order: item `grease`: 5 pieces" in result.stderr
    own = text.replace("minimum_order: 5,", "minimum_order: 5, items: {grease: {minimum_order: 1 kg}},")
    assert run("validate", write(tmp_path, own)).exit_code == 0


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "{}"])
def test_validate_an_empty_file(tmp_path: Path, text: str) -> None:
    result = run("validate", write(tmp_path, text))
    assert result.exit_code == 2
    assert "1 finding" in result.stderr
    assert "sample.yaml: the file is empty" in result.stderr


def test_one_is_one(tmp_path: Path) -> None:
    text = "\n".join(line for line in SAMPLE.splitlines() if "grease" not in line)
    assert run("validate", write(tmp_path, text)).stdout == "ok: sample@base (3 nodes, 1 item, 2 lane entries)\n"


def test_a_built_in_scenario_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "\n  network.yaml:3: variants: there is no variant `tody`" in run("validate", "network@tody").stderr


def test_validate_json(tmp_path: Path) -> None:
    good = json.loads(run("validate", write(tmp_path), "--json").stdout)
    assert good == {"ok": True, "findings": []}
    result = run("validate", write(tmp_path, SAMPLE.replace("26 wk", "26")), "--json")
    assert result.exit_code == 2
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["line"], finding["path"]) == (3, "horizon")
    assert finding["hint"]


@pytest.mark.parametrize("name", ["none.yaml", "netwrok", "/", "network@tody"])
def test_validate_unknown_scenario(name: str) -> None:
    result = run("validate", name)
    assert result.exit_code == 2
    assert "1 finding" in result.stderr


def test_scenarios_lists_each_with_one_line() -> None:
    result = run("scenarios")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == built_in_names()
    assert all(len(line.split()) > 3 for line in result.stdout.splitlines())
    assert [one["name"] for one in json.loads(run("scenarios", "--json").stdout)] == built_in_names()


def fresh(*arguments: str) -> str:
    """What a new process prints, which knows no policy that another test has registered."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_schema_describes_every_field() -> None:
    assert json.loads(run("schema").stdout) == json.loads(json.dumps(json_schema()))
    schema = json.loads(fresh("mro_twin", "schema"))
    described = 0
    for name, definition in {"Scenario": schema, **schema["$defs"]}.items():
        for field, content in definition.get("properties", {}).items():
            assert content.get("description"), f"{name}.{field}"
            described += 1
    assert described > 150
    assert schema["additionalProperties"] is False


def test_schema_references_lead_somewhere() -> None:
    schema = json_schema()
    text = json.dumps(schema)
    references = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert references <= set(schema["$defs"])


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "scenario-reference.md").read_text(encoding="utf-8")
    assert page == fresh("sim.scenario.schema"), "run: python -m sim.scenario.schema > docs/scenario-reference.md"


def test_built_in_scenarios_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("validate", "network").exit_code == 0
    write(tmp_path, SAMPLE, "network")  # a file of that name comes first
    assert load_scenario("network").name == "sample"
    assert "sample@base" in run("validate", "network").stdout
