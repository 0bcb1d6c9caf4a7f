"""Means over replications with their confidence intervals."""

import math
from collections.abc import Collection
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sim.kpi.kpis import KPIS
from sim.record.arrow import texts, values_of

SUMMARY_SCOPES: Final = (
    *("network", "echelon", "stop_cause", "record_cause", "rule"),
    *("contract", "contracts", "contract_stream", "sla"),
)
"""Scopes with few keys, those of plants and contracts only where there are any."""


class Mean(NamedTuple):
    """The mean of one KPI over replications: the true mean lies within `half_width` of it at the chosen confidence.

    `half_width` is NaN for a single replication. `n` counts the replications in which the KPI has a value.
    """

    scope: str
    key: str
    kpi: str
    mean: float
    half_width: float
    n: int
    unit: str


def half_width(standard_deviation: float, n: int, confidence: float) -> float:
    """Half width of the confidence interval of a mean of `n` independent values (Student's t); NaN when n is 1."""
    if n < 2:
        return math.nan
    from scipy.special import stdtrit  # takes longer to load than many a run

    quantile = float(stdtrit(n - 1, 0.5 + confidence / 2))
    return quantile * standard_deviation / math.sqrt(n)


def summarize(kpis: pa.Table, confidence: float, scopes: Collection[str] = SUMMARY_SCOPES) -> list[Mean]:
    """Mean and confidence interval of every KPI of the given scopes: by scope, by KPI as registered, by key."""
    chosen = kpis.filter(pc.is_in(kpis["scope"].cast(pa.string()), texts(scopes)))
    names = {name: chosen[name].unify_dictionaries().combine_chunks() for name in ("scope", "key", "kpi", "unit")}
    return _means(names, values_of(chosen["value"], np.float64), confidence)


def _means(names: dict[str, Any], values: npt.NDArray[Any], confidence: float) -> list[Mean]:
    words = {name: column.dictionary.to_pylist() for name, column in names.items()}
    code = {name: values_of(column.indices, np.int32) for name, column in names.items()}
    group = np.zeros(len(values), dtype=np.int64)
    for name in ("scope", "key", "kpi"):
        group = group * len(words[name]) + code[name].astype(np.int64)
    _, first, member = np.unique(group, return_index=True, return_inverse=True)
    n = np.bincount(member)
    mean = np.bincount(member, weights=values) / n
    squares = np.bincount(member, weights=(values - mean[member]) ** 2)
    # which replication is the first to have a KPI must not decide where it stands
    places = list(dict.fromkeys([*KPIS, *words["kpi"]]))
    kpi_place = np.array([places.index(word) for word in words["kpi"]], dtype=np.int64)
    order = np.lexsort((code["key"][first], kpi_place[code["kpi"][first]], code["scope"][first]))
    found = []
    for one in order.tolist():
        scope, key, kpi, unit = (words[name][code[name][first[one]]] for name in ("scope", "key", "kpi", "unit"))
        count = int(n[one])
        deviation = math.sqrt(squares[one] / (count - 1)) if count > 1 else math.nan
        width = half_width(deviation, count, confidence)
        found.append(Mean(scope, key, kpi, float(mean[one]), width, count, unit))
    return found


def summary_document(
    means: list[Mean], variant: str, confidence: float, measured_ms: tuple[int, int]
) -> dict[str, Any]:
    """The content of summary.json: scope -> key -> KPI -> mean, half_width (null for one replication), n, unit.

    `measured_ms` is the time [from, to) that the KPIs are about; counts and costs are totals of it.
    """
    document: dict[str, Any] = {"variant": variant, "confidence": confidence, "measured_ms": list(measured_ms)}
    for one in means:
        width = None if math.isnan(one.half_width) else one.half_width
        entry = {"mean": one.mean, "half_width": width, "n": one.n, "unit": one.unit}
        document.setdefault(one.scope, {}).setdefault(one.key, {})[one.kpi] = entry
    return document
