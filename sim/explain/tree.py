"""An explanation as data: statements in a tree, and the causes that were found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """What can be at the root of a shortage."""

    NOT_STOCKED = "not_stocked"  # the node orders every unit when it is asked for
    OPENING_STOCK = "opening_stock"  # too little at the start, before anything could come
    REORDER_POINT = "reorder_point"  # too low for what is usually asked for until an order comes
    ORDERED_LATE = "ordered_late"  # at the reorder point, but reviewed later
    ORDER_HELD_BACK = "order_held_back"  # at the reorder point, but capacity or minimum order did not allow it
    RESERVE = "reserve"  # the source kept what it had for its own customers
    GAVE_AWAY = "gave_away"  # helped others of its pool with what it needed itself
    DEMAND_SURGE = "demand_surge"  # far more than the mean, which would have been covered
    LARGE_LINE = "large_line"  # one line for far more than is usual
    UPSTREAM_SHORT = "upstream_short"  # the source had nothing to give
    LEFT_BEHIND = "left_behind"  # a truck left without it
    NEXT_DEPARTURE = "next_departure"  # no truck left for longer than usual
    SLOW_TRIP = "slow_trip"  # breakdown, traffic, or a night in between
    SLOW_PARCEL = "slow_parcel"
    SUPPLIER_OUTAGE = "supplier_outage"
    SUPPLIER_CLOSED = "supplier_closed"
    SUPPLIER_CAPACITY = "supplier_capacity"  # busy with earlier orders
    SUPPLIER_LEAD_TIME = "supplier_lead_time"  # released in time, and long under way
    DONOR_NOTHING = "donor_nothing"  # nobody in the pool could give


@dataclass(frozen=True)
class RootCause:
    """A cause at a place.

    Attributes:
        node: where it lies.
        text: a clause that names it, for a sentence that begins with `because`.
        main: without it the line would not have been short; otherwise it only made the wait longer.
    """

    cause: Cause
    node: str
    text: str
    main: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return {"cause": self.cause.value, "node": self.node, "text": self.text, "main": self.main}


@dataclass
class Statement:
    """A sentence of the explanation, what lies below it, and the figures it is made of."""

    text: str
    figures: dict[str, Any] = field(default_factory=dict)
    below: list["Statement"] = field(default_factory=list)

    def add(self, text: str, **figures: Any) -> "Statement":
        """A statement below this one."""
        statement = Statement(text, figures)
        self.below.append(statement)
        return statement

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        data: dict[str, Any] = {"text": self.text}
        if self.figures:
            data["figures"] = self.figures
        if self.below:
            data["below"] = [one.as_dict() for one in self.below]
        return data

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The tree as indented text."""
        yield "  " * depth + ("- " if depth else "") + self.text
        for one in self.below:
            yield from one.lines(depth + 1)


@dataclass(frozen=True)
class Explanation:
    """Why a request was short: the tree of what happened, its root causes and a sentence that names them."""

    tree: Statement
    causes: list[RootCause]
    summary: str
