"""Which settings of two scenarios differ: the changes that lie behind a comparison, path by path."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

ABSENT: Final = None
NOT_THE_MODEL: Final = frozenset(
    {"name", "description", "notes", "base_variant", "variants", "extends", "experiment", "comparison", "claims"}
)
"""Settings that say nothing about the network: names, remarks, how often it is run."""


@dataclass(frozen=True)
class Change:
    """One setting that differs.

    Attributes:
        variant: whose setting differs from the base's.
        path: dotted, as `--set` takes it; list positions are the base's (the variant's where something was added).
        kind: `changed`, `added` or `removed`.
        old, new: the base's and the variant's value as plain data, None where there is none.
    """

    variant: str
    path: str
    kind: str
    old: Any
    new: Any

    def __str__(self) -> str:
        if self.kind == "added":
            return f"{self.path}: added {_short(self.new)}"
        if self.kind == "removed":
            return f"{self.path}: removed {_short(self.old)}"
        return f"{self.path}: {_short(self.old)} → {_short(self.new)}"


def changes(
    variant: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    old_tables: Mapping[str, str],
    new_tables: Mapping[str, str],
) -> list[Change]:
    """What differs between two resolved scenarios, and between the contents of tables that both name (SHA-256)."""
    ours, theirs = ({key: one[key] for key in one if key not in NOT_THE_MODEL} for one in (old, new))
    found = [Change(variant, path, kind, was, now) for path, kind, was, now in _compared("", ours, theirs)]
    for name in sorted(set(old_tables) & set(new_tables)):
        if old_tables[name] != new_tables[name]:
            found.append(Change(variant, f"table {name}", "changed", old_tables[name][:12], new_tables[name][:12]))
    return found


def tables_of(inputs: Mapping[str, str]) -> dict[str, str]:
    """The hashes of those inputs of a run that are tables."""
    return {name: sha256 for name, sha256 in inputs.items() if not name.endswith((".yaml", ".yml"))}


_Found = Iterator[tuple[str, str, Any, Any]]


def _compared(path: str, old: Any, new: Any) -> _Found:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _mappings(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    elif old != new:
        yield path, "changed", old, new


def _mappings(path: str, old: dict[str, Any], new: dict[str, Any]) -> _Found:
    for key in [*old, *(key for key in new if key not in old)]:
        below = f"{path}.{key}" if path else str(key)
        if key not in new:
            yield below, "removed", old[key], ABSENT
        elif key not in old:
            yield below, "added", ABSENT, new[key]
        else:
            yield from _compared(below, old[key], new[key])


def _lists(path: str, old: list[Any], new: list[Any]) -> _Found:
    """Equal entries are matched; what lies between them is compared one by one, the rest was added or removed."""
    texts = [[json.dumps(one, sort_keys=True, default=str) for one in entries] for entries in (old, new)]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        common = min(i2 - i1, j2 - j1)
        for step in range(common):
            yield from _compared(f"{path}.{i1 + step}", old[i1 + step], new[j1 + step])
        for place in range(i1 + common, i2):
            yield f"{path}.{place}", "removed", old[place], ABSENT
        for place in range(j1 + common, j2):
            yield f"{path}.{place}", "added", ABSENT, new[place]


def _short(value: Any, most: int = 60) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= most else f"{text[: most - 1]}…"
