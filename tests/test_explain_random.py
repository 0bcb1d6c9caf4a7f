"""Explanations on random small networks with every rule in them: levels close, and every shortage has a cause."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings

from sim import columns as c
from sim.engine import simulate_replication
from sim.explain.front import find_shortages
from sim.explain.item_log import ItemLog, recorded_events
from sim.explain.run_files import RunFiles
from sim.explain.stock_paths import stock_paths
from sim.explain.tables import Tables
from sim.network import Network
from sim.record.arrays import write_arrays
from sim.record.network_tables import write_network
from sim.run.manifest import Manifest
from tests.random_networks import drafts
from tests.reference_inputs import Draft, small_network


def run_directory(network: Network, folder: Path) -> RunFiles:
    """A run directory of a network that no scenario describes, with one replication and its event log."""
    replication = folder / "replications" / "0000"
    replication.mkdir(parents=True)
    (folder / "network").mkdir()
    write_network(network, folder / "network")
    records = simulate_replication(network, 7, 0, folder=replication, events=True)
    write_arrays(records, replication)
    start = str(np.datetime64(network.start_epoch_ms, "ms").astype("datetime64[s]"))
    manifest = Manifest(
        name=network.name,
        variant="base",
        scenario_hash="",
        seed=7,
        replications=1,
        events=True,
        confidence=0.95,
        start=start,
        horizon_ms=network.horizon_ms,
        warm_up_ms=0,
        currency=network.currency,
        minor_digits=network.minor_digits,
    )
    (folder / "manifest.json").write_text(manifest.to_json())
    run = RunFiles(folder, manifest)
    run.__dict__["network"] = network  # there is no scenario to build it from
    return run


# Without shrinking: a failing network is small already, and each step of it is a whole run directory.
@settings(
    max_examples=15,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(draft=drafts(chance=True))
def test_levels_close_and_every_shortage_is_explained(draft: Draft) -> None:
    network = small_network(draft)
    with tempfile.TemporaryDirectory() as folder:
        run = run_directory(network, Path(folder))
        totals = pq.read_table(run.replication_folder(0) / "stock_points.parquet").to_pylist()
        lines = {row["stock_point"]: (row["demand_lines"], row["lines_at_once"]) for row in totals}
        tables = Tables(run, run.replication_folder(0))
        for item in range(network.items):
            events = recorded_events(run.replication_folder(0), item)
            assert events is not None
            for point, path in stock_paths(run, tables, ItemLog.of(events), item).items():
                if run.is_supplier(point):
                    continue
                assert path.opening.on_hand == network.initial_on_hand[point]
                assert all(min(one.on_hand, one.waiting, one.on_order) >= 0 for one in path.levels)
                opened = sum(quantity for row, quantity in network.initial_owed if row == point)
                assert path.opening.waiting == opened
                asked = [one for one in path.requests.values() if one.customer and one.time_ms >= network.warm_up_ms]
                short = sum(one.is_short for one in asked)
                if point in lines and network.parameter[point, c.P_FLAGS] & c.SP_STOCKED:
                    assert (len(asked), len(asked) - short) == lines[point]
                if any(True for _ in path.short_requests()):
                    assert_explained(run, point)


def assert_explained(run: RunFiles, point: int) -> None:
    """Each short line has a main cause, and the sentence names every cause."""
    item = run.items["name"][run.stock_points["item"][point]]
    found = find_shortages(run.path, f"{run.node_name(point)}/{item}")
    found.run.__dict__["network"] = run.network
    for request in found.requests[:10]:
        why = found.explain(request)
        assert any(cause.main for cause in why.causes), "\n".join(why.tree.lines())
        assert all(cause.text in why.summary for cause in why.causes)
