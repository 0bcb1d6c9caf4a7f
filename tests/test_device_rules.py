"""The rules of devices as plain functions, and the same compiled."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from device_emulators.edge_gateway import NO_ARRIVAL, arrives_at, collected_at, seems_before, sent_at
from device_emulators.flow_meter import shown_total
from device_emulators.rfid_shelf import missed_tags, tags_shown
from device_emulators.vending_machine import VEND_FAIL, VEND_JAM, VEND_WELL, VEND_WRONG, turn_outcome
from device_emulators.weighing_shelf import shown_units
from sim.jit import compiled

WORDS = st.floats(0.0, 1.0, exclude_max=True)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [(0.0, VEND_JAM), (0.09, VEND_JAM), (0.1, VEND_FAIL), (0.29, VEND_FAIL), (0.31, VEND_WRONG), (0.61, VEND_WELL)],
)
def test_a_turn_comes_to_what_its_share_says(word, outcome):
    assert turn_outcome(word, 0.1, 0.2, 0.3) == outcome


def test_a_machine_without_faults_always_vends():
    assert turn_outcome(0.0, 0.0, 0.0, 0.0) == VEND_WELL


@pytest.mark.parametrize(
    ("load", "offset", "resolution", "weight", "shown"),
    [
        (5000, 0.0, 0, 1000, 5),
        (5000, 499.0, 0, 1000, 5),
        (5000, 500.0, 0, 1000, 6),  # halves go up
        (5000, -501.0, 0, 1000, 4),
        (0, -3000.0, 0, 1000, 0),  # never below 0
        (5000, 0.0, 2000, 1000, 6),  # 2.5 steps go up to 3
        (4900, 0.0, 2000, 1000, 4),
        (10, 0.0, 0, 3, 3),
    ],
)
def test_a_scale_shows_whole_units(load, offset, resolution, weight, shown):
    assert shown_units(load, offset, resolution, weight) == shown


def exact_missed(tags: int, read_rate: Fraction, word: float) -> int:
    """The binomial quantile in exact arithmetic."""
    cumulative = Fraction(0)
    for missed in range(tags + 1):
        cumulative += math.comb(tags, missed) * (1 - read_rate) ** missed * read_rate ** (tags - missed)
        if cumulative >= Fraction(word):
            return missed
    return tags


@given(st.integers(0, 40), st.sampled_from([Fraction(1, 4), Fraction(9, 10), Fraction(199, 200)]), WORDS)
def test_missed_tags_are_the_binomial_quantile(tags, read_rate, word):
    missed = missed_tags(tags, float(read_rate), word)
    if missed != exact_missed(tags, read_rate, word):  # only where the word lies within rounding of a step
        below, above = sorted((missed, exact_missed(tags, read_rate, word)))
        assert exact_missed(tags, read_rate, min(word + 1e-13, 1.0)) >= above
        assert exact_missed(tags, read_rate, max(word - 1e-13, 0.0)) <= below


@pytest.mark.parametrize("word", [1e-9, 0.3, 0.5, 0.99])
@pytest.mark.parametrize(("tags", "read_rate"), [(100_000, 0.98), (5_000, 0.5), (1_000_000, 0.2)])
def test_missed_tags_of_many_tags(tags, read_rate, word):
    assert missed_tags(tags, read_rate, word) == pytest.approx(stats.binom.ppf(word, tags, 1 - read_rate), abs=1)


def test_missed_tags_at_the_edges():
    assert missed_tags(0, 0.5, 0.9) == 0
    assert missed_tags(7, 1.0, 0.999999) == 0
    assert missed_tags(7, 0.0, 0.0) == 7
    assert missed_tags(3, 0.5, 0.1249) == 0
    assert missed_tags(3, 0.5, 0.1251) == 1
    assert tags_shown(7, 2, 1) == 6


@pytest.mark.parametrize(("total", "error", "shown"), [(100, 0.0, 100), (100, 0.006, 101), (100, -0.02, 98), (0, 1, 0)])
def test_a_meter_shows_its_error(total, error, shown):
    assert shown_total(total, error) == shown


def test_a_gateway_collects_in_rounds():
    assert [collected_at(time, 10) for time in (0, 1, 9, 10, 11)] == [0, 10, 10, 10, 20]
    assert collected_at(7, 0) == 7


def test_an_outage_holds_messages_until_it_ends():
    assert [sent_at(time, 10, 20) for time in (9, 10, 19, 20)] == [9, 20, 20, 20]


def test_messages_arrive_in_turn_and_after_they_were_taken():
    assert arrives_at(5, 5, 0, NO_ARRIVAL, 100) == 6
    assert arrives_at(5, 8, 30, NO_ARRIVAL, 100) == 38
    assert arrives_at(5, 8, 30, 20, 100) == 120


def test_a_count_is_told_from_messages_by_the_clock():
    assert seems_before(10, 0, 10)
    assert not seems_before(11, 0, 10)
    assert seems_before(11, -1, 10)
    assert not seems_before(10, 1, 10)


@pytest.mark.parametrize(
    ("rule", "arguments"),
    [
        (turn_outcome, (0.15, 0.1, 0.2, 0.3)),
        (shown_units, (5000.0, -501.0, 2000, 1000)),
        (shown_units, (5000.0, -501.0, 0, 1000)),
        (missed_tags, (500, 0.3, 0.7)),
        (missed_tags, (5000, 0.01, 0.7)),
        (tags_shown, (5, 2, 1)),
        (shown_total, (100, 0.005)),
        (collected_at, (11, 10)),
        (sent_at, (15, 10, 20)),
        (arrives_at, (5, 8, 30, NO_ARRIVAL, 100)),
        (seems_before, (5, 8, 30)),
    ],
)
def test_compiled_rules_are_the_same(rule, arguments):
    result = compiled(rule)(*arguments)
    assert result == rule(*arguments)
    assert type(result) is type(rule(*arguments))
