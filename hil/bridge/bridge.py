"""The twin in a run by the wall's clock, with nodes that are simulated, emulated, or real devices."""

import asyncio
import errno
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from device_emulators.faces.host import RING, ShownMs, as_lived
from hil.bindings.connection import BackOff
from hil.bindings.modbus_clients import ModbusClients
from hil.bridge.adjustments import Ledger
from hil.bridge.clock import PacedClock
from hil.bridge.diary import Diary, ModeSwitch
from hil.bridge.emulated import EmulatedNode
from hil.bridge.followers import followed_hosts, make_follower
from hil.bridge.hardware import HardwareDevice
from hil.bridge.link import POLL_S, Binding, open_links
from hil.bridge.node_devices import NodeDevice, make_devices
from hil.bridge.pacing import BOUND_MS, Pacer
from hil.bridge.shown import ShownDevices
from hil.bridge.tallies import node_books
from sim.engine import Twin
from sim.outside import GatedDemand, OutsideBooks, OutsideError, Place
from sim.record.conservation import check_conservation
from sim.record.records import Levels, Records, Traces

_DAY_MS: Final = 86_400_000
_LAST_READING_S: Final = 1.0


class Mode(StrEnum):
    """Who holds the truth about a node's stock, and what is done about it."""

    SIMULATED = "simulated"
    EMULATED = "emulated"
    HARDWARE = "hardware"


class SwitchError(ValueError):
    """A node cannot be switched like that; the message says why and what would do."""


@dataclass
class _Node:
    places: tuple[Place, ...]
    diary: Diary
    mode: Mode = Mode.SIMULATED
    binding: Binding | None = None
    emulated: ShownDevices | None = None
    real: list[HardwareDevice] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)


