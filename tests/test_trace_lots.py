"""Every unit of every lot is found exactly once: on random histories played unit by unit, and on random networks."""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from sim.network import Network
from sim.trace import story as s
from sim.trace.books import NOT_FROM_SHELF, LotBooks, lot_books
from sim.trace.front import open_trace
from sim.trace.story import LotStory, lot_story
from tests.lot_histories import History, histories
from tests.plant_inputs import PlantDraft
from tests.random_networks import drafts
from tests.random_plants import Kinds, plant_drafts
from tests.reference_inputs import Draft, small_network
from tests.test_explain_random import run_directory


def names(point: int) -> tuple[str, str]:
    return "item", f"node-{point}"


def told(books: LotBooks, row: int) -> LotStory:
    return lot_story(books, row, lambda order, point, received_ms: -1)


def found(story: LotStory) -> Counter[tuple[str, int, int]]:
    return Counter({(one.what, one.point, one.source): one.quantity for one in story.ends})


@settings(max_examples=150, deadline=None)
@given(history=histories())
def test_every_unit_of_a_history_is_found_once(history: History) -> None:
    books = lot_books(history.records())
    assert books.breaks(names) == []
    for lot, truth in history.ends().items():
        story = told(books, lot)
        assert {end: units for end, units in found(story).items() if units} == {e: u for e, u in truth.items() if u}
        assert sum(one.quantity for one in story.ends) == story.quantity


@settings(max_examples=100, deadline=None)
@given(history=histories(late=True))
def test_records_that_begin_late_say_what_is_gone_before(history: History) -> None:
    """All units that the records know end where they should; the others are told as gone before."""
    books = lot_books(history.records())
    assert books.breaks(names) == []
    for lot, truth in history.ends().items():
        story = told(books, lot)
        assert sum(one.quantity for one in story.ends) == story.quantity
        for end, units in found(story).items():
            # a loan from before that has not ended is gone with the rest of what the records do not know
            assert end[0] == s.BEFORE or units == truth[end] or (end[0] == s.ON_LOAN and 0 < units < truth[end])


@settings(max_examples=150, deadline=None)
@given(history=histories(), data=st.data())
def test_a_unit_more_or_less_anywhere_is_noticed(history: History, data: st.DataObject) -> None:
    tables = [name for name in ("lots", "transfers", "usage", "lot_layers") if history.rows.get(name)]
    assume(tables)
    records = history.records()
    table = getattr(records, data.draw(st.sampled_from(tables)))
    row = data.draw(st.integers(0, len(table["quantity"]) - 1))
    assume(table is not records.usage or table["kind"][row] not in NOT_FROM_SHELF)  # it may as well still be on loan
    table["quantity"][row] += data.draw(st.sampled_from((-1, 1)))
    assert lot_books(records).breaks(names)


def test_lots_of_one_stock_point_cannot_stand_in_for_each_other() -> None:
    """The device's stock is right in all, but a draw is booked on the wrong lot."""
    history = History()
    history.lot_comes(0, 5)
    history.lot_comes(0, 5)
    history.levels(0)
    history.rows["lot_layers"].clear()
    history.leaves(0, 3, 0)
    history.levels(1)
    records = history.records()
    records.usage["lot"][0] = 1
    words = [str(one) for one in lot_books(records).breaks(names)]
    assert words == [
        "item item at node node-0: stock of lot 0 should be 5 and is 2",
        "item item at node node-0: stock of lot 1 should be 2 and is 5",
    ]


# Without shrinking: a failing network is small already, and each step of it is a whole run directory.
@settings(
    max_examples=15,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(draft=drafts(chance=True))
def test_every_unit_of_a_random_network_is_found_once(draft: Draft) -> None:
    """Through the engine: trucks, parcels, pools and lots; what lots end as is what the state says at the end."""
    _trace_all(small_network(draft))


@settings(
    max_examples=15,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(draft=plant_drafts(Kinds()))
def test_every_unit_of_random_plants_is_found_once(draft: PlantDraft) -> None:
    """Devices, people, machines, loans, leaks, inspection: the usage log accounts for all that leaves a device."""
    network = draft.network
    assume(_drawn_by_own_people(network))
    _trace_all(network)


def _drawn_by_own_people(network: Network) -> bool:
    """Whether those who may draw from a device are people of its plant: where others may, no limit is kept."""
    plan = network.plant_plan
    assert plan is not None
    ends = np.cumsum([0, *(sum(number for _, number in plant.people) for plant in plan.plants)])
    return all(
        one.plant < 0 or (ends[one.plant] <= one.persons[0] and sum(one.persons) <= ends[one.plant + 1])
        for one in plan.devices
        if one.limit
    )


def _trace_all(network: Network) -> None:
    if not network.item_lots.any():
        return
    with tempfile.TemporaryDirectory() as folder:
        run_directory(network, Path(folder))
        trace = open_trace(Path(folder))
        shelves = np.zeros(network.stock_points, np.int64)
        for line in trace.lots():
            story = trace.lot(str(line.lot))
            assert sum(one.quantity for one in story.ends) == story.quantity == line.quantity
            assert all(one.quantity > 0 or one.what == "put back" for one in story.ends)
            for end in story.ends:
                if end.what == s.ON_SHELF:
                    shelves[end.point] += end.quantity
        layers = trace.records.lot_layers
        lying = (layers["closing"] == 1) & (layers["source"] < 0)
        assert shelves.sum() == layers["quantity"][lying].sum()


def test_a_history_in_which_everything_happens() -> None:
    """Each kind of end, worked out by hand."""
    history = History()
    history.lot_comes(0, 30, from_outside=False)
    history.levels(0)
    history.now = 1000
    for kind in (0, 1, 2, 3, 4, 4, 4, 4, 7, 8):
        history.leaves(0, 1, kind)
    for kind in (5, 10, 11):
        history.loan_ends(0, 1, kind)
    history.is_put_back(0, 1)
    history.sent(0, 2, 4)
    history.arrives(0, 2, 3)
    history.leaves(2, 2, 0)
    history.rejected(1, 2)
    history.levels(1)
    books = lot_books(history.records())
    assert books.breaks(names) == []
    story = told(books, 0)
    assert [(one.what, one.point, one.quantity) for one in story.ends] == [
        ("drawn by a person", 0, 1),
        ("drawn for a machine", 0, 1),
        ("given to a person who had waited", 0, 1),
        ("taken by mistake", 0, 1),
        ("put back", 0, -1),
        ("expired, taken off", 0, 1),
        ("leaked", 0, 1),
        ("lost on loan", 0, 1),
        ("worn out on loan", 0, 1),
        ("on loan at the end", 0, 1),
        ("issued to customers", 2, 2),
        ("on the shelf at the end", 0, 18),
        ("on the shelf at the end", 2, 1),
        ("under way at the end", 2, 1),
    ]
    assert [(one.what, one.quantity) for one in told(books, 1).ends] == [("rejected by inspection", 2)]
