"""The warm-up that is found: MSER-5 on made series with a known answer, and on runs that start empty."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli
from sim.errors import TwinError
from sim.run.directory import RunDirectory
from sim.run.simulation import RunOptions, run_scenario
from sim.run.warm_up_length import BATCH_DAYS, PILOT_FIRST, DailySeries, mser5
from sim.scenario import ScenarioError, load_scenario
from sim.units import MS_PER_DAY

FILLING = """\
name: filling
start: 2026-01-05
horizon: 52 wk
warm_up: auto
items: {filter: {unit: each, cost: 20 USD, price: 45 USD}}
nodes:
  maker: {kind: supplier, lead_time: 20 d}
  shop: {kind: store}
lanes: [{from: maker, to: shop}]
demand: [{node: shop, item: filter, poisson: {rate: 2 /d}}]
policies: [{nodes: shop, items: "*", on_hand: 5, policy: {kind: base_stock, level: 60}}]
experiment: {replications: 3, seed: 4}
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def filling(tmp_path: Path) -> Path:
    path = tmp_path / "filling.yaml"
    path.write_text(FILLING)
    return path


# --- the rule ---------------------------------------------------------------------------------------------------------
def by_the_definition(series: np.ndarray) -> list[float]:
    means = [float(np.mean(series[at : at + 5])) for at in range(0, len(series) - 4, 5)]
    values = []
    for dropped in range(len(means)):
        kept = means[dropped:]
        centre = math.fsum(kept) / len(kept)
        values.append(math.fsum((one - centre) ** 2 for one in kept) / len(kept) ** 2)
    return values


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_the_statistic_is_that_of_the_definition(offset: float) -> None:
    series = np.random.default_rng(1).normal(offset, 3.0, 183)
    cut = mser5(series)
    plain = by_the_definition(series)
    assert len(cut.batch_means) == 36
    assert len(cut.statistic) == 36 - 9 + 1
    np.testing.assert_allclose(cut.statistic, plain[: len(cut.statistic)], rtol=1e-6)
    assert cut.batches == int(np.argmin(plain[: len(cut.statistic)]))


def test_a_step_is_cut_where_it_is() -> None:
    series = np.random.default_rng(2).normal(0.0, 1.0, 300)
    series[:60] -= 20.0
    cut = mser5(series)
    assert cut.batches * BATCH_DAYS == 60
    assert cut.first_half == cut.batches
    assert not cut.late


def test_a_steady_series_needs_no_warm_up() -> None:
    assert mser5(np.full(200, 7.25)).batches == 0
    series = np.tile([5.0, 4.0, 3.0, 2.0, 1.0], 40)
    assert mser5(series).batches == 0


def test_a_series_that_only_rises_has_not_settled() -> None:
    rising = np.arange(300.0)
    assert mser5(rising).late
    noise = np.random.default_rng(4).normal(0.0, 5.0, (4, 300))
    assert DailySeries("x", "", rising + noise, np.ones((4, 300))).drifts


def test_a_quiet_end_is_no_drift() -> None:
    values = np.random.default_rng(5).normal(10.0, 3.0, (6, 300))
    values[:, 215:] = 10.0
    series = DailySeries("x", "", values, np.ones((6, 300)))
    cut = mser5(series.pooled)
    assert cut.late
    assert not series.drifts
    assert cut.first_half * 2 <= len(cut.batch_means)
    assert DailySeries("x", "", values[:1], np.ones((1, 300))).drifts, "one replication cannot tell"


def test_days_without_demand_keep_the_value_of_the_day_before() -> None:
    units, demand = np.array([[0.0, 1, 0, 0, 3]]), np.array([[0.0, 2, 0, 0, 4]])
    assert DailySeries("x", "", units, demand).pooled.tolist() == [0.5, 0.5, 0.5, 0.5, 0.75]


def test_too_few_days_are_refused() -> None:
    with pytest.raises(ValueError, match="10 are needed"):
        mser5(np.zeros(49))


