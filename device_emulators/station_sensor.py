"""A station of a line: whether it runs, whether a part is there, where its slide stands, and its hours."""

import math

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState
from device_emulators.signals import SignalType


@dataclass(frozen=True, config=STRICT)
class StationSensorConfig:
    """The slide's way, and how fine its encoder is."""

    travel_um: int = Field(default=1_000_000, ge=1, description="length of the slide's way, micrometres")
    resolution_um: int = Field(default=1, ge=1, description="smallest step the encoder shows, micrometres")
    hours_step_ms: int = Field(default=0, ge=0, description="step of the running time shown, ms; 0: shown as it is")


@dataclass(config=STRICT)
class StationSensorState(DeviceState):
    """What the station does, and what it has done since its last service."""

    present: bool = False
    running: bool = False
    position_um: int = Field(default=0, ge=0)
    parts: int = Field(default=0, ge=0)
    ran_ms: int = Field(default=0, ge=0)  # up to the last stop
    running_from_ms: int = 0


class StationSensor(Device[StationSensorState]):
    """Shows run state, presence and position of a station, and counts running time and parts since its last service."""

    def __init__(self, name: str, config: StationSensorConfig) -> None:
        super().__init__(name, StationSensorState())
        self.config = config
        self._declare("running", SignalType.BOOL, "", "the station runs", read=lambda: self._state.running)
        self._declare("present", SignalType.BOOL, "", "a part is in the station", read=lambda: self._state.present)
        self._declare(
            "position_um",
            SignalType.INT,
            "um",
            "where the slide stands",
            low=0,
            high=config.travel_um,
            read=self._position_um,
        )
        self._declare(
            "parts", SignalType.INT, "", "parts that came since service", low=0, read=lambda: self._state.parts
        )
        self._declare("running_ms", SignalType.INT, "ms", "running time since service", low=0, read=self._running_ms)
        self._command("serviced", "the machine was serviced: running time and parts count from 0", self._serviced)

    def next_time(self) -> int | None:
        state, step = self._state, self.config.hours_step_ms
        if not step or not state.running:
            return None
        return state.running_from_ms + (self._ran_ms() // step + 1) * step - state.ran_ms

    def _wake(self) -> None:
        """A step of running time is over; it is shown when somebody reads."""

    def run(self, running: bool) -> None:
        """The station starts, or stops."""
        state = self._state
        if running == state.running:
            return
        state.ran_ms = self._ran_ms()
        state.running, state.running_from_ms = running, self.now_ms
        self._note("runs" if running else "stops")

    def part(self, present: bool) -> None:
        """A part comes into the station, or leaves it."""
        state = self._state
        if present == state.present:
            return
        state.present = present
        state.parts += present
        self._note("part comes" if present else "part leaves")

    def move(self, position_um: int) -> None:
        """The slide moves to a position, at most to the ends of its way."""
        self._state.position_um = min(max(position_um, 0), self.config.travel_um)
        self._note("moved", value=self._state.position_um)

    def _position_um(self) -> int:
        step = self.config.resolution_um
        return min(math.floor(self._state.position_um / step + 0.5) * step, self.config.travel_um)

    def _running_ms(self) -> int:
        step = self.config.hours_step_ms or 1
        return self._ran_ms() // step * step

    def _ran_ms(self) -> int:
        state = self._state
        return state.ran_ms + (self.now_ms - state.running_from_ms if state.running else 0)

    def _serviced(self) -> None:
        state = self._state
        self._note("serviced", value=self._running_ms())
        state.ran_ms, state.parts, state.running_from_ms = 0, 0, self.now_ms

    def _problem(self, state: StationSensorState) -> str:
        return "" if state.position_um <= self.config.travel_um else f"position_um above {self.config.travel_um}"
