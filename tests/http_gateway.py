"""A small gateway of another make: reads journals over Modbus, posts JSON arrays over HTTP until they are taken.

Run it by `python http_gateway.py MODBUS_HOST MODBUS_PORT HTTP_URL NAME:TYPE:UNIT ...`.
"""

import asyncio
import http.client
import json
import sys
from urllib.parse import urlsplit

from device_emulators.catalog import KINDS
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from hil.bindings.connection import BackOff, DeviceError
from hil.bindings.modbus_address import TcpAddress
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice


def post(url: str, name: str, body: bytes) -> bool:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=2)
    try:
        connection.request("POST", f"/api/{name}", body, {"Content-Type": "application/json"})
        return connection.getresponse().status == 204
    except OSError:
        return False
    finally:
        connection.close()


async def follow(device: ModbusDevice, name: str, url: str) -> None:
    known, waiting = 0, []
    while True:
        try:
            part = await device.journal(known)
            known = part.newest
            waiting += [
                {"n": one.number, "s": one.signal, "v": one.value, "t": one.time_ms / 1000} for one in part.changes
            ]
        except DeviceError:
            pass
        if waiting and await asyncio.to_thread(post, url, name, json.dumps({"readings": waiting}).encode()):
            waiting = []
        await asyncio.sleep(0.1)


async def main(host: str, port: str, url: str, *devices: str) -> None:
    client = ModbusClient(TcpAddress(host, int(port)), timeout_s=1, back_off=BackOff(first_s=0.1, longest_s=0.5))
    async with client, asyncio.TaskGroup() as tasks:
        for text in devices:
            name, kind, unit = text.split(":")
            signals = KINDS[kind].usual(name, lambda: 0.5).signals
            bound = bind(builtin_map(kind), signals)
            tasks.create_task(follow(ModbusDevice(client, int(unit), bound, tuple(signals.values())), name, url))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
