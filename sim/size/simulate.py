"""Simulates designs under common random numbers and says what each replication kept, held, sent and left waiting.

Net stock of an item is its opening level plus what came in less what was asked for, by the event log. There is stock
on hand while it is above 0; somebody waits while it is below. What is sent for an item at one instant is one emergency
delivery; each time that net stock of an item that stops work falls below 0 is a stop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sim import columns as c
from sim.contracts.stock_levels import Changes, CountedTime, StockLevels, in_windows, levels_of, without_stock
from sim.network import Network
from sim.record.records import Records
from sim.run import simulation
from sim.run.experiment import Batch, Progress, run_many
from sim.run.plan import Outcome, Plan
from sim.run.workers import Workers
from sim.scenario.loader import load_scenario
from sim.size.catalogue import Promise
from sim.size.demand import DAYS_PER_MONTH
from sim.size.design import Design, Task, visits_per_month
from sim.size.model import SITE, scenario_data
from sim.units import MS_PER_DAY

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TABLE: Final = "sizing"
"""Name under which a replication's figures come back."""
EXACT: Final = 1e-12
"""Share of time by which a promise may be missed through rounding."""
_RECEIPT, _DEMAND, _ORDER = (c.EVENT_NAMES.index(name) for name in ("receipt", "demand", "order"))
_GIFTS: Final = tuple(c.EVENT_NAMES.index(name) for name in ("transfer", "preventive"))


@dataclass(frozen=True)
class Outcomes:
    """What replications of a design came to, in the order of their numbers; arrays (n,) or (n, items).

    Attributes:
        kept: whether every window of the promise was kept. availability: of the items covered, mean over all the time.
        worst: availability of the worst window. emergencies, stops, lines: emergency deliveries, times that work waited
            for an item that stops it, and items refilled at visits, all in a month of 365/12 days.
        used: units asked for in a month, by item. stock: mean units on hand, by item.
    """

    kept: BoolArray
    availability: Float64Array
    worst: Float64Array
    emergencies: Float64Array
    stops: Float64Array
    lines: Float64Array
    used: Float64Array
    stock: Float64Array

    @property
    def replications(self) -> int:
        """How many there are."""
        return len(self.kept)

    def first(self, count: int) -> "Outcomes":
        """Those of the first `count` replications."""
        return Outcomes(*(getattr(self, name)[:count] for name in _FIELDS))


_FIELDS: Final = tuple(Outcomes.__dataclass_fields__)


def monthly_costs(task: Task, one: Design, seen: Outcomes) -> Float64Array:
    """(n,) what the design cost the supplier a month in each replication, goods used aside; major units of currency."""
    service = task.service
    visits = visits_per_month(one.interval_ms) * float(service.visit) + seen.lines * float(service.line)
    costs = one.layout.cost_per_month + float(service.staff) + visits + seen.emergencies * float(service.emergency)
    return np.asarray(costs + stock_value(task, seen) * service.financing_rate / 12, np.float64)


def stock_value(task: Task, seen: Outcomes) -> Float64Array:
    """(n,) mean consigned stock at cost, in major units of currency."""
    return np.asarray(seen.stock @ np.array([float(item.cost) for item in task.items]), np.float64)


