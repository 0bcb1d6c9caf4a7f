"""What commands say of private keys in files."""

from pathlib import Path

import click


def warn_of_shared_key(file: Path | None) -> None:
    """A word on stderr when others on this machine can read a private key."""
    if file is None:
        return
    from sim.usage_log.signing import is_shared

    if is_shared(file):
        click.echo(f"mro-twin: others can read the private key {file}; `chmod 600 {file}` keeps it secret", err=True)
