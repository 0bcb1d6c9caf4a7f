"""What came from a gateway and could not be made use of, in words: mostly the suite's layout is not the gateway's."""

from typing import Final, NamedTuple

MOST_NAMES: Final = 5


class Unused(NamedTuple):
    """What the observer could do nothing with; the names are those of the verdict."""

    unread_messages: int  # on topics of the layout, without a reading
    stray_messages: int  # as the uplink's relay saw them pass, so that those of others do not count
    stray_topics: tuple[str, ...]  # up to three of theirs
    unknown_devices: tuple[str, ...]  # that reports name and the suite does not have

    def remarks(self) -> list[str]:
        """In sentences, none when all was understood."""
        told = []
        if self.stray_messages:
            topics = ", ".join(self.stray_topics)
            told.append(f"{self.stray_messages} messages on topics that the layout does not match, such as {topics}")
        if self.unread_messages:
            told.append(f"{self.unread_messages} messages held no reading")
        if self.unknown_devices:
            names = ", ".join(repr(name) for name in self.unknown_devices[:MOST_NAMES])
            more = len(self.unknown_devices) - MOST_NAMES
            also = f" and {more} more" if more > 0 else ""
            told.append(f"reports of {names}{also}, which the suite does not have")
        return told
