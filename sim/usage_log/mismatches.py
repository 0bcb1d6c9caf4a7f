"""What does not fit in a usage log: the words and the data of one finding."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class What(StrEnum):
    """Kinds of things that do not fit."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT_OFF = "cut off"
    CHANGED = "changed"  # somewhere in a range; where, is not known
    UNSIGNED = "unsigned"  # under no checkpoint that can be trusted
    REWRITTEN = "rewritten"  # no valid signature
    OTHER_KEY = "other key"
    CHECKPOINT = "checkpoint"
    OTHER_RUN = "other run"
    NAMES = "names"
    UNREADABLE = "unreadable"
    REMOVED = "removed"  # all of the log
    MANIFEST = "manifest"  # manifest.json speaks of another log


@dataclass(frozen=True)
class Mismatch:
    """One thing that does not fit.

    Attributes:
        file: where it was found. message: what it is, for people.
        first_entry, last_entry: the entries of the signed log that it is about (0: the header); None: of none.
        time, node, item: of the first of these entries, where it is known; time as date and time of the run.
    """

    kind: What
    file: str
    message: str
    first_entry: int | None = None
    last_entry: int | None = None
    time: str | None = None
    node: str | None = None
    item: str | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return asdict(self)
