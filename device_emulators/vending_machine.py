"""A vending machine: slots of items, one unit per turn, and what a turn may come to."""

from collections.abc import Callable
from typing import Final

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState, Draw
from device_emulators.measuring import whole
from device_emulators.signals import RefusedError, SignalType

VEND_WELL: Final = 0
VEND_JAM: Final = 1
VEND_FAIL: Final = 2
VEND_WRONG: Final = 3

NOTHING: Final = -1
RESULTS: Final = ("none", "vended", "refunded", "jammed")


def turn_outcome(word: float, jam: float, fail: float, wrong: float) -> int:
    """What one turn comes to, VEND_*: nothing moves any more, nothing falls, another item falls, or all is well.

    `word` is a uniform number in [0, 1); `jam`, `fail` and `wrong` are shares of turns, cumulated in this order.
    """
    if word < jam:
        return VEND_JAM
    if word < jam + fail:
        return VEND_FAIL
    if word < jam + fail + wrong:
        return VEND_WRONG
    return VEND_WELL


@dataclass(frozen=True, config=STRICT)
class Slot:
    """A place for one item."""

    item: str = Field(min_length=1, description="the item it holds")
    capacity: int = Field(ge=1, description="units it holds")


@dataclass(frozen=True, config=STRICT)
class VendingMachineConfig:
    """Slots, and what goes wrong."""

    slots: tuple[Slot, ...] = Field(min_length=1, description="numbered from 1")
    jam: float = Field(default=0.0, ge=0, le=1, description="share of turns at which the slot jams")
    fail: float = Field(default=0.0, ge=0, le=1, description="share of turns at which nothing falls")
    refund: float = Field(default=1.0, ge=0, le=1, description="share of failed turns that the machine notices")
    wrong: float = Field(default=0.0, ge=0, le=1, description="share of turns at which another item falls")
    turn_ms: int = Field(default=0, ge=0, description="how long a turn takes")

    def __post_init__(self) -> None:
        if self.jam + self.fail + self.wrong > 1.0:
            raise ValueError("jam, fail and wrong are shares of turns: together at most 1")


@dataclass(config=STRICT)
class VendingMachineState(DeviceState):
    """What is truly in the slots, and what the machine believes."""

    stock: list[int] = Field(default_factory=list)
    counted: list[int] = Field(default_factory=list)
    par: list[int] = Field(default_factory=list)
    jammed: list[bool] = Field(default_factory=list)
    turning: int = NOTHING  # index of the slot
    turn_ends_ms: int = 0
    turns: int = Field(default=0, ge=0)
    refunds: int = Field(default=0, ge=0)
    result: str = RESULTS[0]


