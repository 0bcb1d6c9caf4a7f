"""A plant of which a test says, instant by instant, what the platform is told and what is true."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from policies.detection import DetectionRule
from sim.detection.plan import PlannedRule
from sim.detection.process import Detection
from sim.network import Int64Array, Network
from sim.plant_plan import SENSOR_LEVEL, DevicePoint, Line, Plant, PlantPlan
from tests.hand_records import chain_network

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NEVER_EXPIRES = 1 << 62


class Script:
    """Both views of a twin; the test writes to its arrays between evaluations. One line runs when `ran_ms` grows."""

    def __init__(self, points: int) -> None:
        zeros = np.zeros((8, points), np.int64)
        self.record, self.used, self.reading, self.corrected, self.stock, self.missed, self.gone, self.stale = zeros
        self.difference = np.zeros(points, np.int64)
        self.leak = np.full(points, -1, np.int64)
        self.stuck = np.full(points, -1, np.int64)
        self.ran_ms = 0
        self.lots: list[tuple[int, int, int, int]] = []
        self.lines: list[tuple[int, int]] = []

    def recorded(self) -> Int64Array:
        return self.record

    def reported_use(self) -> Int64Array:
        return self.used

    def last_reading(self) -> Int64Array:
        return self.reading

    def counted(self) -> Int64Array:
        return self.corrected

    def running_ms(self, time: int) -> Int64Array:
        return np.array([self.ran_ms])

    def layers(self) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array]:
        point, lot, expires, quantity = np.array(self.lots, np.int64).reshape(-1, 4).T
        return point, lot, expires, quantity

    def on_hand(self) -> Int64Array:
        return self.stock

    def leaking_since(self, time: int) -> Int64Array:
        return self.leak

    def stuck_since(self, time: int) -> Int64Array:
        return self.stuck

    def unscanned(self) -> Int64Array:
        return self.difference

    def missed_scans(self) -> Int64Array:
        return self.missed

    def expired(self) -> Int64Array:
        return self.gone

    def expired_on_shelf(self, time: int) -> Int64Array:
        return self.stale

    def surges(self) -> tuple[Int64Array, Int64Array]:
        instants, points = np.array(sorted(self.lines), np.int64).reshape(-1, 2).T
        return instants, points


class Watched:
    """Rules over the stock points of a small network, whose alarms are kept as (rule, point, alarm, truth, outcome)."""

    def __init__(
        self,
        rule: DetectionRule,
        points: tuple[int, ...] = (0,),
        *,
        horizon_ms: int = 1000 * DAY_MS,
        per_day: float = 1.0,
        amount: Mapping[str, float] | None = None,
        network: Network | None = None,
        **device: Any,
    ) -> None:
        network = network or chain_network()
        plan = PlantPlan(
            plants=(Plant(0, lines=(Line("line", ()),)),),
            devices=tuple(DevicePoint(point, 0, **({"sensor": SENSOR_LEVEL} | device)) for point in points),
        )
        self.network = replace(
            network,
            plant_plan=plan,
            horizon_ms=horizon_ms,
            mean_demand_per_day=np.full(network.stock_points, per_day),
        )
        amounts = {name: np.full(len(points), value) for name, value in (amount or {}).items()}
        planned = PlannedRule(rule.kind, rule, np.array(points, np.int64), amounts)
        self.script = Script(network.stock_points)
        self.rows: list[tuple[int, ...]] = []
        self.repairs: list[tuple[int, int]] = []
        self.detection = Detection(self.network, [planned], self.script, self.script, self._write, self._repair)
        self.detection.begin(0)

    def _write(self, rule: int, *columns: Int64Array) -> None:
        self.rows += [(rule, *(int(value) for value in row)) for row in zip(*columns, strict=True)]

    def _repair(self, point: int, at: int) -> None:
        self.repairs.append((point, at))
