"""Long runs for comparison with theory: many independent copies of one small system in one replication.

Every item is a copy of its own, with its own random streams, so a run gives as many independent samples as it has
items, and thousands of replications cost hardly more than one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim import columns as c
from sim.network import Float64Array, Network
from sim.record.records import Records
from sim.verify.samples import MeanEstimate, mean_estimate, ratio_estimate


class Copies:
    """What the copies of one stock point gave: rows `first` to `first + copies - 1` of a replication's records."""

    def __init__(self, records: Records, first: int, copies: int) -> None:
        rows = slice(first, first + copies)
        self._total = records.summary.total[rows].astype(np.float64)
        measured_ms = records.network.horizon_ms - records.network.warm_up_ms
        self._level = records.summary.area[rows] / measured_ms

    def total(self, column: int) -> Float64Array:
        """A counter (T_*), one sample per copy."""
        return self._total[:, column]

    def level(self, column: int) -> Float64Array:
        """A time mean (A_*), one sample per copy."""
        return self._level[:, column]

    @property
    def fill_rate(self) -> MeanEstimate:
        """Units given at once / units demanded."""
        return ratio_estimate(self.total(c.T_UNITS_AT_ONCE), self.total(c.T_DEMAND_UNITS))

    @property
    def lost_share(self) -> MeanEstimate:
        """Units lost / units demanded."""
        return ratio_estimate(self.total(c.T_UNITS_LOST), self.total(c.T_DEMAND_UNITS))

    @property
    def backorders(self) -> MeanEstimate:
        """Units owed to customers."""
        return mean_estimate(self.level(c.A_WAITING_CUSTOMERS))

    @property
    def owed_to_stores(self) -> MeanEstimate:
        """Units owed to downstream stock points."""
        return mean_estimate(self.level(c.A_WAITING_ORDERS))

    @property
    def on_hand(self) -> MeanEstimate:
        """Units in stock."""
        return mean_estimate(self.level(c.A_ON_HAND))

    @property
    def ready_rate(self) -> MeanEstimate:
        """Share of the time with something in stock."""
        return mean_estimate(self.level(c.A_READY))

    @property
    def position(self) -> MeanEstimate:
        """Inventory position: on hand + on order - owed."""
        return mean_estimate(self.level(c.A_ON_HAND) + self.level(c.A_ON_ORDER) - self.level(c.A_WAITING_CUSTOMERS))


@dataclass(frozen=True)
class Group:
    """Copies of one system: items `<name>-0000`, `<name>-0001`, ...

    Attributes:
        name: of the group; part of the items' names and so of their random streams.
        demand: what customers want: node -> the kind of demand, as in a scenario (`{"poisson": {"rate": "1 /d"}}`).
        policies: who stocks it: node -> replenishment policy.
    """

    name: str
    demand: Mapping[str, Mapping[str, Any]]
    policies: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Design:
    """A scenario of several groups of copies in one network.

    Attributes:
        nodes, lanes, extra: sections of a scenario; the nodes' order is the order of stock points.
        groups: what is copied. copies: how often.
        days, warm_up_days: measured time, and the time before it.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    lanes: Sequence[Mapping[str, Any]]
    groups: Sequence[Group]
    copies: int
    days: int
    warm_up_days: int = 100
    extra: Mapping[str, Any] = field(default_factory=dict)

    def scenario(self) -> dict[str, Any]:
        """The scenario in plain data, as `load_scenario` takes it."""
        names = [f"{group.name}-{copy:04d}" for group in self.groups for copy in range(self.copies)]
        return {
            "name": "verification",
            "start": "2026-01-05",
            "horizon": f"{self.warm_up_days + self.days} d",
            "warm_up": f"{self.warm_up_days} d",
            "items": {name: {"unit": "each", "cost": "1 USD"} for name in names},
            "nodes": {name: dict(node) for name, node in self.nodes.items()},
            "lanes": [dict(lane) for lane in self.lanes],
            "demand": [
                {"node": node, "item": f"{group.name}-*", "delivery": "partial", **demand}
                for group in self.groups
                for node, demand in group.demand.items()
            ],
            "policies": [
                {"nodes": node, "items": f"{group.name}-*", "policy": dict(policy)}
                for group in self.groups
                for node, policy in group.policies.items()
            ],
            **self.extra,
        }

    def network(self) -> Network:
        """The scenario as arrays."""
        from sim.build.network_builder import build_network
        from sim.scenario import load_scenario

        return build_network(load_scenario(self.scenario()))

    def copies_of(self, records: Records, group: str, node: str) -> Copies:
        """The samples of a group's stock points at a node."""
        return Copies(records, records.network.stock_point(node, f"{group}-0000"), self.copies)


def one_store(groups: Sequence[Group], copies: int, lead_time: object, days: int, warm_up_days: int = 100) -> Design:
    """A store and a supplier that is never short; groups speak of the node `store`."""
    nodes: dict[str, dict[str, Any]] = {
        "store": {"kind": "store"},
        "maker": {"kind": "supplier", "lead_time": lead_time},
    }
    return Design(nodes, [{"from": "maker", "to": "store"}], groups, copies, days, warm_up_days)
