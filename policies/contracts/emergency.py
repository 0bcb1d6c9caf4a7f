"""Premium on emergency deliveries."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from policies.contracts.charging import by_item, charge_rows, milli_of_units, minor_of_rows, rounded
from policies.contracts.term import (
    BY_ITEMS,
    RECEIVED_IN_EMERGENCY,
    SHIPMENTS,
    Charges,
    Facts,
    Int64Array,
    Measures,
    Rows,
    Term,
    contract_term,
)
from policies.fields import Money, Share, UnitPriceField
from policies.units import UnitError, exact


@contract_term("emergency")
class Emergency(Term):
    """What an emergency delivery costs on top of the goods: an amount, a share of its value, or both."""

    kind: Literal["emergency"] = Field("emergency", description="name of the term")
    stream: ClassVar[str] = "emergency"
    goes_by: ClassVar[frozenset[str]] = BY_ITEMS

    premium: Money | None = Field(None, description="per emergency delivery of an item; default: nothing")
    share: Share = Field(0, ge=0, le=10, description="of the delivery's value at `price`, on top")
    price: UnitPriceField | None = Field(
        None, description="per natural unit of the item, as in the usage term: what the share is taken of"
    )

    @model_validator(mode="after")
    def _charges_something(self) -> Self:
        if self.premium is None and self.share == 0:
            raise UnitError("the term charges nothing", "give a `premium`, or a `share` with its `price`")
        if (self.share > 0) != (self.price is not None):
            known = "`share` without `price`" if self.price is None else "`price` without `share`"
            raise UnitError(known, "give both: the share is taken of the delivery's value at the price")
        return self

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """A charge for each emergency delivery, at its receipt. It is by deliveries, not by units."""
        rows = facts.received.where(facts.received.kind == RECEIVED_IN_EMERGENCY)
        premium_milli = 0 if self.premium is None else 1000 * measures.minor(self.premium)
        milli = premium_milli + milli_of_units(rows.units, self._surcharge_milli(rows, measures))
        return charge_rows(rows, minor_of_rows(milli, rows.item), 0 * rows.units, SHIPMENTS)

    def _surcharge_milli(self, rows: Rows, measures: Measures) -> Int64Array:
        """Thousandths of a minor unit per item unit, halves up."""
        price, share = self.price, exact(self.share)
        if price is None:
            return 0 * rows.units
        return by_item(rows.item, lambda item: rounded(share * measures.price_milli(price, item)))
