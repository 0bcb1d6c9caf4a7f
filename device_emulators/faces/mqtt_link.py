"""A connection to a broker that comes back: what is to be sent waits in order, and is sent again until acknowledged."""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final, Generic, NamedTuple, TypeVar

from aiomqtt import Client, MqttError, Will

from device_emulators.faces.mqtt_address import Broker

_logger = logging.getLogger(__name__)

WINDOW: Final = 20
"""Messages on their way at the same time, at most: what QoS 1 may repeat after an outage."""

T = TypeVar("T")


class Message(NamedTuple):
    """What is published where."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Backoff(NamedTuple):
    """Seconds to wait before connecting again: doubled after each failure, and up to a half longer by chance."""

    first: float = 0.5
    longest: float = 30.0


BACKOFF: Final = Backoff()


class Publisher(ABC, Generic[T]):
    """What is said over a link, from `start` to `close`: `T` is what waits to be sent, turned into messages only then.

    A subclass makes the `link`, and lists in `endings` what ends its listening to devices.
    """

    link: "MqttLink[T]"
    endings: list[Callable[[], None]]

    def start(self) -> None:
        """Connect in the background, and again whenever the connection breaks."""
        self.link.start()

    async def close(self) -> None:
        """Say what waits, and the farewell."""
        for end in self.endings:
            end()
        self.endings.clear()
        await self.link.close()

    @abstractmethod
    def will(self) -> Message:
        """What the broker is to publish when this connection breaks; asked for before each connection."""

    @abstractmethod
    def messages(self, item: T) -> Sequence[Message]:
        """What `item` comes to now."""

    def topics(self) -> Sequence[str]:
        """What to subscribe to, with QoS 1."""
        return ()

    async def ready(self) -> None:
        """Wait, connected and listening, until it may be spoken."""

    def greeting(self) -> Sequence[Message]:
        """What goes before everything else."""
        return ()

    def farewell(self) -> Sequence[Message]:
        """What is sent before an orderly end."""
        return [self.will()]

    def received(self, topic: str, payload: bytes) -> None:
        """A message came. It may say anything."""


class MqttLink(Generic[T]):
    """Sends items over one connection after another until `close`. Of more than `limit` the oldest are dropped."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        publisher: Publisher[T],
        *,
        limit: int = 100_000,
        backoff: Backoff = BACKOFF,
        timeout: float = 10.0,
        keepalive: int = 30,
    ) -> None:
        """`timeout` (seconds) is how long an acknowledgement may take before the connection counts as broken."""
        self.broker = broker
        self.client_id = client_id
        self.connections = 0
        self.acknowledged = 0
        self.dropped = 0
        self.connected = asyncio.Event()
        self._publisher = publisher
        self._waiting: deque[T] = deque()
        self._flying: dict[int, T] = {}
        self._numbers = count()
        self._limit = limit
        self._backoff = backoff
        self._timeout = timeout
        self._keepalive = keepalive
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = asyncio.Event()  # this connection, in order
        self._closing = False
        self._there = False  # the broker knows us, though we may not speak yet
        self._task: asyncio.Task[None] | None = None
        self._tls = broker.tls_context()
        self._chance = random.Random(client_id)

    @property
    def pending(self) -> int:
        """Items that are not acknowledged yet."""
        return len(self._waiting) + len(self._flying)

    def start(self) -> None:
        """Begin to connect, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def restart(self) -> None:
        """End this connection in order, and begin another."""
        self._ended.set()

    def send(self, item: T, first: bool = False) -> None:
        """Send after all that waits already, or before it."""
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self.dropped += 1
            if self.dropped == 1:
                _logger.warning(
                    "%s: %d messages wait for %s; the oldest are dropped", self.client_id, self._limit, self.broker
                )
        self._waiting.appendleft(item) if first else self._waiting.append(item)
        self._idle.clear()
        self._more.set()

    async def drained(self) -> None:
        """Wait until everything has been acknowledged."""
        await self._idle.wait()

    async def close(self, grace: float = 5.0) -> None:
        """End in order: what waits is sent, for up to `grace` seconds if there is a connection, then the farewell."""
        task = self._task
        if task is None:
            return
        if self.connected.is_set():
            try:
                async with asyncio.timeout(grace):
                    await self.drained()
            except TimeoutError:
                pass
        self._closing = True
        self._ended.set()
        if self._there:
            await asyncio.wait([task], timeout=grace)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._task = None

    # --- one connection after another ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        wait = self._backoff.first
        told = False
        while not self._closing:
            self._ended.clear()
            connections = self.connections
            try:
                await self._connect()
            except* (MqttError, OSError) as group:
                if not told or self.connections > connections:
                    _logger.warning("%s: no connection to %s: %s", self.client_id, self.broker, group.exceptions[0])
                told = True
            self._put_back()
            if self._closing:
                return
            wait = self._backoff.first if self.connections > connections else min(2 * wait, self._backoff.longest)
            await asyncio.sleep(wait * (1 + self._chance.random() / 2))

    async def _connect(self) -> None:
        will = self._publisher.will()
        client = Client(
            self.broker.host,
            self.broker.port,
            username=self.broker.user,
            password=self.broker.password,
            identifier=self.client_id,
            tls_context=self._tls,
            will=Will(will.topic, will.payload, will.qos, will.retain),
            timeout=self._timeout,
            keepalive=self._keepalive,
            max_inflight_messages=WINDOW,
        )
        client.pending_calls_threshold = 2 * WINDOW
        async with client:
            self._there = True
            try:
                for topic in self._publisher.topics():
                    await client.subscribe(topic, qos=1)
                await self._serve(client)
                for message in self._publisher.farewell() if self.connected.is_set() else ():
                    await client.publish(*message)
            finally:
                self._there = False
                self.connected.clear()

    async def _serve(self, client: Client) -> None:
        """Speak and listen until the connection breaks (MqttError) or the end is wanted."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._speak(client)), group.create_task(self._listen(client))]
            await self._ended.wait()
            for task in tasks:
                task.cancel()

    async def _speak(self, client: Client) -> None:
        await self._publisher.ready()
        self.connections += 1
        self.connected.set()
        _logger.info("%s: connected to %s", self.client_id, self.broker)
        for message in self._publisher.greeting():
            await client.publish(*message)
        await self._send(client)

    async def _send(self, client: Client) -> None:
        window = asyncio.Semaphore(WINDOW)
        async with asyncio.TaskGroup() as group:
            while True:
                await self._more.wait()
                while self._waiting:
                    await window.acquire()
                    number, item = next(self._numbers), self._waiting.popleft()
                    self._flying[number] = item
                    messages = self._publisher.messages(item)  # now, as they may count what is sent
                    group.create_task(self._deliver(client, number, messages, window.release))
                self._more.clear()

    async def _deliver(
        self, client: Client, number: int, messages: Sequence[Message], release: Callable[[], None]
    ) -> None:
        for message in messages:
            await client.publish(*message)
        del self._flying[number]
        self.acknowledged += 1
        release()
        if not self._flying and not self._waiting:
            self._idle.set()

    async def _listen(self, client: Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            self._publisher.received(message.topic.value, payload)

    def _put_back(self) -> None:
        """What was not acknowledged goes again, before the rest and in its order."""
        self._waiting.extendleft(reversed(self._flying.values()))
        self._flying.clear()
        if self._waiting:
            self._more.set()
