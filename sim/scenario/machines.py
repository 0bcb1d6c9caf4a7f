"""Lines and machines of a plant, and what machines use of which item."""

import math
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from policies.fields import (
    ActivationEnergy,
    Model,
    Money,
    PositiveDuration,
    QuantityField,
    RateField,
    Temperature,
    TemperatureDifference,
)
from policies.units import Quantity
from sim.scenario.base import Name, Patterns
from sim.scenario.distributions import DurationField
from sim.units import UnitError

ZERO_C_IN_KELVIN = 273.15
BOLTZMANN_EV_PER_KELVIN = 8.617333262e-5
USE_KINDS = ("every", "wear", "flow")

FailureFactor = Annotated[float, Field(gt=1, le=1000, allow_inf_nan=False)]


class Ageing(Model):
    """How warmth shortens a life: by a factor per ten degrees (Q10), or by Arrhenius' law."""

    q10: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] | None = Field(
        None, description="wear is that many times faster for every 10 degrees more (this or `arrhenius`)"
    )
    arrhenius: ActivationEnergy | None = Field(None, description="activation energy, as in `0.6 eV`")
    at: Temperature = Field(description="temperature of the machine at which the life is as stated")

    @model_validator(mode="after")
    def _one_law(self) -> Self:
        if (self.q10 is None) == (self.arrhenius is None):
            found = "none" if self.q10 is None else "both"
            raise UnitError(f"exactly one law is needed, found {found}", "give `q10: 2` or `arrhenius: 0.6 eV`")
        return self

    def acceleration(self, celsius: float) -> float:
        """How many times faster wear is at a temperature than at the reference (Arrhenius, 1889; Q10: van 't Hoff)."""
        if self.q10 is not None:
            return float(self.q10 ** ((celsius - self.at) / 10.0))
        inverse = 1.0 / (self.at + ZERO_C_IN_KELVIN) - 1.0 / (celsius + ZERO_C_IN_KELVIN)
        return math.exp((self.arrhenius or 0.0) / BOLTZMANN_EV_PER_KELVIN * inverse)


class Wear(Model):
    """A part that wears out: its life in running hours is Weibull distributed."""

    shape: float = Field(
        ge=0.1, le=100, allow_inf_nan=False, description="Weibull shape; 1: at random, above 1: the older the likelier"
    )
    life: PositiveDuration | None = Field(None, description="mean life, running time (this or `characteristic_life`)")
    characteristic_life: PositiveDuration | None = Field(
        None, description="running time that 63.2 % of the parts do not reach (Weibull scale)"
    )
    temperature: Ageing | None = Field(None, description="how warmth shortens the life; default: not at all")

    @model_validator(mode="after")
    def _one_life(self) -> Self:
        if (self.life is None) == (self.characteristic_life is None):
            found = "none" if self.life is None else "both"
            raise UnitError(f"exactly one life is needed, found {found}", "give `life` or `characteristic_life`")
        return self

    @property
    def scale_ms(self) -> float:
        """Weibull scale in ms of running time; the mean is scale x Gamma(1 + 1 / shape) (Weibull, 1951)."""
        if self.characteristic_life is not None:
            return float(self.characteristic_life)
        return float(self.life or 0) / math.gamma(1.0 + 1.0 / self.shape)

    @property
    def mean_ms(self) -> float:
        """Mean life in ms of running time, at the reference temperature."""
        return self.scale_ms * math.gamma(1.0 + 1.0 / self.shape)


class Use(Model):
    """What a machine uses of an item: so much every so often, a part that wears out, or a flow."""

    every: DurationField | None = Field(None, description="running time between two uses (grease)")
    wear: Wear | None = Field(None, description="life of a part in running time (filters, tools)")
    flow: RateField | None = Field(
        None, description="rate per running hour, out of a tank, as in `0.8 l /h` (cutting fluid)"
    )
    quantity: QuantityField | None = Field(None, description="amount at a time, with `every` and `wear`; default: 1")
    step: QuantityField | None = Field(None, description="with `flow`: amount in which it is booked")
    from_: Patterns = Field(
        alias="from",
        description="nodes in the order in which they are looked at: the home first, then others, then a standby shelf",
    )
    missing: Literal["stop", "run_on", "wait"] = Field(
        "stop",
        description="when the item is missing: the machine stops, runs on and fails more often, or stops when the "
        "present working hours end",
    )
    failure_factor: FailureFactor | None = Field(
        None, description="with `missing: run_on`: failures are that many times more frequent meanwhile"
    )
    at_empty: bool = Field(
        False, description="with `missing: stop`: stops as soon as the home is empty, not only when it wants the item"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._problems_of_kind(), *self._problems_when_missing()]
        if problems:
            raise UnitError("; ".join(message for message, _ in problems), "; ".join(hint for _, hint in problems))
        return self

    def _problems_of_kind(self) -> list[tuple[str, str]]:
        given = [name for name in USE_KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            return [(f"exactly one kind of use is needed, found {found}", f"give one of: {', '.join(USE_KINDS)}")]
        if self.flow is None:
            return [("`step` belongs to `flow`", "write `quantity`")] if self.step is not None else []
        problems = []
        if self.quantity is not None:
            problems.append(("a flow has no `quantity`", "write `step`"))
        elif self.step is None:
            problems.append(("a flow needs a `step`", "give the amount in which it is booked, as in `1 l`"))
        if self.flow.per_ms == 0:
            problems.append(("the flow is zero", "give more than 0, or leave the use out"))
        if self.at_empty:
            problems.append(("a flow always stops at empty", "leave `at_empty` out"))
        if self.missing == "wait":
            problems.append(("a flow cannot wait", "write `missing: stop` or `missing: run_on`"))
        return problems

    def _problems_when_missing(self) -> list[tuple[str, str]]:
        problems = []
        if self.missing == "run_on" and self.failure_factor is None:
            problems.append(("running on has no price", "give `failure_factor`, more than 1, as in 3"))
        if self.missing != "run_on" and self.failure_factor is not None:
            problems.append(("`failure_factor` belongs to running on", "write `missing: run_on`, or leave it out"))
        if self.missing != "stop" and self.at_empty and self.flow is None:
            problems.append(("`at_empty` belongs to stopping", "write `missing: stop`, or leave `at_empty` out"))
        return problems

    @property
    def kind(self) -> str:
        """The kind that is given: one of USE_KINDS."""
        return next(name for name in USE_KINDS if getattr(self, name) is not None)

    @property
    def amount(self) -> Quantity:
        """Amount at a time; of a flow its step."""
        return self.step or self.quantity or Quantity(Fraction(1))


class Failures(Model):
    """How a machine fails by itself, from causes other than missing items, and how long repairs take."""

    every: PositiveDuration | None = Field(
        None, description="mean running time between failures (exponential); default: it does not fail by itself"
    )
    repair: DurationField = Field(description="time to repair, by the clock, from the moment a crew is there")


class Machine(Model):
    """A machine. Whenever it stands, its line does."""

    description: str = Field("", description="free text")
    failures: Failures | None = Field(None, description="failures and repairs; default: none")
    warmer_by: TemperatureDifference = Field(0.0, description="how much warmer it is than the hall")
    uses: dict[str, Use] = Field({}, description="what it uses, by item")


class Line(Model):
    """Machines that run together or not at all."""

    description: str = Field("", description="free text")
    stop_cost_per_hour: Money | None = Field(
        None, description="cost of an hour of working time lost in stops; default: the plant's"
    )
    machines: dict[Name, Machine] = Field(
        min_length=1, description="machines by name, at least one; `lathe-{1..4}` stands for four of them"
    )
