"""A node whose stock is in a real device: what changes there is booked in the twin."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from device_emulators.signals import SignalError
from hil.bindings.connection import USUAL_BACK_OFF, AnswerError, BackOff, DeviceError
from hil.bridge.adjustments import Cause, Ledger
from hil.bridge.diary import Command, Diary
from hil.bridge.levels import Level, level_of
from hil.bridge.link import DeviceLink, Seen, Told
from hil.bridge.node_devices import NodeDevice
from hil.bridge.pacing import sleep_or_woken
from sim.outside import Place

Submit = Callable[[Callable[[int], Any]], "asyncio.Future[Any]"]


@dataclass
class _Slot:
    """`shown`: units that the device showed last. `awaited`: what the twin has more, because it was delivered in the
    twin and nobody has put it in yet. `wanted`: the level that it is to be told, `told`: that it was; `refusal`: why it
    does not take it."""

    place: Place
    signal: str
    level_signal: str
    level: Level
    item_signal: str
    room: int | None
    shown: int = 0
    awaited: int = 0
    correcting: bool = False
    wanted: int | None = None
    told: int | None = None
    refusal: str = ""


class HardwareDevice:
    """One device of a node, followed from `run` on until that is cancelled; every booking is an outside write."""

    def __init__(
        self,
        device: NodeDevice,
        link: DeviceLink,
        ledger: Ledger,
        submit: Submit,
        *,
        on_taken: Callable[[int], None] | None = None,
        back_off: BackOff = USUAL_BACK_OFF,
        dead_band: int = 0,
        diary: Diary | None = None,
        levels: bool = True,
    ) -> None:
        """`dead_band`: a count that differs by no more units than this from the last one booked is noise. `levels`: it
        is told those of the node's policy."""
        self.link = link
        self.name = device.host.name
        self.stale = True
        self.ready = asyncio.Event()
        """Set while the device holds the truth; `on_taken` is called with the instant from which it does."""
        self._slots = [
            _Slot(slot.place, slot.signal, slot.level_signal, slot.level, slot.item_signal, slot.room)
            for slot in device.slots
        ]
        self._other_items: tuple[str, ...] = ()
        self._warned: set[str] = set()
        self._by_signal = {slot.signal: slot for slot in self._slots}
        self._ledger = ledger
        self._dead_band = dead_band
        self._levels = levels
        self._submit = submit
        self._on_taken = on_taken
        self._back_off = back_off
        self._diary = diary or Diary(lambda: 0)
        self._problem = ""
        self._sequence = 0
        self._woken = asyncio.Event()
        self._ending = self._over = False

    @property
    def taken_points(self) -> frozenset[int]:
        """Stock points about which the device holds the truth now."""
        return frozenset(slot.place.point for slot in self._slots) if self.ready.is_set() else frozenset()

    async def run(self) -> None:
        """Take over what the device holds, then book what changes there, until `end` or cancelled."""
        await self.link.start(self._woken.set)
        try:
            failures = 0
            while not self._ending:
                await self.link.wait_connected()
                try:
                    await self._take_up()
                    failures = 0
                    await self._go_along()
                except DeviceError as error:
                    failures += 1
                    self._lost(str(error))
                    self._woken.clear()
                    await sleep_or_woken(self._woken, self._back_off.wait_s(failures))
        finally:
            self._problem, self._over = self._why(), True
            await self.link.close()

    def _lost(self, problem: str) -> None:
        if self.ready.is_set() and not self.stale:
            self._diary.lost(self.name, self.link.problem or problem)
        elif not self.ready.is_set() and problem != self._problem:
            self._diary.say(f"{self.name}: not taken yet: {problem}")
        self.stale, self._problem = True, problem

    def end(self) -> None:
        """Read what is new once more, then let `run` end. A device that is away cannot be waited for."""
        self._ending = True
        self._woken.set()

    def follow(self, time_ms: int) -> None:
        """The twin has gone on: what it has received is awaited in the device; what else it did is taken back."""
        if not self.ready.is_set():
            return
        self._want_levels()
        for slot in self._slots:
            gap = self._on_hand(slot) - slot.shown - slot.awaited
            if gap > 0:
                slot.awaited += gap
            elif gap < 0 and not slot.correcting:
                slot.correcting = True
                self._submit(partial(self._correct, slot))

    def release(self, time_ms: int) -> None:
        """Give the truth back to the twin: what is still awaited has not come."""
        for slot in self._slots:
            if slot.awaited > 0:
                self._ledger.adjust(slot.place, -slot.awaited, Cause.NOT_PUT_IN, time_ms)
        self.ready.clear()

    def status(self) -> dict[str, Any]:
        """For people: what it showed last, and what it was told."""
        units = {slot.place.item: slot.shown for slot in self._slots}
        awaited = {slot.place.item: slot.awaited for slot in self._slots if slot.awaited}
        commands = [
            {"signal": slot.level_signal, "units": slot.wanted, "taken": slot.told == slot.wanted and not slot.refusal}
            | ({"refusal": slot.refusal} if slot.refusal else {})
            for slot in self._slots
            if slot.wanted is not None
        ]
        return {
            "device": self.name,
            "taken": self.ready.is_set(),
            "stale": self.stale,
            "problem": self._why() if self.stale else "",
            "sequence": self._sequence,
            "units": units,
            "awaited": awaited,
            "commands": commands,
            "warnings": self._warnings(),
        }

    def _warnings(self) -> list[str]:
        """What does not fit the node, and is taken as it is all the same."""
        if not self.ready.is_set():
            return []
        over = [
            f"{slot.signal} is {slot.shown}: more than the {slot.room} units of {slot.place.item}"
            f" that {slot.place.node} has room for"
            for slot in self._slots
            if slot.room is not None and slot.shown > slot.room
        ]
        return [*self._other_items, *over]

    def _warn(self) -> None:
        """Tell what is new of that."""
        now = self._warnings()
        for warning in now:
            if warning not in self._warned:
                self._diary.say(f"{self.name}: {warning}")
        self._warned = set(now)

    def _why(self) -> str:
        """Why it is not read; a link that was closed does not know any more."""
        return self._problem if self._over else self.link.problem or self._problem

    # --- reading ----------------------------------------------------------------------------------------------------

    async def _take_up(self) -> None:
        """After every new connection: what has changed meanwhile, from the journal if there is one."""
        if not self.ready.is_set():
            seen = await self.link.seen()
            await self._submit(lambda time_ms: self._hand_over(seen, time_ms))
            self._diary.taken(self.name)
            self._warn()
        else:
            await self._read(late=True)
            self._diary.back(self.name)
        self.stale, self._problem = False, ""
        for slot in self._slots:
            slot.told = None  # it may have been another one, or have forgotten it

    async def _go_along(self) -> None:
        while not self._ending:
            await self._command()
            await sleep_or_woken(self._woken, self.link.pause_s)
            self._woken.clear()
            sequence = await self.link.sequence()
            if sequence is None or sequence != self._sequence:
                await self._read(late=False)
                self._warn()

    async def _read(self, late: bool) -> None:
        told = await self.link.told(self._sequence)
        if told is None:
            seen = await self.link.seen()
            await self._submit(lambda time_ms: self._compare(seen, Cause.UNSEEN if late else None, time_ms))
            return
        whole = not told.lost and not told.restarted
        seen_now = None if whole and not late else await self.link.seen()
        await self._submit(lambda time_ms: self._replay(told, seen_now, late, time_ms))

    async def _command(self) -> None:
        """Tell it the levels that the twin decides; what it refuses is asked again when the level is another."""
        for slot in self._slots:
            wanted = slot.wanted
            if wanted is None or wanted == slot.told:
                continue
            try:
                await self.link.tell(slot.level_signal, wanted)
                slot.refusal = ""
            except (AnswerError, SignalError) as error:
                slot.refusal = str(error)
            slot.told = wanted
            self._diary.commands.append(
                Command(self._diary.now_ms(), self.name, slot.level_signal, wanted, slot.refusal)
            )

    # --- booking, each at an instant of the twin --------------------------------------------------------------------

    def _hand_over(self, seen: Seen, time_ms: int) -> None:
        for slot in self._slots:
            slot.shown = seen.units[slot.signal]
            self._ledger.adjust(slot.place, slot.shown - self._on_hand(slot), Cause.HANDOVER, time_ms)
            slot.awaited = self._on_hand(slot) - slot.shown
        self._sequence = seen.sequence
        self._other_items = tuple(
            f"{slot.item_signal} is {told!r}; the scenario has {slot.place.item} there"
            for slot in self._slots
            if (told := seen.items.get(slot.item_signal)) and told != slot.place.item
        )
        self.ready.set()
        self._want_levels()
        if self._on_taken is not None:
            self._on_taken(time_ms)

    def _replay(self, told: Told, seen: Seen | None, late: bool, time_ms: int) -> None:
        """Every change that the journal tells; then what it does not tell any more."""
        if not told.restarted:
            for change in told.changes:
                slot = self._by_signal.get(change.signal)
                if slot is not None:
                    self._change(slot, int(change.value), None, time_ms, change.time_ms, late)
            self._sequence = told.newest
        if seen is None:
            return
        if told.lost and not told.restarted:
            self._compare(seen, Cause.LOST_FROM_JOURNAL, time_ms)
        elif told.restarted or seen.sequence == told.newest:
            # a journal that tells all, and yet leaves a difference, is one of numbers that began anew unnoticed
            self._compare(seen, Cause.RESTARTED, time_ms)

    def _compare(self, seen: Seen, cause: Cause | None, time_ms: int) -> None:
        """Book what differs, for a cause; without one it was seen to happen, and what is gone was drawn."""
        for slot in self._slots:
            self._change(slot, seen.units[slot.signal], cause, time_ms)
        self._sequence = seen.sequence

    def _change(
        self,
        slot: _Slot,
        shown: int,
        cause: Cause | None,
        time_ms: int,
        device_time_ms: int | None = None,
        late: bool = False,
    ) -> None:
        if abs(shown - slot.shown) <= self._dead_band:
            return
        change, slot.shown = shown - slot.shown, shown
        if change > 0:
            put_in = min(change, max(slot.awaited, 0))
            self._ledger.adjust(slot.place, change - put_in, cause or Cause.FOUND, time_ms)
        elif change < 0 and cause is not None:
            self._ledger.adjust(slot.place, change, cause, time_ms)
        elif change < 0:
            self._ledger.draw(slot.place, -change, time_ms, device_time_ms, late)
        slot.awaited = self._on_hand(slot) - slot.shown

    def _correct(self, slot: _Slot, time_ms: int) -> None:
        slot.correcting = False
        gap = self._on_hand(slot) - slot.shown - slot.awaited
        if gap < 0 and self.ready.is_set():
            self._ledger.adjust(slot.place, -gap, Cause.MODEL, time_ms)
        slot.awaited = self._on_hand(slot) - slot.shown

    def _want_levels(self) -> None:
        """Note the levels that the node's policy has now, as far as the device can hold so many."""
        for slot in self._slots if self._levels else ():
            level = level_of(self._ledger.books, slot.place.point, slot.level) if slot.level_signal else None
            level = level if level is None or slot.room is None else min(level, slot.room)
            if level is not None and level != slot.wanted:
                slot.wanted = level
                self._woken.set()

    def _on_hand(self, slot: _Slot) -> int:
        return self._ledger.books.on_hand(slot.place.point)
