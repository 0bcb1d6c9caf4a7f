"""What is left of a faulty scenario when the faulty entries are left out, so that the rest can be checked as well."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sim.scenario.scenario import Scenario

_WHOLE = object()
_BY_ENTRY = (
    "items", "nodes", "gateways", "lanes", "trucks", "demand", "profiles", "policies", "pools", "variants", "claims",
)  # fmt: skip
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
    for detail in error.errors(include_url=False):
        location = detail["loc"]
        if not location:
            return None
        section = str(location[0])
        whole = len(location) == 1 or not isinstance(data.get(section), (dict, list)) or section not in _BY_ENTRY
        faulty.setdefault(section, set()).add(_WHOLE if whole else location[1])
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
            data[section] = {name: entry for name, entry in data[section].items() if name not in entries}
    try:
        scenario = Scenario.model_validate(data, context=context)
    except ValidationError:
        return None
    return Partial(scenario, positions, frozenset(faulty))
