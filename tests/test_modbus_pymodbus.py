"""pymodbus's own client against our servers: every function code as others send it, over TCP and a line."""

import asyncio

import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from device_emulators.faces.modbus_image import Identification
from device_emulators.faces.modbus_units import Units
from tests.modbus_hosts import LINE, serving
from tests.modbus_samples import SampleImage, TcpPeer, read_inputs, registers


async def connect(where):
    if isinstance(where, tuple):
        client = AsyncModbusTcpClient(where[0], port=where[1], timeout=10, retries=0, reconnect_delay=0)
    else:
        client = AsyncModbusSerialClient(where, baudrate=LINE.baud, timeout=10, retries=0, reconnect_delay=0)
    assert await client.connect()
    return client


@pytest.mark.parametrize("over", ["tcp", "line"])
def test_every_function(over):
    async def scenario():
        image = SampleImage(Identification("maker", "code", "7", extended={0x80: "x" * 100, 0x81: "y" * 180}))
        async with serving(Units({5: image, 6: SampleImage()}), over) as (_, where):
            client = await connect(where)
            unit = {"device_id": 5}
            assert (await client.read_discrete_inputs(0, count=4, **unit)).bits[:4] == [True, False, False, True]
            assert (await client.read_input_registers(100, count=125, **unit)).registers == list(range(100, 225))
            assert not (await client.write_coil(3, True, **unit)).isError()
            assert not (await client.write_coils(4, [True, False, True], **unit)).isError()
            assert (await client.read_coils(3, count=4, **unit)).bits[:4] == [True, True, False, True]
            assert not (await client.write_register(3, 0x12, **unit)).isError()
            assert not (await client.mask_write_register(address=3, and_mask=0xF2, or_mask=0x25, **unit)).isError()
            assert not (await client.write_registers(4, list(range(123)), **unit)).isError()
            assert (await client.read_holding_registers(3, count=3, **unit)).registers == [0x17, 0, 1]
            both = await client.readwrite_registers(
                read_address=3, read_count=4, write_address=4, values=[8, 9], device_id=5
            )
            assert both.registers == [0x17, 8, 9, 2]
            first = await client.read_device_information(read_code=3, object_id=0, **unit)
            assert first.information[0] == b"maker"
            assert first.more_follows == 0xFF
            rest = await client.read_device_information(read_code=3, object_id=first.next_object_id, **unit)
            assert rest.information == {0x81: b"y" * 180}
            assert (await client.read_input_registers(999, count=2, **unit)).exception_code == 2
            assert (await client.read_exception_status(**unit)).exception_code == 1
            client.close()
            await asyncio.sleep(0)

    asyncio.run(scenario())


def test_many_clients_at_once():
    async def scenario():
        images = {unit: SampleImage() for unit in range(1, 31)}
        for unit, image in images.items():
            image.inputs = [unit] * 100
        async with serving(Units(images), "tcp") as (server, where):
            clients = [await connect(where) for _ in images]

            async def poll(client, unit):
                for _ in range(20):
                    answered = await client.read_input_registers(0, count=100, device_id=unit)
                    assert answered.registers == [unit] * 100

            await asyncio.gather(*(poll(client, unit) for client, unit in zip(clients, images, strict=True)))
            assert server.counts.requests == 600
            for client in clients:
                client.close()
            await asyncio.sleep(0)

    asyncio.run(scenario())


def test_a_client_that_reconnects_again_and_again_leaves_nothing_behind():
    async def scenario():
        async with serving(Units({1: SampleImage()}), "tcp") as (server, where):
            for place in range(50):
                peer = await TcpPeer.connect(where)
                assert await peer.ask(read_inputs(place, 1)) == b"\4" + registers(place)
                await peer.close()
            while server._connections:
                await asyncio.sleep(0)
            assert server.counts.connections == 50

    asyncio.run(scenario())