# --- one replication ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What is asked of a replication, small enough to be sent along: the promise and whom it covers.

    Attributes:
        window_ms: of the promise; the horizon is a whole number of them.
        covered: indices of the items that it covers, in the order of the network's items. critical: that stop work.
    """

    window_ms: int
    covered: tuple[int, ...]
    critical: tuple[int, ...]


def simulate_design(network: Network, seed: int, replication: int, *, question: Question, **options: Any) -> Records:
    """One replication by the engine, whose records are then replaced by the figures that are wanted of them."""
    records = simulation.simulate_lazily(network, seed, replication, traces=False, **{**options, "events": True})
    return replace(records, memory={TABLE: figures(records, question)})


def figures(records: Records, question: Question) -> pa.Table:
    """One row with the fields of `Outcomes`, but for `kept`: that depends on what is promised."""
    network = records.network
    levels, counted = _net_stock(records)
    edges = np.arange(0, network.horizon_ms + 1, question.window_ms, dtype=np.int64)
    covered = np.array(question.covered, np.int64)
    out = in_windows(without_stock(levels), edges, CountedTime([]))[covered]
    months = network.horizon_ms / MS_PER_DAY / DAYS_PER_MONTH
    shares = 1 - out.sum(axis=0) / (max(len(covered), 1) * question.window_ms)
    short = _starts(levels, np.array(question.critical, np.int64))
    row = {
        "availability": float(shares.mean()),
        "worst": float(shares.min()),
        "emergencies": counted["gifts"] / months,
        "stops": short / months,
        "lines": counted["lines"] / months,
        "used": counted["used"] / months,
        "stock": _mean_on_hand(levels),
    }
    return pa.table({name: [value.tolist() if isinstance(value, np.ndarray) else value] for name, value in row.items()})


def _net_stock(records: Records) -> tuple[StockLevels, dict[str, Any]]:
    """Net stock of every item at the place of use, and what the log counts: gifts, lines refilled, units used."""
    network, events = records.network, records.memory["events"]
    items, site = network.items, network.node_names.index(SITE)
    kind, node, item = (events[name].to_numpy() for name in ("event", "node", "item"))
    here = node == site
    quantity, time_ms = events["quantity"].to_numpy().astype(np.int64), events["time_ms"].to_numpy().astype(np.int64)
    came, asked = here & (kind == _RECEIPT), here & (kind == _DEMAND)
    units = np.where(came, quantity, -quantity)
    changed = came | asked
    changes = Changes(item[changed].astype(np.int64), time_ms[changed], units[changed])
    opening = np.zeros(items, np.int64)
    points = np.flatnonzero(network.parameter[:, c.P_NODE] == site)
    opening[network.parameter[points, c.P_ITEM]] = records.summary.opening.state[points, c.S_ON_HAND]
    gifts = here & np.isin(kind, _GIFTS)
    counted = {
        "gifts": len(np.unique(np.stack((time_ms[gifts], item[gifts].astype(np.int64))), axis=1).T),
        "lines": int((here & (kind == _ORDER)).sum()),
        "used": np.bincount(item[asked], quantity[asked], minlength=items),
    }
    return levels_of(opening, changes, 0, network.horizon_ms), counted


def _starts(levels: StockLevels, chosen: Int64Array) -> int:
    """How often net stock of the chosen items fell below 0: times that somebody had to wait."""
    below = levels.level < 0
    before = np.concatenate(([False], below[:-1] & (levels.place[1:] == levels.place[:-1])))
    return int((below & ~before & np.isin(levels.place, chosen)).sum())


def _mean_on_hand(levels: StockLevels) -> Float64Array:
    until = np.full(len(levels.place), levels.to_ms, np.int64)
    same = levels.place[1:] == levels.place[:-1]
    until[:-1][same] = levels.time_ms[1:][same]
    held = np.maximum(levels.level, 0).astype(np.float64) * (until - levels.time_ms)
    return np.bincount(levels.place, held, minlength=levels.places) / levels.to_ms


# --- many replications of many designs ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """Replications 0 .. n - 1 of a design for a task."""

    task: Task
    design: Design
    replications: int


class Simulations:
    """Simulates designs, all with one seed and one lot of workers, and remembers what it has simulated.

    Raises RunInterruptedError, RunFailedError and ConservationError as a run does.
    """

    def __init__(self, seed: int, workers: Workers, progress: Progress | None = None) -> None:
        self._seed, self._workers, self._progress = seed, workers, progress
        self._known: dict[object, dict[int, Outcome]] = {}
        self.simulated = 0

    def outcomes(self, wanted: Sequence[Wanted]) -> list[Outcomes]:
        """The outcomes of each; what is known is not simulated again."""
        batches: list[Batch] = []
        keys: list[object] = []
        for one in wanted:
            key = _key(one)
            missing = [number for number in range(one.replications) if number not in self._known.get(key, {})]
            if missing and key not in keys:
                batches.append(Batch(self._plan(one), missing))
                keys.append(key)

        def take(batch: int, outcome: Outcome) -> None:
            self._known.setdefault(keys[batch], {})[outcome.replication] = outcome
            self.simulated += 1

        if batches:
            run_many(batches, self._workers, self._progress, take)
        return [
            _together([self._known[_key(one)][number] for number in range(one.replications)], one.task.promise)
            for one in wanted
        ]

    def _plan(self, one: Wanted) -> Plan:
        task = one.task
        critical = tuple(n for n, item in enumerate(task.items) if item.critical)
        question = Question(task.promise.window, task.covered, critical)
        build = partial(network_of_design, scenario_data(task, one.design))
        return Plan(
            None, build, simulate_design, self._seed, options={"question": question},
            prepare=simulation.prepare_lazily, tables=frozenset({TABLE}), scopes=frozenset(),
        )  # fmt: skip


def network_of_design(data: Mapping[str, Any]) -> Network:
    """The network of a scenario given as plain data; called in the process that simulates it."""
    return simulation.network_of(load_scenario(data))


def _key(one: Wanted) -> object:
    """What a replication depends on: not on the share that is promised, so tiers of one design are simulated once."""
    uses = tuple((item.item, item.use_per_month, item.variability) for item in one.task.items)
    promise = one.task.promise
    asked = (promise.window, promise.covers, one.task.windows, one.task.service.emergency_time)
    return (one.design.interval_ms, one.design.levels, uses, asked)


def _together(outcomes: Sequence[Outcome], promise: Promise) -> Outcomes:
    table = pa.concat_tables([one.tables[TABLE] for one in outcomes]).to_pydict()
    figures = {name: np.array(table[name], np.float64) for name in _FIELDS[1:]}
    return Outcomes(figures["worst"] >= promise.availability - EXACT, **figures)
