"""Low level: the record is at or below a level."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.detection.rule import LOW, DetectionRule, Signals, Verdicts, detection_rule, verdicts
from policies.fields import Level


@detection_rule("low_level")
class LowLevel(DetectionRule):
    """There is little left, by the record. True while that much or less lies there."""

    kind: Literal["low_level"] = Field("low_level", description="name of the rule")
    truth: ClassVar[str] = LOW

    level: Level = Field(description="an alarm while the record is at or below this")

    def judge(self, signals: Signals) -> Verdicts:
        """The record against the level."""
        return verdicts(signals.recorded <= signals.amount["level"])
