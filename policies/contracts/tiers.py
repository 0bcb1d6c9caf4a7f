"""Prices by quantity: each unit costs what its tier says (marginal), counted from nothing in every period and item."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pydantic import Field

from policies.contracts.charging import changes, check_size, order_of_items, totals_of_groups
from policies.contracts.term import Int64Array, Measures
from policies.fields import Model, QuantityField, UnitPriceField
from policies.units import UnitError


class Tier(Model):
    """A price from some quantity of a period on."""

    from_: QuantityField = Field(alias="from", description="units of the period before the first at this price")
    price: UnitPriceField = Field(description="price per natural unit of the item, of each unit in this tier")


def check_tiers(tiers: tuple[Tier, ...]) -> None:
    """Raises UnitError unless tiers start at 0 and rise, all in one unit, so that every unit has exactly one price."""
    if not tiers:
        raise UnitError("there are no tiers", "give at least one, as in `[{from: 0, price: ...}]`")
    if tiers[0].from_.amount != 0:
        raise UnitError(f"the first tier starts at {tiers[0].from_}", "start it at 0, so that every unit has a price")
    units = {tier.from_.unit for tier in tiers[1:]}
    if len(units) > 1:
        raise UnitError(f"tiers in different units: {', '.join(sorted(units))}", "give all of them in the same unit")
    for number, (lower, upper) in enumerate(pairwise(tiers), start=2):
        if upper.from_.amount == lower.from_.amount:
            raise UnitError(f"two tiers start at {upper.from_}", "leave one of them out: a unit has one price")
        if upper.from_.amount < lower.from_.amount:
            message = f"tier {number} starts at {upper.from_}, the one before it at {lower.from_}: they overlap"
            raise UnitError(message, "sort them by `from`")


@dataclass(frozen=True)
class TierPrices:
    """Tiers of t bounds in the units of items 0 .. m-1; of items that do not occur they mean nothing."""

    bounds: Int64Array  # (m, t) item units at which each starts, the first at 0
    milli: Int64Array  # (m, t) thousandths of a minor unit per item unit

    def price_of(self, units: Int64Array, item: Int64Array) -> Int64Array:
        """What so many units of a period cost in all, in thousandths, (n,). Below 0 units: at the first price."""
        check_size(float(np.abs(units).max(initial=0)) * float(self.milli.max(initial=0)))
        found: Int64Array = units * self.milli[item, 0]
        for step in range(1, self.bounds.shape[1]):
            rise = (self.milli[:, step] - self.milli[:, step - 1])[item]
            found += rise * np.maximum(units - self.bounds[item, step], 0)
        return found


def tier_prices(tiers: tuple[Tier, ...], items: Int64Array, measures: Measures) -> TierPrices:
    """Tiers in the units of the items that occur. Raises UnitError where a unit does not fit."""
    present = np.flatnonzero(np.bincount(items)).tolist()
    shape = (present[-1] + 1 if present else 0, len(tiers))
    bounds, milli = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for item in present:
        bounds[item] = [measures.units(tier.from_, item) for tier in tiers]
        milli[item] = [measures.price_milli(tier.price, item) for tier in tiers]
    return TierPrices(bounds, milli)


def tiered_milli(prices: TierPrices, units: Int64Array, items: Int64Array, period: Int64Array) -> Int64Array:
    """What each of n rows costs, in thousandths: the price of its period's units up to it less that of those before.

    Rows are in order of time, so that the number of their period does not fall. Units below 0 go down the tiers again.
    """
    order = order_of_items(items)
    taken, item = units[order], items[order]
    after = totals_of_groups(taken, changes(item, period[order]))
    found = np.empty(units.size, np.int64)
    found[order] = prices.price_of(after, item) - prices.price_of(after - taken, item)
    return found
