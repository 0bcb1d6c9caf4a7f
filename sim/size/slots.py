"""What goes into which device: the cheapest set of devices of a catalogue whose slots hold all stock levels.

A slot holds one item, so an item takes as many slots of a kind of device as its level needs; it stays within one kind.
How many devices of each kind, and which item goes into which kind, is a small integer program, solved to a thousandth
of the cost:

    minimise sum_j cost_j y_j   subject to   sum_i slots_ij x_ij <= slots_j y_j,   sum_j x_ij = 1,   y_j <= most_j

Within a kind items are laid into single devices by first fit decreasing (Johnson 1973), so that few are divided between
two devices; as slots can be filled one by one, the number of devices always suffices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Final

import numpy as np
from scipy import optimize, sparse

from sim.size.catalogue import HOLDS, DeviceKind
from sim.size.usage_table import ItemUse

NO_LIMIT: Final = 10**12
"""Units in a slot that nothing limits."""
LONGEST_SEARCH_S: Final = 2.0
"""For one layout; after that the best set of devices found so far is taken."""
_TIE: Final = 1e-6
_GAP: Final = 1e-3  # of the cost; closer, time would go into proving ties
_STOPPED: Final = 1  # status of the solver: at its time limit


@dataclass(frozen=True)
class Place:
    """Slots of an item in one device: the `number`-th (from 1) of its kind."""

    item: int
    kind: str
    number: int
    slots: int


@dataclass(frozen=True)
class Layout:
    """A set of devices with what lies in them.

    Attributes:
        devices: how many of each kind, those with none left out. places: sorted by kind, number and item.
        kind_of: (items,) kind of device of each item. room: (items,) units that go into its slots.
        cost_per_month: of the devices, in major units of currency.
    """

    devices: dict[str, int]
    places: tuple[Place, ...]
    kind_of: tuple[str, ...]
    room: tuple[int, ...]
    cost_per_month: float


class NoLayoutError(ValueError):
    """No set of devices of the catalogue holds the levels; `reasons` are sentences, one for each thing in the way."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(reasons))


def units_per_slot(item: ItemUse, kind: DeviceKind) -> int:
    """Units of an item that go into a slot; 0 when it may not lie there or one unit is too large or heavy."""
    if item.form not in HOLDS[kind.kind] or not any(fnmatchcase(item.item, pattern) for pattern in kind.items):
        return 0
    limits = [Fraction(NO_LIMIT)]
    if item.volume_ml:
        limits.append(kind.slot_volume / item.volume_ml)
    if item.weight_g and kind.slot_weight is not None:
        limits.append(kind.slot_weight / item.weight_g)
    if kind.slot_pieces is not None and item.form == "piece":
        limits.append(Fraction(kind.slot_pieces))
    return int(min(limits))


def space_cost(item: ItemUse, kinds: Mapping[str, DeviceKind]) -> float:
    """What the space of one unit costs a month in the cheapest kind of device; 0 where nothing can hold it."""
    room = {name: units_per_slot(item, kind) for name, kind in kinds.items()}
    costs = [kinds[name].cost_per_month / kinds[name].slots / units for name, units in room.items() if units]
    return min(costs, default=0.0)


