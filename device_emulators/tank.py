"""A tank of fluid: its level sensor, the flow meter on its outlet, and its leaks."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Draw
from device_emulators.flow_meter import shown_total
from device_emulators.measuring import Gauge, GaugedDevice, GaugeState, whole
from device_emulators.signals import SignalType
from device_emulators.weighing_shelf import shown_units

LEVEL_UNIT = 1000
"""A level sensor's figures are in thousandths of a unit: a unit 'weighs' so much."""
_MILLI_UNIT_HOURS = 3_600_000_000


def leaked_units(elapsed_ms: int, rate_milli: int) -> int:
    """Whole units that have leaked away since a leak began, at `rate_milli` thousandths of a unit per hour."""
    return elapsed_ms * rate_milli // _MILLI_UNIT_HOURS


def leaks_at(units: int, rate_milli: int) -> int:
    """How long after it began a leak has taken so many units, ms."""
    return -(-units * _MILLI_UNIT_HOURS // rate_milli)


@dataclass(frozen=True, config=STRICT)
class TankConfig:
    """A tank."""

    capacity: int = Field(ge=1, description="units that it holds")
    gauge: Gauge = Field(default=Gauge(), description="of the level sensor; its mg are thousandths of a unit")
    meter_error: float = Field(default=0.0, gt=-1, le=1, description="share that the flow meter shows too much")
    leak_step: int = Field(default=1, ge=1, description="units of leaked fluid after which the level is measured")
    sample_ms: int = Field(
        default=0, ge=0, description="measures at every multiple of this; 0: on a change and when told to"
    )


@dataclass(config=STRICT)
class TankState(GaugeState):
    """What is truly in it, what passed the meter, and the leak."""

    units: int = Field(default=0, ge=0)
    drawn: int = Field(default=0, ge=0)
    low_level: int = Field(default=0, ge=0)
    leak_rate_milli: int = Field(default=0, ge=0)
    leak_from_ms: int = 0
    leaked: int = Field(default=0, ge=0)  # by this leak


class Tank(GaugedDevice[TankState]):
    """A tank that is filled from above, drawn from through a meter, and leaks past it.

    Words of `draw`: one for the level sensor's zero at the first measurement and each calibration, one for the noise
    of each measurement.
    """

    def __init__(self, name: str, config: TankConfig, draw: Draw) -> None:
        super().__init__(name, TankState(), draw, config.sample_ms, config.gauge)
        self.config = config
        capacity = config.capacity
        self._declare(
            "drawn_total",
            SignalType.INT,
            "units",
            "what has passed the flow meter, as it shows it",
            low=0,
            read=lambda: shown_total(self._state.drawn, config.meter_error),
        )
        self._declare("low", SignalType.BOOL, "", "the level shown is at or below `low_level`", read=self._is_low)
        self._declare(
            "low_level",
            SignalType.INT,
            "units",
            "at or below this the level is low",
            low=0,
            high=capacity,
            read=lambda: self._state.low_level,
            write=self._set_low_level,
        )
        self._declare(
            "calibrate",
            SignalType.INT,
            "units",
            "so much is in it, as somebody gauged: sets the zero so that it is shown",
            low=0,
            high=capacity,
            write=self._calibrate,
        )

    @property
    def units(self) -> int:
        """Units that are truly in it; with a leak, those that are whole."""
        return self._state.units

    def advance(self, now_ms: int) -> None:
        super().advance(now_ms)
        self._settle()

    def next_time(self) -> int | None:
        state = self._state
        times = [] if (sample := super().next_time()) is None else [sample]
        if state.leak_rate_milli and state.units:
            step = (state.leaked // self.config.leak_step + 1) * self.config.leak_step
            times.append(state.leak_from_ms + leaks_at(step, state.leak_rate_milli))
        return min(times, default=None)

    def fill(self, units: int) -> int:
        """Fluid is poured in, as much as there is room for; returns how much."""
        filled = min(whole(units), self.config.capacity - self._state.units)
        self._state.units += filled
        self._note("filled", value=filled)
        self.measure()
        return filled

    def draw(self, units: int) -> int:
        """Fluid is drawn through the meter, as far as there is any; returns how much."""
        drawn = min(whole(units), self._state.units)
        self._state.units -= drawn
        self._state.drawn += drawn
        self._note("drawn", value=drawn)
        self.measure()
        return drawn

    def leak(self, rate_milli: int) -> None:
        """It leaks from now on, at thousandths of a unit per hour; 0: the leak is closed."""
        self._settle()
        state = self._state
        state.leak_rate_milli, state.leak_from_ms, state.leaked = whole(rate_milli), self.now_ms, 0
        self._note("leak" if rate_milli else "leak closed", value=rate_milli)

    def _wake(self) -> None:
        self._settle()
        self.measure()

    def _settle(self) -> None:
        """Take away what has leaked up to now; what leaks while the tank is empty is nothing."""
        state = self._state
        if not state.leak_rate_milli:
            return
        leaked = leaked_units(self.now_ms - state.leak_from_ms, state.leak_rate_milli)
        gone = min(leaked - state.leaked, state.units)
        state.leaked = leaked
        if gone:
            state.units -= gone
            self._note("leaked", value=gone)

    def _measured(self) -> int:
        return shown_units(
            self._state.units * LEVEL_UNIT, self._offset_mg(), self.config.gauge.resolution_mg, LEVEL_UNIT
        )

    def _is_low(self) -> bool:
        return self._state.shown <= self._state.low_level

    def _set_low_level(self, units: int) -> None:
        self._state.low_level = units

    def _calibrate(self, units: int) -> None:
        self._set_zero((units - self._state.units) * LEVEL_UNIT)
        self._note("calibrated", value=units)
        self.measure()

    def _problem(self, state: TankState) -> str:
        if max(state.units, state.low_level) > self.config.capacity:
            return f"units and low_level must be at most {self.config.capacity}"
        return ""
