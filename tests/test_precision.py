"""Replications until a precision: where it stops, that nobody else decides that, and what it says about it."""

import json
import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from scipy import stats

import sim.run.simulation
from mro_twin.cli import cli
from sim.engine import simulate_replication
from sim.errors import TwinError
from sim.kpi.summary import half_width
from sim.network import Network
from sim.record.records import Records
from sim.run.directory import RunDirectory
from sim.run.precision import Precision, StoppingRule, Target, needed, parse_target
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario, load_scenario
from tests.test_cli import SHOP

FOUR_POINTS = Precision((Target("fill_rate", 0.04),), minimum=4, maximum=150)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def unevenly_quick(network: Network, seed: int, replication: int, **options: object) -> Records:
    """The engine, in such a way that later replications overtake earlier ones."""
    time.sleep(0.15 if replication % 4 == 0 else 0.0)
    return simulate_replication(network, seed, replication, **options)  # type: ignore[arg-type]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    return path


@pytest.fixture
def scenario(shop: Path) -> Scenario:
    return load_scenario(shop)


def kpis(value: float | None, unit: str = "share", kpi: str = "fill_rate") -> pa.Table:
    """The table of one replication, with a row of another scope that must not be mistaken for it."""
    rows = [{"scope": "echelon", "key": "store", "kpi": kpi, "value": 99.0, "unit": unit}]
    rows.append(
        {
            "scope": "network",
            "key": "network",
            "kpi": kpi if value is not None else "orders",
            "value": value or 1.0,
            "unit": unit,
        }
    )
    return pa.Table.from_pylist(rows)


def stop(values: Sequence[float], precision: Precision) -> StoppingRule:
    rule = StoppingRule(precision, 0.95)
    for value in values:
        if rule.enough:
            break
        rule.add(kpis(value))
    return rule


# --- what a target means ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("fill_rate=0.5%", Target("fill_rate", 0.005)),
        ("fill_rate=0.005", Target("fill_rate", 0.005)),
        (" stock_value = 2 % ", Target("stock_value", 0.02, relative=True)),
        ("stock_value=500 USD", Target("stock_value", 500.0)),
        ("stock_value=1e3", Target("stock_value", 1000.0)),
        ("wait_mean=0.25h", Target("wait_mean", 0.25)),
        ("wait_mean=.25", Target("wait_mean", 0.25)),
    ],
)
def test_percent_is_points_of_a_share_and_of_the_mean_of_others(text: str, target: Target) -> None:
    assert parse_target(text, "USD") == target


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fill_rate", "KPI=HALF_WIDTH"),
        ("fill_rate=", "KPI=HALF_WIDTH"),
        ("fill_rate=0%", "KPI=HALF_WIDTH"),
        ("fill_rate=-1%", "KPI=HALF_WIDTH"),
        ("fillrate=1%", "did you mean `fill_rate`"),
        ("trip_cost=1%", "no KPI `trip_cost` of the whole network"),
        ("stock_value=5 EUR", "not measured in `EUR`; write `stock_value=5 USD`"),
        ("fill_rate=1 h", "write `fill_rate=1%`"),
        ("network_values=1", "no KPI"),
        ("foo=1%", "(known are demand_lines, "),
    ],
)
def test_a_target_that_makes_no_sense_is_named(text: str, words: str) -> None:
    with pytest.raises(TwinError, match=r"--precision") as caught:
        parse_target(text, "USD")
    assert words in str(caught.value)
    assert text.strip() in str(caught.value)


def test_limits_must_leave_room() -> None:
    for minimum, maximum in ((1, 10), (11, 10)):
        with pytest.raises(TwinError, match="--min-replications"):
            Precision((), minimum, maximum)


# --- the rule ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("relative", [False, True])
def test_it_stops_at_the_first_number_that_is_enough(relative: bool) -> None:
    generator = np.random.default_rng(1)
    precision = Precision((Target("fill_rate", 0.1, relative),), minimum=5, maximum=400)
    for _ in range(10):
        values = generator.normal(2.0, 0.5, 400)
        enough = [
            n
            for n in range(5, 400)
            if stats.t.ppf(0.975, n - 1) * values[:n].std(ddof=1) / math.sqrt(n)
            <= (0.1 * abs(values[:n].mean()) if relative else 0.1)
        ]
        assert stop(values.tolist(), precision).seen == enough[0]


