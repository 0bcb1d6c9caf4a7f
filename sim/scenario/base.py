"""What the scenario's models have in common: names, patterns, calendars and choices between kinds."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from policies.fields import Clock, Model
from sim.units import MS_PER_DAY, UnitError

AbcClass = Literal["A", "B", "C"]
"""Class of an item by yearly demand value: A the few that make most of it, C the many that make little."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Month = Literal["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTHS: tuple[Month, ...] = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

NAME_PATTERN = r"^[^\s/*?\[\]@,{}][^/*?\[\]@,{}\x00-\x1f]*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=100)]
"""A name of an item, node, route, profile or variant: no slash, comma, brackets or wildcard."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, (str, int, float)) else value


Patterns = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
"""Names or wildcard patterns (`store-*`); a single one may stand without the list."""


class Choice(Model):
    """A value that is exactly one of several kinds: the fields are the kinds, one of them is given."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in self.kinds() if getattr(self, name) is not None]
        if len(given) != 1:
            names = ", ".join(self.kinds())
            found = " and ".join(given) if given else "none"
            raise UnitError(f"exactly one kind is needed, found {found}", f"give one of: {names}")
        return self

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Names of the fields of which one is given."""
        return tuple(cls.model_fields)

    @property
    def kind(self) -> str:
        """The kind that is given."""
        return next(name for name in self.kinds() if getattr(self, name) is not None)

    @property
    def value(self) -> Any:
        """The value of that kind."""
        return getattr(self, self.kind)


class WorkingHours(Model):
    """A window of hours on some days of the week."""

    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="days of the week, mon to sun")
    from_: Clock = Field(0, alias="from", description="start of the window on each day")
    to: Clock = Field(MS_PER_DAY, description="end of the window on the same day, exclusive; at most 24:00")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ >= self.to:
            raise UnitError("`to` is not after `from`", "a window lies within one day; use two windows over midnight")
        return self


def weekly_windows(hours: Iterable[WorkingHours]) -> list[tuple[int, int]]:
    """Windows [from, to) in ms since Monday 00:00, sorted, those that touch or overlap merged."""
    windows = sorted(
        (WEEKDAYS.index(day) * MS_PER_DAY + one.from_, WEEKDAYS.index(day) * MS_PER_DAY + one.to)
        for one in hours
        for day in set(one.days)
    )
    merged: list[tuple[int, int]] = []
    for start, end in windows:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class ItemFilter(Model):
    """Some of the items: by class, by name, or both (then an item must fit both)."""

    classes: tuple[AbcClass, ...] | None = Field(None, min_length=1, description="classes by value: A, B, C")
    names: Patterns | None = Field(None, description="item names or patterns")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.classes is None and self.names is None:
            raise UnitError("the filter is empty", "give `classes: [A]` or `names: [bolt-*]`, or leave it out")
        return self


def _as_filter(value: object) -> object:
    if isinstance(value, (str, list, tuple)):
        return {"names": value}
    return value


ItemSelection = Annotated[ItemFilter, BeforeValidator(_as_filter, json_schema_input_type=str | list[str] | ItemFilter)]
"""Items by name or pattern (a text or a list), or `{classes: [A], names: [..]}`."""
