"""Random networks: the KPIs of pools, counted again from the rows of the tables by the plainest of means."""

import math
from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sim import columns as c
from sim.kpi.table import kpi_table
from sim.network import Link, Network
from sim.record.records import Records
from tests.random_networks import drafts
from tests.reference_inputs import HOUR_MS, Draft, small_network
from tests.state_runs import whole_run

COMMON = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
Figures = dict[tuple[str, str], dict[str, float]]


def figures(table: pa.Table) -> Figures:
    found: Figures = defaultdict(dict)
    for row in table.to_pylist():
        found[row["scope"], row["key"]][row["kpi"]] = row["value"]
    return found


def link_of(network: Network, asker: int, giver: int, emergency: bool) -> Link:
    pool = network.pools[network.parameter[asker, c.P_POOL]]
    ends = network.parameter[giver, c.P_NODE], network.parameter[asker, c.P_NODE]
    return next(o for o in pool.links if (o.from_node, o.to_node) == ends and o.emergency == emergency)


def counted_again(records: Records) -> dict[str, dict[str, float]]:
    """KPI name -> node (or pair of nodes, or `network`) -> value; responses are lists of hours, in `responses`."""
    network = records.network
    names = [network.node_names[node] for node in network.parameter[:, c.P_NODE]]
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    counts = {
        c.ORDER_TRANSFER: "transfers",
        c.ORDER_EMERGENCY: "emergencies",
        c.ORDER_PREVENTIVE: "preventive_transfers",
        c.ORDER_REBALANCING: "rebalancing_moves",
    }
    for one in records.table("orders").to_pylist():
        if one["time_ms"] < network.warm_up_ms or one["kind"] not in counts:
            continue
        asker, giver, units = one["stock_point"], one["source"], one["quantity"]
        emergency = one["kind"] == c.ORDER_EMERGENCY
        link = link_of(network, asker, giver, emergency)
        item = network.parameter[asker, c.P_ITEM]
        freight = link.cost_per_transfer + link.cost_per_kg_milli / 1000 * units * network.item_weight_g[item] / 1000
        added = {counts[one["kind"]]: 1.0, "emergency_cost" if emergency else "transfer_cost": freight / 100}
        if not emergency:
            added["transfer_units"] = float(units)
            sums["units_given"][names[giver]] += units
        for kpi, value in added.items():
            for key in ("network", names[asker], f"{names[giver]}->{names[asker]}"):
                sums[kpi][key] += value
    return sums


@COMMON
@given(draft=drafts(chance=True, poisson=True).filter(lambda draft: draft.pools), seed=st.integers(0, 2**31))
def test_pools_counted_again(draft: Draft, seed: int) -> None:
    network = small_network(draft)
    records = whole_run(network, seed)
    expected, found = counted_again(records), figures(kpi_table(records))
    kinds = expected.keys() & {"transfers", "emergencies", "preventive_transfers", "rebalancing_moves"}
    event(f"gifts of {len(kinds)} kinds")
    for name, values in expected.items():
        for key, value in values.items():
            scope = "network" if key == "network" else "transfer" if "->" in key else "node"
            assert found[scope, key][name] == pytest.approx(value), (scope, key, name)
    for (scope, _), row in found.items():
        if scope in ("network", "node", "class") and "share_own_stock" in row:
            shares = [row.get(f"share_{kind}", 0.0) for kind in ("own_stock", "transfer", "emergency", "lost")]
            assert 0 <= row["share_backorder"] <= 1
            assert all(0 <= share <= 1 for share in shares)
            assert row["share_own_stock"] == pytest.approx(row["fill_rate"])
    hours = [
        (one["received_ms"] - one["dispatched_ms"]) / HOUR_MS
        for one in records.table("shipments").to_pylist()
        if one["trip"] == -c.ORDER_TRANSFER and one["received_ms"] >= network.warm_up_ms
    ]
    network_row = found["network", "network"]
    if hours:
        assert network_row["transfer_response_hours"] == pytest.approx(math.fsum(hours) / len(hours))
        assert network_row["transfer_within_8h"] == pytest.approx(sum(hour <= 8 for hour in hours) / len(hours))
    else:
        assert "transfer_response_hours" not in network_row
