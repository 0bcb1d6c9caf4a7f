"""One number of a scenario, multiplied: how stock is raised or lowered to compare at equal service."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from sim.errors import TwinError

STOCK_FACTOR: Final = "stock_factor"
_NUMBER: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(\D.*)?")


@dataclass(frozen=True)
class Scale:
    """The number at a path of a scenario, with its unit (`14 d`) if it has one.

    Attributes:
        path: dotted, as `--set` takes it.
        amount: the number as it stands in the scenario.
        unit: what follows it, with a blank before; empty for a plain number.
        whole: whether it has to stay an integer (pieces).
    """

    path: str
    amount: float
    unit: str = ""
    whole: bool = False

    def times(self, factor: float) -> str:
        """The number times a factor, as the scenario language writes it."""
        value = self.amount * factor
        return f"{int(value + 0.5)}{self.unit}" if self.whole else f"{value:.8g}{self.unit}"


def scale_at(settings: Mapping[str, Any], path: str, option: str = "--scale") -> Scale:
    """The number at a path of resolved settings; TwinError (exit code 2) when there is none, or not a positive one."""
    if path == STOCK_FACTOR and path not in settings:
        return Scale(path, 1.0)
    value = _at(settings, path, option)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TwinError(f"{option} {path}: {value!r:.80} is not a number")
    scale: Scale | None = None
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        scale = match and Scale(path, float(match[1]), f" {match[2]}" if match[2] else "")
    else:
        scale = Scale(path, float(value), whole=isinstance(value, int) and path != STOCK_FACTOR)
    if scale is None or scale.amount <= 0:
        raise TwinError(f"{option} {path}: {value!r} is not a number above zero")
    return scale


def _at(settings: Mapping[str, Any], path: str, option: str) -> Any:
    here: Any = settings
    parts = path.split(".")
    while parts:
        if isinstance(here, list):
            if not parts[0].isdigit() or int(parts[0]) >= len(here):
                raise TwinError(f"{option} {path}: `{parts[0]}` is not one of the {len(here)} positions, from 0")
            here, parts = here[int(parts[0])], parts[1:]
            continue
        known = here if isinstance(here, Mapping) else {}
        # names may contain dots: the longest one that exists wins, as in --set
        taken = next((count for count in range(len(parts), 0, -1) if ".".join(parts[:count]) in known), 0)
        if not taken:
            near = get_close_matches(parts[0], [str(key) for key in known], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TwinError(f"{option} {path}: there is nothing at `{parts[0]}` in the scenario{hint}")
        here, parts = known[".".join(parts[:taken])], parts[taken:]
    return here
