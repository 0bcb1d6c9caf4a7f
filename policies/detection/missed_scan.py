"""Missed scan: a count finds fewer than the record has."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.detection.rule import UNSCANNED, DetectionRule, Signals, Verdicts, detection_rule, verdicts
from policies.fields import QuantityField

_SCAN = 1  # sensor code


@detection_rule("missed_scan")
class MissedScan(DetectionRule):
    """A count takes something off the record of a shelf with a scanner: somebody has drawn without scanning.

    True if a scan was missed since the count before. The alarm stands until the next evaluation.
    """

    kind: Literal["missed_scan"] = Field("missed_scan", description="name of the rule")
    truth: ClassVar[str] = UNSCANNED
    sensors: ClassVar[tuple[int, ...] | None] = (_SCAN,)

    at_least: QuantityField | None = Field(
        None, description="an alarm if counts of the period found that much less than recorded; default: one unit"
    )

    def judge(self, signals: Signals) -> Verdicts:
        """Corrections by counts in the period."""
        return verdicts(-signals.counted >= signals.amount.get("at_least", 1.0))
