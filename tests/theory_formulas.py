"""Closed forms of inventory theory, each with its source, for comparison with long runs.

A distribution over 0, 1, 2, ... is an array of probabilities; what lies beyond its end is below 1e-12. Demand comes
from a Poisson process of customers (PASTA: they see the time-stationary state), rates and lead times in days, stock in
units. Sources:

    Adelson, R. M. (1966). Compound Poisson distributions. Operational Research Quarterly 17.
    Erlang, A. K. (1917). Solution of some problems in the theory of probabilities ... Elektroteknikeren 13.
    Feeney, G. J. and Sherbrooke, C. C. (1966). The (S-1, S) inventory policy under compound Poisson demand.
        Management Science 12.
    Graves, S. C. (1985). A multi-echelon inventory model for a repairable item with one-for-one replenishment.
        Management Science 31.
    Hadley, G. and Whitin, T. M. (1963). Analysis of Inventory Systems. Prentice-Hall.
    Harris, F. W. (1913). How many parts to make at once. Factory, The Magazine of Management 10.
    Palm, C. (1938). Analysis of the Erlang traffic formulae for busy-signal arrangements. Ericsson Technics 4.
    Sevastyanov, B. A. (1957). An ergodic theorem for Markov processes and its application to telephone systems with
        refusals. Theory of Probability and its Applications 2.
    Sherbrooke, C. C. (1968). METRIC: a multi-echelon technique for recoverable item control. Operations Research 16.
    Simon, R. M. (1971). Stationary properties of a two-echelon inventory model for low demand items.
        Operations Research 19.
    Zheng, Y.-S. and Federgruen, A. (1991). Finding optimal (s, S) policies is about as simple as evaluating a single
        policy. Operations Research 39.
    Zipkin, P. H. (2000). Foundations of Inventory Management. McGraw-Hill.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sim.network import Float64Array

NEGLIGIBLE = 1e-12
ONE_UNIT: Float64Array = np.array([0.0, 1.0])
"""Every customer asks for one unit."""


@dataclass(frozen=True)
class Performance:
    """What a stock point gives in the long run.

    Attributes:
        fill_rate: units given at once / units demanded.
        backorders, on_hand: time means, units.
    """

    fill_rate: float
    backorders: float
    on_hand: float


# --- distributions ----------------------------------------------------------------------------------------------------
def mean_of(probabilities: Float64Array) -> float:
    """Mean of a distribution over 0, 1, 2, ..."""
    return float(np.arange(len(probabilities)) @ probabilities)


def poisson(mean: float) -> Float64Array:
    """Poisson probabilities, cut where the tail is negligible."""
    distribution: Float64Array = stats.poisson.pmf(np.arange(int(stats.poisson.isf(NEGLIGIBLE, mean)) + 2), mean)
    return distribution


def geometric(success: float) -> Float64Array:
    """Sizes 1, 2, ...: each further unit with probability 1 - success."""
    last = int(np.ceil(np.log(NEGLIGIBLE) / np.log(1 - success))) + 1
    weights = (1 - success) ** np.arange(last)
    return np.concatenate(([0.0], weights / weights.sum()))


def compound_poisson(mean_customers: float, sizes: Float64Array) -> Float64Array:
    """Units that a Poisson number of customers asks for (the recursion of Adelson 1966).

    k P(k) = mean_customers x sum over j of j size(j) P(k - j)
    """
    weights = mean_customers * np.arange(len(sizes)) * sizes
    probabilities = [float(np.exp(-mean_customers * (1 - sizes[0])))]
    while sum(probabilities) < 1 - NEGLIGIBLE and len(probabilities) < 10_000:
        k = len(probabilities)
        reach = min(k, len(sizes) - 1)
        probabilities.append(float(weights[1 : reach + 1] @ probabilities[k - reach :][::-1]) / k)
    return np.array(probabilities)


def thinned(probabilities: Float64Array, share: float) -> Float64Array:
    """Of a random number of units each is ours with probability `share`, independently: how many are ours."""
    number = np.arange(len(probabilities))
    ours: Float64Array = stats.binom.pmf(number[:, None], number[None, :], share) @ probabilities
    return ours


# --- one stock point --------------------------------------------------------------------------------------------------
def performance(
    positions: Mapping[int, float], outstanding: Float64Array, sizes: Float64Array = ONE_UNIT
) -> Performance:
    """What follows from net stock = position - outstanding, the two being independent (Zipkin 2000, chapter 6).

    Args:
        positions: probability of each inventory position.
        outstanding: distribution of the lead-time demand, or of the units on order.
        sizes: what a customer asks for; he takes what is there and waits for the rest.
    """
    number, size = np.arange(len(outstanding)), np.arange(len(sizes))
    on_hand = backorders = at_once = 0.0
    for position, chance in positions.items():
        net = position - number
        stock = np.maximum(net, 0)
        on_hand += chance * float(stock @ outstanding)
        backorders += chance * float(np.maximum(-net, 0) @ outstanding)
        at_once += chance * float(outstanding @ np.minimum(stock[:, None], size[None, :]) @ sizes)
    return Performance(at_once / mean_of(sizes), backorders, on_hand)


def lot_positions(reorder_point: int, lot: int) -> dict[int, float]:
    """(R, nQ): the position is uniform on R + 1, ..., R + Q (Hadley and Whitin 1963, chapter 4)."""
    return {reorder_point + 1 + step: 1 / lot for step in range(lot)}


def order_up_to_positions(reorder_point: int, order_up_to: int, sizes: Float64Array) -> dict[int, float]:
    """(s, S): visits to S - j are those of the renewal process of demand sizes (Zheng and Federgruen 1991).

    m(0) = 1, m(j) = sum over i of size(i) m(j - i); the position is S - j for a share m(j) / (m(0) + ... ) of the time.
    """
    visits = [1.0]
    for j in range(1, order_up_to - reorder_point):
        visits.append(sum(float(sizes[i]) * visits[j - i] for i in range(1, min(j, len(sizes) - 1) + 1)))
    return {order_up_to - j: visit / sum(visits) for j, visit in enumerate(visits)}


def erlang_loss(servers: int, load: float) -> float:
    """Share of customers lost when all of `servers` units are on order (Erlang 1917; any lead time: Sevastyanov 1957).

    B(0) = 1, B(k) = load B(k - 1) / (k + load B(k - 1))
    """
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost


# --- two echelons -----------------------------------------------------------------------------------------------------
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


# --- deterministic ----------------------------------------------------------------------------------------------------
def saw_tooth_cost_per_year(lot: int, demand_per_year: float, cost_per_order: float, holding_per_unit: float) -> float:
    """Ordering and holding cost when one unit goes at a time and a lot arrives just as it is needed.

    Stock runs through Q - 1, ..., 0 in equal steps, hence (Q - 1) / 2 on average where Harris (1913), with divisible
    stock, has Q / 2.
    """
    return cost_per_order * demand_per_year / lot + holding_per_unit * (lot - 1) / 2


def economic_order_quantity(demand_per_year: float, cost_per_order: float, holding_per_unit: float) -> float:
    """The lot of lowest cost (Harris 1913)."""
    return float(np.sqrt(2 * demand_per_year * cost_per_order / holding_per_unit))
