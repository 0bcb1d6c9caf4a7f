"""Replications in one process or several: same results, whole directories, errors that lose nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import sim.run.simulation
from sim.build.network_builder import build_network
from sim.engine import simulate_replication
from sim.errors import ConservationError, RunDirectoryError, RunFailedError, RunInterruptedError
from sim.run.directory import RunDirectory
from sim.run.experiment import Plan, run_replications
from sim.run.result import Result
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario, load_scenario
from tests.fake_engine import SCENARIO, fake_network, fake_prepare, fake_simulate
from tests.hand_records import chain_network

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.run.simulation, "network_of", fake_network)
    monkeypatch.setattr(sim.run.simulation, "simulate_lazily", fake_simulate)
    monkeypatch.setattr(sim.run.simulation, "prepare_lazily", fake_prepare)


@pytest.fixture
def scenario() -> Scenario:
    return load_scenario(SCENARIO)


def behave(monkeypatch: pytest.MonkeyPatch, **behaviour: object) -> None:
    monkeypatch.setenv("FAKE_ENGINE", json.dumps(behaviour))


def the_run(folder: Path) -> RunDirectory:
    (path,) = folder.iterdir()
    return RunDirectory(path)


def rows(result: Result) -> list[dict[str, object]]:
    return result.kpi_table.to_pylist()


def test_results_do_not_depend_on_the_number_of_processes(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave(monkeypatch, slow=0.05)  # and replication 0 takes twice as long, so the others overtake it
    alone = run_scenario(scenario, RunOptions(replications=5))
    memory = run_scenario(scenario, RunOptions(replications=5, workers=2))
    directory = run_scenario(scenario, RunOptions(replications=5, workers=2, out=tmp_path))
    assert [row["replication"] for row in rows(alone)] == sorted(row["replication"] for row in rows(alone))
    assert rows(alone) == rows(memory) == rows(directory)
    for name in ("orders", "shipments", "stock_points"):
        assert alone.tables.arrow(name).equals(memory.tables.arrow(name))
        assert alone.tables.arrow(name).equals(directory.tables.arrow(name))


def test_progress_counts_up(scenario: Scenario) -> None:
    seen: list[tuple[int, int]] = []
    run_scenario(scenario, RunOptions(replications=3), lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_replications_are_independent_of_each_other() -> None:
    plan = Plan(chain_network(), chain_network, fake_simulate, seed=5)
    both = run_replications(plan, [0, 1])
    (second,) = run_replications(plan, [1])
    assert second.kpis.equals(both[1].kpis)
    assert not second.kpis["value"].equals(both[0].kpis["value"])


def test_result_gives_frames(scenario: Scenario) -> None:
    result = run_scenario(scenario, RunOptions())
    assert list(result.kpis.columns) == ["variant", "replication", "scope", "key", "kpi", "value", "unit"]
    assert result.kpis["replication"].nunique() == 4
    frame = result.summary()
    lines = frame[(frame.scope == "network") & (frame.kpi == "demand_lines")].iloc[0]
    assert lines["mean"] == 5 + 10 + 1.5  # the week's, 10 for seed 1, and 0 to 3 by replication
    assert lines["n"] == 4
    assert result.value("demand_lines") == 16.5
    orders = result.tables["orders"]
    assert list(orders.columns[:2]) == ["replication", "time_ms"]
    assert len(orders) == 4 * 5
    assert {"orders", "shipments", "trips", "series"} <= set(result.tables)
    with pytest.raises(KeyError):
        result.tables["demand_of_the_moon"]


# --- errors -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("workers", [1, 2])
def test_a_break_stops_the_run_and_keeps_what_was_whole(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    behave(monkeypatch, spoil=2, slow=0.01)
    with pytest.raises(ConservationError, match="broken in replication 2") as caught:
        run_scenario(scenario, RunOptions(workers=workers, out=tmp_path))
    run = the_run(tmp_path)
    assert 2 not in run.finished()
    assert run.manifest().status == "failed"
    assert not list(run.path.rglob("*.part"))
    assert not any("--resume" in note for note in caught.value.__notes__)  # the same would happen again


def test_a_killed_worker_loses_no_finished_replication(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave(monkeypatch, kill=3, slow=0.1)
    with pytest.raises(RunFailedError, match="worker process was killed") as caught:
        run_scenario(scenario, RunOptions(workers=2, out=tmp_path))
    run = the_run(tmp_path)
    finished = run.finished()
    assert finished
    assert 3 not in finished
    assert any("--resume" in note and str(run.path) in note for note in caught.value.__notes__)
    assert not list(run.path.rglob("*.part"))
    before = {number: (run.replication_folder(number) / "orders.parquet").stat().st_mtime_ns for number in finished}

    behave(monkeypatch)
    resumed = run_scenario(scenario, RunOptions(workers=2, out=run.path, resume=True))
    after = {number: (run.replication_folder(number) / "orders.parquet").stat().st_mtime_ns for number in finished}
    assert after == before, "whole replications are not done again"
    assert rows(resumed) == rows(run_scenario(scenario, RunOptions()))
    assert run.manifest().status == "complete"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_named(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    behave(monkeypatch, full=1, slow=0.2 * (workers - 1))
    with pytest.raises(RunFailedError, match="the disk is full"):
        run_scenario(scenario, RunOptions(replications=2, workers=workers, out=tmp_path))
    assert 1 not in the_run(tmp_path).finished()
    if workers == 1:
        assert the_run(tmp_path).finished() == [0]


def _wait_for(what: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


class Started:
    """`mro-twin run` of the fake scenario in a process of its own."""

    def __init__(self, folder: Path, *arguments: object, **behaviour: object) -> None:
        file = folder / "fake.yaml"
        file.write_text(json.dumps(SCENARIO))  # JSON is YAML
        self.out = folder / "runs"
        command = [sys.executable, "-m", "tests.fake_engine", "run", file, "--out", self.out, *arguments]
        self.command = [str(one) for one in command]
        self.environment = os.environ | {"FAKE_ENGINE": json.dumps(behaviour), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def wait_for(self, pattern: str) -> None:
        _wait_for(lambda: list(self.out.glob(pattern)))

    def interrupt(self) -> None:
        """As a terminal does: every process of the group gets it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> tuple[bytes, bytes]:
        """What it wrote to stdout and stderr; fails when it does not end."""
        try:
            return self.process.communicate(timeout=30)
        finally:
            self.process.kill()


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupt_leaves_a_directory_that_can_be_resumed(scenario: Scenario, tmp_path: Path, workers: int) -> None:
    started = Started(tmp_path, "-j", workers, slow=0.5)
    started.wait_for("*/replications/0000")
    started.interrupt()
    stdout, stderr = started.end()
    assert started.process.returncode == 130, stderr
    assert b"Traceback" not in stderr
    assert b"--resume" in stderr
    assert stdout == b""
    run = the_run(started.out)
    assert 0 in run.finished()
    assert len(run.finished()) < 4
    assert run.manifest().status == "interrupted"
    assert not list(run.path.rglob("*.part"))

    again = subprocess.run(
        [*started.command, "--resume"],
        cwd=ROOT,
        env=started.environment | {"FAKE_ENGINE": "{}"},
        capture_output=True,
        check=True,
    )
    assert b"demand_lines" in again.stdout
    assert RunDirectory(run.path).finished() == [0, 1, 2, 3]
    assert rows(run_scenario(scenario, RunOptions())) == run.read_kpis(range(4)).to_pylist()


