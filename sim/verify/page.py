"""The verification page: theory beside simulation, as a table on the screen, as Markdown and as JSON."""

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from sim.verify.run import CONFIDENCE, Row, Verification

MARKDOWN: Final = "verification.md"
JSON: Final = "verification.json"
COLUMNS: Final = ("compared", "theory", "simulation", "interval ±", "verdict", "source")


def write_page(verification: Verification, folder: Path) -> tuple[Path, Path]:
    """Write verification.md and verification.json; OSError as the file system says."""
    folder.mkdir(parents=True, exist_ok=True)
    markdown, document = folder / MARKDOWN, folder / JSON
    markdown.write_text(as_markdown(verification), encoding="utf-8")
    document.write_text(json.dumps(as_document(verification), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return markdown, document


def cells(row: Row) -> tuple[str, ...]:
    """A row as text, in the order of COLUMNS; the interval decides how many digits make sense."""
    digits = _digits(row)
    numbers = (row.check.theory, row.interval.mean, row.interval.half_width)
    theory, mean, width = (f"{number:,.{digits}f}" for number in numbers)
    return row.check.what, theory, mean, width if _random(row) else "exact", row.verdict, str(row.source)


def _random(row: Row) -> bool:
    return row.interval.half_width > 1e-8 * abs(row.interval.mean)


def _digits(row: Row) -> int:
    if not _random(row):
        return 2
    width = f"{row.interval.half_width:e}"
    return min(max(1 - int(width.partition("e")[2]), 0), 6)


def headline(verification: Verification) -> str:
    """The result in one sentence."""
    failed, judged = len(verification.failures), verification.judged
    if failed:
        return f"{failed} of {judged} comparisons fail."
    return f"All {judged} comparisons agree with theory."


def explanation(verification: Verification) -> str:
    """How to read the verdicts."""
    one_of = round(1 / (1 - verification.joint_confidence))
    return (
        f"Each interval has a confidence of {verification.confidence:.3%}, so that all {verification.judged} together "
        f"contain the true values with at least {verification.joint_confidence:.0%} (Bonferroni): a correct model "
        f"fails with at most one of {one_of} seeds. A comparison fails when the theory's value lies outside the "
        "interval, or when the interval is too wide to prove anything. Rows of information show known limits of "
        "approximate formulas and have no verdict."
    )


def footing(verification: Verification) -> str:
    """Seed, effort and time."""
    effort = "quick (a fourth of the copies)" if verification.quick else "full"
    return f"seed {verification.seed}, {effort}, {verification.wall_seconds:.0f} s"


def as_markdown(verification: Verification) -> str:
    """The page for people: a table per case, then the references."""
    parts = ["# Verification", "", f"{headline(verification)} ({footing(verification)})", ""]
    if verification.failures:
        parts += [*(f"- **{row.verdict}**: {row.case.name}: {row.check.what}" for row in verification.failures), ""]
    parts += [explanation(verification), ""]
    for case, rows in groupby(verification.rows, key=lambda row: row.case):
        parts += [f"## {case.name}", "", f"{case.summary} {case.source}.", ""]
        parts += _table(rows)
    parts += ["## References", ""]
    sources = {row.source for row in verification.rows} | {row.case.source for row in verification.rows}
    ordered = sorted(sources, key=lambda source: (source.authors, source.year))
    parts += [f"- {source.authors} ({source.year}). {source.reference}" for source in ordered]
    return "\n".join(parts) + "\n"


def _table(rows: Iterable[Row]) -> list[str]:
    lines = [f"| {' | '.join(COLUMNS)} |", "|---|---:|---:|---:|---|---|"]
    for row in rows:
        texts = list(cells(row))
        if row.failed:
            texts[4] = f"**{row.verdict}**"
        lines.append(f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |")
    return [*lines, ""]


def as_document(verification: Verification) -> dict[str, Any]:
    """The page for programs."""
    return {
        "agrees": not verification.failures,
        "seed": verification.seed,
        "quick": verification.quick,
        "joint_confidence": verification.joint_confidence,
        "confidence": verification.confidence,
        "wall_seconds": round(verification.wall_seconds, 1),
        "comparisons": verification.judged,
        "failures": [_named(row) for row in verification.failures],
        "rows": [_row_document(row) for row in verification.rows],
        "cpu_seconds": {name: round(seconds, 2) for name, seconds in verification.timings.items()},
    }


def _named(row: Row) -> str:
    return f"{row.case.name}: {row.check.what}"


def _row_document(row: Row) -> dict[str, Any]:
    alone = row.check.estimate.interval(CONFIDENCE)
    return {
        "case": row.case.name,
        "family": row.case.family,
        "compared": row.check.what,
        "theory": row.check.theory,
        "simulation": row.interval.mean,
        "low": row.interval.low,
        "high": row.interval.high,
        "half_width_99": alone.half_width,
        "verdict": row.verdict,
        "source": str(row.source),
        "reference": row.source.reference,
    }
