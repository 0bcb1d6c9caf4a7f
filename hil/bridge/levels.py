"""The levels of a node's policy, which a device can be told."""

from enum import Enum, auto
from typing import Final

from sim import columns as c
from sim.outside import OutsideBooks

_UP_TO: Final = (c.POLICY_ORDER_UP_TO, c.POLICY_KANBAN, c.POLICY_CAN_ORDER)


class Level(Enum):
    """Which level a device is told."""

    PAR = auto()  # what orders refill it to
    LOW = auto()  # at or below this an order is made


def level_of(books: OutsideBooks, point: int, level: Level) -> int | None:
    """Units, as the policy of a stock point has them now; None: it has no such level."""
    parameter = books.twin.flow.model.parameter[point]
    policy = int(parameter[c.P_POLICY])
    if policy not in (*_UP_TO, c.POLICY_LOT):
        return None
    low = int(parameter[c.P_REORDER_POINT])
    if level is Level.LOW:
        return max(low, 0)
    return max(int(parameter[c.P_ORDER_UP_TO]) if policy in _UP_TO else low + int(parameter[c.P_LOT]), 0)
