"""A cabinet's door: a lock that can be told to open, a contact, and an alarm when the door stays open."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState
from device_emulators.signals import SignalType


@dataclass(frozen=True, config=STRICT)
class DoorSensorConfig:
    """A door."""

    lock: bool = Field(default=False, description="it has a lock, which locks when the door is closed")
    relock_ms: int = Field(
        default=10_000, ge=1, description="it locks again if nobody opens it in this time after an unlock"
    )
    held_open_ms: int = Field(default=0, ge=0, description="open for so long is an alarm; 0: never")


@dataclass(config=STRICT)
class DoorSensorState(DeviceState):
    """Whether it is open, locked, and since when."""

    open: bool = False
    locked: bool = False
    held_open: bool = False
    openings: int = Field(default=0, ge=0)
    opened_ms: int = 0
    unlocked_ms: int = 0


class DoorSensor(Device[DoorSensorState]):
    """A door that people open and close, and that only opens when it is unlocked."""

    def __init__(self, name: str, config: DoorSensorConfig) -> None:
        super().__init__(name, DoorSensorState(locked=config.lock))
        self.config = config
        self._declare("open", SignalType.BOOL, "", "the door is open", read=lambda: self._state.open)
        self._declare("locked", SignalType.BOOL, "", "the lock is closed", read=lambda: self._state.locked)
        self._declare("held_open", SignalType.BOOL, "", "open for too long", read=lambda: self._state.held_open)
        self._declare("openings", SignalType.INT, "", "times it was opened", low=0, read=lambda: self._state.openings)
        self._command("unlock", "unlock the door for a while", self._unlock)

    def next_time(self) -> int | None:
        state, config = self._state, self.config
        if state.open:
            alarm = config.held_open_ms and not state.held_open
            return state.opened_ms + config.held_open_ms if alarm else None
        return state.unlocked_ms + config.relock_ms if config.lock and not state.locked else None

    def open(self) -> bool:
        """Somebody pulls the door; returns whether it is open now."""
        state = self._state
        if state.locked:
            self._note("pulled while locked")
        elif not state.open:
            state.open, state.opened_ms = True, self.now_ms
            state.openings += 1
            self._note("opened")
        return state.open

    def close(self) -> None:
        """The door is closed, and locks if it can."""
        state = self._state
        if not state.open:
            return
        state.open, state.held_open, state.locked = False, False, self.config.lock
        self._note("closed", value=self.now_ms - state.opened_ms)

    def _wake(self) -> None:
        if self._state.open:
            self._state.held_open = True
            self._note("held open")
        else:
            self._state.locked = True
            self._note("locked again")

    def _unlock(self) -> None:
        if self._state.locked:
            self._state.locked, self._state.unlocked_ms = False, self.now_ms
            self._note("unlocked")
