"""What units cost the supplier: those of a lot what was paid for it, others what the item costs."""

import numpy as np

from sim.contracts.movements import RecordColumns
from sim.network import Int64Array
from sim.record import layouts


class UnitCosts:
    """Cost of a unit by item and lot, in thousandths of a minor unit."""

    def __init__(self, columns: RecordColumns) -> None:
        self._item = columns.records.network.item_cost_milli
        lot = columns(layouts.LOTS, "lot")
        order = np.argsort(lot, kind="stable")
        self._lot, self._lot_cost = lot[order], columns(layouts.LOTS, "unit_cost_milli")[order]
        self._since = columns(layouts.LOTS, "received_ms")[order]

    def milli(self, item: Int64Array, lot: Int64Array) -> Int64Array:
        """Cost of a unit of each item and lot (-1: none); of a lot that no table tells of, the item's."""
        place, known = self._place(lot)
        cost = self._item[item].astype(np.int64)
        cost[known] = self._lot_cost[place[known]]
        return cost

    def since_ms(self, lot: Int64Array) -> Int64Array:
        """When each lot came into the network; -1 where no table tells."""
        place, known = self._place(lot)
        since = np.full(len(lot), -1, np.int64)
        since[known] = self._since[place[known]]
        return since

    def _place(self, lot: Int64Array) -> tuple[Int64Array, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
        if not len(self._lot):
            return np.zeros(len(lot), np.int64), np.zeros(len(lot), np.bool_)
        place = np.minimum(np.searchsorted(self._lot, lot), len(self._lot) - 1)
        return place, self._lot[place] == lot
