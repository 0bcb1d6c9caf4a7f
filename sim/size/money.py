"""What both sides of a pilot earn: the supplier's margin, the customer's saving, and the prices at which both gain.

All money is in major units of currency a month of 365/12 days. With G the goods used at the prices of the usage table,
C their cost and all service, F the base fee and m the mark-up, the supplier earns F + (1 + m) G - C. He wants a share
w of his revenue, which takes an *extra* X = F + m G of at least C / (1 - w) - G. The customer pays that extra and
whatever part of the goods he does not buy today, and saves stops and the carrying of his own stock. Both gain for the
X between.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.scenario.sizing import Offer, SizingSection
from sim.size.design import Design, Task
from sim.size.simulate import Outcomes, monthly_costs

Float64Array = npt.NDArray[np.float64]
MONTHS_PER_YEAR = 12


@dataclass(frozen=True)
class Money:
    """Of each replication; arrays (n,).

    Attributes:
        goods_price, goods_cost: of what is used, at the table's prices and to the supplier. service: all else that the
            supplier pays (`monthly_costs`).
        stops_before, stops_after: the customer's loss by missing items, today and with the service; the former is nan
            where the table does not say how often items were missing.
        freed: carrying cost of the stock that the customer holds today.
    """

    goods_price: Float64Array
    goods_cost: Float64Array
    service: Float64Array
    stops_before: float
    stops_after: Float64Array
    freed: float

    def margin(self, offer: Offer) -> Float64Array:
        """The supplier's, under an offer."""
        return self.revenue(offer) - self.goods_cost - self.service

    def revenue(self, offer: Offer) -> Float64Array:
        """What the customer pays the supplier."""
        return float(offer.base_fee or 0) + (1 + offer.mark_up) * self.goods_price

    def saving(self, offer: Offer) -> Float64Array:
        """What the customer gains: stops avoided and stock freed, less what he pays more than today."""
        return self.stops_before - self.stops_after + self.freed - self.paid_more(offer)

    def paid_more(self, offer: Offer) -> Float64Array:
        """What the customer pays beyond the goods that he buys today anyway."""
        return self.revenue(offer) - offer.replaced * self.goods_price

    def break_even_cut(self, offer: Offer) -> float:
        """Share of today's loss by stops that has to go for the customer to gain; inf without a loss, nan unknown."""
        needed = float(self.paid_more(offer).mean()) - self.freed
        if needed <= 0:
            return 0.0
        return needed / self.stops_before if self.stops_before != 0 else float("inf")


def money_of(section: SizingSection, task: Task, one: Design, seen: Outcomes) -> Money:
    """The money of a design's replications."""
    prices = np.array([float(item.price) for item in task.items])
    costs = np.array([float(item.cost) for item in task.items])
    held = sum(float(item.price) * float(item.stock_today or 0) for item in task.items)
    stop_cost = float(section.stop_cost)
    return Money(
        seen.used @ prices,
        seen.used @ costs,
        monthly_costs(task, one, seen),
        stops_today(task) / MONTHS_PER_YEAR * stop_cost,
        seen.stops * stop_cost,
        held * section.offer.carrying_rate / MONTHS_PER_YEAR,
    )


def stops_today(task: Task) -> float:
    """Stops a year by missing items that stop work; nan where the table does not say."""
    known = [item.shortages_per_year for item in task.items if item.critical]
    return float("nan") if any(one is None for one in known) else float(sum(one or 0.0 for one in known))


@dataclass(frozen=True)
class Prices:
    """The base fees and mark-ups at which both gain, or that there are none.

    Attributes:
        least, most: extra a month, beyond the table's prices of the goods: what the supplier needs for the margin he
            wants, and what the customer can pay without losing. nan where today's stops are not known.
        fee: base fee without mark-up in the middle of the two, mark_up: in the middle with the fee as offered now; None
            where none does. A mark-up below 0 is a discount.
        offered: the extra as offered now; margin: share of revenue it leaves.
    """

    least: float
    most: float
    fee: float | None
    mark_up: float | None
    offered: float
    margin: float

    @property
    def both_gain(self) -> bool:
        """Whether there are such prices."""
        return self.fee is not None


def prices_for(money: Money, offer: Offer) -> Prices:
    """The prices at which the supplier has his margin and the customer still gains, by the means."""
    goods = float(money.goods_price.mean())
    spent = float((money.goods_cost + money.service).mean())
    least = max(spent / (1 - offer.margin) - goods, 0.0)
    saved = money.stops_before - float(money.stops_after.mean()) + money.freed
    most = saved - (1 - offer.replaced) * goods
    offered = float(offer.base_fee or 0) + offer.mark_up * goods
    revenue = goods + offered
    share = (revenue - spent) / revenue if revenue > 0 else float("nan")
    if not least <= most:
        return Prices(least, most, None, None, offered, share)
    middle = (least + most) / 2
    return Prices(least, most, middle, (middle - float(offer.base_fee or 0)) / goods, offered, share)
