"""Checks of contracts: they name what exists, their dates are in order, and prices fit what they are for.

What follows only from the finished network (who covers a stock point, what is at a node) is checked by
`sim.build.contracts`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from policies.contracts.term import TERMS, Term
from sim.scenario.calendars import since_ms
from sim.scenario.checks.context import Context
from sim.scenario.checks.names import check_names, names_in_filter, refuse_plants, refuse_suppliers, texts
from sim.scenario.checks.quantities import units_of
from sim.scenario.contracts import Contract, ContractTerm, check_amount
from sim.scenario.findings import did_you_mean
from sim.units import UnitError

Location = tuple[object, ...]


def check_contract_names(context: Context) -> None:
    """Customers, nodes, items and lines exist."""
    for at, contract in context.entries("contracts"):
        nodes = texts(contract.get("nodes"))
        check_names(context, "node", nodes, context.nodes, *at, "nodes")
        refuse_suppliers(context, nodes, " and holds no stock of the customer's", "name its nodes", *at, "nodes")
        refuse_plants(context, nodes, *at, "nodes")
        if contract.get("nodes") is None:
            _check_customer(context, contract.get("customer"), *at, "customer")
        lines = _lines(context, contract.get("customer"))
        for level_at, level in _levels(context, at):
            _check_hours(context, level.get("within"), *level_at, "within")
        for scope_at, scope in _scopes(context, at, contract):
            if context.items_known:
                check_names(context, "item", names_in_filter(scope.get("items")), context.items, *scope_at, "items")
            check_names(context, "line", texts(scope.get("lines")), lines, *scope_at, "lines")


def _check_customer(context: Context, customer: Any, *location: object) -> None:
    """A contract that names no nodes is for the devices of a plant."""
    if not isinstance(customer, str):
        return
    if not context.is_plant(customer):
        plants = [name for name in context.nodes if context.is_plant(name)]
        hint = did_you_mean(customer, plants) or "name a plant"
        context.add_as_written(f"there is no plant `{customer}`", f"{hint}; or name the covered `nodes`", *location)
    elif all(node.get("at") != customer for _, node in context.entries("nodes")):
        context.add_as_written(f"no device stands at `{customer}`", "name the covered `nodes`", *location)


def _check_hours(context: Context, name: Any, *location: object) -> None:
    """The hours of a service level are those of a plant, or of a profile with shifts."""
    if not isinstance(name, str) or context.is_plant(name):
        return
    profiles = context.names("profiles")
    if name in profiles:
        if not context.written("profiles", name, "shifts"):
            context.add_as_written(f"the profile `{name}` has no shifts", "name one that has, or a plant", *location)
        return
    plants = [node for node in context.nodes if context.is_plant(node)]
    hint = did_you_mean(name, [*profiles, *plants])
    context.add_as_written(f"there is no plant and no profile `{name}`", hint, *location)


def _lines(context: Context, customer: Any) -> list[str]:
    """Names that a term may call lines by: of the customer, or of all plants when the customer is none itself."""
    plants = [name for name in context.nodes if context.is_plant(name)]
    if isinstance(customer, str) and customer in plants:
        plants = [customer]
    lines = [(plant, line) for plant in plants for line in texts(context.written("nodes", plant, "lines"))]
    return list(dict.fromkeys([line for _, line in lines] + [f"{plant}/{line}" for plant, line in lines]))


def _scopes(context: Context, at: Location, contract: dict[str, Any]) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Every part of a contract, as it is written, that may name items or lines."""
    yield at, contract
    for part_at in (at, *(amended for amended, _ in context.entries(*at, "amendments"))):
        yield from context.entries(*part_at, "terms")
        title = context.written(*part_at, "title")
        if isinstance(title, dict):
            yield (*part_at, "title"), title
        else:
            yield from context.entries(*part_at, "title")
    yield from _levels(context, at)


