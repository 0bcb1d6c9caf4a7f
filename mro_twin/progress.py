"""Progress of a run on stderr: a bar with the time left, only for people and only when it takes long."""

import sys
import time
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

PATIENCE_SECONDS: Final = 2.0


class ReplicationProgress:
    """Shows replications done and the time left, from two seconds on, when stderr is a terminal.

    Call it with (done, total); a context manager, so that the line is cleared at the end.
    """

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr)
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._first_done = 0

    def __enter__(self) -> "ReplicationProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        if not self._console.is_terminal or total < 2:
            return
        if self._bar is None:
            elapsed = time.monotonic() - self._started
            if done == 0 or done == total or elapsed / done * total < PATIENCE_SECONDS:
                return
            self._bar = self._new_bar()
            self._bar.start()
            self._bar.add_task("replications", total=total, completed=0)
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def _new_bar(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
