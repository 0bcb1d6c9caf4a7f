"""Writes and signs the usage log of a finished replication.

    replications/0000/usage_log/
      entries.bin          the entries, one after another: see `entries`
      leaves.bin           their leaf hashes, 32 bytes each: tells which entry was changed when entries.bin is
      stock_points.jsonl   what the stock points' numbers stand for
      checkpoints.json     size, root and time at the opening, at the end of each month and of the run, each signed
      public_key.pem       the half of the key that verifies

The log is written once, after the replication, in one place: so it does not matter which worker made the records, and
the records themselves have nothing in them that differs from run to run. Signatures do, unless the key is given.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import RunFailedError
from sim.explain.run_files import RunFiles, column, read_table
from sim.run.directory import RunDirectory
from sim.usage_log.checkpoints import checkpoints_text, sign_checkpoints
from sim.usage_log.entries import COLUMNS, Header, Int64Array, StockPoint, row_bytes
from sim.usage_log.errors import UsageLogError
from sim.usage_log.merkle import MerkleTree, leaf_hash, leaf_hashes
from sim.usage_log.signing import SigningKey

FOLDER: Final = "usage_log"
ENTRIES: Final = "entries.bin"
LEAVES: Final = "leaves.bin"
STOCK_POINTS: Final = "stock_points.jsonl"
CHECKPOINTS: Final = "checkpoints.json"
PUBLIC_KEY: Final = "public_key.pem"
REPORTS: Final = "reports.parquet"
_NOTHING_REPORTED: Final = "only runs with devices or contracts have reports of use (docs/contracts.md)"


@dataclass(frozen=True)
class SignedLog:
    """A log that was written. `entries`: with the header; `key`: fingerprint of the key that signed it."""

    replication: int
    path: Path
    entries: int
    checkpoints: int
    root: bytes
    key: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        figures = {"replication": self.replication, "entries": self.entries, "checkpoints": self.checkpoints}
        return figures | {"root": self.root.hex(), "key": self.key, "folder": str(self.path)}


def sign_run(
    run_folder: Path, key: SigningKey | None = None, replications: Sequence[int] | None = None, replace: bool = False
) -> list[SignedLog]:
    """Write the usage logs of a run's whole replications, all signed with one key, and give those that were written.

    A log that is there already is kept, as its signature would no longer be of its own time, unless `replace` says so.

    Args:
        key: None makes one, which is forgotten afterwards.
        replications: None means all that are whole and have a table of reports.

    Raises:
        UsageLogError, ExplainError, RunDirectoryError: no run, no such replication, no reports, a damaged file.
        RunFailedError: a file cannot be written.
    """
    run = RunFiles.open(run_folder)
    key = key or SigningKey.generate()
    chosen = reporting(run) if replications is None else list(replications)
    if not chosen:
        raise UsageLogError(f"{run.path} has no reports of use to sign: {_NOTHING_REPORTED}")
    folders = [(number, run.replication_folder(number)) for number in chosen]
    wanted = [one for one in folders if replace or not (one[1] / FOLDER / CHECKPOINTS).is_file()]
    if not replace:
        _check_not_removed(run, [number for number, _ in wanted])
    logs = [_write_log(run, number, folder, key) for number, folder in wanted]
    _note(run, logs)
    return logs


def _check_not_removed(run: RunFiles, replications: Sequence[int]) -> None:
    """UsageLogError for a log that was signed before and is not there any more."""
    for number in replications:
        before = noted(run, number)
        if before is not None:
            raise UsageLogError(
                f"the usage log of replication {number} of {run.path} was signed before, with the key "
                f"{before.key[:16]}..., and is not there any more: bring it back, or write another one with --replace"
            )


@dataclass(frozen=True)
class Noted:
    """What a run's manifest says of a log that was signed: fingerprint of the key, entries with the header, root."""

    key: str
    entries: int
    root: str


def noted(run: RunFiles, replication: int) -> Noted | None:
    """What the manifest says of a replication's log; None when it says nothing, or nothing that can be read."""
    said = run.manifest.usage_logs
    one = said.get(str(replication)) if isinstance(said, dict) else None
    if not isinstance(one, dict):
        return None
    key, entries, root = (one.get(name) for name in ("key", "entries", "root"))
    if type(entries) is not int or entries < 1 or not (_is_hash(key) and _is_hash(root)):
        return None
    return Noted(str(key), entries, str(root))


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text) is not None


def _note(run: RunFiles, logs: Sequence[SignedLog]) -> None:
    """Write down in the run's manifest what was signed, so that a log that is gone, or another, is noticed."""
    if not logs:
        return
    said = {str(one.replication): {"key": one.key, "entries": one.entries, "root": one.root.hex()} for one in logs}
    directory = RunDirectory(run.path)
    now = directory.manifest()
    directory.write_manifest(replace_fields(now, usage_logs=now.usage_logs | said))


