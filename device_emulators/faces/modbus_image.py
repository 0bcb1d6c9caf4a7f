"""What a Modbus server asks of a device: ranges of four tables, an identification, and what is wrong with it.

Whatever can be read and written by address is a `RegisterImage`; `modbus_pdu.py` turns requests into its calls. A
whole request is one call, so that values of several registers are never read or written in halves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from device_emulators.faces.host import Disturbance
from device_emulators.signals import RefusedError, SignalError


class ExceptionCode(IntEnum):
    """Why a request is not carried out, as the Modbus specification numbers it."""

    ILLEGAL_FUNCTION = 0x01
    ILLEGAL_ADDRESS = 0x02
    ILLEGAL_VALUE = 0x03
    DEVICE_FAILURE = 0x04
    BUSY = 0x06
    NO_PATH = 0x0A
    NO_ANSWER = 0x0B


class ModbusError(Exception):
    """A request cannot be carried out; `code` is the exception code of the answer."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or f"Modbus exception {code:#04x}")
        self.code = code

    @classmethod
    def of(cls, error: SignalError) -> "ModbusError":
        """What a device's refusal of a written value is on the wire: 04 not now, 03 never."""
        refused = isinstance(error, RefusedError)
        return cls(ExceptionCode.DEVICE_FAILURE if refused else ExceptionCode.ILLEGAL_VALUE, str(error))


@dataclass(frozen=True)
class Identification:
    """Who a device says it is, for function 43/14. Texts are UTF-8 and at most 200 bytes; an empty one is left out,
    unless it is one of the first three, which every device must have."""

    vendor_name: str = "mro-twin"
    product_code: str = "emulated"
    revision: str = "1"
    vendor_url: str = ""
    product_name: str = ""
    model_name: str = ""
    application_name: str = ""
    extended: Mapping[int, str] | None = None  # by object number, 0x80 to 0xff

    def objects(self) -> dict[int, bytes]:
        """The objects by number, in their order."""
        basic = (self.vendor_name, self.product_code, self.revision)
        regular = (self.vendor_url, self.product_name, self.model_name, self.application_name)
        texts = dict(enumerate(basic)) | {3 + place: text for place, text in enumerate(regular) if text}
        texts |= dict(sorted((self.extended or {}).items()))
        return {number: _cut(text) for number, text in texts.items()}


MAX_OBJECT_BYTES = 200


def _cut(text: str) -> bytes:
    """The text as bytes, without half a character at its end."""
    return text.encode()[:MAX_OBJECT_BYTES].decode(errors="ignore").encode()


class RegisterImage(Protocol):
    """A device by addresses 0 to 65535. `address` and the number of values are within 1 to the limits of the function
    code, and within the address space, when a server calls.

    Each method raises ModbusError: 02 when an address of the range is no signal's, or cannot be written; 03 when a
    value never suits; 04 when the device refuses it now. A write that is bad in any part must write nothing if that
    can be known beforehand; signals are written in the order of their addresses.
    """

    @property
    def identification(self) -> Identification:
        """Who it is."""

    @property
    def disturbance(self) -> Disturbance:
        """What is wrong with it at present; the server obeys `exception`, `silent`, `late_ms` and `stray`."""

    def read_coils(self, address: int, count: int) -> Sequence[bool]:
        """Bits that can be written, too."""

    def read_discretes(self, address: int, count: int) -> Sequence[bool]:
        """Bits that can only be read."""

    def read_holding(self, address: int, count: int) -> Sequence[int]:
        """Registers, 0 to 65535 each, that can be written, too."""

    def read_inputs(self, address: int, count: int) -> Sequence[int]:
        """Registers, 0 to 65535 each, that can only be read."""

    def write_coils(self, address: int, values: Sequence[bool]) -> None:
        """Set bits, beginning at `address`."""

    def write_holding(self, address: int, values: Sequence[int]) -> None:
        """Set registers, beginning at `address`."""
