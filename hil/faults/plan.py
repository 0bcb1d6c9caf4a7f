"""The plan of a fault file: which fault of what begins and ends when. The same file gives the same plan every time."""

import random
from typing import NamedTuple

from hil.faults.kinds import Fault, Target
from hil.faults.model import Entry, FaultFile


class Planned(NamedTuple):
    """One fault of a plan, from `start_ms` to `end_ms` (equal for what happens in an instant)."""

    start_ms: int
    end_ms: int
    kind: Target
    target: str
    entry: int  # its place in the file, from 0
    repeat: int  # which time of `every`, from 0
    fault: Fault
    signals: tuple[str, ...] = ()

    @property
    def seed_text(self) -> str:
        """What sets this fault's random numbers apart from those of all others."""
        return f"{self.kind}/{self.target}/{self.fault.name}/{self.entry}/{self.repeat}"


def make_plan(faults: FaultFile, horizon_ms: int) -> tuple[Planned, ...]:
    """All faults that begin before `horizon_ms`, sorted by start, end, target and place in the file."""
    planned: list[Planned] = []
    for index, entry in enumerate(faults.faults):
        # each entry has its own numbers, so that a further entry changes nothing about the others
        numbers = random.Random(f"{faults.seed}/fault/{index}")
        kind, target = entry.target
        for repeat, start_ms in enumerate(_starts(entry, horizon_ms, numbers)):
            end_ms = start_ms + entry.lasts
            planned.append(Planned(start_ms, end_ms, kind, target, index, repeat, entry.fault, entry.signals))
    return tuple(sorted(planned, key=lambda one: one[:6]))


def _starts(entry: Entry, horizon_ms: int, numbers: random.Random) -> list[int]:
    begin_ms = entry.at if entry.at is not None else entry.every or 0
    starts = []
    while begin_ms < horizon_ms:
        start_ms = begin_ms + (numbers.randint(0, entry.jitter) if entry.jitter else 0)
        if start_ms < horizon_ms:
            starts.append(start_ms)
        if entry.every is None:
            break
        begin_ms += entry.every
    return starts
