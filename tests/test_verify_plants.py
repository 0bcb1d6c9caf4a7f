"""What cases of plants are built from: plants added to a network of copies, and what is read of their records."""

import numpy as np
import pytest

from sim import columns as c
from sim.engine import simulate_replication
from sim.network import Distribution, Network
from sim.plant_plan import USE_EVERY, DevicePoint, Line, Machine, Plant, Use
from sim.verify.cases.machines import LINES
from sim.verify.copies import Design, Group, one_store
from sim.verify.plants import (
    DAY_MS,
    PlantCopies,
    constant_days,
    exponential_days,
    gamma_days,
    one_plant,
    points_of,
    stocked,
    with_plants,
)

pytestmark = pytest.mark.theory


def shop(copies: int = 2, level: int = 0) -> tuple[Design, Network]:
    """Copies of one item at one store; what is ordered comes after two days."""
    group = Group("part", {}, {"store": {"kind": "base_stock", "level": level}})
    design = one_store([group], copies, "2 d", days=20, warm_up_days=4)
    return design, design.network()


def every_five_days(network: Network, point: int) -> Machine:
    """A machine that wants a part after five, ten, ... days of running."""
    item = int(network.parameter[point, c.P_ITEM])
    return Machine("machine", (Use(item, USE_EVERY, 1, (point,), interval=constant_days(5.0)),))


@pytest.mark.parametrize("duration", [constant_days(2.5), exponential_days(2.5), gamma_days(2.5, 4.0)])
def test_durations_have_the_mean_that_is_asked_for(duration: Distribution) -> None:
    mean_ms = duration.a if duration.b == 0 else duration.a * duration.b
    assert mean_ms == pytest.approx(2.5 * DAY_MS)


def test_plants_get_nodes_without_stock_after_all_others() -> None:
    design, network = shop()
    points = points_of(network, design, "part")
    plants = [Plant(-1), Plant(-1)]
    grown = with_plants(network, plants, [DevicePoint(int(point), 0) for point in points[::-1]])
    assert grown.plant_plan is not None
    assert [plant.node for plant in grown.plant_plan.plants] == [network.nodes, network.nodes + 1]
    assert [device.stock_point for device in grown.plant_plan.devices] == points.tolist()
    assert grown.nodes == network.nodes + 2
    assert np.diff(grown.node_first_stock_point).tolist() == [2, 2, 0, 0]
    at_devices = grown.parameter[:, c.P_FLAGS] & c.SP_DEVICE > 0
    assert np.flatnonzero(at_devices).tolist() == points.tolist()
    assert not np.any(network.parameter[:, c.P_FLAGS] & c.SP_DEVICE), "the network itself is left alone"


def test_devices_that_inspect_are_marked() -> None:
    design, network = shop()
    first, second = points_of(network, design, "part").tolist()
    devices = [DevicePoint(first, 0, inspection=constant_days(1.0)), DevicePoint(second, 0)]
    flags = with_plants(network, [Plant(-1)], devices).parameter[:, c.P_FLAGS]
    assert flags[first] & c.SP_INSPECTED
    assert not flags[second] & c.SP_INSPECTED


def test_stock_of_some_points() -> None:
    design, network = shop(copies=3)
    points = points_of(network, design, "part")
    assert stocked(network, points[:2], 7)[points].tolist() == [7, 7, 0]


def test_stops_by_copy_on_paper() -> None:
    """Without stock each part comes two days after the machine has stopped: days 5 to 7, 12 to 14, 19 to 21."""
    design, network = shop()
    points = points_of(network, design, "part")
    on_hand = stocked(network, points[1:], 100)
    lines = [Line(f"line-{point}", (every_five_days(network, int(point)),)) for point in points]
    found = PlantCopies(simulate_replication(one_plant(network, lines, points, on_hand), 1, 0), 2)
    working, lost = found.line_times
    assert working.tolist() == [20 * DAY_MS, 20 * DAY_MS]
    assert lost / DAY_MS == pytest.approx([6.0, 0.0], abs=1e-6)
    assert found.stops(c.STOP_MISSING).tolist() == [3, 0]
    assert found.stops(c.STOP_OTHER).tolist() == [0, 0]
    assert found.stops(weight="lost_ms") / DAY_MS == pytest.approx([6.0, 0.0], abs=1e-6)


def test_a_network_without_plants_has_nothing_to_read() -> None:
    with pytest.raises(ValueError, match="no plant"):
        PlantCopies(simulate_replication(shop()[1], 1, 0), 2)


def test_the_lines_of_the_specification_are_compared() -> None:
    assert [round(line.availability, 6) for line in LINES.values()][:2] == [0.939770, 0.992543]
