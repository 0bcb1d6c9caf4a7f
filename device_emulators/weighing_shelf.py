"""A weighing shelf: a count of units worked out from a weight."""

import math

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Draw
from device_emulators.measuring import Gauge, GaugedDevice, GaugeState, whole
from device_emulators.signals import SignalType


def shown_units(load_mg: float, offset_mg: float, resolution_mg: int, unit_weight_mg: int) -> int:
    """How many units a scale shows: the nearest whole number of unit weights, never below 0.

    `load_mg` is what lies on the plate. `offset_mg` is what the scale shows of an empty plate (zero, drift and noise
    together). The sum is first rounded to the nearest multiple of `resolution_mg`, where that is not 0. Halves go up.
    """
    weight_mg = load_mg + offset_mg
    if resolution_mg > 0:
        weight_mg = math.floor(weight_mg / resolution_mg + 0.5) * float(resolution_mg)
    return max(int(math.floor(weight_mg / unit_weight_mg + 0.5)), 0)


@dataclass(frozen=True, config=STRICT)
class WeighingShelfConfig:
    """A scale under the bins of one item."""

    unit_weight_mg: int = Field(ge=1, description="weight of a unit as the shelf was told, mg")
    gauge: Gauge = Field(default=Gauge(), description="how far the scale is off")
    sample_ms: int = Field(
        default=0, ge=0, description="measures at every multiple of this; 0: on a change and when told to"
    )


@dataclass(config=STRICT)
class WeighingShelfState(GaugeState):
    """What truly lies on the plate, and what the scale made of it."""

    units: int = Field(default=0, ge=0)
    foreign_mg: int = Field(default=0, ge=0)
    weight_mg: int = 0


class WeighingShelf(GaugedDevice[WeighingShelfState]):
    """A shelf that weighs what lies on it and shows whole units of its item, whatever it is that lies there.

    Words of `draw`: one for the zero at the first measurement and at each calibration, one for the noise of each
    measurement.
    """

    def __init__(self, name: str, config: WeighingShelfConfig, draw: Draw) -> None:
        super().__init__(name, WeighingShelfState(), draw, config.sample_ms, config.gauge)
        self.config = config
        self._declare(
            "weight_mg", SignalType.INT, "mg", "weight at the last measurement", read=lambda: self._state.weight_mg
        )
        self._command("tare", "take what lies there for an empty plate", lambda: self._calibrate(0))
        self._declare(
            "calibrate",
            SignalType.INT,
            "units",
            "so many units lie there, as somebody counted: sets the zero so that they are shown",
            low=0,
            write=self._calibrate,
        )

    @property
    def units(self) -> int:
        """Units of its item that truly lie there."""
        return self._state.units

    def put(self, units: int) -> None:
        """Units of its item are put on the plate."""
        self._state.units += whole(units)
        self._note("put", value=units)
        self.measure()

    def take(self, units: int) -> int:
        """Units of its item are taken, as far as there are any; returns how many."""
        taken = min(whole(units), self._state.units)
        self._state.units -= taken
        self._note("taken", value=taken)
        self.measure()
        return taken

    def put_foreign(self, weight_mg: int) -> None:
        """Something that does not belong there is put on the plate."""
        self._state.foreign_mg += whole(weight_mg)
        self._note("foreign put", value=weight_mg)
        self.measure()

    def clear_foreign(self) -> None:
        """Somebody takes off what does not belong there."""
        self._note("foreign taken", value=self._state.foreign_mg)
        self._state.foreign_mg = 0
        self.measure()

    def _load_mg(self) -> int:
        return self._state.units * self.config.unit_weight_mg + self._state.foreign_mg

    def _measured(self) -> int:
        state, resolution_mg = self._state, self.config.gauge.resolution_mg
        offset_mg = self._offset_mg()
        if not state.stuck:
            state.weight_mg = rounded_mg(self._load_mg(), offset_mg, resolution_mg)
        return shown_units(self._load_mg(), offset_mg, resolution_mg, self.config.unit_weight_mg)

    def _calibrate(self, units: int) -> None:
        self._set_zero(units * self.config.unit_weight_mg - self._load_mg())
        self._note("calibrated", value=units)
        self.measure()


def rounded_mg(load_mg: float, offset_mg: float, resolution_mg: int) -> int:
    """The weight that a scale shows, mg: a multiple of its resolution."""
    step_mg = max(resolution_mg, 1)
    return int(math.floor((load_mg + offset_mg) / step_mg + 0.5)) * step_mg
