"""The engine against the plain reference model with plants and devices: same log, records and closing state."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plant_inputs import PlantDraft
from tests.random_plants import Kinds, plant_drafts
from tests.reference_model import simulate_reference
from tests.test_against_reference import COMMON


@settings(COMMON, max_examples=100)
@given(draft=plant_drafts(Kinds()), seed=st.integers(0, 2**31))
def test_runs(draft: PlantDraft, seed: int) -> None:
    simulate_reference(draft.network, seed)


@settings(COMMON, max_examples=100)
@given(draft=plant_drafts(Kinds(chance=True, faults=False)), seed=st.integers(0, 2**31))
def test_with_perfect_devices_the_record_is_the_shelf(draft: PlantDraft, seed: int) -> None:
    r = simulate_reference(draft.network, seed)
    assert r.recorded == r.on_hand
