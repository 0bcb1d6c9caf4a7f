"""`mro-twin explain` as it is called: text, JSON, lists, times, and everything that can be asked wrongly."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli
from tests.explain_samples import chain, run_of, with_lines


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["explain", *(str(one) for one in arguments)])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One large line on 2 March at 13:00, after which the shop is short for two days; nobody asks the depot itself."""
    folder = tmp_path_factory.mktemp("explain")
    data = chain()
    data["nodes"]["office"] = {"kind": "store"}
    data["lanes"].append({"from": "depot", "to": "office", "lead_time": "1 d"})
    data["items"]["ring"] = {"cost": "2 USD"}
    data["policies"].append({"nodes": "office", "items": "seal", "policy": {"kind": "base_stock", "level": 3}})
    data["policies"][0]["items"] = data["policies"][1]["items"] = "seal"
    data["policies"].append({"nodes": ["shop", "depot"], "items": "ring", "policy": {"kind": "base_stock", "level": 2}})
    return run_of(with_lines(data, folder, "2026-03-02T13:00,shop,seal,25"), folder)


def test_text_is_a_tree_that_ends_with_the_root_cause(run: Path) -> None:
    done = call(run, "shop/seal", "--at", "2026-03-02 13:00")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2026-03-02 13:00:00: a customer asked shop for 25 and got ")
    assert lines[1].startswith("  - on the shelf then: ")
    assert any(line.startswith("    - was under way 1.0 d") for line in lines)
    assert "It was short because one line at shop asked for 25" in done.stdout
    assert str(run) in lines[-1]
    assert done.stderr == ""


def test_the_default_is_the_line_that_waited_longest(run: Path) -> None:
    listed = json.loads(call(run, "shop/seal", "--list", "--json").stdout)["lines"]
    chosen = json.loads(call(run, "shop/seal", "--json").stdout)["line"]
    assert len(listed) > 1
    assert chosen["wait_ms"] == max(one["wait_ms"] for one in listed)
    assert chosen in listed


def test_json_says_the_same_as_data(run: Path) -> None:
    done = call(run, "shop/seal", "--at", "2026-03-02T13:00", "--json")
    document = json.loads(done.stdout)
    assert document["stock_point"] == "shop/seal"
    assert (document["line"]["at"], document["line"]["quantity"]) == ("2026-03-02T13:00:00", 25)
    assert [one["cause"] for one in document["causes"] if one["main"]] == ["large_line"]
    assert document["causes"][0]["text"] in document["summary"]
    assert document["explanation"]["below"][0]["figures"]["waiting"] == 0
    assert document["short_lines"] == len(json.loads(call(run, "shop/seal", "--list", "--json").stdout)["lines"])


def test_list_names_time_quantity_and_wait(run: Path) -> None:
    lines = call(run, "shop/seal", "--list").stdout.splitlines()
    assert lines[0].startswith("2026-03-02 13:00:00  ")
    assert " of 25 short, waited " in lines[0]


@pytest.mark.parametrize("at", ["2026-03-02", "2026-03-02 13:00", "2026-03-02T13:00:00", "56 d", "1357 h", "8 wk"])
def test_times_may_be_written_in_many_ways(run: Path, at: str) -> None:
    listed = json.loads(call(run, "shop/seal", "--list", "--json", "--at", at).stdout)["lines"]
    assert listed[0]["at"].startswith("2026-03-02T")


def test_a_time_at_which_a_customer_waited_will_do(run: Path) -> None:
    line = json.loads(call(run, "shop/seal", "--at", "2026-03-02 13:30", "--json").stdout)["line"]
    assert line["at"] == "2026-03-02T13:00:00"


def test_a_folder_of_runs_stands_for_the_newest(run: Path) -> None:
    assert json.loads(call(run.parent, "shop/seal", "--json").stdout)["run_directory"] == str(run)


