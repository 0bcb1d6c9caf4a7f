"""Stock points that help each other out: a Markov chain of their stock on hand, solved numerically."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from sim.network import Float64Array

Choice = Literal["order", "most_stock", "most_cover"]


@dataclass(frozen=True)
class LocationShares:
    """How the customers of one location were served in the long run; the shares add up to 1.

    Attributes:
        own: from the location's own stock.
        lateral: share by donor (location number), 0 for itself.
        outside: by an emergency from outside, when nobody could give.
        on_hand: time mean, units.
    """

    own: float
    lateral: tuple[float, ...]
    outside: float
    on_hand: float

    @property
    def helped(self) -> float:
        """Share served by any other location."""
        return sum(self.lateral)


@dataclass(frozen=True)
class LateralPool:
    """Locations with base stock, Poisson demand for single units, and exponential lead times (Axsäter 1990).

    Every unit that leaves a location's stock is ordered at once from a supplier that is never short. A customer is
    served from own stock; else by a donor with more than its hold-back level; else from outside, which leaves the
    locations' stocks alone. A transfer takes no time.

    Attributes:
        levels: base stock of each location.
        rates_per_day: demand of each.
        lead_days: mean time of each location's orders.
        donors: for each location those that may give to it, in the order in which they are asked.
        hold_back: a location gives only while it has more than this.
        choice: `order` asks the donors in the given order; `most_stock` takes the one that can give most, `most_cover`
            the one that can give most days of its own demand; ties in the given order.
    """

    levels: tuple[int, ...]
    rates_per_day: tuple[float, ...]
    lead_days: tuple[float, ...]
    donors: tuple[tuple[int, ...], ...]
    hold_back: tuple[int, ...]
    choice: Choice = "order"

    def giver(self, state: Sequence[int], location: int) -> int | None:
        """Whose stock serves a customer of `location`; None: from outside."""
        if state[location] > 0:
            return location
        able = [donor for donor in self.donors[location] if state[donor] > self.hold_back[donor]]
        return max(able, key=lambda donor: self._preference(state, donor)) if able else None

    def _preference(self, state: Sequence[int], donor: int) -> float:
        """The donor with the highest is asked, the first of equal ones."""
        spare = state[donor] - self.hold_back[donor]
        if self.choice == "most_cover":
            return spare / self.rates_per_day[donor]
        return float(spare) if self.choice == "most_stock" else 0.0

    def states(self) -> list[tuple[int, ...]]:
        """All vectors of stock on hand, in the order of the chain's rows."""
        return list(itertools.product(*(range(level + 1) for level in self.levels)))

    def stationary(self) -> Float64Array:
        """Long-run probability of each state: pi Q = 0, its sum 1 (sparse, direct)."""
        states = self.states()
        row_of = {state: row for row, state in enumerate(states)}
        last = len(states) - 1
        # Equation k: what flows into state k less what flows out is 0. One follows from the others; the last says
        # instead that the probabilities add up to 1.
        entries: list[tuple[int, int, float]] = [(last, state, 1.0) for state in range(last + 1)]
        for origin, state in enumerate(states):
            for target, rate in self._moves(state):
                entries += [(row_of[target], origin, rate), (origin, origin, -rate)]
        kept = [entry for place, entry in enumerate(entries) if place <= last or entry[0] != last]
        equation, origins, rates = (np.array(column) for column in zip(*kept, strict=True))
        balance = sparse.csc_array((rates, (equation, origins)), shape=(last + 1, last + 1))
        unit = np.zeros(last + 1)
        unit[last] = 1.0
        return np.asarray(linalg.spsolve(balance, unit), dtype=np.float64)

    def _moves(self, state: tuple[int, ...]) -> list[tuple[tuple[int, ...], float]]:
        """Where the chain goes from a state, and at which rate per day."""
        moves = []
        for location, level in enumerate(self.levels):
            giver = self.giver(state, location)
            if giver is not None and self.rates_per_day[location] > 0:
                moves.append((_changed(state, giver, -1), self.rates_per_day[location]))
            if state[location] < level:
                moves.append((_changed(state, location, 1), (level - state[location]) / self.lead_days[location]))
        return moves

    def shares(self) -> tuple[LocationShares, ...]:
        """What the customers of each location get; they find the stationary state (PASTA)."""
        states, probability = self.states(), self.stationary()
        count = len(self.levels)
        found = []
        for location in range(count):
            by = np.zeros(count + 1)  # the last: outside
            for state, chance in zip(states, probability, strict=True):
                giver = self.giver(state, location)
                by[count if giver is None else giver] += chance
            own, by[location] = float(by[location]), 0.0
            on_hand = float(sum(state[location] * chance for state, chance in zip(states, probability, strict=True)))
            found.append(LocationShares(own, tuple(float(one) for one in by[:count]), float(by[count]), on_hand))
        return tuple(found)


def _changed(state: tuple[int, ...], location: int, step: int) -> tuple[int, ...]:
    return (*state[:location], state[location] + step, *state[location + 1 :])
