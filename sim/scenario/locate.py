"""Finds a scenario by what the user typed: a path, the name of a built-in one, or either with `@variant`."""

from dataclasses import dataclass
from pathlib import Path

import scenarios
from sim.scenario.findings import Finding, Place, ScenarioError, did_you_mean
from sim.scenario.sources import LARGEST_SCENARIO_BYTES, Sources
from sim.scenario.tree import parse_yaml

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class BuiltIn:
    """A scenario that comes with the package."""

    name: str
    path: Path
    description: str


def built_in_folder() -> Path:
    """The folder of the scenarios that come with the package."""
    return Path(scenarios.__file__).resolve().parent


def built_in_names() -> list[str]:
    """Names of the built-in scenarios, sorted."""
    return sorted(path.stem for path in built_in_folder().iterdir() if path.suffix in ENDINGS)


def built_in_scenarios() -> list[BuiltIn]:
    """The built-in scenarios with their one-line descriptions; nothing but the description is read."""
    sources = Sources(built_in_folder())
    found = []
    for name in built_in_names():
        path = next(path for ending in ENDINGS if (path := built_in_folder() / f"{name}{ending}").exists())
        tree = parse_yaml(sources.read(path, LARGEST_SCENARIO_BYTES).decode("utf-8-sig"), path.name)
        description = tree.child("description")
        text = "" if description is None or description.value is None else str(description.value)
        found.append(BuiltIn(name, path, " ".join(text.split())))
    return found


def locate_scenario(text: str) -> tuple[Path, str | None]:
    """The file and the variant (None: the base) that `PATH`, `NAME`, `PATH@VARIANT` or `NAME@VARIANT` stands for.

    ScenarioError when there is neither such a file nor such a built-in scenario.
    """
    path = _find(text)
    if path is not None:
        return path, None
    name, at, variant = text.rpartition("@")
    if at and name and variant:
        path = _find(name)
        if path is not None:
            return path, variant
    sought = name if at and name else text
    hint = did_you_mean(Path(sought).stem, built_in_names()) or "give a file, or a name from `mro-twin scenarios`"
    raise ScenarioError([Finding("there is no such scenario", hint, "", Place(sought[:200]))])


def _find(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text)
    try:
        if path.is_file():
            return path
        if "/" not in text and "\\" not in text:
            for ending in ENDINGS:
                if (built_in := built_in_folder() / f"{text}{ending}").is_file():
                    return built_in
        return path if path.exists() else None  # a folder, or a device: reading it says why not
    except (OSError, ValueError):
        return None
