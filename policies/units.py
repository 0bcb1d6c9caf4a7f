"""How amounts are written: `4 h`, `24.75 USD`, `12.5 kg`, `30 km`, `3 /d`, `0.5%`, and what they mean exactly.

Everything is read through `Decimal` and `Fraction`, never through binary floating point, so that `0.1 kg` is a tenth
of a kilogram. A text that cannot be read raises `UnitError`, whose message says what is wrong and whose hint says what
would be right.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

MS_PER_SECOND: Final = 1_000
MS_PER_MINUTE: Final = 60 * MS_PER_SECOND
MS_PER_HOUR: Final = 60 * MS_PER_MINUTE
MS_PER_DAY: Final = 24 * MS_PER_HOUR
MS_PER_WEEK: Final = 7 * MS_PER_DAY
MS_PER_YEAR: Final = 365 * MS_PER_DAY
MS_PER_MONTH: Final = MS_PER_YEAR // 12  # exact: a month is 365/12 days

TIME_UNITS_MS: Final[dict[str, int]] = {
    "ms": 1,
    "s": MS_PER_SECOND,
    "min": MS_PER_MINUTE,
    "h": MS_PER_HOUR,
    "d": MS_PER_DAY,
    "wk": MS_PER_WEEK,
    "mo": MS_PER_MONTH,
    "y": MS_PER_YEAR,
}
"""Milliseconds per unit of time; a month is 365/12 days and a year 365 days."""

LONGEST_MS: Final = 1_000 * MS_PER_YEAR
LARGEST: Final = 10**18  # of a number as it is written; sums of a few still fit into 64 bits

# name: (dimension, size in the dimension's base unit: piece, gram, millilitre, metre)
PHYSICAL_UNITS: Final[dict[str, tuple[str, Fraction]]] = {
    "each": ("count", Fraction(1)),
    "mg": ("weight", Fraction(1, 1000)),
    "g": ("weight", Fraction(1)),
    "kg": ("weight", Fraction(1000)),
    "t": ("weight", Fraction(1_000_000)),
    "ml": ("volume", Fraction(1)),
    "l": ("volume", Fraction(1000)),
    "m3": ("volume", Fraction(1_000_000)),
    "mm": ("length", Fraction(1, 1000)),
    "cm": ("length", Fraction(1, 100)),
    "m": ("length", Fraction(1)),
    "km": ("length", Fraction(1000)),
}

_OTHER_SPELLINGS: Final = {
    "day": "d", "days": "d", "w": "wk", "week": "wk", "weeks": "wk", "month": "mo", "months": "mo", "hour": "h",
    "hours": "h", "hr": "h", "hrs": "h", "sec": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min",
    "mins": "min", "year": "y", "years": "y", "yr": "y", "a": "y", "msec": "ms", "pcs": "each", "pc": "each",
    "piece": "each", "pieces": "each", "ea": "each", "unit": "each", "units": "each", "litre": "l", "liter": "l",
    "litres": "l", "liters": "l", "L": "l", "mL": "ml", "cbm": "m3", "m^3": "m3", "tonne": "t", "kgs": "kg", "Kg": "kg",
    "KG": "kg", "gram": "g", "grams": "g", "metre": "m", "meter": "m",
}  # fmt: skip

_NUMBER = r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,2})?"
_AMOUNT = re.compile(rf"({_NUMBER})\s*(.*)")
_MONEY = re.compile(rf"({_NUMBER})\s*([A-Za-z]{{3}})(?:\s*(?:/|per)\s*([A-Za-z0-9]+))?")
_RATE = re.compile(rf"({_NUMBER})\s*([A-Za-z0-9]*)\s*(?:/|per)\s*({_NUMBER})?\s*([A-Za-z]+)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


class UnitError(ValueError):
    """An amount that cannot be read; `message` says what is wrong, `hint` what would be right."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Quantity:
    """An amount of some item, as it was written: `amount` in `unit`. A plain number counts pieces (`each`)."""

    amount: Fraction
    unit: str = "each"

    def __str__(self) -> str:
        return _number_text(self.amount) if self.unit == "each" else f"{_number_text(self.amount)} {self.unit}"


