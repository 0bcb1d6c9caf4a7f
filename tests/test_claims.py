"""Claims: the language of reported figures, verdicts, and claims answered by a comparison."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

import mro_twin
from mro_twin.report_table import print_report
from reports.run_files import RunFiles
from reports.run_report import run_page
from sim.compare.claims import ClaimResult
from sim.kpi.claims import (
    AS_REPORTED,
    LESS,
    MORE,
    NEEDS_COMPARISON,
    NOT_SHOWN,
    NOT_SO,
    ONE_REPLICATION,
    OPPOSITE,
    told_claims,
    verdict,
)
from sim.scenario import load_scenario
from sim.scenario.claims import parse_reported
from tests.comparison_samples import call, write_regions
from tests.contract_run_samples import contract_sample
from tests.scenario_samples import findings_of

CLAIMS: list[dict[str, Any]] = [
    {"says": "richer", "source": "a report", "kpi": "stock_value", "variant": "rich-a", "reported": "+1 %"},
    {"says": "fewer stock-outs", "kpi": "1 - fill_rate", "variant": "rich-a", "reported": "60 % -> 30 %"},
    {"says": "nothing happens", "kpi": "fill_rate", "variant": "twin", "reported": "90 % -> 95 %"},
    {"says": "the way back", "kpi": "stock_value", "variant": "twin", "against": "rich-a", "reported": "+5 %"},
    {"says": "a level", "kpi": "fill_rate", "variant": "rich-a", "reported": "1 %..2 %"},
]


# --- the language -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "kind", "unit", "before", "after"),
    [
        ("-28 %", "change", "", None, (-0.285, -0.275)),
        ("-30 %..-40 %", "change", "", None, (-0.405, -0.295)),
        ("12 % -> 6 %", "values", "share", (0.115, 0.125), (0.055, 0.065)),
        ("10 % → 4.5 %", "values", "share", (0.095, 0.105), (0.0445, 0.0455)),
        ("3.5 d -> 1.2 d", "values", "h", (82.8, 85.2), (27.6, 30.0)),
        ("180 M CNY -> 130 M CNY", "values", "CNY", (179.5e6, 180.5e6), (129.5e6, 130.5e6)),
        ("180 M -> 130 M CNY", "values", "CNY", (179.5e6, 180.5e6), (129.5e6, 130.5e6)),
        ("36 h -> 1 d", "values", "h", (35.5, 36.5), (12.0, 36.0)),
        (5, "value", "", None, (4.5, 5.5)),
        (6.2, "value", "", None, (6.15, 6.25)),
        ("30 %..40 %", "value", "share", None, (0.295, 0.405)),
    ],
)
def test_reported_figures_are_read_with_their_rounding(
    text: object, kind: str, unit: str, before: tuple[float, float] | None, after: tuple[float, float]
) -> None:
    found = parse_reported(text)
    assert (found.kind, found.unit) == (kind, unit)
    assert found.after == pytest.approx(after)
    assert found.before == (None if before is None else pytest.approx(before))


def test_a_reported_change_covers_all_that_rounds_to_it() -> None:
    assert parse_reported("12 % -> 6 %").change(in_points=True) == pytest.approx((-0.07, -0.05))
    low, high = parse_reported("180 M -> 130 M").change(in_points=False)
    assert (low, high) == pytest.approx((129.5 / 180.5 - 1, 130.5 / 179.5 - 1))


def test_claims_keep_what_they_are_set_against_when_the_base_is_forgotten(tmp_path: Path) -> None:
    file = write_regions(tmp_path, claims=CLAIMS)
    variant = load_scenario(file, variant="rich-a")
    assert [one.against for one in variant.claims] == ["base", "base", "base", "rich-a", "base"]
    assert load_scenario(variant.resolved()) == variant
    stated = load_scenario(write_regions(tmp_path, claims=CLAIMS[:2], comparison={"base": "twin"}), variant="rich-a")
    assert stated.claims[0].against == "twin"


# --- verdicts ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("low", "high", "reported", "expected"),
    [
        (-0.33, -0.31, (-0.40, -0.30), AS_REPORTED),
        (-0.31, -0.29, (-0.40, -0.30), AS_REPORTED),  # the interval reaches into the range
        (-0.52, -0.51, (-0.285, -0.275), MORE),
        (-0.10, -0.05, (-0.285, -0.275), LESS),
        (0.10, 0.20, (-0.285, -0.275), OPPOSITE),
        (-0.10, 0.01, (-0.285, -0.275), NOT_SHOWN),
        (0.0, 0.0, (0.05, 0.07), NOT_SHOWN),
        (float("nan"), float("nan"), (0.05, 0.07), NOT_SHOWN),
        (0.6, 0.7, (0.45, 0.55), MORE),
        (0.04, 0.07, (-0.01, 0.01), NOT_SO),
        (0.005, 0.02, (-0.01, 0.01), AS_REPORTED),
    ],
)
def test_verdict_of_a_change(low: float, high: float, reported: tuple[float, float], expected: str) -> None:
    assert verdict(low, high, reported) == expected


@pytest.mark.parametrize(("low", "high", "expected"), [(3, 4.6, AS_REPORTED), (5.6, 6, MORE), (-1, 4.4, LESS)])
def test_verdict_of_a_value(low: float, high: float, expected: str) -> None:
    assert verdict(low, high, (4.5, 5.5), of_value=True) == expected


# --- in a comparison --------------------------------------------------------------------------------------------------
def test_a_comparison_answers_the_claims(tmp_path: Path) -> None:
    file = write_regions(tmp_path, claims=CLAIMS)
    found = mro_twin.compare(file, replications=3)
    richer, short, nothing, back, level = (_only_answer(one) for one in found.claims)
    row = found.differences.query("scope == 'network' and kpi == 'stock_value' and variant == 'rich-a'").iloc[0]
    assert (richer.before, richer.after, richer.change) == (row.base_mean, row["mean"], row.relative)
    assert (richer.low, richer.high) == (row.relative_low, row.relative_high)
    assert richer.verdict == MORE
    rate = found.differences.query("scope == 'network' and kpi == 'fill_rate' and variant == 'rich-a'").iloc[0]
    assert (short.before, short.change) == (1 - rate.base_mean, -rate.difference)
    assert (short.low, short.high) == pytest.approx(
        (-rate.difference - rate.half_width, -rate.difference + rate.half_width)
    )
    assert short.verdict == verdict(short.low, short.high, parse_reported("60 % -> 30 %").change(in_points=True))
    assert (nothing.change, nothing.verdict) == (0.0, NOT_SHOWN)
    assert back.change == pytest.approx(1 / (1 + richer.change) - 1)
    assert back.verdict == OPPOSITE
    assert level.verdict == MORE
    assert level.low < level.after < level.high
    assert level.after == pytest.approx(rate["mean"])


def test_a_value_may_have_none_before(tmp_path: Path) -> None:
    pool = {"region": {"nodes": "shop-*", "delivery": "6 h", "approval": {"time": "2 h"}}}
    claims = [
        {"says": "quick", "kpi": "transfer_response_hours", "variant": "shared", "reported": "0.33 d"},
        {"says": "quicker", "kpi": "transfer_response_hours", "variant": "shared", "reported": "3 d -> 0.33 d"},
    ]
    file = write_regions(tmp_path, claims=claims, variants={"shared": {"set": {"pools": pool}}})
    value, change = mro_twin.compare(file, replications=2).claims
    (answer,) = value.answers
    assert math.isnan(answer.before)  # there are no transfers in the base
    assert answer.after == pytest.approx(8.0)
    assert answer.verdict == AS_REPORTED
    assert answer.words == "0.3333 d [0.3333, 0.3333]"
    assert change.answers == ()
    assert "no transfer_response_hours" in change.note


def _only_answer(result: ClaimResult) -> Any:
    (answer,) = result.answers
    assert (answer.view, answer.pairs) == ("as designed", 3)
    return answer


def test_claims_are_printed_saved_and_reported(tmp_path: Path) -> None:
    claims = [*CLAIMS, {"says": "<b>=1+1</b>", "kpi": "transport_cost", "variant": "twin", "reported": "-5 %"}]
    file = write_regions(tmp_path, claims=claims)
    result = call("compare", f"{file}@rich-a", "-r", 2, "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.output
    assert "claims put to the test" in result.stdout
    assert "stock_value: base → rich-a" in result.stdout
    assert "3 of the scenario's claims are not answered here: twin not compared" in result.stdout
    (path,) = (tmp_path / "runs").iterdir()
    saved = json.loads((path / "comparison.json").read_text())["claims"]
    assert [len(one["answers"]) for one in saved] == [1, 1, 0, 0, 1, 0]
    assert saved[0]["answers"][0]["verdict"] == MORE
    assert call("report", path).exit_code == 0
    page = (path / "report.html").read_text(encoding="utf-8")
    assert "Claims put to the test" in page
    assert saved[0]["answers"][0]["words"] in page
    assert "&lt;b&gt;=1+1&lt;/b&gt;" in page
    assert "<b>=1+1" not in page


def test_a_finished_run_answers_the_claims_of_its_scenario(tmp_path: Path) -> None:
    file = write_regions(tmp_path, claims=CLAIMS)
    for name in ("base", "rich-a"):
        assert call("run", f"{file}@{name}", "-r", 2, "--out", tmp_path / name).exit_code == 0
    runs = [next((tmp_path / name).iterdir()) for name in ("base", "rich-a")]
    fresh = mro_twin.compare(f"{file}@rich-a", replications=2).claims
    assert mro_twin.compare(*runs).claims == fresh


def test_one_replication_gives_no_verdict(tmp_path: Path) -> None:
    found = mro_twin.compare(write_regions(tmp_path, claims=CLAIMS[:1]), replications=1)
    assert found.claims[0].answers[0].verdict == "one replication"


# --- as the scenario says ---------------------------------------------------------------------------------------------
def test_the_scenario_says_how_its_variants_are_compared(tmp_path: Path) -> None:
    claims = [
        {"says": "more stock", "kpi": "stock_value", "variant": "base", "reported": "-20 %"},
        {"says": "held", "kpi": "fill_rate", "variant": "base", "reported": "90 % -> 90 %"},
    ]
    file = write_regions(tmp_path, claims=claims, comparison={"base": "rich-a", "match": "fill_rate"})
    found = mro_twin.compare(file, replications=2)
    assert found.labels == ("rich-a", "base", "twin")
    assert [one.kpi for one in found.matches] == ["fill_rate", "fill_rate"]
    assert [one.view for one in found.claims[0].answers] == ["as designed", "at equal service"]
    designed, equal = found.claims[0].answers
    assert designed.change < equal.change  # the base needs more stock to serve as well
    assert found.claims[1].answers[1].verdict == "held equal"
    assert abs(found.claims[1].answers[1].change) < 0.002
    plain = mro_twin.compare(file, replications=2, match=False)
    assert plain.matches == []
    assert list(plain.claims[0].answers) == [designed]


def test_the_section_is_about_the_whole_file_only(tmp_path: Path) -> None:
    file = write_regions(tmp_path, comparison={"base": "rich-a", "match": "fill_rate"})
    found = mro_twin.compare(f"{file}@twin", replications=1)
    assert found.labels == ("base", "twin")
    assert found.matches == []


def test_no_match_contradicts_match(tmp_path: Path) -> None:
    result = call("compare", write_regions(tmp_path), "--match", "fill_rate", "--no-match")
    assert result.exit_code == 2
    assert "contradict" in result.stderr


# --- claims about one variant -----------------------------------------------------------------------------------------
MONEY_CLAIMS: list[dict[str, Any]] = [
    {
        "says": "the fee",
        "kpi": "contract_revenue",
        "contract": "service",
        "stream": "subscription",
        "reported": "300 USD",
    },
    {"says": "all of it", "kpi": "contract_revenue", "reported": "1 USD", "note": "of both contracts"},
    {"says": "of one", "kpi": "contract_revenue", "contract": "gloves", "reported": "1 bn USD", "source": "a rumour"},
    {"says": "kept", "kpi": "1 - sla_attainment", "contract": "service", "sla": "asked", "reported": "0 %"},
    {"says": "a change", "kpi": "stock_value", "reported": "-5 %"},
    {"says": "elsewhere", "kpi": "stock_value", "variant": "other", "against": "base", "reported": "50 USD -> 40 USD"},
]


def claiming(**more: Any) -> dict[str, Any]:
    """The plant with contracts, and claims about them."""
    claims = [{"variant": "base", "against": "other", **claim, **more} for claim in MONEY_CLAIMS]
    return contract_sample() | {"claims": claims, "variants": {"other": {}}}


def test_a_run_puts_claims_about_its_variant_beside_its_means(tmp_path: Path) -> None:
    scenario = load_scenario(claiming())
    result = mro_twin.simulate(scenario, replications=3, out=tmp_path)
    assert result.path is not None
    told = json.loads((result.path / "claims.json").read_text(encoding="utf-8"))["claims"]
    assert [one["says"] for one in told] == [claim["says"] for claim in MONEY_CLAIMS]
    by_name = {one["says"]: one for one in told}
    streams = result.value("contract_revenue", "service/subscription", "contract_stream")
    assert (by_name["the fee"]["mean"], by_name["the fee"]["scope"]) == (streams, "contract_stream")
    assert by_name["all of it"]["mean"] == result.value("contract_revenue", "all", "contracts")
    assert (by_name["all of it"]["verdict"], by_name["all of it"]["note"]) == (MORE, "of both contracts")
    assert (by_name["of one"]["verdict"], by_name["of one"]["source"]) == (LESS, "a rumour")
    kept = result.value("sla_attainment", "service/asked", "sla")
    assert by_name["kept"]["mean"] == pytest.approx(1 - kept)
    assert by_name["a change"]["verdict"] == NEEDS_COMPARISON
    assert (by_name["elsewhere"]["side"], by_name["elsewhere"]["mean"]) == ("before", result.value("stock_value"))
    page = run_page(RunFiles.open(result.path))
    assert "What sources say, and the model" in page
    assert "of both contracts" in page
    assert "a rumour" in page


def test_claims_of_one_replication_are_printed_without_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = load_scenario(claiming())
    result = mro_twin.simulate(scenario, replications=1)
    told = told_claims(scenario.claims, scenario.variant, result.means())
    assert {one.verdict for one in told} == {ONE_REPLICATION, NEEDS_COMPARISON}
    print_report(scenario, result.means(), result)
    printed = capsys.readouterr().out
    assert "claims about this variant" in printed
    assert "contract_revenue service/subscription" in printed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contract": "sevrice"}, "there is no contract `sevrice`"),
        ({"contract": None}, "`stream` and `sla` are parts of a contract"),
        ({"sla": "asked"}, "a KPI is of a `stream` or of an `sla`, not of both"),
        ({"kpi": "stock_value"}, "`stock_value` is no KPI of a revenue stream"),
        ({"kpi": "contract_revenue", "reported": "5 %"}, "'5 %' does not fit `contract_revenue`"),
    ],
)
def test_claims_about_what_contracts_do_not_have(change: dict[str, Any], message: str) -> None:
    data = claiming()
    data["claims"] = [data["claims"][0]]
    assert findings_of(data) == ()
    data["claims"] = [{**data["claims"][0], **change}]
    assert any(message in one.message for one in findings_of(data)), findings_of(data)


def test_a_variant_may_lack_the_contract_that_a_claim_is_about() -> None:
    data = claiming()
    data["variants"]["other"] = {"set": {"contracts": None}}
    assert findings_of(data, variant="other") == ()
    told = load_scenario(data, variant="other")
    assert load_scenario(told.resolved()) == told
