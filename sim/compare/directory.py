"""The directory of a comparison; docs/comparison.md explains every file.

runs/<time>-compare-<name>-<short id>/
  manifest.json        what was compared, with which versions
  variants/<label>/    an ordinary run directory each; of a run that was finished before, its results only
  differences.parquet  comparison.json  frontier.svg
"""

import json
import math
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sim.compare.differences import Difference, write_differences
from sim.compare.finished import FinishedRun
from sim.errors import RunDirectoryError, RunFailedError
from sim.network import Network
from sim.run.directory import MANIFEST, RunDirectory, reason
from sim.run.manifest import Manifest, now, versions
from sim.scenario import Scenario

FORMAT: Final = 1
KIND: Final = "comparison"
_COPIED: Final = ("kpis.parquet", "summary.json", MANIFEST, "scenario.resolved.yaml", "README.md")


@dataclass(frozen=True)
class VariantEntry:
    """One variant in a comparison's manifest; `run` is its run directory, relative to the comparison if inside it."""

    label: str
    scenario: str
    variant: str
    run: str


@dataclass(frozen=True)
class ComparisonManifest:
    """What was compared, and how.

    Attributes:
        name: of the base's scenario. base: label of the base, the first of the variants.
        question: what else was asked for (`match`, `scale`, `frontier`, `best`).
        status: `running`, `interrupted`, `failed` or `complete`.
    """

    name: str
    seed: int
    replications: int
    confidence: float
    base: str
    variants: tuple[VariantEntry, ...]
    question: dict[str, Any] = field(default_factory=dict)
    created: str = field(default_factory=now)
    status: str = "running"
    versions: dict[str, str] = field(default_factory=versions)
    format: int = FORMAT
    kind: str = KIND

    def same_question(self, other: dict[str, Any]) -> bool:
        """Whether a comparison on disk is about the same as this one."""
        mine = json.loads(json.dumps(asdict(self)))
        keys = ("kind", "name", "seed", "replications", "confidence", "base", "variants", "question")
        return all(mine[key] == other.get(key) for key in keys)


class ComparisonDirectory:
    """One comparison on disk. Methods raise RunFailedError when a file cannot be written."""

    def __init__(self, path: Path, manifest: ComparisonManifest) -> None:
        self.path = path
        self.manifest = manifest

    @staticmethod
    def create(root: Path, manifest: ComparisonManifest) -> "ComparisonDirectory":
        """Make a new directory under `root`; RunDirectoryError when the file system does not let us."""
        time = datetime.now().strftime("%Y%m%d-%H%M%S")
        path = root / f"{time}-compare-{manifest.name}-{secrets.token_hex(3)}"
        try:
            (path / "variants").mkdir(parents=True)
        except OSError as error:
            raise RunDirectoryError(f"no directory can be made in the folder {root}: {reason(error)}") from error
        made = ComparisonDirectory(path, manifest)
        made.write_manifest("running")
        return made

    @staticmethod
    def find(folder: Path, manifest: ComparisonManifest) -> "ComparisonDirectory":
        """The comparison to go on with: `folder` itself, or the newest one in it about the same question."""
        own = [folder / MANIFEST] if (folder / MANIFEST).is_file() else []
        for file in own or sorted(folder.glob(f"*-compare-*/{MANIFEST}"), reverse=True):
            content = _content(file)
            if content.get("format") == FORMAT and manifest.same_question(content):
                return ComparisonDirectory(file.parent, replace(manifest, created=str(content.get("created", ""))))
        raise RunDirectoryError(
            f"nothing to resume: {folder} holds no comparison of these variants with this seed and these replications"
        )

    # --- variants -------------------------------------------------------------------------------------------------
    def run_path(self, label: str) -> Path:
        """Where the run of a variant lies."""
        return self.path / "variants" / label

    def make_run(self, label: str, scenario: Scenario, network: Network, manifest: Manifest) -> RunDirectory:
        """The run directory of a variant: the one that is there when it is the same run, else a new one."""
        there = RunDirectory(self.run_path(label))
        if (there.path / MANIFEST).is_file():
            if not any(old != new for _, old, new in there.manifest().differences(manifest)):
                there.remove_parts()
                return there
            shutil.rmtree(there.path, ignore_errors=True)  # of another factor, while matching
        made = RunDirectory.create(self.path / "variants", scenario, network, manifest)
        made.path.rename(there.path)
        return there

    def copy_run(self, label: str, run: FinishedRun) -> None:
        """Keep the results of a run that was finished before, without its replications."""
        target = self.run_path(label)
        try:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for name in _COPIED:
                if (run.path / name).is_file():
                    shutil.copyfile(run.path / name, target / name)
            if (run.path / "network").is_dir():
                shutil.copytree(run.path / "network", target / "network")
        except OSError as error:
            raise RunFailedError(f"{run.path} could not be copied to {target}: {reason(error)}") from error

    # --- results --------------------------------------------------------------------------------------------------
    def write_manifest(self, status: str) -> None:
        """Bring manifest.json up to date."""
        self.manifest = replace(self.manifest, status=status)
        self._write(MANIFEST, json.dumps(asdict(self.manifest), indent=1) + "\n")

    def write_results(self, found: Sequence[Difference], document: dict[str, Any]) -> None:
        """Write differences.parquet and comparison.json."""
        try:
            part = self.path / "differences.parquet.part"
            write_differences(found, part)
            part.replace(self.path / "differences.parquet")
        except OSError as error:
            raise RunFailedError(f"results could not be written to {self.path}: {reason(error)}") from error
        self._write("comparison.json", json.dumps(finite(document), indent=1, allow_nan=False, default=str) + "\n")

    def _write(self, name: str, text: str) -> None:
        part = self.path / f"{name}.part"
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(self.path / name)
        except OSError as error:
            raise RunFailedError(f"{self.path / name} could not be written: {reason(error)}") from error


def _content(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunDirectoryError(f"{file} cannot be read: {error}") from error
    return content if isinstance(content, dict) else {}


def finite(value: Any) -> Any:
    """Plain data with None in place of NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
