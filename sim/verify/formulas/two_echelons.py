"""A depot with base stock and the stores it serves one for one, first come first served."""

from dataclasses import dataclass

import numpy as np

from sim.network import Float64Array
from sim.verify.formulas.distributions import mean_of, poisson, thinned
from sim.verify.formulas.one_echelon import Performance, performance


@dataclass(frozen=True)
class TwoEchelons:
    """A depot with base stock and the stores it serves one for one, first come first served.

    Attributes:
        depot_level, depot_lead_time_days: the depot's base stock; mean time from its supplier.
        rates_per_day: demand of each store, Poisson.
        transit_days: from the depot to any store, constant.
    """

    depot_level: int
    depot_lead_time_days: float
    rates_per_day: tuple[float, ...]
    transit_days: float

    def depot(self) -> Performance:
        """Palm (1938): the units that the depot has on order are Poisson."""
        return performance({self.depot_level: 1.0}, self._depot_on_order())

    def _depot_on_order(self) -> Float64Array:
        return poisson(sum(self.rates_per_day) * self.depot_lead_time_days)

    def _depot_owes(self) -> Float64Array:
        """Distribution of the units that the depot owes its stores."""
        on_order = self._depot_on_order()
        nothing = on_order[: self.depot_level + 1].sum()
        return np.concatenate(([nothing], on_order[self.depot_level + 1 :]))

    def store(self, number: int, level: int) -> Performance:
        """Exact (Simon 1971; Graves 1985).

        A store has on order what the depot owed it one transit time ago, a binomial share of all that the depot owed,
        and its own demand since then, which is independent of it.
        """
        rate = self.rates_per_day[number]
        owed = thinned(self._depot_owes(), rate / sum(self.rates_per_day))
        return performance({level: 1.0}, np.convolve(owed, poisson(rate * self.transit_days)))

    def store_by_metric(self, number: int, level: int) -> Performance:
        """METRIC (Sherbrooke 1968), an approximation: as if the units on order were Poisson, with the right mean."""
        rate = self.rates_per_day[number]
        owed = mean_of(self._depot_owes()) * rate / sum(self.rates_per_day)
        return performance({level: 1.0}, poisson(owed + rate * self.transit_days))
