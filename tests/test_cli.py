"""The command line: results on stdout, messages on stderr, exit codes, and a start that is quick."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numba
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import mro_twin
from mro_twin.cli import COMMANDS, cli
from mro_twin.number_format import format_mean
from mro_twin.progress import ReplicationProgress
from sim.errors import RunInterruptedError
from sim.jit import JIT_DISABLED
from sim.kpi.summary import Mean
from sim.run import warm_up
from tests import fake_engine

ROOT = Path(__file__).resolve().parent.parent
HELP_LIMIT_SECONDS = 0.3
SHOP = """\
name: shop
start: 2026-01-05
horizon: 8 wk
warm_up: 1 wk
items: {filter: {unit: each, cost: 20 USD, price: 45 USD}}
nodes:
  maker: {kind: supplier, lead_time: {gamma: {mean: 5 d, cv: 0.3}}}
  shop: {kind: store}
lanes: [{from: maker, to: shop, cost_per_order: 3 USD}]
demand: [{node: shop, item: filter, poisson: {rate: 2 /d}}]
policies: [{nodes: shop, items: "*", policy: {kind: base_stock, level: 14}}]
experiment: {replications: 3, seed: 4}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


# --- start ------------------------------------------------------------------------------------------------------------
def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = """
import resource, sys
from mro_twin.cli import main
sys.argv = ["mro-twin", "--help"]
try:
    main()
except SystemExit as done:
    assert not done.code
heavy = {"numpy", "numba", "pyarrow", "pandas", "pydantic", "simpy", "rich", "scipy", "matplotlib"} & set(sys.modules)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(sorted(heavy), usage.ru_utime + usage.ru_stime, file=sys.stderr)
"""
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "Simulate a scenario" in done.stdout
        heavy, cpu = done.stderr.rsplit(maxsplit=1)
        assert heavy == "[]"
        seconds.append(float(cpu))
    assert min(seconds) < HELP_LIMIT_SECONDS


