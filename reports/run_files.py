"""Reads a run directory: the few files that reports are made of, with names instead of row numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

CLASSES: Final = ("A", "B", "C")


class NoRunError(Exception):
    """A folder is not a run directory, or one in which nothing is finished yet; the text says what to do."""


@dataclass(frozen=True)
class RunFiles:
    """A finished (or interrupted) run on disk; the README.md in it explains every file and column.

    Attributes:
        path: the run directory.
        manifest: content of manifest.json: name, variant, seed, replications, confidence and so on.
    """

    path: Path
    manifest: Mapping[str, Any]

    @staticmethod
    def open(path: Path) -> "RunFiles":
        """The run in `path`; NoRunError when there is none or none of its replications is whole."""
        try:
            manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NoRunError(f"{path} is not a run directory: it has no manifest.json{_nearby(path)}") from None
        except (OSError, ValueError) as error:
            raise NoRunError(f"{path / 'manifest.json'} cannot be read: {error}") from error
        run = RunFiles(path, manifest)
        if not run.replications or not (path / "kpis.parquet").is_file():
            raise NoRunError(f"{path} holds no finished replication; go on with `mro-twin run ... --resume` first")
        return run

    @cached_property
    def replications(self) -> Sequence[Path]:
        """Folders of the whole replications, in order."""
        folder = self.path / "replications"
        return sorted(one for one in folder.glob("*") if one.name.isdigit())

    @cached_property
    def scenario(self) -> Mapping[str, Any]:
        """The resolved scenario as plain data."""
        from ruamel.yaml import YAML

        data: dict[str, Any] = YAML(typ="safe", pure=True).load(self.path / "scenario.resolved.yaml")
        return data

    @cached_property
    def kpis(self) -> pd.DataFrame:
        """Every KPI of every replication: variant, replication, scope, key, kpi, value, unit."""
        return self._read(self.path / "kpis.parquet")

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """Name, kind and echelon of every node, by its number."""
        return self._read(self.path / "network" / "nodes.parquet")

    def table(self, name: str) -> pd.DataFrame:
        """A table of all whole replications with a column `replication`, a column `echelon` where it has nodes."""
        parts = [
            self._read(folder / f"{name}.parquet").assign(replication=int(folder.name)) for folder in self.replications
        ]
        rows = pd.concat(parts, ignore_index=True)
        if "node" in rows:
            rows["echelon"] = self.nodes["echelon"].to_numpy()[rows["node"].to_numpy()]
        return rows

    @staticmethod
    def _read(file: Path) -> pd.DataFrame:
        try:
            return pd.read_parquet(file)
        except (OSError, ValueError) as error:
            raise NoRunError(f"{file} cannot be read: {error}") from error


def _nearby(path: Path) -> str:
    """A hint when the folder holds run directories instead of being one."""
    runs = sorted(path.glob("*/manifest.json")) if path.is_dir() else []
    return f"; did you mean {runs[-1].parent}?" if runs else ""
