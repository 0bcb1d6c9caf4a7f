"""Every finding of the language: one scenario that has it, and the nearest one that is fine."""

import contextlib
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario import ScenarioError, load_scenario
from sim.scenario.checks.supply import find_cycle
from sim.scenario.findings import MOST_SHOWN, did_you_mean
from sim.scenario.tree import parse_yaml
from tests.scenario_samples import SAMPLE, findings_of, sample, write

Change = Callable[[dict[str, Any]], object]
TRUCK: dict[str, Any] = {
    "base": "depot",
    "stops": [{"node": "shop", "travel_time": "1 h"}],
    "return": {"travel_time": "1 h"},
    "volume": "1 m3",
    "weight": "1 t",
    "timetable": {"days": ["mon"], "at": ["06:00"]},
}
GENERATOR: dict[str, Any] = {
    "items": {"count": 20, "price": {"lognormal": {"median": "300 USD", "sigma": 1.6}}},
    "demand": {"nodes": "shop", "jobs_per_day": {"mean": 3}, "popularity": {"zipf": 1.05}},
    "stocking": [{"nodes": "shop", "items": {"top": 5}, "policy": {"kind": "base_stock", "level": "14 d"}}],
}


def put(path: str, value: Any) -> Change:
    """A change that sets the value at a dotted path."""

    def change(data: Any) -> None:
        *parts, last = path.split(".")
        for part in parts:
            data = data[int(part)] if isinstance(data, list) else data.setdefault(part, {})
        data[int(last) if isinstance(data, list) else last] = value

    return change


def add(section: str, value: Any) -> Change:
    """A change that appends to a list."""
    return lambda data: data.setdefault(section, []).append(value)


def truck(**changes: Any) -> Change:
    """A change that adds a truck route `run`, with some settings changed."""
    return put("trucks.run", {**TRUCK, **changes})


def generator(section: str, **changes: Any) -> Change:
    """A change that adds a generator with some settings of one section changed."""
    value = GENERATOR[section]
    changed = [{**value[0], **changes}] if isinstance(value, list) else {**value, **changes}
    return put("generator", {**GENERATOR, section: changed})


def policy(**fields: Any) -> Change:
    """A change that appends a policies entry for filters at the shop."""
    return add("policies", {"nodes": "shop", "items": "filter", **fields})


def demand(**fields: Any) -> Change:
    """A change that appends a demand for filters at the shop."""
    return add("demand", {"node": "shop", "item": "filter", **fields})


def claim(**fields: Any) -> Change:
    """A change that adds a variant `rich` and a claim about it."""
    stated = {"says": "less stock", "kpi": "stock_value", "variant": "rich", "reported": "-28 %"}
    return lambda data: data.update(variants={"rich": {"set": {}}}, claims=[stated | fields])


def compared(**fields: Any) -> Change:
    """A change that adds a variant `rich` and says how to compare it."""
    return lambda data: data.update(variants={"rich": {"set": {}}}, comparison=fields)


def terms(**fields: Any) -> Change:
    """A change that gives the maker terms for filters."""
    return put("nodes.maker.items", {"filter": fields})


def poisson(**fields: Any) -> dict[str, Any]:
    """A compound Poisson demand with a size."""
    return {"compound_poisson": {"rate": "1 /d", "size": fields}}


