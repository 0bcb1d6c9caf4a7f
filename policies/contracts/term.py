"""What every kind of contract term is, and what it gets to see. The rules are in docs/contracts.md.

@contract_term("fee")
class Fee(Term):
    kind: Literal["fee"] = Field("fee", description="name of the term")
    stream: ClassVar[str] = "fee"
    amount: Money = Field(description="charged once")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        return charge_once(facts.from_ms, measures.minor(self.amount))
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Final, Protocol

import numpy as np
import numpy.typing as npt

from policies.fields import Model
from policies.registry import Registry
from policies.units import Quantity, UnitPrice

Int64Array = npt.NDArray[np.int64]
Int8Array = npt.NDArray[np.int8]

TERMS = Registry("contract term")
contract_term = TERMS.register

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

    Periods are the contract's billing periods, n of them, cut at from_ms and to_ms; `whole_ms` is how long each would
    be uncut (a calendar month).
    """

    from_ms: int
    to_ms: int
    periods_ms: Int64Array  # (n + 1,) edges, from from_ms to to_ms
    whole_ms: Int64Array  # (n,)
    used: Rows  # units used by the platform's record (below 0: came back), at the time it is settled; table reports
    received: Rows  # deliveries; kind RECEIVED_*; table shipments
    consumed: Rows  # truth: units used, or worn loans that came back; kind USED or RETURNED_WORN; table usage
    running_ms: Mapping[str, Int64Array]  # by plant/line: (n,) time that it ran in each period
    stop_cost_minor: Int64Array  # (n,) cost of stops in each period
    unused_cost_minor: Int64Array  # (k,) at the end: cost of the customer's units at covered points ...
    unused_ms: Int64Array  # (k,) ... and for how long they have lain there
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


class Term(Model):
    """What every term has in common."""

    kind: str
    stream: ClassVar[str]
    """The revenue stream that its charges belong to."""

    @abstractmethod
    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """What it charges over the whole of the contract, in order of time. A pure function."""


def running_total(milli: Int64Array) -> Int64Array:
    """Charges in minor units of amounts in thousandths, one by one: the differences of the rounded running total."""
    total = np.cumsum(milli)
    rounded = (2 * total + 1000) // 2000
    return np.diff(rounded, prepend=np.int64(0))
