"""Devices of every type on a Modbus server by their maps, for tests with clients that we did not write."""

import contextlib

from device_emulators.catalog import KINDS
from device_emulators.faces.host import Host
from device_emulators.faces.image import HostImage
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from device_emulators.faces.modbus_rtu import ModbusRtuServer
from device_emulators.faces.modbus_serial import SerialSettings, open_pty
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from device_emulators.vending_machine import VendingMachine
from tests.device_samples import handle, words

UTC_START_MS = 1_700_000_000_000
LINE = SerialSettings(115_200)


class Plant:
    """One device of every type, lived in a little; units from 1 on."""

    def __init__(self, kinds=tuple(KINDS), ring=64):
        self.hosts = {}
        self.bounds = {}
        self.units = Units()
        for unit, kind in enumerate(kinds, 1):
            made = KINDS[kind].usual(f"{kind}-{unit}", words())
            if isinstance(made, VendingMachine):
                for slot in range(1, 1 + len(made.config.slots)):
                    made.fill(slot, 9)
            host = Host(kind, made, ring)
            self.hosts[unit] = host
            self.bounds[unit] = bind(builtin_map(kind), host.signals)
            self.units.add(unit, HostImage(host, self.bounds[unit], KINDS[kind].number, UTC_START_MS))
        for step in range(1, 4):
            self.live(step)

    def live(self, step):
        for host in self.hosts.values():
            host.act(lambda host=host: handle(host.device, step))
            host.advance(step * 60_000)

    def settle(self, unit):
        """Let a device finish what it was told to do."""
        host = self.hosts[unit]
        host.advance(host.device.now_ms + 60_000)

    def writable(self, unit):
        return [p for p in self.bounds[unit].points if p.signal.writable and p.table.writable]


@contextlib.asynccontextmanager
async def serving(units, over):
    """A server over `tcp` or a `line`; gives it and where it is."""
    if over == "tcp":
        async with ModbusTcpServer(units) as server:
            yield server, server.address
    else:
        async with ModbusRtuServer(units, open_pty(), LINE) as server:
            yield server, server.line.path
