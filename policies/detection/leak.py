"""Leak: the level falls while nothing runs that could use anything."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.detection.rule import HOUR_MS, LEAKING, DetectionRule, Signals, Verdicts, detection_rule, verdicts
from policies.fields import QuantityField, RateField

_LEVEL = 5  # sensor codes: a level sensor sees what leaks, and so does a weighing one
_WEIGH = 4


@detection_rule("leak")
class Leak(DetectionRule):
    """The level falls although no line of the plant runs. Nothing can be said while lines run: an alarm then stands."""

    kind: Literal["leak"] = Field("leak", description="name of the rule")
    truth: ClassVar[str] = LEAKING
    sensors: ClassVar[tuple[int, ...] | None] = (_WEIGH, _LEVEL)

    rate: RateField = Field(description="an alarm where the level falls faster than this, as in `0.5 l /h`")
    at_least: QuantityField | None = Field(
        None, description="and has fallen by that much since the lines stand, against noise; default: one unit"
    )

    def judge(self, signals: Signals) -> Verdicts:
        """What was used since the lines stand, against the time since then."""
        idle = signals.idle_ms > 0
        hours = signals.idle_ms / HOUR_MS
        fallen = (signals.idle_use > signals.amount["rate"] * hours) & (
            signals.idle_use >= signals.amount.get("at_least", 1.0)
        )
        return verdicts(fallen, idle)
