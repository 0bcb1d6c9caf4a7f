"""What is left of a faulty scenario when the faulty entries are left out, so that the rest can be checked as well."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sim.scenario.scenario import Scenario

_WHOLE = object()
_BY_ENTRY = (
    "items", "nodes", "gateways", "lanes", "trucks", "demand", "profiles", "policies", "pools", "detection",
    "contracts", "variants", "claims",
)  # fmt: skip
Location = tuple[int | str, ...]
Fault = list[int | str]
_STAND_INS = {"name": "unnamed", "start": "2000-01-01", "horizon": "1000 y"}


@dataclass(frozen=True)
class Partial:
    """A scenario without its faulty entries.

    `positions` gives, for a section that is a list, the original index of every entry that is left; `broken` names the
    sections that lost something.
    """

    scenario: Scenario
    positions: dict[str, list[int]]
    broken: frozenset[str]


def validate_partly(data: dict[str, Any], error: ValidationError, context: dict[str, Any]) -> Partial | None:
    """The scenario without the entries that the error complains of; None when that does not help."""
    data = dict(data)
    faulty: dict[str, set[object]] = {}
    within: dict[object, list[Location]] = {}  # where the faults of a node or a contract are
    for detail in error.errors(include_url=False):
        location = detail["loc"]
        if not location:
            return None
        section = str(location[0])
        whole = len(location) == 1 or not isinstance(data.get(section), (dict, list)) or section not in _BY_ENTRY
        faulty.setdefault(section, set()).add(_WHOLE if whole else location[1])
        if section in ("nodes", "contracts") and not whole:
            within.setdefault(location[:2], []).append(location[2:])
    positions: dict[str, list[int]] = {}
    for section, entries in faulty.items():
        if _WHOLE in entries:
            data.pop(section, None)
            if section in _STAND_INS:
                data[section] = _STAND_INS[section]
        elif isinstance(data[section], list):
            positions[section] = [index for index in range(len(data[section])) if index not in entries]
            data[section] = [data[section][index] for index in positions[section]]
        else:
            parts = _of_contract if section == "contracts" else _of_plant
            kept = {name: _kept(data[section].get(name), within.get((section, name)), parts) for name in entries}
            left = {name: kept.get(name, entry) for name, entry in data[section].items()}
            data[section] = {name: entry for name, entry in left.items() if entry is not None}
    try:
        scenario = Scenario.model_validate(data, context=context)
    except ValidationError:
        return None
    return Partial(scenario, positions, frozenset(faulty))


def _kept(entry: Any, faults: list[Location] | None, part: Callable[[Any, Fault], Fault]) -> Any:
    """What is left of a faulty entry without the parts that are wrong, None where nothing is.

    Plants and contracts are large, and one wrong figure in them must not hide the rest.
    """
    if not faults or not isinstance(entry, dict):
        return None
    entry = copy.deepcopy(entry)
    for fault in faults:
        found = part(entry, list(fault))
        if not found:
            return None
        *path, last = found
        holder = entry
        for name in path:
            holder = _inner(holder, name)
        if isinstance(holder, dict):
            holder.pop(last, None)
    return entry


def _inner(holder: Any, name: int | str) -> Any:
    if isinstance(holder, list):
        return holder[name] if isinstance(name, int) and name < len(holder) else None
    return holder.get(name) if isinstance(holder, dict) else None


def _of_plant(entry: dict[str, Any], fault: Fault) -> Fault:
    """The use, or the setting of a machine, a line or the plant, in which a fault is; nothing of another node."""
    if entry.get("kind") != "plant" or len(fault) < 2:
        return []
    fault = [part for part in fault[1:] if part != "[key]"]  # less the kind's tag
    for depth, name in enumerate(("lines", "machines", "uses")):
        if fault[2 * depth : 2 * depth + 1] != [name]:
            return fault[: 2 * depth + 1]
    return fault[:6]


def _of_contract(_entry: dict[str, Any], fault: Fault) -> Fault:
    """The term or service level, of the contract or of an amendment, in which a fault is; else all amendments."""
    if fault[:1] == ["amendments"]:
        return fault[:4] if fault[2:3] in (["terms"], ["sla"]) and len(fault) > 3 else fault[:1]
    return fault[:2] if fault[:1] in (["terms"], ["sla"]) and len(fault) > 1 else []
