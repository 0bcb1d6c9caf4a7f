"""The section `contracts:` of a scenario: what it takes, and what it refuses with which words."""

import json
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mro_twin.cli import cli
from policies.contracts.term import TERMS
from policies.registry import FILES_VARIABLE
from sim.scenario import contracts as scenario_contracts
from sim.scenario import load_scenario
from sim.scenario.contracts import CALENDAR_MONTHS, AfterUse, plain_term
from sim.scenario.schema import json_schema
from sim.units import MS_PER_DAY, MS_PER_WEEK
from tests.contract_scenarios import BASE, Rate, with_contracts
from tests.scenario_samples import findings_of

THREE_DAYS = AfterUse.model_validate({"after_use": "72 h"})

SLA = {"measure": "availability", "target": "99 %"}
OVERLAPPING = [{"from": bound, "price": "8 USD/kg"} for bound in (0, "10 kg", "5 kg")]


def contract_of(**fields: Any) -> Any:
    return load_scenario(with_contracts(service=fields)).contracts["service"]


def test_a_contract_says_little_and_means_consignment_by_the_month() -> None:
    contract = contract_of()
    start = datetime(2026, 1, 5)
    assert contract.billing == CALENDAR_MONTHS
    assert (contract.title, contract.settled_after) == (None, 0)
    assert (contract.begins_ms(start, 7), contract.ends_ms(start, 99)) == (7, 99)
    assert contract.bill_counted


def test_everything_is_read_in_its_unit() -> None:
    contract = contract_of(
        **{"from": "2026-01-12", "to": "2026-01-26T12:00", "billing": "2 wk", "payment_terms": "30 d"},
        financing="8 %",
        settled_after="1 d",
        title=[{"items": "*", "title": "delivery"}, {"items": "filter", "title": {"after_use": "72 h"}}],
        costs={"per_month": "1200 USD"},
        baseline={"stop_cost_per_year": "250000 USD"},
        renewal={"base": "90 %", "by_attainment": 2, "years": 3},
        amendments=[{"from": "2026-01-19", "ends": ["grease"], "title": {"title": "use", "items": ["filter"]}}],
    )
    start = datetime(2026, 1, 5)
    assert contract.begins_ms(start, 0) == MS_PER_WEEK
    assert contract.ends_ms(start, 0) == 3 * MS_PER_WEEK + MS_PER_DAY // 2
    assert (contract.billing, contract.payment_terms) == (2 * MS_PER_WEEK, 30 * MS_PER_DAY)
    assert contract.financing == 0.08
    assert [one.title for one in contract.title] == ["delivery", THREE_DAYS]
    assert contract.amendments[0].title[0].items.names == ("filter",)
    assert contract.renewal.base == 0.9


def test_a_term_is_the_one_of_its_kind() -> None:
    entry = contract_of().terms["grease"]
    assert entry.items.names == ("grease",)
    term = plain_term(entry)
    assert type(term) is Rate
    assert term == Rate(price=entry.price)


@pytest.mark.parametrize(("written", "passes"), [("use", "use"), ("delivery", "delivery")])
def test_title_in_a_word(written: str, passes: str) -> None:
    assert [one.title for one in contract_of(title=written).title] == [passes]


def test_title_after_use_in_a_word() -> None:
    assert contract_of(title={"after_use": "72 h"}).title[0].title == THREE_DAYS


