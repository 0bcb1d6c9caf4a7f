"""The scenario `network` at full size: its counts, its calibration, and how long it takes to build.

The calibration is checked twice: from the arrays, by the formula for unit demand and continuous review with
independent gamma lead times (demand over a lead time is negative binomial), and by running it.
"""

import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim import columns as c
from sim.build.network_builder import build_network
from sim.engine import simulate_replication
from sim.kpi.table import kpi_table
from sim.network import DISTRIBUTION_GAMMA, Network
from sim.scenario import load_scenario

NETWORK = Path(__file__).parent.parent / "scenarios" / "network.yaml"
STOCK = 180e6
TURNS = 3.5
SHORT = 0.10


@pytest.fixture(scope="module")
def today() -> Network:
    return build_network(load_scenario(NETWORK, variant="today"))


def test_the_three_echelons_have_the_counts_of_the_case() -> None:
    network = build_network(load_scenario(NETWORK))
    stocked = network.parameter[(network.parameter[:, c.P_FLAGS] & c.SP_STOCKED) != 0]
    per_node = np.bincount(stocked[:, c.P_NODE], minlength=network.nodes)
    counts: dict[str, set[int]] = {}
    for node, echelon in enumerate(network.node_echelons):
        counts.setdefault(echelon, set()).add(int(per_node[node]))
    assert counts == {"store": {200}, "regional": {1200}, "central": {6500}, "supplier": {0}}
    echelons = [network.node_echelons.count(name) for name in ("store", "regional", "central")]
    assert echelons == [60, 7, 1]
    assert network.stock_points == 60 * 6500 + 7 * 6500 + 6500 + 6500
    trucked = [lane for lane in network.lanes if lane.route >= 0]
    assert {network.node_echelons[lane.to_node] for lane in trucked} == {"store", "regional"}
    assert {name for route in network.routes for name in route.stop_nodes} == {lane.to_node for lane in trucked}
    express = [lane.express_classes for lane in network.lanes if lane.express_lead_time is not None]
    assert express == [frozenset({0})] * 60


def test_today_meets_its_figures_by_formula(today: Network) -> None:
    parameter, lanes = today.parameter, today.lanes
    store = np.array([kind == "store" for kind in today.node_kinds])[parameter[:, c.P_NODE]]
    stocked = store & ((parameter[:, c.P_FLAGS] & c.SP_STOCKED) != 0)
    assert {lane.lead_time.kind for lane in lanes} == {DISTRIBUTION_GAMMA}
    shape = np.array([lane.lead_time.a for lane in lanes])[parameter[stocked, c.P_LANE]]
    scale_days = np.array([lane.lead_time.b / 86_400_000 for lane in lanes])[parameter[stocked, c.P_LANE]]
    per_day = today.mean_demand_per_day
    in_lead_time = stats.nbinom(shape, 1.0 / (1.0 + per_day[stocked] * scale_days))
    longer = stats.nbinom(shape + 1.0, 1.0 / (1.0 + per_day[stocked] * scale_days))
    reorder_point, order_up_to = parameter[stocked, c.P_REORDER_POINT], parameter[stocked, c.P_ORDER_UP_TO]
    at_once, on_hand = np.zeros(stocked.sum()), np.zeros(stocked.sum())
    for u in (np.arange(8) + 0.5) / 8:  # the inventory position is uniform between the levels
        position = np.floor(reorder_point + 1 + u * (order_up_to - reorder_point))
        at_once += in_lead_time.cdf(position - 1) / 8
        mean = per_day[stocked] * shape * scale_days
        on_hand += (position * in_lead_time.cdf(position) - mean * longer.cdf(position - 1)) / 8
    cost = today.item_cost_milli[parameter[:, c.P_ITEM]] / 100_000
    value = float((on_hand * cost[stocked]).sum())
    issued = float((per_day[store] * cost[store]).sum()) * 365
    short = 1.0 - float((at_once * per_day[stocked]).sum() / per_day[store].sum())
    assert value == pytest.approx(STOCK, rel=0.05)
    assert issued / value == pytest.approx(TURNS, abs=0.2)
    assert short == pytest.approx(SHORT, abs=0.005)


@pytest.mark.slow
def test_today_meets_its_figures_when_run(today: Network) -> None:
    table = kpi_table(simulate_replication(today, 1, 0)).to_pandas()
    found = table[table["scope"] == "network"].set_index("kpi")["value"]
    assert found["stock_value"] == pytest.approx(STOCK, rel=0.05)
    assert found["turnover"] == pytest.approx(TURNS, abs=0.2)
    assert 1.0 - found["line_fill_rate"] == pytest.approx(SHORT, abs=0.005)


def test_building_half_a_million_stock_points_takes_less_than_a_second() -> None:
    scenario = load_scenario(NETWORK)
    build_network(scenario)  # compiles
    seconds = []
    for _ in range(3):
        start = time.process_time()
        build_network(scenario)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 1.0
