"""Ranking and selection under common random numbers: the cheapest of k designs that keeps the promise often enough.

Replication r of every design meets the same chance. After each of a planned number of looks a design is

- `kept`: its share of replications that kept the promise is shown to be at least p, by the one-sided lower bound of
  Clopper and Pearson (1934);
- `broken`: that share is shown to be below p, by the upper bound;
- `dearer`: a design shown to keep the promise is cheaper, by the fully sequential procedure of Kim and Nelson (2001),
  "A fully sequential procedure for indifference-zone selection in simulation", valid under common random numbers;
- `open` otherwise. Only open designs and kept ones that may still be the cheapest need more replications.

The chances of error are divided (Bonferroni): half over all bounds of all looks, half over the comparisons of cost.
With at least the stated confidence (1) no design with a share below p is called kept, so none is recommended, and (2),
when the race is settled before the looks are used up and costs are normal, no design that keeps the promise is cheaper
than the recommended one by more than the indifference. A design whose share is only a little above p may stay open to
the end: it is not recommended, because it was not shown. Andradóttir and Kim (2010) treat selection under constraints.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

OPEN: Final = 0
KEPT: Final = 1
BROKEN: Final = 2
DEARER: Final = 3
STATUS: Final = ("open", "kept", "broken", "dearer")


@dataclass(frozen=True)
class Rules:
    """What is asked and how sure the answer has to be.

    Attributes:
        probability: least share of replications that keep the promise.
        confidence: of the whole answer, see the module.
        looks: numbers of replications after which is decided, ascending; the first >= 2 (10 or more make sense).
        indifference: cost per month that does not matter, > 0, in the unit of the costs.
    """

    probability: float
    confidence: float
    looks: tuple[int, ...]
    indifference: float

    def __post_init__(self) -> None:
        """ValueError for looks that do not ascend from 2 and for an indifference that is not above 0."""
        if not self.looks or self.looks[0] < 2 or any(a >= b for a, b in zip(self.looks, self.looks[1:], strict=False)):
            raise ValueError(f"looks {self.looks} do not ascend from 2 or more")
        if self.indifference <= 0:
            raise ValueError("the indifference is not above 0")


@dataclass(frozen=True)
class Race:
    """Where k designs stand after a number of looks; arrays (k,).

    Attributes:
        status: OPEN, KEPT, BROKEN or DEARER. shown: whether it was shown to keep the promise, also if it is dearer.
        replications: that each has had when it was last looked at.
        kept: of those, the number that kept the promise. low, high: bounds of the share, as decided by.
        looks: that have been taken.
    """

    status: Int64Array
    shown: BoolArray
    replications: Int64Array
    kept: Int64Array
    low: Float64Array
    high: Float64Array
    looks: int

    @staticmethod
    def of(designs: int) -> "Race":
        """Before the first look."""
        none = np.zeros(designs, np.int64)
        return Race(none, none.astype(np.bool_), none, none, np.zeros(designs), np.ones(designs), 0)

    @property
    def running(self) -> Int64Array:
        """Designs that need more replications; none when the answer is there."""
        undecided = np.flatnonzero((self.status == OPEN) | (self.status == KEPT))
        alone = len(undecided) == 1 and self.status[undecided[0]] == KEPT
        return np.zeros(0, np.int64) if alone else undecided


@dataclass(frozen=True)
class Selection:
    """The answer, and the race it comes from.

    Attributes:
        best: the recommended design; None: none was shown to keep the promise.
        settled: whether all others are out; else the least mean cost decided between those shown, and designs that are
            open might be cheaper.
    """

    best: int | None
    settled: bool
    race: Race


def look(race: Race, kept: BoolArray, cost: Float64Array, rules: Rules) -> Race:
    """The race after one more look.

    Args:
        race: so far. kept, cost: (k, n) of every design and replication, n at least the next number of looks; rows of
            designs that no longer run are not read beyond what they have had.
        rules: the same ones at every look.
    """
    count, running = rules.looks[race.looks], race.running
    error = (1 - rules.confidence) / 2 / (len(race.status) * len(rules.looks) * 2)
    status, shown, replications = race.status.copy(), race.shown.copy(), race.replications.copy()
    successes, low, high = race.kept.copy(), race.low.copy(), race.high.copy()
    replications[running] = count
    successes[running] = kept[running, :count].sum(axis=1)
    low[running], high[running] = bounds(successes[running], count, error)
    for design in running[status[running] == OPEN]:
        if low[design] >= rules.probability:
            status[design], shown[design] = KEPT, True
        elif high[design] < rules.probability:
            status[design] = BROKEN
    left = np.flatnonzero((status == OPEN) | (status == KEPT))
    for place in beaten(cost[left, :count], status[left] == KEPT, rules, len(status)):
        status[left[place]] = DEARER
    return Race(status, shown, replications, successes, low, high, race.looks + 1)


def bounds(successes: Int64Array, trials: int, error: float) -> tuple[Float64Array, Float64Array]:
    """Lower and upper bound of shares, each wrong with at most this chance (Clopper and Pearson 1934)."""
    low = np.where(successes > 0, special.betaincinv(np.maximum(successes, 1), trials - successes + 1, error), 0.0)
    failures = trials - successes
    high = np.where(failures > 0, special.betaincinv(successes + 1, np.maximum(failures, 1), 1 - error), 1.0)
    return np.asarray(low, np.float64), np.asarray(high, np.float64)


def beaten(cost: Float64Array, may_beat: BoolArray, rules: Rules, designs: int) -> list[int]:
    """Rows that are shown to be dearer than a row that may beat them (Kim and Nelson 2001, with c = 1).

    Args:
        cost: (m, n) of the designs still in the race. may_beat: (m,) those shown to keep the promise.
        rules: the first look is the first stage, which estimates the variances of the differences.
        designs: k, of the whole race.
    """
    first, count = rules.looks[0], cost.shape[1]
    error = (1 - rules.confidence) / 2
    eta = 0.5 * ((2 * error / max(designs - 1, 1)) ** (-2 / (first - 1)) - 1)
    h_squared = 2 * eta * (first - 1)
    means = cost.mean(axis=1)
    found = []
    for one in range(len(cost)):
        for other in np.flatnonzero(may_beat):
            if other == one:
                continue
            variance = float(np.var(cost[one, :first] - cost[other, :first], ddof=1))
            margin = max(0.0, rules.indifference / 2 * (h_squared * variance / rules.indifference**2 / count - 1))
            gap = means[one] - means[other]
            if gap > margin or (gap == margin == 0.0 and one > other and may_beat[one]):
                found.append(one)
                break
    return found


def select(kept: BoolArray, cost: Float64Array, rules: Rules) -> Selection:
    """The answer from outcomes (k, n) that are all there, n at least the last look; stops looking as soon as it can."""
    race = Race.of(len(kept))
    while race.looks < len(rules.looks) and len(race.running):
        race = look(race, kept, cost, rules)
    return decided(race, cost)


def decided(race: Race, cost: Float64Array) -> Selection:
    """The recommended design after the last look: the least mean cost among those shown to keep the promise."""
    choices = np.flatnonzero(race.status == KEPT)
    if len(choices) == 0:
        return Selection(None, bool((race.status != OPEN).all()), race)
    means = [cost[design, : race.replications[design]].mean() for design in choices]
    return Selection(int(choices[int(np.argmin(means))]), len(race.running) == 0, race)


def looks_up_to(most: int, first: int = 20) -> tuple[int, ...]:
    """Looks at doubled numbers of replications: `first`, twice that, ..., and `most` at the end."""
    looks: list[int] = []
    count = first
    while count < most:
        looks.append(count)
        count *= 2
    return (*looks, most)