@pytest.mark.parametrize("when", ["*/manifest.json", "*/replications/0010"])  # the workers start up, or are at work
def test_interrupt_of_a_very_long_run_in_processes(tmp_path: Path, when: str) -> None:
    started = Started(tmp_path, "-j", 2, "-r", 100_000, slow=0.02)
    started.wait_for(when)
    time.sleep(0.3)
    started.interrupt()
    _, stderr = started.end()
    assert started.process.returncode == 130, stderr
    assert b"Traceback" not in stderr
    assert the_run(started.out).manifest().status == "interrupted"


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupt_is_not_lost_where_exceptions_are_swallowed(tmp_path: Path, workers: int) -> None:
    started = Started(tmp_path, "-j", workers, deaf=1)
    started.wait_for("*/replications/0000.part")
    started.interrupt()
    _, stderr = started.end()
    assert started.process.returncode == 130, stderr
    assert len(the_run(started.out).finished()) < 4
    assert b"Ctrl-C again" in stderr


def test_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    started = Started(tmp_path, deaf=60)
    started.wait_for("*/replications/0000.part")
    started.interrupt()
    assert started.process.stderr is not None
    assert any(b"Ctrl-C again" in line for line in started.process.stderr)
    started.interrupt()
    started.end()
    assert started.process.returncode == -signal.SIGINT


