"""Conservation: books that close pass, and every single spoiled place is found and named."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from sim import columns as c
from sim.errors import ConservationError
from sim.record.conservation import check_conservation
from sim.record.records import Levels, Records
from tests import hand_pools as pools
from tests.hand_pools import helping_week
from tests.hand_records import DEPOT_A, STORE_A, STORE_B, SUPPLIER_A, busy_week


def test_true_books_close() -> None:
    check_conservation(busy_week().records())


@pytest.mark.parametrize(
    ("stock_point", "level", "words"),
    [
        (STORE_A, c.S_ON_HAND, "item item-0 at node node-0: stock on hand should be 9 and is 10"),
        (DEPOT_A, c.S_ON_HAND, "item item-0, whole network: stock on hand and in transit should be 48 and is 49"),
        (DEPOT_A, c.S_IN_TRANSIT, "stock in transit to it should be 0 and is 1"),
        (STORE_B, c.S_ON_ORDER, "item item-1 at node node-0: stock on order should be 0 and is 1"),
        (STORE_A, c.S_CUSTOMERS_WAITING, "units owed to customers should be 0 and is 1"),
        (DEPOT_A, c.S_WAITING, "units owed to downstream orders should be 0 and is 1"),
        (SUPPLIER_A, c.S_WAITING, "item item-0 at node node-2: units owed to downstream orders"),
    ],
)
def test_one_unit_too_many_is_found(stock_point: int, level: int, words: str) -> None:
    hand = busy_week()
    hand.spoil = {(stock_point, level): 1}
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records())
    assert words in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_forgotten_shipment_is_found() -> None:
    whole = busy_week().records()
    hand = busy_week()
    hand.shipments = [shipment for shipment in hand.shipments if shipment[0] != 1]
    forged = replace(hand.records(), summary=whole.summary)
    with pytest.raises(ConservationError, match="node node-0: stock on hand should be 3 and is 9"):
        check_conservation(forged)


def test_an_issue_more_than_counted_is_found() -> None:
    records = busy_week().records()
    records.summary.total[STORE_A, c.T_UNITS_ISSUED] += 1
    with pytest.raises(ConservationError):
        check_conservation(records)


def test_many_breaks_are_counted_but_not_all_shown() -> None:
    hand = busy_week()
    hand.spoil = {(point, level): 1 for point in range(4) for level in (c.S_ON_HAND, c.S_IN_TRANSIT, c.S_ON_ORDER)}
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records())
    assert caught.value.total == 14  # 12 levels, and 2 items
    assert "at 14 places" in str(caught.value)
    assert "and 4 more" in str(caught.value)


def test_the_error_survives_the_way_back_from_another_process() -> None:
    hand = busy_week()
    hand.spoil = {(STORE_A, c.S_ON_HAND): 1}
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records(replication=7))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.replication == 7


# --- lots -------------------------------------------------------------------------------------------------------------
def with_lots(moved: int = 6, closing: int = 9) -> Records:
    """The busy week with lots of item 0 followed at the store: opening lot 0, then lots of the depot's."""
    hand = busy_week()
    hand.network = replace(hand.network, item_lots=np.array([True, False]), parameter=hand.network.parameter.copy())
    hand.network.parameter[STORE_A, c.P_FLAGS] |= c.SP_LOTS
    hand.transfers = [(DEPOT_A, STORE_A, 1, 5, 1), (DEPOT_A, STORE_A, 1, moved, 2)]
    records = hand.records()

    def layers(levels: Levels, lot: int, quantity: int) -> Levels:
        return Levels(
            levels.state, np.array([STORE_A], np.int32), np.array([lot], np.int64), np.array([quantity], np.int64)
        )

    summary = records.summary
    opening, final = layers(summary.opening, 0, 10), layers(summary.closing, 1, closing)
    return replace(records, summary=replace(summary, opening=opening, closing=final))


def test_lots_that_add_up_pass() -> None:
    check_conservation(with_lots())


@pytest.mark.parametrize(
    ("moved", "closing", "words"),
    [
        (6, 8, "stock in lots should be 9 and is 8"),
        (5, 9, "stock in lots after all lot movements should be 8 and is 9"),
    ],
)
def test_lots_that_do_not_add_up_are_found(moved: int, closing: int, words: str) -> None:
    with pytest.raises(ConservationError, match=words):
        check_conservation(with_lots(moved, closing))


# --- pools ------------------------------------------------------------------------------------------------------------
def test_true_books_of_pools_close() -> None:
    check_conservation(helping_week().records())


def test_a_unit_that_is_not_coming_is_found() -> None:
    hand = helping_week()
    hand.spoil = {(pools.STORE_A, c.S_COMING): 1}  # one is on its way
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records())
    assert caught.value.total == 1
    words = "item item-0 at node node-0: stock coming from its pool or as an emergency should be 1 and is 2"
    assert words in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_gift_that_was_not_sent_is_found() -> None:
    """Three units ordered as a transfer, dispatched as if they had queued."""
    hand = helping_week()
    hand.shipments = [(*row[:6], -1, 0) if row[0] == 1 else row for row in hand.shipments]
    hand.spoil = {(pools.STORE_A, c.S_COMING): -3}
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records())
    assert "item item-0 at node node-1: units given to others of its pool should be 9 and is 6" in str(caught.value)
    assert "item item-0, whole network: units moved in pools should be 11 and is 8" in str(caught.value)


def test_a_gift_of_another_giver_is_found() -> None:
    hand = helping_week()
    hand.shipments = [(*row[:2], pools.DEPOT_A, *row[3:]) if row[0] == 4 else row for row in hand.shipments]
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records())
    assert "node node-1: units given to others of its pool should be 9 and is 5" in str(caught.value)
    assert "node node-2: units given to others of its pool should be 0 and is 4" in str(caught.value)


def test_a_gift_that_turned_into_another_item_is_found() -> None:
    hand = helping_week()
    hand.shipments = [(row[0], pools.STORE_B, *row[2:]) if row[0] == 4 else row for row in hand.shipments]
    with pytest.raises(ConservationError) as caught:
        check_conservation(hand.records())
    assert "item item-0, whole network: units moved in pools should be 11 and is 7" in str(caught.value)
    assert "item item-1, whole network: units moved in pools should be 0 and is 4" in str(caught.value)
