"""What a comparison says: sentences, changes of the scenario, limits, and the number that is scaled."""

import math
from typing import Any

import pytest

from sim.compare.changes import changes
from sim.compare.directions import DIRECTION, MAIN
from sim.compare.limits import failures, parse_limit
from sim.compare.scale import Scale, scale_at
from sim.compare.search import Search
from sim.compare.sentences import sentence, sentences
from sim.errors import TwinError
from sim.kpi.kpis import KPIS
from tests.comparison_samples import a_difference

STOCK: dict[str, Any] = {
    "kpi": "stock_value", "unit": "USD", "base_mean": 1000.0, "mean": 820.0, "difference": -180.0, "half_width": 20.0,
    "relative": -0.18, "relative_low": -0.2, "relative_high": -0.16, "adjusted_low": -200.0, "adjusted_high": -160.0,
    "adjusted_relative_low": -0.2, "adjusted_relative_high": -0.16, "verdict": "better",
}  # fmt: skip
SAME: dict[str, Any] = {
    "difference": 0.0, "half_width": 0.0, "relative": 0.0, "adjusted_low": 0.0, "adjusted_high": 0.0,
    "adjusted_relative_low": 0.0, "adjusted_relative_high": 0.0, "identical": True, "verdict": "", "mean": 0.95,
}  # fmt: skip
NAN = float("nan")
ALONE: dict[str, Any] = {
    "half_width": NAN, "relative_low": NAN, "relative_high": NAN, "adjusted_low": NAN, "adjusted_high": NAN,
    "adjusted_relative_low": NAN, "adjusted_relative_high": NAN, "pairs": 1, "p_value": NAN, "verdict": "",
}  # fmt: skip


# --- sentences --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "B: fill rate is 1.00 points lower, worse [-1.20, -0.80] (95.00 % → 94.00 %)."),
        (STOCK, "B: stock value is 18.0 % lower, better [16.0, 20.0] (1,000 USD → 820 USD)."),
        (SAME, "B: fill rate is exactly the same in every replication (95.00 %)."),
        (
            {"adjusted_low": -0.03, "adjusted_high": 0.01, "half_width": 0.02, "verdict": ""},
            "B: fill rate: no difference shown, [-3.0, +1.0] (95.00 % → 94.00 %).",
        ),
        (
            ALONE,
            "B: fill rate is 1.000 points lower (95.00 % → 94.00 %); one replication does not tell how sure it is.",
        ),
        (
            {"kpi": "trips", "unit": "trips", "base_mean": 0.0, "mean": 12.0, "difference": 12.0, "half_width": 2.0,
             "relative": NAN, "relative_low": NAN, "relative_high": NAN, "adjusted_low": 10.0, "adjusted_high": 14.0,
             "adjusted_relative_low": NAN, "adjusted_relative_high": NAN, "verdict": ""},
            "B: trips is 12.0 trips higher [+10.0, +14.0] (0.0 trips → 12.0 trips).",
        ),
    ],
)  # fmt: skip
def test_a_difference_in_words(change: dict[str, Any], text: str) -> None:
    assert sentence(a_difference(**change)) == text


@pytest.mark.parametrize(
    ("stock", "service", "text"),
    [
        (STOCK, SAME, "B holds 18.0 % less stock [16.0, 20.0] at the same fill rate (95.00 %)."),
        (
            STOCK,
            {"difference": 0.0004, "mean": 0.9504, "adjusted_low": -0.0004, "adjusted_high": 0.0012, "verdict": ""},
            "B holds 18.0 % less stock [16.0, 20.0] at the same fill rate (95.04 %).",
        ),
        (
            STOCK,
            {},
            "B holds 18.0 % less stock [16.0, 20.0] while its fill rate is 1.00 points lower [-1.20, -0.80].",
        ),
        (
            STOCK | SAME | {"mean": 1000.0},
            {"adjusted_low": -0.03, "adjusted_high": 0.01, "half_width": 0.02},
            "B holds exactly the same stock while its fill rate is 1.0 points lower (not shown [-3.0, +1.0]).",
        ),
    ],
)
def test_stock_and_service_in_one_sentence(stock: dict[str, Any], service: dict[str, Any], text: str) -> None:
    found = [a_difference(**stock), a_difference(**service)]
    assert sentences(found, "A", "B")[0] == text


def test_contracts_that_differ_alone_are_not_the_same() -> None:
    margin = STOCK | {"scope": "contracts", "key": "all", "kpi": "gross_margin", "verdict": "worse"}
    same = SAME | {"scope": "contracts", "key": "all", "kpi": "customer_paid", "unit": "USD"}
    apart = sentences([a_difference(**SAME), a_difference(**margin)], "A", "B")
    assert apart == [
        "B and A differ in their contracts only: what happens is exactly the same.",
        "B: gross margin is 18.0 % lower, worse [16.0, 20.0] (1,000 USD → 820 USD).",
    ]
    alike = sentences([a_difference(**SAME), a_difference(**same)], "A", "B")
    assert alike == ["B and A are exactly the same in every KPI and every replication."]
    both = sentences([a_difference(), a_difference(**margin)], "A", "B")
    assert both[-1] == apart[-1]
    assert len(both) == 2


def test_nothing_is_said_about_amounts_that_are_nothing_on_both_sides() -> None:
    nothing = a_difference(**SAME | {"kpi": "transport_cost", "unit": "USD", "base_mean": 0.0, "mean": 0.0})
    said = sentences([a_difference(), nothing], "A", "B")
    assert len(said) == 1
    assert sentences([nothing], "A", "B") == ["B and A are exactly the same in every KPI and every replication."]


