"""Brokers that the rig runs: mosquitto where it is installed, or the embedded one."""

import asyncio
import contextlib
import os
import shutil
import socket
from pathlib import Path
from typing import Final, Protocol

from hil.accept.processes import LOOPBACK, ManagedProcess, RigError
from hil.broker import BrokerError, EmbeddedBroker

BROKER_START_S: Final = 10.0
SYSTEM_FOLDERS: Final = ":/usr/sbin:/usr/local/sbin"


class OwnBroker(Protocol):
    """A broker on loopback that can be ended and started again on the same port."""

    @property
    def port(self) -> int: ...

    async def start(self) -> None:
        """Start it and wait until it listens; nothing when it runs. RigError: it does not."""

    async def stop(self) -> None:
        """Let it end in order."""

    async def kill(self) -> None:
        """End it at once."""


def make_broker(kind: str, folder: Path) -> OwnBroker:
    """One that is not started yet: `mosquitto`, `embedded`, or `auto`. RigError: it is not installed."""
    if kind == "embedded" or (kind == "auto" and find_mosquitto() is None):
        return Embedded()
    return Mosquitto(folder)


class Embedded:
    """The embedded broker; it keeps what it has for clients only while it runs."""

    def __init__(self) -> None:
        """RigError: its library is not installed."""
        from importlib.util import find_spec

        if find_spec("amqtt") is None:
            raise RigError("neither mosquitto nor amqtt is installed; install one, or name a broker by its url")
        self._broker = EmbeddedBroker()

    @property
    def port(self) -> int:
        return self._broker.port

    async def start(self) -> None:
        try:
            await self._broker.start()
        except BrokerError as error:
            raise RigError(str(error)) from None

    async def stop(self) -> None:
        await self._broker.stop()

    async def kill(self) -> None:
        await self._broker.kill()


class Mosquitto(ManagedProcess):
    """A mosquitto broker on a free port of loopback, without persistence."""

    def __init__(self, folder: Path) -> None:
        """RigError: mosquitto is not installed."""
        program = find_mosquitto()
        if program is None:
            raise RigError("mosquitto is not installed; install it, or name a broker by its url")
        self._port = free_port()
        config = folder / "mosquitto.conf"
        settings = (
            f"listener {self._port} {LOOPBACK}",
            "allow_anonymous true",
            "persistence false",
            "max_queued_messages 0",  # no limit: what a gateway sends in a burst must reach the observer
        )
        config.write_text("\n".join(settings) + "\n", "ascii")
        super().__init__((program, "-c", str(config)), folder / "mosquitto.log")

    @property
    def port(self) -> int:
        return self._port

    async def start(self) -> None:
        """Start it and wait until it listens. RigError: it does not."""
        await super().start()
        await wait_listening(self)


def find_mosquitto() -> str | None:
    """The program, None when it is not installed."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + SYSTEM_FOLDERS)


async def wait_listening(broker: Mosquitto) -> None:
    """Wait until somebody listens on the broker's port; a foreign process offers nothing to be told by."""
    loop = asyncio.get_running_loop()
    over_s = loop.time() + BROKER_START_S
    while broker.running and loop.time() < over_s:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, broker.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return
    raise RigError("the broker does not listen; its log says why")


def free_port() -> int:
    """A port of loopback that nobody has at present."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
