"""A chain of stages, each supplied by the next one up, the last from outside; customers come to the first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.network import Float64Array
from sim.verify.formulas.distributions import poisson
from sim.verify.formulas.one_echelon import Performance, performance

_REACH = 60  # units below zero that the cost functions are worked out for beyond the longest lead-time demand


@dataclass(frozen=True)
class Series:
    """A serial system under continuous review. Stages are listed downstream first.

    Attributes:
        rate_per_day: Poisson demand for single units at the first stage; what is short waits.
        lead_days: constant time from the next stage up (or from outside) to each stage.
        echelon_holding: cost per day of a unit that is at a stage or anywhere below it (on its way down included).
        backorder: cost per day of a unit owed to customers.
    """

    rate_per_day: float
    lead_days: tuple[float, ...]
    echelon_holding: tuple[float, ...]
    backorder: float

    def optimum(self) -> tuple[tuple[int, ...], float]:
        """Best echelon base-stock levels, and the mean cost per day under them (Clark and Scarf 1960)."""
        return self._recursion(None)

    def cost(self, echelon_levels: Sequence[int]) -> float:
        """Mean cost per day under any echelon base-stock levels."""
        return self._recursion(echelon_levels)[1]

    def _recursion(self, levels: Sequence[int] | None) -> tuple[tuple[int, ...], float]:
        """The recursion of Clark and Scarf in continuous time (Chen and Zheng 1994; Shang and Song 2003).

        C_0(x) = (b + h_1 + ... + h_N) max(-x, 0); for stage j, with its level s_j (the y of the lowest C_j, if not
        given) and the demand D_j of its lead time: C_j(y) = E[h_j (y - D_j) + C_(j-1)(min(y - D_j, s_(j-1)))].
        """
        demands = [poisson(self.rate_per_day * days) for days in self.lead_days]
        highest = sum(len(demand) for demand in demands)
        x = np.arange(-highest - _REACH, highest + 1)
        below = (self.backorder + sum(self.echelon_holding)) * np.maximum(-x, 0).astype(np.float64)
        chosen: list[int] = []
        for stage, demand in enumerate(demands):
            cost = self.echelon_holding[stage] * x + below
            expected: Float64Array = np.convolve(cost, demand)[len(demand) - 1 : len(cost)]
            x = x[len(demand) - 1 :]  # lower down part of the demand would be missing
            level = int(x[np.argmin(expected)]) if levels is None else int(levels[stage])
            chosen.append(level)
            below = expected[np.minimum(x, level) - x[0]]
        return tuple(chosen), float(below[-1])

    @staticmethod
    def installation_levels(echelon_levels: Sequence[int]) -> tuple[int, ...]:
        """Base stock of each stage by itself that does the same as echelon levels (Axsäter and Rosling 1993)."""
        useful = [min(echelon_levels[stage:]) for stage in range(len(echelon_levels))]
        return tuple(level - lower for level, lower in zip(useful, [0, *useful[:-1]], strict=True))

    def customers(self, installation_levels: Sequence[int]) -> Performance:
        """Fill rate, backorders and stock on hand of the first stage.

        From the top down: on order at a stage is what the stage above owed it one lead time ago, and the demand since
        then (Simon 1971, for one store).
        """
        owed: Float64Array = np.ones(1)
        for days, level in reversed(list(zip(self.lead_days, installation_levels, strict=True))[1:]):
            on_order = np.convolve(owed, poisson(self.rate_per_day * days))
            owed = np.concatenate(([on_order[: level + 1].sum()], on_order[level + 1 :]))
        outstanding = np.convolve(owed, poisson(self.rate_per_day * self.lead_days[0]))
        return performance({installation_levels[0]: 1.0}, outstanding)
