"""A sizing as sentences and tables, the same ones for people, workbooks and programs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sim.size.design import Design
from sim.size.offer import customer_offer
from sim.size.slots import NO_LIMIT
from sim.size.study import HOPED_CUT, Appraisal, Spread, Study
from sim.units import MS_PER_DAY, MS_PER_MONTH

Kind = Literal["text", "money", "share", "number"]
Value = str | float | int | None
PLENTY: Final = 0.5
"""Share of the allowed breaks below which a design keeps so much more than promised that something else decides."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, and what its values are. Money is in major units of currency, a month."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """A table with a title."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


def sentences(study: Study) -> list[str]:
    """The answer in words."""
    best = study.recommended
    if best is None:
        return ["No design of the catalogue is shown to keep the promise.", *study.reasons]
    return [*_service(study, best), *_customer(study, best), *_prices(study), *_proof(study)]


def _service(study: Study, best: Appraisal) -> Iterator[str]:
    promise, code = study.task.promise, study.currency
    yield (
        f"Recommended: {devices_in_words(best.design)}, visits every {_days(best.design)} d, "
        f"{best.design.stock_cost_full:,.0f} {code} of stock at cost when full."
    )
    yield (
        f"The promise ({promise.availability:.4g} in stock in each of {study.task.windows} windows) was kept in "
        f"{best.kept:.1%} of {best.replications} fresh replications ({best.low:.1%} to {best.high:.1%} with "
        f"{promise.confidence:.0%} confidence; {promise.probability:.1%} wanted)."
    )
    yield (
        f"Service costs {best.cost:,.0f} {code} a month; the supplier's margin under the offer is "
        f"{_spread(best.margin)}, his capital {_spread(best.capital)} {code} (P10 / P50 / P90)."
    )
    dearer = all(one.cost > best.cost for one in study.curve if one.factor < 1)
    if 1 - best.low < PLENTY * (1 - promise.probability) and dearer:
        yield (
            "It keeps more than is promised, since emergency deliveries cost more than the stock that saves them: "
            "a lower promise would not be cheaper."
        )


def _customer(study: Study, best: Appraisal) -> Iterator[str]:
    if math.isnan(best.saving.p50):
        yield "What the customer saves is not known: the usage table does not say how often each item was missing."
        return
    gain = "gains" if best.saving.p50 >= 0 else "loses"
    yield (
        f"The customer {gain} {abs(best.saving.p50):,.0f} {study.currency} a month (P50), and breaks even once "
        f"{best.break_even_cut:.1%} of today's loss by missing items is gone."
    )


def _prices(study: Study) -> Iterator[str]:
    prices, offer = study.prices, study.section.offer
    if prices is None or math.isnan(prices.most):
        return
    code = study.currency
    if not prices.both_gain:
        yield (
            f"No fee or mark-up leaves the supplier {offer.margin:.0%} of revenue while the customer gains: the former "
            f"needs {prices.least:,.0f} {code} a month beyond the goods' prices, the latter can pay {prices.most:,.0f}."
        )
        return
    yield (
        f"Both gain with {prices.least:,.0f} to {prices.most:,.0f} {code} a month beyond the goods' prices: in the "
        f"middle is a base fee of {prices.fee:,.0f} without mark-up, or the present fee with {prices.mark_up:+.1%} on "
        "prices. "
        f"The offer now ({prices.offered:,.0f}) leaves the supplier {prices.margin:.1%} of revenue; "
        f"{offer.margin:.0%} is wanted."
    )


def _proof(study: Study) -> Iterator[str]:
    months = study.section.pilot / MS_PER_MONTH
    for cut, one in study.provable:
        chance = f"{one.chance_of_cut:.0%}" if one.chance_of_cut < 0.995 else "over 99%"
        expected = "" if cut == HOPED_CUT else ", as expected here,"
        yield (
            f"A pilot of {months:.3g} months shows a cut of stops by {cut:.0%}{expected} with a chance of {chance} "
            f"(about {one.events_needed:,.0f} stops before are needed; a year has {one.baseline_events:.0f})."
        )
    if study.provable:
        one = study.provable[0][1]
        yield (
            f"If all {one.windows} windows are kept that proves a share of {one.proven_if_all_kept:.0%}; "
            f"{one.windows_needed} would be needed to prove what is promised."
        )


def devices_in_words(one: Design) -> str:
    """`2 smart-shelf, 1 tank`."""
    return ", ".join(f"{count} {name}" for name, count in one.layout.devices.items())


def _days(one: Design) -> str:
    return f"{one.interval_ms / MS_PER_DAY:.4g}"


def _spread(one: Spread) -> str:
    return f"{one.p10:,.0f} / {one.p50:,.0f} / {one.p90:,.0f}"


# --- tables ---------------------------------------------------------------------------------------------------------


def sheets(study: Study) -> list[Sheet]:
    """All tables; only those that there is something to put in."""
    found = [_designs(study), _places(study), _smaller(study), _curve(study), _sensitivity(study), _tiers(study)]
    return [one for one in found if one.rows]


def _columns(*names: tuple[str, Kind]) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in names)


def _designs(study: Study) -> Sheet:
    columns = _columns(
        ("design", "text"), ("devices", "text"), ("visits every, d", "number"), ("P(kept)", "share"),
        ("at least", "share"), ("at most", "share"), ("in stock", "share"), ("service", "money"),
        ("margin P10", "money"), ("margin P50", "money"), ("margin P90", "money"),
        ("capital P10", "money"), ("capital P50", "money"), ("capital P90", "money"),
        ("customer saves", "money"), ("break-even cut", "share"),
    )  # fmt: skip
    every = [] if study.recommended is None else [study.recommended, *study.alternatives]
    rows = []
    for number, one in enumerate(every):
        rows.append((
            f"alternative {number}" if number else "recommended", devices_in_words(one.design),
            one.design.interval_ms / MS_PER_DAY, one.kept, one.low, one.high, one.availability, one.cost,
            one.margin.p10, one.margin.p50, one.margin.p90, one.capital.p10, one.capital.p50, one.capital.p90,
            one.saving.p50, one.break_even_cut,
        ))  # fmt: skip
    return Sheet("designs", columns, tuple(rows))


def _places(study: Study) -> Sheet:
    """What goes where, of the recommended design."""
    columns = _columns(
        ("item", "text"), ("device", "text"), ("slots", "number"), ("par level", "number"), ("room", "number"),
        ("unit", "text"), ("use a month", "number"),
    )  # fmt: skip
    if study.recommended is None:
        return Sheet("slots and par levels", columns, ())
    one, rows = study.recommended.design, []
    for place in one.layout.places:
        item = study.task.items[place.item]
        natural = float(item.unit.resolution)
        room = one.layout.room[place.item]
        rows.append((
            item.item, f"{place.kind} {place.number}", place.slots, one.levels[place.item] * natural,
            None if room >= NO_LIMIT else room * natural, item.unit.name, float(item.use_per_month) * natural,
        ))  # fmt: skip
    return Sheet("slots and par levels", columns, tuple(rows))


def _smaller(study: Study) -> Sheet:
    columns = _columns(("one notch smaller", "text"), ("P(kept)", "share"), ("service", "money"), ("verdict", "text"))
    rows = tuple(
        (one.what, None if math.isnan(one.kept) else one.kept, one.cost, one.verdict) for one in study.search.smaller
    )
    return Sheet("smaller designs", columns, rows)


def _curve(study: Study) -> Sheet:
    columns = _columns(
        ("stock levels times", "number"), ("in stock", "share"), ("P(kept)", "share"), ("service", "money")
    )
    rows = tuple((one.factor, one.availability, one.kept, one.cost) for one in study.curve)
    return Sheet("cost against availability", columns, rows)


def _sensitivity(study: Study) -> Sheet:
    columns = _columns(
        ("if", "text"), ("P(kept)", "share"), ("in stock", "share"), ("service", "money"), ("margin", "money"),
        ("customer saves", "money"),
    )  # fmt: skip
    rows = tuple((one.what, one.kept, one.availability, one.cost, one.margin, one.saving) for one in study.sensitivity)
    return Sheet("sensitivity", columns, rows)


def _tiers(study: Study) -> Sheet:
    columns = _columns(
        ("tier", "text"), ("promised", "share"), ("covers", "text"), ("wanted", "share"), ("P(kept)", "share"),
        ("devices", "text"), ("visits every, d", "number"), ("emergency, h", "number"), ("service", "money"),
        ("least base fee", "money"), ("fee to offer", "money"), ("customer saves", "money"),
    )  # fmt: skip
    rows: list[tuple[Value, ...]] = []
    offered = customer_offer(study).tiers if study.recommended is not None else ()
    for tier, told in zip(study.tiers, offered, strict=True):
        one, promise = tier.found, tier.promise
        head = (tier.name, promise.availability, promise.covers, promise.probability)
        if one is None or told.design is None:
            none = "not shown" if tier.undecided else "no design can"
            rows.append((*head, None, none, None, told.emergency_hours, None, None, None, None))
            continue
        days = one.design.interval_ms / MS_PER_DAY
        rows.append((
            *head, one.kept, devices_in_words(one.design), days, told.emergency_hours, one.cost, tier.fee,
            told.design.fee, told.design.saving,
        ))  # fmt: skip
    return Sheet("tiers", columns, tuple(rows))


def document(study: Study) -> dict[str, Any]:
    """The whole answer as plain data."""
    return {
        "scenario": study.scenario,
        "currency": study.currency,
        "seed": study.seed,
        "replications": study.simulated,
        "found": study.recommended is not None,
        "sentences": sentences(study),
        "reasons": list(study.reasons),
        "prices": None if study.prices is None else _plain_prices(study),
        "provable": [{"cut": cut, **vars(one)} for cut, one in study.provable],
        **{sheet.title.replace(" ", "_"): _records(sheet) for sheet in sheets(study)},
    }


def _plain_prices(study: Study) -> dict[str, Any]:
    assert study.prices is not None
    return {**vars(study.prices), "both_gain": study.prices.both_gain}


def _records(sheet: Sheet) -> list[dict[str, Value]]:
    names: Sequence[str] = [column.name for column in sheet.columns]
    return [dict(zip(names, row, strict=True)) for row in sheet.rows]
