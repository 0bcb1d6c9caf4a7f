"""Abnormal use: far more than expected is used in a period."""

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from policies.detection.rule import (
    DAY_MS,
    SURGE,
    DetectionRule,
    Float64Array,
    Signals,
    Verdicts,
    detection_rule,
    verdicts,
)
from policies.fields import PositiveDuration
from policies.units import UnitError


@detection_rule("abnormal_use")
class AbnormalUse(DetectionRule):
    """The use reported in a period is above what chance explains. True for demand that the scenario marks `abnormal`.

    Single draws at random times in a period of mean m have the variance m (Poisson), draws of q units each q m: the
    limit is m + k sqrt(q m), as of a control chart for counts (Shewhart 1931).
    """

    kind: Literal["abnormal_use"] = Field("abnormal_use", description="name of the rule")
    truth: ClassVar[str] = SURGE

    every: PositiveDuration = Field(DAY_MS, description="length of a period, and how often the rule is evaluated")
    deviations: float | None = Field(
        4.0, gt=0, le=100, description="k: an alarm above mean + k standard deviations; none: by the factor alone"
    )
    factor: float | None = Field(
        None, gt=1, le=1e6, description="and above this many times the mean; default: by the deviations alone"
    )
    per_line: float = Field(1.0, ge=1, le=1e9, description="mean integer units per draw")

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.deviations is None and self.factor is None:
            raise UnitError("the rule has no limit", "give `deviations` or a `factor`")
        return self

    def limit(self, mean: Float64Array) -> Float64Array:
        """Use per period above which there is an alarm, for the mean use per period, (n,); the higher of the two."""
        above = np.zeros_like(mean)
        if self.deviations is not None:
            above = mean + self.deviations * np.sqrt(self.per_line * mean)
        if self.factor is not None:
            above = np.maximum(above, self.factor * mean)
        return above

    def judge(self, signals: Signals) -> Verdicts:
        """Reported use of the period against the limit."""
        mean = signals.expected_per_day * (signals.period_ms / DAY_MS)
        return verdicts(signals.reported_use > self.limit(mean))