# --- runs -------------------------------------------------------------------------------------------------------------
def test_an_empty_shop_takes_its_lead_time_to_settle(filling: Path, tmp_path: Path) -> None:
    """For 20 days nothing but what was ordered at the start is on the way, and 35 of 40 customers find nothing."""
    result = call("run", filling, "--out", tmp_path / "runs", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    found = document["warm_up"]
    assert 20 <= found["warm_up_days"] <= 60
    assert document["measured_ms"] == [found["warm_up_days"] * MS_PER_DAY, 364 * MS_PER_DAY]
    run = RunDirectory(Path(document["run_directory"]))
    assert json.loads((run.path / "warm_up.json").read_text()) == found
    assert run.manifest().warm_up_ms == found["warm_up_ms"]
    assert run.finished() == [0, 1, 2]
    assert {one["name"] for one in found["series"]} == {"stock_value", "fill_rate"}
    assert found["warm_up_days"] == max(one["truncation_day"] for one in found["series"])
    for one in found["series"]:
        assert len(one["daily"]) == 364
        assert len(one["batch_means"]) == 72
        assert one["statistic"][one["best_day"] // BATCH_DAYS] == min(one["statistic"])
    again = load_scenario(run.path / "scenario.resolved.yaml")
    assert again.warm_up == found["warm_up_ms"]
    stated = run_scenario(again, RunOptions())
    assert stated.value("stock_value") == document["network"]["network"]["stock_value"]["mean"]


def test_the_daily_series_are_those_of_the_records(filling: Path) -> None:
    result = run_scenario(load_scenario(filling), RunOptions(replications=1, pilot=2))
    assert result.warm_up is not None
    pilot = load_scenario(filling, {"warm_up": "0 d"})
    daily = np.zeros((2, 364))
    from sim.run.experiment import run_replications
    from sim.run.simulation import plan_of

    for place, outcome in enumerate(run_replications(plan_of(pilot, RunOptions()), [PILOT_FIRST, PILOT_FIRST + 1])):
        table = outcome.tables["series"].to_pandas()
        daily[place] = table.groupby("day")["value_on_hand"].sum().reindex(range(364), fill_value=0) / 100
    (stock, _) = result.warm_up["series"]
    np.testing.assert_allclose(stock["daily"], daily.mean(axis=0), rtol=1e-6)


def test_resuming_takes_the_warm_up_that_was_found(filling: Path, tmp_path: Path) -> None:
    first = json.loads(call("run", filling, "--out", tmp_path, "-r", 2, "--json").stdout)
    more = json.loads(call("run", filling, "--out", tmp_path, "-r", 3, "--resume", "--pilot", 2, "--json").stdout)
    assert more["run_directory"] == first["run_directory"]
    assert more["warm_up"] == first["warm_up"]
    assert more["network"]["network"]["fill_rate"]["n"] == 3
    (Path(first["run_directory"]) / "warm_up.json").write_text("{}")
    damaged = call("run", filling, "--out", tmp_path, "--resume")
    assert damaged.exit_code == 2
    assert "warm_up.json cannot be read" in damaged.stderr


def test_the_option_is_printed_and_overrides_the_file(filling: Path, tmp_path: Path) -> None:
    shown = call("run", filling, "--out", tmp_path / "a", "-r", 2)
    assert "warm-up found with MSER-5 from a pilot of 10 replications:" in shown.stdout
    stated = json.loads(call("run", filling, "--out", tmp_path / "b", "-r", 1, "--warm-up", "3 wk", "--json").stdout)
    assert stated["measured_ms"][0] == 21 * MS_PER_DAY
    assert "warm_up" not in stated


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("--set", "horizon=6 wk"), "needs a horizon of at least 50 d"),
        (("--set", "horizon=10 wk", "--set", "policies.0.on_hand=300"), "has not settled by the middle of the 70 days"),
        (("--warm-up", "autom"), "warm_up"),
    ],
)
def test_a_horizon_that_is_too_short_is_refused(
    filling: Path, tmp_path: Path, settings: tuple[str, ...], words: str
) -> None:
    result = call("run", filling, "--out", tmp_path / "runs", *settings)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_saved_state_has_no_warm_up_to_find(filling: Path, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="--from-state has no warm-up"):
        run_scenario(load_scenario(filling), RunOptions(from_state=tmp_path))


def test_auto_is_part_of_the_language(filling: Path) -> None:
    scenario = load_scenario(filling)
    assert scenario.warm_up_is_automatic
    assert scenario.resolved()["warm_up"] == "auto"
    stated = scenario.with_warm_up(14 * MS_PER_DAY)
    assert (stated.warm_up, stated.warm_up_is_automatic) == (14 * MS_PER_DAY, False)
    assert load_scenario(stated.resolved()) == stated
    assert stated.fingerprint() != scenario.fingerprint()
    with pytest.raises(ScenarioError):
        load_scenario(filling, {"warm_up": "automatic"})
