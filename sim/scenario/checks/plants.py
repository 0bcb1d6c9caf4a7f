"""Checks of plants: shifts that do not overlap, groups that exist, and machines that can get what they use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sim.scenario.checks.context import WITHOUT_STOCK, Context
from sim.scenario.checks.names import texts
from sim.scenario.checks.quantities import check_units
from sim.scenario.expand import is_pattern, lane_pairs, matching
from sim.scenario.findings import did_you_mean
from sim.scenario.machines import Machine, Use
from sim.scenario.nodes import Plant
from sim.scenario.reach import Reach
from sim.scenario.shifts import PlantShift, overlapping
from sim.units import PHYSICAL_UNITS

_MOST_HINTS = 20


def _plants(context: Context) -> Iterator[tuple[str, Plant]]:
    """The plants, less their faulty parts."""
    for name, node in context.scenario.nodes.items():
        if isinstance(node, Plant):
            yield name, node


def _machines(plant: Plant) -> Iterator[tuple[tuple[str, ...], Machine]]:
    for line_name, line in plant.lines.items():
        for name, machine in line.machines.items():
            yield ("lines", line_name, "machines", name), machine


def check_shifts(context: Context) -> None:
    """Shifts of a plant follow each other."""
    for name, plant in _plants(context):
        for later, earlier, day in overlapping(plant.shifts):
            one, other = _called(plant.shifts, later), _called(plant.shifts, earlier)
            context.add(
                f"{one} overlaps {other} on {day}", "let shifts follow each other", "nodes", name, "shifts", later
            )


def _called(shifts: Sequence[PlantShift], position: int) -> str:
    return f"shift `{shifts[position].name}`" if shifts[position].name else f"shift {position + 1}"


def check_maintenance(context: Context) -> None:
    """Those who see to machines are people of the plant."""
    for name, plant in _plants(context):
        groups = texts(context.written("nodes", name, "people"))
        if plant.maintenance is not None and plant.maintenance not in groups:
            hint = did_you_mean(plant.maintenance, groups) or "name the plant's groups under `people`"
            context.add(f"there is no group `{plant.maintenance}`", hint, "nodes", name, "maintenance")


def check_machine_uses(context: Context) -> None:
    """What machines use fits the item's unit, and what happens without it is possible."""
    for name, plant in _plants(context):
        has_shifts = bool(context.written("nodes", name, "shifts"))
        for at, machine in _machines(plant):
            for item, use in machine.uses.items():
                place = ("nodes", name, *at, "uses", item)
                if use.missing == "wait" and not has_shifts:
                    hint = "give the plant `shifts`, or write `missing: stop`"
                    context.add("there is no end of working hours to wait for", hint, *place, "missing")
                never_fails = machine.failures is None or machine.failures.every is None
                if use.missing == "run_on" and never_fails and not _faulty(context, name, at):
                    hint = "give the machine `failures: {every: 400 h, repair: 2 h}`"
                    context.add("it never fails, so running on costs nothing", hint, *place, "failure_factor")
                _check_amounts(context, use, item, *place)


def _faulty(context: Context, plant: str, at: tuple[str, ...]) -> bool:
    """Whether the machine's failures are written but were left out as faulty."""
    return "nodes" in context.broken and context.written("nodes", plant, *at, "failures") is not None


def _check_amounts(context: Context, use: Use, item: str, *location: object) -> None:
    if item not in context.scenario.item_names:
        return  # reported with the names, or left out
    unit = context.scenario.item_unit(item)
    key = "quantity" if use.flow is None else "step"
    if use.amount.amount == 0:
        context.add(f"the {key} is zero", "give more than 0", *location, key)
        return
    check_units(context, use.amount, {unit: item}, *location, key)
    if use.flow is not None and PHYSICAL_UNITS[use.flow.unit][0] != PHYSICAL_UNITS[unit.name][0]:
        counted = "pieces" if use.flow.unit == "each" else use.flow.unit
        example = "2 /h" if unit.name == "each" else f"0.8 {unit.name} /h"
        message = f"item `{item}` is counted in {unit}, the flow in {counted}"
        context.add(message, f"write `{example}`", *location, "flow")


