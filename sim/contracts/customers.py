"""What happens to a customer once, however many contracts it has: the stops of its lines, and how it was before."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.contract_plan import Baseline
from sim.contracts.lines import LineTimes
from sim.contracts.periods import YEAR_MS, Periods


@dataclass(frozen=True)
class Measured:
    """A contract's part of the measured time [from_ms, to_ms).

    Attributes:
        customer: whose contract it is. lines: names `plant/line` of the lines that it is about.
    """

    customer: str
    lines: tuple[str, ...]
    from_ms: int
    to_ms: int
    baseline: Baseline


@dataclass(frozen=True)
class StopFigures:
    """Stops of lines over some time, and what was agreed that they were before. Costs in minor units.

    Attributes:
        stops, cost: as they were. baseline_stops, baseline_cost: as they would have been before, by agreement.
        avoided: the agreed number less the stops, over the time for which a number was agreed.
        known_ms: how long that is. avoided_per_year: the same per year, added up over customers.
    """

    stops: float = 0.0
    cost: float = 0.0
    baseline_stops: float = 0.0
    baseline_cost: float = 0.0
    avoided: float = 0.0
    known_ms: float = 0.0
    avoided_per_year: float = 0.0

    def __add__(self, other: "StopFigures") -> "StopFigures":
        return StopFigures(*(one + more for one, more in zip(vars(self).values(), vars(other).values(), strict=True)))


def stop_figures(contracts: Sequence[Measured], times: LineTimes) -> StopFigures:
    """The stops of all lines that the contracts are about, each line and moment once.

    Contracts of a customer with a line in common speak of the same stops: of what they agreed on as the state before
    the most counts, at every moment, and not the sum.
    """
    parts = (_of_group(group, times) for group in _groups(contracts))
    return sum(parts, StopFigures())


def customers_ms(contracts: Sequence[Measured]) -> float:
    """For how long there was a customer, added up over customers; one with two contracts at a time counts once."""
    whose: dict[str, list[Measured]] = {}
    for one in contracts:
        whose.setdefault(one.customer, []).append(one)
    return float(sum(to_ms - from_ms for own in whose.values() for from_ms, to_ms, _ in _stretches(own)))


def _groups(contracts: Sequence[Measured]) -> list[list[Measured]]:
    """Contracts of a customer that have lines in common, directly or by way of others; those without lines left out."""
    groups: list[tuple[str, set[str], list[Measured]]] = []
    for one in contracts:
        if not one.lines:
            continue
        lines, together, others = set(one.lines), [one], []
        for customer, known, members in groups:
            if customer == one.customer and lines & known:
                lines, together = lines | known, members + together
            else:
                others.append((customer, known, members))
        groups = [*others, (one.customer, lines, together)]
    return [members for _, _, members in groups]


def _stretches(contracts: Sequence[Measured]) -> Iterator[tuple[int, int, list[Measured]]]:
    """Times in which the same contracts are in force, and which; without those in which there is none."""
    edges = sorted({edge for one in contracts for edge in (one.from_ms, one.to_ms)})
    for from_ms, to_ms in itertools.pairwise(edges):
        in_force = [one for one in contracts if one.from_ms <= from_ms and to_ms <= one.to_ms]
        if in_force:
            yield from_ms, to_ms, in_force


def _of_group(contracts: Sequence[Measured], times: LineTimes) -> StopFigures:
    found = sum((_of_stretch(*stretch, times) for stretch in _stretches(contracts)), StopFigures())
    return replace(found, avoided_per_year=found.avoided / (found.known_ms / YEAR_MS) if found.known_ms else 0.0)


def _of_stretch(from_ms: int, to_ms: int, in_force: Sequence[Measured], times: LineTimes) -> StopFigures:
    rows = times.rows(dict.fromkeys(line for one in in_force for line in one.lines))
    edges, years = np.array([from_ms, to_ms], np.int64), (to_ms - from_ms) / YEAR_MS
    found = StopFigures(
        stops=float(times.stops(rows, from_ms, to_ms)),
        cost=float(times.stop_cost_minor(rows, Periods(edges, edges[:1], np.diff(edges))).sum()),
        baseline_cost=_most(in_force, lambda before: before.stop_cost_per_year) * years,
    )
    before = _most(in_force, lambda before: before.stops_per_year) * years
    if before == 0:
        return found
    return replace(found, baseline_stops=before, avoided=before - found.stops, known_ms=float(to_ms - from_ms))


def _most(in_force: Sequence[Measured], figure: Callable[[Baseline], float]) -> float:
    return max(figure(one.baseline) for one in in_force)
