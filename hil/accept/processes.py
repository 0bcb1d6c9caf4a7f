"""Processes that the rig starts, ends, kills and starts again."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"


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
