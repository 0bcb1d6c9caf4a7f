"""The generator: what it draws has the shape that was asked for, and each property a stream of its own."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim import columns as c
from sim.build.generate import (
    lognormal_weights,
    node_mixes,
    node_rates,
    stationary_age_ms,
    stationary_stock,
    zipf_weights,
)
from sim.build.network_builder import build_network
from sim.network import Network
from sim.scenario import load_scenario

NODES = {
    "maker": {"kind": "supplier", "lead_time": "5 d"},
    "depot": {"kind": "warehouse"},
    **{f"shop-{number}": {"kind": "store"} for number in range(8)},
}
GENERATOR: dict[str, Any] = {
    "seed": 5,
    "items": {
        "count": 600,
        "price": {"lognormal": {"median": "50 USD", "sigma": 1.2}, "minimum": "2 USD"},
        "cost_share": 0.6,
        "volume": {"lognormal": {"median": "2 l", "sigma": 0.5}},
        "lots": "fifo",
        "critical_share": 0.1,
    },
    "demand": {
        "nodes": "shop-*",
        "jobs_per_day": {"mean": 20, "cv": 0.4},
        "lines": {"mean": 2.0},
        "popularity": {"lognormal": {"sigma": 1.5}},
        "price_correlation": -0.5,
        "local_sigma": 0.3,
    },
    "stocking": [
        {"nodes": "depot", "policy": {"kind": "base_stock", "level": "20 d"}},
        {
            "nodes": "shop-*",
            "items": {"top": 50},
            "policy": {"kind": "s_S", "reorder_point": "10 d", "order_up_to": "20 d"},
            "class_factors": {"A": 0.5},
            "opening": {"on_hand": "mean"},
        },
    ],
}


def built(**change: Any) -> Network:
    """The test network with some of the generator's settings replaced."""
    return build_network(
        load_scenario(
            {
                "name": "generated",
                "start": "2026-01-05",
                "horizon": "1 y",
                "nodes": NODES,
                "lanes": [{"from": "maker", "to": "depot"}, {"from": "depot", "to": "shop-*", "lead_time": "1 d"}],
                "generator": GENERATOR | change,
            }
        )
    )


@pytest.fixture(scope="module")
def network() -> Network:
    return built()


def stocked(network: Network, node: str) -> np.ndarray[Any, Any]:
    """Items that a node stocks."""
    number = network.node_names.index(node)
    rows = network.parameter[network.node_first_stock_point[number] : network.node_first_stock_point[number + 1]]
    return rows[(rows[:, c.P_FLAGS] & c.SP_STOCKED) != 0, c.P_ITEM]


def stocking(**change: Any) -> list[dict[str, Any]]:
    return [GENERATOR["stocking"][0], GENERATOR["stocking"][1] | change]


def test_items_have_the_prices_asked_for(network: Network) -> None:
    price = network.item_price_milli / 100_000
    assert network.item_names[0] == "part-001"
    assert network.items == 600
    assert price.min() >= 2
    logs = np.log(price[price > 2.01])
    assert np.median(price) == pytest.approx(50, rel=0.2)
    assert logs.std() == pytest.approx(1.2, rel=0.15)
    cost = network.item_cost_milli / network.item_price_milli
    assert np.abs(cost - 0.6).max() <= 0.005 / 2 + 1e-9  # rounding to a cent of a price of at least 2
    assert network.item_lots.all()
    assert 0.05 < network.item_critical.mean() < 0.15
    assert np.median(network.item_volume_ml) == pytest.approx(2000, rel=0.1)
    assert not network.item_weight_g.any()


def test_demand_adds_up_to_the_jobs_asked_for(network: Network) -> None:
    assert network.demand.rate_per_ms.mean() * 86_400_000 == pytest.approx(20)
    depot = network.parameter[:, c.P_NODE] == network.node_names.index("depot")
    assert network.mean_demand_per_day[depot].sum() == pytest.approx(8 * 20 * 2.0)
    rates = network.demand.rate_per_ms
    assert 0.1 < rates.std() / rates.mean() < 0.8


