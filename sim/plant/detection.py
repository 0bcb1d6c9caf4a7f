"""Detection rules in a running twin: what they read of it, when, and where their alarms go."""

from typing import TYPE_CHECKING

import numpy as np

from sim import columns as c
from sim.detection.plan import PlannedRule
from sim.detection.process import Detection
from sim.detection.surges import surge_lines
from sim.flow.model import LOT_EXPIRES_MS, NONE
from sim.flow.runner import layers_in_place
from sim.network import Int64Array
from sim.plant import model as q
from sim.plant import step

if TYPE_CHECKING:
    from sim.plant.plants import Plants


class Sight:
    """Both views of a twin with plants, see sim/detection/sight.py; nothing is written to."""

    def __init__(self, plants: "Plants") -> None:
        self._plants = plants
        self._surges: tuple[Int64Array, Int64Array] | None = None

    # --- what the platform is told ------------------------------------------------------------------------------------

    def recorded(self) -> Int64Array:
        return self._plants.twin.flow.model.state[:, c.S_RECORDED]

    def reported_use(self) -> Int64Array:
        return self._plants.model.point[:, q.Q_TOLD]

    def last_reading(self) -> Int64Array:
        return self._plants.model.point[:, q.Q_READ]

    def counted(self) -> Int64Array:
        return self._plants.model.point[:, q.Q_CORRECTED]

    def running_ms(self, time: int) -> Int64Array:
        times = self._plants.line_times(time)
        ran: Int64Array = times[:, 0] - times[:, 1]
        return ran

    def layers(self) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array]:
        flow = self._plants.twin.flow.model
        point, lot, quantity = layers_in_place(flow.address).T
        return point, lot, flow.lot[lot, LOT_EXPIRES_MS], quantity

    # --- what is true -------------------------------------------------------------------------------------------------

    def on_hand(self) -> Int64Array:
        return self._plants.twin.flow.model.state[:, c.S_ON_HAND]

    def leaking_since(self, time: int) -> Int64Array:
        point = self._plants.model.point
        leaks = (point[:, q.Q_LEAK_FROM] <= time) & (time < point[:, q.Q_LEAK_TO])
        return np.where(leaks, point[:, q.Q_LEAK_FROM], NONE)

    def stuck_since(self, time: int) -> Int64Array:
        since = np.empty(len(self._plants.model.point), np.int64)
        step.stuck_since(self._plants.twin.flow.model.address, self._plants.model.address, time, since)
        return since

    def unscanned(self) -> Int64Array:
        return self._plants.model.difference[:, c.D_MISSED_SCAN]

    def missed_scans(self) -> Int64Array:
        return self._plants.model.count[:, c.N_MISSED_SCANS]

    def expired(self) -> Int64Array:
        return self._plants.model.count[:, c.N_EXPIRED]

    def expired_on_shelf(self, time: int) -> Int64Array:
        point, _, expires, quantity = self.layers()
        units = np.zeros(len(self._plants.model.point), np.int64)
        np.add.at(units, point, np.where(expires <= time, quantity, 0))
        return units

    def surges(self) -> tuple[Int64Array, Int64Array]:
        if self._surges is None:
            twin = self._plants.twin
            self._surges = surge_lines(twin.network, twin.seed, twin.replication)
        return self._surges


def detection_of(plants: "Plants", rules: tuple[PlannedRule, ...]) -> Detection:
    """The detection of a twin with plants; its alarms go to the table `alarms`."""
    sight = Sight(plants)

    def write(rule: int, *columns: Int64Array) -> None:
        plants.twin.recorder.plant_tables["alarms"].extend(rule, *columns)

    return Detection(plants.twin.network, rules, sight, sight, write, plants.end_leak)
