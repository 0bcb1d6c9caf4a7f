"""`mro-twin hil snapshot`: the state of a running twin as tables, and what is likely to run out."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mro_twin.hil_ctl_command import FOLDER, ask_or_exit

if TYPE_CHECKING:
    from sim.network import Network


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
    network = None if ahead is None else _network(ahead, ask_or_exit(out, {"do": "status"}), settings)
    time_ms = ask_or_exit(out, {"do": "save", "folder": str(folder.resolve())})["time_ms"]
    click.echo(f"{folder}: the state at {time_ms} ms", err=as_json)
    if network is not None:
        _look_ahead(network, folder, hours, replications, as_json)


def _network(name: str, status: dict[str, Any], settings: tuple[str, ...]) -> "Network":
    """The scenario that is to be looked ahead with. Ends the command when it is not the one that runs."""
    from mro_twin.errors import errors_told
    from sim.run.simulation import network_of
    from sim.scenario import load_scenario
    from sim.scenario.locate import locate_scenario

    with errors_told():
        path, variant = locate_scenario(name)
        scenario = load_scenario(path, [f"start={status['origin']}", "warm_up=0", *settings], variant)
        network = network_of(scenario)
    if network.name != status["scenario"]:
        click.echo(f"mro-twin: what runs is {status['scenario']}; --ahead {name} is {network.name}", err=True)
        sys.exit(2)
    return network


def _look_ahead(network: "Network", folder: Path, hours: float, replications: int, as_json: bool) -> None:
    from hil.bridge.look_ahead import look_ahead
    from mro_twin.errors import errors_told

    with errors_told():
        found = look_ahead(network, folder, hours, replications)
    if as_json:
        click.echo(json.dumps({"hours": hours, "items": [asdict(one) for one in found]}))
        return
    click.echo(f"without stock within {hours:g} h:")
    for one in found:
        if one.chance > 0:
            click.echo(
                f"  {one.chance:4.0%} ({one.low:.0%} to {one.high:.0%})  {one.node}/{one.item}, {one.on_hand} now"
            )
