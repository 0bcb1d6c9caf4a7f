"""What is left of a faulty scenario when the faulty entries are left out, so that the rest can be checked as well."""

import copy
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
    within: dict[object, list[Location]] = {}  # where the faults of a node are
    for detail in error.errors(include_url=False):
        location = detail["loc"]
        if not location:
            return None
        section = str(location[0])
        whole = len(location) == 1 or not isinstance(data.get(section), (dict, list)) or section not in _BY_ENTRY
        faulty.setdefault(section, set()).add(_WHOLE if whole else location[1])
        if section == "nodes" and not whole:
            within.setdefault(location[1], []).append(location[2:])
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
            kept = {name: _kept(entry, within.get(name)) for name, entry in data[section].items() if name in entries}
            left = {name: kept.get(name, entry) for name, entry in data[section].items()}
            data[section] = {name: entry for name, entry in left.items() if entry is not None}
    try:
        scenario = Scenario.model_validate(data, context=context)
    except ValidationError:
        return None
    return Partial(scenario, positions, frozenset(faulty))


def _kept(entry: Any, faults: list[Location] | None) -> Any:
    """What is left of a faulty entry: of a plant all but the uses, settings of machines and so on that are wrong.

    None where nothing is: a plant is large, and one wrong figure in it must not hide the rest.
    """
    if not faults or not isinstance(entry, dict) or entry.get("kind") != "plant" or any(len(f) < 2 for f in faults):
        return None
    entry = copy.deepcopy(entry)
    for fault in faults:
        *path, last = _part_to_leave_out([part for part in fault[1:] if part != "[key]"])  # less the kind's tag
        holder = entry
        for part in path:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.pop(last, None)
    return entry


def _part_to_leave_out(fault: list[int | str]) -> list[int | str]:
    """The use, or the setting of a machine, a line or the plant, in which a fault is."""
    for depth, name in enumerate(("lines", "machines", "uses")):
        if fault[2 * depth : 2 * depth + 1] != [name]:
            return fault[: 2 * depth + 1]
    return fault[:6]
