"""YAML files of hardware in the loop (faults, suites, gateways): read without trust, checked in one go.

Nothing is constructed from a tag, duplicate keys and references that multiply are refused, and every finding knows its
line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LARGEST_BYTES: Final = 1_000_000
MOST_VALUES: Final = 50_000
DEEPEST: Final = 40
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


def read_document(file: Path) -> Document:
    """The content of a YAML file. FileError: it cannot be read, is too large, or is not YAML."""
    try:
        size = file.stat().st_size
        if size > LARGEST_BYTES:
            raise FileError(
                [FileFinding(f"the file has {size} bytes; at most {LARGEST_BYTES} are read", "", str(file))]
            )
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError([FileFinding(f"cannot be read: {reason}", "", str(file))]) from None
    except UnicodeDecodeError:
        raise FileError([FileFinding("is not UTF-8 text", "", str(file))]) from None
    return parse_document(text, str(file))


def parse_document(text: str, file: str = "") -> Document:
    """The content of a YAML text; FileError when it is not YAML."""
    document = Document(file)
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        raise FileError([FileFinding(error.problem or "this is not YAML", "", file, line)]) from None
    except (YAMLError, RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError):
        # the parser trips over some malformed texts instead of refusing them
        raise FileError([FileFinding("this is not YAML", "", file)]) from None
    builder = _Builder(document)
    document.data = {} if node is None else builder.build(node, ())
    if document.findings:
        raise FileError(document.findings)
    return document


def checked(model: type[M], document: Document, at: Path_ = ()) -> M:
    """The document, or a part of it, as a configuration model; FileError with all that is wrong."""
    data = document.data
    for key in at:
        data = data[key]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise FileError([_finding(document, at, found) for found in error.errors()]) from None


def _finding(document: Document, at: Path_, found: Mapping[str, Any]) -> FileFinding:
    message = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        message = "is not known here"
    elif found["type"] == "missing":
        message = "is missing"
    return document.finding(message, (*at, *found["loc"]))


class _Builder:
    """Makes plain data of YAML nodes; references may not multiply without end."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values = 0

    def build(self, node: Node, path: Path_) -> Any:
        self.values += 1
        self.document.lines[path] = node.start_mark.line + 1
        if self.values > MOST_VALUES or len(path) > DEEPEST:
            raise FileError([self.document.finding("too many values, or nested too deeply", path[:3])])
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, ScalarNode):
                self.document.findings.append(self.document.finding("a key must be a plain text", path))
                continue
            key = str(key_node.value)
            if key in result:
                self.document.findings.append(self.document.finding("is given twice", (*path, key)))
            result[key] = self.build(child, (*path, key))
        return result

    def _scalar(self, node: ScalarNode, path: Path_) -> Any:
        tag, text = str(node.tag).removeprefix(_TAG), str(node.value)
        try:
            match tag:
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int":
                    return int(text.replace("_", ""), 0) if not text.lstrip("+-").isdigit() else int(text)
                case "float":
                    return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
                case "str" | "timestamp":
                    return text
        except ValueError:
            pass
        self.document.findings.append(self.document.finding(f"a value of the kind {tag} is not known here", path))
        return None
