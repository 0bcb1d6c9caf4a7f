"""The customer's usage table: what it says, and what it refuses, all of it at once."""

import io
from fractions import Fraction
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from sim.scenario.findings import Finding, ScenarioError
from sim.size.usage_table import ItemUse, read_usage, usage_items

HEADER = (
    "item,use_per_month,unit,variability,volume,weight,critical,cost,price,stock_today,shortages_per_year,lead_time"
)
GOOD = f"""{HEADER}
grease,200 kg,0.1 kg,0.3,1.2 l,,yes,4.40,8 USD/kg,300 kg,4,2 d
filter,40,,steady,3 l,400 g,yes,24.75 USD,45,12,,5 d
fluid,500 l,0.1 l,variable,,1 kg,no,0.66,1.20,,,
seal,90,each,erratic,10 ml,12 g,false,,1.30,100,0,
"""


def items_of(text: str) -> tuple[ItemUse, ...]:
    return usage_items(text.encode(), "usage.csv", "usage.csv", "USD")


def findings_of(data: bytes, name: str = "usage.csv") -> tuple[Finding, ...]:
    with pytest.raises(ScenarioError) as caught:
        usage_items(data, name, name, "USD")
    return caught.value.findings


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_amounts_are_in_the_items_own_units() -> None:
    grease, filters, fluid, seal = items_of(GOOD)
    assert (grease.use_per_month, grease.stock_today, grease.cost, grease.price) == (
        2000,
        3000,
        Fraction("0.44"),
        Fraction("0.8"),
    )
    assert (grease.variability, grease.volume_ml, grease.weight_g, grease.critical) == (0.3, 120, 100, True)
    assert (grease.shortages_per_year, grease.lead_time_ms) == (4.0, 2 * 86_400_000)
    assert (filters.use_per_month, filters.cost, filters.price, filters.variability) == (40, Fraction("24.75"), 45, 0.2)
    assert (fluid.use_per_month, fluid.volume_ml, fluid.weight_g, fluid.stock_today) == (5000, 100, 100, None)
    assert (seal.cost, seal.price, seal.critical, seal.shortages_per_year) == (
        Fraction("1.3"),
        Fraction("1.3"),
        False,
        0.0,
    )
    assert [item.form for item in (grease, filters, fluid, seal)] == ["bulk", "piece", "liquid", "piece"]


def test_only_name_use_and_a_price_are_needed() -> None:
    (item,) = items_of("item,use_per_month,price\ncloth,12.5 kg,3\n")
    assert (str(item.unit), item.use_per_month, item.variability, item.critical) == ("kg", Fraction("12.5"), 0.5, False)


def test_all_formats_say_the_same(tmp_path: Path) -> None:
    rows = [line.split(",") for line in GOOD.splitlines()]
    columns = {name: [row[index] or None for row in rows[1:]] for index, name in enumerate(rows[0])}
    parquet.write_table(pa.table(columns), tmp_path / "usage.parquet")
    (tmp_path / "usage.xlsx").write_bytes(workbook([list(row) for row in rows]))
    (tmp_path / "usage.csv").write_text(GOOD)
    tables = [read_usage(tmp_path / f"usage.{ending}", "USD") for ending in ("csv", "parquet", "xlsx")]
    assert tables[0] == tables[1] == tables[2] == items_of(GOOD)


