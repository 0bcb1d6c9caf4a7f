"""From a run directory to the story of a lot, the list of lots, or what somebody drew: what `mro-twin trace` calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim.certificates import certificate_number
from sim.explain.run_files import RunFiles, column, read_table
from sim.explain.wording import Wording
from sim.scenario.findings import did_you_mean
from sim.trace.books import LotBooks, lot_books
from sim.trace.errors import LotsDoNotAddUpError, TraceError
from sim.trace.lot_records import LotRecords, read_usage
from sim.trace.story import LotStory, Movement, lot_story, use_at

_EXAMPLES: Final = 5  # lots that an error names


@dataclass(frozen=True)
class LotLine:
    """A lot in the list of lots: quantities in integer units."""

    lot: int
    item: int
    point: int
    received_ms: int
    expires_ms: int
    quantity: int
    on_shelf: int
    under_way: int


@dataclass(frozen=True)
class Tracing:
    """A replication of a run whose lots add up, ready for questions."""

    run: RunFiles
    replication: int
    folder: Path
    books: LotBooks

    @property
    def records(self) -> LotRecords:
        return self.books.records

    # --- questions ----------------------------------------------------------------------------------------------------
    def lot(self, text: str, item: str | None = None, node: str | None = None) -> LotStory:
        """The story of a lot, by its number or the number of its certificate; TraceError when there is none."""
        row = self._row_of(text)
        if row is None:
            raise TraceError(f"there is no lot {text!r} in replication {self.replication} ({self._lots_there()})")
        number = int(self.records.lots["lot"][row])
        name = self.item_name(self._item_of(row))
        if item is not None and number not in {one.lot for one in self.lots(item)}:
            raise TraceError(f"lot {number} is of {name}, not of {item}")
        if node is not None and number not in {one.lot for one in self.lots(node=node)}:
            raise TraceError(f"lot {number} of {name} was never at {node}")
        return lot_story(self.books, row, self._source_of_order)

    def lots(self, item: str | None = None, node: str | None = None) -> Sequence[LotLine]:
        """The lots, by number; only those of an item, only those that ever were at a node. TraceError: no such name."""
        records = self.records
        lots, layers = records.lots, records.lot_layers
        chosen = np.ones(len(lots["lot"]), np.bool_)
        if item is not None:
            chosen &= records.item[lots["stock_point"]] == self._number_of("item", item, self.run.items["name"])
        if node is not None:
            there = self.run.stock_points["node"] == self._number_of("node", node, self.run.nodes["name"])
            chosen &= np.isin(lots["lot"], self.books.lot[there[self.books.stock_point]])
        closing = layers["closing"] == 1
        lying = _by_lot(layers, closing & (layers["source"] < 0))
        moving = _by_lot(layers, closing & (layers["source"] >= 0))
        found = []
        for row in np.flatnonzero(chosen):
            lot, point, received, expires, quantity = (int(lots[name][row]) for name in _LOT_LINE)
            figures = (received, expires, quantity, lying.get(lot, 0), moving.get(lot, 0))
            found.append(LotLine(lot, int(records.item[point]), point, *figures))
        return found

    def drawn_by(self, person: str | None = None, machine: str | None = None) -> Sequence[tuple[int, int, Movement]]:
        """What a person drew, or what was drawn for a machine, in order: item, lot (-1: not tracked), movement.

        TraceError when the run has no person or no machine of that name or number.
        """
        asked = (("person", person, self.person_names), ("machine", machine, self.machine_names))
        filters = [(who, "==", self._number_of(who, text, names)) for who, text, names in asked if text is not None]
        used = read_usage(self.folder, *filters)
        item = self.records.item[used["stock_point"]]
        return [(int(item[row]), int(lot), use_at(used, row)) for row, lot in enumerate(used["lot"])]

    # --- names --------------------------------------------------------------------------------------------------------
    def item_name(self, item: int) -> str:
        return str(self.run.items["name"][item])

    def words(self, item: int) -> Wording:
        """Writes times, and quantities of an item."""
        return Wording(self.run.start, self.run.items["unit"][item], self.run.items["natural_units"][item])

    def certificate(self, item: int, lot: int, received_ms: int) -> str | None:
        """The number of a lot's certificate; None where the item has none."""
        if not self.run.items.get("certificate", [0] * (item + 1))[item]:
            return None
        return certificate_number(self.item_name(item), lot, received_ms, self.run.start)

    @cached_property
    def person_names(self) -> Sequence[str]:
        """People by their number: `plant/group/1` and so on; empty in a run without plants."""
        return self._names("persons")

    @cached_property
    def machine_names(self) -> Sequence[str]:
        """Machines by their number: `plant/line/machine`; empty in a run without plants."""
        return self._names("machines")

    def _names(self, table: str) -> Sequence[str]:
        """The rows of a table of the network in one word: its text and number columns, joined."""
        file = self.run.path / "network" / f"{table}.parquet"
        if not file.is_file():
            return []
        columns = self.run.network_table(table)
        known = [columns[name] for name in _NAME_COLUMNS if name in columns]
        return ["/".join(str(part) for part in row) for row in zip(*known, strict=True)]

    # --- inside -------------------------------------------------------------------------------------------------------
    def _row_of(self, text: str) -> int | None:
        """Row of a lot by its number or certificate in the table of lots."""
        if text.isdecimal():
            return self.records.row(int(text))
        lots = self.records.lots
        last = text.rpartition("-")[2]
        row = self.records.row(int(last)) if last.isdecimal() else None
        if row is None:
            return None
        number, received = int(lots["lot"][row]), int(lots["received_ms"][row])
        return row if self.certificate(self._item_of(row), number, received) == text else None

    def _item_of(self, row: int) -> int:
        return int(self.records.item[self.records.lots["stock_point"][row]])

    def _lots_there(self) -> str:
        lots = self.records.lots["lot"]
        if len(lots) == 0:
            return "no item of this run has its lots tracked: give the item `lots: fifo` or `lots: fefo` and run again"
        return f"it has {len(lots):,} lots, from {lots.min()} to {lots.max()}; --list shows them"

    def _number_of(self, what: str, text: str, names: Sequence[str]) -> int:
        """The number of something by its name or number."""
        if text in names:
            return list(names).index(text)
        if text.isdecimal() and int(text) < len(names) and what in ("person", "machine"):
            return int(text)
        if not names:
            raise TraceError(f"the run has no {what}s")
        hint = did_you_mean(text, list(names)) or f"such as {', '.join(names[:_EXAMPLES])}"
        raise TraceError(f"there is no {what} {text!r} in this run ({hint})")

    @cached_property
    def _shipments(self) -> dict[str, Any]:
        table = read_table(self.folder / "shipments.parquet")
        return {name: column(table, name) for name in ("order", "stock_point", "source", "received_ms")}

    def _source_of_order(self, order: int, point: int, received_ms: int) -> int:
        s = self._shipments
        rows = np.flatnonzero((s["order"] == order) & (s["stock_point"] == point) & (s["received_ms"] == received_ms))
        return int(s["source"][rows[0]]) if len(rows) else -1


