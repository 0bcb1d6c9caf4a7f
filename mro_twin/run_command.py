"""`mro-twin run`: simulate a scenario and print its KPIs."""

import json
import sys
from pathlib import Path

import click

from mro_twin.policy_files import policies_option
from mro_twin.progress import ReplicationProgress
from sim.errors import TwinError
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario, ScenarioError, load_scenario

DEFAULT_OUT = Path("runs")


@click.command("run")
@click.argument("scenario")
@click.option("-r", "--replications", type=click.IntRange(1), help="Replications; default: the scenario's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all random streams; default: the scenario's.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario file; also as SCENARIO@NAME.")
@click.option("-j", "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Folder for run directories; with --resume also a run directory itself.",
)
@click.option("--events", is_flag=True, help="Keep every demand line and movement (table events).")
@click.option("--resume", is_flag=True, help="Go on with the newest run of this scenario in --out.")
@click.option("--save-state", metavar="AT", help="Save the state at this time, such as `26 wk`, of each replication.")
@click.option(
    "--from-state",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Start from a saved state, or from those of a run directory's replications; no warm-up then.",
)
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print means and confidence intervals as JSON.")
def command(
    scenario: str,
    replications: int | None,
    seed: int | None,
    settings: tuple[str, ...],
    variant: str | None,
    workers: int,
    out: Path,
    events: bool,
    resume: bool,
    save_state: str | None,
    from_state: Path | None,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, print its KPIs and write a run directory.

    SCENARIO is a file, the name of a built-in scenario (see `mro-twin scenarios`), or either with @VARIANT.
    """
    try:
        checked = _load(scenario, settings, variant)
        options = RunOptions(
            replications=replications,
            seed=seed,
            workers=workers,
            out=out,
            events=events,
            resume=resume,
            save_state_ms=None if save_state is None else _instant(save_state, checked),
            from_state=from_state,
        )
        _announce_compilation()
        with ReplicationProgress() as progress:
            result = run_scenario(checked, options, progress)
    except ScenarioError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except TwinError as error:
        click.echo(f"mro-twin: {error}", err=True)
        for note in getattr(error, "__notes__", ()):
            click.echo(note, err=True)
        sys.stdout.flush()
        sys.exit(error.exit_code)
    means = result.means()
    if as_json:
        from sim.kpi.summary import summary_document

        document = summary_document(means, checked.variant, result.confidence, result.measured_ms)
        click.echo(json.dumps({"run_directory": str(result.path), **document}, indent=1, allow_nan=False))
        return
    from mro_twin.report_table import print_report

    print_report(checked, means, result)


def _load(name: str, settings: tuple[str, ...], variant: str | None) -> Scenario:
    from sim.scenario.locate import locate_scenario

    path, named_variant = locate_scenario(name)
    return load_scenario(path, list(settings), variant or named_variant)


def _instant(text: str, scenario: Scenario) -> int:
    """Milliseconds since the start of an option like `26 wk`; TwinError (exit code 2) when it makes no sense."""
    from policies.units import parse_duration

    try:
        instant: int = parse_duration(text)
    except ValueError as error:
        raise TwinError(f"--save-state {text}: {error}") from error
    if not 0 < instant < scenario.horizon:
        raise TwinError(f"--save-state {text}: must lie between the start and the horizon of the scenario")
    return instant


def _announce_compilation() -> None:
    """Tell the user why the very first run takes longer."""
    from sim.run.warm_up import is_compiled

    if not is_compiled():
        click.echo("first use: compiling (once, up to a minute) ...", err=True)
