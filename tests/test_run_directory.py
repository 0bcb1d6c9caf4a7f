"""The run directory: what is in it, that it explains itself, and what happens when it cannot be written."""

import errno
import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sim.run.simulation
from sim.errors import RunDirectoryError
from sim.record.arrays import ARRAY_TABLES
from sim.record.layouts import FORECAST_TABLES, ORDERS, PLANT_TABLES, TABLES
from sim.record.records import Recorder
from sim.run.directory import RunDirectory, reason
from sim.run.manifest import Manifest
from sim.run.plain_yaml import yaml_text
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import load_scenario
from tests.fake_engine import SCENARIO, fake_network, fake_simulate
from tests.hand_records import chain_network


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.run.simulation, "network_of", fake_network)
    monkeypatch.setattr(sim.run.simulation, "simulate_lazily", fake_simulate)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a scenario that reads a table from a file beside it."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "stocking.csv").write_text("node,item,policy,level\nshop,filter,base_stock,5\n")
    (folder / "fake.yaml").write_text(json.dumps(SCENARIO | {"stocking_table": "stocking.csv"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sim.run.simulation, "network_of", fake_network)
        patch.setattr(sim.run.simulation, "simulate_lazily", fake_simulate)
        result = run_scenario(
            load_scenario(folder / "fake.yaml", ["experiment.seed=9"]), RunOptions(replications=2, out=folder / "runs")
        )
    assert result.path is not None
    return result.path


def test_layout(run: Path) -> None:
    assert re.fullmatch(r"\d{8}-\d{6}-fake-[0-9a-f]{6}", run.name)
    assert {path.name for path in run.iterdir()} == {
        "manifest.json",
        "scenario.resolved.yaml",
        "inputs",
        "network",
        "replications",
        "kpis.parquet",
        "summary.json",
        "README.md",
    }
    assert sorted(path.name for path in (run / "replications").iterdir()) == ["0000", "0001"]
    tables = {path.stem for path in (run / "replications" / "0000").iterdir()}
    special = {one.name for one in (*FORECAST_TABLES, *PLANT_TABLES)}  # nothing is forecast here, and no plant
    assert tables == {"kpis", *ARRAY_TABLES, *TABLES} - {"events"} - special


def test_readme_names_every_table_and_column(run: Path) -> None:
    text = (run / "README.md").read_text()
    for folder in ("replications/0000", "network"):
        for file in (run / folder).glob("*.parquet"):
            assert f"{file.name}" in text, file.name
    for layout in TABLES.values():
        for column in layout.columns:
            assert f"| {column.name} | {column.unit} |" in text


def test_manifest_says_what_was_run(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["name"], manifest["seed"], manifest["replications"]) == ("fake", 9, 2)
    assert (manifest["status"], manifest["finished"]) == ("complete", 2)
    assert len(manifest["scenario_hash"]) == 64
    assert set(manifest["inputs"]) == {"fake.yaml", "stocking.csv"}
    assert set(manifest["timings"]) == {"0", "1"}
    assert manifest["timings"]["0"]["cpu_seconds"] >= 0
    assert {"python", "numpy", "simpy", "pyarrow"} <= set(manifest["versions"])
    assert (manifest["start"], manifest["currency"], manifest["minor_digits"]) == ("2026-01-05T00:00:00", "USD", 2)
    assert (manifest["warm_up_ms"], manifest["horizon_ms"]) == (2 * 86_400_000, 10 * 86_400_000)
    assert Manifest.from_json((run / "manifest.json").read_text()).name == "fake"


def test_resolved_scenario_runs_again(run: Path) -> None:
    """It has the overrides in it and finds its table in inputs/, so the directory needs nothing from outside."""
    again = load_scenario(run / "scenario.resolved.yaml")
    assert again.experiment.seed == 9
    assert again.stocking is not None
    assert (run / "inputs" / "stocking.csv").read_text().endswith("shop,filter,base_stock,5\n")


def test_summary_holds_means_of_network_and_echelons(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    lines = summary["network"]["network"]["demand_lines"]
    assert (lines["mean"], lines["n"], lines["unit"]) == (95.5, 2, "lines")
    assert lines["half_width"] == pytest.approx(12.7062047 * 0.5, rel=1e-6)  # Student's t with one degree of freedom
    assert set(summary["echelon"]) == {"store", "warehouse"}


def test_row_numbers_lead_to_names(run: Path) -> None:
    network = {name: pq.read_table(run / "network" / f"{name}.parquet") for name in ("nodes", "items", "stock_points")}
    order = pq.read_table(run / "replications" / "0000" / "orders.parquet").to_pylist()[3]
    point = network["stock_points"].to_pylist()[order["stock_point"]]
    assert network["nodes"]["name"][point["node"]].as_py() == "node-1"
    assert network["items"]["name"][point["item"]].as_py() == "item-0"
    assert point["source"] == order["source"]


@pytest.mark.parametrize(
    "text", ["true", "No", "12", "1.5", "~", "", "a: b", "# x", "- x", "naïve ±", 'say "x"', "2 wk", "*"]
)
def test_text_stays_text_in_yaml(text: str) -> None:
    from ruamel.yaml import YAML

    data = {"text": text, text or "x": 1, "list": [text, {"deep": [[1, 2.5], []], "none": None}, True], "empty": {}}
    assert YAML(typ="safe", pure=True).load(yaml_text(data)) == data


# --- whole or not at all ----------------------------------------------------------------------------------------------
def test_a_table_has_no_name_until_it_is_whole(tmp_path: Path) -> None:
    recorder = Recorder(chain_network(), 1, 0, tmp_path, capacity=1)
    recorder.orders.append(1, 0, 2, 3, 0, 0)
    recorder.orders.append(2, 0, 2, 3, 0, 0)
    assert not list(tmp_path.glob("*.parquet"))
    recorder.orders.close()
    assert [path.name for path in tmp_path.glob("*.parquet")] == ["orders.parquet"]
    table = pq.read_table(tmp_path / "orders.parquet")
    assert table["time_ms"].to_pylist() == [1, 2]
    assert table.column_names == [column.name for column in ORDERS.columns]
    recorder.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["orders.parquet"]


def test_memory_and_file_hold_the_same(tmp_path: Path) -> None:
    tables = []
    for folder in (None, tmp_path):
        recorder = Recorder(chain_network(), 1, 0, folder, capacity=3)
        recorder.orders.extend(range(10), 0, 2, [2] * 10, 0, 0)
        recorder.orders.close()
        memory = {} if folder else {"orders": recorder._memory["orders"].table()}
        tables.append(memory.get("orders") or pq.read_table(tmp_path / "orders.parquet"))
    assert isinstance(tables[0], pa.Table)
    assert tables[0].to_pydict() == tables[1].to_pydict()
    assert tables[0]["time_ms"].to_pylist() == list(range(10))


def test_a_half_written_replication_is_none(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)

    def fail_half_way() -> None:
        with run.writing(3) as folder:
            (folder / "orders.parquet").write_text("half")
            assert run.finished() == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert run.finished() == []
    assert not list((tmp_path / "replications").iterdir())
    with run.writing(3):
        pass
    assert run.finished() == [3]


def test_what_a_crash_left_behind_is_no_replication(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    (tmp_path / "replications" / "0001.part").mkdir(parents=True)
    (tmp_path / "replications" / "0000").mkdir()
    assert run.finished() == [0]
    run.remove_parts()
    assert [path.name for path in (tmp_path / "replications").iterdir()] == ["0000"]


# --- what can go wrong ------------------------------------------------------------------------------------------------
def test_a_read_only_place_is_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir = Path.mkdir

    def refuse(self: Path, *args: int, **options: bool) -> None:
        if tmp_path in self.parents:
            raise OSError(errno.EROFS, "Read-only file system", str(self))
        mkdir(self, *args, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunDirectoryError, match=r"no permission to write there .*choose another folder with --out"):
        run_scenario(load_scenario(SCENARIO), RunOptions(out=tmp_path / "runs"))
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(RunDirectoryError, match=r"made in the folder .*runs: .*another with --out"):
        run_scenario(load_scenario(SCENARIO), RunOptions(out=tmp_path / "runs"))


def test_a_directory_that_cannot_be_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sim.run.directory.write_network", full)
    with pytest.raises(RunDirectoryError, match="the disk is full"):
        run_scenario(load_scenario(SCENARIO), RunOptions(out=tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 2, "name": "x"}'])
def test_a_damaged_manifest_is_named(run: Path, tmp_path: Path, text: str) -> None:
    copy = tmp_path / run.name
    shutil.copytree(run, copy)
    (copy / "manifest.json").write_text(text)
    with pytest.raises(RunDirectoryError, match=r"manifest\.json cannot be read"):
        RunDirectory.find(copy, "fake", "base").manifest()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"), "disk is full"),
        (OSError(errno.EACCES, "Permission denied"), "no permission"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_reasons_are_in_words(error: OSError, words: str) -> None:
    assert words in reason(error)
