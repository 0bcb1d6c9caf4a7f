"""A run directory opened for one question: names of nodes and items, and the tables of one replication."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim import columns as c
from sim.errors import RunDirectoryError
from sim.explain.errors import ExplainError
from sim.network import Int64Array, Network
from sim.run.directory import MANIFEST, RunDirectory
from sim.run.manifest import FORMAT, Manifest, is_run
from sim.scenario.findings import ScenarioError, did_you_mean

SUPPLIER: Final = "supplier"
_SCENARIO: Final = "scenario.resolved.yaml"

RUN: Final = "run"
"""The `kind` of a manifest that is a run's, also when it has none."""


@dataclass(frozen=True)
class RunFiles:
    """A run directory with its manifest; RunDirectoryError when one of its files cannot be read."""

    path: Path
    manifest: Manifest

    @staticmethod
    def open(path: Path) -> "RunFiles":
        """The run in `path`, or the newest one in a folder of runs; ExplainError says what is wrong with it."""
        path = _newest(path)
        _check_format(path / MANIFEST)
        return RunFiles(path, RunDirectory(path).manifest())

    def replication_folder(self, replication: int) -> Path:
        """Where the records of a whole replication are; ExplainError when there is none of that number."""
        run = RunDirectory(self.path)
        whole = run.finished()
        if replication not in whole:
            known = ", ".join(map(str, whole[:10])) + (" ..." if len(whole) > 10 else "")
            hint = f"whole are {known}" if whole else "none is whole; go on with `mro-twin run ... --resume`"
            raise ExplainError(f"{self.path} holds no whole replication {replication} ({hint})")
        return run.replication_folder(replication)

    def network_table(self, name: str) -> dict[str, list[Any]]:
        """A table of network/ as lists by column; the row number is the number of the node, item and so on."""
        data: dict[str, list[Any]] = read_table(self.path / "network" / f"{name}.parquet").to_pydict()
        return data

    @cached_property
    def nodes(self) -> dict[str, list[Any]]:
        return self.network_table("nodes")

    @cached_property
    def items(self) -> dict[str, list[Any]]:
        return self.network_table("items")

    @cached_property
    def routes(self) -> dict[str, list[Any]]:
        return self.network_table("routes")

    @cached_property
    def lanes(self) -> dict[str, list[Any]]:
        return self.network_table("lanes")

    @cached_property
    def stock_points(self) -> dict[str, Int64Array]:
        """The stock points' columns as arrays; row number = stock point."""
        table = read_table(self.path / "network" / "stock_points.parquet")
        return {name: column(table, name) for name in table.column_names}

    @cached_property
    def network(self) -> Network:
        """The arrays of the scenario, built again from the run directory alone: calendars, capacities, pools."""
        from sim.run.simulation import network_of
        from sim.scenario import load_scenario

        try:
            return network_of(load_scenario(self.path / _SCENARIO))
        except ScenarioError as error:
            text = f"the scenario in {self.path} cannot be used any more: {error}"
            if any(one.message.startswith("unknown kind") for one in error.findings):
                text += "\nif the run was made with policies of your own, give their file here, too: --policies FILE"
            raise RunDirectoryError(text) from error

    @cached_property
    def _node_settings(self) -> dict[str, Any]:
        """The scenario's section `nodes` as it is written, without a look at its policies; empty if unreadable."""
        from sim.scenario.tree import parse_yaml

        try:
            data = parse_yaml((self.path / _SCENARIO).read_text(encoding="utf-8"), _SCENARIO).plain()
        except (OSError, ValueError):
            return {}
        nodes = data.get("nodes") if isinstance(data, dict) else None
        return nodes if isinstance(nodes, dict) else {}

    def is_always_ready(self, supplier: int) -> bool:
        """Whether a supplier (number of its node) surely releases every order at once: never shut, no capacity."""
        settings = self._node_settings.get(self.nodes["name"][supplier])
        return isinstance(settings, dict) and not any(settings.get(key) for key in ("capacity", "closed", "outages"))

    @property
    def start(self) -> datetime:
        """Date and time of time 0."""
        return datetime.fromisoformat(self.manifest.start)

    def find_stock_point(self, place: str) -> int:
        """The row of the stock point `NODE/ITEM`; ExplainError with the nearest names when there is none."""
        node_name, slash, item_name = place.partition("/")
        if not slash:
            example = f"{self.nodes['name'][0]}/{self.items['name'][0]}"
            raise ExplainError(f"{place!r} is no stock point: write NODE/ITEM, such as `{example}`")
        wrong = [
            f"there is no {what} {name!r} in this run ({did_you_mean(name, known['name'])})".replace(" ()", "")
            for what, name, known in (("node", node_name, self.nodes), ("item", item_name, self.items))
            if name not in known["name"]
        ]
        if wrong:
            raise ExplainError("; ".join(wrong))
        node, item = self.nodes["name"].index(node_name), self.items["name"].index(item_name)
        if self.nodes["kind"][node] == SUPPLIER:
            raise ExplainError(f"{node_name} is a supplier, which is never short; name a node that it delivers to")
        points = self.stock_points
        rows = np.flatnonzero((points["node"] == node) & (points["item"] == item))
        if len(rows) == 0:
            here = [self.items["name"][one] for one in points["item"][points["node"] == node][:5]]
            known = f"it has {', '.join(here)}" + (" ..." if len(here) == 5 else "") if here else "it has no items"
            raise ExplainError(f"{node_name} neither holds {item_name} nor is asked for it ({known})")
        return int(rows[0])

    def node_name(self, point: int) -> str:
        """Name of the node of a stock point."""
        return str(self.nodes["name"][self.stock_points["node"][point]])

    def is_supplier(self, point: int) -> bool:
        return bool(self.nodes["kind"][self.stock_points["node"][point]] == SUPPLIER)

    def is_stocked(self, point: int) -> bool:
        """Whether the node means to hold the item; otherwise it is ordered through."""
        return bool(self.stock_points["flags"][point] & c.SP_STOCKED)


