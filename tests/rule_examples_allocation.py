"""Examples of allocation when not all can have what they want: reserve, priority, fair share."""

from dataclasses import replace
from typing import Any

from sim.network import Lane
from tests.reference_inputs import HOUR_MS as H
from tests.reference_inputs import Draft, Line, Point, constant
from tests.rule_examples import Example

WAREHOUSE = 3


def three_stores(hours: int, wants: dict[int, int], lanes: dict[int, dict[str, Any]], **warehouse: Any) -> Draft:
    """Stores that pass on what they want at 1 h (by store) to a warehouse, an hour away; its supplier takes ten."""
    plain = [Lane(WAREHOUSE, store, constant(H)) for store in range(3)] + [Lane(4, WAREHOUSE, constant(10 * H))]
    return Draft(
        kinds=["store", "store", "store", "warehouse", "supplier"],
        lanes=[replace(lane, **lanes.get(lane.to_node, {})) for lane in plain],
        points=[*(Point(store, 0, store) for store in range(3)), Point(WAREHOUSE, 0, 3, **warehouse)],
        lines=[Line(1 * H, store, 0, quantity) for store, quantity in wants.items()],
        horizon_ms=hours * H,
    )


PARTS = {store: {"whole_orders": False} for store in range(3)}

ALLOCATION_EXAMPLES = [
    Example(
        "a reserve is for customers, who come before orders that wait longer",
        replace(
            draft := three_stores(12, {0: 2, 1: 4}, PARTS, on_hand=5, reserve=2),
            lines=[*draft.lines, Line(2 * H, WAREHOUSE, 0, 2), Line(3 * H, WAREHOUSE, 0, 1)],
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 1, 0, "demand", 4, 1),
            (1, 3, 0, 0, "order", 2, 0),
            (1, 3, 1, 0, "order", 4, 1),
            (1, 3, 3, 0, "order", 1, 2),
            (1, 4, 3, 0, "dispatch", 2, 0),
            (1, 4, 3, 0, "dispatch", 1, 1),
            (1, 4, 4, 0, "dispatch", 1, 2),
            (2, 0, 0, 0, "receipt", 2, 0),
            (2, 0, 0, 0, "issue", 2, 0),
            (2, 0, 1, 0, "receipt", 1, 1),
            (2, 0, 1, 0, "issue", 1, 1),
            (2, 2, 3, 0, "demand", 2, 2),
            (2, 2, 3, 0, "issue", 2, 2),
            (2, 3, 3, 0, "order", 2, 3),
            (2, 4, 4, 0, "dispatch", 2, 3),
            (3, 2, 3, 0, "demand", 1, 3),
            (3, 3, 3, 0, "order", 1, 4),
            (3, 4, 4, 0, "dispatch", 1, 4),
            (11, 0, 3, 0, "receipt", 1, 2),
            (11, 0, 3, 0, "issue", 1, 3),
        ],
    ),
    Example(
        "priority: urgent orders, then the lane's number; who cannot be satisfied ends the round",
        replace(
            three_stores(
                8,
                {},
                {
                    0: {"priority": 2},
                    1: {"priority": 1},
                    2: {
                        "priority": 9,
                        "express_lead_time": constant(H // 2),
                        "express_classes": frozenset({0}),
                    },
                },
                allocation="priority",
            ),
            on_order=[(WAREHOUSE, 0, 5, 5 * H), (WAREHOUSE, 0, 1, 6 * H)],
            lines=[Line(1 * H, 0, 0, 2), Line(2 * H, 1, 0, 5), Line(3 * H, 2, 0, 1)],
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 3, 0, 0, "order", 2, 2),
            (2, 2, 1, 0, "demand", 5, 1),
            (2, 3, 1, 0, "order", 5, 3),
            (2, 3, 3, 0, "order", 1, 4),
            (2, 4, 4, 0, "dispatch", 1, 4),
            (3, 2, 2, 0, "demand", 1, 2),
            (3, 3, 2, 0, "order", 1, 5),
            (3, 3, 3, 0, "order", 1, 6),
            (3, 4, 4, 0, "dispatch", 1, 6),
            (5, 0, 3, 0, "receipt", 5, 0),
            (5, 4, 3, 0, "dispatch", 1, 5),  # the 4 that are left are not the 5 of store 1, and store 0 has to wait
            (5.5, 0, 2, 0, "receipt", 1, 5),
            (5.5, 0, 2, 0, "issue", 1, 2),
            (6, 0, 3, 0, "receipt", 1, 1),
            (6, 4, 3, 0, "dispatch", 5, 3),
            (7, 0, 1, 0, "receipt", 5, 3),
            (7, 0, 1, 0, "issue", 5, 1),
        ],
    ),
    Example(
        "fair share: in proportion, the last units to the largest remainders, ties in the order of the queue",
        replace(
            three_stores(5, {0: 2, 1: 3, 2: 5}, {}, on_hand=7, allocation="fair_share"),
            on_order=[(WAREHOUSE, 0, 2, 3 * H)],
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 1, 0, "demand", 3, 1),
            (1, 2, 2, 0, "demand", 5, 2),
            (1, 3, 0, 0, "order", 2, 1),
            (1, 3, 1, 0, "order", 3, 2),
            (1, 3, 2, 0, "order", 5, 3),
            (1, 3, 3, 0, "order", 1, 4),
            (1, 4, 3, 0, "dispatch", 1, 1),  # 1.4
            (1, 4, 3, 0, "dispatch", 2, 2),  # 2.1
            (1, 4, 3, 0, "dispatch", 4, 3),  # 3.5
            (1, 4, 4, 0, "dispatch", 1, 4),
            (2, 0, 0, 0, "receipt", 1, 1),
            (2, 0, 0, 0, "issue", 1, 0),
            (2, 0, 1, 0, "receipt", 2, 2),
            (2, 0, 1, 0, "issue", 2, 1),
            (2, 0, 2, 0, "receipt", 4, 3),
            (2, 0, 2, 0, "issue", 4, 2),
            (3, 0, 3, 0, "receipt", 2, 0),
            (3, 4, 3, 0, "dispatch", 1, 1),  # all three are owed one
            (3, 4, 3, 0, "dispatch", 1, 2),
            (4, 0, 0, 0, "receipt", 1, 1),
            (4, 0, 0, 0, "issue", 1, 0),
            (4, 0, 1, 0, "receipt", 1, 2),
            (4, 0, 1, 0, "issue", 1, 1),
        ],
    ),
    Example(
        "fair share of what is above the reserve",
        three_stores(2, {0: 2, 1: 2}, {}, on_hand=4, reserve=3, allocation="fair_share"),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 1, 0, "demand", 2, 1),
            (1, 3, 0, 0, "order", 2, 0),
            (1, 3, 1, 0, "order", 2, 1),
            (1, 4, 3, 0, "dispatch", 1, 0),
        ],
    ),
]
