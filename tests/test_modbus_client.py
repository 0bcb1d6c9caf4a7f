"""The client for real devices (by pymodbus) against our servers: every map entry, slow and lost answers, journals."""

import asyncio
import random

import pytest

from device_emulators.faces.mapping import RegisterPoint, RegisterType, Table
from device_emulators.faces.modbus_serial import SerialSettings
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from device_emulators.signals import RefusedError, Signal, SignalError, SignalType
from hil.bindings.connection import AnswerError, BackOff, LinkError
from hil.bindings.modbus_address import LineAddress, TcpAddress, parse_address
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice, plan_reads
from tests.modbus_hosts import LINE, UTC_START_MS, Plant, serving
from tests.modbus_samples import REFUSED, SampleImage, tcp

OVER = ["tcp", "line"]
QUICK = BackOff(0.01, 0.05)


def address(where):
    return TcpAddress(*where) if isinstance(where, tuple) else LineAddress(where, LINE)


async def connect(where, **options):
    client = ModbusClient(address(where), back_off=QUICK, **{"timeout_s": 10.0} | options)
    await client.start()
    await asyncio.wait_for(client.wait_connected(), 20)
    return client


def device(plant, client, unit):
    signals = tuple(plant.hosts[unit].signals.values())
    return ModbusDevice(client, unit, plant.bounds[unit], signals)


@pytest.mark.parametrize("over", OVER)
def test_every_value_of_every_type_is_read(over):
    async def scenario():
        plant = Plant()
        async with serving(plant.units, over) as (_, where):
            client = await connect(where)
            for unit, host in plant.hosts.items():
                snapshot = await device(plant, client, unit).snapshot()
                assert snapshot.consistent
                assert snapshot.identity.sequence == host.sequence
                assert snapshot.identity.time_ms == UTC_START_MS + host.clock_ms
                readings = {name: reading.value for name, reading in host.readings().items()}
                assert snapshot.values == {name: pytest.approx(value) for name, value in readings.items()}
            await client.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("over", OVER)
def test_what_can_be_written_is_written(over):
    async def scenario():
        plant, refused = Plant(), set()
        async with serving(plant.units, over) as (_, where):
            client = await connect(where)
            for unit, host in plant.hosts.items():
                for point in plant.writable(unit):
                    value = True if point.signal.type is SignalType.BOOL else 1
                    try:
                        await device(plant, client, unit).write(point.signal.name, value)
                    except AnswerError:
                        with pytest.raises(RefusedError):
                            host.write(point.signal.name, value)
                        refused.add(point.signal.name)
                    else:
                        assert not point.signal.readable or host.reading(point.signal.name).value == value
                    plant.settle(unit)
            assert len(refused) < 5, refused
            machine = device(plant, client, 1)
            with pytest.raises(SignalError, match="turns cannot be written"):
                await machine.write("turns", 1)
            with pytest.raises(SignalError, match="expected a whole number"):
                await machine.write("slot_1_count", -1)
            await client.close()

    asyncio.run(scenario())


def test_refusals_keep_their_code():
    async def scenario():
        async with tcp({1: SampleImage()}, 0) as (server,):
            client = await connect(server.address)
            for reading in (client.read(1, Table.INPUT, 5000, 1), client.write(1, Table.HOLDING, 999, [1, 2])):
                with pytest.raises(AnswerError) as caught:
                    await reading
                assert caught.value.code == 2
            with pytest.raises(AnswerError, match="exception 4"):
                await client.write(1, Table.HOLDING, REFUSED, [1])
            with pytest.raises(AnswerError, match="exception 2"):
                await client.write(1, Table.COIL, 2999, [1, 1])
            with pytest.raises(ValueError, match="input cannot be written"):
                await client.write(1, Table.INPUT, 1, [1])
            await client.write(1, Table.COIL, 3, [1, 0, 1])
            assert await client.read(1, Table.COIL, 2, 5) == [0, 1, 0, 1, 0]
            await client.close()

    asyncio.run(scenario())


def test_a_slow_answer_is_late_and_belongs_to_nobody_else():
    async def scenario():
        async with tcp({1: (image := SampleImage())}, 0) as (server,):
            client = await connect(server.address, timeout_s=0.1)
            image.disturbance.late_ms = 150
            with pytest.raises(LinkError, match="No response"):
                await client.read(1, Table.INPUT, 7, 1)
            image.disturbance.late_ms = 0
            # its answer comes before this one's
            assert await client.read(1, Table.INPUT, 8, 1) == [8]
            await client.close()

    asyncio.run(scenario())


