"""Proofs of entries of a usage log: one small JSON file that anybody can check with the public key alone.

    format         PROOF_FORMAT
    header         entry 0, as text; its path is to the root of the first of the checkpoints
    checkpoints    the first that has all the entries shown, and the last of the log where that is another: signed
    consistency    shows that the second of them begins with all that the first has
    stock_points   the names in use: number of the line, the line, path to the root that the header states
    entries        number, bytes (base64), path to the first checkpoint's root, and the same in words
    invoice_line   what it was made for; not proven
    hashes         all hashes of the paths, each once, base64; paths are numbers of them, from the leaf upwards
    public_key     base64 of the 32 bytes

Paths are the audit paths and the consistency proof of RFC 6962, 2.1.1 and 2.1.2. A proof of k entries out of n has at
most k log2(n) hashes; neighbours share most of theirs.
"""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from policies.contracts.term import REPORTS as REPORTS_CODE
from policies.contracts.term import TABLES
from sim.errors import RunDirectoryError
from sim.explain.run_files import RunFiles, column, read_table
from sim.usage_log.check import MOST_ENTRIES, PROOF_FORMAT
from sim.usage_log.copies import read_copies
from sim.usage_log.entries import COLUMNS, Header, Int64Array, StockPoint, Words, row_bytes
from sim.usage_log.errors import ProofRefusedError, UsageLogError
from sim.usage_log.log import ENTRIES, FOLDER, STOCK_POINTS, names_tree, no_log
from sim.usage_log.merkle import MerkleTree
from sim.usage_log.statements import read_statements


def prove_entries(
    run: RunFiles, replication: int, entries: Sequence[int], invoice_line: int | None = None
) -> dict[str, Any]:
    """The proof of some entries of a replication's log, as data for JSON.

    Raises:
        UsageLogError: there is no log, or no such entry.
        ProofRefusedError: the log does not fit its own checkpoints.
    """
    folder = run.replication_folder(replication)
    if not (folder / FOLDER).is_dir():
        raise no_log(run, replication)
    log = _Log(run, replication, folder)
    return log.proof(sorted(set(entries)), invoice_line)


class _Log:
    """A log that is good enough to prove things from: its entries fit signed checkpoints."""

    def __init__(self, run: RunFiles, replication: int, folder: Path) -> None:
        copies = read_copies(folder)
        entries = next((copy for copy in copies.all if copy.file == ENTRIES), None)
        advice = f"`mro-twin ledger verify {run.path}` tells what is wrong"
        try:
            self.header, self.header_line = Header.from_line(copies.header), copies.header
        except ValueError as error:
            raise ProofRefusedError(f"the log's header cannot be read: {error}; {advice}") from error
        said = read_statements(folder / FOLDER, [self.header], run.manifest.horizon_ms, None)
        if entries is None or entries.rows is None or not said.signed or said.key is None or said.mismatches:
            raise ProofRefusedError(f"the log of replication {replication} is not signed as it should be; {advice}")
        self.rows, self.key = entries.rows, said.key
        self.checkpoints = said.checkpoints
        self.tree = MerkleTree(entries.leaves)
        last = self.checkpoints[-1]
        if self.tree.size < last.size or self.tree.root(last.size) != last.root:
            raise ProofRefusedError(f"the entries of replication {replication} are not what was signed; {advice}")
        try:
            self.names = (folder / FOLDER / STOCK_POINTS).read_bytes().splitlines(keepends=True)
        except OSError as error:
            raise ProofRefusedError(f"{STOCK_POINTS} cannot be read: {error.strerror or error}; {advice}") from error
        if names_tree(self.names).root().hex() != self.header.stock_points_root:
            raise ProofRefusedError(f"the names of the stock points are not what was signed; {advice}")

    def proof(self, numbers: Sequence[int], invoice_line: int | None) -> dict[str, Any]:
        self._check(numbers)
        first = next(one for one in self.checkpoints if one.size > numbers[-1])
        shown = [first] if first is self.checkpoints[-1] else [first, self.checkpoints[-1]]
        pool = _Pool()
        start = datetime.fromisoformat(self.header.start)
        rows = self.rows[np.array(numbers) - 1]
        names, points = self._names(rows, pool)
        words = Words(start, points)
        data = row_bytes(rows)
        document: dict[str, Any] = {
            "format": PROOF_FORMAT,
            "header": self.header_line.decode(),
            "header_path": pool.path(self.tree.inclusion_proof(0, first.size)),
            "public_key": base64.b64encode(self.key.raw).decode(),
            "checkpoints": [one.as_dict(start) for one in shown],
            "consistency": pool.path(self.tree.consistency_proof(first.size, shown[-1].size)),
            "stock_points": names,
            "entries": [
                {
                    "entry": number,
                    "bytes": base64.b64encode(data[at].tobytes()).decode(),
                    "path": pool.path(self.tree.inclusion_proof(number, first.size)),
                    "words": words.entry(rows[at].tolist()),
                }
                for at, number in enumerate(numbers)
            ],
        }
        if invoice_line is not None:
            document["invoice_line"] = invoice_line
        return document | {"hashes": pool.hashes}

    def _check(self, numbers: Sequence[int]) -> None:
        last = self.checkpoints[-1].size - 1
        if not numbers:
            raise UsageLogError("name the entries to prove")
        wrong = [number for number in numbers if not 1 <= number <= last]
        if wrong:
            known = f"it has the entries 1 to {last}" if last else "it has none"
            raise UsageLogError(f"the log has no entry {wrong[0]} ({known}; entry 0 is the header, in every proof)")
        if len(numbers) > MOST_ENTRIES:
            raise UsageLogError(f"a proof has at most {MOST_ENTRIES:,} entries, not {len(numbers):,}; make several")

    def _names(self, rows: Int64Array, pool: "_Pool") -> tuple[list[dict[str, Any]], dict[int, StockPoint]]:
        """The names of the stock points of some rows, as they stand in the proof."""
        wanted = set(rows[:, COLUMNS.index("stock_point")].tolist())
        tree = names_tree(self.names)
        found: list[dict[str, Any]] = []
        points = {}
        for index, line in enumerate(self.names):
            point = StockPoint.from_line(line)
            if point.stock_point in wanted:
                points[point.stock_point] = point
                found.append({"index": index, "line": line.decode(), "path": pool.path(tree.inclusion_proof(index))})
        return found, points


