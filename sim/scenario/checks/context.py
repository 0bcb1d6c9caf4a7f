"""What a check gets to see: the scenario, all names, and where everything is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sim.scenario.expand import matching
from sim.scenario.findings import Finding, Place
from sim.scenario.nodes import Supplier
from sim.scenario.scenario import Scenario
from sim.scenario.tree import Tree, locate


@dataclass
class Context:
    """A scenario under check.

    Faulty entries may have been left out of `scenario`; `nodes` and `items` name all of them. `broken` names the
    sections that lost entries, so that a check does not complain of what is only missing because of that.
    """

    scenario: Scenario
    tree: Tree
    nodes: list[str]
    items: list[str]
    positions: Mapping[str, Sequence[int]]
    broken: frozenset[str]
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        tree: Tree,
        positions: Mapping[str, Sequence[int]] | None = None,
        broken: Iterable[str] = (),
    ) -> "Context":
        """The context of a scenario that was read from a tree."""
        generated = scenario.generator.items.names() if scenario.generator is not None else []
        listed = _keys(tree, "items")
        return cls(scenario, tree, _keys(tree, "nodes"), [*listed, *generated], positions or {}, frozenset(broken))

    @cached_property
    def _suppliers(self) -> frozenset[str]:
        return frozenset(name for name, node in self.scenario.nodes.items() if isinstance(node, Supplier))

    @cached_property
    def stocking_nodes(self) -> list[str]:
        """Nodes that hold stock, in scenario order."""
        return [name for name in self.nodes if name not in self._suppliers]

    def is_supplier(self, node: str) -> bool:
        """Whether a node is an outside source."""
        return node in self._suppliers

    def stocking_matches(self, patterns: Iterable[str]) -> list[str]:
        """The nodes that hold stock among those that fit the patterns."""
        return matching(patterns, self.stocking_nodes)

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
        self.findings.append(Finding(message, hint, self.path(*location), self.place(*location)))


def _keys(tree: Tree, section: str) -> list[str]:
    child = tree.child(section)
    if child is None or not isinstance(child.value, dict):
        return []
    return [key for key, value in child.value.items() if value.value is not None]
