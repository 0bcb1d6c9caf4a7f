"""The KPI table that `mro-twin run` prints: means over replications, a column per echelon."""

import sys
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from mro_twin.claims_table import claims_of_run
from mro_twin.contract_block import contract_tables
from mro_twin.number_format import format_mean
from mro_twin.plant_block import PLANT_KPIS, plant_tables
from sim.kpi.claims import told_claims
from sim.kpi.kpis import KPIS
from sim.kpi.summary import Mean
from sim.run.precision import describe as describe_precision
from sim.run.result import Result
from sim.run.warm_up_length import describe as describe_warm_up
from sim.scenario import Scenario
from sim.units import format_duration

MAXIMUM_WIDTH: Final = 160


def print_report(scenario: Scenario, means: Sequence[Mean], result: Result) -> None:
    """Print the KPIs with their confidence intervals and the path of the run directory to stdout."""
    # In a file or a pipe there is no window to fit into, and a wrapped number is of no use to anybody.
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else MAXIMUM_WIDTH, highlight=False)
    n = max((mean.n for mean in means), default=0)
    console.print(_title(scenario, n, result.confidence), style="bold", soft_wrap=True)
    console.print(kpi_table([mean for mean in means if mean.kpi not in PLANT_KPIS]))
    for table in (*plant_tables(means), *contract_tables(means, result.confidence)):
        console.print(table)
    claims = told_claims(scenario.claims, scenario.variant, means)
    if claims:
        console.print(claims_of_run(claims))
    console.print(_basis(result.measured_ms), soft_wrap=True)
    if result.warm_up is not None:
        console.print(describe_warm_up(result.warm_up), soft_wrap=True)
    if result.precision is not None:
        console.print("\n".join(describe_precision(result.precision)), soft_wrap=True)
    if n == 1:
        console.print("one replication: no confidence intervals; ask for more with -r")
    if result.path is not None:
        console.print(f"run directory: {result.path}", soft_wrap=True)


def kpi_table(means: Sequence[Mean]) -> Table:
    """A row per KPI: the whole network, then each echelon. Amounts that are 0 everywhere are left out."""
    means = [mean for mean in means if mean.scope in ("network", "echelon")]
    n = max((mean.n for mean in means), default=0)
    known = {kpi: place for place, kpi in enumerate(KPIS)}
    kpis = sorted(dict.fromkeys(mean.kpi for mean in means), key=lambda kpi: known.get(kpi, len(known)))
    columns = list(dict.fromkeys((mean.scope, mean.key) for mean in means))
    cell = {(mean.scope, mean.key, mean.kpi): mean for mean in means}
    unit = {mean.kpi: mean.unit for mean in means}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("KPI", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for _, key in columns:
        table.add_column(key, justify="right", no_wrap=True)
    for kpi in kpis:
        values = [cell.get((scope, key, kpi)) for scope, key in columns]
        share = unit[kpi] == "share"
        if share or any(value is not None and value.mean != 0 for value in values):
            table.add_row(kpi, "" if share else unit[kpi], *(format_mean(value, n) for value in values))
    return table


def _basis(measured_ms: tuple[int, int]) -> str:
    begin, end = measured_ms
    time = format_duration(end - begin)
    window = f"the {time} from {format_duration(begin)} to {format_duration(end)}" if begin else f"all {time}"
    return f"measured over {window}: counts and costs are totals of that time, stock its mean; turnover is per year"


def _title(scenario: Scenario, n: int, confidence: float) -> str:
    variant = "" if scenario.variant == scenario.base_variant else f", variant {scenario.variant}"
    interval = f", mean ± half width of the {confidence:.0%} confidence interval" if n > 1 else ""
    return f"{scenario.name}{variant}: {n} replication{'s' if n != 1 else ''}{interval}"
