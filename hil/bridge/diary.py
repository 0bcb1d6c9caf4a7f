"""What became of the nodes of a bridge: their modes, and their devices taken, lost and back."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ModeSwitch:
    """A node came into a mode at an instant of the twin; `url` is that of its device, empty without one."""

    time_ms: int
    mode: str
    url: str = ""


@dataclass
class Outage:
    """A device that had been taken was not to be read; `until_ms` None: up to the end of its mode."""

    device: str
    from_ms: int
    reason: str
    until_ms: int | None = None


@dataclass(frozen=True)
class Command:
    """A device was told a level, units; `refusal`: why it did not take it, empty when it did."""

    time_ms: int
    device: str
    signal: str
    units: int
    refusal: str = ""


@dataclass
class Diary:
    """Of one node. `now_ms` is the twin's time; `say` tells people what has just happened, a line each."""

    now_ms: Callable[[], int]
    say: Callable[[str], None] = lambda line: None
    switches: list[ModeSwitch] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)

    @property
    def never_taken(self) -> tuple[str, ...]:
        """Devices that were bound, and never read."""
        return tuple(sorted(self.bound - self.read))

    def taken(self, device: str) -> None:
        """It holds the truth from now on."""
        self.read.add(device)
        self.say(f"{device}: taken")

    def lost(self, device: str, reason: str) -> None:
        """It cannot be read any more."""
        self.outages.append(Outage(device, self.now_ms(), reason))
        self.say(f"{device}: lost: {reason}")

    def back(self, device: str) -> None:
        """It is read again."""
        for outage in self.outages:
            if outage.device == device and outage.until_ms is None:
                outage.until_ms = self.now_ms()
                self.say(f"{device}: back")

    def as_dict(self) -> dict[str, Any]:
        """For results."""
        return {
            "switches": [asdict(one) for one in self.switches],
            "outages": [asdict(one) for one in self.outages],
            "commands": [asdict(one) for one in self.commands],
        }
