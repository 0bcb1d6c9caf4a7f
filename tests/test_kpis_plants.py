"""KPIs of plants, devices and detection rules, against figures worked out by hand."""

import math
from io import StringIO

import pytest
from rich.console import Console

from mro_twin.plant_block import PLANT_KPIS, plant_tables
from mro_twin.report_table import kpi_table as printed_table
from sim import columns as c
from sim.kpi.kpis import KPIS
from sim.kpi.summary import summarize
from sim.kpi.table import kpi_table
from sim.record.plant_arrays import COUNTS, PLANT_ARRAY_TABLES, plant_array_tables
from tests.hand_plants import HandPlant, plant_network, plant_week
from tests.hand_records import busy_week, chain_network
from tests.reference_inputs import HOUR_MS

YEARS = 8 / 365
Figures = dict[tuple[str, str, str], float]


def figures(hand: HandPlant) -> Figures:
    return {(row["scope"], row["key"], row["kpi"]): row["value"] for row in kpi_table(hand.records()).to_pylist()}


@pytest.fixture(scope="module")
def week() -> Figures:
    return figures(plant_week())


@pytest.mark.parametrize(
    ("scope", "key", "name", "expected"),
    [
        # the press's first stop began in the warm-up: its last hour is lost in the window, but it is no stop of it
        ("network", "network", "line_stops", 4),
        ("plant", "node-2", "line_stops", 4),
        ("line", "node-2/turning", "line_stops", 3),
        ("line", "node-2/pressing", "line_stops", 1),
        ("network", "network", "line_stops_per_year", 4 / YEARS),
        ("network", "network", "stop_hours", 10),
        ("line", "node-2/turning", "stop_hours", 7),
        ("line", "node-2/pressing", "stop_hours", 3),
        # 600 USD an hour for turning, 240 for pressing
        ("network", "network", "stop_cost", 7 * 600 + 3 * 240),
        ("network", "network", "stop_cost_per_year", 4920 / YEARS),
        ("line", "node-2/pressing", "stop_cost", 720),
        # two lines of 16 hours a day
        ("network", "network", "line_availability", 246 / 256),
        ("plant", "node-2", "line_availability", 246 / 256),
        ("line", "node-2/turning", "line_availability", 121 / 128),
        ("network", "network", "stops_other", 1),
        ("network", "network", "stops_item_missing", 2),
        ("network", "network", "stops_item_overdue", 0),
        ("network", "network", "stops_wrong_item", 1),
        ("network", "network", "item_stop_share", 3 / 4),
        ("network", "network", "item_stop_cost", 4 * 600 + 240 + 600 + 2 * 240),
        ("network", "network", "item_stop_cost_share", 3720 / 4920),
        ("line", "node-2/turning", "item_stop_cost_share", 5 / 7),
        ("network", "network", "stops_by_record", 1),
        ("network", "network", "stop_cost_by_record", 2400),
        ("item", "item-0", "stops_by_record", 1),
        # by item and by cause
        ("item", "item-0", "line_stops", 1),
        ("item", "item-0", "stop_hours", 4),
        ("item", "item-1", "line_stops", 1),
        ("item", "item-1", "stop_hours", 3),
        ("item", "item-1", "stop_cost", 720),
        ("stop_cause", "other", "stop_hours", 2),
        ("stop_cause", "item missing", "line_stops", 2),
        ("stop_cause", "item missing", "stop_hours", 6),
        ("stop_cause", "item overdue", "line_stops", 0),
        ("stop_cause", "item overdue", "stop_cost", 240),
        ("stop_cause", "wrong item", "stop_cost", 600),
        # grease was there for all of the eight days, filters for six; gloves are not critical
        ("network", "network", "availability", 14 / 16),
        ("node", "node-0", "availability", 14 / 16),
        ("item", "item-1", "availability", 6 / 8),
        ("stock", "node-0/item-1", "availability", 6 / 8),
        ("plant", "node-2", "availability", 14 / 16),
        ("network", "network", "inventory_accuracy", 3 / 4),
        ("item", "item-0", "inventory_accuracy", 2 / 3),
        ("network", "network", "counts", 4),
        ("network", "network", "record_right", 1 - 8 / 24),
        ("class", "B", "record_right", 1),
        # 2.5 steps of 0.1 kg all the time, a filter for half of it; a step or a filter is worth 1 USD
        ("network", "network", "record_error", 0.25 + 0.5),
        ("plant", "node-2", "record_error_value", 2.5 + 0.5),
        ("record_cause", "noise", "record_error", 0.2),
        ("record_cause", "noise", "record_error_value", 2),
        ("record_cause", "missed scan", "record_error", 0.5),
        ("record_cause", "leak", "record_error", 0),
        ("network", "network", "missed_scans", 2),
        ("network", "network", "lost_reports", 1),
        ("network", "network", "report_delay", 2),
        # six lines of people and machines
        ("network", "network", "short_lines", 2),
        ("network", "network", "short_line_rate", 2 / 6),
        ("network", "network", "short_by_record", 1),
        ("echelon", "vending_machine", "short_by_device", 1),
        ("network", "network", "met_elsewhere", 1),
        ("network", "network", "refused_lines", 1),
        ("node", "node-1", "jams", 1),
        ("node", "node-1", "failed_vends", 2),
        ("item", "item-1", "wrong_items", 1),
        ("network", "network", "put_back", 1),
        ("network", "network", "loans", 3),
        ("network", "network", "loans_back", 1),
        ("network", "network", "loans_lost", 1),
        ("network", "network", "expired", 2),
        ("network", "network", "expired_value", 2),
        ("network", "network", "expired_issued", 1),
        ("network", "network", "leaked", 0.5),
        ("network", "network", "leaked_value", 5),
        ("network", "network", "rejected", 0.2),
        ("network", "network", "rejected_value", 2),
        # 0.8 kg; 3 filters and one by mistake; 6 gloves less one; a unit of each costs 1.50 USD
        ("item", "item-0", "usage_per_30d", 0.8 * 30 / 8),
        ("stock", "node-0/item-1", "usage_per_30d", 4 * 30 / 8),
        ("item", "item-2", "usage_per_30d", 5 * 30 / 8),
        ("network", "network", "usage_value_per_30d", 17 * 1.5 * 30 / 8),
        # the false alarm of the warm-up does not count
        ("network", "network", "alarm_hits", 2),
        ("network", "network", "false_alarms", 1),
        ("network", "network", "missed_alarms", 1),
        ("network", "network", "alarm_precision", 2 / 3),
        ("network", "network", "alarm_recall", 2 / 3),
        ("network", "network", "alarm_delay", 3),
        ("rule", "leak", "false_alarms", 1),
        ("rule", "leak", "alarm_delay", 6),
        ("rule", "low_level", "alarm_delay", 0),
        ("rule", "low_level", "alarm_recall", 1 / 2),
        ("node", "node-1", "missed_alarms", 1),
        ("plant", "node-2", "false_alarms", 1),
        # what every network has, by plant
        ("plant", "node-2", "stock_value", 45),
        ("plant", "node-2", "demand_lines", 7),
        ("plant", "node-2", "lost", 1),
    ],
)
def test_figures(week: Figures, scope: str, key: str, name: str, expected: float) -> None:
    assert week[scope, key, name] == pytest.approx(expected, rel=1e-12)