# (name, faulty, the nearest fine one, words of the finding)
CASES: list[tuple[str, Change, Change | None, str]] = [
    ("unknown key", put("warmup", "4 wk"), put("warm_up", "4 wk"), "did you mean `warm_up`"),
    ("unknown key below", put("nodes.depot.echelonn", "x"), put("nodes.depot.echelon", "x"), "did you mean `echelon`"),
    ("unknown kind of node", put("nodes.depot.kind", "warhouse"), put("nodes.depot.kind", "store"), "`warehouse`"),
    ("missing kind", put("nodes.new", {"echelon": "x"}), None, "`kind` is missing"),
    ("missing key", lambda data: data.pop("horizon"), None, "`horizon` is missing"),
    ("dangling lane", put("lanes.1.to", "shoop"), put("lanes.1.to", "sho?"), "did you mean `shop`"),
    ("pattern without fit", put("lanes.1.to", "shops-*"), put("lanes.1.to", "sh*"), "no node fits the pattern"),
    ("dangling item", put("demand.0.item", "filtre"), put("demand.0.item", "filt*"), "did you mean `filter`"),
    ("dangling policy item", put("policies.0.items", "x"), put("policies.0.items", ["filter"]), "no item `x`"),
    ("dangling policy node", put("policies.0.nodes", "x"), put("policies.0.nodes", "shop"), "no node `x`"),
    ("dangling terms", put("nodes.maker.items", {"x": {}}), terms(), "no item `x`"),
    ("dangling profile", put("demand.0.profile", "week"), None, "no profile `week`"),
    ("dangling route", put("lanes.1.truck", "run"), None, "no truck route `run`"),
    ("a pattern for a profile", lambda d: (put("demand.0.profile", "*")(d), put("profiles", {"p": {}})(d)),
     lambda d: (put("demand.0.profile", "p")(d), put("profiles", {"p": {}})(d)), "no profile `*`"),
    ("a pattern for a route", lambda d: (truck()(d), put("lanes.1.truck", "r*")(d)), None, "no truck route `r*`"),
    ("a pattern for a base", truck(base="dep*"), truck(), "no node `dep*`"),
    ("dangling stop", truck(stops=[{"node": "x", "travel_time": "1 h"}]), truck(), "no node `x`"),
    ("dangling base", truck(base="x"), truck(base="depot"), "no node `x`"),
    ("dangling lane item", put("lanes.0.items", "x"), put("lanes.0.items", {"classes": ["A"]}), "no item `x`"),
    ("dangling job item", demand(item=None, jobs={"rate": "1 /d", "items": {"x": 1}}),
     demand(item=None, jobs={"rate": "1 /d", "items": {"filter": 1, "gr*": 0.5}}), "no item `x`"),
    ("dangling generator node", generator("demand", nodes="x"), generator("demand", nodes="*"), "no node `x`"),
    ("cycle", add("lanes", {"from": "shop", "to": "depot", "lead_time": "1 d"}),
     add("lanes", {"from": "maker", "to": "shop"}), "cycle in supply: depot -> shop -> depot"),
    ("lane to itself", add("lanes", {"from": "shop", "to": "shop", "lead_time": "1 d"}), None, "to itself"),
    ("no lane", put("nodes.new", {"kind": "store"}), None, "no lane leads to `new`"),
    ("lane to a supplier", put("lanes.0.to", ["depot", "maker"]), None, "itself"),
    ("lane without lead time", put("lanes.1", {"from": "depot", "to": "shop"}), None, "has no lead time"),
    ("demand at a supplier", put("demand.0.node", "maker"), put("demand.0.node", "depot"), "customers cannot buy"),
    ("policy at a supplier", put("policies.0.nodes", "maker"), put("policies.0.nodes", "*"), "holds no stock"),
    ("truck from elsewhere", lambda d: (truck()(d), put("lanes.0.truck", "run")(d)),
     lambda d: (truck()(d), put("lanes.1", {"from": "depot", "to": "shop", "truck": "run"})(d)), "starts at `depot`"),
    ("truck that does not stop", lambda d: (truck(stops=[{"node": "other", "travel_time": "1 h"}])(d),
     put("nodes.other", {"kind": "store"})(d), add("lanes", {"from": "depot", "to": "other", "lead_time": "1 d"})(d),
     put("lanes.1.truck", "run")(d)), None, "does not stop at `shop`"),
    ("truck from a supplier", truck(base="maker"), truck(), "starts at the supplier"),
    ("stop twice", truck(stops=TRUCK["stops"] * 2), truck(), "`shop` twice"),
    ("stop at the base", truck(stops=[{"node": "depot", "travel_time": "1 h"}]), truck(), "its own base"),
    ("both ways of leaving", truck(when_full={"share": 0.8}), truck(timetable=None, when_full={"share": 0.8}), "both"),
    ("no way of leaving", truck(timetable=None), truck(), "neither"),
    ("empty truck", truck(volume="0 l"), truck(volume="1 l"), "more than 0"),
    ("window backwards", truck(working_hours={"from": "20:00", "to": "06:00"}),
     truck(working_hours=[{"from": "06:00", "to": "20:00"}]), "not after"),
    ("negative duration", put("lanes.1.lead_time", "-1 d"), put("lanes.1.lead_time", "0 d"), "negative"),
    ("negative money", put("items.filter.cost", "-3 USD"), put("items.filter.cost", "3 USD"), "negative"),
    ("other currency", put("items.filter.cost", "3 EUR"), None, "scenario's currency"),
    ("unit mismatch of a price", put("items.filter.cost", "3 USD/kg"), put("items.grease.cost", "3 USD/g"), "per kg"),
    ("unit mismatch of a level", put("policies.1.policy.level", 5), put("policies.1.policy.level", "5 kg"), "in kg"),
    ("unit mismatch of a pattern", put("policies.0.items", "*"), None, "item `grease`"),
    ("not a whole multiple", put("policies.1.policy.level", "5.05 kg"), None, "whole multiple"),
    ("unit mismatch of a flow", put("demand.1.flow.rate", "5 l /d"), put("demand.1.flow.rate", "5 g /d"), "in l"),
    ("pieces a day of something weighed", put("demand.1.flow.rate", "5 /d"), None, "the rate in pieces"),
    ("kilograms a day of pieces", put("demand.0", {"node": "shop", "item": "filter", "flow": {"rate": "5 kg /d",
     "step": 1}}), put("demand.0", {"node": "shop", "item": "filter", "flow": {"rate": "5 /d", "step": 1}}),
     "500 /mo"),
    ("step of zero", put("demand.1.flow.step", 0), put("demand.1.flow.step", "0.1 kg"), "step is zero"),
    ("no unit of time", put("horizon", 26), put("horizon", "29 d"), "no unit of time"),
    ("target below reorder point", put("policies.0.policy.order_up_to", 10), put("policies.0.policy.order_up_to", 11),
     "not above reorder_point"),
    ("covers the wrong way round", policy(policy={"kind": "s_S", "reorder_point": "8 d", "order_up_to": "1 wk"}),
     policy(policy={"kind": "s_S", "reorder_point": "6 d", "order_up_to": "1 wk"}), "not above reorder_point"),
    ("maximum below minimum", policy(policy={"kind": "min_max", "minimum": 3, "maximum": 2}),
     policy(policy={"kind": "min_max", "minimum": 3, "maximum": 3}), "below minimum"),
    ("lot of zero", policy(policy={"kind": "r_nQ", "reorder_point": 3, "lot": 0}),
     policy(policy={"kind": "r_nQ", "reorder_point": 0, "lot": 1}), "lot is zero"),
    ("unknown policy", policy(policy={"kind": "s_s"}), None, "did you mean `s_S`"),
    ("level of another policy", policy(policy={"kind": "base_stock", "level": 3, "lot": 2}), None, "unknown key `lot`"),
    ("negative level", policy(policy={"kind": "base_stock", "level": -1}), policy(on_hand=0), "negative"),
    ("entry that sets nothing", policy(), policy(age="3 d"), "sets nothing"),
    ("odd minimum order", policy(minimum_order=50, multiple=20), policy(minimum_order=60, multiple=20), "at least 60"),
    ("odd minimum order of a supplier", terms(minimum_order=5, multiple=2), terms(minimum_order=4, multiple=2),
     "not a multiple of the pack"),
    ("odd common minimum order", lambda d: (terms(multiple=2)(d), put("nodes.maker.minimum_order", 5)(d)),
     lambda d: (terms(multiple=5)(d), put("nodes.maker.minimum_order", 5)(d)), "not a multiple of the pack"),
    ("pack of nothing", policy(multiple=0), policy(multiple=1), "multiple is zero"),
    ("capacity below minimum order", policy(capacity=5, minimum_order=6), policy(capacity=6, minimum_order=6),
     "capacity"),
    ("price breaks that fall back", terms(price_breaks=[{"from": 9, "cost": "2 USD"}, {"from": 9, "cost": "1 USD"}]),
     terms(price_breaks=[{"from": 9, "cost": "2 USD"}, {"from": 10, "cost": "1 USD"}]), "do not ascend"),
    ("price break in kg", terms(price_breaks=[{"from": "9 kg", "cost": "2 USD"}]), None, "counted in each"),
    ("warm-up too long", put("warm_up", "26 wk"), put("warm_up", "25 wk"), "not shorter than the horizon"),
    ("horizon of zero", put("horizon", "0 d"), put("horizon", "5 wk"), "is zero"),
    ("closure backwards", put("nodes.maker.closed", [{"from": "2026-02-02", "to": "2026-02-02"}]),
     put("nodes.maker.closed", [{"from": "2026-02-02", "to": "2026-02-03"}]), "not after"),
    ("capacity of zero", put("nodes.maker.capacity", {"units": 0, "per": "1 wk"}),
     put("nodes.maker.capacity", {"units": 1, "per": "1 wk"}), "at least 1"),
    ("two distributions", put("lanes.1.lead_time", {"constant": "1 d", "exponential": {"mean": "1 d"}}),
     put("lanes.1.lead_time", {"exponential": {"mean": "1 d"}, "offset": "1 h"}), "constant and exponential"),
    ("no distribution", put("lanes.1.lead_time", {"offset": "1 h"}), None, "exactly one kind"),
    ("bounds backwards", put("lanes.1.lead_time", {"uniform": {"low": "2 d", "high": "1 d"}}),
     put("lanes.1.lead_time", {"uniform": {"low": "1 d", "high": "2 d"}}), "not above"),
    ("mode outside", put("lanes.1.lead_time", {"triangular": {"low": "1 d", "mode": "4 d", "high": "3 d"}}),
     put("lanes.1.lead_time", {"triangular": {"low": "1 d", "mode": "1 d", "high": "3 d"}}), "ascending"),
    ("variation of zero", put("nodes.maker.lead_time", {"gamma": {"mean": "1 d", "cv": 0}}), None, "more than 0"),
    ("two kinds of demand", put("demand.0.flow", {"rate": "1 /d", "step": 1}), None, "poisson and flow"),
    ("no kind of demand", demand(), None, "exactly one kind of demand"),
    ("demand without item", demand(item=None, poisson={"rate": "1 /d"}), demand(poisson={"rate": "1 /d"}), "`item` is"),
    ("jobs with an item", demand(jobs={"rate": "1 /d"}), demand(item=None, jobs={"rate": "1 /d"}), "does not go with"),
    ("rate of lines in kg", put("demand.0.poisson.rate", "1 kg /d"), None, "counts lines"),
    ("probabilities beyond 1", demand(**poisson(empirical={1: 0.5, 2: 0.6})),
     demand(**poisson(empirical={1: 0.5, 2: 0.5})), "add up to 1.1"),
    ("probability beyond 1", demand(**poisson(empirical={1: 1.5})), demand(**poisson(empirical={1: 1})), "at most 1"),
    ("size of zero", demand(**poisson(constant=0)), demand(compound_poisson={"rate": "1 /d", "size": 2}),
     "size is zero"),
    ("mean size below 1", demand(**poisson(geometric={"mean": 0.5})), demand(**poisson(geometric={"mean": 1})),
     "at least 1"),
    ("variance too small", demand(negative_binomial={"per": "1 d", "mean": 2, "variance": 2}),
     demand(negative_binomial={"per": "1 d", "mean": 2, "variance": 2.1}), "variance is not above"),
    ("unknown weekday", put("profiles", {"p": {"weekday": {"mo": 1}}}), put("profiles", {"p": {"weekday": {"mon": 1}}}),
     "mon"),
    ("silent profile", put("profiles", {"p": {"shifts": {"inside": 0}}}), put("profiles", {"p": {"shifts": {}}}),
     "zero"),
    ("share beyond 1", put("experiment.confidence", "105%"), put("experiment.confidence", "99%"), "less than 1"),
    ("NaN", put("costs.holding_rate", float("nan")), put("costs.holding_rate", 0.15), "not a finite number"),
    ("infinite", demand(normal={"per": "1 d", "mean": float("inf"), "sd": 1}), None, "finite"),
    ("classes backwards", put("abc", {"a_share": 0.9, "b_share": 0.8}), put("abc", {"a_share": 0.7}), "not above"),
    ("expiry without life", put("items.filter.lots", "fefo"), put("items.filter.lots", "fifo"), "shelf life"),
    ("unusable name", put("items.a/b", {"cost": "1 USD"}), put("items.a-b", {"cost": "1 USD"}), "slash"),
    ("currency", put("currency", "dollar"), None, "three capital letters"),
    ("generator stocks too much", generator("stocking", items={"top": 21}), generator("stocking", items={"top": 20}),
     "top 21"),
    ("generator ranks twice", generator("stocking", items={"top": 2, "share": 0.1}), None,
     "exactly one of top and share"),
    ("generator makes a known item", lambda d: (generator("demand")(d), put("items.part-03", {})(d)),
     lambda d: (generator("demand")(d), put("items.part-3", {})(d)), "makes an item `part-03`"),
    ("generator without popularity", generator("demand", popularity={}), None, "zipf"),
    ("list instead of mapping", put("items", ["filter"]), None, "not a mapping"),
    ("mapping instead of list", put("lanes", {"a": 1}), None, "not a list"),
    ("number instead of text", put("description", 5), put("description", "5"), "not a text"),
    ("text instead of number", put("experiment.replications", "ten"), put("experiment.replications", 10),
     "whole number"),
    ("wrong choice", put("demand.0.if_short", "lose"), put("demand.0.if_short", "lost"), "`lost`"),
    ("claim about an unknown variant", claim(variant="rcih"), claim(), "did you mean `rich`"),
    ("claim against an unknown variant", claim(against="bas"), claim(against="base"), "did you mean `base`"),
    ("claim against itself", claim(against="rich"), None, "set against itself"),
    ("claim about an unknown KPI", claim(kpi="stock_valu"), claim(kpi="on_hand", reported=5), "`stock_value`"),
    ("what money leaves", claim(kpi="1 - stock_value"), claim(kpi="1 - fill_rate", reported="12 % -> 6 %"), "no share"),
    ("claim without words", claim(says=""), claim(says="x"), "at least 1 character"),
    ("reported in words", claim(reported="a third"), claim(reported="-33 %"), "not a reported figure"),
    ("reported truth", claim(reported=True), claim(reported="180 M -> 130 M USD"), "not a reported figure"),
    ("three reported values", claim(reported="3 -> 2 -> 1"), claim(reported="3 -> 2"), "not a reported figure"),
    ("reported units differ", claim(kpi="wait_mean", reported="3 d -> 8 %"),
     claim(kpi="wait_mean", reported="3.5 d -> 1.2 d"), "differ in unit or sign"),
    ("reported from nothing", claim(reported="0 -> 5"), claim(reported="1 -> 0"), "starts at nothing"),
    ("signed money", claim(reported="-5 USD"), claim(reported="-30 %..-40 %"), "only a change in percent"),
    ("unknown unit reported", claim(reported="5 furlong"), claim(reported="5 k"), "no unit"),
    ("signed share", claim(kpi="fill_rate", reported="-5 %"), claim(kpi="fill_rate", reported="95 %..99 %"), "points"),
    ("time reported of money", claim(reported="3 d"), claim(kpi="wait_mean", reported="3 d"), "does not fit"),
    ("other money reported", claim(reported="3 M EUR"), claim(reported="3 M USD"), "does not fit"),
    ("comparison with an unknown base", compared(base="rcih"), compared(base="rich"), "did you mean `rich`"),
    ("comparison at an unknown service", compared(match="fil_rate"), compared(match="fill_rate"), "`fill_rate`"),
    ("no nodes", put("nodes", {}), None, "no nodes"),
    ("no items", put("items", {}), None, "no items"),
]  # fmt: skip


