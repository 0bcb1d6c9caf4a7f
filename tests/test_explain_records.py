"""What explanations stand on: levels counted back from the records, simulating again, and the releases of suppliers."""

import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sim import columns as c
from sim.build.network_builder import build_network
from sim.explain.errors import ReplayDiffersError
from sim.explain.front import find_shortages
from sim.explain.item_log import ItemLog, recorded_events
from sim.explain.order_steps import OrderSteps
from sim.explain.replay import replayed_events
from sim.explain.run_files import RunFiles
from sim.explain.stock_paths import Level, Request, StockPath, stock_paths
from sim.explain.suppliers import Suppliers
from sim.explain.tables import Tables
from sim.explain.tree import Cause
from sim.explain.wording import Wording, span
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import load_scenario
from sim.scenario.locate import locate_scenario
from tests.explain_samples import chain, run_of, with_lines

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def milk_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trucks, two items, partial deliveries; with event log."""
    scenario = load_scenario(locate_scenario("milk-run")[0], {"horizon": "26 wk", "warm_up": "0 d"})
    options = RunOptions(replications=1, out=tmp_path_factory.mktemp("runs"), events=True)
    path = run_scenario(scenario, options).path
    assert path is not None
    return path


def paths_of(path: Path, item: int) -> tuple[RunFiles, Tables, dict[int, StockPath]]:
    run = RunFiles.open(path)
    folder = run.replication_folder(0)
    events = recorded_events(folder, item)
    assert events is not None
    tables = Tables(run, folder)
    return run, tables, stock_paths(run, tables, ItemLog.of(events), item)


@pytest.mark.parametrize("item", [0, 1])
def test_levels_counted_back_begin_with_the_opening_stock(milk_run: Path, item: int) -> None:
    run, _, paths = paths_of(milk_run, item)
    own = [path for point, path in paths.items() if not run.is_supplier(point)]
    assert len(own) == 4
    for path in own:
        assert path.opening.on_hand == run.network.initial_on_hand[path.point]
        assert (path.opening.waiting, path.opening.on_order) == (0, 0)
        assert min(min(one.on_hand, one.waiting, one.on_order) for one in path.levels) >= 0


def test_levels_at_the_end_of_each_day_are_those_of_the_traces(milk_run: Path) -> None:
    _, _, paths = paths_of(milk_run, 0)
    traces = pq.read_table(milk_run / "replications" / "0000" / "traces.parquet").to_pylist()
    compared = [row for row in traces if row["stock_point"] in paths]
    assert len(compared) >= 26 * 7
    for row in compared:
        end = ((row["day"] + 1) * DAY_MS - 1, c.PHASES)
        assert paths[row["stock_point"]].level_at(end).on_hand == row["on_hand"]


@pytest.mark.parametrize("item", [0, 1])
def test_short_lines_are_those_of_the_totals(milk_run: Path, item: int) -> None:
    _, _, paths = paths_of(milk_run, item)
    totals = pq.read_table(milk_run / "replications" / "0000" / "stock_points.parquet").to_pylist()
    compared = 0
    for row in totals:
        path = paths.get(row["stock_point"])
        if path is not None and row["demand_lines"]:
            short = list(path.short_requests())
            assert len(short) == row["demand_lines"] - row["lines_at_once"]
            assert sum(one.given_at_once for one in path.requests.values()) == row["units_at_once"]
            waits = sum(
                units * (time - one.time_ms)
                for one in path.requests.values()
                for (time, phase), units in one.gifts
                if (time, phase) != one.at
            )
            assert waits == row["wait_unit_ms"]
            compared += 1
    assert compared == 3


def test_steps_of_a_truck_order_add_up(milk_run: Path) -> None:
    run, tables, _ = paths_of(milk_run, 0)
    point = run.find_stock_point("workshop-1/coolant-drum")
    steps = OrderSteps(run, tables)
    compared = 0
    for order in tables.orders_of(point):
        for shipment in tables.shipments_of(order.number):
            if shipment.received_ms >= 0 and order.time_ms >= 0:
                history = steps.history(order, shipment.received_ms)
                assert history.steps.total_ms == shipment.received_ms - order.time_ms
                assert min(history.steps.source_ms, history.steps.dock_ms) >= 0
                assert history.steps.transit_ms >= 45 * 60_000 * 0.2  # far below what the drive there takes
                compared += 1
    assert compared > 50


# --- simulating again -------------------------------------------------------------------------------------------------
def test_without_an_event_log_the_same_comes_out(tmp_path: Path) -> None:
    """Replication 1 is simulated again from the run directory alone, tables included."""
    data = chain(demand=[{"node": "shop", "item": "seal", "poisson": {"rate": "3 /d"}}])
    data = with_lines(data, tmp_path, "2026-03-02T13:00,shop,seal,25")
    path = run_of(data, tmp_path, events=True, replications=2)
    found = find_shortages(path, "shop/seal", 1)
    known = [found.explain(one) for one in found.requests]
    (path / "replications" / "0001" / "events.parquet").unlink()
    (tmp_path / "lines.csv").unlink()
    steps: list[int] = []
    again = find_shortages(path, "shop/seal", 1, lambda _: lambda: steps.append(1))
    assert [again.explain(one) for one in again.requests] == known
    assert len(known) > 5
    assert len(steps) >= 120 // 7


def test_a_run_from_a_state_is_simulated_again_from_there(tmp_path: Path) -> None:
    data = chain(demand=[{"node": "shop", "item": "seal", "poisson": {"rate": "3 /d"}}])
    scenario = load_scenario(data)
    first = run_scenario(scenario, RunOptions(replications=1, seed=3, out=tmp_path, save_state_ms=40 * DAY_MS)).path
    assert first is not None
    whole = find_shortages(first, "shop/seal")
    second = run_scenario(scenario, RunOptions(replications=1, out=tmp_path, from_state=first)).path
    assert second is not None
    rest = find_shortages(second, "shop/seal")
    asked = [one.at for one in rest.requests]
    assert asked == [one.at for one in whole.requests if one.time_ms >= 40 * DAY_MS]
    assert all(rest.explain(one).summary.startswith("It was short because") for one in rest.requests)
    shutil.rmtree(first)
    with pytest.raises(Exception, match="which is gone; run again with --events"):
        find_shortages(second, "shop/seal")


def test_other_orders_than_the_recorded_ones_are_refused(tmp_path: Path) -> None:
    data = chain(demand=[{"node": "shop", "item": "seal", "poisson": {"rate": "3 /d"}}])
    path = run_of(data, tmp_path, events=False)
    scenario = path / "scenario.resolved.yaml"
    scenario.write_text(scenario.read_text().replace("3 /d", "4 /d"))
    with pytest.raises(ReplayDiffersError, match="its orders differ from the recorded ones") as error:
        replayed_events(RunFiles.open(path), 0, 0, lambda: None)
    assert error.value.exit_code == 3


def test_a_replay_keeps_the_events_of_one_item_only(milk_run: Path) -> None:
    run = RunFiles.open(milk_run)
    log = replayed_events(run, 0, 1, lambda: None)
    recorded = recorded_events(run.replication_folder(0), 1)
    assert recorded is not None
    assert log.equals(recorded)
    assert set(log["item"].to_pylist()) == {1}


# --- suppliers --------------------------------------------------------------------------------------------------------
def test_releases_are_the_engines(tmp_path: Path) -> None:
    """With a constant lead time a receipt tells the release: outages, closed days and capacity, two items together."""
    data = chain(
        items={name: {"cost": "3 USD"} for name in ("seal", "ring")},
        nodes={
            "shop": {"kind": "store"},
            "depot": {"kind": "warehouse"},
            "maker": {
                "kind": "supplier",
                "lead_time": "4 d",
                "outages": {"every": {"exponential": {"mean": "20 d"}}, "lasting": {"exponential": {"mean": "3 d"}}},
                "closed": [{"from": "2026-02-10", "to": "2026-02-14"}],
                "capacity": {"units": 40, "per": "1 wk"},
            },
        },
        demand=[{"node": "shop", "item": ["seal", "ring"], "poisson": {"rate": "2.5 /d"}}],
    )
    path = run_of(data, tmp_path, seed=5)
    run = RunFiles.open(path)
    tables = Tables(run, run.replication_folder(0))
    suppliers = Suppliers(run, tables, 0)
    s = tables.shipments
    kept: dict[str, int] = {"outage": 0, "closed": 0, "capacity_ms": 0, "delay_ms": 0}
    received = np.flatnonzero([run.is_supplier(int(one)) for one in s["source"]] & (s["received_ms"] >= 0))
    assert len(received) > 20
    for row in received:
        shipment = tables.shipments_of(int(s["order"][row]))[0]
        release = suppliers.release(shipment)
        assert release is not None
        assert release.released_ms == shipment.received_ms - 4 * DAY_MS
        for what in kept:
            kept[what] += bool(getattr(release, what))
    assert min(kept.values()) > 0, kept


def test_the_network_built_again_is_the_one_that_ran(milk_run: Path) -> None:
    scenario = load_scenario(locate_scenario("milk-run")[0], {"horizon": "26 wk", "warm_up": "0 d"})
    again, original = RunFiles.open(milk_run).network, build_network(scenario)
    assert again.node_names == original.node_names
    assert np.array_equal(again.parameter, original.parameter)


# --- words ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("unit", "natural", "units", "text"),
    [
        ("each", 1.0, 5, "5"),
        ("each", 1.0, 12_345, "12,345"),
        ("kg", 0.1, 25, "2.5 kg"),
        ("l", 0.01, 125, "1.25 l"),
        ("l", 0.5, 3, "1.5 l"),
        ("kg", 0.25, 3, "0.75 kg"),
    ],
)
def test_amounts_are_in_natural_units(unit: str, natural: float, units: int, text: str) -> None:
    words = Wording(datetime(2026, 1, 5), unit, natural)
    assert words.amount(units) == text


@pytest.mark.parametrize(
    ("natural", "units", "text"), [(1.0, 10.333, "10.3"), (1.0, 0.0423, "0.042"), (0.1, 25.55, "2.6"), (1.0, 0.0, "0")]
)
def test_means_are_rounded(natural: float, units: float, text: str) -> None:
    assert Wording(datetime(2026, 1, 5), "each", natural).mean(units) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0 s"), (90_000, "2 min"), (5_400_000, "1.5 h"), (3 * DAY_MS, "3.0 d"), (4_000, "4 s")]
)
def test_spans_are_in_one_unit(ms: int, text: str) -> None:
    assert span(ms) == text


def test_a_request_that_lost_the_rest_did_not_wait() -> None:
    request = Request(True, 1, (10, c.PHASE_DEMAND), 5, 2, 0, [((10, c.PHASE_DEMAND), 2)], lost=3)
    assert (request.is_short, request.missing, request.wait_ms(100)) == (True, 3, 0)


def test_the_position_counts_what_is_owed() -> None:
    assert Level((0, 0), c.E_DEMAND, 1, 0, on_hand=3, waiting=5, on_order=10).position == 8


def test_lost_lines_are_explained(tmp_path: Path) -> None:
    data = chain(demand=[{"node": "shop", "item": "seal", "flow": {"rate": "2 /d", "step": 1}, "if_short": "lost"}])
    data["nodes"]["maker"]["outages"] = {"every": "60 d", "lasting": "20 d"}
    found = find_shortages(run_of(data, tmp_path), "shop/seal")
    why = found.explain(found.worst())
    assert "; 1 were lost" in why.tree.text
    assert Cause.SUPPLIER_OUTAGE in [one.cause for one in why.causes if one.main]
