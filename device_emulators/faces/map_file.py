"""Reads map files: YAML of users, so nothing is built from tags, and everything wrong is found at once."""

import warnings
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from device_emulators.faces.mapping import DeviceMap, Finding, MapError, MapFile, NodeEntry, RegisterEntry

MOST_BYTES: Final = 200_000
MOST_VALUES: Final = 50_000
DEEPEST: Final = 20
MOST_BRACKETS: Final = 100
"""Brackets that may be open at once: the parser's time grows with their square, long before depth is checked."""
_PREFIX: Final = "tag:yaml.org,2002:"
_LISTS: Final = (("modbus", "tables"), ("opcua", "nodes"))

E = TypeVar("E", bound=BaseModel)


def map_names() -> tuple[str, ...]:
    """The types of devices that come with a map."""
    maps = files("device_emulators.faces").joinpath("maps")
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in maps.iterdir() if entry.name.endswith(".yaml")))


def builtin_map(kind: str) -> MapFile:
    """The map that comes with a type of device; MapError when there is none."""
    if kind not in map_names():
        raise MapError((Finding(f"no map is called {kind!r}; there are {', '.join(map_names())}"),))
    text = files("device_emulators.faces").joinpath("maps", f"{kind}.yaml").read_text(encoding="utf-8")
    return parse_map(text, f"{kind}.yaml")


def load_map(path: Path) -> MapFile:
    """A map file of the user's. MapError when it cannot be read at all; other findings are in the result, so that
    `map_checks.bind` can tell them together with its own."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise MapError((Finding(f"cannot be read: {error.strerror or error}", "", str(path)),)) from None
    if len(raw) > MOST_BYTES:
        raise MapError((Finding(f"larger than {MOST_BYTES:,} bytes", "", str(path)),))
    try:
        return parse_map(raw.decode(), str(path))
    except UnicodeDecodeError:
        raise MapError((Finding("not a text in UTF-8", "", str(path)),)) from None


def parse_map(text: str, file: str) -> MapFile:
    """A map from its text. MapError when that is no mapping in YAML with a `type`."""
    tree = _Tree(file)
    data = tree.read(text)
    if not isinstance(data, dict):
        raise MapError((Finding("not a mapping with `type`, `modbus` and `opcua`", "", file, 1),))
    broken: set[str] = set()
    registers = _entries(RegisterEntry, data, _LISTS[0], tree, broken)
    nodes = _entries(NodeEntry, data, _LISTS[1], tree, broken)
    skeleton = {key: _without(value, _LISTS) if key in dict(_LISTS) else value for key, value in data.items()}
    device_map = _skeleton(skeleton, tree)
    if device_map is None:
        raise MapError(tuple(sorted(tree.findings, key=lambda finding: finding.line)))
    return MapFile(
        device_map, file, tree.lines, tuple(registers), tuple(nodes), frozenset(broken), tuple(tree.findings)
    )


def _skeleton(data: dict[str, Any], tree: "_Tree") -> DeviceMap | None:
    """The map without the entries of its lists; what is wrong with it is left out, None when nothing remains."""
    try:
        return DeviceMap.model_validate(data)
    except ValidationError as error:
        tree.refuse(error, "")
        kept = {key: value for key, value in data.items() if key not in {str(e["loc"][0]) for e in error.errors()}}
    try:
        return DeviceMap.model_validate(kept)
    except ValidationError:
        return None


def _entries(
    model: type[E], data: Mapping[str, Any], where: tuple[str, str], tree: "_Tree", broken: set[str]
) -> list[tuple[str, E]]:
    """The entries of a list, each checked for itself, so that one that is wrong does not hide the others."""
    section = data.get(where[0])
    raw = section.get(where[1]) if isinstance(section, dict) else None
    path = ".".join(where)
    if not isinstance(raw, list):
        if raw is not None:
            tree.findings.append(Finding("not a list", path, tree.file, tree.lines.get(path, 0)))
        return []
    entries = []
    for index, value in enumerate(raw):
        try:
            entries.append((f"{path}.{index}", model.model_validate(value)))
        except ValidationError as error:
            tree.refuse(error, f"{path}.{index}")
            if isinstance(value, dict) and isinstance(value.get("signal"), str):
                broken.add(value["signal"])
    return entries


def _without(section: Any, lists: Sequence[tuple[str, str]]) -> Any:
    names = {name for _, name in lists}
    return {key: value for key, value in section.items() if key not in names} if isinstance(section, dict) else section


class _Tree:
    """YAML to plain data, with the line of every path."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.lines: dict[str, int] = {}
        self._count = 0

    def read(self, text: str) -> Any:
        """The data; MapError when the text is not YAML."""
        still_open = accumulate({"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0) for character in text)
        if max(still_open, default=0) > MOST_BRACKETS:
            raise self._syntax("values are nested too deeply", 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used again is legal
            try:
                node = YAML(typ="safe", pure=True).compose(text)
            except MarkedYAMLError as error:
                line = error.problem_mark.line + 1 if error.problem_mark else 0
                raise self._syntax(str(error.problem or "syntax error"), line) from None
            except RecursionError:
                raise self._syntax("values are nested too deeply", 0) from None
            except (YAMLError, ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError) as error:
                # the parser trips over some malformed texts instead of refusing them
                raise self._syntax(" ".join(str(error).split("\n")[0].split()), 0) from None
        return None if node is None else self._build(node, "", 0)

    def refuse(self, error: ValidationError, path: str) -> None:
        """Note what a model says of the data at `path`."""
        for found in error.errors():
            parts = [path, *map(str, found["loc"])]
            full = ".".join(part for part in parts if part)
            message = found["msg"].removeprefix("Value error, ")
            if found["type"] == "extra_forbidden":
                message = "there is no such setting"
            self.findings.append(Finding(message, full, self.file, self._line(full)))

    def _line(self, path: str) -> int:
        """The line of the path, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return self.lines.get(path, 1)

    def _syntax(self, message: str, line: int) -> MapError:
        return MapError((Finding(f"this is not YAML: {message}", "", self.file, line),))

    def _build(self, node: Node, path: str, depth: int) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._count += 1
        if self._count > MOST_VALUES or depth > DEEPEST:
            raise MapError((Finding("too many values, or nested too deeply", path, self.file, line),))
        tag = str(node.tag).removeprefix(_PREFIX)
        if isinstance(node, MappingNode) and tag == "map":
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode) and tag == "seq":
            return [self._build(child, f"{path}.{i}".lstrip("."), depth + 1) for i, child in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(str(node.value), tag, path, line)
        self.findings.append(Finding(f"the tag {node.tag} is not allowed", path, self.file, line))
        return None

    def _mapping(self, node: MappingNode, path: str, depth: int) -> dict[str, Any]:
        children: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            if not isinstance(key_node, ScalarNode) or str(key_node.tag) == _PREFIX + "merge" or key in children:
                self.findings.append(Finding(f"the key {key} is there twice, or not a text", path, self.file, line))
                continue
            below = f"{path}.{key}".lstrip(".")
            self.lines[below] = line
            children[key] = self._build(value_node, below, depth + 1)
        return children

    def _scalar(self, text: str, tag: str, path: str, line: int) -> Any:
        try:
            match tag:
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int":
                    return int(text, 0)
                case "float":
                    return float(text)
                case "str" | "timestamp":
                    return text
                case _:
                    message = f"the tag {tag[:80]} is not allowed"
        except ValueError:
            message = f"{text[:40]!r} is not a {tag} that can stand here"
        self.findings.append(Finding(message, path, self.file, line))
        return None
