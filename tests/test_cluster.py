"""Replications on a real Dask cluster on loopback: a scheduler and two worker processes, one of them killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sim.run.cluster
import sim.run.simulation
from mro_twin.cli import cli
from sim.errors import ConservationError, RunFailedError, TwinError
from sim.run.cluster import connect
from sim.run.directory import RunDirectory
from sim.run.experiment import Batch, run_many
from sim.run.plan import Plan
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario, load_scenario
from tests.fake_engine import SCENARIO, fake_network, fake_prepare, fake_simulate
from tests.hand_records import chain_network
from tests.test_cli import SHOP

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    # sockets of a killed worker are closed by the garbage collector, which is Dask's affair
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).resolve().parent.parent


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        wait_for(self.file.exists)
        self.address: str = json.loads(self.file.read_text())["address"]

    def add_worker(self, **behaviour: object) -> subprocess.Popen[bytes]:
        arguments = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--death-timeout", "60")
        return self._start("worker", *arguments, "--local-directory", str(self.folder), **behaviour)

    def _start(self, what: str, *arguments: str, **behaviour: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(self.file), *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "FAKE_ENGINE": json.dumps(behaviour)}
        environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "1"
        with (self.folder / f"{what}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait(30)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "dask"
    folder.mkdir()
    made = Cluster(folder)
    yield made
    made.end()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.setattr(sim.run.simulation, "network_of", fake_network)
    monkeypatch.setattr(sim.run.simulation, "simulate_lazily", fake_simulate)
    monkeypatch.setattr(sim.run.simulation, "prepare_lazily", fake_prepare)
    return load_scenario(SCENARIO)


def test_a_killed_worker_loses_and_doubles_nothing(cluster: Cluster, fake: Scenario, tmp_path: Path) -> None:
    workers = [cluster.add_worker(slow=0.4) for _ in range(2)]
    killed = False

    def kill_one(done: int, total: int) -> None:
        nonlocal killed
        if done == 3 and not killed:
            killed = True
            workers[0].send_signal(signal.SIGKILL)

    options = RunOptions(replications=14, out=tmp_path / "runs", cluster=cluster.address)
    there = run_scenario(fake, options, kill_one)
    assert killed
    assert workers[0].wait(30) == -signal.SIGKILL
    assert workers[1].poll() is None
    here = run_scenario(fake, RunOptions(replications=14, out=tmp_path / "local"))
    assert there.kpi_table.to_pylist() == here.kpi_table.to_pylist()
    assert there.path is not None
    assert here.path is not None
    assert RunDirectory(there.path).finished() == list(range(14))
    for mine in sorted((here.path / "replications").rglob("*.parquet")):
        other = there.path / mine.relative_to(here.path)
        assert other.read_bytes() == mine.read_bytes(), mine.name
    assert len(list(there.path.rglob("*.parquet"))) == len(list(here.path.rglob("*.parquet")))


def test_the_command_with_the_true_engine(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP)
    cluster.add_worker()
    arguments = ("run", file, "--json", "--precision", "fill_rate=8%", "--max-replications", 20)
    here = json.loads(call(*arguments, "--out", tmp_path / "local").stdout)
    result = call(*arguments, "--out", tmp_path / "far", "--cluster", cluster.address)
    assert result.exit_code == 0, result.output
    there = json.loads(result.stdout)
    assert there["network"] == here["network"]
    assert there["precision"] == here["precision"]


def test_an_error_of_a_worker_comes_home(cluster: Cluster, fake: Scenario, tmp_path: Path) -> None:
    cluster.add_worker(spoil=1)
    with pytest.raises(ConservationError, match="replication 1"):
        run_scenario(fake, RunOptions(replications=4, out=tmp_path / "runs", cluster=cluster.address))
    (path,) = (tmp_path / "runs").iterdir()
    assert 1 not in RunDirectory(path).finished()


def test_a_worker_that_dies_of_a_replication_each_time_ends_the_run(cluster: Cluster, fake: Scenario) -> None:
    for _ in range(2):  # as many as the scheduler is set to try
        cluster.add_worker(kill=0)
    with pytest.raises(RunFailedError, match="replication 0 was given up"):
        run_scenario(fake, RunOptions(replications=1, cluster=cluster.address))


def test_interrupt_takes_back_what_is_running(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add_worker(slow=0.5)
    file = tmp_path / "fake.yaml"
    file.write_text(json.dumps(SCENARIO))
    out = tmp_path / "runs"
    command = [sys.executable, "-m", "tests.fake_engine", "run", file, "--out", out, "--cluster", cluster.address]
    process = subprocess.Popen(
        [str(one) for one in command], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_for(lambda: list(out.glob("*/replications/0001")))
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, stderr
    assert b"Traceback" not in stderr
    assert b"--resume" in stderr
    assert stdout == b""
    done = subprocess.run([*command, "--resume"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = out.iterdir()
    assert RunDirectory(path).finished() == [0, 1, 2, 3]


def test_a_replication_that_is_given_up_makes_room(cluster: Cluster) -> None:
    """A worker in the middle of a long replication hears that nobody wants it any more."""
    cluster.add_worker(slow=300)
    plan = Plan(None, chain_network, fake_simulate, seed=1)
    crew = connect(cluster.address)
    crew.submit(plan, 0, None)
    time.sleep(3)
    crew.abandon()
    begun = time.monotonic()
    second = connect(cluster.address)
    try:
        assert second._client.submit(_lock_is_free, pure=False).result(timeout=60)
    finally:
        second.close()
    assert time.monotonic() - begun < 60


def _lock_is_free() -> bool:
    return sim.run.cluster._one_at_a_time.acquire(timeout=30)


def test_many_plans_on_a_cluster(cluster: Cluster) -> None:
    cluster.add_worker()
    batches = [Batch(Plan(None, chain_network, fake_simulate, seed), [0, 2]) for seed in (1, 2, 3)]
    crew = connect(cluster.address)
    far = run_many(batches, crew)
    crew.close()
    near = run_many(batches)
    assert [[one.kpis.to_pylist() for one in batch] for batch in far] == [
        [one.kpis.to_pylist() for one in batch] for batch in near
    ]
    assert set(far[0][0].tables) == set(near[0][0].tables)


def test_another_version_of_the_program_is_refused(
    cluster: Cluster, fake: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.add_worker()
    monkeypatch.setattr(sim.run.cluster, "program_fingerprint", lambda: "another")
    with pytest.raises(RunFailedError, match="another version of mro-twin"):
        run_scenario(fake, RunOptions(replications=1, cluster=cluster.address))


def test_a_cluster_without_workers_is_given_up(
    cluster: Cluster, fake: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim.run.cluster, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(sim.run.cluster, "_ASK_SECONDS", 0.3)
    with pytest.raises(RunFailedError, match="no worker for 1 s"):
        run_scenario(fake, RunOptions(replications=1, cluster=cluster.address))


@pytest.mark.parametrize("address", ["", "nonsense", "http://x:1", "tcp://", "127.0.0.1", "tcp://127.0.0.1:x"])
def test_what_is_no_address_is_refused(fake: Scenario, tmp_path: Path, address: str) -> None:
    with pytest.raises(TwinError, match="not the address of a scheduler") as caught:
        run_scenario(fake, RunOptions(cluster=address, out=tmp_path / "runs"))
    assert caught.value.exit_code == 2
    assert not (tmp_path / "runs").exists()


def test_nobody_there_is_exit_code_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.run.cluster, "CONNECT_SECONDS", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        result = call("run", "one-store", "--out", tmp_path / "runs", "--cluster", address)
    assert result.exit_code == 2, result.output
    assert f"--cluster {address}: no Dask scheduler answers there" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = call("run", "one-store", "--out", tmp_path / "runs", "--cluster", "tcp://127.0.0.1:8786")
    assert result.exit_code == 2
    assert 'pip install "mro-twin[cluster]"' in result.stderr
