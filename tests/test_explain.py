"""Explanations of shortages: one planted cause at a time, which has to be found and named."""

from pathlib import Path

import pytest

from sim.explain.errors import NothingShortError
from sim.explain.front import find_shortages
from sim.explain.tree import Cause
from tests.explain_samples import TRUCK, chain, explained, main_causes, other_causes, run_of, with_lines


def test_the_undisturbed_chain_is_never_short(tmp_path: Path) -> None:
    with pytest.raises(
        NothingShortError, match="no line was short at shop/seal in replication 0: all 239 were met at once"
    ):
        find_shortages(run_of(chain(), tmp_path), "shop/seal")


def supplied_directly(maker: dict[str, object], reorder_point: int = 12) -> dict[str, object]:
    """The shop orders from the maker itself, which usually takes 4 days: 8 units."""
    return chain(
        nodes={"shop": {"kind": "store"}, "maker": {"kind": "supplier", "lead_time": "4 d"} | maker},
        lanes=[{"from": "maker", "to": "shop"}],
        policies=[{"nodes": "shop", "policy": {"kind": "s_S", "reorder_point": reorder_point, "order_up_to": 20}}],
    )


# --- the supplier -----------------------------------------------------------------------------------------------------
def test_outage(tmp_path: Path) -> None:
    why = explained(supplied_directly({"outages": {"every": "60 d", "lasting": "12 d"}}), tmp_path)
    assert main_causes(why) == [Cause.SUPPLIER_OUTAGE]
    assert "the supplier maker had an outage from 2026-03-06 00:00:00 to 2026-03-18 00:00:00" in why.summary
    assert why.causes[0].node == "maker"


def test_closed_supplier(tmp_path: Path) -> None:
    why = explained(supplied_directly({"closed": [{"from": "2026-03-01", "to": "2026-03-15"}]}), tmp_path)
    assert main_causes(why) == [Cause.SUPPLIER_CLOSED]
    assert "was closed from 2026-03-01 00:00:00 to 2026-03-15 00:00:00" in why.summary


def test_capacity(tmp_path: Path) -> None:
    """Another shop's rush order fills the maker's weeks."""
    data = supplied_directly({"capacity": {"units": 20, "per": "1 wk"}})
    data["nodes"] |= {"rival": {"kind": "store"}}  # type: ignore[operator]
    data["lanes"] += [{"from": "maker", "to": "rival"}]  # type: ignore[operator]
    data = with_lines(data, tmp_path, "2026-03-01T00:00,rival,seal,60")
    why = explained(data, tmp_path)
    assert main_causes(why) == [Cause.SUPPLIER_CAPACITY]
    assert "the supplier maker was at its capacity" in why.summary


def test_long_lead_time(tmp_path: Path) -> None:
    data = supplied_directly({"lead_time": {"lognormal": {"mean": "4 d", "cv": 0.5}}})
    found = find_shortages(run_of(data, tmp_path), "shop/seal")
    why = found.explain(found.worst())
    assert main_causes(why) == [Cause.SUPPLIER_LEAD_TIME]
    assert "the supplier maker was late: order " in why.summary


# --- upstream ---------------------------------------------------------------------------------------------------------
def test_upstream_short(tmp_path: Path) -> None:
    data = chain()
    data["nodes"]["maker"]["outages"] = {"every": "60 d", "lasting": "20 d"}
    why = explained(data, tmp_path)
    assert main_causes(why) == [Cause.UPSTREAM_SHORT, Cause.SUPPLIER_OUTAGE]
    assert [one.node for one in why.causes] == ["depot", "maker"]
    assert "depot was short itself" in why.summary
    text = "\n".join(why.tree.lines())
    assert "shop (order " in text
    assert "asked depot for 4 and got nothing at once" in text


def test_at_a_depot_the_lines_are_orders(tmp_path: Path) -> None:
    data = chain()
    data["nodes"]["maker"]["outages"] = {"every": "60 d", "lasting": "20 d"}
    why = explained(data, tmp_path, "depot/seal")
    assert main_causes(why) == [Cause.SUPPLIER_OUTAGE]
    assert why.tree.figures["kind"] == "order"


