"""`mro-twin scenarios`: the built-in scenarios with one line each."""

import json
import sys

import click

from sim.scenario.findings import ScenarioError
from sim.scenario.locate import built_in_scenarios


@click.command("scenarios")
@click.option("--json", "as_json", is_flag=True, help="Print name, file and description as JSON.")
def command(as_json: bool) -> None:
    """List the built-in scenarios. Any of them can be given by name, as in `mro-twin run network`."""
    try:
        found = built_in_scenarios()
    except ScenarioError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    if as_json:
        click.echo(
            json.dumps([{"name": one.name, "file": str(one.path), "description": one.description} for one in found])
        )
        return
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        click.echo(f"{one.name:<{width}}  {one.description}".rstrip())
