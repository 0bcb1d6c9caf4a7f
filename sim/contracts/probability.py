"""How likely payments are, over replications: the chance of paying at all, not only the mean."""

from dataclasses import dataclass
from typing import Final

CONFIDENCE: Final = 0.95


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
