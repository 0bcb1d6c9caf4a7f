"""`mro-twin trace` as it is called: text, JSON, lists, names, wrong questions, damaged records, runs from a state."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import ScenarioError, load_scenario
from tests.explain_samples import chain, run_of
from tests.plant_run_samples import plant_run


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["trace", *(str(one) for one in arguments)])


def scenario() -> dict[str, Any]:
    """The chain with the lots of its seals tracked, and an item beside whose lots are not."""
    data = copy.deepcopy(chain(horizon="60 d"))
    data["items"]["seal"] |= {"lots": "fefo", "shelf_life": "90 d", "certificate": True}
    data["items"]["rag"] = {"cost": "1 USD"}
    data["policies"].append({"nodes": ["shop", "depot"], "items": "rag", "policy": {"kind": "base_stock", "level": 2}})
    data["policies"][0]["items"] = data["policies"][1]["items"] = "seal"
    return data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of(scenario(), tmp_path_factory.mktemp("trace"), events=False)


def lots_of(run: Path, *options: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call(run, "--list", "--json", *options).stdout)["lots"]
    return found


def moved_lot(run: Path) -> int:
    """A lot that the maker brought and that went to the shop as well."""
    both = {one["lot"] for one in lots_of(run, "--node", "shop")}
    return next(one["lot"] for one in lots_of(run) if one["lot"] in both and one["node"] == "depot" and one["lot"] > 1)


def test_the_story_of_a_lot(run: Path) -> None:
    lot = moved_lot(run)
    done = call(run, "--lot", lot)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"lot {lot} of seal: ")
    assert lines[1].startswith("certificate seal/2026")
    assert lines[1].endswith(f"-{lot:06d}")
    assert any(" received at depot from maker, order " in line for line in lines)
    assert any(" moved from depot to shop" in line for line in lines)
    assert any(line.endswith("issued to customers at shop") for line in lines)
    assert lines[-1].endswith("in all: every unit of the lot, once")
    assert done.stderr == ""


def test_json_says_the_same_as_data_and_adds_up(run: Path) -> None:
    for lot in lots_of(run):
        document = json.loads(call(run, "--lot", lot["lot"], "--json").stdout)
        assert sum(one["quantity"] for one in document["ends"]) == document["quantity"] == lot["quantity"]
        shelf = sum(one["quantity"] for one in document["ends"] if one["what"] == "on the shelf at the end")
        assert shelf == lot["on_shelf"]
        assert [one["time_ms"] for one in document["movements"]] == sorted(
            one["time_ms"] for one in document["movements"]
        )


def test_a_lot_is_known_by_its_certificate(run: Path) -> None:
    one = lots_of(run)[-1]
    assert call(run, "--lot", one["certificate"]).stdout == call(run, "--lot", one["lot"]).stdout
    other = one["certificate"].replace("seal", "ring")
    assert f"there is no lot '{other}' in replication 0" in call(run, "--lot", other).stderr


def test_lists_by_item_and_node(run: Path) -> None:
    every = lots_of(run)
    assert [one["lot"] for one in every] == list(range(len(every)))
    assert lots_of(run, "--item", "seal") == every
    assert lots_of(run, "--item", "rag") == []
    shop = lots_of(run, "--node", "shop")
    assert 0 < len(shop) < len(every)
    text = call(run, "--node", "shop").stdout.splitlines()
    assert len(text) == len(shop)
    assert text[0].startswith("lot 0  seal  2026-01-05 00:00:00  8 at shop, ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--lot", "999"], "there is no lot '999' in replication 0 (it has "),
        (["--item", "sael"], "there is no item 'sael' in this run (did you mean `seal`?"),
        (["--node", "shoop"], "there is no node 'shoop' in this run"),
        (["--lot", "0", "--node", "depot"], "lot 0 of seal was never at depot"),
        (["--lot", "0", "--item", "rag"], "lot 0 is of seal, not of rag"),
        (["--person", "7"], "the run has no persons"),
        (["--machine", "press"], "the run has no machines"),
        (["--replication", "3"], "holds no whole replication 3"),
        (["--lot", "0", "--list"], "--lot goes with neither"),
        (["--person", "7", "--item", "seal"], "--person and --machine go without"),
    ],
)
def test_wrong_questions(run: Path, arguments: list[str], words: str) -> None:
    done = call(run, *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("transfers", "item seal at node "),
        ("lot_layers", "item seal at node "),
        ("lot_issues", "item seal at node shop: issues of all lots should be "),
    ],
)
def test_a_unit_too_many_is_a_broken_invariant(run: Path, tmp_path: Path, table: str, words: str) -> None:
    folder = tmp_path / run.name
    shutil.copytree(run, folder)
    file = folder / "replications" / "0000" / f"{table}.parquet"
    content = pq.read_table(file)
    units = "issued" if table == "lot_issues" else "quantity"
    more = content[units].to_numpy().copy()
    more[-1] += 1
    pq.write_table(content.set_column(content.column_names.index(units), units, pa.array(more)), file)
    done = call(folder, "--lot", 0)
    assert done.exit_code == 3
    assert done.stderr.startswith("mro-twin: the lots of replication 0 do not add up, at ")
    assert words in done.stderr
    assert done.stdout == ""


def test_a_missing_table_is_named(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / run.name
    shutil.copytree(run, folder)
    (folder / "replications" / "0000" / "lot_layers.parquet").unlink()
    done = call(folder)
    assert done.exit_code == 2
    assert "lot_layers.parquet cannot be read" in done.stderr


def test_a_run_from_a_state_says_what_is_gone_before(tmp_path: Path) -> None:
    """Lots that were there already are known by what was left of them; their stories add up all the same."""
    model = load_scenario(scenario())
    saved = run_scenario(model, RunOptions(seed=1, out=tmp_path / "first", save_state_ms=30 * 86_400_000)).path
    assert saved is not None
    state = saved / "replications" / "0000" / "state"
    later = run_scenario(model, RunOptions(seed=1, out=tmp_path / "later", from_state=state)).path
    assert later is not None
    before = 0
    for lot in lots_of(later):
        document = json.loads(call(later, "--lot", lot["lot"], "--json").stdout)
        assert sum(one["quantity"] for one in document["ends"]) == lot["quantity"]
        before += sum(one["quantity"] for one in document["ends"] if one["what"] == "gone before the records begin")
        whole = json.loads(call(saved, "--lot", lot["lot"], "--json").stdout)
        left = [one for one in whole["ends"] if one["what"] != "issued to customers"]
        assert [one for one in document["ends"] if one["what"].endswith("at the end")] == left
    assert before > 0


def test_a_certificate_needs_lots() -> None:
    data = scenario()
    data["items"]["rag"]["certificate"] = True
    with pytest.raises(ScenarioError, match="`certificate: true` where no lots are tracked"):
        load_scenario(data)


# --- plants -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant_run(tmp_path_factory.mktemp("plant"), replications=1)


def test_every_lot_of_a_plant_adds_up_and_draws_have_names(plant: Path) -> None:
    named = 0
    for lot in lots_of(plant, "--node", "shelf")[:30]:
        document = json.loads(call(plant, "--lot", lot["lot"], "--json").stdout)
        assert sum(one["quantity"] for one in document["ends"]) == document["quantity"]
        draws = [one for one in document["movements"] if one["what"] == "drawn by a person"]
        assert all(one["person"].startswith("works/") and one["node"] == "shelf" for one in draws)
        assert all(one["machine"].startswith("works/") and one["work_order"] >= 0 for one in draws)
        named += len(draws)
    assert named > 0


@pytest.mark.parametrize(
    ("option", "name", "number"), [("person", "works/fitters/1", 0), ("machine", "works/turning/lathe-1", 0)]
)
def test_draws_of_a_person_and_for_a_machine(plant: Path, option: str, name: str, number: int) -> None:
    draws = json.loads(call(plant, f"--{option}", name, "--json").stdout)["draws"]
    used = pq.read_table(plant / "replications" / "0000" / "usage.parquet").to_pylist()
    assert [one["quantity"] for one in draws] == [row["quantity"] for row in used if row[option] == number]
    assert {one[option] for one in draws} == {name}
    assert call(plant, f"--{option}", number).stdout == call(plant, f"--{option}", name).stdout
    assert call(plant, f"--{option}", name).stdout.splitlines()[-1].endswith("--all prints them, --json too")
    assert len(call(plant, f"--{option}", name, "--all").stdout.splitlines()) == len(draws)


def test_a_draw_that_is_not_in_the_log_is_a_broken_invariant(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / plant.name
    shutil.copytree(plant, folder)
    file = folder / "replications" / "0000" / "usage.parquet"
    table = pq.read_table(file)
    tracked = [row for row, lot in enumerate(table["lot"].to_pylist()) if lot >= 0]
    pq.write_table(table.take([row for row in range(len(table)) if row != tracked[3]]), file)
    done = call(folder)
    assert done.exit_code == 3
    assert "at node " in done.stderr
    assert ": stock of lot " in done.stderr
