"""Verification: verdicts that can go wrong, the same rows whatever the processes, and a page that says it all."""

import dataclasses
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy import stats

from mro_twin.cli import cli
from sim.errors import RunInterruptedError, TwinError
from sim.verify import coverage, registry
from sim.verify.cases import lateral
from sim.verify.formulas import one_echelon
from sim.verify.page import as_document, as_markdown
from sim.verify.registry import CASES, Check, Effort, all_cases, case
from sim.verify.run import CaseOutcome, judge, run_case, select, verify
from sim.verify.samples import (
    ExactValue,
    MeanEstimate,
    ShareEstimate,
    in_joint_region,
    joint_confidence,
    mean_estimate,
    ratio_estimate,
)
from sim.verify.sources import ERLANG

pytestmark = pytest.mark.theory

QUICK = Effort(seed=1, quick=True)
CHEAP = ["(R, Q)", "EOQ"]


LEFT_OUT = {
    "Palm",
    "Feeney-Sherbrooke",
    "Erlang loss",
    "(R, nQ)",
    "(s, S)",
    "two echelons",
    "shared pieces",
    "coverage",
}
"""Long ones, whose claims the tests of theory and of coverage look at anyway."""


@pytest.fixture(scope="module")
def outcomes() -> list[CaseOutcome]:
    """What the cases find, quickly."""
    return [run_case(name, QUICK) for name in all_cases() if name not in LEFT_OUT]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["verify", *(str(argument) for argument in arguments)])


# --- verdicts ---------------------------------------------------------------------------------------------------------
def test_the_twin_agrees_with_theory(outcomes: list[CaseOutcome]) -> None:
    verification = judge(outcomes, QUICK)
    assert verification.judged >= 120
    assert [f"{row.case.name}: {row.check.what}: {row.verdict}" for row in verification.failures] == []


def test_every_formula_that_is_wrong_is_noticed(outcomes: list[CaseOutcome]) -> None:
    """By a fifth, as two half widths of a quick run may be 16 % of the theory; a full one notices a tenth."""
    for factor in (1.2, 1 / 1.2):
        tampered = [
            dataclasses.replace(
                outcome, checks=tuple(dataclasses.replace(one, theory=factor * one.theory) for one in outcome.checks)
            )
            for outcome in outcomes
        ]
        verification = judge(tampered, QUICK)
        assert {row.verdict for row in verification.rows if not row.check.information} == {"differs"}


def test_information_has_no_verdict(outcomes: list[CaseOutcome]) -> None:
    """METRIC and the square-root law are off, which fails nothing."""
    rows = [row for row in judge(outcomes, QUICK).rows if row.verdict == "information"]
    assert rows
    assert any(not row.interval.contains(row.check.theory) for row in rows)
    assert not any(row.failed for row in rows)


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (Check("near", 1.0, MeanEstimate(1.001, 0.001, 50)), "agrees"),
        (Check("far", 1.0, MeanEstimate(1.1, 0.001, 50)), "differs"),
        (Check("vague", 1.0, MeanEstimate(1.0, 0.1, 50)), "too wide"),
        (Check("vague", 1.0, MeanEstimate(1.0, 0.1, 50), wide=True), "agrees"),
        (Check("rough", 1.0, MeanEstimate(2.0, 0.001, 50), information=True), "information"),
        (Check("equal", 0.3, ExactValue(0.1 + 0.2)), "agrees"),
        (Check("not equal", 0.3, ExactValue(0.3001)), "differs"),
    ],
)
def test_verdict(check: Check, verdict: str) -> None:
    verification = judge([CaseOutcome("EOQ", (check,), 0.0, 0.0)], Effort(1))
    assert [row.verdict for row in verification.rows] == [verdict]
    assert bool(verification.failures) == (verdict in ("differs", "too wide"))


def test_many_intervals_are_wider_than_one() -> None:
    check = Check("x", 1.0, MeanEstimate(1.0, 0.001, 50))
    one = judge([CaseOutcome("EOQ", (check,), 0.0, 0.0)], Effort(1))
    many = judge([CaseOutcome("EOQ", (check,) * 60, 0.0, 0.0)], Effort(1))
    assert one.confidence == pytest.approx(0.99)
    assert many.confidence == pytest.approx(1 - 0.01 / 60)
    assert many.rows[0].interval.half_width > one.rows[0].interval.half_width


# --- running ----------------------------------------------------------------------------------------------------------
def test_processes_do_not_change_the_rows() -> None:
    alone, together = verify(CHEAP, QUICK), verify(CHEAP, QUICK, workers=2)
    assert [row.interval for row in alone.rows] == [row.interval for row in together.rows]
    assert [row.check.what for row in alone.rows] == [row.check.what for row in together.rows]


def test_another_seed_gives_other_figures() -> None:
    first, second = (verify(["(R, Q)"], Effort(seed, quick=True)).rows[0].interval.mean for seed in (1, 2))
    assert first != second


def test_ctrl_c_ends_it() -> None:
    def progress(done: int, total: int) -> None:
        if done == 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(RunInterruptedError, match="after 1 of 2 cases"):
        verify(CHEAP, QUICK, progress=progress)


def test_cases_are_found_by_name_and_family() -> None:
    assert select(["eoq"]) == ["EOQ"]
    assert "(s, S)" in select(["lots"])
    assert select([]) == list(all_cases())
    with pytest.raises(TwinError, match=r"no case is called like `nonsense`.*Palm"):
        select(["nonsense"])


