"""One stock instead of several: the square-root law with and without correlation, and with few pieces."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import optimize, stats

from sim import columns as c
from sim.network import Int64Array, Network
from sim.verify.copies import Copies, Design, Group, one_store
from sim.verify.formulas import distributions, normal_demand, one_echelon
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import mean_estimate
from sim.verify.sources import EPPEN, MAISTER, PALM

DAY_MS: Final = 86_400_000
SITES: Final = 5
MEAN, DEVIATION, READY = 1000.0, 200.0, 0.9
SAFETY: Final = float(stats.norm.ppf(READY)) * DEVIATION
"""Safety stock of one site, units."""


@case("square-root law", EPPEN)
def correlated_sites(effort: Effort) -> Iterator[Check]:
    """Pooled safety stock by the deviation of the sum keeps the ready rate; by the law only without correlation."""
    for correlation in (0.0, 0.5):
        deviation = normal_demand.pooled_deviation(DEVIATION, SITES, correlation)
        pooled = round(SITES * MEAN + SAFETY * deviation / DEVIATION)
        by_law = round(SITES * MEAN + normal_demand.square_root_law(SITES * SAFETY, SITES, 1))
        name = f"correlation-{correlation:g}"
        groups = [
            Group(name, {}, _levels(round(MEAN + SAFETY), pooled)),
            Group(f"{name}-law", {}, _levels(None, by_law)),
        ]
        nodes = {**{f"site-{n + 1}": {"kind": "store"} for n in range(SITES)}, "pool": {"kind": "store"}}
        supplier = {"kind": "supplier", "lead_time": "1 d"}
        lane = {"from": "maker", "to": list(nodes)}
        design = Design({**nodes, "maker": supplier}, [lane], groups, effort.copies(240), days=400, warm_up_days=10)
        network = _with_demand(design.network(), design, correlation, effort.seed)
        records = effort.simulate(network)
        sites = [design.copies_of(records, name, node).level(c.A_READY) for node in nodes if node != "pool"]
        pool, law = (design.copies_of(records, group.name, "pool") for group in groups)
        what = f"ready rate, correlation {correlation:g}"
        yield Check(
            f"{what}, {SITES} sites apart",
            _ready(MEAN, DEVIATION, round(MEAN + SAFETY)),
            mean_estimate(np.mean(sites, axis=0)),
        )
        yield Check(f"{what}, pooled stock", _ready(SITES * MEAN, deviation, pooled), pool.ready_rate)
        if correlation:
            yield Check(f"{what}, stock by the law", _ready(SITES * MEAN, deviation, by_law), law.ready_rate)
            yield Check(f"{what}, as the law promises", READY, law.ready_rate, MAISTER, information=True)


@case("shared pieces", PALM)
def few_pieces(effort: Effort) -> Iterator[Check]:
    """Five stores with 2 pieces each and 12 % stock-outs: what 5 to 8 shared pieces really give."""
    apart = float(optimize.brentq(lambda load: 1 - _at_once(2, load) - 0.12, 0.1, 2.0))
    wanted = [(2, apart, "each store, 2 pieces"), *((level, 5 * apart, f"{level} shared") for level in (5, 7, 8))]
    for level, load, what in wanted:
        name = f"pieces-{level}"
        # a load in ten days, and stores that are so slow need time
        demand = {"poisson": {"rate": f"{load / 10:.9f} /d"}}
        group = Group(name, {"store": demand}, {"store": {"kind": "base_stock", "level": level}})
        lead_time = {"exponential": {"mean": "10 d"}}
        days = math.ceil(1200 / (load / 10))
        design = one_store([group], effort.copies(1200), lead_time, days, warm_up_days=150)
        copies: Copies = design.copies_of(effort.simulate(design.network()), name, "store")
        yield Check(f"share met at once, {what}", _at_once(level, load), copies.fill_rate)
        if level == 5:
            yield Check(
                "share met at once, as the law promises of 5", 0.88, copies.fill_rate, MAISTER, information=True
            )


def _at_once(level: int, load: float) -> float:
    return one_echelon.performance({level: 1.0}, distributions.poisson(load)).fill_rate


def _ready(mean: float, deviation: float, level: float) -> float:
    return normal_demand.ready_rate(mean, deviation, level - 0.5)  # demand is rounded, and all of it leaves nothing


def _levels(site: int | None, pool: int) -> dict[str, dict[str, object]]:
    sites = {} if site is None else {f"site-{n + 1}": {"kind": "base_stock", "level": site} for n in range(SITES)}
    return {**sites, "pool": {"kind": "base_stock", "level": pool}}


def _with_demand(network: Network, design: Design, correlation: float, seed: int) -> Network:
    """The network with a daily line at every site, and their sum at the pool: correlated normal, drawn here."""
    days = network.horizon_ms // DAY_MS
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, round(1000 * correlation)))))
    common = random.standard_normal((days, design.copies, 1)) * math.sqrt(correlation)
    own = random.standard_normal((days, design.copies, SITES)) * math.sqrt(1 - correlation)
    at_sites = np.maximum(np.rint(MEAN + DEVIATION * (common + own)).astype(np.int64), 1)
    first = [network.stock_point(f"site-{site + 1}", f"{design.groups[0].name}-0000") for site in range(SITES)] + [
        network.stock_point("pool", f"{group.name}-0000") for group in design.groups
    ]
    points = np.concatenate([np.arange(row, row + design.copies) for row in first])
    pool = at_sites.sum(axis=2)
    quantity = np.concatenate([*np.moveaxis(at_sites, 2, 0), *([pool] * len(design.groups))], axis=1)
    order = np.argsort(points)
    lines = np.arange(days, dtype=np.int64).repeat(len(points)) * DAY_MS
    return _traced(network, lines, np.tile(points[order], days), quantity[:, order].ravel())


def _traced(network: Network, time_ms: Int64Array, points: Int64Array, quantity: Int64Array) -> Network:
    """The network with these customer lines, sorted by time and stock point; they take what is there and wait."""
    none = np.zeros(len(time_ms), dtype=np.int64)
    demand = replace(
        network.demand,
        trace_time_ms=time_ms,
        trace_stock_point=points,
        trace_quantity=quantity,
        trace_flags=none,
        trace_job=none - 1,
    )
    return replace(network, demand=demand)
