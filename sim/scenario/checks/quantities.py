"""Checks of figures that must fit an item's unit and each other."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from policies.replenishment import ReplenishmentPolicy
from sim.scenario.checks.context import Context
from sim.scenario.expand import matching
from sim.scenario.items import EACH
from sim.scenario.nodes import Supplier
from sim.units import PHYSICAL_UNITS, Cover, ItemUnit, Quantity, Rate, UnitError


def units_of(context: Context, patterns: Iterable[str] | None) -> dict[ItemUnit, str]:
    """The units of all items that fit the patterns (None: all), each with the first item that has it."""
    listed = context.scenario.items
    try:
        names: Sequence[str] = list(listed) if patterns is None else matching(patterns, list(listed))
        generated = context.scenario.generator is not None and (
            patterns is None or bool(matching(patterns, context.scenario.generator.items.names()))
        )
    except ValueError:
        return {}
    found: dict[ItemUnit, str] = {}
    for name in names:
        found.setdefault(listed[name].unit, name)
    if generated and context.scenario.generator is not None:
        found.setdefault(EACH, context.scenario.generator.items.names()[0])
    return found


def check_units(context: Context, amount: object, units: dict[ItemUnit, str], *location: object) -> None:
    """Note a finding when a quantity does not fit one of the units."""
    if not isinstance(amount, Quantity):
        return
    for unit, item in units.items():
        try:
            unit.whole_units(amount)
        except UnitError as error:
            context.add(f"item `{item}`: {error.message}", error.hint, *location)
            return


def check_policy_levels(context: Context) -> None:
    """Order-up-to above the reorder point, maximum not below the minimum, lots of at least one."""
    entries: list[tuple[ReplenishmentPolicy | None, tuple[object, ...]]] = [
        (entry.policy, ("policies", index, "policy")) for index, entry in enumerate(context.scenario.policies)
    ]
    if context.scenario.generator is not None:
        stocking = context.scenario.generator.stocking
        entries += [(entry.policy, ("generator", "stocking", index, "policy")) for index, entry in enumerate(stocking)]
    for policy, location in entries:
        if policy is not None:
            _check_levels(context, policy, *location)


def _check_levels(context: Context, policy: ReplenishmentPolicy, *location: object) -> None:
    levels = policy.levels()
    for low, high, strict in policy.ascending:
        if low in levels and high in levels and _not_above(levels[high], levels[low], strict):
            what, sign = ("not above", ">") if strict else ("below", ">=")
            message = f"{high} ({levels[high]}) is {what} {low} ({levels[low]})"
            context.add(message, f"give {high} {sign} {low}", *location, high)
    for name in policy.above_zero:
        if name in levels and size_of(levels[name]) == 0:
            what = name.replace("_", " ")
            context.add(f"the {what} is zero", f"a {what} is at least one unit", *location, name)


def _not_above(high: Quantity | Cover, low: Quantity | Cover, strict: bool) -> bool:
    if isinstance(high, Quantity) and isinstance(low, Quantity) and high.unit != low.unit:
        return False  # compared after conversion to the item's unit, when the units fit at all
    if isinstance(high, Quantity) != isinstance(low, Quantity):
        return False
    return size_of(high) <= size_of(low) if strict else size_of(high) < size_of(low)


def size_of(level: Quantity | Cover) -> Fraction:
    """A level as a number, to be compared with others of its sort."""
    return level.amount if isinstance(level, Quantity) else Fraction(level.ms)


def check_policy_quantities(context: Context) -> None:
    """Quantities fit the units of their items; the minimum order is whole packs and fits the capacity."""
    for index, entry in enumerate(context.scenario.policies):
        units = units_of(context, entry.items.names)
        for name in ("minimum_order", "multiple", "capacity", "on_hand", "owed"):
            check_units(context, getattr(entry, name), units, "policies", index, name)
        for number, order in enumerate(entry.on_order or ()):
            check_units(context, order.quantity, units, "policies", index, "on_order", number, "quantity")
        if entry.policy is not None:
            for name, level in entry.policy.levels().items():
                check_units(context, level, units, "policies", index, "policy", name)
        _check_pack(context, entry.minimum_order, entry.multiple, "policies", index)
        capacity, minimum = entry.capacity, entry.minimum_order
        if capacity and minimum and capacity.unit == minimum.unit and capacity.amount < minimum.amount:
            message = f"the capacity ({capacity}) is below the minimum order ({minimum})"
            context.add(message, "nothing could ever be ordered", "policies", index, "capacity")


def _check_pack(context: Context, minimum: Quantity | None, multiple: Quantity | None, *location: object) -> None:
    if multiple is not None and multiple.amount == 0:
        context.add("the multiple is zero", "a pack holds at least one unit", *location, "multiple")
    elif minimum and multiple and minimum.unit == multiple.unit and minimum.amount % multiple.amount:
        above = Quantity(-(-minimum.amount // multiple.amount) * multiple.amount, multiple.unit)
        message = f"the minimum order ({minimum}) is not a multiple of the pack ({multiple})"
        context.add(message, f"order at least {above}", *location, "minimum_order")


def check_supplier_terms(context: Context) -> None:
    """A supplier's terms fit the units of the items, packs and minimum orders each other, and price breaks ascend."""
    for name, node in context.scenario.nodes.items():
        if not isinstance(node, Supplier):
            continue
        for item, terms in node.items.items():
            at = ("nodes", name, "items", item)
            if item not in context.scenario.items and item in context.items and "items" in context.broken:
                continue
            unit = context.scenario.item_unit(item)
            check_units(context, terms.minimum_order, {unit: item}, *at, "minimum_order")
            check_units(context, terms.multiple, {unit: item}, *at, "multiple")
            _check_pack(context, terms.minimum_order or node.minimum_order, terms.multiple, *at)
            largest = Fraction(-1)
            for number, step in enumerate(terms.price_breaks):
                check_units(context, step.from_, {unit: item}, *at, "price_breaks", number, "from")
                if step.from_.amount <= largest:
                    context.add(
                        "price breaks do not ascend", "sort them by `from`", *at, "price_breaks", number, "from"
                    )
                largest = step.from_.amount
                try:
                    step.cost.per_integer_unit(unit)
                except UnitError as error:
                    context.add(error.message, error.hint, *at, "price_breaks", number, "cost")


