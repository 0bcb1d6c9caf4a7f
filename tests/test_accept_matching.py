"""Every change and every report gets the one class that it has by construction."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.accept.history import Cause, History, Outage, Report, Rules, Truth, length, merged, without
from hil.accept.judging import TruthClass, find_losses, judge
from hil.accept.matching import Flag, Matcher, ReportClass
from hil.accept.values import same_value
from tests.accept_histories import FATES, NEED_COUNTERS, RULES, Known

episodes = st.lists(
    st.tuples(st.sampled_from(["m-1", "m-2", "m-3"]), st.sampled_from(FATES), st.integers(0, 1999)), max_size=12
)


def built(plan: list[tuple[str, str, int]], counters: bool, names: bool) -> Known:
    known = Known(counters, names)
    for device, fate, delay_ms in plan:
        if counters or fate not in NEED_COUNTERS:
            known.episode(device, fate, delay_ms)
    return known


@settings(max_examples=150)
@given(episodes, st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_every_truth_and_report_has_its_class(
    plan: list[tuple[str, str, int]], counters: bool, names: bool, shuffle: random.Random
) -> None:
    known = built(plan, counters, names)
    history = known.history()
    expected = {id(report): kind for report, kind in zip(known.reports, known.kinds, strict=True)}
    shuffle.shuffle(known.truths)
    shuffle.shuffle(known.reports)
    judgement = judge(history, RULES)
    assert {(truth.device, truth.number): kind for truth, kind in judgement.truths} == known.classes
    assert len(judgement.reports) == len(known.reports)
    for judged in judgement.reports:
        assert (judged.kind, judged.flags) == expected[id(judged.report)], judged
        assert (judged.truth is None) == (judged.kind is ReportClass.INVENTED)


@settings(max_examples=60)
@given(episodes)
def test_losses_latencies_and_totals_add_up(plan: list[tuple[str, str, int]]) -> None:
    known = built(plan, True, True)
    judgement = judge(known.history(), RULES)
    counts = judgement.of_truths()
    for kind in TruthClass:
        in_losses = [
            (loss.device, number)
            for loss in judgement.losses
            if loss.reason is kind
            for number in range(loss.from_number, loss.to_number + 1)
        ]
        if kind is not TruthClass.DELIVERED:
            # every change of these devices is wanted, so that an interval holds all numbers from first to last
            assert sorted(in_losses) == sorted(key for key, own in known.classes.items() if own is kind)
            assert sum(loss.changes for loss in judgement.losses if loss.reason is kind) == counts[kind]
    assert len(judgement.latencies) == counts[TruthClass.DELIVERED]
    assert sum(total.shown for total in judgement.totals) == len(known.truths)
    assert sum(total.delivered for total in judgement.totals) == counts[TruthClass.DELIVERED]
    for total in judgement.totals:
        assert total.last_number == known.numbers[total.device] == total.last_delivered
    assert all(recovery.in_time for recovery in judgement.recoveries)


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=8),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
)
def test_spans_against_single_milliseconds(spans: list[tuple[int, int]], span: tuple[int, int]) -> None:
    inside = {ms for start, end in spans for ms in range(start, end)}
    joined = merged(spans)
    assert {ms for start, end in joined for ms in range(start, end)} == inside
    assert length(joined) == len(inside)
    left = without(span, joined)
    assert [ms for start, end in left for ms in range(start, end)] == [ms for ms in range(*span) if ms not in inside]


# --- cases by hand ----------------------------------------------------------------------------------------------------


def truth(number: int, signal: str, value: object, time_ms: int, epoch: int = 1) -> Truth:
    return Truth("m", epoch, number, signal, value, time_ms, time_ms)


def kinds(truths: list[Truth], *reports: Report) -> list[str]:
    matcher = Matcher(truths, RULES)
    return [judged.kind.value for judged in map(matcher.judge, reports)]


POLLED = [
    truth(1, "turns", 0, 0),
    truth(2, "count", 9, 0),
    truth(3, "turns", 1, 10_000),
    truth(4, "count", 8, 10_000),
    truth(5, "jammed", True, 20_000),
]


def polled(signal: str, value: object, number: int, time_ms: int) -> Report:
    return Report("m", signal, value, number, time_ms, time_ms + 100)


def test_a_poll_of_last_values_tells_of_each_signals_last_change() -> None:
    found = kinds(
        POLLED,
        polled("turns", 0, 2, 500),
        polled("count", 9, 2, 500),
        polled("turns", 0, 2, 1500),
        polled("turns", 1, 4, 10_500),
        polled("count", 8, 4, 10_500),
        polled("turns", 1, 5, 20_500),
        polled("jammed", True, 5, 20_500),
    )
    assert found == ["delivered", "delivered", "oversampled", "delivered", "delivered", "oversampled", "delivered"]


def test_an_old_value_with_a_new_counter_is_stale() -> None:
    found = kinds(POLLED, polled("turns", 0, 2, 500), polled("turns", 1, 4, 10_500), polled("turns", 0, 5, 20_500))
    assert found == ["delivered", "delivered", "stale"]


def test_a_counter_that_is_not_shown_yet_is_invented() -> None:
    early = Report("m", "turns", 1, 3, None, 9_999)
    assert kinds(POLLED, early, polled("turns", 1, 6, 30_000), Report("x", "turns", 1, 1, 0, 5)) == ["invented"] * 3


def test_an_unknown_signal_is_invented() -> None:
    assert kinds(POLLED, polled("colour", 1, 3, 10_000)) == ["invented"]


def test_counters_that_begin_again_are_told_apart_by_epoch_or_time() -> None:
    truths = [truth(1, "turns", 5, 0), truth(2, "turns", 6, 10_000), truth(1, "turns", 6, 60_000, epoch=2)]
    by_time = [Report("m", "turns", 5, 1, 0, 100), Report("m", "turns", 6, 1, 60_000, 60_100)]
    assert kinds(truths, *by_time) == ["delivered", "delivered"]
    by_epoch = [Report("m", "turns", 5, 1, None, 60_100, epoch=1), Report("m", "turns", 6, 1, None, 60_200, epoch=2)]
    assert kinds(truths, *by_epoch) == ["delivered", "delivered"]


def test_reports_with_nothing_but_a_value_are_taken_in_turn() -> None:
    truths = [truth(number, "door", number % 2 == 1, 10_000 * number) for number in (1, 2, 3)]
    reports = [Report("m", "door", number % 2 == 1, None, None, 10_000 * number + 50) for number in (1, 2, 3)]
    assert kinds(truths, *reports) == ["delivered"] * 3


def test_an_earlier_change_that_comes_after_a_later_one_is_reordered() -> None:
    truths = [truth(number, "turns", number, 10_000 * number) for number in (1, 2, 3)]
    reports = [
        Report("m", "turns", number, number, 10_000 * number, 40_000 + at) for at, number in enumerate((1, 3, 2))
    ]
    judgement = judge(History(60_000, truths, reports), Rules(late_ms=60_000))
    assert [judged.flags for judged in judgement.reports] == [frozenset(), frozenset(), frozenset({Flag.REORDERED})]


@pytest.mark.parametrize(
    ("journal", "kind"), [(0, TruthClass.NOT_READABLE), (2, TruthClass.LOST), (1, TruthClass.NOT_READABLE)]
)
def test_only_a_journal_that_is_long_enough_outlives_an_outage(journal: int, kind: TruthClass) -> None:
    truths = [truth(1, "turns", 1, 10_000), truth(2, "turns", 2, 15_000)]
    outage = Outage(Cause.DEVICE_LINK, "refuse", 9_000, 20_000)
    reports = [Report("m", "turns", 2, 2, 15_000, 21_000)]
    history = History(90_000, truths, reports, [outage], journals={"m": journal})
    assert judge(history, RULES).truths[0][1] is kind


def test_a_reboot_empties_the_journal() -> None:
    truths = [truth(1, "turns", 1, 10_000), truth(2, "turns", 2, 12_000)]
    outages = [Outage(Cause.DEVICE_LINK, "refuse", 9_000, 20_000), Outage(Cause.DEVICE, "reboot", 15_000, 20_000)]
    history = History(90_000, truths, [Report("m", "turns", 2, 2, 12_000, 21_000)], outages, journals={"m": 9})
    assert judge(history, RULES).truths[0][1] is TruthClass.NOT_READABLE


@pytest.mark.parametrize(("shown_ms", "kind"), [(999, TruthClass.NEVER_OBSERVABLE), (1000, TruthClass.LOST)])
def test_what_is_shown_for_a_whole_poll_must_be_read(shown_ms: int, kind: TruthClass) -> None:
    truths = [truth(1, "turns", 1, 10_000), truth(2, "turns", 2, 10_000 + shown_ms)]
    assert judge(History(90_000, truths, []), RULES).truths[0][1] is kind


@pytest.mark.parametrize(
    ("away_ms", "journal", "told_before", "kinds"),
    [
        (400, 0, True, [TruthClass.NEVER_OBSERVABLE, TruthClass.NEVER_OBSERVABLE]),
        (400, 9, True, [TruthClass.LOST, TruthClass.LOST]),
        (400, 0, False, [TruthClass.NEVER_OBSERVABLE, TruthClass.LOST]),
        (1000, 0, True, [TruthClass.LOST, TruthClass.LOST]),
    ],
)
def test_who_reads_last_values_cannot_see_that_one_is_back(
    away_ms: int, journal: int, told_before: bool, kinds: list[TruthClass]
) -> None:
    truths = [truth(1, "open", False, 0), truth(2, "open", True, 20_000), truth(3, "open", False, 20_000 + away_ms)]
    reports = [Report("m", "open", False, 1, 0, 100)] if told_before else []
    judgement = judge(History(90_000, truths, reports, journals={"m": journal}), RULES)
    assert [kind for _, kind in judgement.truths[1:]] == kinds


def test_an_old_value_that_was_never_told_is_a_wrong_value_of_the_present_one() -> None:
    matcher = Matcher(POLLED, RULES)
    judged = matcher.judge(polled("turns", 0, 5, 20_500))
    assert judged.truth is not None
    assert (judged.kind, POLLED[judged.truth].number) == (ReportClass.DELIVERED, 3)
    assert Flag.WRONG_VALUE in judged.flags


def test_what_was_read_in_its_short_life_is_lost_by_the_gateway() -> None:
    truths = [truth(1, "turns", 1, 10_000), truth(2, "turns", 2, 10_400)]
    for polls, kind in ([10_000, 11_000], TruthClass.LOST), ([9_999, 10_400], TruthClass.NEVER_OBSERVABLE):
        history = History(90_000, truths, [], polls={"m": polls})
        assert judge(history, RULES).truths[0][1] is kind


def test_the_end_of_the_run_excuses_nothing() -> None:
    assert judge(History(10_500, [truth(1, "turns", 1, 10_000)], []), RULES).truths[0][1] is TruthClass.LOST


def test_losses_are_named_as_intervals() -> None:
    fates = "DLLDRRLD"
    names = {"D": TruthClass.DELIVERED, "L": TruthClass.LOST, "R": TruthClass.NOT_READABLE}
    classed = [(truth(n, "turns", n, 1000 * n), names[fate]) for n, fate in enumerate(fates, start=1)]
    losses = find_losses(classed)
    assert {loss.signals for loss in losses} == {("turns",)}
    assert [(loss.reason, *loss[3:-1]) for loss in losses] == [
        (TruthClass.LOST, 2, 3, 2000, 3000, 2),
        (TruthClass.NOT_READABLE, 5, 6, 5000, 6000, 2),
        (TruthClass.LOST, 7, 7, 7000, 7000, 1),
    ]


def test_changes_that_nobody_wants_are_matched_and_not_missed() -> None:
    history = History(90_000, POLLED, [polled("count", 9, 2, 500)])
    judgement = judge(history, RULES, lambda one: one.signal == "turns")
    assert [one.number for one, _ in judgement.truths] == [1, 3]
    assert judgement.reports[0].kind is ReportClass.DELIVERED


@pytest.mark.parametrize(
    ("back_ms", "in_time", "waited_ms"), [(21_000, True, 1000), (25_001, False, 5001), (None, False, 70_000)]
)
def test_a_gateway_that_does_not_come_back_is_reported(back_ms: int | None, in_time: bool, waited_ms: int) -> None:
    truths = [truth(1, "turns", 1, 12_000)]
    reports = [] if back_ms is None else [Report("m", "turns", 1, 1, 12_000, back_ms)]
    outage = Outage(Cause.UPLINK, "refuse", 10_000, 20_000)
    (recovery,) = judge(History(90_000, truths, reports, [outage]), RULES).recoveries
    assert (recovery.back_ms, recovery.in_time, recovery.waited_ms) == (back_ms, in_time, waited_ms)


def test_silence_with_nothing_to_tell_is_in_order() -> None:
    outage = Outage(Cause.UPLINK, "refuse", 10_000, 20_000)
    (recovery,) = judge(History(90_000, [], [], [outage]), RULES).recoveries
    assert recovery.in_time


def test_what_an_outage_holds_up_is_not_late() -> None:
    truths = [truth(1, "turns", 1, 12_000), truth(2, "turns", 2, 40_000)]
    reports = [Report("m", "turns", 1, 1, 12_000, 24_000), Report("m", "turns", 2, 2, 40_000, 42_500)]
    judgement = judge(History(90_000, truths, reports, [Outage(Cause.UPLINK, "refuse", 10_000, 20_000)]), RULES)
    assert [judged.flags for judged in judgement.reports] == [frozenset(), frozenset({Flag.LATE})]
    assert [(latency.ms, latency.quiet) for latency in judgement.latencies] == [(12_000, False), (2500, True)]


@pytest.mark.parametrize(
    ("told", "true", "same"),
    [
        *((1, True, True), (0, True, False), (5.0, 5, True), (5.1, 5, False), (0.1 + 0.2, 0.3, True)),
        *(("a", "a", True), ("1", 1, False), (None, 7, True)),
    ],
)
def test_values_are_the_same_whatever_a_protocol_makes_of_them(told: object, true: object, same: bool) -> None:
    assert same_value(told, true, 1e-6) is same


@pytest.mark.parametrize(("stamp_ms", "wrong"), [(9_499, True), (9_500, False), (20_500, False), (20_501, True)])
def test_a_stamp_may_be_off_by_the_tolerance_and_no_more(stamp_ms: int, wrong: bool) -> None:
    truths = [truth(1, "turns", 1, 10_000), truth(2, "turns", 2, 20_000)]
    judged = Matcher(truths, RULES).judge(Report("m", "turns", 1, 1, stamp_ms, 21_000))
    assert (Flag.WRONG_TIME in judged.flags) == wrong


@pytest.mark.parametrize(("stamp_ms", "wrong"), [(11_700, False), (11_701, True)])
def test_a_stamp_of_a_time_to_come_is_wrong(stamp_ms: int, wrong: bool) -> None:
    known = truth(1, "turns", 1, 10_000)._replace(shown_ms=10_300)  # the device's clock is slow by 300 ms
    judged = Matcher([known], RULES).judge(Report("m", "turns", 1, 1, stamp_ms, 11_500))
    assert (Flag.WRONG_TIME in judged.flags) == wrong


def test_a_clock_that_is_put_back_makes_no_stamp_wrong() -> None:
    truths = [Truth("m", 1, 1, "turns", 1, 60_000, 60_000), Truth("m", 1, 2, "turns", 2, 5_000, 61_000)]
    matcher = Matcher(truths, RULES)
    for report in (Report("m", "turns", 1, 1, 60_000, 60_100), Report("m", "turns", 2, 2, 5_000, 61_100)):
        judged = matcher.judge(report)
        assert (judged.kind, judged.flags) == (ReportClass.DELIVERED, frozenset())


def test_what_broker_and_observer_need_is_known_apart() -> None:
    truths = [truth(1, "turns", 1, 10_000), truth(2, "turns", 2, 20_000)]
    told = [Report("m", "turns", one.value, one.number, one.time_ms, 0) for one in truths]
    passed = [told[0]._replace(seen_ms=10_500), told[1]._replace(seen_ms=20_500), told[1]._replace(seen_ms=30_000)]
    seen = [told[0]._replace(seen_ms=10_502), told[1]._replace(seen_ms=30_040)]  # the first passing led nowhere
    assert judge(History(40_000, truths, seen, passed=passed), RULES).behind_ms == [2, 40]
