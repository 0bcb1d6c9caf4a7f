"""What contracts cover: nodes, stock points, lines of plants, and the hours that count. Worked out once for many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim import columns as c
from sim.build.lanes import item_filter
from sim.network import Int64Array, Network
from sim.scenario.contracts import Contract
from sim.scenario.expand import matching
from sim.scenario.nodes import DeviceNode, Plant
from sim.scenario.scenario import Scenario
from sim.scenario.shifts import Interval, PlantShift, shift_intervals, without, working_intervals


@dataclass(frozen=True)
class Coverage:
    """The nodes of a network as contracts speak of them."""

    scenario: Scenario
    network: Network

    @cached_property
    def _number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.network.node_names)}

    @cached_property
    def _devices_at(self) -> dict[str, list[str]]:
        """Names of the devices at each plant, in the network's order."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.network.node_names:
            node = self.scenario.node(name)
            if isinstance(node, DeviceNode) and node.at is not None:
                found[node.at].append(name)
        return dict(found)

    @cached_property
    def _working(self) -> dict[object, tuple[Interval, ...]]:
        return {}

    def nodes(self, contract: Contract) -> list[str]:
        """Names of the nodes that a contract covers: those it names, else the devices at the customer's plant."""
        if contract.nodes is None:
            return self._devices_at.get(contract.customer, [])
        names = matching(contract.nodes, self.network.node_names)
        return [name for name in names if self.scenario.holds_stock(name)]

    def points(self, contract: Contract, nodes: Iterable[str]) -> Int64Array:
        """Stock points of the contract's items at these nodes, ascending."""
        items = item_filter(contract.items, self.network.item_names, self.network.item_class)
        first = self.network.node_first_stock_point
        rows = [np.arange(first[number], first[number + 1]) for number in sorted(map(self._number.__getitem__, nodes))]
        at_nodes = np.concatenate([np.zeros(0, np.int64), *rows])
        points: Int64Array = at_nodes[items[self.network.parameter[at_nodes, c.P_ITEM]]]
        return points

    def devices(self, nodes: Iterable[str]) -> list[DeviceNode]:
        """The devices among nodes."""
        return [node for name in nodes if isinstance(node := self.scenario.node(name), DeviceNode)]

    def sites(self, nodes: Iterable[str]) -> int:
        """Number of places that these nodes are at: plants, and each node that stands in none."""
        homes = [getattr(self.scenario.node(name), "at", None) for name in nodes]
        return len(set(homes) - {None}) + homes.count(None)

    def lines(self, contract: Contract, devices: Iterable[DeviceNode]) -> tuple[str, ...]:
        """Names plant/line of all lines of the customer, and of the plants at which these devices stand."""
        plants = {contract.customer} | {device.at for device in devices if device.at is not None}
        names = sorted(plants & self._number.keys(), key=self._number.__getitem__)
        settings = [(name, self.scenario.node(name)) for name in names]
        return tuple(f"{name}/{line}" for name, plant in settings if isinstance(plant, Plant) for line in plant.lines)

    def hours(self, name: str) -> tuple[Interval, ...]:
        """When a plant works, or demand with a profile is in its shifts, over the run: disjoint, ascending."""
        start, horizon = self.scenario.start, self.scenario.horizon
        plant = self.scenario.nodes.get(name)
        key = (plant.shifts, plant.closed) if isinstance(plant, Plant) else name
        if key not in self._working:
            if isinstance(plant, Plant):
                intervals = working_intervals(plant.shifts, plant.closed, start, horizon)
            else:
                intervals = without(shift_intervals(self._shifts(name), (), start, horizon), ())
            self._working[key] = tuple(intervals)
        return self._working[key]

    def _shifts(self, profile: str) -> list[PlantShift]:
        return [
            PlantShift.model_construct(days=shift.days, from_=shift.from_, to=shift.to)
            for shift in self.scenario.profiles[profile].shifts
            if shift.inside > shift.outside
        ]
