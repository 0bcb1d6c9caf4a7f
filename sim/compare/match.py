"""`--match`: scale the stock of a variant until its service equals the base's, to compare stock at equal service.

A few replications find the factor, all of them confirm it; every try meets the same chance as the base.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np

from sim.compare.bench import FEW, Bench, Job
from sim.compare.directions import direction
from sim.compare.kpi_values import Float64Array, KpiValues
from sim.compare.scale import Scale
from sim.compare.search import Search
from sim.compare.subjects import Subject
from sim.errors import TwinError
from sim.scenario import Scenario

TOLERANCE_SHARE: Final = 0.002
"""Shares match when their means differ by less than 0.2 points ..."""

TOLERANCE_RELATIVE: Final = 0.01
"""... anything else when they differ by less than 1 % of the base's."""

CONFIRMATIONS: Final = 6
"""How often all replications are simulated before the search is given up."""

_APART: Final = 1.05

Say = Callable[[str], None]


class NoMatchError(TwinError):
    """No factor brings the two together (exit code 1: the target was missed)."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True)
class Try:
    """One factor that was tried: the scaled number as written, and the mean difference to the base."""

    factor: float
    value: str
    replications: int
    difference: float


@dataclass
class Match:
    """How a variant was brought to the base's service.

    Attributes:
        variant, kpi, path: which variant was matched in which KPI, by scaling the number at which path.
        factor: what the number was multiplied by. value: the number as it is then written.
        difference: of the means that is left, over all replications. tolerance: what it had to stay below.
        tries: every factor that was tried, in order.
    """

    variant: str
    kpi: str
    path: str
    tolerance: float
    factor: float = math.nan
    value: str = ""
    difference: float = math.nan
    tries: list[Try] = field(default_factory=list)

    def failed(self, why: str) -> NoMatchError:
        """The error that says what was tried."""
        lines = [f"{self.variant} could not be brought to the base's {self.kpi} by {self.path}: {why}"]
        lines += [
            f"  factor {one.factor:.4g} ({one.value}), {one.replications} replications: {one.difference:+.5f}"
            for one in self.tries
        ]
        return NoMatchError("\n".join(lines))


class Matcher:
    """Matches variants to one base; the base's few replications are simulated once.

    Args:
        bench: simulates the tries.
        base: what is matched to.
        kpi: what is to be equal.
        replications: of the comparison; the search uses the first few of them.
        say: told about every try.

    Attributes:
        base_values: KPIs of the base in the first few replications.
        designed: KPIs of every variant that was searched, in the same replications, before anything was scaled.
    """

    def __init__(self, bench: Bench, base: Scenario, kpi: str, replications: int, say: Say) -> None:
        self._bench = bench
        self._kpi = kpi
        self._few = min(replications, FEW)
        self._say = say
        values = bench.simulate([Job(base)], self._few)[0]
        self.base_values = values
        self.designed: dict[str, KpiValues] = {}
        self._guess: float | None = None
        self._rises = direction(kpi)  # of service: more stock makes it better
        self._target = service(values, kpi)
        self._unit = values.units[values.place[next(row for row in values.rows if row.kpi == kpi)]]

    def search(self, subject: Subject, scale: Scale) -> Match:
        """The factor found with few replications; NoMatchError when there is none."""
        match = Match(subject.label, self._kpi, scale.path, self._tolerance())
        search = Search(
            lambda factor: self._try(subject, scale, match, factor), match.tolerance, self._guess, self._rises
        )
        factor = search.run()
        if factor is None:
            opposite = min(search.tried.values()) < 0 < max(search.tried.values())
            why = "a single step of the levels is larger than the tolerance" if opposite else "no factor goes past it"
            raise match.failed(why)
        match.factor, match.value = factor, scale.times(factor)
        self._guess = factor
        return match

    def _tolerance(self) -> float:
        return TOLERANCE_SHARE if self._unit == "share" else TOLERANCE_RELATIVE * abs(float(self._target.mean()))

    def _try(self, subject: Subject, scale: Scale, match: Match, factor: float) -> float:
        assert subject.reload is not None
        value = scale.times(factor)
        known = next((one.difference for one in match.tries if one.value == value), None)
        if known is None:
            scenario = subject.reload({scale.path: value})
            values = self._bench.simulate([Job(scenario)], self._few)[0]
            if factor == 1.0:
                self.designed[subject.label] = values
            found = service(values, self._kpi)
            known = float((found - self._target).mean())
            match.tries.append(Try(factor, value, self._few, known))
            self._say(f"matching {self._kpi}: {subject.label} with {scale.path} {value}: {known:+.5f}")
        return known


def service(values: KpiValues, kpi: str) -> Float64Array:
    """The KPI of the whole network by replication; TwinError when it has no value there."""
    found = values.network(kpi)
    if found is None or np.isnan(found).any():
        raise TwinError(f"--match {kpi}: the network has no {kpi} in every replication")
    return found


def next_factor(match: Match) -> float | None:
    """A better factor when all replications have left a difference at the last try; None when there is none to go by.

    Between two factors that all replications have tried with opposite results if there are such, else along the slope
    of the search; both in the logarithm of the factor.
    """
    last = match.tries[-1]
    confirmed = [one for one in match.tries if one.replications == last.replications]
    opposite = [one for one in confirmed if one.difference * last.difference < 0]
    if opposite:
        other = min(opposite, key=lambda one: abs(one.difference))
        slope = _slope(last, other)
    else:
        slope = _slope(*_around(match.tries, last.factor))
    return last.factor * math.exp(min(max(-last.difference / slope, -0.5), 0.5)) if slope else None


def _around(tries: list[Try], factor: float) -> tuple[Try, Try]:
    """The nearest tries at least 5 % below and above a factor, the outermost where there are none.

    Nearer ones would give the slope of a single step of the levels.
    """
    below = [one for one in tries if one.factor < factor / _APART] or [min(tries, key=lambda one: one.factor)]
    above = [one for one in tries if one.factor > factor * _APART] or [max(tries, key=lambda one: one.factor)]
    return max(below, key=lambda one: one.factor), min(above, key=lambda one: one.factor)


def _slope(one: Try, other: Try) -> float:
    rise = math.log(other.factor / one.factor)
    return (other.difference - one.difference) / rise if rise else 0.0
