"""A device as its faces show it: readings, changes with numbers, and a journal of the last of them."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from device_emulators.device import Device
from device_emulators.signals import Signal, SignalError, SignalType, Value

RING = 256
"""Changes that a journal holds unless another number is wanted."""

T = TypeVar("T")

ShownMs = Callable[[int], int]
"""What the clock of a device shows, ms, at a time of its life."""


def as_lived(time_ms: int) -> int:
    """A clock that shows the very time."""
    return time_ms


class Status(StrEnum):
    """How far a reading can be trusted."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


class Change(NamedTuple):
    """A signal came to show something else. `time_ms` is the device's own clock."""

    number: int
    time_ms: int
    signal: str
    value: Value


class Reading(NamedTuple):
    """What a signal shows, and the change since which it does."""

    value: Value
    number: int
    time_ms: int
    status: Status


@dataclass
class Disturbance:
    """What is wrong with a device as seen from outside, at present. Fault plans set it; faces and the host obey."""

    # by signal, before numbering: what it shows of a true value; called often, so equal until something is new
    distort: dict[str, Callable[[Value], Value]] = field(default_factory=dict)
    status: dict[str, Status] = field(default_factory=dict)
    skew_ms: int = 0  # of its clock
    exception: int | None = None  # Modbus exception code of every answer
    silent: bool = False  # nothing is answered
    late_ms: int = 0  # every answer comes so much later
    stray: bool = False  # an answer that nobody asked for goes before every answer
    journal_full: bool = False  # what changes is shown, and no longer kept


class Host:
    """One device, shown to faces. Everything that is done to the device goes through `advance`, `write` and `act`."""

    def __init__(self, kind: str, device: Device[Any], ring: int = RING, shown_ms: ShownMs = as_lived) -> None:
        """`kind` is the type of its map file; `ring` changes are kept in the journal (0: it has none). `shown_ms`: what
        its clock shows; it lives by another time where a twin runs faster than the wall's clock."""
        self.kind = kind
        self._shown_ms = shown_ms
        self.device = device
        self.ring = ring
        self.signals: Mapping[str, Signal] = device.signals
        self.disturbance = Disturbance()
        self.epoch = 1
        self.boots = 0
        self.sequence = 0
        self._shown: dict[str, Reading] = {}
        self._journal: deque[Change] = deque(maxlen=ring)
        self._listeners: list[Callable[[Host, Change], None]] = []
        self._watchers: list[Callable[[Host], None]] = []
        self._comparing = False
        self._stale = False
        self._compare()

    @property
    def name(self) -> str:
        return self.device.name

    @property
    def clock_ms(self) -> int:
        """The device's own clock."""
        return self._shown_ms(self.device.now_ms) + self.disturbance.skew_ms

    # --- what happens to it -------------------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Time passes; what the device does by itself is shown at its own instants."""
        while (due := self.device.next_time()) is not None and due <= now_ms:
            self.device.advance(max(due, self.device.now_ms))
            self._compare()
        if now_ms > self.device.now_ms:
            self.device.advance(now_ms)
        self._compare()

    def write(self, name: str, value: object) -> None:
        """A face tells the device something. SignalError and RefusedError as of Device.write."""
        try:
            self.device.write(name, value)
        finally:
            self._compare()

    def act(self, action: Callable[[], T]) -> T:
        """Somebody does something at the device itself: puts, takes, opens."""
        try:
            return action()
        finally:
            self._compare()

    def reboot(self, keeps_numbers: bool) -> None:
        """It starts anew: its journal is empty; with its numbers lost, they begin at 1 again."""
        self._journal.clear()
        self.boots += 1
        if not keeps_numbers:
            self.epoch += 1
            self.sequence = 0
            self._shown.clear()
        self.refresh()

    def refresh(self) -> None:
        """Something about `disturbance` is new: show what follows from it."""
        self._compare()
        for watcher in tuple(self._watchers):
            watcher(self)

    # --- what it shows ------------------------------------------------------------------------------------------------

    def reading(self, name: str) -> Reading:
        """What one signal shows. SignalError when there is none such to be read."""
        reading = self._shown.get(name)
        if reading is None:
            raise SignalError(f"{self.name} has no signal {name!r} to be read; it has {', '.join(self._shown)}")
        status = self.disturbance.status.get(name)
        return reading if status is None else reading._replace(status=status)

    def readings(self) -> dict[str, Reading]:
        """All of them."""
        return {name: self.reading(name) for name in self._shown}

    @property
    def journal(self) -> tuple[Change, ...]:
        """The last changes, oldest first."""
        return tuple(self._journal)

    def listen(self, listener: Callable[["Host", Change], None]) -> Callable[[], None]:
        """Call `listener` at every change from now on; returns what ends that."""
        return _added(self._listeners, listener)

    def watch(self, watcher: Callable[["Host"], None]) -> Callable[[], None]:
        """Call `watcher` when status, silence or numbering changed without a value; returns what ends that."""
        return _added(self._watchers, watcher)

    def _compare(self) -> None:
        """Number what differs from what was shown. A listener that does something to the device in turn is served
        after the others have heard of this change, so that all hear of all in the order of their numbers."""
        self._stale = True
        if self._comparing:
            return
        self._comparing = True
        try:
            while self._stale:
                self._stale = False
                for change in [change for name, value in self._values() if (change := self._change(name, value))]:
                    for listener in tuple(self._listeners):
                        listener(self, change)
        finally:
            self._comparing = False

    def _values(self) -> Iterator[tuple[str, Value]]:
        distort = self.disturbance.distort
        for name, value in self.device.read().items():
            if name in distort:
                value = _possible(self.signals[name], distort[name](value), value)
            yield name, value

    def _change(self, name: str, value: Value) -> Change | None:
        before = self._shown.get(name)
        if before is not None and type(before.value) is type(value) and before.value == value:
            return None
        self.sequence += 1
        change = Change(self.sequence, self.clock_ms, name, value)
        self._shown[name] = Reading(value, change.number, change.time_ms, Status.GOOD)
        if self.ring and not self.disturbance.journal_full:
            self._journal.append(change)
        return change


def _added(heard: list[T], one: T) -> Callable[[], None]:
    """Adds one to a list; returns what takes it off again, once."""
    heard.append(one)

    def end() -> None:
        if one in heard:
            heard.remove(one)

    return end


def _possible(signal: Signal, value: Value, true_value: Value) -> Value:
    """The value as its signal can show it: the nearest in its range; the true one where there is no nearest."""
    if signal.type in (SignalType.INT, SignalType.FLOAT):
        if isinstance(value, bool | str) or not math.isfinite(value):
            return true_value
        number = value if signal.low is None else max(value, signal.low)
        number = number if signal.high is None else min(number, signal.high)
        return round(number) if signal.type is SignalType.INT else float(number)
    try:
        return signal.checked(value)
    except SignalError:
        return true_value
