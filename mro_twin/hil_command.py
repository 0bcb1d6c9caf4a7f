"""`mro-twin hil`: hardware in the loop. Each of its commands is a module (mro_twin/hil_<name>_command.py)."""

from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "accept": "Run an acceptance suite on a gateway.",
    "ctl": "Ask or tell a running twin: status, switch, rate, stop.",
    "keys": "Make certificates and users for a test bench.",
    "run": "Run the twin by the wall's clock, with emulated and real devices.",
    "snapshot": "Write the state of a running twin; look ahead from it.",
}


class HilGroup(click.Group):
    """Commands known by name, and imported only to be run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"mro_twin.hil_{cmd_name}_command").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("hil", cls=HilGroup)
def command() -> None:
    """Hardware in the loop: the twin with real devices and gateways."""
