"""Service levels over windows of a small Markov chain, by enumeration: every state and every count of good periods.

The chain is a shelf that is looked at once a period: demand comes at the beginning of a period, what is not there is
lost, and what was taken is ordered at once up to a base stock level and comes `lead` periods later, just before the
demand. Its state is what was sold in each of the last `lead` periods; between two demands the stock does not change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from sim.network import Float64Array


@dataclass(frozen=True)
class LostSalesShelf:
    """The chain.

    Attributes:
        level: base stock level.
        lead: periods until an order comes, >= 1.
        demand: probability of 0, 1, ... units wanted in a period; the last entry may stand for `level` or more.
    """

    level: int
    lead: int
    demand: tuple[float, ...]

    @cached_property
    def states(self) -> list[tuple[int, ...]]:
        """Units sold in the last `lead` periods, the latest first."""
        return [sold for sold in product(range(self.level + 1), repeat=self.lead) if sum(sold) <= self.level]

    @cached_property
    def step(self) -> Float64Array:
        """Probability of going from each state to each, in a period."""
        row_of = {state: row for row, state in enumerate(self.states)}
        step = np.zeros((len(self.states), len(self.states)))
        for state, row in row_of.items():
            there = self.level - sum(state[:-1])  # the oldest order has come
            for wanted, chance in enumerate(self.demand):
                step[row, row_of[min(wanted, there), *state[:-1]]] += chance
        return step

    @cached_property
    def good(self) -> Float64Array:
        """1 for states in which there is stock during the period, else 0."""
        return np.array([float(sum(state) < self.level) for state in self.states])

    @cached_property
    def stationary(self) -> Float64Array:
        """Share of the periods spent in each state."""
        size = len(self.states)
        equations = np.vstack((self.step.T - np.eye(size), np.ones(size)))
        solution: Float64Array = np.linalg.lstsq(equations, np.append(np.zeros(size), 1.0), rcond=None)[0]
        return solution

    def window(self, begin: Float64Array, periods: int) -> Float64Array:
        """(periods + 1, states): probability that so many periods of a window are good and that it ends in the state.

        `begin` is the distribution of the state in the period before the window.
        """
        counts = np.zeros((periods + 1, len(begin)))
        counts[0] = begin
        for _ in range(periods):
            moved = counts @ self.step
            counts = moved * (1 - self.good)
            counts[1:] += moved[:-1] * self.good
        return counts

    def good_periods(self, periods: int) -> Float64Array:
        """Probability of 0, 1, ..., `periods` good periods in a window of the stationary chain."""
        found: Float64Array = self.window(self.stationary, periods).sum(axis=1)
        return found

    def mean(self, periods: int, value: Callable[[int], float]) -> float:
        """Mean of a function of the number of good periods in a window."""
        return float(sum(share * value(good) for good, share in enumerate(self.good_periods(periods))))

    def some_breach(self, periods: int, least_good: int, windows: int) -> float:
        """Probability that at least one of consecutive windows has fewer than `least_good` good periods."""
        kept = self.stationary
        for _ in range(windows):
            kept = self.window(kept, periods)[least_good:].sum(axis=0)
        return 1 - float(kept.sum())

    def mean_capped(self, periods: int, cost: Callable[[int], int], cap: int, windows: int) -> float:
        """Mean of what consecutive windows cost together, at most `cap`; `cost` in whole units of money per window."""
        paid = np.zeros((cap + 1, len(self.states)))
        paid[0] = self.stationary
        for _ in range(windows):
            after = np.zeros_like(paid)
            for before in np.flatnonzero(paid.any(axis=1)).tolist():
                for good, ends in enumerate(self.window(paid[before], periods)):
                    after[min(before + cost(good), cap)] += ends
            paid = after
        return float(np.arange(cap + 1) @ paid.sum(axis=1))
