"""Devices and gateways: how often a record is wrong, by how much, and how late it is.

Draws are single units of a Poisson process unless it says otherwise (they see the time-stationary state: Wolff 1982).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sim.network import Float64Array

NEGLIGIBLE = 1e-12


# --- gateways ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Uplink:
    """An uplink that is up and down in turn (an alternating renewal process, Cox 1962); the time up is exponential.

    Attributes:
        up_days, down_days: mean times.
        shape: of the gamma distribution of the time down.
    """

    up_days: float
    down_days: float
    shape: float = 1.0

    @property
    def outage_share(self) -> float:
        """Share of the time, and of the messages, in an outage."""
        return self.down_days / (self.up_days + self.down_days)

    @property
    def delay_days(self) -> float:
        """Mean delay of a message when all are kept: those of an outage wait for what is left of it.

        What is left of an outage B at a random instant in it is E[B^2] / 2 E[B] on average.
        """
        return self.outage_share * self.down_days * (1 + 1 / self.shape) / 2

    def lost_share(self, messages_per_day: float, capacity: int) -> float:
        """Share of the messages lost by a gateway that keeps `capacity` of them, whichever it gives up.

        The messages of an outage are N, negative binomial; N - capacity are too many: E[N] - sum of P(N > k) over
        k < capacity, per outage.
        """
        mean = messages_per_day * self.down_days
        kept = stats.nbinom.sf(np.arange(capacity), self.shape, self.shape / (self.shape + mean)).sum()
        return float(self.outage_share * (1 - kept / mean))


def polling_delay_ms(poll_ms: float) -> float:
    """Mean time until a message is collected: what is left of a polling interval at a random instant."""
    return poll_ms / 2


# --- records that drift away from the shelf ---------------------------------------------------------------------------
@dataclass(frozen=True)
class MissedScans:
    """Draws that nobody scans, found at the next count (Kang and Gershwin 2005, with counts at equal intervals).

    Attributes:
        missed_per_day: draws that are not scanned, a Poisson process (a random share of one).
        count_days: from count to count, each of which puts the record right.
    """

    missed_per_day: float
    count_days: float

    @property
    def right_when_counted(self) -> float:
        """Share of the counts that find the record equal to the shelf."""
        return math.exp(-self.missed_per_day * self.count_days)

    @property
    def wrong_share(self) -> float:
        """Share of the time in which the record is not equal to the shelf."""
        return 1 + math.expm1(-self.missed_per_day * self.count_days) / (self.missed_per_day * self.count_days)

    @property
    def mean_difference(self) -> float:
        """Mean units by which the record exceeds the shelf."""
        return self.missed_per_day * self.count_days / 2


def rfid_errors(tags: int, read_rate: float, stray: float) -> tuple[Float64Array, Float64Array]:
    """Errors of an inventory round and their probabilities: stray tags (Poisson) less missed ones (binomial)."""
    missed: Float64Array = stats.binom.pmf(np.arange(tags + 1), tags, 1 - read_rate)
    most = int(stats.poisson.isf(NEGLIGIBLE, stray)) + 1 if stray > 0 else 0
    added: Float64Array = stats.poisson.pmf(np.arange(most + 1), stray)
    return np.arange(-tags, most + 1, dtype=np.float64), np.convolve(missed[::-1], added)


def weighing_errors(noise_units: float) -> tuple[Float64Array, Float64Array]:
    """Errors of a weighed count and their probabilities: normal noise, rounded to whole units (Widrow and Kollár 2008).

    Args:
        noise_units: standard deviation of a reading over the weight of a unit.
    """
    most = int(math.ceil(noise_units * float(stats.norm.isf(NEGLIGIBLE)))) + 1
    errors = np.arange(-most, most + 1, dtype=np.float64)
    chances: Float64Array = np.diff(stats.norm.cdf((np.append(errors, most + 1) - 0.5) / noise_units))
    return errors, chances


def wrong_chance(errors: Float64Array, chances: Float64Array) -> float:
    """Probability of any error."""
    return 1 - float(chances[errors == 0][0])


def mean_size(errors: Float64Array, chances: Float64Array) -> float:
    """Mean error without its sign, units."""
    return float(np.abs(errors) @ chances)


def false_alarms_per_period(mean: float, limit: float) -> float:
    """Alarms that begin per period when use above a limit raises one and nothing is wrong (Shewhart 1931).

    Use of a period is Poisson, periods are independent; an alarm that stands is not raised again.
    """
    above = float(stats.poisson.sf(math.floor(limit), mean))
    return above * (1 - above)


def leaked_per_day(every_days: float, lasting_days: float, units_per_day: float) -> float:
    """Units that leak away when the tank is tight and leaks in turn (an alternating renewal process, Cox 1962)."""
    return units_per_day * lasting_days / (every_days + lasting_days)


def refused_share(lines_per_shift: float, persons: int, limit: int, unauthorised: float) -> float:
    """Share of the lines refused, of single units and a Poisson process, when each person has a limit per shift.

    Whoever may not draw is refused; of the others each of the persons has a Poisson number, and what exceeds the limit
    is refused: E[(N - limit)+] = mean P(N >= limit) - limit P(N > limit) (Hadley and Whitin 1963, appendix 3).
    """
    mean = lines_per_shift * (1 - unauthorised) / persons
    beyond = mean * float(stats.poisson.sf(limit - 1, mean)) - limit * float(stats.poisson.sf(limit, mean))
    return unauthorised + persons * beyond / lines_per_shift


# --- vending machines -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class VendingSlot:
    """A slot that jams now and then and serves nobody until it is cleared: one server and no queue (Erlang 1917).

    Attributes:
        turns_per_day: people who come, of a Poisson process; who cannot be served goes away.
        jam, fail: shares of the turns of a slot in order.
        clear_days: mean time until a jam is cleared, of any distribution.
    """

    turns_per_day: float
    jam: float
    fail: float
    clear_days: float

    @property
    def jammed(self) -> float:
        """Share of the time, and of the people, with a jammed slot."""
        load = self.turns_per_day * self.jam * self.clear_days
        return load / (1 + load)

    @property
    def fill_rate(self) -> float:
        """Share of the people who get what they want, while there is stock."""
        return (1 - self.jammed) * (1 - self.jam - self.fail)

    @property
    def fails_per_day(self) -> float:
        """Turns in which nothing comes out and the slot goes on."""
        return self.turns_per_day * (1 - self.jammed) * self.fail
