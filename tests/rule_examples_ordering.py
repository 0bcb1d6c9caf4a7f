"""Examples of reviews and orders: kanban, families, calendars, Python policies, several sources."""

from collections.abc import Sequence
from typing import Any

from sim.network import Lane
from tests.reference_inputs import HOUR_MS as H
from tests.reference_inputs import Draft, Item, Line, Point, constant, route
from tests.rule_examples import Example
from tests.sample_deciders import JointTopUp, Reorder


def one_store(points: Sequence[Point], hours: int, **changes: Any) -> Draft:
    """A store with an item for each point, straight from a supplier that takes five hours."""
    return Draft(
        kinds=["store", "supplier"],
        lanes=[Lane(1, 0, constant(5 * H))],
        items=[Item()] * len(points),
        points=points,
        horizon_ms=hours * H,
        **changes,
    )


ORDERING_EXAMPLES = [
    Example(
        "kanban: whole bins; debts count only up to the stock; reviewed when goods come in",
        one_store(
            [Point(0, 0, 0, bins=(2, 3), on_hand=6)],
            hours=9,
            lines=[Line(1 * H, 0, 0, 2), Line(2 * H, 0, 0, 2), Line(3 * H, 0, 0, 6)],
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "issue", 2, 0),  # 4 are left: no bin is empty
            (2, 2, 0, 0, "demand", 2, 1),
            (2, 2, 0, 0, "issue", 2, 1),
            (2, 3, 0, 0, "order", 3, 0),  # 2 left: one bin
            (2, 4, 1, 0, "dispatch", 3, 0),
            (3, 2, 0, 0, "demand", 6, 2),
            (3, 2, 0, 0, "issue", 2, 2),  # 4 owed, which do not count
            (3, 3, 0, 0, "order", 3, 1),
            (3, 4, 1, 0, "dispatch", 3, 1),
            (7, 0, 0, 0, "receipt", 3, 0),
            (7, 0, 0, 0, "issue", 3, 2),
            (7, 3, 0, 0, "order", 3, 2),  # the bin went straight to the customer
            (7, 4, 1, 0, "dispatch", 3, 2),
            (8, 0, 0, 0, "receipt", 3, 1),
            (8, 0, 0, 0, "issue", 1, 2),  # 2 left and 3 on order: the missing bin is not whole
        ],
    ),
    Example(
        "kanban: several empty bins are one order",
        one_store([Point(0, 0, 0, bins=(3, 2), on_hand=1)], hours=1),
        [(0, 3, 0, 0, "order", 4, 0), (0, 4, 1, 0, "dispatch", 4, 0)],
    ),
    Example(
        "a family is reviewed after the items on their own, and who is at or below c orders along",
        one_store(
            [
                Point(0, 0, 0, reorder_point=1, can_order=3, order_up_to=5, on_hand=2),
                Point(0, 1, 0, reorder_point=1, can_order=3, order_up_to=5, on_hand=3),
                Point(0, 2, 0, reorder_point=1, can_order=3, order_up_to=5, on_hand=4),
                Point(0, 3, 0, reorder_point=3, order_up_to=4, on_hand=4),
            ],
            hours=24,
            lines=[Line(1 * H, 0, 0, 1), Line(1 * H, 0, 3, 1)],
        ),
        [
            (1, 2, 0, 0, "demand", 1, 0),
            (1, 2, 0, 0, "issue", 1, 0),
            (1, 2, 0, 3, "demand", 1, 1),
            (1, 2, 0, 3, "issue", 1, 1),
            (1, 3, 0, 3, "order", 1, 0),
            (1, 3, 0, 0, "order", 4, 1),
            (1, 3, 0, 1, "order", 2, 2),
            (1, 4, 1, 0, "dispatch", 4, 1),
            (1, 4, 1, 1, "dispatch", 2, 2),
            (1, 4, 1, 3, "dispatch", 1, 0),
            (6, 0, 0, 0, "receipt", 4, 1),
            (6, 0, 0, 1, "receipt", 2, 2),
            (6, 0, 0, 3, "receipt", 1, 0),
        ],
    ),
    Example(
        "a periodic review: those on their own, then families, then Python; not at time 0",
        one_store(
            [
                Point(0, 0, 0, decider=0, minimum_order=3, on_hand=2, periodic=True),
                Point(0, 1, 0, reorder_point=1, can_order=3, order_up_to=5, on_hand=1, periodic=True),
                Point(0, 2, 0, reorder_point=3, order_up_to=4, on_hand=4, periodic=True),
            ],
            hours=24,
            lines=[Line(1 * H, 0, 2, 1)],
            review_ms={0: [6 * H, 12 * H]},
            deciders=[Reorder(level=3, lots=2)],
        ),
        [
            (1, 2, 0, 2, "demand", 1, 0),
            (1, 2, 0, 2, "issue", 1, 0),
            (6, 3, 0, 2, "order", 1, 0),
            (6, 3, 0, 1, "order", 4, 1),
            (6, 3, 0, 0, "order", 6, 2),
            (6, 4, 1, 0, "dispatch", 6, 2),
            (6, 4, 1, 1, "dispatch", 4, 1),
            (6, 4, 1, 2, "dispatch", 1, 0),
            (11, 0, 0, 0, "receipt", 6, 2),
            (11, 0, 0, 1, "receipt", 4, 1),
            (11, 0, 0, 2, "receipt", 1, 0),
        ],
    ),
    Example(
        "a Python policy is asked once an instant about those with a reason, after the others",
        one_store(
            [
                Point(0, 0, 0, decider=0, on_hand=6),
                Point(0, 1, 0, decider=0, on_hand=5),
                Point(0, 2, 0, reorder_point=3, order_up_to=4, on_hand=4),
            ],
            hours=3,
            lines=[Line(1 * H, 0, 0, 1), Line(1 * H, 0, 2, 1), Line(2 * H, 0, 0, 1), Line(2 * H, 0, 1, 1)],
            deciders=[JointTopUp(level=5, most_on_order=12)],
        ),
        [
            (1, 2, 0, 0, "demand", 1, 0),  # at time 0 they had 11 together, more than 5 each
            (1, 2, 0, 0, "issue", 1, 0),
            (1, 2, 0, 2, "demand", 1, 1),
            (1, 2, 0, 2, "issue", 1, 1),
            (1, 3, 0, 2, "order", 1, 0),
            (1, 3, 0, 0, "order", 1, 1),  # item 0 alone: 5
            (1, 4, 1, 0, "dispatch", 1, 1),
            (1, 4, 1, 2, "dispatch", 1, 0),
            (2, 2, 0, 0, "demand", 1, 2),
            (2, 2, 0, 0, "issue", 1, 2),
            (2, 2, 0, 1, "demand", 1, 3),
            (2, 2, 0, 1, "issue", 1, 3),
            (2, 3, 0, 0, "order", 1, 2),  # 5 and 4
            (2, 3, 0, 1, "order", 2, 3),
            (2, 4, 1, 0, "dispatch", 1, 2),
            (2, 4, 1, 1, "dispatch", 2, 3),
        ],
    ),
    Example(
        "first with stock: whoever has the whole quantity, by his own lane; nobody: the first",
        Draft(
            kinds=["store", "warehouse", "warehouse", "supplier"],
            lanes=[
                Lane(1, 0, constant(2 * H)),
                Lane(2, 0, constant(3 * H), express_lead_time=constant(1 * H), express_classes=frozenset({0})),
                Lane(3, 1, constant(4 * H)),
                Lane(3, 2, constant(4 * H)),
            ],
            points=[
                Point(0, 0, 0, others=((1, 0),), on_hand=1),
                Point(1, 0, 2, on_hand=1),
                Point(2, 0, 3, on_hand=5),
            ],
            lines=[Line(1 * H, 0, 0, 3), Line(3 * H, 0, 0, 4)],
            horizon_ms=10 * H,
        ),
        [
            (1, 2, 0, 0, "demand", 3, 0),
            (1, 2, 0, 0, "issue", 1, 0),
            (1, 3, 0, 0, "order", 2, 0),
            (1, 4, 2, 0, "dispatch", 2, 0),
            (2, 0, 0, 0, "receipt", 2, 0),  # by the express service of that lane
            (2, 0, 0, 0, "issue", 2, 0),
            (3, 2, 0, 0, "demand", 4, 1),
            (3, 3, 0, 0, "order", 4, 1),  # there are 1 and 3
            (3, 3, 1, 0, "order", 3, 2),
            (3, 4, 3, 0, "dispatch", 3, 2),
            (7, 0, 1, 0, "receipt", 3, 2),
            (7, 4, 1, 0, "dispatch", 4, 1),
            (9, 0, 0, 0, "receipt", 4, 1),
            (9, 0, 0, 0, "issue", 4, 1),
        ],
    ),
    Example(
        "a split order: whole packs by the shares, the rest from the first, no order for nothing",
        Draft(
            kinds=["store", "supplier", "supplier", "supplier"],
            items=[Item(), Item()],
            lanes=[Lane(supplier, 0, constant(supplier * H)) for supplier in (1, 2, 3)],
            points=[
                Point(
                    *(0, 0, 0),
                    reorder_point=1,
                    order_up_to=11,
                    minimum_order=4,
                    multiple=2,
                    on_hand=2,
                    others=((1, 300), (2, 300)),
                    split=True,
                ),
                Point(0, 1, 0, reorder_point=2, order_up_to=3, on_hand=3, others=((1, 300), (2, 300)), split=True),
            ],
            lines=[Line(1 * H, 0, 0, 1), Line(1 * H, 0, 1, 1)],
            horizon_ms=5 * H,
        ),
        [
            (1, 2, 0, 0, "demand", 1, 0),
            (1, 2, 0, 0, "issue", 1, 0),
            (1, 2, 0, 1, "demand", 1, 1),
            (1, 2, 0, 1, "issue", 1, 1),
            (1, 3, 0, 0, "order", 6, 0),
            (1, 3, 0, 0, "order", 2, 1),  # 3 of 10, in packs of 2
            (1, 3, 0, 0, "order", 2, 2),
            (1, 3, 0, 1, "order", 1, 3),
            (1, 4, 1, 0, "dispatch", 6, 0),
            (1, 4, 1, 1, "dispatch", 1, 3),
            (1, 4, 2, 0, "dispatch", 2, 1),
            (1, 4, 3, 0, "dispatch", 2, 2),
            (2, 0, 0, 0, "receipt", 6, 0),
            (2, 0, 0, 1, "receipt", 1, 3),
            (3, 0, 0, 0, "receipt", 2, 1),
            (4, 0, 0, 0, "receipt", 2, 2),
        ],
    ),
    Example(
        "critical items are loaded first",
        Draft(
            kinds=["store", "warehouse", "supplier"],
            items=[Item(), Item(critical=True)],
            lanes=[Lane(1, 0, constant(0), route=0), Lane(2, 1, constant(0))],
            points=[Point(0, 0, 0), Point(0, 1, 0), Point(1, 0, 1, on_hand=9), Point(1, 1, 1, on_hand=9)],
            routes=[route(1, [0])],
            lines=[Line(1 * H, 0, 0, 2), Line(1 * H, 0, 1, 1)],
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 1, "demand", 1, 1),
            (1, 3, 0, 0, "order", 2, 0),
            (1, 3, 0, 1, "order", 1, 1),
            (1, 4, 1, 0, "stage", 2, 0),
            (1, 4, 1, 1, "stage", 1, 1),
            (1, 4, 1, 1, "load", 1, 1),
            (1, 4, 1, 0, "load", 2, 0),
            (1, 4, 1, -1, "depart", 2, 0),
            (2, 0, 0, -1, "arrive", 2, 0),
            (2, 0, 0, 0, "receipt", 2, 0),
            (2, 0, 0, 0, "issue", 2, 0),
            (2, 0, 0, 1, "receipt", 1, 1),
            (2, 0, 0, 1, "issue", 1, 1),
            (3, 0, 1, -1, "return", 0, 0),
        ],
    ),
]
