"""What the signer said: the public key, the header and the checkpoints of a log, and what is wrong with them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sim.usage_log.checkpoints import OPENED, RUN_END, Checkpoint, read_checkpoint
from sim.usage_log.entries import Header
from sim.usage_log.errors import UsageLogError
from sim.usage_log.log import CHECKPOINTS, PUBLIC_KEY
from sim.usage_log.mismatches import Mismatch, What
from sim.usage_log.signing import PublicKey, read_public_key


@dataclass(frozen=True)
class Statements:
    """What a log's signer said.

    Attributes:
        key: that the checkpoints were held against; None where there is none.
        checkpoints: with a valid signature, in order of size; if there are none, all that can be read.
        signed: whether they have.
        written: number of checkpoints in the file.
    """

    key: PublicKey | None
    checkpoints: Sequence[Checkpoint]
    signed: bool
    mismatches: Sequence[Mismatch]


def read_statements(folder: Path, headers: Sequence[Header], horizon_ms: int, trusted: PublicKey | None) -> Statements:
    """Read the key and the checkpoints in a log's folder.

    Args:
        headers: what the log may be of, at least one; the one that most signatures fit is taken.
        horizon_ms: the end of the run, where the last checkpoint has to be.
        trusted: the key that the caller has from elsewhere; None believes the one beside the log.
    """
    key, wrong = _key(folder, trusted)
    try:
        data = _checkpoint_data(folder / CHECKPOINTS)
    except ValueError as error:
        wrong.append(Mismatch(What.UNREADABLE, CHECKPOINTS, str(error)))
        data = []
    readings = [_read(data, header, key) for header in headers]
    reading = max(readings, key=lambda one: (len(one.signed), len(one.plain)))
    wrong += reading.mismatches
    wrong += _gaps(reading.signed, len(data), horizon_ms)
    if key is None:
        wrong.append(Mismatch(What.REWRITTEN, CHECKPOINTS, "there is no key to verify the signatures with"))
    elif all(one.reason == OPENED for one in reading.signed.values()):
        said = "no checkpoint of any entries has a valid signature: somebody without this key has rewritten the log"
        wrong.append(Mismatch(What.REWRITTEN, CHECKPOINTS, said))
    known = sorted(reading.signed.values() or reading.plain, key=lambda one: one.size)
    return Statements(key, known, bool(reading.signed), wrong)


def _key(folder: Path, trusted: PublicKey | None) -> tuple[PublicKey | None, list[Mismatch]]:
    try:
        beside = read_public_key(folder / PUBLIC_KEY)
    except UsageLogError as error:
        return trusted, [Mismatch(What.UNREADABLE, PUBLIC_KEY, str(error))]
    if trusted is not None and trusted.raw != beside.raw:
        said = (
            f"the key beside the log ({beside.fingerprint[:16]}...) is not yours ({trusted.fingerprint[:16]}...): the "
            "log was rewritten and signed anew, or is somebody else's"
        )
        return trusted, [Mismatch(What.OTHER_KEY, PUBLIC_KEY, said)]
    return trusted or beside, []


def _checkpoint_data(file: Path) -> list[Any]:
    """The checkpoints as JSON data; ValueError says why there are none."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from error
    found = data.get("checkpoints") if isinstance(data, dict) else None
    if not isinstance(found, list) or not found:
        raise ValueError("has no list `checkpoints`")
    return found


@dataclass
class _Reading:
    """The checkpoints as those of one log: by their place in the file if they are signed; all that can be read."""

    signed: dict[int, Checkpoint] = field(default_factory=dict)
    plain: list[Checkpoint] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)


def _read(data: Sequence[Any], header: Header, key: PublicKey | None) -> _Reading:
    start = datetime.fromisoformat(header.start)
    found = _Reading()
    for place, one in enumerate(data):
        try:
            checkpoint = read_checkpoint(one, header.origin, start)
        except ValueError as error:
            said = f"checkpoint {place} was edited: {error}"
            found.mismatches.append(Mismatch(What.CHECKPOINT, CHECKPOINTS, said))
            continue
        found.plain.append(checkpoint)
        if key is not None and checkpoint.is_signed_by(key):
            found.signed[place] = checkpoint
        else:
            said = f"checkpoint {place} ({checkpoint.reason}, size {checkpoint.size}) is not what was signed"
            found.mismatches.append(Mismatch(What.CHECKPOINT, CHECKPOINTS, said))
    return found


def _gaps(signed: Mapping[int, Checkpoint], places: int, horizon_ms: int) -> Iterator[Mismatch]:
    """Checkpoints that are not there: each names the one before it, and the last is at the end of the run.

    What stands beside an edited one is left out: that there is something wrong has been said.
    """
    if 0 in signed and signed[0].reason != OPENED:
        yield Mismatch(What.CHECKPOINT, CHECKPOINTS, "the checkpoint of the log's opening is missing")
    for place, one in signed.items():
        following = signed.get(place + 1)
        if following is not None and following.previous != one.digest():
            said = f"between checkpoints {place} and {place + 1} one is missing, or their order was changed"
            yield Mismatch(What.CHECKPOINT, CHECKPOINTS, said)
    last = signed.get(places - 1)
    if last is not None and (last.reason != RUN_END or last.time_ms != horizon_ms):
        which = f"{last.reason}, size {last.size}"
        said = f"the last checkpoint ({which}) is not that of the end of the run: the rest was cut off"
        yield Mismatch(What.CUT_OFF, CHECKPOINTS, said, last.size)
