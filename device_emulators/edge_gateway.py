"""An edge gateway: when it collects what a device has to say, and when the platform has it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState
from device_emulators.signals import SignalType, Value

NO_ARRIVAL: Final = -(1 << 60)
"""As the arrival of the message before: there was none."""


def collected_at(time_ms: int, poll_ms: int) -> int:
    """When something that happens at `time_ms` is collected: at the first round from then on, or at once (0)."""
    if poll_ms <= 0:
        return time_ms
    return (time_ms + poll_ms - 1) // poll_ms * poll_ms


def sent_at(collected_ms: int, outage_from_ms: int, outage_to_ms: int) -> int:
    """When a message is sent: as it is collected, or when the outage [from, to) in which that falls is over."""
    if outage_from_ms <= collected_ms < outage_to_ms:
        return outage_to_ms
    return collected_ms


def arrives_at(taken_ms: int, sent_ms: int, delay_ms: int, before_ms: int, spacing_ms: int) -> int:
    """When a message is with the platform: `delay_ms` after it is sent, in its turn, and after it was taken.

    `before_ms` is when the message before it of this gateway arrives, or NO_ARRIVAL; `spacing_ms` the least time
    between two.
    """
    return max(sent_ms + delay_ms, before_ms + spacing_ms, taken_ms + 1)


def seems_before(taken_ms: int, clock_offset_ms: int, counted_ms: int) -> bool:
    """Whether a message seems to be from before a count, by the gateway's clock, which is `clock_offset_ms` fast."""
    return taken_ms + clock_offset_ms <= counted_ms


class Overflow(StrEnum):
    """What a full store gives up."""

    OLDEST = "oldest"
    NEWEST = "newest"


@dataclass(frozen=True, config=STRICT)
class EdgeGatewayConfig:
    """How a gateway collects, keeps and passes on."""

    poll_ms: int = Field(default=0, ge=0, description="collects at every multiple of this; 0: as it happens")
    delay_ms: int = Field(default=0, ge=0, description="from sending to the platform")
    spacing_ms: int = Field(default=0, ge=0, description="least time between two arrivals")
    clock_offset_ms: int = Field(default=0, description="its clock minus the true time at first")
    capacity: int = Field(default=1 << 40, ge=1, description="messages it keeps while the uplink is down")
    overflow: Overflow = Field(default=Overflow.OLDEST, description="what a full store gives up")


@dataclass(config=STRICT)
class Message:
    """Something that a device had to say."""

    number: int  # in the order in which they were taken, from 1
    source: str
    taken_ms: int  # true time
    stamp_ms: int  # the gateway's clock then
    values: dict[str, bool | int | float | str]
    sent_ms: int = -1
    arrives_ms: int = -1


@dataclass(config=STRICT)
class EdgeGatewayState(DeviceState):
    """Where the messages are: not yet collected, stored while the uplink is down, on their way, arrived."""

    uplink: bool = True
    clock_offset_ms: int = 0
    poll_ms: int = Field(default=0, ge=0)
    taken: int = Field(default=0, ge=0)
    lost: int = Field(default=0, ge=0)
    delivered: int = Field(default=0, ge=0)
    last_arrival_ms: int = NO_ARRIVAL
    waiting: list[Message] = Field(default_factory=list)
    stored: list[Message] = Field(default_factory=list)
    sent: list[Message] = Field(default_factory=list)
    arrived: list[Message] = Field(default_factory=list)
    seen: dict[str, dict[str, bool | int | float | str]] = Field(default_factory=dict)


