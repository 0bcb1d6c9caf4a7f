"""What the usage log costs: a million rows hashed, logged and signed, and verified again."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import cpu_time
from benchmarks.table import Row
from policies.units import MS_PER_DAY
from sim.explain.run_files import RunFiles
from sim.record.layouts import REPORTS
from sim.run.manifest import Manifest
from sim.usage_log.log import sign_run
from sim.usage_log.proof import proof_text, prove_entries
from sim.usage_log.verify import verify_log

ROWS = 1_000_000
SIGN_SECONDS = 10.0  # what we promise
POINTS = 50


def _run(path: Path, seed: int) -> Path:
    """A run directory of a year with a million reports and nothing else."""
    chance = np.random.default_rng(seed)
    (path / "network").mkdir(parents=True)
    folder = path / "replications" / "0000"
    folder.mkdir(parents=True)
    year = 365 * MS_PER_DAY
    time_ms = np.sort(chance.integers(0, year, ROWS))
    told = np.zeros(ROWS, np.int64)
    values = (time_ms, time_ms, chance.integers(0, POINTS, ROWS), chance.integers(1, 9, ROWS), told, np.arange(ROWS))
    columns = [pa.array(value.astype(column.numpy)) for value, column in zip(values, REPORTS.columns, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, schema=REPORTS.schema), folder / "reports.parquet")
    tables = {
        "nodes": {"name": ["shelf"], "kind": ["device"], "echelon": [0]},
        "items": {"name": [f"item-{one}" for one in range(POINTS)], "unit": ["each"] * POINTS}
        | {"natural_units": [1.0] * POINTS},
        "stock_points": {"node": [0] * POINTS, "item": list(range(POINTS))},
    }
    for name, data in tables.items():
        pq.write_table(pa.table(data), path / "network" / f"{name}.parquet")
    manifest = Manifest(
        *("usage", "", "00" * 32, seed, 1, False, 0.95),
        start="2026-01-01T00:00:00",
        horizon_ms=year,
        warm_up_ms=0,
        currency="USD",
        minor_digits=2,
    )
    (path / "manifest.json").write_text(manifest.to_json())
    return path


def million(seed: int, repeats: int) -> Iterator[Row]:
    """Sign and verify a million entries, and the size of a proof of one of them."""
    with tempfile.TemporaryDirectory(prefix="mro-twin-bench-") as folder:
        path = _run(Path(folder) / "run", seed)
        signing = cpu_time(partial(sign_run, path, replace=True), repeats)
        run = RunFiles.open(path)
        verifying = cpu_time(partial(verify_log, run, 0), repeats)
        if verifying.result.mismatches:
            raise SystemExit(f"the usage log does not verify: {verifying.result.mismatches[0]}")
        proof = proof_text(prove_entries(run, 0, [ROWS // 2]))
    yield Row(f"usage log of {ROWS:,} entries: hash, write, sign", signing.seconds)
    yield Row.at_most("    seconds of processor time", signing.seconds, SIGN_SECONDS)
    yield Row("  verify it against its table and its signatures", verifying.seconds)
    yield Row.at_most("    proof of one entry, kB", len(proof) / 1000, 10.0)
