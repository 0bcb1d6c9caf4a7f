"""Claims put to the test: the model's own change beside the one that a source reports, and a verdict in words.

Each claim has the interval of its own paired difference, at the comparison's confidence, also where its two variants
are not the comparison's base. A reported figure has no interval; it counts as everything that is rounded to it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.compare.differences import Difference, differences
from sim.compare.directions import in_words
from sim.compare.kpi_values import Float64Array, KpiValues, Row
from sim.compare.pairing import Pairing
from sim.compare.sentences import number, signed
from sim.kpi.claims import HELD_EQUAL, ONE_REPLICATION, place_of, verdict
from sim.scenario.claims import Claim, Range

AS_DESIGNED: Final = "as designed"
EQUAL_SERVICE: Final = "at equal service"

_MILLION: Final = 1e6
_Bounds = tuple[float, float, float]
"""What is compared with the report, and the interval's low and high end."""


@dataclass(frozen=True)
class Answer:
    """What the model says of a claim in one view of the variants.

    Attributes:
        view: `as designed`, or `at equal service` after matching.
        before, after: means of the KPI in the two variants, over the pairs that count.
        change, low, high: what is compared with the report, and its interval: the change relative to before, for shares
            after minus before, or the value after where the report is one. NaN: not known.
        pairs: of replications. verdict: one of the verdicts above. words: all of it.
    """

    view: str
    before: float
    after: float
    change: float
    low: float
    high: float
    pairs: int
    verdict: str
    words: str


@dataclass(frozen=True)
class ClaimResult:
    """A claim with its answers; none, and a `note` why, where it cannot be answered.

    Attributes:
        says, source, kpi, variant, against, reported: as the scenario states them. unit: the KPI's.
        service: KPI that was made equal, empty where nothing was. remark: what the scenario says about it.
    """

    says: str
    source: str
    kpi: str
    unit: str
    variant: str
    against: str
    reported: str
    service: str = ""
    answers: Sequence[Answer] = ()
    note: str = ""
    remark: str = ""


@dataclass(frozen=True)
class View:
    """The variants in one shape: as they were designed, or scaled to equal service.

    Attributes:
        name: of the view. values: KPIs by label. held: KPI that is equal by construction, empty if none.
    """

    name: str
    values: Mapping[str, KpiValues]
    held: str = ""


@dataclass(frozen=True)
class ClaimTester:
    """Answers claims from the KPIs of all variants.

    Args:
        labels: label by name of variant, of those that are compared and belong to the claims' scenario.
        views: the variants as they are compared, one view or several.
        pairings: how any two labels may be compared: a function of (against, variant).
        confidence: of the intervals.
    """

    labels: Mapping[str, str]
    views: Sequence[View]
    pairings: Callable[[str, str], Pairing]
    confidence: float

    def result(self, claim: Claim) -> ClaimResult:
        """The answers to one claim."""
        against = claim.against or ""
        absent = [name for name in (against, claim.variant) if name not in self.labels]
        if absent:
            return self._result(claim, "", (), f"{' and '.join(absent)} not compared")
        before, after = self.labels[against], self.labels[claim.variant]
        if claim.reported.kind == "value":
            told = [self._of_value(claim, view, before, after) for view in self.views]
        else:
            told = [self._of_change(claim, view, before, after) for view in self.views]
        answers = [answer for answer in told if answer is not None]
        if not answers:
            return self._result(claim, "", (), f"no {claim.kpi_name} of {_about(claim)} that could be compared")
        row = Row(*place_of(claim))
        values = self.views[0].values[after]
        return self._result(claim, values.units[values.place[row]], answers)

    def _result(self, claim: Claim, unit: str, answers: Sequence[Answer], note: str = "") -> ClaimResult:
        return ClaimResult(
            claim.says,
            claim.source,
            claim.kpi,
            unit,
            claim.variant,
            claim.against or "",
            claim.reported.text,
            next((view.held for view in self.views if view.held), ""),
            answers,
            note,
            claim.note,
        )

    def _difference(self, view: View, claim: Claim, before: str, after: str) -> Difference | None:
        row = Row(*place_of(claim))
        ours, theirs = (_only(view.values[label], row) for label in (before, after))
        if ours is None or theirs is None:
            return None
        found = differences(ours, {after: theirs}, {after: self.pairings(before, after)}, self.confidence)
        return found[0] if found else None

    def _of_change(self, claim: Claim, view: View, before: str, after: str) -> Answer | None:
        one = self._difference(view, claim, before, after)
        if one is None:
            return None
        means, bounds = _oriented(claim, one)
        told = ONE_REPLICATION
        if one.pairs > 1:
            told = verdict(bounds[1], bounds[2], claim.reported.change(in_points=one.unit == "share"))
        return self._answer(claim, view, one.unit, means, bounds, one.pairs, told)

    def _of_value(self, claim: Claim, view: View, before: str, after: str) -> Answer | None:
        """The value after the change; the one before it may be without meaning (transfers where there are none)."""
        values = view.values[after].of(Row(*place_of(claim)))
        if values is None or np.isnan(values).all():
            return None
        earlier = view.values[before].of(Row(*place_of(claim)))
        unit = view.values[after].units[view.values[after].place[Row(*place_of(claim))]]
        mean, low, high = _mean_interval(1.0 - values if claim.complement else values, self.confidence)
        known = earlier is not None and not np.isnan(earlier).all()
        start = float(np.nanmean(earlier)) if earlier is not None and known else math.nan
        count = int((~np.isnan(values)).sum())
        told = verdict(low, high, claim.reported.after, of_value=True) if count > 1 else ONE_REPLICATION
        means = (1.0 - start if claim.complement else start, mean)
        return self._answer(claim, view, unit, means, (mean, low, high), count, told)

    @staticmethod
    def _answer(claim: Claim, view: View, unit: str, means: Range, bounds: _Bounds, count: int, told: str) -> Answer:
        if view.held and claim.kpi_name == view.held:
            told = HELD_EQUAL
        return Answer(view.name, *means, *bounds, count, told, _words(claim, unit, means, bounds))


