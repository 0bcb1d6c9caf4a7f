"""Explanations where stock is reviewed periodically, shared in a pool, or kept for own customers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim.run.simulation
from sim import columns as c
from sim.explain.front import find_shortages
from sim.explain.tree import Cause
from sim.network import Link, Network, Pool
from sim.scenario import Scenario
from tests.explain_samples import chain, explained, main_causes, other_causes, run_of, with_lines
from tests.reference_inputs import DAY_MS, HOUR_MS, constant

Change = Callable[[Network], Network]
Changing = Callable[[Change], None]


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Changing:
    """Makes every network that is built from now on be changed as arrays."""
    build = sim.run.simulation.network_of

    def apply(change: Change) -> None:
        def network_of(scenario: Scenario) -> Network:
            network = build(scenario)
            return change(replace(network, parameter=network.parameter.copy()))

        monkeypatch.setattr(sim.run.simulation, "network_of", network_of)

    return apply


def test_ordered_late_because_of_the_review_calendar(tmp_path: Path, changed: Changing) -> None:
    """The shop reaches its reorder point, which lasts for two days, but may order on every eighth day only."""

    def weekly(network: Network) -> Network:
        shop = network.stock_point("shop", "seal")
        network.parameter[shop, c.P_FLAGS] |= c.SP_PERIODIC
        reviews: list[np.ndarray | None] = [None] * network.nodes
        reviews[network.node_names.index("shop")] = np.arange(0, network.horizon_ms, 8 * DAY_MS)
        return replace(network, review_ms=tuple(reviews))

    changed(weekly)
    data = chain()
    data["policies"][1]["policy"]["order_up_to"] = 14
    found = find_shortages(run_of(data, tmp_path), "shop/seal")
    why = found.explain(found.requests[0])
    assert main_causes(why) == [Cause.ORDERED_LATE]
    assert "shop orders at reviews only: the reorder point was reached on 2026-01-10 00:00:00" in why.summary
    assert "the order was placed 3.0 d later" in why.summary


def pooled(hold_back: int, gives: bool = True) -> Change:
    """Shop and rival help each other out within four hours; the rival keeps something for itself."""

    def change(network: Network) -> Network:
        shop, rival = network.stock_point("shop", "seal"), network.stock_point("rival", "seal")
        network.parameter[[shop, rival], c.P_FLAGS] |= c.SP_ASKS | c.SP_GIVES
        network.parameter[[shop, rival], c.P_POOL] = 0
        network.parameter[rival, c.P_HOLD_BACK] = hold_back
        if not gives:
            network.parameter[rival, c.P_FLAGS] &= ~c.SP_GIVES
        nodes = [network.node_names.index(name) for name in ("shop", "rival")]
        links = tuple(Link(a, b, False, constant(4 * HOUR_MS)) for a, b in (nodes, reversed(nodes)))
        return replace(network, pools=(Pool("neighbours", links),))

    return change


def two_shops(folder: Path) -> dict[str, object]:
    """A rush at the shop; the rival has four and few customers."""
    data = chain()
    data["nodes"]["rival"] = {"kind": "store"}
    data["lanes"].append({"from": "depot", "to": "rival", "lead_time": "1 d"})
    data["policies"].append({"nodes": "rival", "policy": {"kind": "base_stock", "level": 4}})
    return with_lines(data, folder, *[f"2026-03-02T{hour:02}:30,shop,seal,1" for hour in range(8, 18)])


def test_a_donor_that_holds_back_is_named(tmp_path: Path, changed: Changing) -> None:
    changed(pooled(hold_back=3))
    why = explained(two_shops(tmp_path), tmp_path, at="2026-03-02 14:30")
    assert main_causes(why) == [Cause.DEMAND_SURGE]
    assert Cause.DONOR_NOTHING in other_causes(why)
    assert "nobody in the pool of shop could give anything" in why.summary
    text = "\n".join(why.tree.lines())
    assert "the pool was asked for 1 and gave nothing" in text
    assert "rival had 3 on hand and keeps 3 for itself" in text


def test_a_node_that_does_not_give_is_named(tmp_path: Path, changed: Changing) -> None:
    changed(pooled(hold_back=0, gives=False))
    why = explained(two_shops(tmp_path), tmp_path, at="2026-03-02 14:30")
    assert "rival does not give" in "\n".join(why.tree.lines())


def test_a_gift_is_told_with_its_time(tmp_path: Path, changed: Changing) -> None:
    changed(pooled(hold_back=0))
    why = explained(two_shops(tmp_path), tmp_path, at="2026-03-02 12:00")
    assert "transfer of 1 from rival, in 4.0 h" in "\n".join(why.tree.lines())
    assert main_causes(why) == [Cause.DEMAND_SURGE]
    assert Cause.DONOR_NOTHING not in other_causes(why)


def test_what_a_node_gave_away_is_named(tmp_path: Path, changed: Changing) -> None:
    """The rival gives all its stock to the shop's customers, and lacks it when its own come an hour later."""
    changed(pooled(hold_back=0))
    data = two_shops(tmp_path)
    with (tmp_path / "lines.csv").open("a") as lines:
        lines.write("2026-03-02T20:30,rival,seal,1\n")
    why = explained(data, tmp_path, "rival/seal")
    assert Cause.GAVE_AWAY in main_causes(why)
    assert "rival gave 4 to shop in the " in why.summary
    assert "; gave 4 to shop" in "\n".join(why.tree.lines())


def test_levels_close_where_a_pool_gives(tmp_path: Path, changed: Changing) -> None:
    """What a pool gives has not queued at the giver, so it may not count as owed there."""
    changed(pooled(hold_back=0))
    found = find_shortages(run_of(two_shops(tmp_path), tmp_path), "shop/seal")
    paths = {found.run.node_name(point): path for point, path in found.explainer.paths.items()}
    openings = {node: path.opening.on_hand for node, path in paths.items() if node != "maker"}
    assert openings == {"shop": 8, "rival": 4, "depot": 30}
    for node in openings:
        assert all(min(one.on_hand, one.waiting, one.on_order) >= 0 for one in paths[node].levels)


def test_stock_reserved_for_own_customers(tmp_path: Path, changed: Changing) -> None:
    def reserve(network: Network) -> Network:
        depot = network.stock_point("depot", "seal")
        network.parameter[depot, c.P_FLAGS] |= c.SP_CUSTOMERS_FIRST
        network.parameter[depot, c.P_RESERVE] = 24
        return network

    changed(reserve)
    why = explained(chain(), tmp_path)
    assert main_causes(why) == [Cause.UPSTREAM_SHORT, Cause.RESERVE]
    assert "depot keeps part of its stock for its own customers" in why.summary
