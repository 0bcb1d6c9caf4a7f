"""A truck's tracker: where on its tour it is, whether its door is open, and what it carries."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState
from device_emulators.measuring import whole
from device_emulators.signals import RefusedError, SignalType


@dataclass(frozen=True, config=STRICT)
class Leg:
    """The way from a stop to the next one of the tour."""

    to: str = Field(min_length=1, description="name of the stop it leads to")
    length_m: int = Field(ge=0, le=10_000_000, description="length, m")
    drive_ms: int = Field(ge=1, description="driving time")


@dataclass(frozen=True, config=STRICT)
class TruckTrackerConfig:
    """A tour, and how often the tracker looks where it is."""

    start: str = Field(min_length=1, description="name of stop 0, where the tour begins")
    legs: tuple[Leg, ...] = Field(min_length=1, description="in the order of the tour; stop N is the end of leg N")
    capacity: int = Field(default=1000, ge=1, description="units that it carries at most")
    fix_ms: int = Field(default=60_000, ge=1, description="while driving, a position at every multiple of this")


@dataclass(config=STRICT)
class TruckTrackerState(DeviceState):
    """Where it is, and what is on it."""

    stop: int = Field(default=0, ge=0)  # the last one it was at
    driving: bool = False
    left_ms: int = 0  # when it left that stop
    position_m: int = Field(default=0, ge=0)  # of the last fix
    fix_ms: int = 0
    fixes: int = Field(default=0, ge=0)
    tours: int = Field(default=0, ge=0)
    open: bool = False
    openings: int = Field(default=0, ge=0)
    load: int = Field(default=0, ge=0)


class TruckTracker(Device[TruckTrackerState]):
    """Drives from stop to stop when told to, and shows where it was at its last fix.

    Positions are metres from the start of the tour; after its last stop it is back at the start with the next drive.
    """

    def __init__(self, name: str, config: TruckTrackerConfig) -> None:
        super().__init__(name, TruckTrackerState())
        self.config = config
        self._way_m = [0]
        for leg in config.legs:
            self._way_m.append(self._way_m[-1] + leg.length_m)
        last = len(config.legs)
        self._declare("driving", SignalType.BOOL, "", "it is between two stops", read=lambda: self._state.driving)
        self._declare(
            "stop", SignalType.INT, "", "the last stop it was at", low=0, high=last, read=lambda: self._state.stop
        )
        self._declare("stop_name", SignalType.TEXT, "", "name of that stop", read=self._stop_name)
        self._declare(
            "position_m",
            SignalType.INT,
            "m",
            "way from the start of the tour, at the last fix",
            low=0,
            high=self._way_m[-1],
            read=lambda: self._state.position_m,
        )
        self._declare("fix_ms", SignalType.INT, "ms", "time of the last fix", low=0, read=lambda: self._state.fix_ms)
        self._declare("fixes", SignalType.INT, "", "fixes so far", low=0, read=lambda: self._state.fixes)
        self._declare("tours", SignalType.INT, "", "tours finished so far", low=0, read=lambda: self._state.tours)
        self._declare("door_open", SignalType.BOOL, "", "its door is open", read=lambda: self._state.open)
        self._declare("openings", SignalType.INT, "", "times it was opened", low=0, read=lambda: self._state.openings)
        self._declare(
            "load", SignalType.INT, "units", "units on it", low=0, high=config.capacity, read=lambda: self._state.load
        )
        self._command("locate", "take a fix now", self._fix)

    def next_time(self) -> int | None:
        state = self._state
        if not state.driving:
            return None
        next_fix_ms = (max(state.fix_ms, state.left_ms) // self.config.fix_ms + 1) * self.config.fix_ms
        return min(next_fix_ms, self._arrives_ms())

    def drive(self) -> None:
        """It leaves for the next stop; RefusedError while it drives or its door is open."""
        state = self._state
        if state.driving or state.open:
            raise RefusedError(f"{self.name} {'drives already' if state.driving else 'has its door open'}")
        if state.stop == len(self.config.legs):
            state.stop = 0
        state.driving, state.left_ms = True, self.now_ms
        self._fix()
        self._note("left", self._stop_name())

    def open(self) -> None:
        """Its door is opened; RefusedError while it drives."""
        state = self._state
        if state.driving:
            raise RefusedError(f"{self.name} drives")
        if not state.open:
            state.open = True
            state.openings += 1
            self._note("opened", self._stop_name())

    def close(self) -> None:
        """Its door is closed."""
        if self._state.open:
            self._state.open = False
            self._note("closed", self._stop_name())

    def put(self, units: int) -> int:
        """Units are loaded, as many as there is room for; returns how many. RefusedError with a closed door."""
        return self._move(min(whole(units), self.config.capacity - self._state.load))

    def take(self, units: int) -> int:
        """Units are unloaded, as far as there are any; returns how many. RefusedError with a closed door."""
        return -self._move(-min(whole(units), self._state.load))

    def _move(self, units: int) -> int:
        if not self._state.open:
            raise RefusedError(f"the door of {self.name} is closed")
        self._state.load += units
        self._note("loaded" if units > 0 else "unloaded", self._stop_name(), abs(units))
        return units

    def _wake(self) -> None:
        """A fix is due, or it arrives."""
        state = self._state
        if self.now_ms >= self._arrives_ms():
            state.driving = False
            state.stop += 1
            state.tours += state.stop == len(self.config.legs)
            self._note("arrived", self._stop_name())
        self._fix()

    def _fix(self) -> None:
        state = self._state
        state.position_m, state.fix_ms = self._at_m(), self.now_ms
        state.fixes += 1

    def _at_m(self) -> int:
        state = self._state
        if not state.driving:
            return self._way_m[state.stop]
        leg = self.config.legs[state.stop]
        return self._way_m[state.stop] + leg.length_m * (self.now_ms - state.left_ms) // leg.drive_ms

    def _arrives_ms(self) -> int:
        return self._state.left_ms + self.config.legs[self._state.stop].drive_ms

    def _stop_name(self) -> str:
        stop = self._state.stop
        return self.config.legs[stop - 1].to if stop else self.config.start

    def _problem(self, state: TruckTrackerState) -> str:
        stops = len(self.config.legs)
        if state.stop > stops or (state.driving and state.stop == stops):
            return f"stop must be at most {stops}, and less while driving"
        if state.driving and state.open:
            return "it cannot drive with its door open"
        if state.load > self.config.capacity or state.position_m > self._way_m[-1]:
            return f"load must be at most {self.config.capacity} and position_m {self._way_m[-1]}"
        return ""
