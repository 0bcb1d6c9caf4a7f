"""`mro-twin schema`: the JSON Schema of the scenario language, for editors."""

import json

import click

from mro_twin.policy_files import policies_option
from sim.scenario.kinds import know_all_policies
from sim.scenario.schema import json_schema


@click.command("schema")
@policies_option
def command() -> None:
    """Print the JSON Schema of the scenario language.

    Editors use it to complete and check scenario files: put `# yaml-language-server: $schema=scenario.schema.json`
    on the first line of a scenario.
    """
    know_all_policies()
    click.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))
