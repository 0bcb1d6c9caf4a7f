"""Numbers as people read them: digits that the confidence interval justifies, thousands grouped, units after them."""

import math
from typing import Final

_SCALES: Final = ((1e9, " bn"), (1e6, " M"))
_EN_DASH: Final = "–"


def digits_for(value: float, half_width: float) -> int:
    """Decimal places: two significant digits of the interval, or four of the value when there is none."""
    scale = half_width if half_width > 0 else abs(value) / 100
    if not (math.isfinite(scale) and scale > 0):
        return 0
    return min(max(1 - math.floor(math.log10(scale)), 0), 4)


def number(value: float, half_width: float = math.nan, unit: str = "") -> str:
    """`12,345`, `86.1 M`, or `91.2 %` for a share; an en dash for what has no value."""
    if not math.isfinite(value):
        return _EN_DASH
    factor, digits, after = _shown(value, half_width, unit)
    return f"{_signless(value * factor, digits)}{' %' if unit == 'share' else after}"


NO_LIMITS: Final = (-math.inf, math.inf)


def interval(value: float, half_width: float, unit: str = "", limits: tuple[float, float] = NO_LIMITS) -> str:
    """`[90.9, 91.5]` around a mean, written as the number beside it; empty where it has no width or there is none.

    What lies beyond `limits`, the least and the greatest value that are possible, is cut.
    """
    if not (math.isfinite(value) and math.isfinite(half_width)) or half_width == 0:
        return ""
    factor, digits, after = _shown(value, half_width, unit)
    low, high = (min(max(one, limits[0]), limits[1]) * factor for one in (value - half_width, value + half_width))
    return f"[{_signless(low, digits)}, {_signless(high, digits)}]{after}"


def _shown(value: float, half_width: float, unit: str) -> tuple[float, int, str]:
    """Factor, decimal places and what follows the digits."""
    if unit == "share":
        digits = digits_for(value * 100, half_width * 100)
        return 100.0, digits if half_width < 0.0001 else min(digits, 2), ""
    for divisor, name in _SCALES:
        if abs(value) >= divisor:
            return 1 / divisor, min(digits_for(value / divisor, half_width / divisor), 3), name
    return 1.0, digits_for(value, half_width), ""


def with_interval(value: float, half_width: float, unit: str = "", limits: tuple[float, float] = NO_LIMITS) -> str:
    """`91.2 % [90.9, 91.5]`."""
    return f"{number(value, half_width, unit)} {interval(value, half_width, unit, limits)}".rstrip()


def short(value: float, unit: str = "") -> str:
    """A number of about three digits for headlines: `86.1 M`, `12,345`, `7.41`, `68.9 %`."""
    if not math.isfinite(value):
        return _EN_DASH
    if unit == "share":
        size = abs(value * 100)
        return f"{_signless(value * 100, 0 if size >= 100 or size == 0 else 1 if size >= 1 else 2)} %"
    for divisor, name in _SCALES:
        if abs(value) >= divisor:
            return f"{value / divisor:,.{0 if abs(value) >= 100 * divisor else 1}f}{name}"
    size = abs(value)
    return _signless(value, 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2)


def signed(value: float, half_width: float = math.nan, unit: str = "") -> str:
    """A difference with its sign; exactly nothing is plain `0`. Differences of shares are in percentage points."""
    if value == 0:
        return "0"
    text = number(value, half_width, unit)
    if unit == "share":
        text = text.removesuffix(" %") + " points"
    return text if value < 0 or text == _EN_DASH else f"+{text}"


def duration(milliseconds: float) -> str:
    """`52 weeks`, `10 days`, `6 h`: the largest unit that divides it."""
    for size, singular, plural in ((604_800_000, "week", "weeks"), (86_400_000, "day", "days"), (3_600_000, "h", "h")):
        if milliseconds and milliseconds % size == 0:
            count = int(milliseconds // size)
            return f"{count:,} {singular if count == 1 else plural}"
    return f"{milliseconds / 3_600_000:,.2f} h"


def seconds(value: float) -> str:
    """A computing time, to three digits."""
    return f"{value:,.0f} s" if value >= 100 else f"{value:.3g} s"


def _signless(value: float, digits: int) -> str:
    """The rounded value, never `-0`; the minus sign is the one that screen readers say."""
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")
