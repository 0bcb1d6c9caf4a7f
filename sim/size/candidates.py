"""Designs of a pilot worth simulating.

For every visit interval to be considered levels are guessed for several chances of keeping the promise, around the one
that is wanted, because the formulas leave things out and simulation decides. The best design is then improved one notch
at a time, since devices come whole.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from sim.size.cycles import least_level
from sim.size.design import UNCOVERED_FILL_RATE, Design, Task, design, filled
from sim.size.guess import guess, steps_of
from sim.size.neighbours import improved
from sim.size.slots import NoLayoutError

_HALVINGS: Final = 7
CAUTION: Final = (4.0, 2.0, 1.0, 0.5, 0.2, 0.05, 0.01, 0.001)
"""Chances of breaking the promise that levels are guessed for, as multiples of the one that is allowed."""


def candidates(task: Task, most: int = 12) -> list[Design]:
    """The cheapest designs over all intervals and degrees of caution, by cost.

    At most a third of them do not quite keep the promise by the formulas, but are cheaper than all that do, in case the
    formulas are too careful. NoLayoutError where the catalogue holds none.
    """
    found: dict[tuple[int, tuple[int, ...]], Design] = {}
    reasons: list[str] = []
    for interval_ms in task.visits.intervals:
        try:
            own = [design(task, interval_ms, levels) for levels in guessed_levels(task, interval_ms)]
        except NoLayoutError as error:
            own = tight(task, interval_ms)
            reasons += error.reasons if not own else ()
        for one in (filled(task, guessed) for guessed in own):
            found.setdefault((interval_ms, one.levels), one)
    enough = [one for one in found.values() if one.good_enough(task.promise)]
    if enough:
        best = improved(task, min(enough, key=lambda one: one.costs.total))
        found[best.interval_ms, best.levels] = best
    if not found:
        raise NoLayoutError(list(dict.fromkeys(reasons)))
    return _chosen(task, list(found.values()), most)


def tight(task: Task, interval_ms: int) -> list[Design]:
    """Designs where space is short: no more stock than the promise asks for, or as much of it as there is room for."""
    found: list[Design] = []
    for levels in guessed_levels(task, interval_ms, saving=False):
        try:
            found.append(design(task, interval_ms, levels))
        except NoLayoutError:
            squeezed = _squeezed(task, interval_ms, levels)
            return [*found, squeezed] if squeezed is not None else found
    return found


def _squeezed(task: Task, interval_ms: int, levels: Sequence[int]) -> Design | None:
    """The design with these levels lowered in proportion until they fit; None where not even one of each does."""
    best: Design | None = None
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        try:
            best, low = design(task, interval_ms, [max(1, int(level * share)) for level in levels]), share
        except NoLayoutError:
            high = share
    return best


def _chosen(task: Task, found: list[Design], most: int) -> list[Design]:
    by_cost = sorted(found, key=lambda one: (one.costs.total, one.interval_ms))
    good = [one for one in by_cost if one.good_enough(task.promise)]
    rest = [one for one in by_cost if not one.good_enough(task.promise)]
    if good:
        rest = [one for one in rest if one.costs.total < good[0].costs.total]
    rest = sorted(rest, key=lambda one: -one.kept)[: most // 3 if good else most]
    return sorted([*good[: most - len(rest)], *rest], key=lambda one: (one.costs.total, one.interval_ms))


def guessed_levels(task: Task, interval_ms: int, saving: bool = True) -> list[tuple[int, ...]]:
    """Levels of all items, for each degree of caution that the promise allows, the least cautious first.

    Items that it does not cover have the least level that meets a plain fill rate. `saving`: no level of the others is
    below the one up to which stock costs less than the emergency deliveries that it saves.
    """
    plain = np.zeros(len(task.items), np.int64)
    covered = list(task.covered)
    for item in range(len(task.items)):
        if item not in covered:
            cycle = task.cycle(item, interval_ms)
            plain[item] = least_level(task.demand(item), cycle, UNCOVERED_FILL_RATE, "fill_rate")
    if not covered:
        return [tuple(plain.tolist())]
    stocked = [task.stocked(item, interval_ms, task.worthwhile(item, interval_ms) if saving else 0) for item in covered]
    steps = steps_of(stocked)
    found = []
    for caution in CAUTION:
        levels = plain.copy()
        chance = 1 - min((1 - task.promise.probability) * caution, 0.9)
        levels[covered] = guess(stocked, task.window, chance, steps).levels
        found.append(tuple(levels.tolist()))
    return found
