"""The benchmark's table: seconds, multiples of the yardstick, and what was promised."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table: a heading, a time, or a figure with the promise it is held against."""

    name: str
    seconds: float | None = None  # processor time
    figure: float | None = None
    promise: str = ""
    kept: bool = True

    @classmethod
    def at_least(cls, name: str, figure: float, bound: float) -> "Row":
        """A figure that should reach `bound`."""
        return cls(name, figure=figure, promise=f">= {bound:g}", kept=figure >= bound)

    @classmethod
    def at_most(cls, name: str, figure: float, bound: float) -> "Row":
        """A figure that should not exceed `bound`."""
        return cls(name, figure=figure, promise=f"<= {bound:g}", kept=figure <= bound)


def print_table(rows: Sequence[Row], yardstick_seconds: float) -> int:
    """Print to stdout; returns 0, or 1 when a promise is not kept."""
    width = max(len(row.name) for row in rows if row.seconds is not None or row.figure is not None)
    print(f"{'':{width}}  {'CPU s':>9}  {'yardsticks':>10}  {'figure':>8}  promised")
    for row in rows:
        seconds = "" if row.seconds is None else f"{row.seconds:.3f}"
        multiple = "" if row.seconds is None else f"{row.seconds / yardstick_seconds:.2f}"
        figure = "" if row.figure is None else f"{row.figure:.2f}"
        verdict = "" if row.kept else "  MISSED"
        print(f"{row.name:{width}}  {seconds:>9}  {multiple:>10}  {figure:>8}  {row.promise}{verdict}".rstrip())
    promises = [row for row in rows if row.promise]
    missed = sum(not row.kept for row in promises)
    print(f"\n{missed} of {len(promises)} promises missed" if missed else "\nall promises kept")
    return 1 if missed else 0
