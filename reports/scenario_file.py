"""Reads chosen settings out of scenario.resolved.yaml without reading the whole of it, which may be very long."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from reports.run_files import NoRunError

LARGEST_BLOCK: Final = 200_000
"""Characters of one setting beyond which it is not read."""


class ScenarioText:
    """The text of a resolved scenario, as a run directory keeps it: block style, a line per setting."""

    def __init__(self, file: Path) -> None:
        """Read the file; NoRunError when it is not there or no text."""
        self.file = file
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NoRunError(f"{file} cannot be read: {error}") from error
        starts = [(found.start(), found[1]) for found in re.finditer(r"^([a-z_]+):", text, flags=re.MULTILINE)]
        ends = [*(start for start, _ in starts[1:]), len(text)]
        self._blocks = {key: text[start:end] for (start, key), end in zip(starts, ends, strict=True)}

    def value(self, key: str) -> Any:
        """The setting as plain data; None when it is not set or too long; NoRunError when it is no YAML."""
        block = self._blocks.get(key, "")
        if not block or len(block) > LARGEST_BLOCK:
            return None
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            content = YAML(typ="safe", pure=True).load(block)
        except (YAMLError, ValueError, RecursionError) as error:
            raise NoRunError(f"{self.file} is damaged: {key} cannot be read") from error
        return content.get(key) if isinstance(content, dict) else None

    def text(self, key: str) -> str:
        """A setting that is one text or number; empty when it is not set."""
        found = self.value(key)
        return str(found) if isinstance(found, (str, int, float)) else ""

    @property
    def notes(self) -> Sequence[str]:
        """Assumptions and remarks of whoever wrote the scenario."""
        found = self.value("notes")
        return [str(note) for note in found if isinstance(note, (str, int, float))] if isinstance(found, list) else []

    def kinds(self, *keys: str) -> Sequence[str]:
        """Every `kind:` named within the given settings, each once, in order of appearance."""
        blocks = (self._blocks.get(key, "") for key in keys)
        return list(dict.fromkeys(kind for block in blocks for kind in re.findall(r"\bkind: \"?([\w-]+)", block)))

    def names(self, key: str) -> Sequence[str]:
        """The kinds of chance or demand (`poisson`, `trace` ...) that a list of entries with one such key each uses."""
        found = re.findall(r"^ +-? *([a-z_]+):$", self._blocks.get(key, ""), flags=re.MULTILINE)
        return list(dict.fromkeys(found))
