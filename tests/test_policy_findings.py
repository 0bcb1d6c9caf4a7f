"""Findings of policies, calendars, sources, allocation and pools: a scenario that has each, the nearest fine one."""

import copy
from typing import Any

import pytest

from sim.scenario import load_scenario
from tests.scenario_samples import findings_of, sample
from tests.test_scenario_findings import Change, add, policy, put, truck


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