def test_stray_answers_are_not_taken():
    async def scenario():
        async with tcp({1: (image := SampleImage())}, 0) as (server,):
            image.disturbance.stray = True
            client = await connect(server.address)
            with pytest.raises(LinkError, match="another request"):  # its number is 0, which pymodbus takes
                await client.read(1, Table.INPUT, 9, 1)
            for place in range(1, 20):
                assert await client.read(1, Table.INPUT, place, 1) == [place]
            await client.close()

    asyncio.run(scenario())


def test_a_connection_that_is_lost_comes_back_with_back_off():
    async def scenario():
        states = []
        units = Units({1: SampleImage()})
        server = ModbusTcpServer(units)
        where = await server.start()
        client = await connect(where, on_state=states.append)
        assert await client.read(1, Table.INPUT, 3, 1) == [3]
        await server.close()
        while client.connected:
            await asyncio.sleep(0.001)
        with pytest.raises(LinkError, match="not connected"):
            await client.read(1, Table.INPUT, 3, 1)
        await asyncio.sleep(0.05)  # it tries in vain
        async with ModbusTcpServer(units, *where):
            await asyncio.wait_for(client.wait_connected(), 20)
            assert await client.read(1, Table.INPUT, 3, 1) == [3]
            await client.close()
        assert states == [True, False, True, False]

    asyncio.run(scenario())


def test_a_request_does_not_outlive_its_connection():
    async def scenario():
        image = SampleImage()
        image.disturbance.silent = True
        async with tcp({1: image}, 0) as (server,):
            client = await connect(server.address, timeout_s=3600.0)
            waiting = asyncio.create_task(client.read(1, Table.INPUT, 3, 1))
            while not server.counts.unanswered:
                await asyncio.sleep(0.001)
            await server.close()
            with pytest.raises(LinkError, match="lost"):
                await asyncio.wait_for(waiting, 20)
            await client.close()

    asyncio.run(scenario())


def test_nobody_at_home():
    async def scenario():
        async with ModbusTcpServer(Units()) as server:
            where = server.address
        async with ModbusClient(TcpAddress(*where), back_off=QUICK) as client:
            with pytest.raises(LinkError):
                await client.read(1, Table.INPUT, 0, 1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.wait_connected(), 0.05)
        async with ModbusClient(LineAddress("/nowhere"), back_off=QUICK) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.wait_connected(), 0.05)

    asyncio.run(scenario())


def test_the_wait_between_tries_doubles_up_to_its_bound():
    back_off = BackOff(0.2, 3.0)
    assert [back_off.wait_s(failures) for failures in (1, 2, 3, 4, 5, 500)] == [0.2, 0.4, 0.8, 1.6, 3.0, 3.0]


# --- journals -------------------------------------------------------------------------------------------------------


def test_a_journal_gives_every_change_once():
    async def scenario():
        plant = Plant(("vending_machine", "tank"), ring=64)
        async with serving(plant.units, "tcp") as (_, where):
            client = await connect(where)
            chance = random.Random(1)
            for unit, host in plant.hosts.items():
                truth, read = list(host.journal), []
                host.listen(lambda _, change, truth=truth: truth.append(change))
                remote = device(plant, client, unit)
                lost = last = 0
                for step in range(4, 60):
                    plant.live(step)
                    if chance.random() < 0.3 or step == 59:
                        part = await remote.journal(last)
                        read += part.changes
                        lost += part.lost
                        last = part.newest
                        assert not part.restarted
                assert len(read) + lost == host.sequence == last
                by_number = {change.number: change for change in truth}
                for change in read:
                    true = by_number[change.number]
                    assert change.time_ms == UTC_START_MS + true.time_ms
                    assert change.signal == true.signal
                    expected = len(true.value) if _free_text(host, true) else true.value
                    assert change.value == expected
                assert [change.number for change in read] == sorted({change.number for change in read})
            await client.close()

    asyncio.run(scenario())


def _free_text(host, change):
    return isinstance(change.value, str) and not host.signals[change.signal].choices


