"""What policies may know of the machines that use an item: ages of parts, planned running hours, temperature.

A use belongs to its home, the first stock point at which its machine looks.
"""

from typing import TYPE_CHECKING, Final

import numpy as np

from policies.remaining_life import RemainingLife
from sim.lead_times import mean_ms
from sim.network import Float64Array, Int64Array
from sim.plant import model as q
from sim.plant import step
from sim.plant_plan import USE_EVERY, USE_FLOW, USE_WEAR, PlantPlan
from sim.week import DAY_MS

if TYPE_CHECKING:
    from sim.plant.plants import Plants

_PER_HOUR_MILLI: Final = 3.6e9  # a rate of one thousandth per hour in units per ms


class MachineLives:
    """Makes the remaining lives of a running twin's machine parts; what does not change is worked out once."""

    def __init__(self, plants: "Plants") -> None:
        use = plants.model.use
        self._plants = plants
        self._home: Int64Array = plants.model.use_point[use[:, q.V_FIRST_POINT]]
        self._line: Int64Array = plants.model.machine[use[:, q.V_MACHINE], q.A_LINE]
        self._interval_ms = _mean_intervals_ms(plants.plan)
        self._running_ms_per_day = _running_ms_per_day(plants.plan, plants.twin.network.horizon_ms)[self._line]

    def of(self, points: Int64Array, time: int) -> RemainingLife | None:
        """Of the machines whose home is one of these stock points (ascending); None if there are no such."""
        mine = np.flatnonzero(np.isin(self._home, points))
        if mine.size == 0:
            return None
        model = self._plants.model
        use, figure = model.use[mine], model.figure[mine]
        times = self._plants.line_times(time)
        running = (times[:, 0] - times[:, 1])[self._line[mine]]
        kind = use[:, q.V_KIND]
        wears = kind == USE_WEAR
        owed = (use[:, q.V_STATE] & q.USE_OPEN) != 0  # what it waits for counts as waiting, and it is new then
        age = np.where(owed, 0, running - use[:, q.V_NEW_AT])
        interval = self._interval_ms[mine]
        now = np.empty(len(model.use))
        step.accelerations(self._plants.model.address, time, now)
        return RemainingLife(
            item=np.searchsorted(points, self._home[mine]),
            quantity=use[:, q.V_QUANTITY].copy(),
            running_ms_per_day=self._running_ms_per_day[mine],
            age_ms=age.astype(np.float64),
            shape=np.where(wears, figure[:, q.Y_SHAPE], 0.0),
            scale_ms=figure[:, q.Y_SCALE_MS].copy(),
            acceleration=np.where(owed, now[mine], figure[:, q.Y_ACCELERATION]),
            next_acceleration=now[mine],
            interval_ms=np.where(kind == USE_EVERY, interval, 0.0),
            left_ms=np.where(owed, interval, use[:, q.V_DUE] - running),
            rate_per_ms=np.where(kind == USE_FLOW, use[:, q.V_RATE] / _PER_HOUR_MILLI, 0.0),
        )


def _mean_intervals_ms(plan: PlantPlan) -> Float64Array:
    """Mean running time between planned uses, in the order of the uses; 0 for those of other kinds."""
    uses = (use for plant in plan.plants for line in plant.lines for machine in line.machines for use in machine.uses)
    return np.array([0.0 if use.interval is None else max(mean_ms(use.interval), 1.0) for use in uses])


def _running_ms_per_day(plan: PlantPlan, horizon_ms: int) -> Float64Array:
    """Planned running time of each line per day, on average over the run."""
    per_day = [
        DAY_MS * float(np.diff(plan.calendars[plant.working], axis=1).sum()) / horizon_ms
        if plant.working >= 0
        else float(DAY_MS)
        for plant in plan.plants
        for _ in plant.lines
    ]
    return np.array(per_day)