class EdgeGateway(Device[EdgeGatewayState]):
    """Takes what devices say, sends it while the uplink is up, and keeps it while it is down, to send it afterwards.

    Messages arrive in the order in which they were taken, each once. Only a store that is full loses any. With
    `spacing_ms`, a store that lost some has fewer to pass on, and so is done with the rest sooner.
    """

    def __init__(self, name: str, config: EdgeGatewayConfig) -> None:
        super().__init__(name, EdgeGatewayState(clock_offset_ms=config.clock_offset_ms, poll_ms=config.poll_ms))
        self.config = config
        self._declare("uplink", SignalType.BOOL, "", "the uplink is up", read=lambda: self._state.uplink)
        self._declare_number("taken", "messages taken so far", lambda: self._state.taken)
        self._declare_number("stored", "messages kept now", lambda: len(self._state.stored))
        self._declare_number("lost", "messages lost because the store was full", lambda: self._state.lost)
        self._declare_number("delivered", "messages that have arrived", lambda: self._state.delivered)
        self._declare(
            "clock_ms", SignalType.INT, "ms", "its clock; writing sets it", read=self._clock_ms, write=self._set_clock
        )
        self._declare(
            "poll_ms",
            SignalType.INT,
            "ms",
            "collects at every multiple of this; 0: as it happens",
            low=0,
            read=lambda: self._state.poll_ms,
            write=self._set_poll,
        )

    def _declare_number(self, name: str, description: str, read: Callable[[], int]) -> None:
        self._declare(name, SignalType.INT, "", description, low=0, read=read)

    def take(self, source: str, values: Mapping[str, Value]) -> int:
        """A device says something; returns the message's number."""
        state = self._state
        state.taken += 1
        state.waiting.append(Message(state.taken, source, self.now_ms, self._clock_ms(), dict(values)))
        self._collect()
        return state.taken

    def observe(self, source: str, values: Mapping[str, Value]) -> int | None:
        """A device shows its signals: those that changed since they were last seen make a message; its number."""
        seen = self._state.seen.setdefault(source, {})
        changed = {name: value for name, value in values.items() if name not in seen or seen[name] != value}
        seen.update(changed)
        return self.take(source, changed) if changed else None

    def set_uplink(self, up: bool) -> None:
        """The uplink breaks, or is back. What was sent at the very instant of a break and is not there yet is kept."""
        state = self._state
        if up == state.uplink:
            return
        state.uplink = up
        self._note("uplink up" if up else "uplink down", value=len(state.stored))
        if up:
            stored, state.stored = state.stored, []
            for message in stored:
                self._send(message)
            return
        held = [message for message in state.sent if message.sent_ms == self.now_ms]
        del state.sent[len(state.sent) - len(held) :]
        for message in held:
            self._store(message)

    def arrived(self) -> list[Message]:
        """Messages that have arrived since this was last asked, in the order of their arrival."""
        arrived, self._state.arrived = self._state.arrived, []
        return arrived

    def next_time(self) -> int | None:
        state = self._state
        times = [collected_at(message.taken_ms, state.poll_ms) for message in state.waiting[:1]]
        return min([*times, *(message.arrives_ms for message in state.sent[:1])], default=None)

    def _wake(self) -> None:
        state = self._state
        while state.sent and state.sent[0].arrives_ms <= self.now_ms:
            message = state.sent.pop(0)
            state.last_arrival_ms = message.arrives_ms
            state.delivered += 1
            state.arrived.append(message)
            self._note("arrived", message.source, message.number)
        self._collect()

    def _collect(self) -> None:
        """Send or store what the present round collects."""
        waiting = self._state.waiting
        while waiting and collected_at(waiting[0].taken_ms, self._state.poll_ms) <= self.now_ms:
            message = waiting.pop(0)
            if self._state.uplink:
                self._send(message)
            else:
                self._store(message)

    def _send(self, message: Message) -> None:
        state, config = self._state, self.config
        before_ms = state.sent[-1].arrives_ms if state.sent else state.last_arrival_ms
        message.sent_ms = self.now_ms
        message.arrives_ms = arrives_at(
            message.taken_ms, message.sent_ms, config.delay_ms, before_ms, config.spacing_ms
        )
        state.sent.append(message)
        self._note("sent", message.source, message.number)

    def _store(self, message: Message) -> None:
        state = self._state
        state.stored.append(message)
        self._note("stored", message.source, message.number)
        if len(state.stored) > self.config.capacity:
            gone = state.stored.pop(0 if self.config.overflow is Overflow.OLDEST else -1)
            state.lost += 1
            self._note("lost", gone.source, gone.number)

    def _clock_ms(self) -> int:
        return self.now_ms + self._state.clock_offset_ms

    def _set_clock(self, clock_ms: int) -> None:
        self._state.clock_offset_ms = clock_ms - self.now_ms
        self._note("clock set", value=clock_ms)

    def _set_poll(self, poll_ms: int) -> None:
        self._state.poll_ms = poll_ms
        self._note("polling set", value=poll_ms)
        self._collect()
