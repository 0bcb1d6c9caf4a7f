"""Claims of a scenario and what the model said of them, as comparison.json has it, or claims.json of one run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.catalogue import label
from reports.comparison_files import ComparisonFiles
from reports.numbers import with_interval
from reports.run_files import RunFiles, read_json


@dataclass(frozen=True)
class ToldClaim:
    """A claim in words: what it says, about which KPI and variants, what is reported, and (words, verdict) by view."""

    says: str
    source: str
    about: str
    reported: str
    answers: Sequence[tuple[str, str]]
    note: str = ""


@dataclass(frozen=True)
class Claims:
    """Answered claims, the views of the variants in which they are answered, and why others are not."""

    told: Sequence[ToldClaim]
    views: Sequence[str]
    explanation: str
    unanswered: Sequence[str]


def claims(comparison: ComparisonFiles) -> Claims:
    """The claims of a comparison; empty for those without, or of before there were claims."""
    rows = comparison.rows("claims")
    views = list(dict.fromkeys(str(answer.get("view", "")) for row in rows for answer in _answers(row)))
    told = [_told(row, views) for row in rows if _answers(row)]
    absent = [f"Not answered: “{row.get('says', '')}” ({row.get('note', '')})." for row in rows if not _answers(row)]
    return Claims(told, views, _explanation(comparison, rows), absent)


def _answers(row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = row.get("answers")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _told(row: Mapping[str, Any], views: Sequence[str]) -> ToldClaim:
    by_view = {
        str(one.get("view", "")): (str(one.get("words", "")), str(one.get("verdict", ""))) for one in _answers(row)
    }
    kpi = str(row.get("kpi", ""))
    return ToldClaim(
        says=str(row.get("says", "")),
        source=str(row.get("source", "")),
        about=f"{_name(kpi)}: {row.get('against', '')} → {row.get('variant', '')}",
        reported=str(row.get("reported", "")),
        answers=[by_view.get(view, ("", "")) for view in views],
        note=str(row.get("remark") or ""),
    )


def claims_of_run(run: RunFiles) -> Sequence[ToldClaim]:
    """What sources say of the variant of a run, beside its means; empty for runs without claims."""
    path = run.path / "claims.json"
    found = read_json(path).get("claims") if path.is_file() else None
    rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [_told_of_run(row) for row in rows]


def _told_of_run(row: Mapping[str, Any]) -> ToldClaim:
    kpi, unit = str(row.get("kpi", "")), str(row.get("unit", ""))
    mean, width = _float(row.get("mean")), _float(row.get("half_width"))
    value = "" if math.isnan(mean) else with_interval(mean, width, unit)
    if value and unit not in ("", "share"):
        value = f"{value} {unit}"
    before = " (before)" if row.get("side") == "before" else ""
    where = "" if row.get("scope") == "network" else f", {row.get('key', '')}"
    return ToldClaim(
        says=str(row.get("says", "")),
        source=str(row.get("source", "")),
        about=f"{_name(kpi)}{where}",
        reported=f"{row.get('reported', '')}{before}",
        answers=[(value, str(row.get("verdict", "")))],
        note=str(row.get("note") or ""),
    )


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _name(kpi: str) -> str:
    return f"1 − {label(kpi.partition('-')[2].strip())}" if kpi.startswith("1") else label(kpi)


def _explanation(comparison: ComparisonFiles, rows: Sequence[Mapping[str, Any]]) -> str:
    level = f"{comparison.confidence:.0%}".replace("%", " %")
    service = next((str(row["service"]) for row in rows if row.get("service")), "")
    equal = (
        f" At equal service: the stock of each variant is scaled until its {label(service).lower()} is that of "
        f"{comparison.manifest['base']}."
        if service
        else ""
    )
    return (
        f"What a source reports, and the model’s own change, before → after, with {level} intervals, each for itself. "
        "“More” and “less” compare the model’s change with the reported one; a reported figure counts as everything "
        f"that is rounded to it.{equal}"
    )
