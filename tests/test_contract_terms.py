"""Contract terms: each kind by hand to the cent, and what holds for all of them."""

from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.contracts import TERMS, TermError, charges_of
from policies.contracts.charging import differences, rounded, shares_of_periods
from policies.contracts.term import NO_TABLE, SHIPMENTS, USAGE, Rows
from policies.units import parse_item_unit, parse_quantity, parse_unit_price
from tests.contract_facts import (
    DAY_MS,
    FILTER,
    FLUID,
    GREASE,
    ITEMS,
    amounts,
    charged,
    facts,
    listed,
    measures,
    refused,
    rows,
    term,
)

HOUR_MS = 3_600_000
TWO_PERIODS = (0, 30 * DAY_MS, 60 * DAY_MS)
THREE_PERIODS = (0, 30, 60, 90)
ENDS = [30 * DAY_MS - 1, 60 * DAY_MS - 1]
PIECES = measures("each", "each", "each")


# --- subscription, data service ---------------------------------------------------------------------------------------


def test_subscription_by_hand() -> None:
    cut = facts(  # from 15 April to 4 June 2026: 16 of 30 days, May, 3 of 30 days
        (0, 16 * DAY_MS, 47 * DAY_MS, 50 * DAY_MS),
        whole_from_ms=(-14 * DAY_MS, 16 * DAY_MS, 47 * DAY_MS),
        whole_ms=(30 * DAY_MS, 31 * DAY_MS, 30 * DAY_MS),
        devices=8,
        sites=2,
    )
    assert charged("subscription", cut, amount="1000 USD") == [
        (0, 53_333, -1, 0),
        (16 * DAY_MS, 100_000, -1, 0),
        (47 * DAY_MS, 10_000, -1, 0),
    ]
    assert amounts("data_service", cut, amount="12.50 USD", per="device") == [5_333, 10_000, 1_000]
    assert amounts("subscription", cut, amount="12.50 USD", per="site") == [1_333, 2_500, 250]
    assert charged("subscription", facts(devices=0), amount="12.50 USD", per="device") == []


@given(
    amount=st.integers(0, 10**7),
    lengths=st.lists(st.integers(1, 40 * DAY_MS), min_size=1, max_size=4),
    shares=st.lists(st.fractions(0, 1), max_size=5),
)
def test_cut_periods_add_up_however_they_are_cut(amount: int, lengths: list[int], shares: list[Fraction]) -> None:
    edges = np.cumsum([0, *lengths]).tolist()
    cuts = sorted({0, edges[-1], *(round(share * edges[-1]) for share in shares)})
    sums = np.zeros(len(lengths), np.int64)
    for begin, end in pairwise(cuts):  # an amendment at each cut
        inside = [k for k in range(len(lengths)) if edges[k] < end and edges[k + 1] > begin]
        part = facts(
            [max(edges[inside[0]], begin), *(edges[k] for k in inside[1:]), end],
            whole_from_ms=[edges[k] for k in inside],
            whole_ms=[lengths[k] for k in inside],
        )
        due = shares_of_periods(amount, part)
        assert np.all(due >= 0)
        sums[inside] += due
    assert sums.tolist() == [amount] * len(lengths)


# --- sale, emergency, return credit -----------------------------------------------------------------------------------

RECEIVED = rows((1, FILTER, 10, 0), (2, FILTER, 4, 1), (3, GREASE, 25, 0), (4, FILTER, 1, 1))


def test_sale_by_hand() -> None:
    filters = facts(received=RECEIVED.where(RECEIVED.item == FILTER))
    assert charged("sale", filters, price="45 USD") == [
        (1, 45_000, FILTER, 10),
        (2, 18_000, FILTER, 4),
        (4, 4_500, FILTER, 1),
    ]
    found = charges_of(term("sale", price="45 USD"), filters, ITEMS)
    assert (found.table.tolist(), found.first_row.tolist()) == ([SHIPMENTS] * 3, [0, 1, 3])
    assert amounts("sale", facts(received=RECEIVED.where(RECEIVED.item == GREASE)), price="8 USD/kg") == [2_000]


def test_emergency_by_hand() -> None:
    known = facts(received=RECEIVED)
    assert charged("emergency", known, premium="150 USD") == [(2, 15_000, FILTER, 0), (4, 15_000, FILTER, 0)]
    assert amounts("emergency", known, share="15%", price="45 USD") == [2_700, 675]
    assert amounts("emergency", known, premium="150 USD", share="15%", price="45 USD") == [17_700, 15_675]
    found = charges_of(term("emergency", premium="1 USD"), known, ITEMS)
    assert (found.table.tolist(), found.last_row.tolist()) == ([SHIPMENTS] * 2, [1, 3])


