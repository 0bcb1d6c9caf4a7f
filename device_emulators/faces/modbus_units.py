"""The devices behind one Modbus port or line, by unit number, and what their disturbances do to answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from device_emulators.faces import modbus_pdu
from device_emulators.faces.modbus_image import ExceptionCode, RegisterImage

FIRST_UNIT: Final = 1
LAST_UNIT: Final = 247
BROADCAST: Final = 0
ANY_UNIT: Final = 0xFF
"""On TCP a client may write 0 or 255 when there is but one device behind the address."""


class Reply(NamedTuple):
    """What is sent back for one request."""

    pdu: bytes
    late_s: float = 0.0
    stray: bytes = b""  # goes before it, for somebody else; empty: none


@dataclass
class Counts:
    """What a server has seen so far."""

    connections: int = 0
    refused: int = 0  # connections over the limit
    requests: int = 0
    exceptions: int = 0
    unanswered: int = 0  # requests to silent devices, or on a line to units that are not ours
    broken: int = 0  # frames that cannot be ones


class Units:
    """Devices by unit number, 1 to 247. They may come and go while servers run."""

    def __init__(self, images: Mapping[int, RegisterImage] | None = None) -> None:
        self._images: dict[int, RegisterImage] = {}
        for unit, image in (images or {}).items():
            self.add(unit, image)

    def add(self, unit: int, image: RegisterImage) -> None:
        """A device is there from now on. ValueError: no such unit number, or it is taken."""
        if not FIRST_UNIT <= unit <= LAST_UNIT:
            raise ValueError(f"unit {unit} cannot be; expected {FIRST_UNIT} to {LAST_UNIT}")
        if unit in self._images:
            raise ValueError(f"unit {unit} is taken")
        self._images[unit] = image

    def remove(self, unit: int) -> None:
        """A device is gone. KeyError when it was not there."""
        del self._images[unit]

    def __iter__(self) -> Iterator[int]:
        return iter(self._images)

    def __len__(self) -> int:
        return len(self._images)

    def over_tcp(self, unit: int, request: bytes) -> Reply | None:
        """What a device answers to a request; None: it keeps silent. An unknown unit is exception 0x0B."""
        image = self._images.get(unit)
        if image is None and unit in (BROADCAST, ANY_UNIT) and len(self._images) == 1:
            image = next(iter(self._images.values()))
        if image is None:
            return Reply(modbus_pdu.exception(request[0], ExceptionCode.NO_ANSWER))
        return _reply(image, request)

    def over_line(self, unit: int, request: bytes) -> Reply | None:
        """The same on a serial line: an unknown unit is silent, and so are all after a write to unit 0."""
        if unit == BROADCAST:
            if request[0] in modbus_pdu.WRITES:
                for each in tuple(self._images.values()):
                    _reply(each, request)
            return None
        image = self._images.get(unit)
        return None if image is None else _reply(image, request)


def _reply(image: RegisterImage, request: bytes) -> Reply | None:
    """A silent device, and one that answers with exceptions, does not carry out what it is told; a late one does so
    at once and only its answer is late."""
    disturbance = image.disturbance
    if disturbance.silent:
        return None
    if disturbance.exception is not None:
        pdu = modbus_pdu.exception(request[0], disturbance.exception)
    else:
        pdu = modbus_pdu.answer(image, request)
    if not disturbance.late_ms and not disturbance.stray:
        return Reply(pdu)
    return Reply(pdu, disturbance.late_ms / 1000, _stray(pdu) if disturbance.stray else b"")


def _stray(pdu: bytes) -> bytes:
    """An answer of the same form with nothing but zeros: whoever takes it for the true one shows wrong values."""
    function = pdu[0]
    if function & 0x80 or function == modbus_pdu.ENCAPSULATED:
        return pdu
    kept = 1 if function in modbus_pdu.WRITES else 2
    return pdu[:kept] + bytes(len(pdu) - kept)
