"""Stopping a replication at an instant and going on from its saved state, for the tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sim import columns as c
from sim.engine import Twin, run_to_horizon, simulate_replication
from sim.network import Network
from sim.record.conservation import check_conservation
from sim.record.records import Levels, Recorder, Records
from sim.state.front import load_state, save_state
from tests.reference_model import Event

LEVELS = (
    c.S_ON_HAND,
    c.S_RECORDED,
    c.S_WAITING,
    c.S_CUSTOMERS_WAITING,
    c.S_ON_ORDER,
    c.S_IN_TRANSIT,
    c.S_LEAD_TIME_DRAWS,
    c.S_OWNER,
)


def whole_run(network: Network, seed: int, replication: int = 0) -> Records:
    """The uninterrupted run."""
    return simulate_replication(network, seed, replication, events=True)


def save_at(network: Network, seed: int, replication: int, time_ms: int, folder: Path) -> None:
    """Run up to an instant and save the state."""
    twin = Twin(network, seed, replication, Recorder(network, seed, replication))
    twin.open()
    twin.advance_to(time_ms - 1)
    save_state(twin, folder, time_ms)


def go_on(network: Network, folder: Path, seed: int | None = None, replication: int | None = None) -> Records:
    """Run from a state to the horizon; the books must close."""
    twin = load_state(network, folder, seed, replication, events=True)
    records = run_to_horizon(twin, twin.levels(), traces=True)
    check_conservation(records)
    return records


def rows_of(records: Records, name: str) -> list[tuple[int, ...]]:
    """The rows of a table of the records."""
    columns = records.table(name).to_pydict().values()
    return list(zip(*columns, strict=True))


def events_of(records: Records, from_ms: int = 0) -> Sequence[Event]:
    """What happened at or after an instant."""
    return [row for row in rows_of(records, "events") if row[0] >= from_ms]  # type: ignore[misc]


def assert_same_closing(network: Network, one: Levels, other: Levels) -> None:
    """Levels and lots of all stock points that count, to the unit."""
    own = (network.parameter[:, c.P_FLAGS] & c.SP_SUPPLIER) == 0
    for column in LEVELS:
        np.testing.assert_array_equal(one.state[own, column], other.state[own, column])
    for name in ("layer_stock_point", "layer_lot", "layer_quantity"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def assert_goes_on(network: Network, whole: Records, rest: Records, time_ms: int) -> None:
    """`rest`, which began at `time_ms`, has the same records as the whole run has from there on."""
    assert events_of(rest) == events_of(whole, time_ms)
    assert_same_closing(network, rest.summary.closing, whole.summary.closing)
    start = rest.summary.start
    assert start.time_ms == time_ms
    assert rows_of(rest, "orders") == rows_of(whole, "orders")[start.first_order :]
    assert rows_of(rest, "lots") == rows_of(whole, "lots")

    def received(records: Records) -> list[tuple[int, ...]]:
        return [row for row in rows_of(records, "shipments") if row[5] >= time_ms]

    def under_way(records: Records) -> list[tuple[int, ...]]:
        return sorted(row for row in rows_of(records, "shipments") if row[5] < 0)

    assert received(rest) == received(whole)
    assert under_way(rest) == under_way(whole)
    assert rows_of(rest, "transfers") == [row for row in rows_of(whole, "transfers") if row[4] >= time_ms]
    returned = [row for row in rows_of(whole, "trips") if row[4] < 0 or row[4] >= time_ms]
    assert rows_of(rest, "trips") == returned
