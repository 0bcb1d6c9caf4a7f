"""Plants as the plain data of `sim.plant_plan`, and the demand that their machines amount to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sim import plant_plan as plan
from sim.build.demand import DemandPlan
from sim.build.devices import counting_routes, counts, device_points, milli_units_per_hour, plant_gateways
from sim.build.items import ItemColumns
from sim.build.lanes import NodeNumbers
from sim.build.stock_points import StockPointGrid
from sim.build.working_times import WorkingTimes, working_times
from sim.network import Int64Array
from sim.scenario.machines import Machine, Use, Wear
from sim.scenario.nodes import NodeBase, Plant
from sim.scenario.reach import Reach
from sim.scenario.scenario import Scenario
from sim.units import PHYSICAL_UNITS, ItemUnit

KINDS: Final = {"every": plan.USE_EVERY, "wear": plan.USE_WEAR, "flow": plan.USE_FLOW}
MISSING: Final = {"stop": plan.MISSING_STOP, "run_on": plan.MISSING_RUN_ON, "wait": plan.MISSING_WAIT}


@dataclass
class PlantsBuilder:
    """Builds the plants of a scenario, in the order of their nodes' numbers.

    Machines by the hundred use the same items from the same shelves, so where they look is worked out once for each.
    """

    scenario: Scenario
    nodes: NodeNumbers
    working: WorkingTimes
    reach: Reach
    item_number: Mapping[str, int]
    looked_up: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, nodes: NodeNumbers) -> "PlantsBuilder":
        """The builder of a scenario's plants."""
        numbers = {name: number for number, name in enumerate(scenario.item_names)}
        return cls(scenario, nodes, working_times(scenario), Reach(nodes.pairs), numbers)

    def plants(self) -> Iterator[tuple[int, str, Plant]]:
        """Number, name and settings of each plant's node, by number."""
        for number, name in enumerate(self.nodes.names):
            node = self.scenario.node(name)
            if isinstance(node, Plant):
                yield number, name, node

    def places(self, item: str, use: Use) -> tuple[int, ...]:
        """Numbers of the nodes where a machine looks for an item, in its order; the home is the first."""
        key = (item, use.from_)
        if key not in self.looked_up:
            names = self.reach.nodes_with(item, use.from_, self.scenario.nodes)
            self.looked_up[key] = tuple(self.nodes.number[name] for name in names)
        return self.looked_up[key]

    # --- demand ----------------------------------------------------------------------------------------------------

    def add_machine_use(self, demand: DemandPlan) -> None:
        """Add what machines use on average to the demand at their homes, and want the items wherever they look."""
        for _, name, plant in self.plants():
            working_ms_per_day = self.working.of_plant[name].per_day_ms
            for line in plant.lines.values():
                for machine in line.machines.values():
                    for item, use in machine.uses.items():
                        number, places = self.item_number[item], self.places(item, use)
                        per_ms = units_per_running_ms(self.scenario.item_unit(item), use, plant, machine)
                        demand.per_day[places[0], number] += per_ms * working_ms_per_day
                        demand.wanted[places, number] = True

    # --- plan ------------------------------------------------------------------------------------------------------

    def person_groups(self) -> dict[str, dict[str, tuple[int, int]]]:
        """For each plant its groups, in their order, as first person over all plants and number of persons."""
        groups: dict[str, dict[str, tuple[int, int]]] = {}
        first = 0
        for _, name, plant in self.plants():
            groups[name] = {}
            for group, number in plant.people.items():
                groups[name][group] = (first, number)
                first += number
        return groups

    def plant_plans(self, grid: StockPointGrid) -> tuple[plan.Plant, ...]:
        """Every plant with its lines, machines and uses."""
        groups = self.person_groups()
        return tuple(self._plant(number, name, plant, groups[name], grid) for number, name, plant in self.plants())

    def _plant(
        self, number: int, name: str, plant: Plant, groups: Mapping[str, tuple[int, int]], grid: StockPointGrid
    ) -> plan.Plant:
        working = self.working.of_plant[name]
        return plan.Plant(
            node=number,
            lines=tuple(
                plan.Line(
                    name=line_name,
                    machines=tuple(
                        self._machine(machine_name, machine, grid) for machine_name, machine in line.machines.items()
                    ),
                    stop_cost_per_hour=self.scenario.minor(
                        plant.stop_cost_per_hour if line.stop_cost_per_hour is None else line.stop_cost_per_hour
                    ),
                    work_order_ms=plant.work_order,
                )
                for line_name, line in plant.lines.items()
            ),
            working=working.calendar,
            shift_starts_ms=working.shift_starts_ms,
            people=tuple(plant.people.items()),
            maintenance=_maintenance(plant, groups),
            crews=plant.crews,
            mean_c=plant.climate.mean,
            swing_c=plant.climate.swing,
            warmest_day=float(plant.climate.warmest),
        )

    def _machine(self, name: str, machine: Machine, grid: StockPointGrid) -> plan.Machine:
        failures = machine.failures
        return plan.Machine(
            name=name,
            uses=tuple(self._use(item, use, machine, grid) for item, use in machine.uses.items()),
            failures_per_ms=0.0 if failures is None or failures.every is None else 1.0 / failures.every,
            repair=None if failures is None else failures.repair.for_engine(),
        )

    def _use(self, item: str, use: Use, machine: Machine, grid: StockPointGrid) -> plan.Use:
        unit, number = self.scenario.item_unit(item), self.item_number[item]
        wear = _wear_settings(use.wear) if use.wear is not None else {}
        return plan.Use(
            item=number,
            kind=KINDS[use.kind],
            quantity=unit.whole_units(use.amount),
            points=tuple(grid.row[list(self.places(item, use)), number].tolist()),
            missing=MISSING[use.missing],
            at_empty=use.at_empty,
            failure_factor=use.failure_factor or 1.0,
            interval=None if use.every is None else use.every.for_engine(),
            offset_c=machine.warmer_by,
            rate_milli=0 if use.flow is None else milli_units_per_hour(use.flow, unit),
            **wear,
        )