def _about(claim: Claim) -> str:
    scope, key, _ = place_of(claim)
    return "the network" if scope == "network" else "contracts" if scope == "contracts" else key


def _oriented(claim: Claim, one: Difference) -> tuple[Range, _Bounds]:
    """Means before and after, the change and its bounds; of what the share leaves, where the claim is about that."""
    if one.unit != "share":
        return (one.base_mean, one.mean), (one.relative, one.relative_low, one.relative_high)
    low, high = one.difference - one.half_width, one.difference + one.half_width
    if claim.complement:
        return (1.0 - one.base_mean, 1.0 - one.mean), (-one.difference, -high, -low)
    return (one.base_mean, one.mean), (one.difference, low, high)


def _only(values: KpiValues, row: Row) -> KpiValues | None:
    place = values.place.get(row)
    if place is None:
        return None
    return KpiValues((row,), (values.units[place],), values.replications, values.values[[place]])


def _mean_interval(values: Float64Array, confidence: float) -> _Bounds:
    """Mean over replications with Student's t interval; bounds are NaN with fewer than two."""
    from scipy.special import stdtrit

    known = values[~np.isnan(values)]
    mean = float(known.mean())
    if len(known) < 2:
        return mean, math.nan, math.nan
    width = float(stdtrit(len(known) - 1, 0.5 + confidence / 2) * known.std(ddof=1) / math.sqrt(len(known)))
    return mean, mean - width, mean + width


# --- in words ---------------------------------------------------------------------------------------------------------
def _words(claim: Claim, unit: str, means: Range, bounds: _Bounds) -> str:
    if unit == "h" and claim.reported.text.endswith("d"):  # as the report counts
        unit, means, bounds = "d", (means[0] / 24, means[1] / 24), _in_days(claim, bounds)
    before = "" if math.isnan(means[0]) else f"{_value(means[0], unit)} → "
    values = f"{before}{_value(means[1], unit)}" + (f" {unit}" if unit != "share" else "")
    change, low, high = bounds
    of_value = claim.reported.kind == "value"
    if math.isnan(change):
        return values
    known = not (math.isnan(low) or math.isnan(high))
    if of_value and unit != "share":
        return values + (f" [{_value(low, unit)}, {_value(high, unit)}]" if known else "")
    width = (high - low) / 2 * 100 if known else 0.0
    between = f" [{signed(low * 100, width)}, {signed(high * 100, width)}]" if known else ""
    if of_value:
        return values + between.replace("+", "")
    return f"{values}, {signed(change * 100, width)} {'points' if unit == 'share' else '%'}{between}"


def _in_days(claim: Claim, bounds: _Bounds) -> _Bounds:
    """Bounds in hours as days, where they are of a value; relative changes stay."""
    return (bounds[0] / 24, bounds[1] / 24, bounds[2] / 24) if claim.reported.kind == "value" else bounds


def _value(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value * 100:.1f} %"
    if abs(value) >= _MILLION:
        return f"{value / _MILLION:,.1f} M"
    return number(value, abs(value) / 100)


def service_in_words(results: Sequence[ClaimResult], base: str) -> str:
    """What `at equal service` means in these results; empty where nothing was matched."""
    held = next((one.service for one in results if one.service), "")
    return f"at equal service: stock scaled until the {in_words(held)} is that of {base}" if held else ""


def unanswered(results: Sequence[ClaimResult]) -> list[str]:
    """Claims without an answer, in words: one sentence per reason."""
    reasons: dict[str, int] = {}
    for one in results:
        if not one.answers:
            reasons[one.note] = reasons.get(one.note, 0) + 1
    return [
        f"{count} of the scenario's claims {'is' if count == 1 else 'are'} not answered here: {note}"
        for note, count in reasons.items()
    ]
