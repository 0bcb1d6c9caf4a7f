"""What comes to stock from outside the model: the books close, and simulated demand stays out where people are real."""

import pytest

from mro_twin import load_scenario
from sim import columns as c
from sim.engine import Twin
from sim.network import Int64Array, Network
from sim.outside import GatedDemand, OutsideBooks, OutsideError
from sim.record.conservation import check_conservation
from sim.record.records import Recorder, Records, Traces
from sim.run.simulation import network_of
from tests.bridge_samples import bench

DAY = 86_400_000


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(load_scenario(bench()))


def opened(network: Network) -> Twin:
    twin = Twin(network, 1, 0, Recorder(network, 1, 0, None, True))
    twin.open()
    return twin


def closed(twin: Twin, opening: object) -> Records:
    horizon = twin.network.horizon_ms
    twin.advance_to(horizon - 1)
    records = twin.close(opening, Traces.empty(horizon // DAY))  # type: ignore[arg-type]
    check_conservation(records)
    return records


def test_draws_losses_and_finds_are_in_the_books(network: Network) -> None:
    twin = opened(network)
    opening = twin.levels()
    books = OutsideBooks(twin)
    glove, drill = books.places("vending")
    (coolant,) = books.places("tank")
    assert (glove.item, drill.item, coolant.item) == ("glove", "drill", "coolant")
    twin.advance_to(DAY)
    for place, units in ((glove, 3), (drill, 2), (coolant, 110)):
        before = books.on_hand(place.point)
        books.draw(place.point, units, DAY + 1)
        assert books.on_hand(place.point) == before - units
    twin.advance_to(DAY + 1)
    assert twin.flow.model.state[coolant.point, c.S_ON_ORDER] > 0
    books.miss(drill.point, 4, DAY + 2)
    books.find(drill.point, 3, DAY + 2)
    books.find(glove.point, 5, DAY + 2)
    twin.advance_to(DAY + 2)
    recorded = twin.flow.model.state[:, c.S_RECORDED]
    assert (recorded == twin.flow.model.state[:, c.S_ON_HAND])[[glove.point, drill.point, coolant.point]].all()
    records = closed(twin, opening)
    assert records.usage_sums is not None
    usage = records.usage_sums.usage
    assert usage[drill.point, c.U_WRONG] == 4
    assert usage[drill.point, c.U_PUT_BACK] == 3
    assert usage[coolant.point, c.U_PERSON] == 110


def test_what_cannot_be_is_refused_and_changes_nothing(network: Network) -> None:
    twin = opened(network)
    books = OutsideBooks(twin)
    glove = books.places("vending")[0].point
    maker = network.stock_point("maker", "glove")
    twin.advance_to(1000)
    before = twin.flow.model.state.copy()
    for refused, message in (
        (lambda: books.draw(glove, 21, 1001), "cannot be drawn"),
        (lambda: books.miss(glove, 21, 1001), "cannot be missing"),
        (lambda: books.draw(glove, 0, 1001), "expected 1 to"),
        (lambda: books.find(glove, 10**7, 1001), "expected 1 to"),
        (lambda: books.find(maker, 1, 1001), "only what a device holds"),
        (lambda: books.places("nowhere"), "no node"),
        (lambda: books.places("works"), "holds no item"),
    ):
        with pytest.raises(OutsideError, match=message):
            refused()
    assert (twin.flow.model.state[:, c.S_ON_HAND] == before[:, c.S_ON_HAND]).all()


def lines_at(records: Records, point: int) -> int:
    return int(records.summary.total[point, c.T_DEMAND_LINES])


def test_gated_demand_stays_out_and_comes_back(network: Network) -> None:
    def run(gated_from: int, gated_to: int) -> Int64Array:
        twin = opened(network)
        opening = twin.levels()
        gate = GatedDemand(twin)
        points = frozenset(place.point for place in OutsideBooks(twin).places("vending"))
        twin.advance_to(gated_from)
        gate.gate(points, gated_from)
        twin.advance_to(gated_to)
        gate.gate(frozenset(), gated_to)
        return closed(twin, opening).summary.total[:, c.T_DEMAND_LINES].copy()

    vending = [network.stock_point("vending", item) for item in ("glove", "drill")]
    shelf = network.stock_point("shelf", "glove")
    free, half, shut = run(0, 0), run(2 * DAY, 6 * DAY), run(0, 10 * DAY - 1)
    assert free[shelf] == half[shelf] == shut[shelf] > 0
    for point in vending:
        assert 0 == shut[point] < half[point] < free[point]
