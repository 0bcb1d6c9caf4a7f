"""Contracts as the plain data of a network: what they cover, title by date, terms by date, measures."""

from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest

from policies.contracts.term import TERMS
from policies.units import UnitError, parse_quantity, parse_unit_price
from sim import columns as c
from sim.build.contracts import ItemMeasures
from sim.build.network_builder import build_network
from sim.contract_plan import TITLE_AFTER_USE, TITLE_DELIVERY, TITLE_USE, Baseline, ContractPlan, ServiceCosts
from sim.network import Network
from sim.scenario import Finding, ScenarioError, load_scenario
from sim.scenario.locate import built_in_folder
from sim.units import MS_PER_DAY, MS_PER_HOUR, MS_PER_WEEK
from tests.contract_scenarios import BASE, Rate, with_contracts

ITEMS = ("filter", "grease", "glove", "wrench", "coolant")
MACHINES = {"machines": {"one": {"uses": {"grease": {"every": "40 h", "quantity": "1 kg", "from": "shelf"}}}}}

BASELINE = {"stop_cost_per_year": "1000 USD"}
SLA = {"measure": "availability", "target": "99 %"}
FLUID = {"terms": {"fluid": {"kind": "usage", "price": "1.2 USD/l"}}}


def network_of(**contracts: dict[str, Any]) -> Network:
    return build_network(load_scenario(with_contracts(**contracts)))


def plan_of(**fields: Any) -> ContractPlan:
    (plan,) = network_of(service=fields).contracts
    return plan


def covered(network: Network, plan: ContractPlan) -> set[tuple[str, str]]:
    at = network.parameter[plan.points]
    pairs = zip(at[:, c.P_NODE].tolist(), at[:, c.P_ITEM].tolist(), strict=True)
    return {(network.node_names[node], network.item_names[item]) for node, item in pairs}


def findings_of_build(**contracts: dict[str, Any]) -> tuple[Finding, ...]:
    with pytest.raises(ScenarioError) as raised:
        network_of(**contracts)
    return raised.value.findings


def test_without_nodes_all_devices_of_the_plant_are_covered() -> None:
    network = network_of(service={})
    (plan,) = network.contracts
    at_works = {("shelf", "filter"), ("shelf", "grease"), ("vending", "glove"), ("vending", "wrench")}
    assert covered(network, plan) == at_works | {("tank", "coolant")}
    assert (plan.sites, plan.devices, plan.customer, plan.name) == (1, 3, "works", "service")
    assert plan.points.tolist() == sorted(plan.points.tolist())
    assert not (network.parameter[:, c.P_FLAGS] & c.SP_BILLED).any()


def test_a_free_name_covers_what_it_names_and_points_without_a_device_are_billed() -> None:
    network = network_of(service={"customer": "acme", "nodes": ["depot", "shelf", "maker*"], "items": "grease"})
    (plan,) = network.contracts
    assert covered(network, plan) == {("depot", "grease"), ("shelf", "grease")}
    assert (plan.sites, plan.devices) == (2, 1)
    billed = (network.parameter[:, c.P_FLAGS] & c.SP_BILLED) != 0
    assert billed.nonzero()[0].tolist() == [network.stock_point("depot", "grease")]


def test_contracts_change_nothing_else_of_the_network() -> None:
    data = with_contracts(service={"customer": "acme", "nodes": "depot"})
    billed = build_network(load_scenario(data)).parameter
    plain = build_network(load_scenario({**data, "contracts": {}})).parameter
    billed[:, c.P_FLAGS] &= ~c.SP_BILLED
    assert (billed == plain).all()


def test_lines_are_those_of_the_customers_plants_that_the_term_names() -> None:
    data = with_contracts(
        service={
            "terms": {
                "pattern": BASE | {"lines": "*ing"},
                "whole": BASE | {"lines": ["works/m*"]},
                "short": BASE | {"lines": "turning"},
                "all": BASE,
            }
        }
    )
    data["nodes"]["works"]["lines"] = {"turning": MACHINES, "milling": MACHINES}
    (plan,) = build_network(load_scenario(data)).contracts
    both = ("works/turning", "works/milling")
    assert plan.lines == both
    assert {term.name: term.lines for term in plan.terms} == {
        "pattern": both,
        "whole": both[1:],
        "short": both[:1],
        "all": both,
    }


