"""Finds the cheapest design that keeps the promise: candidates, race, and a walk to smaller designs.

The race (`sim.size.selection`) decides between candidates of all visit intervals. From the winner every design one
notch smaller that gives enough of what is not covered is simulated with the same chance; where one keeps the promise
and is cheaper, the search goes on from there. At the end every smaller design is shown to break the promise, or is not
shown to keep it, or is dearer; or, when moves are used up, saves less than the indifference.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from sim.size.candidates import candidates
from sim.size.cycles import availability
from sim.size.design import UNCOVERED_FILL_RATE, Design, Task
from sim.size.neighbours import Neighbour, neighbours
from sim.size.power import disproven_share, proven_share
from sim.size.selection import OPEN, Race, Rules, decided, look, looks_up_to
from sim.size.simulate import Outcomes, Simulations, Wanted, monthly_costs
from sim.size.slots import NoLayoutError

Say = Callable[[str], None]
Verdict = Literal[
    "breaks the promise", "gives less than 95 % of what is not covered", "not shown to keep the promise", "dearer",
    "saves too little", "cheaper",
]  # fmt: skip
INDIFFERENCE: Final = 0.005
"""Share of the monthly cost that does not matter between two designs."""
_RACED_UP_TO: Final = 1.15
"""Candidates dearer than this many times the cheapest good one, by formulas, race only if none else is good."""
_MOST_MOVES: Final = 6
_SPARE: Final = 1.5
"""A race may be this many times as long as a design needs that never breaks the promise."""
_LOOKS: Final = 6
_MOST_RACED: Final = 3_000


@dataclass(frozen=True)
class Effort:
    """How much is simulated.

    Attributes:
        candidates: designs looked at. race: replications of a design, more where the promise takes more to be shown.
        smaller: of each design one notch smaller. fresh: of the recommended design, with another seed. side: of
        alternatives, tiers, curve and sensitivity.
    """

    candidates: int = 8
    race: int = 400
    smaller: int = 80
    fresh: int = 200
    side: int = 80


QUICK: Final = Effort(candidates=6, race=200, smaller=30, fresh=60, side=30)


@dataclass(frozen=True)
class Smaller:
    """A design one notch smaller, what became smaller, and why it is not the answer.

    `cost`: a month. `kept`: share of replications that kept the promise; nan where formulas were enough to refuse it.
    """

    what: str
    design: Design
    cost: float
    kept: float
    verdict: Verdict


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        best: the design; None: no design of the catalogue was shown to keep the promise. raced: all candidates.
        smaller: designs one notch smaller than the best. settled: whether the race was decided for all designs.
        reasons: sentences that say why there is none.
        most_kept: best share of replications that kept the promise.
    """

    best: Design | None
    raced: tuple[Design, ...]
    smaller: tuple[Smaller, ...]
    settled: bool
    reasons: tuple[str, ...]
    most_kept: float


def search(task: Task, simulations: Simulations, effort: Effort, say: Say, walk: bool = True) -> Found:
    """The cheapest design that keeps the promise. `walk` also looks at all designs one notch smaller."""
    say("looking for designs by formulas")
    try:
        found = candidates(task, effort.candidates)
    except NoLayoutError as error:
        return Found(None, (), (), True, tuple(f"{reason[0].upper()}{reason[1:]}." for reason in error.reasons), 0.0)
    for raced in _fields(task, found):
        rules = _rules(task, raced, effort)
        say(f"simulating {len(raced)} designs against each other")
        race, cost = _raced(task, raced, simulations, rules)
        selection = decided(race, cost)
        if selection.best is not None:
            break
    shares = race.kept / np.maximum(race.replications, 1)
    if selection.best is None:
        return Found(None, tuple(found), (), selection.settled, _why_none(task, raced, race), float(shares.max()))
    best = raced[selection.best]
    smaller: tuple[Smaller, ...] = ()
    if walk:
        best, smaller = _walked(task, best, simulations, rules, effort, say)
    return Found(best, tuple(found), smaller, selection.settled, (), float(shares.max()))


def _fields(task: Task, found: list[Design]) -> list[list[Design]]:
    """Who races: those that may be cheapest by the formulas, and if none of them is shown to be good enough, all."""
    good = [one.costs.total for one in found if one.good_enough(task.promise)]
    limit = _RACED_UP_TO * min(good, default=float("inf"))
    near = [one for one in found if one.costs.total <= limit]
    return [near, found] if 0 < len(near) < len(found) else [found]


def _rules(task: Task, raced: list[Design], effort: Effort) -> Rules:
    cost = min(one.costs.total for one in raced)
    promise = task.promise
    error = (1 - promise.confidence) / 4 / len(raced) / _LOOKS
    least = math.ceil(_SPARE * math.log(error) / math.log(promise.probability))
    looks = looks_up_to(min(max(effort.race, least), _MOST_RACED))
    return Rules(promise.probability, promise.confidence, looks, INDIFFERENCE * cost)


