"""The invoices of a replication as a page that prints one invoice per sheet, and as a workbook."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from reports.invoices import Invoice, Invoices, Line, plain_quantity
from reports.render import render
from reports.workbook import Book, Cell


def invoice_page(found: Invoices) -> str:
    """A page of its own, without scripts; names from the run are text in it, never markup."""
    content = {
        "run": found.run,
        "directory": found.run.path.resolve().name,
        "found": found,
        "currency": found.run.currency,
        "unit_price": lambda line: unit_price(found, line),
        "quantity": plain_quantity,
    }
    return render("invoices.html", content)


def invoice_workbook(found: Invoices) -> bytes:
    """Two sheets, invoices and lines: amounts as numbers in major units, no text that is run as a formula."""
    book = Book()
    head = ("Invoice", "Contract", "Customer", "From", "To", "Issued", "Due", f"Amount, {found.run.currency}", "Status")
    book.sheet("Invoices", head, (_invoice_row(found, one) for one in found.invoices))
    price, amount = f"Mean price, {found.run.currency}", f"Amount, {found.run.currency}"
    what = ("Invoice", "Line", "Term", "Kind", "Item", "Quantity", "Unit")
    book.sheet("Lines", (*what, price, amount, "Provable"), _line_rows(found))
    return book.content()


def unit_price(found: Invoices, line: Line) -> str:
    """The mean price per natural unit of a line, to two digits more than the minor unit has; empty without quantity."""
    price = _mean_price(found, line)
    return "" if price is None else f"{price:,f}"


def _mean_price(found: Invoices, line: Line) -> Decimal | None:
    if not line.quantity:
        return None
    price = abs(Decimal(line.minor).scaleb(-found.digits) / line.quantity)
    exact = round(price, found.digits)
    return exact if exact == price else round(price, found.digits + 2)


def _invoice_row(found: Invoices, one: Invoice) -> Sequence[Cell]:
    days = (one.first_day, one.last_day, one.issued, one.due)
    return [one.name, one.contract, one.customer, *days, _major(found, one.minor), one.status]


def _line_rows(found: Invoices) -> Iterator[Sequence[Cell]]:
    for invoice in found.invoices:
        for line in invoice.lines:
            what: tuple[Cell, ...] = (line.term, line.stream, line.item, line.quantity, line.unit)
            money = _mean_price(found, line), _major(found, line.minor)
            yield [invoice.name, line.number, *what, *money, "yes" if line.provable else "no"]


def _major(found: Invoices, minor: int) -> Decimal:
    return Decimal(minor).scaleb(-found.digits)
