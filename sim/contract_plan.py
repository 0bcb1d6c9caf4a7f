"""Contracts as the books need them: names resolved to rows, dates to milliseconds. See docs/contracts.md.

Money is in minor units, prices and costs in thousandths of one, quantities in item units.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from policies.contracts.term import Term

Int64Array = npt.NDArray[np.int64]

FOREVER: Final = 2**62
"""Later than any instant of a run, in milliseconds."""

TITLE_DELIVERY: Final = 0  # the customer's when received
TITLE_USE: Final = 1  # when it leaves the shelf
TITLE_AFTER_USE: Final = 2  # so long after that


@dataclass(frozen=True)
class TitleRule:
    """From an instant on: where title of each item passes. Arrays (I,) over all items; of others they mean nothing."""

    from_ms: int
    passes: Int64Array  # a TITLE_* code
    after_ms: Int64Array  # TITLE_AFTER_USE: how long after it left
    settled_after_ms: Int64Array  # when a charge for it falls due


@dataclass(frozen=True)
class PlannedTerm:
    """A term over the time in which it holds; one that an amendment changes is two of the same name."""

    name: str
    term: "Term"
    items: Int64Array  # rows of the items it applies to, ascending
    lines: tuple[str, ...]  # names plant/line of the lines it applies to
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class PlannedSla:
    """A service level: settings, and which stock points count. One that an amendment changes is two of a name."""

    name: str
    sla: Any  # policies.contracts.sla.Sla
    points: Int64Array  # covered stock points whose items it is about, ascending
    excluded_ms: Int64Array  # (k, 2) intervals [from, to) that do not count: holidays, hours outside shifts; disjoint
    from_ms: int = 0  # it holds over [from_ms, to_ms), within the contract's time; its windows begin with it
    to_ms: int = FOREVER


@dataclass(frozen=True)
class ServiceCosts:
    """What the service costs the supplier."""

    per_month: int = 0  # staff and systems
    per_device_month: int = 0
    per_visit: int = 0  # of a truck at a node of the contract
    per_emergency: int = 0


@dataclass(frozen=True)
class Baseline:
    """How it was before, by agreement: a year's figures."""

    stop_cost_per_year: int = 0
    goods_per_year: int = 0  # what the customer paid for the same goods
    stock_value: int = 0  # what it kept
    stops_per_year: float = 0.0  # of machines of the customer's lines; 0: not agreed


@dataclass(frozen=True)
class Renewal:
    """The chance that a customer stays for another year: base + by_attainment x (SLA attainment - 1) + by_savings x
    (savings / paid), cut to 0 .. 1.
    """

    base: float = 0.85
    by_attainment: float = 0.0  # per share (1.0 = 100 percentage points)
    by_savings: float = 0.0
    years: int = 5
    discount_per_year: float = 0.0


@dataclass(frozen=True)
class ContractPlan:
    """A contract between the supplier and a customer."""

    name: str
    customer: str
    from_ms: int
    to_ms: int  # at most the horizon
    points: Int64Array  # covered stock points, ascending
    sites: int
    devices: int  # nodes that are devices
    lines: tuple[str, ...]  # names plant/line of the customer's lines, in the order of the plant plan
    period_ms: int  # billing period; 0: calendar months
    bill_counted: bool
    titles: tuple[TitleRule, ...]  # by from_ms; the first from the contract's start
    terms: tuple[PlannedTerm, ...]
    slas: tuple[PlannedSla, ...] = ()
    payment_terms_ms: int = 0
    financing_per_year: Fraction = Fraction(0)
    costs: ServiceCosts = field(default_factory=ServiceCosts)
    baseline: Baseline = field(default_factory=Baseline)
    renewal: Renewal = field(default_factory=Renewal)