def check_where_from(context: Context) -> None:
    """Machines use items that exist, from nodes that hold stock and can get the item.

    It looks at what stands in the file, so that another fault in a use hides no name.
    """
    supply = _Supply(context)
    for name in context.nodes:
        if context.is_plant(name):
            for line_at, _ in context.entries("nodes", name, "lines"):
                for machine_at, _ in context.entries(*line_at, "machines"):
                    for at, use in context.entries(*machine_at, "uses"):
                        item = str(at[-1])
                        known = supply.check_item(item, *at)
                        for pattern in texts(use.get("from")):
                            supply.check_from(pattern, item if known else None, "flow" in use, *at)


@dataclass
class _Supply:
    """Who holds stock, and which items lanes bring there."""

    context: Context
    hints: dict[str, str] = field(default_factory=dict)
    fitting: dict[str, list[str]] = field(default_factory=dict)

    @cached_property
    def items(self) -> frozenset[str]:
        return frozenset(self.context.items)

    @cached_property
    def lanes_known(self) -> bool:
        """Whether no lane was left out as faulty, nor a node at an end of one."""
        return "lanes" not in self.context.broken and len(self.context.scenario.nodes) == len(self.context.nodes)

    @cached_property
    def reach(self) -> Reach:
        try:
            return Reach(lane_pairs(self.context.scenario))
        except ValueError:
            return Reach(())  # a malformed range, reported with the names

    def check_item(self, item: str, *location: object) -> bool:
        """Whether there is such an item; if not, it is noted."""
        if item in self.items:
            return True
        if self.context.items_known:
            hint = self._hint(item, self.context.items)
            self.context.add_as_written(f"there is no item `{item}`", hint, *location)
        return False

    def check_from(self, pattern: str, item: str | None, flow: bool, *location: object) -> None:
        """Note what is wrong with one entry of `from`."""
        context, at = self.context, (*location, "from")
        nodes = self._nodes(pattern, *at)
        holding = [name for name in nodes if context.kinds[name] not in WITHOUT_STOCK]
        if nodes and not holding:
            hint = "name shelves, vending machines, tanks, stores or warehouses"
            context.add_as_written(f"`{pattern}` holds no stock", hint, *at)
        if not holding:
            return
        if flow and any(context.kinds[name] != "tank" for name in holding):
            odd = next(name for name in holding if context.kinds[name] != "tank")
            context.add_as_written(f"`{odd}` is no tank", "a flow comes out of a node of `kind: tank`", *at)
        elif item is not None and self.lanes_known and not any(self.reach.brings(name, item) for name in holding):
            message = f"no lane brings `{item}` to `{pattern}`"
            context.add_as_written(message, "add a lane, widen the `items` of one, or name another node", *at)

    def _nodes(self, pattern: str, *location: object) -> list[str]:
        if pattern in self.context.kinds:
            return [pattern]
        if pattern not in self.fitting:
            try:
                self.fitting[pattern] = matching([pattern], self.context.nodes)
            except ValueError as error:
                self.context.add_as_written(str(error), "write a range as {01..60}", *location)
                return []
        if not self.fitting[pattern]:
            if is_pattern(pattern):
                self.context.add_as_written(f"no node fits the pattern `{pattern}`", "", *location)
            else:
                hint = self._hint(pattern, self.context.nodes)
                self.context.add_as_written(f"there is no node `{pattern}`", hint, *location)
        return self.fitting[pattern]

    def _hint(self, name: str, known: Sequence[str]) -> str:
        # the nearest of thousands takes its time, and whoever writes the same mistake 200 times needs one hint
        if name not in self.hints:
            self.hints[name] = did_you_mean(name, known) if len(self.hints) < _MOST_HINTS else ""
        return self.hints[name]
