"""Small networks with plants and devices, written in a few lines: a `Draft` and what stands at some of its nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sim import columns as c
from sim import plant_plan as pp
from sim.network import Int64Array, Network
from tests.reference_inputs import Draft, constant, int64, small_network

Key = tuple[int, int]  # node, item


@dataclass(frozen=True)
class PlantDraft:
    """Plants and devices beside a `Draft`; stock points are given as (node, item)."""

    draft: Draft
    devices: Mapping[Key, Mapping[str, Any]]  # fields of a DevicePoint; plant 0 if there is one
    plants: Sequence[pp.Plant] = ()
    gateways: Sequence[pp.Gateway] = ()
    counts: Mapping[int, Sequence[int]] = field(default_factory=dict)  # node: instants
    counting_routes: frozenset[int] = frozenset()
    calendars: Sequence[Int64Array] = ()

    def row(self, node: int, item: int) -> int:
        return self.draft.row(node, item)

    @property
    def plan(self) -> pp.PlantPlan:
        """As the engine has it; the plants' uses already name rows."""
        plant = {"plant": 0 if self.plants else -1}
        points = [
            pp.DevicePoint(stock_point=self.row(*key), **{**plant, **fields}) for key, fields in self.devices.items()
        ]
        return pp.PlantPlan(
            plants=tuple(self.plants),
            devices=tuple(sorted(points, key=lambda point: point.stock_point)),
            gateways=tuple(self.gateways),
            counts=tuple(pp.Count(node, int64(sorted(at))) for node, at in sorted(self.counts.items())),
            counting_routes=self.counting_routes,
            calendars=tuple(self.calendars),
        )

    @property
    def network(self) -> Network:
        """The network with its plan, and the stock points marked that devices hold."""
        plan, network = self.plan, small_network(self.draft)
        parameter = network.parameter.copy()
        for point in plan.devices:
            inspected = c.SP_INSPECTED if point.inspection is not None else 0
            parameter[point.stock_point, c.P_FLAGS] |= c.SP_DEVICE | inspected
        return replace(network, parameter=parameter, plant_plan=plan)


def use(draft: Draft, item: int, *nodes: int, every_ms: int = 0, quantity: int = 1, **changes: Any) -> pp.Use:
    """So many units of an item every so many running ms, looked for at these nodes in turn."""
    points = tuple(draft.row(node, item) for node in nodes)
    plain = pp.Use(item, pp.USE_EVERY, quantity, points, interval=constant(every_ms))
    return replace(plain, **changes)


def one_machine(node: int, *uses: pp.Use, machine: Mapping[str, Any] | None = None, **plant: Any) -> pp.Plant:
    """A plant with one line of one machine, round the clock, and two people of whom the second sees to machines."""
    only = pp.Machine("machine", tuple(uses), **(machine or {}))
    plain = pp.Plant(node, (pp.Line("line", (only,)),), people=(("all", 2),), maintenance=(1, 1))
    return replace(plain, **plant)
