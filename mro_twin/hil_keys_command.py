"""`mro-twin hil keys`: certificates for OPC UA and TLS, and users."""

import os
import sys
from pathlib import Path

import click

PASSWORD_VARIABLE = "MRO_TWIN_PASSWORD"


@click.command("keys")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", "hosts", metavar="NAME", multiple=True, help="Name or address that servers are reached under.")
@click.option("--days", type=click.IntRange(1, 36_500), default=825, show_default=True, help="Days they are valid.")
@click.option("--user", metavar="NAME", help="Add a user to FOLDER/users instead of making certificates.")
def command(folder: Path, hosts: tuple[str, ...], days: int, user: str | None) -> None:
    """Write certificates and private keys for a test bench into FOLDER.

    opcua-server and opcua-client sign themselves; broker is signed by ca, whose certificate (ca.pem) MQTT clients
    trust. With --user the password is asked for, or taken from the variable MRO_TWIN_PASSWORD; only its hash is kept.
    Users may log in over OPC UA and at the embedded broker.
    """
    from device_emulators.faces.addresses import AddressError
    from hil.keys import KeysError, make_keys, set_user

    try:
        if user is not None:
            password = os.environ.get(PASSWORD_VARIABLE) or click.prompt(
                f"password of {user}", hide_input=True, confirmation_prompt=True, err=True
            )
            folder.mkdir(parents=True, exist_ok=True)
            set_user(folder / "users", user, password)
            written = [folder / "users"]
        else:
            written = make_keys(folder, hosts or ("localhost", "127.0.0.1"), days)
    except (KeysError, AddressError) as error:
        click.echo(f"mro-twin: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"mro-twin: cannot write to {folder}: {error.strerror or error}", err=True)
        sys.exit(4)
    for path in written:
        click.echo(path)
