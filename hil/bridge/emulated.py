"""A node whose stock the twin holds and emulated devices show; what clients do to them comes back as outside writes."""

from collections.abc import Callable
from functools import partial
from typing import Any

from device_emulators.faces.host import Change, Host, Status
from hil.bridge.adjustments import Cause, Ledger
from hil.bridge.node_devices import NodeDevice, Slotted

Submit = Callable[[Callable[[int], Any]], object]


class EmulatedNode:
    """Devices that follow the twin from `begin` to `end`; in between their values are marked uncertain."""

    def __init__(
        self,
        devices: tuple[NodeDevice, ...],
        ledger: Ledger,
        submit: Submit,
        device_ms: Callable[[int], int] = lambda time_ms: time_ms,
    ) -> None:
        """`device_ms`: what the devices' clocks show at an instant of the twin."""
        self.devices = devices
        self._device_ms = device_ms
        self.active = False
        self._ledger = ledger
        self._submit = submit
        self._following = False
        self._slots = [(device.host, slot) for device in devices for slot in device.slots]
        self._unbooked = [0] * len(
            self._slots
        )  # units taken outside (negative: put in) that the twin does not know yet
        self._endings = [device.host.listen(self._heard) for device in devices]
        self._mark(Status.UNCERTAIN)

    def begin(self, time_ms: int) -> None:
        """From now on they show what the twin has."""
        self.active = True
        self._unbooked = [0] * len(self._slots)
        self.follow(time_ms)
        self._mark(None)

    def end(self) -> None:
        """They show the last values, as uncertain ones."""
        self.active = False
        self._mark(Status.UNCERTAIN)

    def close(self) -> None:
        """Listen to the devices no more."""
        for end in self._endings:
            end()

    def follow(self, time_ms: int) -> None:
        """Do at the devices what has happened in the twin."""
        if not self.active:
            return
        self._following = True
        try:
            for (host, slot), unbooked in zip(self._slots, self._unbooked, strict=True):
                wanted = max(self._ledger.books.on_hand(slot.place.point) - unbooked, 0)
                if slot.units() != wanted:
                    host.advance(self._device_ms(time_ms))
                    _bring(host, slot, wanted)
        finally:
            self._following = False

    def _heard(self, _: Host, change: Change) -> None:
        """Something has changed that the twin did not do: somebody told the device to vend."""
        if self._following or not self.active:
            return
        for place, (_, slot) in enumerate(self._slots):
            known = self._ledger.books.on_hand(slot.place.point) - self._unbooked[place]
            if taken := known - slot.units():
                self._unbooked[place] += taken
                self._submit(partial(self._book, place, taken))

    def _book(self, number: int, taken: int, time_ms: int) -> None:
        slot = self._slots[number][1]
        if not self.active:
            return
        self._unbooked[number] -= taken
        if taken > 0:
            self._ledger.draw(slot.place, taken, time_ms)
        else:
            self._ledger.adjust(slot.place, -taken, Cause.FOUND, time_ms)

    def _mark(self, status: Status | None) -> None:
        for device in self.devices:
            names = device.host.readings()
            device.host.disturbance.status = {} if status is None else dict.fromkeys(names, status)
            device.host.refresh()


def _bring(host: Host, slot: Slotted, wanted: int) -> None:
    """Let so many units be there, as far as there is room."""
    change = wanted - slot.units()
    if change > 0:
        host.act(lambda: slot.put(change))
        return
    step = 1 if slot.one_by_one else -change
    for _ in range(-change // step):
        host.act(lambda: slot.take(step))
