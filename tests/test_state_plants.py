"""Save and continue with plants and devices: what happens after the instant is what would have happened anyway."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.detection.low_level import LowLevel
from sim import columns as c
from sim import plant_plan as pp
from sim.detection.plan import PlannedRule
from sim.network import Distribution, Int64Array, Lane, Network
from sim.record.records import Records
from sim.scenario.findings import ScenarioError
from sim.state.front import read_state, write_template
from sim.state.plant_layout import PLANT_TABLES
from tests.plant_inputs import PlantDraft, use
from tests.random_plants import plant_drafts
from tests.reference_inputs import HOUR_MS, Draft, Item, Point, PoissonSource, constant, int64
from tests.state_runs import assert_goes_on, events_of, go_on, rows_of, save_at, whole_run
from tests.test_state import COMMON, ROOT, copy, instants
from tests.test_state_findings import cell, meta, read, twice, without_column, write

STOP_END = 4
TABLES = ("events", "usage", "reports", "stops", "alarms")


def exponential(hours: float) -> Distribution:
    """A random duration with this mean."""
    return Distribution(1, hours * HOUR_MS)


def stops_after(records: Records, time_ms: int) -> list[tuple[int, ...]]:
    """Stops that end at or after an instant, or not at all."""
    return [row for row in rows_of(records, "stops") if row[STOP_END] < 0 or row[STOP_END] >= time_ms]


def assert_plants_go_on(whole: Records, rest: Records, time_ms: int) -> None:
    """Usage, reports, stops and the closing of plants are those of the run that never stopped."""
    for table in ("usage", "reports"):
        assert rows_of(rest, table) == [row for row in rows_of(whole, table) if row[0] >= time_ms]
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


# --- a plant with everything in it ------------------------------------------------------------------------------------
DAY = 24 * HOUR_MS
SCRIPT = """\
import sys
from pathlib import Path
from tests.state_runs import go_on, rows_of
from tests.test_state_plants import TABLES, busy_plant
rest = go_on(busy_plant(), Path(sys.argv[1]))
print([rows_of(rest, name) for name in TABLES])
"""


def busy_plant() -> Network:
    """People, loans, a gateway that is often down, machines with too few crews, a leaking tank, detection."""
    shelf, vending, tank, supplier, plant = range(5)
    draft = Draft(
        kinds=["store", "store", "store", "supplier", "plant"],
        lanes=[Lane(supplier, node, constant(20 * HOUR_MS)) for node in (shelf, vending, tank)],
        points=[
            Point(shelf, 0, 0, reorder_point=9, order_up_to=25, on_hand=20),
            Point(shelf, 1, 0, reorder_point=7, order_up_to=14, on_hand=12),
            Point(vending, 2, 1, reorder_point=3, order_up_to=9, on_hand=8),
            Point(tank, 3, 2, reorder_point=30, order_up_to=90, on_hand=60),
        ],
        items=[Item(lots="fifo"), Item(), Item(), Item()],
        poisson=[PoissonSource(shelf, 0, 9.0), PoissonSource(vending, 2, 4.0)],
        horizon_ms=20 * DAY,
    )
    base = {"gateway": 0, "persons": (0, 5)}
    devices: dict[tuple[int, int], dict[str, Any]] = {
        (shelf, 0): base
        | {"sensor": pp.SENSOR_WEIGH, "noise_mg": 700.0, "limit": 3, "put_back": 0.4, "put_back_after": exponential(9)}
        | {"wrong_item": 0.4, "wrong_fails": 0.9, "wrong_fails_after": exponential(60), "inspection": exponential(8)}
        | {"rejected": 0.3, "misplaced": 0.5},
        (shelf, 1): base | {"sensor": pp.SENSOR_SCAN, "missed_scan": 0.4},
        (vending, 2): base
        | {"device": pp.DEVICE_VENDING, "sensor": pp.SENSOR_VEND, "jam": 0.1, "jam_clear": exponential(8)}
        | {"loan": exponential(15), "loan_lost": 0.1},
        (tank, 3): base
        | {"device": pp.DEVICE_TANK, "sensor": pp.SENSOR_LEVEL, "noise_mg": 900.0, "leak_every": exponential(60)}
        | {"leak_lasting": exponential(40), "leak_rate_milli": 900, "stuck_every": exponential(50)}
        | {"stuck_lasting": exponential(20)},
    }
    uses = (
        use(draft, 0, shelf, every_ms=7 * HOUR_MS, quantity=2, missing=pp.MISSING_RUN_ON, failure_factor=4.0),
        replace(use(draft, 1, shelf), kind=pp.USE_WEAR, interval=None, shape=2.0, scale_ms=30.0 * HOUR_MS),
        replace(use(draft, 3, tank, quantity=3), kind=pp.USE_FLOW, interval=None, rate_milli=900),
    )
    machines = tuple(pp.Machine(f"machine-{n}", uses, 1 / (25 * HOUR_MS), exponential(9)) for n in range(3))
    lines = tuple(pp.Line(f"line-{n}", machines) for n in range(2))
    works = int64([(n * DAY, n * DAY + 18 * HOUR_MS) for n in range(20)])
    shifts = int64(range(0, 20 * DAY, 8 * HOUR_MS))
    plants = [pp.Plant(plant, lines, 0, shifts, (("all", 5),), (3, 2), crews=1)]
    gateway = pp.Gateway(
        "gateway", 0, HOUR_MS, 100, capacity=9, outage_every=exponential(9), outage_lasting=exponential(9)
    )
    network = PlantDraft(draft, devices, plants, [gateway], {shelf: [5 * DAY, 9 * DAY]}, calendars=[works]).network
    low = PlannedRule(
        "low_level",
        LowLevel.model_validate({"every": "1 h", "level": 4}),
        network_points(network),
        {"level": np.full(4, 4.0)},
    )
    assert network.plant_plan is not None
    return replace(network, plant_plan=replace(network.plant_plan, rules=(low,)))


def network_points(network: Network) -> Int64Array:
    """Stock points in devices."""
    assert network.plant_plan is not None
    return int64([device.stock_point for device in network.plant_plan.devices])


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state in which as much as possible is under way."""
    folder = tmp_path_factory.mktemp("plant")
    found: set[str] = set()
    for hours in range(150, 420, 30):
        save_at(busy_plant(), 3, 0, hours * HOUR_MS, folder / str(hours))
        full = {one.name for one in PLANT_TABLES if len(pq.read_table(folder / str(hours) / f"{one.name}.parquet"))}
        found |= full
        if len(full) >= len(PLANT_TABLES):
            return folder / str(hours)
    raise AssertionError(f"never under way together: {found}")


