"""Checks a proof with nothing else than a public key: no run directory, no network, no table.

A proof comes from the party that wants to be paid, so nothing in it is believed: sizes are bounded, types are looked
at, and every word that is shown is worked out from the bytes that were proven.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sim.columns import R_SHORT
from sim.usage_log.checkpoints import Checkpoint, read_checkpoint
from sim.usage_log.entries import COLUMNS, ROW_BYTES, Header, StockPoint, Words, printable, rows_of
from sim.usage_log.errors import UsageLogError
from sim.usage_log.merkle import HASH_BYTES, consistency_holds, inclusion_holds, leaf_hash
from sim.usage_log.signing import KEY_BYTES, PublicKey

PROOF_FORMAT: Final = "mro-twin usage proof 1"
MOST_ENTRIES: Final = 100_000
MOST_BYTES: Final = 256 << 20
_MOST_PATH: Final = 64
_MOST_SAID: Final = 300
_KEYS: Final = {
    "format": str,
    "header": str,
    "header_path": list,
    "public_key": str,
    "checkpoints": list,
    "consistency": list,
    "stock_points": list,
    "entries": list,
    "hashes": list,
}

_ENTRY_KEYS: Final = frozenset({"entry", "bytes", "path", "words"})
_NAME_KEYS: Final = frozenset({"index", "line", "path"})


@dataclass(frozen=True)
class Shown:
    """An entry that a proof shows: its number in the log, and what its bytes say."""

    entry: int
    words: str
    stock_point: int
    units: int
    kind: int


@dataclass(frozen=True)
class Checked:
    """What a proof proves, if there are no `findings`.

    Attributes:
        since, until: the first checkpoint that has the entries, and the last one of the log.
        totals: of each stock point that appears, place and amount of what the record says was used; without what was
            short, net of what came back.
        item_totals: the same of each item over all places, to be held against the quantity of an invoice line.
        invoice_line: what the proof says that it was made for; nothing proves that.
    """

    header: Header
    key: PublicKey
    since: Checkpoint
    until: Checkpoint
    entries: Sequence[Shown]
    totals: Sequence[tuple[str, str]]
    item_totals: Sequence[tuple[str, str]]
    invoice_line: int | None
    findings: Sequence[str]


def read_proof(file: Path) -> Mapping[str, Any]:
    """The data in a proof's file; UsageLogError when it is no proof."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)  # the size of a file may change, and a device has none
        if len(content) > MOST_BYTES:
            raise UsageLogError(f"{file} is too large for a proof: more than {MOST_BYTES:,} bytes")
        data = json.loads(content.decode("utf-8"))
    except OSError as error:
        raise UsageLogError(f"{file} cannot be read: {error.strerror or error}") from error
    except RecursionError:
        raise UsageLogError(f"{file} is no proof: it is nested too deeply") from None
    except ValueError as error:
        raise UsageLogError(f"{file} is no proof: {error}") from error
    if not isinstance(data, dict) or data.get("format") != PROOF_FORMAT:
        raise UsageLogError(f"{file} is no proof of format {PROOF_FORMAT!r}; `mro-twin ledger proof` writes one")
    return data


def check_proof(data: Mapping[str, Any], trusted: PublicKey | None = None) -> Checked:
    """Check a proof; UsageLogError when it is not written as one, findings when it does not hold.

    Args:
        trusted: the key that the caller knows; None takes the one in the proof, which shows only that somebody signed.
    """
    try:
        return _check(data, trusted)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        said = printable(str(error))  # of the file's own words, maybe
        raise UsageLogError(f"this is no whole proof: {said[:_MOST_SAID]}") from error