@pytest.mark.parametrize(("faulty", "words"), [(case[1], case[3]) for case in CASES], ids=[case[0] for case in CASES])
def test_refused(faulty: Change, words: str) -> None:
    data = sample()
    faulty(data)
    found = findings_of(data)
    assert any(words in f"{finding.message} ({finding.hint})" for finding in found), found


ACCEPTED = [(case[0], case[2]) for case in CASES if case[2] is not None]


@pytest.mark.parametrize("fine", [fine for _, fine in ACCEPTED], ids=[name for name, _ in ACCEPTED])
def test_accepted(fine: Change) -> None:
    data = sample()
    fine(data)
    scenario = load_scenario(data)
    assert load_scenario(scenario.resolved()) == scenario


def test_all_findings_at_once_with_their_lines(tmp_path: Path) -> None:
    text = SAMPLE.replace("warm_up: 4 wk", "warm_up: 4").replace("echelon: regional", "echelonn: regional")
    text = text.replace("item: filter, poisson", "item: filtre, poisson").replace(
        "reorder_point: 10", "reorder_point: 40"
    )
    found = findings_of(write(tmp_path, text))
    assert [(finding.line, finding.path) for finding in found] == [
        (4, "warm_up"),
        (10, "nodes.depot.echelonn"),
        (16, "demand.0.item"),
        (19, "policies.0.policy.order_up_to"),
    ]


