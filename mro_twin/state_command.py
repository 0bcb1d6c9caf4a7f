"""`mro-twin state`: the tables of a starting state, for an extract of a plant's own system."""

import sys
from pathlib import Path

import click

from sim.build.network_builder import build_network
from sim.network import Network
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.locate import locate_scenario


@click.group("state")
def command() -> None:
    """Prepare and check the state that a run starts from (`mro-twin run --from-state`)."""


@command.command("template")
@click.argument("scenario")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario file; also as SCENARIO@NAME.")
def template(scenario: str, folder: Path, settings: tuple[str, ...], variant: str | None) -> None:
    """Write SCENARIO's own opening into FOLDER as CSV tables, with a README, to be filled with measured figures."""
    from sim.state.front import write_template

    network = _network(scenario, settings, variant)
    try:
        write_template(network, folder)
    except FileExistsError as error:
        click.echo(f"mro-twin: {error}; name a new folder", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"mro-twin: the template could not be written to {folder}: {error.strerror or error}", err=True)
        sys.exit(4)
    click.echo(folder)


@command.command("check")
@click.argument("scenario")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario file; also as SCENARIO@NAME.")
def check(scenario: str, folder: Path, settings: tuple[str, ...], variant: str | None) -> None:
    """List all that is wrong with the state in FOLDER as a start of SCENARIO: exit code 0 if nothing is, else 2."""
    from sim.state.front import read_state

    network = _network(scenario, settings, variant)
    try:
        tables = read_state(network, folder)
    except ScenarioError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    rows = sum(len(table) for table in tables.rows.values())
    click.echo(f"ok: a state of {network.name} at {tables.meta.time_ms} ms ({tables.meta.kind}, {rows:,} rows)")


def _network(name: str, settings: tuple[str, ...], variant: str | None) -> Network:
    try:
        path, named_variant = locate_scenario(name)
        return build_network(load_scenario(path, list(settings), variant or named_variant))
    except ScenarioError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
