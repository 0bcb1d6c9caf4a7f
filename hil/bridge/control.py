"""Tells a running bridge something from another process: a line of JSON each way, over a socket of this machine."""

import asyncio
import contextlib
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from hil.bridge.bridge import Bridge, SwitchError
from hil.bridge.clock import FASTEST
from hil.bridge.settings import NodeBinding
from policies.fields import Model

SOCKET: Final = "control.sock"
TAKING_S: Final = 2.0
"""How long an answer to a switch waits for the device to be taken; it may be taken later, too."""

_LONGEST_LINE: Final = 64_000
_MOST_CLIENTS: Final = 16


class ControlError(Exception):
    """The bridge does not run, or refuses; the message says why."""


class Status(Model):
    """What goes on."""

    do: Literal["status"]


class Switch(NodeBinding):
    """Bring a node into a mode. Paths are absolute."""

    do: Literal["switch"]
    node: str = Field(min_length=1, max_length=200, description="of the scenario")


class Rate(Model):
    """Let time go at another rate."""

    do: Literal["rate"]
    rate: float = Field(gt=0, le=FASTEST, allow_inf_nan=False, description="times as fast as the wall's time")


class Save(Model):
    """Write the state as tables."""

    do: Literal["save"]
    folder: Path = Field(description="new, or empty; absolute")


class Stop(Model):
    """End the run; its result is written."""

    do: Literal["stop"]


Request = Annotated[Status | Switch | Rate | Save | Stop, Field(discriminator="do")]
_REQUESTS: Final = ("status", "switch", "rate", "save", "stop")
_REQUEST: Final[TypeAdapter[Any]] = TypeAdapter(Request)


class ControlServer:
    """Listens at `control.sock` in a folder, for its owner alone. `more` adds to what `status` tells."""

    def __init__(self, bridge: Bridge, folder: Path, more: Callable[[], dict[str, Any]] = dict) -> None:
        self._bridge = bridge
        self._path = folder / SOCKET
        self._more = more
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """OSError when that cannot be: the path is too long, or somebody listens there."""
        if await _is_listened_to(self._path):
            raise OSError(errno.EADDRINUSE, "a run goes on there", str(self._path.parent))
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=_LONGEST_LINE)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """End, also for those who are connected."""
        if self._server is not None:
            self._server.close()
            for task in self._clients:
                task.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)
            await self._server.wait_closed()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            while len(self._clients) <= _MOST_CLIENTS and (line := await reader.readline()):
                answer = await self._answer(line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # the line is too long, the client has gone, or the run ends: a task that is cancelled would be told
        finally:
            self._clients.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = _REQUEST.validate_json(line)
        except ValidationError as error:
            return {"error": f"not a request: {_said(error)}"}
        try:
            return {"ok": await self._do(request)}
        except (SwitchError, ValueError) as error:
            return {"error": str(error)}
        except OSError as error:
            return {"error": f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}"}
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return {"error": "the run has ended"}

    async def _do(self, request: Any) -> Any:
        bridge = self._bridge
        match request:
            case Switch():
                await bridge.switch(request.node, request.mode, request.binding)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bridge.taken(request.node), TAKING_S)
            case Rate():
                bridge.set_rate(request.rate)
            case Save():
                if not request.folder.is_absolute():
                    raise ValueError("the folder must be absolute")
                return {"time_ms": await bridge.save(request.folder)}
            case Stop():
                bridge.stop()
        return bridge.status() | self._more()


def _said(error: ValidationError) -> str:
    found = error.errors()[0]
    if found["type"].startswith("union_tag"):
        return f"`do` is one of {', '.join(_REQUESTS)}"
    where = ".".join(map(str, found["loc"][1:]))  # the first is what `do` says
    return f"{where}{': ' if where else ''}{found['msg'].removeprefix('Value error, ')}"


async def _is_listened_to(path: Path) -> bool:
    """Whether a run that goes on has this socket; one that was killed leaves it behind."""
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def ask(folder: Path, request: dict[str, Any], timeout_s: float = 60.0) -> Any:
    """Tell the bridge whose files are in `folder` something; returns its answer. ControlError."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(str(folder / SOCKET), limit=1 << 24)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                line = await reader.readline()
            finally:
                writer.close()
                await writer.wait_closed()
    except TimeoutError:
        raise ControlError("no answer") from None
    except OSError as error:
        raise ControlError(f"nothing runs in {folder}: {error.strerror or error}") from None
    if not line:
        raise ControlError("the run has ended")
    answer = json.loads(line)
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer["ok"]
