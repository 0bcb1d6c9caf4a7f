"""The bench: which nodes of a scenario are emulated or real, and how the twin is run beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, field_validator, model_validator

from device_emulators.faces.addresses import host_and_port
from device_emulators.faces.documents import Document, FileError, FileFinding, read_document
from device_emulators.faces.mqtt_address import parse_broker
from device_emulators.faces.serving import TcpPlace, parse_modbus
from hil.bindings.opcua_address import SCHEME
from hil.bridge.bridge import Mode
from hil.bridge.clock import FASTEST
from hil.bridge.link import Binding, check_url
from hil.bridge.pacing import BOUND_MS
from policies.fields import Model
from sim.scenario import Scenario
from sim.scenario.expand import is_pattern, matching
from sim.scenario.nodes import Plant, StockingNode
from sim.scenario.trucks import Truck


class NodeBinding(Model):
    """How one node is run."""

    mode: Mode = Field(description="simulated, emulated or hardware")
    url: str = Field(
        "", max_length=2000, description="of hardware: modbus://HOST:502/1, modbus-rtu://... or opc.tcp://HOST:4840/"
    )
    map: Path | None = Field(None, description="of hardware: its map file; none: the one of its type that comes along")
    keys: Path | None = Field(None, description="of hardware over OPC UA: folder made by `mro-twin hil keys`")

    dead_band: int = Field(
        0, ge=0, le=1000, description="of hardware: units by which a count may waver before it is a draw or a find"
    )

    levels: bool = Field(
        True, description="of hardware: it is told the levels of the node's policy; false: nothing is written to it"
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url:
            check_url(url)
        return url

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        if (self.mode is Mode.HARDWARE) != bool(self.url):
            raise ValueError("hardware, and nothing else, needs a `url`")
        if not self.url and (self.map or self.keys or self.dead_band or not self.levels):
            raise ValueError("only hardware has `map`, `keys`, `dead_band` and `levels`")
        return self

    @property
    def binding(self) -> Binding | None:
        """Of hardware."""
        return Binding(self.url, self.map, self.keys, self.dead_band, self.levels) if self.url else None


class Bench(Model):
    """A bench file, beside a scenario."""

    nodes: dict[str, NodeBinding] = Field(
        default_factory=dict, max_length=500, description="by name or pattern; others: as in the scenario"
    )
    rate: float = Field(
        1.0,
        gt=0,
        le=FASTEST,
        allow_inf_nan=False,
        description="the twin's time goes so many times as fast as the wall's",
    )
    lateness_bound_ms: float = Field(
        BOUND_MS,
        gt=0,
        le=60_000,
        allow_inf_nan=False,
        description="p99 of lateness, ms of the wall's time, over which the rig is too late",
    )
    journal: int = Field(
        256, ge=0, le=10_000, description="changes that emulated devices keep; 0: they have no journal"
    )
    modbus: str = Field("127.0.0.1:0", max_length=200, description="HOST:PORT for emulated devices, a unit each")
    opcua: str = Field("", max_length=200, description="URL for emulated devices; empty: not served")
    keys: Path | None = Field(None, description="of the OPC UA server: folder made by `mro-twin hil keys`")
    insecure: bool = Field(False, description="serve OPC UA without security on addresses other than this machine's")
    mqtt: str = Field("", max_length=300, description="URL of a broker for emulated devices; empty: not published")

    @field_validator("modbus")
    @classmethod
    def _is_port(cls, place: str) -> str:
        if place and not isinstance(parse_modbus(place), TcpPlace):
            raise ValueError("the devices of a bench are served over TCP: HOST:PORT")
        return place

    @field_validator("opcua")
    @classmethod
    def _is_server(cls, url: str) -> str:
        if url:
            host_and_port(url, {SCHEME: 4840})
        return url

    @field_validator("mqtt")
    @classmethod
    def _is_broker(cls, url: str) -> str:
        if url:
            parse_broker(url, environment={})
        return url


def modes_of(scenario: Scenario) -> dict[str, NodeBinding]:
    """What a scenario says of its nodes, and of its trucks, that are not simulated. ValueError: that cannot be."""
    said: dict[str, StockingNode | Plant | Truck] = dict(scenario.trucks)
    said |= {name: node for name, node in scenario.nodes.items() if isinstance(node, StockingNode | Plant)}
    found: dict[str, NodeBinding] = {}
    for name, one in said.items():
        if one.mode != Mode.SIMULATED.value:
            try:
                found[name] = NodeBinding(mode=Mode(one.mode), url=getattr(one, "url", None) or "")
            except ValidationError as error:
                raise ValueError(f"the scenario's {name}: {in_a_line(error)}") from None
    return found


def in_a_line(error: ValidationError) -> str:
    """What is wrong with some data, for people."""
    return "; ".join(str(finding) for finding in Document("").refused_by(error))


def with_modes(bench: Bench, scenario: Scenario) -> Bench:
    """A bench for a scenario: first what the scenario says of its nodes, then the bench, whose names may be patterns
    such as `shelf-*`. ValueError: hardware at a pattern."""
    nodes, names = modes_of(scenario), [*scenario.nodes, *scenario.trucks]
    for written, binding in bench.nodes.items():
        if is_pattern(written) and binding.mode is Mode.HARDWARE:
            raise ValueError(f"{written}: a device is that of one node; name the node")
        nodes |= dict.fromkeys(matching([written], names) or [written], binding)
    return bench.model_copy(update={"nodes": nodes})


def read_bench(file: Path, names: Sequence[str] | None = None) -> Bench:
    """FileError with everything that is wrong with it, also with nodes that are none of `names`. Files that it names
    lie beside it, unless their paths are absolute."""
    document = read_document(file)
    findings = [] if names is None else _unknown(document, names)
    try:
        bench = Bench.model_validate(document.data)
    except ValidationError as error:
        raise FileError([*document.refused_by(error), *findings]) from None
    if findings:
        raise FileError(findings)
    nodes = {name: _beside(node, file) for name, node in bench.nodes.items()}
    keys = None if bench.keys is None else file.parent / bench.keys
    return bench.model_copy(update={"nodes": nodes, "keys": keys})


def _unknown(document: Document, names: Sequence[str]) -> list[FileFinding]:
    nodes = document.data.get("nodes") if isinstance(document.data, dict) else None
    return [
        document.finding(f"there is no node or truck of that name; there are {', '.join(names)}", ("nodes", written))
        for written in (nodes if isinstance(nodes, dict) else ())
        if not matching([written], names)
    ]


def _beside(node: NodeBinding, file: Path) -> NodeBinding:
    paths = {"map": node.map, "keys": node.keys}
    return node.model_copy(update={name: file.parent / path for name, path in paths.items() if path is not None})
