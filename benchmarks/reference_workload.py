"""The reference workload: one central, seven regional warehouses and sixty stores, one year of customer lines.

Every store stocks every item and sells it one by one, as a Poisson stream of 0.1 to 1 a day. Goods travel by parcel:
four days from the supplier to the central warehouse, a day and a half to a regional one, half a day to a store.
Customers wait for what is short; a warehouse sends an order whole or not at all, first come first served.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sim import columns as c
from sim.chance.streams import stream_keys
from sim.network import (
    DEMAND_POISSON,
    DISTRIBUTION_CONSTANT,
    SIZE_CONSTANT,
    DemandSources,
    Distribution,
    Float64Array,
    Int64Array,
    Lane,
    Network,
)

DAY_MS: Final = 86_400_000
YEAR_MS: Final = 365 * DAY_MS
STORES: Final = 60
REGIONS: Final = 7
CENTRAL: Final = STORES + REGIONS
SUPPLIER: Final = CENTRAL + 1
LEAD_TIME_MS: Final = {"store": DAY_MS // 2, "regional": DAY_MS * 3 // 2, "central": 4 * DAY_MS}
RATES_SEED: Final = 20_260_105


@dataclass(frozen=True)
class StockPolicy:
    """How every stock point orders: days of its mean demand at (store, regional, central).

    `lot_days` is S - s (at least one unit); `reorder_days` sets s, rounded to whole units, plus `reorder_units`.
    """

    name: str
    lot_days: tuple[float, float, float]
    reorder_days: tuple[float, float, float]
    reorder_units: tuple[int, int, int]


LOTS: Final = StockPolicy("(s,S)", (7.0, 3.0, 7.0), (0.5, 1.5, 4.0), (1, 0, 0))
ONE_FOR_ONE: Final = StockPolicy("base stock", (0.0, 0.0, 0.0), (0.5, 1.5, 4.0), (1, 0, 0))


@dataclass(frozen=True)
class Shape:
    """The workload as plain arrays, one row per stock point: what an analyst's own model would start from.

    Rows are nodes in the order stores, regional warehouses, central warehouse, each with every item. `source` is the
    row that refills a row, -1 for the supplier; a position at or below `reorder_point` is lifted to `order_up_to`.
    """

    items: int
    rate_per_day: Float64Array  # own customers, zero at warehouses
    source: Int64Array
    lead_time_ms: Int64Array
    reorder_point: Int64Array
    order_up_to: Int64Array

    @property
    def stock_points(self) -> int:
        return len(self.source)

    @property
    def store_stock_points(self) -> int:
        return STORES * self.items


def shape(policy: StockPolicy, items: int = 200) -> Shape:
    """Rates and levels of the workload with `items` items at every node."""
    generator = np.random.Generator(np.random.Philox(RATES_SEED))
    store_rate = generator.uniform(0.1, 1.0, (STORES, items))
    region_of_store = np.arange(STORES) % REGIONS
    region_rate = np.zeros((REGIONS, items))
    np.add.at(region_rate, region_of_store, store_rate)
    through = np.concatenate((store_rate, region_rate, region_rate.sum(axis=0, keepdims=True)))
    echelon = np.repeat((0, 1, 2), (STORES, REGIONS, 1))
    lot = np.maximum(np.rint(through * np.array(policy.lot_days)[echelon, None]), 1).astype(np.int64)
    reorder = np.rint(through * np.array(policy.reorder_days)[echelon, None]).astype(np.int64)
    reorder += np.array(policy.reorder_units)[echelon, None]
    node_source = np.concatenate((STORES + region_of_store, np.full(REGIONS, CENTRAL)))
    source = (node_source[:, None] * items + np.arange(items)).ravel()
    return Shape(
        items=items,
        rate_per_day=np.concatenate((store_rate.ravel(), np.zeros((REGIONS + 1) * items))),
        source=np.concatenate((source, np.full(items, -1))),
        lead_time_ms=np.repeat(np.array(list(LEAD_TIME_MS.values()))[echelon], items),
        reorder_point=reorder.ravel(),
        order_up_to=(reorder + lot).ravel(),
    )


def network(policy: StockPolicy, items: int = 200, horizon_ms: int = YEAR_MS) -> Network:
    """The same workload for our engine."""
    plain = shape(policy, items)
    points = (SUPPLIER + 1) * items
    node = np.repeat(np.arange(SUPPLIER + 1), items)
    parameter = np.zeros((points, c.PARAMETER_COLUMNS), dtype=np.int64)
    parameter[:, c.ROW_PARAMETERS] = -1
    parameter[:, c.P_NODE] = node
    parameter[:, c.P_ITEM] = np.tile(np.arange(items), SUPPLIER + 1)
    parameter[:, c.P_POLICY] = c.POLICY_ORDER_UP_TO
    parameter[:, c.P_MINIMUM_ORDER] = parameter[:, c.P_MULTIPLE] = 1
    parameter[:, c.P_CAPACITY] = parameter[:, c.P_PRICE_BREAKS] = -1
    parameter[:, c.P_FLAGS] = c.SP_STOCKED
    parameter[:, c.P_GROUP] = node * 3
    ours = plain.stock_points
    parameter[:ours, c.P_REORDER_POINT] = plain.reorder_point
    parameter[:ours, c.P_ORDER_UP_TO] = plain.order_up_to
    supplier_rows = np.arange(ours, points)
    parameter[:ours, c.P_SOURCE] = np.where(plain.source >= 0, plain.source, np.tile(supplier_rows, CENTRAL + 1))
    parameter[:ours, c.P_LANE] = node[:ours]  # one lane into each node, listed in node order
    parameter[ours:, c.P_POLICY] = c.POLICY_NONE
    parameter[ours:, c.P_SOURCE] = parameter[ours:, c.P_LANE] = -1
    parameter[ours:, c.P_FLAGS] = c.SP_SUPPLIER

    names = [f"store-{n:02}" for n in range(STORES)] + [f"regional-{n}" for n in range(REGIONS)]
    kinds = ("store",) * STORES + ("warehouse",) * (REGIONS + 1) + ("supplier",)
    echelons = ("store",) * STORES + ("regional",) * REGIONS + ("central", "supplier")
    through = plain.rate_per_day.copy()
    np.add.at(through, plain.source[: plain.store_stock_points], plain.rate_per_day[: plain.store_stock_points])
    regional = slice(STORES * items, CENTRAL * items)
    np.add.at(through, plain.source[regional], through[regional])
    lanes = tuple(
        Lane(
            from_node=int(parameter[n * items, c.P_SOURCE]) // items,
            to_node=n,
            lead_time=Distribution(DISTRIBUTION_CONSTANT, float(plain.lead_time_ms[n * items])),
        )
        for n in range(CENTRAL + 1)
    )
    no_breaks = np.zeros((0, 2), dtype=np.int64)
    item_zeros, point_zeros = np.zeros(items, dtype=np.int64), np.zeros(points, dtype=np.int64)
    item_names = tuple(f"item-{i:03}" for i in range(items))
    node_names = (*names, "central", "supplier")
    return Network(
        name="reference-workload",
        variant="base",
        currency="USD",
        minor_digits=2,
        start_epoch_ms=1_767_571_200_000,  # Monday 2026-01-05
        horizon_ms=horizon_ms,
        warm_up_ms=0,
        node_names=node_names,
        node_kinds=kinds,
        node_echelons=echelons,
        item_names=item_names,
        item_units=("each",) * items,
        item_resolution=np.ones(items),
        item_cost_milli=np.full(items, 1_000_000, dtype=np.int64),
        item_price_milli=np.full(items, 1_500_000, dtype=np.int64),
        item_class=item_zeros,
        item_volume_ml=item_zeros,
        item_weight_g=item_zeros,
        item_critical=np.zeros(items, dtype=np.bool_),
        item_lots=np.zeros(items, dtype=np.bool_),
        item_fefo=np.zeros(items, dtype=np.bool_),
        item_shelf_life_ms=np.full(items, -1, dtype=np.int64),
        parameter=parameter,
        node_first_stock_point=np.arange(SUPPLIER + 2, dtype=np.int64) * items,
        mean_demand_per_day=np.concatenate((through, through[-items:])),
        initial_on_hand=np.where(np.arange(points) < ours, parameter[:, c.P_ORDER_UP_TO], 0),
        initial_on_order=np.zeros((0, 3), dtype=np.int64),
        initial_owed=no_breaks,
        initial_age_ms=point_zeros,
        price_breaks=no_breaks,
        lanes=lanes,
        routes=(),
        suppliers=(),
        holding_rate_per_year=0.2,
        shortage_cost=0,
        demand=_poisson_sources(plain, node_names, item_names),
    )


def _poisson_sources(plain: Shape, node_names: tuple[str, ...], item_names: tuple[str, ...]) -> DemandSources:
    """One Poisson stream of single units per store and item."""
    rows = np.arange(plain.store_stock_points, dtype=np.int64)
    zeros, none = np.zeros(len(rows), dtype=np.int64), np.full(len(rows), -1, dtype=np.int64)
    floats, empty = np.zeros(len(rows)), np.zeros(0, dtype=np.int64)
    node = rows // plain.items
    return DemandSources(
        kind=np.full(len(rows), DEMAND_POISSON, dtype=np.int64),
        node=node,
        stock_point=rows,
        stream=stream_keys("demand", node_names, item_names, node, rows % plain.items),
        rate_per_ms=plain.rate_per_day[: len(rows)] / DAY_MS,
        size_kind=np.full(len(rows), SIZE_CONSTANT, dtype=np.int64),
        size_a=np.ones(len(rows)),
        size_b=floats,
        flags=zeros,
        period_ms=zeros,
        offset_ms=zeros,
        profile=none,
        end_ms=none,
        job_lines_mean=floats,
        job_lines_kind=zeros,
        job_first=none,
        job_count=zeros,
        pick_cumulative=np.zeros(0),
        pick_stock_point=empty,
        profile_hour_of_week=np.ones((0, 168)),
        profile_week_of_year=np.ones((0, 53)),
        profile_knots_ms=np.zeros((0, 1), dtype=np.int64),
        profile_knots_factor=np.ones((0, 1)),
        size_table=np.zeros((0, 2)),
        trace_time_ms=empty,
        trace_stock_point=empty,
        trace_quantity=empty,
        trace_flags=empty,
        trace_job=empty,
    )
