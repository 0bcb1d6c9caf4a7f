"""The pictures of the section on contracts."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes

from reports.charts import chart
from reports.contract_books import SIDES, TIED_UP
from reports.contracts import Contract
from reports.figures import COLOURS, place_legend, scale
from reports.run_files import RunFiles

LABELS_SHOWN: Final = 8


def contract_pictures(run: RunFiles, one: Contract, place: int) -> Sequence[tuple[str, Markup, str]]:
    """Heading, picture and caption of each picture that has something to show; `place` makes names unique."""
    if one.books is None:
        return []
    months, capital = one.books.months, one.books.capital
    drawn: list[tuple[str, str, bool, Callable[[Any], None]]] = [
        (
            "Truth, record and bill",
            "Truly used, recorded by the platform, billed by use: at the price of the bill, means over replications.",
            one.books.reconciled,
            lambda axes: draw_months(axes, months, run.currency),
        ),
        (
            "The supplier’s capital",
            "Stock at cost, what is not yet billed and what is not paid, as each day ends; means over replications.",
            bool(len(capital)) and bool(capital.to_numpy().any()),
            lambda axes: draw_capital(axes, capital, run.currency, str(run.manifest["start"])[:10]),
        ),
    ]
    return [
        (heading, chart(f"contract-{place}-{at}", f"{one.name}: {heading}. {caption}", draw), caption)
        for at, (heading, caption, content, draw) in enumerate(drawn)
        if content
    ]


def draw_months(axes: Axes, months: pd.DataFrame, currency: str) -> None:
    """Three bars a month: truth, record, bill; `months` is that of `reports.contract_books`."""
    divisor, unit = scale(float(months[list(SIDES)].to_numpy().max(initial=0.0)))
    place = np.arange(len(months))
    for at, (side, colour) in enumerate(zip(SIDES, COLOURS, strict=False)):
        axes.bar(place + (at - 1) * 0.27, months[side].to_numpy() / divisor, 0.25, color=colour, label=side)
    step = -(-len(months) // LABELS_SHOWN)
    axes.set_xticks(place[::step], [str(one) for one in months.index[::step]])
    axes.set(ylabel=f"{unit}{currency}", xlabel="calendar month")
    place_legend(axes, columns=3)


def draw_capital(axes: Axes, capital: pd.DataFrame, currency: str, start: str) -> None:
    """Balances day by day, stacked; what is negative (credits) is left out of the stack."""
    values = capital.clip(lower=0.0)
    divisor, unit = scale(float(values.sum(axis=1).max()))
    columns = [values[name].to_numpy() / divisor for name in TIED_UP]
    axes.stackplot(
        capital.index.to_numpy() + 1, columns, labels=list(TIED_UP.values()), colors=COLOURS, step="post", alpha=0.9
    )
    axes.set(ylabel=f"{unit}{currency}", xlabel=f"day from {start}")
    axes.set_ylim(bottom=0)
    place_legend(axes, columns=3)
