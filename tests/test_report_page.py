"""What stands on the pages, and that nothing from a run directory becomes markup, a script or a formula."""

import html
import itertools
import math
import re
import shutil
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from mro_twin.cli import cli
from reports.catalogue import LABELS, STANDARDS, better_when, verdict
from reports.checklist import checklist
from reports.comparison_figures import forest_panels, frontier_curves
from reports.comparison_files import ComparisonFiles
from reports.comparison_report import differences as told_differences
from reports.forecasts import forecasts
from reports.network_picture import flows_of
from reports.numbers import interval, number, short, signed
from reports.pooling import pooling
from reports.run_files import NoRunError, RunFiles
from reports.scenario_file import ScenarioText
from reports.workbook import plain_text
from reports.worst_points import step_path, worst_points
from sim import columns
from tests.report_samples import POOLING, add_kpis, make_comparison, make_run

MORE_STOCK = [
    {"nodes": "depot", "policy": {"kind": "base_stock", "level": 40}},
    {"nodes": "shop-*", "items": "filter", "policy": {"kind": "base_stock", "level": 5}},
]
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)> ${{7*7}} $x_{2$ =1+1'
EVIL_NODE = "shop-1" + EVIL
WITHOUT_REPORT = shutil.ignore_patterns("report.*")
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Elements, headings and texts of a page; complains about elements that are not closed where they should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.headings: list[tuple[int, str]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.text.append(data)
        if self._open and re.fullmatch("h[1-6]", self._open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)


def write(path: Path) -> str:
    """The page of a directory; made once, since directories do not change."""
    if (path / "report.html").exists():
        return (path / "report.html").read_text()
    result = CliRunner().invoke(cli, ["report", str(path), "--xlsx"])
    assert result.exit_code == 0, result.output
    return (path / "report.html").read_text()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = make_run(tmp_path_factory.mktemp("pooled"), policies=MORE_STOCK)
    add_kpis(path, POOLING)
    return path


@pytest.fixture(scope="module")
def comparison(plain: Path, pooled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_comparison(tmp_path_factory.mktemp("comparison"), plain, pooled)


# --- structure --------------------------------------------------------------------------------------------------------
def check_structure(page: str) -> Outline:
    """What every page keeps to: well formed, one h1, no level skipped, unique ids, named pictures, nothing loaded."""
    outline = Outline(page)
    levels = [level for level, _ in outline.headings]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    names = [tag for tag, _ in outline.tags]
    assert not {"script", "iframe", "object", "embed", "form"} & set(names)
    assert next(attributes for tag, attributes in outline.tags if tag == "html") == {"lang": "en"}
    for tag, attributes in outline.tags:
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
    assert "url(http" not in page
    for target in re.findall(r'(?:href="#|url\(#)([^")]+)', page):
        assert target in ids
    return outline


def test_a_run_page_has_all_its_parts(plain: Path) -> None:
    outline = check_structure(write(plain))
    parts = [text for level, text in outline.headings if level == 2]
    assert parts == [
        "The answer in words",
        "Key figures",
        "Over time and by class",
        "The network",
        "Costs",
        "Worst stock points",
        "Demand against forecast",
        "What this rests on",
    ]
    text = " ".join("".join(outline.text).split())
    for phrase in (
        "The scenario shop (a depot and two shops) was simulated 3 times, independently, over 10 weeks",
        "from 5 January 2026; the first 2 weeks are warm-up",
        "95 % confidence intervals",
        "This run made no forecasts",
        "A note with <b>markup</b> & signs.",
        "Customer satisfaction index (CSI) and net promoter score (NPS)",
        "STRESS-DES",
        "not stated",
        "Units given at once from stock / units demanded.",
    ):
        assert phrase in text, phrase


def test_a_pooled_run_has_the_pooling_section(pooled: Path) -> None:
    outline = check_structure(write(pooled))
    headings = [text for _, text in outline.headings]
    assert "Pooling" in headings
    assert "Pooled safety stock, and the square-root law beside it" in headings
    assert "Contribution of the giving stores" in headings
    found = pooling(RunFiles.open(pooled))
    assert found is not None
    assert [share for _, share, _ in found.shares] == pytest.approx([0.90, 0.06, 0.01, 0.03])
    assert found.pairs == [("shop-1", "shop-2", 41.0), ("shop-2", "shop-1", 10.0)]
    assert [(one.node, one.score) for one in found.givers] == [("shop-1", 41 / 51), ("shop-2", 10 / 51)]
    assert [one.tone for one in found.responses] == ["good", "good", "good"]
    assert [one.value for one in found.pooled] == ["5.200 units", "4.500 units"]
    assert len([flow for flow in flows_of(RunFiles.open(pooled)) if flow.transfer]) == 2


def test_a_run_without_pooling_has_no_such_section(plain: Path) -> None:
    assert pooling(RunFiles.open(plain)) is None


def test_forecasts_and_pooled_stock_are_shown_when_there_are_some(plain: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(plain, tmp_path / "run", ignore=WITHOUT_REPORT))
    week = 604_800_000
    buckets = {
        "time_ms": [week, 2 * week, 4 * week],
        "bucket_ms": [week, week, 4 * week],
        "demand": [20.0, 22.0, 9.0],
        "forecast": [19.0, 21.5, 9.0],
        "demand_value": [2000.0, 2200.0, 900.0],
        "forecast_value": [1900.0, 2150.0, 900.0],
    }
    series = {
        "class": [0, 3, 3],
        "measured_buckets": [10, 10, 10],
        "mean_demand": [4.0, 1.0, 1.0],
        "mean_forecast": [5.0, 1.0, 0.5],
        "mase": [0.8, 1.2, -1.0],
    }
    stock = {
        "time_ms": [0, week],
        "pool": [0, 0],
        "members": [2, 2],
        "safety_stock": [9.0, 7.0],
        "alone": [9.0, 9.0],
        "square_root_law": [6.0, 6.4],
    }
    for folder in (path / "replications").iterdir():
        for name, rows in (("forecast_buckets", buckets), ("forecasts", series), ("pooled_stock", stock)):
            pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    pd.DataFrame({"name": ["shops"], "item": [0]}).to_parquet(path / "network" / "stock_pools.parquet")
    run = RunFiles.open(path)
    found = forecasts(run)
    assert found.rows.to_numpy().tolist() == [[7.0, 2000.0, 1900.0], [14.0, 2200.0, 2150.0]]
    assert (found.unit, "by 1 week" in found.note) == ("JPY", True)
    smooth, lumpy = found.classes
    assert (smooth.name, smooth.series, smooth.bias, smooth.mase) == ("smooth", 1.0, 0.25, 0.8)
    assert (lumpy.name, lumpy.series, lumpy.bias, lumpy.mase) == ("lumpy", 2.0, -0.25, 1.2)
    pools = pooling(run)
    assert pools is not None
    (stock_of_pool,) = pools.stocks
    assert (stock_of_pool.name, stock_of_pool.item, stock_of_pool.members) == ("shops", "filter", 2)
    figures = (stock_of_pool.alone, stock_of_pool.pooled, stock_of_pool.law)
    assert figures == pytest.approx((9.0, 7.0, 6.4))
    outline = check_structure(write(path))
    assert "Demand and forecast over time" in [attributes.get("aria-label") for _, attributes in outline.tags]
    assert "Safety stock of each pool, and the square-root law beside it" in [text for _, text in outline.headings]


def test_a_comparison_page_has_all_its_parts(comparison: Path) -> None:
    outline = check_structure(write(comparison))
    assert [text for level, text in outline.headings if level == 2] == [
        "The answer in words",
        "Paired differences",
        "Which changes lie behind it",
        "Compared at equal service",
        "Cost against service",
        "Side by side",
        "What this rests on",
    ]
    text = " ".join("".join(outline.text).split())
    for phrase in (
        "pooled holds more stock [1, 2] and meets more lines.",
        "Runs do not share their horizon.",
        "policies.0.policy.level",
        "nodes only in pooled: shop-3",
        "exactly the same",
        "Differences are paired over 3 replications",
    ):
        assert phrase in text, phrase


# --- hostile content --------------------------------------------------------------------------------------------------
def poison(path: Path) -> None:
    """Put markup, formulas and control characters into every text that a report shows."""
    nodes = pd.read_parquet(path / "network" / "nodes.parquet")
    nodes["name"] = nodes["name"].replace({"shop-1": EVIL_NODE, "shop-2": "商店 \x07\x1b[31m"})
    nodes["echelon"] = nodes["echelon"] + EVIL
    nodes.to_parquet(path / "network" / "nodes.parquet")
    items = pd.read_parquet(path / "network" / "items.parquet")
    items["name"] = "=cmd|' /C calc'!A0" + items["name"] + EVIL
    items["unit"] = EVIL
    items.to_parquet(path / "network" / "items.parquet")
    kpis = pd.read_parquet(path / "kpis.parquet").astype({"key": str, "kpi": str, "unit": str})
    kpis["key"] = kpis["key"].replace({"shop-1": EVIL_NODE}).mask(kpis["scope"] == "echelon", kpis["key"] + EVIL)
    kpis["kpi"] = kpis["kpi"].replace({"on_order": "+on_order" + EVIL})
    kpis.to_parquet(path / "kpis.parquet")
    scenario = path / "scenario.resolved.yaml"
    text = re.sub(r"^description:.*$", f"description: '{EVIL}'", scenario.read_text(), flags=re.MULTILINE)
    scenario.write_text(re.sub(r"^notes:\n", f"notes:\n  - '@{EVIL}'\n", text, flags=re.MULTILINE))
    manifest = path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"shop"', '"<script>alert(3)</script>"').replace('"JPY"', '"<b>"'))
    readme = path / "README.md"
    readme.write_text(readme.read_text() + f"| fill_rate | share | network | {EVIL.replace('|', '')} |\n")


def test_hostile_content_is_inert(plain: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(plain, tmp_path / "run", ignore=WITHOUT_REPORT))
    poison(path)
    page = write(path)
    outline = check_structure(page)
    assert "img" not in [tag for tag, _ in outline.tags]
    assert "<script" not in page
    assert html.escape(EVIL_NODE)[:20] in page
    assert "".join(outline.text).count("<script>alert(1)</script>") > 5
    check_workbook(path / "report.xlsx")


def test_hostile_comparisons_are_inert(comparison: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(comparison, tmp_path / "comparison", ignore=WITHOUT_REPORT))
    findings = path / "comparison.json"
    findings.write_text(
        re.sub(r'"(pooled holds|Runs do|policies|shop-3)', rf'"=<script>{EVIL[:25]}\1', findings.read_text())
    )
    rows = pd.read_parquet(path / "differences.parquet")
    rows["kpi"] = rows["kpi"].replace({"on_order": EVIL})
    rows.to_parquet(path / "differences.parquet")
    assert "<script" not in write(path)
    check_structure(write(path))
    check_workbook(path / "report.xlsx")


@pytest.mark.parametrize("label", ["../../elsewhere", "..", "", "/tmp"])
def test_a_variant_outside_of_the_directory_is_refused(comparison: Path, tmp_path: Path, label: str) -> None:
    path = Path(shutil.copytree(comparison, tmp_path / "comparison", ignore=WITHOUT_REPORT))
    manifest = path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"label": "pooled"', f'"label": "{label}"'))
    result = CliRunner().invoke(cli, ["report", str(path)])
    assert result.exit_code == 2
    assert str(manifest) in result.stderr


@pytest.mark.parametrize("file", ["differences.parquet", "comparison.json", "variants/today/manifest.json"])
def test_a_missing_file_of_a_comparison_is_named(comparison: Path, tmp_path: Path, file: str) -> None:
    path = Path(shutil.copytree(comparison, tmp_path / "comparison", ignore=WITHOUT_REPORT))
    (path / file).unlink()
    result = CliRunner().invoke(cli, ["report", str(path)])
    assert result.exit_code == 2
    assert (str(path / file) in result.stderr) or "no finished comparison" in result.stderr


# --- workbook ---------------------------------------------------------------------------------------------------------
def check_workbook(file: Path) -> None:
    """No formulas, and no text that would become one when it is edited or saved as CSV."""
    for sheet in load_workbook(file):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                if isinstance(cell.value, str):
                    assert not cell.value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), cell.value


def test_the_workbook_has_numbers_as_numbers(plain: Path) -> None:
    write(plain)
    book = load_workbook(plain / "report.xlsx")
    assert {"About", "KPIs", "Echelons", "Nodes", "Replications", "Worst points", "Definitions"} <= set(book.sheetnames)
    rows = {row[1]: row for row in book["KPIs"].iter_rows(min_row=2, values_only=True)}
    one = RunFiles.open(plain).estimate("fill_rate")
    assert one is not None
    assert rows["fill_rate"][2:4] == (pytest.approx(one.mean), pytest.approx(one.half_width))
    assert isinstance(rows["total_cost"][2], float)
    values = [row[2] for row in book["Replications"].iter_rows(min_row=2, values_only=True) if row[1] == "fill_rate"]
    assert float(np.mean(values)) == pytest.approx(one.mean)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_begins_like_a_formula_gets_an_apostrophe(start: str) -> None:
    assert plain_text(f"{start}1+1") == f"'{start}1+1"
    assert plain_text(f"a{start}b") == f"a{start}b"


# --- words and numbers ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kpi", "mean", "half_width", "word", "also"),
    [
        ("line_fill_rate", 0.96, 0.005, "met", ()),
        ("line_fill_rate", 0.95, 0.0, "met", ()),
        ("line_fill_rate", 0.949, 0.002, "missed", ("met",)),
        ("stock_out_rate", 0.05, math.nan, "met", ()),
        ("stock_out_rate", 0.051, math.nan, "missed", ()),
        ("turnover", 8.1, 0.05, "excellent", ()),
        ("turnover", 6.0, 0.5, "good", ("pass",)),
        ("turnover", 3.9, 0.05, "poor", ()),
        ("age_over_180d", 0.07, 0.01, "good", ()),
        ("age_over_180d", 0.11, 0.001, "poor", ()),
        ("stock_to_revenue", 0.31, 0.001, "watch", ()),
    ],
)
def test_grades_are_those_of_the_business_cases(
    kpi: str, mean: float, half_width: float, word: str, also: tuple[str, ...]
) -> None:
    found = verdict(kpi, mean, half_width)
    assert found is not None
    assert (found.grade.word, found.also) == (word, also)


def test_what_has_no_standard_has_no_grade() -> None:
    assert verdict("demand_lines", 5.0, 1.0) is None
    assert verdict("turnover", math.nan, math.nan) is None
    for kpi, standard in STANDARDS.items():
        assert len(standard.grades) == len(standard.edges) + 1
        assert list(standard.edges) == sorted(standard.edges)
        assert kpi in LABELS or kpi == "renewal"


def test_directions() -> None:
    assert [better_when(kpi) for kpi in ("fill_rate", "total_cost", "wait_mean", "orders", "unknown")] == [
        1,
        -1,
        -1,
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("value", "half_width", "unit", "expected"),
    [
        (0.91234, 0.0031, "share", "91.23 % [90.92, 91.54]"),
        (86_127_069.0, 4_645_227.0, "CNY", "86.1 M [81.5, 90.8] M"),
        (1234.5, 12.0, "", "1,234 [1,222, 1,246]"),
        (-0.0001, math.nan, "", "−0.0001 "),
        (0.0, 0.0, "share", "0 % "),
        (math.nan, math.nan, "", "– "),
    ],
)
def test_numbers_have_the_digits_that_the_interval_justifies(
    value: float, half_width: float, unit: str, expected: str
) -> None:
    assert f"{number(value, half_width, unit)} {interval(value, half_width, unit)}" == expected


def test_short_numbers_and_signs() -> None:
    assert [short(value) for value in (86.1e6, 12_345.0, 7.412, 3.0, 0.0)] == ["86.1 M", "12,345", "7.41", "3", "0"]
    assert [signed(value) for value in (0.0, 5.0, -5.0)] == ["0", "+5.000", "−5.000"]
    assert signed(-0.012, 0.002, "share") == "−1.20 points"


# --- the parts --------------------------------------------------------------------------------------------------------
def test_the_worst_points_are_those_with_most_missed_lines(plain: Path) -> None:
    run = RunFiles.open(plain)
    found = worst_points(run)
    totals = run.table("stock_points", ("stock_point", "demand_lines", "lines_at_once"))
    points = run.network_table("stock_points", ("node", "item", "flags"))
    totals = totals[(points["flags"].to_numpy()[totals["stock_point"]] & 2) != 0]  # those that mean to hold the item
    missed = (totals["demand_lines"] - totals["lines_at_once"]).groupby(totals["stock_point"]).sum() / run.count
    assert [one.missed for one in found] == sorted([one.missed for one in found], reverse=True)
    assert found[0].missed == pytest.approx(missed.max())
    assert all(one.missed > 0 and one.trace.startswith("M0") for one in found)
    number = missed.idxmax()
    assert found[0].node == run.nodes["name"][points["node"][number]]


def test_a_level_becomes_a_step_curve() -> None:
    assert step_path(np.array([2.0, 2.0, 0.0, 1.0])) == "M0 0.0H80.0V30.0H120.0V15.0H160.0V30.0H0Z"
    assert step_path(np.zeros(0)) == ""
    assert step_path(np.zeros(2)) == "M0 30.0H160.0V30.0H0Z"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("POLICY_ORDER_UP_TO", "at 2 up to 6"),
        ("POLICY_LOT", "at 2: lots of 4"),
        ("POLICY_KANBAN", "bins of 4, 6 in all"),
        ("POLICY_CAN_ORDER", "at 2, along at 4, up to 6"),
        ("POLICY_PYTHON", "decided in Python"),
    ],
)
def test_every_kind_of_policy_is_told(plain: Path, tmp_path: Path, policy: str, expected: str) -> None:
    path = Path(shutil.copytree(plain, tmp_path / "run", ignore=WITHOUT_REPORT))
    points = pd.read_parquet(path / "network" / "stock_points.parquet")
    points = points.assign(policy=getattr(columns, policy), reorder_point=2, order_up_to=6, lot=4)
    points.to_parquet(path / "network" / "stock_points.parquet")
    assert {one.levels for one in worst_points(RunFiles.open(path))} == {expected}


