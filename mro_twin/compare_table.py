"""What `mro-twin compare` prints: the answer in words, the paired differences, and what lies behind them."""

import math
import sys
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mro_twin.claims_table import print_claims
from mro_twin.number_format import decimals
from mro_twin.report_table import MAXIMUM_WIDTH
from sim.compare.comparison import Comparison
from sim.compare.differences import Difference, OneSided

MOST_CHANGES: Final = 15
"""Settings that are printed; comparison.json has all of them."""

_JUDGED: Final = {"better": "green", "worse": "red"}


def print_comparison(comparison: Comparison, scopes: Sequence[str] = ()) -> None:
    """Print sentences, tables, changes and warnings to stdout; `scopes` are printed beside the whole network."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else MAXIMUM_WIDTH, highlight=False)
    console.print(escape(_title(comparison)), style="bold", soft_wrap=True)
    for text in comparison.sentences:
        console.print(escape(f"  {text}"), soft_wrap=True)
    print_claims(console, comparison)
    for label in comparison.labels[1:]:
        for scope in ("network", "contracts", *scopes):
            rows = [one for one in comparison.found if one.variant == label and one.scope == scope]
            if rows:
                console.print(difference_table(rows, comparison))
    _print_changes(console, comparison)
    for text in _one_sided(comparison.one_sided):
        console.print(escape(text), soft_wrap=True)
    for text in comparison.warnings:
        console.print(escape(f"warning: {text}"), style="yellow", soft_wrap=True)
    if comparison.path is not None:
        console.print(escape(f"comparison directory: {comparison.path}"), soft_wrap=True)


def difference_table(rows: Sequence[Difference], comparison: Comparison) -> Table:
    """A row per KPI; amounts that are 0 on both sides are left out."""
    several = len(comparison.labels) > 2
    keyed = rows[0].scope != "network"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in [*([rows[0].scope] if keyed else []), "KPI", "unit"]:
        table.add_column(name, no_wrap=True)
    for name in (comparison.base, rows[0].variant, "difference", "relative", "p (Holm)" if several else "p", ""):
        table.add_column(escape(name), justify="right" if name else "left", no_wrap=True)
    for one in rows:
        if one.base_mean == 0.0 and one.mean == 0.0:
            continue
        key = [escape(one.key)] if keyed else []
        unit = "" if one.unit == "share" else one.unit
        table.add_row(*key, one.kpi, unit, *_numbers(one), _verdict(one))
    return table


def _numbers(one: Difference) -> list[str]:
    share = 100.0 if one.unit == "share" else 1.0
    width = (one.adjusted_high - one.adjusted_low) / 2 * share
    digits = decimals(one.mean * share, width)
    percent = " %" if one.unit == "share" else ""
    base, mean = (f"{value * share:,.{digits}f}{percent}" for value in (one.base_mean, one.mean))
    if one.identical:
        return [base, mean, "0", "0", ""]
    change = f"{one.difference * share:+,.{digits}f}" + ("" if math.isnan(width) else f" ± {width:,.{digits}f}")
    return [base, mean, change, _relative(one), _p_value(one.adjusted_p_value)]


def _relative(one: Difference) -> str:
    if math.isnan(one.relative) or one.unit == "share":
        return ""
    low, high = one.adjusted_relative_low * 100, one.adjusted_relative_high * 100
    if math.isnan(low):
        return f"{one.relative * 100:+.1f} %"
    digits = decimals(one.relative * 100, (high - low) / 2)
    low, high = max(low, -100.0), max(high, -100.0)  # nothing falls by more than all of it
    return f"{one.relative * 100:+.{digits}f} % \\[{low:+.{digits}f}, {high:+.{digits}f}]"


def _p_value(value: float) -> str:
    if math.isnan(value):
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _verdict(one: Difference) -> str:
    if one.identical:
        return "exactly the same"
    if not one.shown:
        return "" if one.pairs < 2 else "no difference shown"
    return f"[{_JUDGED[one.verdict]}]{one.verdict}[/]" if one.verdict else "differs"


def _title(comparison: Comparison) -> str:
    others = ", ".join(comparison.labels[1:])
    pairs = {one.pairs for one in comparison.found if one.scope == "network"}
    n = max(pairs, default=0)
    how = "paired replications" if all(one.paired for one in comparison.found) else "replications, not all paired"
    level = f", {comparison.confidence:.0%} confidence" if n > 1 else ": no intervals; ask for more with -r"
    together = " for all variants together" if n > 1 and len(comparison.labels) > 2 else ""
    return f"{comparison.name}: {others} against {comparison.base}, {n} {how}{level}{together}"


def _print_changes(console: Console, comparison: Comparison) -> None:
    for label in comparison.labels[1:]:
        own = [one for one in comparison.changes if one.variant == label]
        if not own:
            console.print(escape(f"{label} differs from {comparison.base} in no setting"), soft_wrap=True)
            continue
        console.print(escape(f"{label} differs from {comparison.base} in:"), soft_wrap=True)
        for one in own[:MOST_CHANGES]:
            console.print(escape(f"  {one}"), soft_wrap=True)
        if len(own) > MOST_CHANGES:
            console.print(f"  ... and {len(own) - MOST_CHANGES} more in comparison.json", soft_wrap=True)


def _one_sided(found: Sequence[OneSided]) -> list[str]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        groups.setdefault((one.variant, one.scope, one.side), []).append(one.key)
    said = []
    for (variant, scope, side), keys in groups.items():
        where = f"in {variant} only" if side == "variant" else f"not in {variant}"
        names = ", ".join(keys[:8]) + (f" and {len(keys) - 8} more" if len(keys) > 8 else "")
        said.append(f"{scope} {where}, compared as part of the network's totals only: {names}")
    return said
