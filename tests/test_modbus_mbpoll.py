"""Debian's mbpoll, a client that we did not write, reads and writes every entry of the maps, over TCP and a line."""

import asyncio
import os
import re
import shutil
import struct

import pytest

from device_emulators.faces.mapping import Table, WordOrder
from device_emulators.faces.registers import encode
from device_emulators.signals import RefusedError
from tests.modbus_hosts import LINE, Plant, serving
from tests.modbus_samples import SampleImage, Units

pytestmark = pytest.mark.skipif(
    shutil.which("mbpoll") is None and not os.environ.get("CI"),
    reason="mbpoll is not installed (apt-get install mbpoll)",
)

TABLES = {Table.COIL: "0", Table.DISCRETE: "1", Table.INPUT: "3", Table.HOLDING: "4"}
OVER = ["tcp", "line"]


async def mbpoll(where, unit, table, address, *values, count=1, form=""):
    """Run it once; what it printed, and its exit code."""
    if isinstance(where, tuple):
        place = ["-m", "tcp", "-p", str(where[1]), where[0]]
    else:
        place = ["-m", "rtu", "-b", str(LINE.baud), "-P", "even", where]
    table_form = TABLES[table] + (f":{form}" if form else "")
    options = ["-0", "-1", "-o", "10", "-a", str(unit), "-r", str(address), "-t", table_form]
    options += [] if values else ["-c", str(count)]
    process = await asyncio.create_subprocess_exec(
        *("mbpoll", *options, *place, *map(str, values)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 30)
    return printed.decode(), process.returncode


async def read(where, unit, table, address, count=1, form=""):
    """What it reads: value by address."""
    printed, code = await mbpoll(where, unit, table, address, count=count, form=form)
    assert code == 0, printed
    return {int(at): value for at, value in re.findall(r"^\[(\d+)\]:\s+(\S+)", printed, re.MULTILINE)}


def shown(host, bound, point):
    """The registers or bits that a client must see of a point."""
    if not point.signal.readable:
        return (0,)
    return encode(point, host.reading(point.signal.name).value, bound.word_order)


@pytest.mark.parametrize("over", OVER)
def test_every_entry_is_read(over):
    async def scenario():
        plant = Plant()
        async with serving(plant.units, over) as (_, where):
            for unit, bound in plant.bounds.items():
                wanted = runs(plant.hosts[unit], bound)
                asked = [read(where, unit, table, address, len(words)) for table, address, words in wanted]
                if over == "tcp":
                    shown = await asyncio.gather(*asked)
                else:
                    shown = [await one for one in asked]
                for (table, address, words), values in zip(wanted, shown, strict=True):
                    # registers over 0x7fff are followed by the signed value, in parentheses
                    assert {at: int(value) for at, value in values.items()} == dict(enumerate(words, address)), table

    asyncio.run(scenario())


def runs(host, bound):
    """All points, with neighbours joined: table, address, registers."""
    joined = []
    for point in sorted(bound.points, key=lambda point: (point.table, point.address)):
        words = [int(word) for word in shown(host, bound, point)]
        if joined:
            table, address, before = joined[-1]
            if table is point.table and address + len(before) == point.address and len(before) + len(words) <= 125:
                before.extend(words)
                continue
        joined.append((point.table, point.address, words))
    return joined


@pytest.mark.parametrize("over", OVER)
def test_every_entry_that_can_be_written_is_written(over):
    """Or refused, when the device cannot do that now; then it must say so itself."""

    async def scenario():
        plant, told, refused = Plant(), 0, set()
        async with serving(plant.units, over) as (_, where):
            for unit, host in plant.hosts.items():
                for point in plant.writable(unit):
                    value = True if point.table is Table.COIL else 2
                    words = encode(point, value, plant.bounds[unit].word_order)
                    printed, code = await mbpoll(where, unit, point.table, point.address, *map(int, words))
                    if code:
                        assert "Slave device or server failure" in printed
                        with pytest.raises(RefusedError):
                            host.write(point.signal.name, value)
                        refused.add(f"{host.kind} {point.signal.name}")
                    else:
                        assert f"Written {len(words)} references" in printed
                        assert not point.signal.readable or host.reading(point.signal.name).value == value
                    told += 1
                    plant.settle(unit)
            assert told == sum(signal.writable for host in plant.hosts.values() for signal in host.signals.values())
            assert len(refused) < told / 10, refused

    asyncio.run(scenario())


@pytest.mark.parametrize("over", OVER)
def test_the_identity_and_the_journal_are_read(over):
    async def scenario():
        plant = Plant()
        async with serving(plant.units, over) as (_, where):
            for unit, host in plant.hosts.items():
                bound = plant.bounds[unit]
                block, big = bound.journal, bound.word_order is WordOrder.BIG
                identity = await read(where, unit, Table.INPUT, 0, 8)
                head = await read(where, unit, block.table, block.head, 5)
                for registers, at in ((identity, 2), (head, block.head)):
                    pair = [int(registers[at]), int(registers[at + 1])]
                    assert (pair if big else pair[::-1]) == [0, host.sequence]
                slot = block.entries + 12 * (host.sequence % block.size)
                entry = [int(value) for value in (await read(where, unit, block.table, slot, 12)).values()]
                assert entry[:2] == ([0, host.sequence] if big else [host.sequence, 0])
                assert entry[5] == bound.signal_numbers[host.journal[-1].signal]

    asyncio.run(scenario())


@pytest.mark.parametrize("over", OVER)
def test_32_bits_of_either_order(over):
    async def scenario():
        image = SampleImage()
        image.inputs[10:14] = struct.unpack(">4H", struct.pack(">if", -123_456_789, 1.5))
        async with serving(Units({3: image}), over) as (_, where):
            printed, _ = await mbpoll(where, 3, Table.INPUT, 10, form="int")
            assert "[10]" in printed
            little = struct.unpack("<i", struct.pack("<HH", *image.inputs[10:12]))[0]
            assert str(little) in printed

    asyncio.run(scenario())


@pytest.mark.parametrize("over", OVER)
def test_refusals_are_understood(over):
    async def scenario():
        image = SampleImage()
        async with serving(Units({1: image, 2: SampleImage()}), over) as (_, where):
            for address, value, words in ((5000, 1, "Illegal data address"), (901, 99, "Illegal data value")):
                printed, code = await mbpoll(where, 1, Table.HOLDING, address, value)
                assert words in printed
                assert code == 1
            printed, code = await mbpoll(where, 1, Table.HOLDING, 900, 1)
            assert "Slave device or server failure" in printed
            image.disturbance.exception = 6
            printed, code = await mbpoll(where, 1, Table.INPUT, 0)
            assert "Slave device or server is busy" in printed
            image.disturbance.exception, image.disturbance.late_ms = None, 100
            assert await read(where, 1, Table.INPUT, 7) == {7: "7"}

    asyncio.run(scenario())


def test_an_unknown_unit_over_tcp():
    async def scenario():
        async with serving(Units({1: SampleImage(), 2: SampleImage()}), "tcp") as (_, where):
            printed, code = await mbpoll(where, 9, Table.INPUT, 0)
            assert "Target device failed to respond" in printed
            assert code == 1

    asyncio.run(scenario())
