"""Cases: what is compared with what. A case is a function in sim/verify/cases/, registered by its decorator.

    @case("lost sales", ERLANG)
    def lost_sales(effort: Effort) -> Iterator[Check]:
        '''Base stock, lost sales: the share of customers who find nothing.'''
        ...
        yield Check("lost share, S = 2", formulas.erlang_loss(2, 4.0), copies.lost_share)

Its docstring is what the page says of it. It draws everything from the effort's seed, simulates, and yields checks.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from sim.network import Network
from sim.record.records import Records
from sim.verify.copies import Copies
from sim.verify.formulas.one_echelon import Performance
from sim.verify.samples import Estimate
from sim.verify.sources import Source

ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Effort:
    """How much is simulated, and from which seed.

    Attributes:
        seed: of all random streams.
        quick: a fourth of the copies, hence intervals twice as wide.
        should_stop: asked every now and then whether to give up.
    """

    seed: int
    quick: bool = False
    should_stop: ShouldStop | None = field(default=None, compare=False)

    def copies(self, full: int) -> int:
        """Copies of a system, of `full` without haste."""
        return max(full // 4, 2) if self.quick else full

    def simulate(self, network: Network) -> Records:
        """One long replication; its books are checked. RunInterruptedError when told to stop."""
        from sim.engine import simulate_replication

        return simulate_replication(network, self.seed, 0, should_stop=self.should_stop)


@dataclass(frozen=True)
class Check:
    """One comparison.

    Attributes:
        what: the quantity, and of which variant of the case.
        theory: its value by the formula.
        estimate: its value by simulation.
        source: of the formula, where it is not the case's.
        information: shown without a verdict, because the formula is an approximation.
        wide: the interval may be of any width; otherwise one that is wider than `run.WIDEST` of the theory is no proof.
    """

    what: str
    theory: float
    estimate: Estimate
    source: Source | None = None
    information: bool = False
    wide: bool = False


CaseFunction = Callable[[Effort], Iterable[Check]]


@dataclass(frozen=True)
class Case:
    """A registered case.

    Attributes:
        name: short and unique; `--only` takes it.
        family: the file it comes from, as a heading.
        summary: the claim in one sentence.
        source: of its formula.
        checks: makes the comparisons.
    """

    name: str
    family: str
    summary: str
    source: Source
    checks: CaseFunction


CASES: Final[dict[str, Case]] = {}
FAMILIES: Final = (
    "base_stock",
    "lost_sales",
    "lots",
    "economic_lot",
    "newsvendor",
    "periodic_review",
    "two_echelons",
    "serial",
    "pooling",
    "lateral",
    "forecasts",
    "machines",
    "wear",
    "gateways",
    "devices",
    "detection",
    "service_windows",
    "intervals",
)
"""Files of sim/verify/cases/ in the order of the page."""


def case(name: str, source: Source) -> Callable[[CaseFunction], CaseFunction]:
    """Register a case; ValueError when the name is taken or the function has no docstring."""

    def register(function: CaseFunction) -> CaseFunction:
        if name in CASES:
            raise ValueError(f"a case `{name}` exists already")
        if not function.__doc__:
            raise ValueError(f"the case `{name}` does not say what it claims: it has no docstring")
        family = function.__module__.rpartition(".")[2].replace("_", " ")
        CASES[name] = Case(name, family, " ".join(function.__doc__.split()), source, function)
        return function

    return register


def all_cases() -> dict[str, Case]:
    """Every case by name, in the order of the page."""
    from sim.verify import cases

    found = {module.name for module in iter_modules(cases.__path__)}
    for family in [*FAMILIES, *sorted(found - set(FAMILIES))]:
        if family in found:
            import_module(f"{cases.__name__}.{family}")
    return dict(CASES)


def performance_checks(what: str, copies: Copies, theory: Performance) -> Iterator[Check]:
    """Fill rate, customers' backorders and stock on hand of one stock point."""
    yield Check(f"fill rate, {what}", theory.fill_rate, copies.fill_rate)
    yield Check(f"backorders, {what}", theory.backorders, copies.backorders)
    yield Check(f"on hand, {what}", theory.on_hand, copies.on_hand)
