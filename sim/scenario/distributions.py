"""Distributions of durations: lead times, travel, repair. A plain duration is a constant."""

import math
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import Duration, Model, PositiveDuration, Share
from sim import network
from sim.scenario.base import Choice
from sim.units import UnitError

CoefficientOfVariation = Annotated[Share, Field(gt=0, le=10)]


class Exponential(Model):
    """Exponential: without memory."""

    mean: PositiveDuration = Field(description="mean")


class MeanAndVariation(Model):
    """A positive skewed duration by its mean and coefficient of variation."""

    mean: PositiveDuration = Field(description="mean")
    cv: CoefficientOfVariation = Field(description="standard deviation / mean, > 0 to 10")


class Uniform(Model):
    """Equally likely between two bounds."""

    low: Duration = Field(description="shortest")
    high: Duration = Field(description="longest; more than low")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise UnitError("`high` is not above `low`", "give low < high, or a plain duration for a constant")
        return self


class Triangular(Model):
    """Between two bounds, most likely at the mode."""

    low: Duration = Field(description="shortest")
    mode: Duration = Field(description="most likely")
    high: Duration = Field(description="longest; more than low")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.mode <= self.high or self.low == self.high:
            raise UnitError("low, mode and high are not in ascending order", "give low <= mode <= high, low < high")
        return self


class Normal(Model):
    """Normal, cut off at zero."""

    mean: Duration = Field(description="mean")
    sd: PositiveDuration = Field(description="standard deviation")


class DurationDistribution(Choice):
    """A random duration: one of the kinds, plus an offset that is added to every draw."""

    constant: Duration | None = Field(None, description="always the same")
    exponential: Exponential | None = Field(None, description="exponential by its mean")
    gamma: MeanAndVariation | None = Field(None, description="gamma by mean and coefficient of variation")
    lognormal: MeanAndVariation | None = Field(None, description="lognormal by mean and coefficient of variation")
    uniform: Uniform | None = Field(None, description="uniform between bounds")
    triangular: Triangular | None = Field(None, description="triangular between bounds")
    normal: Normal | None = Field(None, description="normal, cut at zero")
    offset: Duration = Field(0, description="added to every draw")

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Every field but the offset."""
        return tuple(name for name in cls.model_fields if name != "offset")

    def for_engine(self) -> network.Distribution:
        """The distribution by code and parameters, in milliseconds, as the engine draws it."""
        kind, a, b, c = _parameters(self)
        return network.Distribution(kind, a, b, c, self.offset)

    @property
    def mean_ms(self) -> float:
        """Mean in milliseconds (of a normal: before the cut at zero)."""
        value = self.value
        if self.constant is not None:
            return float(self.constant + self.offset)
        if self.uniform is not None:
            return (self.uniform.low + self.uniform.high) / 2 + self.offset
        if self.triangular is not None:
            return (self.triangular.low + self.triangular.mode + self.triangular.high) / 3 + self.offset
        return float(value.mean + self.offset)


def _parameters(choice: DurationDistribution) -> tuple[int, float, float, float]:
    if choice.exponential is not None:
        return network.DISTRIBUTION_EXPONENTIAL, float(choice.exponential.mean), 0.0, 0.0
    if choice.gamma is not None:
        shape = 1 / choice.gamma.cv**2
        return network.DISTRIBUTION_GAMMA, shape, choice.gamma.mean / shape, 0.0
    if choice.lognormal is not None:
        variance = math.log1p(choice.lognormal.cv**2)
        return network.DISTRIBUTION_LOGNORMAL, math.log(choice.lognormal.mean) - variance / 2, math.sqrt(variance), 0.0
    if choice.uniform is not None:
        return network.DISTRIBUTION_UNIFORM, float(choice.uniform.low), float(choice.uniform.high), 0.0
    if choice.triangular is not None:
        bounds = choice.triangular
        return network.DISTRIBUTION_TRIANGULAR, float(bounds.low), float(bounds.mode), float(bounds.high)
    if choice.normal is not None:
        return network.DISTRIBUTION_NORMAL, float(choice.normal.mean), float(choice.normal.sd), 0.0
    return network.DISTRIBUTION_CONSTANT, float(choice.constant or 0), 0.0, 0.0


def _constant(value: object) -> object:
    return value if isinstance(value, (Mapping, DurationDistribution)) else {"constant": value}


DurationField = Annotated[
    DurationDistribution, BeforeValidator(_constant, json_schema_input_type=str | DurationDistribution)
]
"""A plain duration (constant) or one of the distributions."""