def test_dates_are_milliseconds_and_default_to_what_is_measured() -> None:
    data = with_contracts(service={}, later={"from": "2026-01-19", "to": "2026-01-20", "items": "none*"})
    data["contracts"]["later"]["items"] = "filter"
    data["contracts"]["later"]["terms"] = {"filter": {"kind": "test_fee", "amount": "1 USD"}}
    data["contracts"]["service"]["items"] = "grease"
    data["warm_up"] = "1 wk"
    service, later = build_network(load_scenario(data)).contracts
    assert (service.from_ms, service.to_ms) == (MS_PER_WEEK, 4 * MS_PER_WEEK)
    assert (later.from_ms, later.to_ms) == (2 * MS_PER_WEEK, 2 * MS_PER_WEEK + MS_PER_DAY)


def test_title_of_each_item_by_date() -> None:
    plan = plan_of(
        title=[
            {"items": "*", "title": "delivery", "settled_after": 0},
            {"items": ["filter", "grease"], "title": {"after_use": "72 h"}},
            {"items": "grease", "title": "use"},
        ],
        settled_after="1 d",
        amendments=[
            {"from": "2026-01-19", "title": [{"items": "g*", "title": "delivery"}]},
            {"from": "2026-01-12", "title": [{"items": "coolant", "title": "use", "settled_after": "2 d"}]},
        ],
    )
    first, second, third = plan.titles
    assert [rule.from_ms for rule in plan.titles] == [0, MS_PER_WEEK, 2 * MS_PER_WEEK]
    after, use, delivery = TITLE_AFTER_USE, TITLE_USE, TITLE_DELIVERY
    assert first.passes.tolist() == [after, use, delivery, delivery, delivery]
    assert second.passes.tolist() == [after, use, delivery, delivery, use]
    assert third.passes.tolist() == [after, delivery, delivery, delivery, use]
    assert first.after_ms.tolist() == [72 * MS_PER_HOUR, 0, 0, 0, 0]
    assert first.settled_after_ms.tolist() == [MS_PER_DAY, MS_PER_DAY, 0, 0, 0]
    assert third.settled_after_ms.tolist() == [MS_PER_DAY, MS_PER_DAY, MS_PER_DAY, 0, 2 * MS_PER_DAY]


def test_without_a_word_title_passes_on_use() -> None:
    (rule,) = plan_of(settled_after="72 h").titles
    assert rule.passes.tolist() == [TITLE_USE] * 5
    assert rule.settled_after_ms.tolist() == [72 * MS_PER_HOUR] * 5


def test_an_amendment_changes_adds_and_ends_terms() -> None:
    other = BASE | {"price": "9 USD/kg"}
    plan = plan_of(
        terms={"grease": BASE, "fee": {"kind": "test_fee", "amount": "5 USD"}},
        amendments=[
            {"from": "2026-01-26", "terms": {"fee": {"kind": "test_fee", "amount": "7 USD"}}},
            {"from": "2026-01-12", "terms": {"grease": other, "more": BASE}, "ends": ["fee"]},
            {"from": "2026-01-19", "ends": ["more"]},
        ],
    )
    week = MS_PER_WEEK
    assert [(term.name, term.from_ms, term.to_ms) for term in plan.terms] == [
        ("grease", 0, week),
        ("grease", week, 4 * week),
        ("fee", 0, week),
        ("fee", 3 * week, 4 * week),
        ("more", week, 2 * week),
    ]
    assert plan.terms[0].term == Rate(price=parse_unit_price("8 USD/kg"))
    assert plan.terms[1].term == Rate(price=parse_unit_price("9 USD/kg"))
    assert type(plan.terms[2].term) is TERMS.model("test_fee")
    assert plan.terms[0].items.tolist() == [1]
    assert plan.terms[2].items.tolist() == [0, 1, 2, 3, 4]


