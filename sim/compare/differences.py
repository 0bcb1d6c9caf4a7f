"""The table of differences: each variant against the base, per scope, key and KPI."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.compare.directions import has_no_length, verdict
from sim.compare.kpi_values import KpiValues, Row
from sim.compare.pairing import Pairing
from sim.compare.statistics import Differences, holm, paired, simultaneous_confidence, unpaired


@dataclass(frozen=True)
class Difference:
    """One KPI of one variant against the base's. Numbers are NaN where there is no value (one replication, base 0).

    Attributes:
        variant: label of the variant.
        scope, key, kpi, unit: what it is about, in which unit.
        base_mean, mean, difference: means of the base and the variant, and the mean difference.
        half_width: of the confidence interval of the difference, for itself alone.
        relative, relative_low, relative_high: difference / base mean and its interval (Fieller), for itself alone.
        p_value: of no difference, for itself alone; adjusted_p_value: by Holm, over the variants.
        adjusted_low, adjusted_high: bounds of the difference that hold for all variants together (Bonferroni);
            adjusted_relative_low, adjusted_relative_high: the same for the relative difference.
        best_probability: that the variant is the best of all, the base included; for one KPI of the network only.
        pairs: replications that count. paired: whether they share their random numbers.
        identical: equal in every single pair.
        verdict: `better` or `worse` when the adjusted interval leaves out 0 and one of the two makes sense, else empty.
    """

    variant: str
    scope: str
    key: str
    kpi: str
    unit: str
    base_mean: float
    mean: float
    difference: float
    half_width: float
    relative: float
    relative_low: float
    relative_high: float
    p_value: float
    adjusted_p_value: float
    adjusted_low: float
    adjusted_high: float
    adjusted_relative_low: float
    adjusted_relative_high: float
    best_probability: float
    pairs: int
    paired: bool
    identical: bool
    verdict: str

    @property
    def row(self) -> Row:
        """Scope, key and KPI."""
        return Row(self.scope, self.key, self.kpi)

    @property
    def shown(self) -> bool:
        """Whether the adjusted interval leaves out zero: a difference that chance does not explain."""
        return self.adjusted_low > 0.0 or self.adjusted_high < 0.0


@dataclass(frozen=True)
class OneSided:
    """A node, echelon or class that only the base (`side` is `base`) or only the variant has."""

    variant: str
    scope: str
    key: str
    side: str


def differences(
    base: KpiValues, variants: Mapping[str, KpiValues], pairings: Mapping[str, Pairing], confidence: float
) -> list[Difference]:
    """Every variant against the base, for all that both of them have.

    Totals of the network and of classes are compared whatever nodes there are; an echelon or a node only where it is
    on both sides (`one_sided` lists the others).
    """
    together = simultaneous_confidence(confidence, len(variants))
    found = [
        difference
        for label, values in variants.items()
        for difference in _against(base, label, values, pairings[label], confidence, together)
    ]
    families: dict[Row, list[int]] = {}
    for place, one in enumerate(found):
        families.setdefault(one.row, []).append(place)
    for places in families.values():
        adjusted = holm(np.array([found[place].p_value for place in places]))
        for place, p_value in zip(places, adjusted.tolist(), strict=True):
            found[place] = replace(found[place], adjusted_p_value=p_value)
    return found


def _against(
    base: KpiValues, label: str, values: KpiValues, how: Pairing, confidence: float, together: float
) -> list[Difference]:
    rows = [
        (row, place, values.place[row])
        for row, place in base.place.items()
        if row in values.place and _comparable(row.kpi, base.units[place], values.units[values.place[row]], how)
    ]
    if not rows:
        return []
    ours, theirs = (np.array([row[side] for row in rows], dtype=np.int64) for side in (1, 2))
    if how.paired:
        shared = [number for number in base.replications if number in values.replications]
        x = base.values[ours][:, [base.replications.index(number) for number in shared]]
        y = values.values[theirs][:, [values.replications.index(number) for number in shared]]
        alone, joint = paired(x, y, confidence), paired(x, y, together)
    else:
        x, y = base.values[ours], values.values[theirs]
        alone, joint = unpaired(x, y, confidence), unpaired(x, y, together)
    return [
        _difference(label, row, base.units[place], number, alone, joint, how.paired)
        for number, (row, place, _) in enumerate(rows)
        if alone.pairs[number] > 0
    ]


def _comparable(kpi: str, unit: str, other_unit: str, how: Pairing) -> bool:
    return unit == other_unit and (how.totals or has_no_length(kpi, unit))  # the unit of money is its currency


def _difference(
    label: str, row: Row, unit: str, number: int, alone: Differences, joint: Differences, is_paired: bool
) -> Difference:
    value, width = float(joint.difference[number]), float(joint.half_width[number])
    low, high = value - width, value + width
    return Difference(
        label,
        *row,
        unit,
        float(alone.base_mean[number]),
        float(alone.mean[number]),
        value,
        float(alone.half_width[number]),
        float(alone.relative[number]),
        float(alone.relative_low[number]),
        float(alone.relative_high[number]),
        float(alone.p_value[number]),
        float(alone.p_value[number]),
        low,
        high,
        float(joint.relative_low[number]),
        float(joint.relative_high[number]),
        float("nan"),
        int(alone.pairs[number]),
        is_paired,
        bool(alone.identical[number]),
        verdict(row.kpi, value) if low > 0.0 or high < 0.0 else "",
    )


def one_sided(base: KpiValues, label: str, values: KpiValues) -> list[OneSided]:
    """The echelons, classes and nodes that only one of the two has."""
    found = []
    for scope in ("echelon", "class", "node"):
        ours, theirs = base.keys(scope), values.keys(scope)
        found += [OneSided(label, scope, key, "base") for key in ours if key not in theirs]
        found += [OneSided(label, scope, key, "variant") for key in theirs if key not in ours]
    return found


# --- as a table -------------------------------------------------------------------------------------------------------
_TYPES: Final[dict[object, Any]] = {str: pa.string(), float: pa.float64(), int: pa.int32(), bool: pa.bool_()}
SCHEMA: Final = pa.schema([(field.name, _TYPES[field.type]) for field in fields(Difference)])


def difference_table(found: Sequence[Difference]) -> pa.Table:
    """The differences as an Arrow table, a column per attribute."""
    return pa.Table.from_pylist([asdict(one) for one in found], schema=SCHEMA)


def write_differences(found: Sequence[Difference], file: Path) -> None:
    """Write the table; OSError as the file system says."""
    pq.write_table(difference_table(found), file, compression="lz4")
