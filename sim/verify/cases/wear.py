"""Parts that wear out and are always in stock: how many a machine uses, and what heat does to that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import Float64Array
from sim.plant_plan import TEMPERATURE_ARRHENIUS, TEMPERATURE_Q10, USE_WEAR, DevicePoint, Line, Machine, Plant, Use
from sim.record.records import Records
from sim.verify.copies import Group, one_store
from sim.verify.formulas.renewal import WeibullLife, arrhenius_acceleration, q10_acceleration
from sim.verify.plants import AMPLE, DAY_MS, HOUR_MS, points_of, stocked, with_plants
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import mean_estimate
from sim.verify.sources import ARRHENIUS, COX, SMITH_LEADBETTER, VAN_T_HOFF

EARLY: Final = 15
DAYS: Final = 25
HALL_C: Final = 31.0
REFERENCE_C: Final = 20.0


@dataclass(frozen=True)
class _Part:
    life: WeibullLife
    temperature: int = 0
    temperature_a: float = 0.0
    offset_c: float = 0.0


@case("replacements", SMITH_LEADBETTER)
def replacements(effort: Effort) -> Iterator[Check]:
    """Replacements from new are the renewal function of Weibull lives, soon after the start and in the long run."""
    parts = {shape: _Part(WeibullLife(shape, 120.0)) for shape in (0.8, 3.0)}
    used = _used(effort, list(parts.values()), (EARLY, DAYS), 6000)
    for number, (shape, part) in enumerate(parts.items()):
        what = f"shape {shape:g}"
        yield Check(f"after {EARLY} d, {what}", part.life.replacements(EARLY * 24), mean_estimate(used[number, 0]))
        yield Check(f"after {DAYS} d, {what}", part.life.replacements(DAYS * 24), mean_estimate(used[number, 1]))
        line = part.life.replacements_in_the_long_run(DAYS * 24)
        yield Check(f"after {DAYS} d, {what}, by its line", line, mean_estimate(used[number, 1]), COX, information=True)


@case("replacements in the heat", VAN_T_HOFF)
def replacements_in_the_heat(effort: Effort) -> Iterator[Check]:
    """A part that ages a times as fast is replaced as often as another in a times the time."""
    life = WeibullLife(2.0, 240.0)
    parts = [_Part(life, TEMPERATURE_Q10, 2.0, 4.0), _Part(life, TEMPERATURE_ARRHENIUS, 0.6, -6.0)]
    used = _used(effort, parts, (DAYS,), 2500)
    faster = q10_acceleration(2.0, HALL_C + 4.0, REFERENCE_C)
    what = f"after {DAYS} d"
    yield Check(f"{what}, twice as fast per 10 degrees", _sped_up(life, faster), mean_estimate(used[0, 0]))
    faster = arrhenius_acceleration(0.6, HALL_C - 6.0, REFERENCE_C)
    yield Check(f"{what}, activation energy 0.6 eV", _sped_up(life, faster), mean_estimate(used[1, 0]), ARRHENIUS)


def _sped_up(life: WeibullLife, acceleration: float) -> float:
    return life.replacements(DAYS * 24 * acceleration)


def _used(effort: Effort, parts: Sequence[_Part], days: Sequence[int], full: int) -> Float64Array:
    """(part, day, machine): what each of many machines has used from new up to these days."""
    machines = effort.copies(full)
    groups = [
        Group(f"part-{number}", {}, {"store": {"kind": "base_stock", "level": 1}}) for number in range(len(parts))
    ]
    design = one_store(groups, 1, "1 d", DAYS, warm_up_days=0)
    network = design.network()
    points = np.concatenate([points_of(network, design, group.name) for group in groups])
    lines = [
        Line(
            f"line-{point}-{number}",
            (Machine("machine", (_use(part, int(network.parameter[point, c.P_ITEM]), int(point)),)),),
        )
        for part, point in zip(parts, points, strict=True)
        for number in range(machines)
    ]
    plant = Plant(-1, tuple(lines), people=(("fitters", 1),), maintenance=(0, 1), mean_c=HALL_C)
    devices = [DevicePoint(int(point), 0) for point in points]
    on_hand = stocked(network, points, AMPLE)
    records = effort.simulate(with_plants(network, [plant], devices, on_hand=on_hand))
    return _by_machine(records, len(lines), days).reshape(len(days), len(parts), machines).swapaxes(0, 1)


def _use(part: _Part, item: int, point: int) -> Use:
    return Use(
        item,
        USE_WEAR,
        1,
        (point,),
        shape=part.life.shape,
        scale_ms=part.life.scale_hours * HOUR_MS,
        temperature=part.temperature,
        temperature_a=part.temperature_a,
        reference_c=REFERENCE_C,
        offset_c=part.offset_c,
    )


def _by_machine(records: Records, machines: int, days: Sequence[int]) -> Float64Array:
    """(day, machine): units that machines have used up to then."""
    usage = records.table("usage")
    time, machine = usage["time_ms"].to_numpy(), usage["machine"].to_numpy()
    return np.array([np.bincount(machine[time < day * DAY_MS], minlength=machines) for day in days], dtype=np.float64)
