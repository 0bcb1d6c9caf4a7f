"""The section on contracts of a report, and the block that `run` prints: their figures are those of the run's files."""

import io
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console
from scipy import stats

from mro_twin.cli import cli
from mro_twin.contract_block import contract_tables
from reports.contracts import CONTRACTS_SHOWN, Contracts, chance, contracts
from reports.run_files import DAY_MS, NoRunError, RunFiles
from sim.kpi.summary import Mean
from tests.contract_run_samples import contract_run
from tests.report_samples import make_run

TIED_UP = ("stock", "unbilled", "receivable")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contract_run(tmp_path_factory.mktemp("contracts"), replications=2)


@pytest.fixture(scope="module")
def section(directory: Path) -> Contracts:
    found = contracts(RunFiles.open(directory))
    assert found is not None
    return found


def books(directory: Path, table: str) -> pd.DataFrame:
    files = [directory / "replications" / f"{number:04d}" / f"{table}.parquet" for number in (0, 1)]
    frames = [pd.read_parquet(file) for file in files]
    return pd.concat([frame.astype({"contract": str}) for frame in frames])


@pytest.mark.parametrize(("count", "n"), [(0, 5), (2, 7), (7, 7), (30, 400)])
def test_the_interval_of_a_chance_is_clopper_and_pearsons(count: int, n: int) -> None:
    expected = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
    assert chance(count, n, 0.95) == pytest.approx((expected.low, expected.high))


def test_contracts_with_both_sides(section: Contracts) -> None:
    assert [one.name for one in section.contracts] == ["all", "service", "gloves"]
    every, service, gloves = section.contracts
    assert (every.books, service.customer, gloves.customer) == (None, "works", "works")
    supplier = {one.label: one.value for one in service.supplier}
    for name in ("Gross margin per month", "Gross margin / revenue", "Penalties per month"):
        assert name in supplier
    assert all(one.value.endswith((" USD", " %")) for one in (*service.supplier, *service.customer_side))
    assert [one.label for one in service.streams] == ["subscription", "usage"]
    assert [one.label for one in gloves.streams] == ["sale"]
    assert section.left_out == 0


def test_service_levels_say_how_likely_a_penalty_is(section: Contracts) -> None:
    critical, asked = section.contracts[1].levels
    assert (critical.name, critical.paying) == ("critical", "100 % (2 of 2)")
    low = stats.beta.ppf(0.025, 2, 1)
    assert critical.paying_interval == f"[{100 * low:.1f} %, 100 %]"
    assert critical.windows == "0 % kept, 7 broken"
    assert (asked.name, asked.paying, asked.penalty, asked.penalty_high) == ("asked", "0 % (0 of 2)", "0", "0")
    assert critical.penalty_high == "560"  # 7 windows at 80 USD


def test_capital_is_the_balance_as_each_day_ends(directory: Path, section: Contracts) -> None:
    found = section.contracts[1].books
    assert found is not None
    ledger = books(directory, "ledger")
    ledger = ledger[(ledger["contract"] == "service") & ledger["account"].astype(str).isin(TIED_UP)]
    for day in (found.capital.index[0], 40, 111):
        until = ledger[ledger["time_ms"] < (day + 1) * DAY_MS]
        for account in TIED_UP:
            expected = until["minor"][until["account"].astype(str) == account].sum() / 200
            assert found.capital.loc[day, account] == pytest.approx(expected)


def test_months_are_those_of_the_reconciliation(directory: Path, section: Contracts) -> None:
    found = section.contracts[1].books
    assert found is not None
    assert list(found.months.index) == ["2026-01", "2026-02", "2026-03", "2026-04"]
    rows = books(directory, "reconciliation")
    rows = rows[rows["contract"] == "service"]
    price = {0: 45.0, 1: 1.45}  # USD per filter, per 0.1 kg of grease
    for side, column in (("truth", "used"), ("record", "recorded")):
        expected = sum(row[column] * price[row["item"]] for _, row in rows.iterrows()) / 2
        assert found.months[side].sum() == pytest.approx(expected)
    assert found.months["bill"].sum() == pytest.approx(rows["billed_minor"].sum() / 200)
    assert found.months["disputed"].sum() == pytest.approx(rows["disputed_minor"].sum() / 200)
    assert found.unpriced == []
    gloves = section.contracts[2].books
    assert gloves is not None
    assert gloves.unpriced == ["glove"], "sold by receipt, never billed by use"
    assert (found.reconciled, gloves.reconciled) == (True, False)


