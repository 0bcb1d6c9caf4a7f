"""The key figures of pools: who was helped by whom, how fast, and at what cost.

They have rows only in networks with pools, those of emergencies, of asking in advance and of rebalancing only where a
pool does such things, and only for keys with members of a pool. `transfer` is the scope of pairs of nodes, key
`from->to`.
"""

from typing import Final

import numpy as np

from sim import columns as c
from sim.kpi.kpis import HOUR_MS, MONEY, NODE_SCOPES, Group, kpi, ratio
from sim.network import Float64Array, Network

SHARE_SCOPES: Final = NODE_SCOPES | {"class"}
PAIR_SCOPES: Final = NODE_SCOPES | {"class", "transfer"}


def _has_pools(network: Network) -> bool:
    return len(network.pools) > 0


def _has_emergencies(network: Network) -> bool:
    return any(link.emergency for pool in network.pools for link in pool.links)


def _asks_in_advance(network: Network) -> bool:
    return _has_pools(network) and bool((network.parameter[:, c.P_PREVENTIVE] >= 0).any())


def _rebalances(network: Network) -> bool:
    return any(pool.rebalance_ms is not None for pool in network.pools)


def _of_members(of: Group, values: Float64Array) -> Float64Array:
    """The values, NaN for keys without a member of a pool."""
    return np.where(of("pool_points") > 0, values, np.nan)


def _of_asking(of: Group, values: Float64Array) -> Float64Array:
    """The values, NaN for keys that nobody helps in an emergency."""
    return np.where(of("emergency_points") > 0, values, np.nan)


def _share(of: Group, units: Float64Array) -> Float64Array:
    return _of_members(of, ratio(units, of("demand_units")))


# --- where demand was met from: five shares that add up to 1 ----------------------------------------------------------
@kpi("share", SHARE_SCOPES, _has_pools)
def share_own_stock(of: Group) -> Float64Array:
    """Units given at once from the stock at hand / units demanded (the fill rate)."""
    return _share(of, of("units_at_once"))


@kpi("share", SHARE_SCOPES, _has_pools)
def share_transfer(of: Group) -> Float64Array:
    """Units that others of the pool sent because a customer had to wait / units demanded."""
    return _share(of, of("units_by_transfer"))


@kpi("share", SHARE_SCOPES, _has_emergencies)
def share_emergency(of: Group) -> Float64Array:
    """Units sent as an emergency, by a supplier or a node outside the pool's giving / units demanded."""
    return _share(of, of("units_by_emergency"))


@kpi("share", SHARE_SCOPES, _has_pools)
def share_backorder(of: Group) -> Float64Array:
    """Units that had to wait for the usual supply, or stood by until the rest of an undivided line came / demanded."""
    met = of("units_at_once") + of("units_by_transfer") + of("units_by_emergency") + of("units_lost")
    return _share(of, of("demand_units") - met)


@kpi("share", SHARE_SCOPES, _has_pools)
def share_lost(of: Group) -> Float64Array:
    """Units that customers went without / units demanded."""
    return _share(of, of("units_lost"))


# --- what moved, counted at the node that asked -----------------------------------------------------------------------
@kpi("moves", PAIR_SCOPES, _has_pools)
def transfers(of: Group) -> Float64Array:
    """Transfers because a customer had to wait; one per giver."""
    return _of_members(of, of("transfers"))


@kpi("moves", PAIR_SCOPES, _asks_in_advance)
def preventive_transfers(of: Group) -> Float64Array:
    """Transfers that were asked for before anybody had to wait."""
    return _of_members(of, of("preventive"))


@kpi("moves", PAIR_SCOPES, _rebalances)
def rebalancing_moves(of: Group) -> Float64Array:
    """Moves of excess stock to where it was lacking."""
    return _of_members(of, of("rebalancing"))


@kpi("moves", PAIR_SCOPES, _has_emergencies)
def emergencies(of: Group) -> Float64Array:
    """Emergency deliveries, because the pool had nothing for a customer."""
    return _of_asking(of, of("emergencies"))


@kpi("units", PAIR_SCOPES, _has_pools)
def transfer_units(of: Group) -> Float64Array:
    """Units moved between members of a pool: transfers, preventive ones and rebalancing; no emergencies."""
    return _of_members(of, of("units_taken"))


@kpi("units", frozenset({"node"}), _has_pools)
def units_given(of: Group) -> Float64Array:
    """Units given to other members of a pool."""
    return _of_members(of, of("units_given"))


@kpi("of 100", frozenset({"node"}), _has_pools)
def contribution_score(of: Group) -> Float64Array:
    """100 x units given / units that all members of the node's pools moved; the members of a pool add up to 100."""
    return 100.0 * ratio(of("units_given"), of("pool_units_moved"))


# --- how fast -------------------------------------------------------------------------------------------------------
@kpi("h", PAIR_SCOPES, _has_pools)
def transfer_response_hours(of: Group) -> Float64Array:
    """Mean time from request to arrival of the transfers that came in because a customer had to wait."""
    return ratio(of("transfer_response_ms"), of("transfer_responses")) / HOUR_MS


@kpi("share", PAIR_SCOPES, _has_pools)
def transfer_within_8h(of: Group) -> Float64Array:
    """Share of those transfers that took at most 8 h (the class of one city)."""
    return ratio(of("transfer_within_8h"), of("transfer_responses"))


@kpi("share", PAIR_SCOPES, _has_pools)
def transfer_within_24h(of: Group) -> Float64Array:
    """The same for 24 h (one region)."""
    return ratio(of("transfer_within_24h"), of("transfer_responses"))


@kpi("share", PAIR_SCOPES, _has_pools)
def transfer_within_48h(of: Group) -> Float64Array:
    """The same for 48 h (across regions)."""
    return ratio(of("transfer_within_48h"), of("transfer_responses"))


@kpi("h", PAIR_SCOPES, _has_emergencies)
def emergency_response_hours(of: Group) -> Float64Array:
    """Mean time from request to arrival of the emergency deliveries that came in."""
    return ratio(of("emergency_response_ms"), of("emergency_responses")) / HOUR_MS


# --- money ------------------------------------------------------------------------------------------------------------
@kpi(MONEY, PAIR_SCOPES, _has_pools)
def transfer_cost(of: Group) -> Float64Array:
    """Cost per transfer and per kg of everything moved between members, borne by the node that received it."""
    return _of_members(of, of("move_money"))


@kpi(MONEY, PAIR_SCOPES, _has_emergencies)
def emergency_cost(of: Group) -> Float64Array:
    """Cost per order and per kg of emergency deliveries; what a supplier's goods cost is purchase cost."""
    return _of_asking(of, of("emergency_money"))


@kpi(MONEY, PAIR_SCOPES, _has_pools)
def transfer_value(of: Group) -> Float64Array:
    """What was moved between members, at purchase cost: what the receivers owe the givers (settlement at cost)."""
    return _of_members(of, of("taken_money"))


@kpi(MONEY, frozenset({"node"}), _has_pools)
def settlement_balance(of: Group) -> Float64Array:
    """Value given to other members - value received from them, at purchase cost; adds up to 0 over all nodes."""
    return _of_members(of, of("given_money") - of("taken_money"))
