"""Faults of devices that run alone (`mro-twin emulate`): a link is named after the face that it leads to.

In front of a face whose link has faults stands a relay, at the address where the face was wanted; in front of a broker
stands one that the devices connect through.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from device_emulators.faces import serving
from device_emulators.faces.addresses import AddressError, host_and_port
from device_emulators.faces.documents import Path_, checked, read_document
from device_emulators.faces.host import Host
from device_emulators.faces.mqtt_address import PORTS
from device_emulators.faces.serving import FaceError, MqttSettings, SerialPlace, Served, TcpPlace
from hil.faults.kinds import OF_MODBUS
from hil.faults.model import FaultFile, check_targets
from hil.faults.plan import make_plan
from hil.faults.player import Player
from hil.relays.record import Clock, Recorder
from hil.relays.relay import LOOPBACK, Relay

KNOWN_MS: Final = 86_400_000
"""Faults are planned for one day of the devices' time."""


class FaultyFaces:
    """Opens faces as `serving` does, behind relays where their links have faults, and then plays the faults."""

    def __init__(self, file: Path, hosts: Sequence[Host], faces: Sequence[str], clock: Clock) -> None:
        """`faces` are those that will be opened. FileError with everything that is wrong with the file."""
        document = read_document(file)
        self._faults = checked(FaultFile, document)
        self._hosts = {host.name: host for host in hosts}
        self._clock = clock
        self._relays: dict[str, Relay] = {}
        self._links = {entry.link for entry in self._faults.faults if entry.link is not None}
        signals = {host.name: list(host.readings()) for host in hosts}
        findings = check_targets(self._faults, document, (), faces, signals)
        findings += _impossible(self._faults, faces)
        document.refuse(findings)
        try:
            self._player_of({face: Relay(face, (LOOPBACK, 0), Recorder(clock)) for face in self._links})
        except ValueError as error:  # a fault that a device cannot have
            document.refuse([(str(error), ("faults",))])

    @property
    def next_ms(self) -> int | None:
        """When a fault begins or ends next. The faces must be open."""
        return self._player.next_ms

    async def apply_until(self, now_ms: int) -> None:
        """Play what is due by then."""
        await self._player.apply_until(now_ms)

    @cached_property
    def _player(self) -> Player:
        return self._player_of(self._relays)

    def _player_of(self, links: Mapping[str, Relay]) -> Player:
        return Player(make_plan(self._faults, KNOWN_MS), self._faults.seed, links=links, hosts=self._hosts)

    async def open_modbus(self, served: Served, place: TcpPlace | SerialPlace, stack: AsyncExitStack) -> dict[str, Any]:
        """As `serving.open_modbus`."""
        if "modbus" not in self._links:
            return await serving.open_modbus(served, place, stack)
        if isinstance(place, SerialPlace):
            raise FaceError("a serial line has no link that could have faults; give its devices `silent` or `late`")
        _check_loopback(place.host)
        inner = await serving.open_modbus(served, TcpPlace(LOOPBACK, 0), stack)
        relay = await self._relay("modbus", (LOOPBACK, inner["port"]), place.port, stack)
        return {"host": LOOPBACK, "port": relay.port}

    async def open_opcua(
        self, served: Served, url: str, stack: AsyncExitStack, keys: Path | None = None, insecure: bool = False
    ) -> dict[str, Any]:
        """As `serving.open_opcua`."""
        if "opcua" not in self._links:
            return await serving.open_opcua(served, url, stack, keys, insecure)
        _, host, port = _split(url, {"opc.tcp": 4840})
        _check_loopback(host)
        inner = await serving.open_opcua(served, f"opc.tcp://{LOOPBACK}:0", stack, keys, insecure)
        relay = await self._relay("opcua", (LOOPBACK, urlsplit(inner["url"]).port or 0), port, stack)
        return {"url": f"opc.tcp://{LOOPBACK}:{relay.port}"}

    async def open_mqtt(
        self, served: Served, url: str, settings: MqttSettings, stack: AsyncExitStack
    ) -> dict[str, Any]:
        """As `serving.open_mqtt`."""
        if "mqtt" not in self._links:
            return await serving.open_mqtt(served, url, settings, stack)
        scheme, host, port = _split(url, PORTS)
        relay = await self._relay("mqtt", (host, port), 0, stack)
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        through = parts._replace(netloc=f"{user}{at}{LOOPBACK}:{relay.port}").geturl()
        told = await serving.open_mqtt(served, through, replace(settings, certified_as=host), stack)
        return told | {"url": f"{scheme}://{host}:{port}"}

    async def _relay(self, name: str, target: tuple[str, int], port: int, stack: AsyncExitStack) -> Relay:
        relay = self._relays[name] = Relay(name, target, Recorder(self._clock), self._faults.seed)
        await relay.start(port)
        stack.push_async_callback(relay.close)
        return relay


def _impossible(faults: FaultFile, faces: Sequence[str]) -> list[tuple[str, Path_]]:
    """Findings about processes, and about faults that none of the faces would show."""
    findings: list[tuple[str, Path_]] = []
    for index, entry in enumerate(faults.faults):
        if entry.process is not None:
            why = "devices alone have no process that could be ended; `mro-twin hil accept` has"
            findings.append((why, ("faults", index, "process")))
        if isinstance(entry.fault, OF_MODBUS) and "modbus" not in faces:
            findings.append((f"{entry.fault.name} is a fault of Modbus answers", ("faults", index, "fault")))
    return findings


def _split(url: str, schemes: dict[str, int]) -> tuple[str, str, int]:
    try:
        return host_and_port(url, schemes)
    except AddressError as error:
        raise FaceError(str(error)) from None


def _check_loopback(host: str) -> None:
    if host not in (LOOPBACK, "localhost"):
        raise FaceError(f"a link that has faults is reached at {LOOPBACK} only, not at {host}")
