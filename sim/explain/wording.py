"""Times, spans and quantities in the words that people use."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from policies.units import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE


@dataclass(frozen=True)
class Wording:
    """Writes figures of one item in one run.

    Attributes:
        start: date and time of time 0.
        unit: natural unit of the item (`each`, `kg`).
        natural_units: natural units per integer unit.
    """

    start: datetime
    unit: str
    natural_units: float

    def moment(self, time_ms: int) -> str:
        """Date and time of an instant, to the second."""
        return self.date(time_ms).strftime("%Y-%m-%d %H:%M:%S")

    def date(self, time_ms: int) -> datetime:
        """The instant in the scenario's calendar."""
        return self.start + timedelta(milliseconds=time_ms)

    def amount(self, units: float) -> str:
        """An amount in natural units: `5`, `2.5 kg`."""
        natural = units * self.natural_units
        decimals = max(0, -int(np.floor(np.log10(self.natural_units) + 1e-9))) if units == int(units) else 1
        text = f"{natural:,.{decimals}f}"
        return text if self.unit == "each" else f"{text} {self.unit}"


def span(ms: float) -> str:
    """A length of time in one natural unit: `9.2 d`, `3.5 h`, `12 min`, `4 s`."""
    for unit, name in ((MS_PER_DAY, "d"), (MS_PER_HOUR, "h")):
        if abs(ms) >= unit:
            return f"{ms / unit:.1f} {name}"
    if abs(ms) >= MS_PER_MINUTE:
        return f"{ms / MS_PER_MINUTE:.0f} min"
    return f"{ms / 1000:.0f} s"
