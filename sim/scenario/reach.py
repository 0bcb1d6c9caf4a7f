"""Which items lanes bring to which node, as far as a scenario says so by name, and where a machine looks for one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sim.scenario.expand import LanePair, matching


@dataclass
class Reach:
    """What lanes bring where; asked thousands of times for a large region, so answers are kept."""

    pairs: Sequence[LanePair]
    reached: dict[tuple[str, str], bool] = field(default_factory=dict)
    fitting: dict[str, list[str]] = field(default_factory=dict)

    @cached_property
    def lanes_to(self) -> Mapping[str, Sequence[LanePair]]:
        """The lanes that lead to each node."""
        found: dict[str, list[LanePair]] = {}
        for pair in self.pairs:
            found.setdefault(pair.to_node, []).append(pair)
        return found

    def brings(self, node: str, item: str) -> bool:
        """Whether a lane brings the item to the node; a lane for classes of items is taken to bring it."""
        if (node, item) not in self.reached:
            self.reached[node, item] = any(_serves(pair, item) for pair in self.lanes_to.get(node, ()))
        return self.reached[node, item]

    def nodes_with(self, item: str, patterns: Iterable[str], names: Mapping[str, object]) -> list[str]:
        """The nodes that fit the patterns and can get the item, pattern by pattern, in the order of `names`."""
        found = dict.fromkeys(name for pattern in patterns for name in self._fitting(pattern, names))
        return [name for name in found if self.brings(name, item)]

    def _fitting(self, pattern: str, names: Mapping[str, object]) -> list[str]:
        if pattern in names:
            return [pattern]
        if pattern not in self.fitting:
            self.fitting[pattern] = matching([pattern], list(names))
        return self.fitting[pattern]


def _serves(pair: LanePair, item: str) -> bool:
    chosen = pair.lane.items
    return chosen is None or chosen.names is None or bool(matching(chosen.names, [item]))
