"""Totals and time integrals of a replication, worked out from nothing but its event log: plain sums over one pass."""

from dataclasses import dataclass, field

import numpy as np

from sim import columns as c
from sim.network import Float64Array, Int64Array, Network
from tests.reference_model import Event
from tests.reference_objects import Lot, Order

AREAS = {
    "on_hand": c.A_ON_HAND,
    "customers": c.A_WAITING_CUSTOMERS,
    "on_order": c.A_ON_ORDER,
    "orders": c.A_WAITING_ORDERS,
}
AGES_DAYS = {90: c.A_AGE_OVER_90, 180: c.A_AGE_OVER_180, 365: c.A_AGE_OVER_365}


@dataclass
class LogStatistics:
    """Reads events in order; `total` and `area` cover [warm_up, horizon), with columns as in `sim.columns`."""

    network: Network
    placed: list[Order]  # by number: the log does not say whom an order goes to
    total: Int64Array = field(init=False)
    area: Float64Array = field(init=False)

    def __post_init__(self) -> None:
        network = self.network
        points = network.stock_points
        self.total = np.zeros((points, c.TOTAL_COLUMNS), dtype=np.int64)
        self.area = np.zeros((points, c.AREA_COLUMNS))
        self.rows = {(int(p[c.P_NODE]), int(p[c.P_ITEM])): row for row, p in enumerate(network.parameter)}
        self.levels: dict[str, list[int]] = {name: [0] * points for name in AREAS}
        self.levels["on_hand"] = network.initial_on_hand.tolist()
        self.settled_ms = [0] * points
        self.orders: list[int] = []  # stock point that ordered
        self.lines: list[tuple[int, int, int]] = []  # time, quantity, units got so far
        for row, quantity, _ in network.initial_on_order.tolist():
            self.orders.append(row)
            self.levels["on_order"][row] += quantity
        for row, quantity in network.initial_owed.tolist():
            self.lines.append((0, quantity, 0))
            self.levels["customers"][row] += quantity

    def read(self, events: list[Event]) -> None:
        """Take in the whole log, then settle everything at the horizon."""
        readers = {
            c.E_DEMAND: self._demand,
            c.E_ISSUE: self._issue,
            c.E_LOST: self._lost,
            c.E_ORDER: self._order,
            c.E_DISPATCH: self._leave,
            c.E_STAGE: self._leave,
            c.E_RECEIPT: self._receipt,
            c.E_TRANSFER: self._gift,
            c.E_EMERGENCY: self._gift,
            c.E_PREVENTIVE: self._gift,
            c.E_REBALANCE: self._gift,
        }
        for time, phase, node, item, event, quantity, reference in events:
            if event in readers:
                readers[event](time, phase, self.rows[node, item], quantity, reference)
        for row in range(self.network.stock_points):
            self._settle(row, self.network.horizon_ms)

    def read_layers(self, history: list[tuple[int, int, list[tuple[Lot, int]]]]) -> None:
        """Integrate stock older than each age from the lot layers (time, stock point, layers from then on)."""
        for row in range(self.network.stock_points):
            own = [(time, layers) for time, point, layers in history if point == row]
            ends = [*(time for time, _ in own[1:]), self.network.horizon_ms][: len(own)]
            for (time, layers), end in zip(own, ends, strict=True):
                begin = max(time, self.network.warm_up_ms)
                for days, column in AGES_DAYS.items():
                    for lot, units in layers:
                        old_from = max(begin, lot.received_ms + days * 86_400_000)
                        self.area[row, column] += units * max(0, end - old_from)

    def _settle(self, row: int, time: int) -> None:
        measured = time - max(self.settled_ms[row], self.network.warm_up_ms)
        if measured > 0:
            for name, column in AREAS.items():
                self.area[row, column] += measured * self.levels[name][row]
            if self.levels["on_hand"][row] > 0:
                self.area[row, c.A_READY] += measured
        self.settled_ms[row] = time

    def _change(self, name: str, row: int, time: int, change: int) -> None:
        self._settle(row, time)
        self.levels[name][row] += change

    def _count(self, row: int, time: int, column: int, count: int) -> None:
        if time >= self.network.warm_up_ms:
            self.total[row, column] += count

    def _demand(self, time: int, phase: int, row: int, quantity: int, line: int) -> None:
        assert line == len(self.lines)
        self.lines.append((time, quantity, 0))
        self._change("customers", row, time, quantity)
        self._count(row, time, c.T_DEMAND_LINES, 1)
        self._count(row, time, c.T_DEMAND_UNITS, quantity)

    def _issue(self, time: int, phase: int, row: int, quantity: int, line: int) -> None:
        since, wanted, got = self.lines[line]
        got += quantity
        self.lines[line] = (since, wanted, got)
        self._change("on_hand", row, time, -quantity)
        self._change("customers", row, time, -quantity)
        self._count(row, time, c.T_UNITS_ISSUED, quantity)
        if phase == c.PHASE_DEMAND:
            self._count(row, time, c.T_UNITS_AT_ONCE, quantity)
            self._count(row, time, c.T_LINES_AT_ONCE, int(got == wanted))
            return
        self._count(row, time, c.T_WAIT_UNITS, quantity)
        self._count(row, time, c.T_WAIT_UNIT_MS, quantity * (time - since))

    def _lost(self, time: int, phase: int, row: int, quantity: int, line: int) -> None:
        self._change("customers", row, time, -quantity)
        self._count(row, time, c.T_UNITS_LOST, quantity)

    def _order(self, time: int, phase: int, row: int, quantity: int, order: int) -> None:
        self._gift(time, phase, row, quantity, order)
        self._change("orders", self.placed[order].source, time, quantity)

    def _gift(self, time: int, phase: int, row: int, quantity: int, order: int) -> None:
        assert order == len(self.orders)
        self.orders.append(row)
        self._change("on_order", row, time, quantity)

    def _leave(self, time: int, phase: int, row: int, quantity: int, order: int) -> None:
        self._change("on_hand", row, time, -quantity)
        if not self.placed[order].coming:  # a gift has never waited
            self._change("orders", row, time, -quantity)

    def _receipt(self, time: int, phase: int, row: int, quantity: int, order: int) -> None:
        self._change("on_hand", row, time, quantity)
        self._change("on_order", row, time, -quantity)
