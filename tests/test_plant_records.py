"""Books and tables of plants: every equation closes on true records, and breaks when one number is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from policies.detection.leak import Leak
from policies.detection.low_level import LowLevel
from sim import columns as c
from sim.detection.plan import PlannedRule
from sim.errors import ConservationError
from sim.record.conservation import check_conservation
from sim.record.network_tables import PLANT_NETWORK_TABLES, network_tables
from sim.record.plant_stops import WorkingTime, covered_until
from sim.record.plant_sums import PlantTableSums
from sim.record.records import PlantSums, Recorder
from sim.record.usage_sums import USAGE_MEASURED
from tests.hand_plants import (
    DEPOT_GREASE,
    LATHE,
    MILL,
    PRESS,
    SHELF_FILTER,
    SHELF_GREASE,
    VENDING_GLOVES,
    HandPlant,
    plant_network,
    plant_week,
)
from tests.hand_records import chain_network
from tests.reference_inputs import DAY_MS, HOUR_MS, int64


def broken(hand: HandPlant) -> list[str]:
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records())
    return [str(one) for one in caught.value.breaks]


def test_true_books_of_a_plant_close_as_often_as_they_are_checked() -> None:
    records = plant_week().records()
    check_conservation(records)
    check_conservation(records)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (1, "item item-0 at node node-0: units issued by the usage log should be 14 and is 6"),
        (3, "item item-1 at node node-0: stock on hand should be 5 and is 4"),
        (4, "item item-1 at node node-0: stock on hand should be 6 and is 4"),
        (6, "item item-2 at node node-1: stock on hand should be 12 and is 13"),
        (9, "item item-2 at node node-1: stock on hand should be 12 and is 13"),
        (10, "item item-2 at node node-1: units on loan should be 2 and is 1"),
        (11, "item item-0 at node node-0: stock on hand should be 34 and is 29"),
        (12, "item item-0 at node node-0: stock on hand should be 31 and is 29"),
    ],
)
def test_a_missing_usage_row_is_found(row: int, words: str) -> None:
    hand = plant_week()
    true = hand.records().summary
    hand.usage = [one for place, one in enumerate(hand.usage) if place != row]
    with pytest.raises(ConservationError) as caught:
        check_conservation(replace(hand.records(), summary=true))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (SHELF_GREASE, "item item-0 at node node-0: difference between record and shelf should be -1 and is 0"),
        (
            DEPOT_GREASE,
            "item item-0 at node node-3: difference between record and shelf elsewhere should be 0 and is 1",
        ),
    ],
)
def test_a_difference_without_a_cause_is_found(point: int, words: str) -> None:
    hand = plant_week()
    hand.spoil = {(point, c.S_RECORDED): 1}
    assert broken(hand) == [words]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (0, "item item-0 at node node-0: units taken off the record by the reports should be 20 and is 0"),
        (1, "item item-0 at node node-0: units not given at once by the reports should be 18 and is 0"),
    ],
)
def test_a_missing_report_is_found(row: int, words: str) -> None:
    hand = plant_week()
    table = hand.records().table("reports").to_pylist()
    hand.reports = [tuple(one.values()) for place, one in enumerate(table) if place != row]
    assert broken(hand) == [words]


def _changed(field: str, place: tuple[int, ...]) -> Callable[[PlantSums], None]:
    def change(plant: PlantSums) -> None:
        getattr(plant, field)[place] += 1

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_changed("opening_difference", (SHELF_FILTER, c.D_LEAK)), "difference between record and shelf at the start"),
        (_changed("difference", (SHELF_FILTER, c.D_LEAK)), "difference between record and shelf should be 2 and is 1"),
        (_changed("opening_on_loan", (VENDING_GLOVES,)), "item item-2 at node node-1: units on loan"),
        (_changed("on_loan", (SHELF_GREASE,)), "item item-0 at node node-0: units on loan should be 0 and is 1"),
        (_changed("lines", (0, 0)), "line node-2/turning: working time (ms) should be 460800000 and is 460800001"),
        (
            _changed("lines", (1, 1)),
            "line node-2/pressing: working time lost in stops (ms) should be 10800000 and is 10800001",
        ),
    ],
)
def test_every_figure_of_the_plant_is_checked(change: Callable[[PlantSums], None], words: str) -> None:
    records = plant_week().records()
    assert records.summary.plant is not None
    change(records.summary.plant)
    with pytest.raises(ConservationError) as caught:
        check_conservation(records)
    assert caught.value.total == 1
    assert words in str(caught.value)


def test_lost_time_that_is_put_down_to_the_wrong_machine_is_found() -> None:
    """The mill stood last, so the lathe has the hour in which both stood."""
    hand = plant_week()
    hand.stops = [(*row[:5], 3 * HOUR_MS, row[6]) if row[0] == MILL else row for row in hand.stops]
    assert broken(hand) == [
        "machine 1 of line node-2/turning: working time put down to its stops (ms) should be 7200000 and is 10800000"
    ]


def test_the_wrong_lot_is_found_though_the_units_add_up() -> None:
    hand = plant_week()
    assert hand.records().summary.closing.state[SHELF_FILTER, c.S_ON_HAND] == 4
    hand.closing_lots = [(0, 3), (7, 1)]
    assert broken(hand) == [
        "item item-1 at node node-0: lot 0: units that came and did not go, less those there should be 0 and is 1",
        "item item-1 at node node-0: lot 7: units that came and did not go, less those there should be 0 and is -1",
    ]


def test_a_usage_row_of_the_wrong_lot_is_found() -> None:
    hand = plant_week()
    hand.usage = [(*row[:2], 9, *row[3:]) if row[4] == c.U_EXPIRED else row for row in hand.usage]
    assert [line.partition(": ")[2].partition(":")[0] for line in broken(hand)] == ["lot 0", "lot 9"]


# --- sums -------------------------------------------------------------------------------------------------------------
def test_usage_is_summed_by_kind_over_the_whole_record_and_the_window() -> None:
    sums = plant_week().records().plant_sums
    assert sums is not None
    assert sums.usage[SHELF_GREASE, c.U_MACHINE] == 14
    assert sums.usage[SHELF_GREASE, USAGE_MEASURED + c.U_MACHINE] == 8
    assert sums.usage[VENDING_GLOVES, : len(c.USAGE_KINDS)].tolist() == [4, 0, 2, 0, 3, 1, 1, 0, 0, 0, 1, 0, 0]


def test_plant_rows_are_summed_alike_in_one_chunk_or_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.record.usage_sums._COMPACT_AT", 2)
    hand = plant_week()
    many = Recorder(hand.network, 1, 0, capacity=2)
    for name, rows in (("usage", hand.usage), ("stops", hand.stops), ("alarms", hand.alarms)):
        for row in rows:
            many.plant_tables[name].append(*row)
        many.plant_tables[name].flush()
    one, other = hand.records().plant_sums, many.plant_sums
    assert one is not None
    assert other is not None
    for field in ("usage", "alarms", "rule_alarms"):
        assert np.array_equal(getattr(one, field), getattr(other, field))
    layers = int64([SHELF_FILTER]), int64([0]), int64([4])
    for balance in (one, other):
        assert balance.lots is not None
        assert [part.tolist() for part in balance.lots.balance(layers, layers)] == [[SHELF_FILTER], [0], [-6]]
    assert np.array_equal(one.stops.stops().lost_ms, other.stops.stops().lost_ms)


def test_lots_come_in_from_outside_and_by_transfer() -> None:
    sums = PlantTableSums(plant_network(), start_ms=DAY_MS)
    assert sums.lots is not None
    outside = [int64(column) for column in zip((3, SHELF_FILTER, 0, 2 * DAY_MS, -1, 0, 5), strict=True)]
    sums.add_lots(tuple(outside))
    before = [int64(column) for column in zip((2, SHELF_FILTER, 0, HOUR_MS, -1, 0, 9), strict=True)]
    sums.add_lots(tuple(before))
    sums.add_transfers(tuple(int64([value]) for value in (4, SHELF_FILTER, 8, 2, DAY_MS)))
    sums.add_transfers(tuple(int64([value]) for value in (SHELF_FILTER, 4, 3, 1, DAY_MS)))
    none = int64([]), int64([]), int64([])
    assert [part.tolist() for part in sums.lots.balance(none, none)] == [[SHELF_FILTER] * 2, [3, 8], [4, 2]]


# --- stops ------------------------------------------------------------------------------------------------------------
def test_lost_time_goes_to_who_has_stood_longest() -> None:
    sums = plant_week().records().plant_sums
    assert sums is not None
    stops = sums.stops.stops()
    assert stops.machine.tolist() == [LATHE, MILL, LATHE, PRESS, PRESS]
    assert (stops.lost_ms / HOUR_MS).tolist() == [4, 2, 1, 2, 2]
    assert (stops.measured_ms / HOUR_MS).tolist() == [4, 2, 1, 1, 2]  # the warm-up ends at midnight
    assert stops.measured.tolist() == [1, 1, 1, 0, 1]


def test_what_is_covered_begins_anew_with_each_line() -> None:
    line, end = int64([0, 0, 0, 1, 1]), int64([50, 20, 60, 5, 9])
    assert covered_until(line, end).tolist() == [0, 50, 50, 0, 5]


def test_working_time_against_counting_hours() -> None:
    """Every pair of instants on a grid of half hours, against adding up the working half hours between."""
    plan = plant_network().plant_plan
    assert plan is not None
    half = HOUR_MS // 2
    works = [6 <= (k * half // HOUR_MS) % 24 < 22 for k in range(96)]
    begin, end = np.nonzero(np.triu(np.ones((97, 97), np.bool_)))
    sums = np.concatenate(([0], np.cumsum(works))) * half
    found = WorkingTime(plan).between(np.zeros(len(begin), np.int64), begin * half, end * half)
    assert np.array_equal(found, sums[end] - sums[begin])


def test_without_a_calendar_all_time_is_working_time() -> None:
    plan = plant_network().plant_plan
    assert plan is not None
    always = replace(plan, plants=tuple(replace(one, working=-1) for one in plan.plants))
    assert WorkingTime(always).between(int64([0, 1]), int64([5, 6]), int64([7, 60])).tolist() == [2, 54]


# --- tables -----------------------------------------------------------------------------------------------------------
def test_the_run_directory_says_who_machines_and_persons_are() -> None:
    tables = network_tables(plant_network())
    assert tables.keys() >= PLANT_NETWORK_TABLES.keys()
    assert tables["machines"].to_pylist()[MILL] == {
        "plant": "node-2", "line": "turning", "machine": "mill", "line_number": 0, "stop_cost_per_hour": 60_000
    }  # fmt: skip
    assert tables["persons"].to_pylist()[1:] == [
        {"plant": "node-2", "group": "workers", "number": 2},
        {"plant": "node-2", "group": "maintenance", "number": 1},
    ]
    assert tables["devices"].to_pylist()[1:] == [
        {"stock_point": 1, "plant": "node-2", "device": "shelf", "sensor": "scan", "gateway": "edge"},
        {"stock_point": 2, "plant": "node-2", "device": "vending machine", "sensor": "vend", "gateway": ""},
    ]
    assert tables["rules"]["name"].to_pylist() == ["leak", "low_level"]
    assert not PLANT_NETWORK_TABLES.keys() & network_tables(chain_network()).keys()


def test_the_run_directory_says_what_detection_rules_are_set_to() -> None:
    network = plant_network()
    assert network.plant_plan is not None
    leak = Leak.model_validate({"rate": "0.5 l /h", "at_least": "3 l", "response": "8 h"})
    rules = (
        PlannedRule("leak", leak, int64([0])),
        PlannedRule("low_level", LowLevel.model_validate({"level": "3 d"}), int64([1])),
    )
    plan = replace(network.plant_plan, rules=rules)
    leak_set, low_set = map(
        json.loads, network_tables(replace(network, plant_plan=plan))["rules"]["settings"].to_pylist()
    )
    assert leak_set == {
        "kind": "leak", "every": HOUR_MS, "response": 8 * HOUR_MS, "rate": "0.5 l /h", "at_least": "3 l"
    }  # fmt: skip
    assert low_set == {"kind": "low_level", "every": HOUR_MS, "response": None, "level": "3 d"}
