"""`mro-twin hil snapshot`: the state of a running twin as tables, and what is likely to run out."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from mro_twin.hil_ctl_command import FOLDER, ask_or_exit


@click.command("snapshot")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@FOLDER
@click.option("--ahead", metavar="SCENARIO", help="Look ahead with this scenario, the one that runs.")
@click.option("--hours", type=click.FloatRange(0.1, 8760), default=72.0, show_default=True, help="How far.")
@click.option("-r", "--replications", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Runs.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="As for the run; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the look ahead as JSON.")
def command(
    folder: Path,
    out: Path,
    ahead: str | None,
    hours: float,
    replications: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write the state of the run in --out into FOLDER, from which `mro-twin run --from-state FOLDER` goes on.

    The scenario starts when the run was started: `mro-twin hil ctl status` tells when (`origin`).
    """
    time_ms = ask_or_exit(out, {"do": "save", "folder": str(folder.resolve())})["time_ms"]
    click.echo(f"{folder}: the state at {time_ms} ms", err=as_json)
    if ahead is not None:
        origin = ask_or_exit(out, {"do": "status"})["origin"]
        _look_ahead(ahead, folder, origin, hours, replications, settings, as_json)


def _look_ahead(
    name: str,
    folder: Path,
    origin: str,
    hours: float,
    replications: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    from hil.bridge.look_ahead import look_ahead
    from mro_twin.errors import errors_told
    from sim.run.simulation import network_of
    from sim.scenario import load_scenario
    from sim.scenario.locate import locate_scenario

    with errors_told():
        path, variant = locate_scenario(name)
        scenario = load_scenario(path, [f"start={origin}", "warm_up=0", *settings], variant)
        found = look_ahead(network_of(scenario), folder, hours, replications)
    if as_json:
        click.echo(json.dumps({"hours": hours, "items": [asdict(one) for one in found]}))
        return
    click.echo(f"without stock within {hours:g} h:")
    for one in found:
        if one.chance > 0:
            click.echo(
                f"  {one.chance:4.0%} ({one.low:.0%} to {one.high:.0%})  {one.node}/{one.item}, {one.on_hand} now"
            )
