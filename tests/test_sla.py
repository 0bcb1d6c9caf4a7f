"""Service levels: settings that make sense and those that do not, windows, and what they cost to the cent."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.contracts.penalties import Bonus, Penalty
from policies.contracts.sla import MONTH, Sla, attained_shares, kept_windows, settle, window_edges
from sim.units import round_half_up

DAY = 86_400_000
START = datetime(2026, 1, 5, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
LUMP = {"lump_sum": "500 USD"}


def cents(amount: Fraction) -> int:
    return round_half_up(amount * 100)


def sla(**settings: Any) -> Sla:
    return Sla.model_validate({"measure": "availability", "target": "99 %", **settings})


def paid(settings: dict[str, Any], good: list[int], counted: list[int], target: str = "99 %") -> list[int]:
    """Penalties of windows in cents."""
    found = settle(sla(target=target, penalty=settings), np.array(good), np.array(counted), cents)
    return found.penalty_minor.tolist()


def earned(settings: dict[str, Any], good: list[int], counted: list[int], target: str) -> list[int]:
    """Bonuses of windows in cents."""
    found = settle(sla(target=target, bonus=settings), np.array(good), np.array(counted), cents)
    return found.bonus_minor.tolist()


# --- settings ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "settings",
    [
        {"penalty": LUMP},
        {"window": "4 wk", "places": "any"},
        {"exclude": [{"from": "2026-05-01", "to": "2026-05-04"}], "within": "two-shifts"},
        {"measure": "response_time", "promised": "8 h", "target": "100 %"},
        {"measure": "fill_rate", "target": "95 %", "bonus": {"linear": {"per_point": "5 USD"}, "cap": "20 USD"}},
        {"penalty": {"tiers": [{"below": "99 %", "amount": "1 USD"}, {"below": "97 %", "amount": "3 USD"}]}},
        {"target": "90 %",
         "bonus": {"tiers": [{"above": "90 %", "amount": "1 USD"}, {"above": "0.95", "amount": "2 USD"}]}},
        {"penalty": LUMP | {"cap": "600 USD", "cap_total": "600 USD"}},
    ],
)  # fmt: skip
def test_settings_that_make_sense(settings: dict[str, Any]) -> None:
    assert sla(**settings).window in (MONTH, 28 * DAY)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"window": "0 d"}, "a window of no length"),
        ({"window": "weekly"}, "is not a duration"),
        ({"target": "0 %"}, "greater than 0"),
        ({"target": "101 %"}, "less than or equal to 1"),
        ({"exclude": [{"from": "2026-05-04", "to": "2026-05-04"}]}, "`to` is not after `from`"),
        ({"measure": "response_time"}, "`promised` is missing"),
        ({"promised": "8 h"}, "`promised` does not go with availability"),
        ({"measure": "response_time", "promised": "0 h"}, "the value is zero"),
        ({"measure": "fill_rate", "places": "any"}, "`places: any` does not go with fill_rate"),
        ({"target": "100 %", "bonus": LUMP}, "nothing is above a target of 100 %"),
        ({"penalty": {}}, "exactly one kind is needed, found none"),
        ({"penalty": LUMP | {"linear": {"per_point": "1 USD"}}}, "found lump_sum and linear"),
        ({"penalty": {"lump_sum": "0 USD"}}, "the value is zero"),
        ({"penalty": {"linear": {"per_point": "0 USD"}}}, "the value is zero"),
        ({"penalty": LUMP | {"cap": "600 USD", "cap_total": "599 USD"}}, "`cap_total` is below `cap`"),
        ({"penalty": {"tiers": []}}, "at least 1 item"),
        ({"penalty": {"tiers": [{"below": "97 %", "amount": "3 USD"}, {"below": "99 %", "amount": "4 USD"}]}},
         "tier 2 overlaps tier 1"),
        ({"penalty": {"tiers": [{"below": "97 %", "amount": "3 USD"}, {"below": "97 %", "amount": "4 USD"}]}},
         "tier 2 overlaps tier 1"),
        ({"penalty": {"tiers": [{"below": "99 %", "amount": "3 USD"}, {"below": "97 %", "amount": "3 USD"}]}},
         "tier 2 pays no more than tier 1"),
        ({"penalty": {"tiers": [{"below": "99.5 %", "amount": "3 USD"}]}}, "begins above the target"),
        ({"bonus": {"tiers": [{"above": "98 %", "amount": "3 USD"}]}}, "begins below the target"),
        ({"bonus": {"tiers": [{"above": "99.8 %", "amount": "3 USD"}, {"above": "99.5 %", "amount": "4 USD"}]}},
         "tier 2 overlaps tier 1"),
        ({"bonus": {"tiers": [{"above": "100 %", "amount": "3 USD"}]}}, "less than 1"),
        ({"grace": "1 d"}, "Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_settings_that_do_not(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError) as caught:
        sla(**settings)
    assert what in str(caught.value)


def test_money_is_in_the_scenarios_currency() -> None:
    context = {"currency": "EUR"}
    assert Penalty.model_validate({"lump_sum": "5 EUR"}, context=context).lump_sum == 5
    with pytest.raises(ValidationError, match="not in the scenario's currency"):
        Bonus.model_validate(LUMP, context=context)


def test_exclusions_count_from_the_scenarios_start() -> None:
    one = sla(exclude=[{"from": "2026-01-06T12:00", "to": "2026-01-08"}]).exclude[0]
    assert one.interval_ms(datetime(2026, 1, 5)) == (DAY + DAY // 2, 3 * DAY)


# --- windows ----------------------------------------------------------------------------------------------------------
def days(edges: np.ndarray) -> list[float]:
    return [edge / DAY for edge in edges.tolist()]


def test_windows_are_whole_from_the_contracts_start() -> None:
    assert days(window_edges(3 * DAY, 31 * DAY, 7 * DAY, START_MS)) == [3, 10, 17, 24, 31]


@pytest.mark.parametrize(
    ("end", "edges"),
    [(27, [3, 10, 17, 24]), (27.5, [3, 10, 17, 24, 27.5]), (24, [3, 10, 17, 24]), (6, [3]), (7, [3, 7])],
)
def test_a_window_cut_by_the_contracts_end_counts_from_half_its_length_on(end: float, edges: list[float]) -> None:
    assert days(window_edges(3 * DAY, int(end * DAY), 7 * DAY, START_MS)) == edges


def test_months_go_from_day_to_day_of_the_calendar() -> None:
    """From 31 January: 28 February, 31 March, 30 April, 31 May, 2026; the 19 days of June are half a month."""
    first = (datetime(2026, 1, 31, tzinfo=UTC) - START).days
    edges = window_edges(first * DAY, (first + 139) * DAY, MONTH, START_MS)
    assert np.diff(days(edges)).tolist() == [28, 31, 30, 31, 19]


def test_months_go_over_the_year() -> None:
    first = (datetime(2026, 11, 15, 6, tzinfo=UTC) - START).total_seconds() * 1000
    edges = window_edges(int(first), int(first) + 92 * DAY, MONTH, START_MS)
    assert np.diff(days(edges)).tolist() == [30, 31, 31]


# --- kept or not ------------------------------------------------------------------------------------------------------
def test_a_target_that_is_just_reached_is_kept() -> None:
    month = 30 * DAY
    just = 99 * month // 100
    good = np.array([just, just - 1, month, 0])
    assert kept_windows(0.99, good, np.array([month, month, month, 0])).tolist() == [True, False, True, True]


@given(st.integers(1, 9999), st.integers(1, 10**15))
def test_kept_is_exact_for_any_target(parts: int, times: int) -> None:
    """A target of n hundredths of a percent, over windows in which it is a whole number of milliseconds."""
    good = np.array([parts * times, parts * times - 1])
    counted = np.full(2, 10_000 * times)
    assert kept_windows(parts / 10_000, good, counted).tolist() == [True, False]


def test_what_was_attained() -> None:
    assert attained_shares(np.array([1, 0, 0]), np.array([4, 3, 0])).tolist() == [0.25, 0.0, 1.0]


# --- penalties --------------------------------------------------------------------------------------------------------
def test_lump_sum_of_broken_windows_only() -> None:
    assert paid(LUMP, [98, 99, 100, 0], [100, 100, 100, 0]) == [50_000, 0, 0, 0]


def test_linear_penalty_is_in_proportion_to_the_missing_points() -> None:
    """99 % less 2/3 is 32.33... points at 3 USD: 97 USD; less 98.996 %: 0.004 points, 1.2 cents."""
    per_point = {"linear": {"per_point": "3 USD"}}
    assert paid(per_point, [2, 98_996, 99], [3, 100_000, 100]) == [9_700, 1, 0]


def test_halves_of_a_cent_are_rounded_up() -> None:
    assert paid({"linear": {"per_point": "0.01 USD"}}, [985, 9_851], [1000, 10_000]) == [1, 0]


def test_the_lowest_tier_that_holds_is_paid() -> None:
    tiers = {"tiers": [{"below": "98 %", "amount": "10 USD"}, {"below": "95 %", "amount": "40 USD"}]}
    good = [985, 980, 979, 950, 949, 0]
    assert paid(tiers, good, [1000] * 6) == [0, 0, 1_000, 1_000, 4_000, 4_000]


def test_cap_of_a_window() -> None:
    assert paid({"linear": {"per_point": "3 USD"}, "cap": "10 USD"}, [97, 90, 98], [100] * 3) == [600, 1_000, 300]


def test_cap_of_all_windows_stops_in_the_middle_of_one() -> None:
    settings = LUMP | {"cap_total": "1200 USD"}
    assert paid(settings, [0, 1, 0, 0, 0], [1] * 5) == [50_000, 0, 50_000, 20_000, 0]


def test_both_caps() -> None:
    settings = {"linear": {"per_point": "1 USD"}, "cap": "10 USD", "cap_total": "25 USD"}
    assert paid(settings, [0, 95, 50, 50], [100] * 4) == [1_000, 400, 1_000, 100]


def test_bonus_is_for_what_is_above_the_target() -> None:
    assert earned({"lump_sum": "7 USD"}, [90, 91, 89, 0], [100, 100, 100, 0], "90 %") == [0, 700, 0, 0]
    assert earned({"linear": {"per_point": "2 USD"}, "cap": "15 USD"}, [95, 100], [100] * 2, "90 %") == [1_000, 1_500]
    tiers = {"tiers": [{"above": "92 %", "amount": "1 USD"}, {"above": "97 %", "amount": "5 USD"}]}
    assert earned(tiers, [91, 92, 93, 98], [100] * 4, "90 %") == [0, 0, 100, 500]


def test_without_penalty_and_bonus_nothing_is_paid() -> None:
    found = settle(sla(), np.array([0, 5]), np.array([5, 5]), cents)
    assert found.kept.tolist() == [False, True]
    assert found.penalty_minor.tolist() == found.bonus_minor.tolist() == [0, 0]


@given(
    good=st.lists(st.integers(0, 200), min_size=1, max_size=20),
    cap=st.integers(1, 5_000),
    total=st.integers(0, 20_000),
)
def test_caps_hold_and_take_nothing_else_away(good: list[int], cap: int, total: int) -> None:
    """Paid in all is the smaller of the total cap and the capped windows; no window pays more than without caps."""
    counted = [200] * len(good)
    linear = {"linear": {"per_point": "1 USD"}}
    free = paid(linear, good, counted)
    caps = {"cap": f"{cap / 100:.2f} USD", "cap_total": f"{(cap + total) / 100:.2f} USD"}
    held = paid(linear | caps, good, counted)
    assert all(0 <= one <= min(cap, other) for one, other in zip(held, free, strict=True))
    assert sum(held) == min(cap + total, sum(min(cap, one) for one in free))