@dataclass(frozen=True)
class Cover:
    """A stock level given as time: as much as mean demand (own and downstream) takes out in `ms` milliseconds."""

    ms: int

    @property
    def days(self) -> float:
        """The time in days."""
        return self.ms / MS_PER_DAY

    def __str__(self) -> str:
        return format_duration(self.ms)


@dataclass(frozen=True)
class ItemUnit:
    """What one integer unit of an item is: `resolution` times the natural unit `name` (`0.1 kg`, `each`).

    Costs, prices, volume and weight of an item are given per natural unit; quantities are counted in integer units.
    """

    resolution: Fraction
    name: str

    def __str__(self) -> str:
        return self.name if self.resolution == 1 else f"{_number_text(self.resolution)} {self.name}"

    @property
    def size(self) -> Fraction:
        """Size of one integer unit in the base unit of its dimension (piece, gram, millilitre, metre)."""
        return self.resolution * PHYSICAL_UNITS[self.name][1]

    def whole_units(self, quantity: Quantity) -> int:
        """The quantity as a number of integer units; UnitError when the unit does not fit or it is not whole."""
        own_dimension = PHYSICAL_UNITS[self.name][0]
        dimension, factor = PHYSICAL_UNITS[quantity.unit]
        if quantity.amount == 0 and quantity.unit == "each":
            return 0  # a plain 0 is nothing in every unit
        if dimension != own_dimension:
            example = "5" if self.name == "each" else f"5 {self.name}"
            raise UnitError(
                f"{quantity} {'pieces ' if quantity.unit == 'each' else ''}of an item that is counted in {self}",
                f"give the quantity in {self.name}, as in `{example}`",
            )
        units = quantity.amount * factor / self.size
        if units.denominator != 1:
            below = Fraction(units.numerator // units.denominator) * self.resolution
            above = below + self.resolution
            raise UnitError(
                f"{quantity} is not a whole multiple of the item's unit {self}",
                f"use {_number_text(below)} or {_number_text(above)} {self.name}, or a finer unit of the item",
            )
        return units.numerator


@dataclass(frozen=True)
class UnitPrice:
    """Money per amount of an item: `amount` major units of currency per `per`, or per natural unit (None)."""

    amount: Fraction
    per: str | None = None

    def per_integer_unit(self, unit: ItemUnit) -> Fraction:
        """Major units of currency per integer unit of an item counted in `unit`; UnitError when dimensions differ."""
        name = unit.name if self.per is None else self.per
        dimension, factor = PHYSICAL_UNITS[name]
        if dimension != PHYSICAL_UNITS[unit.name][0]:
            raise UnitError(f"a price per {name} for an item that is counted in {unit}", f"give it per {unit.name}")
        return self.amount * unit.size / factor


@dataclass(frozen=True)
class Rate:
    """So much per time: `per_ms` of `unit` each millisecond (`each` for plain counts such as `3 /d`)."""

    per_ms: Fraction
    unit: str = "each"

    @property
    def per_day(self) -> float:
        """The rate per day, in `unit`."""
        return float(self.per_ms * MS_PER_DAY)

    def __str__(self) -> str:
        return f"{Quantity(self.per_ms * MS_PER_HOUR, self.unit)} /h"


def exact(value: object) -> Fraction:
    """A plain number as an exact fraction; a float counts as the shortest decimal that denotes it (0.1 is a tenth)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, Fraction)):
        raise UnitError(f"{_shown(value)} is not a number")
    if isinstance(value, float):
        value = Decimal(repr(float(value)))  # a numpy float has another repr
    if isinstance(value, Decimal) and not value.is_finite():
        raise UnitError(f"{value} is not a finite number")
    fraction = Fraction(value)
    if abs(fraction) > LARGEST:
        raise UnitError(f"{_shown(value)} is too large")
    return fraction


def parse_duration(value: object) -> int:
    """A span of time in whole milliseconds, >= 0, from text such as `4 h` or `1.5 d` (or a timedelta, or plain 0)."""
    if isinstance(value, timedelta):
        milliseconds = Fraction(value // timedelta(microseconds=1), 1000)
    elif isinstance(value, str):
        number, unit = _amount(value, "a duration", "4 h")
        milliseconds = number * TIME_UNITS_MS[_known(unit, TIME_UNITS_MS, value, "unit of time", "4 h")]
    elif not isinstance(value, bool) and value == 0:
        return 0
    else:
        raise UnitError(f"{_shown(value)} has no unit of time", f"write `{_shown(value)} d` or `{_shown(value)} h`")
    if milliseconds < 0:
        raise UnitError(f"{_shown(value)} is negative", "a duration is zero or more")
    if milliseconds.denominator != 1:
        raise UnitError(f"{_shown(value)} is not a whole number of milliseconds", "round it, e.g. to seconds")
    if milliseconds > LONGEST_MS:
        raise UnitError(f"{_shown(value)} is longer than 1000 years")
    return milliseconds.numerator


def parse_signed_duration(value: object) -> int:
    """A span of time that may be negative, in whole milliseconds: `90 s`, `-2 min`."""
    if isinstance(value, str) and value.strip().startswith("-"):
        return -parse_duration(value.strip()[1:])
    return parse_duration(value)


def format_duration(ms: int) -> str:
    """The shortest exact text for a duration that `parse_duration` reads back to the same milliseconds."""
    for unit in ("y", "wk", "d", "h", "min", "s"):
        if ms % TIME_UNITS_MS[unit] == 0 and ms:
            return f"{ms // TIME_UNITS_MS[unit]} {unit}"
    return f"{ms} ms" if ms else "0 s"


def parse_quantity(value: object) -> Quantity:
    """A quantity of an item, >= 0: `5` (pieces), `12.5 kg`, `2 l`."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, str):
        number, unit = _amount(value, "a quantity", "5` or `12.5 kg")
        unit = _known(unit, PHYSICAL_UNITS, value, "unit of quantity", "5` or `12.5 kg") if unit else "each"
    else:
        number, unit = exact(value), "each"
    if number < 0:
        raise UnitError(f"{_shown(value)} is negative", "a quantity is zero or more")
    return Quantity(number, unit)


def parse_level(value: object) -> Quantity | Cover:
    """A stock level: a quantity, or a duration that stands for that many days of mean demand."""
    if isinstance(value, Cover):
        return value
    if isinstance(value, timedelta):
        return Cover(parse_duration(value))
    if isinstance(value, str):
        _, unit = _amount(value, "a stock level", "12` or `14 d")
        if unit and _OTHER_SPELLINGS.get(unit, unit) not in PHYSICAL_UNITS:
            return Cover(parse_duration(value))
    return parse_quantity(value)


def parse_item_unit(value: object) -> ItemUnit:
    """The unit an item is counted in: `each`, `0.1 kg`, `10 ml`, `kg` (the same as `1 kg`)."""
    if isinstance(value, ItemUnit):
        return value
    if not isinstance(value, str):
        raise UnitError(f"{_shown(value)} is not a unit", "write `each`, `0.1 kg`, `10 ml`")
    number, unit = (
        (Fraction(1), value.strip()) if not value.strip()[:1].isdigit() else _amount(value, "a unit", "0.1 kg")
    )
    unit = _known(unit, PHYSICAL_UNITS, value, "unit", "each` or `0.1 kg")
    if number <= 0:
        raise UnitError(f"{value!r}: a unit is larger than zero", "write `each`, `0.1 kg`, `10 ml`")
    if unit == "each" and number != 1:
        raise UnitError(f"{value!r}: pieces are counted one by one", "write `each`; packs are a `multiple` of orders")
    return ItemUnit(number, unit)


def parse_money(value: object, currency: str | None = None) -> Fraction:
    """An amount of money in major units, exactly, from text such as `24.75 USD`; must be in `currency` when given."""
    price = parse_unit_price(value, currency)
    if price.per is not None:
        raise UnitError(
            f"{_shown(value)} is a price per {price.per}", "an amount of money was expected, as in `40 USD`"
        )
    return price.amount


def parse_unit_price(value: object, currency: str | None = None) -> UnitPrice:
    """A price, >= 0: `24.75 USD` (per natural unit of the item) or `1.2 USD/l`."""
    code = currency or "USD"
    if isinstance(value, UnitPrice):
        return value
    if not isinstance(value, str):
        if exact(value) == 0:
            return UnitPrice(Fraction(0))
        raise UnitError(f"{_shown(value)} has no currency", f"write `{_shown(value)} {code}`")
    match = _MONEY.fullmatch(value.strip())
    if match is None:
        raise UnitError(f"{_shown(value)} is not an amount of money", f"write `24.75 {code}`")
    number, written, per = match.groups()
    if currency is not None and written != currency:
        raise UnitError(f"{_shown(value)} is not in the scenario's currency", f"give the amount in {currency}")
    amount = Fraction(Decimal(number))
    if amount < 0:
        raise UnitError(f"{_shown(value)} is negative", "an amount of money is zero or more")
    return UnitPrice(amount, None if per is None else _known(per, PHYSICAL_UNITS, value, "unit", f"1.2 {code}/l"))


def parse_weight(value: object) -> int:
    """A weight in whole grams: `200 g`, `1.5 kg`, `2 t`."""
    return _base_units(value, "weight", "grams", "1.5 kg")


def parse_fine_weight(value: object) -> Fraction:
    """A weight in milligrams, exact, as of a scale's resolution: `5 g`, `0.2 g`, `50 mg`."""
    if isinstance(value, Fraction):
        return value
    return _fine("weight", parse_quantity(value), "5 g")


def parse_weight_drift(value: object) -> Fraction:
    """A weight per time in milligrams per day, exact: `1 g /d`, `20 mg /wk`."""
    if isinstance(value, Fraction):
        return value
    if not isinstance(value, (str, Rate)) and exact(value) == 0:
        return Fraction(0)
    rate = parse_rate(value)
    return _fine("weight", Quantity(rate.per_ms * MS_PER_DAY, rate.unit), "1 g /d")


def _fine(dimension: str, quantity: Quantity, example: str) -> Fraction:
    found, factor = PHYSICAL_UNITS[quantity.unit]
    if found != dimension and quantity.amount:
        what = "pieces" if quantity.unit == "each" else quantity.unit
        raise UnitError(f"an amount in {what} is not a {dimension}", f"write a {dimension} such as `{example}`")
    return quantity.amount * factor * 1000


def parse_volume(value: object) -> int:
    """A volume in whole millilitres: `500 ml`, `2 l`, `12 m3`."""
    return _base_units(value, "volume", "millilitres", "2 l")


def parse_distance(value: object) -> int:
    """A distance in whole metres: `300 m`, `30 km`."""
    return _base_units(value, "length", "metres", "30 km")


def parse_rate(value: object) -> Rate:
    """So much per time: `3 /d`, `0.5 kg /h`, `500 l /mo`, `1 / 4 h`."""
    if isinstance(value, Rate):
        return value
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise UnitError(f"{_shown(value)} is not a rate", "write `3 /d` or `0.5 kg /h`")
    number, unit, count, time_unit = match.groups()
    unit = _known(unit, PHYSICAL_UNITS, value, "unit", "0.5 kg /h") if unit else "each"
    span_ms = TIME_UNITS_MS[_known(time_unit, TIME_UNITS_MS, value, "unit of time", "3 /d")] * Fraction(count or 1)
    if Fraction(number) < 0 or span_ms <= 0:
        raise UnitError(f"{_shown(value)} is negative or per no time at all", "write `3 /d`")
    return Rate(Fraction(number) / span_ms, unit)


def parse_share(value: object) -> float:
    """A share of a whole: `0.5%` or `0.005`. Bounds are the field's affair."""
    if isinstance(value, str):
        text = value.strip()
        match = re.fullmatch(rf"({_NUMBER})\s*(%?)", text)
        if match is None:
            raise UnitError(f"{_shown(value)} is not a share", "write `5%` or `0.05`")
        return float(Fraction(match[1]) / (100 if match[2] else 1))
    return float(exact(value))


def parse_clock(value: object) -> int:
    """A time of day in milliseconds since midnight: `06:00`, up to `24:00`."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        milliseconds = hours * MS_PER_HOUR + minutes * MS_PER_MINUTE + seconds * MS_PER_SECOND
        if minutes < 60 and seconds < 60 and milliseconds <= MS_PER_DAY:
            return milliseconds
    raise UnitError(f"{_shown(value)} is not a time of day", 'write "06:00" (in quotes), at most "24:00"')


def parse_moment(value: object) -> datetime:
    """A date or a date with time, local and without a zone: `2026-01-05`, `2026-01-05T06:00`."""
    moment: datetime | None = None
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
    if moment is None:
        raise UnitError(f"{_shown(value)} is not a date", "write `2026-01-05` or `2026-01-05T06:00`")
    if moment.tzinfo is not None:
        raise UnitError(f"{_shown(value)} has a time zone", "a scenario's time is local: leave the zone out")
    if not 1900 <= moment.year <= 2200:
        raise UnitError(f"{_shown(value)} is out of range", "use a year from 1900 to 2200")
    return moment


def _base_units(value: object, dimension: str, base: str, example: str) -> int:
    if not isinstance(value, str):
        if not isinstance(value, bool) and value == 0:
            return 0
        raise UnitError(f"{_shown(value)} has no unit", f"write a {dimension} such as `{example}`")
    number, unit = _amount(value, f"a {dimension}", example)
    unit = _known(unit, PHYSICAL_UNITS, value, "unit", example)
    found, factor = PHYSICAL_UNITS[unit]
    if found != dimension:
        raise UnitError(f"{_shown(value)} is not a {dimension}", f"write a {dimension} such as `{example}`")
    amount = number * factor
    if amount < 0:
        raise UnitError(f"{_shown(value)} is negative", f"a {dimension} is zero or more")
    if amount.denominator != 1:
        raise UnitError(f"{_shown(value)} is not a whole number of {base}", f"round it to whole {base}")
    return amount.numerator


def _amount(text: str, what: str, example: str) -> tuple[Fraction, str]:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise UnitError(f"{_shown(text)} is not {what}", f"write `{example}`")
    return Fraction(Decimal(match[1])), match[2].strip()


def _known(
    unit: str, table: dict[str, int] | dict[str, tuple[str, Fraction]], text: object, what: str, example: str
) -> str:
    if unit in table:
        return unit
    other = _OTHER_SPELLINGS.get(unit, "")
    if other in table:
        raise UnitError(f"{_shown(text)}: unknown {what} `{unit}`", f"write `{other}`")
    if not unit:
        raise UnitError(f"{_shown(text)} has no {what}", f"write `{example}`")
    raise UnitError(f"{_shown(text)}: unknown {what} `{unit}`", f"known are {', '.join(table)}, as in `{example}`")


def _number_text(number: Fraction) -> str:
    if number.denominator == 1:
        return str(number.numerator)
    return f"{float(number):.12g}"


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, (int, float, Decimal, Fraction)) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
