"""Debian's mbpoll, a client that we did not write, reads and writes every entry of the maps, over TCP and a line."""

import asyncio
import os
import re
import shutil
import struct

import pytest

from device_emulators.catalog import KINDS
from device_emulators.faces.mapping import Table
from device_emulators.faces.registers import encode
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
    kinds = ("vending_machine", "tank") if over == "line" else tuple(KINDS)

    async def scenario():
        plant = Plant(kinds)
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
    async def scenario():
        plant = Plant(("vending_machine", "stock_point"))
        async with serving(plant.units, over) as (_, where):
            for unit in plant.hosts:
                host, bound = plant.hosts[unit], plant.bounds[unit]
                for point in plant.writable(unit):
                    value = True if point.table is Table.COIL else 2
                    words = encode(point, value, bound.word_order)
                    printed, code = await mbpoll(where, unit, point.table, point.address, *map(int, words))
                    assert code == 0, printed
                    assert f"Written {len(words)} references" in printed
                    if point.signal.readable:
                        assert host.reading(point.signal.name).value == value
                    plant.settle(unit)

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
