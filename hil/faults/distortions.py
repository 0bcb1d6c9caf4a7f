"""How a device's faults follow from those that hold at present: what its signals show instead, and how it answers."""

import random
from collections.abc import Callable, Iterable
from typing import Any, Final

from device_emulators.faces.host import Disturbance, Host
from device_emulators.signals import Signal, SignalType, Value
from hil.faults.kinds import (
    ClockSkew,
    DoorOpen,
    Drift,
    ExceptionAnswer,
    JournalFull,
    Jump,
    Late,
    Noise,
    Reboot,
    Silent,
    Stray,
    Stuck,
)
from hil.faults.plan import Planned

NOISE_MS: Final = 1000
"""Noise is drawn anew so often, however often the device is looked at."""
MS_PER_HOUR: Final = 3_600_000
DOORS: Final = ("door_open", "door", "open")
"""Names of signals that say whether a door is open."""

Distortion = Callable[[Value], Value]


def disturb(host: Host, holding: Iterable[tuple[Planned, dict[str, Value]]], seed: int) -> Disturbance:
    """All that is wrong with a device while these faults hold, each given with what its signals showed at its start."""
    result = Disturbance()
    for planned, shown in holding:
        match planned.fault:
            case ExceptionAnswer(code=code):
                result.exception = code
            case Silent() | Reboot():
                result.silent = True
            case Late(by=by):
                result.late_ms += by
            case Stray():
                result.stray = True
            case ClockSkew(by=by):
                result.skew_ms += by
            case JournalFull():
                result.journal_full = True
            case DoorOpen():
                result.distort[door_signal(host)] = lambda value: True
            case _:
                for signal in planned.signals:
                    if (step := _distortion(host, planned, signal, shown, seed)) is not None:
                        result.distort[signal] = _after(result.distort.get(signal), step)
    return result


def door_signal(host: Host) -> str:
    """The signal that says whether the device's door is open; ValueError when it has none."""
    for name in DOORS:
        if name in host.signals and host.signals[name].type is SignalType.BOOL:
            return name
    raise ValueError(f"{host.name} shows no door; {DoorOpen.name} needs a signal {' or '.join(DOORS)}")


def _after(first: Distortion | None, second: Distortion) -> Distortion:
    return second if first is None else lambda value: second(first(value))


def _distortion(host: Host, planned: Planned, name: str, shown: dict[str, Value], seed: int) -> Distortion | None:
    signal = host.signals[name]
    match planned.fault:
        case Stuck():
            held = shown[name]
            return lambda value: held
        case Jump(by=by):
            return _shifted(signal, lambda: by)
        case Drift(per_hour=per_hour):
            return _shifted(signal, lambda: per_hour * (host.device.now_ms - planned.start_ms) / MS_PER_HOUR)
        case Noise(sigma=sigma):
            return _shifted(signal, lambda: _normal(f"{seed}/{planned.seed_text}/{name}", host.device) * sigma)
    return None


def _normal(source: str, device: Any) -> float:
    """A standard normal number that depends on the source and the device's time alone."""
    return random.Random(f"{source}/{device.now_ms // NOISE_MS}").gauss(0.0, 1.0)


def _shifted(signal: Signal, offset: Callable[[], float]) -> Distortion | None:
    """Adds to a number, rounds what is whole and keeps it in the signal's range; texts and bools are as they are."""
    if signal.type not in (SignalType.INT, SignalType.FLOAT):
        return None

    def shift(value: Value) -> Value:
        moved = float(value) + offset()
        if signal.low is not None:
            moved = max(moved, signal.low)
        if signal.high is not None:
            moved = min(moved, signal.high)
        return round(moved) if signal.type is SignalType.INT else moved

    return shift
