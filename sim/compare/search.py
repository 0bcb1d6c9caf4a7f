"""Finds the factor at which a difference vanishes: bracketing, then a guarded secant (Illinois) in the logarithm.

Under common random numbers the difference is a fixed, nearly monotone step function of the factor (levels are whole
units), so a root finder for continuous functions gets close, and says so where a step is larger than the tolerance.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SMALLEST: Final = 0.02
LARGEST: Final = 20.0
MOST_TRIES: Final = 24
_STEPS: Final = (1.25, 1.6, 2.5, 4.0, 8.0, LARGEST)
_NEAR: Final = (1.1, 1.3)  # around a guess that is nearly right
_NARROWEST: Final = 1.0005  # brackets whose ends are this close differ by no unit of stock worth looking for


@dataclass
class Search:
    """A search under way: the difference at every factor tried, in the order of trying.

    `guess` is a factor worth trying at once, such as the one that was found for a similar variant. `rises` says what to
    try first: 1 where the difference is thought to rise with the factor, -1 where it falls, 0 where nobody knows.
    """

    evaluate: Callable[[float], float]
    tolerance: float
    guess: float | None = None
    rises: int = 0
    tried: dict[float, float] = field(default_factory=dict)

    def run(self) -> float | None:
        """The factor whose difference is within the tolerance; None when none was found."""
        start = self._try(1.0)
        if self._good(start):
            return 1.0
        bracket = self._guessed(start) or self._bracket(start)
        return self._close_in(*bracket) if bracket is not None else self._best()

    def _try(self, factor: float) -> float:
        if factor not in self.tried:
            self.tried[factor] = self.evaluate(factor)
        return self.tried[factor]

    def _good(self, difference: float) -> bool:
        return abs(difference) < self.tolerance

    def _best(self) -> float | None:
        factor = min(self.tried, key=lambda one: abs(self.tried[one]))
        return factor if self._good(self.tried[factor]) else None

    def _guessed(self, start: float) -> tuple[float, float] | None:
        if self.guess is None or self.guess == 1.0:
            return None
        there = self._try(self.guess)
        if self._good(there) or there * start < 0:
            return 1.0, self.guess
        before = self.guess
        for step in _NEAR if abs(there) < abs(start) else ():
            factor = self.guess / step if self.guess < 1.0 else self.guess * step
            difference = self._try(factor)
            if self._good(difference) or difference * start < 0:
                return before, factor
            before = factor
        return None

    def _bracket(self, start: float) -> tuple[float, float] | None:
        """Two factors with differences of opposite sign, or one of them good: first in the direction that helps."""
        up, down = list(_STEPS), [1.0 / step for step in _STEPS[:-1]] + [SMALLEST]
        likely, other = (down, up) if self.rises * start > 0 else (up, down)
        first = self._try(likely[0])
        if self._good(first):
            return likely[0], likely[0]
        helps = first * start < 0 or abs(first) < abs(start)
        for side in (likely, other) if helps else (other,):
            before = 1.0
            for factor in side:
                difference = self._try(factor)
                if self._good(difference) or difference * start < 0:
                    return before, factor
                before = factor
            if first != start:
                return None  # one direction makes it better, the other one worse
        return None

    def _close_in(self, low: float, high: float) -> float | None:
        at_low, at_high = self._try(low), self._try(high)
        stayed = 0  # the end that did not move in the last step: 1 low, -1 high
        while len(self.tried) < MOST_TRIES and self._best() is None:
            if max(low, high) / min(low, high) < _NARROWEST:
                return None
            share = min(max(at_low / (at_low - at_high), 0.05), 0.95)
            middle = math.exp(math.log(low) + share * math.log(high / low))
            at_middle = self._try(middle)
            if at_middle * at_low < 0:
                high, at_high = middle, at_middle
                at_low, stayed = (at_low / 2 if stayed == 1 else at_low), 1  # Illinois: it counts half
            else:
                low, at_low = middle, at_middle
                at_high, stayed = (at_high / 2 if stayed == -1 else at_high), -1
        return self._best()
