"""What is to be simulated, and one replication of it from start to finish.

A replication depends on the network, the seed and its own number, on nothing else; so it does not matter in which
process, or on which machine, it is simulated.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from sim.errors import RunInterruptedError
from sim.kpi.table import kpi_table, write_kpi_table
from sim.network import Network
from sim.record.arrays import array_tables, write_arrays
from sim.record.records import Records
from sim.run.directory import RunDirectory

if TYPE_CHECKING:
    from sim.contracts.books import Books
    from sim.contracts.kpis import Scope

ShouldStop = Callable[[], bool]
"""Asked every now and then whether the run is to be given up."""

BUILT_AT_ONCE: Final = 2
"""Networks that a process keeps: those of two scenarios that are simulated in turn. A large one has 200 MB."""


@dataclass(frozen=True)
class Plan:
    """What is to be simulated. Worker processes get it without the network, which they build themselves.

    Attributes:
        network: what is simulated, in this process; None builds it when it is needed.
        build: makes the same network again; called once per worker process.
        simulate: the engine, called as
            `simulate(network, seed, replication, folder=..., events=..., should_stop=..., **options)`;
            it raises ConservationError when its books do not close, RunInterruptedError when it should stop.
        seed: of all random streams.
        events: keep the event log.
        options: further arguments of the engine.
        prepare: called once in this process before the first replication, with a function that tells whether to stop:
            compiles what the worker processes then find in the cache.
        tables: names of the records that come back where there is no run directory; None means all of them.
        scopes: of the KPIs that are worked out; None means all of them.
    """

    network: Network | None
    build: Callable[[], Network]
    simulate: Callable[..., Records]
    seed: int
    events: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    prepare: Callable[[ShouldStop], None] | None = None
    tables: frozenset[str] | None = None
    scopes: frozenset[str] | None = None

    def for_shipping(self) -> "Plan":
        """The plan as it is sent to another process: small, and without what is this process's business."""
        return replace(self, network=None, prepare=None, options=dict(self.options))


@dataclass(frozen=True)
class Outcome:
    """A finished replication. `tables` holds its records when there is no run directory.

    `files` holds the records of a replication with a run directory (path in its folder -> content) while they are on
    their way from a machine that does not share our disk; they are gone once they are written.
    """

    replication: int
    kpis: pa.Table
    wall_seconds: float
    cpu_seconds: float
    tables: dict[str, pa.Table]
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def timing(self) -> dict[str, float]:
        return {"wall_seconds": round(self.wall_seconds, 3), "cpu_seconds": round(self.cpu_seconds, 3)}


def never() -> bool:
    """The answer of somebody who never wants to stop."""
    return False


def check_not_stopped(should_stop: ShouldStop) -> None:
    """RunInterruptedError when the run is to be given up."""
    if should_stop():
        raise RunInterruptedError("stopped")


def simulate_one(plan: Plan, replication: int, run: RunDirectory | None, should_stop: ShouldStop = never) -> Outcome:
    """Simulate one replication (the engine checks its books), work out its KPIs and put everything where it belongs."""
    check_not_stopped(should_stop)
    network = plan.build() if plan.network is None else plan.network
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.ExitStack() as stack:
        folder = None if run is None else stack.enter_context(run.writing(replication))
        records = plan.simulate(
            network, plan.seed, replication, folder=folder, events=plan.events, should_stop=should_stop, **plan.options
        )
        books = _books(records)
        kpis = kpi_table(records, plan.scopes, _contract_scopes(network, books))
        tables: dict[str, pa.Table] = {}
        if run is None or folder is None:
            tables = _tables(records, plan.tables, books)
        else:
            write_arrays(records, folder)
            write_kpi_table(kpis, folder / "kpis.parquet")
            if books:
                from sim.contracts.tables import write_books

                write_books(books, folder)
    return Outcome(replication, kpis, time.perf_counter() - wall, time.process_time() - cpu, tables)


def _books(records: Records) -> list["Books"]:
    """The books of the contracts; nothing of them is loaded where there are none."""
    if not records.network.contracts:
        return []
    from sim.contracts.books import books_of

    return books_of(records)


def _contract_scopes(network: Network, books: list["Books"]) -> Iterable["Scope"]:
    if not books:
        return ()
    from sim.contracts.kpis import contract_scopes

    return contract_scopes(network, books)


def _tables(records: Records, wanted: frozenset[str] | None, books: list["Books"]) -> dict[str, pa.Table]:
    if wanted is not None and not wanted:
        return {}
    tables = {**records.memory, **array_tables(records)}
    if books:
        from sim.contracts.tables import book_tables

        tables |= book_tables(books)
    return tables if wanted is None else {name: table for name, table in tables.items() if name in wanted}


class BuiltPlans:
    """The plans a process has worked on last, with their networks built."""

    def __init__(self) -> None:
        self._plans: OrderedDict[object, Plan] = OrderedDict()

    def get(self, key: object, plan: Callable[[], Plan]) -> Plan:
        """The plan known by `key` with its network; `plan` gives it where it is not at hand."""
        if key not in self._plans:
            fresh = plan()
            while len(self._plans) >= BUILT_AT_ONCE:
                self._plans.popitem(last=False)
            self._plans[key] = fresh if fresh.network is not None else replace(fresh, network=fresh.build())
        self._plans.move_to_end(key)
        return self._plans[key]