def reporting(run: RunFiles) -> list[int]:
    """Numbers of the whole replications that have a table of reports."""
    folders = sorted(run.path.glob(f"replications/*/{REPORTS}"))
    return [int(file.parent.name) for file in folders if file.parent.name.isdecimal()]


def logged(run: RunFiles) -> list[int]:
    """Numbers of the whole replications that have a usage log, or had one, as the manifest says."""
    there = {int(folder.parent.name) for folder in run.path.glob(f"replications/*/{FOLDER}") if _is_number(folder)}
    whole = RunDirectory(run.path).finished()
    return sorted(there | {number for number in whole if noted(run, number) is not None})


def no_log(run: RunFiles, replication: int) -> UsageLogError:
    """What to say of a replication without a log, and what would be right."""
    reports = run.replication_folder(replication) / REPORTS
    how = f"`mro-twin ledger sign {run.path}` writes it" if reports.is_file() else _NOTHING_REPORTED
    if reports.is_file() and run.manifest.status != "complete":
        how += "; the run is not whole yet, and one with contracts is signed when `mro-twin run ... --resume` ends it"
    return UsageLogError(f"replication {replication} of {run.path} has no usage log: {how}")


def _is_number(folder: Path) -> bool:
    return folder.parent.name.isdecimal()


def _write_log(run: RunFiles, replication: int, folder: Path, key: SigningKey) -> SignedLog:
    rows = read_rows(folder / REPORTS)
    names = [point.to_line() for point in named_points(run, np.unique(rows[:, COLUMNS.index("stock_point")]))]
    header = header_of(run, replication, names)
    entries = row_bytes(rows)
    line = header.to_line()
    leaves = np.concatenate((np.frombuffer(leaf_hash(line), np.uint8)[None], leaf_hashes(entries)))
    tree = MerkleTree(leaves)
    span = (run.start, first_instant(folder), run.manifest.horizon_ms)
    checkpoints = sign_checkpoints(tree, header.origin, rows[:, 0], span, key)
    files = {
        ENTRIES: line + entries.tobytes(),
        LEAVES: leaves.tobytes(),
        STOCK_POINTS: b"".join(names),
        CHECKPOINTS: checkpoints_text(checkpoints, run.start).encode(),
        PUBLIC_KEY: key.public.to_pem(),
    }
    _write(folder / FOLDER, files)
    return SignedLog(replication, folder / FOLDER, tree.size, len(checkpoints), tree.root(), key.public.fingerprint)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write a folder that is whole as soon as it has its name; RunFailedError as the file system says."""
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for name, data in files.items():
            (part / name).write_bytes(data)
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except OSError as error:
        raise RunFailedError(f"the usage log {folder} could not be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


# --- what a run says --------------------------------------------------------------------------------------------------
def read_rows(file: Path) -> Int64Array:
    """The rows of a table of reports, (n, 6) in the order of COLUMNS; UsageLogError when there is none."""
    if not file.is_file():
        raise UsageLogError(f"there is no {file}: {_NOTHING_REPORTED}")
    table = read_table(file)
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise UsageLogError(f"{file} has no column {', '.join(missing)}: it is no table of reports")
    for name in COLUMNS:
        if not pa.types.is_integer(table.schema.field(name).type) or table[name].null_count:
            raise UsageLogError(f"{file}: the column {name} holds something else than whole numbers")
    rows: Int64Array = np.stack([column(table, name) for name in COLUMNS], axis=1)
    return rows


def named_points(run: RunFiles, numbers: Int64Array) -> list[StockPoint]:
    """What stock points' numbers stand for in a run; UsageLogError when one of them is none of its stock points."""
    points, items = run.stock_points, run.items
    unknown = [int(one) for one in numbers if not 0 <= one < len(points["node"])]
    if unknown:
        raise UsageLogError(f"{run.path} has no stock point {unknown[0]}, of which its reports speak")
    found = []
    for number in numbers:
        item = int(points["item"][number])
        figures = str(items["name"][item]), str(items["unit"][item]), float(items["natural_units"][item])
        found.append(StockPoint(int(number), run.node_name(int(number)), *figures))
    return found


def header_of(run: RunFiles, replication: int, names: Sequence[bytes]) -> Header:
    """Entry 0 of a replication's log. `names`: the lines of stock_points.jsonl."""
    one = run.manifest
    root = names_tree(names).root().hex()
    what = one.name, one.variant, one.scenario_hash, one.seed, replication, run.start.isoformat()
    return Header(*what, len(names), root)


def names_tree(names: Sequence[bytes]) -> MerkleTree:
    """The tree over the lines of stock_points.jsonl."""
    data = b"".join(leaf_hash(line) for line in names)
    return MerkleTree(np.frombuffer(data, np.uint8).reshape(len(names), 32))


def first_instant(folder: Path) -> int:
    """When a replication's records begin, in ms since the start: not 0 in a run from a state."""
    file = folder / "start.parquet"
    return int(pq.ParquetFile(file).read()["time_ms"][0].as_py()) if file.is_file() else 0
