"""What can go wrong when a lot is traced."""

from collections.abc import Sequence
from typing import ClassVar

from sim.errors import Break, TwinError


class TraceError(TwinError):
    """The question cannot be answered as it was asked: no such lot, item, node, person or machine. Exit code 2."""


class LotsDoNotAddUpError(TwinError):
    """The records do not account for every unit of every lot. Exit code 3.

    Attributes:
        breaks: the places, the first of them in the message.
    """

    exit_code = 3
    shown: ClassVar[int] = 10

    def __init__(self, replication: int, breaks: Sequence[Break]) -> None:
        super().__init__(replication, breaks)
        self.replication = replication
        self.breaks = tuple(breaks)

    def __str__(self) -> str:
        head = f"the lots of replication {self.replication} do not add up, at {len(self.breaks)} places:"
        lines = [head, *(f"  {one}" for one in self.breaks[: self.shown])]
        if len(self.breaks) > self.shown:
            lines.append(f"  ... and {len(self.breaks) - self.shown} more")
        return "\n".join(lines)
