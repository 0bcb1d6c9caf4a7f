"""A vending machine, a shelf and a tank through all modes within one run, with devices in other processes and an
outage of the links to them: every draw is booked once, and every adjustment has its cause."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from operator import ne
from typing import Any

import pytest

from device_emulators.faces.host import Change
from hil.bindings.connection import BackOff
from hil.bindings.modbus_address import TcpAddress
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice
from hil.bridge.adjustments import Cause
from hil.bridge.bridge import Bridge, Mode
from hil.bridge.clock import PacedClock
from hil.bridge.hardware import HardwareDevice
from hil.bridge.link import Binding
from hil.bridge.node_devices import NodeDevice, make_devices
from mro_twin import load_scenario
from sim.engine import Twin
from sim.network import Network
from sim.outside import OutsideBooks, prepare_bookings
from sim.record.records import Recorder
from sim.run.simulation import network_of
from tests.bridge_processes import started
from tests.bridge_samples import bench
from tests.mqtt_brokers import Gate

NODES = {"vending": ("vending_machine", 1), "shelf": ("weighing_shelf", 2), "tank": ("tank", 1)}
"""Type and number of the devices of each node."""


@pytest.fixture(scope="module")
def network() -> Network:
    network = network_of(load_scenario(bench()))
    prepare_bookings(network)
    return network


MODBUS, OPCUA, BOTH = (dict(zip(NODES, ways, strict=True)) for ways in ("mmm", "ooo", "mom"))
"""By which protocol the devices of each node are read."""


@pytest.fixture
def devices(request: pytest.FixtureRequest) -> Iterator[tuple[int, dict[str, Any]]]:
    """Devices in processes of their own, over Modbus and OPC UA; people draw from them about once a second. With how
    many changes their journals keep."""
    faces = {
        node: ["--modbus", "0", *(["--opcua", "opc.tcp://127.0.0.1:0"] if way else [])]
        for node, way in ((node, request.param or BOTH[node] == "o") for node in NODES)
    }
    more = ["--journal", str(request.param), "--rate", "200", "--json"]
    with ExitStack() as stack:
        yield (
            request.param,
            {
                node: stack.enter_context(started("emulate", kind, "--count", str(count), *faces[node], *more))[1]
                for node, (kind, count) in NODES.items()
            },
        )


class Witness:
    """Reads the journal of a device on a way of its own."""

    def __init__(self, client: ModbusClient, unit: int, device: NodeDevice) -> None:
        self.device = device
        self.slots = {slot.signal: slot.place for slot in device.slots}
        self._modbus = ModbusDevice(client, unit, device.bound(), device.journal_signals())
        self.units: dict[str, Any] = {}
        self.first: dict[str, Any] = {}
        self.changes: list[Change] = []
        self._seen = 0

    async def look(self, journal: bool) -> None:
        """Note what is new."""
        snapshot = await self._modbus.snapshot()
        self.units = {name: snapshot.values[name] for name in self.slots}
        if not self._seen:
            assert snapshot.consistent
            self.first, self._seen = self.units, snapshot.identity.sequence
        elif journal:
            part = await self._modbus.journal(self._seen)
            assert not part.lost
            self.changes += part.changes
            self._seen = part.newest

    def drawn(self, after: int, until: int) -> dict[str, int]:
        """Units drawn by item, in changes with these numbers."""
        drawn, shown = dict.fromkeys((place.item for place in self.slots.values()), 0), dict(self.first)
        for change in self.changes:
            if change.signal in self.slots:
                before, shown[change.signal] = shown[change.signal], change.value
                if after < change.number <= until and change.value < before:
                    drawn[self.slots[change.signal].item] += int(before) - int(change.value)
        return drawn


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def url(way: str, kind: str, count: int, port: int) -> str:
    if way == "m":
        return f"modbus://127.0.0.1:{port}/1"
    names = (f"{kind.replace('_', '-')}-{number}" for number in range(1, count + 1))
    return f"opc.tcp://127.0.0.1:{port}/#{','.join(names)}"


def port_of(way: str, faces: dict[str, Any]) -> int:
    return int(faces["modbus"]["port"] if way == "m" else faces["opcua"]["url"].rpartition(":")[2])


@pytest.mark.parametrize("devices", [256, 0], ids=["journal", "no journal"], indirect=True)
def test_nodes_go_through_all_modes_with_an_outage(network: Network, devices: tuple[int, dict[str, Any]]) -> None:
    journal, faces = devices
    for ways in (MODBUS, OPCUA) if journal else (BOTH,):
        asyncio.run(asyncio.wait_for(go_through_all_modes(network, journal, faces, ways), 60.0))


async def go_through_all_modes(network: Network, journal: int, faces: dict[str, Any], ways: dict[str, str]) -> None:
    twin = Twin(network, 1, 0, Recorder(network, 1, 0, None, True))
    twin.open()
    bridge = Bridge(twin, PacedClock(600.0), poll_s=0.05, back_off=BackOff(0.05, 0.2), bound_ms=1e6)
    async with AsyncExitStack() as stack:
        gates = {n: await stack.enter_async_context(Gate(port_of(ways[n], one))) for n, one in faces.items()}
        witnesses = [witness async for witness in open_witnesses(network, faces, stack)]
        running = asyncio.create_task(bridge.run())
        for node in NODES:
            await bridge.switch(node, Mode.EMULATED)
        for witness in witnesses:
            await witness.look(bool(journal))
        before: list[int] = []
        for node, (kind, count) in NODES.items():
            await bridge.switch(node, Mode.HARDWARE, Binding(url(ways[node], kind, count, gates[node].port)))
            before += await asyncio.gather(*map(number_at_handover, bridge.node(node).real))
        real = [device for node in NODES for device in bridge.node(node).real]
        await pass_until(lambda: len(bridge.ledger.draws) > 5, witnesses, journal)
        for gate in gates.values():
            await gate.shut()
        await until(lambda: all(device.stale for device in real))
        booked = len(bridge.ledger.draws) + len(bridge.ledger.adjustments)
        hidden = [witness.units for witness in witnesses]
        await pass_until(lambda: all(map(ne, hidden, [witness.units for witness in witnesses])), witnesses, journal)
        assert booked == len(bridge.ledger.draws) + len(bridge.ledger.adjustments)
        for gate in gates.values():
            gate.open()
        await until(lambda: not any(device.stale for device in real))
        await pass_until(lambda: len(bridge.ledger.draws) > booked + 5, witnesses, journal)
        for node in NODES:
            await bridge.switch(node, Mode.SIMULATED)
        after = [device.status()["sequence"] for device in real]
        for witness in witnesses:
            await witness.look(bool(journal))
        bridge.stop()
        await running
    bridge.close()  # the books close, or it raises
    check(bridge, witnesses, list(zip(before, after, strict=True)), bool(journal))


async def number_at_handover(device: HardwareDevice) -> int:
    """The number of the device's last change as it was taken over: what comes later has to be booked."""
    await device.ready.wait()
    return int(device.status()["sequence"])


