"""One-off fee: installation, set-up, training."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.contracts.charging import charge_once
from policies.contracts.term import NOTHING, Charges, Facts, Measures, Term, contract_term
from policies.fields import Moment, Money


@contract_term("fee")
class Fee(Term):
    """An amount that is charged once."""

    kind: Literal["fee"] = Field("fee", description="name of the term")
    stream: ClassVar[str] = "fee"
    goes_by: ClassVar[frozenset[str]] = NOTHING

    amount: Money = Field(description="charged once")
    date: Moment | None = Field(None, description="when, within the contract; default: when the term begins")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """One charge; none if its date lies outside the time in which the term holds."""
        due_ms = facts.from_ms if self.date is None else measures.time_ms(self.date)
        if not facts.from_ms <= due_ms < facts.to_ms:
            return Charges.none()
        return charge_once(due_ms, measures.minor(self.amount))
