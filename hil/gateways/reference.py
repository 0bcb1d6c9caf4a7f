"""The reference gateway: reads over Modbus and OPC UA, keeps what is new in SQLite, sends it over MQTT with QoS 1.

An example and the default test object, not a product. A message leaves the store when the broker has acknowledged it,
so it is delivered at least once; only what was not acknowledged when a connection broke is sent twice.

Run it by `python -m hil.gateways.reference CONFIG`.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final

import aiomqtt

from device_emulators.faces.host import Change
from device_emulators.signals import Value
from hil.gateways.readers import Reader, ReadError, open_readers
from hil.gateways.running import run_gateway
from hil.gateways.settings import Settings, Source
from hil.gateways.store import Store, Waiting
from hil.mqtt import mqtt_client

RECONNECT_S: Final = 0.5
KEEPALIVE_S: Final = 5


class Gateway:
    """Runs until cancelled."""

    def __init__(self, settings: Settings) -> None:
        """sqlite3.Error when the store cannot be opened."""
        self._settings = settings
        self._store = Store(settings.store)
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Read and send."""
        try:
            async with AsyncExitStack() as stack:
                readers = await open_readers(self._settings, stack)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._send_always())
                    for source in self._settings.devices:
                        tasks.create_task(self._read_always(source, readers[source.name]))
        finally:
            self._store.close()

    # --- devices to store ---------------------------------------------------------------------------------------------

    async def _read_always(self, source: Source, reader: Reader) -> None:
        loop, period_s = asyncio.get_running_loop(), self._settings.poll_ms / 1000
        while True:
            due_s = loop.time() + period_s
            try:
                await (self._read_journal(source, reader) if source.journal else self._read_values(source, reader))
            except ReadError as error:
                logging.info("%s: %s", source.name, error)  # the client connects again by itself
            await asyncio.sleep(max(due_s - loop.time(), 0))

    async def _read_journal(self, source: Source, reader: Reader) -> None:
        epoch, number = self._store.cursor(source.name)
        part = await reader.journal(number)
        changes = list(part.changes)
        if part.lost:
            logging.warning("%s: %d changes were gone before they could be read", source.name, part.lost)
            # the values of now, in place of changes that are gone: nobody knows which signals those were of
            state = await reader.state(known=-1)
            known = {(change.number, change.signal) for change in changes}
            current = state.values if state is not None else ()
            if not part.restarted:
                current = [one for one in current if one.number > number]  # the others have been read before
            changes = [*(one for one in current if (one.number, one.signal) not in known), *changes]
        if changes or part.newest != number:
            self._keep(source, epoch + part.restarted, part.newest, changes)

    async def _read_values(self, source: Source, reader: Reader) -> None:
        """What differs from what was read before is a change."""
        epoch, number = self._store.cursor(source.name)
        state = await reader.state(known=number)
        if state is None:
            return
        before = self._store.shown(source.name)
        changes = [one for one in state.values if one.signal not in before or before[one.signal] != one.value]
        shown = {one.signal: one.value for one in state.values}
        self._keep(source, epoch + (state.sequence < number), state.sequence, changes, shown)

    def _keep(
        self,
        source: Source,
        epoch: int,
        number: int,
        changes: Sequence[Change],
        shown: Mapping[str, Value] | None = None,
    ) -> None:
        messages = [message(self._settings.prefix, source.name, epoch, change) for change in changes]
        self._store.keep(source.name, epoch, number, messages, shown)
        self._news.set()

    # --- store to broker ----------------------------------------------------------------------------------------------

    async def _send_always(self) -> None:
        settings = self._settings
        while True:
            try:
                async with mqtt_client(
                    settings.broker,
                    settings.mqtt_name,
                    timeout=settings.acknowledge_ms / 1000,
                    keepalive=KEEPALIVE_S,
                    max_concurrent_outgoing_calls=settings.at_once,
                ) as client:
                    await self._send_all(client)
            except (aiomqtt.MqttError, TimeoutError) as error:
                logging.info("broker: %s", error)
            await asyncio.sleep(RECONNECT_S)

    async def _send_all(self, client: aiomqtt.Client) -> None:
        while True:
            self._news.clear()
            waiting = self._store.waiting(self._settings.at_once)
            if not waiting:
                await self._news.wait()
                continue
            # each is taken out of the store as it is acknowledged, also when another is not
            results = await asyncio.gather(*(self._send(client, one) for one in waiting), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result

    async def _send(self, client: aiomqtt.Client, waiting: Waiting) -> None:
        await client.publish(waiting.topic, waiting.payload, qos=1)
        self._store.delivered(waiting.id)


def message(prefix: str, device: str, epoch: int, change: Change) -> tuple[str, str]:
    """Topic and payload, in the form of the emulators' own JSON face."""
    moment = datetime.fromtimestamp(change.time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    payload = {
        "device": device,
        "signal": change.signal,
        "value": change.value,
        "number": change.number,
        "epoch": epoch,
        "time": moment,
        "status": "good",
    }
    return f"{prefix}/{device}/{change.signal}", json.dumps(payload)


async def run(settings: Settings) -> None:
    """Run a gateway until cancelled."""
    await Gateway(settings).run()


if __name__ == "__main__":
    sys.exit(run_gateway(run, sys.argv[1:]))