def instant_of(state: Path) -> int:
    return int(json.loads((state / "state.json").read_text())["time_ms"])


def test_a_busy_plant_goes_on_from_csv_tables_and_with_its_detection(busy: Path, tmp_path: Path) -> None:
    network = busy_plant()
    whole = whole_run(network, 3)
    rest = go_on(network, copy(busy, tmp_path / "csv"))
    assert_goes_on(network, whole, rest, instant_of(busy))
    assert_plants_go_on(whole, rest, instant_of(busy))
    alarms = rows_of(rest, "alarms")
    assert alarms == rows_of(whole, "alarms")[-len(alarms) :]
    assert alarms


def test_another_process_goes_on_too(busy: Path) -> None:
    rest = go_on(busy_plant(), busy)
    told = subprocess.run([sys.executable, "-c", SCRIPT, busy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(
        [rows_of(rest, name) for name in ("events", "usage", "reports", "stops", "alarms")]
    )


def test_an_extract_begins_with_new_plants(tmp_path: Path) -> None:
    """A record that differs counts as a miscount; machines have just been put in, and run from there on."""
    network = busy_plant()
    (tmp_path / "state.json").write_text(json.dumps({"kind": "extract", "time_ms": 2 * DAY}))
    (tmp_path / "stock.csv").write_text("node,item,on_hand,recorded\nnode-0,item-0,7,9\nnode-2,item-3,40,\n")
    rest = go_on(network, tmp_path, 3, 0)
    plant = rest.summary.plant
    assert plant is not None
    point = network.stock_point("node-0", "item-0")
    opening = {
        cause: int(plant.opening_difference[point, cause]) for cause in np.flatnonzero(plant.opening_difference[point])
    }
    assert opening == {c.D_COUNT: 2}
    assert plant.opening_difference.sum() == 2
    assert min(row[0] for row in rows_of(rest, "usage")) >= 2 * DAY
    assert rows_of(rest, "stops")


def test_the_template_is_the_opening_of_plants(tmp_path: Path) -> None:
    network = busy_plant()
    write_template(network, tmp_path)
    assert events_of(go_on(network, tmp_path, 3, 0)) == events_of(whole_run(network, 3))


def test_a_state_from_before_there_were_plants(busy: Path, tmp_path: Path) -> None:
    """Without its plant tables the stock stays and the plants are new."""
    state = copy(busy, tmp_path / "state")
    for table in PLANT_TABLES:
        (state / f"{table.name}.csv").unlink()
    data = json.loads((state / "state.json").read_text()) | {"plants": False}
    (state / "state.json").write_text(json.dumps(data))
    waiting = read(state / "waiting.csv")
    use_column = waiting[0].index("use")
    write(
        state / "waiting.csv", [waiting[0], *([*row[:use_column], "0", *row[use_column + 1 :]] for row in waiting[1:])]
    )
    rest = go_on(busy_plant(), state)
    assert rest.summary.plant is not None
    assert rows_of(rest, "stops")


def test_what_ifs_may_change_a_plant(busy: Path) -> None:
    """Another calendar does not make everything due at once."""
    network = busy_plant()
    plan = network.plant_plan
    assert plan is not None
    always = replace(plan, plants=tuple(replace(one, working=-1) for one in plan.plants))
    rest = go_on(replace(network, plant_plan=always), busy)
    stops = [row for row in rows_of(rest, "stops") if row[3] == instant_of(busy)]
    assert not stops


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cell("devices", "item", "item-2"), "the scenario has no such item at this node"),
        (cell("differences", "cause", "theft"), "there is no cause `theft`"),
        (cell("differences", "quantity", "900"), "the causes for"),
        (cell("messages", "gateway", "gatewy"), "there is no gateway `gatewy` (did you mean `gateway`?)"),
        (cell("messages", "arrives_ms", "5"), "before the instant of the state"),
        (cell("messages", "number", "999999"), "has not been given out yet"),
        (cell("returns", "person", "5"), "the scenario has 5 persons"),
        (cell("returns", "lot", "900"), "lot"),
        (cell("limits", "person", "5"), "nobody of the device's plant"),
        (cell("machines", "machine", "machine-9"), "the scenario has no such machine"),
        (cell("machines", "failed", "2"), "2 is too large"),
        (cell("machines", "hazard_left", "-1"), "this is not a number from 0"),
        (cell("uses", "acceleration", "0"), "parts wear at some speed"),
        (cell("uses", "item", "item-2"), "the machine does not use this"),
        (cell("lines", "line", "line-7"), "the scenario has no such line"),
        (cell("wrong_parts", "fails_ms", "1"), "before the instant of the state"),
        (twice("machines"), "this machine is there twice"),
        (twice("uses"), "this use is there twice"),
        (twice("detection"), "this rule and item is there twice"),
        (meta(plants=False), "belongs to a state with plants"),
        (without_column("messages", "number"), "the column `number` is missing"),
    ],
)
def test_what_is_wrong_with_plants_is_said(
    busy: Path, tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    state = copy(busy, tmp_path / "state")
    change(state)
    with pytest.raises(ScenarioError) as caught:
        read_state(busy_plant(), state)
    assert message in str(caught.value)