_LOT_LINE: Final = ("lot", "stock_point", "received_ms", "expires_ms", "quantity")
_NAME_COLUMNS: Final = ("plant", "line", "machine", "group", "number", "name")


def open_trace(path: Path, replication: int = 0) -> Tracing:
    """The lots of a replication of a run (or of the newest run in a folder).

    Raises TraceError, ExplainError and RunDirectoryError (exit code 2) when there is nothing to read, and
    LotsDoNotAddUpError (3) when the records do not account for every unit of every lot.
    """
    run = RunFiles.open(path)
    folder = run.replication_folder(replication)
    books = lot_books(LotRecords.read(run, folder))
    names = run.items["name"], run.nodes["name"]
    points = run.stock_points

    def of_point(point: int) -> tuple[str, str]:
        return str(names[0][points["item"][point]]), str(names[1][points["node"][point]])

    breaks = books.breaks(of_point)
    if breaks:
        raise LotsDoNotAddUpError(replication, breaks)
    return Tracing(run, replication, folder, books)


def _by_lot(layers: Any, rows: Any) -> dict[int, int]:
    lots, place = np.unique(layers["lot"][rows], return_inverse=True)
    units = np.zeros(len(lots), np.int64)
    np.add.at(units, place.reshape(-1), layers["quantity"][rows])
    return dict(zip(lots.tolist(), units.tolist(), strict=True))
