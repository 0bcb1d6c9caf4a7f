"""The stocking table: one row per node and item, as columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from policies.replenishment import Int64Array

ABSENT = -1
"""Stands for an empty cell in columns of quantities and of milliseconds."""


@dataclass(frozen=True, eq=False)
class LevelColumn:
    """Stock levels, (R,): integer units where a quantity was given, milliseconds of cover where a time was."""

    units: Int64Array
    cover_ms: Int64Array

    @property
    def given(self) -> npt.NDArray[np.bool_]:
        """Rows that have a value, (R,)."""
        return np.asarray((self.units != ABSENT) | (self.cover_ms != ABSENT))


@dataclass(frozen=True, eq=False)
class StockingTable:
    """R rows, each a node and an item; ABSENT (-1) where a cell is empty.

    `node` indexes the scenario's nodes, `item` its item names, `kind` the kinds in
    `policies.replenishment.REPLENISHMENT.kinds`. `levels` holds a column per level of any policy (reorder_point,
    order_up_to, lot, level, ...) and per count (bins; in `units`), `on_hand` the opening stock.
    """

    name: str
    node: Int64Array
    item: Int64Array
    kind: Int64Array
    levels: dict[str, LevelColumn]
    on_hand: LevelColumn
    minimum_order: Int64Array
    multiple: Int64Array
    capacity: Int64Array
    line: Int64Array  # line or row number in the file, for messages

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StockingTable):
            return NotImplemented
        return all(np.array_equal(mine, theirs) for mine, theirs in zip(self._arrays(), other._arrays(), strict=True))

    def _arrays(self) -> list[Int64Array]:
        columns = [*self.levels.values(), self.on_hand]
        pairs = [array for column in columns for array in (column.units, column.cover_ms)]
        return [self.node, self.item, self.kind, *pairs, self.minimum_order, self.multiple, self.capacity]

    __hash__ = None  # type: ignore[assignment]
