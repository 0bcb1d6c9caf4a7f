"""The plant section of a report, on a run with lines, devices and rules: its figures are those of the run's files."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mro_twin.cli import cli
from reports.plants import Plants, plants, use_over_time
from reports.run_files import DAY_MS, NoRunError, RunFiles
from sim import columns as c
from tests.plant_run_samples import plant_run
from tests.report_samples import make_run


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant_run(tmp_path_factory.mktemp("plants"))


@pytest.fixture(scope="module")
def section(directory: Path) -> Plants:
    found = plants(RunFiles.open(directory))
    assert found is not None
    return found


def test_stops_add_up_to_the_cost_of_the_network(directory: Path, section: Plants) -> None:
    run = RunFiles.open(directory)
    total = run.estimate("stop_cost_per_year")
    assert total is not None
    assert sum(one.cost for one in section.causes) == pytest.approx(total.mean)
    assert sum(one.share for one in section.causes) == pytest.approx(1.0)
    assert [one.cost for one in section.causes] == sorted((one.cost for one in section.causes), reverse=True)
    missing = next(one for one in section.causes if one.name == "item missing")
    overdue = [one.cost for one in section.causes if one.name == "item overdue"]
    assert sum(one.cost for one in section.items) == pytest.approx(missing.cost + sum(overdue))


def test_availability_is_held_against_the_promise(section: Plants) -> None:
    assert {one.name for one in section.points} == {"shelf/filter", "shelf/grease"}  # the critical items
    assert {one.name for one in section.lines} == {"works/turning", "works/milling"}
    for one in (*section.points, *section.lines):
        assert one.verdict is not None
        assert one.verdict.grade.word == ("met" if one.share >= 0.99 else "missed")


def test_the_causes_of_a_wrong_record_are_the_runs(directory: Path, section: Plants) -> None:
    kpis = pd.read_parquet(directory / "kpis.parquet").astype({"scope": str, "kpi": str})
    rows = kpis[(kpis["scope"] == "record_cause") & (kpis["kpi"] == "record_error_value")]
    assert sum(one.value for one in section.record) == pytest.approx(rows["value"].sum() / 2)
    assert {one.name for one in section.record} <= set(c.CAUSE_NAMES)


def test_use_is_that_of_the_usage_log(directory: Path) -> None:
    run = RunFiles.open(directory)
    table = use_over_time(run)
    assert len(table) == 3  # 112 days are three whole periods
    points = pd.read_parquet(directory / "network" / "stock_points.parquet")
    items = pd.read_parquet(directory / "network" / "items.parquet")
    expected = np.zeros(len(items))
    for folder in run.replications:
        used = pd.read_parquet(folder / "usage.parquet")
        for row in used[used["time_ms"] < 90 * DAY_MS].itertuples():
            sign = {c.U_PERSON: 1, c.U_MACHINE: 1, c.U_QUEUE: 1, c.U_WRONG: 1, c.U_PUT_BACK: -1}.get(row.kind, 0)
            expected[points["item"][row.stock_point]] += sign * row.quantity
    expected *= items["cost_milli"].to_numpy() / 1000 / 100 / run.count
    for name, value in zip(items["name"], expected, strict=True):
        assert (table[name].sum() if name in table else 0.0) == pytest.approx(value)
    assert expected.sum() > 0


def test_amounts_are_in_natural_units(directory: Path, section: Plants) -> None:
    run = RunFiles.open(directory)
    kpis = pd.read_parquet(directory / "kpis.parquet").astype({"scope": str, "key": str, "kpi": str})
    grease = kpis[(kpis["scope"] == "item") & (kpis["key"] == "grease") & (kpis["kpi"] == "usage_per_30d")]
    shown = next(one for one in section.use if one.item == "grease")
    assert (shown.amount, shown.unit) == (pytest.approx(0.1 * grease["value"].sum() / run.count), "kg")


def test_the_page_has_the_section_and_its_pictures(directory: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["report", str(directory), "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page.html").read_text()
    assert '<section id="plants">' in page
    for heading in ("Stops by cause", "Availability at the point of use", "Record against shelf, by cause"):
        assert f"<h3>{heading}</h3>" in page
    for name in ("vending", "works/turning", "wrench"):
        assert name in page


def test_a_run_without_plants_has_no_section(tmp_path: Path) -> None:
    run = RunFiles.open(make_run(tmp_path, 1))
    assert plants(run) is None
    assert use_over_time(run).empty


def test_a_damaged_usage_log_is_named(directory: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(directory, tmp_path / "run"))
    file = copy / "replications" / "0000" / "usage.parquet"
    used = pd.read_parquet(file)
    used.loc[0, "stock_point"] = 10_000
    used.to_parquet(file)
    with pytest.raises(NoRunError, match="table usage is damaged: stock_point refers to rows that are not there"):
        plants(RunFiles.open(copy))
