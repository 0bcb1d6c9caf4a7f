"""What is charged becomes revenue, is invoiced after each billing period, and is paid."""

from dataclasses import dataclass

import numpy as np

from sim.contract_plan import ContractPlan
from sim.contracts.charges import PENALTY as PENALTY_STREAM
from sim.contracts.charges import Billed, InvoiceLines, added_up
from sim.contracts.ledger import BOOK_TABLES, CASH, PENALTY, RECEIVABLE, REVENUE, UNBILLED, Journal
from sim.contracts.periods import DAY_MS, Periods
from sim.network import Int64Array


@dataclass(frozen=True)
class Invoices:
    """The invoices of a contract, one per billing period; arrays (n,)."""

    from_ms: Int64Array
    to_ms: Int64Array
    issued_ms: Int64Array
    due_ms: Int64Array
    minor: Int64Array
    first_line: Int64Array  # of the replication's invoice lines
    lines: Int64Array
    posted: Int64Array  # 1: issued before the end of the run, and so in the ledger
    paid: Int64Array  # 1: paid before the end of the run

    def __len__(self) -> int:
        return len(self.minor)


def invoices_of(
    plan: ContractPlan, periods: Periods, lines: InvoiceLines, first_line: int, horizon_ms: int
) -> Invoices:
    """The invoices of a contract: issued a day after each period ends. `first_line` is the number of its first line."""
    edges, count = periods.edges_ms, len(periods)
    number = added_up(lines.period, np.ones(len(lines), np.int64), count)
    issued = edges[1:] + DAY_MS
    due = issued + plan.payment_terms_ms
    return Invoices(
        edges[:-1],
        edges[1:],
        issued,
        due,
        added_up(lines.period, lines.minor, count),
        first_line + np.cumsum(number) - number,
        number,
        (issued < horizon_ms).astype(np.int64),
        (due < horizon_ms).astype(np.int64),
    )


def post_charges(journal: Journal, charges: Billed) -> None:
    """Enter what is earned: charges as revenue of their stream, penalties by themselves."""
    for number, source in enumerate(charges.sources):
        some = charges.of(charges.source == number)
        journal.add(
            UNBILLED,
            PENALTY if source.stream == PENALTY_STREAM else f"{REVENUE}{source.stream}",
            some.time_ms,
            some.minor,
            stream=source.stream,
            item=some.item,
            units=some.units,
            table=some.table,
            first_row=some.first_row,
            last_row=some.last_row,
        )


def post_invoices(journal: Journal, invoices: Invoices, first_invoice: int) -> None:
    """Enter the invoices that are issued, and the payments that are made, before the run ends."""
    number = first_invoice + np.arange(len(invoices))
    for debit, credit, time_ms, happened, table, first, last in (
        (
            RECEIVABLE,
            UNBILLED,
            invoices.issued_ms,
            invoices.posted,
            "invoice_lines",
            invoices.first_line,
            invoices.first_line + invoices.lines - 1,
        ),
        (CASH, RECEIVABLE, invoices.due_ms, invoices.paid, "invoices", number, number),
    ):
        row = BOOK_TABLES.index(table)
        journal.add(
            debit, credit, time_ms, np.where(happened, invoices.minor, 0), table=row, first_row=first, last_row=last
        )


def post_payments_of_stock(journal: Journal, plan: ContractPlan, horizon_ms: int) -> None:
    """Enter what the customer pays for the units that an amendment sold to it: so far all that is receivable."""
    ledger = journal.ledger()
    sold = ledger.of_accounts(RECEIVABLE)
    paid_ms = ledger.time_ms[sold] + plan.payment_terms_ms
    minor = np.where(paid_ms < horizon_ms, ledger.minor[sold], 0)
    table = BOOK_TABLES.index("title_moves")
    journal.add(CASH, RECEIVABLE, paid_ms, minor, table=table, first_row=ledger.first_row[sold], item=ledger.item[sold])
