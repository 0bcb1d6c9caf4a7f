"""Detection rules: what the platform makes of what it is told, one file per rule.

A rule is a frozen configuration with a `kind` and a pure function of `Signals`, the columns of what the platform knows.
Whether a rule is right is worked out elsewhere (sim/detection), from the twin's truth, which no rule can see.
"""

from policies.detection.abnormal_use import AbnormalUse
from policies.detection.expiry_ahead import ExpiryAhead
from policies.detection.leak import Leak
from policies.detection.low_level import LowLevel
from policies.detection.missed_scan import MissedScan
from policies.detection.rule import DETECTION, BookedLots, DetectionRule, Signals, detection_rule
from policies.detection.stuck_sensor import StuckSensor

__all__ = [
    "DETECTION",
    "AbnormalUse",
    "BookedLots",
    "DetectionRule",
    "ExpiryAhead",
    "Leak",
    "LowLevel",
    "MissedScan",
    "Signals",
    "StuckSensor",
    "detection_rule",
]
