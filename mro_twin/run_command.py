"""`mro-twin run`: simulate a scenario and print its KPIs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mro_twin.errors import errors_told
from mro_twin.policy_files import policies_option
from mro_twin.progress import ReplicationProgress
from mro_twin.signing_keys import warn_of_shared_key
from sim.errors import TwinError
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.findings import Place

if TYPE_CHECKING:
    from sim.run.precision import Precision
    from sim.run.result import Result

DEFAULT_OUT = Path("runs")


@click.command("run")
@click.argument("scenario")
@click.option("-r", "--replications", type=click.IntRange(1), help="Replications; default: the scenario's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all random streams; default: the scenario's.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario file; also as SCENARIO@NAME.")
@click.option(
    "--precision",
    "targets",
    metavar="KPI=WIDTH",
    multiple=True,
    help="Replications until this half width of the KPI's confidence interval is reached; repeatable. `0.5%` means "
    "points of a KPI that is a share (fill_rate=0.5%), percent of the mean of others (stock_value=2%); a number alone "
    "is in the KPI's own unit (wait_mean=0.25). Exit code 1 when the maximum of replications does not suffice.",
)
@click.option("--min-replications", type=click.IntRange(2), help="At least, with --precision; default: 5.")
@click.option("--max-replications", type=click.IntRange(2), help="At most, with --precision; default: 200.")
@click.option(
    "--warm-up",
    metavar="TIME|auto",
    help="Time at the start that is not measured; `auto` finds it in a pilot run (MSER-5) and writes warm_up.json.",
)
@click.option(
    "--pilot", type=click.IntRange(2, 1000), default=10, show_default=True, help="Replications of that pilot."
)
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
@click.option(
    "--sign-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ed25519 private key (PEM) that signs the usage log of a scenario with contracts; default: a key made for "
    "this run, whose private half is never written.",
)
@policies_option
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Simulate on the workers of a Dask scheduler, such as tcp://HOST:8786, instead of -j processes here.",
)
@click.option("--report", "wants_report", is_flag=True, help="Write the report too, as `mro-twin report` does.")
@click.option("--json", "as_json", is_flag=True, help="Print means and confidence intervals as JSON.")
def command(
    scenario: str,
    replications: int | None,
    seed: int | None,
    settings: tuple[str, ...],
    variant: str | None,
    targets: tuple[str, ...],
    min_replications: int | None,
    max_replications: int | None,
    warm_up: str | None,
    pilot: int,
    workers: int,
    out: Path,
    events: bool,
    resume: bool,
    save_state: str | None,
    from_state: Path | None,
    sign_key: Path | None,
    cluster: str | None,
    wants_report: bool,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, print its KPIs and write a run directory.

    SCENARIO is a file, the name of a built-in scenario (see `mro-twin scenarios`), or either with @VARIANT.
    """
    with errors_told():
        if warm_up is not None:
            settings = (*settings, f"warm_up={warm_up}")
        with _named_as_given(warm_up):
            checked = load(scenario, settings, variant)
        options = RunOptions(
            replications=replications,
            seed=seed,
            workers=workers,
            out=out,
            events=events,
            resume=resume,
            save_state_ms=None if save_state is None else _instant(save_state, checked),
            from_state=from_state,
            precision=_precision(targets, min_replications, max_replications, checked),
            cluster=cluster,
            pilot=pilot,
            sign_key=sign_key,
        )
        warn_of_shared_key(sign_key)
        if cluster is None:
            announce_compilation(checked.has_plants)
        with ReplicationProgress() as progress:
            result = run_scenario(checked, options, progress)
    if wants_report and result.path is not None:
        from mro_twin.report_command import report_of_run

        click.echo(f"report: {report_of_run(result.path)}", err=True)
    means = result.means()
    _tell_signed(result, sign_key)
    if as_json:
        from sim.kpi.claims import told_claims
        from sim.kpi.summary import summary_document

        document = summary_document(means, checked.variant, result.confidence, result.measured_ms)
        claims = told_claims(checked.claims, checked.variant, means)
        if claims:
            document["claims"] = [asdict(one) for one in claims]
        if result.precision is not None:
            document["precision"] = result.precision.as_dict()
        if result.warm_up is not None:
            document["warm_up"] = result.warm_up
        if result.usage_log is not None:
            document["usage_log"] = result.usage_log.as_dict()
        click.echo(json.dumps({"run_directory": str(result.path), **document}, indent=1, allow_nan=False))
    else:
        from mro_twin.report_table import print_report

        print_report(checked, means, result)
    if result.precision is not None and not result.precision.reached:
        sys.exit(1)


def _tell_signed(result: "Result", key_file: Path | None) -> None:
    """Say on stderr what was signed, with which key, and how to verify it."""
    log = result.usage_log
    if log is None:
        if key_file is not None:
            click.echo("usage log: signed before and kept; `mro-twin ledger sign --replace` signs it anew", err=True)
        return
    whose = f"the key in {key_file}" if key_file is not None else "a key made for this run and forgotten"
    click.echo(
        f"usage log: {log.entries - 1:,} reports of replication {log.replication}, signed with {whose}", err=True
    )
    click.echo(f"  fingerprint {log.key}; `mro-twin ledger verify {result.path}` verifies it", err=True)


def _precision(
    targets: tuple[str, ...], minimum: int | None, maximum: int | None, scenario: Scenario
) -> "Precision | None":
    """What is to be reached; TwinError (exit code 2) when it cannot be read or makes no sense."""
    if not targets:
        if minimum is not None or maximum is not None:
            raise TwinError("--min-replications and --max-replications go with --precision; otherwise use -r")
        return None
    from sim.run.precision import MAXIMUM, MINIMUM, Precision, parse_target

    parsed = tuple(parse_target(text, scenario.currency) for text in targets)
    twice = [one.kpi for one in parsed if [other.kpi for other in parsed].count(one.kpi) > 1]
    if twice:
        raise TwinError(f"--precision {twice[0]} is there twice; give it once")
    most = maximum or max(MAXIMUM, minimum or 0)
    return Precision(parsed, minimum or min(MINIMUM, most), most)


def load(name: str, settings: tuple[str, ...], variant: str | None) -> Scenario:
    """The scenario of a file or a built-in name, with settings laid over it and a variant (also as NAME@VARIANT)."""
    from sim.scenario.locate import locate_scenario

    path, named_variant = locate_scenario(name)
    return load_scenario(path, list(settings), variant or named_variant)


@contextmanager
def _named_as_given(warm_up: str | None) -> Iterator[None]:
    """Findings about the setting that `--warm-up` makes name that option."""
    try:
        yield
    except ScenarioError as error:
        if warm_up is None:
            raise
        own = Place(f"--warm-up {warm_up[:80]}")
        findings = [
            replace(one, place=own) if one.file.partition("=")[0] == "--set warm_up" else one for one in error.findings
        ]
        raise ScenarioError(findings) from error


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


def announce_compilation(plants: bool = False) -> None:
    """Tell the user why the very first run, or the first one with plants, takes longer."""
    from sim.run.warm_up import is_compiled

    if not (is_compiled() and (not plants or is_compiled(plants))):
        click.echo("first use: compiling (once, a minute or two) ...", err=True)
