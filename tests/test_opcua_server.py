"""The OPC UA face as a client that we did not write sees it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from asyncua import ua

from device_emulators.faces.addresses import AddressError
from device_emulators.faces.host import Status
from device_emulators.faces.opcua_nodes import plain_nodes
from device_emulators.faces.opcua_server import OpcuaServer
from device_emulators.signals import SignalError
from tests.opcua_rig import ORIGIN, Notices, Rig, opcua_rig

UINT32, UINT64, INT64 = ua.VariantType.UInt32, ua.VariantType.UInt64, ua.VariantType.Int64


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def rig(runner: asyncio.Runner) -> Iterator[Rig]:
    """One for all tests: the standard address space takes seconds to build."""
    made = opcua_rig()
    yield runner.run(made.__aenter__())
    runner.run(made.__aexit__(None, None, None))


def refused_with(name: str):
    return pytest.raises(getattr(ua.uaerrors, name))


def test_every_signal_reads_as_the_host_shows_it(runner: asyncio.Runner, rig: Rig) -> None:
    async def check() -> int:
        compared = 0
        for host in rig.hosts.values():
            for name, reading in host.readings().items():
                parts = name.split("_")
                path = f"Slot{parts[1]}/{parts[2].title()}" if parts[0] == "slot" else "".join(parts).title()
                value = await rig.value(f"{host.name}/{path}")
                choices = host.signals[name].choices
                assert value.Value.Value == (choices.index(reading.value) if choices else reading.value)
                assert value.SourceTimestamp == ORIGIN + timedelta(milliseconds=reading.time_ms)
                assert (await rig.value(f"{host.name}/{path}.Number")).Value.Value == reading.number
                compared += 1
            sequence = (await rig.value(f"{host.name}/Sequence")).Value
            assert sequence == ua.Variant(host.sequence, UINT64)
        return compared

    assert runner.run(check()) > 15


def test_browsing_finds_devices_folders_types_and_methods(runner: asyncio.Runner, rig: Rig) -> None:
    async def check() -> None:
        index = rig.index
        slot = await rig.client.nodes.objects.get_child([f"{index}:Devices", f"{index}:vending", f"{index}:Slot1"])
        names = {(await child.read_browse_name()).Name: child for child in await slot.get_children()}
        assert {"Item", "Count", "Par", "Jammed", "Vend", "Reset"} == set(names)
        assert await names["Vend"].read_node_class() == ua.NodeClass.Method
        assert await names["Count"].read_data_type() == ua.NodeId(UINT32.value)
        assert "believes" in (await names["Count"].read_description()).Text
        assert [(await one.read_browse_name()).Name for one in await names["Count"].get_properties()] == ["Number"]
        definition = await rig.node("vending").read_type_definition()
        assert (await rig.client.get_node(definition).read_browse_name()).Name == "vending"
        assert (await slot.get_parent()) == rig.node("vending")
        levels = await names["Count"].get_access_level()
        assert levels == {ua.AccessLevel.CurrentRead, ua.AccessLevel.CurrentWrite, ua.AccessLevel.HistoryRead}

    runner.run(check())


def test_a_method_call_is_stamped_and_counted(runner: asyncio.Runner, rig: Rig) -> None:
    host = rig.hosts["weigh"]

    async def check() -> None:
        rig.clock.time_ms += 90_500
        before = host.sequence
        host.act(lambda: host.device.put(3))
        rig.clock.time_ms += 500
        await rig.call(f"{host.name}/Measure")
        assert host.device.now_ms == rig.clock.time_ms
        assert host.sequence > before
        assert (await rig.value(f"{host.name}/Sequence")).Value.Value == host.sequence

    if "measure" not in host.signals:
        pytest.skip("this device has no such command any more")
    runner.run(check())


def test_commands_with_and_without_argument(runner: asyncio.Runner, rig: Rig) -> None:
    tank, vending = rig.hosts["tank"], rig.hosts["vending"]

    async def check() -> None:
        tank.act(lambda: tank.device.fill(100))
        await rig.call("tank/Calibrate", ua.Variant(42, INT64 if tank.signals["calibrate"].low is None else UINT32))
        assert tank.device.journal[-1].what == "calibrated" or tank.device.journal[-2].what == "calibrated"
        with refused_with("BadOutOfRange"):
            await rig.call("tank/Calibrate", ua.Variant(201, UINT32))
        with refused_with("BadInvalidArgument"):
            await rig.call("tank/Calibrate", ua.Variant(42, UINT64))
        with refused_with("BadArgumentsMissing"):
            await rig.call("tank/Calibrate")
        with refused_with("BadTooManyArguments"):
            await rig.call("vending/Slot1/Vend", ua.Variant(True))
        await rig.call("vending/Slot1/Vend")
        with refused_with("BadInvalidState"):  # a turn is going on
            await rig.call("vending/Slot2/Vend")
        rig.clock.time_ms += 5_000
        vending.advance(rig.clock.time_ms)
        assert (await rig.value("vending/Turns")).Value.Value == vending.reading("turns").value >= 1

    runner.run(check())


def test_writes_reach_the_device_each_with_its_own_status(runner: asyncio.Runner, rig: Rig) -> None:
    host = rig.hosts["vending"]

    async def check() -> None:
        def good(value: int, kind: ua.VariantType = UINT32) -> ua.DataValue:
            return ua.DataValue(ua.Variant(value, kind))

        nodes = [rig.node(f"vending/{path}") for path in ("Slot1/Par", "Slot2/Par", "Slot1/Par", "Turns", "Sequence")]
        values = [good(1), good(99), good(1, ua.VariantType.Int64), good(7), good(7, UINT64)]
        results = await rig.client.uaclient.write_attributes([node.nodeid for node in nodes], values)
        names = [result.name for result in results]
        assert names == ["Good", "BadOutOfRange", "BadTypeMismatch", "BadNotWritable", "BadUserAccessDenied"]
        assert host.reading("slot_1_par").value == 1
        assert (await rig.value("vending/Slot1/Par")).Value.Value == 1

    runner.run(check())


def test_a_subscription_gets_every_change_in_order_and_only_changes(runner: asyncio.Runner, rig: Rig) -> None:
    host = rig.hosts["vending"]

    async def check() -> None:
        notices = Notices()
        subscription = await rig.client.create_subscription(20, notices, queue_maxsize=0)
        count, number = rig.node("vending/Slot2/Count"), rig.node("vending/Slot2/Count.Number")
        await subscription.subscribe_data_change([count, number])
        await notices.until(2)
        expected = []
        for step in range(300):
            host.write("slot_2_count", step % 3)
            expected.append(host.reading("slot_2_count"))
        await notices.until(2 + 2 * len(dict.fromkeys(expected)))
        changes = list(dict.fromkeys(expected))  # the first write may say what is shown already
        if changes[0].value == notices.came[0][1].Value.Value:
            changes = changes[1:]
        came = [value.Value.Value for name, value in notices.came if name.endswith("Count")][-len(changes) :]
        numbers = [value.Value.Value for name, value in notices.came if name.endswith("Number")][-len(changes) :]
        assert came == [reading.value for reading in changes]
        assert numbers == [reading.number for reading in changes]
        await subscription.delete()
        host.write("slot_2_count", 0 if changes[-1].value else 1)  # nobody listens any more

    runner.run(check())


def test_status_is_told_though_the_value_stays(runner: asyncio.Runner, rig: Rig) -> None:
    host = rig.hosts["tank"]

    async def check() -> None:
        notices = Notices()
        subscription = await rig.client.create_subscription(20, notices)
        await subscription.subscribe_data_change([rig.node("tank/Low")])
        await notices.until(1)
        host.disturbance.status["low"] = Status.UNCERTAIN
        host.refresh()
        await notices.until(2)
        host.disturbance.status["low"] = Status.BAD
        host.refresh()
        await notices.until(3)
        host.disturbance.status.clear()
        host.disturbance.silent = True
        host.refresh()
        await notices.until(4)
        sequence = (await rig.value("tank/Sequence")).Value.Value
        host.act(lambda: host.device.draw(1))
        assert (await rig.value("tank/Sequence")).Value.Value == sequence  # nothing is heard of it
        with refused_with("BadNoCommunication"):
            await rig.call("tank/Journal/Read", ua.Variant(1, UINT64), ua.Variant(9, UINT32))
        with refused_with("BadNoCommunication"):
            await rig.node("tank/Low").read_raw_history()
        host.disturbance.silent = False
        host.refresh()
        await notices.until(5)
        names = [value.StatusCode.name for _, value in notices.came]
        assert names == ["Good", "UncertainSensorNotAccurate", "BadSensorFailure", "BadNoCommunication", "Good"]
        assert notices.came[2][1].Value.Value is None
        assert (await rig.value("tank/Sequence")).Value.Value == host.sequence
        await subscription.delete()

    runner.run(check())


def test_the_journal_answers_by_number_and_as_history(runner: asyncio.Runner, rig: Rig) -> None:
    host = rig.hosts["vending"]

    async def check() -> None:
        for units in (2, 1, 2, 0):
            rig.clock.time_ms += 1000
            host.advance(rig.clock.time_ms)
            host.write("slot_1_count", units)
        journal = host.journal
        newest, oldest = [(await rig.value(f"vending/Journal/{name}")).Value.Value for name in ("Newest", "Oldest")]
        assert (newest, oldest) == (journal[-1].number, journal[0].number)
        first = newest - 2
        numbers, times, signals, values = await rig.call(
            "vending/Journal/Read", ua.Variant(first, UINT64), ua.Variant(2, UINT32)
        )
        wanted = [change for change in journal if change.number >= first][:2]
        assert numbers == [change.number for change in wanted]
        assert times == [ORIGIN + timedelta(milliseconds=change.time_ms) for change in wanted]
        assert signals == [change.signal for change in wanted]
        assert [value.Value for value in values] == [change.value for change in wanted]
        empty = await rig.call("vending/Journal/Read", ua.Variant(newest + 1, UINT64), ua.Variant(9, UINT32))
        assert empty == [[], [], [], []]
        with refused_with("BadInvalidArgument"):
            await rig.call("vending/Journal/Read", ua.Variant(first), ua.Variant(9, UINT32))

        history = await rig.node("vending/Slot1/Count").read_raw_history()
        kept = [change for change in journal if change.signal == "slot_1_count"]
        assert [value.Value.Value for value in history] == [change.value for change in kept]
        page = await rig.node("vending/Slot1/Count").read_raw_history(numvalues=2)
        assert [value.Value.Value for value in page] == [change.value for change in kept[:2]]
        since = ORIGIN + timedelta(milliseconds=kept[-2].time_ms)
        recent = await rig.node("vending/Slot1/Count").read_raw_history(starttime=since)
        assert [value.Value.Value for value in recent] == [change.value for change in kept[-2:]]

    runner.run(check())


def test_a_reboot_begins_the_next_epoch(runner: asyncio.Runner, rig: Rig) -> None:
    host = rig.hosts["weigh"]

    async def check() -> None:
        host.reboot(keeps_numbers=False)
        epoch, sequence, newest = [
            (await rig.value(f"{host.name}/{name}")).Value.Value for name in ("Epoch", "Sequence", "Journal/Newest")
        ]
        assert (epoch, sequence, newest) == (2, host.sequence, host.sequence)
        assert host.sequence == len(host.readings())
        host.reboot(keeps_numbers=True)
        assert (await rig.value(f"{host.name}/Journal/Newest")).Value.Value == 0

    runner.run(check())


def test_a_second_device_of_a_name_is_refused(runner: asyncio.Runner, rig: Rig) -> None:
    host = rig.hosts["tank"]
    with pytest.raises(SignalError, match="already"):
        runner.run(rig.server.add(host, plain_nodes(host.signals)))


@pytest.mark.parametrize("url", ["opc.tcp://0.0.0.0:0", "opc.tcp://[::]:0", "opc.tcp://plant.example:4840"])
def test_no_security_is_for_loopback_only(runner: asyncio.Runner, url: str) -> None:
    async def make() -> None:
        OpcuaServer(url, ORIGIN)

    with pytest.raises(AddressError, match="--insecure"):
        runner.run(make())


@pytest.mark.parametrize("url", ["http://127.0.0.1:0", "opc.tcp://127.0.0.1:99999", "opc.tcp://", "4840"])
def test_what_is_no_address(runner: asyncio.Runner, url: str) -> None:
    async def make() -> None:
        OpcuaServer(url, ORIGIN)

    with pytest.raises(AddressError):
        runner.run(make())
