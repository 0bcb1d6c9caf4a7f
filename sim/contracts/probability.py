"""How likely payments are, over replications: the chance of paying at all, and of each amount, not only the mean."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.network import Float64Array, Int64Array

CONFIDENCE: Final = 0.95
QUANTILES: Final = (0.1, 0.5, 0.9, 0.95)


@dataclass(frozen=True)
class Chance:
    """How often something happened in independent replications, with its interval."""

    hits: int
    trials: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The estimate itself."""
        return self.hits / self.trials


@dataclass(frozen=True)
class PaymentRisk:
    """What a contract's payments come to; money in minor units, over `replications`.

    Attributes:
        any_payment: the chance that something is paid at all.
        mean_minor: mean payment, those who pay nothing included.
        quantiles: share -> the least amount that is not exceeded with at least that share.
        amounts: distinct amounts, ascending. at_least: the chance of each of them, or of more.
    """

    any_payment: Chance
    mean_minor: float
    quantiles: dict[float, int]
    amounts: Int64Array
    at_least: tuple[Chance, ...]


def chance(hits: int, trials: int, confidence: float = CONFIDENCE) -> Chance:
    """The interval that contains the true probability with at least this confidence (Clopper & Pearson 1934).

    ValueError without trials.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} of {trials} is no share")
    from scipy import special

    tail = (1 - confidence) / 2
    low = float(special.betaincinv(hits, trials - hits + 1, tail)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return Chance(hits, trials, low, high)


def at_least_chance(amounts_minor: Int64Array, amount_minor: int, confidence: float = CONFIDENCE) -> Chance:
    """The chance of paying this amount or more, from what each replication paid (n,)."""
    return chance(int((amounts_minor >= amount_minor).sum()), len(amounts_minor), confidence)


def payment_risk(
    amounts_minor: Int64Array, confidence: float = CONFIDENCE, quantiles: tuple[float, ...] = QUANTILES
) -> PaymentRisk:
    """The risk from what each replication paid (n,), >= 0; ValueError without replications.

    Each chance has its own interval of this confidence.
    """
    if not len(amounts_minor):
        raise ValueError("a risk needs at least one replication")
    distinct = np.unique(amounts_minor)
    found: Float64Array = np.quantile(amounts_minor, quantiles, method="inverted_cdf")
    return PaymentRisk(
        at_least_chance(amounts_minor, 1, confidence),
        float(amounts_minor.mean()),
        {share: int(value) for share, value in zip(quantiles, found, strict=True)},
        distinct,
        tuple(at_least_chance(amounts_minor, int(amount), confidence) for amount in distinct),
    )
