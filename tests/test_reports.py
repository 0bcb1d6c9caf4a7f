"""Reports: made from a run directory alone, with the figures that the run itself reported."""

import errno
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import mro_twin
from mro_twin.cli import cli
from reports.comparison_files import FORMAT as COMPARISON_FORMAT
from reports.figures import stock_by_age, weekly_stock
from reports.page import draw_page
from reports.run_files import DAY_MS, FORMAT, NoRunError, RunFiles
from sim.run.manifest import FORMAT as WRITTEN_FORMAT
from sim.run.simulation import RunOptions, run_scenario
from tests.report_samples import SHOP, make_run


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def copied(directory: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may damage."""
    return Path(shutil.copytree(directory, tmp_path / "run", ignore=shutil.ignore_patterns("report.*")))


def report(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


# --- what is written --------------------------------------------------------------------------------------------------
def test_report_writes_a_page_into_the_run_directory(directory: Path) -> None:
    result = report(directory)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(directory / "report.html")
    assert (directory / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_the_same_run_gives_the_same_bytes(directory: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.html", "two.html")]
    for file in files:
        assert report(directory, "-o", file, "--xlsx").exit_code == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].with_suffix(".xlsx").read_bytes() == files[1].with_suffix(".xlsx").read_bytes()


def test_a_folder_that_is_not_there_is_named(directory: Path, tmp_path: Path) -> None:
    result = report(directory, "-o", tmp_path / "nowhere" / "x.html")
    assert result.exit_code == 2
    assert f"there is no folder {tmp_path / 'nowhere'}" in " ".join(result.stderr.split())


def test_a_picture_is_written_instead_when_the_ending_says_so(directory: Path, tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg", "page.png"):
        assert report(directory, "-o", tmp_path / name).exit_code == 0
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert report(directory, "-o", tmp_path / "one.svg", "--xlsx").exit_code == 2


def test_report_of_a_folder_takes_its_newest_run(directory: Path, tmp_path: Path) -> None:
    for name in ("20260105-090000-shop-b", "20260106-090000-shop-a"):
        shutil.copytree(directory, tmp_path / name)
    assert report(tmp_path).stdout.strip() == str(tmp_path / "20260106-090000-shop-a" / "report.html")


def test_run_writes_a_report_only_when_asked(tmp_path: Path) -> None:
    for flags, written in (([], 0), (["--report"], 1)):
        out = tmp_path / str(written)
        result = CliRunner().invoke(cli, ["run", "one-store", "--set", "horizon=12 wk", "--out", str(out), *flags])
        assert result.exit_code == 0, result.output
        assert len(list(out.glob("*/report.html"))) == written
        assert ("report.html" in result.stderr) == bool(written)


# --- the figures ------------------------------------------------------------------------------------------------------
def test_weekly_stock_adds_up_to_the_reported_stock_value(directory: Path) -> None:
    run = RunFiles.open(directory)
    assert (run.currency, run.minor_per_major) == ("JPY", 1.0)  # the yen has no minor unit
    assert run.days == range(70)
    measured = weekly_stock(run).loc[2:]  # after the warm-up
    kpis = run.kpis[(run.kpis["kpi"] == "stock_value") & (run.kpis["scope"] == "echelon")]
    expected = kpis.groupby("key", observed=True)["value"].mean()
    assert list(measured.columns) == ["warehouse", "store"]
    for echelon in measured:
        assert measured[echelon].mean() == pytest.approx(expected[str(echelon)], rel=1e-9)


def test_stock_by_age_is_the_closing_stock_of_tracked_items(directory: Path) -> None:
    run = RunFiles.open(directory)
    closing = run.table("stock_points", ("stock_point", "on_hand"))
    points = run.network_table("stock_points", ("node", "item"))
    filters = points["item"].to_numpy()[closing["stock_point"]] == 0
    value = 2000.0 * closing.loc[filters, "on_hand"].sum() / run.count
    assert float(stock_by_age(run).to_numpy().sum()) == pytest.approx(value)
    assert value > 0


def test_the_picture_shows_the_shares_of_the_run(directory: Path) -> None:
    run = RunFiles.open(directory)
    figure = draw_page(run)
    _, service, waiting = figure.axes
    bars = [patch.get_width() for patch in service.patches]
    assert bars[len(bars) // 2 - 1] == pytest.approx(run.network_kpi("line_fill_rate").mean())
    assert bars[-1] == pytest.approx(run.network_kpi("line_fill_rate_stocked").mean())
    assert sum(patch.get_height() for patch in waiting.patches) == pytest.approx(1.0)
    assert figure.get_suptitle() == "shop: 3 replications"


def test_estimates_are_those_of_the_summary(directory: Path) -> None:
    run = RunFiles.open(directory)
    document = json.loads((directory / "summary.json").read_text())
    for scope in ("network", "echelon"):
        for key, kpis in document[scope].items():
            for kpi, expected in kpis.items():
                found = run.estimates[scope, key, kpi]
                assert (found.mean, found.n, found.unit) == (
                    pytest.approx(expected["mean"]),
                    expected["n"],
                    expected["unit"],
                )
                assert found.half_width == pytest.approx(expected["half_width"])
    met, short = run.estimate("line_fill_rate"), run.estimate("stock_out_rate")
    assert met is not None
    assert short is not None
    assert (short.mean, short.half_width) == (pytest.approx(1 - met.mean), met.half_width)
    assert pd.isna(run.half_width(pd.Series([0.5])))


def test_a_run_from_a_saved_state_begins_there(tmp_path: Path) -> None:
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
    assert "going on from a saved state at 24 days" in (run.path / "report.html").read_text()


def test_a_run_in_which_nobody_waits_has_a_page(tmp_path: Path) -> None:
    plenty = {"policies": [{"nodes": "*", "policy": {"kind": "base_stock", "level": 99}}]}
    path = make_run(tmp_path, 1, **plenty)
    assert report(path, "--xlsx").exit_code == 0
    page = (path / "report.html").read_text()
    assert "nobody had to wait" in page
    assert "No stock point left a customer line waiting." in page
    assert "nothing can be said about how far chance alone moves these figures" in page


def test_a_run_without_demand_has_a_page(tmp_path: Path) -> None:
    path = make_run(tmp_path, 2, demand=[])
    assert report(path, "--xlsx").exit_code == 0
    assert "No customer asked for anything" in (path / "report.html").read_text()


# --- what is refused --------------------------------------------------------------------------------------------------
def test_what_is_no_run_is_exit_code_2_with_a_hint(directory: Path, tmp_path: Path) -> None:
    result = report(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not a run directory" in result.stderr
    assert report(directory, "-o", tmp_path / "page.xyz").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_is_reported_as_far_as_it_is_whole(copied: Path) -> None:
    shutil.rmtree(copied / "replications" / "0002")
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest |= {"status": "interrupted", "finished": 2}
    (copied / "manifest.json").write_text(json.dumps(manifest))
    (copied / "kpis.parquet").unlink()
    assert report(copied).exit_code == 0
    page = (copied / "report.html").read_text()
    assert "2 of 3 replications are whole" in page
    assert RunFiles.open(copied).count == 2


def test_a_run_without_a_whole_replication_is_refused(copied: Path) -> None:
    shutil.rmtree(copied / "replications")
    with pytest.raises(NoRunError, match="no finished replication"):
        RunFiles.open(copied)


def test_the_formats_read_are_those_written() -> None:
    assert FORMAT == WRITTEN_FORMAT
    assert COMPARISON_FORMAT == 1


def test_another_format_is_refused_with_both_versions(copied: Path) -> None:
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest |= {"format": 1, "versions": {"mro-twin": "0.0.7"}}
    (copied / "manifest.json").write_text(json.dumps(manifest))
    result = report(copied)
    assert result.exit_code == 2
    assert f"mro-twin 0.0.7, format 1; this is mro-twin 0.1.0, which reads format {FORMAT}" in result.stderr


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("manifest.json", b"{"),
        ("manifest.json", b"[]"),
        ("kpis.parquet", b"PAR1 and no more"),
        ("scenario.resolved.yaml", b"\xff\xfe"),
        ("scenario.resolved.yaml", b"notes: [unclosed\n"),
        ("network/nodes.parquet", b""),
        ("network/lanes.parquet", None),
        ("replications/0001/series.parquet", b"x"),
        ("replications/0002/stock_points.parquet", None),
    ],
)
def test_a_damaged_file_is_named(copied: Path, file: str, content: bytes | None) -> None:
    (copied / file).unlink()
    if content is not None:
        (copied / file).write_bytes(content)
    result = report(copied)
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(copied / file) in result.stderr
    assert not (copied / "report.html").exists()


@pytest.mark.parametrize("field", [{"confidence": 1.5}, {"horizon_ms": 0}, {"seed": "x"}, {"minor_digits": 400}])
def test_a_manifest_without_sense_is_refused(copied: Path, field: dict[str, object]) -> None:
    manifest = json.loads((copied / "manifest.json").read_text()) | field
    (copied / "manifest.json").write_text(json.dumps(manifest))
    result = report(copied)
    assert result.exit_code == 2
    assert f"no sensible value for {'warm_up_ms' if 'horizon_ms' in field else next(iter(field))}" in result.stderr


def test_row_numbers_that_point_outside_are_refused(copied: Path) -> None:
    file = copied / "replications" / "0000" / "series.parquet"
    rows = pd.read_parquet(file)
    rows.loc[0, "node"] = 4711
    rows.to_parquet(file)
    result = report(copied)
    assert result.exit_code == 2
    assert "series is damaged: node refers to rows that are not there" in result.stderr


def test_a_report_that_cannot_be_written_is_exit_code_4(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("reports.report.write_report", full)
    result = report(directory)
    assert result.exit_code == 4
    assert "could not be written" in result.stderr
