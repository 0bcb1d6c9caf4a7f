"""`mro-twin verify`: long runs beside closed forms, with a verdict for each."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mro_twin.errors import errors_told
from mro_twin.progress import ReplicationProgress
from mro_twin.run_command import announce_compilation

if TYPE_CHECKING:
    from sim.verify.run import Verification

DEFAULT_OUT = Path("runs") / "verification"


@click.command("verify")
@click.option("--only", metavar="TEXT", multiple=True, help="Only cases with this in their name or family; repeatable.")
@click.option("--list", "list_only", is_flag=True, help="List the cases with their sources, and simulate nothing.")
@click.option("--quick", is_flag=True, help="A fourth of the simulation: intervals twice as wide.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Seed of all streams.")
@click.option("-j", "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Folder for verification.md and verification.json.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def command(
    only: tuple[str, ...], list_only: bool, quick: bool, seed: int, workers: int, out: Path, as_json: bool
) -> None:
    """Compare the twin with inventory theory and say where they agree.

    Simulates small systems of which theory knows the answer (base stock, lots, newsvendor, echelons, pooling, ...) and
    prints theory, simulation, confidence interval and verdict, each with the source of its formula. All intervals
    together hold with 99 %. Also checks that the 95 % intervals of a run contain the truth about as often as they say.

    Exit code 1 when a comparison fails. The table is saved in --out as Markdown and JSON.
    """
    with errors_told():
        from sim.verify.run import select

        names = select(only)
        if list_only:
            _print_list(names, as_json)
            return
        verification = _verify(names, seed, quick, workers)
        page = _save(verification, out)
    if as_json:
        from sim.verify.page import as_document

        click.echo(json.dumps(as_document(verification), indent=1, allow_nan=False))
    else:
        _print_table(verification, page)
    for row in verification.failures:
        click.echo(f"mro-twin: {row.case.name}: {row.check.what}: {row.verdict}", err=True)
    sys.exit(1 if verification.failures else 0)


def _verify(names: list[str], seed: int, quick: bool, workers: int) -> "Verification":
    from sim.verify.registry import Effort
    from sim.verify.run import uses_plants, verify

    announce_compilation(uses_plants(names))
    with ReplicationProgress(what="cases") as progress:
        return verify(names, Effort(seed, quick), workers, progress)


def _save(verification: "Verification", out: Path) -> Path:
    """Write the page; RunDirectoryError when that is not possible."""
    from sim.errors import RunDirectoryError
    from sim.verify.page import write_page

    try:
        return write_page(verification, out)[0]
    except OSError as error:
        raise RunDirectoryError(f"--out {out}: the page cannot be written: {error}") from error


def _print_list(names: list[str], as_json: bool) -> None:
    from sim.verify.registry import all_cases

    cases = [all_cases()[name] for name in names]
    if as_json:
        rows = [
            {"case": one.name, "family": one.family, "claim": one.summary, "source": str(one.source)} for one in cases
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for one in cases:
        click.echo(f"{one.name} ({one.family}): {one.summary} {one.source}")


def _print_table(verification: "Verification", page: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from sim.verify.page import COLUMNS, cells, explanation, footing, headline

    # In a file or a pipe there is no window to fit into.
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200, highlight=False)
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(COLUMNS):
        table.add_column(name, justify="right" if place in (1, 2, 3) else "left", no_wrap=place > 0)
    case = ""
    for row in verification.rows:
        if row.case.name != case:
            case = row.case.name
            table.add_row()
            table.add_row(f"[bold]{escape(case)}[/bold]")
        style = "bold red" if row.failed else "dim" if row.verdict == "information" else None
        table.add_row(*(escape(text) for text in cells(row)), style=style)
    console.print(table)
    console.print()
    console.print(explanation(verification), soft_wrap=True, markup=False)
    console.print(f"{headline(verification)} ({footing(verification)})", style="bold", soft_wrap=True, markup=False)
    console.print(f"saved: {page}", soft_wrap=True, markup=False)