def _levels(context: Context, at: Location) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Service levels of a contract and of its amendments, as they are written."""
    for part_at in (at, *(amended for amended, _ in context.entries(*at, "amendments"))):
        yield from context.entries(*part_at, "sla")


def check_contract_times(context: Context) -> None:
    """A contract lies within the run, and its amendments within the contract, each on a day of its own."""
    scenario = context.scenario
    if {"start", "horizon", "warm_up"} & context.broken or scenario.warm_up >= scenario.horizon:
        return
    for name, contract in scenario.contracts.items():
        begins = contract.begins_ms(scenario.start, scenario.warm_up)
        ends = contract.ends_ms(scenario.start, scenario.horizon)
        at = ("contracts", name)
        run = f"the run is from {_day(context, 0)} to {_day(context, scenario.horizon)}"
        if not 0 <= begins < scenario.horizon:
            hint = f"{run}; without `from` the contract begins when the warm-up ends"
            context.add("the contract does not begin within the run", hint, *at, "from")
        elif ends > scenario.horizon:
            hint = f"{run}; without `to` the contract ends with it"
            context.add("the contract ends after the run", hint, *at, "to")
        elif ends <= begins:
            hint = f"it begins on {_day(context, begins)}, when the warm-up ends, unless `from` says otherwise"
            context.add("the contract ends before it begins", hint, *at, "to")
        else:
            _check_amendment_dates(context, name, contract, begins, ends)
            _check_term_dates(context, name, contract, begins, ends)


def _day(context: Context, time_ms: int) -> str:
    return (context.scenario.start + timedelta(milliseconds=time_ms)).isoformat().removesuffix("T00:00:00")


def _check_amendment_dates(context: Context, name: str, contract: Contract, begins: int, ends: int) -> None:
    seen: dict[int, int] = {}
    for index, amendment in enumerate(contract.amendments):
        at = ("contracts", name, "amendments", index, "from")
        time = amendment.begins_ms(context.scenario.start)
        if time in seen:
            message = f"amendment {seen[time] + 1} comes into force at the same time"
            context.add(message, "put both into one, or give another date", *at)
        seen.setdefault(time, index)
        if not begins < time < ends:
            when = "before the contract begins" if time < begins else "when the contract begins"
            message = f"the amendment comes into force {when if time <= begins else 'after the contract has ended'}"
            hint = f"the contract is from {_day(context, begins)} to {_day(context, ends)}; give a date between"
            context.add(message, hint, *at)


def _check_term_dates(context: Context, name: str, contract: Contract, begins: int, ends: int) -> None:
    start = context.scenario.start
    for at, term in contract.all_terms():
        first = contract.amendments[int(at[1])].begins_ms(start) if at[0] == "amendments" else begins
        for path, date in term.dates():
            if not first <= since_ms(date, start) < ends:
                hint = f"it holds from {_day(context, first)} to {_day(context, ends)}; give a date between"
                context.add("the term does not hold on this date", hint, "contracts", name, *at, *path)


def check_contract_terms(context: Context) -> None:
    """A contract charges something, terms name only what they go by, and amendments end what is in force."""
    for name, contract in context.scenario.contracts.items():
        _check_scopes(context, name, contract)
        if "contracts" in context.broken:
            continue  # what is missing may only have been left out because it is faulty
        if not contract.terms and not any(amendment.terms for amendment in contract.amendments):
            hint = "give it `terms`, as in `terms: {base: {kind: subscription, amount: 2000 "
            context.add("the contract has no terms", hint + f"{context.scenario.currency}}}}}`", "contracts", name)
        terms = [(index, "ends", one.ends, set(one.terms)) for index, one in contract.dated_amendments()]
        levels = [(index, "ends_sla", one.ends_sla, set(one.sla)) for index, one in contract.dated_amendments()]
        _check_ended(context, name, "term", set(contract.terms), terms)
        _check_ended(context, name, "service level", set(contract.sla), levels)


_Change = tuple[int, str, tuple[str, ...], set[str]]


def _check_ended(context: Context, name: str, what: str, in_force: set[str], changes: list[_Change]) -> None:
    """What amendments end is in force then; each change is (amendment, its field, what ends, what begins)."""
    for index, field, ends, begins in changes:
        for position, ended in enumerate(ends):
            if ended not in in_force:
                hint = did_you_mean(ended, sorted(in_force)) or f"no {what} is in force then"
                at = ("contracts", name, "amendments", index, field, position)
                context.add(f"there is no {what} `{ended}` in force then", hint, *at)
        in_force = (in_force - set(ends)) | begins


def _check_scopes(context: Context, name: str, contract: Contract) -> None:
    """A term that names items or lines goes by them."""
    for at, term in contract.all_terms():
        for field in ("items", "lines"):
            if field in term.model_fields_set and getattr(term, field) is not None and field not in term.goes_by:
                by = " and ".join(sorted(term.goes_by)) or "neither items nor lines"
                message = f"a `{term.kind}` does not go by {field}, but by {by}"
                others = ", ".join(kind for kind in TERMS.kinds if field in _goes_by(kind))
                hint = f"leave `{field}` out; terms that go by {field} are {others}"
                context.add(message, hint, "contracts", name, *at, field)


def _goes_by(kind: str) -> frozenset[str]:
    return cast(type[Term], TERMS.model(kind)).goes_by


def check_contract_units(context: Context) -> None:
    """Prices and quantities of terms fit the items that the terms name.

    Those of terms that do not name any are checked with what is covered, when the network is built.
    """
    for name, contract in context.scenario.contracts.items():
        for at, term in contract.all_terms():
            if term.items is not None and term.items.names is not None:
                _check_amounts(context, term, term.items.names, "contracts", name, *at)


def _check_amounts(context: Context, term: ContractTerm, items: tuple[str, ...], *location: object) -> None:
    units = units_of(context, items)
    for path, amount in term.settings_of_items():
        for unit, item in units.items():
            try:
                check_amount(amount, unit)
            except UnitError as error:
                context.add(f"item `{item}`: {error.message}", error.hint, *location, *path)
                break
