"""Tables beside a scenario: the three formats give the same, and every fault is found at its cell."""

import contextlib
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from policies.replenishment import REPLENISHMENT
from sim.scenario import Finding, Scenario, ScenarioError, load_scenario
from sim.scenario.findings import Place
from sim.scenario.stocking_table import ABSENT
from sim.scenario.table_files import read_table
from tests.scenario_samples import SAMPLE, findings_of, write

Rows = list[list[Any]]


def write_csv(path: Path, rows: Rows) -> None:
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_parquet(path: Path, rows: Rows) -> None:
    columns: list[Any] = list(zip(*rows[1:], strict=True)) if len(rows) > 1 else [() for _ in rows[0]]
    table = {}
    for name, column in zip(rows[0], columns, strict=True):
        try:
            table[name] = pa.array(list(column))
        except pa.ArrowInvalid:
            table[name] = pa.array([None if cell is None else str(cell) for cell in column])
    parquet.write_table(pa.table(table), path)


def write_xlsx(path: Path, rows: Rows) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    workbook.save(path)


WRITERS: dict[str, Callable[[Path, Rows], None]] = {"csv": write_csv, "parquet": write_parquet, "xlsx": write_xlsx}
formats = pytest.mark.parametrize("ending", list(WRITERS))

ITEMS: Rows = [
    ["item", "cost", "price", "unit", "critical", "class", "weight"],
    ["bolt", 0.1, "0.25 USD", "each", "true", "C", "20 g"],
    ["oil", 3, None, "0.1 l", None, None, None],
    ["filter", 99, None, None, None, None, None],
]
STOCKING: Rows = [
    ["node", "item", "policy", "reorder_point", "order_up_to", "level", "on_hand", "minimum_order", "multiple"],
    ["shop", "filter", "s_S", 4, "3 d", None, 7, 4, 2],
    ["depot", "filter", "base_stock", None, None, 12, None, None, None],
    ["shop", "grease", "base_stock", None, None, "2.5 kg", "14 d", None, "0.5 kg"],
]
TRACE: Rows = [
    ["time", "node", "item", "quantity", "job", "if_short"],
    ["2026-01-05T06:00:00", "shop", "filter", 2, "J1", None],
    ["2026-01-06", "shop", "grease", "1.5 kg", "J1", "lost"],
    ["36 h", "depot", "filter", 1, None, "backorder"],
]


def scenario_with(folder: Path, ending: str, **tables: Rows) -> Path:
    """The sample with tables: items, stocking, trace."""
    text = SAMPLE
    for name, rows in tables.items():
        WRITERS[ending](folder / f"{name}.{ending}", rows)
        if name == "trace":
            text = text.replace(
                "policies:\n", f"  - {{trace: {{table: trace.{ending}}}, delivery: partial}}\npolicies:\n"
            )
        else:
            text += f"{name}_table: {name}.{ending}\n"
    return write(folder, text)


def load(folder: Path, ending: str, **tables: Rows) -> Scenario:
    return load_scenario(scenario_with(folder, ending, **tables))


def faults(folder: Path, ending: str, **tables: Rows) -> tuple[Finding, ...]:
    return findings_of(scenario_with(folder, ending, **tables))


def changed(rows: Rows, row: int, column: str, value: Any) -> Rows:
    copied = [list(cells) for cells in rows]
    copied[row][rows[0].index(column)] = value
    return copied


@formats
def test_items_table(tmp_path: Path, ending: str) -> None:
    scenario = load(tmp_path, ending, items=ITEMS)
    assert list(scenario.items) == ["bolt", "oil", "filter", "grease"]
    bolt, oil = scenario.items["bolt"], scenario.items["oil"]
    assert (bolt.unit_cost, bolt.unit_price, bolt.critical, bolt.class_) == (Fraction(1, 10), Fraction(1, 4), True, "C")
    assert (oil.unit_cost, oil.unit_volume_ml) == (Fraction(3, 10), Fraction(100))
    assert scenario.items["filter"].unit_cost == Fraction(99, 4)  # what the file says itself comes last
    assert [file.name for file in scenario.inputs] == ["sample.yaml", f"items.{ending}"]
    assert load_scenario(scenario.resolved(), folder=tmp_path) == scenario
    assert "bolt" not in scenario.resolved()["items"]


