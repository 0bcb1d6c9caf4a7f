"""Field types of configuration models: text with a unit on the outside, exact values on the inside.

Money needs the scenario's currency: it is read from the validation context (`context={"currency": "USD"}`).
"""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

from policies import temperatures, units


class Model(BaseModel):
    """A piece of configuration: frozen, unknown keys refused, fields described."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=False, validate_default=False)


def _text(description: str, *examples: str, number: bool = False) -> WithJsonSchema:
    kinds = ["string", "number"] if number else ["string"]
    return WithJsonSchema(
        {"type": kinds if number else "string", "description": description, "examples": list(examples)}
    )


def _with_currency(parse: Callable[[object, str | None], Any]) -> Callable[[object, ValidationInfo], Any]:
    def read(value: object, info: ValidationInfo) -> Any:
        return parse(value, info.context.get("currency") if info.context else None)

    return read


def _money(value: object, currency: str | None) -> Fraction:
    return value if isinstance(value, Fraction) else units.parse_money(value, currency)


def _duration(value: object) -> int:
    return units.parse_duration(value)


N = TypeVar("N", int, Fraction)


def _above_zero(value: N) -> N:
    # a bound such as Field(gt=0) has no effect on a field that has its own parser
    if value == 0:
        raise units.UnitError("the value is zero", "give more than 0")
    return value


A = TypeVar("A", units.Quantity, units.Rate)


def _some(value: A) -> A:
    _above_zero(value.amount if isinstance(value, units.Quantity) else value.per_ms)
    return value


ABOVE_ZERO = AfterValidator(_above_zero)

Duration = Annotated[
    int, PlainValidator(_duration), _text("a duration: number and ms, s, min, h, d, wk, mo or y", "4 h")
]
"""Whole milliseconds, >= 0, written `4 h`."""
WarmUp = Annotated[
    int,
    PlainValidator(lambda value: 0 if value == "auto" else _duration(value)),
    _text("a duration: number and ms, s, min, h, d, wk, mo or y; or `auto`", "4 wk", "auto"),
]
"""Whole milliseconds, >= 0, or `auto`, which counts as 0 until it has been found."""
PositiveDuration = Annotated[int, PlainValidator(_duration), ABOVE_ZERO, _text("a duration longer than zero", "1 wk")]
"""Whole milliseconds, > 0."""
SignedDuration = Annotated[
    int, PlainValidator(units.parse_signed_duration), _text("a duration that may be negative", "-90 s")
]
"""Whole milliseconds, of either sign."""
Money = Annotated[Fraction, PlainValidator(_with_currency(_money)), _text("money with its currency", "24.75 USD")]
"""Major units of the scenario's currency, exact, >= 0."""
PositiveMoney = Annotated[Money, ABOVE_ZERO]
"""Major units of the scenario's currency, exact, > 0."""
UnitPriceField = Annotated[
    units.UnitPrice,
    PlainValidator(_with_currency(units.parse_unit_price)),
    _text("money per natural unit of the item", "24.75 USD", "1.2 USD/l"),
]
"""Money per natural unit of an item."""
QuantityField = Annotated[
    units.Quantity,
    PlainValidator(units.parse_quantity),
    _text("pieces, or an amount with its unit", "5", "12.5 kg", number=True),
]
"""A quantity as written; turned into integer units by the item's unit."""
Level = Annotated[
    units.Quantity | units.Cover,
    PlainValidator(units.parse_level),
    _text("a quantity, or a time: that many days of mean demand", "12", "14 d", number=True),
]
"""A stock level: a quantity or days of mean demand."""
ItemUnitField = Annotated[
    units.ItemUnit, PlainValidator(units.parse_item_unit), _text("what is counted", "each", "0.1 kg")
]
"""The unit an item is counted in."""
Volume = Annotated[int, PlainValidator(units.parse_volume), _text("a volume: ml, l or m3", "2 l")]
"""Whole millilitres."""
PositiveVolume = Annotated[Volume, ABOVE_ZERO]
"""Whole millilitres, > 0."""
Weight = Annotated[int, PlainValidator(units.parse_weight), _text("a weight: g, kg or t", "1.5 kg")]
"""Whole grams."""
PositiveWeight = Annotated[Weight, ABOVE_ZERO]
"""Whole grams, > 0."""
FineWeight = Annotated[Fraction, PlainValidator(units.parse_fine_weight), _text("a weight: mg, g, kg or t", "5 g")]
"""Milligrams, exact."""
WeightDrift = Annotated[Fraction, PlainValidator(units.parse_weight_drift), _text("a weight per time", "1 g /d")]
"""Milligrams per day, exact."""
Distance = Annotated[int, PlainValidator(units.parse_distance), _text("a distance: m or km", "30 km")]
"""Whole metres."""
PositiveQuantity = Annotated[QuantityField, AfterValidator(_some)]
"""A quantity above zero."""
RateField = Annotated[units.Rate, PlainValidator(units.parse_rate), _text("so much per time", "3 /d", "500 l /mo")]
"""So much per time."""
PositiveRate = Annotated[RateField, AfterValidator(_some)]
"""More than nothing per time."""
Share = Annotated[float, BeforeValidator(units.parse_share), _text("a share", "5%", "0.05", number=True)]
"""A number that may be written as a percentage; bounds are given with the field."""
Clock = Annotated[int, PlainValidator(units.parse_clock), _text("a time of day", "06:00")]
"""Milliseconds since midnight."""
Moment = Annotated[datetime, PlainValidator(units.parse_moment), _text("a local date, or date and time", "2026-01-05")]
"""A local date and time without zone."""
Temperature = Annotated[
    float, PlainValidator(temperatures.parse_temperature), _text("a temperature: C, K or F", "18 C")
]
"""Degrees Celsius."""
TemperatureDifference = Annotated[
    float,
    PlainValidator(temperatures.parse_temperature_difference),
    _text("a difference of temperatures: C, K or F", "9 C"),
]
"""Degrees Celsius (or kelvin), of either sign."""
ActivationEnergy = Annotated[
    float, PlainValidator(temperatures.parse_activation_energy), _text("an energy: eV or kJ/mol", "0.6 eV")
]
"""Electron volts, > 0."""
DayOfYear = Annotated[
    int, PlainValidator(temperatures.parse_day_of_year), _text("month and day of any year, in quotes", "07-20")
]
"""Days after 1 January of a year of 365 days."""
