"""What pools moved, summed per stock point and per link, chunk by chunk, while it is recorded.

Gifts (transfers, emergencies, what was asked in advance, rebalancing) are few among the orders, so they are picked out
of each chunk and added up with numpy. Networks without pools have no such sums, and pay nothing.

Money is kept in millionths of a minor unit, so that sums are exact whatever the chunks.
"""

from typing import Any, Final

import numpy as np

from sim.columns import (
    ORDER_EMERGENCY,
    ORDER_TRANSFER,
    P_ITEM,
    P_NODE,
    P_POOL,
)
from sim.network import Float64Array, Int64Array, Link, Network

KINDS: Final = 4  # transfer, emergency, preventive, rebalancing: ORDER_TRANSFER and the three that follow
HOUR_MS: Final = 3_600_000
RESPONSE_CLASSES_MS: Final = (8 * HOUR_MS, 24 * HOUR_MS, 48 * HOUR_MS)
"""Classes of the trade: within a city, a region, and across regions."""

# of responses: how many, their time, and how many of them within each class
RESPONSE_COUNT: Final = 0
RESPONSE_MS: Final = 1
RESPONSE_WITHIN: Final = 2
RESPONSE_COLUMNS: Final = RESPONSE_WITHIN + len(RESPONSE_CLASSES_MS)

# Per stock point. "Measured" means asked for (of responses: received) in [warm_up, horizon), anything else since the
# start of recording. At the row of the stock point that asked, unless it says at the giver.
POINT_MEASURED_GIFTS: Final = 0  # a column per kind
POINT_MEASURED_UNITS: Final = POINT_MEASURED_GIFTS + KINDS  # a column per kind
POINT_MEASURED_UNITS_GIVEN: Final = POINT_MEASURED_UNITS + KINDS  # at the giver, emergencies left out
POINT_MEASURED_MOVE_MICRO: Final = POINT_MEASURED_UNITS_GIVEN + 1  # freight of all but emergencies
POINT_MEASURED_EMERGENCY_MICRO: Final = POINT_MEASURED_MOVE_MICRO + 1
POINT_MEASURED_EMERGENCY_PURCHASE_MILLI: Final = POINT_MEASURED_EMERGENCY_MICRO + 1  # of units received from suppliers
POINT_TRANSFER_RESPONSE: Final = POINT_MEASURED_EMERGENCY_PURCHASE_MILLI + 1  # RESPONSE_COLUMNS from here
POINT_EMERGENCY_RESPONSE: Final = POINT_TRANSFER_RESPONSE + RESPONSE_COLUMNS
POINT_UNITS_ASKED: Final = POINT_EMERGENCY_RESPONSE + RESPONSE_COLUMNS  # all kinds, by the orders
POINT_UNITS_RECEIVED: Final = POINT_UNITS_ASKED + 1  # all kinds, also gifts from before the start
POINT_UNITS_GIVEN: Final = POINT_UNITS_RECEIVED + 1  # at the giver, emergencies left out, by the orders
POINT_UNITS_SENT: Final = POINT_UNITS_GIVEN + 1  # the same by the shipments, received or under way
POINT_UNITS_TAKEN: Final = POINT_UNITS_SENT + 1  # the same where they went to
POINT_COLUMNS: Final = POINT_UNITS_TAKEN + 1

# per link; all measured
LINK_GIFTS: Final = 0  # a column per kind
LINK_MICRO: Final = LINK_GIFTS + KINDS  # freight
LINK_VALUE_MILLI: Final = LINK_MICRO + 1  # at the items' purchase cost, thousandths of a minor unit
LINK_RESPONSE: Final = LINK_VALUE_MILLI + 1  # of transfers, on links for emergencies of these; RESPONSE_COLUMNS
LINK_COLUMNS: Final = LINK_RESPONSE + RESPONSE_COLUMNS


