"""Settings laid over a file from the command line: `--set PATH=VALUE`, as `mro-twin run` takes them."""

from collections.abc import Sequence
from typing import Any

from device_emulators.faces.documents import Document, FileError, FileFinding, Path_, parse_document


def override(document: Document, settings: Sequence[str]) -> None:
    """Lay `a.b.0.c=VALUE` texts over a document, in order; VALUE is YAML. Mappings merge, all else is replaced.

    FileError with all texts that cannot be used, and with those whose path leads nowhere.
    """
    findings: list[FileFinding] = []
    for text in settings:
        name, equals, value = text.partition("=")
        name = name.strip()
        source = f"--set {name[:80]}"
        if not equals or not name:
            findings.append(
                FileFinding("this is not PATH=VALUE; write `--set duration=20min`", "", f"--set {text[:80]}")
            )
            continue
        try:
            _lay(document, tuple(name.split(".")), parse_document(value, source).data if value.strip() else None)
        except FileError as error:
            findings += error.findings
        except LookupError as error:
            findings.append(FileFinding(str(error.args[0]), "", source))
    if findings:
        raise FileError(findings)


def _lay(document: Document, names: tuple[str, ...], value: Any) -> None:
    """LookupError when the path leads nowhere."""
    holder: dict[Any, Any] = {"": document.data}
    place: Any = holder
    key: str | int = ""
    path: Path_ = ()
    for name in names:
        if place[key] is None:
            place[key] = {}
        place, key = place[key], name
        if isinstance(place, list):
            if not name.isdecimal() or int(name) >= len(place):
                raise LookupError(f"{name!r} is no place in a list of {len(place)}; they count from 0")
            key = int(name)
        elif isinstance(place, dict):
            place.setdefault(key, None)
        else:
            raise LookupError(f"there is nothing below {'.'.join(map(str, path))}, which is {place!r}")
        path = (*path, key)
    place[key] = _merged(place[key], value)
    document.data = holder[""]
    document.sources[path] = f"--set {'.'.join(names)[:80]}"


def _merged(base: Any, change: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    return {**base, **{key: _merged(base.get(key), value) for key, value in change.items()}}
