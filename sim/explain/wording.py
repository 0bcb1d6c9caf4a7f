"""Times, spans and quantities in the words that people use."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

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

    def amount(self, units: int) -> str:
        """A number of integer units in natural units, exactly: `5`, `2.5 kg`."""
        decimals = max(0, -int(Decimal(repr(self.natural_units)).normalize().as_tuple().exponent))
        return self._with_unit(f"{units * self.natural_units:,.{decimals}f}")

    def mean(self, units: float) -> str:
        """An average number of units in natural units: `10.3`, `0.04 kg`."""
        natural = units * self.natural_units
        return self._with_unit(f"{natural:,.1f}" if natural >= 1 else f"{natural:.2g}")

    def _with_unit(self, number: str) -> str:
        return number if self.unit == "each" else f"{number} {self.unit}"


def span(ms: float) -> str:
    """A length of time in one natural unit: `9.2 d`, `3.5 h`, `12 min`, `4 s`."""
    for unit, name in ((MS_PER_DAY, "d"), (MS_PER_HOUR, "h")):
        if abs(ms) >= unit:
            return f"{ms / unit:.1f} {name}"
    if abs(ms) >= MS_PER_MINUTE:
        return f"{ms / MS_PER_MINUTE:.0f} min"
    return f"{ms / 1000:.0f} s"
