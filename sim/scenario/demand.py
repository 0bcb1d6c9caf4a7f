"""Demand: who wants what, when, how much, and what happens if it is not there."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import Model, PositiveDuration, QuantityField, RateField
from sim.scenario.base import Patterns
from sim.scenario.sizes import SizeField
from sim.units import UnitError


class Poisson(Model):
    """Single units at random times."""

    rate: RateField = Field(description="lines per time")


class CompoundPoisson(Model):
    """Lines of random size at random times."""

    rate: RateField = Field(description="lines per time")
    size: SizeField = Field(description="integer units per line")


class NegativeBinomial(Model):
    """One line per period; its size is negative binomial (zero: no line)."""

    per: PositiveDuration = Field(description="length of a period")
    mean: float = Field(gt=0, le=1e12, allow_inf_nan=False, description="mean per period, integer units")
    variance: float = Field(gt=0, le=1e24, allow_inf_nan=False, description="variance per period; more than the mean")

    @model_validator(mode="after")
    def _over_dispersed(self) -> Self:
        if self.variance <= self.mean:
            raise UnitError(
                "the variance is not above the mean",
                "a negative binomial needs variance > mean; use poisson for variance = mean",
            )
        return self


class NormalDemand(Model):
    """One line per period; its size is normal, rounded, cut at zero (zero: no line)."""

    per: PositiveDuration = Field(description="length of a period")
    mean: float = Field(gt=0, le=1e12, allow_inf_nan=False, description="mean per period, integer units")
    sd: float = Field(gt=0, le=1e12, allow_inf_nan=False, description="standard deviation per period, integer units")


class Flow(Model):
    """A continuous use, drawn in equal steps at exact times."""

    rate: RateField = Field(description="amount per time, as in 500 l /mo")
    step: QuantityField = Field(description="amount drawn at once")


class JobLines(Model):
    """How many lines a job has: 1 + a random number."""

    mean: float = Field(1, ge=1, le=1000, allow_inf_nan=False, description="mean number of lines, >= 1")
    kind: Literal["geometric", "poisson", "constant"] = Field("geometric", description="distribution of the number")

    @model_validator(mode="after")
    def _whole_constant(self) -> Self:
        if self.kind == "constant" and self.mean != int(self.mean):
            raise UnitError(f"{self.mean:g} lines in every job", "a constant number of lines is whole")
        return self


def _weights(value: object) -> object:
    return {value: 1.0} if isinstance(value, str) else value


class Jobs(Model):
    """Repairs, services: several items wanted together."""

    rate: RateField = Field(description="jobs per time")
    lines: JobLines = Field(JobLines(), description="lines per job")
    items: Annotated[
        dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]],
        BeforeValidator(_weights, json_schema_input_type=Literal["*"] | dict[str, float]),
    ] = Field(
        {"*": 1.0},
        description="{item or pattern: weight}; every item that fits has the weight, the last fit counts; *: all alike",
    )

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if not any(weight > 0 for weight in self.items.values()):
            raise UnitError("no item has a weight above zero", "give at least one, as in `{filter: 1}`")
        return self


class Trace(Model):
    """Replayed history."""

    table: str = Field(
        description="file with columns time, node, item, quantity and, if wanted, job, if_short, delivery"
    )


DemandKind = Poisson | CompoundPoisson | NegativeBinomial | NormalDemand | Flow | Jobs | Trace
KINDS = ("poisson", "compound_poisson", "negative_binomial", "normal", "flow", "jobs", "trace")


class Demand(Model):
    """One entry of the demand list: one kind, for all pairs of the nodes and items that it names."""

    node: Patterns | None = Field(None, description="node, pattern or list (not for trace)")
    item: Patterns | None = Field(None, description="item, pattern or list (not for jobs and trace)")
    poisson: Poisson | None = Field(None, description="single units at random times")
    compound_poisson: CompoundPoisson | None = Field(None, description="lines of random size at random times")
    negative_binomial: NegativeBinomial | None = Field(None, description="one line per period, negative binomial")
    normal: NormalDemand | None = Field(None, description="one line per period, normal")
    flow: Flow | None = Field(None, description="continuous use")
    jobs: Jobs | None = Field(None, description="several items wanted together")
    trace: Trace | None = Field(None, description="replayed history")
    if_short: Literal["backorder", "lost"] = Field("backorder", description="what happens to what is not there")
    delivery: Literal["whole", "partial"] = Field("whole", description="whether a customer takes part of his line")
    profile: str | None = Field(None, description="name of a profile that shapes the rate over time")
    abnormal: bool = Field(
        False, description="what nobody expects, and the rule abnormal_use is to find: not part of mean demand"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise UnitError(f"exactly one kind of demand is needed, found {found}", f"give one of: {', '.join(KINDS)}")
        kind = given[0]
        if (self.node is None) != (kind == "trace"):
            raise UnitError(*_not_wanted("node", kind, self.node is None))
        if (self.item is None) != (kind in ("jobs", "trace")):
            raise UnitError(*_not_wanted("item", kind, self.item is None))
        if kind == "trace" and self.profile is not None:
            raise UnitError("a trace has no profile", "the history is replayed as it was; leave `profile` out")
        if kind in ("poisson", "compound_poisson", "jobs") and _rate_unit(self.value) != "each":
            raise UnitError(f"the rate of {kind} counts lines", "write `3 /d`; how much a line asks for is its size")
        return self

    @property
    def kind(self) -> str:
        """The kind that is given: one of KINDS."""
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def value(self) -> "DemandKind":
        """The settings of that kind."""
        value: DemandKind = getattr(self, self.kind)
        return value


def _rate_unit(kind: DemandKind) -> str:
    return kind.rate.unit if isinstance(kind, Poisson | CompoundPoisson | Jobs) else "each"


def _not_wanted(field: str, kind: str, missing: bool) -> tuple[str, str]:
    if missing:
        return f"`{field}` is missing", f"say which {field} the {kind} demand is for; a pattern such as * will do"
    return f"`{field}` does not go with {kind}", f"leave `{field}` out"
