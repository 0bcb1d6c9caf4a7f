"""The key figures of contracts: what both sides earn, what is tied up, what is kept of what was promised.

They have rows only in networks with contracts, in the scopes `contract` (key: its name) and `contracts` (all together),
`contract_stream` (`contract/stream`) and `sla` (`contract/service level`). Money is per month of 30.436875 days of the
contract's time after the warm-up, unless the name says total. What they are made of: `sim.contracts.kpis`.
"""

from typing import Final

import numpy as np

from sim.kpi.kpis import MONEY, Group, kpi, ratio
from sim.network import Float64Array, Network

MONTH_MS: Final = 2_629_746_000.0
CONTRACT_SCOPES: Final = frozenset({"contract", "contracts"})
SLA_SCOPES: Final = CONTRACT_SCOPES | {"sla"}


def _has_contracts(network: Network) -> bool:
    return bool(network.contracts)


def _per_month(of: Group, money: Float64Array) -> Float64Array:
    return ratio(money, of("measured_ms") / MONTH_MS)


# --- the supplier -----------------------------------------------------------------------------------------------------
@kpi(MONEY, CONTRACT_SCOPES | {"contract_stream"}, _has_contracts)
def contract_revenue(of: Group) -> Float64Array:
    """What contracts charge per month, bonuses included and credits taken off, before penalties."""
    return _per_month(of, of("revenue"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def goods_cost(of: Group) -> Float64Array:
    """Cost per month of the goods that became the customer's."""
    return _per_month(of, of("goods"))


@kpi("share", CONTRACT_SCOPES, _has_contracts)
def goods_share(of: Group) -> Float64Array:
    """That cost / revenue."""
    return ratio(of("goods"), of("revenue"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def shrinkage_cost(of: Group) -> Float64Array:
    """Cost per month of the supplier's goods that leaked, expired or were rejected."""
    return _per_month(of, of("shrinkage"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def service_cost(of: Group) -> Float64Array:
    """Staff and systems, devices, visits and emergencies, per month."""
    return _per_month(of, of("service"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def penalties(of: Group) -> Float64Array:
    """Penalties of service levels per month."""
    return _per_month(of, of("penalties"))


def _margin(of: Group) -> Float64Array:
    return of("revenue") - of("goods") - of("shrinkage") - of("service") - of("penalties")


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def gross_margin(of: Group) -> Float64Array:
    """Revenue - cost of goods - shrinkage - service - penalties, per month."""
    return _per_month(of, _margin(of))


@kpi("share", CONTRACT_SCOPES, _has_contracts)
def gross_margin_share(of: Group) -> Float64Array:
    """That margin / revenue."""
    return ratio(_margin(of), of("revenue"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def financing_cost(of: Group) -> Float64Array:
    """Cost per month of the capital tied up, at the contract's rate."""
    return _per_month(of, of("financing"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def margin_after_financing(of: Group) -> Float64Array:
    """The gross margin less that cost, per month."""
    return _per_month(of, _margin(of) - of("financing"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def capital_tied_up(of: Group) -> Float64Array:
    """The supplier's stock at the customer, what is unbilled and what is not paid, time mean."""
    return ratio(of("capital_money_ms"), of("measured_ms"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def capital_tied_up_p95(of: Group) -> Float64Array:
    """The 95th percentile of the same as each day ends."""
    return of("capital_quantile")


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def arpu(of: Group) -> Float64Array:
    """Average revenue per user: per customer and month, also of those with several contracts."""
    return ratio(of("revenue"), of("customer_ms") / MONTH_MS)


@kpi("share", CONTRACT_SCOPES, _has_contracts)
def renewal(of: Group) -> Float64Array:
    """Chance that a customer stays for another year, by attainment and savings as the contract assumes, mean."""
    return ratio(of("renewals"), of("contracts"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def lifetime_value_total(of: Group) -> Float64Array:
    """Margin over the years that a customer is expected to stay, discounted, mean per contract."""
    return ratio(of("lifetime_value"), of("contracts"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def customer_base_value_total(of: Group) -> Float64Array:
    """The same, added up over all contracts: what all customers of today are worth."""
    return of("lifetime_value")


@kpi("share", CONTRACT_SCOPES, _has_contracts)
def revenue_growth(of: Group) -> Float64Array:
    """Revenue of the last 365 days measured / that of the 365 days before - 1; only where two years are measured."""
    return ratio(of("revenue_this_year"), of("revenue_year_before")) - 1.0


# --- service levels ---------------------------------------------------------------------------------------------------
@kpi("share", SLA_SCOPES, _has_contracts)
def sla_attainment(of: Group) -> Float64Array:
    """Windows in which service levels held / windows that ended."""
    return ratio(of("windows_kept"), of("windows"))


@kpi("windows", SLA_SCOPES, _has_contracts)
def sla_breaches(of: Group) -> Float64Array:
    """Windows in which a service level did not hold."""
    return np.where(of("windows") > 0, of("windows") - of("windows_kept"), np.nan)


@kpi("share", frozenset({"sla"}), _has_contracts)
def sla_measured(of: Group) -> Float64Array:
    """What the service level measures, over all windows together: availability, fill rate or response in time."""
    return ratio(of("good"), of("counted"))


@kpi(MONEY, SLA_SCOPES, _has_contracts)
def penalty_total(of: Group) -> Float64Array:
    """Penalties of the windows that ended, in all."""
    return np.where(of("windows") > 0, of("penalty_windows"), np.nan)


@kpi("share", SLA_SCOPES, _has_contracts)
def penalty_paid(of: Group) -> Float64Array:
    """Contracts that paid any penalty; its mean over replications is the probability of paying."""
    return np.where(of("windows") > 0, ratio(of("paying"), of("contracts")), np.nan)


# --- the customer -----------------------------------------------------------------------------------------------------
@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def customer_paid(of: Group) -> Float64Array:
    """What the customer is charged per month, penalties taken off."""
    return _per_month(of, of("revenue") - of("penalties"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def customer_stop_cost(of: Group) -> Float64Array:
    """Cost per month of stops of the customer's lines; once, however many contracts it has."""
    return _per_month(of, of("stop_cost"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def stop_cost_saved(of: Group) -> Float64Array:
    """Stops avoided, in money: the agreed baseline's cost of stops less that cost, per month."""
    known = of("baseline_stop_cost") > 0
    return np.where(known, _per_month(of, of("baseline_stop_cost") - of("stop_cost")), np.nan)


@kpi("per year", CONTRACT_SCOPES, _has_contracts)
def stops_avoided_per_year(of: Group) -> Float64Array:
    """Stops avoided: the agreed baseline's number less that of now, per year; only where a number was agreed."""
    return np.where(of("baseline_stops") > 0, of("stops_avoided_per_year"), np.nan)


@kpi("share", CONTRACT_SCOPES, _has_contracts)
def stops_avoided_share(of: Group) -> Float64Array:
    """Stops avoided / the agreed baseline's number."""
    return ratio(of("stops_avoided"), of("baseline_stops"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def customer_stock_value(of: Group) -> Float64Array:
    """The customer's own units at the contract's stock points at cost, time mean."""
    return ratio(of("own_stock_money_ms"), of("measured_ms"))


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def customer_cost(of: Group) -> Float64Array:
    """What the customer pays, loses in stops, and its own stock at the holding rate, per month."""
    return _per_month(of, _customer_cost(of))


def _customer_cost(of: Group) -> Float64Array:
    return of("revenue") - of("penalties") + of("stop_cost") + of("own_stock_cost")


def _baseline(of: Group) -> Float64Array:
    return of("baseline_stop_cost") + of("baseline_goods") + of("baseline_stock_cost")


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def customer_cost_before(of: Group) -> Float64Array:
    """The same by the agreed baseline: stops, the goods it bought, its stock at the holding rate, per month."""
    return np.where(_baseline(of) > 0, _per_month(of, _baseline(of)), np.nan)


@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def customer_benefit(of: Group) -> Float64Array:
    """What the customer gains per month: its cost by the baseline less its cost now."""
    return np.where(_baseline(of) > 0, _per_month(of, _baseline(of) - _customer_cost(of)), np.nan)


# --- disputes ---------------------------------------------------------------------------------------------------------
@kpi(MONEY, CONTRACT_SCOPES, _has_contracts)
def disputed_total(of: Group) -> Float64Array:
    """Difference between what was billed by use and what truly was used, month by month and item by item, in all."""
    return of("disputed")


@kpi("share", CONTRACT_SCOPES, _has_contracts)
def disputed_share(of: Group) -> Float64Array:
    """That difference / what was billed by use."""
    return ratio(of("disputed"), of("billed"))
