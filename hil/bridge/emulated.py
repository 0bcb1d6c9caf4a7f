"""A node whose stock the twin holds and emulated devices show; what clients do to them comes back as outside writes."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from device_emulators.faces.host import Change, Host, Status
from hil.bridge.adjustments import Cause, Ledger
from hil.bridge.levels import level_of
from hil.bridge.node_devices import CAPACITY, NodeDevice, Slotted
from sim.flow.model import NEVER

Submit = Callable[[Callable[[int], Any]], object]


class EmulatedNode:
    """Devices that follow the twin from `begin` to `end`; in between their values are marked uncertain."""

    def __init__(
        self,
        devices: tuple[NodeDevice, ...],
        ledger: Ledger,
        submit: Submit,
    ) -> None:
        self.devices = devices
        self.active = False
        self._ledger = ledger
        self._submit = submit
        self._following = False
        self._slots = [(device.host, slot) for device in devices for slot in device.slots]
        self._unbooked = [0] * len(
            self._slots
        )  # units taken outside (negative: put in) that the twin does not know yet
        self._levels: list[int | None] = [None] * len(self._slots)
        self._endings = [device.host.listen(self._heard) for device in devices]
        mark(self.devices, known=False)

    def begin(self, time_ms: int) -> None:
        """From now on they show what the twin has."""
        self.active = True
        self._unbooked = [0] * len(self._slots)
        self.follow(time_ms)
        mark(self.devices, known=True)

    def end(self) -> None:
        """They show the last values, as uncertain ones."""
        self.active = False
        mark(self.devices, known=False)

    def close(self) -> None:
        """Listen to the devices no more."""
        for end in self._endings:
            end()

    def next_ms(self) -> int:
        """When one of them does something by itself; NEVER: not one."""
        own = (device.host.device.next_time() for device in self.devices) if self.active else ()
        return min((due for due in own if due is not None), default=NEVER)

    def follow(self, time_ms: int) -> None:
        """Do at the devices what has happened in the twin."""
        if not self.active:
            return
        self._following = True
        try:
            for device in self.devices:
                device.host.advance(time_ms)
            for number, ((host, slot), unbooked) in enumerate(zip(self._slots, self._unbooked, strict=True)):
                self._set_level(number, host, slot, time_ms)
                wanted = max(self._ledger.books.on_hand(slot.place.point) - unbooked, 0)
                if slot.units() != wanted:
                    _bring(host, slot, wanted)
        finally:
            self._following = False

    def _set_level(self, number: int, host: Host, slot: Slotted, time_ms: int) -> None:
        """Tell the device the level that the node's policy has, when it is new."""
        level = level_of(self._ledger.books, slot.place.point, slot.level) if slot.level_signal else None
        if level is not None and level != self._levels[number]:
            self._levels[number] = level
            host.advance(time_ms)
            host.write(slot.level_signal, min(level, CAPACITY))

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


def mark(devices: Iterable[NodeDevice], known: bool) -> None:
    """Whether what they show is so; otherwise it was so some time ago."""
    for device in devices:
        names = () if known else device.host.readings()
        device.host.disturbance.status = dict.fromkeys(names, Status.UNCERTAIN)
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
