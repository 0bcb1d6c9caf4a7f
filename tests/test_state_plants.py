"""Save and continue with plants and devices: what happens after the instant is what would have happened anyway."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.record.records import Records
from tests.plant_inputs import PlantDraft
from tests.random_plants import plant_drafts
from tests.state_runs import assert_goes_on, events_of, go_on, rows_of, save_at, whole_run
from tests.test_state import COMMON, instants

STOP_END = 4


def stops_after(records: Records, time_ms: int) -> list[tuple[int, ...]]:
    """Stops that end at or after an instant, or not at all."""
    return [row for row in rows_of(records, "stops") if row[STOP_END] < 0 or row[STOP_END] >= time_ms]


def assert_plants_go_on(whole: Records, rest: Records, time_ms: int) -> None:
    """Usage, stops and the closing of plants are those of the run that never stopped."""
    assert rows_of(rest, "usage") == [row for row in rows_of(whole, "usage") if row[0] >= time_ms]
    assert stops_after(rest, time_ms) == stops_after(whole, time_ms)
    one, other = rest.summary.plant, whole.summary.plant
    assert one is not None
    assert other is not None
    assert (one.difference == other.difference).all()
    assert (one.on_loan == other.on_loan).all()


@settings(COMMON, max_examples=60)
@given(draft=plant_drafts(), seed=st.integers(0, 2**31), data=st.data())
def test_plants_go_on_as_if_they_had_never_stopped(draft: PlantDraft, seed: int, data: st.DataObject) -> None:
    network = draft.network
    whole = whole_run(network, seed)
    time_ms = instants(network, [row[0] for row in events_of(whole)], data)
    with tempfile.TemporaryDirectory() as folder:
        save_at(network, seed, 0, time_ms, Path(folder) / "state")
        rest = go_on(network, Path(folder) / "state")
    assert_goes_on(network, whole, rest, time_ms)
    assert_plants_go_on(whole, rest, time_ms)
