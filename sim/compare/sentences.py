"""What a comparison found, in words: one sentence per main KPI of the network, the answer first."""

import math
from collections.abc import Sequence
from typing import Final

from sim.compare.differences import Difference
from sim.compare.directions import MAIN, OF_CONTRACTS, in_words, verdict

SAME_SERVICE: Final = 0.002
"""Fill rates that differ by less than this (0.2 points), the whole interval included, count as the same service."""

_SERVICE: Final = ("fill_rate", "line_fill_rate")
_STOCK: Final = "stock_value"


def sentences(found: Sequence[Difference], base: str, variant: str) -> list[str]:
    """The sentences about one variant: stock and service together, then each main KPI that is of any size."""
    here = {one.kpi: one for one in found if one.variant == variant and one.scope == "network"}
    paid = {one.kpi: one for one in found if one.variant == variant and one.scope == "contracts"}
    bills = [sentence(paid[kpi]) for kpi in OF_CONTRACTS if kpi in paid and (paid[kpi].base_mean or paid[kpi].mean)]
    if here and all(one.identical for one in here.values()):
        if all(one.identical for one in paid.values()):
            return [f"{variant} and {base} are exactly the same in every KPI and every replication."]
        return [f"{variant} and {base} differ in their contracts only: what happens is exactly the same.", *bills]
    service = next((here[kpi] for kpi in _SERVICE if kpi in here), None)
    said = []
    if _STOCK in here and service is not None:
        said.append(_headline(here[_STOCK], service))
    for kpi in MAIN:
        if kpi in here and (here[kpi].base_mean != 0.0 or here[kpi].mean != 0.0):
            said.append(sentence(here[kpi]))
    return [*said, *bills]


def _headline(stock: Difference, service: Difference) -> str:
    if stock.identical:
        holds = "holds exactly the same stock"
    elif stock.pairs < 2 or not _is_number(stock.relative):
        holds = f"holds {_amount(stock)} stock"
    elif stock.shown:
        holds = f"holds {_percent_change(stock)} stock {_percent_bounds(stock)}"
    else:
        holds = "shows no difference of stock"
    return f"{stock.variant} {holds} {_at_which_service(service)}."


def _at_which_service(service: Difference) -> str:
    name = in_words(service.kpi)
    if service.identical or _same_service(service):
        return f"at the same {name} ({_percent(service.mean)})"
    points = f"{number(abs(service.difference) * 100, service.half_width * 100)} points"
    if not service.shown:
        sure = "one replication" if service.pairs < 2 else f"not shown {_point_bounds(service)}"
        return f"while its {name} is {points} {_more(service)} ({sure})"
    return f"while its {name} is {points} {_more(service)} {_point_bounds(service)}"


def _same_service(service: Difference) -> bool:
    return abs(service.adjusted_low) < SAME_SERVICE and abs(service.adjusted_high) < SAME_SERVICE


def sentence(one: Difference) -> str:
    """One difference in words, with its interval (simultaneous over the variants) and the two means."""
    subject = f"{one.variant}: {in_words(one.kpi)}"
    if one.identical:
        return f"{subject} is exactly the same in every replication ({_value(one.mean, one)})."
    change = f"{_amount(one)} {_more(one)}"
    means = f"({_value(one.base_mean, one)} → {_value(one.mean, one)})"
    if one.pairs < 2:
        return f"{subject} is {change} {means}; one replication does not tell how sure it is."
    if not one.shown:
        return f"{subject}: no difference shown, {_bounds(one)} {means}."
    judged = verdict(one.kpi, one.difference)
    return f"{subject} is {change}{', ' + judged if judged else ''} {_bounds(one)} {means}."


# --- numbers ----------------------------------------------------------------------------------------------------------
def _is_number(value: float) -> bool:
    return not math.isnan(value)


def _as_percent(one: Difference) -> bool:
    """Whether a difference is told relative to the base: not for shares, and only where that has an interval."""
    bounded = _is_number(one.adjusted_relative_low) or one.pairs < 2
    return one.unit != "share" and _is_number(one.relative) and bounded


def _amount(one: Difference) -> str:
    if one.unit == "share":
        return f"{number(abs(one.difference) * 100, one.half_width * 100)} points"
    if _as_percent(one):
        return f"{number(abs(one.relative) * 100, _relative_width(one) * 100)} %"
    return f"{number(abs(one.difference), one.half_width)} {one.unit}"


def _bounds(one: Difference) -> str:
    if one.unit == "share":
        return _point_bounds(one)
    if _as_percent(one):
        return _percent_bounds(one)
    return f"[{signed(one.adjusted_low, one.half_width)}, {signed(one.adjusted_high, one.half_width)}]"


def _point_bounds(one: Difference) -> str:
    width = one.half_width * 100
    return f"[{signed(one.adjusted_low * 100, width)}, {signed(one.adjusted_high * 100, width)}]"


def _percent_change(one: Difference) -> str:
    more = "more" if one.relative > 0 else "less"
    return f"{number(abs(one.relative) * 100, _relative_width(one) * 100)} % {more}"


def _percent_bounds(one: Difference) -> str:
    """The interval as the sentence counts: positive in the direction of the change when all of it lies there."""
    low, high, width = one.adjusted_relative_low * 100, one.adjusted_relative_high * 100, _relative_width(one) * 100
    if not one.shown:
        return f"[{signed(low, width)}, {signed(high, width)}] %"
    near, far = sorted((abs(low), abs(high)))
    return f"[{number(near, width)}, {number(far, width)}]"


def _relative_width(one: Difference) -> float:
    return (one.relative_high - one.relative_low) / 2


def _more(one: Difference) -> str:
    return "higher" if one.difference > 0 else "lower"


def _percent(value: float) -> str:
    return f"{value * 100:.2f} %"


def _value(value: float, one: Difference) -> str:
    if one.unit == "share":
        return _percent(value)
    return f"{number(value, one.half_width)} {one.unit}"


def signed(value: float, width: float) -> str:
    """A number with its sign, and decimals as `number` gives them."""
    text = number(abs(value), width)
    return text if not text.strip("0.,") else f"{'-' if value < 0 else '+'}{text}"


def number(value: float, width: float) -> str:
    """A number with as many decimals as two digits of its interval (half width `width`) need."""
    scale = width if width > 0 else abs(value) / 100
    digits = 0 if not scale > 0 else min(max(1 - math.floor(math.log10(scale)), 0), 6)
    return f"{value:,.{digits}f}"
