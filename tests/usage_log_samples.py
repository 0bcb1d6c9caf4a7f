"""A small run directory with reports of use, made by hand: two stock points, five months, 60 rows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from policies.units import MS_PER_DAY
from sim.record.layouts import REPORTS
from sim.run.manifest import Manifest
from sim.usage_log.entries import row_bytes, rows_of
from sim.usage_log.merkle import leaf_hash, leaf_hashes

HORIZON_DAYS = 130
ROWS = 60


def sample_rows(count: int = ROWS, seed: int = 3) -> npt.NDArray[np.int64]:
    """Rows (n, 6) of the table of reports, in order of time over all of the horizon."""
    chance = np.random.default_rng(seed)
    time_ms = np.sort(chance.integers(0, HORIZON_DAYS * MS_PER_DAY, count))
    taken_ms = time_ms - chance.integers(0, 60_000, count)
    point, quantity = chance.integers(1, 3, count), chance.integers(1, 9, count)
    return np.stack([time_ms, taken_ms, point, quantity, chance.integers(0, 4, count), np.arange(count)], axis=1)


def write_reports(folder: Path, rows: npt.NDArray[np.int64]) -> None:
    """The table of reports of a replication."""
    types = [column.numpy for column in REPORTS.columns]
    columns = [pa.array(rows[:, at].astype(dtype)) for at, dtype in enumerate(types)]
    pq.write_table(pa.Table.from_arrays(columns, schema=REPORTS.schema), folder / "reports.parquet")


def sample_run(path: Path, rows: npt.NDArray[np.int64] | None = None, replications: int = 1) -> Path:
    """A run directory whose reports are to be signed."""
    network = path / "network"
    network.mkdir(parents=True)
    nodes = {"name": ["maker", "works/shelf"], "kind": ["supplier", "device"], "echelon": [1, 0]}
    items = {"name": ["grease", "filter"], "unit": ["kg", "each"], "natural_units": [0.5, 1.0]}
    points = {"node": [0, 1, 1], "item": [0, 0, 1]}
    for name, table in (("nodes", nodes), ("items", items), ("stock_points", points)):
        pq.write_table(pa.table(table), network / f"{name}.parquet")
    manifest = Manifest(
        *("works", "", "ab" * 32, 7, replications, False, 0.95),
        start="2026-01-05T00:00:00",
        horizon_ms=HORIZON_DAYS * MS_PER_DAY,
        warm_up_ms=0,
        currency="USD",
        minor_digits=2,
        status="complete",
    )
    (path / "manifest.json").write_text(manifest.to_json())
    for number in range(replications):
        folder = path / "replications" / f"{number:04d}"
        folder.mkdir(parents=True)
        write_reports(folder, sample_rows(seed=3 + number) if rows is None else rows)
    return path


class SignedCopy:
    """A signed log to be tampered with: its three copies of the entries, read and written as rows."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.folder = run / "replications" / "0000"
        self.log = self.folder / "usage_log"
        data = (self.log / "entries.bin").read_bytes()
        self.header = data[: data.index(b"\n") + 1]
        self.rows = rows_of(data[len(self.header) :])

    def write(self, rows: npt.NDArray[np.int64], *copies: str) -> None:
        """Write other rows into some of the copies: `entries`, `leaves`, `reports`."""
        entries = row_bytes(rows)
        if "entries" in copies:
            (self.log / "entries.bin").write_bytes(self.header + entries.tobytes())
        if "leaves" in copies:
            (self.log / "leaves.bin").write_bytes(leaf_hash(self.header) + leaf_hashes(entries).tobytes())
        if "reports" in copies:
            write_reports(self.folder, rows)

    def checkpoints(self) -> dict[str, Any]:
        """The data in checkpoints.json."""
        data: dict[str, Any] = json.loads((self.log / "checkpoints.json").read_text())
        return data

    def write_checkpoints(self, data: dict[str, Any]) -> None:
        (self.log / "checkpoints.json").write_text(json.dumps(data))
