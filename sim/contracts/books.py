"""The main path: what a replication recorded becomes the books of its contracts. See docs/contracts.md.

records -> movements and titles -> facts -> charges -> ledger -> invoices, reconciliation -> checks
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from policies.contracts.checked import TermError, charges_of
from policies.contracts.term import Charges
from policies.units import UnitError
from sim.build.contracts import ItemMeasures
from sim.contract_plan import ContractPlan, PlannedTerm
from sim.contracts.charges import Billed, InvoiceLines, Source, billed, lines_of
from sim.contracts.costs import UnitCosts
from sim.contracts.facts import History, facts_of, history_of
from sim.contracts.goods import post_goods
from sim.contracts.invoices import Invoices, invoices_of, post_charges, post_invoices, post_payments_of_stock
from sim.contracts.ledger import Journal, Ledger
from sim.contracts.lines import LineTimes
from sim.contracts.movements import Movements, RecordColumns, movements_at
from sim.contracts.periods import Periods
from sim.contracts.reconciliation import Reconciliation, reconciliation_of
from sim.contracts.service import post_financing, post_service
from sim.contracts.sla_windows import SLA_STREAMS, SlaWindows, windows_of
from sim.contracts.titles import titles_of
from sim.errors import ContractError
from sim.record.records import Records


@dataclass(frozen=True)
class Firsts:
    """Numbers over the whole replication of the first rows of a contract."""

    entry: int = 0
    move: int = 0
    invoice: int = 0
    line: int = 0


@dataclass(frozen=True)
class Books:
    """The books of one contract of one replication."""

    plan: ContractPlan
    firsts: Firsts
    history: History
    whole: Movements  # all movements at its stock points since the records begin
    costs: UnitCosts
    charges: Billed
    lines: InvoiceLines
    invoices: Invoices
    ledger: Ledger
    reconciliation: Reconciliation
    sla: tuple[tuple[str, SlaWindows], ...]  # name and windows of each service level

    @property
    def periods(self) -> Periods:
        """The billing periods."""
        return self.history.periods


def books_of(records: Records) -> list[Books]:
    """The books of every contract of a replication, in the order of the plan.

    Raises ConservationError (exit code 3) when they do not close, ContractError (exit code 2) for a term that fails or
    whose price does not fit its item.
    """
    from sim.contracts.conservation import check_books

    columns, firsts = RecordColumns(records), Firsts()
    books: list[Books] = []
    lines = LineTimes(records)
    for plan in records.network.contracts:
        begun = _begun(plan, records.summary.start.time_ms)
        if begun.from_ms < begun.to_ms:
            levels = tuple(_service_levels(plan, columns))
            books.append(_books(begun, levels, columns, lines, firsts))
            firsts = _after(books[-1])
    check_books(records, books)
    return books


def _begun(plan: ContractPlan, start_ms: int) -> ContractPlan:
    """A contract as far as there are records of it: a run from a saved state begins with that."""
    if plan.from_ms >= start_ms:
        return plan
    terms = tuple(replace(one, from_ms=max(one.from_ms, start_ms)) for one in plan.terms if one.to_ms > start_ms)
    return replace(plan, from_ms=start_ms, terms=terms)


def _after(books: Books) -> Firsts:
    first = books.firsts
    return Firsts(
        first.entry + len(books.ledger) // 2,
        first.move + len(books.history.titles.moves),
        first.invoice + len(books.invoices),
        first.line + len(books.lines),
    )


def _books(
    plan: ContractPlan,
    levels: tuple[tuple[str, SlaWindows], ...],
    columns: RecordColumns,
    lines: LineTimes,
    firsts: Firsts,
) -> Books:
    whole = movements_at(plan.points, columns)
    costs = UnitCosts(columns)
    titles = titles_of(plan, whole)
    history = history_of(plan, columns, titles, whole, costs, lines)
    charges = billed([*_of_terms(history, columns), *_of_levels(levels)], history.periods)
    invoice_lines = lines_of(charges)
    horizon_ms = columns.records.network.horizon_ms
    invoices = invoices_of(plan, history.periods, invoice_lines, firsts.line, horizon_ms)

    journal = Journal()
    post_goods(journal, titles, costs, firsts.move)
    post_payments_of_stock(journal, plan, horizon_ms)
    post_charges(journal, charges)
    post_invoices(journal, invoices, firsts.invoice)
    post_service(journal, plan, history.periods, titles.movements, columns)
    post_financing(journal, plan, history.periods)
    reconciliation = reconciliation_of(history, charges, columns)
    return Books(
        plan,
        firsts,
        history,
        whole,
        costs,
        charges,
        invoice_lines,
        invoices,
        journal.ledger(),
        reconciliation,
        levels,
    )


def _of_terms(history: History, columns: RecordColumns) -> Iterator[tuple[Source, Charges]]:
    measures = ItemMeasures.of(columns.records.network)
    for planned in history.plan.terms:
        if planned.from_ms < planned.to_ms:
            source = Source(planned.name, planned.term.stream)
            yield source, _charges(planned, history, measures)


def _charges(planned: PlannedTerm, history: History, measures: ItemMeasures) -> Charges:
    """What a term charges; ContractError, which says whose term it is, when it cannot."""
    try:
        return charges_of(planned.term, facts_of(history, planned), measures)
    except TermError as error:
        raise ContractError(f"contract `{history.plan.name}`, term `{planned.name}`: {error}") from error
    except UnitError as error:
        message = f"contract `{history.plan.name}`, term `{planned.name}`: {error.message} ({error.hint})"
        raise ContractError(message) from error


def _service_levels(plan: ContractPlan, columns: RecordColumns) -> Iterator[tuple[str, SlaWindows]]:
    for sla in plan.slas:
        if max(sla.from_ms, plan.from_ms) < min(sla.to_ms, plan.to_ms):
            yield sla.name, windows_of(plan, sla, columns.records, columns)


def _of_levels(levels: tuple[tuple[str, SlaWindows], ...]) -> Iterator[tuple[Source, Charges]]:
    """Penalties (below 0) and bonuses of service levels."""
    for name, windows in levels:
        for code, stream in enumerate(SLA_STREAMS):
            chosen = windows.stream == code
            if chosen.any():
                yield Source(name, stream), Charges(*(column[chosen] for column in vars(windows.charges).values()))
