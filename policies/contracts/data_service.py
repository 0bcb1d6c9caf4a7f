"""Data service: a fixed amount per period for the portal, reports and records."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.contracts.subscription import PeriodicFee
from policies.contracts.term import contract_term


@contract_term("data_service")
class DataService(PeriodicFee):
    """What the customer pays for data, as a subscription with a revenue stream of its own."""

    kind: Literal["data_service"] = Field("data_service", description="name of the term")
    stream: ClassVar[str] = "data_service"
