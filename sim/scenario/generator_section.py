"""The `generator` section: thousands of items, their demand and their stocks from a handful of figures.

The generator has a seed of its own, so that the same network comes out whatever the experiment's seed is.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import (
    Duration,
    Model,
    Money,
    PositiveDuration,
    PositiveMoney,
    PositiveVolume,
    PositiveWeight,
    Share,
)
from sim.scenario.base import AbcClass, Name, Patterns
from sim.scenario.demand import JobLines
from sim.scenario.policies_section import PolicyField
from sim.units import UnitError

Sigma = Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]
Fraction01 = Annotated[Share, Field(ge=0, le=1)]


class LognormalMoney(Model):
    """A lognormal amount of money."""

    median: PositiveMoney = Field(description="half of the items are below")
    sigma: Sigma = Field(description="standard deviation of the natural logarithm")


class GeneratedPrice(Model):
    """Sales prices of the generated items."""

    lognormal: LognormalMoney = Field(description="lognormal by median and sigma")
    minimum: Money | None = Field(None, description="no price is lower; default: one minor unit")


class LognormalVolume(Model):
    """A lognormal volume."""

    median: PositiveVolume = Field(description="half of the items are below")
    sigma: Sigma = Field(description="standard deviation of the natural logarithm")


class LognormalWeight(Model):
    """A lognormal weight."""

    median: PositiveWeight = Field(description="half of the items are below")
    sigma: Sigma = Field(description="standard deviation of the natural logarithm")


class GeneratedVolume(Model):
    """Volumes of the generated items."""

    lognormal: LognormalVolume = Field(description="lognormal by median and sigma")


class GeneratedWeight(Model):
    """Weights of the generated items."""

    lognormal: LognormalWeight = Field(description="lognormal by median and sigma")


class GeneratedItems(Model):
    """Items `prefix-0001` and so on, all counted in pieces."""

    count: int = Field(ge=1, le=1_000_000, description="number of items")
    prefix: Name = Field("part", description="names are the prefix, a dash and a number from 1, padded with zeros")
    price: GeneratedPrice = Field(description="sales prices")
    cost_share: Fraction01 = Field(0.7, description="purchase cost / price")
    volume: GeneratedVolume | None = Field(None, description="packed volume; default: none")
    weight: GeneratedWeight | None = Field(None, description="weight; default: none")
    lots: Literal["none", "fifo"] = Field("none", description="whether lots are tracked")
    critical_share: Fraction01 = Field(0, description="share of the items that are critical")

    def names(self) -> list[str]:
        """Names of the generated items, in order."""
        width = len(str(self.count))
        return [f"{self.prefix}-{number:0{width}d}" for number in range(1, self.count + 1)]


class JobsPerDay(Model):
    """How many jobs a day the nodes have; nodes differ by a lognormal factor."""

    mean: float = Field(gt=0, le=1e6, allow_inf_nan=False, description="mean over the nodes, jobs per day")
    cv: Share = Field(0, ge=0, le=5, description="standard deviation / mean across the nodes")


class LognormalWeights(Model):
    """Weights with a lognormal spread."""

    sigma: Sigma = Field(description="standard deviation of the natural logarithm")


class Popularity(Model):
    """How often each item is asked for, relative to the others."""

    zipf: float | None = Field(None, gt=0, le=5, allow_inf_nan=False, description="weight of rank r is r ** -zipf")
    lognormal: LognormalWeights | None = Field(None, description="lognormal weights")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.zipf is None) == (self.lognormal is None):
            raise UnitError("exactly one of zipf and lognormal is needed", "write `{zipf: 1.05}`")
        return self


class GeneratedDemand(Model):
    """Jobs at the named nodes that ask for the generated items."""

    nodes: Patterns = Field(description="nodes with customers: name, pattern or list")
    jobs_per_day: JobsPerDay = Field(description="jobs per day and node")
    lines: JobLines = Field(JobLines(), description="lines per job")
    popularity: Popularity = Field(description="how often each item is asked for")
    price_correlation: float = Field(
        0, ge=-1, le=1, allow_inf_nan=False, description="rank correlation of price and popularity, -1 to 1"
    )
    local_sigma: Sigma = Field(0, description="how much each node's own mix differs: sigma of lognormal factors")
    if_short: Literal["backorder", "lost"] = Field("backorder", description="what happens to what is not there")
    delivery: Literal["whole", "partial"] = Field("whole", description="whether a customer takes part of his line")
    profile: str | None = Field(None, description="name of a profile")


class Ranked(Model):
    """The first items of a ranking."""

    top: int | None = Field(None, ge=1, le=1_000_000, description="so many items")
    share: Share | None = Field(None, gt=0, le=1, description="this share of the items")
    by: Literal["popularity", "value", "usage"] = Field(
        "popularity",
        description="ranked by lines (popularity), money (value) or units (usage) demanded at and below the node",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.top is None) == (self.share is None):
            raise UnitError("exactly one of top and share is needed", "write `{top: 1200, by: popularity}`")
        return self


class Opening(Model):
    """Stock at the start."""

    on_hand: Literal["order_up_to", "mean"] = Field(
        "order_up_to", description="up to the target, or the mean level in the long run"
    )
    age: Duration = Field(0, description="age of that stock at the start")


class DeadStock(Model):
    """Stock that nobody asks for any more, left over from before."""

    share: Fraction01 = Field(description="share of the stocked items that have it")
    cover: PositiveDuration = Field(description="how much: that many days of mean demand, on top")
    age: Duration = Field(0, description="its age at the start")


class GeneratedStocking(Model):
    """What some nodes stock. Later entries override earlier ones."""

    nodes: Patterns = Field(description="node, pattern or list")
    items: Ranked = Field(Ranked(share=1.0), description="which items; default: all")
    own_choice: bool = Field(False, description="whether each node ranks by its own mix of demand")
    policy: PolicyField = Field(description="replenishment policy; levels in days are of the node's own mean demand")
    class_factors: dict[AbcClass, Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]] = Field(
        {}, description="factor of the levels per class; classes left out have 1"
    )
    opening: Opening = Field(Opening(), description="stock at the start")
    dead_stock: DeadStock | None = Field(None, description="left-over stock; default: none")


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class GeneratorSection(Model):
    """Items, demand and stocking from a few figures."""

    seed: int = Field(1, ge=0, le=2**63 - 1, description="seed of the generator, apart from the experiment's")
    items: GeneratedItems = Field(description="items")
    demand: Annotated[
        tuple[GeneratedDemand, ...],
        BeforeValidator(_listed, json_schema_input_type=GeneratedDemand | list[GeneratedDemand]),
    ] = Field((), description="demand for them: one entry or a list")
    stocking: tuple[GeneratedStocking, ...] = Field((), description="which nodes stock which of them")
