"""The report of a comparison: which variant is better, by how much, how sure, and which changes lie behind it."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from reports.catalogue import GROUPS, STANDARDS, Verdict, better_when, group_of, label, limits, verdict
from reports.charts import chart
from reports.checklist import checklist, words
from reports.claims import claims
from reports.comparison_figures import cost_in_words, draw_total_stock, forest, frontier, frontier_curves
from reports.comparison_files import ComparisonFiles
from reports.kpi_table import definitions, kpi_names
from reports.numbers import interval, number, signed
from reports.render import Progress, make_parts, no_progress, render
from reports.run_report import absent, unfinished
from reports.scenario_file import ScenarioText

TEXT_SHOWN: Final = 400
"""Characters of an old or a new setting that are shown."""


@dataclass(frozen=True)
class Difference:
    """A paired difference in words; `verdict` is better, worse, no difference shown, exactly the same, or empty."""

    variant: str
    label: str
    base: str
    mean: str
    difference: str
    interval: str
    relative: str
    p_value: str
    verdict: str
    tone: str


@dataclass(frozen=True)
class SideBySide:
    """A KPI of every variant: value, interval, verdict."""

    label: str
    unit: str
    target: str
    values: Sequence[tuple[str, str, Verdict | None]]


def comparison_page(comparison: ComparisonFiles, progress: Progress = no_progress) -> str:
    """The page; NoRunError names a file of the directory that is missing or damaged."""
    base = comparison.runs[comparison.manifest["base"]]
    scenario = ScenarioText(base.path / "scenario.resolved.yaml")
    parts: Mapping[str, Callable[[], Any]] = {
        "basis": lambda: basis(comparison),
        "forest": lambda: forest(comparison),
        "differences": lambda: differences(comparison, "network"),
        "by_contracts": lambda: differences(comparison, "contracts"),
        "by_echelon": lambda: differences(comparison, "echelon"),
        "side_by_side": lambda: side_by_side(comparison),
        "frontier": lambda: frontier(comparison),
        "stock_chart": lambda: _stock_chart(comparison),
        "checklist": lambda: checklist(base, scenario, aims(comparison)),
    }
    content: dict[str, Any] = {
        "comparison": comparison,
        "directory": comparison.path.resolve().name,
        "sentences": comparison.texts("sentences"),
        "warnings": [*comparison.texts("warnings"), *_unfinished(comparison)],
        "one_sided": one_sided(comparison),
        "changes": changes(comparison),
        "matches": matches(comparison),
        "best": best(comparison),
        "claims": claims(comparison),
        "frontier_cost": cost_in_words(frontier_curves(comparison)[1]),
        "notes": scenario.notes,
        "absent": absent(base),
        "versions": words(base, "versions"),
        "definitions": definitions(base.path / "README.md"),
    }
    return render("comparison.html", content | make_parts(parts, progress))


def _stock_chart(comparison: ComparisonFiles) -> Markup | None:
    if not any(run.has_table("series") for run in comparison.runs.values()):
        return None
    title = "Value of all stock on hand, by variant"
    return chart("stock", title, lambda axes: draw_total_stock(axes, comparison), (7.2, 3.0))


def basis(comparison: ComparisonFiles) -> str:
    """How sure: replications, pairing, level of confidence."""
    pairs = comparison.differences["pairs"]
    count = int(pairs.max()) if len(pairs) and math.isfinite(pairs.max()) else 0
    level = f"{comparison.confidence:.0%}".replace("%", " %")
    rows = comparison.differences
    shared = "paired" not in rows or bool(rows["paired"].all())
    if count < 2:
        return f"Not enough pairs of replications for {level} confidence intervals: differences are single values."
    seed = comparison.manifest.get("seed", "not stated")
    how = (
        f"Differences are paired over {count} replications in which all variants met the same customers (seed {seed})"
        if shared
        else "Not all differences are paired, because runs do not share their random numbers (see the warnings)"
    )
    several = len(comparison.others) > 1 and "adjusted_low" in rows
    together = ", which hold for all variants together (Bonferroni; p values by Holm)" if several else ""
    return (
        f"{how}; brackets hold {level} confidence intervals{together}. An interval that contains 0 means that no "
        "difference has been shown, not that there is none."
    )


def aims(comparison: ComparisonFiles) -> str:
    """What the experiment was for, for the checklist."""
    return f"Comparison of {len(comparison.labels)} variants: {comparison.title}; paired, with common random numbers."


def differences(comparison: ComparisonFiles, scope: str) -> Sequence[tuple[str, Sequence[Difference]]]:
    """Differences of a scope in words, by key (an echelon's name, `network`), in the order of the catalogue."""
    rows = comparison.differences
    rows = rows[rows["scope"] == scope]
    order = [kpi for group in GROUPS.values() for kpi in group]
    place = {kpi: number for number, kpi in enumerate([*order, *sorted(set(rows["kpi"]) - set(order))])}
    found = []
    for key in dict.fromkeys(rows["key"]):
        mine = rows[rows["key"] == key]
        mine = mine.iloc[mine["kpi"].map(place).argsort(kind="stable")]
        told = [_difference(row._asdict()) for row in mine.itertuples(index=False) if row.base_mean or row.mean]
        found.append((str(key), told))
    return found


def _difference(row: Mapping[str, Any]) -> Difference:
    kpi, unit = str(row["kpi"]), str(row["unit"])
    change, width = float(row["difference"]), float(row["half_width"])
    relative, relative_low, relative_high = (float(row[name]) for name in ("relative", "relative_low", "relative_high"))
    low, high = float(row["low"]), float(row["high"])
    told, tone = _told(kpi, change, low, high, row.get("verdict"))
    factor = 100.0 if unit == "share" else 1.0
    between = interval((low + high) / 2 * factor, (high - low) / 2 * factor)
    money = "" if unit == "share" or not unit else f" {unit}"
    return Difference(
        variant=str(row["variant"]),
        label=label(kpi),
        base=number(float(row["base_mean"]), abs(width), unit) + money,
        mean=number(float(row["mean"]), abs(width), unit) + money,
        difference=signed(change, width, unit),
        interval="" if low == high else between,
        relative="" if not math.isfinite(relative) else _percent(relative, relative_low, relative_high),
        p_value=_p_value(float(row["p_value"])),
        verdict=told,
        tone=tone,
    )


def _percent(relative: float, low: float, high: float) -> str:
    return f"{signed(100 * relative, 50 * abs(high - low))} %"


def _told(kpi: str, change: float, low: float, high: float, stated: object = None) -> tuple[str, str]:
    """What the interval [low, high] of a difference shows, and its tone; `stated` is the comparison's own verdict."""
    if change == 0 and not high > low:
        return "exactly the same", ""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "one pair: not known how sure", ""
    if low <= 0 <= high:
        return "no difference shown", ""
    if stated in ("better", "worse"):
        return str(stated), str(stated)
    direction = better_when(kpi) if stated is None else 0
    if direction == 0:
        return "more" if change > 0 else "less", ""
    return ("better", "better") if change * direction > 0 else ("worse", "worse")


def _p_value(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def side_by_side(comparison: ComparisonFiles) -> Sequence[tuple[str, Sequence[SideBySide]]]:
    """KPIs of the network of every variant, with grades, by group of the catalogue."""
    runs = list(comparison.runs.values())
    groups: dict[str, list[SideBySide]] = {}
    for kpi in dict.fromkeys(kpi for run in runs for kpi in kpi_names(run)):
        found = [run.estimate(kpi) for run in runs]
        unit = next((one.unit for one in found if one is not None), "")
        if not any(one is not None and one.mean for one in found):
            continue
        values = [
            ("", "", None)
            if one is None
            else (
                number(one.mean, one.half_width, unit),
                interval(one.mean, one.half_width, unit, limits(kpi, unit)),
                verdict(kpi, one.mean, one.half_width),
            )
            for one in found
        ]
        target = STANDARDS[kpi].target if kpi in STANDARDS else ""
        row = SideBySide(label(kpi), "" if unit == "share" else unit, target, values)
        groups.setdefault(group_of(kpi), []).append(row)
    order = [*GROUPS, "Other"]
    return sorted(groups.items(), key=lambda one: order.index(one[0]))


def changes(comparison: ComparisonFiles) -> Sequence[tuple[str, str, str, str]]:
    """What differs in the scenarios: variant (empty when not named), path, old and new setting."""
    return [
        (str(row.get("variant", "")), str(row.get("path", "")), _setting(row.get("old")), _setting(row.get("new")))
        for row in comparison.rows("changes")
    ]


def one_sided(comparison: ComparisonFiles) -> Sequence[str]:
    """Nodes and echelons that not all variants have, in words."""
    rows = comparison.rows("one_sided")
    if not rows:
        return comparison.texts("one_sided")
    sides: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        owner = comparison.manifest["base"] if row.get("side") == "base" else row.get("variant", "")
        against = str(row.get("variant", ""))
        sides.setdefault((str(row.get("scope", "")), str(owner), against), []).append(str(row.get("key", "")))
    return [
        f"{scope}s only in {owner}{f' (compared with {against})' if against != owner else ''}: {', '.join(keys)}"
        for (scope, owner, against), keys in sides.items()
    ]


def matches(comparison: ComparisonFiles) -> Sequence[tuple[Sequence[tuple[str, str]], Sequence[Mapping[str, str]]]]:
    """For every variant that was matched: what came out as (name, value), and the tries as rows."""
    found = []
    for one in comparison.rows("match"):
        plain = [
            (str(name).replace("_", " "), _setting(value)) for name, value in one.items() if not isinstance(value, list)
        ]
        tries = next((value for value in one.values() if isinstance(value, list) and value), [])
        rows = [
            {str(name).replace("_", " "): _setting(value) for name, value in row.items()}
            for row in tries
            if isinstance(row, dict)
        ]
        columns = dict.fromkeys(name for row in rows for name in row)
        found.append((plain, [{name: row.get(name, "") for name in columns} for row in rows]))
    return found


def best(comparison: ComparisonFiles) -> tuple[str, Sequence[tuple[str, float]]]:
    """The KPI for which it is known how probably each variant is the best, and the probabilities by label."""
    found = comparison.findings.get("best")
    if not isinstance(found, dict) or not isinstance(found.get("probability"), dict):
        return "", []
    chances = [(str(name), float(p)) for name, p in found["probability"].items() if isinstance(p, (int, float))]
    return label(str(found.get("kpi", ""))), chances


def _setting(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= TEXT_SHOWN else text[:TEXT_SHOWN] + " …"


def _unfinished(comparison: ComparisonFiles) -> Sequence[str]:
    found = []
    for name, run in comparison.runs.items():
        text = unfinished(run) if run.replications else ""
        if text:
            found.append(f"{name}: {text}")
    return found
