"""Claims of a scenario and what the model said of them, as comparison.json has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.catalogue import label
from reports.comparison_files import ComparisonFiles


@dataclass(frozen=True)
class ToldClaim:
    """A claim in words: what it says, about which KPI and variants, what is reported, and (words, verdict) by view."""

    says: str
    source: str
    about: str
    reported: str
    answers: Sequence[tuple[str, str]]


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
    name = label(kpi)
    if kpi.startswith("1"):
        name = f"1 − {label(kpi.partition('-')[2].strip())}"
    return ToldClaim(
        says=str(row.get("says", "")),
        source=str(row.get("source", "")),
        about=f"{name}: {row.get('against', '')} → {row.get('variant', '')}",
        reported=str(row.get("reported", "")),
        answers=[by_view.get(view, ("", "")) for view in views],
    )


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
