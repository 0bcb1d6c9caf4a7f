"""Phase 4 of the plain reference model: who gets the stock that several are waiting for, and how it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import columns as c
from sim.network import Lane
from tests.reference_objects import CustomerEntry, Order, StockPoint

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel


class Allocation:
    """Serves queues: customers in phases 0 and 4, orders in phase 4."""

    def __init__(self, model: ReferenceModel) -> None:
        self.model = model
        self.lane_busy_until_ms = [0] * len(model.network.lanes)

    def ask_for_allocation(self, point: StockPoint) -> None:
        if not point.allocation_pending:
            point.allocation_pending = True
            model = self.model
            model.at(model.now, c.PHASE_ALLOCATION, point.node, point.item, lambda: self._allocate(point))

    def after_receipt(self, point: StockPoint) -> None:
        """Goods have come in: customers are served now, orders in phase 4."""
        if point.has(c.SP_CUSTOMERS_FIRST):
            self._serve_customers(c.PHASE_RECEIPT, point)
            if point.orders:
                self.ask_for_allocation(point)
            return
        while point.queue and isinstance(point.queue[0], CustomerEntry):
            if not self._serve(c.PHASE_RECEIPT, point, point.queue[0], point.on_hand):
                return
        if point.queue:
            self.ask_for_allocation(point)

    def _allocate(self, point: StockPoint) -> None:
        point.allocation_pending = False
        if point.has(c.SP_CUSTOMERS_FIRST):
            self._serve_customers(c.PHASE_ALLOCATION, point)
            if not point.customers:
                self._serve_orders(point)
            return
        while point.queue and self._serve(c.PHASE_ALLOCATION, point, point.queue[0], point.on_hand):
            pass

    # --- customers first -----------------------------------------------------------------------------------------
    def _serve_customers(self, phase: int, point: StockPoint) -> None:
        for customer in point.customers:
            if not self._serve(phase, point, customer, point.on_hand):
                return

    def _serve_orders(self, point: StockPoint) -> None:
        """Orders get what is above the reserve: shared, by priority, or in the order of the queue."""
        orders = point.orders
        if point.has(c.SP_FAIR_SHARE):
            for order, given in zip(orders, self._fair_shares(point, orders), strict=True):
                self._give(c.PHASE_ALLOCATION, point, order, given)
            return
        if point.has(c.SP_PRIORITY):
            orders = sorted(orders, key=lambda order: (not order.urgent, self._lane_of(order).priority))  # stable
        for order in orders:
            if not self._serve(c.PHASE_ALLOCATION, point, order, max(0, point.on_hand - point.reserve)):
                return

    def _fair_shares(self, point: StockPoint, orders: list[Order]) -> list[int]:
        owed = sum(order.left for order in orders)
        there = max(0, point.on_hand - point.reserve)
        if there >= owed:
            return [order.left for order in orders]
        shares = [there * order.left // owed for order in orders]
        remainders = [there * order.left % owed for order in orders]
        by_remainder = sorted(range(len(orders)), key=lambda place: -remainders[place])  # stable
        for place in by_remainder[: there - sum(shares)]:
            shares[place] += 1
        return shares

    # --- one entry of the queue ----------------------------------------------------------------------------------
    def _serve(self, phase: int, point: StockPoint, entry: CustomerEntry | Order, there: int) -> bool:
        """Give an entry what it may have of what is there; whether it is satisfied and has left the queue."""
        whole = entry.whole if isinstance(entry, CustomerEntry) else self._lane_of(entry).whole_orders
        given = entry.left if point.supplier else min(entry.left, there)
        if whole and given < entry.left:
            given = 0
        return self._give(phase, point, entry, given)

    def _give(self, phase: int, point: StockPoint, entry: CustomerEntry | Order, given: int) -> bool:
        if given:
            entry.left -= given
            point.waiting -= given
            if isinstance(entry, CustomerEntry):
                point.customers_waiting -= given
                goods = self.model.issue(phase, point, given, entry.line)
                if point.device is not None:
                    self.model.plants.given_by_queue(point.device, entry, given, goods)
            else:
                self._hand_over(point, entry, given)
        if entry.left == 0:
            point.queue.remove(entry)
        return entry.left == 0

    def _lane_of(self, order: Order) -> Lane:
        return self.model.network.lanes[order.lane]

    def _hand_over(self, point: StockPoint, order: Order, quantity: int) -> None:
        """What an order is given leaves the stock, by parcel or to the dock."""
        model = self.model
        goods = None if point.supplier else model.take(point, quantity)
        lane = self._lane_of(order)
        if lane.route >= 0 and not order.urgent:
            order.stock_point.in_transit += quantity
            model.routes[lane.route].stage(order, quantity, goods)
            return
        model.log(c.PHASE_ALLOCATION, point.node, point.item, c.E_DISPATCH, quantity, order.number)
        release_ms = model.suppliers[point.node].release(model.now, quantity) if point.supplier else model.now
        lead_time = lane.express_lead_time if order.urgent else lane.lead_time
        assert lead_time is not None
        arrives_ms = max(release_ms + order.stock_point.lead_times.draw(lead_time), model.now + 1)
        if not order.urgent and not lane.overtaking:
            arrives_ms = max(arrives_ms, self.lane_busy_until_ms[order.lane])
            self.lane_busy_until_ms[order.lane] = arrives_ms
        model.send(order, quantity, goods, model.now, arrives_ms)
