"""What a gateway has read and not yet delivered, in SQLite: it outlives outages, restarts and kills of the process."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from device_emulators.signals import Value

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cursor (device TEXT PRIMARY KEY, epoch INTEGER NOT NULL, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shown (device TEXT, signal TEXT, value, PRIMARY KEY (device, signal));
"""


class Waiting(NamedTuple):
    """A message that is not delivered yet."""

    id: int
    topic: str
    payload: str


class Store:
    """Messages to be sent, and how far each device has been read; both change together or not at all."""

    def __init__(self, file: str) -> None:
        """sqlite3.Error when it cannot be opened."""
        self._base = sqlite3.connect(file, isolation_level=None)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")  # outlives the process; power cuts are another matter
        self._base.executescript(_TABLES)

    def close(self) -> None:
        self._base.close()

    def cursor(self, device: str) -> tuple[int, int]:
        """Epoch and number up to which a device has been read."""
        row = self._base.execute("SELECT epoch, number FROM cursor WHERE device = ?", (device,)).fetchone()
        return (1, 0) if row is None else (int(row[0]), int(row[1]))

    def shown(self, device: str) -> dict[str, Value]:
        """The values read last of a device without journal."""
        rows = self._base.execute("SELECT signal, value FROM shown WHERE device = ?", (device,))
        return {str(signal): value for signal, value in rows}

    def keep(
        self,
        device: str,
        epoch: int,
        number: int,
        messages: Sequence[tuple[str, str]],
        shown: Mapping[str, Value] | None = None,
    ) -> None:
        """Take messages (topic, payload) in, with how far the device has been read by them."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            self._base.executemany("INSERT INTO outbox (topic, payload) VALUES (?, ?)", messages)
            self._base.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (device, epoch, number))
            rows = [(device, signal, value) for signal, value in (shown or {}).items()]
            self._base.executemany("INSERT OR REPLACE INTO shown VALUES (?, ?, ?)", rows)
            self._base.execute("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise

    def waiting(self, limit: int) -> list[Waiting]:
        """The oldest messages not delivered."""
        rows = self._base.execute("SELECT id, topic, payload FROM outbox ORDER BY id LIMIT ?", (limit,))
        return [Waiting(*row) for row in rows]

    def delivered(self, message_id: int) -> None:
        """The broker has acknowledged it."""
        self._base.execute("DELETE FROM outbox WHERE id = ?", (message_id,))
