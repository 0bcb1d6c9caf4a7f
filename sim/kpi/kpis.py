"""The key figures, each a pure function of what one replication recorded.

Two registries. A *measure* is a number per stock point (or per node) that may be added up over any group of them:
units, minor units of money x ms, milliseconds. A *KPI* is a function of added-up measures; it is worked out for every
scope alike: the whole network, an echelon, a node, an item, an ABC class, a stock point, a lane, a plant. To add one,
write a function with the decorator; the model does not change.

Everything is measured over [warm_up, horizon). Quantities are in the items' natural units, money in major units of the
scenario's currency, times in hours. A KPI without meaning for a key (no demand, no stock) is NaN there and gets no row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sim.network import Float64Array, Network

ALL_SCOPES: Final = frozenset({"network", "echelon", "node", "item", "class", "stock", "plant"})
NODE_SCOPES: Final = frozenset({"network", "echelon", "node"})
GROUP_SCOPES: Final = ALL_SCOPES - {"stock"}
"""For what says nothing new, or is of little use, for each of tens of thousands of single stock points."""

LANE_SCOPES: Final = GROUP_SCOPES | {"lane"}
MONEY: Final = "money"  # replaced by the currency's code in tables
YEAR_MS: Final = 365 * 86_400_000
HOUR_MS: Final = 3_600_000


class Group:
    """The measures of one scope, added up per key; what a KPI function sees.

    `group(name)` gives the sum of a measure for every key. `years` and `measured_ms` are the length of the measured
    window. `outflow` is false where goods sent to another node of the network stay inside the group.
    """

    def __init__(self, network: Network, sums: Callable[[str], Float64Array], outflow: bool) -> None:
        self.network = network
        self.measured_ms = float(network.horizon_ms - network.warm_up_ms)
        self.years = self.measured_ms / YEAR_MS
        self.outflow = outflow
        self._sums = sums

    def __call__(self, measure: str) -> Float64Array:
        return self._sums(measure)


KpiFunction = Callable[[Group], Float64Array]


@dataclass(frozen=True)
class Kpi:
    """A registered key figure."""

    name: str
    unit: str
    scopes: frozenset[str]
    meaning: str
    value: KpiFunction
    needs: Callable[[Network], bool]  # networks of which it says anything; others get no rows


KPIS: dict[str, Kpi] = {}


def _any_network(_: Network) -> bool:
    return True


def kpi(
    unit: str, scopes: frozenset[str] = ALL_SCOPES, needs: Callable[[Network], bool] = _any_network
) -> Callable[[KpiFunction], KpiFunction]:
    """Register a function as the KPI of its name; its docstring is the definition shown in the documentation.

    `needs` tells of which networks it says anything: those with pools, say.
    """

    def register(function: KpiFunction) -> KpiFunction:
        name = function.__name__
        KPIS[name] = Kpi(name, unit, scopes, (function.__doc__ or "").strip(), function, needs)
        return function

    return register


def ratio(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> Float64Array:
    """`part / whole`, NaN where the whole is not positive."""
    quotient: Float64Array = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return quotient


# --- service ----------------------------------------------------------------------------------------------------------
@kpi("lines")
def demand_lines(of: Group) -> Float64Array:
    """Lines that customers asked for."""
    return of("demand_lines")


@kpi("units")
def demand_units(of: Group) -> Float64Array:
    """Units that customers asked for."""
    return of("demand_units")


@kpi("share")
def fill_rate(of: Group) -> Float64Array:
    """Units given at once from stock / units demanded."""
    return ratio(of("units_at_once"), of("demand_units"))


@kpi("share", GROUP_SCOPES)
def fill_rate_stocked(of: Group) -> Float64Array:
    """The fill rate over the items only that a node means to hold."""
    return ratio(of("stocked_units_at_once"), of("stocked_demand_units"))


@kpi("share")
def line_fill_rate(of: Group) -> Float64Array:
    """Lines met in full at once from stock / lines demanded."""
    return ratio(of("lines_at_once"), of("demand_lines"))


@kpi("share", GROUP_SCOPES)
def line_fill_rate_stocked(of: Group) -> Float64Array:
    """The line fill rate over the items only that a node means to hold."""
    return ratio(of("stocked_lines_at_once"), of("stocked_demand_lines"))


@kpi("share", GROUP_SCOPES)
def sku_fill_rate(of: Group) -> Float64Array:
    """Items whose every line was met in full at once / items demanded, counted per node."""
    return ratio(of("skus_fully_met"), of("skus_demanded"))


@kpi("share", NODE_SCOPES)
def first_time_fix(of: Group) -> Float64Array:
    """Jobs with every line met in full at once / jobs."""
    return ratio(of("jobs_complete"), of("jobs"))


@kpi("share")
def ready_rate(of: Group) -> Float64Array:
    """Share of time with stock on hand, mean over stocked items of all nodes (equal weights)."""
    return ratio(of("stocked_ready_ms"), of("stocked_points") * of.measured_ms)


@kpi("units")
def lost(of: Group) -> Float64Array:
    """Units that customers went without: not there, and not waited for."""
    return of("units_lost")


@kpi("h")
def wait_mean(of: Group) -> Float64Array:
    """Mean time until customers had what they were given, per unit; what was given at once waited 0 h."""
    return ratio(of("wait_unit_ms"), of("units_issued")) / HOUR_MS


@kpi("h")
def wait_if_short(of: Group) -> Float64Array:
    """Mean waiting time of the units that were not given at once."""
    return ratio(of("wait_unit_ms"), of("units_waited")) / HOUR_MS


# --- stock ------------------------------------------------------------------------------------------------------------
@kpi("share", NODE_SCOPES)
def fill_rate_8h(of: Group) -> Float64Array:
    """Units that customers had at once or within 8 hours / units demanded."""
    return ratio(of("units_within_8h"), of("node_units_demanded"))


@kpi("share", NODE_SCOPES)
def fill_rate_24h(of: Group) -> Float64Array:
    """Units that customers had at once or within 24 hours / units demanded."""
    return ratio(of("units_within_24h"), of("node_units_demanded"))


@kpi("share", NODE_SCOPES)
def fill_rate_48h(of: Group) -> Float64Array:
    """Units that customers had at once or within 48 hours / units demanded."""
    return ratio(of("units_within_48h"), of("node_units_demanded"))


@kpi("units")
def on_hand(of: Group) -> Float64Array:
    """Stock on hand, time mean."""
    return of("on_hand_unit_ms") / of.measured_ms


@kpi("units")
def on_order(of: Group) -> Float64Array:
    """Units ordered and not yet received, time mean."""
    return of("on_order_unit_ms") / of.measured_ms


@kpi("units")
def in_transit(of: Group) -> Float64Array:
    """Units dispatched and not yet received, docks and trucks included, time mean."""
    return of("in_transit_unit_ms") / of.measured_ms


@kpi("units")
def backorders(of: Group) -> Float64Array:
    """Units owed to waiting customers, time mean."""
    return of("backorder_unit_ms") / of.measured_ms


@kpi(MONEY)
def stock_value(of: Group) -> Float64Array:
    """Stock on hand at purchase cost, time mean."""
    return of("stock_money_ms") / of.measured_ms


@kpi("per year")
def turnover(of: Group) -> Float64Array:
    """Value issued per year / mean stock value, both at cost; for nodes and echelons with what they sent downstream."""
    issued = of("issued_money") + of("sent_on_money") if of.outflow else of("issued_money")
    return ratio(issued / of.years, stock_value(of))


@kpi("share")
def stock_to_revenue(of: Group) -> Float64Array:
    """Mean stock value / revenue per year (what customers got, at list price)."""
    return ratio(stock_value(of), of("revenue") / of.years)


@kpi("share")
def age_over_90d(of: Group) -> Float64Array:
    """Share of the value of lot-tracked stock that has been in the network for over 90 days, time mean."""
    return ratio(of("money_ms_over_90d"), of("tracked_money_ms"))


@kpi("share")
def age_over_180d(of: Group) -> Float64Array:
    """The same for 180 days (the dead-stock rate)."""
    return ratio(of("money_ms_over_180d"), of("tracked_money_ms"))


@kpi("share")
def age_over_365d(of: Group) -> Float64Array:
    """The same for 365 days."""
    return ratio(of("money_ms_over_365d"), of("tracked_money_ms"))


# --- forecasts --------------------------------------------------------------------------------------------------------
@kpi("share")
def forecast_bias(of: Group) -> Float64Array:
    """(Units forecast - units asked for) / units asked for, of what is forecast; orders from downstream count."""
    return ratio(of("forecast_error"), of("forecast_demand"))


@kpi("ratio")
def forecast_mase(of: Group) -> Float64Array:
    """Mean absolute scaled error (Hyndman and Koehler 2006), mean over series; below 1 beats "as last time"."""
    return ratio(of("forecast_mase_sum"), of("forecast_mase_series"))


# --- flow and money ---------------------------------------------------------------------------------------------------
@kpi("orders", LANE_SCOPES | {"stock"})
def orders(of: Group) -> Float64Array:
    """Replenishment orders placed, one per item."""
    return of("orders")


@kpi("lines", LANE_SCOPES | {"stock"})
def order_lines(of: Group) -> Float64Array:
    """Lines sent for replenishment orders; more than orders where an order may be delivered in parts."""
    return of("lines_sent")


@kpi("h", LANE_SCOPES)
def transit_time(of: Group) -> Float64Array:
    """Mean time of a line from leaving its source's stock (or being promised by a supplier) to receipt, by lanes."""
    return ratio(of("transit_ms"), of("lines_received")) / HOUR_MS


