"""Designs one notch smaller than another: what has to be worse for a design to be recommended."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sim.size.design import Design, Task, design, in_layout
from sim.size.slots import NoLayoutError
from sim.units import MS_PER_DAY

NOTCHES: Final = 40
_HALVINGS: Final = 7
_MOST_ROUNDS: Final = 40


@dataclass(frozen=True)
class Neighbour:
    """A design one notch smaller than another, and in what: `grease 148 -> 144.3 kg`, `one shelf less`."""

    what: str
    design: Design


def neighbours(task: Task, one: Design) -> Iterator[Neighbour]:
    """Every design one notch smaller: a level lower by a notch, one device less, the next longer interval.

    A lower level leaves the devices as they are. With one device less the levels are lowered, all of its kind in
    proportion, until they fit; where nothing fits it is left out.
    """
    for item, level in enumerate(one.levels):
        lower = level - notch(level)
        if level > 0:
            levels = [*one.levels[:item], lower, *one.levels[item + 1 :]]
            yield Neighbour(_lowered(task, item, level, lower), in_layout(task, one.interval_ms, levels, one.layout))
    for name in one.layout.devices:
        fewer = with_one_less(task, one, name)
        if fewer is not None:
            yield Neighbour(f"one {name} less", fewer)
    longer = [interval for interval in sorted(task.visits.intervals) if interval > one.interval_ms]
    for interval_ms in longer[:1]:
        days = interval_ms / MS_PER_DAY
        yield Neighbour(f"visits every {days:g} d", in_layout(task, interval_ms, one.levels, one.layout))


def _lowered(task: Task, item: int, level: int, lower: int) -> str:
    """`grease 266.4 -> 259.8 kg`: levels in natural units, as everywhere else."""
    use = task.items[item]
    before, after = (f"{float(one * use.unit.resolution):,.6g}" for one in (level, lower))
    return f"{use.item} {before} -> {after}{'' if use.unit.name == 'each' else f' {use.unit.name}'}"


def notch(level: int) -> int:
    """Units by which a level is lowered to be one notch smaller: a fortieth of it, at least one unit."""
    return max(1, round(level / NOTCHES))


def with_one_less(task: Task, one: Design, name: str) -> Design | None:
    """The design with one device of a kind less and the highest levels that fit then; None where nothing fits."""
    count = one.layout.devices[name] - 1
    kinds = {
        other: kind.model_copy(update={"most": min(kind.most, one.layout.devices.get(other, 0))})
        for other, kind in task.kinds.items()
        if one.layout.devices.get(other, 0) - (other == name) > 0
    }
    if count:
        kinds[name] = kinds[name].model_copy(update={"most": count})
    members = {item for item, kind in enumerate(one.layout.kind_of) if kind == name}
    best: Design | None = None
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        levels = [int(level * share) if item in members else level for item, level in enumerate(one.levels)]
        try:
            best, low = design(task, one.interval_ms, levels, kinds), share
        except NoLayoutError:
            high = share
    return best


def improved(task: Task, one: Design) -> Design:
    """The design made smaller notch by notch as long as that is cheaper and good enough; each time the cheapest one.

    The interval between visits stays. When it ends, every design one notch smaller is dearer or not good enough, by the
    formulas.
    """
    for _ in range(_MOST_ROUNDS):
        smaller = [
            other.design
            for other in neighbours(task, one)
            if other.design.interval_ms == one.interval_ms
            and other.design.costs.total < one.costs.total
            and other.design.good_enough(task.promise)
        ]
        if not smaller:
            break
        one = min(smaller, key=lambda other: other.costs.total)
    return one
