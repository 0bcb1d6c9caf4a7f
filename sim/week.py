"""The week, by which timetables, working hours and calendars repeat."""

from typing import Final

DAY_MS: Final = 86_400_000
WEEK_MS: Final = 7 * DAY_MS


def milliseconds_of_week(epoch_ms: int) -> int:
    """Milliseconds since Monday 00:00 of an instant given as Unix time (1970-01-01 was a Thursday)."""
    return (epoch_ms + 3 * DAY_MS) % WEEK_MS
