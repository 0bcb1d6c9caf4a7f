"""Replenishment decided by Python functions that read no more than position, on order and minimum order."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.network import Int64Array


class View(Protocol):
    """What these functions look at: arrays over the stock points that are asked about, in item order."""

    @property
    def position(self) -> Int64Array: ...
    @property
    def on_order(self) -> Int64Array: ...
    @property
    def minimum_order(self) -> Int64Array: ...


@dataclass(frozen=True)
class Reorder:
    """At or below the level, so many minimum orders."""

    level: int
    lots: int

    def decide(self, view: View) -> Int64Array:
        """The need of each stock point."""
        return np.where(view.position <= self.level, self.lots * view.minimum_order, 0)


@dataclass(frozen=True)
class JointTopUp:
    """When all that are looked at are on average at or below the level, each goes one above, unless much is coming.

    Who is put to the function together matters to the answer, so a wrong grouping shows.
    """

    level: int
    most_on_order: int

    def decide(self, view: View) -> Int64Array:
        """The need of each stock point; negative where it has more than the level."""
        if view.position.sum() > self.level * len(view.position):
            return np.zeros(len(view.position), dtype=np.int64)
        return np.where(view.on_order <= self.most_on_order, self.level + 1 - view.position, 0)
