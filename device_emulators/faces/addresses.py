"""Where a face listens: an address of this machine alone, or one that others reach."""

import ipaddress
from urllib.parse import urlsplit


class AddressError(ValueError):
    """An address cannot be used; the message says why and what would do."""


def is_loopback(host: str) -> bool:
    """Only programs of this machine reach that address. A name other than localhost counts as reachable."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_and_port(url: str, schemes: dict[str, int]) -> tuple[str, str, int]:
    """Scheme, host and port of a URL; `schemes` are those allowed, with their usual ports. AddressError: none such."""
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise AddressError(f"{url!r} is not a URL that begins with {' or '.join(s + '://' for s in schemes)}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressError(f"the port of {url!r} must be a number from 0 to 65535") from None
    if not host:
        raise AddressError(f"{url!r} names no host")
    return parts.scheme, host, schemes[parts.scheme] if port is None else port
