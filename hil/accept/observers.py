"""Observers: what the gateway published over MQTT, or posted over HTTP, as reports with the time they were seen."""

import asyncio
import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from hil.accept.history import Report
from hil.accept.paths import TopicPattern
from hil.accept.streams import LARGEST_PACKET, http_headers
from hil.relays.record import Clock

if TYPE_CHECKING:
    import aiomqtt

LOOPBACK: Final = "127.0.0.1"
LARGEST_HEAD: Final = 16_384
IDLE_S: Final = 300.0
MOST_REPORTS: Final = 1_000_000
"""Kept of a run, some 400 bytes each."""
KEEPALIVE_S: Final = 10
_PLACE: Final = re.compile(r"\$\{(\w+)\}")


class Reading(Protocol):
    """Makes reports of messages."""

    @property
    def filter(self) -> str:
        """The topic filter to subscribe to."""

    @property
    def unread(self) -> int:
        """Messages that could not be read."""

    def reports(self, topic: str, payload: bytes, seen_ms: int) -> list[Report]:
        """The readings of a message (topic, or path of a post), none when it is another's."""


@dataclass(frozen=True)
class Answer:
    """What a gateway waits for before it sends: at a message on `topic`, `reply` is published on `reply_topic`.

    `${name}` in the reply stands for a name of the topic pattern, or of an entry of the message's JSON object.
    """

    topic: TopicPattern
    reply_topic: TopicPattern
    reply: str

    def reply_to(self, topic: str, payload: bytes) -> tuple[str, str] | None:
        """Topic and payload of the answer; None when the message is none that is answered."""
        names = self.topic.match(topic)
        if names is None:
            return None
        values: dict[str, object] = {}
        with contextlib.suppress(ValueError, RecursionError):
            document = json.loads(payload)
            values = document if isinstance(document, dict) else {}
        values = {**values, **names}
        filled = _PLACE.sub(
            lambda name: json.dumps(values.get(name[1]))[slice(*_quotes(values.get(name[1])))], self.reply
        )
        return self.reply_topic.fill(names), filled


def _quotes(value: object) -> tuple[int | None, int | None]:
    """Texts are filled in without their quotes, but escaped; everything else as JSON."""
    return (1, -1) if isinstance(value, str) else (None, None)


class HostState(NamedTuple):
    """What a Sparkplug host application says of itself, kept by the broker, and left behind as its last will."""

    topic: str
    since_ms: int  # since 1970

    def payload(self, online: bool) -> str:
        """Sparkplug B 3.0, STATE messages: birth and death carry the same time stamp."""
        return json.dumps({"online": online, "timestamp": self.since_ms})


class _Observer:
    """`reports` grows with what comes, and `came` is set then; `too_many`: more has come than is kept."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.came = asyncio.Event()
        self.too_many = False

    def _keep(self, found: Sequence[Report]) -> None:
        if len(self.reports) + len(found) > MOST_REPORTS:
            self.too_many = True
        elif found:
            self.reports += found
            self.came.set()


class MqttObserver(_Observer):
    """Subscribes by `start`; `reports` grows until `stop`. Its connection goes past the links under test.

    When the broker goes away it comes back by itself; `lost_broker_ms` is since when it is without one, and `ready`
    is set while it is subscribed.
    """

    def __init__(
        self,
        client: "aiomqtt.Client",
        extractor: Reading,
        clock: Clock,
        answers: Sequence[Answer] = (),
        state: HostState | None = None,
    ) -> None:
        """`state`: it is the host that edge nodes of Sparkplug wait for."""
        super().__init__()
        self.lost_broker_ms: int | None = None
        self._client = client
        self._extractor = extractor
        self._clock = clock
        self._answers = answers
        self._state = state
        self._task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    async def start(self) -> None:
        """Connect and subscribe; aiomqtt.MqttError or TimeoutError when there is no broker."""
        self._task = asyncio.create_task(self._run())
        ready = asyncio.create_task(self.ready.wait())
        await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        """Observe no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._task

    async def _run(self) -> None:
        import aiomqtt

        first = True
        while True:
            try:
                async with self._client as client:
                    for topic in (self._extractor.filter, *(one.topic.filter for one in self._answers)):
                        await client.subscribe(topic, qos=1)
                    first = False
                    self.lost_broker_ms = None
                    await self._announce(client, online=True)
                    self.ready.set()
                    try:
                        async for message in client.messages:
                            await self._take(client, message)
                    except asyncio.CancelledError:
                        await self._announce(client, online=False)
                        raise
            except aiomqtt.MqttError:
                if first:
                    raise
                self.ready.clear()
                if self.lost_broker_ms is None:
                    self.lost_broker_ms = self._clock.now_ms()
                await asyncio.sleep(0.05)  # the broker may be restarting, as part of the test

    async def _announce(self, client: "aiomqtt.Client", online: bool) -> None:
        if self._state is not None:
            await client.publish(self._state.topic, self._state.payload(online), qos=1, retain=True)

    async def _take(self, client: "aiomqtt.Client", message: "aiomqtt.Message") -> None:
        if message.retain:
            return  # kept by the broker from before: no new report
        topic, payload = str(message.topic), bytes(message.payload or b"")
        self._keep(self._extractor.reports(topic, payload, self._clock.now_ms()))
        for answer in self._answers:
            reply = answer.reply_to(topic, payload)
            if reply is not None:
                await client.publish(*reply, qos=1)


class HttpObserver(_Observer):
    """Listens on loopback and takes JSON posts; every one that can be read is answered with 204."""

    def __init__(self, extractor: Reading, clock: Clock) -> None:
        super().__init__()
        self._extractor = extractor
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, port: int = 0) -> None:
        """Listen; OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, port, limit=LARGEST_HEAD)

    async def stop(self) -> None:
        """Listen no more and end all connections."""
        if self._server is not None:
            self._server.close()
            for task in tuple(self._tasks):
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await asyncio.wait_for(self._post(reader, writer), IDLE_S):
                pass
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client's affair
        except asyncio.CancelledError:
            writer.transport.abort()  # the task is this connection's alone
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _post(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one request; returns whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
        method, target, version = head.split(b"\r\n", 1)[0].decode("ascii").split(" ", 2)
        headers = http_headers(head)
        length = int(headers["content-length"] or 0)
        if "transfer-encoding" in headers or not 0 <= length <= LARGEST_PACKET:
            await self._answer(writer, "411 Length Required")
            return False
        if headers["expect"].lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(length)
        if method not in ("POST", "PUT"):
            await self._answer(writer, "405 Method Not Allowed")
            return True
        found = self._extractor.reports(target.split("?", 1)[0].lstrip("/"), body, self._clock.now_ms())
        self._keep(found)
        await self._answer(writer, "204 No Content" if found else "422 Unprocessable Content")
        return version == "HTTP/1.1" and headers["connection"].lower() != "close"

    async def _answer(self, writer: asyncio.StreamWriter, status: str) -> None:
        length = "" if status.startswith("204") else "Content-Length: 0\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{length}\r\n".encode("ascii"))
        await writer.drain()
