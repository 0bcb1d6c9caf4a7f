"""What a source claims of one variant, beside the model's means of a run of that variant.

A claim of a change needs two variants, which `mro-twin compare` puts side by side; of one run only the figure after the
change can be said, and for the variant that it is set against the one before.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sim.kpi.kpis import KPIS
from sim.kpi.summary import Mean
from sim.scenario.claims import Claim, Range

AS_REPORTED: Final = "as reported"
MORE: Final = "more"
LESS: Final = "less"
OPPOSITE: Final = "opposite"
NOT_SHOWN: Final = "not shown"
NOT_SO: Final = "not so"
HELD_EQUAL: Final = "held equal"
ONE_REPLICATION: Final = "one replication"
"""Verdicts. `more` and `less`: in the reported direction (of a value: above and below it), by more or less than
reported. `not so`: no change is reported, and there is one. `held equal`: what was matched says nothing."""
NEEDS_COMPARISON: Final = "a change: see compare"
"""Verdict of a change where there is one variant only."""

CLAIMS_FILE: Final = "claims.json"
"""Where a run directory has them."""

AFTER: Final = "after"
BEFORE: Final = "before"


@dataclass(frozen=True)
class ToldClaim:
    """A claim and the model's figure for it in one run.

    Attributes:
        says, source, note, reported: as the scenario states them. side: `after`, or `before` the change.
        scope, key, kpi, unit: which figure it is.
        mean, half_width: what the model says, or what the share leaves where the claim is about that; None: not known.
        n: replications that have a value. verdict: one of the verdicts above.
    """

    says: str
    source: str
    note: str
    reported: str
    side: str
    scope: str
    key: str
    kpi: str
    unit: str
    mean: float
    half_width: float | None
    n: int
    verdict: str


def place_of(claim: Claim) -> tuple[str, str, str]:
    """Scope, key and KPI that a claim is about: of the network, or of contracts; KeyError for an unknown KPI."""
    kpi = KPIS[claim.kpi_name]
    if claim.stream is not None:
        return "contract_stream", f"{claim.contract}/{claim.stream}", kpi.name
    if claim.sla is not None:
        return "sla", f"{claim.contract}/{claim.sla}", kpi.name
    if claim.contract is not None:
        return "contract", claim.contract, kpi.name
    if "network" not in kpi.scopes and "contracts" in kpi.scopes:
        return "contracts", "all", kpi.name
    return "network", "network", kpi.name


def told_claims(claims: Iterable[Claim], variant: str, means: Sequence[Mean]) -> list[ToldClaim]:
    """The claims that are about a variant, in order, each with the model's figure; those that it has one for."""
    known = {(mean.scope, mean.key, mean.kpi): mean for mean in means}
    told = []
    for claim in claims:
        mean = known.get(place_of(claim))
        before = claim.against == variant and claim.reported.before is not None
        if mean is not None and (claim.variant == variant or before):
            told.append(_told(claim, mean, AFTER if claim.variant == variant else BEFORE))
    return told


def _told(claim: Claim, one: Mean, side: str) -> ToldClaim:
    value = 1.0 - one.mean if claim.complement else one.mean
    known = not math.isnan(one.half_width)
    reported = claim.reported.after if side == AFTER else claim.reported.before
    if claim.reported.kind == "change" or reported is None:
        said = NEEDS_COMPARISON
    elif not known:
        said = ONE_REPLICATION
    else:
        said = verdict(value - one.half_width, value + one.half_width, reported, of_value=True)
    width = one.half_width if known else None
    words = (claim.says, claim.source, claim.note, claim.reported.text)
    return ToldClaim(*words, side, one.scope, one.key, claim.kpi, one.unit, value, width, one.n, said)


def verdict(low: float, high: float, reported: Range, of_value: bool = False) -> str:
    """What the interval [low, high] of a change says of a reported one, a range; or of a reported value."""
    if math.isnan(low) or math.isnan(high):
        return NOT_SHOWN
    agrees = low <= reported[1] and reported[0] <= high
    if of_value:
        return AS_REPORTED if agrees else MORE if low > reported[1] else LESS
    none_reported = reported[0] <= 0.0 <= reported[1]
    if none_reported:
        return AS_REPORTED if agrees else NOT_SO
    if low <= 0.0 <= high:
        return NOT_SHOWN
    if (low > 0.0) != (reported[0] > 0.0):
        return OPPOSITE
    if agrees:
        return AS_REPORTED
    return MORE if min(abs(low), abs(high)) > max(abs(one) for one in reported) else LESS