def test_all_targets_have_to_be_met_and_the_maximum_ends_it() -> None:
    values = np.random.default_rng(2).normal(1.0, 0.3, 200).tolist()
    loose, tight = Target("fill_rate", 0.2), Target("fill_rate", 0.05)
    both = stop(values, Precision((loose, tight), maximum=500)).seen
    assert both == stop(values, Precision((tight,), maximum=500)).seen > stop(values, Precision((loose,))).seen
    capped = stop(values, Precision((tight,), maximum=20))
    assert capped.seen == 20
    assert not capped.report().reached
    assert stop(values, Precision((tight,), maximum=500)).report().reached


def test_values_that_never_differ_stop_at_the_minimum() -> None:
    rule = stop([1.0] * 50, Precision((Target("fill_rate", 0.001),), minimum=7))
    assert rule.seen == 7
    assert rule.report().targets[0].half_width == 0


def test_replications_without_a_value_do_not_count_for_the_interval() -> None:
    rule = StoppingRule(Precision((Target("fill_rate", 10.0),), minimum=3), 0.95)
    for value in (1.0, None, 1.5, None):
        rule.add(kpis(value))
        assert not rule.enough
    rule.add(kpis(0.5))
    assert rule.enough
    assert rule.seen == 5


def test_a_kpi_without_any_value_is_refused() -> None:
    rule = StoppingRule(Precision((Target("load_factor", 0.1),), minimum=2), 0.95)
    rule.add(kpis(1.0))
    with pytest.raises(TwinError, match="load_factor: it has no value"):
        rule.add(kpis(1.0))


@pytest.mark.parametrize(("deviation", "wanted"), [(1.0, 0.5), (1.0, 0.02), (0.3, 5.0), (0.0, 0.1)])
def test_the_plain_guess_is_the_smallest_number_that_would_do(deviation: float, wanted: float) -> None:
    values = [10.0 - deviation, 10.0, 10.0 + deviation]  # their standard deviation is `deviation`
    n = needed(values, Target("fill_rate", wanted), 0.95, 3)
    assert n is not None
    assert half_width(deviation, n, 0.95) <= wanted
    assert n == 3 or half_width(deviation, n - 1, 0.95) > wanted


def test_no_guess_where_nothing_can_be_guessed() -> None:
    assert needed([1.0], Target("fill_rate", 0.1), 0.95, 5) is None
    assert needed([-1.0, 1.0], Target("stock_value", 0.1, relative=True), 0.95, 5) is None


@pytest.mark.theory
def test_intervals_at_the_stopping_point_cover_nearly_as_often_as_they_say() -> None:
    """Law (2015), 9.4.1: the coverage of the sequential interval falls a little short of 95 %, hardly below 92 %."""
    generator, runs = np.random.default_rng(3), 600
    precision = Precision((Target("fill_rate", 0.35),), minimum=5, maximum=1000)
    covered = 0
    for _ in range(runs):
        reached = stop(generator.normal(0.0, 1.0, 300).tolist(), precision).report().targets[0]
        assert reached.half_width is not None
        covered += abs(reached.mean) <= reached.half_width
    interval = stats.binomtest(covered, runs).proportion_ci(0.999)
    assert interval.high >= 0.92
    assert interval.low <= 0.96


# --- with the true engine ---------------------------------------------------------------------------------------------
def test_the_stopping_point_does_not_depend_on_the_workers(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim.run.simulation, "simulate_lazily", unevenly_quick)
    alone = run_scenario(scenario, RunOptions(precision=FOUR_POINTS))
    assert alone.precision is not None
    used = alone.precision.used
    assert FOUR_POINTS.minimum < used < FOUR_POINTS.maximum
    plain = run_scenario(scenario, RunOptions(replications=used))
    assert alone.kpi_table.equals(plain.kpi_table)
    for workers in (2, 3):
        out = tmp_path / str(workers)
        many = run_scenario(scenario, RunOptions(precision=FOUR_POINTS, workers=workers, out=out))
        assert many.precision == alone.precision
        assert many.kpi_table.to_pylist() == alone.kpi_table.to_pylist()
        assert many.path is not None
        run = RunDirectory(many.path)
        assert run.finished() == list(range(used)), "surplus replications are not counted, and not there"
        assert not list(run.path.rglob("*.part"))
        manifest = run.manifest()
        assert (manifest.replications, manifest.finished, manifest.status) == (used, used, "complete")
        assert manifest.precision["used"] == used
        assert set(manifest.timings) == {str(number) for number in range(used)}


