"""Entries whose name is a range: `store-{01..60}` written out, and findings about them told once.

In the values of such an entry `{#1}` stands for the number in its name, `{#2}` for the number of the second range, and
so on; so `plant-{001..200}-shelf-{1..6}: {at: "plant-{#1}"}` are six shelves in each of 200 plants. In an entry that
stands within another, as a machine in a plant, the numbers of the outer name come first.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.merge import merge
from sim.scenario.range_names import count_ranges, numbered_names
from sim.scenario.tree import Tree

RANGED_SECTIONS: Final = ("nodes", "gateways", "trucks", "contracts")
"""Sections whose names may be ranges."""
_INNER: Final = {"nodes": ("lines", "machines")}
"""Mappings within their entries, each within the one before, whose names may be ranges, too."""
_NUMBER: Final = re.compile(r"\{#(\d{1,2})\}")
_DIGITS: Final = re.compile(r"\d+")


def expand_ranges(tree: Tree) -> Tree:
    """The tree with every range of names written out, also inside the variants.

    Raises ScenarioError for ranges that run backwards, and for `{#n}` without an n-th range.
    """
    for path, inner in _sections(tree):
        section: Tree | None = tree
        for key in path:
            section = section.child(key) if section is not None else None
        if section is not None and isinstance(section.value, dict):
            findings: list[Finding] = []
            _check_entries(section, path, inner, 0, findings)
            expanded = _written_out(section, path, inner, 0, findings)
            if findings:
                raise ScenarioError(findings)
            if expanded is not section:
                tree = _put(tree, path, expanded)
    return tree


def _sections(tree: Tree) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    variants = tree.child("variants")
    names = list(variants.value) if variants is not None and isinstance(variants.value, dict) else []
    for before in ((), *(("variants", name, "set") for name in names)):
        for section in RANGED_SECTIONS:
            yield (*before, section), _INNER.get(section, ())


def _put(tree: Tree, path: Sequence[str], value: Tree) -> Tree:
    if not path:
        return value
    child = tree.child(path[0])
    return tree.with_child(path[0], _put(child if child is not None else Tree({}), path[1:], value))


def _written_out(
    section: Tree, path: Sequence[str], inner: Sequence[str], outer_ranges: int, findings: list[Finding]
) -> Tree:
    """A section with its ranges written out; the very same tree when it has none.

    Entries within the entries go first, so that the work is done once for all that a range stands for; the numbers of
    `outer_ranges` ranges of names further out are left for later.
    """
    assert isinstance(section.value, dict)
    children: dict[str, Tree] = {}
    changed = False
    for name, child in section.value.items():
        at, ranges = [*path, name], count_ranges(name)
        entry = _inner_written_out(child, at, inner, outer_ranges + ranges, findings)
        try:
            names = numbered_names(name) if ranges else [(name, ())]
        except ValueError as error:
            findings.append(Finding(str(error), "write `{01..60}`", ".".join(at), child.place))
            continue
        changed = changed or entry is not child or bool(ranges)
        speaking = frozenset(_speaking_parts(entry)) if ranges else frozenset()
        for single, numbers in names:
            one = entry
            if ranges:
                one = _with_numbers(entry, numbers, outer_ranges, speaking)
                one = replace(one, range_key=name, range_entry=child)
            children[single] = merge(children[single], one) if single in children else one
    return replace(section, value=children) if changed else section


def _inner_written_out(
    entry: Tree, path: Sequence[str], inner: Sequence[str], outer_ranges: int, findings: list[Finding]
) -> Tree:
    below = entry.child(inner[0]) if inner else None
    if below is None or not isinstance(below.value, dict):
        return entry
    expanded = _written_out(below, [*path, inner[0]], inner[1:], outer_ranges, findings)
    return entry if expanded is below else entry.with_child(inner[0], expanded)


def _with_numbers(tree: Tree, numbers: Sequence[str], first: int, speaking: frozenset[int]) -> Tree:
    """The tree with `{#first + 1}` and so on replaced in its texts; parts that have none are shared, not copied.

    `speaking` has the ids of the parts with such a text in them.
    """
    if id(tree) not in speaking:
        return tree
    if isinstance(tree.value, dict):
        children = {
            _replaced(key, numbers, first): _with_numbers(child, numbers, first, speaking)
            for key, child in tree.value.items()
        }
        return replace(tree, value=children)
    if isinstance(tree.value, list):
        return replace(tree, value=[_with_numbers(child, numbers, first, speaking) for child in tree.value])
    return replace(tree, value=_replaced(str(tree.value), numbers, first))


def _parts(tree: Tree) -> Sequence[Tree]:
    if isinstance(tree.value, dict):
        return list(tree.value.values())
    return tree.value if isinstance(tree.value, list) else ()


def _speaking_parts(tree: Tree) -> Iterator[int]:
    """Ids of all parts of a tree in which there is a text with `{#`, the tree itself last."""
    if isinstance(tree.value, str):
        speaks = "{#" in tree.value
    else:
        speaks = isinstance(tree.value, dict) and any("{#" in key for key in tree.value)
        for child in _parts(tree):
            below = list(_speaking_parts(child))
            speaks = speaks or bool(below)
            yield from below
    if speaks:
        yield id(tree)


def _replaced(text: str, numbers: Sequence[str], first: int) -> str:
    if "{#" not in text:
        return text

    def number(match: re.Match[str]) -> str:
        place = int(match[1]) - 1 - first
        return numbers[place] if 0 <= place < len(numbers) else match[0]

    return _NUMBER.sub(number, text)


def _check_entries(
    section: Tree, path: Sequence[str], inner: Sequence[str], outer_ranges: int, findings: list[Finding]
) -> None:
    """Note every `{#n}` in the section for which there is no n-th range."""
    assert isinstance(section.value, dict)
    for name, entry in section.value.items():
        ranges = outer_ranges + count_ranges(name)
        for key, child in entry.value.items() if isinstance(entry.value, dict) else (("", entry),):
            at = [*path, name, key] if key else [*path, name]
            if inner and key == inner[0] and isinstance(child.value, dict):
                _check_entries(child, at, inner[1:], ranges, findings)
            else:
                _check_numbers(child, at, ranges, findings)


def _check_numbers(tree: Tree, path: Sequence[str], ranges: int, findings: list[Finding]) -> None:
    texts = [tree.value] if isinstance(tree.value, str) else list(tree.value) if isinstance(tree.value, dict) else []
    for text in texts:
        for found in _NUMBER.findall(text) if isinstance(text, str) else ():
            if not 1 <= int(found) <= ranges:
                has = "no range" if not ranges else "one range" if ranges == 1 else f"{ranges} ranges"
                message = f"`{{#{found}}}` stands for a number in the entry's name, which has {has}"
                hint = "write a name such as `shelf-{1..6}`, and `{#1}` for its number"
                findings.append(Finding(message, hint, ".".join(path), tree.place))
    if isinstance(tree.value, dict):
        for key, child in tree.value.items():
            _check_numbers(child, [*path, key], ranges, findings)
    elif isinstance(tree.value, list):
        for index, child in enumerate(tree.value):
            _check_numbers(child, [*path, str(index)], ranges, findings)


def folded(section: Tree) -> Tree:
    """A section with ranges as they were written, where all that a range stands for is still there as written.

    It expands to the very same section, and of a region with 200 plants it is a hundredth as long.
    """
    if not isinstance(section.value, dict):
        return section
    names, children = list(section.value), section.value
    short: dict[str, Tree] = {}
    at = 0
    while at < len(names):
        child = children[names[at]]
        span = [name for name, _ in numbered_names(child.range_key)] if child.range_entry is not None else []
        whole = child.range_key not in short and names[at : at + len(span)] == span
        if span and whole and all(children[name].range_entry is child.range_entry for name in span):
            assert child.range_entry is not None
            short[child.range_key] = child.range_entry
            at += len(span)
        else:
            short[names[at]] = child
            at += 1
    return replace(section, value=short)


# --- findings ------------------------------------------------------------------------------------------------------


def told_once(findings: Sequence[Finding], tree: Tree) -> list[Finding]:
    """Findings that differ only in the numbers of a range of names, as one that says how many more there are."""
    groups: dict[object, list[Finding]] = {}
    met: dict[object, int] = {}
    for finding in findings:
        written, ranged = _path_as_written(tree, finding.path)
        if not ranged:
            groups[finding] = [finding]
            continue
        same = _DIGITS.sub("#", finding.message)
        exact = (finding.path, same, finding.place)
        met[exact] = met.get(exact, 0) + 1  # several of one entry stay apart
        groups.setdefault((written, same, finding.place, met[exact]), []).append(finding)
    return [_with_count(group, tree) for group in groups.values()]


def _with_count(group: list[Finding], tree: Tree) -> Finding:
    first = group[0]
    if len(group) == 1:
        return first
    ranged = _path_as_written(tree, first.path)[1]
    return replace(first, message=f"{first.message}; and {len(group) - 1} more of `{ranged}`")


def _path_as_written(tree: Tree, path: str) -> tuple[tuple[str, ...], str]:
    """A dotted path with names of ranges as they are written, and the outermost such name ("" without any)."""
    parts, written, ranged = path.split("."), [], ""
    at: Tree | None = tree
    while parts:
        count = next((n for n in range(1, len(parts) + 1) if _child(at, ".".join(parts[:n])) is not None), 0)
        if not count:
            break
        name = ".".join(parts[:count])
        at = _child(at, name)
        key = at.range_key if at is not None else ""
        ranged = ranged or key
        written.append(key or name)
        parts = parts[count:]
    return (*written, *parts), ranged


def _child(tree: Tree | None, name: str) -> Tree | None:
    if tree is None:
        return None
    return tree.child(int(name)) if isinstance(tree.value, list) and name.isdigit() else tree.child(name)
