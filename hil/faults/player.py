"""Carries a plan of faults out: tells relays, hosts and the gateway's process what is wrong with them, and when not."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from device_emulators.faces.host import Host
from device_emulators.signals import Value
from device_emulators.vending_machine import VendingMachine, VendingMachineConfig
from hil.faults.distortions import disturb, door_signal
from hil.faults.kinds import DoorOpen, FailedVend, Kill, LinkFault, Reboot, Restart, Stop
from hil.faults.plan import Planned
from hil.relays.condition import Condition, together
from hil.relays.record import Clock

EVERY_DEVICE = "*"


class Link(Protocol):
    """What a player needs of a relay."""

    async def apply(self, condition: Condition) -> None:
        """These faults hold from now on, and no others."""
        ...


class Process(Protocol):
    """A process that can be ended and started again."""

    async def stop(self) -> None:
        """Ask it to end and wait until it has; nothing when it does not run."""
        ...

    async def kill(self) -> None:
        """End it at once; nothing when it does not run."""
        ...

    async def start(self) -> None:
        """Start it; nothing when it runs."""
        ...


class _Edge(NamedTuple):
    """A fault begins or ends. Ends come before beginnings of the same instant."""

    time_ms: int
    begins: bool
    place: int
    planned: Planned


class Player:
    """Plays a plan. `apply_until` does what is due; `run` waits for each by the clock."""

    def __init__(
        self,
        plan: Sequence[Planned],
        seed: int,
        *,
        links: Mapping[str, Link],
        hosts: Mapping[str, Host],
        processes: Mapping[str, Process] = MappingProxyType({}),
        listener: Callable[[Planned, bool], None] = lambda planned, begins: None,
    ) -> None:
        """ValueError when a fault's target is not there. `listener` is told of every fault that has begun or ended."""
        self._seed = seed
        self._links = links
        self._hosts = hosts
        self._processes = processes
        self._listener = listener
        self._holding: list[Planned] = []
        self._shown: dict[tuple[int, int, str], dict[str, Value]] = {}
        self._unfailing: dict[str, VendingMachineConfig] = {}
        edges = [_Edge(one.start_ms, True, place, one) for place, one in enumerate(plan)]
        edges += [_Edge(one.end_ms, False, place, one) for place, one in enumerate(plan)]
        # what happens in an instant begins before it ends
        edges.sort(key=lambda edge: (edge.time_ms, edge.begins or edge.planned.start_ms == edge.time_ms, edge.place))
        self._edges = edges
        self._next = 0
        for planned in plan:
            self._check(planned)

    @property
    def next_ms(self) -> int | None:
        """When the next fault begins or ends; None: never."""
        return self._edges[self._next].time_ms if self._next < len(self._edges) else None

    async def apply_until(self, now_ms: int) -> None:
        """Do everything that is due by now."""
        while self.next_ms is not None and self.next_ms <= now_ms:
            edge = self._edges[self._next]
            self._next += 1
            if edge.begins:
                await self._begin(edge.planned)
            else:
                await self._end(edge.planned)
            self._listener(edge.planned, edge.begins)

    async def run(self, clock: Clock) -> None:
        """Play the whole plan; times of the plan are ms of the clock, which goes as fast as the wall's."""
        while self.next_ms is not None:
            await asyncio.sleep(max(self.next_ms - clock.now_ms(), 0) / 1000.0)
            await self.apply_until(clock.now_ms())

    # --- what is done -------------------------------------------------------------------------------------------------

    async def _begin(self, planned: Planned) -> None:
        self._holding.append(planned)
        match planned.fault:
            case LinkFault():
                await self._tell_link(planned.target)
            case Kill():
                await self._processes[planned.target].kill()
            case Stop() | Restart():
                await self._processes[planned.target].stop()
            case _:
                for host in self._meant(planned):
                    self._shown[(planned.entry, planned.repeat, host.name)] = {
                        name: host.reading(name).value for name in planned.signals if name in host.readings()
                    }
                    self._tell_host(host)

    async def _end(self, planned: Planned) -> None:
        self._holding.remove(planned)
        match planned.fault:
            case LinkFault():
                await self._tell_link(planned.target)
            case Kill() | Stop() | Restart():
                if not any((one.kind, one.target) == ("process", planned.target) for one in self._holding):
                    await self._processes[planned.target].start()
            case _:
                for host in self._meant(planned):
                    if isinstance(planned.fault, Reboot):
                        host.reboot(planned.fault.counters == "kept")
                    self._shown.pop((planned.entry, planned.repeat, host.name))
                    self._tell_host(host)

    async def _tell_link(self, name: str) -> None:
        faults = [one.fault for one in self._holding if one.kind == "link" and one.target == name]
        await self._links[name].apply(together([one.condition() for one in faults if isinstance(one, LinkFault)]))

    def _tell_host(self, host: Host) -> None:
        holding = [one for one in self._holding if one.kind == "device" and host in self._meant(one)]
        self._let_vends_fail(host, any(isinstance(one.fault, FailedVend) for one in holding))
        with_shown = [(one, self._shown.get((one.entry, one.repeat, host.name), {})) for one in holding]
        with_shown = [(self._known(one, host), shown) for one, shown in with_shown]
        host.disturbance = disturb(host, with_shown, self._seed)
        host.refresh()

    def _known(self, planned: Planned, host: Host) -> Planned:
        """The fault with those signals alone that this device shows (of a fault of all devices)."""
        return planned._replace(signals=tuple(name for name in planned.signals if name in host.readings()))

    def _let_vends_fail(self, host: Host, fail: bool) -> None:
        device = host.device
        if not isinstance(device, VendingMachine):
            return
        usual = self._unfailing.pop(host.name, device.config)
        if fail:
            self._unfailing[host.name] = usual
        device.config = replace(usual, jam=0.0, fail=1.0, wrong=0.0) if fail else usual

    def _meant(self, planned: Planned) -> list[Host]:
        if planned.target == EVERY_DEVICE:
            return list(self._hosts.values())
        return [self._hosts[planned.target]]

    def _check(self, planned: Planned) -> None:
        match planned.kind:
            case "link" if planned.target not in self._links:
                raise ValueError(f"there is no link {planned.target!r}")
            case "device" if planned.target != EVERY_DEVICE and planned.target not in self._hosts:
                raise ValueError(f"there is no device {planned.target!r}")
            case "process" if planned.target not in self._processes:
                raise ValueError(f"{planned.fault.name} needs the {planned.target}'s command line")
            case "device":
                for host in self._meant(planned):
                    self._check_device(planned, host)

    def _check_device(self, planned: Planned, host: Host) -> None:
        one = planned.target != EVERY_DEVICE
        if isinstance(planned.fault, DoorOpen):
            door_signal(host)
        if isinstance(planned.fault, FailedVend) and one and not isinstance(host.device, VendingMachine):
            raise ValueError(f"{host.name} is not a vending machine: no vend can fail")
        missing = [name for name in planned.signals if name not in host.readings()]
        if missing and one:
            raise ValueError(f"{host.name} shows no signal {missing[0]!r}")
