"""The run directory: everything about a run, readable without this program.

    runs/<time>-<name>-<short id>/
      manifest.json            what was run, with which versions, on which machine, how long it took
      scenario.resolved.yaml   the scenario after extends, variant and overrides; inputs/ has the tables it reads
      network/*.parquet        what the row numbers in the records stand for
      replications/0000/*.parquet
      kpis.parquet  summary.json  README.md

A replication is written into a folder with the ending `.part`, which loses the ending when it is whole: so whatever
has a plain number is complete, also after a crash.
"""

import contextlib
import errno
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import RunDirectoryError, RunFailedError
from sim.kpi.table import write_kpi_table
from sim.network import Network
from sim.record.network_tables import write_network
from sim.run.manifest import Manifest, is_run
from sim.run.plain_yaml import yaml_text
from sim.run.readme import readme
from sim.scenario import Scenario

MANIFEST: Final = "manifest.json"
_PART: Final = ".part"


class RunDirectory:
    """One run directory on disk. Methods raise RunFailedError when a file cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def create(root: Path, scenario: Scenario, network: Network, manifest: Manifest) -> "RunDirectory":
        """Make a new run directory under `root`; RunDirectoryError when the file system does not let us."""
        now = datetime.now().strftime("%Y%m%d-%H%M%S")
        path = root / f"{now}-{scenario.name}-{secrets.token_hex(3)}"
        try:
            (path / "replications").mkdir(parents=True)
            (path / "network").mkdir()
            run = RunDirectory(path)
            write_network(network, path / "network")
            write_inputs(path, scenario)
            write_text(path / "README.md", readme())
            write_text(path / MANIFEST, manifest.to_json())
        except OSError as error:
            shutil.rmtree(path, ignore_errors=True)
            raise RunDirectoryError(f"no run directory can be made in the folder {root}: {reason(error)}") from error
        return run

    @staticmethod
    def find(folder: Path, name: str, variant: str) -> "RunDirectory":
        """The run directory to resume: `folder` itself, or the newest run of that scenario and variant in it."""
        if (folder / MANIFEST).is_file():
            return RunDirectory(folder)
        files = [file for file in sorted(folder.glob(f"*/{MANIFEST}"), reverse=True) if is_run(file)]
        runs = [RunDirectory(file.parent) for file in files]
        for run in runs:
            manifest = run.manifest()
            if (manifest.name, manifest.variant) == (name, variant):
                return run
        raise RunDirectoryError(f"nothing to resume: {folder} holds no run of scenario {name!r}, variant {variant!r}")

    def manifest(self) -> Manifest:
        """What the run is about; RunDirectoryError when the file is damaged."""
        try:
            return Manifest.from_json((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunDirectoryError(f"{self.path / MANIFEST} cannot be read: {error}") from error

    def check_same(self, wanted: Manifest) -> None:
        """Refuse to mix two different runs: scenario, variant, seed and what is recorded must be the same."""
        here = self.manifest()
        lines = [f"  {what}: {old} there, {new} now" for what, old, new in here.differences(wanted) if old != new]
        if lines:
            raise RunDirectoryError(
                "\n".join([f"cannot resume {self.path}: it belongs to another run", *lines, "start a new run instead"])
            )

    # --- replications ---------------------------------------------------------------------------------------------
    def replication_folder(self, replication: int) -> Path:
        return self.path / "replications" / f"{replication:04d}"

    def finished(self) -> list[int]:
        """Numbers of the replications that are whole."""
        folders = (self.path / "replications").iterdir() if (self.path / "replications").is_dir() else iter(())
        return sorted(int(folder.name) for folder in folders if folder.name.isdigit())

    def is_finished(self, replication: int) -> bool:
        """Whether a replication is whole."""
        return self.replication_folder(replication).is_dir()

    @contextlib.contextmanager
    def writing(self, replication: int) -> Iterator[Path]:
        """A folder to write a replication into: it becomes whole at the end of the block, or goes away on an error."""
        final = self.replication_folder(replication)
        part = final.with_name(final.name + _PART)
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            yield part
            part.rename(final)
        except OSError as error:
            raise RunFailedError(
                f"replication {replication} could not be written to {self.path}: {reason(error)}"
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def remove(self, replication: int) -> None:
        """Take a whole replication out of the run."""
        folder = self.replication_folder(replication)
        part = folder.with_name(folder.name + _PART)
        try:
            folder.rename(part)  # first, so that a half-removed one never looks whole
            shutil.rmtree(part)
        except OSError as error:
            raise RunFailedError(f"{folder} could not be removed: {reason(error)}") from error

    def remove_parts(self) -> None:
        """Clear what stopped processes left behind."""
        for part in (self.path / "replications").glob(f"*{_PART}"):
            shutil.rmtree(part, ignore_errors=True)

    # --- results --------------------------------------------------------------------------------------------------
    def read_kpis(self, replications: Sequence[int]) -> pa.Table:
        """The KPI tables of the given replications, in that order, as one."""
        files = [self.replication_folder(number) / "kpis.parquet" for number in replications]
        return pa.concat_tables([pq.ParquetFile(file).read() for file in files]).unify_dictionaries()

    def write_results(self, kpis: pa.Table, summary: dict[str, Any], manifest: Manifest) -> None:
        """Write kpis.parquet and summary.json, and bring the manifest up to date."""
        try:
            part = self.path / f"kpis.parquet{_PART}"
            write_kpi_table(kpis, part)
            part.replace(self.path / "kpis.parquet")
            write_text(self.path / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
            write_text(self.path / MANIFEST, manifest.to_json())
        except OSError as error:
            raise RunFailedError(f"results could not be written to {self.path}: {reason(error)}") from error

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        """Write a file of plain data beside the manifest."""
        try:
            write_text(self.path / name, json.dumps(data, indent=1, allow_nan=False) + "\n")
        except OSError as error:
            raise RunFailedError(f"{self.path / name} could not be written: {reason(error)}") from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Bring the manifest up to date."""
        try:
            write_text(self.path / MANIFEST, manifest.to_json())
        except OSError as error:
            raise RunFailedError(f"{self.path / MANIFEST} could not be written: {reason(error)}") from error


def write_inputs(folder: Path, scenario: Scenario) -> None:
    """Write the resolved scenario and copies of the tables it reads; OSError as the file system says."""
    tables = [file for file in scenario.inputs if not file.name.endswith((".yaml", ".yml"))]
    for file in tables:
        target = folder / "inputs" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, target)
    write_text(folder / "scenario.resolved.yaml", yaml_text(scenario.compact("inputs")))


def reason(error: OSError) -> str:
    """An operating system's error in words: what is wrong and what to do."""
    text = str(error)
    if error.errno == errno.ENOSPC or "No space left" in text:
        return "the disk is full; free some space and go on with --resume"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) or "Read-only file system" in text:
        return f"no permission to write there ({error.strerror or text}); choose another folder with --out"
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EEXIST):
        return f"there is no such folder, and it cannot be made ({error.strerror or text}); choose another with --out"
    if error.errno == errno.EDQUOT:
        return "the disk quota is used up; free some space and go on with --resume"
    return error.strerror or text


def write_text(path: Path, text: str) -> None:
    """Write a file that is whole or not there; OSError as the file system says."""
    part = path.with_name(path.name + _PART)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
