"""The plant of a suite: devices that live, shown over Modbus, with everything they show written down as the truth."""

import asyncio
import heapq
import time
from random import Random
from typing import Final

from device_emulators.catalog import KINDS
from device_emulators.faces.host import Change, Host
from device_emulators.faces.image import HostImage
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from device_emulators.life import Life
from device_emulators.signals import SignalType
from hil.accept.history import Truth
from hil.accept.suite import DeviceEntry, Suite

FOREVER_MS: Final = 1 << 60
LONGEST_SLEEP_S: Final = 0.5
"""Somebody may write to a device at any time, and it then has something to do by itself sooner than was known."""


class WallClock:
    """The twin's time in a run by the wall's clock: ms since it was made; `utc_start_ms` is when that was."""

    def __init__(self) -> None:
        self.utc_start_ms = time.time_ns() // 1_000_000
        self._start_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        return (time.monotonic_ns() - self._start_ns) // 1_000_000


class Plant:
    """Hosts by name, each a Modbus unit; `truths` grows with everything they show."""

    def __init__(self, suite: Suite, clock: WallClock) -> None:
        self.hosts: dict[str, Host] = {}
        self.units: dict[str, int] = {}
        self.types: dict[str, str] = {}
        self.journals: dict[str, int] = {}
        self.truths: list[Truth] = []
        self.lateness_ms: list[int] = []
        self.until_ms = FOREVER_MS
        self._clock = clock
        self._wanted: dict[str, frozenset[str]] = {}
        self._lives: dict[str, tuple[Life, Random, int]] = {}
        self._images = Units()
        for entry in suite.devices:
            for name in entry.names:
                self._add(entry, name, suite.seed)
        self.server = ModbusTcpServer(self._images)

    def wanted(self, truth: Truth) -> bool:
        """Whether a gateway is to deliver it."""
        return truth.signal in self._wanted[truth.device]

    async def live(self) -> None:
        """Until `until_ms`: people do what they do at the devices, and the devices what they do by themselves."""
        due = [(self._clock.now_ms() + self._wait_ms(name), name) for name in self.hosts]
        heapq.heapify(due)
        while (now_ms := self._clock.now_ms()) < self.until_ms:
            for host in self.hosts.values():
                host.advance(now_ms)
            while due[0][0] <= now_ms:
                due_ms, name = due[0]
                self.lateness_ms.append(now_ms - due_ms)
                heapq.heapreplace(due, (due_ms + self._wait_ms(name), name))
                self.hosts[name].act(self._lives[name][0].act)
            next_ms = min([due[0][0], self.until_ms, *self._own_times()])
            await asyncio.sleep(min(max(next_ms - self._clock.now_ms(), 0) / 1000, LONGEST_SLEEP_S))

    def _own_times(self) -> list[int]:
        times = (host.device.next_time() for host in self.hosts.values())
        return [time_ms for time_ms in times if time_ms is not None]

    def _wait_ms(self, name: str) -> int:
        _, numbers, mean_ms = self._lives[name]
        return 1 + round(numbers.expovariate(1.0 / mean_ms))

    def _add(self, entry: DeviceEntry, name: str, seed: int) -> None:
        device = KINDS[entry.type].usual(name, Random(f"{seed}/device/{name}").random)
        host = Host(entry.type, device, entry.journal)
        bound = bind(builtin_map(entry.type), host.signals)
        texts = {one.name for one in host.signals.values() if one.type is SignalType.TEXT and not one.choices}
        unit = self.units[name] = len(self.units) + 1
        self.hosts[name], self.types[name] = host, entry.type
        self._wanted[name] = frozenset(entry.signals or set(host.readings()) - texts)
        if entry.journal and bound.journal is not None:
            self.journals[name] = min(entry.journal, bound.journal.size)
        for signal, reading in sorted(host.readings().items(), key=lambda item: item[1].number):
            self._show(host, Change(reading.number, reading.time_ms, signal, reading.value))
        host.listen(self._show)
        numbers = Random(f"{seed}/life/{name}")
        self._lives[name] = (host.act(lambda: Life(device, numbers)), numbers, entry.every)
        clock = self._clock
        self._images.add(unit, HostImage(host, bound, KINDS[entry.type].number, clock.utc_start_ms, clock.now_ms))

    def _show(self, host: Host, change: Change) -> None:
        shown_ms = self._clock.now_ms()
        truth = Truth(host.name, host.epoch, change.number, change.signal, change.value, change.time_ms, shown_ms)
        self.truths.append(truth)
