"""The history that a verdict is made of: what devices showed, what the observer saw, and what was broken when."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from device_emulators.signals import Value

Span = tuple[int, int]
"""From (included) to (excluded), ms."""


class Truth(NamedTuple):
    """A change that a device showed. What a gateway is judged by, whether the sensor was right or wrong."""

    device: str
    epoch: int
    number: int
    signal: str
    value: Value
    time_ms: int  # the device's own clock
    shown_ms: int  # the twin's time


class Report(NamedTuple):
    """A reading that the observer saw, as far as the gateway said: None where it did not."""

    device: str
    signal: str | None
    value: Value | None
    number: int | None
    time_ms: int | None  # the stamp
    seen_ms: int  # the twin's time at which the observer had it
    epoch: int | None = None


class Cause(StrEnum):
    """What an outage is an outage of."""

    DEVICE_LINK = "device link"
    DEVICE = "device"
    UPLINK = "uplink"
    BROKER = "broker"
    GATEWAY = "gateway"


class Outage(NamedTuple):
    """Something did not work from `from_ms` to `to_ms`. `devices`: those it concerns; empty: all."""

    cause: Cause
    fault: str
    from_ms: int
    to_ms: int
    devices: frozenset[str] = frozenset()

    def concerns(self, device: str) -> bool:
        """Whether the device's readings can have suffered."""
        return not self.devices or device in self.devices


@dataclass(frozen=True)
class Rules:
    """What a suite states about the gateway, all in ms."""

    poll_ms: int = 1000  # how often it is to read a device; what is shown for a shorter time may go unseen
    settle_ms: int = 15_000  # time it is given after each outage
    late_ms: int = 5_000  # a report that comes later than this after the change is late
    tolerance_ms: int = 1_000  # stamps may be off by so much
    relative: float = 1e-6  # share by which numbers with a fraction may differ (float32 on the way)


@dataclass(frozen=True)
class History:
    """Everything that a verdict follows from."""

    end_ms: int
    truths: Sequence[Truth]
    reports: Sequence[Report]
    outages: Sequence[Outage] = ()
    polls: "dict[str, Sequence[int]] | None" = None  # when all of a device was read, where that is known
    passed: Iterable[Report] = ()  # what the uplink's relay saw pass
    journals: "dict[str, int] | None" = None  # changes that a device's journal holds; not in it: last value only


def write_truths(truths: Iterable[Truth], wanted: Callable[[Truth], bool], file: Path) -> None:
    """The truths as JSON lines in the order in which they were shown, as evidence; `wanted`: to be delivered."""
    with file.open("w", encoding="ascii", newline="\n") as lines:
        for truth in truths:
            entry = {**truth._asdict(), "wanted": wanted(truth)}
            lines.write(json.dumps(entry, separators=(",", ":")) + "\n")


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union of spans as sorted spans that do not touch."""
    result: list[Span] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def without(span: Span, holes: Sequence[Span]) -> list[Span]:
    """What is left of a span without holes, which are sorted and do not touch (as of `merged`)."""
    left, (start, end) = [], span
    for at in range(bisect_right(holes, start, key=lambda hole: hole[1]), len(holes)):
        hole_start, hole_end = holes[at]
        if hole_start >= end:
            break
        if hole_start > start:
            left.append((start, hole_start))
        start = max(start, hole_end)
    if start < end:
        left.append((start, end))
    return left


def length(spans: Iterable[Span]) -> int:
    """The time in spans, ms."""
    return sum(end - start for start, end in spans)
