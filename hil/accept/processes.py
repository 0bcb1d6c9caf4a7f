"""Processes that the rig starts, ends, kills and starts again."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
LOOK_S: Final = 0.02
"""Between two looks whether all processes of a command have ended; nothing tells of those that are not ours."""


class RigError(RuntimeError):
    """The rig itself does not work; the message says why. It is never the gateway's fault."""


class ManagedProcess:
    """A command with its output in a file, and all processes that it starts itself."""

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

    @property
    def ended(self) -> int | None:
        """The exit code with which it has ended by itself, minus the number of a signal; None: it has not."""
        return None if self._process is None else self._process.returncode

    async def wait(self) -> int:
        """Until it has ended by itself; returns its exit code. Only for one that runs."""
        assert self._process is not None
        return await self._process.wait()

    async def start(self) -> None:
        """Start it, unless it runs. RigError: the command is not there."""
        if self.running:
            return
        try:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment,
                    start_new_session=True,  # a group of its own: a shell around the gateway is not the gateway
                )
        except OSError as error:
            raise RigError(f"cannot start {self._command[0]}: {error.strerror}") from None

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self._signal(signal.SIGTERM):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_ended(), self._patience_s)
        await self.kill()

    async def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()
            self._process = None

    async def _all_ended(self) -> None:
        assert self._process is not None
        await self._process.wait()
        while self._signal(0):
            await asyncio.sleep(LOOK_S)

    def _signal(self, number: int) -> bool:
        """Send a signal to all of its processes; False: there is none."""
        if self._process is None:
            return False
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True
