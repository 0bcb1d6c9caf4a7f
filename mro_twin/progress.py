"""Progress of a run on stderr: a bar with the time left, only for people and only when it takes long."""

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

PATIENCE_SECONDS: Final = 2.0


class ReplicationProgress:
    """Shows replications (or whatever `what` names) done and the time left, from two seconds on, on a terminal.

    Call it with (done, total); a context manager, so that the line is cleared at the end.
    """

    def __init__(
        self,
        console: "Console | None" = None,
        patience_seconds: float = PATIENCE_SECONDS,
        what: str = "replications",
    ) -> None:
        self._bar = _new_bar(console) if (console.is_terminal if console else sys.stderr.isatty()) else None
        if self._bar is not None:
            self._task = self._bar.add_task(what, total=None)
            self._timer = threading.Timer(patience_seconds, self._bar.start)
            self._timer.daemon = True

    def __enter__(self) -> "ReplicationProgress":
        if self._bar is not None:
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._timer.cancel()
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)


def _new_bar(console: "Console | None") -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console or Console(file=sys.stderr),
        transient=True,
    )