def test_flows_are_the_lines_over_each_lane(plain: Path) -> None:
    run = RunFiles.open(plain)
    flows = {(run.nodes["name"][one.giver], run.nodes["name"][one.receiver]): one.lines for one in flows_of(run)}
    assert set(flows) == {("maker", "depot"), ("depot", "shop-1"), ("depot", "shop-2")}
    total = run.estimate("order_lines")
    assert total is not None
    assert sum(flows.values()) == pytest.approx(total.mean)


def test_the_checklist_says_what_is_not_stated(plain: Path) -> None:
    run = RunFiles.open(plain)
    sections = checklist(run, ScenarioText(plain / "scenario.resolved.yaml"))
    entries = {entry.number: entry for _, members in sections for entry in members}
    assert len(sections) == 6
    assert len(entries) == 24
    assert (entries["3.2"].text, entries["3.2"].stated) == ("not stated", False)
    assert entries["1.1"].text == "a depot and two shops"
    assert "3 independent replications, seed 1" in entries["4.3"].text
    assert "a warm-up of 2 weeks" in entries["4.1"].text


def test_only_chosen_settings_of_a_scenario_are_read(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    bomb = "a: &a [x, x]\nnotes: [*a, {deep: 1}, 'kept', 5]\ndescription: \"one: line\"\nitems:\n  x: {kind: y}\n"
    file.write_text(bomb)
    scenario = ScenarioText(file)
    assert scenario.text("description") == "one: line"
    assert scenario.kinds("items") == ["y"]
    with pytest.raises(NoRunError, match="notes cannot be read"):
        _ = scenario.notes
    file.write_text("notes:\n  - " + "x" * 300_000)
    assert ScenarioText(file).notes == []


def test_the_forest_plot_shows_the_table(comparison: Path) -> None:
    found = ComparisonFiles.open(comparison)
    shares, amounts = forest_panels(found)
    rows = found.differences
    rows = rows[rows["scope"] == "network"].set_index("kpi")
    stock = rows.loc["stock_value"]
    assert amounts.values["stock_value", "pooled"] == pytest.approx(
        [100 * stock["relative"], 100 * stock["relative_low"], 100 * stock["relative_high"]]
    )
    fill = rows.loc["line_fill_rate"]
    low, high = fill["difference"] - fill["half_width"], fill["difference"] + fill["half_width"]
    assert shares.values["line_fill_rate", "pooled"] == pytest.approx([100 * fill["difference"], 100 * low, 100 * high])


def test_differences_say_better_worse_and_the_same(comparison: Path) -> None:
    ((key, rows),) = told_differences(ComparisonFiles.open(comparison), "network")
    told = {row.label: row for row in rows}
    assert key == "network"
    assert told["Customer lines"].verdict == "exactly the same"
    assert told["Stock value"].verdict == "worse"  # more money tied up
    assert told["Lines met at once, stocked items"].verdict == "better"


def test_the_frontier_has_a_curve_per_variant(comparison: Path) -> None:
    curves, cost, service = frontier_curves(ComparisonFiles.open(comparison))
    assert (cost, service) == ("total_cost", "fill_rate")
    assert {name: len(curve) for name, curve in curves.items()} == {"today": 3, "pooled": 3}
    assert [factor for _, _, factor in curves["today"]] == [0.6, 1.0, 1.4]
