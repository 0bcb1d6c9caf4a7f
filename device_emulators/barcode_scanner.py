"""A barcode scanner at a shelf: people scan what they take, unless they forget."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState, Draw
from device_emulators.signals import SignalType


@dataclass(frozen=True, config=STRICT)
class BarcodeScannerConfig:
    """How reliable those who scan are."""

    missed_scan: float = Field(default=0.0, ge=0, le=1, description="share of takings that nobody scans")


@dataclass(config=STRICT)
class BarcodeScannerState(DeviceState):
    """The last scan, and how many there were."""

    scans: int = Field(default=0, ge=0)
    code: str = ""
    quantity: int = 0
    scanned_ms: int = 0


class BarcodeScanner(Device[BarcodeScannerState]):
    """Shows the last scan: code, quantity (negative: taken) and time. Words of `draw`: one per handling."""

    def __init__(self, name: str, config: BarcodeScannerConfig, draw: Draw) -> None:
        super().__init__(name, BarcodeScannerState(), draw)
        self.config = config
        self._declare("scans", SignalType.INT, "", "scans so far", low=0, read=lambda: self._state.scans)
        self._declare("code", SignalType.TEXT, "", "code of the last scan", read=lambda: self._state.code)
        self._declare(
            "quantity",
            SignalType.INT,
            "units",
            "of the last scan; taken is negative",
            read=lambda: self._state.quantity,
        )
        self._declare("scanned_ms", SignalType.INT, "ms", "time of the last scan", read=lambda: self._state.scanned_ms)

    def handle(self, code: str, quantity: int) -> bool:
        """Somebody takes (negative) or puts back units; returns whether that is scanned."""
        state = self._state
        if self._word() < self.config.missed_scan:
            self._note("not scanned", code, quantity)
            return False
        state.scans += 1
        state.code, state.quantity, state.scanned_ms = code, quantity, self.now_ms
        self._note("scanned", code, quantity)
        return True