def test_parts_add_up(week: Figures) -> None:
    """Stops by line and by cause, units between record and shelf by cause never less than together."""
    for name in ("line_stops", "stop_hours", "stop_cost"):
        whole = week["network", "network", name]
        assert sum(value for (scope, _, kpi), value in week.items() if (scope, kpi) == ("line", name)) == whole
        assert sum(value for (scope, _, kpi), value in week.items() if (scope, kpi) == ("stop_cause", name)) == whole
    causes = [value for (scope, _, kpi), value in week.items() if (scope, kpi) == ("record_cause", "record_error")]
    assert len(causes) == c.CAUSES
    assert math.fsum(causes) >= week["network", "network", "record_error"]


def test_what_has_no_meaning_has_no_row(week: Figures) -> None:
    assert ("item", "item-2", "line_stops") not in week  # no machine uses it
    assert ("item", "item-0", "line_availability") not in week
    assert ("node", "node-3", "record_right") not in week  # the depot has no devices
    assert ("echelon", "vending_machine", "availability") not in week  # nothing critical
    assert ("item", "item-2", "inventory_accuracy") not in week  # never counted
    assert ("rule", "low_level", "line_stops") not in week
    assert not [place for place in week if place[0] == "node" and place[1] == "node-2"]  # the plant holds no stock


