"""Contracts over the hand-written plant of `tests.hand_plants`, with reports that follow from its usage."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from policies.contracts import Fee, Sale, Subscription, Term, Usage
from policies.contracts.sla import Sla
from policies.units import parse_unit_price
from sim import columns as c
from sim.contract_plan import TITLE_USE, Baseline, ContractPlan, PlannedSla, PlannedTerm, TitleRule
from sim.network import Int64Array
from sim.record.arrow import number_table
from sim.record.layouts import REPORTS, TableLayout
from sim.record.records import DAY_MS, Records
from tests.hand_plants import (
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

Report = tuple[int, int, int, int, int, int]
ITEMS = 3
COVERED = np.array([SHELF_GREASE, SHELF_FILTER, VENDING_GLOVES], np.int64)


def title_rule(passes: int = TITLE_USE, from_ms: int = 0, after_ms: int = 0, settled_after_ms: int = 0) -> TitleRule:
    """The same rule for every item."""
    after, settled = np.full(ITEMS, after_ms, np.int64), np.full(ITEMS, settled_after_ms, np.int64)
    return TitleRule(from_ms, np.full(ITEMS, passes, np.int64), after, settled)


def price(text: str) -> Any:
    """A price per unit as in a scenario."""
    return parse_unit_price(text, "USD")


def usage_term(text: str, **more: Any) -> Usage:
    """A term that bills use at a price."""
    return Usage.model_validate({"kind": "usage", "price": text, **more}, context={"currency": "USD"})


def sale_term(text: str) -> Sale:
    """A term that bills deliveries at a price."""
    return Sale.model_validate({"kind": "sale", "price": text}, context={"currency": "USD"})


def base_fee(text: str) -> Subscription:
    """A subscription per contract."""
    return Subscription.model_validate(
        {"kind": "subscription", "amount": text, "per": "contract"}, context={"currency": "USD"}
    )


def fee(text: str) -> Fee:
    """A fee at the start."""
    return Fee.model_validate({"kind": "fee", "amount": text}, context={"currency": "USD"})


def planned(
    name: str, term: Term, items: Sequence[int] = (GREASE, FILTER, GLOVES), from_ms: int = 0, to_ms: int = HORIZON_MS
) -> PlannedTerm:
    """A term over all of a contract's time unless told otherwise."""
    return PlannedTerm(name, term, np.array(items, np.int64), (), from_ms, to_ms)


def contract(*terms: PlannedTerm, **changes: Any) -> ContractPlan:
    """A contract over the three stock points of devices, from the start to the end, title on use."""
    plan = ContractPlan(
        name="service",
        customer="works",
        from_ms=0,
        to_ms=HORIZON_MS,
        points=COVERED,
        sites=1,
        devices=2,
        lines=("node-2/turning", "node-2/pressing"),
        period_ms=0,
        bill_counted=True,
        titles=(title_rule(),),
        terms=terms,
        financing_per_year=Fraction(0),
    )
    return replace(plan, **changes)


_TOLD = {c.U_PERSON: 1, c.U_MACHINE: 1, c.U_QUEUE: 1, c.U_WRONG: 1, c.U_PUT_BACK: -1, c.U_LOAN: 1, c.U_LOAN_BACK: -1}


def reports_of_usage(usage: Sequence[tuple[int, ...]]) -> list[Report]:
    """What perfect devices without gateways would tell: every change of the shelf, at once."""
    return [
        (row[0], row[0], row[1], _TOLD[row[4]] * row[3], c.R_BOOKED if row[4] == c.U_QUEUE else c.R_TOLD, row[8])
        for row in usage
        if row[4] in _TOLD
    ]


def with_contracts(plant: HandPlant, *plans: ContractPlan, reports: Sequence[Report] | None = None) -> Records:
    """The plant's records under contracts; its reports follow from its usage unless given."""
    plant = replace(plant, network=replace(plant.network, contracts=plans))
    records = plant.records()
    rows = reports_of_usage(plant.usage) if reports is None else reports
    return replace(records, memory={**records.memory, "reports": table_of(REPORTS, rows)})


def table_of(layout: TableLayout, rows: Sequence[Sequence[int]]) -> pa.Table:
    """A table of the records from its rows."""
    columns = list(zip(*rows, strict=True)) or [()] * len(layout.columns)
    return number_table(
        {one.name: np.array(values, one.numpy) for one, values in zip(layout.columns, columns, strict=True)}
    )


def int64(values: Sequence[int]) -> Int64Array:
    """An array of whole numbers."""
    return np.array(values, np.int64)


def contract_week() -> Records:
    """The week under a contract with a service level that is broken, and a baseline to compare with."""
    penalty = {"lump_sum": "12 USD"}
    settings = Sla.model_validate(
        {"measure": "availability", "target": "99%", "window": "5 d", "penalty": penalty}, context={"currency": "USD"}
    )
    glove = PlannedSla("gloves", settings, COVERED[2:], np.zeros((0, 2), np.int64))
    plan = contract(
        planned("base", base_fee("310 USD")),
        planned("gloves", usage_term("0.75 USD"), [GLOVES]),
        slas=(glove,),
        baseline=Baseline(
            stop_cost_per_year=365_000_00, goods_per_year=36_500_00, stock_value=1_000_00, stops_per_year=73
        ),
        financing_per_year=Fraction(1, 10),
    )
    return with_contracts(empty_gloves(), plan)


def empty_gloves() -> HandPlant:
    """The week, in which somebody takes the last gloves on day 7."""
    week = plant_week()
    left = 20 - 4 + 1 - 2 - 3 + 1
    taken = (7 * DAY_MS + DAY_MS // 2, VENDING_GLOVES, -1, left, c.U_PERSON, 0, -1, -1, 9)
    week.usage = sorted([*week.usage, taken])
    week.total = week.total | {(VENDING_GLOVES, c.T_UNITS_ISSUED): 9 + left}
    return week
