"""The invoices of a run: as listed, as pages, as a workbook and as JSON they are those of the books."""

import io
import json
import shutil
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli
from reports.invoice_files import invoice_page, invoice_workbook, unit_price
from reports.invoices import invoices_of, money, plain_quantity
from reports.run_files import NoRunError, RunFiles
from tests.contract_run_samples import contract_run
from tests.report_samples import make_run

HOSTILE = '<img src=x onerror="alert(1)">=1+1'


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["ledger", "invoices", *(str(one) for one in arguments)])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contract_run(tmp_path_factory.mktemp("contracts"), replications=2)


@pytest.fixture
def copy(directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(directory, tmp_path / "run"))


def rewrite(file: Path, column: str, value: str | int) -> None:
    pd.read_parquet(file).assign(**{column: value}).to_parquet(file)


def test_amounts_are_exact_in_every_currency() -> None:
    assert money(194596, 2) == "1,945.96"
    assert money(-5, 2) == "−0.05"
    assert money(-1234567, 0) == "−1,234,567"
    assert money(1, 3) == "0.001"
    assert plain_quantity(Decimal("10.70")) == "10.7"
    assert plain_quantity(Decimal(1200)) == "1,200"
    assert plain_quantity(None) == ""


def test_invoices_are_those_of_the_books(directory: Path) -> None:
    run = RunFiles.open(directory)
    for replication in (0, 1):
        found = invoices_of(run, replication)
        table = pd.read_parquet(directory / "replications" / f"{replication:04d}" / "invoices.parquet")
        assert [one.minor for one in found.invoices] == table["minor"].tolist()
        assert [sum(line.minor for line in one.lines) for one in found.invoices] == table["minor"].tolist()
        assert {one.customer for one in found.invoices} == {"works"}
        numbers = [line.number for one in found.invoices for line in one.lines]
        assert numbers == list(range(int(table["lines"].sum())))
    first = found.invoices[0]
    assert (first.name, str(first.first_day), str(first.last_day)) == ("service-0001", "2026-01-19", "2026-01-31")
    assert (str(first.issued), str(first.due), first.status) == ("2026-02-02", "2026-03-04", "paid")
    assert found.invoices[-1].status == "not yet issued when the run ended"
    base, grease, filters = first.lines
    assert (base.minor, base.quantity, base.provable) == (12581, None, False)  # 13 of January's 31 days
    assert (grease.item, grease.unit, grease.provable) == ("grease", "kg", True)
    assert grease.minor == (grease.quantity or 0) * 1450  # 14.50 USD/kg
    assert filters.minor == (filters.quantity or 0) * 4500
    assert (unit_price(found, grease), unit_price(found, base)) == ("14.50", "")
    gloves = next(one for one in found.invoices if one.contract == "gloves").lines[0]
    assert unit_price(found, gloves).startswith("2.55"), "2.555 USD each, rounded once over all of them"
    assert not gloves.provable, "a sale rests on deliveries, not on reports of use"


def test_the_list_and_its_json(directory: Path) -> None:
    done = call(directory)
    assert done.exit_code == 0
    assert "service-0001" in done.stdout
    found = invoices_of(RunFiles.open(directory))
    assert found.money(found.invoices[0].minor) in done.stdout
    document = json.loads(call(directory, "--replication", 1, "--json").stdout)
    assert (document["replication"], document["currency"], document["minor_digits"]) == (1, "USD", 2)
    other = invoices_of(RunFiles.open(directory), 1)
    signed = json.loads(call(directory, "--json").stdout)["invoices"][0]["signed_root"]
    assert len(bytes.fromhex(signed)) == 32
    assert [one["minor"] for one in document["invoices"]] == [one.minor for one in other.invoices]
    assert document["invoices"][0]["lines"][1]["quantity"] == float(other.invoices[0].lines[1].quantity or 0)
    assert document["invoices"][0]["signed_root"] is None


