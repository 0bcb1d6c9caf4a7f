"""An edge gateway: when it collects what a device has to say, and when the platform has it."""

from typing import Final

NO_ARRIVAL: Final = -(1 << 60)
"""As the arrival of the message before: there was none."""


def collected_at(time_ms: int, poll_ms: int) -> int:
    """When something that happens at `time_ms` is collected: at the first round from then on, or at once (0)."""
    if poll_ms <= 0:
        return time_ms
    return (time_ms + poll_ms - 1) // poll_ms * poll_ms


def sent_at(collected_ms: int, outage_from_ms: int, outage_to_ms: int) -> int:
    """When a message is sent: as it is collected, or when the outage [from, to) in which that falls is over."""
    if outage_from_ms <= collected_ms < outage_to_ms:
        return outage_to_ms
    return collected_ms


def arrives_at(taken_ms: int, sent_ms: int, delay_ms: int, before_ms: int, spacing_ms: int) -> int:
    """When a message is with the platform: `delay_ms` after it is sent, in its turn, and after it was taken.

    `before_ms` is when the message before it of this gateway arrives, or NO_ARRIVAL; `spacing_ms` the least time
    between two.
    """
    return max(sent_ms + delay_ms, before_ms + spacing_ms, taken_ms + 1)


def seems_before(taken_ms: int, clock_offset_ms: int, counted_ms: int) -> bool:
    """Whether a message seems to be from before a count, by the gateway's clock, which is `clock_offset_ms` fast."""
    return taken_ms + clock_offset_ms <= counted_ms
