"""One stock point and a supplier that is never short."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.network import Float64Array
from sim.verify.formulas.distributions import ONE_UNIT, mean_of


@dataclass(frozen=True)
class Performance:
    """What a stock point gives in the long run.

    Attributes:
        fill_rate: units given at once / units demanded.
        backorders, on_hand: time means, units.
    """

    fill_rate: float
    backorders: float
    on_hand: float


def performance(
    positions: Mapping[int, float], outstanding: Float64Array, sizes: Float64Array = ONE_UNIT
) -> Performance:
    """What follows from net stock = position - outstanding, the two being independent (Zipkin 2000, chapter 6).

    Args:
        positions: probability of each inventory position.
        outstanding: distribution of the lead-time demand, or of the units on order.
        sizes: what a customer asks for; he takes what is there and waits for the rest.
    """
    number, size = np.arange(len(outstanding)), np.arange(len(sizes))
    on_hand = backorders = at_once = 0.0
    for position, chance in positions.items():
        net = position - number
        stock = np.maximum(net, 0)
        on_hand += chance * float(stock @ outstanding)
        backorders += chance * float(np.maximum(-net, 0) @ outstanding)
        at_once += chance * float(outstanding @ np.minimum(stock[:, None], size[None, :]) @ sizes)
    return Performance(at_once / mean_of(sizes), backorders, on_hand)


def lot_positions(reorder_point: int, lot: int) -> dict[int, float]:
    """(R, nQ): the position is uniform on R + 1, ..., R + Q (Hadley and Whitin 1963, chapter 4)."""
    return {reorder_point + 1 + step: 1 / lot for step in range(lot)}


def order_up_to_positions(reorder_point: int, order_up_to: int, sizes: Float64Array) -> dict[int, float]:
    """(s, S): visits to S - j are those of the renewal process of demand sizes (Zheng and Federgruen 1991).

    m(0) = 1, m(j) = sum over i of size(i) m(j - i); the position is S - j for a share m(j) / (m(0) + ... ) of the time.
    """
    visits = [1.0]
    for j in range(1, order_up_to - reorder_point):
        visits.append(sum(float(sizes[i]) * visits[j - i] for i in range(1, min(j, len(sizes) - 1) + 1)))
    return {order_up_to - j: visit / sum(visits) for j, visit in enumerate(visits)}


def mean_position(positions: Mapping[int, float]) -> float:
    """Mean inventory position."""
    return sum(position * chance for position, chance in positions.items())


def erlang_loss(servers: int, load: float) -> float:
    """Share of customers lost when all of `servers` units are on order (Erlang 1917; any lead time: Sevastyanov 1957).

    B(0) = 1, B(k) = load B(k - 1) / (k + load B(k - 1))
    """
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost
