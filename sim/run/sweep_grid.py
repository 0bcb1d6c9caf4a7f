"""The grid of a sweep: which settings are varied, over which values.

policies.0.policy.level=8:16:2      from 8 to 16 in steps of 2
horizon=7 d:14 d:1 d                the same with a unit
trucks.round.volume=10 m3,20 m3     these values, each any value of the scenario language
"""

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sim.errors import TwinError
from sim.scenario import Finding, Scenario, ScenarioError, load_scenario
from sim.scenario.findings import Place
from sim.scenario.tree import parse_yaml

MOST_POINTS: Final = 2_000
_NUMBER: Final = r"[+-]?(?:\d{1,15}(?:\.\d{0,12})?|\.\d{1,12})"
_END: Final = re.compile(rf"\s*(?P<number>{_NUMBER})\s*(?P<unit>[^\d\s:][^:]*?|)\s*")

Level = int | float | str | bool
"""One value of a factor, as tables and figures show it."""


@dataclass(frozen=True)
class Factor:
    """A setting that is varied: its dotted path, as for `--set`, and its values in the order given.

    Attributes:
        path: where it is in the scenario.
        texts: the values as YAML, as if each had been given with `--set PATH=...`.
        levels: the same for people, and for tables: numbers where all are numbers.
        missed_high: the high end of a range whose steps do not hit it, so that it is not among the values; else empty.
    """

    path: str
    texts: tuple[str, ...]
    levels: tuple[Level, ...]
    missed_high: str = ""


@dataclass(frozen=True)
class Point:
    """One combination of the factors' values, with the scenario that it makes; `levels` in the order of the factors."""

    number: int
    levels: tuple[Level, ...]
    scenario: Scenario


def parse_factor(text: str) -> Factor:
    """A factor from `PATH=low:high:step` or `PATH=a,b,c`. TwinError (exit code 2) that names it otherwise."""
    path, equals, values = (part.strip() for part in text.partition("="))
    where = f"--vary {text[:80]}"
    if not equals or not path or not values:
        raise TwinError(
            f"{where}: this is not PATH=VALUES; write `{path or 'horizon'}=1:9:2` or `{path or 'horizon'}=a,b`"
        )
    ends = [_END.fullmatch(part) for part in values.split(":")]
    missed_high = ""
    if len(ends) == 2 and all(ends) and "," not in values:
        raise TwinError(f"{where}: a range needs a step, as in `{path}=100:180:20` or `{path}=7 d:14 d:1 d`")
    if len(ends) == 3 and "," not in values:
        texts, levels, missed_high = _steps(ends, where, path)
    else:
        texts, levels = _listed(values, where)
    if len(set(texts)) < len(texts):
        raise TwinError(f"{where}: a value is there twice; give each once")
    return Factor(path, texts, levels, missed_high)


def _steps(
    ends: Sequence[re.Match[str] | None], where: str, path: str
) -> tuple[tuple[str, ...], tuple[Level, ...], str]:
    """Texts and levels of a range, and its high end if that is not among them."""
    right = f"write low:high:step, as in `{path}=1:9:2` or `{path}=7 d:14 d:1 d`"
    if any(end is None for end in ends):
        raise TwinError(f"{where}: these are not three numbers; {right}")
    known = [end for end in ends if end is not None]
    units = {end["unit"] for end in known}
    if len(units) != 1:
        raise TwinError(
            f"{where}: low, high and step have different units ({', '.join(sorted(units)) or 'none'}); {right}"
        )
    (unit,) = units
    low, high, step = (Decimal(end["number"]) for end in known)
    if step <= 0 or high < low:
        raise TwinError(f"{where}: the step has to be above 0, and high not below low; {right}")
    count = int((high - low) / step) + 1
    if count > MOST_POINTS:
        raise TwinError(f"{where}: these are {count:,} values; at most {MOST_POINTS:,} points make a sweep")
    numbers = [_plain(low + step * place) for place in range(count)]
    missed_high = "" if low + step * (count - 1) == high else f"{_plain(high)} {unit}".strip()
    if unit:
        texts = tuple(f"{number} {unit}" for number in numbers)
        return texts, texts, missed_high
    return tuple(numbers), tuple(_number(number) for number in numbers), missed_high


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(text: str) -> Level:
    return float(text) if "." in text else int(text)


def _listed(values: str, where: str) -> tuple[tuple[str, ...], tuple[Level, ...]]:
    """The values of a list: YAML, so that one with a comma in it can be quoted."""
    try:
        tree = parse_yaml(f"[{values}]", "")
    except ScenarioError as error:
        raise TwinError(f"{where}: {error.findings[0].message}; write the values as `a,b,c`") from error
    items = tree.plain()
    if not isinstance(items, list) or not items or any(item is None for item in items):
        raise TwinError(f"{where}: a value is missing; write the values as `a,b,c`")
    texts = tuple(_yaml(item) for item in items)
    return texts, tuple(item if isinstance(item, (int, float, str, bool)) else _yaml(item) for item in items)


def _yaml(value: Any) -> str:
    """A value on one line, for --set; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def grid(path: Path, settings: Sequence[str], variant: str | None, factors: Sequence[Factor]) -> list[Point]:
    """Every combination of the factors' values, the last factor changing first, each as a checked scenario.

    Raises TwinError for a grid that is too large, varies a setting twice or one that `settings` sets as well,
    ScenarioError with everything that is wrong with any of the points.
    """
    _check_factors(factors)
    fixed = {text.partition("=")[0].strip() for text in settings}
    for factor in factors:
        if factor.path in fixed:
            raise TwinError(f"--vary {factor.path}: --set {factor.path} sets it, too; give one of them")
    points: list[Point] = []
    findings: dict[Finding, Finding] = {}
    for number, choice in enumerate(itertools.product(*(range(len(factor.texts)) for factor in factors))):
        chosen = [(factor.path, factor.texts[place]) for factor, place in zip(factors, choice, strict=True)]
        levels = tuple(factor.levels[place] for factor, place in zip(factors, choice, strict=True))
        try:
            scenario = load_scenario(path, [*settings, *(f"{name}={text}" for name, text in chosen)], variant)
            points.append(Point(number, levels, scenario))
        except ScenarioError as error:
            for one in error.findings:
                findings.setdefault(one, _of_vary(one, chosen, point_text(factors, levels)))
    if findings:
        raise ScenarioError(list(dict.fromkeys(findings.values())))
    return points


def remarks(factors: Sequence[Factor]) -> list[str]:
    """What can surprise in the values of a grid, for people: an end that is not hit, lengths that are not the same."""
    found = []
    for factor in factors:
        if factor.missed_high:
            last = factor.levels[-1]
            found.append(f"--vary {factor.path}: the steps do not hit {factor.missed_high}; the last value is {last}")
        if factor.path in ("horizon", "warm_up") and len(factor.texts) > 1:
            found.append(
                f"--vary {factor.path}: the points measure different lengths of time, so totals such as costs are not "
                "comparable between them; compare shares and means"
            )
    return found


def _check_factors(factors: Sequence[Factor]) -> None:
    paths = [factor.path for factor in factors]
    for factor in factors:
        if paths.count(factor.path) > 1:
            raise TwinError(f"--vary {factor.path}: it is varied twice; give all its values at once")
        if factor.path.split(".")[0] in ("name", "variants", "extends", "base_variant", "experiment"):
            raise TwinError(f"--vary {factor.path}: this says nothing about the network, so it cannot be varied")
    count = 1
    for factor in factors:
        count *= len(factor.texts)
    if count > MOST_POINTS:
        raise TwinError(f"--vary: the grid has {count:,} points; at most {MOST_POINTS:,}, so give fewer values")


def point_text(factors: Sequence[Factor], levels: Sequence[Level]) -> str:
    """A point in words: `policies.0.policy.level=3, horizon=7 d`."""
    return ", ".join(f"{factor.path}={level}" for factor, level in zip(factors, levels, strict=True))


def _of_vary(finding: Finding, chosen: Sequence[tuple[str, str]], point: str) -> Finding:
    """A finding that names the option which brought the value in, or the point at which it shows."""
    for path, _ in chosen:
        if finding.place.file == f"--set {path}":
            return replace(finding, place=Place(f"--vary {path}"))
    return replace(finding, message=f"with {point}: {finding.message}")
