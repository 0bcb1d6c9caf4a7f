"""Readings as OPC UA shows them: typed variants with status and source time stamp."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from asyncua import ua

from device_emulators.faces.host import Reading, Status
from device_emulators.faces.opcua_nodes import shown
from device_emulators.signals import Signal

STATUS: Final = {
    Status.GOOD: ua.StatusCode(ua.UInt32(ua.StatusCodes.Good)),
    Status.UNCERTAIN: ua.StatusCode(ua.UInt32(ua.StatusCodes.UncertainSensorNotAccurate)),
    Status.BAD: ua.StatusCode(ua.UInt32(ua.StatusCodes.BadSensorFailure)),
}
SILENT: Final = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNoCommunication))
OUT_OF_RANGE: Final = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadOutOfRange))
_NOTHING: Final = ua.Variant(None, ua.VariantType.Null)


class Fixed(ua.DataValue):
    """A value that nobody changes once it is made: the copies that asyncua takes of it may be itself."""

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Fixed":
        return self


def instant(origin: datetime, time_ms: int) -> datetime:
    """The instant of a device's clock; `origin` is the one at which the twin's time is 0."""
    return origin + timedelta(milliseconds=time_ms)


def fixed(value: object, kind: ua.VariantType, stamp: datetime, status: ua.StatusCode = STATUS[Status.GOOD]) -> Fixed:
    """A value of that type; none is told with a bad status (OPC UA Part 4, 7.7.1)."""
    variant = _NOTHING if status.is_bad() else ua.Variant(value, kind)
    # asyncua sends a plain datetime, though it declares a subclass of its own
    return Fixed(variant, status, cast(Any, stamp), cast(Any, datetime.now(UTC)))


def fixed_reading(reading: Reading, signal: Signal, kind: str, stamp: datetime, silent: bool) -> Fixed:
    """What a variable of data type `kind` shows of a reading."""
    status = SILENT if silent else STATUS[reading.status]
    try:
        value = shown(reading.value, signal, kind)
    except OverflowError:
        value, status = None, OUT_OF_RANGE
    return fixed(value, ua.VariantType[kind], stamp, status)
