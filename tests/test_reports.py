"""Reports: made from a run directory alone, with the figures that the run itself reported."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import mro_twin
from mro_twin.cli import cli
from reports.figures import weekly_stock
from reports.page import draw_page
from reports.run_files import DAY_MS, NoRunError, RunFiles
from sim.run.simulation import RunOptions, run_scenario

SHOP = {
    "name": "shop",
    "start": "2026-01-05",
    "horizon": "10 wk",
    "warm_up": "2 wk",
    "currency": "JPY",
    "items": {"filter": {"cost": "2000 JPY", "price": "4500 JPY"}, "seal": {"cost": "90 JPY"}},
    "nodes": {
        "maker": {"kind": "supplier", "lead_time": "5 d"},
        "depot": {"kind": "warehouse"},
        "shop": {"kind": "store"},
    },
    "lanes": [{"from": "maker", "to": "depot"}, {"from": "depot", "to": "shop", "lead_time": "1 d"}],
    "demand": [{"node": "shop", "item": "*", "poisson": {"rate": "2 /d"}}],
    "policies": [
        {"nodes": "depot", "policy": {"kind": "base_stock", "level": 12}},
        {"nodes": "shop", "items": "filter", "policy": {"kind": "base_stock", "level": 3}},
    ],
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = mro_twin.load_scenario(SHOP)
    path = mro_twin.simulate(scenario, replications=3, out=tmp_path_factory.mktemp("runs")).path
    assert path is not None
    return path


def report(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def test_report_writes_a_picture_into_the_run_directory(directory: Path) -> None:
    result = report(directory)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(directory / "report.svg")
    first = (directory / "report.svg").read_bytes()
    assert first.startswith(b"<?xml")
    report(directory)
    assert (directory / "report.svg").read_bytes() == first  # the same run, the same file


def test_report_of_a_folder_takes_its_newest_run(directory: Path, tmp_path: Path) -> None:
    for name in ("20260105-090000-shop-b", "20260106-090000-shop-a"):
        shutil.copytree(directory, tmp_path / name)
    assert report(tmp_path).stdout.strip() == str(tmp_path / "20260106-090000-shop-a" / "report.svg")


def test_report_needs_nothing_but_the_directory(directory: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(directory, moved)
    assert report(moved, "-o", tmp_path / "page.png").exit_code == 0
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_weekly_stock_adds_up_to_the_reported_stock_value(directory: Path) -> None:
    run = RunFiles.open(directory)
    assert (run.currency, run.minor_per_major) == ("JPY", 1.0)  # the yen has no minor unit
    assert run.days == range(70)
    measured = weekly_stock(run).loc[2:]  # after the warm-up
    kpis = run.kpis[(run.kpis["kpi"] == "stock_value") & (run.kpis["scope"] == "echelon")]
    expected = kpis.groupby("key", observed=True)["value"].mean()
    assert list(measured.columns) == ["warehouse", "store"]
    for echelon in measured:
        assert measured[echelon].mean() == pytest.approx(expected[echelon], rel=1e-9)


def test_the_page_shows_the_shares_of_the_run(directory: Path) -> None:
    run = RunFiles.open(directory)
    figure = draw_page(run)
    _, service, waiting = figure.axes
    bars = [patch.get_width() for patch in service.patches]
    assert bars[len(bars) // 2 - 1] == pytest.approx(run.network_kpi("line_fill_rate").mean())
    assert bars[-1] == pytest.approx(run.network_kpi("line_fill_rate_stocked").mean())
    assert sum(patch.get_height() for patch in waiting.patches) == pytest.approx(1.0)
    assert figure.get_suptitle() == "shop: 3 replications"


def test_half_widths_are_those_of_the_summary(directory: Path) -> None:
    run = RunFiles.open(directory)
    summary = json.loads((directory / "summary.json").read_text())["network"]["network"]["fill_rate"]
    assert run.half_width(run.network_kpi("fill_rate")) == pytest.approx(summary["half_width"])
    assert pd.isna(run.half_width(pd.Series([0.5])))


def test_a_run_from_a_saved_state_begins_there(directory: Path, tmp_path: Path) -> None:
    scenario = mro_twin.load_scenario(SHOP)
    first = run_scenario(scenario, RunOptions(1, out=tmp_path, save_state_ms=24 * DAY_MS))
    rest = run_scenario(scenario, RunOptions(1, out=tmp_path, from_state=first.path))
    assert first.path is not None
    assert rest.path is not None
    whole, run = RunFiles.open(first.path), RunFiles.open(rest.path)
    assert run.days == range(24, 70)
    assert list(weekly_stock(run).index) == list(range(3, 10))
    assert weekly_stock(run).loc[4:].to_numpy() == pytest.approx(weekly_stock(whole).loc[4:].to_numpy())
    assert report(run.path).exit_code == 0


def test_a_run_in_which_nobody_waits_has_a_page(tmp_path: Path) -> None:
    plenty = mro_twin.load_scenario(SHOP, {"policies": [{"nodes": "*", "policy": {"kind": "base_stock", "level": 99}}]})
    path = mro_twin.simulate(plenty, replications=1, out=tmp_path).path
    assert report(path).exit_code == 0


def test_what_is_no_run_is_exit_code_2_with_a_hint(directory: Path, tmp_path: Path) -> None:
    result = report(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not a run directory" in result.stderr
    assert report(directory, "-o", tmp_path / "page.xyz").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_whole_replication_is_exit_code_2(directory: Path, tmp_path: Path) -> None:
    moved = tmp_path / "stopped"
    shutil.copytree(directory, moved)
    shutil.rmtree(moved / "replications")
    with pytest.raises(NoRunError, match="no finished replication"):
        RunFiles.open(moved)
    (moved / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(NoRunError, match="another version"):
        RunFiles.open(moved)
    (moved / "manifest.json").write_text("{")
    with pytest.raises(NoRunError, match=r"manifest\.json cannot be read"):
        RunFiles.open(moved)


def test_a_picture_that_cannot_be_written_is_exit_code_4(directory: Path, tmp_path: Path) -> None:
    result = report(directory, "-o", tmp_path / "no" / "folder.svg")
    assert result.exit_code == 4
    assert "could not be written" in result.stderr
