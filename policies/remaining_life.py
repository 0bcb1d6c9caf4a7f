"""How often machines will need an item soon, from the age of the parts that are in them.

Lives are Weibull in running time; what has run for a time a without failing fails within another h with the chance
1 - exp((a / scale)^shape - ((a + h) / scale)^shape). A part that fails is replaced at once by a new one, so that the
number of replacements within h is a renewal process whose first life is a remaining one (Cox 1962, chapter 2).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
Float64Array = npt.NDArray[np.float64]

_NEGLIGIBLE: Final = 1e-9
_LARGEST_SUPPORT: Final = 50_000  # units up to which the distribution of a sum is worked out exactly


@dataclass(frozen=True)
class RemainingLife:
    """What the machines of a plant use of the items of a view, and how far it is used up; arrays over n uses.

    Times are running time in ms. A use is a part that wears out (`shape` > 0), a quantity at planned intervals
    (`interval_ms` > 0), or a flow (`rate_per_ms` > 0).
    """

    item: Int64Array  # index into the items of the view
    quantity: Int64Array  # integer units at a time
    running_ms_per_day: Float64Array  # of the machine, planned
    age_ms: Float64Array  # since the part was put in, or the quantity was last used
    shape: Float64Array  # Weibull; 0: does not wear
    scale_ms: Float64Array  # characteristic life at the reference temperature
    acceleration: Float64Array  # how much faster the part that is in ages at the temperature it was put in at
    next_acceleration: Float64Array  # and one that is put in now
    interval_ms: Float64Array  # mean time between planned uses; 0: none are planned
    left_ms: Float64Array  # until the next planned use
    rate_per_ms: Float64Array  # of a flow, integer units; 0: no flow

    def mean_per_day(self) -> Float64Array:
        """Integer units a day in the long run, (n,)."""
        life = np.array([math.gamma(1.0 + 1.0 / shape) if shape > 0 else 0.0 for shape in self.shape])
        life = life * self.scale_ms / self.next_acceleration
        each = np.where(self.shape > 0, life, self.interval_ms)
        per_ms = np.divide(self.quantity, each, out=np.zeros(each.size), where=each > 0)
        return (per_ms + self.rate_per_ms) * self.running_ms_per_day

    def chosen(self, item: int) -> "RemainingLife":
        """The uses of one item."""
        mine = self.item == item
        return RemainingLife(**{name: getattr(self, name)[mine] for name in self.__dataclass_fields__})


def replacements(shape: float, scale_ms: float, next_scale_ms: float, age_ms: float, within_ms: float) -> Float64Array:
    """P(N = 0), P(N = 1), ... of the number of replacements within a running time, (k,); adds up to 1.

    The first is exact; the further ones by adding up lives on a grid that is fine against the life.
    """
    if within_ms <= 0:
        return np.ones(1)
    first = -math.expm1((age_ms / scale_ms) ** shape - ((age_ms + within_ms) / scale_ms) ** shape)
    mean_life = next_scale_ms * math.gamma(1.0 + 1.0 / shape)
    cells = int(min(64 + 32 * math.ceil(within_ms / mean_life), 2048))
    edge = (np.arange(cells + 2) - 0.5).clip(0) * (within_ms / cells)
    survived = (age_ms / scale_ms) ** shape - ((age_ms + edge) / scale_ms) ** shape
    sooner = np.diff(-np.expm1(survived))  # chance of the remaining life on the points 0, 1, ... of the grid
    life = np.diff(-np.expm1(-((edge / next_scale_ms) ** shape)))
    at_least = [1.0, first]
    while at_least[-1] > _NEGLIGIBLE and len(at_least) < 4 * cells:
        sooner = np.convolve(sooner, life)[: cells + 1]
        at_least.append(min(float(sooner[:-1].sum() + 0.5 * sooner[-1]), at_least[-1]))
    return -np.diff([*at_least, 0.0])


def planned_uses(interval_ms: float, left_ms: float, within_ms: float) -> int:
    """How many planned uses fall into a running time, the next one after `left_ms`."""
    return 0 if left_ms > within_ms else 1 + int((within_ms - max(left_ms, 0.0)) // max(interval_ms, 1.0))


def level_for(uses: RemainingLife, other_per_day: float, days: float, service: float) -> int:
    """Integer units that cover the need of so many days with the chance `service`.

    Args:
        uses: what machines use of the item. other_per_day: mean of everything else, taken as Poisson.
    """
    planned, parts = _planned_and_worn(uses, days)
    other = other_per_day * days
    means = [quantity * float(chance @ np.arange(chance.size)) for quantity, chance in parts]
    largest = sum(quantity * (chance.size - 1) for quantity, chance in parts) + other + 10.0 * math.sqrt(other) + 10.0
    if largest > _LARGEST_SUPPORT:
        squares = [quantity**2 * float(chance @ np.arange(chance.size) ** 2) for quantity, chance in parts]
        variance = sum(squares) - sum(mean * mean for mean in means) + other
        return planned + math.ceil(sum(means) + other + _normal_quantile(service) * math.sqrt(variance))
    chances = _poisson(other)
    for quantity, chance in parts:
        spread = np.zeros(quantity * (chance.size - 1) + 1)
        spread[::quantity] = chance
        chances = np.convolve(chances, spread)
    covered = int(np.searchsorted(np.cumsum(chances), min(service, 1.0 - _NEGLIGIBLE)))
    return planned + min(covered, chances.size - 1)


def _planned_and_worn(uses: RemainingLife, days: float) -> tuple[int, list[tuple[int, Float64Array]]]:
    """Units that are planned, and quantity and number distribution of the parts that wear out."""
    planned, parts = 0.0, []
    for row in range(uses.item.size):
        within = days * float(uses.running_ms_per_day[row])
        quantity = int(uses.quantity[row])
        if uses.shape[row] > 0:
            scale = float(uses.scale_ms[row])
            chance = replacements(
                float(uses.shape[row]),
                scale / float(uses.acceleration[row]),
                scale / float(uses.next_acceleration[row]),
                float(uses.age_ms[row]),
                within,
            )
            parts.append((quantity, chance))
        elif uses.rate_per_ms[row] > 0:
            planned += float(uses.rate_per_ms[row]) * within
        else:
            planned += quantity * planned_uses(float(uses.interval_ms[row]), float(uses.left_ms[row]), within)
    return math.ceil(planned - _NEGLIGIBLE), parts


def _poisson(mean: float) -> Float64Array:
    """P(N = 0), P(N = 1), ... of a Poisson variable, (k,), as far as it matters."""
    if mean <= 0:
        return np.ones(1)
    last = math.ceil(mean + 10.0 * math.sqrt(mean) + 10.0)
    steps = np.log(mean / np.arange(1, last + 1))
    chances: Float64Array = np.exp(np.concatenate(([0.0], np.cumsum(steps))) - mean)
    return chances


def _normal_quantile(chance: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(chance)
