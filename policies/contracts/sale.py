"""Ordinary sale: the customer pays what it receives."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.contracts.charging import by_item, charge_rows, milli_of_units, minor_of_rows
from policies.contracts.term import BY_ITEMS, SHIPMENTS, Charges, Facts, Measures, Term, contract_term
from policies.fields import UnitPriceField


@contract_term("sale")
class Sale(Term):
    """Each unit received at a covered stock point costs its price. Goes with title at `delivery`."""

    kind: Literal["sale"] = Field("sale", description="name of the term")
    stream: ClassVar[str] = "sale"
    goes_by: ClassVar[frozenset[str]] = BY_ITEMS

    price: UnitPriceField = Field(description="per natural unit of the item")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """A charge for each receipt."""
        rows = facts.received
        price_milli = by_item(rows.item, lambda item: measures.price_milli(self.price, item))
        return charge_rows(
            rows, minor_of_rows(milli_of_units(rows.units, price_milli), rows.item), rows.units, SHIPMENTS
        )
