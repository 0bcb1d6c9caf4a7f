"""Random histories and contracts: the books against units that are followed one by one."""

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.contracts import BuyBack, DataService, Emergency, ReturnCredit, Term, Usage
from policies.contracts.sla import Sla
from sim import columns as c
from sim.contract_plan import (
    TITLE_AFTER_USE,
    TITLE_DELIVERY,
    TITLE_USE,
    ContractPlan,
    PlannedSla,
    PlannedTerm,
    ServiceCosts,
    TitleRule,
)
from sim.contracts import titles as tt
from sim.contracts.books import Books, books_of
from sim.contracts.matching import UNMATCHED, matched
from sim.record.records import DAY_MS, Levels, Records
from tests.contract_samples import base_fee, contract, fee, planned, sale_term, usage_term, with_contracts
from tests.hand_plants import (
    DEPOT_FILTER,
    DEPOT_GLOVES,
    DEPOT_GREASE,
    FILTER,
    GLOVES,
    GREASE,
    SHELF_FILTER,
    SHELF_GREASE,
    VENDING_GLOVES,
    HandPlant,
    plant_network,
)
from tests.hand_records import HORIZON_MS

POINTS = (SHELF_GREASE, SHELF_FILTER, VENDING_GLOVES)
DEPOTS = {SHELF_GREASE: DEPOT_GREASE, SHELF_FILTER: DEPOT_FILTER, VENDING_GLOVES: DEPOT_GLOVES}
USES = (c.U_PERSON, c.U_MACHINE, c.U_QUEUE, c.U_WRONG)
ISSUES = (c.U_PERSON, c.U_MACHINE, c.U_QUEUE, c.U_LOAN)
STEP_MS = HORIZON_MS // 40
COST_MILLI = np.array([33_333, 100_500, 7], np.int64)


@dataclass
class Unit:
    """One unit: where it is, whose it is, and what happened to it."""

    point: int
    customers: bool
    state: str = "shelf"  # shelf, lent, used, gone
    line: int = -1
    passes_ms: int = -1  # when its title will pass, -1: not pending
    to_customer: int = 0  # times that its title passed
    to_supplier: int = 0


@dataclass
class Play:
    """What happens, played on units by the rules of docs/contracts.md and written down as records."""

    plan: ContractPlan
    units: list[Unit] = field(default_factory=list)
    plant: HandPlant = field(default_factory=HandPlant)
    usage: list[tuple[int, ...]] = field(default_factory=list)
    issued: Counter[int] = field(default_factory=Counter)
    ruled: int = 0

    def rule(self) -> TitleRule:
        return self.plan.titles[self.ruled]

    def customers(self, point: int) -> bool:
        """Whether the shelf is the customer's."""
        return bool(self.rule().passes[point] == TITLE_DELIVERY)  # items are numbered like their points

    def give(self, unit: Unit, customers: bool) -> None:
        unit.to_customer += customers and not unit.customers
        unit.to_supplier += unit.customers and not customers
        unit.customers = customers

    def until(self, time_ms: int) -> None:
        """Titles that pass by then (not at that instant), and amendments of that instant."""
        while self.ruled + 1 < len(self.plan.titles) and self.plan.titles[self.ruled + 1].from_ms <= time_ms:
            self.ruled += 1
            for unit in self.units:
                if unit.state in ("shelf", "lent"):
                    self.give(unit, self.customers(unit.point))
        for unit in self.units:
            if 0 <= unit.passes_ms <= time_ms:
                unit.passes_ms = -1
                self.give(unit, True)

    def use(self, unit: Unit, time_ms: int) -> None:
        unit.state = "used"
        if self.rule().passes[unit.point] == TITLE_AFTER_USE:
            unit.passes_ms = time_ms + int(self.rule().after_ms[unit.point])
        else:
            self.give(unit, True)

    def note(self, time_ms: int, point: int, units: int, kind: int, line: int) -> None:
        self.usage.append((time_ms, point, -1, units, kind, -1, -1, -1, line))


