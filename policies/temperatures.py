"""Temperatures, differences of temperatures, and activation energies: `18 C`, `9 K`, `0.6 eV`, `07-20`.

They enter laws of ageing, which are floating point anyway; so unlike amounts of goods they are read as floats.
"""

import re
from datetime import date
from typing import Final

from policies.units import UnitError, exact

ABSOLUTE_ZERO_C: Final = -273.15
HOTTEST_C: Final = 3000.0
KJ_PER_MOL_IN_EV: Final = 96.48533212
"""One electron volt per particle in kilojoules per mole (CODATA 2018)."""

_AMOUNT = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d{0,12})?|\.\d{1,12}))\s*(.*)")
_SCALES: Final = {"C": (1.0, 0.0), "K": (1.0, ABSOLUTE_ZERO_C), "F": (5 / 9, -160 / 9)}
"""Degrees Celsius per degree of the scale, and where its zero lies."""
_OTHER_SPELLINGS: Final = {"°C": "C", "°F": "F", "degC": "C", "degF": "F", "c": "C", "k": "K", "f": "F"}
_DAY = re.compile(r"(\d{1,2})-(\d{1,2})")


def parse_temperature(value: object) -> float:
    """A temperature in degrees Celsius: `18 C`, `291 K`, `64 F`."""
    number, scale = _temperature(value)
    factor, zero = _SCALES[scale]
    celsius = number * factor + zero
    if celsius < ABSOLUTE_ZERO_C - 1e-9:
        raise UnitError(f"{_shown(value)} is below absolute zero", "write a temperature such as `18 C`")
    if celsius > HOTTEST_C:
        raise UnitError(f"{_shown(value)} is out of range", f"a temperature is at most {HOTTEST_C:g} C")
    return celsius


def parse_temperature_difference(value: object) -> float:
    """A difference of temperatures in degrees Celsius (the same in kelvin), of either sign: `9 C`, `-5 K`, `16 F`."""
    number, scale = _temperature(value)
    difference = number * _SCALES[scale][0]
    if abs(difference) > HOTTEST_C:
        raise UnitError(f"{_shown(value)} is out of range", f"at most {HOTTEST_C:g} C")
    return difference


def parse_activation_energy(value: object) -> float:
    """An activation energy, > 0, in electron volts: `0.6 eV`, `58 kJ/mol`."""
    match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = "" if match is None else "".join(match[2].split())
    if match is None or unit not in ("eV", "kJ/mol"):
        raise UnitError(f"{_shown(value)} is not an activation energy", "write `0.6 eV` or `58 kJ/mol`")
    energy = float(match[1]) / (1.0 if unit == "eV" else KJ_PER_MOL_IN_EV)
    if not 0 < energy <= 10:
        raise UnitError(f"{_shown(value)} is out of range", "more than 0 and at most 10 eV; 0.3 to 1.2 eV are usual")
    return energy


def parse_day_of_year(value: object) -> int:
    """A day of any year, `07-20` (month, day), as days after 1 January of a year of 365 days."""
    match = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        try:
            return (date(2001, int(match[1]), int(match[2])) - date(2001, 1, 1)).days
        except ValueError:
            pass
    raise UnitError(f"{_shown(value)} is not a day of the year", 'write month and day in quotes, as in "07-20"')


def _temperature(value: object) -> tuple[float, str]:
    if not isinstance(value, str):
        shown = f"{float(exact(value)):g}"
        raise UnitError(f"{shown} has no unit of temperature", f"write `{shown} C`")
    match = _AMOUNT.fullmatch(value.strip())
    if match is None:
        raise UnitError(f"{_shown(value)} is not a temperature", "write `18 C`")
    scale = _OTHER_SPELLINGS.get(match[2], match[2])
    if scale not in _SCALES:
        problem = f"unknown unit of temperature `{match[2]}`" if match[2] else "no unit of temperature"
        raise UnitError(f"{_shown(value)}: {problem}", f"known are {', '.join(_SCALES)}, as in `18 C`")
    return float(match[1]), scale


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
