"""Stuck sensor: nothing changes although something should have been used."""

import math
from typing import ClassVar, Literal

from pydantic import Field

from policies.detection.rule import DAY_MS, STUCK, DetectionRule, Signals, Verdicts, detection_rule, verdicts
from policies.fields import Duration

_READINGS = (3, 4, 5)  # sensor codes: rfid, weigh, level


@detection_rule("stuck_sensor")
class StuckSensor(DetectionRule):
    """The reading has been the same for a long time, by the use that was to be expected. True while it is stuck.

    With draws at random times the chance that nothing is used while m draws are expected is exp(-m).
    """

    kind: Literal["stuck_sensor"] = Field("stuck_sensor", description="name of the rule")
    truth: ClassVar[str] = STUCK
    sensors: ClassVar[tuple[int, ...] | None] = _READINGS

    unchanged: Duration = Field(DAY_MS, description="an alarm if nothing has changed for at least this long")
    expected_draws: float = Field(
        math.log(1000.0), gt=0, le=1e6, description="and so many draws were to be expected; default: 6.9, chance 0.001"
    )
    per_line: float = Field(1.0, ge=1, le=1e9, description="mean integer units per draw")

    def judge(self, signals: Signals) -> Verdicts:
        """The time of silence against the limits."""
        draws = signals.expected_per_day * (signals.silent_ms / DAY_MS) / self.per_line
        return verdicts((signals.silent_ms >= self.unchanged) & (draws >= self.expected_draws))
