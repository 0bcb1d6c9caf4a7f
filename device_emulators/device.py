"""What every device is: a state machine that time moves, people handle, and a gateway reads and writes.

To make one: a frozen `Config`, a state (a subclass of `DeviceState`, plain data only), and a subclass of `Device` that
declares its signals in the constructor with `_declare`, offers what people and goods do to it as methods (`put`,
`take`, `open`), says when it acts by itself in `next_time` and does so in `_wake`. It keeps no clock and draws no
random numbers: time comes by `advance`, chance by the `draw` that whoever owns it passes in.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar, cast

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from device_emulators.signals import Access, Signal, SignalError, SignalType, Value

Draw = Callable[[], float]
"""The next number of a stream, uniform in [0, 1)."""

STRICT = ConfigDict(extra="forbid")

JOURNAL_LENGTH = 200


class TimeError(ValueError):
    """Time was to go backward."""


class StateError(ValueError):
    """A state to be restored is not one of this device; the message says where."""


class Entry(NamedTuple):
    """One thing that happened: when, what, at which part of the device, and the number or text that belongs to it."""

    time_ms: int
    what: str
    where: str = ""
    value: bool | int | float | str | None = None


@dataclass(config=STRICT)
class DeviceState:
    """What every device remembers. Subclasses add theirs; everything is plain data."""

    now_ms: int = 0
    words: int = Field(default=0, ge=0)  # numbers drawn so far: where its stream goes on after a restore
    journal: list[Entry] = Field(default_factory=list)


S = TypeVar("S", bound=DeviceState)


class Device(Generic[S]):
    """A device at one instant. `name` is for messages; `draw` gives its random numbers, one stream per device."""

    def __init__(self, name: str, state: S, draw: Draw | None = None, journal_length: int = JOURNAL_LENGTH) -> None:
        self.name = name
        self._state = state
        self._draw = draw
        self._journal_length = journal_length
        self._access: dict[str, Access] = {}

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        return self._state.now_ms

    def next_time(self) -> int | None:
        """When the device next does something by itself if nobody touches it; None: never."""
        return None

    def advance(self, now_ms: int) -> None:
        """Let time pass up to `now_ms`: the device does what falls due until then, each thing at its own time."""
        if now_ms < self.now_ms:
            raise TimeError(f"{self.name}: time cannot go back from {self.now_ms} to {now_ms} ms")
        while (due := self.next_time()) is not None and due <= now_ms:
            self._state.now_ms = max(due, self.now_ms)
            self._wake()
        self._state.now_ms = now_ms

    def _wake(self) -> None:
        """Do what `next_time` announced; afterwards it must be later, or None."""
        raise NotImplementedError

    # --- signals ----------------------------------------------------------------------------------------------------

    @property
    def signals(self) -> Mapping[str, Signal]:
        """The table of its signals, by name, in the order of their declaration."""
        return {name: access.signal for name, access in self._access.items()}

    def read(self) -> dict[str, Value]:
        """All signals that can be read. Reading changes nothing and draws nothing."""
        return {name: access.read() for name, access in self._access.items() if access.read is not None}

    def write(self, name: str, value: object) -> None:
        """Tell the device something. SignalError: no such signal, not writable, bad value; RefusedError: not now."""
        access = self._access.get(name)
        if access is None:
            raise SignalError(f"{self.name} has no signal {name!r}; it has {', '.join(self._access)}")
        if access.write is None:
            raise SignalError(f"{name} of {self.name} cannot be written")
        access.write(access.signal.checked(value))

    def _declare(
        self,
        name: str,
        kind: SignalType,
        unit: str,
        description: str,
        *,
        read: Callable[[], Value] | None = None,
        write: Callable[[Any], None] | None = None,
        low: float | None = None,
        high: float | None = None,
        choices: tuple[str, ...] = (),
    ) -> None:
        readable, writable = read is not None, write is not None
        signal = Signal(name, kind, unit, description, low, high, choices, readable, writable)
        self._access[name] = Access(signal, read, write)

    def _command(self, name: str, description: str, action: Callable[[], None]) -> None:
        """A signal that can only be written: True carries `action` out."""
        self._declare(name, SignalType.BOOL, "", description, write=lambda value: action() if value else None)

    # --- memory -----------------------------------------------------------------------------------------------------

    @property
    def journal(self) -> tuple[Entry, ...]:
        """What truly happened to it lately, oldest first: more than its signals tell."""
        return tuple(self._state.journal)

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as plain data (numbers, texts, lists, dicts)."""
        return cast(dict[str, Any], TypeAdapter(type(self._state)).dump_python(self._state, mode="json"))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that `state` gave. StateError, and nothing changes, if it is not one of such a device."""
        try:
            restored = TypeAdapter(type(self._state)).validate_python(dict(state))
        except ValidationError as error:
            findings = (".".join(map(str, found["loc"])) + ": " + found["msg"] for found in error.errors())
            raise StateError(f"not a state of {self.name}: {'; '.join(findings)}") from None
        if problem := self._problem(restored):
            raise StateError(f"not a state of {self.name}: {problem}")
        self._state = restored

    def _problem(self, state: S) -> str:
        """Why this device cannot be in that state, "" if it can: what the types of its fields do not say."""
        return ""

    def _note(self, what: str, where: str = "", value: bool | int | float | str | None = None) -> None:
        journal = self._state.journal
        journal.append(Entry(self.now_ms, what, where, value))
        del journal[: -self._journal_length]

    def _word(self) -> float:
        """The next random number."""
        if self._draw is None:
            raise ValueError(f"{self.name} needs random numbers; give it a `draw`")
        self._state.words += 1
        return self._draw()