def uses_of(node: NodeBase) -> Iterator[tuple[str, str, str, Use]]:
    """Line, machine, item and use of everything that the machines of a plant use; nothing for other nodes."""
    if isinstance(node, Plant):
        for line_name, line in node.lines.items():
            for machine_name, machine in line.machines.items():
                for item, use in machine.uses.items():
                    yield line_name, machine_name, item, use


def _wear_settings(wear: Wear) -> dict[str, Any]:
    settings: dict[str, Any] = {"shape": wear.shape, "scale_ms": wear.scale_ms}
    if wear.temperature is None:
        return settings
    if wear.temperature.q10 is not None:
        settings |= {"temperature": plan.TEMPERATURE_Q10, "temperature_a": wear.temperature.q10}
    else:
        settings |= {"temperature": plan.TEMPERATURE_ARRHENIUS, "temperature_a": wear.temperature.arrhenius or 0.0}
    return settings | {"reference_c": wear.temperature.at}


def _maintenance(plant: Plant, groups: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """First person and number of those who see to machines: the group that is named, else everybody."""
    if plant.maintenance is not None:
        return groups[plant.maintenance]
    spans = list(groups.values())
    return (spans[0][0], sum(number for _, number in spans)) if spans else (0, 0)


def units_per_running_ms(unit: ItemUnit, use: Use, plant: Plant, machine: Machine) -> float:
    """What a use takes on average, in integer units per ms of running time, at the machine's mean temperature.

    One use per mean interval or life: the rate of a renewal process in the long run.
    """
    if use.flow is not None:
        return float(use.flow.per_ms * PHYSICAL_UNITS[use.flow.unit][1] / unit.size)
    quantity = unit.whole_units(use.amount)
    if use.every is not None:
        return quantity / max(use.every.mean_ms, 1.0)
    assert use.wear is not None
    ageing = use.wear.temperature
    faster = 1.0 if ageing is None else ageing.acceleration(plant.climate.mean + machine.warmer_by)
    return quantity * faster / max(use.wear.mean_ms, 1.0)


def plant_plan(
    builder: PlantsBuilder, items: ItemColumns, classes: Int64Array, grid: StockPointGrid
) -> plan.PlantPlan | None:
    """All plants and devices of a scenario; None when it has neither.

    Raises ScenarioError for what is stocked in a device that cannot hold or measure it.
    """
    scenario, nodes = builder.scenario, builder.nodes
    if not scenario.has_plants:
        return None
    groups = builder.person_groups()
    rows = {name: row for row, name in enumerate(groups)}
    return plan.PlantPlan(
        plants=builder.plant_plans(grid),
        devices=device_points(scenario, nodes, items, classes, grid, rows, groups),
        gateways=plant_gateways(scenario, rows),
        counts=counts(scenario, nodes),
        counting_routes=counting_routes(scenario),
        calendars=builder.working.calendars,
    )
