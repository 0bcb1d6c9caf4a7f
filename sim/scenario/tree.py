"""YAML (1.2) to a tree of values that each know where they were written.

Built on the composer of ruamel.yaml, so that nothing is ever constructed from a tag; duplicate keys, foreign tags and
references that multiply are findings.
"""

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from pathlib import PurePath
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sim.scenario.findings import Finding, Place, ScenarioError
from sim.units import format_duration

Scalar = None | bool | int | float | str

MOST_VALUES: Final = 200_000
DEEPEST: Final = 60
MOST_BRACKETS: Final = 100
"""Brackets that may be open at once: the parser's time grows with their square, long before depth is checked."""
_PREFIX = "tag:yaml.org,2002:"
_SPECIAL_FLOATS = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}


NOWHERE: Final = Place()


@dataclass(frozen=True)
class Tree:
    """A value of the scenario language with its place. Never changed: merging makes new trees."""

    value: "Scalar | dict[str, Tree] | list[Tree]"
    place: Place = NOWHERE
    range_key: str = ""  # of an entry that a range of names stands for: its key as written, as in `store-{01..60}`
    range_entry: "Tree | None" = None  # and the entry as written, as long as it holds without change

    def child(self, key: object) -> "Tree | None":
        """The value under a key or an index, None when there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            return self.value[key]
        return None

    def plain(self) -> Any:
        """The value as dicts, lists and scalars. Keys without a value count as not given and are left out."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items() if child.value is not None}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def with_child(self, key: str, child: "Tree | None") -> "Tree":
        """A mapping with one key set, or removed when `child` is None."""
        children = dict(self.value) if isinstance(self.value, dict) else {}
        if child is None:
            children.pop(key, None)
        else:
            children[key] = child
        return replace(self, value=children, range_entry=None)