@formats
def test_stocking_table(tmp_path: Path, ending: str) -> None:
    scenario = load(tmp_path, ending, stocking=STOCKING)
    table = scenario.stocking
    assert table is not None
    assert [list(scenario.nodes)[node] for node in table.node] == ["shop", "depot", "shop"]
    assert [scenario.item_names[item] for item in table.item] == ["filter", "filter", "grease"]
    assert [REPLENISHMENT.kinds[kind] for kind in table.kind] == ["s_S", "base_stock", "base_stock"]
    assert table.levels["reorder_point"].units.tolist() == [4, ABSENT, ABSENT]
    assert table.levels["order_up_to"].cover_ms.tolist() == [3 * 86_400_000, ABSENT, ABSENT]
    assert table.levels["level"].units.tolist() == [ABSENT, 12, 25]
    assert table.on_hand.units.tolist() == [7, ABSENT, ABSENT]
    assert table.on_hand.cover_ms.tolist() == [ABSENT, ABSENT, 14 * 86_400_000]
    assert table.minimum_order.tolist() == [4, ABSENT, ABSENT]
    assert table.multiple.tolist() == [2, ABSENT, 5]
    assert table.capacity.tolist() == [ABSENT] * 3
    assert load_scenario(scenario.resolved(), folder=tmp_path) == scenario


@formats
def test_trace(tmp_path: Path, ending: str) -> None:
    scenario = load(tmp_path, ending, trace=TRACE)
    trace = scenario.trace(2)
    assert trace.time_ms.tolist() == [6 * 3_600_000, 24 * 3_600_000, 36 * 3_600_000]
    assert trace.quantity.tolist() == [2, 15, 1]
    assert trace.job.tolist() == [0, 0, -1]
    assert trace.lost.tolist() == [False, True, False]
    assert trace.whole.tolist() == [False] * 3
    assert [list(scenario.nodes)[node] for node in trace.node] == ["shop", "shop", "depot"]


def test_time_stamps_of_parquet_and_xlsx(tmp_path: Path) -> None:
    rows: Rows = [["time", "node", "item", "quantity"], [datetime(2026, 1, 5, 6), "shop", "filter", 2.0]]
    for ending in ("parquet", "xlsx"):
        trace = load(tmp_path, ending, trace=rows).trace(2)
        assert (trace.time_ms.tolist(), trace.quantity.tolist()) == ([6 * 3_600_000], [2])


def test_a_changed_table_is_another_scenario(tmp_path: Path) -> None:
    first = load(tmp_path, "csv", trace=TRACE)
    second = load(tmp_path, "csv", trace=changed(TRACE, 1, "quantity", 3))
    assert first != second
    assert first.fingerprint() != second.fingerprint()
    assert first != load(tmp_path, "csv", stocking=STOCKING)


