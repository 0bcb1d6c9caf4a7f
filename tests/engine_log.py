"""The engine's log and closing state in the shape of the reference model's, for comparing the two."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim import columns as c
from sim.demand.drawer import DemandDrawer, prepare_demand
from sim.engine import simulate_replication
from sim.network import Network
from sim.record.records import Records
from tests.reference_model import DemandLine, Event


@dataclass(frozen=True)
class EngineResult:
    """As `ReferenceResult`, with the records it was read from."""

    LEVELS: ClassVar[dict[str, int]] = {
        "on_hand": c.S_ON_HAND,
        "waiting": c.S_WAITING,
        "customers_waiting": c.S_CUSTOMERS_WAITING,
        "on_order": c.S_ON_ORDER,
        "coming": c.S_COMING,
        "in_transit": c.S_IN_TRANSIT,
    }

    events: list[Event]
    on_hand: list[int]
    waiting: list[int]
    customers_waiting: list[int]
    on_order: list[int]
    coming: list[int]
    in_transit: list[int]
    lots: list[list[tuple[int, int]]]
    records: Records


def run_engine(network: Network, seed: int, replication: int) -> EngineResult:
    """One replication of the engine."""
    records = simulate_replication(network, seed, replication, events=True)
    table = records.table("events")
    columns = [
        table[name].to_pylist() for name in ("time_ms", "phase", "node", "item", "event", "quantity", "reference")
    ]
    closing = records.summary.closing
    units: list[dict[int, int]] = [{} for _ in range(network.stock_points)]  # by lot, first out first
    layers = (closing.layer_stock_point, closing.layer_lot, closing.layer_quantity)
    for row, lot, quantity in zip(*(values.tolist() for values in layers), strict=True):
        units[row][lot] = units[row].get(lot, 0) + quantity  # the engine may keep a lot in several layers
    lots = [list(by_lot.items()) for by_lot in units]
    levels = {name: closing.state[:, column].tolist() for name, column in EngineResult.LEVELS.items()}
    return EngineResult(list(zip(*columns, strict=True)), lots=lots, records=records, **levels)


def drawn_lines(network: Network, seed: int, replication: int) -> list[DemandLine]:
    """All customer lines of a replication, drawn in one go."""
    plan = prepare_demand(network.demand, network.start_epoch_ms, network.horizon_ms)
    window = DemandDrawer(plan, seed, replication).draw(network.horizon_ms)
    columns = (window.time_ms, window.stock_point, window.quantity, window.flags)
    return list(zip(*(np.asarray(values).tolist() for values in columns), strict=True))
