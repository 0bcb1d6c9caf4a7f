"""What a customer may see of a sizing: promise, design, price, saving, tiers; nothing of what the supplier earns.

The supplier's costs, margin and capital have no field here, so that no page that is made of an offer can show them. The
price of another design or tier is the fee of the recommended one plus what it costs more at the margin wanted:

    fee = agreed fee + (cost - cost of the recommended design) / (1 - margin)

Stock is valued at the customer's prices. All money is in major units of currency, a month unless it says otherwise.
"""

import math
from dataclasses import dataclass
from typing import Final

from sim.scenario.sizing import SizingSection
from sim.size.catalogue import Promise
from sim.size.design import Design, Task
from sim.size.money import MONTHS_PER_YEAR, stops_today
from sim.size.power import Provable
from sim.size.slots import NO_LIMIT
from sim.size.study import Appraisal, Study
from sim.units import MS_PER_DAY, MS_PER_MONTH

FINEST_FEE: Final = 10
"""Fees are rounded to this many major units once they are a hundred times as large."""


@dataclass(frozen=True)
class Names:
    """What something is called in an offer, by language; empty: as in the tables."""

    plain: str
    en: str = ""
    zh: str = ""


@dataclass(frozen=True)
class OfferedDevices:
    """Some devices of one kind of the catalogue. `kind`: shelf, cabinet, vending_machine or tank. `slots`: of all."""

    name: str
    kind: str
    count: int
    slots: int
    slots_used: int


@dataclass(frozen=True)
class OfferedItem:
    """An item where it lies; amounts in natural units of the item (kg, each).

    Attributes:
        slots: how many it has. par: level that every visit restores. room: what its slots hold, nan: no limit.
        use: a month. price: of a natural unit, to the customer. promised: whether the promise covers it.
    """

    names: Names
    unit: str
    promised: bool
    use: float
    price: float
    kind: str
    device: str
    slots: int
    par: float
    room: float


@dataclass(frozen=True)
class OfferedDesign:
    """A design with its price and what the customer gets from it.

    Attributes:
        interval_days: between visits. kept, low, high: share of simulated pilots in which every window was kept, with
            its interval. availability: mean. fee: base fee. stock: consigned stock when full, at the customer's prices.
        stops: for want of critical items, a year. saving: mean, net of everything the customer pays more than today,
            with its 10th and 90th percentile; nan: not known.
        break_even: share of today's loss by stops that has to go for the customer to gain; inf: never, nan: not known.
    """

    devices: tuple[OfferedDevices, ...]
    interval_days: float
    kept: float
    low: float
    high: float
    availability: float
    fee: float
    stock: float
    stops: float
    saving: float
    saving_low: float
    saving_high: float
    break_even: float


@dataclass(frozen=True)
class OfferedTier:
    """A level of service to choose, with its design; None where no design of the catalogue is shown to keep it."""

    name: str
    availability: float
    probability: float
    covers: str
    window_days: float
    emergency_hours: float
    design: OfferedDesign | None


@dataclass(frozen=True)
class PricedPoint:
    """A point on the curve of price against availability. `factor`: its levels over the recommended ones."""

    factor: float
    availability: float
    kept: float
    fee: float


@dataclass(frozen=True)
class WhatIf:
    """What becomes of the recommended design when something is different. `about`: usage, stop_cost or promise.

    `value`: the share of today's usage or stop cost, or the availability promised. `saving`: nan: not known.
    """

    about: str
    value: float
    kept: float
    availability: float
    saving: float


@dataclass(frozen=True)
class Proof:
    """What the pilot can prove of a cut of stop events; `expected`: the cut is the one expected of the design."""

    cut: float
    expected: bool
    figures: Provable


@dataclass(frozen=True)
class CustomerOffer:
    """An offer. See the module for what it leaves out on purpose.

    Attributes:
        promise: as wanted. windows: of it in the pilot, and window_days the length of one. covered: items it covers.
        goods: what is used a month at the agreed prices; mark_up: of these on today's.
        replaced: share of the goods that replaces what the customer buys today. extra_goods: what is paid beyond it.
        stops_today: a year, nan: not known. stop_cost: of one. freed: carrying cost of today's stock.
        emergency_hours: until an emergency delivery is there. preparation_days: from looking to the visit.
    """

    scenario: str
    supplier: str
    customer: str
    currency: str
    seed: int
    replications: int
    simulated: int
    availability: float
    probability: float
    confidence: float
    window_days: float
    windows: int
    pilot_months: float
    covered: int
    items: tuple[OfferedItem, ...]
    recommended: OfferedDesign
    alternatives: tuple[OfferedDesign, ...]
    tiers: tuple[OfferedTier, ...]
    curve: tuple[PricedPoint, ...]
    what_if: tuple[WhatIf, ...]
    proofs: tuple[Proof, ...]
    goods: float
    mark_up: float
    replaced: float
    extra_goods: float
    stops_today: float
    stop_cost: float
    stock_today: float
    freed: float
    emergency_hours: float
    preparation_days: float


def customer_offer(study: Study) -> CustomerOffer:
    """The offer of a sizing that found a design; ValueError for one that did not: there is nothing to offer."""
    if study.recommended is None:
        raise ValueError("no design was found, so there is nothing to offer")
    return _Pricing(study, study.recommended).offer()


