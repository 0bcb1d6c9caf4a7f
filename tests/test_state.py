"""Save and continue: a run that goes on from a saved state has the records of one that never stopped."""

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from policies.computed import Computed
from sim import columns as c
from sim.build.forecasts import WorkedOutPoints, with_forecasts
from sim.engine import Twin, run_to_horizon
from sim.network import DEMAND_WHOLE, Lane, Network
from sim.record.conservation import check_conservation
from sim.record.records import Levels, Recorder
from sim.state.front import check_state, load_state, read_state, save_state, write_template
from sim.state.layout import TABLES
from tests.random_networks import drafts
from tests.reference_inputs import DAY_MS, HOUR_MS, Draft, Item, Line, Point, PoissonSource, constant, small_network
from tests.reference_inputs import route as plain_route
from tests.state_runs import assert_goes_on, assert_same_closing, events_of, go_on, rows_of, save_at, whole_run

ROOT = Path(__file__).resolve().parent.parent
COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def instants(network: Network, times: list[int], data: st.DataObject) -> int:
    """Any instant of the run, or the very one at which something happens, or the millisecond after it."""
    anywhere = st.integers(1, network.horizon_ms - 1)
    exact = [time for time in {*times, *(one + 1 for one in times)} if 0 < time < network.horizon_ms]
    return data.draw(st.one_of(anywhere, st.sampled_from(sorted(exact))) if exact else anywhere, "instant")


@settings(COMMON, max_examples=100)
@given(draft=drafts(chance=True, poisson=True), seed=st.integers(0, 2**31), data=st.data())
def test_a_saved_run_goes_on_as_if_it_had_never_stopped(draft: Draft, seed: int, data: st.DataObject) -> None:
    network = small_network(draft)
    whole = whole_run(network, seed)
    time_ms = instants(network, [row[0] for row in events_of(whole)], data)
    with tempfile.TemporaryDirectory() as folder:
        save_at(network, seed, 0, time_ms, Path(folder) / "state")
        trips = pq.read_table(Path(folder) / "state" / "vehicles.parquet")["trip"].to_pylist()
        event(f"truck on its way: {any(trip >= 0 for trip in trips)}")
        assert_goes_on(network, whole, go_on(network, Path(folder) / "state"), time_ms)


@settings(COMMON, max_examples=25)
@given(draft=drafts(chance=True, poisson=True), seed=st.integers(0, 2**31), data=st.data())
def test_a_run_may_stop_more_than_once(draft: Draft, seed: int, data: st.DataObject) -> None:
    network = small_network(draft)
    whole = whole_run(network, seed)
    times = [row[0] for row in events_of(whole)]
    first, second = sorted({instants(network, times, data), instants(network, times, data)} | {1, 2})[-2:]
    with tempfile.TemporaryDirectory() as folder:
        save_at(network, seed, 0, first, Path(folder) / "first")
        twin = load_state(network, Path(folder) / "first")
        twin.advance_to(second - 1)
        save_state(twin, Path(folder) / "second", second)
        assert_goes_on(network, whole, go_on(network, Path(folder) / "second"), second)


@settings(COMMON, max_examples=50)
@given(draft=drafts(chance=True, poisson=True), seed=st.integers(0, 2**31))
def test_the_template_is_the_opening(draft: Draft, seed: int) -> None:
    """An extract that says what the scenario says begins like the scenario."""
    network = small_network(draft)
    whole = whole_run(network, seed)
    with tempfile.TemporaryDirectory() as folder:
        write_template(network, Path(folder))
        rest = go_on(network, Path(folder), seed, 0)
    assert events_of(rest) == events_of(whole)
    assert_same_closing(network, rest.summary.closing, whole.summary.closing)
    for table in ("orders", "lots", "transfers", "trips"):
        assert rows_of(rest, table) == rows_of(whole, table)


