"""Return credit: what the customer gets for worn units that are refurbished."""

from typing import ClassVar, Final, Literal

from pydantic import Field

from policies.contracts.charging import by_item, charge_rows, milli_of_units, minor_of_rows
from policies.contracts.term import BY_ITEMS, RETURNED_WORN, USAGE, USED, Charges, Facts, Measures, Term, contract_term
from policies.fields import UnitPriceField

_KINDS: Final = {"return": RETURNED_WORN, "use": USED}


@contract_term("return_credit")
class ReturnCredit(Term):
    """A credit for each unit that goes back to be refurbished: loans that come back worn, or whatever was used."""

    kind: Literal["return_credit"] = Field("return_credit", description="name of the term")
    stream: ClassVar[str] = "return_credit"
    goes_by: ClassVar[frozenset[str]] = BY_ITEMS

    credit: UnitPriceField = Field(description="per natural unit of the item")
    on: Literal["return", "use"] = Field(
        "return", description="`return`: units that came back from a loan worn; `use`: units used, their cores go back"
    )

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """A credit for each row; its units are below 0."""
        rows = facts.consumed.where(facts.consumed.kind == _KINDS[self.on])
        credit_milli = by_item(rows.item, lambda item: measures.price_milli(self.credit, item))
        milli = milli_of_units(-rows.units, credit_milli)
        return charge_rows(rows, minor_of_rows(milli, rows.item), -rows.units, USAGE)