def test_terms_apply_to_covered_items_only() -> None:
    fee = {"kind": "test_fee", "amount": "5 USD"}
    plan = plan_of(nodes=["shelf", "tank"], terms={"all": fee, "some": fee | {"items": ["g*", "coolant"]}})
    assert [term.items.tolist() for term in plan.terms] == [[0, 1, 4], [1, 4]]


def test_money_and_rates_are_exact() -> None:
    plan = plan_of(
        financing="8.1 %",
        payment_terms="30 d",
        billing="4 wk",
        bill_counted=False,
        costs={"per_month": "1200 USD", "per_visit": "9.99 USD"},
        baseline={"stop_cost_per_year": "250000 USD", "stock_value": "6100 USD"},
        renewal={"base": "90 %", "by_attainment": 2, "by_savings": 0.5, "years": 3, "discount_per_year": "10 %"},
    )
    assert plan.financing_per_year == Fraction(81, 1000)
    assert (plan.payment_terms_ms, plan.period_ms, plan.bill_counted) == (30 * MS_PER_DAY, 4 * MS_PER_WEEK, False)
    assert plan.costs == ServiceCosts(per_month=120_000, per_visit=999)
    assert plan.baseline == Baseline(stop_cost_per_year=25_000_000, stock_value=610_000)
    renewal = plan.renewal
    assert (renewal.base, renewal.by_attainment, renewal.by_savings, renewal.years) == (0.9, 2, 0.5, 3)
    assert renewal.discount_per_year == 0.1


def test_measures_turn_prices_and_quantities_into_integers() -> None:
    measures = ItemMeasures.of(network_of(service={}))
    filter_, grease, coolant = (ITEMS.index(name) for name in ("filter", "grease", "coolant"))
    assert measures.minor(Fraction("12.345")) == 1235
    assert measures.price_milli(parse_unit_price("45 USD"), filter_) == 4_500_000
    assert measures.price_milli(parse_unit_price("8 USD/kg"), grease) == 80_000  # 0.1 kg: 80 cents
    assert measures.price_milli(parse_unit_price("8 USD"), grease) == 80_000  # per natural unit
    assert measures.price_milli(parse_unit_price("0.1234567 USD/l"), coolant) == 123  # 10 ml: 0.1234567 cents
    assert measures.units(parse_quantity("5 kg"), grease) == 50
    assert measures.time_ms(datetime(2026, 1, 6, 6)) == 30 * MS_PER_HOUR
    with pytest.raises(UnitError, match="a price per l for an item that is counted in"):
        measures.price_milli(parse_unit_price("8 USD/l"), grease)
    with pytest.raises(UnitError, match="not a whole multiple"):
        measures.units(parse_quantity("5.05 kg"), grease)


@pytest.mark.parametrize(
    ("fields", "place", "message", "hint"),
    [
        ({"nodes": "tank", "items": "filter"}, "nodes", "the contract covers nothing", "other `nodes`"),
        (
            {"nodes": "shelf", "terms": {"a": BASE | {"items": "coolant", "price": "1 USD/l"}}},
            "terms.a.items",
            "the contract covers none of these items",
            "name items at its nodes",
        ),
        (
            {"terms": {"a": {"kind": "test_rate", "price": "8 USD/kg"}}},
            "terms.a.price",
            "item `filter`: a price per kg for an item that is counted in each",
            "name the term's `items`",
        ),
        (
            {"amendments": [{"from": "2026-01-12", "terms": {"a": BASE | {"items": {"classes": ["A", "B"]}}}}]},
            "amendments.0.terms.a.price",
            "item `filter`: a price per kg",
            "give it per each",
        ),
    ],
)
def test_what_covers_nothing_or_does_not_fit_is_refused(
    fields: dict[str, Any], place: str, message: str, hint: str
) -> None:
    (found,) = findings_of_build(service=fields)
    assert found.path == f"contracts.service.{place}"
    assert message in found.message
    assert hint in found.hint


