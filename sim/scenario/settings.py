"""Costs, experiment and variants."""

from typing import Any

from pydantic import Field

from policies.fields import Model, Money, Share


class Costs(Model):
    """Costs that belong to no lane or truck."""

    holding_rate: Share = Field(0, ge=0, le=10, description="cost of holding stock, share of its value per year")
    shortage_per_line: Money | None = Field(
        None, description="per customer line not met in full at once; default: nothing"
    )


class Experiment(Model):
    """How often and with which random numbers a scenario is run."""

    replications: int = Field(10, ge=1, le=1_000_000, description="independent replications")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="seed of all random streams")
    confidence: Share = Field(0.95, gt=0, lt=1, description="level of the confidence intervals")


class Variant(Model):
    """An alternative of an A/B study."""

    description: str = Field("", description="free text")
    extends: str | None = Field(
        None,
        min_length=1,
        description="another scenario file, beside this one or below, that it starts from in place of it",
    )
    set: dict[str, Any] = Field(
        {}, description="settings that differ: merged into the scenario; null removes a key, a list replaces a list"
    )
