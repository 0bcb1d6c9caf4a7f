"""Reads map files: YAML of users, so nothing is built from tags, and everything wrong is found at once."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from device_emulators.faces.documents import Document, FileError, FileFinding, Path_, collect_document, read_text
from device_emulators.faces.mapping import DeviceMap, MapError, MapFile, NodeEntry, RegisterEntry

_LISTS: Final = (("modbus", "tables"), ("opcua", "nodes"))

E = TypeVar("E", bound=BaseModel)


def map_names() -> tuple[str, ...]:
    """The types of devices that come with a map."""
    maps = files("device_emulators.faces").joinpath("maps")
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in maps.iterdir() if entry.name.endswith(".yaml")))


@cache
def builtin_map(kind: str) -> MapFile:
    """The map that comes with a type of device; MapError when there is none."""
    if kind not in map_names():
        raise MapError((FileFinding(f"no map is called {kind!r}; there are {', '.join(map_names())}"),))
    text = files("device_emulators.faces").joinpath("maps", f"{kind}.yaml").read_text(encoding="utf-8")
    return parse_map(text, f"{kind}.yaml")


def load_map(path: Path) -> MapFile:
    """A map file of the user's. MapError when it cannot be read at all; other findings are in the result, so that
    `map_checks.bind` can tell them together with its own."""
    try:
        return parse_map(read_text(path), str(path))
    except FileError as error:
        raise MapError(error.findings) from None


def parse_map(text: str, file: str) -> MapFile:
    """A map from its text. MapError when that is no mapping in YAML with a `type`."""
    try:
        document = collect_document(text, file)
    except FileError as error:
        raise MapError(error.findings) from None
    data = document.data
    if not isinstance(data, dict):
        raise MapError((FileFinding("not a mapping with `type`, `modbus` and `opcua`", "", file, 1),))
    broken: set[str] = set()
    registers = _entries(RegisterEntry, document, _LISTS[0], broken)
    nodes = _entries(NodeEntry, document, _LISTS[1], broken)
    skeleton = {key: _without(value, _LISTS) if key in dict(_LISTS) else value for key, value in data.items()}
    device_map = _skeleton(skeleton, document)
    if device_map is None:
        raise MapError(tuple(sorted(document.findings, key=lambda finding: finding.line)))
    return MapFile(device_map, document, tuple(registers), tuple(nodes), frozenset(broken))


def _skeleton(data: dict[str, Any], document: Document) -> DeviceMap | None:
    """The map without the entries of its lists; what is wrong with it is left out, None when nothing remains."""
    try:
        return DeviceMap.model_validate(data)
    except ValidationError as error:
        document.findings += document.refused_by(error, (), DeviceMap)
        kept = {key: value for key, value in data.items() if key not in {str(e["loc"][0]) for e in error.errors()}}
    try:
        return DeviceMap.model_validate(kept)
    except ValidationError:
        return None


def _entries(model: type[E], document: Document, where: tuple[str, str], broken: set[str]) -> list[tuple[Path_, E]]:
    """The entries of a list, each checked for itself, so that one that is wrong does not hide the others."""
    section = document.data.get(where[0])
    raw = section.get(where[1]) if isinstance(section, dict) else None
    if not isinstance(raw, list):
        if raw is not None:
            document.findings.append(document.finding("not a list", where))
        return []
    entries: list[tuple[Path_, E]] = []
    for index, value in enumerate(raw):
        path = (*where, index)
        try:
            entries.append((path, model.model_validate(value)))
        except ValidationError as error:
            document.findings += document.refused_by(error, path, model)
            if isinstance(value, dict) and isinstance(value.get("signal"), str):
                broken.add(value["signal"])
    return entries


def _without(section: Any, lists: Sequence[tuple[str, str]]) -> Any:
    names = {name for _, name in lists}
    return {key: value for key, value in section.items() if key not in names} if isinstance(section, dict) else section