# --- a network with everything in it ----------------------------------------------------------------------------------
def everything() -> Network:
    """Two stores, one by truck; lots; customers who wait; always something under way."""
    store = [Point(0, 0, 0, reorder_point=4, order_up_to=8, on_hand=6), Point(1, 0, 1, reorder_point=3, order_up_to=6)]
    plain = [Point(0, 1, 0, reorder_point=2, order_up_to=9, on_hand=3), Point(1, 1, 1, reorder_point=2, order_up_to=5)]
    depot = [Point(2, item, 2, reorder_point=9, order_up_to=20, on_hand=15, age_ms=DAY_MS) for item in (0, 1)]
    network = small_network(
        Draft(
            kinds=["store", "store", "warehouse", "supplier"],
            lanes=[
                Lane(2, 0, constant(0), route=0, whole_orders=False),
                Lane(2, 1, constant(7 * HOUR_MS), overtaking=False),
                Lane(3, 2, constant(40 * HOUR_MS)),
            ],
            points=[*store, *plain, *depot],
            items=[Item(lots="fifo"), Item(abc_class=1)],
            lines=[Line(hour * HOUR_MS, hour % 2, hour % 2, 1 + hour % 3, DEMAND_WHOLE) for hour in range(0, 230, 7)],
            poisson=[PoissonSource(0, 0, 5.0), PoissonSource(1, 0, 4.0, success=0.5)],
            routes=[plain_route(2, [0], leg_ms=5 * HOUR_MS, vehicles=2)],
            on_order=[(2, 0, 5, 30 * HOUR_MS)],
            owed=[(1, 1, 2)],
        )
    )
    policy = Computed(
        form="s_S", distribution="empirical", lot=5, forecast={"bucket": "1 d", "history": 2}, recompute="1 d"
    )
    point = network.stock_point(network.node_names[1], network.item_names[1])
    return with_forecasts(network, [WorkedOutPoints(policy, np.array([point]), np.array([5]))])


