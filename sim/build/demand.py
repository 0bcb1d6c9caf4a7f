"""Who asks for what: a scenario's demand entries as sources with streams, and the mean demand they amount to."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sim import network as net
from sim.build.generate import lognormal_weights, node_mixes, node_rates, price_and_popularity_scores, zipf_weights
from sim.build.lanes import NodeNumbers
from sim.build.profiles import first_and_end_ms
from sim.build.stock_points import BoolArray
from sim.network import Float64Array, Int64Array
from sim.scenario import demand as language
from sim.scenario.expand import matching
from sim.scenario.generator_section import GeneratedDemand, GeneratorSection
from sim.scenario.scenario import Scenario
from sim.scenario.sizes import SizeDistribution
from sim.units import MS_PER_DAY, PHYSICAL_UNITS, ItemUnit, UnitError

_LINES_KIND = {"geometric": net.SIZE_GEOMETRIC, "poisson": net.SIZE_POISSON, "constant": net.SIZE_CONSTANT}
JOBS = -1
"""Stands for the item in a job source, which has many."""


@dataclass
class DemandPlan:
    """Demand as it is collected, before stock points are numbered. N nodes, I items.

    `per_day` (N, I) is the mean demand of each node's own customers in integer units (profiles have mean 1),
    `wanted` where there may be any.
    """

    per_day: Float64Array
    wanted: BoolArray
    node: list[Int64Array] = field(default_factory=list)
    item: list[Int64Array] = field(default_factory=list)
    columns: list[dict[str, npt.ArrayLike]] = field(default_factory=list)
    picks: list[tuple[int, Int64Array, Float64Array]] = field(default_factory=list)  # node, items, weights
    pick_rows: int = 0
    sizes: list[tuple[float, float]] = field(default_factory=list)
    traces: list[tuple[Int64Array, ...]] = field(default_factory=list)

    def add(self, node: Int64Array, item: Int64Array, per_day: Float64Array | float, **columns: npt.ArrayLike) -> None:
        """Add a source for each pair of node and item (one length), with the same or an array of values per column."""
        np.add.at(self.per_day, (node, item), per_day)
        self.wanted[node, item] = True
        self._append(node, item, columns)

    def add_jobs(self, node: int, items: Int64Array, weights: Float64Array, per_ms: float, **columns: Any) -> None:
        """Add a job source at a node whose lines pick from `items` in proportion to `weights`."""
        share = weights / weights.sum()
        self.per_day[node, items] += share * (per_ms * MS_PER_DAY * columns["job_lines_mean"])
        self.wanted[node, items] = True
        self.picks.append((node, items, share))
        columns |= {"rate_per_ms": per_ms, "job_first": self.pick_rows, "job_count": items.size}
        self.pick_rows += items.size
        self._append(np.array([node]), np.array([JOBS]), columns | {"kind": net.DEMAND_JOBS})

    def _append(self, node: Int64Array, item: Int64Array, columns: dict[str, Any]) -> None:
        self.node.append(node)
        self.item.append(item)
        self.columns.append(columns)


def plan_demand(scenario: Scenario, nodes: NodeNumbers) -> DemandPlan:
    """Collect every source of customer demand, of the demand list and of the generator."""
    shape = len(nodes.names), len(scenario.item_names)
    plan = DemandPlan(np.zeros(shape), np.zeros(shape, dtype=np.bool_))
    position = {name: index for index, name in enumerate(scenario.item_names)}
    for index, entry in enumerate(scenario.demand):
        if entry.trace is not None:
            _add_trace(scenario, nodes, plan, index)
            continue
        chosen = nodes.matching(entry.node or ())
        if entry.jobs is not None:
            _add_listed_jobs(scenario, plan, entry, entry.jobs, chosen)
            continue
        items = np.array([position[name] for name in matching(entry.item or (), scenario.item_names)], dtype=np.int64)
        _add_simple(scenario, plan, entry, chosen, items)
    if scenario.generator is not None:
        for index, section in enumerate(scenario.generator.demand):
            _add_generated(scenario, nodes, plan, scenario.generator, section, index)
    return plan


def _common(scenario: Scenario, entry: language.Demand | GeneratedDemand) -> dict[str, int]:
    """Columns that every kind of demand has: what happens when short, and when demand begins and ends."""
    flags = net.DEMAND_LOST if entry.if_short == "lost" else 0
    flags |= net.DEMAND_WHOLE if entry.delivery == "whole" else 0
    flags |= net.DEMAND_ABNORMAL if isinstance(entry, language.Demand) and entry.abnormal else 0
    if entry.profile is None:
        return {"flags": flags}
    first, end = first_and_end_ms(scenario.profiles[entry.profile], scenario.start)
    return {"flags": flags, "profile": list(scenario.profiles).index(entry.profile), "offset_ms": first, "end_ms": end}


# --- the demand list -----------------------------------------------------------------------------------------------


def _add_simple(
    scenario: Scenario, plan: DemandPlan, entry: language.Demand, nodes: Int64Array, items: Int64Array
) -> None:
    """One source per pair of node and item; items counted in the same unit go together."""
    by_unit: dict[ItemUnit, list[int]] = {}
    for item in items.tolist():
        by_unit.setdefault(scenario.item_unit(scenario.item_names[item]), []).append(item)
    for unit, alike in by_unit.items():
        columns, per_day = _KINDS[entry.kind](plan, entry.value, unit)
        per_day = 0.0 if entry.abnormal else per_day
        node, item = (axis.ravel() for axis in np.meshgrid(nodes, np.array(alike, dtype=np.int64), indexing="ij"))
        plan.add(node, item, per_day, **(_common(scenario, entry) | columns))


Columns = dict[str, float]


def _poisson(_: DemandPlan, value: language.Poisson, __: ItemUnit) -> tuple[Columns, float]:
    return {"rate_per_ms": float(value.rate.per_ms)}, value.rate.per_day


def _compound(plan: DemandPlan, value: language.CompoundPoisson, unit: ItemUnit) -> tuple[Columns, float]:
    kind, a, b, mean = size_parameters(value.size, unit, plan.sizes)
    columns = {"rate_per_ms": float(value.rate.per_ms), "size_kind": kind, "size_a": a, "size_b": b}
    return columns, value.rate.per_day * mean


def _negative_binomial(_: DemandPlan, value: language.NegativeBinomial, __: ItemUnit) -> tuple[Columns, float]:
    return _per_period(net.SIZE_NEGATIVE_BINOMIAL, value.per, value.mean, value.variance, value.mean)


def _normal(_: DemandPlan, value: language.NormalDemand, __: ItemUnit) -> tuple[Columns, float]:
    return _per_period(net.SIZE_NORMAL, value.per, value.mean, value.sd, cut_normal_mean(value.mean, value.sd))


def _per_period(size: int, period_ms: int, a: float, b: float, mean: float) -> tuple[Columns, float]:
    columns: Columns = {"kind": net.DEMAND_PER_PERIOD, "period_ms": period_ms, "rate_per_ms": 1.0 / period_ms}
    return columns | {"size_kind": size, "size_a": a, "size_b": b}, mean * MS_PER_DAY / period_ms


def _flow(_: DemandPlan, value: language.Flow, unit: ItemUnit) -> tuple[Columns, float]:
    step = unit.whole_units(value.step)
    dimension, size = PHYSICAL_UNITS[value.rate.unit]
    if dimension != PHYSICAL_UNITS[unit.name][0]:
        raise UnitError(
            f"a flow in {value.rate.unit} of an item that is counted in {unit}", f"give the rate in {unit.name}"
        )
    units_per_ms = value.rate.per_ms * size / unit.size
    columns: Columns = {"kind": net.DEMAND_FLOW, "rate_per_ms": float(units_per_ms / step), "size_a": step}
    return columns, float(units_per_ms * MS_PER_DAY)


_KINDS: dict[str, Callable[[DemandPlan, Any, ItemUnit], tuple[Columns, float]]] = {
    "poisson": _poisson,
    "compound_poisson": _compound,
    "negative_binomial": _negative_binomial,
    "normal": _normal,
    "flow": _flow,
}


def size_parameters(
    size: SizeDistribution, unit: ItemUnit, table: list[tuple[float, float]]
) -> tuple[int, float, float, float]:
    """SIZE_* code, parameters a and b, and mean of a size; rows of an empirical one are added to `table`."""
    if size.constant is not None:
        units = float(unit.whole_units(size.constant))
        return net.SIZE_CONSTANT, units, 0.0, units
    if size.geometric is not None:
        return net.SIZE_GEOMETRIC, 1.0 / size.geometric.mean, 0.0, size.geometric.mean
    if size.logarithmic is not None:
        return net.SIZE_LOGARITHMIC, logarithmic_parameter(size.logarithmic.mean), 0.0, size.logarithmic.mean
    if size.poisson is not None:
        return net.SIZE_POISSON, size.poisson.mean, 0.0, size.poisson.mean
    if size.uniform is not None:
        low, high = float(size.uniform.low), float(size.uniform.high)
        return net.SIZE_UNIFORM, low, high, (low + high) / 2
    if size.normal is not None:
        mean, sd = size.normal.mean, size.normal.sd
        return net.SIZE_NORMAL, mean, sd, cut_normal_mean(mean, sd)
    first, cumulative = len(table), np.cumsum([share for _, share in size.empirical or ()])
    cumulative[-1] = 1.0
    table.extend((float(c), float(units)) for c, (units, _) in zip(cumulative, size.empirical or (), strict=True))
    mean = sum(units * share for units, share in size.empirical or ())
    return net.SIZE_EMPIRICAL, float(first), float(cumulative.size), mean


def logarithmic_parameter(mean: float) -> float:
    """The p of a logarithmic series distribution with this mean (> 1): mean = -p / ((1 - p) ln(1 - p))."""
    if mean <= 1.0 + 1e-9:
        return 1e-9
    low, high = 1e-12, 1.0 - 1e-13  # the mean grows with p; halving is quicker than loading a library that does it
    while low < (middle := (low + high) / 2) < high:
        if -middle / ((1.0 - middle) * math.log1p(-middle)) < mean:
            low = middle
        else:
            high = middle
    return low


def cut_normal_mean(mean: float, sd: float) -> float:
    """Mean of a normal variable that is set to zero where it is negative (rounding aside)."""
    z = mean / sd
    return mean * 0.5 * math.erfc(-z / math.sqrt(2.0)) + sd * math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)


def _add_listed_jobs(
    scenario: Scenario, plan: DemandPlan, entry: language.Demand, jobs: language.Jobs, nodes: Int64Array
) -> None:
    weights = np.zeros(len(scenario.item_names))
    if not isinstance(jobs.items, dict):
        weights[:] = 1.0
    else:
        position = {name: index for index, name in enumerate(scenario.item_names)}
        for pattern, weight in jobs.items.items():
            fitting = [position[name] for name in matching([pattern], scenario.item_names)]
            weights[fitting] += weight / max(len(fitting), 1)
    items = np.flatnonzero(weights)
    lines = {"job_lines_mean": jobs.lines.mean, "job_lines_kind": _LINES_KIND[jobs.lines.kind]}
    for node in nodes.tolist():
        plan.add_jobs(node, items, weights[items], float(jobs.rate.per_ms), **(_common(scenario, entry) | lines))


def _add_trace(scenario: Scenario, nodes: NodeNumbers, plan: DemandPlan, index: int) -> None:
    trace = scenario.trace(index)
    number = np.array([nodes.number[name] for name in scenario.nodes], dtype=np.int64)
    node = number[trace.node]
    inside = (trace.time_ms >= 0) & (trace.time_ms < scenario.horizon)
    np.add.at(plan.per_day, (node, trace.item), trace.quantity * inside * (MS_PER_DAY / scenario.horizon))
    plan.wanted[node, trace.item] = True
    flags = trace.lost * net.DEMAND_LOST + trace.whole * net.DEMAND_WHOLE
    jobs_before = sum(int(job.max(initial=-1)) + 1 for *_, job in plan.traces)
    job = np.where(trace.job >= 0, trace.job + jobs_before, -1)
    plan.traces.append((trace.time_ms, node, trace.item, trace.quantity, flags.astype(np.int64), job))


# --- the generator -------------------------------------------------------------------------------------------------


def _add_generated(
    scenario: Scenario,
    nodes: NodeNumbers,
    plan: DemandPlan,
    generator: GeneratorSection,
    section: GeneratedDemand,
    index: int,
) -> None:
    """Jobs at each node for the generated items, which stand at the end of the list of items."""
    seed, count = generator.seed, generator.items.count
    # rank correlation (Spearman) to that of the normal scores (Pearson): Kruskal 1958
    correlation = 2.0 * math.sin(math.pi * section.price_correlation / 6.0)
    _, score = price_and_popularity_scores(seed, count, correlation)
    if section.popularity.zipf is not None:
        popularity = zipf_weights(score, section.popularity.zipf)
    else:
        spread = section.popularity.lognormal
        popularity = lognormal_weights(score, 0.0 if spread is None else spread.sigma)
    chosen = nodes.matching(section.nodes)
    rates = node_rates(seed, chosen.size, section.jobs_per_day.mean, section.jobs_per_day.cv, index)
    mixes = node_mixes(seed, chosen.size, popularity, section.local_sigma, index)
    items = np.arange(len(scenario.item_names) - count, len(scenario.item_names), dtype=np.int64)
    lines = {"job_lines_mean": section.lines.mean, "job_lines_kind": _LINES_KIND[section.lines.kind]}
    for node, rate, mix in zip(chosen.tolist(), rates.tolist(), mixes, strict=True):
        plan.add_jobs(node, items, mix, rate / MS_PER_DAY, **(_common(scenario, section) | lines))