def test_popularity_falls_with_price(network: Network) -> None:
    depot = network.parameter[:, c.P_NODE] == network.node_names.index("depot")
    correlation = stats.spearmanr(network.item_price_milli, network.mean_demand_per_day[depot]).statistic
    assert correlation == pytest.approx(-0.5, abs=0.1)


def test_the_same_seed_draws_the_same_network_and_another_seed_another(network: Network) -> None:
    again, other = built(), built(seed=6)
    assert np.array_equal(network.parameter, again.parameter)
    assert np.array_equal(network.initial_on_hand, again.initial_on_hand)
    assert not np.array_equal(network.item_price_milli, other.item_price_milli)


def test_one_property_does_not_shift_another(network: Network) -> None:
    items = GENERATOR["items"] | {"critical_share": 0.5, "volume": {"lognormal": {"median": "9 l", "sigma": 1}}}
    changed = built(items=items, demand=GENERATOR["demand"] | {"local_sigma": 0})
    assert np.array_equal(network.item_price_milli, changed.item_price_milli)
    assert np.array_equal(network.demand.rate_per_ms, changed.demand.rate_per_ms)
    assert set(np.flatnonzero(network.item_critical)) < set(np.flatnonzero(changed.item_critical))


def test_everybody_stocks_the_same_items_unless_it_is_their_own_choice(network: Network) -> None:
    common = {tuple(stocked(network, f"shop-{number}").tolist()) for number in range(8)}
    own = built(stocking=stocking(own_choice=True))
    different = {tuple(stocked(own, f"shop-{number}").tolist()) for number in range(8)}
    assert len(common) == 1
    assert len(different) > 1
    assert {len(items) for items in common | different} == {50}
    assert stocked(network, "depot").size == 600


def test_the_fastest_items_are_stocked(network: Network) -> None:
    depot = network.mean_demand_per_day[network.parameter[:, c.P_NODE] == network.node_names.index("depot")]
    assert set(stocked(network, "shop-0").tolist()) == set(np.argsort(-depot)[:50].tolist())
    by_value = built(stocking=stocking(items={"share": "10%", "by": "value"}))
    worth = depot * network.item_cost_milli
    assert set(stocked(by_value, "shop-3").tolist()) == set(np.argsort(-worth)[:60].tolist())


def test_class_factors_scale_the_days_of_cover(network: Network) -> None:
    for row in np.flatnonzero(network.parameter[:, c.P_POLICY] == c.POLICY_ORDER_UP_TO):
        values = network.parameter[row]
        if values[c.P_NODE] >= 8 or not values[c.P_FLAGS] & c.SP_STOCKED:
            continue
        days = 10 * (0.5 if network.item_class[values[c.P_ITEM]] == 0 else 1.0)
        assert values[c.P_REORDER_POINT] == np.floor(days * network.mean_demand_per_day[row] + 0.5)
        assert values[c.P_ORDER_UP_TO] > values[c.P_REORDER_POINT]


def test_opening_stock_lies_between_the_levels(network: Network) -> None:
    shops = (network.parameter[:, c.P_NODE] < 8) & ((network.parameter[:, c.P_FLAGS] & c.SP_STOCKED) != 0)
    opening = network.initial_on_hand[shops]
    assert np.all(opening > network.parameter[shops, c.P_REORDER_POINT])
    assert np.all(opening <= network.parameter[shops, c.P_ORDER_UP_TO])
    assert np.all((network.initial_age_ms[shops] > 0) == (opening > 0))


def test_dead_stock_comes_on_top_and_is_old() -> None:
    dead = {"share": 0.3, "cover": "400 d", "age": "300 d"}
    plain = built(stocking=stocking(opening={"on_hand": "order_up_to"}))
    network = built(stocking=stocking(opening={"on_hand": "order_up_to"}, dead_stock=dead))
    more = network.initial_on_hand - plain.initial_on_hand
    shops = (network.parameter[:, c.P_NODE] < 8) & ((network.parameter[:, c.P_FLAGS] & c.SP_STOCKED) != 0)
    assert np.all(more[~shops] == 0)
    assert 0.2 < (more[shops] > 0).mean() < 0.4
    row = int(np.flatnonzero(more)[0])
    assert more[row] == max(np.floor(400 * network.mean_demand_per_day[row] + 0.5), 1)
    share = more[row] / network.initial_on_hand[row]
    assert network.initial_age_ms[row] / 86_400_000 == pytest.approx(300 * share, rel=1e-6)


