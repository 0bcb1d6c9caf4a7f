"""What every kind of contract term is, and what it gets to see. The rules are in docs/contracts.md.

    @contract_term("set_up")
    class SetUp(Term):
        kind: Literal["set_up"] = Field("set_up", description="name of the term")
        stream: ClassVar[str] = "set_up"
        amount: Money = Field(description="charged when the contract begins")

        def charges(self, facts: Facts, measures: Measures) -> Charges:
            return charge_once(facts.from_ms, measures.minor(self.amount))

`policies.contracts.charging` makes charges out of rows and periods. The command line finds such a file by
`--policies FILE`.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, ClassVar, Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from policies.fields import Model
from policies.registry import Registry
from policies.units import Quantity, UnitPrice

Int64Array = npt.NDArray[np.int64]

TERMS = Registry("contract term", base="policies.contracts.Term")

NO_TABLE: Final = 0
USAGE: Final = 1
REPORTS: Final = 2
SHIPMENTS: Final = 3
STOPS: Final = 4
TABLES: Final = ("", "usage", "reports", "shipments", "stops")
"""Tables of the records that a charge may rest on, by code."""


@dataclass(frozen=True)
class Rows:
    """n things that happened to items at covered stock points, in order of time; arrays (n,)."""

    time_ms: Int64Array  # since the scenario's start
    item: Int64Array
    units: Int64Array  # item units
    cost_milli: Int64Array  # of a unit, in thousandths of a minor unit
    kind: Int64Array  # see `Facts`
    row: Int64Array  # in the table of the records

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Rows":
        """Those of the rows that are chosen."""
        return Rows(*(getattr(self, name)[chosen] for name in Rows.__dataclass_fields__))

    @staticmethod
    def none() -> "Rows":
        """Nothing happened."""
        return Rows(*np.zeros((6, 0), np.int64))


RECEIVED_NORMALLY: Final = 0
RECEIVED_IN_EMERGENCY: Final = 1
RETURNED_WORN: Final = 1
USED: Final = 0


@dataclass(frozen=True)
class Facts:
    """What a term may know of its contract over [from_ms, to_ms): only items of the term, only covered stock points.

    Periods are the contract's billing periods, n of them, cut at from_ms and to_ms. Uncut (a calendar month) each would
    start at `whole_from_ms` and be `whole_ms` long.
    """

    from_ms: int
    to_ms: int
    periods_ms: Int64Array  # (n + 1,) edges, from from_ms to to_ms
    whole_from_ms: Int64Array  # (n,), before from_ms for a first period that is cut
    whole_ms: Int64Array  # (n,)
    used: Rows  # units used by the platform's record (below 0: came back), at the time it is settled; table reports
    received: Rows  # deliveries; kind RECEIVED_*; table shipments
    consumed: Rows  # truth: units used, or worn loans that came back; kind USED or RETURNED_WORN; table usage
    running_ms: Mapping[str, Int64Array]  # by plant/line: (n,) time that it ran in each period
    stop_cost_minor: Int64Array  # (n,) cost of stops in each period
    baseline_stop_cost_minor: Int64Array  # (n,) what they would have cost in it before the contract, by agreement
    unused_cost_minor: Int64Array  # (k,) cost of the customer's units at covered points when the contract ends ...
    unused_ms: Int64Array  # (k,) ... and for how long they have lain there; none for a term that ends before that
    devices: int
    sites: int


@dataclass(frozen=True)
class Charges:
    """n charges; arrays (n,). A charge below 0 is a credit. Each rests on rows first_row .. last_row of a table."""

    time_ms: Int64Array  # when it falls due to be billed: decides the period
    minor: Int64Array  # minor units
    item: Int64Array  # -1: of no item
    units: Int64Array  # item units charged for, 0 where it is not by units
    table: Int64Array  # code of TABLES
    first_row: Int64Array  # -1: rests on no row
    last_row: Int64Array

    @staticmethod
    def none() -> "Charges":
        """Nothing is charged."""
        return Charges(*np.zeros((7, 0), np.int64))


class Measures(Protocol):
    """How a contract's amounts read in integers: the currency's minor digits and the items' units."""

    def minor(self, amount: Fraction) -> int:
        """Money in minor units, halves up."""

    def price_milli(self, price: UnitPrice, item: int) -> int:
        """A price per unit of an item, in thousandths of a minor unit per item unit. UnitError for another unit."""

    def units(self, quantity: Quantity, item: int) -> int:
        """A quantity of an item in its units. UnitError when it is not a whole number of them, or of another kind."""

    def time_ms(self, moment: datetime) -> int:
        """A date in milliseconds since the scenario's start."""


Path = tuple[str | int, ...]
T = TypeVar("T", bound="type[Term]")


class Term(Model):
    """What every term has in common."""

    kind: str
    stream: ClassVar[str]
    """The revenue stream that its charges belong to."""
    goes_by: ClassVar[frozenset[str]] = frozenset({"items", "lines"})
    """What of a contract it can be narrowed to: `items`, `lines`, both or nothing. To name another is refused."""

    @abstractmethod
    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """What it charges over the time that the facts are of, in order of time. A pure function."""

    def settings_of_items(self) -> list[tuple[Path, UnitPrice | Quantity]]:
        """Settings that must fit the unit of each item it applies to, with their paths, as in (`tiers`, 1, `from`)."""
        return [(path, value) for path, value in _leaves(self) if isinstance(value, UnitPrice | Quantity)]

    def dates(self) -> list[tuple[Path, datetime]]:
        """Settings that are dates, which lie within the contract, with their paths."""
        return [(path, value) for path, value in _leaves(self) if isinstance(value, datetime)]


NOTHING: Final[frozenset[str]] = frozenset()
BY_ITEMS: Final = frozenset({"items"})
BY_LINES: Final = frozenset({"lines"})
"""Values of `goes_by`."""

OTHER_STREAMS: Final = ("penalty", "bonus")
"""Streams of service levels, which no term may have."""


def contract_term(kind: str) -> Callable[[T], T]:
    """A decorator that makes a term known as `kind`; it has a field `kind: Literal[<kind>]` and names its stream.

    Raises TypeError for a class that cannot be used, ValueError for a kind that is taken.
    """

    def add(term: T) -> T:
        stream = getattr(term, "stream", None)
        if not isinstance(stream, str) or not stream.isidentifier() or stream in OTHER_STREAMS:
            raise TypeError(f"{term.__name__} needs a revenue stream of its own: `stream: ClassVar[str] = {kind!r}`")
        return TERMS.register(kind)(term)

    return add


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Settings that hold no others, as the user names them."""
    if isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            yield from _leaves(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _leaves(part, (*path, number))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, (*path, key))
    else:
        yield path, value