def test_a_case_says_what_it_claims_and_is_alone_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    all_cases()
    monkeypatch.setattr(registry, "CASES", dict(CASES))

    def nothing(effort: Effort) -> Iterator[Check]:
        yield from ()

    with pytest.raises(ValueError, match="no docstring"):
        case("nothing", ERLANG)(nothing)
    nothing.__doc__ = "Nothing."
    with pytest.raises(ValueError, match="exists already"):
        case("EOQ", ERLANG)(nothing)


def test_a_pool_of_the_scenario_language_is_the_pool_of_the_chain() -> None:
    """The case writes its pool into the network's arrays; a scenario that says the same gives the same."""
    name = "3 stores, complete"
    design = lateral.design(name, lateral.POOLS[name], 2)
    emergency = [{"from": "maker", "lead_time": "0 d"}]
    said = {"nodes": "store-*", "donor": "most_stock", "delivery": "0 d", "emergency": emergency}
    written = lateral.with_pool(design.network(), lateral.POOLS[name])
    built = dataclasses.replace(design, extra={"pools": {"pool": said}}).network()
    assert built.pools == written.pools
    np.testing.assert_array_equal(built.parameter, written.parameter)


# --- coverage ---------------------------------------------------------------------------------------------------------
def test_intervals_of_experiments_cover_the_truth_and_nothing_else() -> None:
    truth = coverage.true_values()
    for one in coverage.coverage(11, 30):
        assert ShareEstimate(one.covered, one.experiments).interval(0.9999).contains(coverage.CONFIDENCE), one
    for one in coverage.coverage(11, 30, {kpi: 1.1 * value for kpi, value in truth.items()}):
        assert not ShareEstimate(one.covered, one.experiments).interval(0.9999).contains(coverage.CONFIDENCE), one


# --- samples ----------------------------------------------------------------------------------------------------------
def test_intervals_are_those_of_the_textbook() -> None:
    samples = np.array([1.0, 2.0, 4.0, 4.5])
    low, high = stats.t.interval(0.95, 3, samples.mean(), stats.sem(samples))
    found = mean_estimate(samples).interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))
    for hits in (0, 7, 20):
        exact = stats.binomtest(hits, 20).proportion_ci(0.99, "exact")
        share = ShareEstimate(hits, 20).interval(0.99)
        assert (share.low, share.high) == pytest.approx((exact.low, exact.high))


def test_ratio_of_proportional_samples_is_certain() -> None:
    whole = np.array([1.0, 2.0, 5.0])
    assert ratio_estimate(0.25 * whole, whole) == MeanEstimate(0.25, 0.0, 2)


def test_bonferroni() -> None:
    assert joint_confidence(0.99, 1) == pytest.approx(0.99)
    assert joint_confidence(0.99, 100) == pytest.approx(0.9999)


def test_joint_region() -> None:
    samples = np.random.default_rng(1).normal((1.0, 2.0), 1.0, (500, 2))
    assert in_joint_region(samples, (1.0, 2.0), 0.999)
    assert not in_joint_region(samples, (1.3, 1.7), 0.999)


# --- page and command -------------------------------------------------------------------------------------------------
def test_page_names_every_source_and_every_failure(outcomes: list[CaseOutcome]) -> None:
    wrong = Check("a | b", 1.0, MeanEstimate(2.0, 0.001, 50))
    verification = judge([*outcomes, CaseOutcome("EOQ", (wrong,), 0.0, 0.0)], QUICK)
    text, document = as_markdown(verification), as_document(verification)
    for row in verification.rows:
        assert str(row.source) in text
        assert row.source.reference in text
    assert "- **differs**: EOQ: a | b" in text
    assert "a \\| b" in text
    assert document["failures"] == ["EOQ: a | b"]
    assert not document["agrees"]
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_command_prints_and_saves(tmp_path: Path) -> None:
    result = call("--only", "EOQ", "--out", tmp_path / "new" / "page")
    assert result.exit_code == 0, result.stderr
    assert "All 6 comparisons agree with theory." in result.stdout
    assert "Harris (1913)" in result.stdout
    assert "Harris (1913)" in (tmp_path / "new" / "page" / "verification.md").read_text(encoding="utf-8")
    saved = json.loads((tmp_path / "new" / "page" / "verification.json").read_text(encoding="utf-8"))
    assert saved["agrees"]
    assert [row["verdict"] for row in saved["rows"]] == ["agrees"] * 6


def test_a_wrong_formula_is_named_and_ends_with_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = one_echelon.erlang_loss
    monkeypatch.setattr(one_echelon, "erlang_loss", lambda servers, load: 1.1 * right(servers, load))
    result = call("--only", "Erlang", "--quick", "--json", "--out", tmp_path)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert "Erlang loss: share lost, S = 2, constant lead time" in document["failures"]
    assert "Erlang loss: share lost, S = 2, constant lead time: differs" in result.stderr


def test_list_simulates_nothing(tmp_path: Path) -> None:
    result = call("--list", "--out", tmp_path / "page")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(all_cases())
    rows = json.loads(call("--list", "--json", "--only", "newsvendor").stdout)
    assert [row["source"] for row in rows] == ["Arrow, Harris & Marschak (1951)"]
    assert not (tmp_path / "page").exists()


def test_bad_input_is_named(tmp_path: Path) -> None:
    result = call("--only", "nonsense")
    assert result.exit_code == 2
    assert "nonsense" in result.stderr
    (tmp_path / "file").write_text("not a folder")
    result = call("--only", "EOQ", "--out", tmp_path / "file" / "page")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
