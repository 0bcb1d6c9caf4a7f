"""The key figures of plants: how often lines stop, for want of what, and what that costs.

They have rows only in networks with lines, in the scopes of the whole network, `plant` (key: its node), `line` (key:
`plant/line`), item (stops for want of it, and because it was overdue) and `stop_cause`. Working time is that of the
plant's calendar; a stop costs the working time that its line loses.
"""

from typing import Final

import numpy as np

from sim import columns as c
from sim.kpi.kpis import HOUR_MS, MONEY, Group, kpi, ratio
from sim.network import Float64Array, Network

LINE_SCOPES: Final = frozenset({"network", "plant", "line"})
STOP_SCOPES: Final = LINE_SCOPES | {"item", "stop_cause"}


def _has_lines(network: Network) -> bool:
    return network.plant_plan is not None and any(plant.lines for plant in network.plant_plan.plants)


def _of_machines(of: Group, values: Float64Array) -> Float64Array:
    """The values, NaN for keys without machines, and items that no machine uses."""
    return np.where(of("stoppable") > 0, values, np.nan)


@kpi("stops", STOP_SCOPES, _has_lines)
def line_stops(of: Group) -> Float64Array:
    """Stops of machines that began; a line stands while any of its machines does."""
    return _of_machines(of, of("stops"))


@kpi("per year", STOP_SCOPES, _has_lines)
def line_stops_per_year(of: Group) -> Float64Array:
    """The same per year."""
    return line_stops(of) / of.years


@kpi("hours", STOP_SCOPES, _has_lines)
def stop_hours(of: Group) -> Float64Array:
    """Working time that lines lost in stops, put down to the machine that stood longest, and to its cause."""
    return _of_machines(of, of("stop_ms")) / HOUR_MS


@kpi(MONEY, STOP_SCOPES, _has_lines)
def stop_cost(of: Group) -> Float64Array:
    """That working time at the line's cost per hour."""
    return _of_machines(of, of("stop_money"))


@kpi(MONEY, STOP_SCOPES, _has_lines)
def stop_cost_per_year(of: Group) -> Float64Array:
    """The same per year."""
    return stop_cost(of) / of.years


@kpi("share", LINE_SCOPES, _has_lines)
def line_availability(of: Group) -> Float64Array:
    """Working time not lost in stops / working time, over all lines."""
    return ratio(of("working_ms") - of("stop_ms"), of("working_ms"))


# --- by cause ---------------------------------------------------------------------------------------------------------
@kpi("stops", LINE_SCOPES, _has_lines)
def stops_other(of: Group) -> Float64Array:
    """Stops that no item caused."""
    return _of_machines(of, of(f"stops_of_cause_{c.STOP_OTHER}"))


@kpi("stops", LINE_SCOPES, _has_lines)
def stops_item_missing(of: Group) -> Float64Array:
    """Stops for want of an item."""
    return _of_machines(of, of(f"stops_of_cause_{c.STOP_MISSING}"))


@kpi("stops", LINE_SCOPES, _has_lines)
def stops_item_overdue(of: Group) -> Float64Array:
    """Failures because an item was overdue."""
    return _of_machines(of, of(f"stops_of_cause_{c.STOP_LATE}"))


@kpi("stops", LINE_SCOPES, _has_lines)
def stops_wrong_item(of: Group) -> Float64Array:
    """Failures because a wrong item had been put in."""
    return _of_machines(of, of(f"stops_of_cause_{c.STOP_WRONG_ITEM}"))


@kpi("share", LINE_SCOPES, _has_lines)
def item_stop_share(of: Group) -> Float64Array:
    """Stops that items caused (missing, overdue or wrong) / stops."""
    return ratio(of("stops") - of(f"stops_of_cause_{c.STOP_OTHER}"), of("stops"))


@kpi(MONEY, LINE_SCOPES, _has_lines)
def item_stop_cost(of: Group) -> Float64Array:
    """Cost of the stops that items caused."""
    return _of_machines(of, of("stop_money_by_items"))


@kpi("share", LINE_SCOPES, _has_lines)
def item_stop_cost_share(of: Group) -> Float64Array:
    """That cost / cost of all stops."""
    return ratio(of("stop_money_by_items"), of("stop_money"))


@kpi("stops", LINE_SCOPES | {"item"}, _has_lines)
def stops_by_record(of: Group) -> Float64Array:
    """Stops for want of an item that only the record kept from being ordered."""
    return _of_machines(of, of("stops_by_record"))


@kpi(MONEY, LINE_SCOPES | {"item"}, _has_lines)
def stop_cost_by_record(of: Group) -> Float64Array:
    """Cost of those stops."""
    return _of_machines(of, of("stop_money_by_record"))
