"""By which signals a device is read from outside, where all that is known is its type and how many slots it has."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from device_emulators.catalog import KINDS
from device_emulators.device import Device
from device_emulators.loan_lockers import LoanLockers, LoanLockersConfig
from device_emulators.signals import Signal
from device_emulators.stock_point import StockPoint, StockPointConfig
from device_emulators.vending_machine import Slot, VendingMachine, VendingMachineConfig

MOST_SLOTS: Final = 100
_NUMBERED: Final = re.compile(r"[a-z]+_(\d+)_")
_ANY: Final = "any"


def _no_chance() -> float:
    return 0.5


_OF_SLOTS: Final[Mapping[str, Callable[[int], Device[Any]]]] = {
    "vending_machine": lambda slots: VendingMachine(_ANY, VendingMachineConfig((Slot(_ANY, 1),) * slots), _no_chance),
    "loan_lockers": lambda slots: LoanLockers(_ANY, LoanLockersConfig((_ANY,) * slots)),
    "stock_point": lambda slots: StockPoint(_ANY, StockPointConfig((_ANY,) * slots), _no_chance),
}
"""A device of that many slots, lockers or items."""


def signals_of(kind: str, slots: int | None = None) -> Mapping[str, Signal]:
    """The signals of a device of a type, by name; `slots` (lockers, items): None, as many as a usual one has. Their
    ranges are those of some device of the type."""
    if slots is None or kind not in _OF_SLOTS:
        return KINDS[kind].usual(_ANY, _no_chance).signals
    return _OF_SLOTS[kind](slots).signals


def slots_of(kind: str, signals: Iterable[str]) -> int | None:
    """How many slots (lockers, items) a device with these signals has; None: its type has none."""
    if kind not in _OF_SLOTS:
        return None
    return max((int(found[1]) for name in signals if (found := _NUMBERED.match(name))), default=None)
