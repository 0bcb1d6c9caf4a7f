"""The yardstick's upper end: the model an analyst would write in plain SimPy, with care but without tricks.

A process per store waits for its next customer, a process per shipment carries it; stock points are small objects.
"""

from collections import deque
from collections.abc import Generator
from typing import Any

import simpy

from benchmarks.reference_workload import STORES, Shape
from sim.network import Int64Array


class StockPoint:
    """One item at one node: stock on hand, what is on order, and who waits for it."""

    __slots__ = ("lead_time", "level", "on_hand", "on_order", "owed", "reorder_point", "source", "waiting")

    def __init__(self, reorder_point: int, order_up_to: int, lead_time: int) -> None:
        self.reorder_point = reorder_point
        self.level = order_up_to
        self.lead_time = lead_time
        self.source: StockPoint | None = None  # None: the supplier, who is never short
        self.on_hand = order_up_to
        self.on_order = 0
        self.owed = 0
        self.waiting: deque[tuple[StockPoint | None, int]] = deque()  # a customer (None) or an ordering stock point


class PlainModel:
    """Counts the units that customers get at once, over all lines given."""

    def __init__(self, shape: Shape) -> None:
        self.env = simpy.Environment()
        self.at_once = 0
        self.points = [
            StockPoint(*values)
            for values in zip(
                shape.reorder_point.tolist(), shape.order_up_to.tolist(), shape.lead_time_ms.tolist(), strict=True
            )
        ]
        for point, source in zip(self.points, shape.source.tolist(), strict=True):
            point.source = self.points[source] if source >= 0 else None

    def store(self, lines: list[tuple[int, int]]) -> Generator[simpy.Event, None, None]:
        """A store: wait for the next customer, serve him or let him wait, order if needed."""
        env, points = self.env, self.points
        for time, row in lines:
            yield env.timeout(time - env.now)
            point = points[row]
            if point.on_hand > 0:
                point.on_hand -= 1
                self.at_once += 1
            else:
                point.waiting.append((None, 1))
                point.owed += 1
            self.review(point)

    def shipment(self, point: StockPoint, quantity: int) -> Generator[simpy.Event, None, None]:
        """Goods on their way to `point`."""
        yield self.env.timeout(point.lead_time)
        point.on_order -= quantity
        point.on_hand += quantity
        self.serve(point)

    def review(self, point: StockPoint) -> None:
        """Order up to the level when the inventory position has fallen to the reorder point."""
        position = point.on_hand + point.on_order - point.owed
        if position > point.reorder_point:
            return
        quantity = point.level - position
        point.on_order += quantity
        source = point.source
        if source is None:
            self.env.process(self.shipment(point, quantity))
            return
        source.waiting.append((point, quantity))
        source.owed += quantity
        self.review(source)
        self.serve(source)

    def serve(self, point: StockPoint) -> None:
        """Hand out what there is, whole orders, first come first served."""
        while point.waiting and point.waiting[0][1] <= point.on_hand:
            who, quantity = point.waiting.popleft()
            point.on_hand -= quantity
            point.owed -= quantity
            if who is not None:
                self.env.process(self.shipment(who, quantity))


def simulate_lines(shape: Shape, time_ms: Int64Array, stock_point: Int64Array, until_ms: int) -> int:
    """Units met at once, for customer lines in time order (one unit each)."""
    model = PlainModel(shape)
    of_store: list[list[tuple[Any, Any]]] = [[] for _ in range(STORES)]
    for time, row in zip(time_ms.tolist(), stock_point.tolist(), strict=True):
        of_store[row // shape.items].append((time, row))
    for lines in of_store:
        model.env.process(model.store(lines))
    model.env.run(until=until_ms)
    return model.at_once