def test_a_stopped_run_goes_on_to_the_same_point(scenario: Scenario, tmp_path: Path) -> None:
    whole = run_scenario(scenario, RunOptions(precision=FOUR_POINTS, out=tmp_path))
    assert whole.path is not None
    assert whole.precision is not None
    run = RunDirectory(whole.path)
    for number in (1, 3, whole.precision.used - 1):
        shutil.rmtree(run.replication_folder(number))
    shutil.copytree(run.replication_folder(0), run.replication_folder(whole.precision.used + 2))  # somebody's surplus
    seen: list[tuple[int, int]] = []
    options = RunOptions(precision=FOUR_POINTS, out=tmp_path, resume=True)
    again = run_scenario(scenario, options, lambda done, total: seen.append((done, total)))
    assert again.kpi_table.to_pylist() == whole.kpi_table.to_pylist()
    assert again.precision == whole.precision
    assert run.finished() == list(range(whole.precision.used))
    assert seen[0][0] == 1
    assert seen[-1] == (whole.precision.used, whole.precision.used)


def test_a_run_with_a_number_of_replications_goes_on_from_there(scenario: Scenario, tmp_path: Path) -> None:
    run_scenario(scenario, RunOptions(replications=30, out=tmp_path))
    loose = Precision((Target("fill_rate", 0.5),))
    result = run_scenario(scenario, RunOptions(precision=loose, out=tmp_path, resume=True))
    assert result.precision is not None
    assert result.precision.used == 30, "nothing of what was asked for before is thrown away"


def test_run_says_how_many_it_took(shop: Path, tmp_path: Path) -> None:
    result = call("run", shop, "--precision", "fill_rate=2%", "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.output
    assert "precision of fill_rate: ± " in result.stdout
    assert "points, wanted ± 2 points: reached with" in result.stdout
    assert "a guess from the first 5 says" in result.stdout


def test_a_missed_precision_is_exit_code_1_and_can_be_resumed(shop: Path, tmp_path: Path) -> None:
    arguments = ("run", shop, "--precision", "fill_rate=2%", "--out", tmp_path / "runs", "--json")
    missed = call(*arguments, "--max-replications", 6)
    assert missed.exit_code == 1
    document = json.loads(missed.stdout)
    assert document["precision"]["reached"] is False
    assert document["precision"]["used"] == 6
    assert document["network"]["network"]["fill_rate"]["n"] == 6
    more = call(*arguments, "--resume")
    assert more.exit_code == 0
    assert json.loads(more.stdout)["run_directory"] == document["run_directory"]
    fresh = call(*arguments)
    assert json.loads(fresh.stdout)["precision"] == json.loads(more.stdout)["precision"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--precision", "fill_rate=1%", "-r", 5), "--replications and --precision"),
        (("--max-replications", 5), "go with --precision"),
        (("--precision", "fill_rate=1%", "--precision", "fill_rate=2%"), "fill_rate is there twice"),
        (("--precision", "fill_rate=1%", "--min-replications", 9, "--max-replications", 8), "at least 9"),
        (("--warm-up", "200wk"), "--warm-up 200wk: warm_up: "),
        (("--warm-up", "nonsense"), "--warm-up nonsense: warm_up: "),
        (("--precision", "fil_rate=1%"), "did you mean `fill_rate`"),
        (("--precision", "load_factor=1%"), "load_factor: it has no value"),
    ],
)
def test_bad_options_are_exit_code_2(shop: Path, tmp_path: Path, arguments: tuple[object, ...], words: str) -> None:
    out = tmp_path / "runs"
    result = call("run", shop, "--out", out, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert not out.exists() or "no value" in words
    assert "--resume" not in result.stderr  # it would end the same way
