"""A scenario as a plant to put gateways on trial: the twin lives, and emulated devices show it by the wall's clock."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from device_emulators.faces.host import RING, Host
from hil.bridge.bridge import Bridge, Mode
from hil.bridge.clock import PacedClock
from hil.bridge.followers import followed_hosts
from hil.bridge.node_devices import make_devices
from hil.bridge.session import opened_twin
from hil.bridge.settings import modes_of
from sim.errors import ConservationError
from sim.network import Network
from sim.outside import places_of
from sim.run.simulation import network_of
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.locate import locate_scenario
from sim.scenario.nodes import DeviceNode

HOUR_MS: Final = 3_600_000


class PlantError(RuntimeError):
    """A scenario cannot be a plant, or its twin did not come through; the findings say why."""

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(findings))


@dataclass(frozen=True)
class ScenarioPlant:
    """A scenario's network, and the nodes of it that emulators serve."""

    network: Network
    nodes: tuple[str, ...]

    def hosts(self) -> dict[str, Host]:
        """Its devices by name, as they will be; empty ones that nobody moves."""
        return {host.name: host for node in self.nodes for host in self._hosts(node)}

    def _hosts(self, node: str) -> tuple[Host, ...]:
        shown = followed_hosts(self.network, node)
        return shown or tuple(one.host for one in make_devices(self.network, places_of(self.network, node)))


def read_scenario_plant(name: str, least_ms: int) -> ScenarioPlant:
    """By a path, or the name of a built-in scenario; either with @variant. It goes on for `least_ms` at least, whatever
    its horizon. PlantError: it cannot be used.

    What the scenario itself says of its nodes' modes counts; when it says nothing, all that hold devices are served.
    """
    try:
        path, variant = locate_scenario(name)
        scenario = load_scenario(path, ["warm_up=0"], variant)
        if scenario.horizon < least_ms:
            scenario = load_scenario(path, ["warm_up=0", f"horizon={math.ceil(least_ms / HOUR_MS)} h"], variant)
        plant = ScenarioPlant(network_of(scenario), _served(scenario))
    except ScenarioError as error:
        raise PlantError([str(finding) for finding in error.findings]) from None
    if not plant.nodes:
        raise PlantError([f"{name} has no vending machine, shelf or tank that could be served"])
    return plant


def _served(scenario: Scenario) -> tuple[str, ...]:
    emulated = tuple(name for name, node in modes_of(scenario).items() if node.mode is Mode.EMULATED)
    return emulated or tuple(name for name, node in scenario.nodes.items() if isinstance(node, DeviceNode))


class LivingPlant:
    """The twin of a plant under way. Make it inside the event loop; its time begins then, `rate` times the wall's."""

    def __init__(
        self,
        plant: ScenarioPlant,
        seed: int,
        rate: float,
        journal: int = RING,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Takes seconds, and minutes where nothing has been compiled yet; then `say` tells people so."""
        self.plant = plant
        self._twin = opened_twin(plant.network, seed, say)
        self._rate, self._journal = rate, journal
        self._ended = asyncio.Event()

    def begin(self, now_s: Callable[[], float]) -> dict[str, Host]:
        """Let the twin's time begin, by a clock that tells s of the wall's time; returns the devices, by name, which
        show what the twin has. Their own clocks show that clock's time, in ms."""
        begun_ms, rate = now_s() * 1000.0, self._rate

        def shown_ms(time_ms: int) -> int:
            return math.ceil(begun_ms + max(time_ms - begun_ms, 0) / rate)

        # the twin begins at the time that the clock shows, so that its time is never behind the clock's
        clock = PacedClock(rate, now_s, math.ceil(begun_ms))
        self.bridge = Bridge(self._twin, clock, journal=self._journal, shown_ms=shown_ms)
        devices = [device for node in self.plant.nodes for device in self.bridge.emulated_devices(node)]
        for node in self.plant.nodes:
            self.bridge.begin_emulated(node)
        return {device.host.name: device.host for device in devices}

    async def live(self) -> None:
        """Until `end`. PlantError: its books do not close."""
        self.bridge.pacer.catch_up()
        await self.bridge.run()
        try:
            self.bridge.close()
        except ConservationError as error:
            raise PlantError([str(error)]) from error

    def end(self) -> None:
        """Let `live` end soon."""
        self.bridge.stop()
