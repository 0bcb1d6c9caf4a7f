"""The books of contracts over a hand-written week of a plant: to the cent, by hand."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from policies.contracts.term import REPORTS, SHIPMENTS
from sim import columns as c
from sim.contract_plan import TITLE_AFTER_USE, TITLE_DELIVERY, TITLE_USE, PlannedTerm, ServiceCosts
from sim.contracts import titles as tt
from sim.contracts.books import Books, books_of
from sim.contracts.conservation import check_books
from sim.contracts.facts import facts_of
from sim.contracts.kpis import contract_scopes
from sim.contracts.layouts import BOOK_LAYOUTS
from sim.contracts.tables import book_tables, write_books
from sim.errors import ConservationError
from sim.kpi.table import kpi_table
from sim.record.layouts import LOTS
from sim.record.records import DAY_MS, Records
from tests.contract_samples import (
    base_fee,
    contract,
    contract_week,
    fee,
    int64,
    planned,
    reports_of_usage,
    sale_term,
    table_of,
    title_rule,
    usage_term,
    with_contracts,
)
from tests.hand_plants import (
    DEPOT_FILTER,
    DEPOT_GREASE,
    FILTER,
    GLOVES,
    GREASE,
    SHELF_FILTER,
    SHELF_GREASE,
    VENDING_GLOVES,
    HandPlant,
    plant_week,
)
from tests.hand_records import HORIZON_MS
from tests.reference_inputs import HOUR_MS

SERVICE = contract(
    planned("base", base_fee("100 USD")),
    planned("grease", usage_term("8 USD/kg"), [GREASE]),
    planned("filters", usage_term("45 USD"), [FILTER]),
    planned("gloves", usage_term("0.75 USD"), [GLOVES]),
    period_ms=4 * DAY_MS,
    payment_terms_ms=DAY_MS,
    financing_per_year=Fraction(365, 1000),  # a thousandth a day
    costs=ServiceCosts(per_month=3_043_688),
)


def books(records: Records) -> Books:
    """The books of the only contract."""
    (one,) = books_of(records)
    return one


def balances(one: Books) -> dict[str, int]:
    """What every account ends with."""
    sums = {name: one.ledger.total(name) for name in one.ledger.accounts}
    return {name: minor for name, minor in sums.items() if minor}


def moves(one: Books) -> list[tuple[float, int, int, str, bool]]:
    """Day, stock point, units, kind and whether to the customer, of every move of title."""
    all_moves = one.history.titles.moves
    columns = (all_moves.time_ms / DAY_MS, all_moves.point, all_moves.units, all_moves.kind, all_moves.to_customer)
    return [
        (float(day), int(point), int(units), tt.MOVE_KINDS[kind], bool(customer))
        for day, point, units, kind, customer in zip(*columns, strict=True)
    ]


def lines(one: Books) -> list[tuple[int, str, int, int, int]]:
    """Period, term, item, units and amount of every invoice line."""
    table = one.lines
    columns = (table.period, table.source, table.item, table.units, table.minor)
    return [
        (int(period), one.charges.sources[source].name, int(item), int(units), int(minor))
        for period, source, item, units, minor in zip(*columns, strict=True)
    ]


def test_invoices_of_a_deterministic_plant_to_the_cent() -> None:
    one = books(with_contracts(plant_week(), SERVICE))
    assert lines(one) == [
        (0, "base", -1, 0, 100_00),
        (0, "grease", GREASE, 14, 11_20),  # 0.6 kg and 0.8 kg
        (1, "base", -1, 0, 100_00),
        (1, "filters", FILTER, 4, 180_00),  # one of them taken by mistake
        (1, "gloves", GLOVES, 7, 5_25),  # 4 taken, 1 put back, 2 waited for, 3 lent of which one is back
        (2, "base", -1, 0, 50_00),  # two days of four
    ]
    invoices = one.invoices
    assert invoices.minor.tolist() == [111_20, 285_25, 50_00]
    assert (invoices.issued_ms // DAY_MS).tolist() == [5, 9, 11]
    assert (invoices.due_ms // DAY_MS).tolist() == [6, 10, 12]
    assert invoices.posted.tolist() == [1, 1, 0]
    assert invoices.paid.tolist() == [1, 0, 0]  # the second would be paid as the run ends


def test_the_ledger_of_a_deterministic_plant_to_the_cent() -> None:
    one = books(with_contracts(plant_week(), SERVICE))
    # units cost 1.00: 80 at first; grease 14 used, 7 leaked or rejected; filters 4 used, 2 expired; gloves 4 - 1 + 2
    # used and one lent one lost, another still lent
    goods, shrinkage, staff = 14 + 4 + 6, 7 + 2, 10_000_00
    found = balances(one)
    assert found.pop("financing") - financing_by_hand() == 0
    assert found.pop("cash") == -8_000 - staff - financing_by_hand() + 111_20
    assert found == {
        "stock": (80 - goods - shrinkage) * 100,
        "cost_of_goods": goods * 100,
        "shrinkage": shrinkage * 100,
        "receivable": 285_25,
        "unbilled": 50_00,
        "revenue.subscription": -250_00,
        "revenue.usage": -196_45,
        "service.staff": staff,
    }
    assert np.add.reduceat(one.ledger.minor, np.arange(0, len(one.ledger), 2)).tolist() == [0] * (len(one.ledger) // 2)


def financing_by_hand() -> int:
    """A thousandth a day of stock, what is unbilled and what is not paid, day by day and an hour in between."""
    hourly = [0] * (24 * 10)

    def from_on(day: int, minor: int, hour: int = 0) -> None:
        for at in range(24 * day + hour, 24 * 10):
            hourly[at] += minor

    from_on(0, 80_00 + 100_00)
    from_on(1, -6_00 + 4_80)
    from_on(3, -8_00 + 6_40)
    from_on(4, 100_00 + -3_00 + 135_00)
    from_on(4, -1_00 + 45_00, hour=1)
    from_on(5, -2_00 - 4_00 + 3_00)  # the invoice moves from one account to the other
    from_on(5, 1_00 - 75, hour=1)
    from_on(6, -111_20 - 2_00 + 1_50 + 2_25)
    from_on(7, -1_00 - 75)
    from_on(8, -7_00 + 50_00)
    # the first instant of a day is in it; an edge after the end of the run is not
    return int(Fraction(sum(hourly), 24_000) + Fraction(1, 2))


def test_every_posting_names_the_rows_it_rests_on() -> None:
    records = with_contracts(plant_week(), SERVICE)
    ledger = books(records).ledger
    reports = records.table("reports")
    usage = ledger.of_accounts("revenue.usage")
    assert ledger.table[usage].tolist() == [REPORTS] * np.count_nonzero(usage)
    rows = ledger.first_row[usage]
    assert np.array_equal(ledger.last_row[usage], rows)
    assert np.array_equal(reports["quantity"].to_numpy()[rows], ledger.units[usage])
    assert np.array_equal(reports["time_ms"].to_numpy()[rows], ledger.time_ms[usage])


def test_a_charge_falls_due_when_it_is_settled_at_the_latest_with_the_contract() -> None:
    late = replace(SERVICE, titles=(title_rule(settled_after_ms=3 * DAY_MS),))
    one = books(with_contracts(plant_week(), late))
    units = {(period, term): units for period, term, _, units, _ in lines(one) if units}
    assert units == {(1, "grease"): 14, (1, "filters"): 4, (2, "gloves"): 7}  # used on days 1, 3, 4, and 5 to 7
    assert one.charges.time_ms.max() <= HORIZON_MS - 1
    after = replace(SERVICE, titles=(title_rule(TITLE_AFTER_USE, after_ms=3 * DAY_MS),))
    assert lines(books(with_contracts(plant_week(), after))) == lines(one)  # title has to pass first


def test_what_counts_found_is_billed_only_if_the_contract_says_so() -> None:
    week = plant_week()
    reports = [*reports_of_usage(week.usage), (9 * DAY_MS, 9 * DAY_MS, SHELF_FILTER, 2, c.R_COUNTED, -1)]
    reports.append((9 * DAY_MS, 9 * DAY_MS, SHELF_FILTER, 5, c.R_SHORT, 9))
    billed = books(with_contracts(week, SERVICE, reports=reports))
    unbilled = books(with_contracts(week, replace(SERVICE, bill_counted=False), reports=reports))
    assert (2, "filters", FILTER, 2, 90_00) in lines(billed)
    assert [line for line in lines(billed) if line[0] < 2] == [line for line in lines(unbilled) if line[0] < 2]
    assert not [line for line in lines(unbilled) if line[:2] == (2, "filters")]
    recorded = (billed.reconciliation.recorded[FILTER], unbilled.reconciliation.recorded[FILTER])
    assert recorded == (6, 6)
    assert billed.reconciliation.disputed_minor.tolist() == [0, 90_00, 75]  # two filters, and a glove still lent
    assert unbilled.reconciliation.disputed_minor.tolist() == [0, 0, 75]


def test_title_passes_on_use_and_comes_back_with_what_is_put_back() -> None:
    found = moves(books(with_contracts(plant_week(), SERVICE)))
    hour = 1 / 24
    assert found == [
        (1, SHELF_GREASE, 6, "used", True),
        (3, SHELF_GREASE, 8, "used", True),
        (4, SHELF_FILTER, 3, "used", True),
        (pytest.approx(4 + hour), SHELF_FILTER, 1, "used", True),
        (5, VENDING_GLOVES, 4, "used", True),
        (pytest.approx(5 + hour), VENDING_GLOVES, 1, "put back", False),
        (6, VENDING_GLOVES, 2, "used", True),
        (7, VENDING_GLOVES, 1, "used", True),  # the lent one that was lost
    ]


def test_title_that_passes_after_use_does_not_move_for_what_was_put_back_before() -> None:
    plan = replace(SERVICE, titles=(title_rule(TITLE_AFTER_USE, after_ms=3 * DAY_MS),))
    one = books(with_contracts(plant_week(), plan))
    hour = 1 / 24
    assert moves(one) == [
        (4, SHELF_GREASE, 6, "used", True),
        (6, SHELF_GREASE, 8, "used", True),
        (7, SHELF_FILTER, 3, "used", True),
        (pytest.approx(7 + hour), SHELF_FILTER, 1, "used", True),
        (8, VENDING_GLOVES, 3, "used", True),
        (9, VENDING_GLOVES, 2, "used", True),
        (10, VENDING_GLOVES, 1, "pending", True),  # no longer within the contract
    ]
    assert balances(one)["stock"] == 4_700 + 100
    soon = replace(SERVICE, titles=(title_rule(TITLE_AFTER_USE, after_ms=HOUR_MS),))
    of_gloves = [move for move in moves(books(with_contracts(plant_week(), soon))) if move[1] == VENDING_GLOVES]
    assert of_gloves[:2] == [
        (pytest.approx(5 + hour), VENDING_GLOVES, 4, "used", True),
        (pytest.approx(5 + hour), VENDING_GLOVES, 1, "put back", False),  # at the very instant at which it had passed
    ]


def delivered_week() -> HandPlant:
    """The week, with grease and filters (in lots that cost 2.50 and 1.00) that are delivered from the depot."""
    week = plant_week()
    week.orders = [
        (2 * DAY_MS, SHELF_GREASE, DEPOT_GREASE, 20, 0, 0),
        (2 * DAY_MS, SHELF_FILTER, DEPOT_FILTER, 5, 0, c.ORDER_EMERGENCY),
    ]
    week.shipments = [
        (0, SHELF_GREASE, DEPOT_GREASE, 20, 2 * DAY_MS, 3 * DAY_MS, -1, 0),
        (1, SHELF_FILTER, DEPOT_FILTER, 5, 2 * DAY_MS, 3 * DAY_MS, -c.ORDER_EMERGENCY, 0),
    ]
    week.transfers = [(DEPOT_FILTER, SHELF_FILTER, 7, 3, 3 * DAY_MS), (DEPOT_FILTER, SHELF_FILTER, 8, 2, 3 * DAY_MS)]
    return week


def with_lots(records: Records) -> Records:
    """Lot 0 is what there was at first; lots 7 and 8 had come to the depot."""
    rows = [(0, SHELF_FILTER, -1, -DAY_MS, -1, 100_000, 10), (7, DEPOT_FILTER, 0, DAY_MS, -1, 250_000, 3)]
    rows.append((8, DEPOT_FILTER, 1, DAY_MS, -1, 100_000, 9))
    return replace(records, memory={**records.memory, "lots": table_of(LOTS, rows)})


def test_an_ordinary_sale_bills_deliveries_and_their_cost_is_that_of_their_lots() -> None:
    plan = contract(planned("sale", sale_term("3 USD"), [FILTER]), titles=(title_rule(TITLE_DELIVERY),))
    one = books(with_lots(with_contracts(delivered_week(), plan)))
    assert lines(one) == [(0, "sale", FILTER, 5, 15_00)]
    assert one.charges.table.tolist() == [SHIPMENTS] * len(one.charges)
    assert [move for move in moves(one) if move[1] == SHELF_FILTER] == [
        (3, SHELF_FILTER, 3, "received", True),
        (3, SHELF_FILTER, 2, "received", True),
    ]
    goods = 20 * 100 + 3 * 250 + 2 * 100
    assert balances(one) == {"cost_of_goods": goods, "cash": -goods, "unbilled": 15_00, "revenue.sale": -15_00}


def test_an_emergency_in_two_lots_is_one_delivery() -> None:
    plan = contract(planned("fee", fee("1 USD")), costs=ServiceCosts(per_emergency=40_00))
    one = books(with_lots(with_contracts(delivered_week(), plan)))
    assert balances(one)["service.emergencies"] == 40_00
    assert balances(one)["stock"] == (80 - 33 + 20 + 2) * 100 + 3 * 250


def test_an_amendment_takes_stock_over_or_sells_it_at_cost() -> None:
    date = 4 * DAY_MS  # before anything of that day
    takes = (title_rule(TITLE_DELIVERY), title_rule(TITLE_USE, date))
    one = books(with_lots(with_contracts(delivered_week(), contract(planned("fee", fee("1 USD")), titles=takes))))
    assert sorted(move for move in moves(one) if move[3] == "taken over") == [
        (4, SHELF_GREASE, 50 - 14 + 20, "taken over", False),
        (4, SHELF_FILTER, 2, "taken over", False),
        (4, SHELF_FILTER, 3, "taken over", False),
        (4, SHELF_FILTER, 10, "taken over", False),
        (4, VENDING_GLOVES, 20, "taken over", False),
    ]
    sells = (title_rule(TITLE_USE), title_rule(TITLE_DELIVERY, date))
    plan = contract(planned("fee", fee("1 USD")), titles=sells, payment_terms_ms=2 * DAY_MS)
    one = books(with_lots(with_contracts(delivered_week(), plan)))
    sold = (56 + 2 + 10 + 20) * 100 + 3 * 250
    time_ms, receivable = one.ledger.balance("receivable")
    assert (time_ms // DAY_MS).tolist() == [4, 6]
    assert receivable.tolist() == [sold, 0]
    assert balances(one).get("stock", 0) == 0
    assert balances(one).get("shrinkage", 0) == 0  # what expired and leaked later was the customer's


def test_a_contract_over_part_of_the_time_opens_with_what_is_there() -> None:
    plan = replace(SERVICE, from_ms=3 * DAY_MS, to_ms=6 * DAY_MS, period_ms=0, titles=(title_rule(from_ms=3 * DAY_MS),))
    terms = tuple(replace(term, from_ms=3 * DAY_MS, to_ms=6 * DAY_MS) for term in SERVICE.terms)
    one = books(with_contracts(plant_week(), replace(plan, terms=terms)))
    assert one.ledger.time_ms[0] == 3 * DAY_MS
    opening = one.history.titles.opening
    assert dict(zip(opening.point.tolist(), opening.units.tolist(), strict=True)) == {
        SHELF_GREASE: 44,
        SHELF_FILTER: 10,
        VENDING_GLOVES: 20,
    }
    assert [line[3] for line in lines(one)] == [0, 8, 4, 3]
    assert one.invoices.issued_ms.tolist() == [7 * DAY_MS]
    staff = round(30_436_88 * 3 / 31)  # three days of January
    found = balances(one)
    assert found["service.staff"] == staff
    assert found["cash"] == -74_00 - staff - found["financing"] + one.invoices.minor.item()


def test_lines_cost_and_run_by_period() -> None:
    one = books(with_contracts(plant_week(), SERVICE))
    facts = facts_of(one.history, replace(SERVICE.terms[0], lines=("node-2/turning",)))
    hours = {name: (values / HOUR_MS).tolist() for name, values in facts.running_ms.items()}
    # from 6 to 22 o'clock; the lathe stood from day 3 at 20 to day 4 at 8, the mill then until 10, the lathe an hour
    assert hours == {"node-2/turning": [4 * 16 - 2, 4 * 16 - 2 - 2 - 1, 2 * 16]}
    assert facts.stop_cost_minor.tolist() == [2 * 600_00, 5 * 600_00, 0]
    both = facts_of(one.history, SERVICE.terms[0])
    # the press stood for an hour late on day 1 and one early on day 2, and from 20 o'clock on day 9
    assert both.stop_cost_minor.tolist() == [2 * 600_00 + 2 * 240_00, 5 * 600_00, 2 * 240_00]


@pytest.mark.parametrize("place", [(SHELF_GREASE, c.S_ON_HAND), (VENDING_GLOVES, c.S_ON_HAND)])
def test_stock_that_the_records_do_not_explain_is_found(place: tuple[int, int]) -> None:
    week = plant_week()
    week.spoil = {place: -1}
    with pytest.raises(ConservationError, match=r"at 2 places:\n.*units held should be") as error:
        books(with_contracts(week, SERVICE))
    assert error.value.exit_code == 3


def test_an_entry_that_does_not_add_up_is_found() -> None:
    records = with_contracts(plant_week(), SERVICE)
    one = books(records)
    posted = one.ledger.minor.copy()
    posted[-1] += 1
    with pytest.raises(
        ConservationError, match=r"contract service: sum of entry \d+ of the ledger should be 0 and is 1"
    ):
        check_books(records, [replace(one, ledger=replace(one.ledger, minor=posted))])


def test_an_invoice_that_is_not_what_was_earned_is_found() -> None:
    records = with_contracts(plant_week(), SERVICE)
    one = books(records)
    wrong = replace(one, invoices=replace(one.invoices, minor=one.invoices.minor + int64([0, 1, 0])))
    with pytest.raises(ConservationError, match=r"sum of the postings of invoice 1 should be 28526 and is 28525"):
        check_books(records, [wrong])


def test_a_unit_whose_title_moves_twice_is_found() -> None:
    records = with_contracts(plant_week(), SERVICE)
    one = books(records)
    titles = one.history.titles
    twice = replace(titles, moves=titles.moves.where(np.append(np.arange(len(titles.moves)), 0)))
    with pytest.raises(ConservationError, match="the supplier's units should be 23 and is 29"):
        check_books(records, [replace(one, history=replace(one.history, titles=twice))])
    check_books(records, [one])


def test_tables_of_two_contracts_number_their_rows_together() -> None:
    half = 5 * DAY_MS
    first = replace(SERVICE, name="first", to_ms=half, terms=ended(half))
    second = replace(SERVICE, name="second", from_ms=half, titles=(title_rule(from_ms=half),), terms=begun(half))
    tables = book_tables(books_of(with_contracts(plant_week(), first, second)))
    assert {name: table.schema for name, table in tables.items()} == {
        name: layout.schema for name, layout in BOOK_LAYOUTS.items()
    }
    charges, bills = tables["charges"].to_pydict(), tables["invoice_lines"].to_pydict()
    invoices, ledger = tables["invoices"].to_pydict(), tables["ledger"].to_pydict()
    sums = [0] * len(bills["minor"])
    for line, minor in zip(charges["line"], charges["minor"], strict=True):
        sums[line] += minor
    assert sums == bills["minor"]
    for number, (first_line, count) in enumerate(zip(invoices["first_line"], invoices["lines"], strict=True)):
        assert bills["invoice"][first_line : first_line + count] == [number] * count
        assert {bills["contract"][row] for row in range(first_line, first_line + count)} == {
            invoices["contract"][number]
        }
    assert ledger["entry"] == [row // 2 for row in range(len(ledger["entry"]))]
    assert set(ledger["contract"]) == {"first", "second"}


def test_tables_are_written_whole(tmp_path: Path) -> None:
    found = books_of(contract_week())
    write_books(found, tmp_path)
    tables = book_tables(found)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.parquet" for name in BOOK_LAYOUTS}
    for name, table in tables.items():
        assert pq.ParquetFile(tmp_path / f"{name}.parquet").read().to_pylist() == table.to_pylist()


def test_both_sides_key_figures_by_hand() -> None:
    records = contract_week()
    table = kpi_table(records, {"contract", "sla"}, contract_scopes(records.network, books_of(records)))
    rows = table.to_pylist()
    found = {row["kpi"]: row["value"] for row in rows if row["scope"] == "contract"}
    # measured from day 2 on: 8 days; money per month of 30.436875 days
    month = 30.436875 / 8
    left = 13
    gloves = 4 - 1 + 2 + 3 - 1 + left
    revenue = 0.75 * gloves  # the base fee falls due on the first day, before the measured time
    cost = 8 + 4 + (4 - 1 + 2 + 1 + left)
    assert found["contract_revenue"] == pytest.approx(revenue * month)
    assert found["goods_cost"] == pytest.approx(cost * month)
    assert found["shrinkage_cost"] == pytest.approx(9 * month)
    assert found["penalties"] == pytest.approx(12 * month)  # the second window: without gloves for 2.5 of 5 days
    assert found["gross_margin"] == pytest.approx((revenue - cost - 9 - 12) * month)
    assert found["customer_paid"] == pytest.approx((revenue - 12) * month)
    # the turning line stood for 7 hours, the pressing line for 3 within the measured time
    assert found["customer_stop_cost"] == pytest.approx((7 * 600 + 3 * 240) * month)
    assert found["stop_cost_saved"] == pytest.approx((1000 * 8 - 7 * 600 - 3 * 240) * month)
    assert found["sla_attainment"] == 0.5
    assert found["renewal"] == 0.85
    of_level = {row["kpi"]: row["value"] for row in rows if row["scope"] == "sla"}
    assert of_level["penalty_total"] == 12
    assert of_level["penalty_paid"] == 1
    assert of_level["sla_measured"] == pytest.approx(0.75)


def ended(time_ms: int) -> tuple[PlannedTerm, ...]:
    return tuple(replace(term, to_ms=time_ms) for term in SERVICE.terms)


def begun(time_ms: int) -> tuple[PlannedTerm, ...]:
    return tuple(replace(term, from_ms=time_ms) for term in SERVICE.terms)
