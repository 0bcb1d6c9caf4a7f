"""The directory of a sweep: what is varied, the points that are finished, and the tables made of them."""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import RunDirectoryError, RunFailedError, RunInterruptedError, TwinError
from sim.kpi.network_values import Value
from sim.run.directory import reason, write_inputs, write_text
from sim.run.manifest import circumstances, now
from sim.run.sweep_grid import Factor, Point
from sim.run.sweep_table import write_safe_csv
from sim.run.warm_up_length import FILE as WARM_UP_FILE
from sim.run.warm_up_length import read_warm_up
from sim.scenario import Scenario

FORMAT: Final = 1
MANIFEST: Final = "sweep.json"
_PART: Final = ".part"
POINT_SCHEMA: Final = pa.schema(
    [("replication", pa.int32()), ("kpi", pa.string()), ("value", pa.float64()), ("unit", pa.string())]
)


@dataclass(frozen=True)
class SweepManifest:
    """What a sweep is, and how far it is: sweep.json.

    Attributes:
        scenario_hash: fingerprint of the scenario without variations.
        factors: path, texts (YAML) and levels (for people) of every setting that is varied.
        points: how many there are; number p has the p-th combination, the last factor changing first.
        replications: of every point. finished: number of finished points.
        status: `running`, `interrupted`, `failed` or `complete`.
    """

    name: str
    variant: str
    scenario_hash: str
    seed: int
    replications: int
    confidence: float
    currency: str
    factors: list[dict[str, Any]]
    points: int
    source: str = ""
    status: str = "running"
    started: str = ""
    ended: str = ""
    finished: int = 0
    made_with: dict[str, Any] = field(default_factory=dict)
    kind: str = "sweep"
    format: int = FORMAT

    @staticmethod
    def of(
        base: Scenario, factors: Sequence[Factor], points: Sequence[Point], seed: int, count: int
    ) -> "SweepManifest":
        """The manifest of a sweep that begins now."""
        return SweepManifest(
            name=base.name,
            variant=base.variant,
            scenario_hash=base.fingerprint(),
            seed=seed,
            replications=count,
            confidence=float(base.experiment.confidence),
            currency=base.currency,
            factors=[{"path": one.path, "texts": list(one.texts), "levels": list(one.levels)} for one in factors],
            points=len(points),
            source="" if base.source is None else base.source.name,
            started=now(),
            made_with=circumstances(),
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @staticmethod
    def read(folder: Path) -> "SweepManifest":
        """The manifest in a folder; RunDirectoryError when it is damaged or of another version."""
        file = folder / MANIFEST
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise ValueError(f"format {data['format']} is not {FORMAT}, which this version reads")
            return SweepManifest(**data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunDirectoryError(f"{file} cannot be read: {error}") from error

    def differences(self, other: "SweepManifest") -> Iterator[tuple[str, object, object]]:
        """What must be the same for points of two sweeps to belong together: (what, here, there)."""
        yield "scenario name", self.name, other.name
        yield "variant", self.variant, other.variant
        yield "scenario (hash)", self.scenario_hash[:12], other.scenario_hash[:12]
        yield "seed", self.seed, other.seed
        yield "replications", self.replications, other.replications
        yield "what is varied", _varied(self), _varied(other)


def _varied(manifest: SweepManifest) -> str:
    return "; ".join(f"{one['path']}={','.join(one['texts'])}" for one in manifest.factors)


class SweepDirectory:
    """One sweep on disk. Nothing is written before `make`; methods raise RunFailedError when a file cannot be."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def new_name(root: Path, manifest: SweepManifest) -> "SweepDirectory":
        """A directory that is not there yet."""
        time = datetime.now().strftime("%Y%m%d-%H%M%S")
        return SweepDirectory(root / f"{time}-sweep-{manifest.name}-{secrets.token_hex(3)}")

    @staticmethod
    def find(folder: Path, wanted: SweepManifest) -> "SweepDirectory":
        """The sweep to resume: `folder` itself, or the newest one of that scenario in it.

        RunDirectoryError when there is none, or it varies something else.
        """
        own = [folder] if (folder / MANIFEST).is_file() else []
        for path in own or [file.parent for file in sorted(folder.glob(f"*/{MANIFEST}"), reverse=True)]:
            here = SweepManifest.read(path)
            if not own and (here.name, here.variant) != (wanted.name, wanted.variant):
                continue
            lines = [f"  {what}: {old} there, {new} now" for what, old, new in here.differences(wanted) if old != new]
            if lines:
                text = f"cannot resume {path}: it belongs to another sweep"
                raise RunDirectoryError("\n".join([text, *lines, "start a new sweep instead"]))
            return SweepDirectory(path)
        raise RunDirectoryError(
            f"nothing to resume: {folder} holds no sweep of scenario {wanted.name!r}, variant {wanted.variant!r}"
        )

    def make(self, base: Scenario, manifest: SweepManifest, found_warm_up: Mapping[str, Any] | None) -> None:
        """Make the directory unless it is there; RunDirectoryError when the file system does not let us."""
        if (self.path / MANIFEST).is_file():
            self._clear_parts()
            return
        try:
            (self.path / "points").mkdir(parents=True)
            write_inputs(self.path, base)
            if found_warm_up is not None:
                write_text(self.path / WARM_UP_FILE, json.dumps(found_warm_up, indent=1, allow_nan=False) + "\n")
            write_text(self.path / MANIFEST, manifest.to_json())
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            root = self.path.parent
            raise RunDirectoryError(f"no sweep directory can be made in the folder {root}: {reason(error)}") from error

    def found_warm_up(self) -> Mapping[str, Any] | None:
        """How the warm-up was found when the sweep was begun; None when it was stated, or nothing has begun."""
        return read_warm_up(self.path) if (self.path / WARM_UP_FILE).exists() else None

    def finished(self) -> set[int]:
        """Numbers of the finished points."""
        return {int(file.stem) for file in (self.path / "points").glob("*.parquet") if file.stem.isdigit()}

    def write_point(self, number: int, values: Mapping[int, Mapping[str, Value]]) -> None:
        """Write a finished point: replication -> KPI -> value."""
        rows = [
            {"replication": replication, "kpi": kpi, "value": one.value, "unit": one.unit}
            for replication in sorted(values)
            for kpi, one in values[replication].items()
        ]
        self._write_table(pa.Table.from_pylist(rows, POINT_SCHEMA), f"points/{number:04d}.parquet")

    def read_points(self) -> pa.Table:
        """All finished points: point, replication, kpi, value, unit. RunDirectoryError for a damaged file."""
        parts = []
        for number in sorted(self.finished()):
            file = self.path / "points" / f"{number:04d}.parquet"
            try:
                table = pq.ParquetFile(file).read().cast(POINT_SCHEMA)
            except (OSError, ValueError, pa.ArrowException) as error:
                raise RunDirectoryError(
                    f"{file} cannot be read ({error}); delete it and go on with --resume"
                ) from error
            parts.append(table.add_column(0, "point", pa.repeat(pa.scalar(number, pa.int32()), len(table))))
        return pa.concat_tables(parts)

    def write_results(self, kpis: pa.Table, table: pa.Table, manifest: SweepManifest) -> None:
        """Write kpis.parquet, sweep.parquet and sweep.csv, and bring the manifest up to date."""
        self._write_table(kpis, "kpis.parquet")
        self._write_table(table, "sweep.parquet")
        try:
            part = self.path / f"sweep.csv{_PART}"
            write_safe_csv(table, part)
            part.replace(self.path / "sweep.csv")
        except OSError as error:
            raise RunFailedError(f"{self.path / 'sweep.csv'} could not be written: {reason(error)}") from error
        self._write_manifest(manifest, "complete")

    def note_end(self, manifest: SweepManifest, error: TwinError) -> None:
        """Write down that the sweep stopped, if that can still be written, and tell where it can go on."""
        finished = len(self.finished())
        error.add_note(f"{finished} of {manifest.points} points are finished in {self.path}")
        if isinstance(error, RunFailedError | RunInterruptedError):  # anything else would happen again
            error.add_note(f"go on with the same command and: --out {self.path} --resume")
        try:
            self._clear_parts()
            self._write_manifest(manifest, "interrupted" if error.exit_code == 130 else "failed")
        except TwinError as second:
            error.add_note(str(second))

    def _write_manifest(self, manifest: SweepManifest, status: str) -> None:
        begun = SweepManifest.read(self.path).started
        ended = replace(manifest, started=begun, status=status, ended=now(), finished=len(self.finished()))
        try:
            write_text(self.path / MANIFEST, ended.to_json())
        except OSError as error:
            raise RunFailedError(f"{self.path / MANIFEST} could not be written: {reason(error)}") from error

    def _write_table(self, table: pa.Table, name: str) -> None:
        part = self.path / f"{name}{_PART}"
        try:
            pq.write_table(table, part)
            part.replace(self.path / name)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise RunFailedError(f"{self.path / name} could not be written: {reason(error)}") from error

    def _clear_parts(self) -> None:
        for part in self.path.rglob(f"*{_PART}"):
            part.unlink(missing_ok=True)
