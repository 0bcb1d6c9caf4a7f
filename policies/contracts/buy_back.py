"""Buy-back: at the end of the contract the supplier takes slow stock back."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.contracts.charging import charge_once, rounded
from policies.contracts.term import BY_ITEMS, Charges, Facts, Measures, Term, contract_term
from policies.fields import Duration, Share
from policies.units import exact


@contract_term("buy_back")
class BuyBack(Term):
    """A credit for the customer's units at covered points that have lain there for long, as a share of their cost."""

    kind: Literal["buy_back"] = Field("buy_back", description="name of the term")
    stream: ClassVar[str] = "buy_back"
    goes_by: ClassVar[frozenset[str]] = BY_ITEMS

    share: Share = Field(gt=0, le=1, description="of the units' cost")
    older_than: Duration = Field(0, description="only units that have lain for longer; default: all that have lain")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """One credit in the last millisecond of the contract, or none."""
        cost_minor = int(facts.unused_cost_minor[facts.unused_ms > self.older_than].sum())
        return charge_once(facts.to_ms - 1, rounded(-exact(self.share) * cost_minor))
