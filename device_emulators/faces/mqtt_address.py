"""Where a broker is and how to log in there. Secrets come from a file or the environment, never from a URL."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from device_emulators.faces.addresses import AddressError

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
PASSWORD_VARIABLE: Final = "MRO_TWIN_MQTT_PASSWORD"


@dataclass(frozen=True)
class Broker:
    """An MQTT broker as a client sees it."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    authority: Path | None = None  # certificates that the broker's is to be signed by; none: those of the system
    certified_as: str = ""  # the name that its certificate must have; "": the host, unless a relay stands in between

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """How to check the broker's certificate; None without TLS. AddressError: the file cannot be used."""
        if not self.tls:
            return None
        try:
            context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
            context.name = self.certified_as or self.host
            if self.authority is None:
                context.load_default_certs()
            else:
                context.load_verify_locations(self.authority)
            return context
        except (OSError, ssl.SSLError) as error:
            raise AddressError(f"{self.authority} holds no certificates: {error.strerror or error}") from None


class _NamedContext(ssl.SSLContext):
    """Checks certificates for a name of its own."""

    name: str = ""

    def wrap_socket(self, *arguments: Any, **settings: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*arguments, **(settings | {"server_hostname": self.name}))


def parse_broker(
    url: str,
    password_file: Path | None = None,
    authority: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Broker:
    """A broker from `mqtt://[USER@]HOST[:PORT]`, or mqtts:// for TLS. AddressError, without the URL in it.

    The user's password is the first line of `password_file`, else the variable MRO_TWIN_MQTT_PASSWORD.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise AddressError("the URL of a broker begins with mqtt:// or mqtts://")
    if parts.password is not None:
        raise AddressError(f"a password does not belong into a URL: put it into a file, or into {PASSWORD_VARIABLE}")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise AddressError("the URL of a broker ends with its host and port")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressError("the port of the broker must be a number from 0 to 65535") from None
    if not host:
        raise AddressError("the URL of the broker names no host")
    user = unquote(parts.username) if parts.username else None
    password = None
    if password_file is not None:
        password = next(iter(password_file.read_text(encoding="utf-8").splitlines()), "")
    elif user is not None:
        password = environment.get(PASSWORD_VARIABLE)
    if password is not None and user is None:
        raise AddressError("a password needs a user: mqtt://USER@HOST")
    return Broker(
        host, PORTS[parts.scheme] if port is None else port, parts.scheme == "mqtts", user, password, authority
    )
