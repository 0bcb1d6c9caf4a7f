"""Checks of devices and gateways: names that lead somewhere, slots that fit, sensors that have something to measure."""

from collections.abc import Iterator
from typing import Any

from policies.units import Quantity
from sim.scenario.checks.context import Context
from sim.scenario.checks.names import check_name, check_names, names_in_filter, texts
from sim.scenario.device_stock import listed, stock_problems
from sim.scenario.expand import lane_pairs, matching
from sim.scenario.findings import did_you_mean
from sim.scenario.machines import Use
from sim.scenario.nodes import DeviceNode, Plant, Tank, VendingMachine
from sim.scenario.reach import Reach
from sim.units import PHYSICAL_UNITS, ItemUnit, Rate, UnitError

DEVICE_KINDS = ("shelf", "vending_machine", "tank")


def _devices(context: Context) -> Iterator[tuple[tuple[object, ...], dict[str, Any]]]:
    """Devices as they stand in the file, each with its location."""
    for at, node in context.entries("nodes"):
        if node.get("kind") in DEVICE_KINDS:
            yield at, node


def _plants(context: Context) -> list[str]:
    return [name for name in context.nodes if context.is_plant(name)]


# --- names ----------------------------------------------------------------------------------------------------------


def check_device_names(context: Context) -> None:
    """Devices stand in plants, report to gateways, and speak of items and groups of people that exist."""
    plants, gateways = _plants(context), context.names("gateways")
    for at, node in _devices(context):
        _check_plant(context, node.get("at"), plants, *at, "at")
        check_name(context, "gateway", node.get("gateway"), gateways, *at, "gateway")
        written = node.get("people")
        people: dict[str, Any] = written if isinstance(written, dict) else {}
        if node.get("at") in plants:
            _check_groups(context, people.get("by"), node["at"], *at, "people", "by")
        if not context.items_known:
            continue
        for patterns, where in (
            (node.get("items"), ("items",)),
            (people.get("limit"), ("people", "limit")),
            (node.get("low_level"), ("low_level",)),
        ):
            if isinstance(patterns, dict):
                for pattern in texts(patterns):
                    check_names(context, "item", [pattern], context.items, *at, *where, pattern)
        for sensor_at, sensor in context.entries(*at, "sensors"):
            check_names(context, "item", names_in_filter(sensor.get("items")), context.items, *sensor_at, "items")
        check_name(context, "item", node.get("item"), context.items, *at, "item")


def check_gateway_names(context: Context) -> None:
    """Gateways stand in plants."""
    plants = _plants(context)
    for at, gateway in context.entries("gateways"):
        _check_plant(context, gateway.get("at"), plants, *at, "at")


def _check_plant(context: Context, name: Any, plants: list[str], *location: object) -> None:
    if not isinstance(name, str) or name in plants:
        return
    if name in context.nodes:
        hint = did_you_mean(name, plants) if plants else "add a node `{kind: plant}`"
        context.add_as_written(f"`{name}` is not a plant", hint, *location)
    else:
        check_name(context, "plant", name, plants, *location)


def _check_groups(context: Context, by: Any, plant: str, *location: object) -> None:
    groups, known = texts(by), texts(context.written("nodes", plant, "people"))
    missing = [group for group in groups if group not in known]
    for group in missing:
        hint = did_you_mean(group, known) or f"name the groups under `people` of `{plant}`"
        context.add_as_written(f"`{plant}` has no people called `{group}`", hint, *location)
    places = sorted({known.index(group) for group in groups if group in known})
    if groups and not missing and places[-1] - places[0] >= len(places):
        between = [group for group in known[places[0] : places[-1]] if group not in groups]
        hint = f"list them one after the other under `people` of `{plant}`, without {listed(between)} in between"
        context.add_as_written(f"the groups {listed(groups)} do not stand next to each other", hint, *location)


# --- what belongs together ------------------------------------------------------------------------------------------


