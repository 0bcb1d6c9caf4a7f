"""Processes that the rig starts, ends, kills and starts again: the gateway under test, and a broker."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
BROKER_START_S: Final = 10.0
SYSTEM_FOLDERS: Final = ":/usr/sbin:/usr/local/sbin"


class RigError(RuntimeError):
    """The rig itself does not work; the message says why. It is never the gateway's fault."""


class ManagedProcess:
    """A command with its output in a file. Times at which it ended by itself are the gateway's affair."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, patience_s: float = 5.0
    ) -> None:
        """`patience_s` is how long it may take to end when asked."""
        self._command = tuple(command)
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._patience_s = patience_s
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, unless it runs. RigError: the command is not there."""
        if self.running:
            return
        try:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
                )
        except OSError as error:
            raise RigError(f"cannot start {self._command[0]}: {error.strerror}") from None

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        await self._signal(signal.SIGTERM)
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), self._patience_s)
            except TimeoutError:
                await self.kill()

    async def kill(self) -> None:
        """End it at once."""
        await self._signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    async def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


class Mosquitto(ManagedProcess):
    """A mosquitto broker on a free port of loopback, without persistence."""

    def __init__(self, folder: Path) -> None:
        """RigError: mosquitto is not installed."""
        program = find_mosquitto()
        if program is None:
            raise RigError("mosquitto is not installed; install it, or name a broker by its url")
        self.port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} {LOOPBACK}\nallow_anonymous true\npersistence false\n", "ascii")
        super().__init__((program, "-c", str(config)), folder / "mosquitto.log")

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
