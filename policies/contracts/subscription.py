"""Base subscription: a fixed amount per period for having the service at all."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.contracts.charging import charge_times, shares_of_periods
from policies.contracts.term import NOTHING, Charges, Facts, Measures, Term, contract_term
from policies.fields import Money


class PeriodicFee(Term):
    """An amount per billing period, charged at its start; a period that is cut costs its share of time."""

    goes_by: ClassVar[frozenset[str]] = NOTHING

    amount: Money = Field(description="per billing period")
    per: Literal["contract", "site", "device"] = Field(
        "contract", description="what the amount is for: the contract as a whole, each site, or each covered device"
    )

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """One charge at the start of each period."""
        count = {"contract": 1, "site": facts.sites, "device": facts.devices}[self.per]
        minor = shares_of_periods(measures.minor(self.amount) * count, facts)
        return charge_times(facts.periods_ms[:-1], minor)


@contract_term("subscription")
class Subscription(PeriodicFee):
    """The base fee of the service, per contract, site or device, also where it stands in for paying by use."""

    kind: Literal["subscription"] = Field("subscription", description="name of the term")
    stream: ClassVar[str] = "subscription"