Step = tuple[str, int, int, int]
STEPS = st.tuples(
    st.sampled_from(["receive", "use", "use", "put back", "put back", "lend", "back", "lost", "expire", "wait"]),
    st.sampled_from(POINTS),
    st.integers(1, 4),
    st.sampled_from(USES),
)


def play(plan: ContractPlan, steps: list[Step]) -> Play:
    """Play the steps, a few to an instant."""
    game = Play(plan)
    network = plant_network()
    game.plant.network = replace(
        network, item_cost_milli=COST_MILLI, item_lots=np.zeros(3, np.bool_), parameter=network.parameter.copy()
    )
    game.plant.network.parameter[:, c.P_FLAGS] &= ~c.SP_LOTS
    opening = dict(zip(POINTS, (5, 3, 4), strict=True))
    game.plant.opening_on_hand = (5, 3, 4, 100, 100, 100, 0, 0, 0)
    game.units = [Unit(point, game.customers(point)) for point, units in opening.items() for _ in range(units)]
    orders: list[Any] = []
    shipments: list[Any] = []
    for number, step in enumerate(steps):
        time_ms = (number // 2 + 1) * STEP_MS
        game.until(time_ms)
        if step[0] == "receive":
            _, point, units, _ = step
            orders.append((0, point, DEPOTS[point], units, 0, 0))
            shipments.append((len(shipments), point, DEPOTS[point], units, 0, time_ms, -1, 0))
            for _ in range(units):
                unit = Unit(point, False)
                game.give(unit, game.customers(point))
                game.units.append(unit)
        else:
            happen(game, number, time_ms, step)
    game.until(HORIZON_MS - 1)
    game.plant.orders, game.plant.shipments = orders, shipments
    game.plant.usage = game.usage  # type: ignore[assignment]
    game.plant.total = {(point, c.T_UNITS_ISSUED): units for point, units in game.issued.items()}
    return game


def records_of(game: Play) -> Records:
    """What is written down of it; no item is tracked in lots."""
    records = with_contracts(game.plant, game.plan)
    opening = Levels.without_lots(records.summary.opening.state)
    return replace(records, summary=replace(records.summary, opening=opening))


def happen(game: Play, number: int, time_ms: int, step: Step) -> None:
    """Something that needs a unit; nothing where there is none."""
    what, point, most, kind = step
    wanted = {"put back": "used", "back": "lent", "lost": "lent"}.get(what, "shelf")
    there = [unit for unit in game.units if unit.point == point and unit.state == wanted]
    if what == "put back":
        there = [unit for unit in there if unit.line >= 0][:1]
    taken = there[: 1 if what in ("put back", "back", "lost", "lend") else most]
    if not taken or what == "wait":
        return
    if what == "use":
        game.note(time_ms, point, len(taken), kind, number)
        for unit in taken:
            unit.line = number
            game.use(unit, time_ms)
        game.issued[point] += len(taken) if kind in ISSUES else 0
    elif what == "expire":
        game.note(time_ms, point, len(taken), c.U_EXPIRED, -1)
        for unit in taken:
            unit.state = "gone"
    elif what == "put back":
        game.note(time_ms, point, 1, c.U_PUT_BACK, taken[0].line)
        taken[0].state, taken[0].line, taken[0].passes_ms = "shelf", -1, -1
        game.give(taken[0], game.customers(point))
    elif what == "lend":
        game.note(time_ms, point, 1, c.U_LOAN, number)
        game.issued[point] += 1
        taken[0].state, taken[0].line = "lent", number
    elif what == "back":
        game.note(time_ms, point, 1, c.U_LOAN_BACK, taken[0].line)
        taken[0].state = "shelf"
    else:
        game.note(time_ms, point, 1, c.U_LOAN_LOST if number % 2 else c.U_LOAN_WORN, taken[0].line)
        taken[0].line = -1
        game.use(taken[0], time_ms)


RULES = st.tuples(
    st.lists(st.sampled_from([TITLE_DELIVERY, TITLE_USE, TITLE_AFTER_USE]), min_size=3, max_size=3),
    st.lists(st.sampled_from([1, STEP_MS + 7, 9 * STEP_MS, 30 * STEP_MS]), min_size=3, max_size=3),
    st.lists(st.sampled_from([0, DAY_MS, 30 * DAY_MS]), min_size=3, max_size=3),
)


def usd(model: type[Term], **settings: Any) -> Term:
    """A term with amounts in USD."""
    return model.model_validate(settings, context={"currency": "USD"})


TIERS = [{"from": 0, "price": "0.333 USD"}, {"from": 3, "price": "0.2 USD"}, {"from": 7, "price": "0.125 USD"}]
TERMS: tuple[tuple[str, Term, list[int]], ...] = (
    ("grease", usage_term("7.77 USD/kg"), [GREASE]),
    ("filters", usage_term("0.333 USD", cap="1.50 USD"), [FILTER]),
    ("more filters", usd(Usage, kind="usage", tiers=TIERS, minimum="0.75 USD"), [FILTER]),
    ("gloves", sale_term("1.005 USD"), [GLOVES]),
    ("base", base_fee("99.99 USD"), []),
    ("set-up", fee("12.34 USD"), []),
    ("portal", usd(DataService, kind="data_service", amount="0.07 USD", per="device"), []),
    ("cores", usd(ReturnCredit, kind="return_credit", credit="0.015 USD", on="use"), [FILTER, GLOVES]),
    ("worn", usd(ReturnCredit, kind="return_credit", credit="0.205 USD"), [FILTER, GLOVES]),
    ("hurry", usd(Emergency, kind="emergency", premium="3.33 USD", share=0.1, price="0.999 USD"), [FILTER]),
    ("back", usd(BuyBack, kind="buy_back", share=0.5, older_than="2 d"), [GREASE, FILTER, GLOVES]),
)


@st.composite
def terms(draw: st.DrawFn) -> list[PlannedTerm]:
    """Some terms, each over all of the time, or as an amendment leaves, adds or changes it."""
    found = []
    for name, term, items in draw(st.lists(st.sampled_from(TERMS), unique_by=lambda one: one[0], max_size=6)):
        date = draw(st.integers(1, 39)) * STEP_MS
        first, then = planned(name, term, items, to_ms=date), planned(name, term, items, from_ms=date)
        found += draw(st.sampled_from([[planned(name, term, items)], [first], [then], [first, then]]))
    return found


@st.composite
def levels(draw: st.DrawFn) -> PlannedSla:
    """A service level of any measure that hand-written records know, with a penalty, over some of the time."""
    penalty = draw(
        st.sampled_from([{"lump_sum": "7.77 USD"}, {"linear": {"per_point": "0.333 USD"}, "cap_total": "20 USD"}])
    )
    settings: dict[str, Any] = {"measure": draw(st.sampled_from(["availability", "fill_rate"])), "penalty": penalty}
    settings |= {"target": draw(st.sampled_from(["50 %", "99 %"])), "bonus": {"lump_sum": "1.01 USD"}}
    settings |= {"window": draw(st.sampled_from(["month", "3 d", "36 h"]))}
    sla = Sla.model_validate(settings, context={"currency": "USD"})
    begins = draw(st.sampled_from([0, 13 * STEP_MS]))
    return PlannedSla("promise", sla, np.array(POINTS), np.zeros((0, 2), np.int64), from_ms=begins)


@st.composite
def contracts(draw: st.DrawFn) -> ContractPlan:
    """Any mix of titles with up to two amendments, of terms of all kinds, of service levels, periods and rates."""
    dates = [0, *sorted(draw(st.sets(st.integers(1, 39), max_size=2)))]
    rules = [
        TitleRule(date * STEP_MS + (1 if date else 0), *(np.array(column, np.int64) for column in draw(RULES)))
        for date in dates
    ]
    return contract(
        *draw(terms()),
        slas=tuple(draw(st.lists(levels(), max_size=1))),
        titles=tuple(rules),
        period_ms=draw(st.sampled_from([0, 3 * DAY_MS, 8 * DAY_MS + 1])),
        payment_terms_ms=draw(st.sampled_from([0, DAY_MS, 30 * DAY_MS])),
        financing_per_year=Fraction(draw(st.integers(0, 100)), 10),
        bill_counted=draw(st.booleans()),
        costs=ServiceCosts(per_month=draw(st.integers(0, 10**6))),
    )


@given(contracts(), st.lists(STEPS, max_size=70))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_books_follow_units_one_by_one(plan: ContractPlan, steps: list[Step]) -> None:
    game = play(plan, steps)
    (one,) = books_of(records_of(game))  # its own checks pass
    for point in POINTS:
        units = [unit for unit in game.units if unit.point == point]
        signed = one.history.titles.moves.signed[one.history.titles.moves.point == point]
        assert signed[signed > 0].sum() == sum(unit.to_customer for unit in units)
        assert -signed[signed < 0].sum() == sum(unit.to_supplier for unit in units)
        assert pending(one, point) == sum(unit.passes_ms >= 0 for unit in units)
        closing, owner = one.history.titles.closing, one.history.titles.closing_owner
        here = (closing.point == point) & (owner == tt.CUSTOMER)
        held = [unit for unit in units if unit.state in ("shelf", "lent") and unit.customers]
        assert int(closing.units[here].sum()) == len(held)
    used_up = [unit for unit in game.units if unit.state == "used" and unit.passes_ms < 0]
    assert all(unit.customers for unit in used_up)
    assert one.ledger.total("stock") == half_up(sum(cost_milli(unit) for unit in game.units if is_suppliers(unit)))


def pending(one: Books, point: int) -> int:
    moves = one.history.titles.moves
    return int(moves.units[(moves.kind == tt.MOVE_PENDING) & (moves.point == point)].sum())


def is_suppliers(unit: Unit) -> bool:
    return not unit.customers and (unit.state in ("shelf", "lent") or unit.passes_ms >= 0)


def cost_milli(unit: Unit) -> int:
    return int(COST_MILLI[unit.point])


def half_up(milli: int) -> int:
    return (milli + 500) // 1000


@given(contracts(), st.lists(STEPS, max_size=70))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_invoices_are_the_sum_of_their_postings_and_nothing_is_lost_to_rounding(
    plan: ContractPlan, steps: list[Step]
) -> None:
    game = play(plan, steps)
    (one,) = books_of(records_of(game))
    entry = Counter[int]()
    for number, minor in zip(one.ledger.entry.tolist(), one.ledger.minor.tolist(), strict=True):
        entry[number] += minor
    assert not any(entry.values())
    revenue = -one.ledger.total("revenue.", "penalty")
    assert revenue == one.invoices.minor.sum() == one.charges.minor.sum()
    posted = one.invoices.minor[one.invoices.posted == 1].sum()
    assert one.ledger.total("unbilled") == revenue - posted
    by_lines = Counter[int]()
    for line, minor in zip(one.charges.line.tolist(), one.charges.minor.tolist(), strict=True):
        by_lines[line] += minor
    assert [by_lines[line] for line in range(len(one.lines))] == one.lines.minor.tolist()
    for planned_term in plan.terms:  # from an amendment on totals begin anew
        if planned_term.name == "grease" and sum(term.name == "grease" for term in plan.terms) == 1:
            mine = one.charges.item == GREASE
            mine &= np.array([one.charges.sources[source].name == "grease" for source in one.charges.source], np.bool_)
            units = one.charges.units[mine].sum()
            assert one.charges.minor[mine].sum() == half_up(int(units) * 77_700)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12),
)
def test_matching_is_first_in_first_out_unit_by_unit(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    def arrays(rows: list[tuple[int, int]]) -> tuple[Any, Any]:
        both = np.array(rows, np.int64).reshape(len(rows), 2)
        return [both[:, 0]], both[:, 1]

    row, other, units = matched(*arrays(first), *arrays(second))
    found = [pair for pair, times in zip(zip(row, other, strict=True), units, strict=True) for _ in range(times)]
    queues = {key: [n for n, (k, many) in enumerate(second) if k == key for _ in range(many)] for key in range(4)}
    expected = [
        (number, queues[key].pop(0) if queues[key] else UNMATCHED)
        for number, (key, many) in enumerate(first)
        for _ in range(many)
    ]
    assert found == expected
