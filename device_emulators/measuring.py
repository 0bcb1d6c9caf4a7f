"""Devices that measure how much there is: when they do, what they then show, and how they get stuck."""

from statistics import NormalDist
from typing import TypeVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState, Draw
from device_emulators.signals import SignalType

DAY_MS = 86_400_000
_SMALLEST_WORD = 2.0**-54


def normal(word: float) -> float:
    """The standard normal number that belongs to a uniform one."""
    return NormalDist().inv_cdf(max(word, _SMALLEST_WORD))


def whole(units: int) -> int:
    """A number of units that somebody handles; ValueError below 0."""
    if units < 0:
        raise ValueError(f"{units} units cannot be put or taken; expected 0 or more")
    return units


@dataclass(frozen=True, config=STRICT)
class Gauge:
    """How far a scale, or a level sensor, is off."""

    resolution_mg: int = Field(default=0, ge=0, description="smallest step it shows, mg; 0: no rounding")
    noise_mg: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="standard deviation of one measurement, mg"
    )
    drift_mg_per_day: float = Field(
        default=0.0, allow_inf_nan=False, description="mg more per day since the last calibration"
    )
    tare_mg: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="standard deviation of the zero, mg")

    def drifted_mg(self, elapsed_ms: int) -> float:
        """How much the zero has moved in that time."""
        return self.drift_mg_per_day * (elapsed_ms / DAY_MS)


@dataclass(config=STRICT)
class MeasuringState(DeviceState):
    """What a measuring device remembers."""

    shown: int = Field(default=0, ge=0)
    measured_ms: int = 0
    measurements: int = Field(default=0, ge=0)
    stuck: bool = False


@dataclass(config=STRICT)
class GaugeState(MeasuringState):
    """What a device with a gauge remembers; `zero_mg` is what it shows empty, None before it is first used."""

    zero_mg: float | None = None
    calibrated_ms: int = 0


M = TypeVar("M", bound=MeasuringState)
G = TypeVar("G", bound=GaugeState)


class MeasuringDevice(Device[M]):
    """Measures on every change, when told to, and every `sample_ms` (0: not by itself).

    Between measurements its signals stay, however often somebody reads them: noise belongs to a measurement. A
    subclass says what it would show in `_measured`.
    """

    def __init__(self, name: str, state: M, draw: Draw | None, sample_ms: int) -> None:
        super().__init__(name, state, draw)
        self._sample_ms = sample_ms
        self._declare("units", SignalType.INT, "units", "what it last measured", low=0, read=lambda: self._state.shown)
        self._declare(
            "measured_ms", SignalType.INT, "ms", "when it last measured", read=lambda: self._state.measured_ms
        )
        self._declare(
            "measurements", SignalType.INT, "", "how often it measured", low=0, read=lambda: self._state.measurements
        )
        self._command("measure", "measure now", self.measure)

    def next_time(self) -> int | None:
        if self._sample_ms <= 0:
            return None
        return (self._state.measured_ms // self._sample_ms + 1) * self._sample_ms

    def _wake(self) -> None:
        self.measure()

    def measure(self) -> None:
        """Measure now; a stuck sensor goes on showing what it showed."""
        state = self._state
        measured = self._measured()
        state.measurements += 1
        state.measured_ms = self.now_ms
        if not state.stuck:
            state.shown = measured
        self._note("measured", "stuck" if state.stuck else "", state.shown)

    def stick(self) -> None:
        """From now on it shows the same, whatever happens."""
        self._state.stuck = True
        self._note("stuck")

    def free(self) -> None:
        """It shows again what it measures."""
        self._state.stuck = False
        self._note("freed")

    def _measured(self) -> int:
        """What an unstuck sensor shows now. Draws the same number of words each time."""
        raise NotImplementedError


class GaugedDevice(MeasuringDevice[G]):
    """A measuring device with a zero that is set anew by a calibration and then drifts; one word per measurement."""

    def __init__(self, name: str, state: G, draw: Draw, sample_ms: int, gauge: Gauge) -> None:
        super().__init__(name, state, draw, sample_ms)
        self._gauge = gauge

    def _offset_mg(self) -> float:
        """What it now shows too much: its zero, the drift since the calibration and the noise of this measurement."""
        state = self._state
        if state.zero_mg is None:
            self._set_zero(0.0)
        noise_mg = self._gauge.noise_mg * normal(self._word())
        return (state.zero_mg or 0.0) + self._gauge.drifted_mg(self.now_ms - state.calibrated_ms) + noise_mg

    def _set_zero(self, zero_mg: float) -> None:
        """A calibration that aims at `zero_mg`; takes a word."""
        self._state.zero_mg = zero_mg + self._gauge.tare_mg * normal(self._word())
        self._state.calibrated_ms = self.now_ms