def check(bridge: Bridge, witnesses: list[Witness], numbers: list[tuple[int, int]], journal: bool) -> None:
    ledger = bridge.ledger
    assert not ledger.refused
    causes = {one.cause for one in ledger.adjustments}
    known = {Cause.HANDOVER, Cause.FOUND, Cause.NOT_PUT_IN}
    if not journal:
        assert causes <= known | {Cause.UNSEEN}
        assert Cause.UNSEEN in causes
        return
    assert causes <= known
    assert any(draw.late for draw in ledger.draws)
    for witness, (first, last) in zip(witnesses, numbers, strict=True):
        for place in witness.slots.values():
            drawn = sum(draw.units for draw in ledger.draws if (draw.node, draw.item) == (place.node, place.item))
            assert drawn == witness.drawn(first, last)[place.item], place


async def pass_until(condition: Callable[[], bool], witnesses: list[Witness], journal: int) -> None:
    """Let time pass, with witnesses looking."""
    while True:
        for witness in witnesses:
            await witness.look(bool(journal))
        if condition():
            return
        await asyncio.sleep(0.1)


async def open_witnesses(network: Network, faces: dict[str, Any], stack: AsyncExitStack) -> Any:
    books = OutsideBooks(Twin(network, 1, 0, Recorder(network, 1, 0, None, False)))
    for node, one in faces.items():
        client = await stack.enter_async_context(ModbusClient(TcpAddress("127.0.0.1", one["modbus"]["port"])))
        await client.wait_connected()
        for unit, device in enumerate(make_devices(network, books.places(node), 0), 1):
            yield Witness(client, unit, device)