def read_table(path: Path) -> pa.Table:
    """A Parquet file of a run; RunDirectoryError when it is missing or damaged."""
    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise RunDirectoryError(f"{path} cannot be read: {error}") from error


def column(table: pa.Table, name: str) -> Int64Array:
    """A number column as integers."""
    values: npt.NDArray[Any] = table[name].to_numpy()
    return values.astype(np.int64)


def _newest(path: Path) -> Path:
    """`path` if it is a run directory, else the newest run in it (their names begin with the time)."""
    if (path / MANIFEST).is_file():
        return path
    if not path.exists():
        raise ExplainError(f"there is no folder {path}; name a run directory, or make one with `mro-twin run SCENARIO`")
    runs = [file for file in sorted(path.glob(f"*/{MANIFEST}")) if is_run(file)] if path.is_dir() else []
    if not runs and (path / "sweep.json").is_file():
        raise ExplainError(f"{path} is a sweep, which keeps KPIs only; run the scenario with the settings of a point")
    if not runs:
        raise ExplainError(f"{path} is not a run directory and holds none; make one with `mro-twin run SCENARIO`")
    return runs[-1].parent


def _inside(path: Path) -> str:
    """Which folder of a comparison or a sweep holds the runs that it was made of."""
    folders = sorted({file.parent.parent for file in path.glob(f"*/*/{MANIFEST}") if is_run(file)})
    if not folders:
        return "name a run"
    example = next(file.parent.name for file in sorted(folders[0].glob(f"*/{MANIFEST}")))
    return f"name one of the runs in {folders[0]}, such as {example}"


def _check_format(path: Path) -> None:
    """Refuse the directories of comparisons and of other versions by name."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExplainError(f"{path} cannot be read: {error}") from error
    kind = manifest.get("kind", RUN) if isinstance(manifest, dict) else RUN
    if kind != RUN:
        raise ExplainError(f"{path.parent} is a {kind}; {_inside(path.parent)}")
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise ExplainError(f"{path.parent} is not a run directory: {path.name} is not one of ours")
    if manifest["format"] != FORMAT:
        versions = manifest.get("versions")
        writer = versions.get("mro-twin", "unknown") if isinstance(versions, dict) else "unknown"
        raise ExplainError(
            f"{path.parent} was written by mro-twin {writer} in format {manifest['format']}; this is mro-twin "
            f"{metadata.version('mro-twin')}, which reads format {FORMAT}: run the scenario again"
        )
