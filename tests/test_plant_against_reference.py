"""The engine against the plain reference model with plants and devices: same log, records and closing state."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import columns as c
from sim.network import Network
from tests.engine_log import EngineResult, run_engine
from tests.plant_inputs import PlantDraft
from tests.random_plants import Kinds, plant_drafts
from tests.reference_model import ReferenceResult, simulate_reference
from tests.rule_examples_plant import PLANT_EXAMPLES, SCAN
from tests.test_against_reference import (
    COMMON,
    assert_same_log,
    assert_same_orders,
    assert_same_shipments,
    assert_same_trips,
    assert_same_usage,
    rows,
)

STOPS = ("machine", "cause", "item", "start_ms", "end_ms", "lost_ms", "by_record")


def assert_same_plants(network: Network, engine: EngineResult, reference: ReferenceResult) -> None:
    """Log, levels, differences with their integrals, counts, usage, stops and lines' times."""
    assert_same_log(engine.events, reference.events)
    state = engine.records.summary.closing.state
    for row in range(network.stock_points):
        if not network.parameter[row, c.P_FLAGS] & c.SP_SUPPLIER:
            closing = [getattr(reference, name)[row] for name in EngineResult.LEVELS]
            assert [getattr(engine, name)[row] for name in EngineResult.LEVELS] == closing
            assert state[row, c.S_RECORDED] == reference.recorded[row]
    assert engine.lots == reference.lots
    assert_same_orders(engine.records, reference)
    assert_same_shipments(engine.records, reference)
    assert_same_trips(engine.records, reference)
    plain, sums = reference.plant, engine.records.summary.plant
    assert sums is not None
    assert_same_usage(engine.records, reference)
    stops = rows(engine.records, "stops", STOPS)
    over = sum(row[4] >= 0 for row in plain.stops)
    assert stops[:over] == plain.stops[:over]
    assert sorted(stops[over:]) == sorted(plain.stops[over:])
    assert sums.lines.tolist() == [list(times) for times in plain.lines]
    for row, difference in plain.difference.items():
        names = {name: units for name, units in zip(c.CAUSE_NAMES, difference, strict=True) if units}
        assert {n: u for n, u in zip(c.CAUSE_NAMES, sums.difference[row].tolist(), strict=True) if u} == names
        assert sums.on_loan[row] == plain.on_loan[row]
        assert sums.count[row].tolist() == plain.count[row]
        np.testing.assert_allclose(sums.gap[row], plain.gap[row], rtol=1e-12)


def assert_whole(engine: EngineResult) -> None:
    """Every unit between the record and the shelf has a cause."""
    summary = engine.records.summary
    assert summary.plant is not None
    gap = summary.closing.state[:, c.S_RECORDED] - summary.closing.state[:, c.S_ON_HAND]
    held = summary.plant.difference.any(axis=1)
    assert (summary.plant.difference.sum(axis=1)[held] == gap[held]).all()


def test_a_difference_is_noticed() -> None:
    """The comparison itself can fail: scans that are missed give another log, and other differences."""
    example = next(one for one in PLANT_EXAMPLES if "not scanned" in one.name)
    other = replace(example.draft, devices={key: {**SCAN, "missed_scan": 0.0} for key in example.draft.devices})
    engine = run_engine(example.draft.network, 1, 0)
    with pytest.raises(AssertionError, match="count"):
        assert_same_plants(other.network, engine, simulate_reference(other.network))


def compare(draft: PlantDraft, seed: int) -> None:
    network = draft.network
    engine, reference = run_engine(network, seed, 0), simulate_reference(network, seed)
    assert_same_plants(network, engine, reference)
    assert_whole(engine)


@settings(COMMON, max_examples=60)
@given(draft=plant_drafts(Kinds(chance=False)), seed=st.integers(0, 2**31))
def test_same_plants_on_a_coarse_grid(draft: PlantDraft, seed: int) -> None:
    compare(draft, seed)


@settings(COMMON, max_examples=40)
@given(draft=plant_drafts(Kinds()), seed=st.integers(0, 2**31))
def test_same_plants_with_random_durations(draft: PlantDraft, seed: int) -> None:
    compare(draft, seed)


@settings(COMMON, max_examples=25)
@given(draft=plant_drafts(Kinds(faults=False)), seed=st.integers(0, 2**31))
def test_with_perfect_devices_the_record_is_the_shelf(draft: PlantDraft, seed: int) -> None:
    """At every instant: no cause ever stood for a unit, in the reference and in the engine's integrals."""
    network = draft.network
    engine, reference = run_engine(network, seed, 0), simulate_reference(network, seed)
    assert_same_plants(network, engine, reference)
    assert reference.plant.gaps_seen == 0
    assert engine.records.summary.plant is not None
    assert not engine.records.summary.plant.gap.any()
