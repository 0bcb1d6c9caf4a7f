"""The invoices of one replication, as its books have them: amounts to the minor unit, quantities in natural units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from reports.run_files import NoRunError, RunFiles, printable, read_json, read_table
from reports.scenario_file import ScenarioText

REPORTED: Final = "reports"
"""Table of what the platform recorded: what rests on it can be proven from the usage log."""

PAID: Final = "paid"
OPEN: Final = "open"
NOT_ISSUED: Final = "not yet issued when the run ended"


@dataclass(frozen=True)
class Line:
    """A line of an invoice.

    Attributes:
        number: over the whole replication; `mro-twin ledger proof --invoice-line` takes it.
        item: name, empty where the line is of no single item.
        quantity: in natural units (`10.7`), empty where it is not by units; with its unit.
        minor: amount in minor units, below 0 for a credit or a penalty.
        provable: rests on entries of the usage log.
    """

    number: int
    term: str
    stream: str
    item: str
    quantity: Decimal | None
    unit: str
    minor: int
    provable: bool


@dataclass(frozen=True)
class Invoice:
    """An invoice of a contract for one billing period; `minor` below 0 is a credit note."""

    row: int
    name: str
    contract: str
    customer: str
    first_day: date
    last_day: date
    issued: date
    due: date
    minor: int
    status: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class SignedRoot:
    """A checkpoint of the usage log that has all that an invoice rests on."""

    root: str
    at: str
    reason: str
    size: int


@dataclass(frozen=True)
class Invoices:
    """All invoices of a replication of a run, and the usage log's checkpoints (time in ms, root) in order."""

    run: RunFiles
    replication: int
    invoices: Sequence[Invoice]
    checkpoints: Sequence[tuple[int, SignedRoot]]

    @property
    def digits(self) -> int:
        """Digits of the currency's minor unit."""
        return int(self.run.manifest["minor_digits"])

    def money(self, minor: int) -> str:
        """`1,945.96`: an amount in major units."""
        return money(minor, self.digits)

    def root_of(self, invoice: Invoice) -> SignedRoot | None:
        """The first signed root after the invoice's period, else the last one; None without a usage log."""
        end = datetime.combine(invoice.last_day, datetime.min.time()) + timedelta(days=1)
        end_ms = (end - start_of(self.run)) // timedelta(milliseconds=1)
        later = [root for time_ms, root in self.checkpoints if time_ms >= end_ms]
        return later[0] if later else self.checkpoints[-1][1] if self.checkpoints else None


def invoices_of(run: RunFiles, replication: int = 0) -> Invoices:
    """The invoices of a replication; NoRunError when it is not whole, has no contracts, or its files are damaged."""
    folder = run.path / "replications" / f"{replication:04d}"
    if not folder.is_dir():
        raise NoRunError(f"{run.path} has no whole replication {replication}")
    if not (folder / "invoices.parquet").is_file():
        raise NoRunError(f"{run.path} has no invoices: {_why_none(run)}")
    customers = customers_of(run)
    lines = _lines(run, folder)
    start = start_of(run)
    found: list[Invoice] = []
    counted: dict[str, int] = {}
    columns = ("contract", "from_ms", "to_ms", "issued_ms", "due_ms", "minor", "first_line", "lines", "posted", "paid")
    for row, one in enumerate(_rows(folder / "invoices.parquet", columns)):
        contract = printable(str(one["contract"]))
        counted[contract] = counted.get(contract, 0) + 1
        first, count = int(one["first_line"]), int(one["lines"])
        if not 0 <= first <= first + count <= len(lines):
            raise NoRunError(f"{folder / 'invoices.parquet'} is damaged: invoice {row} has lines that are not there")

        def day(name: str, one: Mapping[str, Any] = one, earlier_ms: int = 0) -> date:
            return (start + timedelta(milliseconds=int(one[name]) - earlier_ms)).date()

        found.append(
            Invoice(
                row=row,
                name=f"{contract}-{counted[contract]:04d}",
                contract=contract,
                customer=customers.get(contract, ""),
                first_day=day("from_ms"),
                last_day=day("to_ms", earlier_ms=1),
                issued=day("issued_ms"),
                due=day("due_ms"),
                minor=int(one["minor"]),
                status=PAID if one["paid"] else OPEN if one["posted"] else NOT_ISSUED,
                lines=lines[first : first + count],
            )
        )
    return Invoices(run, replication, found, _checkpoints(folder))


