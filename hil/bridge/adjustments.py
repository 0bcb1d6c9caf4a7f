"""What was booked because something outside was different, each with its cause."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sim.outside import OutsideBooks, OutsideError, Place


class Cause(StrEnum):
    """Why stock was booked from outside."""

    HANDOVER = "handover: the device held another number than the twin"
    UNSEEN = "changed while the link was down, and no journal tells how"
    LOST_FROM_JOURNAL = "changed while the link was down, and overwritten in the journal"
    RESTARTED = "the device began its numbers anew"
    FOUND = "more in the device than was known"
    MODEL = "the twin's own model moved stock that is in a real device"
    NOT_PUT_IN = "delivered in the twin, and not seen in the device before it was released"


@dataclass(frozen=True)
class Adjustment:
    """Units (negative: missing) booked at an instant of the twin."""

    time_ms: int
    node: str
    item: str
    units: int
    cause: Cause


@dataclass(frozen=True)
class OutsideDraw:
    """A draw that somebody made at a device. `late`: it was read from the journal after the link had been down."""

    time_ms: int
    node: str
    item: str
    units: int
    device_time_ms: int | None = None  # by the device's clock, where it has told it
    late: bool = False


class Ledger:
    """Books draws and adjustments into the twin, and keeps a list of them."""

    def __init__(self, books: OutsideBooks) -> None:
        self.books = books
        self.adjustments: list[Adjustment] = []
        self.draws: list[OutsideDraw] = []
        self.refused: list[str] = []

    def adjust(self, place: Place, units: int, cause: Cause, time_ms: int) -> int:
        """Book a difference; returns the units that were booked: none when it cannot be, and `refused` says why."""
        if not units:
            return 0
        if units < 0:
            units = -min(-units, self.books.on_hand(place.point))
        try:
            if units > 0:
                self.books.find(place.point, units, time_ms)
            elif units < 0:
                self.books.miss(place.point, -units, time_ms)
        except OutsideError as error:
            self.refused.append(f"{place.node}/{place.item} at {time_ms} ms: {units:+d} units: {error}")
            return 0
        if units:
            self.adjustments.append(Adjustment(time_ms, place.node, place.item, units, cause))
        return units

    def draw(
        self, place: Place, units: int, time_ms: int, device_time_ms: int | None = None, late: bool = False
    ) -> None:
        """Book a draw; what the twin did not know to be there is found first."""
        short = units - self.books.on_hand(place.point)
        if short > 0:
            units -= short - self.adjust(place, short, Cause.FOUND, time_ms)
        if units <= 0:
            return
        try:
            self.books.draw(place.point, units, time_ms)
        except OutsideError as error:
            self.refused.append(f"{place.node}/{place.item} at {time_ms} ms: draw of {units}: {error}")
        else:
            self.draws.append(OutsideDraw(time_ms, place.node, place.item, units, device_time_ms, late))

    def as_dict(self) -> dict[str, Any]:
        """For results."""
        return {
            "adjustments": [asdict(one) for one in self.adjustments],
            "draws": [asdict(one) for one in self.draws],
            "refused": self.refused,
        }
