"""The time line of a run as SVG: per device what was shown and what arrived, above it what was broken when."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup, escape

from hil.accept.history import Outage
from hil.accept.judging import Judgement, TruthClass
from hil.accept.matching import ReportClass

WIDTH: Final = 1000
LEFT: Final = 150
ROW: Final = 14
GAP: Final = 10
COLUMNS: Final = 400
"""Marks of a row are gathered into so many columns: a run of any length makes a page of bounded size."""
MOST_DEVICES: Final = 40
MOST_TICKS: Final = 12
UNITS_S: Final = (("h", 3600), ("min", 60), ("s", 1))
STEPS_S: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400, 259_200)
TRUTH_COLOURS: Final = {
    TruthClass.DELIVERED: "#009e73",
    TruthClass.NEVER_OBSERVABLE: "#999999",
    TruthClass.NOT_READABLE: "#56b4e9",
    TruthClass.NOT_RUNNING: "#cc79a7",
    TruthClass.LOST_BETWEEN: "#e69f00",
    TruthClass.LOST: "#d55e00",
}
"""In the order of gravity: the gravest of a column gives its colour."""
REPORT_COLOURS: Final = {
    ReportClass.OVERSAMPLED: "#999999",
    ReportClass.DELIVERED: "#009e73",
    ReportClass.DUPLICATE: "#56b4e9",
    ReportClass.STALE: "#e69f00",
    ReportClass.INVENTED: "#d55e00",
}


def draw(judgement: Judgement) -> Markup:
    """The picture; names are escaped, everything else is numbers."""
    end_ms = max(judgement.history.end_ms, 1)
    devices = [total.device for total in judgement.totals]
    parts, y = [], 4
    for place, outage in enumerate(judgement.history.outages):
        parts.append(_outage(outage, end_ms, y, place))
    rows = sorted({outage.cause.value for outage in judgement.history.outages})
    for cause in rows:
        parts.append(_label(cause, y))
        own = [one for one in judgement.history.outages if one.cause.value == cause]
        parts += [_bar(one.from_ms, one.to_ms, end_ms, y, "#d55e00", f"{one.fault}: {_span(one)}") for one in own]
        y += ROW + GAP
    for device in devices[:MOST_DEVICES]:
        truths = [(one.shown_ms, kind) for one, kind in judgement.truths if one.device == device]
        reports = [(one.report.seen_ms, one.kind) for one in judgement.reports if one.report.device == device]
        parts += [_label(device, y), _label_small("shown", y), *_marks(truths, tuple(TRUTH_COLOURS), end_ms, y)]
        y += ROW
        parts += [_label_small("arrived", y), *_marks(reports, tuple(REPORT_COLOURS), end_ms, y)]
        y += ROW + GAP
    if len(devices) > MOST_DEVICES:
        parts.append(_label(f"and {len(devices) - MOST_DEVICES} more devices", y))
        y += ROW
    parts.append(_axis(end_ms, y))
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="time line of the run">').format(WIDTH, y + 22)
    return head + Markup("").join(parts) + Markup("</svg>")


def _x(time_ms: int, end_ms: int) -> float:
    return round(LEFT + (WIDTH - LEFT - 10) * min(max(time_ms / end_ms, 0.0), 1.0), 1)


def _outage(outage: Outage, end_ms: int, y: int, place: int) -> Markup:
    """A faint band over all rows."""
    left, right = _x(outage.from_ms, end_ms), _x(outage.to_ms, end_ms)
    band = '<rect x="{}" y="0" width="{}" height="100%" fill="#d55e00" fill-opacity="0.06"/>'
    return Markup(band).format(left, max(round(right - left, 1), 1))


def _bar(from_ms: int, to_ms: int, end_ms: int, y: int, colour: str, title: str) -> Markup:
    left, right = _x(from_ms, end_ms), _x(to_ms, end_ms)
    bar = '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"><title>{}</title></rect>'
    return Markup(bar).format(left, y, max(round(right - left, 1), 2), ROW - 2, colour, title)


def _marks(
    events: Iterable[tuple[int, TruthClass | ReportClass]],
    gravity: Sequence[TruthClass | ReportClass],
    end_ms: int,
    y: int,
) -> list[Markup]:
    columns: dict[int, Counter[TruthClass | ReportClass]] = {}
    for time_ms, kind in events:
        column = min(int(COLUMNS * max(time_ms, 0) / end_ms), COLUMNS - 1)
        columns.setdefault(column, Counter())[kind] += 1
    marks = []
    colours: dict[str, str] = {kind.value: colour for kind, colour in (*TRUTH_COLOURS.items(), *REPORT_COLOURS.items())}
    for column, counts in sorted(columns.items()):
        gravest = max(counts, key=gravity.index)
        begin_ms, over_ms = column * end_ms // COLUMNS, (column + 1) * end_ms // COLUMNS
        title = ", ".join(f"{count} {kind.value}" for kind, count in sorted(counts.items()))
        title = f"{begin_ms / 1000:.1f} s: {title}"
        marks.append(_bar(begin_ms, over_ms, end_ms, y, colours[gravest.value], title))
    return marks


def _label(text: str, y: int) -> Markup:
    short = text if len(text) <= 18 else text[:17] + "…"
    return Markup('<text x="0" y="{}" font-size="11">{}</text>').format(y + ROW - 4, escape(short))


def _label_small(text: str, y: int) -> Markup:
    form = '<text x="{}" y="{}" font-size="9" text-anchor="end" fill-opacity="0.7">{}</text>'
    return Markup(form).format(LEFT - 6, y + ROW - 4, text)


def _axis(end_ms: int, y: int) -> Markup:
    form = '<text x="{}" y="{}" font-size="10" text-anchor="middle">{}</text>'
    step_s = next((step_s for step_s in STEPS_S if end_ms / 1000 / step_s < MOST_TICKS), STEPS_S[-1])
    unit, length_s = next((unit, length_s) for unit, length_s in UNITS_S if step_s % length_s == 0)
    ticks = ((tick_s, f"{tick_s // length_s} {unit}") for tick_s in range(0, end_ms // 1000 + 1, step_s))
    return Markup("").join(Markup(form).format(_x(tick_s * 1000, end_ms), y + 12, text) for tick_s, text in ticks)


def _span(outage: Outage) -> str:
    return f"{outage.from_ms / 1000:.1f} s to {outage.to_ms / 1000:.1f} s"
