"""The twin's time, as faces are handed it."""

from typing import Protocol


class Clock(Protocol):
    """Tells the twin's time; who runs the twin decides how it passes."""

    def now_ms(self) -> int:
        """ms since the twin's start."""
