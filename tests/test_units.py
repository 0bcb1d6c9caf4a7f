"""Amounts with units: what each text means exactly, and what is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import units
from sim.units import Cover, ItemUnit, Quantity, UnitError


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("500 ms", 500),
        ("10 s", 10_000),
        ("30 min", 1_800_000),
        ("4 h", 14_400_000),
        ("1.5 d", 129_600_000),
        ("2 wk", 1_209_600_000),
        ("6 mo", 182.5 * 86_400_000),
        ("2 y", 730 * 86_400_000),
        ("4h", 14_400_000),
        ("1e2 s", 100_000),
        ("0.1 s", 100),
        ("0 d", 0),
    ],
)
def test_durations_are_exact_milliseconds(text: str, milliseconds: int) -> None:
    assert units.parse_duration(text) == milliseconds


def test_durations_as_python_values() -> None:
    assert units.parse_duration(timedelta(hours=1)) == 3_600_000
    assert units.parse_duration(0) == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("4", "no unit of time"),
        (4, "no unit of time"),
        ("4 days", "write `d`"),
        ("4 m", "unknown unit of time"),
        ("-4 h", "negative"),
        ("0.1 ms", "whole number of milliseconds"),
        ("2000 y", "longer than 1000 years"),
        ("soon", "not a duration"),
        ("1e99 y", "longer than"),
        ("nan d", "not a duration"),
        (True, "no unit of time"),
        (None, "no unit of time"),
        ("4 kg", "unknown unit of time"),
    ],
)
def test_durations_refused(value: object, words: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse_duration(value)
    assert words in f"{caught.value.message} {caught.value.hint}"


@given(st.integers(0, units.MS_PER_YEAR * 1000))
def test_formatted_durations_read_back(milliseconds: int) -> None:
    assert units.parse_duration(units.format_duration(milliseconds)) == milliseconds


def test_items_in_tenths_of_a_kilogram() -> None:
    unit = units.parse_item_unit("0.1 kg")
    assert unit.whole_units(units.parse_quantity("12.5 kg")) == 125
    assert unit.whole_units(units.parse_quantity("200 g")) == 2
    assert units.parse_unit_price("8 USD/kg", "USD").per_integer_unit(unit) == Fraction(8, 10)
    assert units.parse_unit_price("8 USD", "USD").per_integer_unit(unit) == Fraction(8, 10)
    assert units.parse_unit_price("0.008 USD/g").per_integer_unit(unit) == Fraction(8, 10)


@pytest.mark.parametrize(
    ("unit", "quantity", "words"),
    [
        ("0.1 kg", "12.55 kg", "use 12.5 or 12.6 kg"),
        ("0.1 kg", 5, "give the quantity in kg"),
        ("0.1 kg", "2 l", "counted in 0.1 kg"),
        ("each", "2 kg", "counted in each"),
        ("each", 2.5, "not a whole multiple"),
    ],
)
def test_quantities_that_do_not_fit_the_unit(unit: str, quantity: object, words: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse_item_unit(unit).whole_units(units.parse_quantity(quantity))
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_price_of_another_dimension_is_refused() -> None:
    with pytest.raises(UnitError, match="a price per l for an item that is counted in each"):
        units.parse_unit_price("8 USD/l").per_integer_unit(ItemUnit(Fraction(1), "each"))


@pytest.mark.parametrize("text", ["each", "kg", "1 kg", "0.1 kg", "10 ml", "0.5 m"])
def test_item_units_read_back(text: str) -> None:
    unit = units.parse_item_unit(text)
    assert units.parse_item_unit(str(unit)) == unit


@pytest.mark.parametrize("text", ["2 each", "0 kg", "h", "", "kilo", 5, "0.1", "-1 kg"])
def test_item_units_refused(text: object) -> None:
    with pytest.raises(UnitError):
        units.parse_item_unit(text)


def test_money_is_exact_and_in_one_currency() -> None:
    assert units.parse_money("24.75 USD", "USD") == Fraction(99, 4)
    assert units.parse_money("0.1 CNY", "CNY") == Fraction(1, 10)
    assert units.parse_money(0, "USD") == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("24.75 EUR", "give the amount in USD"),
        ("24.75", "not an amount of money"),
        (24.75, "write `24.75 USD`"),
        ("-1 USD", "negative"),
        ("1 USD/kg", "a price per kg"),
        ("USD 3", "not an amount of money"),
        ("1 USD/h", "unknown unit"),
        (float("nan"), "not a finite number"),
    ],
)
def test_money_refused(value: object, words: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse_money(value, "USD")
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_minor_digits() -> None:
    assert [units.minor_digits(code) for code in ("USD", "JPY", "KWD", "CNY")] == [2, 0, 3, 2]


def test_levels_are_quantities_or_covers() -> None:
    assert units.parse_level(12) == Quantity(Fraction(12))
    assert units.parse_level("12.5 kg") == Quantity(Fraction(25, 2), "kg")
    assert units.parse_level("14 d") == Cover(14 * units.MS_PER_DAY)
    assert units.parse_level("5 each") == Quantity(Fraction(5))
    with pytest.raises(UnitError, match="unknown unit of quantity `pcs`"):
        units.parse_level("5 pcs")


@pytest.mark.parametrize("value", [-1, "-2 kg", float("inf"), "many", True, None, [1]])
def test_levels_refused(value: object) -> None:
    with pytest.raises(UnitError):
        units.parse_level(value)


def test_rates() -> None:
    assert units.parse_rate("3 /d").per_ms == Fraction(3, units.MS_PER_DAY)
    assert [str(units.parse_rate(text)) for text in ("0.5 kg /h", "12 l /d", "3 /h")] == [
        "0.5 kg /h",
        "0.5 l /h",
        "3 /h",
    ]
    assert units.parse_rate("0.5 kg /h") == units.Rate(Fraction(1, 2 * units.MS_PER_HOUR), "kg")
    assert units.parse_rate("500 l/mo").unit == "l"
    assert units.parse_rate("1 / 4 h").per_day == 6
    for wrong in ("3", "3 /x", "-3 /d", 3, "3 kg", "3 / 0 d"):
        with pytest.raises(UnitError):
            units.parse_rate(wrong)


def test_physical_amounts() -> None:
    assert units.parse_volume("12 m3") == 12_000_000
    assert units.parse_volume("2 l") == 2000
    assert units.parse_weight("1.5 kg") == 1500
    assert units.parse_weight("2 t") == 2_000_000
    assert units.parse_distance("30 km") == 30_000
    for parse, wrong in (
        (units.parse_volume, "2 kg"),
        (units.parse_weight, "2 l"),
        (units.parse_weight, "0.5 g"),
        (units.parse_weight, 5),
        (units.parse_distance, "-1 km"),
        (units.parse_distance, "30 min"),
    ):
        with pytest.raises(UnitError):
            parse(wrong)


def test_shares() -> None:
    assert units.parse_share("0.5%") == 0.005
    assert units.parse_share("29%") == 0.29
    assert units.parse_share(0.005) == 0.005
    for wrong in ("half", float("nan"), "5 %%", None):
        with pytest.raises(UnitError):
            units.parse_share(wrong)


def test_clock_and_moment() -> None:
    assert units.parse_clock("06:30") == 6.5 * units.MS_PER_HOUR
    assert units.parse_clock("24:00") == units.MS_PER_DAY
    assert units.parse_moment("2026-01-05") == datetime(2026, 1, 5)
    assert units.parse_moment("2026-01-05T06:00") == datetime(2026, 1, 5, 6)
    for wrong in ("24:01", "6", "06:60", 600, None):
        with pytest.raises(UnitError):
            units.parse_clock(wrong)
    for wrong in ("2026-13-05", "5.1.2026", "2026-01-05T06:00+02:00", "3026-01-05", 2026):
        with pytest.raises(UnitError):
            units.parse_moment(wrong)


def test_floats_count_as_the_decimals_they_were_written_as() -> None:
    assert units.exact(0.1) == Fraction(1, 10)
    assert units.exact(Decimal("24.75")) == Fraction(99, 4)
    with pytest.raises(UnitError, match="too large"):
        units.exact(1e300)


@pytest.mark.parametrize(("value", "rounded"), [("5/2", 3), ("7/3", 2), ("0", 0), ("1/2", 1), ("3", 3)])
def test_half_is_rounded_up(value: str, rounded: int) -> None:
    assert units.round_half_up(Fraction(value)) == rounded


def test_fine_weights_are_exact_milligrams() -> None:
    assert units.parse_fine_weight("5 g") == 5000
    assert units.parse_fine_weight("0.25 mg") == Fraction(1, 4)
    assert units.parse_fine_weight(0) == 0
    assert units.parse_weight_drift("7 g/wk") == 1000
    assert units.parse_weight_drift(0) == 0


def test_durations_of_either_sign() -> None:
    assert units.parse_signed_duration("-90 s") == -90_000
    assert units.parse_signed_duration("2 min") == 120_000


@pytest.mark.parametrize(
    ("parse", "value", "words"),
    [
        (units.parse_fine_weight, "5 l", "not a weight"),
        (units.parse_fine_weight, 5, "not a weight"),
        (units.parse_fine_weight, "-5 g", "negative"),
        (units.parse_weight_drift, "5 l/d", "not a weight"),
        (units.parse_weight_drift, "5 g", "not a rate"),
        (units.parse_signed_duration, "--90 s", "negative"),
        (units.parse_signed_duration, -90, "no unit of time"),
    ],
)
def test_fine_weights_and_signed_durations_refused(
    parse: Callable[[object], object], value: object, words: str
) -> None:
    with pytest.raises(UnitError, match=words):
        parse(value)
