"""The plant of a suite: devices shown over their protocols, with everything they show written down as the truth."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from random import Random
from typing import Final

from device_emulators.catalog import KINDS
from device_emulators.faces.host import Change, Host
from device_emulators.faces.image import HostImage
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from device_emulators.faces.mapping import BoundMap
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from device_emulators.signals import SignalType
from hil.accept.history import Truth
from hil.accept.processes import LOOPBACK
from hil.accept.suite import DEVICE_LINKS, DeviceEntry, Suite

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

    def now_s(self) -> float:
        """The same, finer."""
        return (time.monotonic_ns() - self._start_ns) / 1e9


class Plant:
    """Hosts by name, each a Modbus unit or an object of OPC UA; `truths` grows with everything they show."""

    def __init__(self, suite: Suite, clock: WallClock, hosts: Mapping[str, Host] | None = None) -> None:
        """`hosts`: its devices, where they are there already, by the names that they have in the suite."""
        self.hosts: dict[str, Host] = {}
        self.units: dict[str, int] = {}
        self.types: dict[str, str] = {}
        self.journals: dict[str, int] = {}
        self.truths: list[Truth] = []
        self.until_ms = FOREVER_MS
        self._clock = clock
        self._wanted: dict[str, frozenset[str]] = {}
        self._images = Units()
        self._over_opcua: dict[str, BoundMap] = {}
        for entry in suite.devices:
            for name in entry.names:
                self._add(entry, name, _usual(entry, name, suite.seed) if hosts is None else hosts[name])

    async def serve(self, stack: AsyncExitStack) -> dict[str, tuple[str, int]]:
        """Show the devices on loopback until the stack ends; returns where, by protocol. OSError: that cannot be."""
        where: dict[str, tuple[str, int]] = {}
        if self.units:
            server = ModbusTcpServer(self._images)
            await server.start()
            stack.push_async_callback(server.close)
            where["modbus"] = server.address
        if self._over_opcua:
            from device_emulators.faces.opcua_server import OpcuaServer

            origin = datetime.fromtimestamp(self._clock.utc_start_ms / 1000, UTC)
            opcua = OpcuaServer(f"opc.tcp://{LOOPBACK}:0", origin, self._clock)
            for name, bound in self._over_opcua.items():
                await opcua.add(self.hosts[name], bound.nodes)
            await opcua.start()
            stack.push_async_callback(opcua.stop)
            where["opcua"] = (LOOPBACK, int(opcua.url.rpartition(":")[2]))
        return where

    def behind(self, link: str) -> frozenset[str]:
        """The devices behind a link of devices."""
        over_modbus = link == DEVICE_LINKS["modbus"]
        return frozenset(name for name in self.hosts if (name in self.units) == over_modbus)

    def wanted(self, truth: Truth) -> bool:
        """Whether a gateway is to deliver it."""
        return truth.signal in self._wanted[truth.device]

    async def live(self, people: Callable[[int], int] = lambda now_ms: FOREVER_MS) -> None:
        """Until `until_ms`, devices do what they do by themselves. `people` do there what is due and tell when they
        will be back."""
        while (now_ms := self._clock.now_ms()) < self.until_ms:
            for host in self.hosts.values():
                host.advance(now_ms)
            next_ms = min(people(now_ms), self.until_ms, *self._own_times())
            await asyncio.sleep(min(max(next_ms - self._clock.now_ms(), 0) / 1000, LONGEST_SLEEP_S))

    def _own_times(self) -> list[int]:
        times = (host.device.next_time() for host in self.hosts.values())
        return [time_ms for time_ms in times if time_ms is not None]

    def _add(self, entry: DeviceEntry, name: str, host: Host) -> None:
        bound = bind(builtin_map(entry.type), host.signals)
        texts = {one.name for one in host.signals.values() if one.type is SignalType.TEXT and not one.choices}
        self.hosts[name], self.types[name] = host, entry.type
        self._wanted[name] = frozenset(entry.signals or set(host.readings()) - texts)
        if entry.journal and (entry.protocol == "opcua" or bound.journal is not None):
            size = bound.journal.size if entry.protocol == "modbus" and bound.journal is not None else entry.journal
            self.journals[name] = min(entry.journal, size)
        for change in _shown_already(host):
            self._show(host, change)
        host.listen(self._show)
        clock = self._clock
        if entry.protocol == "opcua":
            self._over_opcua[name] = bound
            return
        unit = self.units[name] = len(self.units) + 1
        self._images.add(unit, HostImage(host, bound, KINDS[entry.type].number, clock.utc_start_ms, clock.now_ms))

    def _show(self, host: Host, change: Change) -> None:
        shown_ms = self._clock.now_ms()
        truth = Truth(host.name, host.epoch, change.number, change.signal, change.value, change.time_ms, shown_ms)
        self.truths.append(truth)


def _usual(entry: DeviceEntry, name: str, seed: int) -> Host:
    device = KINDS[entry.type].usual(name, Random(f"{seed}/device/{name}").random)
    return Host(entry.type, device, entry.journal)


def _shown_already(host: Host) -> list[Change]:
    """What can still be read of a device's past: its journal, and what it shows."""
    shown = {one.number: Change(one.number, one.time_ms, name, one.value) for name, one in host.readings().items()}
    return sorted((shown | {change.number: change for change in host.journal}).values())
