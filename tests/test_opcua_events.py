"""Events of devices, as asyncua's own client receives them."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from asyncua import Client, ua

from device_emulators.emulator import make_hosts
from device_emulators.faces.host import Host
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map, map_names, parse_map
from device_emulators.faces.mapping import MapError
from device_emulators.faces.opcua_server import NAMESPACE, OpcuaServer
from tests.opcua_rig import ORIGIN

TYPE = ua.NodeId(ua.ObjectIds.BaseEventType)


class Told:
    """Collects events."""

    def __init__(self) -> None:
        self.events: list = []
        self._more = asyncio.Event()

    def event_notification(self, event) -> None:
        self.events.append(event)
        self._more.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.events) < count:
                self._more.clear()
                await self._more.wait()


class Rig:
    """A door, a tank and a vending machine by their own maps, and a client."""

    def __init__(self, hosts: dict[str, Host], server: OpcuaServer, client: Client, index: int) -> None:
        self.hosts, self.server, self.client, self.index = hosts, server, client, index

    def node(self, path: str):
        return self.client.get_node(f"ns={self.index};s={path}")

    async def listen(self, *where) -> Told:
        told = Told()
        subscription = await self.client.create_subscription(20, told)
        await subscription.subscribe_events(*where)
        return told


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def rig(runner: asyncio.Runner) -> Iterator[Rig]:
    async def start() -> Rig:
        server, hosts = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN), {}
        for kind in ("door_sensor", "tank", "vending_machine"):
            (host,) = make_hosts(kind, 1, 1)
            await server.add(host, bind(builtin_map(kind), host.signals).nodes)
            hosts[kind] = host
        await server.start()
        client = Client(server.url, timeout=20)
        await client.connect()
        return Rig(hosts, server, client, await client.get_namespace_index(NAMESPACE))

    async def stop() -> None:
        await made.client.disconnect()
        await made.server.stop()

    made = runner.run(start())
    yield made
    runner.run(stop())


def press(door: Host, times: int = 1) -> None:
    """Unlock and open the door, and close it again."""
    for _ in range(times):
        door.write("unlock", True)
        assert door.act(door.device.open)
        door.act(door.device.close)


def test_an_event_tells_what_the_change_is(runner: asyncio.Runner, rig: Rig) -> None:
    door = rig.hosts["door_sensor"]

    async def check() -> None:
        told = await rig.listen(rig.node(door.name), rig.node("types/DoorSensorEventType"))
        door.advance(90_000)
        press(door)
        await told.until(2)
        opened, closed = told.events
        change = next(one for one in reversed(door.journal) if one.signal == "open" and one.value)
        assert (opened.Signal, opened.Value, opened.Number, opened.Epoch) == ("open", True, change.number, 1)
        assert opened.Time == ORIGIN + timedelta(milliseconds=change.time_ms)
        assert (opened.Severity, opened.SourceName) == (300, door.name)
        assert opened.Message.Text == "door-sensor-1: open is true"
        assert opened.SourceNode == rig.node(door.name).nodeid
        assert opened.EventType == rig.node("types/DoorSensorEventType").nodeid
        assert (closed.Signal, closed.Value) == ("open", False)
        assert closed.Number > opened.Number
        assert closed.EventId != opened.EventId
        assert len(opened.EventId) == 16

    runner.run(check())


def test_the_server_tells_of_all_devices_and_a_device_of_itself(runner: asyncio.Runner, rig: Rig) -> None:
    door, tank, machine = (rig.hosts[kind] for kind in ("door_sensor", "tank", "vending_machine"))

    async def check() -> None:
        everything = await rig.listen()  # the fields that all events have
        doors = await rig.listen(rig.node(door.name), rig.node("types/DeviceEventType"))
        tanks = await rig.listen(ua.ObjectIds.Server, rig.node("types/TankEventType"))
        press(door, 20)
        tank.write("low_level", 100)
        tank.act(lambda: tank.device.fill(1_000))
        tank.act(lambda: tank.device.draw(tank.device.units))
        machine.disturbance.distort["slot_3_jammed"] = lambda value: True
        machine.refresh()
        await everything.until(43)
        await doors.until(40)
        await tanks.until(2)
        assert {event.SourceName for event in everything.events} == {door.name, tank.name, machine.name}
        assert [event.Value for event in doors.events] == [True, False] * 20
        numbers = [event.Number for event in doors.events]
        assert numbers == sorted(set(numbers))
        assert [event.Message.Text for event in tanks.events] == ["tank-1: low is false", "tank-1: low is true"]
        assert {event.Severity for event in tanks.events} == {600}
        jammed = everything.events[-1]
        assert (jammed.Message.Text, jammed.Severity) == ("vending-machine-1: slot_3_jammed is true", 800)

    runner.run(check())


def test_a_silent_device_tells_nothing(runner: asyncio.Runner, rig: Rig) -> None:
    door, machine = rig.hosts["door_sensor"], rig.hosts["vending_machine"]

    async def check() -> None:
        told = await rig.listen()
        door.disturbance.silent = True
        press(door)
        door.disturbance.silent = False
        machine.disturbance.distort["slot_2_jammed"] = lambda value: True
        machine.refresh()
        await told.until(1)
        assert [event.SourceName for event in told.events] == [machine.name]

    runner.run(check())


def test_types_of_events_can_be_browsed(runner: asyncio.Runner, rig: Rig) -> None:
    async def check() -> None:
        kind = rig.node("types/DoorSensorEventType")
        parents = await kind.get_referenced_nodes(ua.ObjectIds.HasSubtype, ua.BrowseDirection.Inverse)
        assert parents == [rig.node("types/DeviceEventType")]
        fields = {(await one.read_browse_name()).Name for one in await parents[0].get_properties()}
        assert fields == {"Signal", "Value", "Number", "Epoch"}
        assert await parents[0].get_parent() == rig.client.get_node(TYPE)
        generated = await rig.node("types/door_sensor").get_referenced_nodes(ua.ObjectIds.GeneratesEvent)
        assert generated == [kind]
        with pytest.raises(ua.uaerrors.BadHistoryOperationUnsupported):
            await rig.client.nodes.server.read_event_history()
        notifiers = await rig.client.nodes.server.get_referenced_nodes(ua.ObjectIds.HasNotifier)
        assert {rig.node(host.name) for host in rig.hosts.values()} <= set(notifiers)

    runner.run(check())


def test_devices_whose_map_names_no_events_have_none(runner: asyncio.Runner, rig: Rig) -> None:
    async def check() -> None:
        (shelf,) = make_hosts("rfid_shelf", 1, 1)
        await rig.server.add(shelf, bind(builtin_map("rfid_shelf"), shelf.signals).nodes)
        with pytest.raises(ua.UaError):
            await rig.listen(rig.node(shelf.name))

    runner.run(check())


def test_which_maps_tell_events() -> None:
    quiet = set()
    for kind in map_names():
        (host,) = make_hosts(kind, 1, 1)
        if not any(node.event for node in bind(builtin_map(kind), host.signals).nodes):
            quiet.add(kind)
    assert quiet == {"rfid_shelf", "weighing_shelf", "barcode_scanner"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{signal: unlock, method: Unlock, event: 5}", "a method has no value that changes"),
        ("{signal: open, node: Open, event: 1001}", "less than or equal to 1000"),
        ("{signal: open, node: Open, event: true}", "a whole number"),
    ],
)
def test_what_cannot_be_an_event(entry: str, message: str) -> None:
    (door,) = make_hosts("door_sensor", 1, 1)
    with pytest.raises(MapError, match=message):
        bind(parse_map(f"type: door_sensor\nopcua:\n  nodes:\n    - {entry}\n", "m"), door.signals)