class PoolSums:
    """Sums of the gifts of one replication.

    Attributes:
        links: the links of all pools, pool after pool.
        point: (POINT_COLUMNS, P), a column of the table is a row here.
        link: (LINK_COLUMNS, links).
        link_units: (links,) units moved, in natural units.
    """

    def __init__(self, network: Network, start_ms: int) -> None:
        self.network = network
        self.start_ms = start_ms
        self.links: tuple[Link, ...] = tuple(link for pool in network.pools for link in pool.links)
        self.point: Int64Array = np.zeros((POINT_COLUMNS, network.stock_points), np.int64)
        self.link: Int64Array = np.zeros((LINK_COLUMNS, len(self.links)), np.int64)
        self.link_units: Float64Array = np.zeros(len(self.links))
        self._cost = np.array([one.cost_per_transfer * 1_000_000 for one in self.links], np.int64)
        self._cost_per_kg = np.array([one.cost_per_kg_milli for one in self.links], np.int64)
        pool = [number for number, pool in enumerate(network.pools) for _ in pool.links]
        columns = ([getattr(one, field) for one in self.links] for field in ("from_node", "to_node", "emergency"))
        keys = self._key(*(np.array(column, np.int64) for column in (pool, *columns)))
        self._keys, self._link_of_key = np.unique(keys, return_index=True)  # of several alike the first one gives

    def _key(self, pool: Int64Array, from_node: Int64Array, to_node: Int64Array, emergency: Int64Array) -> Int64Array:
        return ((pool * self.network.nodes + from_node) * self.network.nodes + to_node) * 2 + emergency

    def _links(self, giver: Any, asker: Any, kind: Any) -> tuple[Any, Int64Array]:
        """Which gifts went by a link (a state's may be of a pool that is no more), and by which."""
        parameter = self.network.parameter
        nodes = parameter[giver, P_NODE], parameter[asker, P_NODE]
        wanted = self._key(parameter[asker, P_POOL], *nodes, (kind == ORDER_EMERGENCY).astype(np.int64))
        if not len(self._keys):
            return np.zeros(len(wanted), np.bool_), np.empty(0, np.int64)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        known = self._keys[place] == wanted
        return known, self._link_of_key[place[known]]

    def add_orders(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the orders table (`columns`, in the order of its layout)."""
        time_ms, kind = columns[0], columns[5]
        rows = np.flatnonzero((kind >= ORDER_TRANSFER) & (time_ms >= self.start_ms))
        if not len(rows):
            return
        asker, giver, units, kind = (columns[column][rows].astype(np.int64) for column in (1, 2, 3, 5))
        moved = kind != ORDER_EMERGENCY
        np.add.at(self.point[POINT_UNITS_ASKED], asker, units)
        np.add.at(self.point[POINT_UNITS_GIVEN], giver[moved], units[moved])
        measured = time_ms[rows] >= self.network.warm_up_ms
        self._add_measured(asker[measured], giver[measured], units[measured], kind[measured])

    def _add_measured(self, asker: Int64Array, giver: Int64Array, units: Int64Array, kind: Int64Array) -> None:
        place, moved = kind - ORDER_TRANSFER, kind != ORDER_EMERGENCY
        np.add.at(self.point, (POINT_MEASURED_GIFTS + place, asker), 1)
        np.add.at(self.point, (POINT_MEASURED_UNITS + place, asker), units)
        np.add.at(self.point[POINT_MEASURED_UNITS_GIVEN], giver[moved], units[moved])

        known, link = self._links(giver, asker, kind)
        item = self.network.parameter[asker, P_ITEM][known]
        grams = units[known] * self.network.item_weight_g[item]
        freight = self._cost[link] + self._cost_per_kg[link] * grams
        column = np.where(moved[known], POINT_MEASURED_MOVE_MICRO, POINT_MEASURED_EMERGENCY_MICRO)
        np.add.at(self.point, (column, asker[known]), freight)
        np.add.at(self.link, (LINK_GIFTS + place[known], link), 1)
        np.add.at(self.link[LINK_MICRO], link, freight)
        np.add.at(self.link[LINK_VALUE_MILLI], link, units[known] * self.network.item_cost_milli[item])
        np.add.at(self.link_units, link, units[known] * self.network.item_resolution[item])

    def add_shipments(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the shipments table (`columns`, in the order of its layout)."""
        rows = np.flatnonzero(columns[6] <= -ORDER_TRANSFER)
        if not len(rows):
            return
        asker, giver, units, dispatched_ms, received_ms, trip, cost_milli = (
            columns[column][rows].astype(np.int64) for column in (1, 2, 3, 4, 5, 6, 7)
        )
        kind = -trip
        received = received_ms >= 0
        np.add.at(self.point[POINT_UNITS_RECEIVED], asker[received], units[received])
        moved = (kind != ORDER_EMERGENCY) & (dispatched_ms >= self.start_ms)
        np.add.at(self.point[POINT_UNITS_SENT], giver[moved], units[moved])
        np.add.at(self.point[POINT_UNITS_TAKEN], asker[moved], units[moved])

        measured = received_ms >= self.network.warm_up_ms
        emergency = measured & (kind == ORDER_EMERGENCY)
        purchase = units[emergency] * cost_milli[emergency]
        np.add.at(self.point[POINT_MEASURED_EMERGENCY_PURCHASE_MILLI], asker[emergency], purchase)
        for of_kind, column in (
            (ORDER_TRANSFER, POINT_TRANSFER_RESPONSE),
            (ORDER_EMERGENCY, POINT_EMERGENCY_RESPONSE),
        ):
            one = measured & (kind == of_kind)
            response = _responses(received_ms[one] - dispatched_ms[one])
            _add_rows(self.point[column : column + RESPONSE_COLUMNS], asker[one], response)
            known, link = self._links(giver[one], asker[one], kind[one])
            _add_rows(self.link[LINK_RESPONSE : LINK_RESPONSE + RESPONSE_COLUMNS], link, response[:, known])


def _responses(elapsed_ms: Int64Array) -> Int64Array:
    """What each response adds, (RESPONSE_COLUMNS, gifts)."""
    within = [elapsed_ms <= limit for limit in RESPONSE_CLASSES_MS]
    return np.array([np.ones_like(elapsed_ms), elapsed_ms, *within], dtype=np.int64)


def _add_rows(sums: Int64Array, place: Int64Array, values: Int64Array) -> None:
    for row, value in zip(sums, values, strict=True):
        np.add.at(row, place, value)