def test_policies_override_the_generator_and_only_where_they_say_so() -> None:
    entry = {"nodes": "shop-1", "items": "part-00*", "policy": {"kind": "base_stock", "level": 3}}
    data = {
        "name": "generated", "start": "2026-01-05", "horizon": "1 y", "nodes": NODES, "generator": GENERATOR,
        "lanes": [{"from": "maker", "to": "depot"}, {"from": "depot", "to": "shop-*", "lead_time": "1 d"}],
        "policies": [entry],
    }  # fmt: skip
    network, plain = build_network(load_scenario(data)), built()
    levels = {name: network.parameter[network.stock_point("shop-1", name), c.P_ORDER_UP_TO] for name in ("part-007",)}
    assert levels == {"part-007": 3}
    changed = np.flatnonzero((network.parameter != plain.parameter).any(axis=1))
    assert {(int(n), int(i) < 99) for n, i in network.parameter[changed][:, [c.P_NODE, c.P_ITEM]]} == {(1, True)}


# --- the draws themselves ---


def test_zipf_weights_follow_the_rank_of_the_scores() -> None:
    weights = zipf_weights(np.array([0.0, 3.0, 1.0, 2.0]), 1.0)
    assert weights == pytest.approx(np.array([1 / 4, 1, 1 / 3, 1 / 2]) / (25 / 12))


def test_lognormal_weights_do_not_overflow() -> None:
    weights = lognormal_weights(np.array([-300.0, 0.0, 300.0]), 5.0)
    assert weights.tolist() == [0.0, 0.0, 1.0]


def test_rates_have_an_exact_mean() -> None:
    assert node_rates(1, 60, 30.0, 0.3, 0).mean() == pytest.approx(30.0, rel=1e-12)
    assert node_rates(1, 3, 30.0, 0.0, 0).tolist() == pytest.approx([30.0] * 3)
    assert node_rates(1, 2000, 1.0, 0.3, 0).std() == pytest.approx(0.3, rel=0.1)
    assert not np.array_equal(node_rates(1, 5, 1.0, 0.3, 0), node_rates(1, 5, 1.0, 0.3, 1))


def test_mixes_are_shares() -> None:
    popularity = np.full(500, 1 / 500)
    mixes = node_mixes(1, 4, popularity, 0.7, 0)
    assert mixes.sum(axis=1) == pytest.approx(np.ones(4))
    assert np.log(mixes).std() == pytest.approx(0.7, rel=0.1)
    assert np.array_equal(node_mixes(1, 2, popularity, 0.0, 0)[1], popularity)


def test_opening_positions_are_uniform() -> None:
    count = 20_000
    stock = stationary_stock(3, 0, np.full(count, 4), np.full(count, 9))
    observed = np.bincount(stock, minlength=10)[5:]
    assert observed.sum() == count
    assert stats.chisquare(observed).pvalue > 0.001
    assert stationary_stock(3, 0, np.array([-1]), np.array([0])).tolist() == [0]


@pytest.mark.parametrize("units", [1, 2, 10])
def test_age_of_opening_stock_has_the_mean_of_the_formula(units: int) -> None:
    count, per_day = 20_000, 0.05
    ages = stationary_age_ms(3, 0, np.full(count, units), np.full(count, per_day)) / 86_400_000
    expected = (units + 1) / 2 / per_day
    error = ages.std() / count**0.5
    assert abs(ages.mean() - expected) < 4 * error
    if units == 1:  # the age of a single unit is exponential
        assert stats.kstest(ages, stats.expon(scale=expected).cdf).pvalue > 0.001
