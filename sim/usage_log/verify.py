"""Verifies the usage log of a replication: works out everything again and says what does not fit, and where."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from sim.errors import TwinError
from sim.explain.run_files import RunFiles
from sim.run.directory import MANIFEST
from sim.usage_log.copies import NO_LEAF, Copies, read_copies
from sim.usage_log.entries import Header, StockPoint, Words
from sim.usage_log.log import (
    ENTRIES,
    FOLDER,
    LEAVES,
    STOCK_POINTS,
    Noted,
    header_of,
    named_points,
    names_tree,
    no_log,
    noted,
)
from sim.usage_log.merkle import leaf_hash
from sim.usage_log.mismatches import Mismatch, What
from sim.usage_log.reference import put_together
from sim.usage_log.signing import PublicKey
from sim.usage_log.statements import Statements, read_statements
from sim.usage_log.telling import Teller


@dataclass(frozen=True)
class Verification:
    """What a replication's log turned out to be.

    Attributes:
        entries: signed ones, with the header. checkpoints: with a valid signature.
        key: fingerprint of the key that they were held against; empty where there is none.
        mismatches: everything that does not fit; none: the log and the table are what was signed.
    """

    replication: int
    entries: int
    checkpoints: int
    key: str
    mismatches: Sequence[Mismatch]


def verify_log(run: RunFiles, replication: int, trusted: PublicKey | None = None) -> Verification:
    """Verify one replication's log, its table of reports included.

    Args:
        trusted: the public key that the caller knows; None believes the one beside the log, which shows that nothing
            was changed since it was signed, but not by whom.

    Raises UsageLogError when the replication has no log, ExplainError when there is no such replication.
    """
    folder = run.replication_folder(replication)
    log = folder / FOLDER
    before = noted(run, replication)
    if not log.is_dir():
        if before is None:
            raise no_log(run, replication)
        return Verification(replication, 0, 0, "", [_removed(before)])
    copies = read_copies(folder)
    names, wrong = _names(log / STOCK_POINTS)
    expected = header_of(run, replication, names)
    headers = _headers(copies, expected)
    said = read_statements(log, headers, run.manifest.horizon_ms, trusted)
    header_leaf = _header_leaf(copies, said, expected)
    wrong = [*copies.mismatches, *wrong, *said.mismatches]
    wrong += _header_mismatches(copies, header_leaf, headers[0], expected)
    wrong += _name_mismatches(run, headers[0], names)
    aligned = [copy.with_header(header_leaf) for copy in copies.all]
    reference = put_together(aligned, header_leaf, said.checkpoints)
    words = Words(datetime.fromisoformat(headers[0].start), _points(names))
    wrong += Teller(reference, aligned, words).findings()
    wrong += _manifest_mismatches(before, said)
    signed = said.checkpoints[-1].size if said.signed else 0
    fingerprint = said.key.fingerprint if said.key else ""
    return Verification(replication, signed, len(said.checkpoints) if said.signed else 0, fingerprint, wrong)


# --- the manifest -----------------------------------------------------------------------------------------------------
def _removed(before: Noted) -> Mismatch:
    said = f"was removed: manifest.json knows of {before.entries:,} entries signed with the key {before.key[:16]}..."
    return Mismatch(What.REMOVED, FOLDER, said, 0, before.entries - 1)


def _manifest_mismatches(before: Noted | None, said: Statements) -> Iterator[Mismatch]:
    """Another key, or another end of the log, than the run's manifest noted when the log was signed.

    The manifest is not signed: it tells of a forger who forgot it, not of one who did not.
    """
    if before is None or said.key is None:
        return
    if said.key.fingerprint != before.key:
        text = f"notes that the log was signed with the key {before.key[:16]}..., not {said.key.fingerprint[:16]}..."
        yield Mismatch(What.MANIFEST, MANIFEST, text)
    last = said.checkpoints[-1] if said.signed else None
    if last is not None and (last.size, last.root.hex()) != (before.entries, before.root):
        text = (
            f"notes that {before.entries:,} entries with the root {before.root[:16]}... were signed; the last "
            f"checkpoint is of {last.size:,} with {last.root.hex()[:16]}..."
        )
        yield Mismatch(What.MANIFEST, MANIFEST, text, min(before.entries, last.size))


# --- names ------------------------------------------------------------------------------------------------------------
def _names(file: Path) -> tuple[list[bytes], list[Mismatch]]:
    """The lines of stock_points.jsonl."""
    try:
        return file.read_bytes().splitlines(keepends=True), []
    except OSError as error:
        return [], [Mismatch(What.UNREADABLE, STOCK_POINTS, f"cannot be read: {error.strerror or error}")]


def _points(names: Sequence[bytes]) -> dict[int, StockPoint]:
    """What the lines say, those left out that say nothing."""
    found = {}
    for line in names:
        try:
            point = StockPoint.from_line(line)
        except ValueError:
            continue
        found[point.stock_point] = point
    return found


def _name_mismatches(run: RunFiles, header: Header, names: Sequence[bytes]) -> Iterator[Mismatch]:
    """Names that are not those in the header's tree, or that the run's network has otherwise."""
    if (len(names), names_tree(names).root().hex()) != (header.stock_points, header.stock_points_root):
        yield Mismatch(What.NAMES, STOCK_POINTS, "the names of the stock points are not those that were signed")
    points = _points(names)
    if len(points) < len(names):
        yield Mismatch(What.NAMES, STOCK_POINTS, f"{len(names) - len(points)} lines do not name a stock point")
    try:
        there = named_points(run, np.array(sorted(points), np.int64))
    except TwinError as error:
        yield Mismatch(What.NAMES, STOCK_POINTS, str(error))
        return
    for one in there:
        logged = points[one.stock_point]
        for what, here, in_run in ((key, asdict(logged)[key], asdict(one)[key]) for key in ("node", "item", "unit")):
            if here != in_run:
                said = f"{what} of stock point {one.stock_point} is {here!r} in the log, {in_run!r} in network/"
                yield Mismatch(What.NAMES, STOCK_POINTS, said)
        if logged.natural_units != one.natural_units:
            said = f"the resolution of stock point {one.stock_point} is another in network/"
            yield Mismatch(What.NAMES, STOCK_POINTS, said)


# --- header -----------------------------------------------------------------------------------------------------------
def _headers(copies: Copies, expected: Header) -> list[Header]:
    """The header in the log, where it can be read, and the one that the run directory gives."""
    try:
        return [Header.from_line(copies.header), expected]
    except ValueError:
        return [expected]


def _header_leaf(copies: Copies, said: Statements, expected: Header) -> bytes:
    """The hash of the signed header: the root of the first checkpoint is nothing else. Without one, the log's own."""
    if said.checkpoints and said.checkpoints[0].size == 1:
        return said.checkpoints[0].root
    for copy in copies.all:
        if len(copy.leaves) and copy.leaves[0].tobytes() != NO_LEAF:
            return bytes(copy.leaves[0])
    return leaf_hash(expected.to_line())


_OF_RUN: Final = ("scenario", "variant", "scenario_hash", "seed", "replication", "start")


def _header_mismatches(copies: Copies, signed_leaf: bytes, header: Header, expected: Header) -> Iterator[Mismatch]:
    """A header that is not what was signed, or that is of another run than the directory."""
    if copies.header and leaf_hash(copies.header) != signed_leaf:
        yield Mismatch(What.EDITED, ENTRIES, "entry 0, the header, is not what was signed", 0, 0)
    for copy in copies.all:
        if copy.file == LEAVES and len(copy.leaves) and copy.leaves[0].tobytes() != signed_leaf:
            yield Mismatch(What.EDITED, LEAVES, "hash 0, that of the header, is not what was signed", 0, 0)
    for name in _OF_RUN:
        logged, here = getattr(header, name), getattr(expected, name)
        if logged != here:
            said = f"the log is of another run: {name} is {logged!r} in its header, {here!r} in manifest.json"
            yield Mismatch(What.OTHER_RUN, ENTRIES, said, 0, 0)