def test_a_journal_that_ran_over_says_how_many_are_lost():
    async def scenario():
        plant = Plant(("tank",), ring=10)
        host = plant.hosts[1]
        async with serving(plant.units, "tcp") as (_, where):
            client = await connect(where)
            remote = device(plant, client, 1)
            before = (await remote.journal(0)).newest
            for step in range(4, 40):
                plant.live(step)
            part = await remote.journal(before)
            assert [change.number for change in part.changes] == list(range(host.sequence - 9, host.sequence + 1))
            assert part.lost == host.sequence - before - 10
            assert (await remote.journal(part.newest)).changes == ()
            await client.close()

    asyncio.run(scenario())


def test_a_device_that_begins_its_numbers_anew_is_noticed():
    async def scenario():
        plant = Plant(("tank",))
        host = plant.hosts[1]
        async with serving(plant.units, "tcp") as (_, where):
            client = await connect(where)
            remote = device(plant, client, 1)
            last = (await remote.journal(0)).newest
            host.reboot(keeps_numbers=False)
            part = await remote.journal(last)
            assert part.restarted
            assert part.newest == host.sequence < last
            assert [change.number for change in part.changes] == list(range(1, host.sequence + 1))
            await client.close()

    asyncio.run(scenario())


def test_a_journal_that_kept_nothing_for_long_is_read_in_one_go():
    async def scenario():
        plant = Plant(("tank",), ring=256)
        host = plant.hosts[1]
        async with serving(plant.units, "tcp") as (_, where):
            client = await connect(where)
            remote = device(plant, client, 1)
            before = (await remote.journal(0)).newest
            host.disturbance.journal_full = True
            for step in range(5000):
                host.write("low_level", 10 + step % 50)
            host.disturbance.journal_full = False
            host.write("low_level", 70)
            part = await remote.journal(before)
            assert [change.number for change in part.changes] == [host.sequence]
            assert (part.newest, part.lost) == (host.sequence, host.sequence - before - 1)
            host.reboot(keeps_numbers=True)
            assert await remote.journal(part.newest) == part.__class__((), host.sequence)
            await client.close()

    asyncio.run(scenario())


# --- plans and addresses --------------------------------------------------------------------------------------------


def point(table, address, width=1):
    kind = RegisterType.TEXT if width > 1 else RegisterType.UINT16
    return RegisterPoint(Signal(f"s{address}", SignalType.TEXT, "", ""), table, address, kind, width)


def test_neighbours_are_read_together_up_to_the_limit():
    points = [point(Table.INPUT, 10 * place, 10) for place in range(14)]
    points += [point(Table.INPUT, 300), point(Table.HOLDING, 140), point(Table.COIL, 0)]
    spans = {(span.table, span.address, span.width, len(span.points)) for span in plan_reads(points)}
    assert spans == {
        (Table.INPUT, 0, 120, 12),
        (Table.INPUT, 120, 20, 2),
        (Table.INPUT, 300, 1, 1),
        (Table.HOLDING, 140, 1, 1),
        (Table.COIL, 0, 1, 1),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("modbus://localhost", (TcpAddress("localhost", 502), 1)),
        ("modbus://10.0.0.7:1502/247", (TcpAddress("10.0.0.7", 1502), 247)),
        ("modbus://[::1]:99/3", (TcpAddress("::1", 99), 3)),
        ("modbus-rtu:///dev/ttyUSB0", (LineAddress("/dev/ttyUSB0"), 1)),
        (
            "modbus-rtu:///dev/ttyS1?line=9600,8N2&unit=5",
            (LineAddress("/dev/ttyS1", SerialSettings(9600, "N", 2)), 5),
        ),
    ],
)
def test_addresses(text, expected):
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:502",
        "http://localhost",
        "modbus://",
        "modbus://user:secret@host/1",
        "modbus://host/0",
        "modbus://host/248",
        "modbus://host/²",
        "modbus://host:99999/1",
        "modbus://host/1?unit=2",
        "modbus://[::1",
        "modbus-rtu://host/dev/tty",
        "modbus-rtu:",
        "modbus-rtu:///dev/tty?speed=9600",
        "modbus-rtu:///dev/tty?line=9600,7E1",
        "modbus-rtu:///dev/tty?line",
    ],
)
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="expected such as modbus://HOST") as caught:
        parse_address(text)
    assert "secret" not in str(caught.value)
