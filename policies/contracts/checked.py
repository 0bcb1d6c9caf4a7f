"""What a term charges, checked: terms may come from outside."""

from typing import Final

import numpy as np

from policies.contracts.term import TABLES, Charges, Facts, Measures, Term
from policies.units import UnitError


class TermError(ValueError):
    """A term that failed or returned something that is no charge; the message names its kind and says what is wrong."""


_COLUMNS: Final = tuple(Charges.__dataclass_fields__)


def charges_of(term: Term, facts: Facts, measures: Measures) -> Charges:
    """What a term charges over the time that the facts are of.

    Raises TermError if the term fails, for columns that are no whole numbers or differ in length, for charges out of
    order or outside that time, and for rows that do not exist; UnitError for settings that do not fit an item's unit.
    """
    try:
        charges = term.charges(facts, measures)
    except UnitError:
        raise
    except Exception as error:  # whatever a stranger's term does
        raise TermError(f"contract term `{term.kind}` failed: {type(error).__name__}: {error}") from error
    wrong = _wrong(charges, facts)
    if wrong:
        raise TermError(f"contract term `{term.kind}` {wrong}")
    return charges


def _wrong(charges: Charges, facts: Facts) -> str:
    """What is wrong with charges, or nothing."""
    if not isinstance(charges, Charges):
        return f"returned {type(charges).__name__}, not Charges"
    columns = {name: getattr(charges, name) for name in _COLUMNS}
    shapes = {np.shape(column) for column in columns.values()}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1:
        return "returned columns of different lengths"
    for name, column in columns.items():
        if not isinstance(column, np.ndarray) or column.dtype != np.int64:
            return f"returned `{name}` that is no column of 64-bit integers"
    time_ms = charges.time_ms
    if not time_ms.size:
        return ""
    if bool(np.any(time_ms[1:] < time_ms[:-1])):
        return "returned charges that are not in order of time"
    if time_ms[0] < facts.from_ms or time_ms[-1] >= facts.to_ms:
        return "returned a charge outside the time in which it holds"
    if bool(np.any((charges.table < 0) | (charges.table >= len(TABLES)))):
        return f"returned a table that is none of 0 .. {len(TABLES) - 1}"
    if bool(np.any((charges.first_row < -1) | (charges.last_row < charges.first_row))):
        return "returned a charge whose last row comes before its first"
    return ""