@kpi(MONEY, GROUP_SCOPES)
def holding_cost(of: Group) -> Float64Array:
    """Mean stock value x holding rate per year x years."""
    return stock_value(of) * of.network.holding_rate_per_year * of.years


@kpi(MONEY, LANE_SCOPES)
def ordering_cost(of: Group) -> Float64Array:
    """Cost of placing orders, by the lane used, with the surcharge of urgent ones."""
    return of("ordering_money")


@kpi(MONEY, LANE_SCOPES)
def transport_cost(of: Group) -> Float64Array:
    """Lane cost per line and per kg sent, booked at the receiver; trips and kilometres of trucks, at their base."""
    return of("lane_money") + of("truck_money")


@kpi(MONEY, LANE_SCOPES)
def purchase_cost(of: Group) -> Float64Array:
    """What the units received from suppliers cost, price breaks included; emergencies too, but not by lane."""
    if of.network.pools:
        return of("purchase_money") + of("emergency_purchase_money")
    return of("purchase_money")


@kpi(MONEY, GROUP_SCOPES)
def shortage_cost(of: Group) -> Float64Array:
    """Cost per line not met in full at once."""
    short = of("demand_lines") - of("lines_at_once")
    return short * of.network.shortage_cost / 10.0**of.network.minor_digits


@kpi(MONEY, GROUP_SCOPES)
def total_cost(of: Group) -> Float64Array:
    """Holding, ordering, transport, purchase and shortage cost, and that of transfers and emergencies of pools."""
    cost = holding_cost(of) + ordering_cost(of) + transport_cost(of) + purchase_cost(of) + shortage_cost(of)
    return cost + of("move_money") + of("emergency_money") if of.network.pools else cost


@kpi("trips", NODE_SCOPES | {"truck"})
def trips(of: Group) -> Float64Array:
    """Truck trips that departed, counted at their base."""
    return of("trips")


@kpi("share", NODE_SCOPES | {"truck"})
def load_factor(of: Group) -> Float64Array:
    """Mean load at departure: the fuller of volume and weight, as a share of the vehicle's capacity."""
    return ratio(of("trip_loads"), of("trips"))


@kpi("km", NODE_SCOPES | {"truck"})
def distance(of: Group) -> Float64Array:
    """Kilometres driven by trucks."""
    return of("trip_km")


@kpi(MONEY, frozenset({"truck"}))
def trip_cost(of: Group) -> Float64Array:
    """Trips and kilometres at the route's rates."""
    return of("truck_money")
