"""A stock point of a warehouse or a store: what its terminal shows is what was booked."""

from collections.abc import Callable

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState, Draw
from device_emulators.measuring import whole
from device_emulators.signals import SignalType

MOST_UNITS = 1_000_000


@dataclass(frozen=True, config=STRICT)
class StockPointConfig:
    """Which items are kept, and how well they are booked."""

    items: tuple[str, ...] = Field(min_length=1, description="items, numbered from 1")
    capacity: int = Field(default=10_000, ge=1, le=MOST_UNITS, description="units of each item that there is room for")
    not_booked: float = Field(default=0.0, ge=0, le=1, description="share of issues that nobody books")


@dataclass(config=STRICT)
class StockPointState(DeviceState):
    """What is truly there of each item, and what the books say."""

    stock: list[int] = Field(default_factory=list)
    booked: list[int] = Field(default_factory=list)
    par: list[int] = Field(default_factory=list)
    issues: int = Field(default=0, ge=0)
    receipts: int = Field(default=0, ge=0)
    counts: int = Field(default=0, ge=0)


class StockPoint(Device[StockPointState]):
    """People receive and issue, and book that, or forget to; a count, written to `item_N_booked`, sets the books right.

    Words of `draw`: one per issue, where `not_booked` is not 0.
    """

    def __init__(self, name: str, config: StockPointConfig, draw: Draw | None = None) -> None:
        n = len(config.items)
        super().__init__(name, StockPointState(stock=[0] * n, booked=[0] * n, par=[0] * n), draw)
        self.config = config
        numbers: tuple[tuple[str, str, Callable[[], int]], ...] = (
            ("receipts", "receipts booked so far", lambda: self._state.receipts),
            ("issues", "issues booked so far", lambda: self._state.issues),
            ("counts", "counts booked so far", lambda: self._state.counts),
            ("below_par", "items with less than their par level", self._below_par),
        )
        for signal, description, read in numbers:
            self._declare(signal, SignalType.INT, "", description, low=0, read=read)
        for index in range(n):
            self._declare_item(index)

    def _declare_item(self, index: int) -> None:
        prefix, capacity = f"item_{index + 1}_", self.config.capacity
        self._declare(prefix + "name", SignalType.TEXT, "", "the item", read=lambda: self.config.items[index])
        self._declare(
            prefix + "booked",
            SignalType.INT,
            "units",
            "units there by the books; written after a count",
            low=0,
            high=capacity,
            read=lambda: self._state.booked[index],
            write=lambda units: self._count(index, units),
        )
        self._declare(
            prefix + "par",
            SignalType.INT,
            "units",
            "units there should be",
            low=0,
            high=capacity,
            read=lambda: self._state.par[index],
            write=lambda units: self._set_par(index, units),
        )

    def stock(self, item: int) -> int:
        """Units of an item, numbered from 1, that are truly there."""
        return self._state.stock[self._index(item)]

    def receive(self, item: int, units: int) -> int:
        """Units come in, as many as there is room for, and are booked; returns how many."""
        index, state = self._index(item), self._state
        received = min(whole(units), self.config.capacity - state.stock[index])
        state.stock[index] += received
        state.booked[index] = min(state.booked[index] + received, self.config.capacity)
        state.receipts += 1
        self._note("received", f"item {item}", received)
        return received

    def issue(self, item: int, units: int) -> int:
        """Units are taken, as many as there are, and booked, if nobody forgets; returns how many."""
        index, state = self._index(item), self._state
        issued = min(whole(units), state.stock[index])
        state.stock[index] -= issued
        forgotten = self.config.not_booked > 0 and self._word() < self.config.not_booked
        if not forgotten:
            state.booked[index] = max(state.booked[index] - issued, 0)
            state.issues += 1
        self._note("issued, not booked" if forgotten else "issued", f"item {item}", issued)
        return issued

    def lose(self, item: int, units: int) -> int:
        """Units vanish, as far as there are any, and nobody knows; returns how many."""
        index = self._index(item)
        lost = min(whole(units), self._state.stock[index])
        self._state.stock[index] -= lost
        self._note("lost", f"item {item}", lost)
        return lost

    def _below_par(self) -> int:
        return sum(booked < par for booked, par in zip(self._state.booked, self._state.par, strict=True))

    def _count(self, index: int, units: int) -> None:
        self._state.booked[index] = units
        self._state.counts += 1
        self._note("counted", f"item {index + 1}", units)

    def _set_par(self, index: int, units: int) -> None:
        self._state.par[index] = units
        self._note("par set", f"item {index + 1}", units)

    def _index(self, item: int) -> int:
        if not 1 <= item <= len(self.config.items):
            raise ValueError(f"{self.name} has no item {item}; expected 1 to {len(self.config.items)}")
        return item - 1

    def _problem(self, state: StockPointState) -> str:
        n = len(self.config.items)
        for values in (state.stock, state.booked, state.par):
            if len(values) != n:
                return f"stock, booked and par must each have {n} entries"
            if any(not 0 <= units <= self.config.capacity for units in values):
                return f"units must be from 0 to {self.config.capacity}"
        return ""
