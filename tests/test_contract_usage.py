"""Price by use: tiers, minimum and cap by hand to the cent, and against a price that is looked up unit by unit."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.contracts import Term, charges_of
from policies.contracts.charging import rounded
from policies.contracts.term import NO_TABLE, REPORTS
from policies.units import UnitError, parse_quantity, parse_unit_price
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

TWO_PERIODS = (0, 30 * DAY_MS, 60 * DAY_MS)
ENDS = [30 * DAY_MS - 1, 60 * DAY_MS - 1]


def test_usage_by_hand() -> None:
    grease = facts(used=rows((5, GREASE, 7), (6, GREASE, -2)))
    assert charged("usage", grease, price="8 USD/kg") == [(5, 560, GREASE, 7), (6, -160, GREASE, -2)]
    fluid = facts(used=rows((6, FLUID, 3), (6, FLUID, 3), (8, FLUID, 3), (9, FLUID, -3)))
    # 1.2 USD/l is 1.2 cents per 10 ml: 3.6, 7.2, 10.8 and 7.2 cents in all
    assert charged("usage", fluid, price="1.2 USD/l") == [
        (6, 4, FLUID, 3),
        (6, 3, FLUID, 3),
        (8, 4, FLUID, 3),
        (9, -4, FLUID, -3),
    ]
    by_rows = charges_of(term("usage", price="1.2 USD/l"), fluid, ITEMS)
    assert by_rows.table.tolist() == [REPORTS] * 4
    assert by_rows.first_row.tolist() == by_rows.last_row.tolist() == [0, 1, 2, 3]


def test_prices_of_several_items_are_totalled_one_by_one() -> None:
    known = facts(used=rows(*((time, time % 2, 1) for time in range(6))))
    pieces = measures("each", "each")
    found = charges_of(term("usage", price="0.004 USD"), known, pieces)  # 0.4 cents a piece
    assert found.minor.tolist() == [0, 0, 1, 1, 0, 0]  # 0.4, 0.8, 1.2 cents in all of each item
    assert found.units.tolist() == [1] * 6


TIERS = [{"from": 0, "price": "1 USD"}, {"from": 10, "price": "0.80 USD"}, {"from": 20, "price": "0.50 USD"}]


def test_tiers_by_hand() -> None:
    later = 30 * DAY_MS
    known = facts(
        TWO_PERIODS,
        used=rows(
            (1, FILTER, 8), (2, FILTER, 7), (3, FILTER, 10), (4, FILTER, -3), (5, FILTER, -5), (later, FILTER, 1)
        ),
    )
    # 8 x 1; 2 x 1 + 5 x 0.8; 5 x 0.8 + 5 x 0.5; back 3 x 0.5; back 2 x 0.5 + 3 x 0.8; a new period
    assert amounts("usage", known, tiers=TIERS) == [800, 600, 650, -150, -340, 100]
    back_first = facts(used=rows((1, FILTER, -4), (2, FILTER, 6)))
    assert amounts("usage", back_first, tiers=TIERS) == [-400, 600]


def test_minimum_and_cap_by_hand() -> None:
    known = facts(TWO_PERIODS, used=rows((1, FILTER, 1), (2, GREASE, 10), (30 * DAY_MS, FILTER, 100)))
    priced = {"price": "5 USD"}
    mixed = measures("each", "each")
    both = term("usage", **priced, minimum="100 USD", cap="300 USD")
    found = charges_of(both, known, mixed)
    assert listed(found) == [
        (1, 500, FILTER, 1),
        (2, 5_000, GREASE, 10),
        (ENDS[0], 4_500, -1, 0),
        (30 * DAY_MS, 50_000, FILTER, 100),
        (ENDS[1], -20_000, -1, 0),
    ]
    assert found.table.tolist() == [REPORTS, REPORTS, NO_TABLE, REPORTS, NO_TABLE]
    assert found.last_row.tolist() == [0, 1, -1, 2, -1]
    assert listed(charges_of(both, facts(TWO_PERIODS), mixed)) == [(ENDS[0], 10_000, -1, 0), (ENDS[1], 10_000, -1, 0)]
    half = facts((0, 15 * DAY_MS), whole_ms=[30 * DAY_MS])
    assert listed(charges_of(both, half, mixed)) == [(15 * DAY_MS - 1, 5_000, -1, 0)]


def test_settings_of_usage_that_do_not_fit_together() -> None:
    assert refused("usage") == ("`price` or `tiers`, found neither", "give one of the two")
    assert refused("usage", price="1 USD", tiers=TIERS)[0] == "`price` or `tiers`, found both"
    assert refused("usage", price="1 USD", minimum="2 USD", cap="1 USD")[0] == "the minimum is above the cap"
    assert refused("usage", price="1 EUR")[0] == "'1 EUR' is not in the scenario's currency"
    assert term("usage", price="1 USD", minimum="2 USD", cap="2 USD")


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ([], "there are no tiers"),
        (["10", "20"], "the first tier starts at 10"),
        (["0", "10", "10"], "two tiers start at 10"),
        (["0", "0 kg"], "two tiers start at 0 kg"),
        (["0", "20", "10"], "tier 3 starts at 10, the one before it at 20: they overlap"),
        (["0", "1 kg", "2000 g"], "tiers in different units: g, kg"),
    ],
)
def test_tiers_that_are_refused(starts: list[str], message: str) -> None:
    found = refused("usage", tiers=[{"from": start, "price": "1 USD"} for start in starts])
    assert found[0] == message
    assert found[1]


def test_tiers_that_are_accepted() -> None:
    tiered = term("usage", tiers=[{"from": 0, "price": "9 USD/kg"}, {"from": "1.5 kg", "price": "8 USD/kg"}])
    known = facts(used=rows((1, GREASE, 20)))
    assert charges_of(tiered, known, ITEMS).minor.tolist() == [15 * 90 + 5 * 80]
    assert tiered.settings_of_items() == [
        (("tiers", 0, "from"), parse_quantity(0)),
        (("tiers", 0, "price"), parse_unit_price("9 USD/kg")),
        (("tiers", 1, "from"), parse_quantity("1.5 kg")),
        (("tiers", 1, "price"), parse_unit_price("8 USD/kg")),
    ]
    with pytest.raises(UnitError, match="item that is counted in each"):
        charges_of(tiered, facts(used=rows((1, FILTER, 20))), ITEMS)


bounds = st.lists(st.integers(1, 30), max_size=3, unique=True).map(sorted)
prices = st.lists(st.integers(0, 2_000), min_size=4, max_size=4)  # thousandths of a cent
events = st.lists(st.tuples(st.integers(0, 89), st.integers(0, 2), st.integers(-8, 15)), max_size=30).map(sorted)
THREE_PERIODS = (0, 30, 60, 90)
PIECES = measures("each", "each", "each")


def tiered(starts: list[int], milli: list[int], **settings: Any) -> Term:
    tiers = [
        {"from": start, "price": f"{price / 100_000:.5f} USD"}
        for start, price in zip([0, *starts], milli, strict=False)
    ]
    return term("usage", tiers=tiers, **settings)


def price_one_by_one(units: int, starts: list[int], milli: list[int]) -> int:
    """What so many units of a period cost in thousandths, each looked up by itself."""
    if units < 0:
        return units * milli[0]
    return sum(milli[sum(start <= unit for start in starts)] for unit in range(units))


@given(starts=bounds, milli=prices, happened=events)
def test_usage_is_the_rounded_price_of_the_total(starts: list[int], milli: list[int], happened: list[Any]) -> None:
    found = charges_of(tiered(starts, milli), facts(THREE_PERIODS, used=rows(*happened)), PIECES)
    assert found.units.tolist() == [units for _, _, units in happened]
    for item in range(3):
        used, billed = [0, 0, 0], 0
        for (time, its_item, units), minor in zip(happened, found.minor.tolist(), strict=True):
            if its_item == item:
                used[time // 30] += units
                billed += minor
                exact = Fraction(sum(price_one_by_one(one, starts, milli) for one in used), 1000)
                assert billed == rounded(exact)


@given(starts=bounds, milli=prices, happened=events, data=st.data())
def test_order_and_split_within_a_period_change_nothing(
    starts: list[int], milli: list[int], happened: list[Any], data: st.DataObject
) -> None:
    usage = tiered(starts, milli)
    split = []
    for time, item, units in happened:
        first = data.draw(st.integers(-3, 9))
        split += [(time // 30 * 30, item, first), (time // 30 * 30, item, units - first)]
    shuffled = sorted(data.draw(st.permutations(split)), key=lambda row: row[0])

    def totals(used: list[Any]) -> list[int]:
        found = charges_of(usage, facts(THREE_PERIODS, used=rows(*used)), PIECES)
        return [
            int(found.minor[(found.item == item) & (found.time_ms < end)].sum())
            for item in range(3)
            for end in THREE_PERIODS[1:]
        ]

    assert totals(shuffled) == totals(happened)


@given(
    starts=bounds,
    milli=prices,
    happened=events,
    minimum=st.integers(0, 40),
    above=st.integers(0, 40),
    cut=st.integers(1, 30),
)
def test_minimum_and_cap_hold_in_every_period(
    starts: list[int], milli: list[int], happened: list[Any], minimum: int, above: int, cut: int
) -> None:
    cap = minimum + above
    usage = tiered(starts, milli, minimum=f"{minimum / 100} USD", cap=f"{cap / 100} USD")
    last = [30, 30, cut]  # the contract ends within the third period
    happened = [row for row in happened if row[0] < 60 + cut]
    known = facts((0, 30, 60, 60 + cut), whole_ms=[30, 30, 30], used=rows(*happened))
    found = charges_of(usage, known, PIECES)
    plain = charges_of(tiered(starts, milli), known, PIECES)
    for number, length in enumerate(last):
        within = found.time_ms // 30 == number
        billed = int(found.minor[within].sum())
        least, most = rounded(Fraction(minimum * length, 30)), rounded(Fraction(cap * length, 30))
        used = int(plain.minor[plain.time_ms // 30 == number].sum())
        assert billed == min(max(used, least), most)
        assert np.count_nonzero(found.item[within] == -1) == (used != billed)
