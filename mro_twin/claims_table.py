"""What is printed of claims: the reported figure or change, the model's own beside it, and a verdict."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mro_twin.number_format import format_mean
from sim.kpi.claims import AS_REPORTED, BEFORE, LESS, MORE, NOT_SHOWN, NOT_SO, OPPOSITE, ToldClaim
from sim.kpi.summary import Mean

if TYPE_CHECKING:
    from sim.compare.claims import Answer, ClaimResult
    from sim.compare.comparison import Comparison

_TONE: Final = {AS_REPORTED: "green", OPPOSITE: "red", NOT_SO: "red", NOT_SHOWN: "yellow"}
_CLAIM_WIDTH: Final = 44
_REPORTED_WIDTH: Final = 18


def print_claims(console: Console, comparison: "Comparison") -> None:
    """Print the table of claims that could be answered, and a line about those that could not; nothing without."""
    from sim.compare.claims import service_in_words, unanswered

    told = [one for one in comparison.claims if one.answers]
    if told:
        level = f"{comparison.confidence:.0%} intervals, each for itself"
        views = list(dict.fromkeys(answer.view for one in told for answer in one.answers))
        pairs = {view: max(a.pairs for one in told for a in one.answers if a.view == view) for view in views}
        counts = ", ".join(f"{view}: {pairs[view]} replications" for view in views)
        said = "; ".join(text for text in (service_in_words(told, comparison.base), counts, level) if text)
        console.print(escape(f"claims put to the test ({said})"), style="bold", soft_wrap=True)
        console.print(_table(told, views))
    for text in unanswered(comparison.claims):
        console.print(escape(text), soft_wrap=True)


def _table(told: "list[ClaimResult]", views: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("claim", max_width=_CLAIM_WIDTH)
    table.add_column("reported", max_width=_REPORTED_WIDTH)
    for view in views:
        table.add_column(f"the model, {view}")
    for one in told:
        answers = {answer.view: answer for answer in one.answers}
        about = f"{one.kpi}: {one.against} → {one.variant}"
        cells = [_cell(answers[view]) if view in answers else "" for view in views]
        remark = f"\n[italic]{escape(one.remark)}[/]" if one.remark else ""
        table.add_row(f"{escape(one.says)}\n[dim]{escape(about)}[/]{remark}", escape(one.reported), *cells)
    return table


def claims_of_run(claims: Sequence[ToldClaim]) -> Table:
    """A row per claim that is about the variant of a run, with the model's mean; the notes stand below each claim."""
    table = Table(title="claims about this variant", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("claim", max_width=2 * _CLAIM_WIDTH)
    table.add_column("reported", max_width=_REPORTED_WIDTH)
    table.add_column("the model", justify="right", no_wrap=True)
    table.add_column("unit")
    table.add_column("verdict")
    for one in claims:
        width = math.nan if one.half_width is None else one.half_width
        mean = Mean(one.scope, one.key, one.kpi, one.mean, width, one.n, one.unit)
        about = " ".join(text for text in (one.kpi, "" if one.scope == "network" else one.key) if text)
        note = f"\n[italic]{escape(one.note)}[/]" if one.note else ""
        said = f"{escape(one.says)}\n[dim]{escape(about)}[/]{note}"
        reported = escape(one.reported) + (" (before)" if one.side == BEFORE else "")
        tone = _TONE.get(one.verdict) or ("yellow" if one.verdict in (MORE, LESS) else None)
        verdict = f"[{tone}]{escape(one.verdict)}[/]" if tone else escape(one.verdict)
        table.add_row(said, reported, format_mean(mean, one.n), "" if one.unit == "share" else one.unit, verdict)
    return table


def _cell(answer: "Answer") -> str:
    tone = _TONE.get(answer.verdict)
    verdict = escape(answer.verdict)
    return f"{escape(answer.words)}\n{f'[{tone}]{verdict}[/]' if tone else verdict}"
