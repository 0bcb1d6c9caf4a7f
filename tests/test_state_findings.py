"""Whatever is wrong with a saved state is said: which file and row, and what would be right. Never a traceback."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine import run_to_horizon
from sim.record.conservation import check_conservation
from sim.scenario.findings import ScenarioError
from sim.state.front import check_state, load_state, read_state
from tests.test_state import PLAIN_TABLES, busy, copy, everything, instant_of

__all__ = ["busy"]  # the fixture

Table = list[list[str]]


@pytest.fixture
def state(busy: Path, tmp_path: Path) -> Path:
    """A state of CSV tables that may be spoilt."""
    return copy(busy, tmp_path / "state")


def read(path: Path) -> Table:
    return [line.split(",") for line in path.read_text().splitlines()]


def write(path: Path, table: Table) -> None:
    path.write_text("".join(",".join(cells) + "\n" for cells in table))


def findings_of(state: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_state(everything(), state)
    return str(caught.value)


def cell(table: str, column: str, text: str, row: int = 1) -> Callable[[Path], None]:
    """Spoil one cell; row 1 is the first below the header."""

    def change(state: Path) -> None:
        rows = read(state / f"{table}.csv")
        rows[row][rows[0].index(column)] = text
        write(state / f"{table}.csv", rows)

    return change


def meta(**values: object) -> Callable[[Path], None]:
    def change(state: Path) -> None:
        data = json.loads((state / "state.json").read_text())
        (state / "state.json").write_text(json.dumps(data | values))

    return change


def twice(table: str) -> Callable[[Path], None]:
    """The first row is there once more."""

    def change(state: Path) -> None:
        rows = read(state / f"{table}.csv")
        write(state / f"{table}.csv", [*rows[:2], *rows[1:]])

    return change


def without_column(table: str, column: str) -> Callable[[Path], None]:
    def change(state: Path) -> None:
        rows = read(state / f"{table}.csv")
        place = rows[0].index(column)
        write(state / f"{table}.csv", [cells[:place] + cells[place + 1 :] for cells in rows])

    return change


def renamed(old: str, new: str) -> Callable[[Path], None]:
    return lambda state: (state / old).rename(state / new) and None


def text(name: str, content: str) -> Callable[[Path], None]:
    return lambda state: (state / name).write_text(content) and None


SPOILT: list[tuple[Callable[[Path], None], str]] = [
    (cell("stock", "node", "nodd-1"), "stock.csv:2: node: there is no node `nodd-1` (did you mean `node-1`"),
    (cell("stock", "item", "item-9", 2), "stock.csv:3: item: there is no item `item-9`"),
    (cell("stock", "on_hand", "-4"), "stock.csv:2: on_hand: -4 is negative"),
    (cell("stock", "on_hand", "many"), "`many` is not a whole number from 0"),
    (cell("stock", "on_hand", "2.5"), "`2.5` is not a whole number from 0"),
    (cell("stock", "on_hand", "nan"), "`nan` is not a usable value"),
    (cell("stock", "on_hand", "1" + "0" * 30), "is too large"),
    (cell("stock", "on_hand", ""), "stock.csv:2: on_hand: the cell is empty"),
    (cell("stock", "on_hand", "77"), "item-0 at node-0 add up to"),
    (cell("stock", "node", "node-3"), "a supplier holds nothing"),
    (cell("stock", "unit", "0.1 kg"), "quantities of this item are counted in each"),
    (cell("stock", "owner", "3"), "belongs to the network itself"),
    (twice("stock"), "stock.csv:3: item: this node and item is there twice"),
    (without_column("stock", "on_hand"), "the column `on_hand` is missing"),
    (renamed("stock.csv", "stok.csv"), "a state has no table `stok` (did you mean `stock`?)"),
    (lambda state: (state / "lanes.csv").unlink(), "the table `lanes` is missing (add lanes.parquet or lanes.csv)"),
    (lambda state: (state / "state.json").unlink(), "belongs to a saved state, and there is no state.json"),
    (text("state.json", "{"), "this is not readable JSON"),
    (text("state.json", "[1]"), "state.json"),
    (meta(seed="7"), "state.json: seed: input should be a valid integer"),
    (meta(colour="red"), "state.json: colour: extra inputs are not permitted"),
    (meta(format=9), "state.json: format"),
    (meta(scenario="other"), "this is a state of the scenario `other`, not of `small`"),
    (meta(time_ms=10**12), "the scenario ends at 864000000 ms"),
    (meta(drawn_to_ms=5), "drawn up to an instant before"),
    (meta(next_order=1), "this number has not been given out yet (see next_order"),
    (meta(next_trip=0), "this trip has not begun yet"),
    (text("stock.parquet", "PAR1"), "the table `stock` is there twice"),
    (text("vehicles.csv", "route,vehicle\nroute-2\n"), "1 cells in a table of 2 columns"),
    (cell("waiting", "ordering_node", "node-3"), "a supplier orders nothing"),
    (cell("waiting", "since_ms", "999999999"), "nobody waits since the future"),
    (cell("waiting", "since_ms", "soon"), "`soon` is not a ms since the start, or a date"),
    (cell("waiting", "since_ms", "2026-13-01"), "2026-13-01"),
    (cell("waiting", "quantity", "0"), "waiting.csv:2: quantity: 0 is too small"),
    (cell("in_transit", "arrives_ms", "1", -1), "this is before the instant of the state"),
    (cell("in_transit", "arrives_ms", "", -1), "either a parcel with an arrival or with a route"),
    (cell("in_transit", "dispatched_ms", "900000000", -1), "nothing leaves in the future"),
    (cell("in_transit", "help", "5"), "no such kind of help (use 0 to 4)"),
    (cell("in_transit", "parcel", "1"), "this parcel number is there twice"),
    (cell("vehicles", "vehicle", "7"), "the route has fewer vehicles"),
    (cell("vehicles", "vehicle", "1"), "this vehicle is there twice"),
    (cell("dispatchers", "route", "north"), "there is no route `north`"),
    (cell("suppliers", "node", "node-2"), "this is not a supplier"),
    (cell("lanes", "to_node", "node-2"), "the scenario has no such lane"),
    (cell("layers", "quantity", "500"), "add up to 500, and"),
    (cell("layers", "lot", "500"), "there is no such row in table lots"),
    (cell("layers", "parcel", "500"), "in_transit has no parcel of this number"),
    (cell("lots", "node", "nowhere"), "there is no node `nowhere`"),
    (cell("demand_lines", "time_ms", "5", -1), "this is before the instant of the state"),
    (cell("demand_lines", "time_ms", "863000000"), "sort by time_ms"),
    (twice("demand_sources"), "the scenario has 2 sources of demand, the table 3 rows"),
    (cell("demand_sources", "carry", "x"), "demand_sources.csv:2: carry"),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILT, ids=[words[:40] for _, words in SPOILT])
def test_what_is_wrong_is_said(state: Path, spoil: Callable[[Path], None], words: str) -> None:
    read_state(everything(), state)
    spoil(state)
    assert words in findings_of(state)


def test_everything_is_said_at_once(state: Path) -> None:
    for spoil in (cell("stock", "on_hand", "-4"), cell("lanes", "to_node", "x"), cell("lots", "quantity", "?")):
        spoil(state)
    said = findings_of(state)
    assert said.startswith("3 findings")
    assert all(name in said for name in ("stock.csv:2", "lanes.csv:2", "lots.csv:2"))


def test_where_no_state_is(tmp_path: Path) -> None:
    assert "there is no saved state here" in findings_of(tmp_path / "nowhere")
    assert "the table `stock` is missing" in findings_of(tmp_path)
    (tmp_path / "replications" / "0000").mkdir(parents=True)
    assert "the run was made without --save-state" in findings_of(tmp_path)
    (tmp_path / "replications" / "0001" / "state").mkdir(parents=True)
    assert "has saved the state of replications 0001 to 0001 only" in findings_of(tmp_path)


def test_a_later_state_cannot_be_saved_earlier(busy: Path) -> None:
    with pytest.raises(ScenarioError, match="later than the one to be saved"):
        check_state(everything(), busy, [0], instant_of(busy))


def test_another_number_of_sources_is_no_matter_under_other_demand(state: Path) -> None:
    """Other demand is drawn anew, so the sources' places do not count."""
    twice("demand_sources")(state)
    network = everything()
    read_state(replace(network, horizon_ms=network.horizon_ms + 1), state)


CELLS = (
    "",
    "0",
    "-1",
    "1",
    "3",
    "999",
    "400000000",
    "1e3",
    "node-1",
    "node-9",
    "item-0",
    "route-2",
    "x,y",
    '"',
    "2026-02-30",
)


@given(data=st.data())
def test_any_cell_may_be_spoilt(busy: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Findings, or a run whose books close: nothing else can come of it."""
    state = copy(busy, tmp_path_factory.mktemp("spoilt") / "state")
    for _ in range(data.draw(st.integers(1, 3), "cells")):
        table = data.draw(st.sampled_from(PLAIN_TABLES), "table")
        rows = read(state / f"{table.name}.csv")
        row = data.draw(st.integers(0, len(rows) - 1), "row")
        column = data.draw(st.integers(0, len(rows[row]) - 1), "column")
        rows[row][column] = data.draw(st.sampled_from(CELLS), "cell")
        write(state / f"{table.name}.csv", rows)
    try:
        twin = load_state(everything(), state)
    except ScenarioError:
        return
    check_conservation(run_to_horizon(twin, twin.levels(), traces=False))
