"""A node whose stock the twin holds and emulated devices show; what clients do to them comes back as outside writes."""

from functools import partial

from device_emulators.faces.host import Host
from hil.bridge.adjustments import Cause, Ledger
from hil.bridge.levels import level_of
from hil.bridge.node_devices import CAPACITY, NodeDevice, Slotted
from hil.bridge.shown import ShownDevices, Submit


class EmulatedNode(ShownDevices):
    """The devices of a node that holds stock."""

    def __init__(self, devices: tuple[NodeDevice, ...], ledger: Ledger, submit: Submit) -> None:
        self._ledger = ledger
        self._slots = [(device.host, slot) for device in devices for slot in device.slots]
        self._unbooked = [0] * len(self._slots)  # taken outside (negative: put in), not yet in the twin
        self._levels: list[int | None] = [None] * len(self._slots)
        super().__init__(devices, submit)

    def _begin(self, time_ms: int) -> None:
        self._unbooked = [0] * len(self._slots)
        self._follow(time_ms)

    def _follow(self, time_ms: int) -> None:
        for number, ((host, slot), unbooked) in enumerate(zip(self._slots, self._unbooked, strict=True)):
            self._set_level(number, host, slot)
            wanted = max(self._ledger.books.on_hand(slot.place.point) - unbooked, 0)
            if slot.units() != wanted:
                _bring(host, slot, wanted)

    def _set_level(self, number: int, host: Host, slot: Slotted) -> None:
        """Tell the device the level that the node's policy has, when it is new."""
        level = level_of(self._ledger.books, slot.place.point, slot.level) if slot.level_signal else None
        if level is not None and level != self._levels[number]:
            self._levels[number] = level
            host.write(slot.level_signal, min(level, CAPACITY))

    def _heard(self) -> None:
        """Somebody told a device to vend."""
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


def _bring(host: Host, slot: Slotted, wanted: int) -> None:
    """Let so many units be there, as far as there is room."""
    change = wanted - slot.units()
    if change > 0:
        host.act(lambda: slot.put(change))
        return
    step = 1 if slot.one_by_one else -change
    for _ in range(-change // step):
        host.act(lambda: slot.take(step))
