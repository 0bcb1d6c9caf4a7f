"""Stands in for network builder and engine where a test is about running replications, not about stock.

`python -m tests.fake_engine ARGUMENTS` is the `mro-twin` command with this engine; FAKE_ENGINE holds its behaviour as
JSON: {"slow": seconds, "deaf": seconds, "kill": replication, "full": replication, "spoil": replication}. `deaf` is
time in which it swallows exceptions and does not ask whether to stop, as the compiler does.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim import columns as c
from sim.errors import RunInterruptedError
from sim.network import Network
from sim.record.conservation import check_conservation
from sim.record.records import Records
from sim.scenario import Scenario
from tests.hand_records import STORE_A, busy_week, chain_network

SCENARIO = {
    "name": "fake",
    "start": "2026-01-05",
    "horizon": "10 d",
    "warm_up": "2 d",
    "items": {"filter": {"unit": "each", "cost": "1 USD"}},
    "nodes": {"maker": {"kind": "supplier", "lead_time": "1 d"}, "shop": {"kind": "store"}},
    "lanes": [{"from": "maker", "to": "shop"}],
    "demand": [{"node": "shop", "item": "filter", "poisson": {"rate": "1 /d"}}],
    "policies": [{"nodes": "shop", "items": "*", "policy": {"kind": "base_stock", "level": 3}}],
    "experiment": {"replications": 4, "seed": 1},
}


def fake_network(scenario: Scenario) -> Network:
    return chain_network()


def fake_simulate(
    network: Network,
    seed: int,
    replication: int,
    folder: Path | None = None,
    events: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
    **options: object,
) -> Records:
    """The busy week with other totals for every seed and replication, and whatever misfortune was asked for."""
    behaviour = json.loads(os.environ.get("FAKE_ENGINE", "{}"))
    _hear_nothing(behaviour.get("deaf", 0))
    _take_time(behaviour.get("slow", 0) * (1 if replication else 2), should_stop)
    if replication == behaviour.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if replication == behaviour.get("full") and folder is not None:
        full = folder / "full.parquet"  # a link, because pyarrow removes a file that it could not write
        full.symlink_to("/dev/full")
        pq.write_table(pa.table({"a": range(1_000_000)}), full)
    hand = busy_week()
    hand.total[STORE_A, c.T_DEMAND_LINES] += 10 * seed + replication
    if replication == behaviour.get("spoil"):
        hand.spoil = {(STORE_A, c.S_ON_HAND): 1}
    records = hand.records(folder, replication)
    check_conservation(records)
    return records


def _take_time(seconds: float, should_stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if should_stop():
            raise RunInterruptedError("stopped")
        time.sleep(0.01)


def _hear_nothing(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(BaseException):
            time.sleep(end - time.monotonic())


def fake_prepare(should_stop: Callable[[], bool]) -> None:
    """There is nothing to compile."""


def install() -> None:
    """Put the fakes in place of the network builder and the engine, also in worker processes."""
    import sim.run.simulation

    sim.run.simulation.network_of = fake_network
    sim.run.simulation.simulate_lazily = fake_simulate
    sim.run.simulation.prepare_lazily = fake_prepare


if __name__ == "__main__":
    from tests import fake_engine

    fake_engine.install()
    from mro_twin.cli import main

    sys.argv[0] = "mro-twin"
    main()