def check_demand_units(context: Context) -> None:
    """What is asked for fits the unit of the item."""
    for index, demand in enumerate(context.scenario.demand):
        units = units_of(context, demand.item) if demand.item is not None else {}
        if demand.compound_poisson is not None:
            size = demand.compound_poisson.size
            check_units(context, size.constant, units, "demand", index, "compound_poisson", "size")
        if demand.flow is not None:
            check_units(context, demand.flow.step, units, "demand", index, "flow", "step")
            _check_flow(context, demand.flow.rate, demand.flow.step, units, "demand", index, "flow")


def _check_flow(context: Context, rate: Rate, step: Quantity, units: dict[ItemUnit, str], *location: object) -> None:
    if step.amount == 0:
        context.add("the step is zero", "a flow is drawn in steps, as in `1 l`", *location, "step")
    for unit, item in units.items():
        if PHYSICAL_UNITS[unit.name][0] != PHYSICAL_UNITS[rate.unit][0]:
            counted = "pieces" if rate.unit == "each" else rate.unit
            message = f"item `{item}` is counted in {unit}, the rate in {counted}"
            example = "500 /mo" if unit.name == "each" else f"500 {unit.name} /mo"
            context.add(message, f"write `{example}`", *location, "rate")
            return


def check_generator(context: Context) -> None:
    """The generator does not stock more items than it makes, and its levels are pieces or times."""
    generator = context.scenario.generator
    if generator is None:
        return
    for index, entry in enumerate(generator.stocking):
        at = ("generator", "stocking", index)
        if entry.items.top is not None and entry.items.top > generator.items.count:
            message = f"the top {entry.items.top} of {generator.items.count} items"
            context.add(message, "take fewer, or generate more items", *at, "items", "top")
        for name, level in entry.policy.levels().items():
            check_units(context, level, {EACH: generator.items.names()[0]}, *at, "policy", name)
