"""The OPC UA binding against our server: readings, commands, the journal after an outage."""

import asyncio
from collections.abc import Iterator

import pytest

from device_emulators.faces.host import Host, Status
from device_emulators.faces.opcua_nodes import PlainNode
from device_emulators.faces.opcua_server import OpcuaServer
from device_emulators.signals import SignalError
from hil.bindings.connection import AnswerError, BackOff, LinkError
from hil.bindings.opcua_client import OpcuaClient
from hil.bindings.opcua_device import OpcuaDevice
from tests.device_samples import all_devices
from tests.mqtt_brokers import Gate
from tests.opcua_rig import ORIGIN, StoppedClock, shaped_nodes

ORIGIN_MS = round(ORIGIN.timestamp() * 1000)


class Bench:
    """A server with two devices, and a way to it that can be shut."""

    def __init__(self, server: OpcuaServer, hosts: dict[str, Host], clock: StoppedClock, gate: Gate) -> None:
        self.server, self.hosts, self.clock, self.gate = server, hosts, clock, gate

    def client(self) -> OpcuaClient:
        return OpcuaClient(f"opc.tcp://127.0.0.1:{self.gate.port}", back_off=BackOff(0.02), timeout_s=10)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def bench(runner: asyncio.Runner) -> Iterator[Bench]:
    async def start() -> Bench:
        clock, devices = StoppedClock(), all_devices()
        hosts = {
            "vending": Host("vending_machine", devices["vending"]),
            "tank": Host("tank", devices["tank"], ring=20),
            "door": Host("door_sensor", devices["door"], ring=0),
        }
        server = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN, clock)
        for host in hosts.values():
            await server.add(host, shaped_nodes(host))
        await server.start()
        gate = Gate(int(server.url.rpartition(":")[2]))
        await gate.__aenter__()
        return Bench(server, hosts, clock, gate)

    async def stop(bench: Bench) -> None:
        await bench.gate.__aexit__(None, None, None)
        await bench.server.stop()

    made = runner.run(start())
    yield made
    runner.run(stop(made))


def test_a_snapshot_is_what_the_device_shows(runner: asyncio.Runner, bench: Bench) -> None:
    async def run() -> None:
        async with bench.client() as client:
            devices = {name: OpcuaDevice(client, name, shaped_nodes(host)) for name, host in bench.hosts.items()}
            await client.wait_connected()
            for name, host in bench.hosts.items():
                snapshot = await devices[name].snapshot()
                expected = {
                    signal: reading._replace(time_ms=ORIGIN_MS + reading.time_ms)
                    for signal, reading in host.readings().items()
                }
                assert snapshot.readings == expected
                assert (snapshot.sequence, snapshot.epoch, snapshot.consistent) == (host.sequence, host.epoch, True)

    runner.run(run())


def test_bad_and_uncertain_readings_are_told_apart(runner: asyncio.Runner, bench: Bench) -> None:
    host = bench.hosts["door"]

    async def run() -> None:
        async with bench.client() as client:
            device = OpcuaDevice(client, "door", shaped_nodes(host))
            await client.wait_connected()
            name = next(iter(host.readings()))
            for status in (Status.UNCERTAIN, Status.BAD, Status.GOOD):
                host.disturbance.status[name] = status
                host.refresh()
                assert (await device.snapshot()).readings[name].status is status
            with pytest.raises(ValueError, match="no journal"):
                await device.journal(0)

    runner.run(run())


def test_commands_and_refusals(runner: asyncio.Runner, bench: Bench) -> None:
    vending, tank = bench.hosts["vending"], bench.hosts["tank"]

    async def run() -> None:
        async with bench.client() as client:
            machine = OpcuaDevice(client, "vending", shaped_nodes(vending))
            fluid = OpcuaDevice(client, "tank", shaped_nodes(tank))
            await client.wait_connected()
            bench.clock.time_ms += 1000
            await machine.write("slot_1_par", 2)
            assert vending.reading("slot_1_par")[:1] == (2,)
            await machine.write("slot_1_vend", False)
            assert not vending.reading("busy").value
            await machine.write("slot_1_vend", True)
            assert vending.reading("busy").value
            with pytest.raises(AnswerError, match="BadInvalidState"):
                await machine.write("slot_2_vend", True)
            await fluid.write("calibrate", 12)
            assert "calibrated" in [entry.what for entry in tank.device.journal]
            for name, value in (("turns", 3), ("nothing", 3), ("slot_1_par", "three")):
                with pytest.raises(SignalError):
                    await machine.write(name, value)

    runner.run(run())


def test_the_journal_tells_what_an_outage_hid(runner: asyncio.Runner, bench: Bench) -> None:
    host = bench.hosts["tank"]

    async def run() -> None:
        changed, states = asyncio.Event(), []
        client = bench.client()
        client.on_state = states.append
        async with client:
            device = OpcuaDevice(client, "tank", shaped_nodes(host), on_change=changed.set)
            await client.wait_connected()
            async with asyncio.timeout(20):
                await changed.wait()
                changed.clear()
                host.act(lambda: host.device.fill(1))
                await changed.wait()  # the subscription tells
            seen = (await device.snapshot()).sequence
            await bench.gate.shut()
            with pytest.raises(LinkError):
                await device.snapshot()
            while client.connected:
                await asyncio.sleep(0.01)
            with pytest.raises(LinkError, match="not connected"):
                await device.journal(seen)
            host.act(lambda: host.device.fill(2))
            missed = [change for change in host.journal if change.number > seen]
            bench.gate.open()
            await asyncio.wait_for(client.wait_connected(), 20)
            part = await device.journal(seen)
            assert [change._replace(time_ms=change.time_ms - ORIGIN_MS) for change in part.changes] == missed
            assert (part.newest, part.lost, part.restarted) == (host.sequence, 0, False)
            assert states == [True, False, True]

            for _ in range(20):  # more than the ring holds
                host.act(lambda: host.device.draw(1) or host.device.fill(1))
            late = await device.journal(seen)
            assert len(late.changes) == 20
            assert late.lost == host.sequence - seen - 20
            host.reboot(keeps_numbers=False)
            anew = await device.journal(late.newest)
            assert anew.restarted
            assert [change.number for change in anew.changes] == list(range(1, host.sequence + 1))

    runner.run(run())


def test_a_device_that_is_not_there_is_named(
    runner: asyncio.Runner, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    signal = bench.hosts["tank"].signals["units"]

    async def run() -> None:
        async with bench.client() as client:
            OpcuaDevice(client, "tank-9", [PlainNode(signal, ("Units",), "UInt32")])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.wait_connected(), 0.5)

    runner.run(run())
    assert "tank-9 has no node" in caplog.text
