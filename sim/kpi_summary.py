"""Means over replications with their confidence intervals."""

import math
from collections.abc import Collection
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import stdtrit

SUMMARY_SCOPES: Final = ("network", "echelon")


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
    quantile = float(stdtrit(n - 1, 0.5 + confidence / 2))
    return quantile * standard_deviation / math.sqrt(n)


def summarize(kpis: pa.Table, confidence: float, scopes: Collection[str] = SUMMARY_SCOPES) -> list[Mean]:
    """Mean and confidence interval of every KPI of the given scopes, in the table's order of appearance."""
    chosen = kpis.filter(pc.is_in(kpis["scope"].cast(pa.string()), pa.array(scopes, pa.string())))
    text = ("scope", "key", "kpi", "unit")
    chosen = pa.table({name: chosen[name].cast(pa.string()) for name in text} | {"value": chosen["value"]})
    sums = chosen.group_by(text, use_threads=False).aggregate(
        [("value", "mean"), ("value", "stddev", pc.VarianceOptions(ddof=1)), ("value", "count")]
    )
    return [
        Mean(
            row["scope"],
            row["key"],
            row["kpi"],
            row["value_mean"],
            half_width(row["value_stddev"] if row["value_stddev"] is not None else math.nan, n, confidence),
            n,
            row["unit"],
        )
        for row in sums.to_pylist()
        if (n := row["value_count"]) > 0
    ]


def summary_document(means: list[Mean], variant: str, confidence: float) -> dict[str, Any]:
    """The content of summary.json: scope -> key -> KPI -> mean, half_width (null for one replication), n, unit."""
    document: dict[str, Any] = {"variant": variant, "confidence": confidence}
    for one in means:
        width = None if math.isnan(one.half_width) else one.half_width
        entry = {"mean": one.mean, "half_width": width, "n": one.n, "unit": one.unit}
        document.setdefault(one.scope, {}).setdefault(one.key, {})[one.kpi] = entry
    return document
