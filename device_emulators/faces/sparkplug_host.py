"""The host application that an edge node waits for (Sparkplug 3.0: its STATE messages)."""

import asyncio
import json
import logging
from typing import Final

from device_emulators.faces.mqtt_json import topic_part
from device_emulators.faces.sparkplug import NAMESPACE

LARGEST_STATE: Final = 1_000  # bytes

_logger = logging.getLogger(__name__)


class PrimaryHost:
    """Whether it is online: set when it says so, cleared when it says it is not, and for every connection anew."""

    def __init__(self, name: str) -> None:
        """AddressError: that cannot be its name."""
        self.topic = f"{NAMESPACE}/STATE/{topic_part(name, 'primary host')}"
        self.online = asyncio.Event()
        self._stamp_ms = 0

    def hear(self, payload: bytes) -> bool:
        """Take a STATE message; returns whether it made a difference. Nonsense, and what is older, makes none."""
        try:
            state = json.loads(payload) if len(payload) <= LARGEST_STATE else None
        except (ValueError, RecursionError):
            state = None
        match state:
            case {"online": bool(online), "timestamp": int(stamp_ms)} if stamp_ms >= self._stamp_ms:
                before, self._stamp_ms = self.online.is_set(), stamp_ms
                self.online.set() if online else self.online.clear()
                return online != before
        _logger.warning("a STATE message that is none, or an old one: %r", payload[:LARGEST_STATE])
        return False
