"""A term of its own and contracts on the small plant, for tests of the section `contracts:`."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from policies.contracts.term import Charges, Facts, Measures, Term, contract_term
from policies.fields import Model, Money, QuantityField, UnitPriceField
from tests.device_scenarios import device_sample


class Step(Model):
    """A price from a quantity on."""

    above: QuantityField = Field(description="quantity from which the price holds")
    price: UnitPriceField = Field(description="price from there on")


@contract_term("test_rate")
class Rate(Term):
    """Registered when the tests are: the section takes terms of kinds that it does not know."""

    kind: Literal["test_rate"] = Field("test_rate", description="name of the term")
    stream: ClassVar[str] = "test_rate"
    price: UnitPriceField = Field(description="per unit")
    steps: tuple[Step, ...] = Field((), description="other prices above a quantity")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """Nothing: these tests stop at the plan."""
        return Charges.none()


@contract_term("test_fee")
class Fee(Term):
    """A second kind, so that kinds have to be told apart."""

    kind: Literal["test_fee"] = Field("test_fee", description="name of the term")
    stream: ClassVar[str] = "test_fee"
    amount: Money = Field(description="charged once")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """Nothing: these tests stop at the plan."""
        return Charges.none()


BASE = {"kind": "test_rate", "price": "8 USD/kg", "items": "grease"}


def with_contracts(**contracts: dict[str, Any]) -> dict[str, Any]:
    """The small plant with contracts; each has a term for grease, unless it says otherwise."""
    data = device_sample()
    terms = {"terms": {"grease": BASE}}
    data["contracts"] = {name: {"customer": "works", **terms, **contract} for name, contract in contracts.items()}
    return data
