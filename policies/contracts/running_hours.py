"""Price per hour that machines run, whatever they use meanwhile."""

from fractions import Fraction
from typing import ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from policies.contracts.charging import charge_times, differences, period_ends
from policies.contracts.term import BY_LINES, Charges, Facts, Measures, Term, contract_term
from policies.fields import Money
from policies.units import MS_PER_HOUR

_MILLI: Final = 1000


@contract_term("running_hours")
class RunningHours(Term):
    """Each hour that a line of the term runs costs its price: the supplier bears the risk of how much is used."""

    kind: Literal["running_hours"] = Field("running_hours", description="name of the term")
    stream: ClassVar[str] = "running_hours"
    goes_by: ClassVar[frozenset[str]] = BY_LINES

    price: Money = Field(description="per hour that a line runs, to a thousandth of the currency's smallest unit")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """One charge at the end of each period, for all lines."""
        price_milli = measures.minor(self.price * _MILLI)
        running_ms = sum(facts.running_ms.values(), start=np.zeros(facts.whole_ms.size, np.int64))
        minor = differences(Fraction(price_milli * ms, _MILLI * MS_PER_HOUR) for ms in running_ms.tolist())
        return charge_times(period_ends(facts), minor)
