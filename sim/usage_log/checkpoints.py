"""Signed checkpoints: what the log was at the end of a month, in a text that is signed.

The text is a checkpoint of C2SP tlog-checkpoint: the log's origin, its size and its root (base64), a line each, and
then lines of ours: the instant in the run's own time, the reason, and the SHA-256 of the checkpoint before.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import numpy as np

from sim.usage_log.entries import Int64Array, printable
from sim.usage_log.merkle import HASH_BYTES, MerkleTree
from sim.usage_log.signing import PublicKey, SigningKey

FORMAT: Final = "mro-twin usage log checkpoints 1"
OPENED: Final = "log opened"
MONTH_END: Final = "end of the month"
RUN_END: Final = "end of the run"
REASONS: Final = (OPENED, MONTH_END, RUN_END)
FIRST: Final = "0" * 64
"""`previous` of the first checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """The log at an instant, signed.

    Attributes:
        origin: which log. size: entries with the header. root: of the tree over them.
        time_ms: everything that the platform had learnt before this instant of the run is in (at the end: all).
        previous: SHA-256 of the text of the checkpoint before, in hex; zeros for the first.
        signature: base64, see `signing`.
    """

    origin: str
    size: int
    root: bytes
    time_ms: int
    reason: str
    previous: str
    signature: str = ""

    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        own = f"time_ms {self.time_ms}\nreason {self.reason}\nprevious {self.previous}\n"
        return f"{self.origin}\n{self.size}\n{root}\n{own}"

    def digest(self) -> str:
        """What the next checkpoint calls its previous one."""
        return sha256(self.text().encode()).hexdigest()

    def is_signed_by(self, key: PublicKey) -> bool:
        return key.verifies(self.text(), self.signature)

    def as_dict(self, start: datetime) -> dict[str, Any]:
        """Plain data for JSON, with the date for people."""
        return {
            "size": self.size,
            "time_ms": self.time_ms,
            "at": date_of(start, self.time_ms),
            "reason": self.reason,
            "root": self.root.hex(),
            "previous": self.previous,
            "signature": self.signature,
        }


_TYPES: Final = {
    "size": int,
    "time_ms": int,
    "at": str,
    "reason": str,
    "root": str,
    "previous": str,
    "signature": str,
}


def read_checkpoint(data: object, origin: str, start: datetime) -> Checkpoint:
    """A checkpoint of the log `origin` from JSON data; ValueError when it is none."""
    if not isinstance(data, dict) or {name: type(value) for name, value in data.items()} != _TYPES:
        raise ValueError(f"a checkpoint has the keys {', '.join(_TYPES)}, numbers and texts")
    root = bytes.fromhex(data["root"])
    if (
        root.hex() != data["root"]
        or len(root) != HASH_BYTES
        or not 1 <= data["size"] < 1 << 62
        or data["reason"] not in REASONS
    ):
        raise ValueError("a checkpoint has a size from 1, a root of 64 hex digits and a reason")
    if not re.fullmatch("[0-9a-f]{64}", data["previous"]):
        raise ValueError("`previous` of a checkpoint has 64 hex digits")
    if data["at"] != date_of(start, data["time_ms"]):
        raise ValueError(f"the date {printable(data['at'])!r} is not that of time_ms {data['time_ms']}")
    texts = data["reason"], data["previous"], data["signature"]
    return Checkpoint(origin, data["size"], root, data["time_ms"], *texts)


def date_of(start: datetime, time_ms: int) -> str:
    """An instant of the run in ISO form; ValueError where no calendar reaches."""
    try:
        return (start + timedelta(milliseconds=time_ms)).isoformat()
    except OverflowError:
        raise ValueError(f"time_ms {time_ms} is beyond any calendar") from None


def month_ends(start: datetime, from_ms: int, to_ms: int) -> Iterator[int]:
    """The midnights at which calendar months end, after from_ms and before to_ms, in ms since the start."""
    first = start + timedelta(milliseconds=from_ms)
    year, month = first.year, first.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        time_ms = (datetime(year, month, 1) - start) // timedelta(milliseconds=1)
        if time_ms >= to_ms:
            return
        yield time_ms


def sign_checkpoints(
    tree: MerkleTree, origin: str, time_ms: Int64Array, span: tuple[datetime, int, int], key: SigningKey
) -> list[Checkpoint]:
    """The checkpoints of a finished log.

    Args:
        tree: over header and rows. time_ms: when each row was learnt, (n,).
        span: the run's start date, and its first and last instant in ms since then.
        key: signs them.
    """
    start, from_ms, to_ms = span
    # a row counts as of a month only if all rows before it do, so that a checkpoint is always a beginning of the log
    latest = np.maximum.accumulate(time_ms)
    instants = [(from_ms, OPENED, 1)]
    for end in month_ends(start, from_ms, to_ms):
        instants.append((end, MONTH_END, 1 + int(np.searchsorted(latest, end))))
    instants.append((to_ms, RUN_END, tree.size))
    found: list[Checkpoint] = []
    for instant, reason, size in instants:
        previous = found[-1].digest() if found else FIRST
        plain = Checkpoint(origin, size, tree.root(size), instant, reason, previous)
        found.append(replace(plain, signature=key.sign(plain.text())))
    return found


def checkpoints_text(checkpoints: Sequence[Checkpoint], start: datetime) -> str:
    """The content of checkpoints.json."""
    data = {"format": FORMAT, "checkpoints": [one.as_dict(start) for one in checkpoints]}
    return json.dumps(data, indent=1) + "\n"
