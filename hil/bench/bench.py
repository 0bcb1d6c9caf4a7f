"""The bench: everything of an acceptance rig, in the hands of a test that is no coroutine.

It runs in a thread with a loop of its own; every method hands its work over and waits for it.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from device_emulators.device import Device
from device_emulators.signals import Value
from hil.accept.history import Report
from hil.accept.processes import RigError
from hil.accept.rig import Rig
from hil.accept.suite import Suite
from hil.accept.values import same_value
from hil.bench.devices import DeviceOfBench, EmulatedDevice, open_devices
from hil.bench.file import BenchFile
from hil.faults.kinds import read_fault
from hil.faults.model import PROCESSES
from hil.faults.plan import Planned
from hil.faults.player import Player

T = TypeVar("T")
START_S: Final = 60.0
RELATIVE: Final = 1e-6
SHOWN: Final = 10
"""Reports that are told of when the awaited one has not come."""


class NotOnBench(RuntimeError):
    """A test wants what only emulated devices, or links of the rig, can do, and these are not there."""


class BenchDeviceHandle:
    """One device, in the hands of a test."""

    def __init__(self, name: str, device: DeviceOfBench, call: "Callable[[Coroutine[Any, Any, T]], T]") -> None:
        self.name = name
        self._device = device
        self._call: Callable[[Coroutine[Any, Any, Any]], Any] = call

    def read(self, signal: str) -> Value:
        """What it shows. SignalError: nothing of that name."""
        value: Value = self._call(self._device.read(signal))
        return value

    def write(self, signal: str, value: object) -> None:
        """Tell it something, over its own protocol if it is real. SignalError, RefusedError: it will not."""
        self._call(self._device.write(signal, value))

    def act(self, action: Callable[[Device[Any]], T]) -> T:
        """Do at an emulated device what people do there. NotOnBench: it is a real one."""
        device = self._device
        if not isinstance(device, EmulatedDevice):
            raise NotOnBench(f"{self.name} is a real device: only people can act there")

        async def acting() -> T:
            return device.host.act(lambda: action(device.host.device))

        result: T = self._call(acting())
        return result


class Bench:
    """Devices, links, broker, observer and gateway of a suite, from `start` to `stop`."""

    def __init__(self, suite: Suite, folder: Path, bench: BenchFile | None = None) -> None:
        """`bench`: the devices are real ones."""
        self.suite = suite if bench is None else bench.applied(suite)
        self._links = suite.links
        self.folder = folder
        self._bench = bench
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bench", daemon=True)
        self._stack = AsyncExitStack()
        self._devices: dict[str, BenchDeviceHandle] = {}
        self._broken: set[tuple[str, str]] = set()

    def start(self) -> None:
        """Start everything. RigError, OSError, LinkError: that cannot be."""
        self._thread.start()
        try:
            self._call(self._open(), START_S)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; the gateway is asked to end first."""
        try:
            self._call(self._stack.aclose(), START_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    @property
    def is_real(self) -> bool:
        """The devices are real ones."""
        return self._bench is not None

    def device(self, name: str) -> BenchDeviceHandle:
        """A device of the suite. LookupError: there is none of that name."""
        if name not in self._devices:
            raise LookupError(_unknown("device", name, self._devices))
        return self._devices[name]

    @property
    def places(self) -> dict[str, str]:
        """Where a gateway of one's own finds everything: modbus_host, modbus_port, opcua_url, mqtt_url, http_url."""
        return self._rig.places()

    @property
    def reports(self) -> list[Report]:
        """What the gateway has sent so far."""

        async def copied() -> list[Report]:
            return list(self._rig.uplink.reports)

        return self._call(copied())

    def wait_for(
        self,
        device: str,
        signal: str,
        value: Value | None = None,
        *,
        accept: Callable[[Report], bool] = lambda report: True,
        after: int = 0,
        within_s: float = 10.0,
    ) -> Report:
        """The first report of a signal, with that value if one is given, among those from place `after` on.

        AssertionError, with what has come instead, when there is none in time.
        """

        def fits(report: Report) -> bool:
            is_it = (report.device, report.signal) == (device, signal)
            told = value is None or (report.value is not None and same_value(value, report.value, RELATIVE))
            return is_it and told and accept(report)

        found = self._call(self._first(fits, after, within_s), within_s + START_S)
        if found is None:
            came = [report for report in self.reports[after:] if report.device == device][-SHOWN:]
            wanted = f"{signal} of {device}" + ("" if value is None else f" = {value!r}")
            listed = "".join(f"\n  {one.signal} = {one.value!r}, number {one.number}" for one in came)
            raise AssertionError(
                f"no report of {wanted} within {within_s:g} s; of the device came last:{listed or ' none'}"
            )
        return found

    @contextmanager
    def broken(self, kind: str, target: str, fault: object, *signals: str) -> Iterator[None]:
        """A fault holds within the block: `kind` is link, device or process, `fault` as in a fault file.

        NotOnBench: the bench is a real one and has nothing that this could be played on. LookupError: there is no such
        link, device or process. ValueError: there is no such fault.
        """
        planned = self._planned(kind, target, fault, signals)
        if (kind, target) in self._broken:
            raise ValueError(f"{kind} {target} has a fault already")
        rig = self._rig
        player = Player(
            [planned], self.suite.faults.seed, links=rig.links, hosts=rig.plant.hosts, processes=rig.processes()
        )
        self._broken.add((kind, target))
        try:
            self._call(player.apply_until(0), START_S)
            yield
        finally:
            self._broken.discard((kind, target))
            self._call(player.apply_until(1), START_S)

    # --- pieces -------------------------------------------------------------------------------------------------------

    def _planned(self, kind: str, target: str, fault: object, signals: tuple[str, ...]) -> Planned:
        made = read_fault(fault)
        if made.target != kind:
            raise ValueError(f"{made.name} is a fault of a {made.target}, not of a {kind}")
        there: dict[str, Collection[str]] = {
            "link": self._rig.links,
            "device": () if self.is_real else self._devices,
            "process": self._rig.processes(),
        }
        names: dict[str, Collection[str]] = {"link": self._links, "device": self._devices, "process": PROCESSES}
        if target not in (names if self.is_real else there)[kind]:
            raise LookupError(_unknown(kind, target, (names if self.is_real else there)[kind]))
        if target not in there[kind]:
            raise NotOnBench(f"this bench has no {kind} {target!r} that a fault could be played on")
        return Planned(0, 1, made.target, target, 0, 0, made, signals)

    async def _open(self) -> None:
        self._rig = Rig(self.suite, self.folder)
        await self._rig.open(self._stack, with_devices=self._bench is None)
        if self._bench is not None:
            devices = await open_devices(self._bench, self._rig.plant.types, self._stack)
        else:
            quiet = self.suite.scenario is None  # then nobody acts at the devices but the test
            life = asyncio.create_task(self._rig.plant.live() if quiet else self._rig.life.live())
            self._stack.push_async_callback(_ended, life)
            devices = {name: EmulatedDevice(host, self._rig.clock) for name, host in self._rig.plant.hosts.items()}
        self._devices = {name: BenchDeviceHandle(name, device, self._call) for name, device in devices.items()}

    async def _first(self, fits: Callable[[Report], bool], after: int, within_s: float) -> Report | None:
        uplink = self._rig.uplink
        try:
            async with asyncio.timeout(within_s):
                while True:
                    uplink.came.clear()
                    found = next((one for one in uplink.reports[after:] if fits(one)), None)
                    if found is not None:
                        return found
                    await uplink.came.wait()
        except TimeoutError:
            return None

    def _call(self, coroutine: Coroutine[Any, Any, T], within_s: float = START_S) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(within_s)


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return f"there is no {kind} {name!r}; there are {', '.join(sorted(known)) or 'none'}"


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextmanager
def open_bench(suite: Suite, folder: Path, bench: BenchFile | None = None) -> Iterator[Bench]:
    """A bench for as long as the block; `folder`, which is made, gets logs and records. RigError: it cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Bench(suite, folder, bench)
    try:
        made.start()
    except OSError as error:
        raise RigError(str(error)) from error
    try:
        yield made
    finally:
        made.stop()
