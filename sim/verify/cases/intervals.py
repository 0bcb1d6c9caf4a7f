"""The confidence intervals themselves."""

from collections.abc import Iterator

from sim.verify import coverage
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import ShareEstimate
from sim.verify.sources import CLOPPER_PEARSON


@case("coverage", CLOPPER_PEARSON)
def interval_coverage(effort: Effort) -> Iterator[Check]:
    """The 95 % intervals of experiments with seeds of their own contain the true value in about 95 % of them."""
    experiments = effort.copies(coverage.EXPERIMENTS)
    first_seed = effort.seed * 1_000_003  # far from those of other efforts
    for one in coverage.coverage(first_seed, experiments, should_stop=effort.should_stop):
        what = f"95 % intervals that contain the true {one.kpi}, {one.experiments} seeds"
        yield Check(what, coverage.CONFIDENCE, ShareEstimate(one.covered, one.experiments), wide=True)