def test_a_faulty_entry_does_not_cause_further_findings() -> None:
    data = sample()
    data["nodes"]["depot"]["kind"] = "warhouse"
    data["items"]["filter"]["weight"] = 3
    assert {finding.path for finding in findings_of(data)} == {"nodes.depot", "items.filter.weight"}


def test_a_fault_in_an_entry_hides_no_name_in_it() -> None:
    data = sample()
    truck(weight=3, base="depott", stops=[{"node": "x", "travel_time": "1 h"}])(data)
    generator("demand", nodes="shp", jobs_per_day=4, profile="p")(data)
    data["nodes"]["maker"] |= {"echelonn": "x", "items": {"fltr": {}}}
    data["lanes"][0] |= {"lead_time": 4, "truck": "q"}
    data["demand"][0] |= {"item": "filtr", "poisson": {"rate": 3}}
    data["policies"][0] |= {"nodes": ["depot", "shopp"], "on_hand": -1}
    data["policies"].append({"nodes": "shop", "items": "part-21", "policy": {"kind": "base_stock", "level": 1}})
    data["policies"].append({"nodes": "shop", "items": "part-20", "policy": {"kind": "base_stock", "level": 1}})
    assert {finding.path for finding in findings_of(data)} == {
        "trucks.run.weight", "trucks.run.base", "trucks.run.stops.0.node",
        "generator.demand.nodes", "generator.demand.jobs_per_day", "generator.demand.profile",
        "nodes.maker.echelonn", "nodes.maker.items.fltr",
        "lanes.0.lead_time", "lanes.0.truck",
        "demand.0.item", "demand.0.poisson.rate",
        "policies.0.nodes", "policies.0.on_hand",
        "policies.2.items",
    }  # fmt: skip


