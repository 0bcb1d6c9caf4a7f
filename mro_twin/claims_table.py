"""What `mro-twin compare` prints of claims: the reported change, the model's own beside it, and a verdict."""

from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sim.compare.claims import (
    AS_REPORTED,
    NOT_SHOWN,
    NOT_SO,
    OPPOSITE,
    Answer,
    ClaimResult,
    service_in_words,
    unanswered,
)

if TYPE_CHECKING:
    from sim.compare.comparison import Comparison

_TONE: Final = {AS_REPORTED: "green", OPPOSITE: "red", NOT_SO: "red", NOT_SHOWN: "yellow"}
_CLAIM_WIDTH: Final = 44
_REPORTED_WIDTH: Final = 18


def print_claims(console: Console, comparison: "Comparison") -> None:
    """Print the table of claims that could be answered, and a line about those that could not; nothing without."""
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


def _table(told: list[ClaimResult], views: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("claim", max_width=_CLAIM_WIDTH)
    table.add_column("reported", max_width=_REPORTED_WIDTH)
    for view in views:
        table.add_column(f"the model, {view}")
    for one in told:
        answers = {answer.view: answer for answer in one.answers}
        about = f"{one.kpi}: {one.against} → {one.variant}"
        cells = [_cell(answers[view]) if view in answers else "" for view in views]
        table.add_row(f"{escape(one.says)}\n[dim]{escape(about)}[/]", escape(one.reported), *cells)
    return table


def _cell(answer: Answer) -> str:
    tone = _TONE.get(answer.verdict)
    verdict = escape(answer.verdict)
    return f"{escape(answer.words)}\n{f'[{tone}]{verdict}[/]' if tone else verdict}"
