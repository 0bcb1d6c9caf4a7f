"""`mro-twin sweep`: a scenario over a grid of settings, one tidy table and a main-effects figure."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mro_twin.errors import errors_told
from mro_twin.policy_files import policies_option
from mro_twin.progress import ReplicationProgress
from mro_twin.run_command import DEFAULT_OUT, announce_compilation
from sim.errors import TwinError
from sim.scenario import load_scenario

if TYPE_CHECKING:
    from sim.run.sweep import SweepResult

DEFAULT_KPIS = ("fill_rate", "stock_value", "total_cost")
MOST_ROWS = 60
MAXIMUM_WIDTH = 160


@click.command("sweep")
@click.argument("scenario")
@click.option(
    "--vary",
    "varied",
    metavar="PATH=VALUES",
    multiple=True,
    required=True,
    help="A setting, as for --set, and its values: low:high:step (policies.0.policy.level=1:9:2, horizon=7 d:14 d:1 d) "
    "or a list (a,b,c). Repeated, the grid has every combination.",
)
@click.option(
    "--kpi", "kpis", metavar="KPI", multiple=True, help=f"To show and draw; default: {', '.join(DEFAULT_KPIS)}."
)
@click.option("-r", "--replications", type=click.IntRange(1), help="Of each point; default: the scenario's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all random streams; default: the scenario's.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting at every point.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario file; also as SCENARIO@NAME.")
@click.option("-j", "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@policies_option
@click.option("--cluster", metavar="ADDRESS", help="Simulate on the workers of a Dask scheduler, tcp://HOST:8786.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Folder for sweep directories; with --resume also a sweep directory itself.",
)
@click.option("--resume", is_flag=True, help="Go on with the newest sweep of this scenario in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print every KPI of every point as JSON.")
def command(
    scenario: str,
    varied: tuple[str, ...],
    kpis: tuple[str, ...],
    replications: int | None,
    seed: int | None,
    settings: tuple[str, ...],
    variant: str | None,
    workers: int,
    cluster: str | None,
    out: Path,
    resume: bool,
    as_json: bool,
) -> None:
    """Simulate SCENARIO at every point of a grid of settings, all with the same random numbers.

    Writes a directory with sweep.parquet and sweep.csv (mean and half width of every KPI of the network at each point)
    and a figure of the main effects. Only KPIs are kept, no records. A sweep that is stopped goes on with --resume.
    """
    from sim.run.sweep import SweepOptions, run_sweep
    from sim.run.sweep_grid import grid, parse_factor, remarks
    from sim.scenario.locate import locate_scenario

    with errors_told():
        shown = _known_kpis(kpis) or DEFAULT_KPIS
        factors = [parse_factor(text) for text in varied]
        path, named_variant = locate_scenario(scenario)
        base = load_scenario(path, list(settings), variant or named_variant)
        points = grid(path, settings, variant or named_variant, factors)
        for remark in remarks(factors):
            click.echo(remark, err=True)
        options = SweepOptions(replications, seed, workers, out, resume, cluster)
        if cluster is None:
            announce_compilation(base.has_plants)
        with ReplicationProgress() as progress:
            result = run_sweep(base, factors, points, options, progress)
    pictures = _draw(result.path, shown)
    if as_json:
        click.echo(json.dumps(_document(result, [factor.path for factor in factors]), indent=1, allow_nan=False))
    else:
        _print(result, [factor.path for factor in factors], shown, pictures)


def _known_kpis(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once; TwinError (exit code 2) for one that is no KPI of the whole network or of contracts."""
    from sim.kpi.network_values import whole_kpis
    from sim.scenario.findings import did_you_mean

    known = whole_kpis()
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
            raise TwinError(f"--kpi {name}: there is no such KPI of the whole network ({hint})")
    return tuple(dict.fromkeys(names))


def _draw(path: Path, kpis: Sequence[str]) -> list[Path]:
    from reports.main_effects import SweepFiles, write_main_effects

    sweep: SweepFiles = SweepFiles.open(path)
    files = [path / "main_effects.svg", path / "main_effects.png"]
    try:
        for file in files:
            write_main_effects(sweep, kpis, file)
    except OSError as error:
        click.echo(f"mro-twin: the figure could not be written: {error}; the tables are in {path}", err=True)
        sys.exit(4)
    return files


def _document(result: "SweepResult", factors: Sequence[str]) -> dict[str, Any]:
    """Points with their settings, and every KPI of each: mean, half_width (null for one replication), n, unit."""
    points: dict[int, dict[str, Any]] = {}
    for row in result.table.to_pylist():
        point = points.setdefault(row["point"], {"point": row["point"], "settings": {}, "kpis": {}})
        point["settings"] = {factor: row[factor] for factor in factors}
        point["kpis"][row["kpi"]] = {name: row[name] for name in ("mean", "half_width", "n", "unit")}
    document = {"sweep_directory": str(result.path), "confidence": result.confidence, "points": list(points.values())}
    return document if result.warm_up is None else document | {"warm_up": result.warm_up}


def _print(result: "SweepResult", factors: Sequence[str], kpis: Sequence[str], pictures: Sequence[Path]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from mro_twin.number_format import format_mean
    from sim.kpi.summary import Mean
    from sim.run.warm_up_length import describe

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else MAXIMUM_WIDTH, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in factors:
        table.add_column(escape(name), justify="right")
    points: dict[int, tuple[dict[str, Any], dict[str, Mean]]] = {}
    units: dict[str, str] = {}
    for row in result.table.to_pylist():
        means = points.setdefault(row["point"], (row, {}))[1]
        width = float("nan") if row["half_width"] is None else row["half_width"]
        means[row["kpi"]] = Mean("network", "network", row["kpi"], row["mean"], width, row["n"], row["unit"])
        units[row["kpi"]] = row["unit"]
    for kpi in kpis:
        table.add_column(
            kpi if units.get(kpi, "share") == "share" else f"{kpi} [{units[kpi]}]".replace("[", r"\["), justify="right"
        )
    most = max((mean.n for _, means in points.values() for mean in means.values()), default=0)
    for row, means in list(points.values())[:MOST_ROWS]:
        cells = [escape(str(row[name])) for name in factors]
        table.add_row(*cells, *(format_mean(means.get(kpi), most) for kpi in kpis))
    plural = "s" if most != 1 else ""
    interval = f", mean ± half width of the {result.confidence:.0%} confidence interval" if most > 1 else ""
    console.print(f"{len(points)} points of {most} replication{plural}{interval}", style="bold", soft_wrap=True)
    console.print(table)
    if len(points) > MOST_ROWS:
        console.print(f"... and {len(points) - MOST_ROWS} more points in sweep.csv")
    if result.warm_up is not None:
        console.print(describe(result.warm_up), soft_wrap=True)
    console.print(f"main effects: {pictures[0]}", soft_wrap=True, markup=False)
    console.print(f"sweep directory: {result.path}", soft_wrap=True, markup=False)
