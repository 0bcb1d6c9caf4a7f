"""`mro-twin sweep`: the grid, the same random numbers at every point, the tables, resuming, the figure."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from scipy import stats

from mro_twin.cli import cli
from reports.main_effects import SweepFiles, draw_main_effects
from reports.run_files import NoRunError
from sim.errors import RunInterruptedError, TwinError
from sim.run.sweep import SweepOptions, run_sweep
from sim.run.sweep_grid import grid, parse_factor, remarks
from sim.run.sweep_table import write_safe_csv
from sim.scenario import load_scenario
from tests import fake_engine
from tests.contract_run_samples import contract_sample
from tests.test_cli import SHOP

ROOT = Path(__file__).resolve().parent.parent
LEVEL = "policies.0.policy.level"
LEAD = "nodes.maker.lead_time.gamma.mean"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    return path


# --- the grid ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "levels", "texts"),
    [
        ("1:9:2", (1, 3, 5, 7, 9), ("1", "3", "5", "7", "9")),
        ("1:8:3", (1, 4, 7), ("1", "4", "7")),
        ("0.1:0.3:0.1", (0.1, 0.2, 0.3), ("0.1", "0.2", "0.3")),  # exact, where floats would end at 0.2
        ("-1:1:1", (-1, 0, 1), ("-1", "0", "1")),
        ("7 d:14 d:3.5 d", ("7 d", "10.5 d", "14 d"), ("7 d", "10.5 d", "14 d")),
        ("5%:6%:1%", ("5 %", "6 %"), ("5 %", "6 %")),
        ("3:3:1", (3,), ("3",)),
        ("4,2.5,8", (4, 2.5, 8), ("4", "2.5", "8")),
        ('06:00,"a,b"', ("06:00", "a,b"), ('"06:00"', '"a,b"')),
        ("true,false", (True, False), ("true", "false")),
        ("7 d", ("7 d",), ('"7 d"',)),
        ('"06:00"', ("06:00",), ('"06:00"',)),
    ],
)
def test_values_of_a_factor(values: str, levels: tuple[object, ...], texts: tuple[str, ...]) -> None:
    factor = parse_factor(f" some.path = {values} ")
    assert (factor.path, factor.levels, factor.texts) == ("some.path", levels, texts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("level", "not PATH=VALUES"),
        ("=1,2", "not PATH=VALUES"),
        ("a=100:180", "a range needs a step, as in `a=100:180:20`"),
        ("a=7 d:14 d", "a range needs a step"),
        ("a=1:x:2", "not three numbers"),
        ("a=7 d:2 wk:1 d", "different units"),
        ("a=9:1:1", "high not below low"),
        ("a=1:9:0", "the step has to be above 0"),
        ("a=1:9000:1", "at most 2,000"),
        ("a=1,2,1", "there twice"),
        ("a=1,,2", "--vary a=1,,2"),
        ("a=]", "--vary a=]"),
    ],
)
def test_a_factor_that_makes_no_sense_is_named(text: str, words: str) -> None:
    with pytest.raises(TwinError, match="--vary") as caught:
        parse_factor(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("horizon=26 wk:52 wk:10 wk", ("the steps do not hit 52 wk; the last value is 46 wk", "totals")),
        ("warm_up=1 wk,2 wk", ("measure different lengths of time",)),
        (f"{LEVEL}=1:8:3", ("the steps do not hit 8; the last value is 7",)),
        (f"{LEVEL}=1:9:2", ()),
        ("horizon=26 wk", ()),
    ],
)
def test_values_that_can_surprise_are_remarked_on(text: str, words: tuple[str, ...]) -> None:
    found = remarks([parse_factor(text)])
    assert len(found) == len(words)
    for remark, word in zip(found, words, strict=True):
        assert remark.startswith(f"--vary {text.partition('=')[0]}: ")
        assert word in remark


def test_the_grid_is_every_combination_the_last_factor_first(shop: Path) -> None:
    points = grid(shop, [], None, [parse_factor(f"{LEVEL}=10,14"), parse_factor(f"{LEAD}=3 d,5 d,7 d")])
    assert [point.levels for point in points] == [(a, b) for a in (10, 14) for b in ("3 d", "5 d", "7 d")]
    assert [point.number for point in points] == list(range(6))
    for point in points:
        stated = load_scenario(shop, {LEVEL: point.levels[0], LEAD: point.levels[1]})
        assert point.scenario == stated


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--vary", "policies.0.policy.levl=1,2"),
            "--vary policies.0.policy.levl: policies.0.policy.levl: unknown key",
        ),
        (("--vary", "policies.3.policy.level=1,2"), "is not an index of the list (indices go from 0 to 0)"),
        (("--vary", "nodes.shoop.echelon=a,b"), "there is no `shoop` in nodes (did you mean `shop`?)"),
        (("--vary", "horizon=5:9:1"), "has no unit of time"),
        (("--vary", "horizon=4 d:8 wk:1 d"), "--vary horizon=4 d:8 wk:1 d"),
        (("--vary", "horizon=4 d,20 wk"), "with horizon=4 d: the warm-up (1 wk) is not shorter"),
        (("--vary", "lanes.0.items=seal,filter"), "seal"),
        (("--vary", f"{LEVEL}=1,2", "--vary", f"{LEVEL}=3,4"), "it is varied twice"),
        (("--vary", f"{LEVEL}=1:1000:1", "--vary", "horizon=8 wk,9 wk,10 wk"), "3,000 points; at most 2,000"),
        (("--vary", "experiment.seed=1:3:1"), "cannot be varied"),
        (("--vary", f"{LEVEL}=1,2", "--kpi", "filrate"), "--kpi filrate: there is no such KPI"),
        (("--vary", f"{LEVEL}=1,2", "--kpi", "trip_cost"), "--kpi trip_cost"),
        (("--vary", f"{LEVEL}=1,2", "--kpi", "foo"), "(known are demand_lines, "),
        (("--vary", f"{LEVEL}=1,2", "--set", f"{LEVEL} = 3"), f"--set {LEVEL} sets it, too"),
        (("--vary", f"{LEVEL}=1,2", "--set", "horizont=8 wk"), "horizont"),
        (("--vary", f"{LEVEL}=1,2", "--resume"), "nothing to resume"),
        (("--vary", f"{LEVEL}=1,2", "--cluster", "here"), "not the address of a scheduler"),
        ((), "--vary"),
    ],
)
def test_bad_input_is_exit_code_2_and_writes_nothing(
    shop: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = call("sweep", shop, "--out", tmp_path / "runs", *arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "runs").exists()


# --- what comes out ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """Scenario file, sweep directory, and the document of --json of a sweep of 3 x 2 points."""
    folder = tmp_path_factory.mktemp("sweep")
    file = folder / "shop.yaml"
    file.write_text(SHOP)
    arguments = ("--vary", f"{LEVEL}=8:16:4", "--vary", f"{LEAD}=4 d,6 d", "-j", 2, "--json")
    result = call("sweep", file, "--out", folder / "runs", *arguments)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    return file, Path(document["sweep_directory"]), document


def test_every_point_is_what_run_gives(swept: tuple[Path, Path, dict[str, Any]], tmp_path: Path) -> None:
    file, _, document = swept
    assert len(document["points"]) == 6
    for point in (document["points"][0], document["points"][5]):
        settings = [part for path, value in point["settings"].items() for part in ("--set", f"{path}={value}")]
        single = json.loads(call("run", file, "--out", tmp_path, "--json", *settings).stdout)
        there = single["network"]["network"]
        assert point["kpis"].keys() == there.keys()
        for kpi, mean in there.items():  # sums are added in another order
            for name in ("mean", "half_width", "n"):
                assert point["kpis"][kpi][name] == pytest.approx(mean[name], rel=1e-9, abs=1e-12), kpi
            assert point["kpis"][kpi]["unit"] == mean["unit"]


def test_all_points_meet_the_same_customers(swept: tuple[Path, Path, dict[str, Any]]) -> None:
    kpis = pq.read_table(swept[1] / "kpis.parquet").to_pandas()
    lines = kpis[kpis.kpi == "demand_lines"].pivot(index="replication", columns="point", values="value")
    assert lines.shape == (3, 6)
    assert (lines.nunique(axis=1) == 1).all()
    assert lines[0].nunique() > 1


def test_the_tidy_tables(swept: tuple[Path, Path, dict[str, Any]]) -> None:
    _, path, document = swept
    table = pq.read_table(path / "sweep.parquet")
    assert table.column_names == ["point", LEVEL, LEAD, "kpi", "mean", "half_width", "n", "unit"]
    assert table.schema.field(LEVEL).type == pa.int64()
    frame = table.to_pandas()
    assert len(frame) == sum(len(point["kpis"]) for point in document["points"])
    kpis = pq.read_table(path / "kpis.parquet").to_pandas()
    values = kpis[(kpis.point == 4) & (kpis.kpi == "stock_value")]["value"]
    row = frame[(frame.point == 4) & (frame.kpi == "stock_value")].iloc[0]
    assert (row[LEVEL], row[LEAD], row.n, row.unit) == (16, "4 d", 3, "USD")
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert row["half_width"] == pytest.approx((high - low) / 2, rel=1e-9)
    pd.testing.assert_frame_equal(pd.read_csv(path / "sweep.csv"), frame, check_dtype=False)


def test_the_directory_tells_what_it_is(swept: tuple[Path, Path, dict[str, Any]]) -> None:
    _, path, _ = swept
    manifest = json.loads((path / "sweep.json").read_text())
    assert (manifest["kind"], manifest["status"], manifest["finished"]) == ("sweep", "complete", 6)
    assert manifest["factors"][0] == {"path": LEVEL, "texts": ["8", "12", "16"], "levels": [8, 12, 16]}
    assert load_scenario(path / "scenario.resolved.yaml").name == "shop"
    assert (path / "main_effects.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (path / "main_effects.svg").read_text()


def test_main_effects_average_over_the_other_settings(swept: tuple[Path, Path, dict[str, Any]]) -> None:
    files = SweepFiles.open(swept[1])
    kpis = pq.read_table(swept[1] / "kpis.parquet").to_pandas()
    rows = kpis[(kpis.kpi == "fill_rate") & kpis.point.isin([2, 3])]  # level 12, both lead times
    per_replication = rows.groupby("replication")["value"].mean()
    effect = files.effect("fill_rate", LEVEL)
    assert effect["mean"].iloc[1] == pytest.approx(per_replication.mean(), rel=1e-12)
    low, high = stats.t.interval(0.95, 2, per_replication.mean(), stats.sem(per_replication))
    assert effect["half_width"].iloc[1] == pytest.approx((high - low) / 2, rel=1e-9)
    assert effect["mean"].is_monotonic_increasing, "more stock, better service"
    figure = draw_main_effects(files, ["fill_rate", "stock_value"])
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", LEVEL, LEAD]
    drawn = figure.axes[0].lines[1]
    np.testing.assert_allclose(drawn.get_xdata(), [8, 12, 16])
    np.testing.assert_allclose(drawn.get_ydata(), effect["mean"])


def test_the_table_for_people(shop: Path, tmp_path: Path) -> None:
    arguments = ("--vary", f"{LEVEL}=8,12", "-r", 2, "--kpi", "wait_mean", "--out", tmp_path)
    result = call("sweep", shop, *arguments)
    assert result.exit_code == 0, result.output
    assert "2 points of 2 replications, mean ± half width of the 95% confidence interval" in result.stdout
    assert "wait_mean [h]" in result.stdout
    assert "fill_rate" not in result.stdout
    single = call("sweep", shop, "--vary", f"{LEVEL}=8,12", "-r", 1, "--out", tmp_path)
    assert single.exit_code == 0
    assert "±" not in single.stdout


def test_one_warm_up_is_found_for_all_points(shop: Path, tmp_path: Path) -> None:
    arguments = ("--vary", f"{LEVEL}=8,12", "-r", 1, "--set", "warm_up=auto", "--set", "horizon=52 wk", "--json")
    document = json.loads(call("sweep", shop, *arguments, "--out", tmp_path).stdout)
    (path,) = tmp_path.glob("*-sweep-*")
    assert json.loads((path / "warm_up.json").read_text()) == document["warm_up"]


# --- resuming ---------------------------------------------------------------------------------------------------------
def sweep(file: Path, out: Path, resume: bool = False, workers: int = 1, stop_at: int | None = None) -> list[int]:
    """Run a sweep of three points with three replications; what progress said was done, one after the other."""
    factors = [parse_factor(f"{LEVEL}=8:16:4")]
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(total)
        if done == stop_at:
            raise KeyboardInterrupt

    options = SweepOptions(workers=workers, out=out, resume=resume)
    run_sweep(load_scenario(file), factors, grid(file, [], None, factors), options, progress)
    return seen


def test_finished_points_are_not_done_again(shop: Path, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert sweep(shop, whole)[0] == 9
    with pytest.raises(RunInterruptedError) as caught:
        sweep(shop, stopped, stop_at=5)
    assert any("1 of 3 points are finished" in note for note in caught.value.__notes__)
    assert any("--resume" in note for note in caught.value.__notes__)
    (path,) = stopped.iterdir()
    assert json.loads((path / "sweep.json").read_text())["status"] == "interrupted"
    assert not (path / "sweep.parquet").exists()
    assert sweep(shop, stopped, resume=True)[0] == 6
    (other,) = whole.iterdir()
    assert pq.read_table(path / "kpis.parquet").equals(pq.read_table(other / "kpis.parquet"))
    assert sweep(shop, stopped, resume=True)[0] == 0
    assert [file.name for file in path.rglob("*.part")] == []


def test_ctrl_c_keeps_finished_points(tmp_path: Path) -> None:
    file, out = tmp_path / "fake.yaml", tmp_path / "runs"
    file.write_text(json.dumps(fake_engine.SCENARIO))
    vary = ("--vary", f"{LEVEL}=1:4:1", "-r", "3", "-j", "2", "--json")
    command = [sys.executable, "-m", "tests.fake_engine", "sweep", str(file), "--out", str(out), *vary]
    environment = os.environ | {"FAKE_ENGINE": json.dumps({"slow": 0.5}), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        end = time.monotonic() + 60
        while not list(out.glob("*/points/0000.parquet")):
            assert time.monotonic() < end
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, stderr
    assert stdout == b""
    assert b"Traceback" not in stderr
    assert b"of 4 points are finished" in stderr
    (path,) = out.iterdir()
    assert json.loads((path / "sweep.json").read_text())["status"] == "interrupted"
    again = subprocess.run([*command, "--resume"], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert len(json.loads(again.stdout)["points"]) == 4
    assert json.loads((path / "sweep.json").read_text())["status"] == "complete"


def test_a_sweep_of_something_else_is_not_mixed_in(shop: Path, tmp_path: Path) -> None:
    first = ("sweep", shop, "--out", tmp_path, "--vary", f"{LEVEL}=8,12", "-r", 2)
    assert call(*first).exit_code == 0
    for change, words in [
        (("--vary", f"{LEAD}=3 d,4 d"), "what is varied"),
        (("--seed", 9), "seed: 4 there, 9 now"),
        (("-r", 3), "replications: 2 there, 3 now"),
        (("--set", "horizon=9 wk"), "scenario (hash)"),
    ]:
        result = call(*first, *change, "--resume")
        assert result.exit_code == 2
        assert words in result.stderr
    (path,) = tmp_path.glob("*-sweep-*")
    (path / "points" / "0001.parquet").write_bytes(b"PAR1 not really")
    damaged = call(*first, "--resume")
    assert damaged.exit_code == 2
    assert "0001.parquet cannot be read" in damaged.stderr
    manifest = json.loads((path / "sweep.json").read_text())
    (path / "sweep.json").write_text(json.dumps(manifest | {"format": 0}))
    older = call(*first, "--resume")
    assert older.exit_code == 2
    assert "format 0 is not 1" in older.stderr
    with pytest.raises(NoRunError, match="another version"):
        SweepFiles.open(path)
    shutil.rmtree(path)
    with pytest.raises(NoRunError, match="no finished sweep"):
        SweepFiles.open(path)


def test_run_can_still_be_resumed_beside_a_sweep(shop: Path, tmp_path: Path) -> None:
    assert call("run", shop, "--out", tmp_path, "-r", 1).exit_code == 0
    assert call("sweep", shop, "--out", tmp_path, "--vary", f"{LEVEL}=8,12", "-r", 1).exit_code == 0
    assert call("run", shop, "--out", tmp_path, "-r", 2, "--resume").exit_code == 0


def test_texts_that_look_like_formulas_are_neutralised(tmp_path: Path) -> None:
    table = pa.table({"=a": ["=1+1", "@x", "-5 d", "+3", "\tx", "plain", ""], "mean": [-1.5, 1, 2, 3, 4, 5, None]})
    write_safe_csv(table, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["'=a", "'=1+1", "'@x", "'-5 d", "'+3", "'\tx", "plain", ""]
    assert rows[1][1] == "-1.5", "a number stays one"
    assert rows[7][1] == ""


def test_prices_of_a_contract_are_swept(tmp_path: Path) -> None:
    """All contracts together are a study's business, too: a dearer base fee, the same plant, another margin."""
    file = tmp_path / "works.yaml"
    file.write_text(json.dumps(contract_sample(), default=str))
    fee = "contracts.service.terms.base.amount"
    vary = ("--vary", f"{fee}=300 USD,800 USD", "--kpi", "gross_margin", "--kpi", "fill_rate")
    done = call("sweep", file, *vary, "-r", 1, "--out", tmp_path / "sweeps", "--json")
    assert done.exit_code == 0, done.output
    cheap, dear = (point["kpis"] for point in json.loads(done.stdout)["points"])
    billed, measured = 13 / 31 + 2 + 26 / 30, 98 / 30.436875  # months from 19 January to 26 April
    more = dear["gross_margin"]["mean"] - cheap["gross_margin"]["mean"]
    assert more == pytest.approx(500 * billed / measured, abs=0.02)
    assert dear["fill_rate"] == cheap["fill_rate"]
