"""What the comments of the teaching scenarios about policies promise."""

import math

import mro_twin
from sim.run.result import Result
from sim.scenario.locate import built_in_folder

STUDENT_4_99 = 4.604
STUDENT_4_95 = 2.776
"""Quantiles of Student's t with 4 degrees of freedom, for two-sided 99 % and 95 %."""


def run(name: str, replications: int = 1, **overrides: object) -> Result:
    stem, _, variant = name.partition("@")
    path = built_in_folder() / f"{stem}.yaml"
    return mro_twin.simulate(mro_twin.load_scenario(path, overrides, variant or None), replications)


def means(result: Result) -> dict[str, float]:
    return {mean.kpi: mean.mean for mean in result.means() if mean.scope == "network"}


def below(level: int, mean: float) -> float:
    """P(Poisson(mean) < level)."""
    return sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(level))


def test_two_pieces_in_five_stores_or_some_in_one_place() -> None:
    """Palm (1938) for each stock on its own: 12.0 % short, and 18.0, 3.2 and 1.1 % with 5, 7 and 8 pooled."""
    for name, level, demand in (
        ("alone", 2, 0.594),
        ("pooled-5", 5, 2.97),
        ("pooled-7", 7, 2.97),
        ("pooled-8", 8, 2.97),
    ):
        result = run(f"pooling@{name}", 5)
        (found,) = (one for one in result.means() if (one.scope, one.kpi) == ("network", "fill_rate"))
        assert abs(found.mean - below(level, demand)) < found.half_width * STUDENT_4_99 / STUDENT_4_95, name


def test_helping_each_other_out_shortens_the_wait_not_the_number_of_those_who_wait() -> None:
    alone, lateral, less = (means(run(f"pooling@{name}")) for name in ("alone", "lateral", "lateral-less"))
    assert alone["demand_lines"] == lateral["demand_lines"] == less["demand_lines"]
    assert 3 * 24 < alone["wait_if_short"] < 4.5 * 24
    assert lateral["wait_if_short"] < 24
    assert less["wait_if_short"] < 24
    assert abs(lateral["fill_rate"] - alone["fill_rate"]) < 0.02
    assert less["fill_rate"] < alone["fill_rate"]
    assert less["stock_value"] < 0.8 * alone["stock_value"]


def test_ordering_together_needs_a_third_of_the_lorries() -> None:
    lorries = {
        name: run(f"joint-order@{name}").tables["orders"]["time_ms"].nunique() for name in ("base", "alone", "monday")
    }
    assert 3 * lorries["base"] < lorries["alone"]
    assert lorries["monday"] < lorries["base"]


def test_ordering_together_comes_earlier() -> None:
    joint, alone = means(run("joint-order")), means(run("joint-order@alone"))
    assert joint["stock_value"] > alone["stock_value"]
    assert joint["fill_rate"] > alone["fill_rate"]


def test_two_bins_are_as_good_as_counting_and_a_weekly_round_needs_larger_ones() -> None:
    bins, counted, weekly = (means(run(f"two-bin@{name}")) for name in ("base", "counted", "weekly"))
    assert abs(bins["orders"] - bins["demand_units"] / 20) <= 2
    assert abs(bins["fill_rate"] - counted["fill_rate"]) < 0.005
    assert weekly["fill_rate"] < bins["fill_rate"] - 0.2
    larger = means(run("two-bin@weekly", **{"policies.0.policy.bin_size": 48}))
    assert larger["fill_rate"] > 0.9