PLAIN_TABLES = [table for table in TABLES if not table.plants]
BUSY_MS = 100 * HOUR_MS


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state with entries in every table."""
    folder = tmp_path_factory.mktemp("busy")
    network = everything()
    for hours in range(100, 130):
        path = folder / f"at-{hours}"
        save_at(network, 5, 0, hours * HOUR_MS, path)
        empty = [table.name for table in PLAIN_TABLES if len(pq.read_table(path / f"{table.name}.parquet")) == 0]
        if not empty and max(pq.read_table(path / "vehicles.parquet")["trip"].to_pylist()) >= 0:
            return path
    raise AssertionError("no instant at which everything is under way")


def copy(state: Path, to: Path) -> Path:
    """A copy of a state with its tables as CSV, so that cells can be changed."""
    to.mkdir()
    for path in state.glob("*.parquet"):
        pq.read_table(path).to_pandas().convert_dtypes().to_csv(to / f"{path.stem}.csv", index=False)
    (to / "state.json").write_text((state / "state.json").read_text())
    return to


def instant_of(state: Path) -> int:
    """The instant of a state."""
    return int(json.loads((state / "state.json").read_text())["time_ms"])


def test_tables_may_be_rewritten_as_csv(busy: Path, tmp_path: Path) -> None:
    network = everything()
    rest = go_on(network, copy(busy, tmp_path / "csv"))
    assert_goes_on(network, whole_run(network, 5), rest, instant_of(busy))


def test_another_replication_has_a_future_of_its_own(busy: Path) -> None:
    """It starts from the same stock, and its customers are those that its whole run would have had."""
    network = everything()
    own, other = (go_on(network, busy, 5, number) for number in (0, 1))
    np.testing.assert_array_equal(own.summary.opening.state, other.summary.opening.state)

    def demand(rows: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        return [row[:6] for row in rows if row[4] == c.E_DEMAND]

    assert demand(events_of(other)) == demand(events_of(whole_run(network, 5, 1), instant_of(busy)))
    assert demand(events_of(other)) != demand(events_of(own))


def test_a_what_if_with_other_demand_draws_it_anew(busy: Path) -> None:
    network = everything()
    sources = network.demand
    quieter = replace(network, demand=replace(sources, rate_per_ms=sources.rate_per_ms / 50))
    lines = [row for row in events_of(go_on(quieter, busy)) if row[4] == c.E_DEMAND and row[3] == 0]
    assert len(lines) < 0.5 * len(
        [row for row in events_of(go_on(network, busy)) if row[4] == c.E_DEMAND and row[3] == 0]
    )


def test_a_what_if_with_another_policy(busy: Path) -> None:
    network = everything()
    parameter = network.parameter.copy()
    parameter[:, c.P_ORDER_UP_TO] += 5
    closing = go_on(replace(network, parameter=parameter), busy).summary.closing
    assert closing.state[:, c.S_ON_HAND].sum() > go_on(network, busy).summary.closing.state[:, c.S_ON_HAND].sum()


def units_on_hand(levels: Levels, network: Network) -> int:
    """Units on hand in the whole network."""
    own = (network.parameter[:, c.P_FLAGS] & c.SP_SUPPLIER) == 0
    return int(levels.state[own, c.S_ON_HAND].sum())


def test_measurement_begins_with_the_state(busy: Path) -> None:
    """No warm-up, and the first day's mean value on hand is that of its remaining part."""
    network = replace(everything(), warm_up_ms=BUSY_MS + 80 * HOUR_MS)
    records = go_on(network, busy)
    start = instant_of(busy)
    assert records.network.warm_up_ms == start
    lines = sum(row[4] == c.E_DEMAND for row in events_of(records))
    assert records.summary.total[:, c.T_DEMAND_LINES].sum() == lines
    value = np.asarray(records.summary.series["value_on_hand"]).sum(axis=1)
    first = start // DAY_MS
    assert (value[:first] == 0).all()
    end, held, units = (first + 1) * DAY_MS, 0, units_on_hand(records.summary.opening, network)
    last = start
    for time, _, node, _, kind, quantity, _ in events_of(records):
        if time >= end or node == 3:
            continue
        held, last = held + units * (time - last), time
        units += {c.E_RECEIPT: quantity, c.E_ISSUE: -quantity, c.E_DISPATCH: -quantity, c.E_STAGE: -quantity}.get(
            kind, 0
        )
    held += units * (end - last)
    assert value[first] == pytest.approx(100 * held / (end - start), rel=1e-12)
    assert records.summary.traces.first_day == first
    assert len(records.summary.traces.on_hand) == len(value) - first


def test_only_between_instants(tmp_path: Path) -> None:
    network = everything()
    twin = Twin(network, 1, 0, Recorder(network, 1, 0))
    twin.open()
    twin.advance_to(BUSY_MS)
    for time_ms in (BUSY_MS - HOUR_MS, BUSY_MS + 30 * HOUR_MS):
        with pytest.raises(ValueError, match="just before"):
            save_state(twin, tmp_path / "state", time_ms)
    assert not list(tmp_path.iterdir())


