"""A gateway that is bad on purpose: it keeps what it reads in memory, and little of it; it forgets and repeats.

It shows that a verdict tells gateways apart. What is wrong with it: it begins anew with what is current when it starts,
holds no more than a few messages while the broker is away, does not wait for acknowledgements (QoS 0), and sends every
seventh message twice.

Run it by `python -m hil.gateways.bad CONFIG`.
"""

import asyncio
import contextlib
import sys
from collections import deque
from typing import Final

import aiomqtt

from hil.gateways.readers import Reader, ReadError, open_readers
from hil.gateways.reference import message
from hil.gateways.running import run_gateway
from hil.gateways.settings import Settings, Source
from hil.mqtt import mqtt_client

HOLDS: Final = 5
"""Messages it holds while it has no broker; older ones are gone."""
REPEATS: Final = 7
"""Of so many messages it says one twice."""


class BadGateway:
    """Runs until cancelled."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._held: deque[tuple[str, str]] = deque(maxlen=HOLDS)
        self._news = asyncio.Event()
        self._sent = 0

    async def run(self) -> None:
        """Read and send."""
        async with contextlib.AsyncExitStack() as stack:
            readers = await open_readers(self._settings, stack)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_always())
                for source in self._settings.devices:
                    tasks.create_task(self._read_always(source, readers[source.name]))

    async def _read_always(self, source: Source, reader: Reader) -> None:
        known = -1
        while True:
            with contextlib.suppress(ReadError):
                if known < 0 and (state := await reader.state(known)) is not None:
                    known = state.sequence
                part = await reader.journal(known)
                known = part.newest
                for change in part.changes:
                    self._held.append(message(self._settings.prefix, source.name, 1, change))
                self._news.set()
            await asyncio.sleep(self._settings.poll_ms / 1000)

    async def _send_always(self) -> None:
        settings = self._settings
        while True:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with mqtt_client(settings.broker, settings.mqtt_name, timeout=1.0, keepalive=5) as client:
                    while True:
                        await self._news.wait()
                        self._news.clear()
                        await self._send_held(client)
            await asyncio.sleep(1.0)

    async def _send_held(self, client: aiomqtt.Client) -> None:
        while self._held:
            topic, payload = self._held.popleft()
            self._sent += 1
            for _ in range(1 + (self._sent % REPEATS == 0)):
                await client.publish(topic, payload, qos=0)


async def run(settings: Settings) -> None:
    """Run a bad gateway until cancelled."""
    await BadGateway(settings).run()


if __name__ == "__main__":
    sys.exit(run_gateway(run, sys.argv[1:]))
