"""How numbers with an interval are printed."""

import math

from sim.kpi.summary import Mean


def format_mean(mean: Mean | None, n: int) -> str:
    """`12,345 ± 67`, or `91.20 ± 0.31 %` for a share; the interval decides how many digits make sense.

    With ` (n=2)` when the KPI has a value in fewer than all `n` replications.
    """
    if mean is None:
        return ""
    return _number(mean) + (f" (n={mean.n})" if mean.n < n else "")


def _number(mean: Mean) -> str:
    if mean.mean == 0 and not mean.half_width > 0:
        return "0 %" if mean.unit == "share" else "0"
    share = mean.unit == "share"
    factor = 100.0 if share else 1.0
    value, width = mean.mean * factor, mean.half_width * factor
    digits = decimals(value, width)
    text = f"{value:,.{digits}f}"
    if not math.isnan(width):
        text += f" ± {width:,.{digits}f}"
    return text + (" %" if share else "")


def decimals(value: float, width: float) -> int:
    """Decimal places: two significant digits of the interval, or four of the value when there is none."""
    scale = width if width > 0 else abs(value) / 100
    if scale <= 0 or math.isnan(scale):
        return 0
    return min(max(1 - math.floor(math.log10(scale)), 0), 4)
