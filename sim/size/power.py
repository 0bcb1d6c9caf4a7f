"""What a pilot of some months can prove, and what it cannot.

Stop events are counted before and in the pilot and compared as two Poisson counts; windows of the promise are kept or
not and counted as a binomial number.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import optimize, special, stats

DAYS_PER_YEAR: Final = 365.0
_TAIL: Final = 1e-10


@dataclass(frozen=True)
class Test:
    """How a question is decided.

    Attributes:
        significance: chance of finding a change where there is none, of both signs together if `two_sided`.
        power: chance of finding the change where it is there.
        two_sided: whether a change for the worse is looked for as well.
    """

    __test__ = False  # not one of pytest's

    significance: float = 0.05
    power: float = 0.8
    two_sided: bool = True

    @property
    def one_side(self) -> float:
        """Significance on the side of the change that is hoped for."""
        return self.significance / 2 if self.two_sided else self.significance


USUAL: Final = Test()
"""Two-sided at 5 %, with a power of 80 %."""


def events_needed(cut: float, test: Test = USUAL, pilot_share: float = 1.0) -> float:
    """Baseline events at which a relative cut of the rate is found with the power wanted, by the normal approximation.

    The difference of two Poisson rates, with the variances of both counts: for a pilot as long as the baseline

        n = (z_(1 - a/2) + z_power)^2 (1 + (1 - cut)) / cut^2

    (Lachin 1981; Gu, Ng, Tang and Schucany 2008, "Testing the ratio of two Poisson rates", W1). For a cut of 10 % that
    is 1,491 events; on the square-root scale, where counts have the same variance (Huffman 1984), it is 1,490.

    Args:
        cut: 0.1 for ten percent fewer, in (0, 1).
        test: significance and power.
        pilot_share: length of the pilot / length of the baseline.
    """
    quantiles = special.ndtri(1 - test.one_side) + special.ndtri(test.power)
    return float(quantiles**2 * (1 + (1 - cut) / pilot_share) / cut**2)


def chance_to_show_cut(events: float, cut: float, test: Test = USUAL, pilot_share: float = 1.0) -> float:
    """Exact power of the conditional test of two Poisson counts (Przyborowski and Wilenski 1940).

    Given the sum n of the counts before and in the pilot, the latter is binomial with share pilot / (baseline + pilot)
    if nothing has changed. The power is summed over both counts; the test is discrete and errs less often than it may.

    Args:
        events: expected in the baseline. cut, test, pilot_share: as in `events_needed`.
    """
    in_pilot = events * pilot_share * (1 - cut)
    total = events + in_pilot
    low, high = stats.poisson.ppf(_TAIL, total), stats.poisson.isf(_TAIL, total)
    sums = np.arange(low, high + 1)
    unchanged = pilot_share / (1 + pilot_share)
    critical = stats.binom.ppf(test.one_side, sums, unchanged)
    critical = np.where(stats.binom.cdf(critical, sums, unchanged) > test.one_side, critical - 1, critical)
    shown = np.where(critical >= 0, stats.binom.cdf(critical, sums, in_pilot / total), 0.0)
    return float(stats.poisson.pmf(sums, total) @ shown)


def least_cut(events: float, test: Test = USUAL, pilot_share: float = 1.0) -> float:
    """The smallest cut that would be found with the power wanted, 1 if not even a full stop of events would be."""
    if chance_to_show_cut(events, 1 - 1e-9, test, pilot_share) < test.power:
        return 1.0
    return float(
        optimize.brentq(
            lambda cut: chance_to_show_cut(events, cut, test, pilot_share) - test.power, 1e-6, 1 - 1e-9, xtol=1e-4
        )
    )


# --- shares: windows kept, renewals ---------------------------------------------------------------------------------


def proven_share(kept: int, trials: int, confidence: float = 0.95) -> float:
    """Lower bound of a share of which `kept` of the trials were seen (Clopper and Pearson 1934), one-sided."""
    if kept == 0:
        return 0.0
    return float(special.betaincinv(kept, trials - kept + 1, 1 - confidence))


def disproven_share(kept: int, trials: int, confidence: float = 0.95) -> float:
    """Upper bound of a share of which `kept` of the trials were seen (Clopper and Pearson 1934), one-sided."""
    if kept == trials:
        return 1.0
    return float(special.betaincinv(kept + 1, trials - kept, confidence))


def trials_needed(share: float, confidence: float = 0.95) -> int:
    """Trials, all of them kept, that prove at least this share: the least n with share^n <= 1 - confidence."""
    return math.ceil(math.log(1 - confidence) / math.log(share) - 1e-12)


# --- in words ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Provable:
    """What a pilot can prove.

    Attributes:
        baseline_events, pilot_events: stop events expected before (as long as the records reach) and in the pilot.
        chance_of_cut: of finding the hoped-for cut of stop events. least_cut: found with the power wanted.
        events_needed: in the baseline, for the hoped-for cut. years_needed: of baseline, and as long a pilot again.
        windows: of the promise in the pilot. proven_if_all_kept: share of windows proven if none is broken.
        windows_needed: kept without a break, to prove the share that is promised.
    """

    baseline_events: float
    pilot_events: float
    chance_of_cut: float
    least_cut: float
    events_needed: float
    years_needed: float
    windows: int
    proven_if_all_kept: float
    windows_needed: int


def provable(
    stops_per_year: float,
    cut: float,
    baseline_days: float,
    pilot_days: float,
    windows: int,
    share_of_windows: float,
    test: Test = USUAL,
) -> Provable:
    """What a pilot of `pilot_days` after records of `baseline_days` can prove; `stops_per_year` is today's, > 0."""
    events = stops_per_year * baseline_days / DAYS_PER_YEAR
    share = pilot_days / baseline_days
    needed = events_needed(cut, test)
    return Provable(
        events,
        events * share * (1 - cut),
        chance_to_show_cut(events, cut, test, share),
        least_cut(events, test, share),
        needed,
        needed / stops_per_year,
        windows,
        proven_share(windows, windows, 1 - test.significance),
        trials_needed(share_of_windows, 1 - test.significance),
    )
