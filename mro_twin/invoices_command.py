"""`mro-twin ledger invoices`: the invoices of a run's contracts, on the screen, as pages and as a workbook."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reports.invoices import Invoice, Invoices

_FILE = click.Path(dir_okay=False, path_type=Path)
_WIDTH = 160


@click.command("invoices", short_help="List invoices; write them as pages or as a workbook.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--replication", type=click.IntRange(0), default=0, show_default=True, help="Number of the replication.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write a page too that prints one invoice per sheet.")
@click.option("--xlsx", type=_FILE, metavar="FILE", help="Write a workbook too, of invoices and their lines.")
@click.option("--json", "as_json", is_flag=True, help="Print invoices and lines as JSON, amounts in minor units.")
def command(run: Path, replication: int, html: Path | None, xlsx: Path | None, as_json: bool) -> None:
    """List the invoices of RUN's contracts: a run directory, or a folder of them, whose newest is taken.

    Lines, quantities and the numbers of lines that can be proven are in the page, the workbook and the JSON.
    """
    for option, file, ending in (("--html", html, ".html"), ("--xlsx", xlsx, ".xlsx")):
        if file is not None and file.suffix != ending:
            raise click.BadParameter(f"{file}: the name must end in {ending}", param_hint=option)
        if file is not None and not file.parent.is_dir():
            raise click.BadParameter(f"{file}: there is no folder {file.parent}", param_hint=option)
    found = _read(run, replication)
    try:
        _write(found, html, xlsx)
    except OSError as error:
        click.echo(f"mro-twin: the invoices could not be written: {error}", err=True)
        sys.exit(4)
    if as_json:
        click.echo(json.dumps(_document(found), indent=1))
    else:
        _print(found)


def _read(run: Path, replication: int) -> "Invoices":
    """Exit code 2 with a message when there are none to be read."""
    from reports.invoices import invoices_of
    from reports.run_files import NoRunError, RunFiles

    try:
        return invoices_of(RunFiles.open(run), replication)
    except NoRunError as error:
        click.echo(f"mro-twin: {error}", err=True)
        sys.exit(2)


def _write(found: "Invoices", html: Path | None, xlsx: Path | None) -> None:
    from reports.invoice_files import invoice_page, invoice_workbook

    if html is not None:
        html.write_text(invoice_page(found), encoding="utf-8")
        click.echo(f"invoices: {html}", err=True)
    if xlsx is not None:
        xlsx.write_bytes(invoice_workbook(found))
        click.echo(f"invoices: {xlsx}", err=True)


def _print(found: "Invoices") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("invoice", "contract", "customer", "period", "lines", found.run.currency, "due", "status"):
        right = heading in ("lines", found.run.currency)
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for one in found.invoices:
        period = f"{one.first_day} to {one.last_day}"
        cells = (one.name, one.contract, one.customer, period, str(len(one.lines)), found.money(one.minor))
        table.add_row(*map(_plain, (*cells, str(one.due), one.status)))
    table.add_section()
    total = sum(one.minor for one in found.invoices)
    table.add_row("all", "", "", "", str(sum(len(one.lines) for one in found.invoices)), found.money(total))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH, highlight=False).print(table)


def _plain(text: str) -> Any:
    """A cell in which square brackets are only that."""
    from rich.text import Text

    return Text(text)


def _document(found: "Invoices") -> dict[str, Any]:
    return {
        "run_directory": str(found.run.path),
        "replication": found.replication,
        "currency": found.run.currency,
        "minor_digits": found.digits,
        "invoices": [_invoice(found, one) for one in found.invoices],
    }


def _invoice(found: "Invoices", one: "Invoice") -> dict[str, Any]:
    root = found.root_of(one)
    dates = {"from": one.first_day, "to": one.last_day, "issued": one.issued, "due": one.due}
    return {
        "invoice": one.name,
        "contract": one.contract,
        "customer": one.customer or None,
        **{name: day.isoformat() for name, day in dates.items()},
        "minor": one.minor,
        "status": one.status,
        "signed_root": None if root is None else root.root,
        "lines": [
            {"line": line.number, "term": line.term, "stream": line.stream, "item": line.item or None}
            | {"quantity": None if line.quantity is None else float(line.quantity), "unit": line.unit or None}
            | {"minor": line.minor, "provable": line.provable}
            for line in one.lines
        ],
    }
