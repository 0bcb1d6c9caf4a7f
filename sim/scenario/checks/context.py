"""What a check gets to see: the scenario, all names, and where everything is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pydantic import ValidationError

from sim.scenario.expand import matching
from sim.scenario.findings import Finding, Place
from sim.scenario.generator_section import GeneratedItems
from sim.scenario.scenario import Scenario
from sim.scenario.tree import Tree, locate

WITHOUT_STOCK: Final = ("supplier", "plant")
"""Kinds of nodes that hold no stock."""


@dataclass
class Context:
    """A scenario under check.

    Faulty entries may have been left out of `scenario`; `nodes` and `items` name all of them, and `written` has them as
    they stand in the file. `broken` names the sections that lost entries, so that a check does not complain of what is
    only missing because of that; `items_known` tells whether `items` is whole. `variants` names all variants, the base
    included.
    """

    scenario: Scenario
    tree: Tree
    nodes: list[str]
    items: list[str]
    positions: Mapping[str, Sequence[int]]
    broken: frozenset[str]
    items_known: bool = True
    variants: Sequence[str] = ()
    findings: list[Finding] = field(default_factory=list)
    plain_sections: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        tree: Tree,
        positions: Mapping[str, Sequence[int]] | None = None,
        broken: Iterable[str] = (),
        variants: Sequence[str] = (),
    ) -> "Context":
        """The context of a scenario that was read from a tree."""
        broken = frozenset(broken)
        generated = scenario.generator.items.names() if scenario.generator is not None else []
        if "generator" in broken:
            generated = _generated_names(tree, scenario.currency)
        items_known = "items_table" not in broken and ("generator" not in broken or bool(generated))
        items = [*_keys(tree, "items"), *generated]
        return cls(scenario, tree, _keys(tree, "nodes"), items, positions or {}, broken, items_known, variants)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each node as it is written, "" where that is no text."""
        section = self.tree.child("nodes")
        kinds = {name: section.child(name) for name in self.nodes} if section is not None else {}
        written = {name: node.child("kind") for name, node in kinds.items() if node is not None}
        return {
            name: kind.value if kind is not None and isinstance(kind.value, str) else ""
            for name, kind in written.items()
        }

    @cached_property
    def stocking_nodes(self) -> list[str]:
        """Nodes that hold stock, in scenario order."""
        return [name for name in self.nodes if self.kinds[name] not in WITHOUT_STOCK]

    def is_supplier(self, node: str) -> bool:
        """Whether a node is an outside source."""
        return self.kinds.get(node) == "supplier"

    def is_plant(self, node: str) -> bool:
        """Whether a node is a plant, which holds no stock itself."""
        return self.kinds.get(node) == "plant"

    def stocking_matches(self, patterns: Iterable[str]) -> list[str]:
        """The nodes that hold stock among those that fit the patterns; none for a malformed range."""
        try:
            return matching(patterns, self.stocking_nodes)
        except ValueError:
            return []  # reported with the names

    def _written(self, location: Sequence[object]) -> list[object]:
        parts = list(location)
        if len(parts) > 1 and isinstance(parts[1], int) and parts[0] in self.positions:
            parts[1] = self.positions[str(parts[0])][parts[1]]
        return parts

    def place(self, *location: object) -> Place:
        """Where a setting is written."""
        return locate(self.tree, self._written(location))[0]

    def path(self, *location: object) -> str:
        """The name of a setting, as in `lanes.0.lead_time`."""
        return ".".join(str(part) for part in self._written(location))

    def add(self, message: str, hint: str, *location: object) -> None:
        """Note a finding at a setting."""
        self.add_as_written(message, hint, *self._written(location))

    # --- as it stands in the file, faulty entries included ------------------------------------------------------------

    def add_as_written(self, message: str, hint: str, *location: object) -> None:
        """Note a finding at a setting; indices are those of the file."""
        path = ".".join(str(part) for part in location)
        self.findings.append(Finding(message, hint, path, locate(self.tree, location)[0]))

    def written(self, *location: object) -> Any:
        """A setting as plain data, unchecked; None where there is none."""
        if not location:
            return self.tree.plain()
        value = self._section(str(location[0]))
        for part in location[1:]:
            if isinstance(value, dict):
                value = value.get(str(part))
            else:
                inside = isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value)
                value = value[part] if inside else None
        return value

    def _section(self, name: str) -> Any:
        if name not in self.plain_sections:  # of a large region it takes a while, and checks ask for it often
            tree = self.tree.child(name)
            self.plain_sections[name] = None if tree is None else tree.plain()
        return self.plain_sections[name]

    def names(self, section: str) -> list[str]:
        """The names that a section gives, those of faulty entries included."""
        return _keys(self.tree, section)

    def entries(self, *location: object) -> Iterator[tuple[tuple[object, ...], dict[str, Any]]]:
        """The entries of a list or mapping that are mappings themselves, unchecked, each with its location."""
        section = self.written(*location)
        if isinstance(section, dict):
            pairs: Iterable[tuple[object, Any]] = section.items()
        else:
            pairs = enumerate(section) if isinstance(section, list) else ()
        for key, entry in pairs:
            if isinstance(entry, dict):
                yield (*location, key), entry


def _keys(tree: Tree, section: str) -> list[str]:
    child = tree.child(section)
    if child is None or not isinstance(child.value, dict):
        return []
    return [key for key, value in child.value.items() if value.value is not None]


def _generated_names(tree: Tree, currency: str) -> list[str]:
    """Names of the items of a generator that has faults elsewhere; empty when the fault is in its items."""
    generator = tree.child("generator")
    items = generator.child("items") if generator is not None else None
    if items is None:
        return []
    try:
        return GeneratedItems.model_validate(items.plain(), context={"currency": currency}).names()
    except ValidationError:
        return []
