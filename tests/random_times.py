"""Random instants, durations and calendars on a coarse grid, for random networks."""

from hypothesis import strategies as st

from sim.network import (
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_GAMMA,
    DISTRIBUTION_UNIFORM,
    Distribution,
    Int64Array,
)
from tests.reference_inputs import HOUR_MS, constant, int64


def hours(low: int, high: int) -> st.SearchStrategy[int]:
    """A whole number of hours, in milliseconds: a coarse grid, so that much happens at the same instant."""
    return st.integers(low, high).map(lambda h: h * HOUR_MS)


def durations(high: int, chance: bool, low: int = 0) -> st.SearchStrategy[Distribution]:
    """Constant hours, or also random durations."""
    fixed = hours(low, high).map(constant)
    if not chance:
        return fixed
    mean = hours(1, high).map(float)
    return st.one_of(
        fixed,
        mean.map(lambda m: Distribution(DISTRIBUTION_EXPONENTIAL, m)),
        mean.map(lambda m: Distribution(DISTRIBUTION_UNIFORM, 0.0, 2 * m)),
        mean.map(lambda m: Distribution(DISTRIBUTION_GAMMA, 4.0, m / 4, offset_ms=HOUR_MS)),
    )


def intervals(count: int, span_hours: int) -> st.SearchStrategy[Int64Array]:
    """Up to `count` disjoint [from, to) intervals within the span, at least one, shape (n, 2)."""
    edges = st.lists(st.integers(0, span_hours), min_size=2, max_size=2 * count, unique=True)
    return edges.map(lambda e: int64(sorted(e)[: len(e) // 2 * 2]).reshape(-1, 2) * HOUR_MS)