def parse_yaml(text: str, file: str) -> Tree:
    """The tree of a YAML text; ScenarioError when it is not YAML. An empty text is an empty mapping."""
    still_open = accumulate({"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0) for character in text)
    if max(still_open, default=0) > MOST_BRACKETS:
        raise ScenarioError([Finding("values are nested too deeply", "", "", Place(file))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a reused anchor is legal YAML
        try:
            node = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            raise ScenarioError([_syntax_finding(error, file)]) from None
        except YAMLError as error:
            message = " ".join(str(error).split("\n")[0].split())
            raise ScenarioError([Finding(f"this is not YAML: {message}", "", "", Place(file))]) from None
        except RecursionError:
            raise ScenarioError([Finding("values are nested too deeply", "", "", Place(file))]) from None
        except (ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError):
            # the parser trips over some malformed texts instead of refusing them
            raise ScenarioError([Finding("this is not YAML", "", "", Place(file))]) from None
    if node is None:
        return Tree({}, Place(file, 1))
    builder = _Builder(file)
    tree = builder.build(node, "", 0)
    if builder.findings:
        raise ScenarioError(builder.findings)
    return tree


def from_plain(value: object, file: str = "", path: str = "", depth: int = 0) -> Tree:
    """The tree of Python data (dicts, lists, numbers, dates); ScenarioError for anything else in it."""
    place = Place(file)
    if depth > DEEPEST:
        raise ScenarioError([Finding("values are nested too deeply", "", path, place)])
    if isinstance(value, Mapping):
        children = {
            str(key): from_plain(child, file, f"{path}.{key}".lstrip("."), depth + 1) for key, child in value.items()
        }
        return Tree(children, place)
    if isinstance(value, (list, tuple)):
        return Tree(
            [from_plain(child, file, f"{path}.{index}".lstrip("."), depth + 1) for index, child in enumerate(value)],
            place,
        )
    return Tree(_plain_scalar(value, path, place), place)


def _plain_scalar(value: object, path: str, place: Place) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    for plain in (int, float, str):
        if isinstance(value, plain):
            return plain(value)  # a subclass, such as a numpy float, becomes the plain type
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value // timedelta(milliseconds=1))
    if isinstance(value, (Decimal, Fraction)):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    item = getattr(value, "item", None)  # a numpy scalar
    if callable(item):
        return _plain_scalar(item(), path, place)
    raise ScenarioError(
        [Finding(f"a {type(value).__name__} cannot stand in a scenario", "use plain data", path, place)]
    )


def _syntax_finding(error: MarkedYAMLError, file: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "syntax error"
    hint = "quote texts that contain `: `" if "mapping values" in problem else ""
    if "tab" in problem or "'\\t'" in problem:
        hint = "indent with spaces"
    if "another document" in problem or "single document" in (error.context or ""):
        problem, hint = "more than one YAML document", "keep one, without `---` between"
    return Finding(f"this is not YAML: {problem}", hint, "", Place(file, mark.line + 1 if mark else 0))


class _Builder:
    """Turns composed nodes into a tree and collects findings."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.count = 0

    def build(self, node: Node, path: str, depth: int) -> Tree:
        place = Place(self.file, node.start_mark.line + 1)
        self.count += 1
        if self.count > MOST_VALUES:
            message = f"more than {MOST_VALUES:,} values (references count each time)"
            raise ScenarioError([*self.findings, Finding(message, "put large tables into CSV files", path, place)])
        if depth > DEEPEST:
            raise ScenarioError([*self.findings, Finding("values are nested too deeply", "", path, place)])
        tag = str(node.tag)
        if isinstance(node, MappingNode) and tag == _PREFIX + "map":
            return Tree(self._mapping(node, path, depth), place)
        if isinstance(node, SequenceNode) and tag == _PREFIX + "seq":
            children = [
                self.build(child, f"{path}.{index}".lstrip("."), depth + 1) for index, child in enumerate(node.value)
            ]
            return Tree(children, place)
        if isinstance(node, ScalarNode):
            return Tree(self._scalar(node.value, tag, path, place), place)
        return self._refuse(f"the tag `{tag[:80]}` is not allowed", "leave it out", path, place)

    def _refuse(self, message: str, hint: str, path: str, place: Place) -> Tree:
        self.findings.append(Finding(message, hint, path, place))
        return Tree(None, place)

    def _mapping(self, node: MappingNode, path: str, depth: int) -> dict[str, Tree]:
        children: dict[str, Tree] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            place = Place(self.file, key_node.start_mark.line + 1)
            if not isinstance(key_node, ScalarNode):
                self._refuse("a key must be a plain text", "", path, place)
                continue
            if str(key_node.tag) == _PREFIX + "merge":
                self._refuse("`<<` is not part of YAML 1.2", "use `extends`, or repeat the keys", path, place)
                continue
            key = str(key_node.value)
            below = f"{path}.{key}".lstrip(".")
            if key in children:
                self._refuse(f"the key `{key}` is there twice", f"the first is in line {lines[key]}", below, place)
                continue
            children[key] = replace(self.build(value_node, below, depth + 1), place=place)
            lines[key] = place.line
        return children

    def _scalar(self, text: str, tag: str, path: str, place: Place) -> Scalar:
        kind = tag.removeprefix(_PREFIX)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "int":
            return self._integer(text, path, place)
        if kind == "float":
            return self._number(text, path, place)
        if kind in ("str", "timestamp", "value", "bool"):
            return text
        self._refuse(f"the tag `{tag[:80]}` is not allowed", "leave it out", path, place)
        return None

    def _integer(self, text: str, path: str, place: Place) -> Scalar:
        digits = text.replace("_", "")
        try:
            if len(digits) > 24:
                raise ValueError
            return int(digits, 10) if re.fullmatch(r"[+-]?\d+", digits) else int(digits, 0)
        except ValueError:
            self._refuse(f"{text[:40]} is not a usable number", "", path, place)
            return None

    def _number(self, text: str, path: str, place: Place) -> Scalar:
        lowered = text.lower()
        if lowered in _SPECIAL_FLOATS:
            return _SPECIAL_FLOATS[lowered]
        try:
            return float(text.replace("_", ""))
        except ValueError:
            self._refuse(f"{text[:40]} is not a number", "", path, place)
            return None


def locate(tree: Tree, location: Sequence[object]) -> tuple[Place, list[str]]:
    """The place of the deepest part of a location that exists in the tree, and the location's existing parts.

    Parts that are not in the tree (the tags of unions) are skipped.
    """
    parts: list[str] = []
    place = tree.place
    for part in location:
        child = tree.child(part)
        if child is not None:
            tree, place = child, child.place if child.place.file or child.place.line else place
            parts.append(str(part))
    return place, parts