class _Pool:
    """Hashes, each once; a path is the numbers of its hashes."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self._number: dict[bytes, int] = {}

    def path(self, hashes: Sequence[bytes]) -> list[int]:
        return [self._add(one) for one in hashes]

    def _add(self, one: bytes) -> int:
        if one not in self._number:
            self._number[one] = len(self.hashes)
            self.hashes.append(base64.b64encode(one).decode())
        return self._number[one]


# --- which entries ----------------------------------------------------------------------------------------------------
def entry_numbers(text: str) -> list[int]:
    """The numbers in `5-9,12`; UsageLogError when it is written otherwise."""
    found: set[int] = set()
    for part in text.split(","):
        ends = [one.strip() for one in part.split("-")]
        if len(ends) > 2 or not all(one.isdecimal() and len(one) <= 15 for one in ends):
            raise UsageLogError(f"{part.strip()!r} names no entries: write numbers and ranges, such as `5-9,12`")
        first, last = int(ends[0]), int(ends[-1])
        if last < first:
            raise UsageLogError(f"the range {part.strip()} runs backwards: write {last}-{first}")
        if last - first >= MOST_ENTRIES:
            raise UsageLogError(f"a proof has at most {MOST_ENTRIES:,} entries; the range {part.strip()} has more")
        found |= set(range(first, last + 1))
    return sorted(found)


def invoice_entries(run: RunFiles, replication: int, line: int) -> list[int]:
    """The entries that a line of an invoice rests on: UsageLogError when there is no such line, or it rests on none."""
    folder = run.replication_folder(replication)
    table = _book(folder / "invoice_lines.parquet", ())
    # a table of lines without numbers: its rows are numbered
    lines = column(table, "line") if "line" in table.column_names else np.arange(len(table))
    if line not in lines:
        known = f"they are numbered {lines.min()} to {lines.max()}" if len(lines) else "there are none"
        raise UsageLogError(f"replication {replication} of {run.path} has no invoice line {line} ({known})")
    book = _book(folder / "charges.parquet", ("line", "table", "first_row", "last_row"))
    charges = {name: column(book, name) for name in ("line", "first_row", "last_row")}
    rests_on_reports = np.array(
        [one in (REPORTS_CODE, TABLES[REPORTS_CODE]) for one in book["table"].to_pylist()], bool
    )
    chosen = (charges["line"] == line) & rests_on_reports & (charges["first_row"] >= 0)
    spans = zip(charges["first_row"][chosen].tolist(), charges["last_row"][chosen].tolist(), strict=True)
    found: set[int] = set()
    for first, last in spans:
        if last - first >= MOST_ENTRIES:
            raise UsageLogError(f"invoice line {line} rests on more than {MOST_ENTRIES:,} entries: name some of them")
        found |= set(range(first + 1, last + 2))
    if not found:
        raise UsageLogError(f"invoice line {line} rests on no reported use: there is nothing to prove from the log")
    return sorted(found)


def _book(file: Path, names: Sequence[str]) -> pa.Table:
    """A table of the books that has these columns; UsageLogError when there is no such table."""
    if not file.is_file():
        raise UsageLogError(
            f"there is no {file}: only runs of a scenario with `contracts` have invoices (docs/contracts.md); "
            "--entries proves single entries of any log"
        )
    table = read_table(file)
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise RunDirectoryError(f"{file} has no column {', '.join(missing)}: another version of this program wrote it")
    return table


def proof_text(document: dict[str, Any]) -> str:
    """The content of a proof's file: one entry, name or hash per line."""
    lines = []
    for name, value in document.items():
        if isinstance(value, list) and value and not isinstance(value[0], int):
            rows = ",\n  ".join(json.dumps(one, allow_nan=False) for one in value)
            lines.append(f' "{name}": [\n  {rows}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(value, allow_nan=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"
