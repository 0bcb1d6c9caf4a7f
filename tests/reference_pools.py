"""Pools of the plain reference model: asking when a customer has to wait, before anybody has to, and rebalancing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim import columns as c
from sim.network import DONOR_MOST_COVER, DONOR_MOST_STOCK, Link, Pool
from tests.reference_calendar import after_working_time
from tests.reference_objects import StockPoint

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

MOST_GIFTS = 12
REBALANCING = 1  # number of the process event in phase 1 at node 0
DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class Wish:
    """What a stock point asks its pool for, and how that is told."""

    asker: StockPoint
    kind: int  # ORDER_*
    event: int
    phase: int = c.PHASE_DEMAND


class Pools:
    """Goods that change hands without an order having queued."""

    def __init__(self, model: ReferenceModel) -> None:
        self.model = model
        instants = {t for pool in model.network.pools if pool.rebalance_ms is not None for t in pool.rebalance_ms}
        for time_ms in sorted(instants):
            model.at(int(time_ms), c.PHASE_RETURN, 0, model.process_place(REBALANCING), self._rebalance_all)

    # --- what a stock point can give -----------------------------------------------------------------------------
    def _spare(self, giver: StockPoint) -> int:
        """What it can give to its pool."""
        if giver.queue or not giver.has(c.SP_GIVES):
            return 0
        return max(0, giver.on_hand - giver.hold_back)

    def _surplus(self, giver: StockPoint) -> int:
        """What it can give away in a rebalancing."""
        if giver.queue or not giver.has(c.SP_GIVES):
            return 0
        return max(0, giver.on_hand - max(giver.order_up_to, giver.hold_back))

    def _help(self, giver: StockPoint) -> int:
        """What it can give in an emergency, a supplier aside."""
        return 0 if giver.queue else max(0, giver.on_hand - giver.reserve)

    # --- asking --------------------------------------------------------------------------------------------------
    def ask(self, point: StockPoint, need: int) -> None:
        """A customer's line has joined the queue: first the pool is asked, then the emergency sources."""
        if point.pool < 0 or not point.has(c.SP_ASKS):
            return
        wish = Wish(point, c.ORDER_TRANSFER, c.E_TRANSFER)
        left = self._ask_givers(wish, need)
        emergency = Wish(point, c.ORDER_EMERGENCY, c.E_EMERGENCY)
        for link, giver in self._givers(point, emergency=True):
            given = left if giver.supplier else min(left, self._help(giver))
            if given > 0:
                self._give(emergency, link, giver, given)
                left -= given

    def ask_before_being_short(self, point: StockPoint) -> None:
        """After every demand: fill up from the pool at or below the preventive level."""
        if point.pool < 0 or not point.has(c.SP_ASKS) or point.preventive < 0:
            return
        level = point.on_hand - point.waiting + point.coming
        if level <= point.preventive:
            self._ask_givers(Wish(point, c.ORDER_PREVENTIVE, c.E_PREVENTIVE), point.preventive_up_to - level)

    def _ask_givers(self, wish: Wish, need: int) -> int:
        """Take from the pool's givers, one after the other; what of the need is left."""
        gifts = 0
        while need > 0 and gifts < MOST_GIFTS:
            found = self._donor(wish.asker, need, self._spare)
            if found is None:
                break
            link, giver = found
            given = min(need, self._spare(giver))
            self._give(wish, link, giver, given)
            need -= given
            gifts += 1
        return need

    def _givers(self, asker: StockPoint, emergency: bool) -> list[tuple[Link, StockPoint]]:
        """The links of one sort that lead to the asker, in order, with the stock points at their other ends."""
        found = []
        for link in self._pool(asker).links:
            giver = self.model.point_at.get((link.from_node, asker.item))
            if link.to_node != asker.node or link.emergency != emergency or giver is None:
                continue
            if emergency or giver.pool == asker.pool:
                found.append((link, giver))
        return found

    def _pool(self, point: StockPoint) -> Pool:
        return self.model.network.pools[point.pool]

    def _donor(
        self, asker: StockPoint, need: int, can_give: Callable[[StockPoint], int]
    ) -> tuple[Link, StockPoint] | None:
        pool = self._pool(asker)
        least = 1 if pool.partial else need
        willing = [pair for pair in self._givers(asker, emergency=False) if can_give(pair[1]) >= least]
        if not willing:
            return None
        if pool.donor_rule == DONOR_MOST_STOCK:
            return max(willing, key=lambda pair: can_give(pair[1]))  # the first of equals
        if pool.donor_rule == DONOR_MOST_COVER:
            return max(willing, key=lambda pair: days_of_cover(pair[1], can_give(pair[1])))
        return willing[0]

    def _give(self, wish: Wish, link: Link, giver: StockPoint, quantity: int) -> None:
        """A gift: an order that has not queued, on its way at once."""
        model, asker = self.model, wish.asker
        order = model.new_order(wish.kind, asker, giver.row, -1, quantity)
        model.log(wish.phase, asker.node, asker.item, wish.event, quantity, order.number)
        model.log(wish.phase, giver.node, giver.item, c.E_DISPATCH, quantity, order.number)
        asker.on_order += quantity
        asker.coming += quantity
        goods = None if giver.supplier else model.take(giver, quantity)
        model.ordering.ask_for_review(giver)
        release_ms = self._release(wish, giver, quantity)
        arrives_ms = max(release_ms + asker.transfer_times.draw(link.delivery), model.now + 1)
        model.send(order, quantity, goods, model.now, arrives_ms)

    def _release(self, wish: Wish, giver: StockPoint, quantity: int) -> int:
        now = self.model.now
        if wish.kind == c.ORDER_EMERGENCY:
            return self.model.suppliers[giver.node].release(now, quantity) if giver.supplier else now
        pool = self._pool(wish.asker)
        return after_working_time(now + pool.search_ms, pool.approval_ms, pool.working_ms, self.model.monday_ms)

    # --- rebalancing ---------------------------------------------------------------------------------------------
    def _rebalance_all(self) -> None:
        for number, pool in enumerate(self.model.network.pools):
            if pool.rebalance_ms is not None and self.model.now in pool.rebalance_ms.tolist():
                for item in range(self.model.network.items):
                    self._rebalance([p for p in self.model.points if p.pool == number and p.item == item])

    def _rebalance(self, members: list[StockPoint]) -> None:
        """The member that lacks most is given until it is done, then the next."""
        lacks = {
            member.row: member.order_up_to - member.position
            for member in members
            if member.has(c.SP_ASKS) and member.has(c.SP_STOCKED) and member.policy != c.POLICY_PYTHON
        }
        for member in sorted((m for m in members if lacks.get(m.row, 0) > 0), key=lambda m: (-lacks[m.row], m.node)):
            self._fill(member, lacks[member.row])

    def _fill(self, member: StockPoint, lack: int) -> None:
        wish = Wish(member, c.ORDER_REBALANCING, c.E_REBALANCE, c.PHASE_RETURN)
        for _ in range(MOST_GIFTS):
            found = self._donor(member, lack, self._surplus) if lack > 0 else None
            if found is None:
                return
            link, giver = found
            quantity = min(lack, self._surplus(giver))
            if not self._worth_it(link, giver, quantity):
                return
            self._give(wish, link, giver, quantity)
            self.model.ordering.ask_for_review(member)
            lack -= quantity

    def _worth_it(self, link: Link, giver: StockPoint, quantity: int) -> bool:
        """Whether what it costs to hold the units until the giver would have used them exceeds the freight."""
        network = self.model.network
        years = min(1.0, days_of_cover(giver, self._surplus(giver)) / DAYS_PER_YEAR)
        value = quantity * int(network.item_cost_milli[giver.item]) / 1000
        weight_kg = quantity * int(network.item_weight_g[giver.item]) / 1000
        freight = link.cost_per_transfer + link.cost_per_kg_milli / 1000 * weight_kg
        return value * network.holding_rate_per_year * years > freight


def days_of_cover(point: StockPoint, units: int) -> float:
    """How long these units last at the mean demand; without demand, for ever."""
    mean = point.mean_demand_per_day
    return units / mean if mean > 0 else float("inf")
