"""Records of a pool, written by hand: two stores that help each other out, a depot and a supplier for emergencies."""

from dataclasses import replace

from sim import columns as c
from sim.network import Lane, Link, Network, Pool
from tests.hand_records import HORIZON_MS, WARM_UP_MS, HandRecords
from tests.reference_inputs import DAY_MS, HOUR_MS, Draft, Item, Point, constant, small_network

STORE, OTHER, DEPOT, SUPPLIER = range(4)
STORE_A, STORE_B, OTHER_A, DEPOT_A, DEPOT_B, SUPPLIER_A, SUPPLIER_B = range(7)  # stock points; B is item 1
FOUR_HOURS = constant(4 * HOUR_MS)


def pool_network(*links: Link) -> Network:
    """Items of 2 kg, worth 1 USD; by default with links of all sorts, at different rates."""
    links = links or (
        Link(OTHER, STORE, False, FOUR_HOURS, cost_per_transfer=500, cost_per_kg_milli=2000),
        Link(STORE, OTHER, False, FOUR_HOURS, cost_per_transfer=300),
        Link(DEPOT, STORE, True, FOUR_HOURS, cost_per_transfer=1000),
        Link(SUPPLIER, STORE, True, FOUR_HOURS, cost_per_transfer=2000, cost_per_kg_milli=10_000),
    )
    pool = Pool("region", links, search_ms=HOUR_MS)
    draft = Draft(
        kinds=["store", "store", "warehouse", "supplier"],
        lanes=[
            Lane(DEPOT, STORE, constant(DAY_MS), cost_per_order=50),
            Lane(DEPOT, OTHER, constant(DAY_MS), cost_per_order=50),
            Lane(SUPPLIER, DEPOT, constant(DAY_MS), cost_per_order=700),
        ],
        points=[
            Point(STORE, 0, 0, reorder_point=4, order_up_to=10, pool=0, preventive=1, preventive_up_to=2),
            Point(STORE, 1, 0, pool=0),
            Point(OTHER, 0, 1, reorder_point=4, order_up_to=10, pool=0, preventive=1, preventive_up_to=2),
            Point(DEPOT, 0, 2, reorder_point=10, order_up_to=30),
            Point(DEPOT, 1, 2),
        ],
        items=[Item(weight_g=2000), Item(weight_g=2000)],
        pools=[replace(pool, rebalance_ms=None)],
        horizon_ms=HORIZON_MS,
        warm_up_ms=WARM_UP_MS,
    )
    return small_network(draft)


def helping_week() -> HandRecords:
    """Gifts of every kind; the figures are worked out in the tests that use it. The first was asked in the warm-up."""
    hour, day = HOUR_MS, DAY_MS
    return HandRecords(
        network=pool_network(),
        opening_on_hand=(5, 0, 20, 30, 0, 0, 0),
        orders=[
            (1 * day, STORE_A, OTHER_A, 1, 0, c.ORDER_TRANSFER),
            (3 * day, STORE_A, OTHER_A, 3, 0, c.ORDER_TRANSFER),
            (3 * day, STORE_A, DEPOT_A, 2, 0, c.ORDER_EMERGENCY),
            (4 * day, OTHER_A, STORE_A, 2, 0, c.ORDER_PREVENTIVE),
            (5 * day, STORE_A, OTHER_A, 4, 0, c.ORDER_REBALANCING),
            (6 * day, STORE_A, SUPPLIER_A, 5, 90_000, c.ORDER_EMERGENCY),
            (7 * day, STORE_A, DEPOT_A, 10, 0, c.ORDER_USUAL),
            (9 * day, STORE_A, OTHER_A, 1, 0, c.ORDER_TRANSFER),
        ],
        shipments=[
            (0, STORE_A, OTHER_A, 1, 1 * day, 3 * day, -c.ORDER_TRANSFER, 0),
            (1, STORE_A, OTHER_A, 3, 3 * day, 3 * day + 6 * hour, -c.ORDER_TRANSFER, 0),
            (2, STORE_A, DEPOT_A, 2, 3 * day, 3 * day + 30 * hour, -c.ORDER_EMERGENCY, 0),
            (3, OTHER_A, STORE_A, 2, 4 * day, 4 * day + 2 * hour, -c.ORDER_PREVENTIVE, 0),
            (4, STORE_A, OTHER_A, 4, 5 * day, 6 * day, -c.ORDER_REBALANCING, 0),
            (5, STORE_A, SUPPLIER_A, 5, 6 * day, 6 * day + 20 * hour, -c.ORDER_EMERGENCY, 90_000),
            (6, STORE_A, DEPOT_A, 10, 7 * day, 8 * day, -1, 0),
            (7, STORE_A, OTHER_A, 1, 9 * day, -1, -c.ORDER_TRANSFER, 0),
        ],
        total={
            (STORE_A, c.T_DEMAND_LINES): 6,
            (STORE_A, c.T_DEMAND_UNITS): 20,
            (STORE_A, c.T_LINES_AT_ONCE): 2,
            (STORE_A, c.T_UNITS_AT_ONCE): 6,
            (STORE_A, c.T_UNITS_LOST): 1,
            (STORE_A, c.T_UNITS_ISSUED): 18,
            (STORE_A, c.T_WAIT_UNITS): 12,
        },
        area={
            (STORE_A, c.A_ON_HAND): 2.0 * 8 * day,
            (OTHER_A, c.A_ON_HAND): 4.0 * 8 * day,
            (DEPOT_A, c.A_ON_HAND): 24.0 * 8 * day,
        },
    )