def test_names_of_items_are_not_doubted_when_the_generator_does_not_say_which_it_makes() -> None:
    data = sample()
    generator("items", count="many")(data)
    data["policies"][0]["items"] = "part-01"
    assert {finding.path for finding in findings_of(data)} == {"generator.items.count"}


def test_findings_of_later_list_entries_keep_their_number() -> None:
    data = sample()
    data["lanes"].insert(0, {"from": "maker", "to": "depot", "leadtime": "3 d"})
    data["lanes"].append({"from": "maker", "to": "nowhere"})
    assert {finding.path for finding in findings_of(data)} == {"lanes.0.leadtime", "lanes.3.to"}


def test_the_printed_error_is_bounded() -> None:
    data = sample()
    data["items"] = {f"item {number}": {"cost": 3} for number in range(200)}
    with pytest.raises(ScenarioError) as caught:
        load_scenario(data)
    text = str(caught.value)
    assert len(caught.value.findings) >= 200
    assert text.count("\n") == MOST_SHOWN + 1
    assert "more" in text.splitlines()[-1]


def test_near_matches() -> None:
    assert did_you_mean("leadtime", ["lead_time", "items"]) == "did you mean `lead_time`?"
    assert did_you_mean("Shop", ["shop", "depot"]) == "did you mean `shop`?"
    assert did_you_mean("zzz", ["a", "b"]) == "known are a, b"
    assert did_you_mean("zzz", []) == ""


