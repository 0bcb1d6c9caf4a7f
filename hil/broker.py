"""A broker for tests and demos, in a process of its own; for anything that must last, use mosquitto or your own by URL.

`async with EmbeddedBroker() as broker:` starts one on a free port of loopback; `broker.url` is where. The process is
this module run by itself: it says its port on stdout as JSON and lives until its stdin ends, so that it cannot outlive
whoever started it. By hand: `python -m hil.broker --port 8883 --keys FOLDER`; Ctrl-C ends it.
"""

import argparse
import asyncio
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 5.0  # then it is killed


class BrokerError(RuntimeError):
    """The broker did not start, or has died; the message has what it said."""


@dataclass(frozen=True)
class BrokerSettings:
    """Where it listens, and who may log in there.

    `keys` is a folder that `mro-twin hil keys` made: TLS with its broker certificate, and only its users, if it has
    any, are let in. Without, anybody may connect.
    """

    host: str = "127.0.0.1"
    port: int = 0
    keys: Path | None = None


class EmbeddedBroker:
    """A broker in a process of its own, from `start` to `stop`, or until it is killed; may be started again."""

    def __init__(self, settings: BrokerSettings | None = None) -> None:
        self._settings = settings or BrokerSettings()
        self._process: asyncio.subprocess.Process | None = None
        self.port = self._settings.port

    @property
    def url(self) -> str:
        """Where clients connect; known once it has started."""
        scheme = "mqtts" if self._settings.keys else "mqtt"
        return f"{scheme}://{self._settings.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def start(self) -> None:
        """Listen; a later start takes the port of the first. BrokerError: it did not come up."""
        if self.pid is not None:
            return
        settings = self._settings
        command = [sys.executable, "-m", "hil.broker", "--host", settings.host, "--port", str(self.port)]
        if settings.keys is not None:
            command += ["--keys", str(settings.keys)]
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await self._process.stdout.readline()
            self.port = json.loads(line)["port"]
        except (TimeoutError, ValueError, KeyError, TypeError):
            said = await self._end()
            raise BrokerError(f"the broker did not start:\n{said}") from None

    async def stop(self) -> None:
        """End in order: its clients are disconnected."""
        await self._end()

    async def kill(self) -> None:
        """End at once, as a power failure does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        await self._end()

    async def __aenter__(self) -> "EmbeddedBroker":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _end(self) -> str:
        """Close its stdin and wait; returns what it wrote to stderr."""
        process, self._process = self._process, None
        if process is None:
            return ""
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                _, said = await process.communicate()
        except TimeoutError:
            process.kill()
            _, said = await process.communicate()
        return said.decode(errors="replace")


async def _serve(settings: BrokerSettings) -> None:
    from amqtt.broker import Broker

    listener: dict[str, Any] = {"type": "tcp", "bind": f"{settings.host}:{settings.port}"}
    plugins: dict[str, Any] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    if settings.keys is not None:
        files = {"certfile": settings.keys / "broker.pem", "keyfile": settings.keys / "broker-key.pem"}
        listener |= {"ssl": True} | {name: str(path) for name, path in files.items()}
        if (settings.keys / "users").exists():
            plugins = {"hil.broker_users.UsersPlugin": {"file": str(settings.keys / "users")}}
    broker = Broker({"listeners": {"default": listener}, "plugins": plugins})
    await broker.start()
    port = broker._servers["default"].instance.sockets[0].getsockname()[1]  # it has no other way to tell
    print(json.dumps({"port": port}), flush=True)
    loop = asyncio.get_running_loop()
    ended = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(ended), sys.stdin)
    await ended.read()
    await broker.shutdown()


def main() -> None:
    """Entry point of the broker's process."""
    parser = argparse.ArgumentParser(prog="python -m hil.broker", description="An MQTT broker for tests and demos.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--keys", type=Path, help="folder that `mro-twin hil keys` made: TLS, and users")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a client that goes away is not worth a traceback
    try:
        asyncio.run(_serve(BrokerSettings(given.host, given.port, given.keys)))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # whatever its configuration led to
        sys.exit(f"the broker cannot run: {error}")


if __name__ == "__main__":
    main()
