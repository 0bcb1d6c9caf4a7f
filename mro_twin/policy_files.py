"""The option `--policies FILE`, for every command that reads scenarios."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def policies_option(command: F) -> F:
    """Decorator: the option `--policies FILE`, which runs a Python file that registers policies; may be repeated.

    A scenario cannot name such a file: it is code, and only who types the command may choose to run it.
    """
    option = click.option(
        "--policies",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        multiple=True,
        is_eager=True,
        expose_value=False,
        callback=_load,
        help="A Python file with policies of your own, which is run; may be repeated.",
    )
    return option(command)


def _load(_context: click.Context, _option: click.Parameter, paths: tuple[Path, ...]) -> None:
    from policies.registry import PolicyFileError, load_policy_file

    for path in paths:
        try:
            load_policy_file(path)
        except (PolicyFileError, TypeError) as error:
            raise click.BadParameter(str(error)) from error
