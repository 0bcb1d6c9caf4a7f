"""What serving a contract costs the supplier: staff and devices, visits, emergencies, and capital."""

import itertools
from fractions import Fraction
from typing import Final

import numpy as np

from policies.contracts.charging import differences
from policies.contracts.term import SHIPMENTS
from sim import columns as c
from sim.contract_plan import ContractPlan
from sim.contracts import movements as mv
from sim.contracts.ledger import BOOK_TABLES, CASH, FINANCING, SERVICE, TIED_UP, Journal
from sim.contracts.movements import Movements, RecordColumns
from sim.contracts.periods import MONTH_MS, YEAR_MS, Periods
from sim.network import Int64Array
from sim.record import layouts

_PART_MS: Final = 1 << 20  # products of money and time are added up in two parts, which both fit into 64 bits


def post_service(
    journal: Journal, plan: ContractPlan, periods: Periods, received: Movements, columns: RecordColumns
) -> None:
    """Enter staff and systems, devices, visits and emergencies. What is by the month falls due as a period ends."""
    ends = periods.edges_ms[1:] - 1
    for kind, per_month in (("staff", plan.costs.per_month), ("devices", plan.costs.per_device_month * plan.devices)):
        journal.add(f"{SERVICE}{kind}", CASH, ends, _by_the_month(per_month, plan, periods))
    trips, departed_ms = visits(plan, columns)
    cost = np.full(len(trips), plan.costs.per_visit, np.int64)
    journal.add(f"{SERVICE}visits", CASH, departed_ms, cost, table=BOOK_TABLES.index("trips"), first_row=trips)
    # an emergency that came in several lots is one delivery
    _, first = np.unique(received.row[(received.kind == mv.RECEIVED) & (received.emergency == 1)], return_index=True)
    some = received.where((received.kind == mv.RECEIVED) & (received.emergency == 1)).where(first)
    cost = np.full(len(some), plan.costs.per_emergency, np.int64)
    service = f"{SERVICE}emergencies"
    journal.add(service, CASH, some.time_ms, cost, item=some.item, table=SHIPMENTS, first_row=some.row)


def _by_the_month(per_month: int, plan: ContractPlan, periods: Periods) -> Int64Array:
    """An amount per month for each period: cut months by their share, rounded as a running total."""
    edges = periods.edges_ms
    whole = periods.whole_ms if plan.period_ms == 0 else np.full(len(periods), MONTH_MS, np.int64)
    lengths = zip(np.diff(edges).tolist(), whole.tolist(), strict=True)
    return differences(Fraction(per_month * length_ms, month_ms) for length_ms, month_ms in lengths)


def visits(plan: ContractPlan, columns: RecordColumns) -> tuple[Int64Array, Int64Array]:
    """Trips that departed in the contract's time, once for each site they call at: row of table `trips`, departure.

    A site is a plant with its devices, or a node by itself.
    """
    network = columns.records.network
    nodes = set(network.parameter[plan.points, c.P_NODE].tolist())
    plant_of_node = {}
    for device in network.plant_plan.devices if network.plant_plan is not None else ():
        if device.plant >= 0:
            plant_of_node[int(network.parameter[device.stock_point, c.P_NODE])] = -1 - device.plant
    sites = [len({plant_of_node.get(node, node) for node in route.stop_nodes if node in nodes})
             for route in network.routes]  # fmt: skip
    route, departed_ms = columns(layouts.TRIPS, "route"), columns(layouts.TRIPS, "departed_ms")
    calls = np.array([*sites, 0], np.int64)[route]
    calls = np.where((departed_ms >= plan.from_ms) & (departed_ms < plan.to_ms), calls, 0)
    trips = np.repeat(np.arange(len(route), dtype=np.int64), calls)
    return trips, departed_ms[trips]


def post_financing(journal: Journal, plan: ContractPlan, periods: Periods) -> None:
    """Enter what the capital tied up in the contract costs: rate x time-weighted balance, as each period ends."""
    time_ms, balance = journal.balance(*TIED_UP)
    edges = periods.edges_ms.tolist()
    money_ms = (money_time(time_ms, balance, *period) for period in itertools.pairwise(edges))
    due = differences(plan.financing_per_year * one / YEAR_MS for one in money_ms)
    journal.add(FINANCING, CASH, periods.edges_ms[1:] - 1, due)


def money_time(time_ms: Int64Array, balance: Int64Array, from_ms: int, to_ms: int) -> int:
    """Exact integral, in minor units x ms, of a balance that changes at instants, over [from, to)."""
    until = np.clip(np.append(time_ms[1:], to_ms), from_ms, to_ms)
    lasting = np.maximum(until - np.clip(time_ms, from_ms, to_ms), 0)
    high, low = np.divmod(lasting, _PART_MS)
    return int((balance * high).sum()) * _PART_MS + int((balance * low).sum())
