"""The tables of a saved state: every column's meaning, unit and default, in one place.

Reader, writer, template and documentation all follow from this list. A person or an ERP extract fills in `stock` and
perhaps `in_transit`, `waiting` and `layers`; the rest is what only the program itself knows of a run under way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

FORMAT: Final = 1
META: Final = "state.json"
ABSENT: Final = int(np.iinfo(np.int64).min)
"""Stands for an empty cell of a number column that has no fixed default."""
LARGEST: Final = 1 << 53
"""Bound of every number in a state, so that sums of them stay exact."""


class Kind(Enum):
    """What the cells of a column hold."""

    NODE = "node name"
    ITEM = "item name"
    ROUTE = "route name"
    COUNT = "whole number from 0"
    POSITIVE = "whole number from 1"
    NUMBER = "whole number"
    FLAG = "0 or 1"
    TIME = "ms since the start, or a date"
    REAL = "number"
    TEXT = "text"


@dataclass(frozen=True)
class StateColumn:
    """A column; `default` None means that every row needs a value."""

    name: str
    kind: Kind
    meaning: str
    default: int | None = None
    absent: str = ""  # what an empty cell means, where the default is ABSENT

    @property
    def required(self) -> bool:
        """Whether the column has to be there, without empty cells."""
        return self.default is None

    @property
    def default_text(self) -> str:
        """What an empty cell means, in words."""
        if self.default is None:
            return "needed"
        return self.absent if self.default == ABSENT else str(self.default)


@dataclass(frozen=True)
class StateTable:
    """A table of the state. `extract`: may also be part of an extract that somebody else made."""

    name: str
    meaning: str
    columns: tuple[StateColumn, ...]
    extract: bool = False

    def column(self, name: str) -> StateColumn:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _needed(name: str, kind: Kind, meaning: str) -> StateColumn:
    return StateColumn(name, kind, meaning)


def _optional(name: str, kind: Kind, meaning: str, default: int | str) -> StateColumn:
    if isinstance(default, str):
        return StateColumn(name, kind, meaning, ABSENT, default)
    return StateColumn(name, kind, meaning, default)


_NODE = _needed("node", Kind.NODE, "where")
_ITEM = _needed("item", Kind.ITEM, "what")
_QUANTITY = _needed("quantity", Kind.POSITIVE, "in the item's own unit")

STOCK: Final = StateTable(
    "stock",
    "Stock per node and item; what is not listed is not there.",
    (
        _NODE,
        _ITEM,
        _needed("on_hand", Kind.COUNT, "physically there and free to issue, in the item's own unit"),
        _optional("recorded", Kind.NUMBER, "what the system believes is there", "as on_hand"),
        _optional("owner", Kind.COUNT, "who owns it; 0 is the network itself", 0),
        _optional("lead_time_draws", Kind.COUNT, "numbers taken from the stream of lead times to here", 0),
        _optional("transfer_draws", Kind.COUNT, "numbers taken from the stream of deliveries from the pool to here", 0),
        _optional("asked", Kind.COUNT, "units asked for since time 0, by customers and downstream orders", 0),
        _optional("unit", Kind.TEXT, "the unit that quantities count, such as `each` or `0.1 kg`", "not checked"),
    ),
    extract=True,
)
WAITING: Final = StateTable(
    "waiting",
    "What is owed: customers and downstream orders that wait, those of one node and item in the order of their turn.",
    (
        _NODE,
        _ITEM,
        _QUANTITY,
        _optional("ordering_node", Kind.NODE, "who has ordered it", "a customer"),
        _optional("since_ms", Kind.TIME, "waits since", "the state's instant"),
        _optional("reference", Kind.COUNT, "number of the line or order", "the next number"),
        _optional("whole", Kind.FLAG, "1: is given all or nothing", "1 for customers, else the lane's rule"),
        _optional("urgent", Kind.FLAG, "1: an order that goes by express", 0),
        _optional("unit_cost_milli", Kind.COUNT, "purchase cost, 1/1000 minor unit", "the item's cost, if bought"),
    ),
    extract=True,
)
IN_TRANSIT: Final = StateTable(
    "in_transit",
    "Goods on order that have left their source: parcels, lines set down at docks (in the order of staging) and lines "
    "on trucks (in the order of loading).",
    (
        _needed("node", Kind.NODE, "where they go"),
        _ITEM,
        _QUANTITY,
        _optional("arrives_ms", Kind.TIME, "arrives at; needed for parcels", "at a dock or on a truck"),
        _optional("from_node", Kind.NODE, "where they left", "the usual source"),
        _optional("order", Kind.COUNT, "number of the order", "the next number"),
        _optional("dispatched_ms", Kind.TIME, "left at", -1),
        _optional("sequence", Kind.COUNT, "those that arrive together are received in this order", "the next number"),
        _optional("route", Kind.ROUTE, "the route at whose dock, or on whose truck, it is", "a parcel"),
        _optional("trip", Kind.COUNT, "the truck's trip", "not on a truck"),
        _optional(
            "help",
            Kind.COUNT,
            "0: ordered as usual, 1: given by the pool, 2: an emergency, 3: asked in advance, 4: rebalancing",
            0,
        ),
        _optional("unit_cost_milli", Kind.COUNT, "purchase cost, 1/1000 minor unit", "the item's cost, if bought"),
        _optional("parcel", Kind.COUNT, "a number that table layers refers to", "none"),
    ),
    extract=True,
)
LAYERS: Final = StateTable(
    "layers",
    "Units by lot, of lot-tracked items: on the shelf, or in goods that one node of the network has sent to another.",
    (
        _NODE,
        _ITEM,
        _QUANTITY,
        _optional("lot", Kind.COUNT, "row of table lots", "a lot of its own"),
        _optional("received_ms", Kind.TIME, "came into the network at, if it is a lot of its own", "the opening age"),
        _optional("parcel", Kind.COUNT, "these units are on their way, see in_transit", "on the shelf"),
    ),
    extract=True,
)
LOTS: Final = StateTable(
    "lots",
    "All lots so far; row n is lot n.",
    (
        _needed("node", Kind.NODE, "where it came in first"),
        _ITEM,
        _needed("order", Kind.NUMBER, "order that brought it, -1: opening stock"),
        _needed("received_ms", Kind.TIME, "came into the network at"),
        _optional("expires_ms", Kind.TIME, "shelf life ends at", "never"),
        _needed("unit_cost_milli", Kind.COUNT, "purchase cost per unit, 1/1000 minor unit"),
        _needed("quantity", Kind.COUNT, "units that came in"),
    ),
)
VEHICLES: Final = StateTable(
    "vehicles",
    "Where every truck is.",
    (
        _needed("route", Kind.ROUTE, "its route"),
        _needed("vehicle", Kind.COUNT, "its number on the route"),
        _needed("trip", Kind.NUMBER, "the trip it is on, -1: at its base"),
        _needed("leg", Kind.COUNT, "the leg it drives: 0 leads to the first stop"),
        _needed("next_ms", Kind.TIME, "reaches the end of the leg at"),
        _needed("departed_ms", Kind.TIME, "left the base at"),
        _needed("lines", Kind.COUNT, "lines loaded at departure"),
        _needed("volume_ml", Kind.COUNT, "volume loaded at departure"),
        _needed("weight_g", Kind.COUNT, "weight loaded at departure"),
        _needed("distance_m", Kind.COUNT, "distance driven on this trip"),
        _needed("driving_ms", Kind.COUNT, "driving time of this trip"),
        _needed("driving_to_breakdown_ms", Kind.NUMBER, "driving time left until it breaks down, -1: never"),
        _needed("travel_draws", Kind.COUNT, "numbers taken from its stream of driving times"),
        _needed("breakdown_draws", Kind.COUNT, "numbers taken from its stream of breakdowns"),
    ),
)
DISPATCHERS: Final = StateTable(
    "dispatchers",
    "When the dispatcher of a route looks at the dock next.",
    (
        _needed("route", Kind.ROUTE, "the route"),
        _optional("next_ms", Kind.TIME, "looks at", "not before it is called"),
    ),
)
SUPPLIERS: Final = StateTable(
    "suppliers",
    "How far suppliers of limited capacity are booked out.",
    (
        _needed("node", Kind.NODE, "the supplier"),
        _needed("period", Kind.NUMBER, "period in which the last order is finished, -1: none yet"),
        _needed("used", Kind.COUNT, "units booked in that period"),
    ),
)
LANES: Final = StateTable(
    "lanes",
    "Lanes on which nothing overtakes: when the last parcel arrives.",
    (
        _needed("from_node", Kind.NODE, "where the lane begins"),
        _needed("to_node", Kind.NODE, "where it ends"),
        _needed("number", Kind.COUNT, "which of the lanes between the two, from 0"),
        _needed("last_arrival_ms", Kind.TIME, "the last parcel arrives at"),
    ),
)
DEMAND_SOURCES: Final = StateTable(
    "demand_sources",
    "How far every source of demand has been drawn; row n is source n.",
    (
        _needed("next_ms", Kind.TIME, "instant of its next possible line; 2^62: never"),
        _needed("position", Kind.COUNT, "numbers taken from its stream"),
        _needed("step", Kind.COUNT, "steps taken by a flow"),
        _needed("carry", Kind.REAL, "broken part of a step or unit left for later"),
    ),
)
DEMAND_LINES: Final = StateTable(
    "demand_lines",
    "Customer lines that are drawn already and have not happened yet, in order.",
    (
        _needed("time_ms", Kind.TIME, "happens at"),
        _NODE,
        _ITEM,
        _QUANTITY,
        _needed("lost", Kind.FLAG, "1: what is not there is lost"),
        _needed("whole", Kind.FLAG, "1: the customer takes all or nothing"),
        _needed("job", Kind.NUMBER, "lines of one number are wanted together, -1: on its own"),
    ),
)
_OF_SERIES: Final = (
    _optional("node", Kind.NODE, "whose demand is forecast", "a pool"),
    _ITEM,
    _optional("pool", Kind.TEXT, "name of the pool whose demand is forecast", "a node"),
    _needed("bucket_ms", Kind.POSITIVE, "length of a bucket"),
)
FORECASTS: Final = StateTable(
    "forecasts",
    "What is known of every demand that is forecast.",
    (
        *_OF_SERIES,
        _needed("buckets", Kind.REAL, "buckets observed"),
        _needed("level", Kind.REAL, "smoothed demand per bucket"),
        _needed("size", Kind.REAL, "smoothed demand of a bucket that has any"),
        _needed("interval", Kind.REAL, "smoothed buckets from one demand to the next"),
        _needed("since", Kind.REAL, "buckets since the last one with demand"),
        _needed("probability", Kind.REAL, "smoothed share of buckets with demand"),
        _needed("demands", Kind.REAL, "buckets with demand"),
        _needed("size_sum", Kind.REAL, "their demand, added up"),
        _needed("size_squares", Kind.REAL, "its squares, added up"),
        _needed("forecast", Kind.REAL, "demand forecast for the present bucket"),
        _needed("squared_error", Kind.REAL, "mean of the squared forecast errors"),
        _needed("last", Kind.REAL, "demand of the last bucket"),
        _needed("asked", Kind.REAL, "units asked for since time 0, up to the last bucket end"),
        _needed("method", Kind.REAL, "in use: 0 ses, 1 croston, 2 sba, 3 tsb"),
    ),
)
FORECAST_HISTORY: Final = StateTable(
    "forecast_history",
    "Demand of past buckets, where levels follow from it directly.",
    (
        _NODE,
        _ITEM,
        _needed("bucket_ms", Kind.POSITIVE, "length of a bucket"),
        _needed("ago", Kind.COUNT, "0: the last bucket, 1: the one before, ..."),
        _needed("demand", Kind.REAL, "units asked for"),
    ),
)
LEVELS: Final = StateTable(
    "levels",
    "Levels that were worked out and hold now.",
    (
        _NODE,
        _ITEM,
        _needed("reorder_point", Kind.NUMBER, "order at or below it"),
        _needed("order_up_to", Kind.COUNT, "target position"),
        _needed("lot", Kind.POSITIVE, "lot"),
    ),
)
TABLES: Final = (
    STOCK,
    WAITING,
    IN_TRANSIT,
    LAYERS,
    LOTS,
    VEHICLES,
    DISPATCHERS,
    SUPPLIERS,
    LANES,
    DEMAND_SOURCES,
    DEMAND_LINES,
    FORECASTS,
    FORECAST_HISTORY,
    LEVELS,
)


def reference() -> Iterator[str]:
    """Markdown lines that explain every table and column."""
    for table in TABLES:
        yield from (f"### {table.name}", "", table.meaning, "")
        yield from ("| column | holds | meaning | empty or left out |", "|---|---|---|---|")
        for column in table.columns:
            yield f"| {column.name} | {column.kind.value} | {column.meaning} | {column.default_text} |"
        yield ""
