"""Variants that start from another scenario file."""

from pathlib import Path

import pytest

from sim.scenario import ScenarioError, load_scenario
from tests.scenario_samples import SAMPLE, write

STAGES = """
extends: sample.yaml
name: stages
horizon: 20 wk
warm_up: 1 wk
claims:
  - {says: more, kpi: stock_value, variant: later, reported: +5 %}
variants:
  later: {extends: other.yaml, set: {horizon: 30 wk}}
  same: {set: {horizon: 10 wk}}
"""


def test_a_variant_starts_from_its_file_and_keeps_the_name(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, SAMPLE.replace("warm_up: 4 wk", "warm_up: 2 wk").replace("2026-01-05", "2027-01-04"), "other.yaml")
    file = write(tmp_path, STAGES, "stages.yaml")
    base, later, same = (load_scenario(file, variant=name) for name in (None, "later", "same"))
    assert (base.name, later.name, same.name) == ("stages", "stages", "stages")
    weeks = [one.horizon // (7 * 86_400_000) for one in (base, later, same)]
    assert weeks == [20, 30, 10]
    assert [one.start.year for one in (base, later, same)] == [2026, 2027, 2026]
    assert [one.warm_up // (7 * 86_400_000) for one in (base, later, same)] == [1, 2, 1]
    assert [claim.against for claim in later.claims] == ["base"]
    assert {file.name for file in later.inputs} == {"stages.yaml", "sample.yaml", "other.yaml"}
    assert load_scenario(later.resolved()) == later


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("../other.yaml", "leads outside the scenario's folder"),
        ("missing.yaml", "there is no file `missing.yaml`"),
        ("stages.yaml", "files extend each other in a circle"),
    ],
)
def test_files_of_variants_that_cannot_be_used(tmp_path: Path, extends: str, message: str) -> None:
    write(tmp_path)
    circle = "extends: stages.yaml\nname: circle\n"
    write(tmp_path, circle, "circle.yaml")
    target = "circle.yaml" if extends == "stages.yaml" else extends
    file = write(tmp_path, STAGES.replace("other.yaml", target), "stages.yaml")
    load_scenario(file)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, variant="later")
    assert message in str(caught.value)


def test_plain_data_cannot_extend_a_file_in_a_variant() -> None:
    data = {"name": "plain", "variants": {"later": {"extends": "other.yaml"}}}
    with pytest.raises(ScenarioError, match="plain data cannot extend a file"):
        load_scenario(data, variant="later")
