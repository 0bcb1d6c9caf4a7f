"""YAML files of users (maps, faults, suites, gateways): read without trust, checked in one go.

Nothing is constructed from a tag; duplicate keys, references that multiply and deep nesting are refused, and every
finding knows its line.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from device_emulators.faces.wording import worded

MOST_BYTES: Final = 200_000
MOST_VALUES: Final = 50_000
DEEPEST: Final = 40
MOST_BRACKETS: Final = 100
"""Brackets that may be open at once: the parser's time grows with their square, long before depth is checked."""
_TAG: Final = "tag:yaml.org,2002:"

Path_ = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class FileFinding:
    """One thing that is wrong in a file: what, at which setting, in which line (0: the file as a whole)."""

    message: str
    path: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = ":".join(part for part in (self.file, str(self.line) if self.line else "") if part)
        return ": ".join(part for part in (where, self.path, self.message) if part)


class FileError(ValueError):
    """A file that cannot be used; carries every finding."""

    def __init__(self, findings: Sequence[FileFinding]) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        super().__init__("\n".join([f"{count} finding{'s' if count != 1 else ''}:", *(f"  {f}" for f in findings)]))


@dataclass
class Document:
    """A file's content as plain data, with the line of every setting."""

    file: str
    data: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    sources: dict[Path_, str] = field(default_factory=dict)  # of settings that do not stand in the file
    findings: list[FileFinding] = field(default_factory=list)

    def finding(self, message: str, path: Path_ = ()) -> FileFinding:
        """Something wrong at a setting, or at the nearest one above it that stands in the file."""
        known = path
        while known and known not in self.lines and known not in self.sources:
            known = known[:-1]
        name = ".".join(map(str, path))
        if known in self.sources:
            return FileFinding(message, "" if known == path else name, self.sources[known])
        return FileFinding(message, name, self.file, self.lines.get(known, 0))

    def refuse(self, findings: Sequence[tuple[str, Path_]]) -> None:
        """FileError when there are any findings."""
        if findings:
            raise FileError([self.finding(message, path) for message, path in findings])

    def refused_by(
        self, error: ValidationError, at: Path_ = (), model: type[BaseModel] | None = None
    ) -> list[FileFinding]:
        """What a model says of the data at a path."""
        return [self.finding(worded(found, model), (*at, *found["loc"])) for found in error.errors()]


def read_text(file: Path) -> str:
    """The text of a file. FileError: it cannot be read, is too large, or is no text."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero in it
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError([FileFinding(f"cannot be read: {reason}", "", str(file))]) from None
    if len(raw) > MOST_BYTES:
        raise FileError([FileFinding(f"larger than {MOST_BYTES:,} bytes", "", str(file))])
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise FileError([FileFinding("not a text in UTF-8", "", str(file))]) from None


def read_document(file: Path) -> Document:
    """The content of a YAML file. FileError: it cannot be read, is too large, or is not YAML."""
    return parse_document(read_text(file), str(file))


def parse_document(text: str, file: str = "") -> Document:
    """The content of a YAML text; FileError when it is not YAML, or something in it cannot stand there."""
    document = collect_document(text, file)
    if document.findings:
        raise FileError(document.findings)
    return document


def collect_document(text: str, file: str = "") -> Document:
    """The content of a YAML text, with findings in place of what cannot stand there; FileError when it is not YAML."""
    document = Document(file)
    node = _composed(text, file)
    document.data = {} if node is None else _Builder(document).build(node, ())
    return document


def _composed(text: str, file: str) -> Node | None:
    def refused(message: str, line: int = 0) -> FileError:
        return FileError([FileFinding(f"this is not YAML: {message}", "", file, line)])

    still_open = accumulate({"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0) for character in text)
    if max(still_open, default=0) > MOST_BRACKETS:
        raise refused("values are nested too deeply")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an anchor that is used again is legal
        try:
            node: Node | None = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise refused(error.problem or "syntax error", mark.line + 1 if mark is not None else 0) from None
        except RecursionError:
            raise refused("values are nested too deeply") from None
        except (YAMLError, ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError) as error:
            # the parser trips over some malformed texts instead of refusing them
            raise refused(" ".join(str(error).split("\n")[0].split())) from None
    return node


def checked(model: type[M], document: Document, at: Path_ = ()) -> M:
    """The document, or a part of it, as a configuration model; FileError with all that is wrong."""
    data = document.data
    for key in at:
        data = data[key]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise FileError(document.refused_by(error, at, model)) from None


class _Builder:
    """Makes plain data of YAML nodes; references may not multiply without end."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values = 0

    def build(self, node: Node, path: Path_) -> Any:
        self.values += 1
        self.document.lines.setdefault(path, node.start_mark.line + 1)  # a key's own line is there already
        if self.values > MOST_VALUES or len(path) > DEEPEST:
            raise FileError([self.document.finding("too many values, or nested too deeply", path[:3])])
        tag = str(node.tag).removeprefix(_TAG)
        if isinstance(node, MappingNode) and tag == "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and tag == "seq":
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(str(node.value), tag, path)
        return self._refuse(f"the tag {tag[:80]} is not allowed", path)

    def _mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            if not isinstance(key_node, ScalarNode) or str(key_node.tag) == _TAG + "merge" or key in result:
                self._refuse(f"the key {key} is there twice, or not a text", path)
                continue
            self.document.lines[*path, key] = key_node.start_mark.line + 1
            result[key] = self.build(child, (*path, key))
        return result

    def _scalar(self, text: str, tag: str, path: Path_) -> Any:
        try:
            match tag:
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int":
                    return int(text) if text.lstrip("+-").isdigit() else int(text, 0)
                case "float":
                    return float(text)
                case "str" | "timestamp":
                    return text
        except ValueError:
            return self._refuse(f"{text[:40]!r} is not a {tag} that can stand here", path)
        return self._refuse(f"the tag {tag[:80]} is not allowed", path)

    def _refuse(self, message: str, path: Path_) -> None:
        self.document.findings.append(self.document.finding(message, path))
