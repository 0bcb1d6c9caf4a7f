"""What every detection rule is, and what it gets to see.

    @detection_rule("empty")
    class Empty(DetectionRule):
        kind: Literal["empty"] = Field("empty", description="name of the rule")
        truth: ClassVar[str] = "low"
        level: Level = Field(Quantity(Fraction(0)), description="...")

        def judge(self, signals: Signals) -> Verdicts:
            return verdicts(signals.recorded <= signals.amount["level"])

A quantity, level or rate in the settings is known in the item's integer units as `signals.amount[<field>]`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from policies.fields import Duration, Model, PositiveDuration
from policies.registry import Registry
from policies.units import Cover, Quantity, Rate

Int64Array = npt.NDArray[np.int64]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Verdicts = npt.NDArray[np.int8]

ALARM: Final = 1
CLEAR: Final = 0
KEEP: Final = -1
"""Verdicts: raise an alarm, withdraw it, leave it as it is."""

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

LOW: Final = "low"
LEAKING: Final = "leaking"
SURGE: Final = "surge"
UNSCANNED: Final = "unscanned"
STUCK: Final = "stuck"
EXPIRED: Final = "expired"
TRUTHS: Final = (LOW, LEAKING, SURGE, UNSCANNED, STUCK, EXPIRED)
"""What a rule may be after: stock at or below `level`, a leak, demand marked abnormal, draws that were not scanned, a
sensor that shows an old value, units that expire."""

DETECTION = Registry("detection")
detection_rule = DETECTION.register


@dataclass(frozen=True)
class BookedLots:
    """Lots as the platform has them booked, m of them, in the order in which they are given out at each place."""

    place: Int64Array  # (m,) index into the columns of the signals, ascending
    lot: Int64Array  # (m,) number of the lot
    expires_ms: Int64Array  # (m,) since the scenario's start; a very large number: never
    quantity: Int64Array  # (m,)

    @staticmethod
    def none() -> "BookedLots":
        """No lot is tracked."""
        return BookedLots(*np.zeros((4, 0), np.int64))


@dataclass(frozen=True)
class Signals:
    """What the platform knows of n stock points in devices at one instant; arrays (n,), quantities in integer units.

    `recorded` and the like are what messages, bookings and counts say, not what lies on the shelf.
    """

    time_ms: int  # since the scenario's start
    period_ms: int  # since the rule was last put to them
    recorded: Int64Array
    reported_use: Int64Array  # what messages and readings took off the record in the period; below 0: they added
    silent_ms: Int64Array  # for how long the last reading has been the same, looked at period by period
    counted: Int64Array  # by how much counts changed the record in the period
    expected_per_day: Float64Array  # mean use, as planned
    idle_ms: Int64Array  # for how long no line of its plant has run, looked at period by period; 0 without lines
    idle_use: Int64Array  # reported use in that time
    sensor: Int64Array  # a SENSOR_* code, in the order of none, scan, vend, rfid, weigh, level, meter
    amount: Mapping[str, Float64Array]  # settings of the rule in integer units (rates: per hour), by field name
    lots: BookedLots


class DetectionRule(Model):
    """What every rule has in common: how often it is put to its stock points, and what follows from an alarm."""

    kind: str
    truth: ClassVar[str]
    """What it is after, one of TRUTHS; alarms are judged by it."""
    sensors: ClassVar[tuple[int, ...] | None] = None
    """Sensors that it applies to; None: all."""
    foresees: ClassVar[bool] = False
    """Whether it speaks of the future: an alarm that nothing came of by the end of the run is not a false one."""

    every: PositiveDuration = Field(HOUR_MS, description="how often it is evaluated, counted from the start")
    response: Duration | None = Field(
        None, description="after an alarm a leak is repaired that much later; default: nothing is done"
    )

    @abstractmethod
    def judge(self, signals: Signals) -> Verdicts:
        """ALARM, CLEAR or KEEP for each stock point, (n,). A pure function: the same signals, the same verdicts."""

    def amounts(self) -> dict[str, Quantity | Cover | Rate]:
        """The settings that depend on the item's unit, by field name."""
        return {
            name: value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Quantity | Cover | Rate)
        }


def verdicts(alarm: BoolArray, known: BoolArray | None = None) -> Verdicts:
    """ALARM where true, else CLEAR; KEEP where nothing can be said."""
    said = np.where(alarm, ALARM, CLEAR)
    return (said if known is None else np.where(known, said, KEEP)).astype(np.int8)
