"""The whole engine through the front door: same seed, same records, however many processes; and broken books are
an error with exit code 3."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mro_twin.cli import cli
from sim import columns as c
from sim.engine import Twin
from sim.flow.model import Y_QUANTITY
from sim.run.result import Result
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario, load_scenario

SCENARIO = """\
name: everything
start: 2026-01-05
horizon: 20 wk
warm_up: 4 wk
items:
  filter: {cost: 24.75 USD, price: 45 USD, weight: 300 g, volume: 1 l, lots: fifo, shelf_life: 1 y}
  pump: {cost: 900 USD, price: 1400 USD, weight: 8 kg, volume: 20 l}
  bolt: {cost: 1 USD, price: 2 USD, weight: 50 g, volume: 10 ml}
nodes:
  maker: {kind: supplier, lead_time: {gamma: {mean: 5 d, cv: 0.5}}}
  depot: {kind: warehouse, echelon: regional}
  north: {kind: store}
  south: {kind: store}
lanes:
  - {from: maker, to: depot, cost_per_order: 40 USD, overtaking: false}
  - {from: depot, to: north, truck: round}
  - {from: depot, to: south, lead_time: {exponential: {mean: 1 d}}}
trucks:
  round:
    base: depot
    stops: [{node: north, travel_time: {uniform: {low: 2 h, high: 4 h}}}]
    return: {travel_time: {uniform: {low: 2 h, high: 4 h}}}
    volume: 200 l
    weight: 500 kg
    when_full: {share: 50%, max_wait: 1 d}
    breakdowns: {every: {exponential: {mean: 100 h}}, repair: 5 h}
demand:
  - {node: [north, south], item: [filter, bolt], compound_poisson: {rate: 1 /d, size: {geometric: {mean: 2}}}}
  - {node: [north, south], item: pump, poisson: {rate: 0.2 /d}, if_short: lost}
policies:
  - {nodes: [north, south], items: "*", policy: {kind: base_stock, level: 4}}
  - {nodes: depot, items: "*", policy: {kind: r_nQ, reorder_point: 12, lot: 10}}
experiment: {replications: 4, seed: 3}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "everything.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture
def scenario(file: Path) -> Scenario:
    return load_scenario(file)


def assert_same_records(one: Result, other: Result) -> None:
    assert sorted(one.tables) == sorted(other.tables)
    for name in one.tables:
        assert one.tables.arrow(name).equals(other.tables.arrow(name)), name
    assert one.kpi_table.to_pylist() == other.kpi_table.to_pylist()


@pytest.mark.slow
def test_records_do_not_depend_on_the_number_of_processes(scenario: Scenario, tmp_path: Path) -> None:
    alone = run_scenario(scenario, RunOptions(events=True))
    assert {"events", "orders", "shipments", "trips", "lots", "transfers"} <= set(alone.tables)
    for name in ("events", "orders", "shipments", "trips", "lots"):
        assert alone.tables.arrow(name).column("replication").unique().to_pylist() == [0, 1, 2, 3], name
    assert_same_records(alone, run_scenario(scenario, RunOptions(events=True, workers=3, out=tmp_path / "runs")))


def test_records_depend_on_seed_and_replication(scenario: Scenario) -> None:
    events = run_scenario(scenario, RunOptions(events=True, replications=2)).tables["events"]
    others = run_scenario(scenario, RunOptions(events=True, replications=1, seed=4)).tables["events"]
    logs = [frame.drop(columns="replication").reset_index(drop=True) for _, frame in events.groupby("replication")]
    logs.append(others.drop(columns="replication"))
    assert not logs[0].equals(logs[1])
    assert not logs[0].equals(logs[2])


# --- conservation -----------------------------------------------------------------------------------------------------
def thief(twin: Twin) -> None:
    """A unit of stock is gone."""
    _add(twin, "north", "bolt", c.S_ON_HAND, -1)


def generous_miscount(twin: Twin) -> None:
    """A unit is on order that nobody ordered."""
    _add(twin, "depot", "filter", c.S_ON_ORDER, 1)


def forgotten_customer(twin: Twin) -> None:
    """The store believes that it owes a unit more."""
    _add(twin, "south", "bolt", c.S_WAITING, 1)
    _add(twin, "south", "bolt", c.S_CUSTOMERS_WAITING, 1)


def lot_that_grows(twin: Twin) -> None:
    """A unit more in a lot than on the shelf."""
    model = twin.flow.model
    points = (twin.network.stock_point(node, "filter") for node in ("depot", "south", "north"))
    layer = next(head for point in points if (head := model.state[point, c.S_LAYER_HEAD]) >= 0)
    model.layer[layer, Y_QUANTITY] += 1


def _add(twin: Twin, node: str, item: str, column: int, units: int) -> None:
    twin.flow.model.state[twin.network.stock_point(node, item), column] += units


@pytest.mark.parametrize(
    ("crime", "words"),
    [
        (thief, "item bolt at node north: stock on hand"),
        (generous_miscount, "item filter at node depot: stock on order"),
        (forgotten_customer, "item bolt at node south: units owed to customers"),
        (lot_that_grows, "stock in lots"),
    ],
)
def test_a_crime_in_the_middle_of_a_run_is_exit_code_3(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crime: Callable[[Twin], None], words: str
) -> None:
    honest = Twin.begin_measurement

    def begin(twin: Twin, time: int) -> None:
        honest(twin, time)
        if twin.replication == 1:
            crime(twin)

    monkeypatch.setattr(Twin, "begin_measurement", begin)
    arguments: list[Any] = ["run", str(file), "--out", str(tmp_path / "runs")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 3, result.output
    assert words in result.stderr
    assert "replication 1" in result.stderr
    assert "Traceback" not in result.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert [path.name for path in sorted((run / "replications").iterdir())] == ["0000"]
