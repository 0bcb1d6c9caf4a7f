"""Every rule of the plant by example, on the plain reference model and on the engine: the log worked out by hand."""

import pytest

from sim import columns as c
from sim import plant_plan as pp
from tests.engine_log import run_engine
from tests.reference_inputs import HOUR_MS, Line, constant
from tests.reference_model import simulate_reference
from tests.rule_examples_plant import DEVICE, PLANT_EXAMPLES, VENDING, PlantExample, shelf
from tests.test_against_reference import USAGE, rows
from tests.test_plant_against_reference import STOPS, assert_same_plants

by_name = pytest.mark.parametrize("example", PLANT_EXAMPLES, ids=lambda example: example.name)


@by_name
def test_the_plain_reference_does_what_was_worked_out_by_hand(example: PlantExample) -> None:
    result = simulate_reference(example.draft.network)
    assert result.events == example.log
    for key, difference in example.differences.items():
        found = result.plant.difference[example.draft.row(*key)]
        assert {cause: units for cause, units in enumerate(found) if units} == difference
    if example.usage is not None:
        usage = [(row[0] / HOUR_MS, row[3], row[4], row[5], row[6]) for row in result.plant.usage]
        assert usage == list(example.usage)
    if example.reports is not None:
        reports = [(row[0] / HOUR_MS, row[1] / HOUR_MS, *row[3:]) for row in result.plant.reports]
        assert reports == list(example.reports)
    if example.stops is not None:
        stops = [(cause, item, *times) for _, cause, item, *times, _ in result.plant.stops]
        assert stops == [(cause, item, *(round(t * HOUR_MS) for t in times)) for cause, item, *times in example.stops]


@by_name
def test_so_does_the_engine(example: PlantExample) -> None:
    network = example.draft.network
    engine = run_engine(network, 1, 0)
    assert engine.events == example.log
    reference = simulate_reference(network)
    assert rows(engine.records, "usage", USAGE) == reference.plant.usage
    assert rows(engine.records, "stops", STOPS) == reference.plant.stops
    assert_same_plants(network, engine, reference)


def test_everything_that_can_happen_in_a_plant_happens_in_an_example() -> None:
    seen = {event for example in PLANT_EXAMPLES for *_, event, _, _ in example.log}
    assert set(range(c.E_REFUSED, c.E_GO + 1)) <= seen


@pytest.mark.parametrize("turns", [60, 4099, 6000])
def test_one_line_may_take_many_turns(turns: int) -> None:
    """More rows than tables have free at first, and than a chunk of the output holds."""
    gateway = pp.Gateway("gateway", 0, delay_ms=HOUR_MS)
    device = {**VENDING, "gateway": 0, "put_back": 1.0, "put_back_after": constant(2 * HOUR_MS)}
    line = Line(HOUR_MS, DEVICE, 0, turns)
    network = shelf([line], {"on_hand": turns}, device=device, gateways=[gateway]).network
    engine, reference = run_engine(network, 1, 0), simulate_reference(network)
    assert_same_plants(network, engine, reference)
    assert len(engine.events) >= 3 * turns
