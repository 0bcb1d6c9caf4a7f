"""Machines that fail, wait for a part or a crew, and stop their line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from sim.network import Float64Array


@dataclass(frozen=True)
class Repairman:
    """Machines that fail and are repaired by a limited number of crews, with spare ones beside them (M/M/c//N).

    Running machines fail independently after exponential times, also a spare that has taken over; repairs are
    exponential, first come first served. Feller (1950) and Palm (1947) without, Taylor and Jackson (1954) with spares.
    With a crew for every unit the repair time may have any distribution (Baskett, Chandy, Muntz and Palacios 1975);
    then a repair can just as well be the lead time of a new part.

    Attributes:
        machines: that are to run.
        spares: parts (or whole machines) beyond those in the machines.
        crews: repairs (or deliveries) at a time; 0: as many as are wanted.
        life_days: mean running time to a failure.
        repair_days: mean time of a repair (or delivery).
    """

    machines: int
    spares: int
    crews: int
    life_days: float
    repair_days: float

    def stationary(self) -> Float64Array:
        """Probability of k units in repair or waiting for it, k = 0, ..., machines + spares, from the balance of flows.

        p(k) x running(k) / life = p(k + 1) x at work(k + 1) / repair
        """
        weights = [1.0]
        for k in range(self.machines + self.spares):
            failures = self._running(k) / self.life_days
            weights.append(weights[-1] * failures * self.repair_days / self._at_work(k + 1))
        chances: Float64Array = np.array(weights) / sum(weights)
        return chances

    def _running(self, broken: int) -> int:
        return min(self.machines, self.machines + self.spares - broken)

    def _at_work(self, broken: int) -> int:
        return min(broken, self.crews) if self.crews else broken

    def _mean(self, values: Sequence[int]) -> float:
        return float(self.stationary() @ np.array(values))

    @property
    def units(self) -> range:
        """Possible numbers of units in repair or waiting for it."""
        return range(self.machines + self.spares + 1)

    @property
    def running(self) -> float:
        """Mean number of machines that run."""
        return self._mean([self._running(k) for k in self.units])

    @property
    def failures_per_day(self) -> float:
        """Failures of all machines together."""
        return self.running / self.life_days

    @property
    def on_shelf(self) -> float:
        """Mean number of spares ready for use."""
        return self._mean([max(self.spares - k, 0) for k in self.units])

    @property
    def waiting(self) -> float:
        """Mean number of units that wait for a crew."""
        return self._mean([k - self._at_work(k) for k in self.units])

    @property
    def wait_days(self) -> float:
        """Mean time that a failed unit waits for a crew (Little 1961)."""
        return self.waiting / self.failures_per_day

    @property
    def down_days(self) -> float:
        """Mean time from a failure until a machine runs in its place, those replaced at once included."""
        return (self.machines - self.running) / self.failures_per_day

    @property
    def replaced_at_once(self) -> float:
        """Share of the failures that find a spare on the shelf."""
        rates = self.stationary() * np.array([self._running(k) for k in self.units])
        return float(rates[: self.spares].sum() / rates.sum())


def line_availability(failures_per_day: Sequence[float], repair_days: Sequence[float]) -> float:
    """Share of the time in which a line runs that stands whenever one of its machines does (Barlow and Proschan 1975).

    1 / (1 + sum over machines of failures per running day x mean repair): machines do not age while the line stands,
    so that repairs never overlap. Times to failure and repairs of any distribution.
    """
    pairs = zip(failures_per_day, repair_days, strict=True)
    return 1 / (1 + sum(rate * repair for rate, repair in pairs))


@dataclass(frozen=True)
class OverduePart:
    """A machine that runs on without a worn part, and fails more often until the new one has come.

    Renewal-reward (Smith 1955): a cycle is the life of a part and the time for which it is overdue. Repairs are so
    short that they take no time.

    Attributes:
        life_days: mean life of the part. overdue_days: mean time from its end to the new part.
        failures_per_day: of the machine with a good part.
        factor: failures are that much more frequent while the part is overdue.
    """

    life_days: float
    overdue_days: float
    failures_per_day: float
    factor: float

    @property
    def overdue_share(self) -> float:
        """Share of the time for which the part is overdue."""
        return self.overdue_days / (self.life_days + self.overdue_days)

    @property
    def late_failures_per_day(self) -> float:
        """Failures that a part in time would have spared."""
        return self.failures_per_day * (self.factor - 1) * self.overdue_share


@dataclass(frozen=True)
class ConsumableLine:
    """A line that uses single units of a consumable and stands without it, under (R, nQ) with a constant lead time.

    The lost-sales cycle of Hadley and Whitin (1963, chapter 4): in every cycle the line runs for the time of Q uses,
    and stands from the use that found (or left) the shelf empty until the lot comes. No second order is ever under way,
    as the lot is larger than the reorder point.

    Attributes:
        interval_days: mean running time between two uses.
        shape: of their gamma distribution; 1: exponential, so that uses while running are a Poisson process.
        reorder_point, lot: R and Q of the policy, R < Q.
        lead_days: from order to arrival.
        at_empty: the line stands as soon as the last unit is used; otherwise when the next one is wanted.
    """

    interval_days: float
    reorder_point: int
    lot: int
    lead_days: float
    shape: float = 1.0
    at_empty: bool = True

    def __post_init__(self) -> None:
        if self.reorder_point >= self.lot:
            raise ValueError("the lot has to be larger than the reorder point")

    @property
    def _uses(self) -> int:
        """Intervals from the order to the stop."""
        return self.reorder_point + (0 if self.at_empty else 1)

    @property
    def stop_chance(self) -> float:
        """Probability that a cycle has a stop: the units left at the order are used up within the lead time."""
        if self._uses == 0:
            return 1.0
        return float(special.gammainc(self._uses * self.shape, self.shape * self.lead_days / self.interval_days))

    @property
    def stopped_days(self) -> float:
        """Mean time that the line stands per cycle: E[(lead time - X)+], X the time of so many uses.

        For X of a gamma distribution with shape a, E[X; X < t] = E[X] P(X' < t) with X' of shape a + 1.
        """
        shape = self._uses * self.shape
        longer = float(special.gammainc(shape + 1, self.shape * self.lead_days / self.interval_days))
        return self.lead_days * self.stop_chance - self._uses * self.interval_days * longer

    @property
    def cycle_days(self) -> float:
        """Mean time from order to order."""
        return self.lot * self.interval_days + self.stopped_days

    @property
    def availability(self) -> float:
        """Share of the time in which the line runs."""
        return self.lot * self.interval_days / self.cycle_days

    @property
    def stops_per_year(self) -> float:
        """Stops in 365 days."""
        return 365 * self.stop_chance / self.cycle_days
