"""Our engine on the reference workload: what `mro-twin run` does for one replication, through the same function."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sim.demand.drawer import DemandDrawer, prepare_demand
from sim.engine import simulate_replication
from sim.network import Int64Array, Network
from sim.run.directory import RunDirectory
from sim.run.experiment import Plan, simulate_one


def draw_lines(network: Network, seed: int) -> tuple[Int64Array, Int64Array]:
    """The customer lines that our engine draws for replication 0: times in milliseconds and stock points."""
    drawer = DemandDrawer(prepare_demand(network.demand, network.start_epoch_ms, network.horizon_ms), seed, 0)
    window = drawer.draw(network.horizon_ms)
    return window.time_ms, window.stock_point.astype(np.int64)


def simulate_everything(network: Network, seed: int) -> int:
    """Draw, run, check conservation, work out the KPIs, write all tables; returns the units met at once."""
    folder = Path(tempfile.mkdtemp(prefix="mro-twin-bench-"))
    try:
        plan = Plan(network, lambda: network, simulate_replication, seed, options={"traces": True})
        outcome = simulate_one(plan, 0, RunDirectory(folder))
        return round(_network_kpi(outcome.kpis, "fill_rate") * _network_kpi(outcome.kpis, "demand_units"))
    finally:
        shutil.rmtree(folder)


def _network_kpi(kpis: pa.Table, name: str) -> float:
    rows = kpis.filter(pc.and_(pc.equal(kpis["scope"], "network"), pc.equal(kpis["kpi"], name)))
    (value,) = rows["value"].to_pylist()
    return float(value)