@pytest.mark.parametrize(
    ("graph", "cycle"),
    [
        ({}, []),
        ({"a": {"b": 0}, "b": {"c": 0}}, []),
        ({"a": {"b": 0, "c": 0}, "b": {"d": 0}, "c": {"d": 0}}, []),
        ({"a": {"b": 0}, "b": {"c": 0}, "c": {"b": 0}}, ["b", "c", "b"]),
        ({"x": {"y": 0}, "a": {"a": 0}}, ["a", "a"]),
    ],
)
def test_find_cycle(graph: dict[str, dict[str, int]], cycle: list[str]) -> None:
    assert find_cycle(graph) == cycle


def test_a_long_chain_is_no_problem() -> None:
    assert find_cycle({str(n): {str(n + 1): 0} for n in range(20_000)}) == []


@settings(max_examples=150)
@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 30), st.text(max_size=12))
def test_any_damage_gives_findings_and_never_another_error(position: int, length: int, inserted: str) -> None:
    text = SAMPLE[:position] + inserted + SAMPLE[position + length :]
    with contextlib.suppress(ScenarioError):
        data = parse_yaml(text, "sample.yaml").plain()
        if isinstance(data, dict):
            load_scenario(data)


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({}),
    st.just([[{}]]),
    st.just({"kind": "s_S"}), st.just("3 d"), st.just("*"),
)  # fmt: skip


def settings_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in nested data."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, child in keys for found in [(*path, key), *settings_of(child, (*path, key))]]


RICH = sample()
truck()(RICH)
generator("demand")(RICH)
terms(price_breaks=[{"from": 9, "cost": "2 USD"}])(RICH)
demand(**poisson(empirical={1: 1}))(RICH)
put("profiles", {"p": {"shifts": {"from": "06:00"}, "weekday": {"mon": 2}, "trend": {"per_year": "5%"}}})(RICH)
put("variants", {"v": {"set": {"horizon": "5 wk"}}})(RICH)


@settings(max_examples=300)
@given(st.sampled_from(settings_of(RICH)), JUNK)
def test_any_value_anywhere_gives_findings_and_never_another_error(path: tuple[Any, ...], junk: Any) -> None:
    data: Any = copy.deepcopy(RICH)
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = junk
    with contextlib.suppress(ScenarioError):
        load_scenario(data)