def test_titles_that_moved_at_cost(directory: Path, section: Contracts) -> None:
    gloves = section.contracts[2].books
    assert gloves is not None
    moves = books(directory, "title_moves")
    mine = moves[moves["contract"] == "gloves"]
    by_kind = {one.kind: one for one in gloves.titles}
    for kind in mine["kind"].astype(str).unique():
        units = mine["units"][mine["kind"].astype(str) == kind]
        assert by_kind[kind].value == pytest.approx(2.0 * units.sum() / 2)  # a glove costs 2 USD
        assert by_kind[kind].moves == len(units) / 2
    assert by_kind["received"].direction == "from supplier to customer"


def test_the_page_has_the_section_and_its_pictures(directory: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["report", str(directory), "-o", str(tmp_path / "page.html"), "--xlsx"])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page.html").read_text()
    assert '<section id="contracts">' in page
    assert '<a href="#contracts">' in page
    for text in ("All contracts together", "Contract service", "Truth, record and bill", "Clopper-Pearson"):
        assert text in page
    assert page.count('aria-label="service: ') == 2
    book = openpyxl.load_workbook(tmp_path / "page.xlsx")
    rows = {(row[0], row[2]): row[3] for row in book["Contracts"].values}
    run = RunFiles.open(directory)
    for name in ("service", "gloves"):
        assert rows[name, "gross_margin"] == pytest.approx(run.estimates["contract", name, "gross_margin"].mean)
    assert {row[0] for row in book["Service levels"].values} == {"Key", "service/critical", "service/asked"}


def test_a_run_without_contracts_has_no_section(tmp_path: Path) -> None:
    run = make_run(tmp_path, 1)
    assert contracts(RunFiles.open(run)) is None


def test_a_damaged_book_is_named(directory: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(directory, tmp_path / "run"))
    file = copy / "replications" / "0001" / "reconciliation.parquet"
    pd.read_parquet(file).assign(item=99).to_parquet(file)
    with pytest.raises(NoRunError, match="table reconciliation is damaged: item refers to rows that are not there"):
        contracts(RunFiles.open(copy))


# --- what `run` prints ------------------------------------------------------------------------------------------------
def printed(means: list[Mean]) -> str:
    console = Console(width=160, record=True, file=io.StringIO())
    for table in contract_tables(means, 0.95):
        console.print(table)
    return console.export_text()


def mean(scope: str, key: str, kpi: str, value: float, unit: str) -> Mean:
    return Mean(scope, key, kpi, value, 0.5, 4, unit)


def test_the_block_of_a_run() -> None:
    text = printed(
        [
            mean("contract", "[red]x", "customer_paid", 4651.5, "USD"),
            mean("contract", "[red]x", "gross_margin", 1907.75, "USD"),
            mean("sla", "[red]x/critical", "penalty_paid", 0.25, "share"),
            mean("network", "network", "fill_rate", 0.9, "share"),
        ]
    )
    assert "[red]x " in text
    assert "4,651.50 ± 0.50" in text
    assert "paid per month, USD" in text
    assert "chance of a penalty" in text
    assert "25 % [0.6, 80.6]" in text  # Clopper and Pearson for 1 of 4
    assert "fill_rate" not in text
    assert contract_tables([mean("network", "network", "fill_rate", 0.9, "share")], 0.95) == []


def test_the_block_of_many_contracts_is_cut() -> None:
    text = printed([mean("contract", f"c-{one}", "gross_margin", one, "USD") for one in range(30)])
    assert "and 10 more" in text
    assert "c-25" not in text


def test_the_section_of_many_contracts_is_cut(directory: Path) -> None:
    run = RunFiles.open(directory)
    kpis = run.kpis
    mine = kpis[(kpis["scope"] == "contract") & (kpis["key"] == "service")]
    more = pd.concat([kpis, *(mine.assign(key=f"c-{one}") for one in range(20))], ignore_index=True)
    wide = RunFiles(run.path, run.manifest)
    wide.__dict__["kpis"] = more
    found = contracts(wide)
    assert found is not None
    assert len(found.contracts) == CONTRACTS_SHOWN + 1
    assert found.left_out == 22 - CONTRACTS_SHOWN
