"""Service levels: what is measured, over which windows, and what a window then costs or earns. See docs/contracts.md.

sla = Sla(measure="availability", target="99 %", window="month", penalty={"lump_sum": "500 USD"})
edges = window_edges(from_ms, to_ms, sla.window, start_epoch_ms)
settle(sla, good, counted, minor)  # good and counted of each window: stock and time, units given and asked, ...
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from policies.contracts.penalties import Bonus, Int64Array, Penalty, ToMinor
from policies.fields import Model, Moment, PositiveDuration, Share
from policies.units import UnitError, exact, parse_duration

MONTH: Final = 0
"""As a window: a month by the calendar."""


def _window(value: object) -> int:
    if value == "month":
        return MONTH
    length_ms = parse_duration(value)
    if length_ms == 0:
        raise UnitError("a window of no length", "write `month`, or a duration such as `4 wk`")
    return length_ms


Window = Annotated[
    int,
    PlainValidator(_window),
    WithJsonSchema(
        {
            "type": "string",
            "description": "`month`, or a duration longer than zero: number and h, d, wk, mo or y",
            "examples": ["month", "4 wk"],
        }
    ),
]
"""Whole milliseconds, > 0, or MONTH."""


class Exclusion(Model):
    """A time that does not count."""

    from_: Moment = Field(alias="from", description="first moment that does not count")
    to: Moment = Field(description="first moment that counts again")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ >= self.to:
            raise UnitError("`to` is not after `from`", "`to` is the first day that counts again")
        return self

    def interval_ms(self, start: datetime) -> tuple[int, int]:
        """[from, to) in milliseconds since the scenario's start."""
        return _ms(self.from_, start), _ms(self.to, start)


class Sla(Model):
    """A service level: a share that every window has to reach."""

    measure: Literal["availability", "fill_rate", "response_time"] = Field(
        description="availability: time with stock on hand; fill_rate: units given at once of those asked for; "
        "response_time: emergency deliveries that came within `promised`"
    )
    target: Share = Field(gt=0, le=1, description="share to be reached in every window, above 0 %, at most 100 %")
    window: Window = Field(
        MONTH, description="month (from the contract's first day to the same day of the next), or a duration"
    )
    places: Literal["each", "any"] = Field(
        "each",
        description="availability: each stock point counts; any: an item counts as there when one of them has it",
    )
    within: str | None = Field(
        None, min_length=1, description="only these hours count: name of what has them; default: round the clock"
    )
    exclude: tuple[Exclusion, ...] = Field((), description="times that do not count, such as holidays")
    promised: PositiveDuration | None = Field(None, description="with response_time: from order to delivery, at most")
    penalty: Penalty | None = Field(None, description="what the supplier pays for a window below the target")
    bonus: Bonus | None = Field(None, description="what the customer pays for a window above the target")

    @model_validator(mode="after")
    def _fits_measure(self) -> Self:
        response = self.measure == "response_time"
        if response and self.promised is None:
            raise UnitError("`promised` is missing", "say within what time emergencies come: `promised: 8 h`")
        if not response and self.promised is not None:
            raise UnitError(f"`promised` does not go with {self.measure}", "leave it out, or measure response_time")
        if self.places == "any" and self.measure != "availability":
            raise UnitError(f"`places: any` does not go with {self.measure}", "leave it out, or measure availability")
        return self

    @model_validator(mode="after")
    def _fits_target(self) -> Self:
        if self.bonus is not None and self.target == 1:
            raise UnitError("nothing is above a target of 100 %", "leave `bonus` out, or lower the target")
        below = [] if self.penalty is None else [tier.below for tier in self.penalty.tiers or ()]
        above = [] if self.bonus is None else [tier.above for tier in self.bonus.tiers or ()]
        if any(bound > self.target for bound in below):
            raise UnitError("a tier of the penalty begins above the target", "let `below` be at most the target")
        if any(bound < self.target for bound in above):
            raise UnitError("a tier of the bonus begins below the target", "let `above` be at least the target")
        return self


@dataclass(frozen=True)
class Settlement:
    """What windows cost and earn; arrays (n,), money in minor units, both >= 0."""

    kept: npt.NDArray[np.bool_]
    penalty_minor: Int64Array
    bonus_minor: Int64Array


def window_edges(from_ms: int, to_ms: int, window: int, start_epoch_ms: int) -> Int64Array:
    """Edges (n + 1,) of a contract's windows, which are whole from its start; milliseconds since the scenario's start.

    What the contract's end cuts counts when it is at least half as long as a whole window, and is no window otherwise.
    A month goes to the same day of the next one, or to its last day where it has no such day.
    """
    edges = [from_ms]
    while edges[-1] < to_ms:
        edges.append(_edge(from_ms, len(edges), window, start_epoch_ms))
    if edges[-1] > to_ms:
        whole_ms = edges[-1] - edges[-2]
        edges[-1] = to_ms
        if 2 * (to_ms - edges[-2]) < whole_ms:
            edges.pop()
    return np.array(edges, dtype=np.int64)


def attained_shares(good: Int64Array, counted: Int64Array) -> npt.NDArray[np.float64]:
    """Share of each window (n,); 1 where nothing counted."""
    return np.divide(good, counted, out=np.ones(len(good)), where=counted > 0)


def kept_windows(target: float, good: Int64Array, counted: Int64Array) -> npt.NDArray[np.bool_]:
    """Whether each window (n,) reached the target, exactly; a window in which nothing counted did."""
    share = exact(target)
    left = good.astype(object) * share.denominator  # Python's integers: milliseconds x denominator may be large
    return np.asarray(left >= counted.astype(object) * share.numerator, dtype=np.bool_)


def settle(sla: Sla, good: Int64Array, counted: Int64Array, minor: ToMinor) -> Settlement:
    """What the windows of one contract cost and earn, in order; `good` of what `counted` was as promised, (n,) each."""
    target = exact(sla.target)
    kept = kept_windows(sla.target, good, counted)
    penalties, bonuses = np.zeros(len(good), np.int64), np.zeros(len(good), np.int64)
    if sla.penalty is not None:
        for window in np.flatnonzero(~kept).tolist():
            share = Fraction(int(good[window]), int(counted[window]))
            penalties[window] = minor(sla.penalty.amount(target, share))
        penalties = sla.penalty.capped(penalties, minor)
    if sla.bonus is not None:
        for window in np.flatnonzero(kept & (counted > 0)).tolist():
            share = Fraction(int(good[window]), int(counted[window]))
            bonuses[window] = minor(sla.bonus.amount(target, share)) if share > target else 0
        bonuses = sla.bonus.capped(bonuses, minor)
    return Settlement(kept, penalties, bonuses)


def _edge(from_ms: int, number: int, window: int, start_epoch_ms: int) -> int:
    """Where window `number` - 1 ends and the next begins."""
    if window != MONTH:
        return from_ms + number * window
    first = datetime.fromtimestamp((start_epoch_ms + from_ms) // 1000, UTC)
    years, month = divmod(first.month - 1 + number, 12)
    year = first.year + years
    day = min(first.day, calendar.monthrange(year, month + 1)[1])
    moment = first.replace(year=year, month=month + 1, day=day)
    return from_ms + round((moment - first).total_seconds()) * 1000


def _ms(moment: datetime, start: datetime) -> int:
    delta = moment - start
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000
