"""Examples of pools: who gives to whom, when it arrives, asking before being short, rebalancing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sim.network import DEMAND_LOST, DEMAND_WHOLE, DONOR_MOST_COVER, DONOR_MOST_STOCK, Lane, Link, Pool, Supplier
from tests.reference_inputs import HOUR_MS as H
from tests.reference_inputs import Draft, Item, Line, Point, constant, int64
from tests.rule_examples import Example


def stores(*members: dict[str, Any], hours: int, lines: Sequence[Line], pool: Pool, **changes: Any) -> Draft:
    """Stores in one pool, by default ordered through; the supplier is numbered after them and takes long."""
    count = len(members)
    return Draft(
        kinds=["store"] * count + ["supplier"],
        lanes=[Lane(count, store, constant(99 * H)) for store in range(count)],
        points=[Point(store, 0, store, pool=0, **member) for store, member in enumerate(members)],
        lines=lines,
        pools=[pool],
        horizon_ms=hours * H,
        **changes,
    )


def transfer(giver: int, asker: int = 0, hours: int = 1, cost: int = 0) -> Link:
    return Link(giver, asker, emergency=False, delivery=constant(hours * H), cost_per_transfer=cost)


def emergency(giver: int, asker: int = 0, hours: int = 1) -> Link:
    return Link(giver, asker, emergency=True, delivery=constant(hours * H))


POOL_EXAMPLES = [
    Example(
        "givers in order above their hold-back, then an emergency; search and approval in working hours",
        stores(
            {"on_hand": 1},
            {"on_hand": 3, "hold_back": 2},
            {"on_hand": 4},
            pool=Pool(
                "pool",
                (transfer(1, hours=2), transfer(2, hours=4), emergency(3, hours=6)),
                search_ms=1 * H,
                approval_ms=1 * H,
                working_ms=int64([(8 * H, 10 * H)]),
            ),
            lines=[Line(1 * H, 0, 0, 8)],
            hours=20,
        ),
        [
            (1, 2, 0, 0, "demand", 8, 0),
            (1, 2, 0, 0, "issue", 1, 0),
            (1, 2, 0, 0, "transfer", 1, 0),
            (1, 2, 1, 0, "dispatch", 1, 0),
            (1, 2, 0, 0, "transfer", 4, 1),
            (1, 2, 2, 0, "dispatch", 4, 1),
            (1, 2, 0, 0, "emergency", 2, 2),
            (1, 2, 3, 0, "dispatch", 2, 2),
            (7, 0, 0, 0, "receipt", 2, 2),  # nobody approves an emergency
            (7, 0, 0, 0, "issue", 2, 0),
            (11, 0, 0, 0, "receipt", 1, 0),  # approved from 8 to 9
            (11, 0, 0, 0, "issue", 1, 0),
            (13, 0, 0, 0, "receipt", 4, 1),
            (13, 0, 0, 0, "issue", 4, 0),
        ],
    ),
    Example(
        "an approval that takes no time does not wait for working hours, and no gift arrives at once",
        stores(
            {},
            {"on_hand": 1},
            pool=Pool("pool", (transfer(1, hours=0),), working_ms=int64([(8 * H, 10 * H)])),
            lines=[Line(1 * H, 0, 0, 1)],
            hours=20,
        ),
        [
            (1, 2, 0, 0, "demand", 1, 0),
            (1, 2, 0, 0, "transfer", 1, 0),
            (1, 2, 1, 0, "dispatch", 1, 0),
            (1 + 1 / H, 0, 0, 0, "receipt", 1, 0),
            (1 + 1 / H, 0, 0, 0, "issue", 1, 0),
        ],
    ),
    Example(
        "both are reviewed: the giver has fallen, the asker counts what is on its way",
        stores(
            {"on_hand": 2, "reorder_point": 1, "order_up_to": 2},
            {"on_hand": 4, "hold_back": 1, "reorder_point": 3, "order_up_to": 4},
            pool=Pool("pool", (transfer(1, hours=2),)),
            lines=[Line(1 * H, 0, 0, 5)],
            hours=5,
        ),
        [
            (1, 2, 0, 0, "demand", 5, 0),
            (1, 2, 0, 0, "issue", 2, 0),
            (1, 2, 0, 0, "transfer", 3, 0),
            (1, 2, 1, 0, "dispatch", 3, 0),
            (1, 3, 0, 0, "order", 2, 1),
            (1, 3, 1, 0, "order", 3, 2),
            (1, 4, 2, 0, "dispatch", 2, 1),
            (1, 4, 2, 0, "dispatch", 3, 2),
            (3, 0, 0, 0, "receipt", 3, 0),
            (3, 0, 0, 0, "issue", 3, 0),
        ],
    ),
    Example(
        "where somebody waits nothing is given; an emergency leaves the reserve and needs no giver",
        stores(
            {},
            {"on_hand": 5, "asks": False},
            {"on_hand": 5, "gives": False, "reserve": 1},
            pool=Pool("pool", (transfer(1), transfer(2), emergency(1), emergency(2))),
            lines=[Line(1 * H, 1, 0, 6, DEMAND_WHOLE), Line(2 * H, 0, 0, 6)],
            hours=5,
        ),
        [
            (1, 2, 1, 0, "demand", 6, 0),
            (1, 3, 1, 0, "order", 1, 0),
            (1, 4, 3, 0, "dispatch", 1, 0),
            (2, 2, 0, 0, "demand", 6, 1),
            (2, 2, 0, 0, "emergency", 4, 1),
            (2, 2, 2, 0, "dispatch", 4, 1),
            (2, 3, 0, 0, "order", 2, 2),
            (2, 4, 3, 0, "dispatch", 2, 2),
            (3, 0, 0, 0, "receipt", 4, 1),
            (3, 0, 0, 0, "issue", 4, 1),
        ],
    ),
    Example(
        "a pool without parts: one giver has all that is missing; emergencies give parts all the same",
        stores(
            {"on_hand": 1},
            {"on_hand": 2},
            {"on_hand": 3},
            pool=Pool("pool", (transfer(1), transfer(2, hours=2), emergency(1)), partial=False),
            lines=[Line(1 * H, 0, 0, 4, DEMAND_WHOLE), Line(2 * H, 0, 0, 4, DEMAND_WHOLE)],
            hours=5,
        ),
        [
            (1, 2, 0, 0, "demand", 4, 0),  # one is there: three are missing
            (1, 2, 0, 0, "transfer", 3, 0),
            (1, 2, 2, 0, "dispatch", 3, 0),
            (2, 2, 0, 0, "demand", 4, 1),  # behind another: four
            (2, 2, 0, 0, "emergency", 2, 1),
            (2, 2, 1, 0, "dispatch", 2, 1),
            (2, 3, 0, 0, "order", 2, 2),
            (2, 4, 3, 0, "dispatch", 2, 2),
            (3, 0, 0, 0, "receipt", 3, 0),
            (3, 0, 0, 0, "issue", 4, 0),
            (3, 0, 0, 0, "receipt", 2, 1),
        ],
    ),
    Example(
        "most stock gives first, ties in order",
        stores(
            {},
            {"on_hand": 3},
            {"on_hand": 5},
            {"on_hand": 5},
            pool=Pool("pool", (transfer(1), transfer(2), transfer(3)), donor_rule=DONOR_MOST_STOCK),
            lines=[Line(1 * H, 0, 0, 6)],
            hours=5,
        ),
        [
            (1, 2, 0, 0, "demand", 6, 0),
            (1, 2, 0, 0, "transfer", 5, 0),
            (1, 2, 2, 0, "dispatch", 5, 0),
            (1, 2, 0, 0, "transfer", 1, 1),
            (1, 2, 3, 0, "dispatch", 1, 1),
            (2, 0, 0, 0, "receipt", 5, 0),
            (2, 0, 0, 0, "issue", 5, 0),
            (2, 0, 0, 0, "receipt", 1, 1),
            (2, 0, 0, 0, "issue", 1, 0),
        ],
    ),
    Example(
        "longest cover gives first; without demand it is endless",
        stores(
            {},
            {"on_hand": 6, "mean_demand_per_day": 2.0},
            {"on_hand": 2, "mean_demand_per_day": 0.5},
            {"on_hand": 1, "mean_demand_per_day": 0.0},
            pool=Pool("pool", (transfer(1), transfer(2), transfer(3)), donor_rule=DONOR_MOST_COVER),
            lines=[Line(1 * H, 0, 0, 4)],
            hours=2,
        ),
        [
            (1, 2, 0, 0, "demand", 4, 0),
            (1, 2, 0, 0, "transfer", 1, 0),
            (1, 2, 3, 0, "dispatch", 1, 0),
            (1, 2, 0, 0, "transfer", 2, 1),  # four days against three
            (1, 2, 2, 0, "dispatch", 2, 1),
            (1, 2, 0, 0, "transfer", 1, 2),
            (1, 2, 1, 0, "dispatch", 1, 2),
        ],
    ),
    Example(
        "twelve givers at most",
        stores(
            {},
            *({"on_hand": 1} for _ in range(13)),
            pool=Pool("pool", (*(transfer(giver) for giver in range(1, 14)), emergency(14, hours=9))),
            lines=[Line(1 * H, 0, 0, 13)],
            hours=2,
        ),
        [
            (1, 2, 0, 0, "demand", 13, 0),
            *(
                row
                for giver in range(1, 13)
                for row in ((1, 2, 0, 0, "transfer", 1, giver - 1), (1, 2, giver, 0, "dispatch", 1, giver - 1))
            ),
            (1, 2, 0, 0, "emergency", 1, 12),
            (1, 2, 14, 0, "dispatch", 1, 12),
        ],
    ),
    Example(
        "an emergency from a supplier: calendar and capacity",
        stores(
            {},
            pool=Pool("pool", (emergency(1, hours=2),)),
            suppliers=[Supplier(1, capacity_units=2, capacity_period_ms=10 * H, closed_ms=int64([(0, 3 * H)]))],
            lines=[Line(1 * H, 0, 0, 1), Line(2 * H, 0, 0, 2)],
            hours=20,
        ),
        [
            (1, 2, 0, 0, "demand", 1, 0),
            (1, 2, 0, 0, "emergency", 1, 0),
            (1, 2, 1, 0, "dispatch", 1, 0),
            (2, 2, 0, 0, "demand", 2, 1),
            (2, 2, 0, 0, "emergency", 2, 1),
            (2, 2, 1, 0, "dispatch", 2, 1),
            (5, 0, 0, 0, "receipt", 1, 0),  # released when it opens
            (5, 0, 0, 0, "issue", 1, 0),
            (12, 0, 0, 0, "receipt", 2, 1),  # the second unit is made in the next period
            (12, 0, 0, 0, "issue", 2, 1),
        ],
    ),
    Example(
        "asking before being short counts what is coming; a line that is lost asks too",
        stores(
            {"on_hand": 4, "preventive": 2, "preventive_up_to": 5},
            {"on_hand": 9},
            pool=Pool("pool", (transfer(1, hours=2),)),
            lines=[
                Line(1 * H, 0, 0, 2),
                Line(2 * H, 0, 0, 1),
                Line(5 * H // 2, 0, 0, 3, DEMAND_LOST),
                Line(4 * H, 0, 0, 5),
            ],
            hours=8,
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "issue", 2, 0),
            (1, 2, 0, 0, "preventive", 3, 0),
            (1, 2, 1, 0, "dispatch", 3, 0),
            (2, 2, 0, 0, "demand", 1, 1),
            (2, 2, 0, 0, "issue", 1, 1),
            (2.5, 2, 0, 0, "demand", 3, 2),
            (2.5, 2, 0, 0, "issue", 1, 2),
            (2.5, 2, 0, 0, "lost", 2, 2),  # nothing left, but three are coming
            (3, 0, 0, 0, "receipt", 3, 0),
            (4, 2, 0, 0, "demand", 5, 3),
            (4, 2, 0, 0, "issue", 3, 3),
            (4, 2, 0, 0, "transfer", 2, 1),
            (4, 2, 1, 0, "dispatch", 2, 1),
            (4, 2, 0, 0, "preventive", 4, 2),
            (4, 2, 1, 0, "dispatch", 4, 2),
            (6, 0, 0, 0, "receipt", 2, 1),
            (6, 0, 0, 0, "issue", 2, 3),
            (6, 0, 0, 0, "receipt", 4, 2),
        ],
    ),
    Example(
        "rebalancing: the largest lack until it is met, then the next, while it saves more than it costs",
        stores(
            {"on_hand": 2, "reorder_point": 0, "order_up_to": 7},
            {"on_hand": 3, "reorder_point": 0, "order_up_to": 5},
            {"on_hand": 4, "hold_back": 1},
            {"on_hand": 8, "reorder_point": 0, "order_up_to": 4, "mean_demand_per_day": 0.02},
            pool=Pool(
                "pool",
                # 100 a piece at 20 % a year: 2 of 4 that last 200 days save 21.9, 2 of 2 that last 100 days 10.96
                (transfer(2), transfer(3, cost=21), transfer(3, asker=1, cost=11)),
                rebalance_ms=int64([6 * H]),
            ),
            lines=[],
            hours=12,
        ),
        [
            (6, 1, 0, 0, "rebalance", 3, 0),
            (6, 1, 2, 0, "dispatch", 3, 0),
            (6, 1, 0, 0, "rebalance", 2, 1),
            (6, 1, 3, 0, "dispatch", 2, 1),
            (7, 0, 0, 0, "receipt", 3, 0),
            (7, 0, 0, 0, "receipt", 2, 1),
        ],
    ),
    Example(
        "rebalancing: units that would lie for more than a year save one year",
        stores(
            {"reorder_point": -1, "order_up_to": 2},
            {"reorder_point": -1, "order_up_to": 1},
            {"on_hand": 9, "mean_demand_per_day": 0.0},
            pool=Pool(
                "pool",
                (transfer(2, cost=39), transfer(2, asker=1, cost=21)),  # 40 for two, 20 for one
                rebalance_ms=int64([6 * H]),
            ),
            lines=[],
            hours=7,
        ),
        [(6, 1, 0, 0, "rebalance", 2, 0), (6, 1, 2, 0, "dispatch", 2, 0)],
    ),
    Example(
        "lots travel along and keep their dates",
        replace(
            stores(
                {"on_hand": 2, "age_ms": 2 * H, "preventive": 1, "preventive_up_to": 4},
                {"on_hand": 4, "age_ms": 9 * H},
                pool=Pool("pool", (transfer(1, hours=2),)),
                lines=[Line(1 * H, 0, 0, 1)],
                hours=5,
            ),
            items=[Item(lots="fifo")],
        ),
        [
            (1, 2, 0, 0, "demand", 1, 0),
            (1, 2, 0, 0, "issue", 1, 0),
            (1, 2, 0, 0, "preventive", 3, 0),
            (1, 2, 1, 0, "dispatch", 3, 0),
            (3, 0, 0, 0, "receipt", 3, 0),
        ],
        lots={(0, 0): [(1, 3), (0, 1)], (1, 0): [(1, 1)]},
    ),
]