def test_interrupt_does_not_outlive_the_run(scenario: Scenario) -> None:
    before = signal.getsignal(signal.SIGINT)
    inside: list[object] = []

    def look(done: int, total: int) -> None:
        inside.append(signal.getsignal(signal.SIGINT))

    run_scenario(scenario, RunOptions(replications=1), look)
    assert inside[-1] != before
    assert signal.getsignal(signal.SIGINT) == before


def test_interrupt_in_another_thread_is_left_alone(scenario: Scenario) -> None:
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run_scenario, scenario, RunOptions(replications=1)).result()
    assert result.value("demand_lines") == 15


@pytest.mark.parametrize("traces", [True, False])
def test_the_engine_asks_every_week_whether_to_stop(traces: bool) -> None:
    network = build_network(load_scenario(SCENARIO, {"horizon": "100 d", "warm_up": "0 d"}))
    asked: list[int] = []

    def third_time() -> bool:
        asked.append(len(asked))
        return len(asked) == 3

    with pytest.raises(RunInterruptedError):
        simulate_replication(network, 1, 0, traces=traces, should_stop=third_time)
    assert len(asked) == 3
    asked.clear()
    simulate_replication(network, 1, 0, traces=traces, should_stop=lambda: bool(asked.append(0)))
    assert len(asked) >= 100 // 7


# --- resuming ---------------------------------------------------------------------------------------------------------
def test_resume_does_only_what_is_missing_and_may_add_replications(scenario: Scenario, tmp_path: Path) -> None:
    run_scenario(scenario, RunOptions(replications=2, out=tmp_path))
    seen: list[tuple[int, int]] = []
    options = RunOptions(replications=3, out=tmp_path, resume=True)
    more = run_scenario(scenario, options, lambda done, total: seen.append((done, total)))
    assert seen == [(0, 1), (1, 1)]
    assert rows(more) == rows(run_scenario(scenario, RunOptions(replications=3)))
    assert set(the_run(tmp_path).manifest().timings) == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("change", "words"),
    [({"seed": 2}, "seed: 1 there, 2 now"), ({"events": True}, "event log"), ({}, "scenario .hash")],
)
def test_resume_refuses_another_run(scenario: Scenario, tmp_path: Path, change: dict[str, object], words: str) -> None:
    run_scenario(scenario, RunOptions(replications=1, out=tmp_path))
    other = scenario if change else load_scenario(SCENARIO, {"horizon": "11 d"})
    options = replace(RunOptions(replications=1, out=tmp_path, resume=True), **change)  # type: ignore[arg-type]
    with pytest.raises(RunDirectoryError, match=words):
        run_scenario(other, options)


def test_resume_without_anything_to_resume(scenario: Scenario, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="nothing to resume"):
        run_scenario(scenario, RunOptions(out=tmp_path, resume=True))
    assert not list(tmp_path.iterdir())


def test_kpi_tables_of_all_replications_have_one_schema(scenario: Scenario, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from sim.kpi.table import KPI_SCHEMA

    run_scenario(scenario, RunOptions(replications=2, out=tmp_path))
    run = the_run(tmp_path)
    assert pq.read_table(run.path / "kpis.parquet").schema.equals(KPI_SCHEMA)
    assert isinstance(run.read_kpis([1, 0]), pa.Table)
