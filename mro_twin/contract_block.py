"""What `mro-twin run` prints of contracts below the KPIs: what they earn and cost, and what is kept of the promises."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from mro_twin.number_format import format_mean
from sim.kpi.summary import Mean

_CONTRACT: Final = {
    "customer_paid": "paid per month",
    "gross_margin": "margin per month",
    "capital_tied_up": "capital",
    "customer_benefit": "customer's gain",
    "renewal": "renewal",
    "lifetime_value_total": "lifetime value",
    "revenue_growth": "growth a year",
    "sla_attainment": "windows kept",
}
_LEVEL: Final = {
    "sla_measured": "measured",
    "sla_attainment": "windows kept",
    "penalty_paid": "chance of a penalty",
    "penalty_total": "penalties in all",
}
CHANCE: Final = "penalty_paid"
"""The KPI that is 1 in replications that paid a penalty, else 0."""

_ROWS: Final = 20


def contract_tables(means: Sequence[Mean], confidence: float) -> list[Table]:
    """A table of contracts and one of their service levels; none without contracts.

    The chance of a penalty comes with its Clopper-Pearson interval of this confidence.
    """
    contracts = _block("contract", "contract", _CONTRACT, means, confidence)
    levels = _block("service level", "sla", _LEVEL, means, confidence)
    return [table for table in (contracts, levels) if table.row_count]


def _block(first: str, scope: str, columns: dict[str, str], means: Sequence[Mean], confidence: float) -> Table:
    """A row per key of the scope, at most _ROWS; columns that no key has a value for are left out."""
    cell = {(mean.key, mean.kpi): mean for mean in means if mean.scope == scope}
    unit = {mean.kpi: mean.unit for mean in cell.values()}
    n = max((mean.n for mean in means), default=0)
    known = {kpi: heading for kpi, heading in columns.items() if kpi in unit}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for kpi, heading in known.items():
        table.add_column(heading + (f", {unit[kpi]}" if unit[kpi].isupper() else ""), justify="right", no_wrap=True)
    keys = list(dict.fromkeys(key for key, _ in cell))
    for key in keys[:_ROWS]:
        table.add_row(Text(key), *(_cell(cell.get((key, kpi)), n, confidence) for kpi in known))
    if len(keys) > _ROWS:
        table.add_row(f"and {len(keys) - _ROWS} more")
    return table


def _cell(mean: Mean | None, n: int, confidence: float) -> Text:
    if mean is None or mean.kpi != CHANCE:
        return Text(format_mean(mean, n))
    from sim.contracts.probability import chance

    found = chance(round(mean.mean * mean.n), mean.n, confidence)
    return Text(f"{100 * mean.mean:.0f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]")
