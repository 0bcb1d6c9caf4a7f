"""Patterns to names: which nodes, items and lanes an entry of the scenario speaks of."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TypeVar

from sim.scenario.lanes import Lane
from sim.scenario.nodes import Plant
from sim.scenario.range_names import expand_range
from sim.scenario.scenario import ScenarioModel


def is_pattern(text: str) -> bool:
    """Whether a text has wildcards (`*`, `?`, `[abc]`) or a range (`{01..60}`) and so may stand for several names."""
    return any(sign in text for sign in "*?[{")


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def matching(patterns: Iterable[str], names: Sequence[str]) -> list[str]:
    """The names that fit at least one of the patterns, in the order of `names`, each once."""
    chosen: set[str] = set()
    known = set(names)
    for written in patterns:
        for pattern in expand_range(written) if "{" in written else [written]:
            if pattern in known:
                chosen.add(pattern)
            elif pattern == "*":
                return list(names)
            elif is_pattern(pattern):
                fits = _compiled(pattern).match
                chosen.update(name for name in names if fits(name))
    return [name for name in names if name in chosen] if len(chosen) > 1 else list(chosen)


V = TypeVar("V")


def last_fitting(values: Mapping[str, V], names: Sequence[str]) -> dict[str, V]:
    """For each name that fits one of the patterns the value of the last that it fits."""
    return {name: value for pattern, value in values.items() for name in matching([pattern], names)}


@dataclass(frozen=True)
class LanePair:
    """One lane of the network: entry `index` of the scenario's lanes, for one pair of nodes."""

    from_node: str
    to_node: str
    index: int
    lane: Lane


def lane_pairs(scenario: ScenarioModel) -> list[LanePair]:
    """All lanes, one per pair of nodes, in scenario order; the first that fits a node and item serves it.

    Plants, which hold no stock, are passed over.
    """
    nodes = [name for name, node in scenario.nodes.items() if not isinstance(node, Plant)]
    return [
        LanePair(source, target, index, lane)
        for index, lane in enumerate(scenario.lanes)
        for target in matching(lane.to, nodes)
        for source in matching(lane.from_, nodes)
        if source != target
    ]
