"""A small gateway that speaks Sparkplug B: births with aliases, data by alias alone, what waited as historical.

Run it by `python sparkplug_gateway.py CONFIG [HOST]`, the configuration of the reference gateway, and the host
application that it waits for.
"""

import asyncio
import json
import sys
from collections import deque
from contextlib import AsyncExitStack
from pathlib import Path

import aiomqtt

from device_emulators.catalog import KINDS
from device_emulators.faces.host import Change
from device_emulators.faces.sparkplug import DataType, type_of
from device_emulators.faces.sparkplug_pb2 import Payload
from hil.gateways.readers import Reader, ReadError, open_readers
from hil.gateways.settings import Settings, Source, read_settings
from hil.mqtt import mqtt_client


class Gateway:
    def __init__(self, settings: Settings, host: str = "") -> None:
        self.settings, self.host = settings, host
        self.signals = {one.name: KINDS[one.type].usual(one.name, lambda: 0.5).signals for one in settings.devices}
        self.waiting: deque[tuple[str, Change]] = deque()
        self.news = asyncio.Event()
        self.seq = 0

    async def follow(self, source: Source, reader: Reader) -> None:
        known = 0
        while True:
            try:
                part = await reader.journal(known)
                known = part.newest
                self.waiting += [(source.name, change) for change in part.changes]
                self.news.set()
            except ReadError:
                pass
            await asyncio.sleep(0.1)

    async def send_always(self) -> None:
        while True:
            try:
                async with mqtt_client(self.settings.broker, timeout=1.0, keepalive=5) as client:
                    if self.host:
                        await client.subscribe(f"spBv1.0/STATE/{self.host}", qos=1)
                        async for message in client.messages:
                            if json.loads(bytes(message.payload))["online"]:
                                break
                    await self.births(client)
                    while True:
                        while self.waiting:
                            device, change = self.waiting[0]
                            await client.publish(f"spBv1.0/test/DDATA/gw/{device}", self.data(device, change), qos=1)
                            self.waiting.popleft()
                        self.news.clear()
                        await self.news.wait()
            except aiomqtt.MqttError:
                await asyncio.sleep(0.2)

    async def births(self, client: aiomqtt.Client) -> None:
        self.seq = 255
        await client.publish("spBv1.0/test/NBIRTH/gw", self.payload().SerializeToString(), qos=1)
        for device, signals in self.signals.items():
            birth = self.payload()
            for alias, signal in enumerate(signals.values()):
                birth.metrics.add(name=signal.name, alias=alias, datatype=type_of(signal), is_null=True)
            await client.publish(f"spBv1.0/test/DBIRTH/gw/{device}", birth.SerializeToString(), qos=1)

    def data(self, device: str, change: Change) -> bytes:
        signal, payload = self.signals[device][change.signal], self.payload()
        metric = payload.metrics.add(alias=list(self.signals[device]).index(change.signal), timestamp=change.time_ms)
        metric.is_historical = len(self.waiting) > 20
        metric.properties.keys.append("Number")
        metric.properties.values.add(type=DataType.UINT64, long_value=change.number)
        match type_of(signal):
            case DataType.BOOLEAN:
                metric.boolean_value = bool(change.value)
            case DataType.DOUBLE:
                metric.float_value = float(change.value)
            case DataType.STRING:
                metric.string_value = str(change.value)
            case _:
                metric.long_value = int(change.value) % 2**64
        return bytes(payload.SerializeToString())

    def payload(self) -> Payload:
        self.seq = (self.seq + 1) % 256
        return Payload(seq=self.seq)


async def main(config: str, host: str = "") -> None:
    settings = read_settings(Path(config))
    gateway = Gateway(settings, host)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        readers = await open_readers(settings, stack)
        tasks.create_task(gateway.send_always())
        for source in settings.devices:
            tasks.create_task(gateway.follow(source, readers[source.name]))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
