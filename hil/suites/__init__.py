"""The suites that come with the twin: smoke (a minute), outages (every kind of outage), soak (hours)."""

from importlib.resources import files
from pathlib import Path


def suite_names() -> tuple[str, ...]:
    """The suites that come with the twin."""
    entries = files("hil.suites").iterdir()
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml")))


def suite_file(name: str) -> Path:
    """The file of one of them; KeyError when there is none."""
    if name not in suite_names():
        raise KeyError(name)
    return Path(str(files("hil.suites").joinpath(f"{name}.yaml")))