# (fault, table, changed table, words, cell in a workbook)
FAULTS: list[tuple[str, str, Rows, str, str]] = [
    ("missing column", "items", [["itme", "cost"], ["bolt", 1]], "the column `item` is missing", ""),
    ("near match", "items", [["itme", "cost"], ["bolt", 1]], "did you mean `itme`", ""),
    ("unknown column", "items", [["item", "costs"], ["bolt", 1]], "unknown column `costs` (did you mean `cost`", ""),
    ("empty table", "items", ITEMS[:1], "the table is empty", ""),
    ("unparsable", "items", changed(ITEMS, 2, "cost", "cheap"), "'cheap' is not an amount of money", "B3"),
    ("other currency", "items", changed(ITEMS, 1, "price", "1 EUR"), "give the amount in USD", "C2"),
    ("NaN", "items", changed(ITEMS, 2, "cost", "NaN"), "`NaN` is not a usable value", "B3"),
    ("error value", "items", changed(ITEMS, 2, "cost", "#N/A"), "`#N/A` is not a usable value", "B3"),
    ("duplicate item", "items", [*ITEMS, ITEMS[1]], "the item `bolt` is there twice", "A5"),
    ("empty name", "items", changed(ITEMS, 2, "item", None), "the cell is empty", "A3"),
    ("unit mismatch", "items", changed(ITEMS, 1, "weight", "2 l"), "'2 l' is not a weight", "G2"),
    ("dangling node", "stocking", changed(STOCKING, 2, "node", "dpot"), "no node `dpot` (did you mean `depot`?)", "A3"),
    ("dangling item", "stocking", changed(STOCKING, 2, "item", "filtre"), "did you mean `filter`", "B3"),
    ("supplier", "stocking", changed(STOCKING, 2, "node", "maker"), "is a supplier and holds no stock", "A3"),
    ("duplicate row", "stocking", [*STOCKING, STOCKING[1]], "there twice", "A5"),
    ("unknown policy", "stocking", changed(STOCKING, 1, "policy", "sS"), "did you mean `s_S`", "C2"),
    ("missing level", "stocking", changed(STOCKING, 2, "level", None), "base_stock policy without `level`", "F3"),
    ("levels", "stocking", changed(STOCKING, 1, "order_up_to", 4), "not above `reorder_point`", "E2"),
    ("negative", "stocking", changed(STOCKING, 1, "on_hand", -7), "negative", "G2"),
    ("fraction", "stocking", changed(STOCKING, 1, "on_hand", 7.5), "not a whole multiple", "G2"),
    ("unit of a level", "stocking", changed(STOCKING, 3, "level", 5), "give the quantity in kg", "F4"),
    ("odd minimum order", "stocking", changed(STOCKING, 1, "minimum_order", 5), "not a multiple of the pack", "H2"),
    ("pack of nothing", "stocking", changed(STOCKING, 1, "multiple", 0), "multiple is zero", "I2"),
    ("before the start", "trace", changed(TRACE, 1, "time", "2026-01-04"), "before the scenario's start", "A2"),
    ("no time", "trace", changed(TRACE, 1, "time", "noon"), "'noon' is not a duration", "A2"),
    ("time hint", "trace", changed(TRACE, 1, "time", "noon"), "as in `2026-01-05 08:30`", "A2"),
    ("no quantity", "trace", changed(TRACE, 1, "quantity", 0), "the quantity is zero", "D2"),
    ("empty quantity", "trace", changed(TRACE, 2, "quantity", None), "the cell is empty", "D3"),
    ("wrong choice", "trace", changed(TRACE, 2, "if_short", "gone"), "write backorder or lost", "F3"),
    ("supplier sells", "trace", changed(TRACE, 2, "node", "maker"), "customers cannot buy from a supplier", "B3"),
    ("item in trace", "trace", changed(TRACE, 2, "item", "x"), "there is no item `x`", "C3"),
]  # fmt: skip


@formats
@pytest.mark.parametrize(
    ("table", "rows", "words", "cell"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_faults_in_tables(tmp_path: Path, ending: str, table: str, rows: Rows, words: str, cell: str) -> None:
    found = [finding for finding in faults(tmp_path, ending, **{table: rows}) if words in str(finding)]
    assert found
    place = found[0].place
    assert place.file.endswith(f"{table}.{ending}")
    if cell:
        row = int(cell[1:])
        expected = {"csv": (row, ""), "xlsx": (0, cell), "parquet": (0, f"row {row - 1}")}[ending]
        assert (place.line, place.cell) == expected


def test_faults_of_scenario_and_tables_at_once(tmp_path: Path) -> None:
    path = scenario_with(tmp_path, "csv", stocking=changed(STOCKING, 1, "policy", "sS"), items=[["item"], [None]])
    path.write_text(path.read_text().replace("horizon: 26 wk", "horizon: 26").replace("to: shop", "to: shoop"))
    files = [Path(finding.file).name for finding in findings_of(path)]
    assert set(files) == {"sample.yaml", "stocking.csv", "items.csv"}


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"item,cost\nb\xfclt,1\n", "not UTF-8"),
        ("item,cost\nbolt,1\n".encode("utf-16"), "not UTF-8"),
        (b"item,cost\nbolt,1,2\n", "3 cells in a table of 2 columns"),
        (b"item,item\nbolt,1\n", "there twice"),
        (b"item,\nbolt,1\n", "has no name"),
        (b'item,cost\n"bolt,1\n', "items.csv"),
    ],
)
def test_unusable_csv(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "items.csv").write_bytes(data)
    found = findings_of(write(tmp_path, SAMPLE + "items_table: items.csv\n"))
    assert any(words in str(finding) for finding in found)