def test_settings_of_emergency_that_do_not_fit_together() -> None:
    assert refused("emergency") == ("the term charges nothing", "give a `premium`, or a `share` with its `price`")
    assert refused("emergency", share="10%")[0] == "`share` without `price`"
    assert refused("emergency", premium="1 USD", price="45 USD")[0] == "`price` without `share`"
    assert term("emergency", share="10%", price="45 USD")


def test_return_credit_by_hand() -> None:
    known = facts(consumed=rows((1, FILTER, 3, 0), (2, FILTER, 2, 1), (3, FILTER, -1, 0)))
    assert charged("return_credit", known, credit="12.34 USD") == [(2, -2_468, FILTER, -2)]
    assert charged("return_credit", known, credit="0.005 USD", on="use") == [(1, -1, FILTER, -3), (3, 0, FILTER, 1)]
    found = charges_of(term("return_credit", credit="1 USD"), known, ITEMS)
    assert (found.table.tolist(), found.first_row.tolist()) == ([USAGE], [1])


# --- by period, once --------------------------------------------------------------------------------------------------


def test_running_hours_by_hand() -> None:
    known = facts(
        (0, 30 * DAY_MS, 60 * DAY_MS, 90 * DAY_MS),
        running_ms={"works/mill": [100 * HOUR_MS, 0, HOUR_MS // 3], "works/lathe": [HOUR_MS // 2, 0, 0]},
    )
    # 100.5 h, nothing, a third of an hour
    assert charged("running_hours", known, price="1.005 USD") == [
        (ENDS[0], 10_100, -1, 0),  # 101.0025 USD
        (90 * DAY_MS - 1, 34, -1, 0),  # 101.3375 USD in all, rounded up
    ]
    assert charged("running_hours", facts(TWO_PERIODS), price="1 USD") == []


def test_fee_by_hand() -> None:
    known = facts((10 * DAY_MS, 30 * DAY_MS))
    assert charged("fee", known, amount="750 USD") == [(10 * DAY_MS, 75_000, -1, 0)]
    dated = term("fee", amount="750 USD", date="2026-01-20T12:00")
    assert listed(charges_of(dated, known, ITEMS)) == [(15 * DAY_MS + 12 * HOUR_MS, 75_000, -1, 0)]
    assert dated.dates() == [(("date",), datetime(2026, 1, 20, 12))]
    assert charged("fee", known, amount="750 USD", date="2026-01-10") == []  # before
    assert charged("fee", known, amount="750 USD", date="2026-02-04") == []  # the moment at which it ends


def test_savings_share_by_hand() -> None:
    known = facts(
        (0, 30 * DAY_MS, 60 * DAY_MS, 90 * DAY_MS),
        baseline_stop_cost=[100_001, 100_000, 100_001],
        stop_cost=[40_000, 250_000, 100_000],
    )
    assert charged("savings_share", known, share="30%") == [
        (ENDS[0], 18_000, -1, 0),  # 180.003 USD
        (90 * DAY_MS - 1, 1, -1, 0),  # after a loss 180.006 USD in all
    ]
    assert amounts("savings_share", known, share="50%") == [30_001]  # 300.005, 300.01 USD in all


@given(
    share=st.integers(1, 100),
    stops=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=6),
)
def test_savings_are_never_below_0(share: int, stops: list[tuple[int, int]]) -> None:
    before, now = zip(*stops, strict=True)
    known = facts(range(0, 30 * (len(stops) + 1), 30), baseline_stop_cost=before, stop_cost=now)
    found = charges_of(term("savings_share", share=f"{share}%"), known, ITEMS)
    assert np.all(found.minor > 0)
    saved = sum(max(was - is_now, 0) for was, is_now in stops)
    assert int(found.minor.sum()) == rounded(Fraction(share * saved, 100))


def test_buy_back_by_hand() -> None:
    lain = [(10_001, 200 * DAY_MS), (5_000, 180 * DAY_MS), (700, 0)]
    known = facts(TWO_PERIODS, unused=lain)
    assert charged("buy_back", known, share="50%", older_than="180 d") == [(ENDS[1], -5_000, -1, 0)]  # 50.005
    assert amounts("buy_back", known, share="100%") == [-15_001]
    assert charged("buy_back", facts(unused=lain[1:]), share="50%", older_than="180 d") == []


# --- all of them ------------------------------------------------------------------------------------------------------

EXAMPLES: dict[str, dict[str, Any]] = {
    "buy_back": {"share": "50%"},
    "data_service": {"amount": "50 USD"},
    "emergency": {"premium": "50 USD"},
    "fee": {"amount": "50 USD", "date": "2026-01-20"},
    "return_credit": {"credit": "5 USD", "on": "use"},
    "running_hours": {"price": "5 USD"},
    "sale": {"price": "5 USD"},
    "savings_share": {"share": "50%"},
    "subscription": {"amount": "50 USD"},
    "usage": {"price": "5 USD", "minimum": "10 USD", "cap": "70 USD"},
}


def test_every_kind_has_an_example() -> None:
    assert set(EXAMPLES) <= set(TERMS.kinds)
    own = {kind for kind in TERMS.kinds if TERMS.model(kind).__module__.startswith("policies.contracts.")}
    assert own == set(EXAMPLES)


happenings = st.lists(
    st.tuples(st.integers(0, 89), st.integers(0, 2), st.integers(-3, 9), st.integers(0, 1)), max_size=12
).map(lambda happened: rows(*sorted(happened, key=lambda row: row[0])))


@pytest.mark.parametrize("kind", EXAMPLES)
@settings(max_examples=30)
@given(used=happenings, received=happenings, stop_cost=st.lists(st.integers(0, 9_999), min_size=3, max_size=3))
def test_charges_are_in_order_and_of_the_time_of_their_facts(
    kind: str, used: Rows, received: Rows, stop_cost: list[int]
) -> None:
    known = facts(
        THREE_PERIODS,
        used=used,
        received=received,
        consumed=used,
        stop_cost=stop_cost,
        baseline_stop_cost=[5_000] * 3,
        running_ms={"works/mill": [9, 0, 30]},
        unused=[(5, 10)],
    )
    found = charges_of(term(kind, **EXAMPLES[kind]), known, PIECES)  # raises an error otherwise
    assert np.all(np.diff(found.time_ms) >= 0)
    assert np.all((found.time_ms >= 0) & (found.time_ms < 90))
    rests = found.table != NO_TABLE
    assert np.all((found.first_row >= 0) == rests)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_settings_of_every_kind(kind: str) -> None:
    model = TERMS.model(kind)
    assert all(field.description for field in model.model_fields.values())
    made = term(kind, **EXAMPLES[kind])
    assert made.stream == kind
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        term(kind, **EXAMPLES[kind], colour="red")
    prices = [path for path, _ in made.settings_of_items()]
    assert prices == {"return_credit": [("credit",)], "sale": [("price",)], "usage": [("price",)]}.get(kind, [])
    with pytest.raises(ValidationError, match=r"Input should be|Field required|found neither|charges nothing"):
        term(kind)


@given(st.lists(st.fractions(-100, 100, max_denominator=60), max_size=12))
def test_differences_add_up_to_the_rounded_total(exact: list[Fraction]) -> None:
    assert np.cumsum(differences(exact)).tolist() == [
        rounded(sum(exact[: k + 1], Fraction())) for k in range(len(exact))
    ]


def test_halves_are_rounded_up() -> None:
    assert [rounded(Fraction(half, 2)) for half in (-3, -1, 0, 1, 3)] == [-1, 0, 0, 1, 2]


@pytest.mark.parametrize("price", [{"price": "10000 USD"}, {"tiers": [{"from": 0, "price": "10000 USD"}]}])
def test_more_than_64_bits_is_refused(price: dict[str, Any]) -> None:
    fits, too_large, too_many = [10**9], [10**12], [10**9] * 5
    assert amounts("usage", facts(used=rows((0, FILTER, fits[0]))), **price) == [10**15]
    for units in (too_large, too_many):
        known = facts(used=rows(*((time, FILTER, one) for time, one in enumerate(units))))
        with pytest.raises(TermError, match=r"`usage` failed: OverflowError: .* are more than 64 bits hold"):
            charges_of(term("usage", **price), known, ITEMS)


def test_measures_of_the_tests() -> None:
    assert ITEMS.item_units[0] == parse_item_unit("0.1 kg")
    assert ITEMS.price_milli(parse_unit_price("8 USD/kg"), GREASE) == 80_000
    assert ITEMS.price_milli(parse_unit_price("0.0012 USD/ml"), FLUID) == 1_200
    assert ITEMS.units(parse_quantity("2.5 kg"), GREASE) == 25
