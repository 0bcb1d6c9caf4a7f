"""Devices that show what a twin does: kept up with it while they are emulated, marked uncertain otherwise."""

from collections.abc import Callable, Sequence
from typing import Any

from device_emulators.faces.host import Change, Host, Status
from hil.bridge.node_devices import NodeDevice
from sim.flow.model import NEVER

Submit = Callable[[Callable[[int], Any]], object]


class ShownDevices:
    """Devices that follow the twin from `begin` to `end`. What they show is brought about in `_follow`."""

    def __init__(self, devices: Sequence[NodeDevice], submit: Submit) -> None:
        """`submit` does something at an instant of the twin."""
        self.devices = tuple(devices)
        self.active = False
        self._submit = submit
        self._following = False
        self._endings = [device.host.listen(self._listen) for device in self.devices]
        self._mark(Status.UNCERTAIN)

    def begin(self, time_ms: int) -> None:
        """From now on they show what the twin does."""
        self.active = True
        self._do(self._begin, time_ms)
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
        """The twin has gone on up to an instant, and nothing that concerns them has happened there but then."""
        if self.active:
            self._do(self._follow, time_ms)

    def next_ms(self) -> int:
        """When they show something new without anything happening in the twin; NEVER: not by themselves."""
        if not self.active:
            return NEVER
        own = [due for device in self.devices if (due := device.host.device.next_time()) is not None]
        return min([*own, self._next_ms()])

    # --- what differs -------------------------------------------------------------------------------------------------

    def _begin(self, time_ms: int) -> None:
        self._follow(time_ms)

    def _follow(self, time_ms: int) -> None:
        """Do at the devices, whose time is `time_ms`, what has happened in the twin."""
        raise NotImplementedError

    def _next_ms(self) -> int:
        return NEVER

    def _heard(self) -> None:
        """Something at them has changed that the twin did not do."""
        raise NotImplementedError

    # --- pieces -------------------------------------------------------------------------------------------------------

    def _do(self, action: Callable[[int], None], time_ms: int) -> None:
        self._following = True
        try:
            for device in self.devices:
                device.host.advance(time_ms)
            action(time_ms)
        finally:
            self._following = False

    def _listen(self, _: Host, __: Change) -> None:
        if self.active and not self._following:
            self._heard()

    def _mark(self, status: Status | None) -> None:
        for device in self.devices:
            names = device.host.readings()
            device.host.disturbance.status = {} if status is None else dict.fromkeys(names, status)
            device.host.refresh()