def _why_none(run: RunFiles) -> str:
    if customers_of(run):
        return "an earlier version of mro-twin made it, which kept no books; run the scenario again"
    return "its scenario has no contracts; docs/contracts.md says how to add some, then run it again"


def customers_of(run: RunFiles) -> Mapping[str, str]:
    """The customer of each contract by the contract's name, as the scenario states them."""
    section = ScenarioText(run.path / "scenario.resolved.yaml").value("contracts")
    if not isinstance(section, dict):
        return {}
    return {
        printable(str(name)): printable(str(one.get("customer", "")))
        for name, one in section.items()
        if isinstance(one, dict)
    }


def start_of(run: RunFiles) -> datetime:
    """The instant of time 0, in the run's own calendar; NoRunError when the manifest has none."""
    try:
        return datetime.fromisoformat(run.manifest["start"]).replace(tzinfo=None)
    except ValueError as error:
        raise NoRunError(f"{run.path / 'manifest.json'} is damaged: start is no date") from error


def money(minor: int, digits: int) -> str:
    """An amount in minor units as a text in major ones, exactly: `1,945.96`, `−80.00`, `1,946` without minor units."""
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'−' if minor < 0 else ''}{whole:,}{f'.{part:0{digits}d}' if digits else ''}"


def plain_quantity(quantity: Decimal | None) -> str:
    """`10.7`, `1,200`; empty for None."""
    return "" if quantity is None else f"{quantity.normalize():,f}"


def _lines(run: RunFiles, folder: Path) -> list[Line]:
    items = run.network_table("items", ("name", "unit", "natural_units"))
    names, units = ([printable(str(one)) for one in items[name]] for name in ("name", "unit"))
    sizes = [Decimal(repr(float(one))) for one in items["natural_units"]]
    charges = read_table(folder / "charges.parquet", ("line", "table"))
    provable = set(charges["line"][charges["table"].astype(str) == REPORTED].tolist())
    found = []
    for number, one in enumerate(_rows(folder / "invoice_lines.parquet", ("term", "stream", "item", "units", "minor"))):
        item, amount = int(one["item"]), int(one["units"])
        if not -1 <= item < len(names):
            raise NoRunError(f"{folder / 'invoice_lines.parquet'} is damaged: line {number} has no such item")
        found.append(
            Line(
                number=number,
                term=printable(str(one["term"])),
                stream=printable(str(one["stream"])),
                item=names[item] if item >= 0 else "",
                quantity=amount * sizes[item] if item >= 0 and amount else None,
                unit=units[item] if item >= 0 and amount else "",
                minor=int(one["minor"]),
                provable=number in provable,
            )
        )
    return found


def _rows(file: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    table = read_table(file, columns)
    return [dict(zip(columns, row, strict=True)) for row in table.itertuples(index=False, name=None)]


def _checkpoints(folder: Path) -> Sequence[tuple[int, SignedRoot]]:
    """Of the usage log, in order of time; empty when the run has not been signed."""
    file = folder / "usage_log" / "checkpoints.json"
    if not file.is_file():
        return []
    rows = read_json(file).get("checkpoints")
    if not isinstance(rows, list):
        raise NoRunError(f"{file} is damaged: it has no checkpoints")
    found = []
    for one in rows:
        try:
            root, at, reason = (printable(str(one[name])) for name in ("root", "at", "reason"))
            found.append((int(one["time_ms"]), SignedRoot(root, at, reason, int(one["size"]))))
        except (KeyError, TypeError, ValueError) as error:
            raise NoRunError(f"{file} is damaged: a checkpoint lacks its size, time or root") from error
    return found