def _raced(task: Task, designs: list[Design], simulations: Simulations, rules: Rules) -> tuple[Race, np.ndarray]:
    """The race to its end, and the costs (k, n) that it went by; cells that were not simulated are 0."""
    most = rules.looks[-1]
    kept, cost = np.zeros((len(designs), most), np.bool_), np.zeros((len(designs), most))
    race = Race.of(len(designs))
    while race.looks < len(rules.looks) and len(race.running):
        count = rules.looks[race.looks]
        running = race.running.tolist()
        outcomes = simulations.outcomes([Wanted(task, designs[one], count) for one in running])
        for one, seen in zip(running, outcomes, strict=True):
            kept[one, :count], cost[one, :count] = seen.kept, monthly_costs(task, designs[one], seen)
        race = look(race, kept, cost, rules)
    return race, cost


def _walked(
    task: Task, best: Design, simulations: Simulations, rules: Rules, effort: Effort, say: Say
) -> tuple[Design, tuple[Smaller, ...]]:
    """Down to a design of which no smaller one is better."""
    for move in range(_MOST_MOVES):
        say("looking at every design one notch smaller" + (f", step {move + 1}" if move else ""))
        smaller = _smaller(task, best, simulations, effort)
        cheaper = sorted((one for one in smaller if one.verdict == "cheaper"), key=lambda one: one.cost)
        moved = next((one.design for one in cheaper if _shown(task, one.design, simulations, effort)), None)
        if moved is None:
            shown = [_not_shown(one) if one.verdict == "cheaper" else one for one in smaller]
            return best, tuple(shown)
        best = moved
    return best, tuple(_little(one, best, rules) for one in _smaller(task, best, simulations, effort))


def _smaller(task: Task, best: Design, simulations: Simulations, effort: Effort) -> list[Smaller]:
    others = list(neighbours(task, best))
    enough = [other for other in others if other.design.fill_rate >= UNCOVERED_FILL_RATE]
    wanted = [Wanted(task, one, effort.smaller) for one in (best, *(other.design for other in enough))]
    own, *outcomes = simulations.outcomes(wanted)
    cost = monthly_costs(task, best, own)
    found = [_too_little(other, best, float(cost.mean())) for other in others if other not in enough]
    for other, seen in zip(enough, outcomes, strict=True):
        difference = float((monthly_costs(task, other.design, seen) - cost).mean())
        mean, kept = float(cost.mean()) + difference, float(seen.kept.mean())
        found.append(Smaller(other.what, other.design, mean, kept, _verdict(task, seen, difference)))
    order = [other.what for other in others]
    return sorted(found, key=lambda one: order.index(one.what))


def _too_little(other: Neighbour, best: Design, cost: float) -> Smaller:
    """Refused by the formulas, which are exact for items that nothing is sent for; its cost is theirs as well."""
    cost += other.design.costs.total - best.costs.total
    return Smaller(other.what, other.design, cost, math.nan, "gives less than 95 % of what is not covered")


def _verdict(task: Task, seen: Outcomes, difference: float) -> Verdict:
    kept, trials = int(seen.kept.sum()), seen.replications
    if disproven_share(kept, trials, task.promise.confidence) < task.promise.probability:
        return "breaks the promise"
    return "dearer" if difference >= 0 else "cheaper"


def _little(one: Smaller, best: Design, rules: Rules) -> Smaller:
    """After the last move: what could still be saved is either too little to matter, or has to be said."""
    if one.verdict != "cheaper" or best.costs.total - one.design.costs.total > rules.indifference:
        return one
    return replace(one, verdict="saves too little")


def _not_shown(one: Smaller) -> Smaller:
    return replace(one, verdict="not shown to keep the promise")


def _shown(task: Task, one: Design, simulations: Simulations, effort: Effort) -> bool:
    """Whether a design is shown to keep the promise, as surely as the race would have; in two looks."""
    error = (1 - task.promise.confidence) / 4
    needed = math.ceil(_SPARE * math.log(error) / math.log(task.promise.probability))
    for count in sorted({needed, max(effort.race, needed)}):
        [seen] = simulations.outcomes([Wanted(task, one, count)])
        if proven_share(int(seen.kept.sum()), count, 1 - error) >= task.promise.probability:
            return True
    return False


def _why_none(task: Task, raced: list[Design], race: Race) -> tuple[str, ...]:
    shares = race.kept / np.maximum(race.replications, 1)
    most = int(np.argmax(shares))
    one, promise = raced[most], task.promise
    days = one.interval_ms / 86_400_000
    first = (
        f"The best of {len(raced)} designs kept {promise.availability:.4g} in every window in "
        f"{int(race.kept[most])} of {int(race.replications[most])} replications ({shares[most]:.1%}); "
        f"{promise.probability:.1%} is wanted, shown with {promise.confidence:.0%} confidence."
    )
    worst = min(task.covered, key=lambda n: _availability(task, one, n), default=None)
    reasons = [first, f"It has visits every {days:g} d and costs {one.costs.total:,.0f} a month."]
    if worst is not None:
        share = _availability(task, one, worst)
        reasons.append(f"What limits it is `{task.items[worst].item}`, in stock {share:.2%} of the time at most.")
    if (race.status == OPEN).any():
        reasons.append("More replications might decide for a design that is just good enough.")
    else:
        reasons.append(
            "Larger slots or more devices, shorter visit intervals, faster emergencies or less would be possible."
        )
    return tuple(reasons)


def _availability(task: Task, one: Design, item: int) -> float:
    level = np.array([float(one.levels[item])])
    return float(availability(task.demand(item), level, task.cycle(item, one.interval_ms))[0])