def test_directions_are_about_kpis() -> None:
    assert set(MAIN) <= set(KPIS)
    assert set(DIRECTION.values()) == {1, -1}
    assert {"fill_rate", "total_cost", "stock_value"} <= set(DIRECTION) & set(KPIS)


# --- limits -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("limit", "change", "broken"),
    [
        ("fill_rate:-0.5%", {}, True),
        ("fill_rate:-1.5%", {}, False),
        ("fill_rate:-0.005", {}, True),
        ("fill_rate:+0.5%", {}, False),
        ("fill_rate:-0.5%", {"adjusted_high": 0.001}, False),  # it may well be chance
        ("fill_rate:-0.5%", ALONE, True),  # nothing is known about chance
        ("fill_rate:-0%", SAME, False),
        ("stock_value:-10%", STOCK, True),
        ("stock_value:-20%", STOCK, False),
        ("stock_value:-170", STOCK, True),
        ("lost:+5%", {"kpi": "lost", "unit": "units", "base_mean": 0.0, "mean": 3.0, "difference": 3.0,
                      "relative": math.nan, "adjusted_low": 1.0, "adjusted_high": 5.0}, True),
        ("fill_rate@node/shop:-0.5%", {"scope": "node", "key": "shop"}, True),
    ],
)  # fmt: skip
def test_limits(limit: str, change: dict[str, Any], broken: bool) -> None:
    assert bool(failures([parse_limit(limit)], [a_difference(**change)])) == broken


@pytest.mark.parametrize("text", ["", "fill_rate", "fill_rate:0.5%", "fill_rate:-", "fill_rate:-x%", "fill_rate=-1%"])
def test_a_limit_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(TwinError, match="this is not KPI:LIMIT"):
        parse_limit(text)


# --- changes ----------------------------------------------------------------------------------------------------------
def test_changes_are_found_where_they_are() -> None:
    old = {"name": "x", "nodes": {"a": {"kind": "store"}, "b": {}}, "horizon": "3 wk", "costs": {"holding_rate": 0.1}}
    new = {"name": "y", "nodes": {"b": {}, "c": {}}, "costs": {"holding_rate": 0.2}}
    found = changes("B", old, new, {"t.csv": "1", "u.csv": "5"}, {"t.csv": "2", "u.csv": "5"})
    assert [(one.path, one.kind, one.old, one.new) for one in found] == [
        ("nodes.a", "removed", {"kind": "store"}, None),
        ("nodes.c", "added", None, {}),
        ("horizon", "removed", "3 wk", None),
        ("costs.holding_rate", "changed", 0.1, 0.2),
        ("table t.csv", "changed", "1", "2"),
    ]
    assert str(found[3]) == "costs.holding_rate: 0.1 → 0.2"


def test_an_entry_put_between_others_is_one_change() -> None:
    first, second, third = ({"nodes": name, "level": 1} for name in "abc")
    added = changes("B", {"policies": [first, third]}, {"policies": [first, second, third]}, {}, {})
    assert [(one.path, one.kind) for one in added] == [("policies.1", "added")]
    changed = changes("B", {"policies": [first, third]}, {"policies": [first | {"level": 2}, third]}, {}, {})
    assert [(one.path, one.old, one.new) for one in changed] == [("policies.0.level", 1, 2)]


# --- the number that is scaled ----------------------------------------------------------------------------------------
SETTINGS: dict[str, Any] = {"policies": [{"level": 14, "cover": "7.5 d"}], "nodes": {"a.b": {"speed": 2.5}}}


@pytest.mark.parametrize(
    ("path", "scale", "doubled"),
    [
        ("stock_factor", Scale("stock_factor", 1.0), "2"),
        ("policies.0.level", Scale("policies.0.level", 14.0, whole=True), "28"),
        ("policies.0.cover", Scale("policies.0.cover", 7.5, " d"), "15 d"),
        ("nodes.a.b.speed", Scale("nodes.a.b.speed", 2.5), "5"),
    ],
)
def test_a_number_is_found_and_keeps_its_unit(path: str, scale: Scale, doubled: str) -> None:
    assert scale_at(SETTINGS, path) == scale
    assert scale.times(2.0) == doubled


def test_a_stated_stock_factor_is_where_scaling_starts() -> None:
    assert scale_at({"stock_factor": 2}, "stock_factor").times(0.25) == "0.5"


# --- the search -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("root", [0.03, 0.31, 0.9, 1.0, 1.1, 3.7, 18.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("rises", [0, 1, -1])
def test_the_search_finds_a_root(root: float, sign: float, rises: int) -> None:
    search = Search(lambda factor: sign * math.tanh(math.log(factor / root)), 0.002, rises=rises)
    found = search.run()
    assert found is not None
    assert abs(math.tanh(math.log(found / root))) < 0.002
    assert len(search.tried) <= 16


@pytest.mark.parametrize(("guess", "most"), [(0.461, 2), (0.44, 6), (0.48, 6), (0.6, 10)])
def test_a_guess_shortens_the_search(guess: float, most: int) -> None:
    search = Search(lambda factor: math.tanh(math.log(factor / 0.46)), 0.003, guess)
    found = search.run()
    assert found is not None
    assert abs(math.tanh(math.log(found / 0.46))) < 0.003
    assert len(search.tried) <= most


def test_the_search_gives_up_on_a_step_and_on_what_never_changes_sign() -> None:
    step = Search(lambda factor: 0.01 if factor > 0.7 else -0.01, 0.002)
    assert step.run() is None
    assert min(step.tried.values()) < 0 < max(step.tried.values())
    assert Search(lambda factor: 1.0 + factor, 0.002).run() is None
    flat = Search(lambda factor: 0.5, 0.002)
    assert flat.run() is None
    assert len(flat.tried) < 16