def check_devices(context: Context) -> None:
    """Gateways of the own plant, people of a plant, sensors that suit the device, slots and fluids that fit in."""
    for name, node in context.scenario.nodes.items():
        if isinstance(node, DeviceNode):
            _check_gateway(context, name, node)
            _check_people(context, name, node)
            _check_sensor_kinds(context, name, node)
            if isinstance(node, VendingMachine):
                _check_slots(context, name, node)
            if isinstance(node, Tank):
                _check_tank(context, name, node)


def _check_gateway(context: Context, name: str, node: DeviceNode) -> None:
    gateway = context.scenario.gateways.get(node.gateway or "")
    if gateway is None or gateway.at == node.at or not context.is_plant(gateway.at):
        return
    if node.at is not None and not context.is_plant(node.at):
        return  # reported with the names
    own = f"at `{node.at}`" if node.at is not None else "at no plant"
    message = f"the gateway `{node.gateway}` stands at `{gateway.at}`, `{name}` {own}"
    hint = f"write `at: {gateway.at}`" if node.at is None else "name a gateway of the same plant"
    context.add(message, hint, "nodes", name, "gateway")


def _check_people(context: Context, name: str, node: DeviceNode) -> None:
    people = node.people
    if people is None:
        return
    plant = context.scenario.nodes.get(node.at or "")
    if people.limit and isinstance(plant, Plant) and not plant.shifts:
        hint = f"give `{node.at}` shifts, or leave the limit out"
        context.add(f"a limit per shift, but `{node.at}` has no shifts", hint, "nodes", name, "people", "limit")
    if node.at is None:
        for field in ("by", "unauthorised", "limit"):
            if getattr(people, field):
                hint = "say in which plant it stands, as in `at: plant-1`"
                context.add(
                    f"`{field}` speaks of people, but `{name}` stands in no plant", hint, "nodes", name, "people", field
                )


def _check_sensor_kinds(context: Context, name: str, node: DeviceNode) -> None:
    for number, sensor in enumerate(node.sensors):
        kind = str(getattr(sensor, "kind", ""))
        if kind not in node.sensor_kinds:
            what = str(getattr(node, "kind", "")).replace("_", " ")
            hint = "it can have: " + ", ".join(f"`kind: {one}`" for one in node.sensor_kinds)
            message = f"a {kind} sensor has nothing to measure on a {what}"
            context.add(message, hint, "nodes", name, "sensors", number)


def _check_slots(context: Context, name: str, node: VendingMachine) -> None:
    for item, one in node.items.items():
        if node.slot_capacity is not None and one.capacity > node.slot_capacity:
            message = f"a slot of {one.capacity} pieces is larger than the machine's ({node.slot_capacity})"
            hint = f"write `capacity: {node.slot_capacity}` and give it more slots"
            context.add(message, hint, "nodes", name, "items", item, "capacity")


def _check_tank(context: Context, name: str, node: Tank) -> None:
    scenario = context.scenario
    if node.item not in scenario.item_names:
        return  # reported with the names, or its own entry has a fault
    unit, at = scenario.item_unit(node.item), ("nodes", name)
    _check_quantity(context, node.item, node.capacity, unit, *at, "capacity")
    if node.leak is not None:
        _check_quantity(context, node.item, node.leak.step, unit, *at, "leak", "step")
        _check_leak_rate(context, node.item, node.leak.rate, unit, *at, "leak", "rate")


def _check_quantity(context: Context, item: str, quantity: Quantity, unit: ItemUnit, *location: object) -> None:
    try:
        unit.whole_units(quantity)
    except UnitError as error:
        context.add(f"item `{item}`: {error.message}", error.hint, *location)