def test_every_kpi_of_plants_has_a_value_somewhere(week: Figures) -> None:
    of_plants = {name for name, one in KPIS.items() if one.needs(plant_network()) and not one.needs(chain_network())}
    assert {"line_stops", "availability", "alarm_recall"} <= of_plants
    assert of_plants <= {name for _, _, name in week}


def test_networks_without_plants_have_no_such_rows() -> None:
    rows = kpi_table(busy_week().records()).to_pylist()
    assert not {row["kpi"] for row in rows} & {name for name, one in KPIS.items() if not one.needs(chain_network())}
    assert not {row["scope"] for row in rows} & {"plant", "line", "stop_cause", "record_cause", "rule"}


def test_a_plant_in_which_nothing_happened_has_no_stops_and_no_shares() -> None:
    found = figures(HandPlant())
    assert found["network", "network", "line_stops"] == found["network", "network", "stop_cost"] == 0
    assert found["network", "network", "line_availability"] == 1
    assert found["network", "network", "record_right"] == 1
    assert not {"item_stop_share", "inventory_accuracy", "alarm_precision", "report_delay"} & {k for _, _, k in found}


def test_two_machines_that_stand_together_cost_their_line_once() -> None:
    begin = 72 * HOUR_MS + 8 * HOUR_MS  # the fourth day at 8
    both = [(machine, c.STOP_OTHER, -1, begin, begin + (2 + machine) * HOUR_MS, 0, 0) for machine in (0, 1)]
    found = figures(HandPlant(stops=both, lost_ms=(3 * HOUR_MS, 0)))
    assert found["line", "node-2/turning", "line_stops"] == 2
    assert found["line", "node-2/turning", "stop_hours"] == 3


# --- shown ------------------------------------------------------------------------------------------------------------
def printed(hand: HandPlant) -> str:
    means = summarize(kpi_table(hand.records()), 0.95)
    console = Console(file=StringIO(), width=100, highlight=False)
    for table in (*plant_tables(means), printed_table([one for one in means if one.kpi not in PLANT_KPIS])):
        console.print(table)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_printed_summary_has_a_block_of_plants() -> None:
    rows = [line.split() for line in printed(plant_week()).splitlines()]
    assert ["line_availability", "96.09", "%"] in rows
    assert ["stop_hours", "hours", "10.00"] in rows
    assert ["line", "stops", "by", "cause", "stops", "hours", "lost", "cost,", "USD"] in rows
    assert ["item", "missing", "2.000", "6.000", "2,880"] in rows
    assert ["missed", "scan", "0.5000", "0.5000"] in rows
    assert ["leak", "1.000", "1.000", "0", "50.00", "%", "6.000"] in rows
    assert not [row for row in rows if row[:1] == ["tare"]]  # nothing differed for that


def test_nothing_is_printed_of_plants_without_plants() -> None:
    assert plant_tables(summarize(kpi_table(busy_week().records()), 0.95)) == []


def test_the_run_directory_has_what_devices_counted_and_lines_lost() -> None:
    records = plant_week().records()
    tables = plant_array_tables(records)
    assert tables.keys() == PLANT_ARRAY_TABLES.keys()
    (grease, filters, _) = tables["device_points"].to_pylist()
    assert (grease["counted"], grease["messages_lost"], grease["difference_noise"]) == (3, 1, -2)
    assert (filters["stock_point"], filters["missed_scans"], filters["gap_missed_scan"]) == (1, 2, 96.0 * HOUR_MS)
    assert tables["device_points"]["on_loan"].to_pylist() == [0, 0, 1]
    assert tables["lines"]["lost_ms"].to_pylist() == [7 * HOUR_MS, 3 * HOUR_MS]
    assert sorted(COUNTS.values()) == list(range(c.COUNT_COLUMNS))
    assert plant_array_tables(busy_week().records()) == {}
