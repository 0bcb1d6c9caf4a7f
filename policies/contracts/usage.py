"""Price per unit used, by the platform's record."""

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from policies.contracts.charging import (
    by_item,
    charge_rows,
    charge_times,
    joined,
    milli_of_units,
    minor_of_rows,
    period_ends,
    period_of,
    shares_of_periods,
    sums_of_periods,
)
from policies.contracts.term import BY_ITEMS, REPORTS, Charges, Facts, Int64Array, Measures, Rows, Term, contract_term
from policies.contracts.tiers import Tier, check_tiers, tier_prices, tiered_milli
from policies.fields import Money, UnitPriceField
from policies.units import UnitError


@contract_term("usage")
class Usage(Term):
    """Each unit that the record says was used costs its price; units that came back are credited at it.

    Tiers count the units of an item in a billing period. Minimum and cap are of the term's money in a period, over all
    its items; in a period that is cut they count by its share of time, tiers as they are.
    """

    kind: Literal["usage"] = Field("usage", description="name of the term")
    stream: ClassVar[str] = "usage"
    goes_by: ClassVar[frozenset[str]] = BY_ITEMS

    price: UnitPriceField | None = Field(None, description="per natural unit of the item; or give `tiers`")
    tiers: tuple[Tier, ...] | None = Field(
        None, description="prices by quantity in place of `price`: each unit of a period costs what its tier says"
    )
    minimum: Money | None = Field(None, description="least that a period costs; default: nothing")
    cap: Money | None = Field(None, description="most that a period costs; default: no limit")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.price is None) == (self.tiers is None):
            found = "neither" if self.price is None else "both"
            raise UnitError(f"`price` or `tiers`, found {found}", "give one of the two")
        if self.tiers is not None:
            check_tiers(self.tiers)
        if self.minimum is not None and self.cap is not None and self.minimum > self.cap:
            raise UnitError("the minimum is above the cap", "give a cap of at least the minimum")
        return self

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """A charge for each row of the record, and what minimum and cap add or take at the end of each period."""
        rows = facts.used
        minor = minor_of_rows(self._milli(rows, facts, measures), rows.item)
        by_rows = charge_rows(rows, minor, rows.units, REPORTS)
        if self.minimum is None and self.cap is None:
            return by_rows
        due = sums_of_periods(rows.time_ms, minor, facts)
        return joined(by_rows, charge_times(period_ends(facts), self._within(due, facts, measures) - due))

    def _milli(self, rows: Rows, facts: Facts, measures: Measures) -> Int64Array:
        if self.tiers is not None:
            prices = tier_prices(self.tiers, rows.item, measures)
            return tiered_milli(prices, rows.units, rows.item, period_of(rows.time_ms, facts))
        price = self.price
        assert price is not None
        return milli_of_units(rows.units, by_item(rows.item, lambda item: measures.price_milli(price, item)))

    def _within(self, due: Int64Array, facts: Facts, measures: Measures) -> Int64Array:
        if self.minimum is not None:
            due = np.maximum(due, shares_of_periods(measures.minor(self.minimum), facts))
        if self.cap is not None:
            due = np.minimum(due, shares_of_periods(measures.minor(self.cap), facts))
        return due
