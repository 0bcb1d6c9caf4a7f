"""What lies in a device against what the device can hold, measure and limit.

The same questions are asked twice: of the scenario as far as it says in so many words what is stocked where, so that
all findings come at once, and of the finished network, which knows for certain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sim.scenario.base import ItemFilter
from sim.scenario.expand import last_fitting, matching
from sim.scenario.findings import did_you_mean
from sim.scenario.nodes import DeviceNode, Tank, VendingMachine
from sim.scenario.nodes.sensors import Measured, SensorBase
from sim.scenario.nodes.vending_machine import SlotItem
from sim.scenario.scenario import Scenario
from sim.units import Quantity, UnitError, round_half_up


@dataclass(frozen=True)
class Problem:
    """What is wrong, what would be right, and the setting."""

    message: str
    hint: str
    location: tuple[object, ...]


def measured(scenario: Scenario, name: str, weight_g: int | None = None) -> Measured:
    """An item as a sensor sees it; `weight_g` is that of a generated item where it is known."""
    item = scenario.items.get(name)
    if item is not None:
        return Measured(name, item.unit, round_half_up(item.unit_weight_g * 1000))
    if weight_g is None:
        weight_g = 0 if scenario.generator is None or scenario.generator.items.weight is None else 1
    return Measured(name, scenario.item_unit(name), weight_g * 1000)


def chosen(selection: ItemFilter, names: Sequence[str], class_of: Mapping[str, str]) -> list[str]:
    """Those of the items that a selection lets through."""
    found = names if selection.names is None else matching(selection.names, names)
    return [name for name in found if selection.classes is None or class_of[name] in selection.classes]


def covered_by(
    sensors: Sequence[SensorBase], names: Sequence[str], class_of: Mapping[str, str]
) -> dict[str, SensorBase]:
    """For each item that is measured the first sensor that covers it."""
    found: dict[str, SensorBase] = {}
    for sensor in sensors:
        for name in chosen(sensor.items, names, class_of):
            found.setdefault(name, sensor)
    return found


def stock_problems(
    scenario: Scenario, name: str, node: DeviceNode, stocked: Sequence[str], class_of: Mapping[str, str] | None
) -> Iterator[Problem]:
    """What is wrong with a device that holds the items `stocked`.

    Without `class_of` (class A, B or C by item) sensors that are chosen by class are not judged.
    """
    at = ("nodes", name)
    yield from _sensor_problems(scenario, name, node, stocked, class_of)
    if isinstance(node, Tank):
        others = [item for item in stocked if item != node.item]
        if others:
            hint = f"only `{node.item}` is in it: narrow the `items` of policies and demand"
            yield Problem(f"{listed(others)} in a tank of `{node.item}`", hint, at)
    if isinstance(node, VendingMachine):
        slots: dict[str, SlotItem] = last_fitting(node.items, stocked)
        taken = sum(one.slots for one in slots.values())
        if taken > node.slots:
            message = f"the items have {taken} slots together, the machine has {node.slots}"
            yield Problem(message, "give some item fewer slots, or take a larger machine", (*at, "slots"))
        without = [item for item in stocked if item not in slots]
        if without:
            hint = "give it slots under `items`, or narrow the `items` of policies and demand"
            yield Problem(f"{listed(without)} without a slot in the vending machine", hint, (*at, "items"))
        for item in stocked:
            unit = scenario.item_unit(item)
            if unit.name != "each":
                hint = "stock it on a shelf, or in a tank"
                yield Problem(f"a vending machine gives out pieces; `{item}` is counted in {unit}", hint, at)
    yield from _absent(node.items, stocked, *at, "items")
    yield from _level_problems(scenario, node, stocked, at)


def _level_problems(
    scenario: Scenario, node: DeviceNode, stocked: Sequence[str], at: tuple[object, ...]
) -> Iterator[Problem]:
    limits = node.people.limit if node.people is not None else {}
    for values, where in ((limits, ("people", "limit")), (node.low_level, ("low_level",))):
        yield from _absent(values, stocked, *at, *where)
        for item, value in last_fitting(values, stocked).items():
            if isinstance(value, Quantity):
                try:
                    scenario.item_unit(item).whole_units(value)
                except UnitError as error:
                    yield Problem(f"item `{item}`: {error.message}", error.hint, (*at, *where))


def _absent(patterns: Iterable[str], stocked: Sequence[str], *location: object) -> Iterator[Problem]:
    for pattern in patterns:
        if pattern != "*" and not matching([pattern], stocked):
            hint = did_you_mean(pattern, stocked) or "give it a policy or a demand here, or leave it out"
            yield Problem(f"`{pattern}` is not stocked here", hint, (*location, pattern))


def _sensor_problems(
    scenario: Scenario, name: str, node: DeviceNode, stocked: Sequence[str], class_of: Mapping[str, str] | None
) -> Iterator[Problem]:
    taken: set[str] = set()
    for number, sensor in enumerate(node.sensors):
        if class_of is None and sensor.items.classes is not None:
            return  # what is left to later ones is not known yet
        at = ("nodes", name, "sensors", number)
        fitting = chosen(sensor.items, stocked, class_of or {})
        own = [item for item in fitting if item not in taken]
        kind = str(getattr(sensor, "kind", ""))
        if not fitting:
            hint = f"it holds {listed(stocked)}" if stocked else "nothing is stocked here: add an entry to `policies`"
            yield Problem(f"the {kind} sensor measures nothing that `{name}` holds", hint, at)
        elif not own:
            hint = "the first sensor that covers an item measures it: order them, or narrow their `items`"
            yield Problem(f"earlier sensors measure everything that the {kind} sensor covers", hint, at)
        problems = (sensor.problem(measured(scenario, item)) for item in own)
        yield from (Problem(*problem, at) for problem in problems if problem is not None)
        taken.update(own)


def listed(names: Sequence[str]) -> str:
    """A few names in words."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
