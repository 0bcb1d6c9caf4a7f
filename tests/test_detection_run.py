"""Detection rules and predictive replenishment in running twins."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from policies.custom import View
from policies.detection import AbnormalUse, DetectionRule, ExpiryAhead, Leak, MissedScan, StuckSensor
from policies.predictive import Predictive
from policies.units import parse_rate
from sim import columns as c
from sim import plant_plan as pp
from sim.detection.outcomes import FALSE_ALARM, HIT, MISS
from sim.detection.plan import PlannedRule
from sim.engine import Twin, run_to_horizon
from sim.network import DEMAND_ABNORMAL, DEMAND_LOST, Lane, Network
from sim.record.records import Recorder, Records
from tests.reference_inputs import (
    DAY_MS,
    HOUR_MS,
    Draft,
    Item,
    Line,
    Point,
    PoissonSource,
    constant,
    int64,
    small_network,
)

PLANT, DEVICE, SUPPLIER = 0, 1, 2
Alarm = tuple[int, int, int]
SHIFTS = int64([(day * DAY_MS + 6 * HOUR_MS, day * DAY_MS + 22 * HOUR_MS) for day in range(2000)])


def network(
    device: dict[str, Any],
    *rules: tuple[DetectionRule, dict[str, float]],
    uses: tuple[pp.Use, ...] = (),
    counts: tuple[int, ...] = (),
    per_day: float = 1.0,
    point: dict[str, Any] | None = None,
    **draft: Any,
) -> Network:
    """A plant with one line and one device that holds one item, delivered every day; rules watch the device."""
    stocked = {"reorder_point": 999, "order_up_to": 1000, "on_hand": 1000} | (point or {})
    sketch = Draft(
        kinds=("plant", "shelf", "supplier"),
        lanes=[Lane(SUPPLIER, DEVICE, constant(12 * HOUR_MS))],
        points=[Point(DEVICE, 0, 0, mean_demand_per_day=per_day, **stocked)],
        **draft,
    )
    plain = small_network(sketch)
    machine = pp.Machine("machine", uses)
    plant = pp.Plant(PLANT, (pp.Line("line", (machine,)),), working=0, people=(("all", 3),))
    plan = pp.PlantPlan(
        plants=(plant,),
        devices=(pp.DevicePoint(0, 0, **({"persons": (0, 3)} | device)),),
        counts=(pp.Count(DEVICE, int64(counts)),) if counts else (),
        calendars=(np.minimum(SHIFTS[SHIFTS[:, 0] < sketch.horizon_ms], sketch.horizon_ms),),
        rules=tuple(
            PlannedRule(rule.kind, rule, int64([0]), {name: np.array([value]) for name, value in amount.items()})
            for rule, amount in rules
        ),
    )
    parameter = plain.parameter.copy()
    parameter[0, c.P_FLAGS] |= c.SP_DEVICE
    return replace(plain, parameter=parameter, plant_plan=plan)


def run(one: Network, seed: int = 1) -> Records:
    twin = Twin(one, seed, 0, Recorder(one, seed, 0, events=True))
    twin.open()
    return run_to_horizon(twin, twin.levels(), traces=False)


def alarms(records: Records) -> list[Alarm]:
    table = records.table("alarms")
    assert set(table["rule"].to_pylist()) <= {0}
    return list(zip(*(table[name].to_pylist() for name in ("alarm_ms", "truth_ms", "outcome")), strict=True))


def leaked_at(records: Records) -> list[int]:
    table = records.table("usage")
    return [
        at for at, kind in zip(*(table[n].to_pylist() for n in ("time_ms", "kind")), strict=True) if kind == c.U_LEAK
    ]


LEAKING = {
    "device": pp.DEVICE_TANK,
    "sensor": pp.SENSOR_LEVEL,
    "leak_every": constant(3 * DAY_MS),
    "leak_lasting": constant(2 * DAY_MS),
    "leak_rate_milli": 5000,
}
FLOW = pp.Use(0, pp.USE_FLOW, 1, (0,), rate_milli=10_000)


@pytest.mark.parametrize("response", [None, "2 h"])
def test_leaks_are_found_at_night_and_repaired(response: str | None) -> None:
    rule = Leak(rate=parse_rate("2 /h"), response=response)
    records = run(network(LEAKING, (rule, {"rate": 2.0}), uses=(FLOW,), horizon_ms=12 * DAY_MS))
    found = alarms(records)
    if response is None:  # leaks from day 3 to 5 and 8 to 10; the lines stand from 22:00 to 6:00
        assert found == [
            (3 * DAY_MS + 2 * HOUR_MS, 3 * DAY_MS, HIT),  # 10 units in the 4 hours since they stand
            (8 * DAY_MS + 2 * HOUR_MS, 8 * DAY_MS, HIT),
        ]
        assert {at // DAY_MS for at in leaked_at(records)} == {3, 4, 5, 8, 9, 10}
        return
    third = 10 * DAY_MS + HOUR_MS
    assert found == [
        (3 * DAY_MS + 2 * HOUR_MS, 3 * DAY_MS, HIT),
        (6 * DAY_MS + 23 * HOUR_MS, 6 * DAY_MS + 4 * HOUR_MS, HIT),  # begins when the lines have stood for long
        (third + 3 * HOUR_MS, third, HIT),
    ]
    ends = [at for at, after in pairwise(leaked_at(records)) if after - at > DAY_MS]
    assert ends == [3 * DAY_MS + 4 * HOUR_MS, 7 * DAY_MS + HOUR_MS]


def test_a_tank_that_does_not_leak_raises_no_alarm() -> None:
    sealed = LEAKING | {"leak_every": None}
    records = run(network(sealed, (Leak(rate=parse_rate("2 /h")), {"rate": 2.0}), uses=(FLOW,)))
    assert alarms(records) == []
    assert leaked_at(records) == []


def test_missed_scans_come_to_light_at_counts() -> None:
    lines = [Line(day * DAY_MS + 10 * HOUR_MS, DEVICE, 0, 1, DEMAND_LOST) for day in range(1, 60)]
    scan = {"sensor": pp.SENSOR_SCAN, "missed_scan": 0.3}
    counts = tuple(day * DAY_MS + 20 * HOUR_MS for day in range(2, 60, 2))
    rule = MissedScan(every="1 d")
    records = run(network(scan, (rule, {}), counts=counts, lines=lines, horizon_ms=60 * DAY_MS))
    table = records.table("events")
    columns = (table[name].to_pylist() for name in ("time_ms", "event", "quantity"))
    corrected = [at for at, event, units in zip(*columns, strict=True) if event == c.E_COUNT and units < 0]
    found = alarms(records)
    assert len(corrected) > 5
    assert [alarm for alarm, _, outcome in found if outcome == HIT] == [
        (at // DAY_MS + 1) * DAY_MS for at in corrected if at < 59 * DAY_MS
    ]
    assert {outcome for *_, outcome in found} == {HIT}


def test_a_stuck_sensor_is_found() -> None:
    lines = [Line(hour * HOUR_MS, DEVICE, 0, 1, DEMAND_LOST) for hour in range(1, 20 * 24)]
    stuck = {
        "sensor": pp.SENSOR_WEIGH,
        "stuck_every": constant(4 * DAY_MS),
        "stuck_lasting": constant(3 * DAY_MS),
    }
    rule = StuckSensor(unchanged="6 h", expected_draws=5)
    lots = {"reorder_point": 900}
    one = network(stuck, (rule, {}), lines=lines, point=lots, per_day=24, horizon_ms=20 * DAY_MS)
    assert alarms(run(one)) == [(at * DAY_MS + 6 * HOUR_MS, at * DAY_MS, HIT) for at in (4, 11, 18)]


def test_surges_are_hits_and_chance_alone_sets_off_as_many_as_the_poisson_tail() -> None:
    mean, days, deviations = 6.0, 1500, 2.0
    source = PoissonSource(DEVICE, 0, mean, DEMAND_LOST)
    rule = AbnormalUse(deviations=deviations)
    scan = {"sensor": pp.SENSOR_SCAN}
    clean = network(scan, (rule, {}), poisson=[source], per_day=mean, horizon_ms=days * DAY_MS)
    found = alarms(run(clean))
    assert {outcome for *_, outcome in found} == {FALSE_ALARM}
    limit = math.floor(mean + deviations * math.sqrt(mean))
    tail = 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(limit + 1))
    raised = tail * (1 - tail) * days  # an alarm is raised on a high day that follows one that is not
    assert abs(len(found) - raised) < 2.576 * math.sqrt(raised)
    surge = source._replace(per_day=0.05, flags=DEMAND_LOST | DEMAND_ABNORMAL)
    surging = network(
        scan, (AbnormalUse(deviations=4), {}), poisson=[source, surge], per_day=mean, horizon_ms=200 * DAY_MS
    )
    large = replace(surging.demand, size_a=np.where(surging.demand.flags & DEMAND_ABNORMAL, 30.0, 1.0))
    keys = large.stream.copy()
    keys[1] += np.uint64(1)
    outcomes = [outcome for *_, outcome in alarms(run(replace(surging, demand=replace(large, stream=keys))))]
    assert outcomes.count(HIT) > 3
    assert MISS not in outcomes


def test_expiry_is_foretold() -> None:
    shelf = {"sensor": pp.SENSOR_SCAN, "blocks_expired": True}
    rule = ExpiryAhead(ahead="5 d")
    lots = [Item(lots="fefo", shelf_life_ms=20 * DAY_MS)]
    few = {"reorder_point": 5, "order_up_to": 20, "on_hand": 20}
    records = run(network(shelf, (rule, {}), items=lots, point=few, per_day=0.5, horizon_ms=25 * DAY_MS))
    assert alarms(records)[0] == (15 * DAY_MS, 20 * DAY_MS, HIT)


# --- remaining life ---------------------------------------------------------------------------------------------------


class Spy(Predictive):
    """Keeps what it was shown."""

    kind: Any = "test_spy"

    def decide(self, view: View) -> np.ndarray[Any, Any]:
        seen.append(view)
        return super().decide(view)


seen: list[View] = []


def test_a_policy_sees_the_age_of_parts_in_running_time() -> None:
    seen.clear()
    wear = pp.Use(
        0,
        pp.USE_WEAR,
        1,
        (0,),
        shape=50.0,
        scale_ms=100.0 * HOUR_MS,
        temperature=pp.TEMPERATURE_Q10,
        temperature_a=2.0,
        reference_c=20.0,
        offset_c=10.0,
    )
    every = pp.Use(0, pp.USE_EVERY, 3, (0,), interval=constant(40 * HOUR_MS))
    one = network(
        {"sensor": pp.SENSOR_SCAN}, uses=(wear, every, FLOW), horizon_ms=10 * DAY_MS,
        point={"reorder_point": -1, "order_up_to": 0, "on_hand": 500, "decider": 0, "periodic": True},
        deciders=[Spy()], review_ms={DEVICE: [2 * DAY_MS, 4 * DAY_MS]},
    )  # fmt: skip
    run(one)
    two, four = (view.remaining_life for view in seen)
    assert two is not None
    assert four is not None
    assert two.age_ms.tolist() == [32 * HOUR_MS, 32 * HOUR_MS, 32 * HOUR_MS]
    assert two.left_ms[1] == 8 * HOUR_MS
    assert two.interval_ms.tolist() == [0, 40 * HOUR_MS, 0]
    assert two.acceleration[0] == pytest.approx(2.0)  # ten degrees warmer
    assert two.next_acceleration[0] == pytest.approx(2.0)
    assert two.running_ms_per_day.tolist() == [16 * HOUR_MS] * 3
    assert two.rate_per_ms.tolist() == pytest.approx([0, 0, 10 / HOUR_MS])
    assert 0 < four.age_ms[0] < 20 * HOUR_MS  # changed after about 50 running hours
    assert four.age_ms[1] == 24 * HOUR_MS
    assert four.left_ms[1] == 16 * HOUR_MS


def test_predictive_replenishment_keeps_its_service_with_less_stock_than_a_fixed_level() -> None:
    wear = pp.Use(0, pp.USE_WEAR, 1, (0,), shape=8.0, scale_ms=200.0 * HOUR_MS)
    days = 600
    reviews = {DEVICE: [day * DAY_MS for day in range(days)]}

    def held(**point: Any) -> tuple[float, float]:
        one = network(
            {"sensor": pp.SENSOR_SCAN}, uses=(wear,), horizon_ms=days * DAY_MS, per_day=16 / 188,
            point={"on_hand": 1, "periodic": True} | point, deciders=[Predictive(service=0.97, look_ahead=0)],
            review_ms=reviews,
        )  # fmt: skip
        records = run(one)
        total = records.summary.total[0]
        mean = records.summary.area[0, c.A_ON_HAND] / (days * DAY_MS)
        return total[c.T_LINES_AT_ONCE] / total[c.T_DEMAND_LINES], mean

    service, stock = held(reorder_point=-1, order_up_to=0, decider=0)
    fixed_service, fixed_stock = held(reorder_point=0, order_up_to=1)
    assert service >= 0.9
    assert fixed_service >= 0.9
    assert stock < 0.6 * fixed_stock
