"""Replenishment policies whose levels are worked out: from a service target, or from the forecast and a safety stock.

The rules are in docs/rules.md ("Forecasts and computed levels") and policies/service_levels.py; here is what one may
say of them. The levels hold for a while and are worked out anew from what was asked for since then.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from policies.fields import Duration, Model, PositiveDuration, Share
from policies.ordering import LOT, ORDER_UP_TO
from policies.replenishment import Int64Array, OrderRule, ReplenishmentPolicy, Resolve, policy
from policies.units import Cover, Quantity, UnitError, parse_duration, parse_level

Method = Literal["ses", "croston", "sba", "tsb"]
Weight = Annotated[Share, Field(gt=0, le=1)]


class MethodByClass(Model):
    """The forecasting method for each class of demand.

    Syntetos, Boylan and Croston (2005) find the approximation better than Croston's method everywhere but for smooth
    demand; for that, exponential smoothing of the demand itself is as good and simpler.
    """

    smooth: Method = Field("ses", description="often asked for, in similar quantities")
    erratic: Method = Field("sba", description="often, in very different quantities")
    intermittent: Method = Field("sba", description="seldom, in similar quantities")
    lumpy: Method = Field("sba", description="seldom, in very different quantities")


class ForecastSettings(Model):
    """How demand is forecast."""

    method: Method | Literal["auto"] = Field(
        "auto", description="ses: exponential smoothing, croston, sba, tsb, or auto: by class of demand"
    )
    by_class: MethodByClass = Field(MethodByClass(), description="what `auto` takes")
    bucket: PositiveDuration = Field(604_800_000, description="demand is added up over this time")
    alpha: Weight = Field(0.1, description="weight of the newest demand")
    beta: Weight = Field(
        0.1, description="weight of the newest interval between demands; tsb: of whether there was any"
    )
    error_weight: Weight = Field(0.05, description="weight of the newest squared error in their mean, at least")
    history: int = Field(8, ge=2, le=10_000, description="buckets to see before the scenario's mean demand is given up")
    variance_to_mean: float = Field(
        1.0, ge=0, le=1e6, allow_inf_nan=False, description="until then: variance of a bucket's demand / its mean"
    )


class ServiceTargets(Model):
    """Targets by ABC class; a critical item has its own, whatever its class."""

    A: Share = Field(0.98, gt=0, lt=1, description="class A")
    B: Share = Field(0.95, gt=0, lt=1, description="class B")
    C: Share = Field(0.90, gt=0, lt=1, description="class C")
    critical: Share = Field(0.99, gt=0, lt=1, description="critical items")

    def of(self, item_class: int, critical: bool) -> float:
        """The target of an item; classes are 0 A, 1 B, 2 C."""
        return self.critical if critical else (self.A, self.B, self.C)[item_class]


def _one_for_all(value: object) -> object:
    if isinstance(value, Mapping | ServiceTargets):
        return value
    return {"A": value, "B": value, "C": value, "critical": value}


TargetField = Annotated[
    ServiceTargets, BeforeValidator(_one_for_all, json_schema_input_type=float | str | ServiceTargets)
]


class PooledSafety(Model):
    """One safety stock for the same item at several nodes: all whose policies name the same pool share it."""

    pool: str = Field(min_length=1, max_length=100, description="name of the pool")
    holds: bool = Field(
        False,
        description="true: the safety stock is held here, and this node's own demand is not the pool's; without any "
        "such node the members hold it, in proportion to their demand",
    )
    correlation: float = Field(
        0.0, ge=-1, le=1, allow_inf_nan=False, description="between the members' demands, until there is history"
    )


def _lot(value: object) -> object:
    return "eoq" if value == "eoq" else parse_level(value)


LotField = Annotated[
    Literal["eoq"] | Quantity | Cover,
    PlainValidator(_lot),
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "description": "eoq, a quantity, or a time: that many days of the forecast",
            "examples": ["eoq", "14 d", "50"],
        }
    ),
]


def _recompute(value: object) -> object:
    return None if value is None or value == "once" else parse_duration(value)


RecomputeField = Annotated[
    int | None,
    PlainValidator(_recompute),
    WithJsonSchema({"type": "string", "description": "a duration, or once", "examples": ["4 wk", "once"]}),
]

SafetyField = Annotated[
    Quantity | Cover,
    PlainValidator(parse_level),
    WithJsonSchema({"type": ["string", "number"], "description": "a quantity, or days of the forecast"}),
]


class WorkedOut(ReplenishmentPolicy):
    """What all policies with computed levels have in common."""

    in_tables: ClassVar[bool] = False

    forecast: ForecastSettings = Field(ForecastSettings(), description="how demand is forecast")
    recompute: RecomputeField = Field(
        2_419_200_000, description="how often levels are worked out anew, whole buckets; once: after `history`"
    )

    @model_validator(mode="after")
    def _whole_buckets(self) -> Self:
        if self.recompute is not None and (self.recompute == 0 or self.recompute % self.forecast.bucket):
            raise UnitError("`recompute` is not a whole number of buckets", "take a multiple of `forecast.bucket`")
        return self

    def order_rule(self, resolve: Resolve, resolve_lot: Resolve | None = None) -> OrderRule:
        """The rule without its levels, which are worked out once the network is known (sim/build/forecasts.py)."""
        return OrderRule(self.rule(), np.array([-1]), np.array([0]), np.array([1]))

    def rule(self) -> int:
        """The engine's rule, a code of `policies.ordering`."""
        return ORDER_UP_TO

    @classmethod
    def rule_from(cls, levels: Mapping[str, Int64Array]) -> OrderRule:
        """Not from levels: they are the outcome."""
        raise TypeError("the levels of this policy are worked out")

    @property
    def recompute_buckets(self) -> int:
        """Buckets from one recomputation to the next; 0: once."""
        return 0 if self.recompute is None else self.recompute // self.forecast.bucket


