"""Share of verified savings: the supplier is paid for line stops that no longer happen."""

from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import Field

from policies.contracts.charging import charge_times, differences, period_ends
from policies.contracts.term import BY_LINES, Charges, Facts, Measures, Term, contract_term
from policies.fields import Share
from policies.units import exact


@contract_term("savings_share")
class SavingsShare(Term):
    """A share of what stops cost less in a period than the contract's baseline; a worse period costs nothing."""

    kind: Literal["savings_share"] = Field("savings_share", description="name of the term")
    stream: ClassVar[str] = "savings_share"
    goes_by: ClassVar[frozenset[str]] = BY_LINES

    share: Share = Field(gt=0, le=1, description="of the baseline's stop cost less the stop cost, in each period")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """One charge at the end of each period with savings."""
        share: Fraction = exact(self.share)
        saved = (facts.baseline_stop_cost_minor - facts.stop_cost_minor).tolist()
        return charge_times(period_ends(facts), differences(share * max(amount, 0) for amount in saved))
