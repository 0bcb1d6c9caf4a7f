"""Distributions of whole numbers: how much a customer line asks for, in integer units of the item."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import Model, QuantityField
from sim.scenario.base import Choice
from sim.units import Quantity, UnitError


class MeanOnly(Model):
    """A distribution of whole numbers from 1 by its mean."""

    mean: float = Field(ge=1, le=1e9, allow_inf_nan=False, description="mean, >= 1, in integer units")


class UniformSize(Model):
    """Equally likely whole numbers between two bounds, both included."""

    low: int = Field(ge=1, le=10**12, description="smallest, >= 1")
    high: int = Field(ge=1, le=10**12, description="largest")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise UnitError("`high` is below `low`", "give low <= high")
        return self


class NormalSize(Model):
    """Normal, rounded to whole numbers and cut at zero."""

    mean: float = Field(ge=0, le=1e12, allow_inf_nan=False, description="mean, in integer units")
    sd: float = Field(gt=0, le=1e12, allow_inf_nan=False, description="standard deviation, in integer units")


def _empirical(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(sorted(((_size(key), share) for key, share in value.items()), key=lambda pair: pair[0]))
    return value


def _size(key: object) -> int:
    try:
        size = int(str(key))
    except ValueError:
        raise UnitError(f"size {key!r} is not a whole number", "write sizes as 1, 2, 5") from None
    if not 1 <= size <= 10**12:
        raise UnitError(f"size {key} is out of range", "a size is 1 or more")
    return size


Empirical = Annotated[
    tuple[tuple[int, Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]], ...],
    BeforeValidator(_empirical, json_schema_input_type=dict[str, float]),
]
"""(size, probability), ascending by size."""


class SizeDistribution(Choice):
    """How many integer units a line asks for: one of the kinds."""

    constant: QuantityField | None = Field(None, description="always the same, 1 or more")
    geometric: MeanOnly | None = Field(None, description="1, 2, ... with a falling chance, by its mean")
    logarithmic: MeanOnly | None = Field(
        None, description="logarithmic series; with Poisson times the demand is negative binomial"
    )
    poisson: MeanOnly | None = Field(None, description="1 + Poisson(mean - 1)")
    uniform: UniformSize | None = Field(None, description="whole numbers between bounds")
    empirical: Empirical | None = Field(None, description="{size: probability}; probabilities add up to 1")
    normal: NormalSize | None = Field(None, description="normal, rounded, cut at zero")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if isinstance(self.constant, Quantity) and self.constant.amount == 0:
            raise UnitError("the size is zero", "a line asks for 1 or more")
        if self.empirical is not None:
            total = sum(share for _, share in self.empirical)
            if not self.empirical or abs(total - 1) > 1e-9:
                raise UnitError(f"the probabilities add up to {total:.12g}", "make them add up to 1")
        return self


def _constant(value: Any) -> object:
    return value if isinstance(value, (Mapping, SizeDistribution)) else {"constant": value}


SizeField = Annotated[SizeDistribution, BeforeValidator(_constant, json_schema_input_type=int | str | SizeDistribution)]
"""A plain whole number (or quantity with unit), or one of the distributions."""
