"""`--frontier`: what service costs. Each variant with its stock scaled down and up, a few replications per point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.compare.bench import FEW, Bench, Job
from sim.compare.kpi_values import Float64Array, KpiValues
from sim.compare.scale import Scale
from sim.compare.subjects import Subject
from sim.kpi.summary import half_width
from sim.scenario import Scenario

FACTORS: Final = (0.6, 0.8, 1.0, 1.2, 1.4, 1.6)
SERVICE: Final = "fill_rate"
RUNNING_COSTS: Final = ("holding_cost", "ordering_cost", "transport_cost")
"""What keeping the service up costs; purchases follow demand, and shortages are the other axis."""


@dataclass(frozen=True)
class Point:
    """One variant at one factor.

    Attributes:
        variant, factor, value: which one, its number times what, and that number as written.
        replications: how many the means are over.
        service, cost: means, with the half widths of their intervals (NaN for one replication).
        cost_kpi: the KPIs that the cost is the sum of. unit: of the cost.
        kpis: means of all KPIs of the network.
    """

    variant: str
    factor: float
    value: str
    replications: int
    service: float
    service_half_width: float
    cost: float
    cost_half_width: float
    cost_kpi: str
    unit: str
    kpis: Mapping[str, float]


def frontier(
    bench: Bench, subjects: Sequence[tuple[Subject, Scale]], replications: int, confidence: float
) -> list[Point]:
    """Every variant at every factor, all under common random numbers.

    The cost is that of holding, ordering and transport; where a scenario states none of them, the stock's value.
    """
    few = min(replications, FEW)
    wanted = [(subject, scale, factor) for subject, scale in subjects for factor in FACTORS]
    jobs = [Job(_scaled(subject, scale, factor)) for subject, scale, factor in wanted]
    found = bench.simulate(jobs, few)
    has_costs = any(np.any(_cost(values, RUNNING_COSTS) > 0) for values in found)
    costs = RUNNING_COSTS if has_costs else ("stock_value",)
    return [
        _point(subject.label, factor, scale.times(factor), values, costs, confidence)
        for (subject, scale, factor), values in zip(wanted, found, strict=True)
    ]


def _scaled(subject: Subject, scale: Scale, factor: float) -> Scenario:
    assert subject.reload is not None
    return subject.reload({scale.path: scale.times(factor)})


def _cost(values: KpiValues, kpis: Sequence[str]) -> Float64Array:
    parts = [values.network(kpi) for kpi in kpis]
    total: Float64Array = np.sum([part for part in parts if part is not None], axis=0)
    return total


def _point(label: str, factor: float, value: str, values: KpiValues, costs: Sequence[str], confidence: float) -> Point:
    service = values.network(SERVICE)
    cost = _cost(values, costs)
    service = np.full(len(cost), np.nan) if service is None else service
    n = len(cost)
    widths = [half_width(float(np.std(one, ddof=1)), n, confidence) if n > 1 else np.nan for one in (service, cost)]
    means = {
        row.kpi: float(np.nanmean(values.values[place]))
        for row, place in values.place.items()
        if row.scope == "network"
    }
    unit = next((unit for row, unit in zip(values.rows, values.units, strict=True) if row.kpi == costs[0]), "")
    return Point(
        variant=label,
        factor=factor,
        value=value,
        replications=n,
        service=float(service.mean()),
        service_half_width=widths[0],
        cost=float(cost.mean()),
        cost_half_width=widths[1],
        cost_kpi=" + ".join(costs),
        unit=unit,
        kpis=means,
    )
