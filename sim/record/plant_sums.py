"""Usage, reports, stops and alarms of plants, summed chunk by chunk while they are recorded.

Stops and alarms are few. Networks without plants have no such sums, and pay nothing.
"""

from typing import Any, Final

import numpy as np

from sim.network import Int64Array, Network
from sim.record.plant_stops import StopRows
from sim.record.usage_sums import UsageSums

ALARM_HITS: Final = 0
ALARM_FALSE: Final = 1
ALARM_MISSES: Final = 2
ALARM_DELAY_MS: Final = 3  # of the hits, from the truth's beginning to the alarm; 0 where the alarm came first
ALARM_COLUMNS: Final = 4


class PlantTableSums(UsageSums):
    """Sums of the plant tables of one replication, those of usage and reports among them.

    Attributes:
        alarms: (P, ALARM_COLUMNS) over [warm_up, horizon), by the time of the alarm (of misses: of the truth).
        rule_alarms: (rules, ALARM_COLUMNS) the same by rule.
        stops: the stops of machines.
    """

    def __init__(self, network: Network, start_ms: int) -> None:
        assert network.plant_plan is not None
        super().__init__(network, start_ms)
        self.alarms: Int64Array = np.zeros((network.stock_points, ALARM_COLUMNS), np.int64)
        self.rule_alarms: Int64Array = np.zeros((len(network.plant_plan.rules), ALARM_COLUMNS), np.int64)
        self.stops = StopRows(network, start_ms)

    def add_alarms(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the alarms table."""
        rule, stock_point, alarm_ms, truth_ms, outcome = columns
        rows = np.where(alarm_ms >= 0, alarm_ms, truth_ms) >= self.network.warm_up_ms
        rule, stock_point, outcome = rule[rows], stock_point[rows], outcome[rows]
        hit = outcome == ALARM_HITS
        delay = np.maximum(alarm_ms[rows] - truth_ms[rows], 0)[hit]
        for place, sums in ((stock_point, self.alarms), (rule, self.rule_alarms)):
            np.add.at(sums, (place, outcome), 1)
            np.add.at(sums[:, ALARM_DELAY_MS], place[hit], delay)