class _Pricing:
    """Turns what the supplier knows into what the customer is told."""

    def __init__(self, study: Study, best: Appraisal) -> None:
        self._study, self._best = study, best
        self._section, self._task = study.section, study.task
        self.agreed = agreed_fee(study)
        self._shift = self.agreed - float(self._section.offer.base_fee or 0)
        offer, items = self._section.offer, self._task.items
        self._goods = sum(float(item.price * item.use_per_month) for item in items)
        self._held = sum(float(item.price) * float(item.stock_today or 0) for item in items)
        self._freed = self._held * offer.carrying_rate / MONTHS_PER_YEAR
        self._extra_goods = (1 + offer.mark_up - offer.replaced) * self._goods
        self._loss_today = stops_today(self._task) / MONTHS_PER_YEAR * float(self._section.stop_cost)

    def fee(self, cost: float) -> float:
        """The base fee of a design that costs so much."""
        more = (cost - self._best.cost) / (1 - self._section.offer.margin)
        return self.agreed if more == 0 else rounded_fee(max(self.agreed + more, 0.0))

    def offer(self) -> CustomerOffer:
        study, task, promise = self._study, self._task, self._task.promise
        section = self._section
        return CustomerOffer(
            scenario=study.scenario,
            supplier=section.offer.supplier or "",
            customer=section.offer.customer or "",
            currency=study.currency,
            seed=study.seed,
            replications=self._best.replications,
            simulated=study.simulated,
            availability=promise.availability,
            probability=promise.probability,
            confidence=promise.confidence,
            window_days=promise.window / MS_PER_DAY,
            windows=task.windows,
            pilot_months=section.pilot / MS_PER_MONTH,
            covered=len(task.covered),
            items=tuple(offered_items(task, self._best.design)),
            recommended=self._design(self._best),
            alternatives=tuple(self._design(one) for one in study.alternatives),
            tiers=tuple(self._tier(one.name, one.promise, one.found) for one in study.tiers),
            curve=tuple(PricedPoint(one.factor, one.availability, one.kept, self.fee(one.cost)) for one in study.curve),
            what_if=tuple(
                WhatIf(one.about, one.value, one.kept, one.availability, one.saving - self._shift)
                for one in study.sensitivity
            ),
            proofs=tuple(Proof(cut, place > 0, figures) for place, (cut, figures) in enumerate(study.provable)),
            goods=self._goods * (1 + section.offer.mark_up),
            mark_up=section.offer.mark_up,
            replaced=section.offer.replaced,
            extra_goods=self._extra_goods,
            stops_today=stops_today(self._task),
            stop_cost=float(section.stop_cost),
            stock_today=self._held,
            freed=self._freed,
            emergency_hours=_hours(task.service.emergency_time),
            preparation_days=section.visits.preparation / MS_PER_DAY,
        )

    def _design(self, one: Appraisal) -> OfferedDesign:
        fee, loss = self.fee(one.cost), self._loss_today
        shift = fee - float(self._section.offer.base_fee or 0)
        needed = fee + self._extra_goods - self._freed
        stops = one.stops * float(self._section.stop_cost)
        prices = [float(item.price) for item in self._task.items]
        return OfferedDesign(
            devices=tuple(offered_devices(self._section, one.design)),
            interval_days=one.design.interval_ms / MS_PER_DAY,
            kept=one.kept,
            low=one.low,
            high=one.high,
            availability=one.availability,
            fee=fee,
            stock=sum(level * price for level, price in zip(one.design.levels, prices, strict=True)),
            stops=one.stops * MONTHS_PER_YEAR,
            saving=loss - stops - needed,
            saving_low=one.saving.p10 - shift,
            saving_high=one.saving.p90 - shift,
            break_even=max(needed, 0.0) / loss if loss != 0 else math.inf,
        )

    def _tier(self, name: str, promise: Promise, found: Appraisal | None) -> OfferedTier:
        design = None if found is None else self._design(found)
        days, hours = promise.window / MS_PER_DAY, _hours(self._section.service.under(promise).emergency_time)
        return OfferedTier(name, promise.availability, promise.probability, promise.covers, days, hours, design)


def _hours(milliseconds: int) -> float:
    return milliseconds / MS_PER_DAY * 24


def agreed_fee(study: Study) -> float:
    """The base fee that is offered: the section's, else the one in the middle of what suits both, else the least."""
    if study.section.offer.base_fee is not None:
        return float(study.section.offer.base_fee)
    prices = study.prices
    if prices is None:
        return 0.0
    return rounded_fee(prices.least if prices.fee is None else prices.fee)


def rounded_fee(fee: float) -> float:
    """A fee as one writes it into an offer: `2,130` and not `2,127.42`; never rounded to nothing."""
    return float(round(fee / FINEST_FEE) * FINEST_FEE if fee >= 100 * FINEST_FEE else math.ceil(fee))


def offered_devices(section: SizingSection, one: Design) -> list[OfferedDevices]:
    """The devices of a design, with the slots they have and those that something lies in."""
    used = dict.fromkeys(one.layout.devices, 0)
    for place in one.layout.places:
        used[place.kind] += place.slots
    return [
        OfferedDevices(name, section.devices[name].kind, count, count * section.devices[name].slots, used[name])
        for name, count in one.layout.devices.items()
    ]


def offered_items(task: Task, one: Design) -> list[OfferedItem]:
    """What goes where in a design, one row per item in the order of the usage table."""
    found = []
    for number, item in enumerate(task.items):
        natural = float(item.unit.resolution)
        room = one.layout.room[number]
        places = [place for place in one.layout.places if place.item == number]
        device = one.layout.kind_of[number]
        found.append(
            OfferedItem(
                Names(item.item, item.name_en, item.name_zh),
                item.unit.name,
                number in task.covered,
                float(item.use_per_month) * natural,
                float(item.price) / natural,
                task.kinds[device].kind,
                " + ".join(str(place.number) for place in places),
                sum(place.slots for place in places),
                one.levels[number] * natural,
                math.nan if room >= NO_LIMIT else room * natural,
            )
        )
    return found
