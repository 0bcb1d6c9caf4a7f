"""The fault file: which faults, when, of what."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from device_emulators.faces.documents import Document, Path_
from hil.faults.kinds import Fault, Target, read_fault
from policies.fields import Duration, Model, PositiveDuration

MOST_FAULTS: Final = 1000
SHORTEST_PERIOD_MS: Final = 100
PROCESSES: Final = ("gateway", "broker")
"""Processes that can be targets: that of the gateway under test, and the broker that the rig runs."""

FaultField = Annotated[
    Fault,
    PlainValidator(read_fault),
    WithJsonSchema({"type": ["string", "object"], "description": "a fault's name, or name with settings"}),
]


class Entry(Model):
    """One fault, at one time or again and again."""

    at: Duration | None = Field(default=None, description="when it begins; with `every`, when it does so first")
    every: PositiveDuration | None = Field(default=None, description="it comes again after so much time")
    lasts: Duration = Field(default=0, alias="for", description="how long it holds")
    jitter: Duration = Field(default=0, description="it begins later by something uniform from 0 to this")
    link: str | None = Field(default=None, min_length=1, description="the link that it is a fault of")
    device: str | None = Field(default=None, min_length=1, description="the device that it is a fault of; *: all")
    process: Literal["gateway", "broker"] | None = Field(default=None, description="the process it is a fault of")
    signals: tuple[str, ...] = Field(default=(), description="the signals that it is a fault of")
    fault: FaultField = Field(description="what goes wrong")

    @property
    def target(self) -> tuple[Target, str]:
        """What it is a fault of: kind and name."""
        if self.link is not None:
            return "link", self.link
        if self.device is not None:
            return "device", self.device
        return "process", self.process or PROCESSES[0]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(name is not None for name in (self.link, self.device, self.process)) != 1:
            raise ValueError("name exactly one of link, device and process")
        kind = self.target[0]
        if kind != self.fault.target:
            raise ValueError(f"{self.fault.name} is a fault of a {self.fault.target}, not of a {kind}")
        if self.at is None and self.every is None:
            raise ValueError("say `at` or `every`")
        if self.every is not None and self.every < SHORTEST_PERIOD_MS:
            raise ValueError(f"`every` must be at least {SHORTEST_PERIOD_MS} ms")
        if self.lasts == 0 and not self.fault.instant:
            raise ValueError(f"say how long {self.fault.name} holds: `for`")
        if self.every is not None and self.lasts + self.jitter > self.every:
            raise ValueError("`for` and `jitter` together are longer than `every`: it would overlap itself")
        if self.fault.of_signals != bool(self.signals):
            word = "needs" if self.fault.of_signals else "takes no"
            raise ValueError(f"{self.fault.name} {word} `signals`")
        return self


class FaultFile(Model):
    """Faults of a run, and the seed of what is random about them."""

    seed: int = Field(default=1, ge=0, lt=2**63, description="seed of jitter and noise")
    faults: tuple[Entry, ...] = Field(default=(), max_length=MOST_FAULTS, description="the faults")


def check_targets(
    faults: FaultFile, document: Document, at: Path_, links: Collection[str], devices: Mapping[str, Collection[str]]
) -> list[tuple[str, Path_]]:
    """Findings about links, devices (with their signals) and processes that are not there; `at`: where the file is."""
    findings: list[tuple[str, Path_]] = []
    for index, entry in enumerate(faults.faults):
        path: Path_ = (*at, "faults", index)
        if entry.link is not None and entry.link not in links:
            findings.append((_unknown("link", entry.link, links), (*path, "link")))
        if entry.device is not None:
            findings += _device_findings(entry, path, devices)
    return findings


def _device_findings(entry: Entry, path: Path_, devices: Mapping[str, Any]) -> list[tuple[str, Path_]]:
    assert entry.device is not None
    if entry.device != "*" and entry.device not in devices:
        return [(_unknown("device", entry.device, devices), (*path, "device"))]
    meant = devices if entry.device == "*" else [entry.device]
    known = {signal for name in meant for signal in devices[name]}
    return [
        (_unknown("signal", signal, known), (*path, "signals", place))
        for place, signal in enumerate(entry.signals)
        if signal not in known
    ]


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    return f"there is no {what} {name!r}; there are {', '.join(sorted(known)) or 'none'}"
