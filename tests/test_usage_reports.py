"""Usage and reports where a contract covers stock without a device: by hand, in many chunks, from a saved state."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim import columns as c
from sim.engine import simulate_replication
from sim.errors import ConservationError
from sim.network import DEMAND_LOST, Lane, Network
from sim.record.conservation import check_conservation
from sim.record.layouts import USAGE_TABLES
from sim.record.records import Recorder, Records
from tests.engine_log import run_engine
from tests.reference_inputs import HOUR_MS, Draft, Item, Line, Point, PoissonSource, constant, small_network
from tests.reference_model import simulate_reference
from tests.rule_examples_plant import PLANT_EXAMPLES
from tests.state_runs import go_on, save_at
from tests.test_against_reference import REPORTS, USAGE, assert_same, rows

H = HOUR_MS
STORE, DEPOT, SUPPLIER = range(3)
STORE_LOTS, STORE_PLAIN, DEPOT_LOTS, DEPOT_PLAIN = range(4)  # stock points


def chain(*lines: Line, billed: tuple[int, ...] = (STORE,), **changes: object) -> Draft:
    """A store with two items, one of them lot-tracked, its depot an hour away, and a supplier five hours from that."""
    points = [
        Point(STORE, 0, 0, reorder_point=1, order_up_to=4, on_hand=2),
        Point(STORE, 1, 0, reorder_point=1, order_up_to=4, on_hand=2),
        Point(DEPOT, 0, 1, reorder_point=1, order_up_to=6, on_hand=1, age_ms=9 * H),
        Point(DEPOT, 1, 1, reorder_point=1, order_up_to=6, on_hand=9),
    ]
    draft = Draft(
        kinds=["store", "warehouse", "supplier"],
        lanes=[Lane(DEPOT, STORE, constant(H)), Lane(SUPPLIER, DEPOT, constant(5 * H))],
        points=[replace(point, billed=point.node in billed) for point in points],
        items=[Item(lots="fifo"), Item()],
        lines=lines,
        horizon_ms=24 * H,
    )
    return replace(draft, **changes)  # type: ignore[arg-type]


def test_what_a_covered_store_issues_is_used_and_booked_row_by_row() -> None:
    """Lots one by one; what was short is told at once, and what is served later is used and booked then."""
    draft = chain(Line(1 * H, STORE, 0, 1), Line(3 * H, STORE, 0, 4), Line(4 * H, STORE, 1, 3, DEMAND_LOST))
    network = small_network(draft)
    engine, reference = run_engine(network, 1, 0), simulate_reference(network)
    # the store has 1 of lot 0 left; the depot sends whole orders: its 1 of lot 1 with 2 of lot 2, which came at 5 h
    nobody = (-1, -1, -1)
    assert rows(engine.records, "usage", USAGE) == [
        (1 * H, STORE_LOTS, 0, 1, c.U_ISSUED, *nobody, 0),
        (3 * H, STORE_LOTS, 0, 1, c.U_ISSUED, *nobody, 1),
        (4 * H, STORE_PLAIN, -1, 2, c.U_ISSUED, *nobody, 2),
        (6 * H, STORE_LOTS, 1, 1, c.U_ISSUED, *nobody, 1),
        (6 * H, STORE_LOTS, 2, 2, c.U_ISSUED, *nobody, 1),
    ]
    assert rows(engine.records, "reports", REPORTS) == [
        (1 * H, 1 * H, STORE_LOTS, 1, c.R_BOOKED, 0),
        (3 * H, 3 * H, STORE_LOTS, 1, c.R_BOOKED, 1),
        (3 * H, 3 * H, STORE_LOTS, 3, c.R_SHORT, 1),
        (4 * H, 4 * H, STORE_PLAIN, 2, c.R_BOOKED, 2),
        (4 * H, 4 * H, STORE_PLAIN, 1, c.R_SHORT, 2),
        (6 * H, 6 * H, STORE_LOTS, 3, c.R_BOOKED, 1),
    ]
    assert_same(network, engine, reference)


def test_what_covered_places_send_on_is_no_use() -> None:
    """The depot gives to the store only: no rows of its own, though it is covered."""
    network = small_network(chain(Line(1 * H, STORE, 1, 1), billed=(DEPOT,)))
    records = simulate_replication(network, 1, 0)
    assert not rows(records, "usage", USAGE)
    assert not rows(records, "reports", REPORTS)
    assert records.table("shipments").num_rows


def test_nothing_is_written_where_no_contract_is(tmp_path: Path) -> None:
    network = small_network(chain(Line(1 * H, STORE, 0, 1), billed=()))
    records = simulate_replication(network, 1, 0, folder=tmp_path)
    assert records.usage_sums is None
    assert not [one.name for one in USAGE_TABLES if (tmp_path / f"{one.name}.parquet").exists()]


def busy() -> Network:
    """A covered store with more lines than a chunk has rows, and waiting customers."""
    draft = chain(
        poisson=[PoissonSource(STORE, 0, 40.0, 0, 0.5), PoissonSource(STORE, 1, 40.0, 0, 0.5)],
        horizon_ms=24 * H * 300,
    )
    levels = {STORE: (1, 30), DEPOT: (50, 400)}
    points = [replace(p, reorder_point=levels[p.node][0], order_up_to=levels[p.node][1]) for p in draft.points]
    return small_network(replace(draft, points=points))


@pytest.fixture(scope="module")
def busy_records() -> Records:
    return simulate_replication(busy(), 1, 0)


def test_many_rows_come_in_many_chunks_and_none_is_lost(busy_records: Records) -> None:
    """Summed from the rows, the tables are what the engine says was issued and was short."""
    total = busy_records.summary.total
    usage, reports = (busy_records.table(name).to_pandas() for name in ("usage", "reports"))
    assert len(usage) > 1 << 14
    assert set(usage["kind"]) == {c.U_ISSUED}
    assert (usage["time_ms"].diff().dropna() >= 0).all()
    for point in (STORE_LOTS, STORE_PLAIN):
        here = reports[reports["stock_point"] == point].groupby("kind")["quantity"].sum()
        assert usage.loc[usage["stock_point"] == point, "quantity"].sum() == total[point, c.T_UNITS_ISSUED]
        assert here[c.R_BOOKED] == total[point, c.T_UNITS_ISSUED]
        assert here[c.R_SHORT] == total[point, c.T_DEMAND_UNITS] - total[point, c.T_UNITS_AT_ONCE]
        assert here[c.R_SHORT] > 0
        assert total[point, c.T_WAIT_UNITS] > 0


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (c.T_UNITS_ISSUED, "units issued by the usage log"),
        (c.T_UNITS_ISSUED, "units taken off the record by the reports"),
        (c.T_UNITS_AT_ONCE, "units not given at once by the reports"),
    ],
)
def test_totals_that_are_not_those_of_the_rows_are_found(busy_records: Records, column: int, words: str) -> None:
    total = busy_records.summary.total.copy()
    total[STORE_PLAIN, column] += 1
    with pytest.raises(ConservationError) as caught:
        check_conservation(replace(busy_records, summary=replace(busy_records.summary, total=total)))
    assert any(f"item item-1 at node node-0: {words}" in str(one) for one in caught.value.breaks)


def test_a_row_of_the_wrong_lot_is_found_at_a_covered_store() -> None:
    network = small_network(chain(Line(1 * H, STORE, 0, 1)))
    records = simulate_replication(network, 1, 0)
    check_conservation(records)
    wrong = Recorder(network, 1, 0)
    for name in ("orders", "shipments", "transfers", "lots", "usage", "reports"):
        table = {**wrong.plant_tables, "orders": wrong.orders, "shipments": wrong.shipments}
        buffer = (table | {"transfers": wrong.transfers, "lots": wrong.lots})[name]
        for row in records.table(name).to_pylist():
            changed = row | ({"lot": 1} if name == "usage" else {})
            buffer.append(*changed.values())
    with pytest.raises(ConservationError) as caught:
        check_conservation(wrong.finish(records.summary))
    assert [str(one).split(": ")[1] for one in caught.value.breaks] == ["lot 0", "lot 1"]


def test_a_run_from_a_saved_state_has_the_same_rows_from_there_on(busy_records: Records, tmp_path: Path) -> None:
    network, instant = busy(), 200 * 24 * H
    save_at(network, 1, 0, instant, tmp_path)
    rest = go_on(network, tmp_path)
    for table, names in (("usage", USAGE), ("reports", REPORTS)):
        later = [row for row in rows(busy_records, table, names) if row[0] >= instant]
        assert later
        assert rows(rest, table, names) == later


def test_rows_of_devices_do_not_depend_on_the_flag() -> None:
    """At a device the flag says nothing: what it reports is the record anyway."""
    example = next(one for one in PLANT_EXAMPLES if one.name.startswith("a clock that is fast"))
    network = example.draft.network
    flagged = replace(network, parameter=network.parameter.copy())
    flagged.parameter[:, c.P_FLAGS] |= np.where(network.parameter[:, c.P_FLAGS] & c.SP_DEVICE, c.SP_BILLED, 0)
    ours, others = simulate_replication(network, 1, 0), simulate_replication(flagged, 1, 0)
    assert rows(ours, "reports", REPORTS) == rows(others, "reports", REPORTS)
    assert rows(ours, "usage", USAGE) == rows(others, "usage", USAGE)
