"""The network as arrays: what a checked scenario becomes before the engine runs it.

One `Network` serves every replication of a variant and is never written to. Nodes are numbered downstream
first (stores, then the warehouses that serve them, suppliers last), items in scenario order, stock points in
(node, item) order; that numbering *is* the order in which things at one instant and phase happen.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.columns import P_FLAGS, P_ITEM, SP_BILLED
from sim.contract_plan import ContractPlan
from sim.forecast_plan import ForecastPlan
from sim.plant_plan import PlantPlan

Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
Float64Array = npt.NDArray[np.float64]
Uint64Array = npt.NDArray[np.uint64]

DISTRIBUTION_CONSTANT = 0  # a = milliseconds
DISTRIBUTION_EXPONENTIAL = 1  # a = mean ms
DISTRIBUTION_GAMMA = 2  # a = shape, b = scale ms
DISTRIBUTION_LOGNORMAL = 3  # a = mu, b = sigma of the logarithm of ms
DISTRIBUTION_UNIFORM = 4  # a = low ms, b = high ms
DISTRIBUTION_TRIANGULAR = 5  # a = low, b = mode, c = high ms
DISTRIBUTION_NORMAL = 6  # a = mean, b = standard deviation, cut at 0


@dataclass(frozen=True)
class Distribution:
    """A duration in milliseconds: one of the DISTRIBUTION_* codes, its parameters and an offset added to each draw."""

    kind: int
    a: float
    b: float = 0.0
    c: float = 0.0
    offset_ms: int = 0


@dataclass(frozen=True)
class Lane:
    """How goods get from one node to another. A stock point is served by exactly one lane."""

    from_node: int
    to_node: int
    lead_time: Distribution  # of a parcel; of the supplier's own lead time when it comes from a supplier
    route: int = -1  # row in `Network.routes` when a truck carries it, else -1 (parcels)
    whole_orders: bool = True  # the source sends an order complete or not at all; otherwise what it has
    overtaking: bool = True  # may a later parcel arrive before an earlier one of the same lane
    express_lead_time: Distribution | None = None  # urgent orders go this way, as parcels
    express_classes: frozenset[int] = frozenset()  # ABC classes (0 A, 1 B, 2 C) that may use it
    cost_per_order: int = 0  # minor units, charged when an order is placed
    cost_per_line_milli: int = 0  # thousandths of a minor unit, per shipped line
    cost_per_kg_milli: int = 0
    express_cost_per_order: int = 0  # on top, minor units
    priority: int = 0  # where its source allocates by priority: lower is served first


@dataclass(frozen=True)
class Route:
    """A milk run: its vehicles leave the base node, call at every stop in turn and come back."""

    name: str
    base_node: int
    stop_nodes: tuple[int, ...]
    leg_distance_m: tuple[int, ...]  # base to first stop, ..., last stop to base: len(stops) + 1
    leg_travel: tuple[Distribution, ...]  # driving time of each leg, same length
    stop_ms: int  # unloading at each stop
    vehicles: int
    capacity_ml: int
    capacity_g: int
    timetable_ms: Int64Array | None  # weekly departure instants, ms since Monday 00:00, sorted; None: when full
    full_share: float  # when full: departs once the dock holds this share of volume or weight
    max_wait_ms: int  # when full: or once the oldest line has waited this long (-1: no limit)
    working_ms: Int64Array | None  # (n, 2) weekly driving windows, ms since Monday 00:00; None: round the clock
    breakdown_every: Distribution | None  # driving time between breakdowns
    breakdown_repair: Distribution | None
    cost_per_trip: int  # minor units
    cost_per_km_milli: int  # thousandths of a minor unit


@dataclass(frozen=True)
class Supplier:
    """An outside source: its calendar and how much it can release per period."""

    node: int
    capacity_units: int = 0  # per period over all items; 0: unlimited
    capacity_period_ms: int = 0
    closed_ms: Int64Array | None = None  # (n, 2) closed intervals [from, to) since scenario start, sorted, disjoint
    outage_every: Distribution | None = None  # time from the end of one outage to the start of the next
    outage_lasting: Distribution | None = None


DONOR_IN_ORDER = 0  # the first of the links that has enough: they are sorted by distance or cost
DONOR_MOST_STOCK = 1
DONOR_MOST_COVER = 2  # available units / mean demand per day; without demand it is endless

ALTERNATIVE_SOURCE = 0  # columns of `Network.alternatives`
ALTERNATIVE_LANE = 1
ALTERNATIVE_SHARE = 2  # of a split order, thousandths
ALTERNATIVE_COST_MILLI = 3  # per unit, from a supplier; -1: the stock point's own cost and price breaks
ALTERNATIVE_LAST = 4  # 1 at the last alternative of a stock point
ALTERNATIVE_COLUMNS = 5


@dataclass(frozen=True)
class Link:
    """How goods get to a node of a pool without having queued: from another of the pool, or as an emergency."""

    from_node: int
    to_node: int
    emergency: bool
    delivery: Distribution  # an emergency's is the whole time from release to arrival
    cost_per_transfer: int = 0  # minor units
    cost_per_kg_milli: int = 0  # thousandths of a minor unit


@dataclass(frozen=True)
class Pool:
    """Nodes that help each other out. Links are in the order in which they are tried, transfers before emergencies."""

    name: str
    links: tuple[Link, ...]
    donor_rule: int = DONOR_IN_ORDER
    partial: bool = True  # a donor may give less than what is missing
    search_ms: int = 0  # until a donor is found
    approval_ms: int = 0  # working time
    working_ms: Int64Array | None = None  # (n, 2) weekly windows for approvals, ms since Monday 00:00; None: always
    rebalance_ms: Int64Array | None = None  # instants at which excess is moved, ms since the start, ascending


@dataclass(frozen=True)
class Network:
    """Everything the engine needs to know of a scenario. Shapes: N nodes, I items, P stock points."""

    name: str
    variant: str
    currency: str
    minor_digits: int
    start_epoch_ms: int  # scenario start as Unix time (naive local time read as UTC), for calendars and reports
    horizon_ms: int
    warm_up_ms: int
    node_names: tuple[str, ...]
    node_kinds: tuple[str, ...]  # supplier, warehouse, store, ...
    node_echelons: tuple[str, ...]  # label for reports: store, regional, central, supplier, ...
    item_names: tuple[str, ...]
    item_units: tuple[str, ...]
    item_resolution: Float64Array  # natural units per integer unit, (I,)
    item_cost_milli: Int64Array  # purchase cost per integer unit, thousandths of a minor unit, (I,)
    item_price_milli: Int64Array
    item_class: Int64Array  # 0 A, 1 B, 2 C, (I,)
    item_volume_ml: Int64Array
    item_weight_g: Int64Array
    item_critical: npt.NDArray[np.bool_]
    item_lots: npt.NDArray[np.bool_]
    item_fefo: npt.NDArray[np.bool_]  # False: FIFO by receipt date
    item_shelf_life_ms: Int64Array  # -1: none
    parameter: Int64Array  # (P, PARAMETER_COLUMNS), see sim/columns.py
    node_first_stock_point: Int64Array  # (N + 1,): stock points of node n are rows [n], ..., [n + 1] - 1
    mean_demand_per_day: Float64Array  # (P,) own customers plus everything downstream, integer units
    initial_on_hand: Int64Array  # (P,)
    initial_on_order: Int64Array  # (k, 3): stock point, quantity, arrival ms
    initial_owed: Int64Array  # (k, 2): stock point, quantity owed to customers at the start
    initial_age_ms: Int64Array  # (P,) age of the opening stock at the start
    price_breaks: Int64Array  # (k, 2): from quantity, cost milli per unit; rows of one stock point ascending
    lanes: tuple[Lane, ...]
    routes: tuple[Route, ...]
    suppliers: tuple[Supplier, ...]
    holding_rate_per_year: float  # share of stock value
    shortage_cost: int  # minor units per customer line not met at once
    demand: "DemandSources"
    notes: tuple[str, ...] = ()
    review_ms: tuple[Int64Array | None, ...] = ()  # per node: instants of its periodic reviews, ascending; (): no node
    families: tuple[Int64Array, ...] = ()  # stock points of one node that may order together, ascending
    alternatives: Int64Array = field(default_factory=lambda: np.zeros((0, ALTERNATIVE_COLUMNS), np.int64))
    pools: tuple[Pool, ...] = ()
    deciders: tuple[Any, ...] = ()  # policies that decide in Python, see policies/custom.py
    forecasts: tuple[ForecastPlan, ...] = ()  # what is forecast, and the levels that follow from it
    plant_plan: PlantPlan | None = None  # plants and their devices; None: no plant, no device
    item_certificate: npt.NDArray[np.bool_] | None = None  # (I,) a certificate comes with every lot; None: with none
    contracts: tuple[ContractPlan, ...] = ()  # what is billed and who owns what: see docs/contracts.md

    @property
    def keeps_usage(self) -> bool:
        """Whether there are tables `usage` and `reports`: with devices, or where a contract covers stock points."""
        billed = (self.parameter[:, P_FLAGS] & SP_BILLED) != 0
        return self.plant_plan is not None or bool(self.contracts) or bool(billed.any())

    @property
    def nodes(self) -> int:
        return len(self.node_names)

    @property
    def items(self) -> int:
        return len(self.item_names)

    @property
    def stock_points(self) -> int:
        return len(self.parameter)

    def stock_point(self, node: str, item: str) -> int:
        """Row of the stock point of `item` at `node`; KeyError when there is none."""
        n, i = self.node_names.index(node), self.item_names.index(item)
        first, last = self.node_first_stock_point[n], self.node_first_stock_point[n + 1]
        row = first + np.searchsorted(self.parameter[first:last, P_ITEM], i)
        if row < last and self.parameter[row, P_ITEM] == i:
            return int(row)
        raise KeyError(f"{node}/{item}")


# --- demand ------------------------------------------------------------------------------------------------------
DEMAND_POISSON = 0  # exponential gaps; size distribution below
DEMAND_PER_PERIOD = 1  # one line per period at period start + offset, size from the size distribution (zero: no line)
DEMAND_FLOW = 2  # one line of `step` units at exact rational times
DEMAND_JOBS = 3  # Poisson jobs of several lines picked from a weighted item list
DEMAND_TRACE = 4  # replayed lines

SIZE_CONSTANT = 0  # a = size
SIZE_GEOMETRIC = 1  # a = success probability p, sizes 1, 2, ...
SIZE_LOGARITHMIC = 2  # a = p (a Poisson process of logarithmic sizes is negative binomial)
SIZE_NORMAL = 3  # a = mean, b = standard deviation, rounded, cut at 0
SIZE_POISSON = 4  # a = mean (0 possible; sources with gaps redraw as 1 + Poisson(a - 1))
SIZE_NEGATIVE_BINOMIAL = 5  # a = mean, b = variance (> mean); for per-period demand
SIZE_EMPIRICAL = 6  # a = first row in size table, b = number of rows; table rows: cumulative probability, size
SIZE_UNIFORM = 7  # a = low, b = high, integers inclusive

DEMAND_LOST = 1  # flag bit: what is not there is lost (else backordered)
DEMAND_WHOLE = 2  # flag bit: the customer takes the whole quantity or waits (else takes what is there)
DEMAND_ABNORMAL = 4  # flag bit: what detection rules are to find; it changes nothing


@dataclass(frozen=True)
class DemandSources:
    """All sources of customer demand, sorted so that rows come in (node, item) order. K sources.

    Rates are per millisecond. A profile multiplies a source's rate over time (thinning against its maximum).
    """

    kind: Int64Array  # (K,) DEMAND_*
    node: Int64Array  # (K,)
    stock_point: Int64Array  # (K,), -1 for jobs
    stream: Uint64Array  # (K, 2) key of the source's random stream (streams.stream_key)
    rate_per_ms: Float64Array  # (K,) lines (or jobs) per ms at profile 1; flow: steps per ms
    size_kind: Int64Array  # (K,)
    size_a: Float64Array
    size_b: Float64Array
    flags: Int64Array  # (K,) DEMAND_LOST | DEMAND_WHOLE | DEMAND_ABNORMAL
    period_ms: Int64Array  # (K,) per-period kinds
    offset_ms: Int64Array  # (K,) first period starts here; start of a launch otherwise
    profile: Int64Array  # (K,) row in `profiles`, -1: constant
    end_ms: Int64Array  # (K,) no demand at or after this (-1: never ends)
    # jobs: lines per job = 1 + geometric/poisson, picks by cumulative weight
    job_lines_mean: Float64Array  # (K,) mean number of lines (>= 1)
    job_lines_kind: Int64Array  # (K,) SIZE_CONSTANT, SIZE_GEOMETRIC or SIZE_POISSON (shifted by 1)
    job_first: Int64Array  # (K,) rows job_first .. job_first + job_count - 1 of the pick tables
    job_count: Int64Array
    pick_cumulative: Float64Array  # (J,) ends at 1.0 for each job source
    pick_stock_point: Int64Array  # (J,)
    # profile table: piecewise-constant multipliers; see demand.py
    profile_hour_of_week: Float64Array  # (R, 168) mean 1
    profile_week_of_year: Float64Array  # (R, 53) mean 1
    profile_knots_ms: Int64Array  # (R, M) trend / launch / end of life: piecewise-linear knots (padded)
    profile_knots_factor: Float64Array  # (R, M)
    # empirical sizes
    size_table: Float64Array  # (S, 2) cumulative probability, size
    # replayed history: lines sorted by (time, stock point); `trace_job` groups lines of one job (-1 alone)
    trace_time_ms: Int64Array
    trace_stock_point: Int64Array
    trace_quantity: Int64Array
    trace_flags: Int64Array
    trace_job: Int64Array
