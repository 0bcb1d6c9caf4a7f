"""Detection rules on a signal in which nothing is wrong."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from policies.detection import AbnormalUse
from sim.detection.plan import PlannedRule
from sim.network import Float64Array
from sim.plant_plan import SENSOR_SCAN, DevicePoint, Plant
from sim.record.records import Records
from sim.verify.copies import Group, one_store
from sim.verify.formulas.devices import false_alarms_per_period
from sim.verify.plants import AMPLE, points_of, stocked, with_plants
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import mean_estimate
from sim.verify.sources import SHEWHART

PER_DAY: Final = 4.0
DEVIATIONS: Final = (1.0, 1.5)


@case("false alarms", SHEWHART)
def false_alarms(effort: Effort) -> Iterator[Check]:
    """Alarms of abnormal use where use is Poisson and nothing is wrong: as often as chance exceeds the limit."""
    days, warm_up_days = 600, 1
    demand = {"poisson": {"rate": f"{PER_DAY:g} /d"}, "if_short": "lost"}
    design = one_store([Group("clean", {"store": demand}, {})], effort.copies(350), "1 d", days, warm_up_days)
    network = design.network()
    points = points_of(network, design, "clean")
    rules = [AbnormalUse(kind="abnormal_use", deviations=deviations) for deviations in DEVIATIONS]
    planned = tuple(PlannedRule(f"rule-{number}", rule, points) for number, rule in enumerate(rules))
    devices = [DevicePoint(int(point), 0, sensor=SENSOR_SCAN, persons=(0, 1)) for point in points]
    plants = [Plant(-1, people=(("workers", 1),))]
    watched = with_plants(network, plants, devices, on_hand=stocked(network, points, AMPLE))
    assert watched.plant_plan is not None
    records = effort.simulate(replace(watched, plant_plan=replace(watched.plant_plan, rules=planned)))
    for number, rule in enumerate(rules):
        (limit,) = rule.limit(np.array([PER_DAY]))
        theory = false_alarms_per_period(PER_DAY, float(limit))
        alarms = _alarms(records, number, points[0], design.copies) / (days - 1)  # of whole days
        yield Check(f"per day, above mean + {DEVIATIONS[number]:g} deviations", theory, mean_estimate(alarms))


def _alarms(records: Records, rule: int, first: int, copies: int) -> Float64Array:
    """Alarms of a rule that were raised in the measured time, by copy."""
    alarms = records.table("alarms").to_pandas()
    kept = (alarms["rule"] == rule) & (alarms["alarm_ms"] > records.network.warm_up_ms)
    by_copy: Float64Array = np.bincount(alarms["stock_point"][kept].to_numpy() - first, minlength=copies).astype(
        np.float64
    )
    return by_copy
