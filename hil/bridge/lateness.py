"""How late things happened in a run by the wall's clock."""

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, Final

EDGES_MS: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0)
"""Upper edges of the histogram's bins; the last bin has none."""

QUANTILE: Final = 0.99


@dataclass
class Lateness:
    """A histogram of by how many ms of the wall's time events came after their instant.

    `bound_ms` is the p99 up to which the rig counts as in time.
    """

    bound_ms: float
    counts: list[int] = field(default_factory=lambda: [0] * (len(EDGES_MS) + 1))
    worst_ms: float = 0.0

    def add(self, late_ms: float) -> None:
        self.counts[bisect_left(EDGES_MS, late_ms)] += 1
        self.worst_ms = max(self.worst_ms, late_ms)

    @property
    def events(self) -> int:
        return sum(self.counts)

    def quantile_ms(self, share: float = QUANTILE) -> float:
        """No more than so much, for this share of the events: an upper edge, or the worst; 0 without events."""
        wanted = math.ceil(share * self.events)
        seen = 0
        for count, edge in zip(self.counts, EDGES_MS, strict=False):
            seen += count
            if seen >= wanted:
                return min(edge, self.worst_ms)
        return self.worst_ms

    @property
    def too_late(self) -> bool:
        """The rig itself was too slow for what it should show: what was measured with it does not count."""
        return self.quantile_ms() > self.bound_ms

    def as_dict(self) -> dict[str, Any]:
        """For results: bins by their upper edge ("more" for the last)."""
        names = [*(f"{edge:g}" for edge in EDGES_MS), "more"]
        return {
            "events": self.events,
            "p99_ms": round(self.quantile_ms(), 3),
            "worst_ms": round(self.worst_ms, 3),
            "bound_ms": self.bound_ms,
            "too_late": self.too_late,
            "histogram_ms": {name: count for name, count in zip(names, self.counts, strict=True) if count},
        }