def test_a_run_loads_only_what_it_needs(shop: Path, tmp_path: Path) -> None:
    code = """
import sys
from mro_twin.cli import main
try:
    main()
except SystemExit as done:
    assert not done.code
heavy = {"pandas", "matplotlib", "openpyxl", "scipy.optimize", "rich.progress"} & set(sys.modules)
print(sorted(heavy), file=sys.stderr)
"""
    command = [sys.executable, "-c", code, "run", str(shop), "-r", "1", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_exists_and_has_help(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_public_names_are_there_and_lazy() -> None:
    assert set(mro_twin.__all__) <= set(dir(mro_twin))
    for name in mro_twin.__all__:
        assert callable(getattr(mro_twin, name))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = mro_twin.no_such_name


# --- run, with the true engine ----------------------------------------------------------------------------------------
def test_run_prints_kpis_and_where_they_are(shop: Path, tmp_path: Path) -> None:
    result = call("run", shop, "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.output
    assert "shop: 3 replications, mean ± half width of the 95% confidence interval" in result.stdout
    assert re.search(r"fill_rate +[\d.]+ ± [\d.]+ %", result.stdout)
    (run,) = (tmp_path / "runs").iterdir()
    assert "measured over the 7 wk from 1 wk to 8 wk: counts and costs are totals of that time" in result.stdout
    assert f"run directory: {run}" in result.stdout
    assert (run / "summary.json").is_file()


def test_json_is_json(shop: Path, tmp_path: Path) -> None:
    result = call("run", shop, "--out", tmp_path / "runs", "-r", 2, "--seed", 8, "--json")
    document = json.loads(result.stdout)
    assert document["network"]["network"]["demand_lines"]["n"] == 2
    manifest = json.loads((Path(document["run_directory"]) / "manifest.json").read_text())
    assert (manifest["seed"], manifest["replications"]) == (8, 2)


def test_same_seed_same_records_other_seed_others(shop: Path, tmp_path: Path) -> None:
    def orders(folder: str, seed: int, *more: object) -> list[dict[str, object]]:
        call("run", shop, "-r", 2, "--seed", seed, "--out", tmp_path / folder, *more)
        tables = sorted((tmp_path / folder).glob("*/replications/*/orders.parquet"))
        return [row for path in tables for row in pq.read_table(path).to_pylist()]

    first = orders("a", 1)
    assert first
    assert first == orders("b", 1) == orders("c", 1, "-j", 2)
    assert first != orders("d", 2)


def test_events_only_when_asked_for(shop: Path, tmp_path: Path) -> None:
    call("run", shop, "-r", 1, "--out", tmp_path / "plain")
    call("run", shop, "-r", 1, "--out", tmp_path / "full", "--events")
    assert not list((tmp_path / "plain").rglob("events.parquet"))
    (events,) = (tmp_path / "full").rglob("events.parquet")
    assert len(pq.read_table(events)) > 100


def test_set_changes_the_run(shop: Path, tmp_path: Path) -> None:
    result = call("run", shop, "-r", 1, "--out", tmp_path, "--set", "policies.0.policy.level=40", "--json")
    assert json.loads(result.stdout)["network"]["network"]["fill_rate"]["mean"] == 1


def test_python_gives_the_same_as_the_command(shop: Path, tmp_path: Path) -> None:
    document = json.loads(call("run", shop, "--out", tmp_path, "--json").stdout)
    result = mro_twin.simulate(mro_twin.load_scenario(shop))
    for kpi in ("fill_rate", "stock_value", "total_cost"):
        assert result.value(kpi) == document["network"]["network"][kpi]["mean"]


def test_python_refuses_nonsense(shop: Path) -> None:
    scenario = mro_twin.load_scenario(shop)
    with pytest.raises(ValueError, match="replications must be at least 1"):
        mro_twin.simulate(scenario, replications=0)
    with pytest.raises(ValueError, match="workers must be at least 1"):
        mro_twin.simulate(scenario, workers=0)


# --- exit codes -------------------------------------------------------------------------------------------------------
def test_bad_input_is_exit_code_2_and_writes_nothing(shop: Path, tmp_path: Path) -> None:
    shop.write_text(SHOP.replace("horizon", "horizonn").replace("base_stock", "basestock"))
    result = call("run", shop, "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "horizonn" in result.stderr
    assert "basestock" in result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [("run",), ("run", "no-such-scenario"), ("run", "x", "-r", "0"), ("run", "x", "-j", "-1"), ("rum",), ("--wrong",)],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "mro_twin", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert done.stdout == ""


def test_nothing_to_resume_is_exit_code_2(shop: Path, tmp_path: Path) -> None:
    result = call("run", shop, "--out", tmp_path / "runs", "--resume")
    assert result.exit_code == 2
    assert "nothing to resume" in result.stderr


@pytest.mark.parametrize(
    ("at", "words"), [("soon", "--save-state soon"), ("9 wk", "between the start and the horizon")]
)
def test_a_senseless_instant_is_exit_code_2(shop: Path, tmp_path: Path, at: str, words: str) -> None:
    result = call("run", shop, "--out", tmp_path / "runs", "--save-state", at)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_broken_invariant_is_exit_code_3(tmp_path: Path) -> None:
    file = tmp_path / "fake.yaml"
    file.write_text(json.dumps(fake_engine.SCENARIO))
    done = subprocess.run(
        [sys.executable, "-m", "tests.fake_engine", "run", str(file), "--out", str(tmp_path / "runs")],
        cwd=ROOT,
        env=os.environ | {"FAKE_ENGINE": json.dumps({"spoil": 1})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "item item-0 at node node-0: stock on hand should be 9 and is 10" in done.stderr
    assert "1 of 4 replications are whole" in done.stderr
    assert "Traceback" not in done.stderr


# --- numbers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mean", "half_width", "unit", "text"),
    [
        (0.9123456, 0.0031, "share", "91.23 ± 0.31 %"),
        (12345.678, 67.1, "USD", "12,346 ± 67"),
        (1.5, float("nan"), "h", "1.500"),
        (123456.0, float("nan"), "USD", "123,456"),
        (0.0, float("nan"), "units", "0"),
        (0.0, 0.0, "units", "0"),
        (0.00012, 0.00001, "h", "0.0001 ± 0.0000"),
    ],
)
def test_numbers_show_the_digits_that_mean_something(mean: float, half_width: float, unit: str, text: str) -> None:
    assert format_mean(Mean("network", "network", "x", mean, half_width, 3, unit), 3) == text


def test_what_some_replications_only_know_says_how_many() -> None:
    mean = Mean("network", "network", "wait_if_short", 1.5, 0.25, 2, "h")
    assert format_mean(mean, 3) == "1.50 ± 0.25 (n=2)"
    assert format_mean(None, 3) == ""


# --- the first use ----------------------------------------------------------------------------------------------------
def test_compilation_is_announced_once_per_cache(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))  # where the note lies; code stays where it was
    for announced in (True, False):
        result = call("run", shop, "-r", 1, "--out", tmp_path / "runs")
        assert result.exit_code == 0, result.output
        assert ("first use: compiling" in result.stderr) == (announced and not JIT_DISABLED)


def test_what_plants_need_is_compiled_for_those_who_have_plants(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    works = tmp_path / "works.json"
    works.write_text(json.dumps(warm_up.PLANTS), encoding="utf-8")
    for scenario, announced in ((shop, True), (works, True), (shop, False), (works, False)):
        result = call("run", scenario, "-r", 1, "--out", tmp_path / "runs")
        assert result.exit_code == 0, result.output
        assert ("first use: compiling" in result.stderr) == (announced and not JIT_DISABLED)


def test_a_run_that_is_stopped_while_compiling_is_not_taken_for_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warm_up.jit, "JIT_DISABLED", False)
    with pytest.raises(RunInterruptedError):
        warm_up.compile_all(lambda: True)
    assert not warm_up.is_compiled()


# --- progress ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("terminal", "patience", "shown"), [(True, 0.0, True), (True, 60.0, False), (False, 0.0, False)]
)
def test_progress_is_for_people_who_wait(terminal: bool, patience: float, shown: bool) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100)
    with ReplicationProgress(console, patience) as progress:
        progress(0, 4)
        time.sleep(0.2)
        progress(3, 4)
        time.sleep(0.2)
    assert ("3/4" in stream.getvalue()) == shown
    assert bool(stream.getvalue().strip()) == shown
