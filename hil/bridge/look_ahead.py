"""Looks ahead from a saved state: the chance that each item runs out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import Network
from sim.record.records import Recorder
from sim.state.front import read_state
from sim.state.load import continuing, resume_twin

HOURS: Final = 72.0
REPLICATIONS: Final = 100


@dataclass(frozen=True)
class Outlook:
    """One item at one node: how likely it is without stock at some time within the hours ahead, +- half width of the
    95 % confidence interval (Wilson)."""

    node: str
    item: str
    on_hand: int
    chance: float
    low: float
    high: float


def look_ahead(
    network: Network, state: Path, hours: float = HOURS, replications: int = REPLICATIONS, seed: int = 1
) -> tuple[Outlook, ...]:
    """Run the same state on, each time with other demand; for all stock points that are meant to hold something, most
    likely first. ScenarioError: the state is not one of this network."""
    tables = read_state(network, state)
    begin = tables.meta.time_ms
    end = begin + round(hours * 3_600_000)
    network = continuing(replace(network, horizon_ms=max(network.horizon_ms, end)), begin)
    out = np.zeros(network.stock_points, np.int64)
    on_hand = np.zeros(network.stock_points, np.int64)
    for replication in range(1, replications + 1):  # 0 is the run itself: its own future is not known
        recorder = Recorder(network, seed, replication, start_ms=begin)
        twin = resume_twin(network, tables, seed, replication, recorder)
        on_hand[:] = twin.flow.model.state[:, c.S_ON_HAND]
        twin.flow.settle(begin)
        ready = twin.flow.model.area[:, c.A_READY].copy()
        twin.advance_to(end - 1)
        twin.flow.settle(end)
        out += twin.flow.model.area[:, c.A_READY] - ready < end - begin
    flags = network.parameter[:, c.P_FLAGS]
    stocked = np.flatnonzero((flags & (c.SP_STOCKED | c.SP_SUPPLIER)) == c.SP_STOCKED)
    found = [_outlook(network, point, on_hand, int(out[point]), replications) for point in stocked.tolist()]
    return tuple(sorted(found, key=lambda one: -one.chance))


def _outlook(network: Network, point: int, on_hand: "np.typing.NDArray[np.int64]", out: int, of: int) -> Outlook:
    node, item = network.parameter[point, [c.P_NODE, c.P_ITEM]].tolist()
    low, high = wilson(out, of)
    return Outlook(network.node_names[node], network.item_names[item], int(on_hand[point]), out / of, low, high)


def wilson(hits: int, of: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson 1927)."""
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * ((share * (1 - share) + spread / 4) / of) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)
