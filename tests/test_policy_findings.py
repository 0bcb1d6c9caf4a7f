"""Findings of policies, calendars, sources, allocation and pools: a scenario that has each, the nearest fine one."""

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario import ScenarioError, load_scenario
from tests.scenario_samples import findings_of, sample
from tests.test_scenario_findings import JUNK, Change, add, policy, put, settings_of, truck


def node(**fields: Any) -> Change:
    """A change that gives the shop some settings."""
    return lambda data: data["nodes"]["shop"].update(fields)


def both(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(data: dict[str, Any]) -> None:
        for one in changes:
            one(data)

    return change


def split(**shares: Any) -> dict[str, Any]:
    return {"kind": "split", "shares": shares}


def pool(**fields: Any) -> Change:
    """A change that adds a store `other` and pools the two stores' filters."""
    return both(
        put("nodes.other", {"kind": "store"}),
        add("lanes", {"from": "depot", "to": "other", "lead_time": "1 d"}),
        put("pools", {"town": {"nodes": ["shop", "other"], "items": "filter", **fields}}),
    )


def emergency(**fields: Any) -> Change:
    return pool(emergency=[{"from": "depot", "lead_time": "1 d", **fields}])


WHEN_FULL = truck(timetable=None, when_full={"share": 0.8})
SECOND = both(
    put("nodes.second", {"kind": "supplier", "lead_time": "2 d"}),
    add("lanes", {"from": "second", "to": "depot"}),
)
PARTS = put("lanes.1.delivery", "partial")


# (name, faulty, the nearest fine one, words of the finding)
CASES: list[tuple[str, Change, Change | None, str]] = [
    ("two calendars", node(review={"every": "1 wk", "at": ["17:00"]}), node(review={"every": "1 wk"}), "exactly one"),
    ("no calendar", node(review={}), node(review={"at": ["17:00"]}), "found none"),
    ("days without a time", node(review={"days": ["mon"]}), node(review={"days": ["mon"], "at": ["17:00"]}),
     "`days` without `at`"),
    ("review of no distance", node(review={"every": "0 d"}), node(review={"every": "1 d", "first": "0 d"}), "zero"),
    ("first of weekdays", node(review={"at": ["17:00"], "first": "1 d"}), None, "belongs to `every`"),
    ("lead without a truck", node(review={"every": "1 d", "lead": "1 h"}), None, "belongs to `before_truck`"),
    ("unknown day", node(review={"days": ["mo"], "at": ["17:00"]}), None, "did you mean `mon`"),
    ("review before no truck", both(truck(), node(review={"before_truck": "rum"})),
     both(truck(), node(review={"before_truck": "run", "lead": "2 h"})), "did you mean `run`"),
    ("review before a truck without timetable", both(WHEN_FULL, node(review={"before_truck": "run"})), None,
     "leaves when full"),
    ("review before a truck that does not come", both(truck(), put("nodes.depot.review", {"before_truck": "run"})),
     None, "does not stop at `depot`"),
    ("periodic without calendar", policy(review="periodic"), both(node(review={"every": "1 wk"}),
     policy(review="periodic")), "no review calendar"),
    ("can-order below reorder point", policy(policy={"kind": "can_order", "reorder_point": 3, "can_order": 2,
     "order_up_to": 9}), policy(policy={"kind": "can_order", "reorder_point": 3, "can_order": 3, "order_up_to": 4}),
     "can_order (2) is below reorder_point (3)"),
    ("target at can-order", policy(policy={"kind": "can_order", "reorder_point": 3, "can_order": 5, "order_up_to": 5}),
     None, "order_up_to (5) is not above can_order (5)"),
    ("bin of nothing", policy(policy={"kind": "kanban", "bin_size": 0}), policy(policy={"kind": "kanban",
     "bin_size": 1}), "the bin size is zero"),
    ("no bins", policy(policy={"kind": "kanban", "bin_size": 4, "bins": 0}), policy(policy={"kind": "kanban",
     "bin_size": 4, "bins": 1}), "at least 1"),
    ("unknown allocation", put("nodes.depot.allocation", {"kind": "fairshare"}), None, "did you mean `fair_share`"),
    ("fair share of whole orders", put("nodes.depot.allocation", {"kind": "fair_share"}),
     both(put("nodes.depot.allocation", {"kind": "fair_share"}), PARTS), "delivers whole orders only"),
    ("reserve in pieces of something weighed", put("nodes.depot.allocation", {"kind": "priority", "reserve": 3}),
     put("nodes.depot.allocation", {"kind": "priority", "reserve": "3 d"}), "item `grease`"),
    ("priority in words", put("lanes.1.priority", "high"), put("lanes.1.priority", -3), "whole number"),
    ("unknown sourcing", node(sourcing={"kind": "nearest_stock"}), node(sourcing={"kind": "nearest_with_stock"}),
     "did you mean `nearest_with_stock`"),
    ("shares above all", both(SECOND, put("nodes.depot.sourcing", split(maker="70%", second="40%"))),
     both(SECOND, put("nodes.depot.sourcing", split(maker="70%", second="30%"))), "sum to 110 %"),
    ("share of nothing", both(SECOND, put("nodes.depot.sourcing", split(maker=1, second=0))), None, "leave out"),
    ("share of a stranger", policy(sourcing=split(maker=1)), policy(sourcing=split(depot=1)),
     "no lane leads from `maker` to `shop`"),
    ("pool of a stranger", pool(nodes=["shop", "othr"]), pool(nodes="*o*"), "did you mean `other`"),
    ("pool of a supplier", pool(nodes=["shop", "other", "maker"]), pool(nodes="*"), "`maker` is a supplier"),
    ("pool of no item", pool(items="filtr"), pool(items={"classes": ["A", "B"]}), "did you mean `filter`"),
    ("pool of one", pool(nodes="shop"), pool(nodes="shop", emergency=[{"from": "maker", "lead_time": "1 d"}]),
     "the pool has one node"),
    ("giver from outside", pool(gives="depot"), pool(gives="other", asks="shop"), "no member `depot`"),
    ("asker from outside", pool(asks=["depot"]), None, "no member `depot`"),
    ("link from outside", pool(links=[{"from": "depot", "to": "shop"}]),
     pool(links=[{"from": "other", "to": "*", "delivery": "1 h", "allowed": False}]), "no member `depot`"),
    ("unknown donor", pool(donor="nearst"), pool(donor="nearest"), "did you mean `nearest`"),
    ("help from a member", emergency(**{"from": "other"}), emergency(), "is a member of the pool"),
    ("help from a stranger", emergency(**{"from": "depo"}), emergency(to="shop"), "did you mean `depot`"),
    ("help for a stranger", emergency(to="depot"), emergency(to=["shop", "other"]), "no member `depot`"),
    ("help without lead time", pool(emergency=[{"from": "depot"}]), None, "`lead_time` is missing"),
    ("hold-back of something weighed", pool(items="*", hold_back=2), pool(items="*", hold_back="2 d"),
     "item `grease`"),
    ("hold-back of an unknown class", pool(hold_back={"D": 2}), pool(hold_back={"A": 2, "C": "3 d"}), "choices"),
    ("preventive backwards", pool(preventive={"below": 3, "up_to": 2}), pool(preventive={"below": 3, "up_to": 3}),
     "up_to (2) is below"),
    ("preventive in kilograms", pool(preventive={"below": "1 kg", "up_to": "2 kg"}),
     pool(preventive={"below": "1 d", "up_to": 1}), "item `filter`"),
    ("approval without end", pool(approval={"time": "2 h", "working_hours": {"from": "18:00", "to": "08:00"}}),
     pool(approval={"time": "2 h", "working_hours": {"from": "08:00", "to": "18:00"}}), "not after"),
    ("rebalancing without calendar", pool(rebalancing={}), pool(rebalancing={"every": "1 mo"}), "found none"),
    ("rebalancing before a truck", pool(rebalancing={"before_truck": "run"}),
     pool(rebalancing={"days": ["sun"], "at": ["03:00"]}), "unknown key `before_truck`"),
    ("two pools for one item", both(pool(), put("pools.state", {"nodes": "*", "items": "*"})),
     both(pool(), put("pools.state", {"nodes": "*", "items": "grease"})), "`shop` is in the pool `town`, too"),
    ("two pools for one class", both(pool(items={"classes": ["A", "B"]}), put("pools.state", {"nodes": ["shop",
     "depot"], "items": {"classes": ["B"]}})), both(pool(items={"classes": ["A", "B"]}),
     put("pools.state", {"nodes": ["shop", "depot"], "items": {"classes": ["C"]}})), "in one pool only"),
]  # fmt: skip


@pytest.mark.parametrize(("faulty", "words"), [(case[1], case[3]) for case in CASES], ids=[case[0] for case in CASES])
def test_refused(faulty: Change, words: str) -> None:
    data = sample()
    faulty(data)
    found = findings_of(data)
    assert any(words in f"{finding.message} ({finding.hint})" for finding in found), found


FINE = [(case[0], case[2]) for case in CASES if case[2] is not None]


@pytest.mark.parametrize("fine", [fine for _, fine in FINE], ids=[name for name, _ in FINE])
def test_accepted(fine: Change) -> None:
    data = sample()
    fine(data)
    scenario = load_scenario(copy.deepcopy(data))
    assert load_scenario(scenario.resolved()) == scenario


RICH = sample()
both(
    truck(), SECOND, PARTS,
    pool(
        hold_back={"A": 2}, preventive={"below": 3, "up_to": 5}, rebalancing={"every": "1 mo"},
        approval={"time": "2 h", "working_hours": {"to": "18:00"}},
        links=[{"from": "shop", "to": "other", "cost_per_kg": "1 USD"}],
        emergency=[{"from": "maker", "to": "shop", "lead_time": "1 d"}],
    ),
    put("lanes.3.delivery", "partial"),
    put("nodes.depot.sourcing", split(maker="70%", second="30%")),
    put("nodes.depot.allocation", {"kind": "fair_share", "reserve": "3 d"}),
    put("nodes.depot.review", {"days": ["mon"], "at": ["06:00"]}),
    node(review={"before_truck": "run", "lead": "2 h"}),
    policy(policy={"kind": "can_order", "reorder_point": 3, "can_order": 4, "order_up_to": 9}, review="periodic"),
    policy(policy={"kind": "kanban", "bin_size": 4, "bins": 3}),
)(RICH)  # fmt: skip


def test_everything_together_is_fine() -> None:
    assert findings_of(copy.deepcopy(RICH)) == ()


@settings(max_examples=200)
@given(st.sampled_from(settings_of(RICH)), JUNK)
def test_any_value_anywhere_gives_findings_and_never_another_error(path: tuple[Any, ...], junk: Any) -> None:
    data: Any = copy.deepcopy(RICH)
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = junk
    with contextlib.suppress(ScenarioError):
        load_scenario(data)
