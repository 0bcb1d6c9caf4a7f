"""The command line: a lazy group that imports a command's module (mro_twin/<name>_command.py) when it is called."""

import sys
from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "run": "Simulate a scenario and print its KPIs.",
    "verify": "Compare the twin with inventory theory.",
    "sweep": "Simulate a scenario over a grid of settings.",
    "compare": "Compare variants: which is better, by how much, how sure.",
    "size": "Size a pilot: devices, stock and visits that keep a promise at least cost.",
    "validate": "Check a scenario and list everything that is wrong with it.",
    "scenarios": "List the built-in scenarios.",
    "report": "Write the report of a run or a comparison.",
    "explain": "Say why a line was short: the chain of causes, in words.",
    "trace": "Say where every unit of a lot came from and went.",
    "emulate": "Run devices alone for a gateway or SCADA to read, or print their registers and nodes.",
    "ledger": "List invoices; sign, verify and prove the log of reported use that they rest on.",
    "state": "Prepare and check the state that a run starts from.",
    "hil": "Hardware in the loop: the twin with real devices and gateways.",
    "schema": "Print the JSON Schema of the scenario language.",
}


class LazyGroup(click.Group):
    """A group whose commands and their help are known by name, and imported only to be run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"mro_twin.{cmd_name}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"mro-twin {version('mro-twin')}")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print it.")
def cli() -> None:
    """A digital twin of maintenance consumables and spare-parts networks.

    Results go to stdout, progress and messages to stderr. Exit codes: 0 done; 1 a target or check was missed;
    2 bad input; 3 an invariant of the model broke; 4 the machine failed; 130 interrupted (resumable).
    """


def main() -> None:
    """Entry point of the `mro-twin` command."""
    try:
        code = cli.main(prog_name="mro-twin", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # the reader of our output has gone (`mro-twin run ... | head`); say nothing more, also not at exit
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
