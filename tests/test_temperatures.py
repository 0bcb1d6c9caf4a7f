"""Temperatures, their differences, activation energies and days of the year as they are written."""

import pytest

from policies.temperatures import (
    parse_activation_energy,
    parse_day_of_year,
    parse_temperature,
    parse_temperature_difference,
)
from policies.units import UnitError


@pytest.mark.parametrize(
    ("text", "celsius"),
    [("18 C", 18.0), ("-5.5C", -5.5), ("18 °C", 18.0), ("291.15 K", 18.0), ("64.4 F", 18.0), ("0 K", -273.15)],
)
def test_temperatures(text: str, celsius: float) -> None:
    assert parse_temperature(text) == pytest.approx(celsius, abs=1e-9)


@pytest.mark.parametrize(("text", "degrees"), [("9 C", 9.0), ("9 K", 9.0), ("-5 C", -5.0), ("18 F", 10.0)])
def test_differences_have_no_zero_point(text: str, degrees: float) -> None:
    assert parse_temperature_difference(text) == pytest.approx(degrees)


@pytest.mark.parametrize(("text", "volts"), [("0.6 eV", 0.6), ("57.891199 kJ/mol", 0.6), ("58 kJ / mol", 0.60113)])
def test_activation_energies(text: str, volts: float) -> None:
    assert parse_activation_energy(text) == pytest.approx(volts, rel=1e-5)


@pytest.mark.parametrize(("text", "days"), [("01-01", 0), ("07-20", 200), ("7-20", 200), ("12-31", 364), ("03-01", 59)])
def test_days_of_the_year(text: str, days: int) -> None:
    assert parse_day_of_year(text) == days


@pytest.mark.parametrize(
    ("parse", "value", "words"),
    [
        (parse_temperature, 18, "no unit of temperature"),
        (parse_temperature, "18", "no unit of temperature"),
        (parse_temperature, "18 R", "unknown unit of temperature `R`"),
        (parse_temperature, "warm", "is not a temperature"),
        (parse_temperature, "-274 C", "below absolute zero"),
        (parse_temperature, "9000 C", "out of range"),
        (parse_temperature, True, "is not a number"),
        (parse_temperature_difference, "9000 K", "out of range"),
        (parse_temperature_difference, None, "is not a number"),
        (parse_activation_energy, "0.6", "is not an activation energy"),
        (parse_activation_energy, 0.6, "is not an activation energy"),
        (parse_activation_energy, "0 eV", "out of range"),
        (parse_activation_energy, "58 eV", "out of range"),
        (parse_day_of_year, "02-29", "is not a day of the year"),
        (parse_day_of_year, "13-01", "is not a day of the year"),
        (parse_day_of_year, 7, "is not a day of the year"),
    ],
)
def test_what_cannot_be_read(parse: object, value: object, words: str) -> None:
    assert callable(parse)
    with pytest.raises(UnitError) as caught:
        parse(value)
    assert words in caught.value.message
    assert caught.value.hint or "number" in words