@pytest.mark.parametrize(
    ("column", "cell", "message", "hint"),
    [
        ("use_per_month", "-5", "-5' is negative", "zero or more"),
        ("use_per_month", "many", "is not a quantity", "write `5`"),
        ("use_per_month", "0", "the use is zero", "leave the row out"),
        ("use_per_month", "3 barrels", "unknown unit of quantity `barrels`", "known are"),
        ("use_per_month", "200 kg", "200 kg of an item that is counted in each", "give it in each"),
        ("use_per_month", "=SUM(B2:B9)", "begins like a formula", "the value itself"),
        ("use_per_month", "", "the cell is empty", "fill it in"),
        ("use_per_month", "NaN", "not a usable value", ""),
        ("unit", "pcs", "unknown unit `pcs`", "write `each`"),
        ("variability", "lumpy", "is not a variability", "`erratic` (0.9)"),
        ("variability", "-0.1", "is not a variability", "0 to 5"),
        ("volume", "3", "has no unit", "2 l"),
        ("volume", "2 kg", "is not a volume", "2 l"),
        ("critical", "maybe", "neither yes nor no", "yes where work stops"),
        ("cost", "12 EUR", "not in the scenario's currency", "USD"),
        ("cost", "cheap", "is not an amount of money", "24.75 USD"),
        ("cost", "8 USD/kg", "a price per kg", "per each"),
        ("cost", "-3", "is negative", "zero or more"),
        ("cost", "@A1", "begins like a formula", ""),
        ("cost", "", "neither a cost nor a price", "at least one"),
        ("stock_today", "2 l", "of an item that is counted in each", "each"),
        ("shortages_per_year", "often", "is not a number", "as in `4`"),
        ("shortages_per_year", "-1", "is negative", "0 or more"),
        ("lead_time", "5", "has no unit of time", ""),
        ("lead_time", "3 y", "longer than a year", "5 d"),
        ("item", "=cmd|'x'!A1", "begins like a formula", "letter or a digit"),
        ("item", "-seal", "begins like a formula", "letter or a digit"),
        ("item", "a/b", "is not a usable name", "no slash"),
    ],
)  # fmt: skip
def test_one_bad_cell(column: str, cell: str, message: str, hint: str) -> None:
    names = [
        "item",
        "use_per_month",
        "unit",
        "variability",
        "volume",
        "critical",
        "cost",
        "stock_today",
        "shortages_per_year",
        "lead_time",
    ]
    good = ["seal", "90", "each", "steady", "10 ml", "no", "1.30", "100", "0", "2 d"]
    assert items_of(",".join(names) + "\n" + ",".join(good) + "\n")[0].use_per_month == 90
    bad = [f'"{cell}"' if name == column else value for name, value in zip(names, good, strict=True)]
    (finding,) = findings_of(f"{','.join(names)}\n{','.join(bad)}\n".encode())
    assert (finding.path, finding.line) == (column, 2)
    assert message in finding.message
    assert hint in finding.hint


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = "item,use_per_month,cost\nseal,-3,1\nseal,2,x\nbolt,=1+1,2\nnut,5 parsecs,\n"
    found = findings_of(text.encode())
    assert [(finding.line, finding.path) for finding in found] == [
        (2, "use_per_month"), (3, "item"), (3, "cost"), (4, "use_per_month"), (5, "use_per_month"),
    ]  # fmt: skip
    assert "the first is at 2" in found[1].hint


def test_formulas_of_a_workbook_are_named_beside_everything_else() -> None:
    data = workbook([["item", "use_per_month", "cost"], ["seal", "=1+1", 2.5], ["bolt", -4, 1], ["nut", 3.5, "=B2"]])
    found = findings_of(data, "usage.xlsx")
    assert [(finding.place.cell, finding.message) for finding in found] == [
        ("B2", "the cell holds a formula"), ("B3", "'-4' is negative"), ("C4", "the cell holds a formula"),
    ]  # fmt: skip


def test_a_wrong_encoding_a_missing_column_and_an_empty_table() -> None:
    (encoding,) = findings_of("item,use_per_month,cost\n密封圈,3,1\n".encode("gbk"))
    assert "not UTF-8" in encoding.message
    assert "UTF-8" in encoding.hint
    (utf16,) = findings_of("item,use_per_month,cost\nx,3,1\n".encode("utf-16"))
    assert "UTF-16" in utf16.message
    missing = findings_of(b"item,use_month,cost\nx,3,1\n")
    assert {finding.message for finding in missing} == {
        "the column `use_per_month` is missing",
        "unknown column `use_month`",
    }
    (money,) = findings_of(b"item,use_per_month\nx,3\n")
    assert "`cost` or `price`" in money.message
    assert "empty" in findings_of(b"item,use_per_month,cost\n")[0].message
    assert "empty" in findings_of(b"")[0].message