def test_a_signed_log_is_referred_to(copy: Path) -> None:
    assert "is not signed" in invoice_page(invoices_of(RunFiles.open(copy), 1)), "a run signs replication 0"
    found = invoices_of(RunFiles.open(copy))
    checkpoints = json.loads((copy / "replications/0000/usage_log/checkpoints.json").read_text())["checkpoints"]
    january = next(one for one in checkpoints if one["reason"] == "end of the month")
    root = found.root_of(found.invoices[0])
    assert root is not None
    assert (root.root, root.size) == (january["root"], january["size"])
    page = invoice_page(found)
    assert january["root"] in page
    line = next(line.number for line in found.invoices[0].lines if line.provable)
    assert f"mro-twin ledger proof run --replication 0 --invoice-line {line}" in page
    proof = CliRunner().invoke(cli, ["ledger", "proof", str(copy), "--invoice-line", str(line)])
    assert proof.exit_code == 0, proof.output


def test_the_page_and_the_workbook_hold_names_as_text(copy: Path, tmp_path: Path) -> None:
    rewrite(copy / "replications" / "0000" / "invoice_lines.parquet", "term", f"={HOSTILE}\x1b")
    page, book = tmp_path / "invoices.html", tmp_path / "invoices.xlsx"
    done = call(copy, "--html", page, "--xlsx", book)
    assert done.exit_code == 0, done.output
    text = page.read_text()
    assert "<img" not in text
    assert "&lt;img src=x" in text
    assert "\x1b" not in text
    found = invoices_of(RunFiles.open(copy))
    assert text.count('<section class="invoice"') == len(found.invoices)
    sheets = openpyxl.load_workbook(book)
    rows = list(sheets["Invoices"].values)
    assert [row[7] for row in rows[1:]] == [pytest.approx(one.minor / 100) for one in found.invoices]
    assert sheets["Invoices"]["H2"].number_format == "#,##0.00"
    days = [cell.value for cell in sheets["Invoices"][2][3:7]]
    first = found.invoices[0]
    assert days == [datetime.combine(day, time()) for day in (first.first_day, first.last_day, first.issued, first.due)]
    assert sheets["Invoices"]["D2"].number_format == "yyyy-mm-dd"
    grease = [cell.value for cell in sheets["Lines"][3]]
    assert grease[4:9] == ["grease", float(first.lines[1].quantity or 0), "kg", 14.5, first.lines[1].minor / 100]
    terms = sheets["Lines"]["C"][1:]
    assert {cell.value for cell in terms} == {f"'={HOSTILE}\ufffd"}
    assert {cell.data_type for cell in terms} == {"s"}
    assert invoice_workbook(found) == book.read_bytes()
    assert openpyxl.load_workbook(io.BytesIO(invoice_workbook(found))).sheetnames == ["Invoices", "Lines"]


def test_what_cannot_be_listed(copy: Path, tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain", 1)
    lines = copy / "replications" / "0000" / "invoice_lines.parquet"
    for arguments, said in (
        ((plain,), "has no invoices: its scenario has no contracts; docs/contracts.md says how"),
        ((copy, "--replication", 7), "has no whole replication 7"),
        ((tmp_path / "none",), "is not a run directory"),
        ((copy, "--html", tmp_path / "page.txt"), "must end in .html"),
        ((copy, "--xlsx", tmp_path / "none" / "book.xlsx"), "there is no folder"),
    ):
        done = call(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert said in done.stderr
    (copy / "replications" / "0001" / "invoices.parquet").unlink()
    older = call(copy, "--replication", 1)
    assert older.exit_code == 2
    assert "an earlier version of mro-twin made it, which kept no books; run the scenario again" in older.stderr
    rewrite(lines, "item", 99)
    with pytest.raises(NoRunError, match="line 0 has no such item"):
        invoices_of(RunFiles.open(copy))
    pd.read_parquet(lines).iloc[:2].assign(item=0).to_parquet(lines)
    assert "has lines that are not there" in call(copy).stderr


def test_a_comparison_in_the_same_folder_is_passed_over(copy: Path, tmp_path: Path) -> None:
    later = tmp_path / "zzz-compare"
    later.mkdir()
    (later / "manifest.json").write_text('{"kind": "comparison", "format": 1}')
    assert call(tmp_path).exit_code == 0
    refused = call(later)
    assert refused.exit_code == 2
    assert "is a comparison, not a run; name the directory of one of its runs" in refused.stderr