def test_lines_are_true_with_blank_lines_and_quotes(tmp_path: Path) -> None:
    text = 'item,cost,description\nbolt,1,"two\nlines"\n\nnut,cheap,\n'
    (tmp_path / "items.csv").write_text(text)
    (finding,) = findings_of(write(tmp_path, SAMPLE + "items_table: items.csv\n"))
    assert finding.line == 5


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_separators_and_byte_order_mark(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeffitem,cost\r\n bolt , 1.5 \r\n".replace(",", delimiter)
    (tmp_path / "items.csv").write_bytes(text.encode())
    assert load_scenario(write(tmp_path, SAMPLE + "items_table: items.csv\n")).items["bolt"].unit_cost == Fraction(3, 2)


def test_names_of_digits_keep_their_zeros(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item,cost\n007,1\n")
    assert "007" in load_scenario(write(tmp_path, SAMPLE + "items_table: items.csv\n")).items


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("items.parquet", b"PAR1 but not really", "cannot be read"),
        ("items.xlsx", b"PK\x03\x04 but not really", "cannot be read"),
        ("items.xls", b"x", "save it as XLSX"),
        ("items.doc", b"x", "use .csv"),
    ],
)
def test_files_of_the_wrong_kind(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    found = findings_of(write(tmp_path, SAMPLE + f"items_table: {name}\n"))
    assert any(words in str(finding) for finding in found)


def test_formulas_are_refused(tmp_path: Path) -> None:
    rows = changed(ITEMS, 1, "cost", "=1+1")
    (finding,) = faults(tmp_path, "xlsx", items=rows)
    assert "formula" in finding.message
    assert finding.place.cell == "B2"


def test_nested_parquet_columns_are_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"item": [["bolt"]]}), tmp_path / "items.parquet")
    found = findings_of(write(tmp_path, SAMPLE + "items_table: items.parquet\n"))
    assert any("use text or numbers" in str(finding) for finding in found)


@pytest.mark.parametrize("target", ["../items.csv", "/etc/hostname", "below/../../items.csv", "link.csv"])
def test_tables_outside_the_folder_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "items.csv").write_text("item,cost\nbolt,1\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.csv").symlink_to(tmp_path / "items.csv")
    for setting in (f"items_table: {target}", f"stocking_table: {target}"):
        (finding,) = findings_of(write(inner, SAMPLE + setting + "\n"))
        assert "outside the scenario's folder" in finding.message
        assert finding.line == SAMPLE.count("\n") + 1


def test_missing_table(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item,cost\nbolt,1\n")
    (finding,) = findings_of(write(tmp_path, SAMPLE + "items_table: itmes.csv\n"))
    assert "no file `itmes.csv`" in finding.message
    assert "items.csv" in finding.hint


def test_long_tables_and_their_many_faults(tmp_path: Path) -> None:
    rows = 20_000
    lines = "".join(f"{number} min,shop,filter,{number % 7 + 1}\n" for number in range(rows))
    (tmp_path / "trace.csv").write_text("time,node,item,quantity\n" + lines)
    text = SAMPLE.replace("policies:\n", "  - {trace: {table: trace.csv}}\npolicies:\n")
    trace = load_scenario(write(tmp_path, text)).trace(2)
    assert np.array_equal(trace.quantity, np.arange(rows) % 7 + 1)
    assert np.array_equal(trace.time_ms, np.arange(rows) * 60_000)
    faulty = lines.replace("shop", "shoop").replace(" min", "")
    (tmp_path / "trace.csv").write_text("time,node,item,quantity\n" + faulty)
    found = findings_of(write(tmp_path, text))
    assert len(found) < 20
    assert any(f"in {rows - 1} more rows" in finding.message for finding in found)


@settings(max_examples=150)
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.xlsx", "a.parquet"]))
def test_any_bytes_give_a_table_or_findings(data: bytes, name: str) -> None:
    with contextlib.suppress(ScenarioError):
        table = read_table(data, name, name)
        assert table.rows >= 0
        assert isinstance(table.place_of(0, table.data.column_names[0]), Place)
