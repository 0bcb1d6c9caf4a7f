"""Orders and shipments of stock points with several sources, summed per source, while they are recorded.

What an order costs depends on the lane that it really used: that of its source.
"""

from typing import Any

import numpy as np

from sim.columns import P_SOURCING
from sim.network import ALTERNATIVE_LAST, ALTERNATIVE_SOURCE, Int64Array, Network
from sim.record.sums import SUM_COLUMNS, sum_orders, sum_shipments


class AlternativeSums:
    """The sums of `sim.record.sums` per row of `Network.alternatives` instead of per stock point.

    Only what a lane is charged or judged by is of use here (the measured orders, lines, transit and purchase). Orders
    from what is no alternative (placed before a state was continued with other sources) count with the first one.

    Attributes:
        sums: (alternatives, SUM_COLUMNS).
    """

    def __init__(self, network: Network, start_ms: int) -> None:
        self._network = network
        self._start_ms = start_ms
        self._first = np.ascontiguousarray(network.parameter[:, P_SOURCING])
        self.sums: Int64Array = np.zeros((len(network.alternatives), SUM_COLUMNS), np.int64)

    def add_orders(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the orders table (`columns`, in the order of its layout)."""
        if own := self._by_alternative(columns):
            sum_orders(own, self._start_ms, self._network.warm_up_ms, self.sums)

    def add_shipments(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the shipments table (`columns`, in the order of its layout)."""
        if own := self._by_alternative(columns):
            sum_shipments(own, self._start_ms, self._network.warm_up_ms, self._network.horizon_ms, self.sums)

    def _by_alternative(self, columns: tuple[Any, ...]) -> tuple[Any, ...]:
        """The rows of stock points with several sources, with the alternative in the stock point's place."""
        rows = np.flatnonzero(self._first[columns[1]] >= 0)
        if not len(rows):
            return ()
        own = [column[rows] for column in columns]
        own[1] = self._alternative(own[1], own[2]).astype(own[1].dtype)
        own[2][:] = -1  # the source has its sums elsewhere
        return tuple(own)

    def _alternative(self, stock_point: Int64Array, source: Int64Array) -> Int64Array:
        table, first = self._network.alternatives, self._first[stock_point]
        row = first.copy()
        while True:
            other = (table[row, ALTERNATIVE_SOURCE] != source) & (table[row, ALTERNATIVE_LAST] == 0)
            if not other.any():
                break
            row[other] += 1
        found: Int64Array = np.where(table[row, ALTERNATIVE_SOURCE] == source, row, first)
        return found
