"""What a missed service level costs, and what a better one earns: payments by the distance from the target.

Everything is exact: targets are read as the shortest decimal that denotes them, what was attained is a quotient of
integers, and money is rounded to minor units once, halves up.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from policies.fields import Model, PositiveMoney, Share
from policies.units import UnitError, exact

Int64Array = npt.NDArray[np.int64]
ToMinor = Callable[[Fraction], int]
"""Money in minor units, halves up."""

Bound = Annotated[Share, Field(gt=0, le=1)]


class PerPoint(Model):
    """So much for every percentage point."""

    per_point: PositiveMoney = Field(description="money per percentage point, parts of one in proportion")


class TierBelow(Model):
    """A step of a penalty."""

    below: Bound = Field(description="holds when what was attained is below this share")
    amount: PositiveMoney = Field(description="penalty of a window in this step, in all")


class TierAbove(Model):
    """A step of a bonus."""

    above: Share = Field(ge=0, lt=1, description="holds when what was attained is above this share")
    amount: PositiveMoney = Field(description="bonus of a window in this step, in all")


class Payment(Model):
    """What penalties and bonuses have in common; their `tiers` are their own."""

    lump_sum: PositiveMoney | None = Field(None, description="the same for every such window")
    linear: PerPoint | None = Field(None, description="in proportion to the distance from the target")
    cap: PositiveMoney | None = Field(None, description="most of one window")
    cap_total: PositiveMoney | None = Field(None, description="most of all windows of the contract together")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("lump_sum", "linear", "tiers")
        given = [name for name in kinds if getattr(self, name, None) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise UnitError(f"exactly one kind is needed, found {found}", f"give one of: {', '.join(kinds)}")
        if self.cap is not None and self.cap_total is not None and self.cap_total < self.cap:
            raise UnitError("`cap_total` is below `cap`", "`cap` is for one window, `cap_total` for all of them")
        return self

    def capped(self, minor_of_windows: Int64Array, minor: ToMinor) -> Int64Array:
        """Amounts of windows (n,), in order, with both caps held: nothing more once the total is reached."""
        amounts = minor_of_windows
        if self.cap is not None:
            amounts = np.minimum(amounts, minor(self.cap))
        if self.cap_total is not None:
            total = np.minimum(np.cumsum(amounts), minor(self.cap_total))
            amounts = np.diff(total, prepend=np.int64(0))
        return amounts


class Penalty(Payment):
    """What the supplier pays for a window that missed its target."""

    tiers: tuple[TierBelow, ...] | None = Field(
        None, min_length=1, description="steps from the highest bound down; the amount of the lowest that holds is paid"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.tiers is not None:
            _check_steps([-tier.below for tier in self.tiers], [tier.amount for tier in self.tiers], "below", "falls")
        return self

    def amount(self, target: Fraction, attained: Fraction) -> Fraction:
        """Major units, before caps, for a window whose share is below the target."""
        if self.tiers is not None:
            return max((tier.amount for tier in self.tiers if attained < exact(tier.below)), default=Fraction(0))
        return _amount(self, target - attained)


class Bonus(Payment):
    """What the customer pays for a window that was better than its target."""

    tiers: tuple[TierAbove, ...] | None = Field(
        None, min_length=1, description="steps from the lowest bound up; the amount of the highest that holds is paid"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.tiers is not None:
            _check_steps([tier.above for tier in self.tiers], [tier.amount for tier in self.tiers], "above", "rises")
        return self

    def amount(self, target: Fraction, attained: Fraction) -> Fraction:
        """Major units, before caps, for a window whose share is above the target."""
        if self.tiers is not None:
            return max((tier.amount for tier in self.tiers if attained > exact(tier.above)), default=Fraction(0))
        return _amount(self, attained - target)


def _amount(payment: Payment, distance: Fraction) -> Fraction:
    if payment.linear is not None:
        return payment.linear.per_point * 100 * distance
    assert payment.lump_sum is not None
    return payment.lump_sum


def _check_steps(rising: Sequence[float], amounts: Sequence[Fraction], bound: str, way: str) -> None:
    """UnitError unless both rise strictly: steps that overlap or repeat, or of which a deeper one is worth less."""
    for number in range(1, len(rising)):
        if rising[number] <= rising[number - 1]:
            raise UnitError(
                f"tier {number + 1} overlaps tier {number}", f"list tiers so that `{bound}` {way} from each to the next"
            )
        if amounts[number] <= amounts[number - 1]:
            raise UnitError(
                f"tier {number + 1} pays no more than tier {number}",
                "`amount` is what a window in the tier costs in all: let it rise from each to the next",
            )
