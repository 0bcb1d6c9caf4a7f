"""What is wrong with a link at present."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """The faults of a link that hold at one time, together. The default: none."""

    refuse: bool = False  # nobody listens, and connections are reset
    reset: bool = False  # connections are reset, new ones at once
    blackhole: bool = False  # nothing passes, connections stay
    ackhole: bool = False  # nothing passes to the client
    cut: bool = False  # the next piece passes by half, then the connection is closed
    duplicate: bool = False  # every piece passes twice
    delay_ms: int = 0
    jitter_ms: int = 0  # further delay, uniform in [0, jitter]
    bytes_per_s: int = 0  # 0: no limit

    def names(self) -> list[str]:
        """The faults in words, in fixed order."""
        flags = ("refuse", "reset", "blackhole", "ackhole", "cut", "duplicate")
        names = [name for name in flags if getattr(self, name)]
        if self.delay_ms or self.jitter_ms:
            names.append("delay")
        return [*names, "slow"] if self.bytes_per_s else names


def together(conditions: Sequence[Condition]) -> Condition:
    """What holds when all of these do: delays add up, the slowest rate counts."""
    rates = [one.bytes_per_s for one in conditions if one.bytes_per_s]
    return Condition(
        refuse=any(one.refuse for one in conditions),
        reset=any(one.reset for one in conditions),
        blackhole=any(one.blackhole for one in conditions),
        ackhole=any(one.ackhole for one in conditions),
        cut=any(one.cut for one in conditions),
        duplicate=any(one.duplicate for one in conditions),
        delay_ms=sum(one.delay_ms for one in conditions),
        jitter_ms=sum(one.jitter_ms for one in conditions),
        bytes_per_s=min(rates, default=0),
    )