def test_service_levels_are_about_covered_points_and_their_hours() -> None:
    level = SLA
    holiday = {"from": "2026-01-06", "to": "2026-01-31"}
    data = with_contracts(
        service={
            "nodes": ["shelf", "tank"],
            "sla": {
                "all": level,
                "grease": level | {"items": "grease", "within": "works", "exclude": [holiday]},
                "late": level | {"within": "evenings", "exclude": [holiday]},
            },
        }
    )
    evening = {"days": ["sun", "mon"], "from": "20:00", "to": "22:00"}
    data["profiles"] = {"evenings": {"shifts": [evening, {"from": "01:00", "to": "02:00", "inside": 0, "outside": 1}]}}
    network = build_network(load_scenario(data))
    whole, grease, late = network.contracts[0].slas
    assert whole.points.tolist() == network.contracts[0].points.tolist()
    assert whole.excluded_ms.tolist() == []
    assert grease.points.tolist() == [network.stock_point("shelf", "grease")]
    hour, day = MS_PER_HOUR, MS_PER_DAY
    assert grease.excluded_ms.tolist() == [[0, 6 * hour], [14 * hour, 28 * day]]  # of 5 January 06:00 to 14:00 is left
    sunday = 27 * day
    assert late.excluded_ms.tolist() == [
        [0, 20 * hour],
        [22 * hour, sunday + 20 * hour],
        [sunday + 22 * hour, 28 * day],
    ]
    assert (grease.name, grease.sla.target) == ("grease", 0.99)


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        ({"sla": {"a": SLA | {"items": "filter"}}, "nodes": "tank", **FLUID}, "sla.a.items", "no covered node holds"),
        ({"terms": {"a": {"kind": "running_hours", "price": "2 USD"}}}, "terms.a", "`running_hours` goes by lines"),
    ],
)
def test_what_has_nothing_to_go_by_is_refused(fields: dict[str, Any], place: str, message: str) -> None:
    (found,) = findings_of_build(service=fields)
    assert found.path == f"contracts.service.{place}"
    assert message in found.message


def test_savings_need_a_baseline() -> None:
    share = {"terms": {"savings": {"kind": "savings_share", "share": "30 %"}}}
    without, with_ = (with_contracts(service=share | more) for more in ({}, {"baseline": BASELINE}))
    for data in (without, with_):
        data["nodes"]["works"]["lines"] = {"turning": MACHINES}
    assert build_network(load_scenario(with_)).contracts[0].baseline.stop_cost_per_year == 100_000
    with pytest.raises(ScenarioError, match=r"terms\.savings: there is nothing to measure savings against"):
        build_network(load_scenario(without))


def test_a_line_of_another_plant_is_refused() -> None:
    data = with_contracts(service={"customer": "acme", "nodes": "shelf", "terms": {"grease": BASE | {"lines": "mill"}}})
    data["nodes"]["other"] = {"kind": "plant", "lines": {"mill": MACHINES}}
    with pytest.raises(ScenarioError, match="the customer has none of these lines"):
        build_network(load_scenario(data))


def test_one_stock_point_has_one_contract_at_a_time() -> None:
    first, second = {"to": "2026-01-19"}, {"customer": "acme", "nodes": ["shelf", "depot"]}
    apart = network_of(first=first, second=second | {"from": "2026-01-19"})
    assert len(apart.contracts) == 2
    (found,) = findings_of_build(first=first, second=second | {"from": "2026-01-18"})
    assert found.path == "contracts.second"
    assert found.message == "`first` covers filter at shelf, too (as 1 more)"
    assert network_of(first={"items": "grease"}, second=second | {"items": "filter", "terms": {"fee": FEE}}).contracts


FEE = {"kind": "test_fee", "amount": "1 USD"}


def test_all_findings_come_at_once() -> None:
    found = findings_of_build(
        one={"nodes": "tank", "items": "filter"}, two={"terms": {"a": {"kind": "test_rate", "price": "8 USD/kg"}}}
    )
    assert [finding.path for finding in found] == ["contracts.one.nodes", "contracts.two.terms.a.price"]