class Bridge:
    """Runs an opened twin by a clock. Make it inside the event loop, `run` it, switch nodes meanwhile, then `close`."""

    def __init__(
        self,
        twin: Twin,
        clock: PacedClock,
        *,
        journal: int = RING,
        bound_ms: float = BOUND_MS,
        poll_s: float = POLL_S,
        back_off: BackOff | None = None,
        shown_ms: ShownMs = as_lived,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`journal`: changes that emulated devices keep. `bound_ms`: of lateness, p99. `poll_s`: how often a real
        device over Modbus is asked; `back_off`: after a device has not answered. `shown_ms`: what the clocks of
        emulated devices show at an instant of the twin. `say`: tells people what becomes of real devices."""
        self.twin = twin
        self.clock = clock
        self.opening: Levels = twin.levels()
        self.ledger = Ledger(OutsideBooks(twin))
        self.pacer = Pacer(self, clock, start_ms=twin.start.time_ms, bound_ms=bound_ms, after=self._after)
        self._gate = GatedDemand(twin)
        self._nodes: dict[str, _Node] = {}
        self._journal, self._poll_s, self._shown_ms = journal, poll_s, shown_ms
        self._modbus = ModbusClients(back_off)
        self._say = say
        self._records: Records | None = None
        self._failed: list[BaseException] = []
        self._switching = asyncio.Lock()

    # --- running ----------------------------------------------------------------------------------------------------

    async def run(self, end_ms: int | None = None) -> None:
        """Until an instant of the twin (its horizon at the latest), or `stop`; what a node's task raises ends it."""
        horizon = self.twin.network.horizon_ms
        try:
            await self.pacer.run(horizon if end_ms is None else min(end_ms, horizon))
        finally:
            await self._end_tasks(node for node in self._nodes.values())
        if self._failed:
            raise self._failed[0]

    def stop(self) -> None:
        """Let `run` end soon."""
        self.pacer.stop()

    def set_rate(self, rate: float) -> None:
        """Let time go at another rate from now on. ValueError: no such rate."""
        self.clock.set_rate(rate)
        self.pacer.wake()

    def close(self) -> Records:
        """After `run`: the records up to where it came. ConservationError when the books do not close."""
        for node in self._nodes.values():
            if node.emulated is not None:
                node.emulated.close()
        twin, end = self.twin, self.pacer.done_ms + 1
        if end < twin.network.horizon_ms:
            twin.network = replace(twin.network, horizon_ms=end)
            twin.recorder.network = twin.network
        twin.advance_to(end - 1)
        records = twin.close(self.opening, Traces.empty(-(-end // _DAY_MS)))
        check_conservation(records)
        self._records = records
        return records

    # --- what the pacer drives ----------------------------------------------------------------------------------------

    def next_time(self) -> int:
        """When something happens next: in the twin, or at an emulated device by itself."""
        own = (node.emulated.next_ms() for node in self._nodes.values() if node.emulated is not None)
        return min([self.twin.next_time(), *own])

    def advance_to(self, time: int) -> None:
        """Let it happen in the twin; `_after` does the rest."""
        self.twin.advance_to(time)

    def _after(self, time_ms: int) -> None:
        for node in self._nodes.values():
            if node.mode is Mode.EMULATED and node.emulated is not None:
                node.emulated.follow(time_ms)
            for device in node.real:
                device.follow(time_ms)

    # --- modes ------------------------------------------------------------------------------------------------------

    def node(self, name: str) -> _Node:
        """What is known of a node. SwitchError: there is none, or it holds nothing."""
        if name not in self._nodes:
            try:
                shown = followed_hosts(self.twin.network, name)
                places = () if shown else self.ledger.books.places(name)
                self._nodes[name] = _Node(places, Diary(self.clock.now_ms, self._say))
            except OutsideError as error:
                raise SwitchError(str(error)) from None
        return self._nodes[name]

    def emulated_devices(self, name: str) -> tuple[NodeDevice, ...]:
        """The devices that show a node while it is emulated; faces may be opened for them at any time."""
        node = self.node(name)
        if node.emulated is None:
            node.emulated = self._emulated(name, node.places)
        return node.emulated.devices

    def _emulated(self, name: str, places: tuple[Place, ...]) -> ShownDevices:
        network, submit = self.twin.network, self.pacer.submit
        if places and network.node_kinds[network.node_names.index(name)] == "supplier":
            raise SwitchError(f"{name} is a supplier: it shows nothing")
        if places:
            devices = make_devices(network, places, self._journal, self._shown_ms)
            return EmulatedNode(devices, self.ledger, submit)
        hosts = followed_hosts(network, name, self._journal, self._shown_ms)
        return make_follower(self.twin, name, hosts, submit)

    def begin_emulated(self, name: str) -> None:
        """Before `run`: this node is emulated from the beginning. SwitchError: there is no such node."""
        self.emulated_devices(name)
        self._enter(self.node(name), Mode.EMULATED, None, [], max(self.pacer.done_ms, 0))

    async def switch(self, name: str, mode: Mode, binding: Binding | None = None) -> None:
        """Bring a node into a mode; the twin must be running. Hardware, with a binding, begins as soon as the device
        is there, see `taken`: until then the twin holds the truth.

        SwitchError: no such node, or it cannot be in that mode.
        """
        node = self.node(name)
        if (mode is Mode.HARDWARE) != (binding is not None):
            raise SwitchError(f"{name}: hardware, and nothing else, needs the URL of its device")
        if mode is Mode.EMULATED:
            self.emulated_devices(name)
        async with self._switching:
            made = [] if binding is None else self._real_devices(name, node, binding)
            await self._read_to_the_end(node)
            await self.pacer.submit(lambda time_ms: self._enter(node, mode, binding, made, time_ms))
            node.tasks = [asyncio.create_task(device.run()) for device in made]
            for task in node.tasks:
                task.add_done_callback(self._ended)

    async def taken(self, name: str) -> None:
        """Until a node's devices hold the truth."""
        for device in self.node(name).real:
            await device.ready.wait()

    def _enter(
        self, node: _Node, mode: Mode, binding: Binding | None, made: list[HardwareDevice], time_ms: int
    ) -> None:
        """At an instant of the twin: leave the mode it is in, and begin the new one."""
        if node.mode is Mode.EMULATED and node.emulated is not None and mode is not Mode.EMULATED:
            node.emulated.end()
        for device in node.real:
            if device.ready.is_set():
                device.release(time_ms)
        node.mode, node.binding, node.real = mode, binding, made
        node.diary.switches.append(ModeSwitch(time_ms, mode, "" if binding is None else binding.url))
        node.diary.bound |= {device.name for device in made}
        self._set_gates(time_ms)
        if mode is Mode.EMULATED and node.emulated is not None:
            node.emulated.begin(time_ms)

    def _set_gates(self, time_ms: int) -> None:
        """Nobody of the model draws where people are real."""
        points = frozenset(point for node in self._nodes.values() for real in node.real for point in real.taken_points)
        if points != self._gate.gated:
            self._gate.gate(points, time_ms - 1)

    def _real_devices(self, name: str, node: _Node, binding: Binding) -> list[HardwareDevice]:
        books = self.ledger.books
        if not node.places or not all(books.in_device(place.point) for place in node.places):
            raise SwitchError(f"{name} has no device: only vending machines, shelves and tanks can be real")
        devices = make_devices(self.twin.network, node.places, 0)
        try:
            links = open_links(binding, devices, self._modbus, self._poll_s)
        except ValueError as error:
            raise SwitchError(f"{name}: {error}") from None
        except OSError as error:
            raise SwitchError(f"{name}: {error.filename}: {error.strerror}") from None
        taken = {real.link.where: other for other, one in self._nodes.items() if one is not node for real in one.real}
        if twice := [link.where for link in links if link.where in taken]:
            raise SwitchError(f"{name}: {twice[0]} is the device of {taken[twice[0]]} already")
        submit, back_off = self.pacer.submit, self._modbus.back_off
        return [
            HardwareDevice(
                device,
                link,
                self.ledger,
                submit,
                on_taken=self._set_gates,
                back_off=back_off,
                dead_band=binding.dead_band,
                diary=node.diary,
                levels=binding.levels,
            )
            for device, link in zip(devices, links, strict=True)
        ]

    async def _read_to_the_end(self, node: _Node) -> None:
        """What has happened at real devices up to now is still booked, where they are there."""
        there = [task for task, device in zip(node.tasks, node.real, strict=True) if not device.stale]
        for device in node.real:
            device.end()
        if there:
            await asyncio.wait(there, timeout=_LAST_READING_S)
        await self._end_tasks([node])

    async def _end_tasks(self, nodes: Iterable[_Node]) -> None:
        tasks = [(task, device) for node in nodes for task, device in zip(node.tasks, node.real, strict=True)]
        for task, device in tasks:
            device.end()
            task.cancel()
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed.append(error)
            self.stop()

    # --- what is told -----------------------------------------------------------------------------------------------

    async def save(self, folder: Path) -> int:
        """Write the state of now as state tables, the demand of nodes that are real included; returns its instant.
        FileExistsError: something is in the folder."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(errno.EEXIST, "is there already; name a new folder", str(folder))
        return await self.pacer.submit(lambda time_ms: self._save(folder, time_ms))

    def _save(self, folder: Path, time_ms: int) -> int:
        from sim.state.front import save_state

        gated = self._gate.gated
        self._gate.gate(frozenset(), time_ms - 1)
        try:
            save_state(self.twin, folder, time_ms)
        finally:
            self._gate.gate(gated, time_ms - 1)
        return time_ms

    def status(self) -> dict[str, Any]:
        """For people: where time is, how late, and the nodes that are not simulated or have been."""
        nodes = {
            name: {
                "mode": node.mode,
                "taken": node.mode is not Mode.HARDWARE or all(device.ready.is_set() for device in node.real),
                "url": "" if node.binding is None else node.binding.url,
                "devices": [device.status() for device in node.real],
            }
            for name, node in self._nodes.items()
        }
        return {
            "time_ms": self.clock.now_ms(),
            "rate": self.clock.rate,
            "lateness": self.pacer.lateness.as_dict(),
            "nodes": nodes,
            "adjustments": len(self.ledger.adjustments),
            "draws": len(self.ledger.draws),
        }

    def result(self) -> dict[str, Any]:
        """For a file: everything that came from outside, whether the rig was in time, and after `close` the books of
        the nodes that were more than simulated."""
        diaries = {name: node.diary for name, node in self._nodes.items() if node.diary.switches}
        never = [device for diary in diaries.values() for device in diary.never_taken]
        verdict = "rig too late" if self.pacer.lateness.too_late else "device never read" if never else "in time"
        found = {"verdict": verdict, "never_taken": never} | self.status() | self.ledger.as_dict()
        history = {name: diary.as_dict() for name, diary in diaries.items()}
        if self._records is not None:
            for name, told in history.items():
                told["books"] = node_books(self._records, self._nodes[name].places, self.ledger)
        return found | {"history": history}