def cheapest_layout(items: Sequence[ItemUse], levels: Sequence[int], kinds: Mapping[str, DeviceKind]) -> Layout:
    """The devices of least cost a month that hold the levels. NoLayoutError where none of the catalogue do."""
    names = list(kinds)
    room = np.array([[units_per_slot(item, kinds[name]) for name in names] for item in items]).reshape(len(items), -1)
    _check(items, room, kinds)
    needed = -(-np.asarray(levels, np.int64)[:, None] // np.maximum(room, 1))
    needed = np.maximum(needed, 1)  # what is offered has a slot, also with a level of 0
    chosen, counts = _solved(needed, room > 0, [kinds[name] for name in names])
    places: list[Place] = []
    for column, name in enumerate(names):
        members = np.flatnonzero(chosen == column)
        places += _laid_out(name, members.tolist(), needed[members, column].tolist(), kinds[name].slots)
    return Layout(
        {name: int(count) for name, count in zip(names, counts, strict=True) if count},
        tuple(sorted(places, key=lambda place: (place.kind, place.number, place.item))),
        tuple(names[column] for column in chosen),
        tuple(int(min(room[row, column] * needed[row, column], NO_LIMIT)) for row, column in enumerate(chosen)),
        float(sum(count * kinds[name].cost_per_month for name, count in zip(names, counts, strict=True))),
    )


def _check(items: Sequence[ItemUse], room: np.ndarray, kinds: Mapping[str, DeviceKind]) -> None:
    reasons = []
    for item, units in zip(items, room, strict=True):
        if not units.any():
            allowed = [name for name, kind in kinds.items() if item.form in HOLDS[kind.kind]]
            if not allowed:
                reasons.append(f"no device of the catalogue holds `{item.item}`, which is {_FORMS[item.form]}")
            else:
                reasons.append(f"one {item.unit} of `{item.item}` goes into no slot of {', '.join(allowed)}")
        elif (units >= NO_LIMIT).any():
            reasons.append(f"the volume of `{item.item}` is not known: give it in the usage table")
    if reasons:
        raise NoLayoutError(reasons)


_FORMS: Final = {"piece": "counted in pieces", "bulk": "a bulk good", "liquid": "a liquid"}


def _solved(needed: np.ndarray, allowed: np.ndarray, kinds: Sequence[DeviceKind]) -> tuple[np.ndarray, np.ndarray]:
    """(items,) column of each item's kind, and (kinds,) devices. Among equally cheap sets one with fewer slots used."""
    rows, columns = np.nonzero(allowed)
    pairs, count = len(rows), len(kinds)
    slots = needed[rows, columns].astype(np.float64)
    monthly = np.array([kind.cost_per_month for kind in kinds])
    scale = max(monthly.max(), 1.0)
    objective = np.concatenate([slots * _TIE * scale / slots.sum(), monthly + _TIE * scale / 10])
    once = sparse.csr_array((np.ones(pairs), (rows, np.arange(pairs))), shape=(len(needed), pairs + count))
    capacity = np.array([float(kind.slots) for kind in kinds])
    within = sparse.csr_array(
        (
            np.concatenate([slots, -capacity]),
            (np.concatenate([columns, np.arange(count)]), np.arange(pairs + count)),
        ),
        shape=(count, pairs + count),
    )
    most = np.array([float(kind.most) for kind in kinds])
    result = optimize.milp(
        objective,
        integrality=np.ones(pairs + count, np.int64),
        bounds=optimize.Bounds(0, np.concatenate([np.ones(pairs), most])),
        constraints=[optimize.LinearConstraint(once, 1, 1), optimize.LinearConstraint(within, -np.inf, 0)],
        options={"mip_rel_gap": _GAP, "time_limit": LONGEST_SEARCH_S},
    )
    if result.x is None and result.status == _STOPPED:
        raise NoLayoutError([f"no set of devices was found in {LONGEST_SEARCH_S:g} s: leave some kinds or items out"])
    if result.x is None:
        total = ", ".join(f"{kind.most} of {kind.slots} slots" for kind in kinds)
        raise NoLayoutError([f"the levels need more slots than the catalogue's devices have ({total})"])
    solution = np.round(result.x).astype(np.int64)
    chosen = np.zeros(len(needed), np.int64)
    taken = solution[:pairs] == 1
    chosen[rows[taken]] = columns[taken]
    return chosen, solution[pairs:]


def _laid_out(kind: str, items: Sequence[int], slots: Sequence[int], capacity: int) -> list[Place]:
    """Slots of single devices for the items of a kind: whole where they fit, the others divided over what is free."""
    devices = -(-sum(slots) // capacity)
    left = [capacity] * devices
    places: list[Place] = []
    divided: list[tuple[int, int]] = []
    for item, size in sorted(zip(items, slots, strict=True), key=lambda pair: (-pair[1], pair[0])):
        first = next((device for device in range(devices) if left[device] >= size), None)
        if first is None:
            divided.append((item, size))
            continue
        left[first] -= size
        places.append(Place(item, kind, first + 1, size))
    for item, size in divided:
        for device in range(devices):
            part = min(size, left[device])
            if part:
                left[device] -= part
                size -= part
                places.append(Place(item, kind, device + 1, part))
    return places
