"""Brokers for tests, and a subscriber that waits for what it is to see."""

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest


def need_tool(name: str) -> str:
    """The path of a program; the test is skipped without it, but not in CI."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return path


class Mosquitto:
    """A mosquitto on a port of its own, with the configuration lines given; may be stopped and started again."""

    def __init__(self, folder: Path, *lines: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._command = need_tool("mosquitto")
        self._file = folder / "mosquitto.conf"
        anonymous = [] if any("password_file" in line for line in lines) else ["allow_anonymous true"]
        self._file.write_text("\n".join([f"listener {self.port} 127.0.0.1", *anonymous, *lines]) + "\n")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            self._command,
            "-c",
            str(self._file),
            "-v",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr is not None
        async with asyncio.timeout(20):
            while b"running" not in (line := await self._process.stderr.readline()):
                assert line, "mosquitto ended"
        self._reading = asyncio.create_task(self._process.stderr.read())

    async def stop(self, kill: bool = False) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill() if kill else process.terminate()
            await process.wait()
            await self._reading


@asynccontextmanager
async def mosquitto(folder: Path, *lines: str) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(folder, *lines)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


class Gate:
    """A way to a broker that can be shut, so that every connection through it breaks, and opened again."""

    def __init__(self, to_port: int) -> None:
        self._to = to_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = True

    async def __aenter__(self) -> "Gate":
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self.shut()
        await self._server.wait_closed()

    async def shut(self) -> None:
        self._is_open = False
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def open(self) -> None:
        self._is_open = True

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._is_open:
                there, back = await asyncio.open_connection("127.0.0.1", self._to)
                self._writers |= {writer, back}
                await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            writer.transport.abort()
            self._tasks.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class Listener:
    """What a subscriber has seen."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, bool]] = []
        self._more = asyncio.Event()

    def add(self, message: aiomqtt.Message) -> None:
        self.seen.append((message.topic.value, bytes(message.payload), message.retain))
        self._more.set()

    async def until(self, enough: Callable[[list[tuple[str, bytes, bool]]], bool]) -> None:
        async with asyncio.timeout(20):
            while not enough(self.seen):
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def listening(port: int, topic: str, tls: ssl.SSLContext | None = None, **login: str) -> AsyncIterator[Listener]:
    """Sees what is published to `topic` from now on, and what is retained."""
    listener = Listener()
    async with aiomqtt.Client("127.0.0.1", port, tls_context=tls, **login) as client:
        await client.subscribe(topic, qos=1)

        async def collect() -> None:
            async for message in client.messages:
                listener.add(message)

        task = asyncio.create_task(collect())
        try:
            yield listener
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
