"""Units of the scenario language. The grammar itself lies in `policies.units`, which policies and contracts share."""

from fractions import Fraction

from policies.units import (
    MS_PER_DAY,
    MS_PER_HOUR,
    MS_PER_MINUTE,
    MS_PER_MONTH,
    MS_PER_SECOND,
    MS_PER_WEEK,
    MS_PER_YEAR,
    PHYSICAL_UNITS,
    TIME_UNITS_MS,
    Cover,
    ItemUnit,
    Quantity,
    Rate,
    UnitError,
    UnitPrice,
    exact,
    format_duration,
    parse_clock,
    parse_distance,
    parse_duration,
    parse_fine_weight,
    parse_item_unit,
    parse_level,
    parse_moment,
    parse_money,
    parse_quantity,
    parse_rate,
    parse_share,
    parse_signed_duration,
    parse_unit_price,
    parse_volume,
    parse_weight,
    parse_weight_drift,
)

__all__ = [
    "MS_PER_DAY",
    "MS_PER_HOUR",
    "MS_PER_MINUTE",
    "MS_PER_MONTH",
    "MS_PER_SECOND",
    "MS_PER_WEEK",
    "MS_PER_YEAR",
    "PHYSICAL_UNITS",
    "TIME_UNITS_MS",
    "Cover",
    "ItemUnit",
    "Quantity",
    "Rate",
    "UnitError",
    "UnitPrice",
    "exact",
    "format_duration",
    "minor_digits",
    "parse_clock",
    "parse_distance",
    "parse_duration",
    "parse_fine_weight",
    "parse_item_unit",
    "parse_level",
    "parse_moment",
    "parse_money",
    "parse_quantity",
    "parse_rate",
    "parse_share",
    "parse_signed_duration",
    "parse_unit_price",
    "parse_volume",
    "parse_weight",
    "parse_weight_drift",
    "round_half_up",
]

_WITHOUT_MINOR_UNIT = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
_THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def minor_digits(currency: str) -> int:
    """Decimal places of a currency's minor unit (ISO 4217): 2 for most, 0 for yen, 3 for some dinars."""
    if currency in _WITHOUT_MINOR_UNIT:
        return 0
    return 3 if currency in _THOUSANDTHS else 2


def round_half_up(value: Fraction) -> int:
    """The nearest integer of an exact value >= 0, halves up: the one rounding rule for quantities and money."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