class VendingMachine(Device[VendingMachineState]):
    """Gives one unit per turn, and believes what it has counted: it cannot look into its slots.

    A turn is begun by writing `slot_N_vend` and is over `turn_ms` later, at the next `advance`; one that takes no time
    is over at once. Words of `draw`: two per turn, for its outcome and for whether a failure is noticed.
    """

    def __init__(self, name: str, config: VendingMachineConfig, draw: Draw) -> None:
        slots = len(config.slots)
        capacities = [slot.capacity for slot in config.slots]
        state = VendingMachineState(stock=[0] * slots, counted=[0] * slots, par=capacities, jammed=[False] * slots)
        super().__init__(name, state, draw)
        self.config = config
        self._declare("busy", SignalType.BOOL, "", "a turn is going on", read=lambda: self._state.turning != NOTHING)
        self._declare("turns", SignalType.INT, "", "turns so far", low=0, read=lambda: self._state.turns)
        self._declare(
            "refunds",
            SignalType.INT,
            "",
            "turns given back because nothing fell",
            low=0,
            read=lambda: self._state.refunds,
        )
        self._declare(
            "result",
            SignalType.TEXT,
            "",
            "what the last turn came to, as the machine believes",
            choices=RESULTS,
            read=lambda: self._state.result,
        )
        for index in range(slots):
            self._declare_slot(index)

    def _declare_slot(self, index: int) -> None:
        slot, prefix = self.config.slots[index], f"slot_{index + 1}_"
        self._declare(prefix + "item", SignalType.TEXT, "", "item of the slot", read=lambda: slot.item)
        self._declare_units(
            index, "count", "units the machine believes to be there; written after a count", lambda: self._state.counted
        )
        self._declare_units(index, "par", "units it is to be refilled to", lambda: self._state.par)
        self._declare(
            prefix + "jammed", SignalType.BOOL, "", "the slot is jammed", read=lambda: self._state.jammed[index]
        )
        self._command(prefix + "vend", "give one unit", lambda: self._begin_turn(index))
        self._command(prefix + "reset", "the jam is cleared", lambda: self._reset(index))

    def _declare_units(self, index: int, name: str, description: str, values: Callable[[], list[int]]) -> None:
        """A number of units of a slot that can be read and written."""
        self._declare(
            f"slot_{index + 1}_{name}",
            SignalType.INT,
            "units",
            description,
            low=0,
            high=self.config.slots[index].capacity,
            read=lambda: values()[index],
            write=lambda units: self._set(name, values(), index, units),
        )

    def stock(self, slot: int) -> int:
        """Units truly in a slot, numbered from 1."""
        return self._state.stock[self._index(slot)]

    def fill(self, slot: int, units: int) -> int:
        """Units are put into a slot, as many as there is room for, and the machine is told; returns how many."""
        index, state = self._index(slot), self._state
        capacity = self.config.slots[index].capacity
        filled = min(whole(units), capacity - state.stock[index])
        state.stock[index] += filled
        state.counted[index] = min(state.counted[index] + filled, capacity)
        self._note("filled", f"slot {slot}", filled)
        return filled

    def next_time(self) -> int | None:
        return None if self._state.turning == NOTHING else self._state.turn_ends_ms

    def _index(self, slot: int) -> int:
        if not 1 <= slot <= len(self.config.slots):
            raise ValueError(f"{self.name} has no slot {slot}; expected 1 to {len(self.config.slots)}")
        return slot - 1

    def _set(self, name: str, values: list[int], index: int, units: int) -> None:
        values[index] = units
        self._note(f"{name} set", f"slot {index + 1}", units)

    def _reset(self, index: int) -> None:
        if self._state.jammed[index]:
            self._state.jammed[index] = False
            self._note("jam cleared", f"slot {index + 1}")

    def _begin_turn(self, index: int) -> None:
        state = self._state
        if state.turning != NOTHING:
            raise RefusedError(f"{self.name} is busy until {state.turn_ends_ms} ms")
        if state.jammed[index]:
            raise RefusedError(f"slot {index + 1} of {self.name} is jammed")
        if not state.counted[index]:
            raise RefusedError(f"slot {index + 1} of {self.name} is empty")
        state.turning, state.turn_ends_ms = index, self.now_ms + self.config.turn_ms
        if not self.config.turn_ms:
            self._wake()

    def _wake(self) -> None:
        """The turn is over."""
        state, config = self._state, self.config
        index, state.turning = state.turning, NOTHING
        outcome = turn_outcome(self._word(), config.jam, config.fail, config.wrong)
        noticed = self._word() < config.refund
        state.turns += 1
        neighbour = self._neighbour(index) if outcome == VEND_WRONG else NOTHING
        if outcome == VEND_JAM:
            state.jammed[index], state.result = True, "jammed"
            self._note("jammed", f"slot {index + 1}")
        elif neighbour != NOTHING:
            self._give(index, neighbour, "wrong item")
        elif outcome != VEND_FAIL and state.stock[index]:
            self._give(index, index, "vended")
        else:
            self._nothing_falls(index, noticed)

    def _neighbour(self, index: int) -> int:
        """The next slot of another item that has something, NOTHING if none."""
        slots = len(self.config.slots)
        for step in range(1, slots):
            other = (index + step) % slots
            if self._state.stock[other] and self.config.slots[other].item != self.config.slots[index].item:
                return other
        return NOTHING

    def _give(self, asked: int, given: int, what: str) -> None:
        self._state.stock[given] -= 1
        self._book(asked)
        self._note(what, f"slot {given + 1}", self._state.stock[given])

    def _book(self, index: int) -> None:
        """The machine believes that it has vended; somebody may have set its count to 0 while it turned."""
        self._state.counted[index] = max(self._state.counted[index] - 1, 0)
        self._state.result = "vended"

    def _nothing_falls(self, index: int, noticed: bool) -> None:
        state = self._state
        if noticed:
            state.refunds += 1
            state.result = "refunded"
        else:
            self._book(index)
        self._note("nothing fell", f"slot {index + 1}", "refunded" if noticed else "not noticed")

    def _problem(self, state: VendingMachineState) -> str:
        slots = len(self.config.slots)
        if any(len(values) != slots for values in (state.stock, state.counted, state.par, state.jammed)):
            return f"stock, counted, par and jammed must each have {slots} entries"
        for values in (state.stock, state.counted, state.par):
            if any(not 0 <= units <= slot.capacity for units, slot in zip(values, self.config.slots, strict=True)):
                return "units of a slot must be from 0 to its capacity"
        if not NOTHING <= state.turning < slots or state.result not in RESULTS:
            return "turning must be the index of a slot or -1, and result one of " + ", ".join(RESULTS)
        return ""
