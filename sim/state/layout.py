"""The tables of a saved state: every column's meaning, unit and default, in one place.

Reader, writer, template and documentation all follow from this list. A person or an ERP extract fills in `stock` and
perhaps `in_transit`, `waiting` and `layers`; the rest is what only the program itself knows of a run under way.
"""

from collections.abc import Iterator
from typing import Final

from sim.state.kinds import ITEM, NODE, QUANTITY, Kind, StateTable, needed, optional
from sim.state.plant_layout import PLANT_TABLES, WHO_COLUMNS

STOCK: Final = StateTable(
    "stock",
    "Stock per node and item; what is not listed is not there.",
    (
        NODE,
        ITEM,
        needed("on_hand", Kind.COUNT, "physically there and free to issue, in the item's own unit"),
        optional("recorded", Kind.NUMBER, "what the system believes is there", "as on_hand"),
        optional("owner", Kind.COUNT, "who owns it; 0 is the network itself", 0),
        optional("lead_time_draws", Kind.COUNT, "numbers taken from the stream of lead times to here", 0),
        optional("transfer_draws", Kind.COUNT, "numbers taken from the stream of deliveries from the pool to here", 0),
        optional("asked", Kind.COUNT, "units asked for since time 0, by customers and downstream orders", 0),
        optional("unit", Kind.TEXT, "the unit that quantities count, such as `each` or `0.1 kg`", "not checked"),
    ),
    extract=True,
)
WAITING: Final = StateTable(
    "waiting",
    "What is owed: customers and downstream orders that wait, those of one node and item in the order of their turn.",
    (
        NODE,
        ITEM,
        QUANTITY,
        optional("ordering_node", Kind.NODE, "who has ordered it", "a customer"),
        optional("since_ms", Kind.TIME, "waits since", "the state's instant"),
        optional("reference", Kind.COUNT, "number of the line or order", "the next number"),
        optional("whole", Kind.FLAG, "1: is given all or nothing", "1 for customers, else the lane's rule"),
        optional("urgent", Kind.FLAG, "1: an order that goes by express", 0),
        optional("unit_cost_milli", Kind.COUNT, "purchase cost, 1/1000 minor unit", "the item's cost, if bought"),
        *WHO_COLUMNS,
        optional("use", Kind.FLAG, "1: that machine waits for it", 0),
    ),
    extract=True,
)
IN_TRANSIT: Final = StateTable(
    "in_transit",
    "Goods on order that have left their source: parcels, lines set down at docks (in the order of staging) and lines "
    "on trucks (in the order of loading).",
    (
        needed("node", Kind.NODE, "where they go"),
        ITEM,
        QUANTITY,
        optional("arrives_ms", Kind.TIME, "arrives at; needed for parcels", "at a dock or on a truck"),
        optional("from_node", Kind.NODE, "where they left", "the usual source"),
        optional("order", Kind.COUNT, "number of the order", "the next number"),
        optional("dispatched_ms", Kind.TIME, "left at", -1),
        optional("sequence", Kind.COUNT, "those that arrive together are received in this order", "the next number"),
        optional("route", Kind.ROUTE, "the route at whose dock, or on whose truck, it is", "a parcel"),
        optional("trip", Kind.COUNT, "the truck's trip", "not on a truck"),
        optional(
            "help",
            Kind.COUNT,
            "0: ordered as usual, 1: given by the pool, 2: an emergency, 3: asked in advance, 4: rebalancing",
            0,
        ),
        optional("inspected", Kind.COUNT, "0: not yet, 1: is being inspected and will pass, 2: will not", 0),
        optional("unit_cost_milli", Kind.COUNT, "purchase cost, 1/1000 minor unit", "the item's cost, if bought"),
        optional("parcel", Kind.COUNT, "a number that table layers refers to", "none"),
    ),
    extract=True,
)
LAYERS: Final = StateTable(
    "layers",
    "Units by lot, of lot-tracked items: on the shelf, or in goods that one node of the network has sent to another.",
    (
        NODE,
        ITEM,
        QUANTITY,
        optional("lot", Kind.COUNT, "row of table lots", "a lot of its own"),
        optional("received_ms", Kind.TIME, "came into the network at, if it is a lot of its own", "the opening age"),
        optional("parcel", Kind.COUNT, "these units are on their way, see in_transit", "on the shelf"),
    ),
    extract=True,
)
LOTS: Final = StateTable(
    "lots",
    "All lots so far; row n is lot n.",
    (
        needed("node", Kind.NODE, "where it came in first"),
        ITEM,
        needed("order", Kind.NUMBER, "order that brought it, -1: opening stock"),
        needed("received_ms", Kind.TIME, "came into the network at"),
        optional("expires_ms", Kind.TIME, "shelf life ends at", "never"),
        needed("unit_cost_milli", Kind.COUNT, "purchase cost per unit, 1/1000 minor unit"),
        needed("quantity", Kind.COUNT, "units that came in"),
    ),
)
VEHICLES: Final = StateTable(
    "vehicles",
    "Where every truck is.",
    (
        needed("route", Kind.ROUTE, "its route"),
        needed("vehicle", Kind.COUNT, "its number on the route"),
        needed("trip", Kind.NUMBER, "the trip it is on, -1: at its base"),
        needed("leg", Kind.COUNT, "the leg it drives: 0 leads to the first stop"),
        needed("next_ms", Kind.TIME, "reaches the end of the leg at"),
        needed("departed_ms", Kind.TIME, "left the base at"),
        needed("lines", Kind.COUNT, "lines loaded at departure"),
        needed("volume_ml", Kind.COUNT, "volume loaded at departure"),
        needed("weight_g", Kind.COUNT, "weight loaded at departure"),
        needed("distance_m", Kind.COUNT, "distance driven on this trip"),
        needed("driving_ms", Kind.COUNT, "driving time of this trip"),
        needed("driving_to_breakdown_ms", Kind.NUMBER, "driving time left until it breaks down, -1: never"),
        needed("travel_draws", Kind.COUNT, "numbers taken from its stream of driving times"),
        needed("breakdown_draws", Kind.COUNT, "numbers taken from its stream of breakdowns"),
    ),
)
DISPATCHERS: Final = StateTable(
    "dispatchers",
    "When the dispatcher of a route looks at the dock next.",
    (
        needed("route", Kind.ROUTE, "the route"),
        optional("next_ms", Kind.TIME, "looks at", "not before it is called"),
    ),
)
SUPPLIERS: Final = StateTable(
    "suppliers",
    "How far suppliers of limited capacity are booked out.",
    (
        needed("node", Kind.NODE, "the supplier"),
        needed("period", Kind.NUMBER, "period in which the last order is finished, -1: none yet"),
        needed("used", Kind.COUNT, "units booked in that period"),
    ),
)
LANES: Final = StateTable(
    "lanes",
    "Lanes on which nothing overtakes: when the last parcel arrives.",
    (
        needed("from_node", Kind.NODE, "where the lane begins"),
        needed("to_node", Kind.NODE, "where it ends"),
        needed("number", Kind.COUNT, "which of the lanes between the two, from 0"),
        needed("last_arrival_ms", Kind.TIME, "the last parcel arrives at"),
    ),
)
DEMAND_SOURCES: Final = StateTable(
    "demand_sources",
    "How far every source of demand has been drawn; row n is source n.",
    (
        needed("next_ms", Kind.TIME, "instant of its next possible line; 2^62: never"),
        needed("position", Kind.COUNT, "numbers taken from its stream"),
        needed("step", Kind.COUNT, "steps taken by a flow"),
        needed("carry", Kind.REAL, "broken part of a step or unit left for later"),
    ),
)
DEMAND_LINES: Final = StateTable(
    "demand_lines",
    "Customer lines that are drawn already and have not happened yet, in order.",
    (
        needed("time_ms", Kind.TIME, "happens at"),
        NODE,
        ITEM,
        QUANTITY,
        needed("lost", Kind.FLAG, "1: what is not there is lost"),
        needed("whole", Kind.FLAG, "1: the customer takes all or nothing"),
        needed("job", Kind.NUMBER, "lines of one number are wanted together, -1: on its own"),
    ),
)
_OF_SERIES: Final = (
    optional("node", Kind.NODE, "whose demand is forecast", "a pool"),
    ITEM,
    optional("pool", Kind.TEXT, "name of the pool whose demand is forecast", "a node"),
    needed("bucket_ms", Kind.POSITIVE, "length of a bucket"),
)
FORECASTS: Final = StateTable(
    "forecasts",
    "What is known of every demand that is forecast.",
    (
        *_OF_SERIES,
        needed("buckets", Kind.REAL, "buckets observed"),
        needed("level", Kind.REAL, "smoothed demand per bucket"),
        needed("size", Kind.REAL, "smoothed demand of a bucket that has any"),
        needed("interval", Kind.REAL, "smoothed buckets from one demand to the next"),
        needed("since", Kind.REAL, "buckets since the last one with demand"),
        needed("probability", Kind.REAL, "smoothed share of buckets with demand"),
        needed("demands", Kind.REAL, "buckets with demand"),
        needed("size_sum", Kind.REAL, "their demand, added up"),
        needed("size_squares", Kind.REAL, "its squares, added up"),
        needed("forecast", Kind.REAL, "demand forecast for the present bucket"),
        needed("squared_error", Kind.REAL, "mean of the squared forecast errors"),
        needed("last", Kind.REAL, "demand of the last bucket"),
        needed("asked", Kind.REAL, "units asked for since time 0, up to the last bucket end"),
        needed("method", Kind.REAL, "in use: 0 ses, 1 croston, 2 sba, 3 tsb"),
    ),
)
FORECAST_HISTORY: Final = StateTable(
    "forecast_history",
    "Demand of past buckets, where levels follow from it directly.",
    (
        NODE,
        ITEM,
        needed("bucket_ms", Kind.POSITIVE, "length of a bucket"),
        needed("ago", Kind.COUNT, "0: the last bucket, 1: the one before, ..."),
        needed("demand", Kind.REAL, "units asked for"),
    ),
)
LEVELS: Final = StateTable(
    "levels",
    "Levels that were worked out and hold now.",
    (
        NODE,
        ITEM,
        needed("reorder_point", Kind.NUMBER, "order at or below it"),
        needed("order_up_to", Kind.COUNT, "target position"),
        needed("lot", Kind.POSITIVE, "lot"),
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
    *PLANT_TABLES,
)


def reference() -> Iterator[str]:
    """Markdown lines that explain every table and column."""
    for table in TABLES:
        yield from (f"### {table.name}", "", table.meaning, "")
        yield from ("| column | holds | meaning | empty or left out |", "|---|---|---|---|")
        for column in table.columns:
            yield f"| {column.name} | {column.kind.value} | {column.meaning} | {column.default_text} |"
        yield ""
