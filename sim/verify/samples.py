"""What a run says of a quantity: an estimate, and its confidence interval at any confidence.

The interval is worked out late, because the confidence of a single one depends on how many are to hold together
(`joint_confidence`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special, stats

from sim.network import Float64Array


@dataclass(frozen=True)
class Interval:
    """Where the true value lies, with the stated confidence; `mean` is the estimate itself."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2

    def contains(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.mean:.5f} ± {self.half_width:.5f}"


class Estimate(Protocol):
    """What a run says of a quantity."""

    def interval(self, confidence: float) -> Interval:
        """The interval that contains the true value with this probability."""


@dataclass(frozen=True)
class MeanEstimate:
    """A mean of independent samples, or something that is as normal as one (Student's t)."""

    mean: float
    standard_error: float
    degrees_of_freedom: int

    def interval(self, confidence: float) -> Interval:
        quantile = float(special.stdtrit(self.degrees_of_freedom, 0.5 + confidence / 2))
        half_width = quantile * self.standard_error
        return Interval(self.mean, self.mean - half_width, self.mean + half_width)


@dataclass(frozen=True)
class ShareEstimate:
    """How often something happened in independent trials; never too sure of itself (Clopper and Pearson 1934)."""

    hits: int
    trials: int

    def interval(self, confidence: float) -> Interval:
        tail = (1 - confidence) / 2
        low = float(stats.beta.ppf(tail, self.hits, self.trials - self.hits + 1)) if self.hits else 0.0
        high = float(stats.beta.isf(tail, self.hits + 1, self.trials - self.hits)) if self.hits < self.trials else 1.0
        return Interval(self.hits / self.trials, low, high)


@dataclass(frozen=True)
class ExactValue:
    """A quantity without chance: the interval has no length but for the rounding of floating-point sums."""

    value: float

    def interval(self, confidence: float) -> Interval:
        rounding = 1e-9 * abs(self.value)
        return Interval(self.value, self.value - rounding, self.value + rounding)


def mean_estimate(samples: Float64Array) -> MeanEstimate:
    """The mean of independent samples of one distribution."""
    count = len(samples)
    return MeanEstimate(float(samples.mean()), float(samples.std(ddof=1)) / math.sqrt(count), count - 1)


def ratio_estimate(part: Float64Array, whole: Float64Array) -> MeanEstimate:
    """E[part] / E[whole]; unlike the mean of the samples' own ratios it has no bias of first order."""
    ratio = float(part.sum() / whole.sum())
    spread = mean_estimate(part - ratio * whole)
    return MeanEstimate(ratio, spread.standard_error / float(whole.mean()), spread.degrees_of_freedom)


def joint_confidence(confidence: float, intervals: int) -> float:
    """Confidence of each of several intervals so that all together hold with at least `confidence` (Bonferroni).

    It needs no independence, which intervals from one run do not have.
    """
    return 1 - (1 - confidence) / max(intervals, 1)


def in_joint_region(samples: Float64Array, expected: Sequence[float], confidence: float) -> bool:
    """Whether expected means lie in the joint confidence region of the columns (Hotelling 1931).

    One statement about all columns together; an interval for each would miss more often than 1 - confidence says.
    """
    count, columns = samples.shape
    distance = samples.mean(axis=0) - np.asarray(expected)
    squared = count * float(distance @ np.linalg.solve(np.cov(samples, rowvar=False), distance))
    limit = float(stats.f.ppf(confidence, columns, count - columns))
    return bool(squared <= limit * columns * (count - 1) / (count - columns))
