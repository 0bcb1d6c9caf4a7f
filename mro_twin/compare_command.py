"""`mro-twin compare`: is B better than A, by how much, and how sure is that."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mro_twin.errors import errors_told
from mro_twin.policy_files import policies_option
from mro_twin.progress import ReplicationProgress
from mro_twin.run_command import DEFAULT_OUT, announce_compilation

if TYPE_CHECKING:
    from sim.compare.comparison import CompareOptions, Comparison


@click.command("compare")
@click.argument("variants", nargs=-1, required=True, metavar="A [B] [C ...]")
@click.option("-r", "--replications", type=click.IntRange(1), help="Replications of each; default: the scenario's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all of them; default: the scenario's.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting of all; repeatable.")
@click.option("-j", "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@policies_option
@click.option("--cluster", metavar="ADDRESS", help="Simulate on a Dask cluster, as `mro-twin run` does.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Folder for the comparison's directory; with --resume also that directory itself.",
)
@click.option("--resume", is_flag=True, help="Go on with the newest comparison of these variants in --out.")
@click.option(
    "--fail-if", "limits", metavar="KPI:LIMIT", multiple=True, help="Exit code 1 for a change beyond this; repeatable."
)
@click.option("--match", metavar="KPI", help="First scale each variant's stock until this KPI equals the base's.")
@click.option("--no-match", is_flag=True, help="Compare as they are, also where the scenario states a KPI to match.")
@click.option("--scale", metavar="PATH", help="The number that --match scales; default: the scenario's, stock_factor.")
@click.option("--frontier", is_flag=True, help="Also draw cost against service, stock scaled from 0.6 to 1.6 times.")
@click.option(
    "--best", metavar="KPI", default="total_cost", show_default=True, help="KPI for the probability of being best."
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["echelon", "class", "node", "contract", "contract_stream", "sla"]),
    multiple=True,
    help="Print these differences too, beside the whole network's; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    variants: tuple[str, ...],
    replications: int | None,
    seed: int | None,
    settings: tuple[str, ...],
    workers: int,
    cluster: str | None,
    out: Path,
    resume: bool,
    limits: tuple[str, ...],
    match: str | None,
    no_match: bool,
    scale: str | None,
    frontier: bool,
    best: str,
    scopes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare variants with the first one, the base, and say in words what is better, by how much, and how sure.

    Each is a scenario (file or built-in name), SCENARIO@VARIANT, or the directory of a finished run. A single SCENARIO
    stands for all its variants, compared as its `comparison` section says. All that is simulated meets the same
    customers (common random numbers), so that the differences are paired. Intervals of several variants hold together
    (Bonferroni), p values are Holm's. Claims that the scenario states are put to the test.

    \b
    --fail-if KPI[@SCOPE/KEY]:LIMIT fails when the change is beyond the limit and its interval leaves out zero:
      fill_rate:-0.5%           a share falls by more than 0.5 percentage points
      total_cost:+2%            anything else rises by more than 2 % of the base's
      wait_mean:+1.5            by more than 1.5 in the KPI's own unit
      fill_rate@class/A:-1%     of a class, echelon or node

    --match fill_rate multiplies the number at --scale (default: the scenario's stock_factor, which scales all stock
    levels) until the fill rates differ by less than 0.2 points (other KPIs than shares: by less than 1 %).

    Totals of the network compare everything; single nodes and echelons only where both sides have them.
    """
    from sim.compare.comparison import CompareOptions
    from sim.compare.limits import failures, parse_limit

    if match is not None and no_match:
        raise click.UsageError("--match and --no-match contradict each other.")
    options = CompareOptions(
        replications, seed, workers, out, resume, match, scale or "", frontier, best, settings, cluster
    )
    with errors_told():
        parsed = [parse_limit(text) for text in limits]
        comparison = _compare(variants, settings, options, no_match)
        broken = failures(parsed, comparison.found)
    _print(comparison, scopes, as_json, [str(one) for one in broken])
    sys.exit(1 if broken else 0)


def _compare(
    variants: tuple[str, ...], settings: tuple[str, ...], options: "CompareOptions", no_match: bool
) -> "Comparison":
    from sim.compare.comparison import compare_subjects, with_stated
    from sim.compare.subjects import find_subjects, stated_comparison

    subjects = find_subjects(variants, settings)
    options = with_stated(options, stated_comparison(variants, subjects), no_match)
    simulated = [one.scenario for one in subjects if one.scenario is not None]
    if simulated:
        announce_compilation(any(one.has_plants for one in simulated))
    with ReplicationProgress() as progress:
        comparison = compare_subjects(subjects, options, progress, lambda text: click.echo(text, err=True))
    if comparison.frontier and comparison.path is not None:
        from reports.frontier import write_frontier

        try:
            write_frontier(comparison.path)
        except OSError as error:
            click.echo(f"mro-twin: the frontier could not be drawn: {error}", err=True)
    return comparison


def _print(comparison: "Comparison", scopes: tuple[str, ...], as_json: bool, broken: list[str]) -> None:
    if as_json:
        from sim.compare.directory import finite

        document = {
            "comparison_directory": str(comparison.path),
            "seed": comparison.seed,
            "replications": comparison.replications,
            "confidence": comparison.confidence,
            **comparison.document(),
            "differences": comparison.rows("network", "echelon", "contracts", *scopes),
            "failed": broken,
        }
        click.echo(json.dumps(finite(document), indent=1, allow_nan=False, default=str))
        return
    from mro_twin.compare_table import print_comparison

    print_comparison(comparison, scopes)
    for text in broken:
        click.echo(text, err=True)
