"""Where a device is reached over Modbus, as an address that people write."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from device_emulators.faces.modbus_serial import SerialSettings
from device_emulators.faces.modbus_units import FIRST_UNIT, LAST_UNIT

DEFAULT_PORT: Final = 502

EXPECTED: Final = "expected such as modbus://HOST:502/1 (unit 1) or modbus-rtu:///dev/ttyUSB0?line=9600,8E1&unit=1"


@dataclass(frozen=True)
class TcpAddress:
    """A port of Modbus TCP."""

    host: str
    port: int = DEFAULT_PORT


@dataclass(frozen=True)
class LineAddress:
    """A serial port of Modbus RTU."""

    path: str
    settings: SerialSettings = field(default_factory=SerialSettings)


def parse_address(text: str) -> tuple[TcpAddress | LineAddress, int]:
    """Where to connect, and the unit there (1 unless it is named). ValueError says what would be right."""
    try:
        parts = urlsplit(text)
        if parts.username or parts.password or parts.fragment:
            raise ValueError("Modbus has no users")
        if parts.scheme == "modbus" and parts.hostname and not parts.query:
            port = DEFAULT_PORT if parts.port is None else parts.port
            return TcpAddress(parts.hostname, port), _unit(parts.path.strip("/") or "1")
        if parts.scheme == "modbus-rtu" and not parts.netloc and len(parts.path) > 1:
            options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
            settings, unit = options.pop("line", None), _unit(options.pop("unit", "1"))
            if options:
                raise ValueError(f"there is no setting {', '.join(options)}")
            line = SerialSettings() if settings is None else SerialSettings.parse(settings)
            return LineAddress(unquote(parts.path), line), unit
    except ValueError as error:
        raise ValueError(f"not an address of Modbus ({error}); {EXPECTED}") from None
    raise ValueError(f"not an address of Modbus; {EXPECTED}")


def _unit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and FIRST_UNIT <= int(text) <= LAST_UNIT):
        raise ValueError(f"unit {text[:20]!r} cannot be; expected {FIRST_UNIT} to {LAST_UNIT}")
    return int(text)