def _check(data: Mapping[str, Any], trusted: PublicKey | None) -> Checked:
    _check_types(data)
    hashes = [_bytes(one, HASH_BYTES, "a hash") for one in data["hashes"]]

    def path(numbers: object) -> list[bytes]:
        return [hashes[number] for number in _path(numbers, len(hashes))]

    line = data["header"].encode("ascii")
    header = Header.from_line(line)
    start = datetime.fromisoformat(header.start)
    marks = [read_checkpoint(one, header.origin, start) for one in data["checkpoints"]]
    since, until = marks[0], marks[-1]
    key = trusted or PublicKey(_bytes(data["public_key"], KEY_BYTES, "the public key"))
    findings = list(_signatures(marks, key, data["public_key"]))
    if not consistency_holds(since.size, until.size, since.root, until.root, path(data["consistency"])):
        findings.append("the last checkpoint does not continue the first: they are of two different logs")
    if not inclusion_holds(leaf_hash(line), 0, since.size, path(data["header_path"]), since.root):
        findings.append("the header is not the log's")
    points: dict[int, StockPoint] = {}
    root = bytes.fromhex(header.stock_points_root)
    for one in data["stock_points"]:
        _check_keys(one, _NAME_KEYS)
        name = one["line"].encode("ascii")
        point = StockPoint.from_line(name)
        if not inclusion_holds(leaf_hash(name), _number(one["index"]), header.stock_points, path(one["path"]), root):
            findings.append(f"the name of stock point {point.stock_point} is not the log's")
        points[point.stock_point] = point
    words = Words(start, points)
    shown = []
    for one in data["entries"]:
        _check_keys(one, _ENTRY_KEYS)
        number, content = _number(one["entry"]), _bytes(one["bytes"], ROW_BYTES, "an entry")
        shown.append(entry := _shown(number, content, words))
        if not inclusion_holds(leaf_hash(content), number, since.size, path(one["path"]), since.root):
            findings.append(f"entry {number} is not in the log as it is shown: {entry.words}")
        elif one["words"] != entry.words:
            findings.append(f"entry {number} says `{entry.words}`, and not what the proof says beside it")
        if entry.stock_point not in points:
            findings.append(f"entry {number} is of stock point {entry.stock_point}, whose name the proof leaves out")
    if len({one.entry for one in shown}) < len(shown):
        findings.append("an entry is shown twice")
    line_number = data.get("invoice_line")
    made_for = None if line_number is None else _number(line_number)
    totals = list(_totals(shown, words)), list(_item_totals(shown, points, words))
    return Checked(header, key, since, until, shown, *totals, made_for, findings)


def _signatures(marks: Sequence[Checkpoint], key: PublicKey, stated: str) -> Iterator[str]:
    if _bytes(stated, KEY_BYTES, "the public key") != key.raw:
        yield "the key in the proof is not yours"
    for one in marks:
        if not one.is_signed_by(key):
            yield f"the signature of the checkpoint of size {one.size} ({one.reason}) is not valid"


def _shown(number: int, content: bytes, words: Words) -> Shown:
    row = rows_of(content)[0].tolist()
    one = dict(zip(COLUMNS, row, strict=True))
    return Shown(number, words.entry(row), one["stock_point"], one["quantity"], one["kind"])


def _totals(shown: Sequence[Shown], words: Words) -> Iterator[tuple[str, str]]:
    """Place and net amount per stock point."""
    for point, total in _net_units(shown).items():
        yield words.place(point), words.amount(point, total)


def _item_totals(shown: Sequence[Shown], points: Mapping[int, StockPoint], words: Words) -> Iterator[tuple[str, str]]:
    """Item and net amount over all places that measure it alike."""
    units: dict[tuple[str, str, float], int] = {}
    where: dict[tuple[str, str, float], int] = {}
    for point, total in _net_units(shown).items():
        if (named := points.get(point)) is not None:
            item = named.item, named.unit, named.natural_units
            units[item] = units.get(item, 0) + total
            where[item] = point
    for item, total in units.items():
        yield printable(item[0]), words.amount(where[item], total)


def _net_units(shown: Sequence[Shown]) -> dict[int, int]:
    """Units by stock point, in order of their numbers."""
    units: dict[int, int] = {}
    for one in shown:
        if one.kind != R_SHORT:
            units[one.stock_point] = units.get(one.stock_point, 0) + one.units
    return dict(sorted(units.items()))


# --- types ------------------------------------------------------------------------------------------------------------
def _check_types(data: Mapping[str, Any]) -> None:
    extra = set(data) - set(_KEYS) - {"invoice_line"}
    if extra:
        raise ValueError(f"it has the unknown key {min(extra)[:40]!r}")
    for name, kind in _KEYS.items():
        if type(data[name]) is not kind:
            raise ValueError(f"`{name}` is of the wrong type")
    if data["format"] != PROOF_FORMAT:
        raise ValueError(f"its format is not {PROOF_FORMAT!r}, the only one that this version reads")
    if not 1 <= len(data["entries"]) <= MOST_ENTRIES or not 1 <= len(data["checkpoints"]) <= 2:
        raise ValueError("it has too many or too few entries or checkpoints")


def _check_keys(one: object, keys: frozenset[str]) -> None:
    """What else stood there would be read by people, and is not proven."""
    if not isinstance(one, dict) or set(one) != keys:
        raise ValueError(f"its entries and names have the keys {', '.join(sorted(keys))} and no other")


def _bytes(value: object, length: int, what: str) -> bytes:
    if type(value) is not str or len(value) > 2 * length:
        raise ValueError(f"{what} is not base64 of {length} bytes")
    data = base64.b64decode(value, validate=True)
    if len(data) != length or base64.b64encode(data).decode() != value:
        raise ValueError(f"{what} is not base64 of {length} bytes")
    return data


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError("a number is missing, negative or too large")
    return value


def _path(value: object, hashes: int) -> list[int]:
    if type(value) is not list or len(value) > _MOST_PATH:
        raise ValueError("a path is a list of at most 64 numbers of hashes")
    found = [_number(one) for one in value]
    if any(one >= hashes for one in found):
        raise ValueError("a path names a hash that is not there")
    return found