# --- extracts ---------------------------------------------------------------------------------------------------------
def test_stock_is_enough(tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("node,item,on_hand\nnode-0,item-1,7\nnode-2,item-0,3\n")
    network = everything()
    twin = load_state(network, tmp_path, seed=3, replication=0)
    state = twin.levels().state
    assert {row: int(state[row, c.S_ON_HAND]) for row in np.flatnonzero(state[:, c.S_ON_HAND]).tolist()} == {
        network.stock_point("node-0", "item-1"): 7,
        network.stock_point("node-2", "item-0"): 3,
    }
    records = run_to_horizon(twin, twin.levels(), traces=False)
    check_conservation(records)
    assert events_of_kind(records, c.E_ORDER, 0), "whoever is below the reorder point orders at once"


def events_of_kind(records: object, kind: int, time_ms: int) -> list[tuple[int, ...]]:
    """Rows of the orders table at an instant (the event log is off)."""
    assert kind == c.E_ORDER
    return [row for row in rows_of(records, "orders") if row[0] == time_ms]  # type: ignore[arg-type]


def test_an_extract_in_full(tmp_path: Path) -> None:
    """Goods on order with a date, debts, recorded stock, lots with dates: all is where it was said to be."""
    network = everything()
    (tmp_path / "state.json").write_text(json.dumps({"kind": "extract", "time_ms": DAY_MS}))
    (tmp_path / "stock.csv").write_text(
        "node,item,on_hand,recorded,unit\nnode-0,item-0,5,4,each\nnode-1,item-1,0,,each\n"
    )
    (tmp_path / "in_transit.csv").write_text("node,item,quantity,arrives_ms\nnode-1,item-1,6,1970-01-07T12:00\n")
    (tmp_path / "waiting.csv").write_text(
        "node,item,quantity,ordering_node,since_ms\nnode-1,item-1,2,,3600000\nnode-2,item-1,4,node-0,\n"
    )
    (tmp_path / "layers.csv").write_text(
        "node,item,quantity,received_ms\nnode-0,item-0,2,1970-01-04\nnode-0,item-0,3,1970-01-02\n"
    )
    twin = load_state(network, tmp_path, seed=3, replication=0, events=True)
    levels = twin.levels()
    here, there, depot = (
        network.stock_point(*key) for key in (("node-0", "item-0"), ("node-1", "item-1"), ("node-2", "item-1"))
    )
    assert levels.state[here, [c.S_ON_HAND, c.S_RECORDED]].tolist() == [5, 4]
    assert levels.state[there, [c.S_ON_ORDER, c.S_IN_TRANSIT, c.S_CUSTOMERS_WAITING]].tolist() == [6, 6, 2]
    assert levels.state[depot, [c.S_WAITING, c.S_CUSTOMERS_WAITING]].tolist() == [4, 0]
    assert levels.state[network.stock_point("node-0", "item-1"), c.S_ON_ORDER] == 4
    assert levels.layer_quantity.tolist() == [3, 2], "the older lot is first out"
    records = run_to_horizon(twin, levels, traces=False)
    check_conservation(records)
    happened = events_of(records)
    arrival = 60 * HOUR_MS
    assert (arrival, 0, 1, 1, c.E_RECEIPT, 6, 0) in happened
    assert any(row[:6] == (arrival, 0, 1, 1, c.E_ISSUE, 2) for row in happened)
    assert rows_of(records, "orders")[:2] == [
        (-1, there, depot, 6, 0, 0),
        (-1, network.stock_point("node-0", "item-1"), depot, 4, 0, 0),
    ]
    assert min(row[0] for row in happened) >= DAY_MS


# --- the command line -------------------------------------------------------------------------------------------------
SCENARIO = """\
name: everything
start: 2026-01-05
horizon: 8 wk
warm_up: 2 wk
items:
  filter: {cost: 24.75 USD, price: 45 USD, weight: 300 g, volume: 1 l, lots: fifo, shelf_life: 1 y}
  pump: {cost: 900 USD, price: 1400 USD, weight: 8 kg, volume: 20 l}
nodes:
  maker: {kind: supplier, lead_time: {gamma: {mean: 5 d, cv: 0.5}}}
  depot: {kind: warehouse}
  north: {kind: store}
  south: {kind: store}
lanes:
  - {from: maker, to: depot, overtaking: false}
  - {from: depot, to: north, truck: round}
  - {from: depot, to: south, lead_time: {exponential: {mean: 1 d}}}
trucks:
  round:
    base: depot
    stops: [{node: north, travel_time: {uniform: {low: 10 h, high: 20 h}}}]
    return: {travel_time: {uniform: {low: 2 h, high: 4 h}}}
    volume: 200 l
    weight: 500 kg
    when_full: {share: 50%, max_wait: 1 d}
    breakdowns: {every: {exponential: {mean: 100 h}}, repair: 5 h}
demand:
  - {node: [north, south], item: filter, compound_poisson: {rate: 2 /d, size: {geometric: {mean: 2}}}}
  - {node: [north, south], item: pump, poisson: {rate: 0.4 /d}, if_short: lost}
policies:
  - {nodes: [north, south], items: "*", policy: {kind: base_stock, level: 5}}
  - {nodes: depot, items: "*", policy: {kind: r_nQ, reorder_point: 12, lot: 10}}
experiment: {replications: 2, seed: 3}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "everything.yaml"
    path.write_text(SCENARIO)
    return path


def call(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "mro_twin", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def only_run(folder: Path) -> Path:
    """The one run directory in there."""
    (run,) = folder.iterdir()
    return run


def test_a_run_goes_on_in_another_process(file: Path, tmp_path: Path) -> None:
    """Each replication from its own state, with the seed of the saved run, also with several workers."""
    time_ms = 33 * DAY_MS + 7 * HOUR_MS
    out = tmp_path / "first"
    done = call("run", file, "--seed", 11, "--events", "--out", out, "--save-state", "799 h")
    assert done.returncode == 0, done.stderr
    first = only_run(out)
    done = call("run", file, "--events", "--out", tmp_path / "rest", "--from-state", first, "-j", 2)
    assert done.returncode == 0, done.stderr
    rest = only_run(tmp_path / "rest")
    assert json.loads((rest / "manifest.json").read_text())["seed"] == 11
    for number in ("0000", "0001"):
        whole, after = (pq.read_table(run / "replications" / number / "events.parquet") for run in (first, rest))
        late = np.asarray(whole["time_ms"]) >= time_ms
        assert after.equals(whole.filter(late))
        assert len(after) > 100
        start = pq.read_table(rest / "replications" / number / "start.parquet").to_pylist()[0]
        orders = [pq.read_table(run / "replications" / number / "orders.parquet") for run in (first, rest)]
        assert start["time_ms"] == time_ms
        assert start["first_order"] > 0
        assert orders[1].equals(orders[0].slice(start["first_order"]))


def test_the_template_can_be_run_and_checked(file: Path, tmp_path: Path) -> None:
    assert call("state", "template", file, tmp_path / "extract").returncode == 0
    stock = (tmp_path / "extract" / "stock.csv").read_text().splitlines()
    assert stock[0] == "node,item,on_hand,unit"
    assert any(line.startswith("depot,filter,") for line in stock)
    assert "ok: a state of everything" in call("state", "check", file, tmp_path / "extract").stdout
    again = call("state", "template", file, tmp_path / "extract")
    assert again.returncode == 2
    assert "not empty" in again.stderr
    done = call("run", file, "--out", tmp_path / "runs", "--from-state", tmp_path / "extract")
    assert done.returncode == 0, done.stderr


def test_a_bad_state_is_exit_code_2_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("node,item,on_hand\ndepot,filtre,3\nsouht,pump,-2\n")
    done = call("run", file, "--out", tmp_path / "runs", "--from-state", tmp_path)
    assert done.returncode == 2
    assert "3 findings" in done.stderr
    assert "stock.csv:2: item: there is no item `filtre` (did you mean `filter`?)" in done.stderr
    assert "stock.csv:3: node: there is no node `souht` (did you mean `south`?)" in done.stderr
    assert "stock.csv:3: on_hand: -2 is negative" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_documentation_explains_every_column() -> None:
    from sim.state.layout import reference

    assert "\n".join(reference()).strip() in (ROOT / "docs" / "state.md").read_text()


def test_checked_before_it_starts(busy: Path) -> None:
    network = everything()
    check_state(network, busy, range(3), instant_of(busy) + 1)
    assert read_state(network, busy).meta.kind == "saved"
