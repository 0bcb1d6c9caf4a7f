"""Expiry ahead: more of a lot is there than will be used before it expires."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from policies.detection.rule import DAY_MS, EXPIRED, DetectionRule, Signals, Verdicts, detection_rule, verdicts
from policies.fields import PositiveDuration, QuantityField


@detection_rule("expiry_ahead")
class ExpiryAhead(DetectionRule):
    """A lot expires soon, and what is booked of it and of those given out before it is more than will be used.

    True when units expire, on the shelf or taken off it.
    """

    kind: Literal["expiry_ahead"] = Field("expiry_ahead", description="name of the rule")
    truth: ClassVar[str] = EXPIRED
    foresees: ClassVar[bool] = True

    every: PositiveDuration = Field(DAY_MS, description="how often it is evaluated, counted from the start")
    ahead: PositiveDuration = Field(30 * DAY_MS, description="looks at lots that expire within this time")
    more_than: QuantityField | None = Field(
        None, description="an alarm if that much more is there than will be used by then; default: anything"
    )

    def judge(self, signals: Signals) -> Verdicts:
        """Units given out up to and including each lot, against the use expected until it expires."""
        lots = signals.lots
        alarm = np.zeros(signals.recorded.size, np.bool_)
        if lots.place.size == 0:
            return verdicts(alarm)
        total = np.cumsum(lots.quantity)
        first = np.concatenate(([True], lots.place[1:] != lots.place[:-1]))  # lot of its place
        up_to = total - (total - lots.quantity)[first][np.cumsum(first) - 1]
        left_ms = lots.expires_ms - signals.time_ms
        soon = (left_ms > 0) & (left_ms <= self.ahead) & (lots.quantity > 0)
        use = signals.expected_per_day[lots.place] * (np.where(soon, left_ms, 0) / DAY_MS)
        more_than = signals.amount["more_than"][lots.place] if "more_than" in signals.amount else 0.0
        surplus = soon & (up_to - use > more_than)
        alarm[lots.place[surplus]] = True
        return verdicts(alarm)
