"""What a command does with the errors of the twin: a message for people on stderr, and the exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from sim.errors import TwinError
from sim.scenario import ScenarioError


@contextmanager
def errors_told() -> Iterator[None]:
    """Errors of the twin in this block are told, with what was noted on them, and end the command."""
    try:
        yield
    except ScenarioError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except TwinError as error:
        click.echo(f"mro-twin: {error}", err=True)
        for note in getattr(error, "__notes__", ()):
            click.echo(note, err=True)
        sys.stdout.flush()
        sys.exit(error.exit_code)
