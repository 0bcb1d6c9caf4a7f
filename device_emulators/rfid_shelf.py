"""An RFID shelf: a count of the tags that answer in an inventory round."""

import math

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Draw
from device_emulators.measuring import MeasuringDevice, MeasuringState, whole

_LOG_SMALLEST = -700.0  # exp of less may be 0


def missed_tags(tags: int, read_rate: float, word: float) -> int:
    """Tags that do not answer, of `tags` that each answer with probability `read_rate`, independently.

    The binomial quantile of the uniform number `word`: the smallest number whose cumulative probability, added up
    from 0, reaches it. Probabilities too small for a float are passed over; together they are below 1e-290.
    """
    if tags <= 0 or read_rate >= 1.0:
        return 0
    if read_rate <= 0.0:
        return tags
    odds = (1.0 - read_rate) / read_rate
    missed = 0
    log_term = tags * math.log(read_rate)
    while log_term < _LOG_SMALLEST:
        log_term += math.log((tags - missed) / (missed + 1.0) * odds)
        missed += 1
    term = math.exp(log_term)
    cumulative = term
    while cumulative < word and missed < tags:
        term *= (tags - missed) / (missed + 1.0) * odds
        missed += 1
        cumulative += term
    return missed


def stray_tags(mean: float, word: float) -> int:
    """Tags of other places that answer too, `mean` on average: the Poisson quantile of the uniform number `word`.

    For means below 700, from where on the probability of none is no longer a float.
    """
    stray = 0
    term = math.exp(-mean)
    cumulative = term
    while cumulative < word and term > 0.0:
        stray += 1
        term *= mean / stray
        cumulative += term
    return stray


def tags_shown(tags: int, missed: int, stray: int) -> int:
    """Tags that an inventory round counts: those there that answer, and those of other places that answer too."""
    return tags - missed + stray


@dataclass(frozen=True, config=STRICT)
class RfidShelfConfig:
    """A shelf whose items carry tags."""

    read_rate: float = Field(default=1.0, ge=0, le=1, description="share of the tags that answer in a round")
    stray_tags: float = Field(default=0.0, ge=0, le=100, description="mean number of tags read that are not there")
    round_ms: int = Field(
        default=0, ge=0, description="an inventory round at every multiple of this; 0: on changes only"
    )


@dataclass(config=STRICT)
class RfidShelfState(MeasuringState):
    """What truly lies there."""

    tags: int = Field(default=0, ge=0)


class RfidShelf(MeasuringDevice[RfidShelfState]):
    """A shelf that counts tags: an inventory round on every change, every `round_ms`, and when told to (`measure`).

    Words of `draw`: two per round, for what it misses and for what it reads of other places.
    """

    def __init__(self, name: str, config: RfidShelfConfig, draw: Draw) -> None:
        super().__init__(name, RfidShelfState(), draw, config.round_ms)
        self.config = config

    @property
    def tags(self) -> int:
        """Tagged units that truly lie there."""
        return self._state.tags

    def put(self, units: int) -> None:
        """Tagged units are put on the shelf."""
        self._state.tags += whole(units)
        self._note("put", value=units)
        self.measure()

    def take(self, units: int) -> int:
        """Units are taken, as far as there are any; returns how many."""
        taken = min(whole(units), self._state.tags)
        self._state.tags -= taken
        self._note("taken", value=taken)
        self.measure()
        return taken

    def _measured(self) -> int:
        missed = missed_tags(self._state.tags, self.config.read_rate, self._word())
        return tags_shown(self._state.tags, missed, stray_tags(self.config.stray_tags, self._word()))
