"""Where devices are in an OPC UA server, as an address that people write."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from device_emulators.faces.addresses import AddressError

SCHEME: Final = "opc.tcp"
NAMESPACE: Final = "urn:mro-twin:devices"
"""Of the nodes that emulated devices have."""
FOLDER: Final = ("Devices",)
MOST_OBJECTS: Final = 1000
_INDEXED: Final = re.compile(r"(\d{1,5}):(.+)", re.DOTALL)


@dataclass(frozen=True)
class ObjectPath:
    """The object of a device: browse names from Objects on, each perhaps with the index of its namespace before it, as
    in `2:Plant`. Nodes below it, and names without an index, are in `namespace`: its URI, or its index."""

    folder: tuple[str, ...]
    name: str
    namespace: str | int = NAMESPACE

    @classmethod
    def parse(cls, text: str) -> "ObjectPath":
        """`tank-1` is `Devices/tank-1`; with a slash it is the whole path. AddressError: it has an empty part."""
        parts = [unquote(part) for part in text.split("/")]
        if not all(part.strip() for part in parts):
            raise AddressError(f"{text[:100]!r} is no path of an object; expected such as tank-1 or 2:Plant/2:Tank")
        indexed = _INDEXED.fullmatch(parts[-1])
        namespace = NAMESPACE if indexed is None else int(indexed[1])
        return cls(tuple(parts[:-1]) or FOLDER, parts[-1], namespace)


@dataclass(frozen=True)
class OpcuaAddress:
    """A server, whom to log in as, and objects there; none: they are called as the devices are."""

    url: str
    user: str | None = None
    objects: tuple[ObjectPath, ...] = ()

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


def qualified(name: str, index: int) -> tuple[int, str]:
    """The index of a browse name's namespace, and the name without it; `index`: of a name that has none before it."""
    found = _INDEXED.fullmatch(name)
    return (index, name) if found is None else (int(found[1]), found[2])


def parse_opcua(text: str) -> OpcuaAddress:
    """From `opc.tcp://[USER@]HOST:PORT[/PATH][#OBJECT,OBJECT ...]`. AddressError, without the address in it."""
    parts = urlsplit(text)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressError("the port of an OPC UA server must be a number from 0 to 65535") from None
    if parts.scheme != SCHEME or not host or parts.query:
        raise AddressError("not an address of OPC UA; expected such as opc.tcp://HOST:4840/#tank-1")
    if parts.password is not None:
        raise AddressError("a password does not belong into an address: put it into the file `password` of the keys")
    named = parts.fragment.split(",") if parts.fragment else []
    if len(named) > MOST_OBJECTS:
        raise AddressError(f"{len(named)} objects are more than {MOST_OBJECTS}")
    where = f"[{host}]" if ":" in host else host
    url = urlunsplit((SCHEME, where if port is None else f"{where}:{port}", parts.path, "", ""))
    user = unquote(parts.username) if parts.username else None
    return OpcuaAddress(url, user, tuple(map(ObjectPath.parse, named)))