def test_simulating_again_is_said_on_stderr(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / run.name
    shutil.copytree(run, copy)
    (copy / "replications" / "0000" / "events.parquet").unlink()
    done = call(copy, "shop/seal", "--at", "2026-03-02 13:00")
    assert done.exit_code == 0
    assert "the run kept no event log: simulating replication 0 again" in done.stderr
    assert done.stdout.replace(str(copy), str(run)) == call(run, "shop/seal", "--at", "2026-03-02 13:00").stdout


def test_a_changed_scenario_is_refused_as_a_broken_invariant(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / run.name
    shutil.copytree(run, copy)
    (copy / "replications" / "0000" / "events.parquet").unlink()
    scenario = copy / "scenario.resolved.yaml"
    scenario.write_text(scenario.read_text().replace("2 /d", "3 /d"))
    done = call(copy, "shop/seal")
    assert done.exit_code == 3
    assert "its orders differ from the recorded ones" in done.stderr
    assert done.stdout == ""


# --- policies of the user's own ---------------------------------------------------------------------------------------
POLICY = """\
from typing import Literal
from policies.custom import CustomPolicy, policy

@policy("explain_mine")
class Mine(CustomPolicy):
    kind: Literal["explain_mine"] = "explain_mine"

    def decide(self, view):
        return (6 - view.position) * (view.position < 2)
"""
IN_A_NEW_PROCESS = "import sys; from mro_twin.cli import cli; cli(sys.argv[1:])"


def test_a_run_with_a_policy_of_the_users_own(tmp_path: Path) -> None:
    """With the event log its file is not needed; without it, it is asked for by the name of the option."""
    mine, scenario = tmp_path / "mine.py", tmp_path / "mine.yaml"
    mine.write_text(POLICY)
    data = chain(horizon="40 d")
    data["policies"][1]["policy"] = {"kind": "explain_mine"}
    scenario.write_text(json.dumps(data))

    def new_process(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", IN_A_NEW_PROCESS, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    made = new_process("run", scenario, "--policies", mine, "-r", 1, "--out", tmp_path / "runs", "--events")
    assert made.returncode == 0, made.stderr
    (path,) = (tmp_path / "runs").iterdir()
    recorded = new_process("explain", path, "shop/seal")
    assert (recorded.returncode, recorded.stderr) == (0, "")
    (path / "replications" / "0000" / "events.parquet").unlink()
    without = new_process("explain", path, "shop/seal")
    assert without.returncode == 2
    assert "unknown kind `explain_mine`" in without.stderr
    assert "give their file here, too: --policies FILE" in without.stderr
    again = new_process("explain", path, "shop/seal", "--policies", mine)
    assert (again.returncode, again.stdout) == (0, recorded.stdout)


# --- asked wrongly ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shop"], "'shop' is no stock point: write NODE/ITEM, such as `"),
        (["shp/seal"], "there is no node 'shp' in this run (did you mean `shop`?)"),
        (["shop/seel"], "there is no item 'seel' in this run (did you mean `seal`?)"),
        (["shp/seel"], "did you mean `shop`?); there is no item 'seel'"),
        (["maker/seal"], "maker is a supplier, which is never short; name a node that it delivers to"),
        (["office/ring"], "office neither holds ring nor is asked for it (it has seal)"),
        (["office/seal"], "nobody asked for office/seal in replication 0: no customer, no order from downstream"),
        (["depot/ring"], "nobody asked for depot/ring"),
        (["shop/seal", "--replication", 3], "holds no whole replication 3 (whole are 0)"),
        (
            ["shop/seal", "--at", "2026-02-01 10:00"],
            "the nearest short line is that of 2026-03-02 13:00:00 (56.5 d after",
        ),
        (["shop/seal", "--at", "noon"], "--at noon: "),
        (["shop/seal", "--at", "2026-13-01"], "'2026-13-01' is not a date"),
        (["shop/seal", "--at", "-3 d"], "is negative"),
        (["shop/seal", "--at", "2031-01-01"], "the run goes from 2026-01-05 00:00:00 over 120.0 d"),
        (["shop/seal", "--at", "40 wk"], "the run goes from"),
    ],
)
def test_questions_that_cannot_be_answered(run: Path, arguments: list[object], message: str) -> None:
    done = call(run, *arguments)
    assert done.exit_code == 2, done.stderr
    assert message in done.stderr
    assert done.stdout == ""


def test_no_run(tmp_path: Path) -> None:
    done = call(tmp_path / "nowhere", "shop/seal")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no folder" in done.stderr
    done = call(tmp_path, "shop/seal")
    assert done.exit_code == 2
    assert "is not a run directory and holds none; make one with `mro-twin run SCENARIO`" in done.stderr


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (
            '{"format": 1, "versions": {"mro-twin": "0.0.9"}}',
            "was written by mro-twin 0.0.9 in format 1; this is mro-twin ",
        ),
        ('{"format": 99}', "was written by mro-twin unknown in format 99"),
        ("[1, 2]", "is not a run directory: manifest.json is not one of ours"),
        ("not json", "cannot be read"),
    ],
)
def test_run_directories_of_others(tmp_path: Path, manifest: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    done = call(tmp_path, "shop/seal")
    assert done.exit_code == 2
    assert message in done.stderr


def test_comparisons_and_sweeps_are_no_runs(run: Path, tmp_path: Path) -> None:
    """They are told for what they are when named, and passed over when the newest run is looked for."""
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / run.name)
    comparison, sweep = folder / "29991231-235958-compare-chain-aaaaaa", folder / "29991231-235959-sweep-chain-bbbbbb"
    shutil.copytree(run, comparison / "variants" / "now")
    (comparison / "manifest.json").write_text('{"format": 1, "kind": "comparison", "versions": {"mro-twin": "1"}}')
    sweep.mkdir()
    (sweep / "sweep.json").write_text("{}")
    named = call(comparison, "shop/seal")
    assert named.exit_code == 2
    assert "is a comparison; name one of the runs in " in named.stderr
    assert f"{comparison / 'variants'}, such as now" in named.stderr
    assert "is a sweep, which keeps KPIs only" in call(sweep, "shop/seal").stderr
    newest = json.loads(call(folder, "shop/seal", "--json").stdout)
    assert newest["run_directory"] == str(folder / run.name)


@pytest.mark.parametrize("file", ["network/nodes.parquet", "replications/0000/shipments.parquet"])
def test_damaged_files_are_named(run: Path, tmp_path: Path, file: str) -> None:
    copy = tmp_path / run.name
    shutil.copytree(run, copy)
    (copy / file).write_bytes(b"PAR1 nonsense")
    done = call(copy, "shop/seal")
    assert done.exit_code == 2
    assert f"{copy / file} cannot be read" in done.stderr
    (copy / file).unlink()
    assert call(copy, "shop/seal").exit_code == 2


def test_never_short(run: Path) -> None:
    done = call(run, "shop/ring")
    assert done.exit_code == 2
    assert "nobody asked for shop/ring" in done.stderr


def test_that_nothing_was_short_is_an_answer(tmp_path: Path) -> None:
    path = run_of(chain(horizon="30 d"), tmp_path)
    done = call(path, "shop/seal")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "no line was short at shop/seal in replication 0: all " in done.stdout
    assert json.loads(call(path, "shop/seal", "--json").stdout)["short_lines"] == 0


def test_a_time_is_read_before_anything_is_simulated(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / run.name
    shutil.copytree(run, copy)
    (copy / "replications" / "0000" / "events.parquet").unlink()
    done = call(copy, "shop/seal", "--at", "noon")
    assert done.exit_code == 2
    assert "--at noon: " in done.stderr
    assert "simulating" not in done.stderr
