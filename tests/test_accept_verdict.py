"""Criteria, and the verdict as JSON and JUnit XML."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hil.accept.criteria import Allowed, Criteria, evaluate, quantile, read_allowed, uptime
from hil.accept.history import Cause, History, Outage, Report, Truth
from hil.accept.judging import judge
from hil.accept.verdict import Outcome, conclude, write_verdict
from tests.accept_histories import FATES, RULES, Known


def known(*fates: str) -> Known:
    made = Known(counters=True, names=True)
    for fate in fates:
        made.episode("m-1", fate, 100)
    return made


def results(criteria: dict[str, object], *fates: str) -> dict[str, tuple[str, bool]]:
    judgement = judge(known(*fates).history(), RULES)
    return {one.name: (one.found, one.met) for one in evaluate(Criteria.model_validate(criteria), judgement)}


@pytest.mark.parametrize(
    ("name", "fate", "of"),
    [
        ("lost", "lost", 4),
        ("lost_between", "lost between", 4),
        ("not_readable", "unreadable", 4),
        ("never_observable", "unseen", 4),
        ("not_running", "not running", 4),
        ("invented", "invented", 5),
        ("duplicates", "duplicate", 5),
        ("stale", "stale", 5),
        ("wrong_value", "wrong value", 4),
        ("wrong_time", "wrong time", 4),
        ("late", "late", 4),
    ],
)
def test_each_criterion_counts_its_class(name: str, fate: str, of: int) -> None:
    assert results({name: 0}, "plain", "plain")[name] == ("0 of 4", True)
    assert results({name: 0}, "plain", fate)[name] == (f"1 of {of}", False)
    assert results({name: 1}, "plain", fate)[name] == (f"1 of {of}", True)
    assert results({name: "20 %"}, "plain", fate)[name] == (f"1 of {of}", of == 5)


def test_unstated_criteria_hold_a_gateway_to_the_least() -> None:
    names = {"lost", "invented", "stale", "wrong_value", "wrong_time", "did_not_come_back"}
    assert set(results({}, "plain")) == names
    assert "lost" not in results({"lost": None}, "lost")


def test_latency_uptime_and_what_must_be_there() -> None:
    found = results({"latency_p50": "100 ms", "latency_max": "1 s", "uptime": "99 %", "delivered": "100 %"}, "plain")
    assert found["latency_p50"] == ("100 ms", True)
    assert found["latency_max"] == ("1500 ms", False)
    assert found["uptime"] == ("100.000 %", True)
    assert found["delivered"] == ("2 of 2", True)
    assert results({"latency_p99": "1 s"})["latency_p99"] == ("no report", False)
    assert results({"at_least_duplicates": 1}, "duplicate")["at_least_duplicates"] == ("1", True)
    assert results({"at_least_duplicates": 1}, "plain")["at_least_duplicates"] == ("0", False)


def test_uptime_counts_what_a_return_takes_longer_than_allowed() -> None:
    truths = [Truth("m", 1, 1, "turns", 1, 12_000, 12_000)]
    reports = [Report("m", "turns", 1, 1, 12_000, 34_000)]
    outage = Outage(Cause.UPLINK, "refuse", 10_000, 20_000)
    judgement = judge(History(100_000, truths, reports, [outage]), RULES)
    assert uptime(judgement) == pytest.approx(1 - 9_000 / 90_000)
    (result,) = [one for one in evaluate(Criteria(), judgement) if one.name == "did_not_come_back"]
    assert (result.found, result.met) == ("1 of 1", False)


@pytest.mark.parametrize("value", [-1, 1.5, True, "2", "200 %", "-1 %", None, []])
def test_what_is_allowed_must_be_a_number_or_a_share(value: object) -> None:
    with pytest.raises(ValueError, match=r"number|share|percent|%"):
        read_allowed(value)


def test_criteria_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError):
        Criteria.model_validate({"lots": 0})
    with pytest.raises(ValidationError):
        Criteria.model_validate({"uptime": 1.5})
    assert Criteria.model_validate({"duplicates": "2 %"}).duplicates == Allowed(share=0.02)


@given(st.lists(st.integers(0, 1000), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_the_least_value_that_the_share_does_not_exceed(values: list[int], share: float) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_the_verdict_as_json_and_junit(tmp_path: Path) -> None:
    judgement = judge(known(*FATES).history(), RULES)
    verdict = conclude("all <&> fates\x00", judgement, Criteria(), evidence=["uplink.jsonl"])
    assert (verdict.outcome, verdict.exit_code) == (Outcome.FAILED, 1)
    write_verdict(verdict, tmp_path)
    data = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert data["truths"]["all"] == sum(count for kind, count in data["truths"].items() if kind != "all")
    assert data["reports"]["all"] == sum(count for kind, count in data["reports"].items() if kind != "all")
    (lost,) = [loss for loss in data["losses"] if loss["reason"] == "lost by the gateway"]
    assert (lost["from_number"], lost["changes"], lost["signals"]) == (2 * FATES.index("lost") + 1, 1, ["turns"])
    suite = ElementTree.fromstring((tmp_path / "junit.xml").read_bytes())[0]
    assert suite.get("name") == "all <&> fates?"
    failed = {case.get("name"): case[0] for case in suite if len(case)}
    assert set(failed) == {"lost", "invented", "stale", "wrong_time", "wrong_value"}
    assert (suite.get("failures"), suite.get("tests")) == ("5", str(len(suite)))
    (invented,) = [one for one in data["reports_at_fault"] if one["what"] == ["invented"]]
    assert f"number {invented['number']}, " in str(failed["invented"].text)
    kinds = [name for one in data["reports_at_fault"] for name in one["what"] if name != "delivered"]
    counted = {**data["reports"], **data["delivered_but"]}
    assert {name: kinds.count(name) for name in kinds} == {name: counted[name] for name in kinds}
    assert f"numbers {lost['from_number']} to {lost['from_number']}" in str(failed["lost"].text)


def test_a_good_run_passes_and_a_broken_rig_decides_nothing(tmp_path: Path) -> None:
    judgement = judge(known("plain", "duplicate").history(), RULES)
    assert conclude("good", judgement, Criteria()).exit_code == 0
    broken = conclude("good", judgement, Criteria(), rig_failures=["port taken"])
    assert (broken.outcome, broken.exit_code) == (Outcome.RIG_FAILED, 4)
    write_verdict(broken, tmp_path)
    suite = ElementTree.fromstring((tmp_path / "junit.xml").read_bytes())[0]
    assert [case[0].tag for case in suite] == ["error", *["skipped"] * (len(suite) - 1)]
    assert (suite.get("errors"), suite.get("failures"), suite[0].get("name")) == ("1", "0", "rig")
