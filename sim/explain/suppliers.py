"""When a supplier could release an order: its closed days, outages and capacity, worked out again from the scenario.

The rules are those of docs/rules.md (Supplier release); outages are drawn again from the supplier's own stream.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from sim.explain.run_files import RunFiles
from sim.explain.tables import BEFORE_START, Shipment, Tables
from sim.network import Supplier

Interval = tuple[int, int]


@dataclass(frozen=True)
class Release:
    """When the supplier released a shipment, and what had kept it until then.

    Attributes:
        dispatched_ms: the order reached the supplier.
        open_ms: the supplier was next open.
        released_ms: it was ready to leave.
        outage: the outage that it met, if one did; [from, to) in ms.
        closed: the closed period that it met, if one did.
    """

    dispatched_ms: int
    open_ms: int
    released_ms: int
    outage: Interval | None = None
    closed: Interval | None = None

    @property
    def delay_ms(self) -> int:
        return self.released_ms - self.dispatched_ms

    @property
    def capacity_ms(self) -> int:
        """Delay for lack of capacity: beyond the supplier's next open instant, and closed time after it."""
        return self.released_ms - self.open_ms


class Suppliers:
    """Releases of all suppliers in one replication."""

    def __init__(self, run: RunFiles, tables: Tables, replication: int) -> None:
        self._run = run
        self._tables = tables
        self._replication = replication
        self._releases = cache(self._all_releases)

    def release(self, shipment: Shipment) -> Release | None:
        """How a shipment from a supplier came to leave; None where the records do not tell.

        That is so for opening orders, and for suppliers with a capacity in a run that started from a state. None as
        well for a supplier that releases all at once: there is nothing to tell, and no need to build the network.
        """
        node = int(self._run.stock_points["node"][shipment.source])
        if self._run.is_always_ready(node):
            return None
        return self._releases(node).get((shipment.order, shipment.dispatched_ms))

    def _all_releases(self, node: int) -> dict[tuple[int, int], Release]:
        """Releases of a supplier by order and time, in the order in which the capacity was booked."""
        network, tables = self._run.network, self._tables
        row = next(row for row, one in enumerate(network.suppliers) if one.node == node)
        supplier = network.suppliers[row]
        if supplier.capacity_units and tables.start_ms > 0:
            return {}
        from sim.flow.opening import outages

        out = outages(network, row, self._run.manifest.seed, self._replication)
        stated = [] if supplier.closed_ms is None else [(int(a), int(b)) for a, b in supplier.closed_ms]
        calendar = _Calendar(supplier, out, stated)
        s = tables.shipments
        rows = np.flatnonzero(
            (self._run.stock_points["node"][s["source"]] == node) & (s["dispatched_ms"] != BEFORE_START)
        )
        rows = rows[np.lexsort((s["order"][rows], s["source"][rows], s["dispatched_ms"][rows]))]
        columns = (s[name][rows].tolist() for name in ("order", "dispatched_ms", "quantity"))
        return {(order, time): calendar.release(time, quantity) for order, time, quantity in zip(*columns, strict=True)}


class _Calendar:
    """A supplier's open time and what of its capacity is used, order by order."""

    def __init__(self, supplier: Supplier, outages: list[Interval], closed: list[Interval]) -> None:
        from sim.flow.opening import merged_intervals

        self._supplier = supplier
        self._outages = outages
        self._closed = closed
        self._not_open = merged_intervals(closed + outages)
        self._period = -1
        self._used = 0

    def release(self, time: int, quantity: int) -> Release:
        """Book an order that reaches the supplier at `time`."""
        opening = self._open_again(time)
        released = opening
        capacity = self._supplier.capacity_units
        if capacity:
            period = opening // max(self._supplier.capacity_period_ms, 1)
            used = 0
            if period <= self._period:
                period, used = self._period, self._used
            last_unit = used + quantity - 1
            self._period = period + last_unit // capacity
            self._used = last_unit % capacity + 1
            released = self._open_again(max(opening, self._period * max(self._supplier.capacity_period_ms, 1)))
        return Release(
            time, opening, released, self._met(self._outages, time, opening), self._met(self._closed, time, opening)
        )

    def _open_again(self, time: int) -> int:
        for start, end in self._not_open:
            if time < start:
                break
            time = max(time, end)
        return time

    @staticmethod
    def _met(intervals: list[Interval], time: int, opening: int) -> Interval | None:
        """The longest of the intervals that kept the supplier shut between two instants."""
        met = [one for one in intervals if one[0] < opening and one[1] > time]
        return max(met, key=lambda one: min(one[1], opening) - max(one[0], time)) if met else None