# --- trucks -----------------------------------------------------------------------------------------------------------
def by_truck(**truck: object) -> dict[str, object]:
    """The shop is served by truck, every morning; a critical item shares the load."""
    data = chain(
        items={
            "seal": {"cost": "3 USD", "volume": "1 l", "weight": "1 kg"},
            "drum": {"cost": "30 USD", "volume": "99 l", "weight": "10 kg", "critical": True},
        },
        trucks={"round": TRUCK | truck},
        lanes=[{"from": "maker", "to": "depot"}, {"from": "depot", "to": "shop", "truck": "round"}],
    )
    data["policies"] = [
        {"nodes": "depot", "policy": {"kind": "s_S", "reorder_point": 40, "order_up_to": 60}},
        {"nodes": "shop", "items": "seal", "policy": {"kind": "s_S", "reorder_point": 4, "order_up_to": 8}},
    ]
    return data


def test_left_behind_by_a_full_truck(tmp_path: Path) -> None:
    data = with_lines(by_truck(), tmp_path, "2026-03-02T12:00,shop,drum,4")
    why = explained(data, tmp_path)
    assert main_causes(why) == [Cause.LEFT_BEHIND]
    assert "were left behind at depot: trip " in why.summary
    assert "loaded to 99% of its volume" in why.summary


def test_next_departure(tmp_path: Path) -> None:
    """No truck on Sundays, but for once on a Saturday evening there is less on the shelf than lasts until Monday."""
    days = ["mon", "tue", "wed", "thu", "fri"]
    data = by_truck(timetable={"days": days, "at": ["07:00"]})
    data["policies"][1]["policy"] = {"kind": "s_S", "reorder_point": 3, "order_up_to": 9}  # type: ignore[index]
    why = explained(data, tmp_path)
    assert main_causes(why) == [Cause.NEXT_DEPARTURE]
    assert "at depot for the next departure of round" in why.summary


# --- demand and policy ------------------------------------------------------------------------------------------------
def test_demand_surge(tmp_path: Path) -> None:
    lines = [f"2026-03-02T{hour:02}:30,shop,seal,1" for hour in range(8, 18)]
    why = explained(with_lines(chain(), tmp_path, *lines), tmp_path)
    assert main_causes(why) == [Cause.DEMAND_SURGE]
    assert "demand at shop was " in why.summary
    assert " x its mean over " in why.summary


def test_one_large_line(tmp_path: Path) -> None:
    why = explained(with_lines(chain(), tmp_path, "2026-03-02T13:00,shop,seal,25"), tmp_path, at="2026-03-02 13:00")
    assert main_causes(why) == [Cause.LARGE_LINE]
    assert "one line at shop asked for 25, where 1 are usual" in why.summary


def test_not_stocked(tmp_path: Path) -> None:
    data = chain(policies=[{"nodes": "depot", "policy": {"kind": "base_stock", "level": 20}}])
    why = explained(data, tmp_path)
    assert main_causes(why) == [Cause.NOT_STOCKED]
    assert "shop does not stock the item" in why.summary


def test_not_stocked_and_the_source_is_short(tmp_path: Path) -> None:
    data = chain(policies=[{"nodes": "depot", "policy": {"kind": "base_stock", "level": 5}}])
    why = explained(data, tmp_path)
    assert main_causes(why) == [Cause.NOT_STOCKED]
    assert other_causes(why) == [Cause.UPSTREAM_SHORT, Cause.REORDER_POINT]
    assert "The wait was longer because depot was short itself" in why.summary


def test_opening_stock(tmp_path: Path) -> None:
    data = chain()
    data["policies"][1]["on_hand"] = 0
    why = explained(data, tmp_path)
    assert main_causes(why) == [Cause.OPENING_STOCK]
    assert "shop opened with 0, too little until its first order came" in why.summary


def test_reorder_point_too_low(tmp_path: Path) -> None:
    data = supplied_directly({}, reorder_point=4)
    found = find_shortages(run_of(data, tmp_path), "shop/seal")
    why = found.explain(found.requests[len(found.requests) // 2])
    assert main_causes(why) == [Cause.REORDER_POINT]
    assert "the reorder point of 4 at shop is too low: an order takes 4.0 d, in which 8.0 are asked for" in why.summary


def test_capacity_of_the_shelf_holds_orders_back(tmp_path: Path) -> None:
    """Only 9 may be there or on order, and an order is 6 at least: it waits until 3 are left."""
    data = supplied_directly({}, reorder_point=8)
    data["policies"] = [
        {
            "nodes": "shop",
            "policy": {"kind": "s_S", "reorder_point": 8, "order_up_to": 9},
            "capacity": 9,
            "minimum_order": 6,
        }
    ]
    why = explained(data, tmp_path, at="60 d")
    assert main_causes(why) == [Cause.ORDER_HELD_BACK]
    assert "shop could not order for 2" in why.summary