def _check_leak_rate(context: Context, item: str, rate: Rate, unit: ItemUnit, *location: object) -> None:
    if PHYSICAL_UNITS[rate.unit][0] != PHYSICAL_UNITS[unit.name][0]:
        found = "pieces" if rate.unit == "each" else rate.unit
        hint = f"write it as in `2 {'' if unit.name == 'each' else unit.name + ' '}/h`"
        context.add(f"item `{item}` is counted in {unit}, the rate in {found}", hint, *location)
    elif rate.per_ms * 3_600_000 * PHYSICAL_UNITS[rate.unit][1] / unit.size * 1000 < 1:
        hint = "a leak as slow as that is none"
        context.add(f"less than a thousandth of {unit} leaks in an hour", hint, *location)


# --- what lies there ------------------------------------------------------------------------------------------------

_STOCKING = frozenset(("items", "items_table", "nodes", "policies", "demand", "lanes", "pools", "generator"))


def check_device_stock(context: Context) -> None:
    """Devices hold what they can hold, and what is said of items is said of those that lie there.

    Where the scenario does not say in so many words what is stocked in a device (tables, traces, classes by value),
    the finished network is asked instead, see `sim.build.devices`.
    """
    scenario = context.scenario
    if _STOCKING & context.broken or scenario.stocking_table or scenario.generator is not None:
        return
    if any(demand.trace is not None for demand in scenario.demand):
        return
    stocked = _stocked(context)
    for name, node in scenario.nodes.items():
        if isinstance(node, DeviceNode) and name in stocked:
            names = [item for item in scenario.item_names if item in stocked[name]]
            for problem in stock_problems(scenario, name, node, names, None):
                context.add(problem.message, problem.hint, *problem.location)


def _stocked(context: Context) -> dict[str, set[str]]:
    """The items with a stock point at each device, as far as the scenario says so; devices in doubt are left out."""
    scenario = context.scenario
    devices = [name for name, node in scenario.nodes.items() if isinstance(node, DeviceNode)]
    found: dict[str, set[str]] = {name: set() for name in devices}
    try:
        for entry in scenario.policies:
            own = matching(entry.nodes, devices)
            if entry.items.classes is not None:
                _forget(found, own)
            elif own and {"policy", "on_hand", "on_order", "owed"} & entry.settings.keys():
                _note(found, own, matching(entry.items.names or ("*",), scenario.item_names))
        for demand in scenario.demand:
            asked = demand.jobs.items if demand.jobs is not None else demand.item or ()
            own = matching(demand.node or (), devices)
            if own:
                _note(found, own, matching(asked, scenario.item_names))
        reach = Reach(lane_pairs(scenario))
        for node in scenario.nodes.values():
            for item, use in _uses_of(node):
                _note(found, reach.nodes_with(item, use.from_, scenario.nodes), [item])
        for lane in scenario.lanes:
            _forget(found, matching(lane.from_, devices))
    except ValueError:
        return {}  # a malformed range, reported with the names
    for pool in scenario.pools.values():
        _forget(found, [emergency.from_ for emergency in pool.emergency])
    return found


def _uses_of(node: object) -> Iterator[tuple[str, Use]]:
    """Item and use of everything that the machines of a plant use; nothing for other nodes."""
    lines = node.lines.values() if isinstance(node, Plant) else ()
    return ((item, use) for line in lines for machine in line.machines.values() for item, use in machine.uses.items())


def _note(found: dict[str, set[str]], nodes: list[str], items: list[str]) -> None:
    for node in nodes:
        if node in found:
            found[node].update(items)


def _forget(found: dict[str, set[str]], nodes: list[str]) -> None:
    for node in nodes:
        found.pop(node, None)


def check_counting_trucks(context: Context) -> None:
    """A driver who counts calls at a device."""
    scenario = context.scenario
    if "nodes" in context.broken:
        return
    for name, truck in scenario.trucks.items():
        stops = [scenario.nodes.get(stop.node) for stop in truck.stops]
        if truck.counts and not any(isinstance(node, DeviceNode) for node in stops):
            hint = "leave `counts` out, or stop at a shelf, vending machine or tank"
            context.add("there is nothing to count at the stops", hint, "trucks", name, "counts")
