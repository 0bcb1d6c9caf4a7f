"""manifest.json: what a run is, and under which circumstances it was made."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

FORMAT: Final = 2
_LIBRARIES: Final = ("mro-twin", "simpy", "numpy", "numba", "pyarrow", "scipy")


@dataclass(frozen=True)
class Manifest:
    """What a run is (name to events), where it stands, and what it was made with.

    Attributes:
        scenario_hash: fingerprint of the resolved scenario and its tables.
        start: local date and time of time 0. horizon_ms: end of the run, since then.
        warm_up_ms: when measuring begins, since the start; in a run from a saved state, the instant of that state.
        currency: ISO 4217 code of all money. minor_digits: decimal places of its minor unit.
        inputs: SHA-256 by name of every file that the scenario was read from.
        finished: number of whole replications.
        precision: targets of a run until a precision, and how it ended; empty for a given number of replications.
        status: `running`, `interrupted`, `failed` or `complete`.
        usage_logs: by number of the replication, what was signed of its reports: fingerprint of the key, entries, root.
        timings: wall and CPU seconds per replication number, of the processes that made them.
    """

    name: str
    variant: str
    scenario_hash: str
    seed: int
    replications: int
    events: bool
    confidence: float
    start: str
    horizon_ms: int
    warm_up_ms: int
    currency: str
    minor_digits: int
    from_state: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    source: str = ""
    started: str = ""
    ended: str = ""
    status: str = "running"
    finished: int = 0
    workers: int = 1
    precision: dict[str, Any] = field(default_factory=dict)
    usage_logs: dict[str, dict[str, Any]] = field(default_factory=dict)
    timings: dict[str, dict[str, float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    git: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> "Manifest":
        """The manifest in `text`; ValueError, KeyError or TypeError when it is none of ours."""
        data = json.loads(text)
        if data.get("kind", "run") != "run":
            raise ValueError(f"this is a {data['kind']}, not a run")
        if data["format"] != FORMAT:
            written = data.get("versions", {}).get("mro-twin", "another version")
            here = versions()["mro-twin"]
            raise ValueError(
                f"it was written by mro-twin {written} in format {data['format']}, "
                f"mro-twin {here} reads format {FORMAT}; run the scenario again"
            )
        return Manifest(**data)

    def differences(self, other: "Manifest") -> Iterator[tuple[str, object, object]]:
        """What must be the same for replications of two runs to belong together: (what, here, there)."""
        yield "scenario name", self.name, other.name
        yield "variant", self.variant, other.variant
        yield "scenario (hash)", self.scenario_hash[:12], other.scenario_hash[:12]
        yield "seed", self.seed, other.seed
        yield "event log (--events)", self.events, other.events
        yield "starting state", self.from_state or "none", other.from_state or "none"

    def made_now(self) -> "Manifest":
        """This manifest with time, versions, git state and machine filled in."""
        return replace(self, started=now(), **circumstances())


def circumstances() -> dict[str, Any]:
    """What things are made with, now: versions, git (state of this program's source) and machine."""
    return {"versions": versions(), "git": _git_state(), "machine": _machine()}


def is_run(file: Path) -> bool:
    """Whether a manifest is that of a run (damaged and older ones included), not of a comparison of runs."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return not isinstance(data, dict) or data.get("kind", "run") == "run"


def now() -> str:
    """Local time with its offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of this program, of Python and of the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _git_state() -> dict[str, Any]:
    """Commit of this program's source and whether it was changed since; empty when it is not a git checkout."""
    folder = Path(__file__).resolve().parent.parent.parent
    if not (folder / ".git").exists():
        return {}
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return {"commit": commit, "changed": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return {}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "processors": os.cpu_count(),
        "python": sys.implementation.name,
    }
