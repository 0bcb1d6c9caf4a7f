"""The rules by example: small networks with the whole event log that docs/rules.md gives them, worked out by hand.

Both the plain reference model and the engine must give these logs (test_reference_rules.py). The examples themselves
are in rule_examples_ordering, rule_examples_allocation and rule_examples_pools.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim import columns as c
from tests.reference_inputs import HOUR_MS, Draft
from tests.reference_model import Event

NAMES = {name: code for code, name in enumerate(c.EVENT_NAMES)}
LogRow = tuple[float, int, int, int, str, int, int]  # hours, phase, node, item, event, quantity, reference


@dataclass(frozen=True)
class Example:
    """A network and what happens in it; where it says so, also the closing lots of node and item."""

    name: str
    draft: Draft
    rows: Sequence[LogRow]
    lots: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)

    @property
    def log(self) -> list[Event]:
        """The rows as events."""
        return [(round(t * HOUR_MS), p, node, item, NAMES[e], q, ref) for t, p, node, item, e, q, ref in self.rows]
