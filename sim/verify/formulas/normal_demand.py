"""Normal demand per period: the newsvendor, base stock under periodic review, and pooled safety stock.

Demand of different periods is independent. Stock is divisible and demand may be below zero in theory; with a mean of
many units and of at least five standard deviations neither matters.
"""

import math
from dataclasses import dataclass

from scipy import stats

from sim.verify.formulas.one_echelon import Performance


def normal_loss(mean: float, deviation: float, level: float) -> float:
    """E[max(D - level, 0)], units: what is short of normal demand (Hadley and Whitin 1963, appendix 4)."""
    if deviation == 0:
        return max(mean - level, 0.0)
    z = (level - mean) / deviation
    return deviation * float(stats.norm.pdf(z) - z * stats.norm.sf(z))


@dataclass(frozen=True)
class Newsvendor:
    """One decision per period: too much costs `overage` per unit left, too little `underage` per unit short.

    Attributes:
        mean, deviation: of a period's demand, units.
    """

    mean: float
    deviation: float
    overage: float
    underage: float

    def best_level(self) -> float:
        """The critical ratio: P(D <= S) = underage / (underage + overage) (Arrow, Harris and Marschak 1951)."""
        return float(stats.norm.ppf(self.underage / (self.underage + self.overage), self.mean, self.deviation))

    def short(self, level: float) -> float:
        """Units short per period, mean."""
        return normal_loss(self.mean, self.deviation, level)

    def left(self, level: float) -> float:
        """Units left at the end of a period, mean."""
        return level - self.mean + self.short(level)

    def cost(self, level: float) -> float:
        """Mean cost per period at any level."""
        return self.overage * self.left(level) + self.underage * self.short(level)

    def least_cost(self) -> float:
        """Mean cost per period at the best level: (overage + underage) deviation density(z), (Zipkin 2000, 9.4)."""
        z = float(stats.norm.ppf(self.underage / (self.underage + self.overage)))
        return (self.overage + self.underage) * self.deviation * float(stats.norm.pdf(z))


def periodic_base_stock(
    mean: float, deviation: float, level: float, review_periods: int, lead_periods: int
) -> Performance:
    """Order up to `level` every `review_periods`, right after a period's demand; one line of demand per period.

    What is ordered arrives `lead_periods` later, just before that period's demand. So k periods after an order has
    arrived (k = 0, ..., review - 1), once that period's demand has been met, the net stock is the level less the
    demand of lead + k periods; the line met then found the level less the demand of one period less (Hadley and
    Whitin 1963, chapter 5, on a grid of periods). Customers take what is there and wait for the rest.
    """
    on_hand = backorders = short_at_once = 0.0
    for periods in range(lead_periods, lead_periods + review_periods):
        owed = _short_after(mean, deviation, level, periods)
        backorders += owed / review_periods
        on_hand += (level - periods * mean + owed) / review_periods
        short_at_once += (owed - _short_after(mean, deviation, level, periods - 1)) / review_periods
    return Performance(1 - short_at_once / mean, backorders, on_hand)


def _short_after(mean: float, deviation: float, level: float, periods: int) -> float:
    return normal_loss(periods * mean, deviation * math.sqrt(periods), level)


def pooled_deviation(deviation: float, sites: int, correlation: float = 0.0) -> float:
    """Standard deviation of the sum of the demands of equal sites, each pair correlated alike (Eppen 1979)."""
    return deviation * math.sqrt(sites + sites * (sites - 1) * correlation)


def square_root_law(stock: float, sites_before: int, sites_after: int) -> float:
    """Safety stock after centralising, as the square-root law has it (Maister 1976): only without correlation."""
    return stock * math.sqrt(sites_after / sites_before)


def ready_rate(mean: float, deviation: float, level: float) -> float:
    """Probability that normal demand leaves something: P(D < level)."""
    return float(stats.norm.cdf(level, mean, deviation))
