"""Judging whatever may come: nothing breaks, everything has one class, and the figures agree with each other."""

from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hil.accept.criteria import Criteria, uptime
from hil.accept.history import Cause, History, Outage, Report, Rules
from hil.accept.judging import Judgement, TruthClass, judge
from hil.accept.matching import ReportClass
from hil.accept.page import write_page
from hil.accept.verdict import conclude, write_verdict
from tests.test_accept_search import made_reports, made_truths

RULES = Rules(poll_ms=400, settle_ms=300, late_ms=500, tolerance_ms=100)


def made_outages(random: Random, end_ms: int, count: int) -> list[Outage]:
    outages = []
    for _ in range(count):
        begin_ms = random.randrange(-100, end_ms + 100)
        devices = random.choice([frozenset(), frozenset({"m"}), frozenset({"other"})])
        fault = random.choice(["refuse", "reboot", "kill"])
        length_ms = random.choice([0, 100, 5000])
        outages.append(Outage(random.choice(list(Cause)), fault, begin_ms, begin_ms + length_ms, devices))
    return outages


def made_history(seed: int, truths: int, reports: int, outages: int) -> History:
    random = Random(seed)
    shown = made_truths(random, truths)
    end_ms = max((one.shown_ms for one in shown), default=0) + random.choice([0, 1, 5000])
    told = made_reports(random, shown, reports) if shown else [Report("x", None, None, None, None, 5)]
    passed = random.sample(told, random.randint(0, len(told)))
    journals = random.choice([None, {}, {"m": 0}, {"m": 1}, {"m": 5}, {"m": 1000}])
    return History(end_ms, shown, told, made_outages(random, end_ms, outages), None, passed, journals)


histories = st.builds(made_history, st.integers(0, 2**32), st.integers(0, 25), st.integers(0, 40), st.integers(0, 6))


def check(judgement: Judgement, history: History) -> None:
    truths, reports = judgement.of_truths(), judgement.of_reports()
    assert sum(truths.values()) == len(history.truths)
    assert sum(reports.values()) == len(history.reports)
    delivered = [judged.truth for judged in judgement.reports if judged.kind is ReportClass.DELIVERED]
    assert len(delivered) == len(set(delivered)) == truths[TruthClass.DELIVERED] == len(judgement.latencies)
    known = {judged.truth for judged in judgement.reports if judged.truth is not None}
    assert known == set(delivered)  # whatever else tells of a truth comes after the one that delivered it
    assert sum(loss.changes for loss in judgement.losses) == len(history.truths) - len(delivered)
    assert all(loss.from_number <= loss.to_number for loss in judgement.losses)
    assert all(latency.ms >= 0 for latency in judgement.latencies)
    assert sum(total.delivered for total in judgement.totals) == len(delivered)
    assert all((one.kind is ReportClass.DELIVERED) or not one.flags for one in judgement.reports)
    assert len(judgement.recoveries) == len(history.outages)
    assert 0.0 <= uptime(judgement) <= 1.0


@settings(max_examples=300, deadline=None)
@given(histories)
def test_everything_has_one_class_and_the_figures_agree(history: History) -> None:
    check(judge(history, RULES), history)


@settings(max_examples=150, deadline=None)
@given(histories, st.integers(0, 2**32))
def test_a_further_outage_makes_no_further_loss(history: History, seed: int) -> None:
    more = made_outages(Random(seed), max(history.end_ms, 1), 1)
    excused = History(**{**history.__dict__, "outages": [*history.outages, *more]})
    before, after = judge(history, RULES), judge(excused, RULES)
    assert after.of_truths()[TruthClass.LOST] <= before.of_truths()[TruthClass.LOST]
    for kind in (TruthClass.DELIVERED, TruthClass.LOST_BETWEEN):
        assert after.of_truths()[kind] == before.of_truths()[kind]
    assert after.of_reports() == before.of_reports()
    assert sum(one.quiet for one in after.latencies) <= sum(one.quiet for one in before.latencies)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_a_gateway_that_tells_each_change_once_is_faultless(seed: int, count: int) -> None:
    truths = made_truths(Random(seed), count)
    reports = [
        Report(*one[:1], one.signal, one.value, one.number, one.time_ms, one.shown_ms, one.epoch) for one in truths
    ]
    judgement = judge(History(truths[-1].shown_ms + 1, truths, reports), RULES)
    assert judgement.of_truths() == {TruthClass.DELIVERED: count}
    assert judgement.of_reports() == {ReportClass.DELIVERED: count}
    assert judgement.of_flags() == {}
    assert {latency.ms for latency in judgement.latencies} == {0}


def test_the_page_and_the_files_bear_anything(tmp_path: Path) -> None:
    for seed in range(25):
        history = made_history(seed, seed, 2 * seed, seed % 4)
        names = {"m": "<script>\x00'\"&", "x": "y" * 300}
        odd = [one._replace(device=names[one.device]) for one in history.truths]
        told = [one._replace(device=names[one.device], signal="]]>\ud800") for one in history.reports]
        judgement = judge(History(history.end_ms, odd, told, history.outages), RULES)
        verdict = conclude("<&>", judgement, Criteria())
        write_verdict(verdict, tmp_path)
        write_page(verdict, tmp_path / "verdict.html")
        assert "<script>\x00" not in (tmp_path / "verdict.html").read_text(encoding="utf-8")


def test_nothing_at_all() -> None:
    judgement = judge(History(0, [], []), RULES)
    check(judgement, History(0, [], []))