@pytest.mark.parametrize(
    ("fields", "place", "message", "hint"),
    [
        ({"customer": "wroks"}, "customer", "there is no plant `wroks`", "did you mean `works`"),
        ({"customer": "shelf"}, "customer", "there is no plant `shelf`", "known are works; or name the covered"),
        ({"nodes": "shelv"}, "nodes", "there is no node `shelv`", "did you mean `shelf`"),
        ({"nodes": ["shelf", "maker"]}, "nodes", "`maker` is a supplier", "name its nodes"),
        ({"nodes": "works"}, "nodes", "`works` is a plant and holds no stock itself", "name the shelves"),
        ({"items": "greese"}, "items", "there is no item `greese`", "did you mean `grease`"),
        ({"terms": {"a": BASE | {"items": "greas"}}}, "terms.a.items", "there is no item `greas`", "grease"),
        ({"terms": {"a": BASE | {"lines": "turning"}}}, "terms.a.lines", "there is no line `turning`", ""),
        ({"title": [{"items": "oil", "title": "use"}]}, "title.0.items", "there is no item `oil`", "known are"),
        ({"title": {"items": "oil", "title": "use"}}, "title.items", "there is no item `oil`", "known are"),
        ({"title": "usage"}, "title", "'usage' is not one of the choices", "did you mean `use`"),
        ({"title": {"after_use": "72 h", "from": 1}}, "title.from", "unknown key `from`", ""),
        ({"title": {"after_use": 0}}, "title.after_use", "the value is zero", "more than 0"),
        ({"terms": {}}, "", "the contract has no terms", "kind: subscription, amount: 2000 USD}"),
        ({"terms": {"a": {"kind": "test_rat", "price": 1}}}, "terms.a", "unknown kind `test_rat`", "`test_rate`"),
        ({"terms": {"a": {"kind": "test_rate"}}}, "terms.a.price", "`price` is missing", "per unit"),
        ({"terms": {"a": BASE | {"prise": 1}}}, "terms.a.prise", "unknown key `prise`", "did you mean `price`"),
        ({"terms": {"a": BASE | {"price": "8 USD/l"}}}, "terms.a.price", "a price per l", "give it per kg"),
        (
            {"terms": {"a": BASE | {"steps": [{"above": "5 kg", "price": 0}, {"above": 5, "price": 0}]}}},
            "terms.a.steps.1.above",
            "item `grease`: 5 pieces of an item",
            "give the quantity in kg",
        ),
        ({"billing": "weekly"}, "billing", "'weekly' is not a duration", "write `4 h`"),
        ({"billing": "12 h"}, "billing", "a billing period of 12 h is shorter than a day", "`month`"),
        ({"billing": 4}, "billing", "4 is not a billing period", "`month`"),
        ({"financing": "1200 %"}, "financing", "is out of range", "at most 10"),
        ({"from": "2026-01-26", "to": "2026-01-26"}, "", "`to` is not after `from`", "first moment"),
        ({"from": "2025-12-31"}, "from", "the contract does not begin within the run", "2026-01-05 to 2026-02-02"),
        ({"from": "2026-02-02"}, "from", "the contract does not begin within the run", "when the warm-up ends"),
        ({"to": "2026-02-03"}, "to", "the contract ends after the run", "without `to`"),
        ({"to": "2026-01-05"}, "to", "the contract ends before it begins", "2026-01-05"),
        ({"amendments": [{"from": "2026-01-12"}]}, "amendments.0", "the amendment changes nothing", "`ends`"),
        (
            {"amendments": [{"from": "2026-01-12", "ends": ["base"]}]},
            "amendments.0.ends.0",
            "there is no term `base` in force then",
            "`grease`",
        ),
        (
            {"from": "2026-01-12", "amendments": [{"from": "2026-01-11", "title": "delivery"}]},
            "amendments.0.from",
            "comes into force before the contract begins",
            "2026-01-12 to 2026-02-02",
        ),
        (
            {"amendments": [{"from": "2026-01-05", "title": "delivery"}]},
            "amendments.0.from",
            "comes into force when the contract begins",
            "give a date between",
        ),
        (
            {"amendments": [{"from": "2026-02-02", "title": "delivery"}]},
            "amendments.0.from",
            "comes into force after the contract has ended",
            "give a date between",
        ),
        (
            {"amendments": [{"from": "2026-01-12", "title": "use"}, {"from": "2026-01-12", "ends": ["grease"]}]},
            "amendments.1.from",
            "amendment 1 comes into force at the same time",
            "put both into one",
        ),
        (
            {"amendments": [{"from": "2026-01-12", "ends": ["grease"], "terms": {"grease": BASE}}]},
            "amendments.0",
            "`grease` ends and is changed at the same time",
            "take it out",
        ),
        (
            {"amendments": [{"from": "2026-01-12", "terms": {"more": BASE | {"items": "oil"}}}]},
            "amendments.0.terms.more.items",
            "there is no item `oil`",
            "known are",
        ),
        ({"sla": {"a": SLA | {"items": "oil"}}}, "sla.a.items", "there is no item `oil`", "known are"),
        ({"sla": {"a": SLA | {"window": "0 d"}}}, "sla.a.window", "a window of no length", "`4 wk`"),
        ({"sla": {"a": SLA | {"target": "0 %"}}}, "sla.a.target", "is out of range", "more than 0"),
        (
            {"sla": {"a": SLA | {"within": "shelf"}}},
            "sla.a.within",
            "there is no plant and no profile `shelf`",
            "works",
        ),
        ({"sla": {"a": SLA | {"within": "always"}}}, "sla.a.within", "the profile `always` has no shifts", "a plant"),
        (
            {"terms": {"a": {"kind": "usage", "items": "grease", "tiers": OVERLAPPING}}},
            "terms.a",
            "tier 3 starts at 5 kg, the one before it at 10 kg: they overlap",
            "sort them",
        ),
        (
            {"terms": {"a": {"kind": "usage", "items": "filter", "tiers": [{"from": 0, "price": "8 USD/kg"}]}}},
            "terms.a.tiers.0.price",
            "item `filter`: a price per kg",
            "per each",
        ),
        (
            {"terms": {"a": {"kind": "fee", "amount": "1 USD", "date": "2026-02-02"}}},
            "terms.a.date",
            "the term does not hold on this date",
            "2026-01-05 to 2026-02-02",
        ),
        (
            {
                "amendments": [
                    {
                        "from": "2026-01-12",
                        "terms": {"a": {"kind": "fee", "amount": "1 USD", "date": "2026-01-11"}},
                    }
                ]
            },
            "amendments.0.terms.a.date",
            "the term does not hold on this date",
            "2026-01-12 to 2026-02-02",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(fields: dict[str, Any], place: str, message: str, hint: str) -> None:
    path = f"contracts.service.{place}".rstrip(".")
    data = with_contracts(service=fields)
    data["profiles"] = {"always": {"weekday": {"sun": 0.5}}}
    found = findings_of(data)
    assert [finding.path for finding in found] == [path], found
    assert message in found[0].message
    assert hint in found[0].hint


def test_amendments_are_taken_by_date_whatever_their_order() -> None:
    ends_later = {"from": "2026-01-19", "ends": ["more"]}
    begins = {"from": "2026-01-12", "terms": {"more": BASE}}
    assert findings_of(with_contracts(service={"amendments": [ends_later, begins]})) == ()
    ends_before = ends_later | {"from": "2026-01-11"}
    (found,) = findings_of(with_contracts(service={"amendments": [begins, ends_before]}))
    assert found.path == "contracts.service.amendments.1.ends.0"


def test_the_command_lists_everything_at_once_with_its_line(tmp_path: Path) -> None:
    data = with_contracts(service={"to": "2027-01-01"}, other={"customer": "acme"})
    path = tmp_path / "two.yaml"
    path.write_text(json.dumps(data, indent=1, default=str), encoding="utf-8")  # which is YAML, too
    lines = path.read_text(encoding="utf-8").splitlines()
    result = CliRunner().invoke(cli, ["validate", str(path)])
    assert result.exit_code == 2
    late = next(number for number, line in enumerate(lines, 1) if "2027-01-01" in line)
    unknown = next(number for number, line in enumerate(lines, 1) if "acme" in line)
    assert f"two.yaml:{late}: contracts.service.to: the contract ends after the run" in result.stderr
    assert f"two.yaml:{unknown}: contracts.other.customer: there is no plant `acme`" in result.stderr


def test_a_faulty_contract_hides_no_fault_of_another() -> None:
    faulty, late = {"billing": "weekly", "items": "oil"}, {"to": "2027-01-01"}
    found = findings_of(with_contracts(one=faulty, two=late))
    assert {finding.path for finding in found} == {"contracts.one.billing", "contracts.one.items", "contracts.two.to"}


def test_faulty_terms_and_service_levels_hide_no_fault_of_their_contract() -> None:
    grease = {"kind": "usage", "items": "grease", "tiers": OVERLAPPING}
    early = {
        "from": "2026-01-11",
        "ends": ["grease"],
        "terms": {"more": BASE, "worse": {"kind": "fee", "amount": "much"}},
    }
    fields = {
        "from": "2026-01-12",
        "terms": {"base": BASE, "grease": grease},
        "amendments": [early],
        "sla": {"a": SLA | {"window": "0 d"}},
    }
    assert {finding.path for finding in findings_of(with_contracts(service=fields))} == {
        "contracts.service.terms.grease",
        "contracts.service.amendments.0.from",
        "contracts.service.amendments.0.terms.worse.amount",
        "contracts.service.sla.a.window",
    }


def test_what_an_amendment_lacks_hides_no_fault_of_its_contract() -> None:
    fields = {"to": "2027-01-01", "amendments": [{"ends": ["base"]}, {"from": "2026-01-12", "ends": ["bose"]}]}
    found = {finding.path for finding in findings_of(with_contracts(service=fields))}
    assert found == {"contracts.service.to", "contracts.service.amendments.0.from"}


def test_a_variant_changes_a_term_and_takes_another_away() -> None:
    data = with_contracts(service={"terms": {"grease": BASE, "kind": BASE}})
    change = {"contracts": {"service": {"terms": {"grease": {"price": "9 USD/kg"}, "kind": None}}}}
    data["variants"] = {"dear": {"set": change}}
    terms = load_scenario(data, variant="dear").contracts["service"].terms
    assert {name: str(term.price.amount) for name, term in terms.items()} == {"grease": "9"}  # type: ignore[attr-defined]


def test_the_schema_knows_terms_and_what_they_apply_to() -> None:
    load_scenario(with_contracts(service={}))  # the models now know the kind
    rate = json_schema()["$defs"]["TestRateTerm"]
    assert {"kind", "price", "steps", "items", "lines"} == set(rate["properties"])


TERM_FILE = """\
from typing import ClassVar, Literal
from policies.contracts import Charges, Term, contract_term

@contract_term("shelf_rent")
class ShelfRent(Term):
    kind: Literal["shelf_rent"] = "shelf_rent"
    stream: ClassVar[str] = "rent"
    shelves: int = 1

    def charges(self, facts, measures):
        return Charges.none()
"""


def test_a_term_from_a_file_is_a_term_like_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILES_VARIABLE, "")  # what is loaded here is forgotten afterwards
    path, terms = tmp_path / "rent.py", {"rent": {"kind": "shelf_rent", "shelves": 3, "items": "grease"}}
    path.write_text(TERM_FILE, encoding="utf-8")
    scenario = tmp_path / "rented.yaml"
    scenario.write_text(json.dumps(with_contracts(service={"terms": terms}), default=str), encoding="utf-8")
    without = CliRunner().invoke(cli, ["validate", str(scenario)])
    assert (without.exit_code, "unknown kind `shelf_rent`" in without.stderr) == (2, True)
    found = CliRunner().invoke(cli, ["validate", str(scenario), "--policies", str(path)])
    assert (found.exit_code, found.stderr) == (0, "")


def test_scenarios_with_contracts_travel_to_other_processes() -> None:
    """As worker processes get them, terms of every kind included."""
    for kind in TERMS.kinds:
        model = scenario_contracts._scoped(TERMS.model(kind))  # type: ignore[arg-type]
        assert pickle.loads(pickle.dumps(model)) is model


@pytest.mark.parametrize(
    ("term", "field", "by"),
    [
        ({"kind": "subscription", "amount": "10 USD", "items": "grease"}, "items", "neither items nor lines"),
        ({"kind": "data_service", "amount": "10 USD", "lines": "line"}, "lines", "neither items nor lines"),
        ({"kind": "fee", "amount": "10 USD", "items": "grease"}, "items", "neither items nor lines"),
        ({"kind": "running_hours", "price": "1 USD", "items": "grease"}, "items", "but by lines"),
        ({"kind": "usage", "price": "8 USD/kg", "items": "grease", "lines": "line"}, "lines", "but by items"),
    ],
)
def test_a_term_is_not_narrowed_to_what_it_does_not_go_by(term: dict[str, Any], field: str, by: str) -> None:
    for contract in ({"terms": {"one": term}}, {"amendments": [{"from": "2026-01-19", "terms": {"one": term}}]}):
        found = findings_of(with_contracts(service=contract))
        (finding,) = [one for one in found if "does not go by" in one.message]
        assert f"does not go by {field}" in finding.message
        assert by in finding.message
        assert finding.path.endswith(f"terms.one.{field}")
        assert ("usage" if field == "items" else "running_hours") in finding.hint


def test_an_amendment_ends_a_service_level_that_is_in_force() -> None:
    change = {"from": "2026-01-19", "ends_sla": ["frist"]}
    found = findings_of(with_contracts(service={"sla": {"first": SLA}, "amendments": [change]}))
    assert [one.message for one in found] == ["there is no service level `frist` in force then"]
    assert "first" in found[0].hint
    both = change | {"ends_sla": ["first"], "sla": {"first": SLA}}
    found = findings_of(with_contracts(service={"sla": {"first": SLA}, "amendments": [both]}))
    assert "`first` ends and is changed at the same time" in found[0].message
    fine = change | {"ends_sla": ["first"], "sla": {"second": SLA}}
    load_scenario(with_contracts(service={"sla": {"first": SLA}, "amendments": [fine]}))
