"""Lockers that lend tools: a compartment each, with a door, a lock and a sensor that sees whether the tool is there."""

from collections.abc import Callable

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState
from device_emulators.signals import RefusedError, SignalType


@dataclass(frozen=True, config=STRICT)
class LoanLockersConfig:
    """Which tools are lent."""

    tools: tuple[str, ...] = Field(min_length=1, description="the tool of each locker, numbered from 1")
    relock_ms: int = Field(default=10_000, ge=1, description="a door locks again if nobody opens it in this time")


@dataclass(config=STRICT)
class LoanLockersState(DeviceState):
    """Of each locker: whether its tool is in, its door is open, it is locked, and when it was last unlocked."""

    occupied: list[bool] = Field(default_factory=list)
    open: list[bool] = Field(default_factory=list)
    locked: list[bool] = Field(default_factory=list)
    unlocked_ms: list[int] = Field(default_factory=list)
    loans: int = Field(default=0, ge=0)
    returns: int = Field(default=0, ge=0)


class LoanLockers(Device[LoanLockersState]):
    """Lockers, numbered from 1. A door opens only after `locker_N_unlock`, and locks when it is closed."""

    def __init__(self, name: str, config: LoanLockersConfig) -> None:
        n = len(config.tools)
        super().__init__(
            name, LoanLockersState(occupied=[True] * n, open=[False] * n, locked=[True] * n, unlocked_ms=[0] * n)
        )
        self.config = config
        self._declare("loans", SignalType.INT, "", "tools taken out so far", low=0, read=lambda: self._state.loans)
        self._declare("returns", SignalType.INT, "", "tools put back so far", low=0, read=lambda: self._state.returns)
        for index in range(n):
            self._declare_locker(index)

    def _declare_locker(self, index: int) -> None:
        prefix = f"locker_{index + 1}_"
        readers: tuple[tuple[str, str, Callable[[], bool]], ...] = (
            ("occupied", "the tool is in its locker", lambda: self._state.occupied[index]),
            ("open", "the door is open", lambda: self._state.open[index]),
            ("locked", "the door is locked", lambda: self._state.locked[index]),
        )
        self._declare(prefix + "tool", SignalType.TEXT, "", "the tool", read=lambda: self.config.tools[index])
        for name, description, read in readers:
            self._declare(prefix + name, SignalType.BOOL, "", description, read=read)
        self._command(prefix + "unlock", "unlock the door for a while", lambda: self._unlock(index))

    def open(self, locker: int) -> bool:
        """Somebody pulls a door; returns whether it is open now."""
        index, state = self._index(locker), self._state
        if state.locked[index]:
            self._note("pulled while locked", f"locker {locker}")
        elif not state.open[index]:
            state.open[index] = True
            self._note("opened", f"locker {locker}")
        return state.open[index]

    def take(self, locker: int) -> None:
        """The tool is taken out; RefusedError if the door is closed or the tool is out already."""
        self._move(locker, False, "lent")
        self._state.loans += 1

    def put(self, locker: int) -> None:
        """The tool is put back; RefusedError if the door is closed or it is there already."""
        self._move(locker, True, "returned")
        self._state.returns += 1

    def close(self, locker: int) -> None:
        """A door is closed, and locks."""
        index, state = self._index(locker), self._state
        if state.open[index]:
            state.open[index], state.locked[index] = False, True
            self._note("closed", f"locker {locker}")

    def next_time(self) -> int | None:
        return min((self._relocks_ms(index) for index in self._unlocked()), default=None)

    def _wake(self) -> None:
        for index in self._unlocked():
            if self._relocks_ms(index) <= self.now_ms:
                self._state.locked[index] = True
                self._note("locked again", f"locker {index + 1}")

    def _unlocked(self) -> list[int]:
        """Lockers that are unlocked and not open."""
        state = self._state
        return [i for i in range(len(self.config.tools)) if not state.locked[i] and not state.open[i]]

    def _relocks_ms(self, index: int) -> int:
        return self._state.unlocked_ms[index] + self.config.relock_ms

    def _unlock(self, index: int) -> None:
        if self._state.locked[index]:
            self._state.locked[index], self._state.unlocked_ms[index] = False, self.now_ms
            self._note("unlocked", f"locker {index + 1}")

    def _move(self, locker: int, there: bool, what: str) -> None:
        index, state = self._index(locker), self._state
        if not state.open[index]:
            raise RefusedError(f"locker {locker} of {self.name} is closed")
        if state.occupied[index] == there:
            raise RefusedError(f"locker {locker} of {self.name} is {'occupied' if there else 'empty'}")
        state.occupied[index] = there
        self._note(what, f"locker {locker}", self.config.tools[index])

    def _index(self, locker: int) -> int:
        if not 1 <= locker <= len(self.config.tools):
            raise ValueError(f"{self.name} has no locker {locker}; expected 1 to {len(self.config.tools)}")
        return locker - 1

    def _problem(self, state: LoanLockersState) -> str:
        n = len(self.config.tools)
        if any(len(values) != n for values in (state.occupied, state.open, state.locked, state.unlocked_ms)):
            return f"occupied, open, locked and unlocked_ms must each have {n} entries"
        return ""
