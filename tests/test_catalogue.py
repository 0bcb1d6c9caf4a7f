"""What reports call the key figures, and which way they say these are better."""

import pytest

from reports.catalogue import GROUPS, LABELS, better_when, group_of, limits
from reports.numbers import interval
from reports.pooling import FIGURES, SHARES
from sim.compare.directions import direction
from sim.kpi.kpis import KPIS


def test_every_key_figure_has_a_label_and_stands_in_one_group() -> None:
    assert [kpi for kpi in KPIS if kpi not in LABELS] == []
    assert sum(map(len, GROUPS.values())) == len(LABELS)
    assert group_of("emergencies") == group_of("settlement_balance") == "Pooling"


def test_the_pooling_section_shows_figures_that_exist() -> None:
    assert set(SHARES) | set(FIGURES) <= set(KPIS)
    assert {kpi for kpi in KPIS if kpi.startswith("share_")} == set(SHARES)


@pytest.mark.parametrize("kpi", list(KPIS))
def test_reports_and_comparisons_never_contradict_each_other_about_what_is_better(kpi: str) -> None:
    assert better_when(kpi) * direction(kpi) >= 0


def test_intervals_are_cut_at_what_is_possible() -> None:
    assert interval(0.98, 0.05, "share", limits("fill_rate", "share")) == "[93.0, 100.0]"
    assert interval(3.0, 5.0, "units", limits("lost", "units")) == "[0.0, 8.0]"
    assert interval(0.0, 0.5, "share", limits("forecast_bias", "share")) == "[−50, 50]"
