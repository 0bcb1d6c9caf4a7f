"""The table of key figures: means, intervals, targets and grades of the network, and the echelons beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from reports.catalogue import GROUPS, STANDARDS, Verdict, group_of, label, limits, verdict
from reports.numbers import interval, number
from reports.run_files import RunFiles


@dataclass(frozen=True)
class Row:
    """A key figure: text for every column, empty where there is nothing to say."""

    kpi: str
    label: str
    unit: str
    value: str
    interval: str
    n: str
    target: str
    verdict: Verdict | None
    echelons: Sequence[str]


def kpi_rows(run: RunFiles) -> Sequence[Row]:
    """A row per KPI in the order of the catalogue; figures that are 0 everywhere are left out."""
    return [row for kpi in kpi_names(run) if (row := _row(run, kpi)) is not None]


def by_group(rows: Iterable[Row]) -> Sequence[tuple[str, Sequence[Row]]]:
    """Rows under their headings."""
    return [(group, list(members)) for group, members in groupby(rows, key=lambda row: group_of(row.kpi))]


def kpi_names(run: RunFiles) -> Sequence[str]:
    """KPIs of the network and its echelons, in the order of the catalogue, others after them."""
    present = dict.fromkeys(kpi for scope, _, kpi in run.estimates if scope in ("network", "echelon"))
    listed = [kpi for group in GROUPS.values() for kpi in group if run.estimate(kpi) is not None or kpi in present]
    return [*listed, *(kpi for kpi in present if kpi not in listed)]


def definitions(readme: Path) -> Mapping[str, str]:
    """Definition of each KPI by its name, from the README.md of a run directory; empty when it has none."""
    try:
        lines = readme.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| "))
    return {cell[0]: cell[3] for cell in cells if len(cell) == 4 and cell[0] != "kpi"}


def _row(run: RunFiles, kpi: str) -> Row | None:
    whole = run.estimate(kpi)
    parts = [run.estimate(kpi, echelon, "echelon") for echelon in run.echelons]
    found = [one for one in (whole, *parts) if one is not None]
    if not found or (kpi not in STANDARDS and not any(one.mean for one in found)):
        return None
    unit = found[0].unit
    few = whole is not None and whole.n < run.count
    return Row(
        kpi=kpi,
        label=label(kpi),
        unit="" if unit == "share" else unit,
        value=number(whole.mean, whole.half_width, unit) if whole else "",
        interval=interval(whole.mean, whole.half_width, unit, limits(kpi, unit)) if whole else "",
        n=f"in {whole.n} of {run.count}" if whole and few else "",
        target=STANDARDS[kpi].target if kpi in STANDARDS else "",
        verdict=verdict(kpi, whole.mean, whole.half_width) if whole else None,
        echelons=[number(one.mean, one.half_width, unit) if one else "" for one in parts],
    )
