"""Phase 3 of the plain reference model: reviews, families, Python policies, and from whom a stock point orders."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from sim import columns as c
from tests.reference_objects import Alternative, Order, StockPoint

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

NODE_REVIEW, PYTHON_REVIEW = 0, 1  # numbers of the process events of a node in phase 3


def need_of(point: StockPoint) -> tuple[int, int]:
    """What a built-in policy needs now (0: nothing), and the position that it went by."""
    if point.policy == c.POLICY_KANBAN:
        position = max(point.recorded - point.waiting, 0) + point.on_order
        need = 0
        while position + need + point.lot_size <= point.order_up_to:
            need += point.lot_size
        return need, position
    if point.position > point.reorder_point:
        return 0, point.position
    if point.policy == c.POLICY_LOT:
        need = point.lot_size
        while point.position + need <= point.reorder_point:
            need += point.lot_size
        return need, point.position
    return point.order_up_to - point.position, point.position


def quantity_of(point: StockPoint, need: int, position: int) -> int:
    """The need as a quantity that may be ordered: minimum, pack multiple and capacity; 0 for nothing."""
    if need <= 0:
        return 0
    quantity = max(need, point.minimum_order)
    while quantity % point.multiple:
        quantity += 1
    if point.capacity >= 0:
        room = max(0, point.capacity - position)
        quantity = min(quantity, room - room % point.multiple)
    return quantity if quantity >= point.minimum_order else 0


class Ordering:
    """Who is reviewed when, and what is ordered from whom."""

    def __init__(self, model: ReferenceModel) -> None:
        self.model = model
        self.families = [[model.points[row] for row in family.tolist()] for family in model.network.families]
        self.families_pending: set[int] = set()
        self.to_decide: dict[int, list[StockPoint]] = {}  # by node: those that a Python function looks at
        for node, instants in enumerate(model.network.review_ms):
            for time_ms in [] if instants is None else instants.tolist():
                self._at_node(time_ms, node)

    def _at_node(self, time_ms: int, node: int) -> None:
        place = self.model.process_place(NODE_REVIEW)
        self.model.at(time_ms, c.PHASE_ORDER, node, place, lambda: self._review_node(node))

    # --- when ----------------------------------------------------------------------------------------------------
    def ask_for_review(self, point: StockPoint) -> None:
        """Have the stock point reviewed in phase 3 of this instant, unless it waits for its node's review."""
        if point.supplier or point.has(c.SP_PERIODIC) or point.review_pending:
            return
        point.review_pending = True
        model, node = self.model, point.node
        if point.policy != c.POLICY_PYTHON:
            model.at(model.now, c.PHASE_ORDER, node, point.item, lambda: self._review(point))
            return
        if node not in self.to_decide:
            self.to_decide[node] = []
            place = model.process_place(PYTHON_REVIEW)
            model.at(model.now, c.PHASE_ORDER, node, place, lambda: self._decide(self.to_decide.pop(node)))
        self.to_decide[node].append(point)

    def _review(self, point: StockPoint) -> None:
        point.review_pending = False
        if point.policy == c.POLICY_CAN_ORDER:
            if point.position <= point.reorder_point:
                self._ask_for_family_review(point.node, point.policy_row)
            return
        self._order_need(point)

    def _ask_for_family_review(self, node: int, family: int) -> None:
        if family not in self.families_pending:
            self.families_pending.add(family)
            place = self.model.family_place(family)
            self.model.at(self.model.now, c.PHASE_ORDER, node, place, lambda: self._review_family(family))

    def _review_node(self, node: int) -> None:
        """The periodic review: those on their own, then families, then what Python decides."""
        here = [p for p in self.model.points if p.node == node and p.has(c.SP_PERIODIC)]
        for point in here:
            if point.policy not in (c.POLICY_CAN_ORDER, c.POLICY_PYTHON):
                self._order_need(point)
        for family in sorted({p.policy_row for p in here if p.policy == c.POLICY_CAN_ORDER}):
            self._review_family(family)
        self._decide([p for p in here if p.policy == c.POLICY_PYTHON])

    # --- what ----------------------------------------------------------------------------------------------------
    def _order_need(self, point: StockPoint) -> None:
        need, position = need_of(point)
        self._order(point, quantity_of(point, need, position))

    def _review_family(self, family: int) -> None:
        self.families_pending.discard(family)
        members = self.families[family]
        if all(member.position > member.reorder_point for member in members):
            return
        for member in sorted(members, key=lambda member: member.item):
            if member.position <= member.lot_size:
                need = member.order_up_to - member.position
                self._order(member, quantity_of(member, need, member.position))

    def _decide(self, points: list[StockPoint]) -> None:
        """Every function is asked once, about all its stock points in item order."""
        for number in sorted({point.policy_row for point in points}):
            asked = sorted((p for p in points if p.policy_row == number), key=lambda p: p.item)
            for point in asked:
                point.review_pending = False
            view = SimpleNamespace(
                position=np.array([p.position for p in asked]),
                on_order=np.array([p.on_order for p in asked]),
                minimum_order=np.array([p.minimum_order for p in asked]),
            )
            needs = [int(need) for need in self.model.network.deciders[number].decide(view)]
            for point, need in zip(asked, needs, strict=True):
                self._order(point, quantity_of(point, need, point.position))

    # --- from whom -----------------------------------------------------------------------------------------------
    def _order(self, point: StockPoint, quantity: int) -> None:
        if quantity > 0 and point.alternatives:
            for alternative, part in self._parts(point, quantity):
                if part > 0:
                    self._place(point, alternative, part)

    def _parts(self, point: StockPoint, quantity: int) -> list[tuple[Alternative, int]]:
        first, *others = point.alternatives
        if point.has(c.SP_SPLIT):
            shares = [quantity * other.share // 1000 for other in others]
            shares = [share - share % point.multiple for share in shares]
            return [(first, quantity - sum(shares)), *zip(others, shares, strict=True)]
        for alternative in point.alternatives:
            source = self.model.points[alternative.source]
            if source.supplier or source.recorded - source.waiting >= quantity:
                return [(alternative, quantity)]
        return [(first, quantity)]

    def _place(self, point: StockPoint, alternative: Alternative, quantity: int) -> None:
        model = self.model
        kind = c.ORDER_EXPRESS if self._is_urgent(point, alternative) else c.ORDER_USUAL
        order = model.new_order(kind, point, alternative.source, alternative.lane, quantity)
        order.left = quantity
        point.on_order += quantity
        model.log(c.PHASE_ORDER, point.node, point.item, c.E_ORDER, quantity, order.number)
        self._join(model.points[alternative.source], order)

    def _join(self, source: StockPoint, order: Order) -> None:
        source.queue.append(order)
        source.waiting += order.left
        self.ask_for_review(source)
        self.model.allocation.ask_for_allocation(source)

    def _is_urgent(self, point: StockPoint, alternative: Alternative) -> bool:
        lane = self.model.network.lanes[alternative.lane]
        item_class = int(self.model.network.item_class[point.item])
        express = lane.express_lead_time is not None and item_class in lane.express_classes
        return express and point.customers_waiting > 0