def test_the_pilot_is_consigned_with_a_base_fee_and_its_variant_today_has_no_contract() -> None:
    pilot = load_scenario(built_in_folder() / "pilot.yaml")
    network = build_network(pilot)
    (plan,) = network.contracts
    assert (plan.from_ms, plan.to_ms) == (4 * MS_PER_WEEK, 30 * MS_PER_WEEK)
    assert (plan.sites, plan.devices, len(plan.lines)) == (1, 9, 4)
    at = network.parameter[plan.points]
    critical = {name for name, one in zip(network.item_names, network.item_critical.tolist(), strict=True) if one}
    assert {network.item_names[item] for item in at[:, c.P_ITEM].tolist()} == critical
    measures = ItemMeasures.of(network)
    terms = {term.name: term.term for term in plan.terms}
    assert measures.minor(terms["base"].amount) == 200_000  # type: ignore[attr-defined]
    prices = {
        network.item_names[item]: measures.price_milli(term.term.price, item) / network.item_resolution[item]  # type: ignore[attr-defined]
        for term in plan.terms
        if term.name != "base"
        for item in term.items.tolist()
    }
    assert prices == {"grease": 800_000, "filter-coolant": 4_500_000, "filter-oil": 4_500_000, "cutting-fluid": 120_000}
    worked_ms = 30 * 5 * 16 * MS_PER_HOUR
    (sla,) = plan.slas
    assert int((sla.excluded_ms[:, 1] - sla.excluded_ms[:, 0]).sum()) == 30 * MS_PER_WEEK - worked_ms
    assert build_network(load_scenario(built_in_folder() / "pilot.yaml", variant="today")).contracts == ()


def test_metals_without_emergencies_has_no_premium_for_them() -> None:
    with_, without = (
        load_scenario(built_in_folder() / "metals.yaml", variant=name) for name in ("emergency", "no-emergency")
    )
    assert set(with_.contracts["service"].terms) - set(without.contracts["service"].terms) == {"emergency"}
    assert set(without.contracts["service"].sla) == {"parts"}


def test_a_range_of_names_is_a_contract_for_each_plant() -> None:
    works = {"kind": "plant", "lines": {"turning": MACHINES | {"machines": {"one": {"description": "idle"}}}}}
    data = with_contracts()
    data["nodes"] |= {"works-{1..3}": works, "box-{1..3}": {"kind": "shelf", "at": "works-{#1}"}}
    data["lanes"].append({"from": "maker", "to": "box-*", "items": "filter"})
    data["policies"].append({"nodes": "box-*", "items": "filter", "policy": {"kind": "base_stock", "level": 3}})
    terms = {"base": {"kind": "subscription", "amount": "10 USD"}}
    data["contracts"] = {"service-{1..3}": {"customer": "works-{#1}", "terms": terms}}
    network = build_network(load_scenario(data))
    assert [(plan.name, plan.customer, plan.lines) for plan in network.contracts] == [
        (f"service-{number}", f"works-{number}", (f"works-{number}/turning",)) for number in (1, 2, 3)
    ]
    assert [covered(network, plan) for plan in network.contracts] == [{(f"box-{n}", "filter")} for n in (1, 2, 3)]


def test_an_amendment_changes_adds_and_ends_service_levels() -> None:
    level = {"measure": "availability", "target": "99 %"}
    amendments = [
        {"from": "2026-01-12", "sla": {"first": level | {"target": "95 %"}, "later": level}},
        {"from": "2026-01-19", "ends_sla": ["first"]},
    ]
    service = {"sla": {"first": level}, "amendments": amendments}
    network = build_network(load_scenario(with_contracts(service=service)))
    (plan,) = network.contracts
    begin, second, third = plan.from_ms, MS_PER_WEEK, 2 * MS_PER_WEEK
    known = [(one.name, one.sla.target, one.from_ms, one.to_ms) for one in plan.slas]
    assert known == [
        ("first", 0.99, begin, second),
        ("first", 0.95, second, third),
        ("later", 0.99, second, plan.to_ms),
    ]
