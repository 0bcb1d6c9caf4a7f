"""`--fail-if`: changes against the base that are too much, for use in continuous integration.

    fill_rate:-0.5%     a share that falls by more than 0.5 percentage points
    total_cost:+2%      anything else that rises by more than 2 % of the base's value
    wait_mean:+1.5      by more than 1.5 in the KPI's own unit (of a share: -0.005 is half a point)
    fill_rate@class/A:-0.5%   of an echelon, class or node

A variant fails when the mean difference lies beyond the limit *and* its interval (simultaneous over all variants)
leaves out zero: chance alone fails nobody. With a single replication there is no interval, and the mean decides.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from sim.compare.differences import Difference
from sim.compare.kpi_values import SCOPES, Row
from sim.errors import TwinError
from sim.kpi.kpis import KPIS

_SYNTAX: Final = re.compile(r"([A-Za-z0-9_]+)(?:@([a-z]+)/(.+))?:([+-])(\d+(?:\.\d*)?|\.\d+)\s*(%?)")


@dataclass(frozen=True)
class Limit:
    """A change that is too much: of `row` by more than `amount` in the direction of `sign`.

    `percent`: `amount` is in percentage points for shares, in percent of the base for everything else.
    """

    text: str
    row: Row
    sign: int
    amount: float
    percent: bool

    def broken_by(self, one: Difference) -> bool:
        """Whether a difference of this row is too much."""
        if one.identical or not (one.shown or one.pairs < 2):
            return False
        return self.sign * self._change(one) > self.amount

    def _change(self, one: Difference) -> float:
        if not self.percent:
            return one.difference
        if one.unit == "share":
            return 100.0 * one.difference
        # what was nothing at all and now is something has risen by more than any percentage
        return 100.0 * one.relative if one.base_mean != 0.0 else math.copysign(math.inf, one.difference)


@dataclass(frozen=True)
class Failure:
    """A limit that a variant broke."""

    limit: Limit
    difference: Difference

    def __str__(self) -> str:
        from sim.compare.sentences import sentence

        return f"--fail-if {self.limit.text}: {sentence(self.difference)}"


def parse_limit(text: str) -> Limit:
    """A limit as written; TwinError (exit code 2) when it cannot be read or names no KPI."""
    match = _SYNTAX.fullmatch(text.strip())
    if match is None:
        raise TwinError(
            f"--fail-if {text}: this is not KPI:LIMIT; write `fill_rate:-0.5%` (falls by more than 0.5 points) "
            "or `total_cost:+2%` (rises by more than 2 %)"
        )
    kpi, scope, key, sign, amount, percent = match.groups()
    check_kpi(kpi, f"--fail-if {text}")
    if scope is not None and scope not in SCOPES:
        raise TwinError(f"--fail-if {text}: there is no scope {scope!r}; known are {', '.join(SCOPES)}")
    row = Row(scope or "network", key or "network", kpi)
    return Limit(text, row, 1 if sign == "+" else -1, float(amount), bool(percent))


def check_kpi(kpi: str, option: str) -> None:
    """TwinError (exit code 2) when there is no KPI of that name."""
    if kpi not in KPIS:
        near = get_close_matches(kpi, KPIS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(KPIS)}"
        raise TwinError(f"{option}: there is no KPI {kpi!r}; {hint}")


def failures(limits: Iterable[Limit], found: Sequence[Difference]) -> list[Failure]:
    """What is too much; TwinError (exit code 2) when a limit is about something that was not compared."""
    broken = []
    for limit in limits:
        about = [one for one in found if one.row == limit.row]
        if not about:
            raise TwinError(
                f"--fail-if {limit.text}: the comparison has no {limit.row.kpi} of {limit.row.scope} {limit.row.key!r}"
            )
        broken += [Failure(limit, one) for one in about if limit.broken_by(one)]
    return broken
