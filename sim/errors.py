"""What can go wrong in a run, with the exit code of the command line (0 done, 1 a target was missed).

Bad input (exit code 2) has its own class beside the scenario language, `sim.scenario.ScenarioError`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class TwinError(Exception):
    """An error with a message for the user; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 2


class RunDirectoryError(TwinError):
    """The run directory cannot be made, read or resumed. Nothing was simulated."""


class DecisionError(TwinError):
    """A policy that decides in Python failed, or returned what is no need."""


class ContractError(TwinError):
    """A term of a contract failed, or returned what is no charge."""


class RunFailedError(TwinError):
    """The machine failed during the run (full disk, killed worker). Finished replications are kept."""

    exit_code = 4


class RunInterruptedError(TwinError):
    """The user stopped the run. Finished replications are kept and the run can be resumed."""

    exit_code = 130


@dataclass(frozen=True)
class Break:
    """One place where the books do not close: `what` of an item at a node should be `expected` and is `found`.

    Without a node it is the item's of the whole network; without an item the place is no node, and `node` says what.
    """

    what: str
    item: str
    node: str
    expected: int
    found: int

    def __str__(self) -> str:
        place = f"item {self.item} at node {self.node}" if self.node else f"item {self.item}, whole network"
        if not self.item:
            place = self.node
        return f"{place}: {self.what} should be {self.expected} and is {self.found}"


class ConservationError(TwinError):
    """Stock appeared or vanished: an error of the model itself, never of its input.

    Attributes:
        replication: in which replication.
        breaks: the places, the first of them in the message.
        total: how many places there are in all.
    """

    exit_code = 3
    shown: ClassVar[int] = 10

    def __init__(self, replication: int, breaks: Sequence[Break], total: int) -> None:
        super().__init__(replication, breaks, total)  # what pickling hands back to a new instance
        self.replication = replication
        self.breaks = tuple(breaks)
        self.total = total

    def __str__(self) -> str:
        lines = [f"conservation is broken in replication {self.replication}, at {self.total} places:"]
        lines += [f"  {one}" for one in self.breaks[: self.shown]]
        if self.total > self.shown:
            lines.append(f"  ... and {self.total - self.shown} more")
        return "\n".join(lines)