@policy("computed")
class Computed(WorkedOut):
    """Levels from a service target, the demand forecast and the lead time."""

    kind: Literal["computed"] = Field("computed", description="name of the policy")
    form: Literal["s_S", "r_nQ", "base_stock"] = Field(description="how it orders, see the policies of these names")
    target: TargetField = Field(ServiceTargets(), description="service target, one for all or by class")
    measure: Literal["cycle_service", "fill_rate"] = Field(
        "cycle_service",
        description="cycle_service: chance to get through a lead time; fill_rate: share of units served at once",
    )
    distribution: Literal["poisson", "negative_binomial", "normal", "empirical"] = Field(
        "negative_binomial",
        description="of demand over the lead time; negative_binomial is Poisson where the variance is no larger than "
        "the mean, empirical adds up past buckets",
    )
    window: int = Field(52, ge=8, le=1000, description="empirical: so many past buckets")
    lot: LotField = Field(
        Cover(1_209_600_000), description="s_S: from s to S; r_nQ: the lot. eoq uses the lane's cost per order"
    )
    pooled_safety: PooledSafety | None = Field(None, description="one safety stock with other nodes; default: its own")

    def rule(self) -> int:
        """Lots for r_nQ, else order-up-to."""
        return LOT if self.form == "r_nQ" else ORDER_UP_TO


@policy("order_on_forecast")
class OrderOnForecast(WorkedOut):
    """Order up to what is forecast for lead time and review period, and a safety stock on top."""

    kind: Literal["order_on_forecast"] = Field("order_on_forecast", description="name of the policy")
    safety: SafetyField = Field(description="safety stock: a quantity, or a time: that many days of the forecast")
    protection: Duration | None = Field(None, description="time to cover; default: mean lead time and review period")
    recompute: RecomputeField = Field(
        604_800_000, description="how often the level is worked out anew, whole buckets; once: after `history`"
    )


__all__ = ["Computed", "ForecastSettings", "OrderOnForecast", "PooledSafety", "ServiceTargets", "WorkedOut"]
