"""Criteria of a suite: how much of what may go wrong is allowed, and whether a judgement keeps to it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, WithJsonSchema

from hil.accept.history import Span, length, merged
from hil.accept.judging import Judgement, TruthClass
from hil.accept.matching import Flag, ReportClass
from policies.fields import Duration, Model, Share
from policies.units import parse_share


@dataclass(frozen=True)
class Allowed:
    """So many, or such a share of all that could be."""

    count: int | None = None
    share: float | None = None

    def __str__(self) -> str:
        return f"{self.count}" if self.share is None else f"{self.share * 100:g} %"

    def keeps(self, count: int, of: int) -> bool:
        """Whether `count` out of `of` is not too many."""
        return count <= self.count if self.count is not None else count <= (self.share or 0.0) * of


def read_allowed(value: Any) -> Allowed:
    """A whole number, or a share such as `2 %`. ValueError otherwise."""
    if isinstance(value, Allowed):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Allowed(count=value)
    if isinstance(value, str) and value.strip().endswith("%"):
        share = parse_share(value)
        if 0.0 <= share <= 1.0:
            return Allowed(share=share)
    raise ValueError("expected a whole number from 0, or a share such as 2 %")


AllowedField = Annotated[
    Allowed,
    PlainValidator(read_allowed),
    WithJsonSchema({"type": ["integer", "string"], "description": "how many, or what share", "examples": [0, "2 %"]}),
]
Latency = Duration | None
NONE: Final = Allowed(count=0)


class Criteria(Model):
    """What a gateway must keep to. Shares of losses are of the changes to be delivered, others of the reports."""

    lost: AllowedField | None = Field(default=NONE, description="changes lost by the gateway")
    lost_between: AllowedField | None = Field(default=None, description="changes lost between gateway and observer")
    not_readable: AllowedField | None = Field(default=None, description="changes that no link was there to read")
    never_observable: AllowedField | None = Field(default=None, description="changes gone between two polls")
    not_running: AllowedField | None = Field(default=None, description="changes while the gateway did not run")
    invented: AllowedField | None = Field(default=NONE, description="reports of what never was")
    duplicates: AllowedField | None = Field(default=None, description="reports told before, counter and time the same")
    stale: AllowedField | None = Field(
        default=NONE, description="old values stamped as new, or other values told again"
    )
    wrong_value: AllowedField | None = Field(default=NONE, description="delivered with another value")
    wrong_time: AllowedField | None = Field(default=NONE, description="delivered with a stamp off by too much")
    late: AllowedField | None = Field(default=None, description="delivered too late, with no outage to blame")
    reordered: AllowedField | None = Field(default=None, description="delivered after a later change of the signal")
    did_not_come_back: AllowedField | None = Field(default=NONE, description="outages not recovered from in time")
    latency_p50: Latency = Field(default=None, description="median latency, of quiet times alone")
    latency_p95: Latency = Field(default=None, description="95 % of latencies, of quiet times alone")
    latency_p99: Latency = Field(default=None, description="99 % of latencies, of quiet times alone")
    latency_max: Latency = Field(default=None, description="longest latency, of quiet times alone")
    uptime: Share | None = Field(default=None, ge=0, le=1, description="least share of the time that it worked")
    delivered: AllowedField | None = Field(default=None, description="least number or share of changes delivered")
    at_least_duplicates: int | None = Field(default=None, ge=0, description="duplicates that must be found")


@dataclass(frozen=True)
class Result:
    """One criterion: what was wanted, what was found, and whether that will do."""

    name: str
    wanted: str
    found: str
    met: bool


TRUTHS_OF: Final = {
    "lost": TruthClass.LOST,
    "lost_between": TruthClass.LOST_BETWEEN,
    "not_readable": TruthClass.NOT_READABLE,
    "never_observable": TruthClass.NEVER_OBSERVABLE,
    "not_running": TruthClass.NOT_RUNNING,
}
REPORTS_OF: Final = {
    "invented": ReportClass.INVENTED,
    "duplicates": ReportClass.DUPLICATE,
    "stale": ReportClass.STALE,
}
FLAGS_OF: Final = {
    "wrong_value": Flag.WRONG_VALUE,
    "wrong_time": Flag.WRONG_TIME,
    "late": Flag.LATE,
    "reordered": Flag.REORDERED,
}
_QUANTILES: Final = {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99, "latency_max": 1.0}


def evaluate(criteria: Criteria, judgement: Judgement) -> list[Result]:
    """Every criterion that is stated, in the order of the model."""
    results = []
    for name in type(criteria).model_fields:
        wanted = getattr(criteria, name)
        if wanted is not None:
            results.append(_result(name, wanted, judgement))
    return results


def _result(name: str, wanted: Any, judgement: Judgement) -> Result:
    if name in _QUANTILES:
        latency_ms = quantile([one.ms for one in judgement.latencies if one.quiet], _QUANTILES[name])
        found = "no report" if latency_ms is None else f"{latency_ms} ms"
        return Result(
            name, f"at most {wanted} ms while nothing is broken", found, latency_ms is not None and latency_ms <= wanted
        )
    if name == "uptime":
        share = uptime(judgement)
        return Result(name, f"at least {wanted * 100:g} %", f"{share * 100:.3f} %", share >= wanted)
    if name == "at_least_duplicates":
        count = judgement.of_reports()[ReportClass.DUPLICATE]
        return Result(name, f"at least {wanted}", str(count), count >= wanted)
    if name == "delivered":
        return _delivered(wanted, judgement)
    count, of = _count(name, judgement)
    return Result(name, f"at most {wanted}", f"{count} of {of}", wanted.keeps(count, of))


def _delivered(wanted: Allowed, judgement: Judgement) -> Result:
    count, of = judgement.of_truths()[TruthClass.DELIVERED], len(judgement.truths)
    least = wanted.count if wanted.count is not None else (wanted.share or 0.0) * of
    return Result("delivered", f"at least {wanted}", f"{count} of {of}", count >= least)


def _count(name: str, judgement: Judgement) -> tuple[int, int]:
    """How many, and out of how many."""
    if name in TRUTHS_OF:
        return judgement.of_truths()[TRUTHS_OF[name]], len(judgement.truths)
    if name in REPORTS_OF:
        return judgement.of_reports()[REPORTS_OF[name]], len(judgement.reports)
    if name in FLAGS_OF:
        return judgement.of_flags()[FLAGS_OF[name]], len(judgement.reports)
    return sum(not one.in_time for one in judgement.recoveries), len(judgement.recoveries)


def quantile(values: Sequence[int], share: float) -> int | None:
    """The least value that at least `share` of all do not exceed (nearest rank); None when there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def uptime(judgement: Judgement) -> float:
    """The share of the run, outages apart, in which the gateway worked: it had come back, or was still allowed not to.

    After an outage it has the settle time; what it needs longer counts against it. Without a report it never did.
    """
    if not judgement.reports:
        return 0.0
    end_ms, settle_ms = judgement.history.end_ms, judgement.rules.settle_ms

    def within(from_ms: int, to_ms: int) -> Span:
        return max(from_ms, 0), min(to_ms, end_ms)

    outages = merged(within(one.from_ms, one.to_ms) for one in judgement.history.outages)
    missing = merged(
        within(one.outage.to_ms + settle_ms, end_ms if one.back_ms is None else one.back_ms)
        for one in judgement.recoveries
        if not one.in_time
    )
    expected_ms = end_ms - length(outages)
    absent_ms = length(merged([*missing, *outages])) - length(outages)
    return 1.0 if expected_ms <= 0 else 1.0 - absent_ms / expected_ms
