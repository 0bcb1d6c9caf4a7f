"""Ctrl-C as a flag that is looked at between steps, instead of an exception that may land anywhere.

A KeyboardInterrupt can hit the middle of a queue's lock, or a callback of the compiler that swallows it; then the
program hangs, or goes on as if nothing had been asked. A flag does neither.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Final

_NOTE: Final = b"\nstopping; what is finished is kept (Ctrl-C again ends the program at once)\n"
_STDERR: Final = 2


class Interruption:
    """While it is entered, Ctrl-C sets a flag: call the object to ask for it. A second Ctrl-C ends the program.

    In a thread other than the main one, or where Ctrl-C is ignored anyway (a job in the background), it does nothing.
    Inside another one it knows what that one knows.
    """

    def __init__(self) -> None:
        self._wanted = False
        self._outer: Interruption | None = None
        self._before: Any = None

    def __call__(self) -> bool:
        """Whether Ctrl-C has been pressed."""
        return self._wanted or (self._outer is not None and self._outer())

    def __enter__(self) -> "Interruption":
        handler = signal.getsignal(signal.SIGINT)
        outer = getattr(handler, "__self__", None)
        if isinstance(outer, Interruption):
            self._outer = outer
        elif threading.current_thread() is threading.main_thread() and handler != signal.SIG_IGN:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._wanted:
            # not by an exception, which could be swallowed; worker processes notice and end as well
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
        self._wanted = True
        os.write(_STDERR, _NOTE)  # print may be interrupted in the middle of itself


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block. Processes started in it never hear of it, also while they start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
