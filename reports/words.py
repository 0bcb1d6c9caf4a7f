"""The answer in words, and the headline figures: what was run, what came out, how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reports.catalogue import STANDARDS, Verdict, label, verdict
from reports.numbers import duration, short, with_interval
from reports.run_files import Estimate, RunFiles

FEW_REPLICATIONS: Final = 5
TILES: Final = ("line_fill_rate", "wait_if_short", "stock_value", "turnover", "age_over_180d", "total_cost")


@dataclass(frozen=True)
class Tile:
    """A headline figure: its name, value and interval as text, and what it is held against."""

    label: str
    value: str
    unit: str
    interval: str
    target: str
    verdict: Verdict | None


def tiles(run: RunFiles) -> Sequence[Tile]:
    """The headline figures that the run has."""
    return [_tile(kpi, one) for kpi in TILES if (one := run.estimate(kpi)) is not None]


def _tile(kpi: str, one: Estimate) -> Tile:
    unit = "" if one.unit == "share" else one.unit
    around = f"± {short(one.half_width, one.unit)}" if one.half_width > 0 else "in every replication"
    around = "one value, no interval" if math.isnan(one.half_width) else around
    target = STANDARDS[kpi].target if kpi in STANDARDS else ""
    return Tile(label(kpi), short(one.mean, one.unit), unit, around, target, verdict(kpi, one.mean, one.half_width))


def answer(run: RunFiles, description: str) -> Sequence[str]:
    """Sentences from what was run to how sure the figures are."""
    sentences = [_what(run, description), _service(run), _waiting(run), _stock(run), _cost(run), _sure(run)]
    return [sentence for sentence in sentences if sentence]


def _what(run: RunFiles, description: str) -> str:
    manifest = run.manifest
    times = {1: "once", 2: "twice"}.get(run.count, f"{run.count} times, independently,")
    about = f" ({description.strip().rstrip('.')})" if description.strip() else ""
    length = duration(manifest["horizon_ms"])
    text = f"The scenario {run.label}{about} was simulated {times} over {length} from {date(run)}"
    if manifest.get("from_state"):
        return f"{text}, going on from a saved state at {duration(manifest['warm_up_ms'])}."
    if not manifest["warm_up_ms"]:
        return f"{text}; all of that time is measured."
    return f"{text}; the first {duration(manifest['warm_up_ms'])} are warm-up and are not measured."


def date(run: RunFiles) -> str:
    """The date of time 0 as `5 January 2026`, or as it stands in the manifest when it is no date."""
    text = str(run.manifest["start"])
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{start.day} {start:%B %Y}"


def _service(run: RunFiles) -> str:
    met, lines = run.estimate("line_fill_rate"), run.estimate("demand_lines")
    if met is None or lines is None:
        return "No customer asked for anything in the measured time."
    share = f"{_told(met)} of them were met in full at once{_held('line_fill_rate', met)}"
    text = f"Customers asked for {short(lines.mean)} lines; {share}."
    stocked = run.estimate("line_fill_rate_stocked")
    if stocked is not None and stocked.mean - met.mean > 0.001:
        share = f"{_told(stocked)}{_held('line_fill_rate_stocked', stocked)}"
        text += f" Of the lines for items that the node means to hold it is {share}."
    fix = run.estimate("first_time_fix")
    if fix is not None:
        text += f" {_told(fix)} of the jobs found all their parts there."
    return text


def _waiting(run: RunFiles) -> str:
    short_wait, lost = run.estimate("wait_if_short"), run.estimate("lost")
    text = f"Units that were not there at once came {_told(short_wait)} h later on average." if short_wait else ""
    if lost is not None and lost.mean > 0:
        text += f" {short(lost.mean)} units were lost: not there, and not waited for."
    return text.strip()


def _stock(run: RunFiles) -> str:
    value, turnover = run.estimate("stock_value"), run.estimate("turnover")
    if value is None or value.mean <= 0:
        return ""
    around = "" if math.isnan(value.half_width) else f" ± {short(value.half_width)}"
    text = f"Stock was worth {short(value.mean)}{around} {run.currency} on average"
    if turnover is not None:
        text += f" and turned {_told(turnover)} times a year{_held('turnover', turnover)}"
    dead = run.estimate("age_over_180d")
    if dead is not None:
        text += f"; {_told(dead)} of the value is older than 180 days{_held('age_over_180d', dead)}"
    return text + "."


def _cost(run: RunFiles) -> str:
    total, purchase = run.estimate("total_cost"), run.estimate("purchase_cost")
    if total is None or total.mean <= 0:
        return ""
    bought = purchase.mean if purchase is not None else 0.0
    text = f"All costs in the {duration(run.measured_ms)} measured add up to {short(total.mean)} {run.currency}"
    return f"{text}, purchases being {short(bought / total.mean, 'share')} of that." if bought > 0 else f"{text}."


def _sure(run: RunFiles) -> str:
    if run.count == 1:
        return (
            "This is one replication: nothing can be said about how far chance alone moves these figures. "
            "Run more (-r 10) before deciding anything."
        )
    text = (
        f"Figures are means of {run.count} replications; brackets hold their {run.confidence:.0%}".replace("%", " %")
        + " confidence intervals"
    )
    unsure = [
        label(kpi)
        for kpi in STANDARDS
        if (one := run.estimate(kpi)) is not None
        and (found := verdict(kpi, one.mean, one.half_width)) is not None
        and found.also
    ]
    if unsure:
        text += f"; too close to an edge to be sure of the grade: {'; '.join(unsure)}"
    if run.count < FEW_REPLICATIONS:
        text += f"; {run.count} are few, and the intervals wide for that reason"
    return text + "."


def _told(one: Estimate) -> str:
    # every figure told is at least 0, and the shares among them at most 1
    return with_interval(one.mean, one.half_width, one.unit, (0.0, 1.0 if one.unit == "share" else math.inf))


def _held(kpi: str, one: Estimate) -> str:
    """What the standard says of it, as an insertion."""
    found = verdict(kpi, one.mean, one.half_width)
    if found is None:
        return ""
    sure = "" if not found.also else ", though the interval does not exclude " + " or ".join(found.also)
    if found.grade.word in ("met", "missed"):
        return f" (target {STANDARDS[kpi].target}: {found.grade.word}{sure})"
    return f" ({found.grade.word}{sure})"
