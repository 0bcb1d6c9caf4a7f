"""The suite: which plant, which faults, how the gateway is started and observed, and what it must keep to."""

import re
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from device_emulators.catalog import KINDS
from device_emulators.faces.addresses import AddressError
from device_emulators.faces.host import RING
from device_emulators.faces.mqtt_address import Broker, parse_broker
from hil.accept.criteria import Criteria
from hil.accept.extract import Extractor, Layout, PatternField
from hil.accept.history import Rules
from hil.accept.paths import TopicPattern
from hil.accept.sparkplug import SparkplugExtractor, SparkplugLayout
from hil.faults.model import FaultFile
from policies.fields import Duration, Model, PositiveDuration

if TYPE_CHECKING:
    from hil.bridge.emulated_plant import ScenarioPlant

DEVICE_LINKS: Final = {"modbus": "device", "opcua": "opcua"}
"""The link in front of the devices' server, by protocol."""
MOST_DEVICES: Final = 200
START_MS: Final = 600_000
"""Besides its duration, a run with a scenario needs this much of it at most: to start, and to end."""
LONGEST_MS: Final = 30 * 86_400_000
PLACES: Final = (
    *("python", "config", "folder"),
    *("modbus_host", "modbus_port", "opcua_url", "mqtt_url", "http_url"),
)
"""What a command names in braces; elsewhere, ${name} is left to a shell."""
_BRACES: Final = re.compile(r"(?<!\$)\{([a-z_]+)\}")
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


def _known_type(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"there is no type {name!r}; there are {', '.join(KINDS)}")
    return name


def _not_too_long(value: int) -> int:
    if value > LONGEST_MS:
        raise ValueError("is longer than 30 d")
    return value


def _with_known_names(text: str) -> str:
    for name in _BRACES.findall(text):
        if name not in PLACES:
            raise ValueError(f"there is nothing to stand for {{{name}}}; there are {', '.join(PLACES)}")
    return text


BoundedDuration = Annotated[PositiveDuration, AfterValidator(_not_too_long)]


Filled = Annotated[str, AfterValidator(_with_known_names)]


class DeviceEntry(Model):
    """Devices of one type. With `count`, their names end in -1, -2 and so on."""

    name: str = Field(pattern=_NAME, max_length=60, description="the device's name, as the gateway reports it")
    type: Annotated[str, AfterValidator(_known_type)] = Field(description="its type, as of mro-twin emulate")
    protocol: Literal["modbus", "opcua"] = Field(default="modbus", description="how it is read")
    count: int | None = Field(default=None, ge=1, le=MOST_DEVICES, description="how many; not given: one")
    journal: int = Field(default=RING, ge=0, le=65_536, description="changes its journal holds; 0: last values only")
    every: PositiveDuration = Field(default=1000, description="somebody does something at it so often, on average")
    signals: tuple[str, ...] = Field(default=(), description="signals to be delivered; none stated: all but texts")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its devices."""
        return (self.name,) if self.count is None else tuple(f"{self.name}-{one}" for one in range(1, self.count + 1))


class ScenarioEntry(Model):
    """A scenario as the plant: the twin lives by the wall's clock, and its devices show what it does.

    They are the nodes with `mode: emulated`; where no node has, all vending machines, shelves and tanks.
    """

    file: str = Field(
        min_length=1,
        max_length=1000,
        description="scenario file, relative to the suite, or name of a built-in one",
    )
    rate: float = Field(default=600, ge=1, le=100_000, description="the twin's time goes so many times as fast")
    protocol: Literal["modbus", "opcua"] = Field(default="modbus", description="how its devices are read")
    journal: int = Field(default=RING, ge=0, le=10_000, description="changes their journals hold; 0: last values only")


class GatewayEntry(Model):
    """The gateway under test. Without a command it is somebody else's to start, and no process fault can be played."""

    command: tuple[Filled, ...] = Field(
        default=("{python}", "-m", "hil.gateways.reference", "{config}"),
        min_length=1,
        description="command line; {python}, {config}, {folder}, {modbus_host}, {modbus_port}, {opcua_url}, {mqtt_url} "
        "and {http_url} are filled in",
    )
    environment: dict[str, Filled] = Field(default_factory=dict, description="environment, added to that of the rig")
    start_within: PositiveDuration = Field(default=15_000, description="time for the first report")
    stop_within: PositiveDuration = Field(default=5_000, description="time to end when asked, then it is killed")
    settings: dict[str, int | float | str | bool] = Field(default_factory=dict, description="given on in {config}")


def _one_address(text: str) -> str:
    try:
        address = IPv4Address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 address, such as 127.0.0.1") from None
    if address.is_unspecified:
        raise ValueError(f"{text} is every address; say the one at which the gateway finds this machine")
    return text


class ListenEntry(Model):
    """Where the links listen for the gateway."""

    host: Annotated[str, AfterValidator(_one_address)] = Field(
        default="127.0.0.1", description="address of this machine; any other than the default is open to its network"
    )
    device: int = Field(default=0, ge=0, le=65_535, description="port of the devices over Modbus; 0: a free one")
    opcua: int = Field(default=0, ge=0, le=65_535, description="port of the devices over OPC UA; 0: a free one")
    uplink: int = Field(default=0, ge=0, le=65_535, description="port of the broker, or for posts; 0: a free one")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ports = [port for port in (self.device, self.opcua, self.uplink) if port]
        if len(set(ports)) < len(ports):
            raise ValueError("two links cannot have the same port")
        return self


class BrokerEntry(Model):
    """The broker: one that the rig starts and may restart, or somebody else's."""

    kind: Literal["auto", "mosquitto", "embedded", "url"] = Field(
        default="auto", description="who runs it; auto: mosquitto where it is installed, otherwise the embedded one"
    )
    url: str | None = Field(
        default=None,
        pattern=r"^mqtts?://",
        max_length=300,
        description="of somebody else's broker, mqtt:// or mqtts://[USER@]HOST[:PORT]",
    )
    password_file: Path | None = Field(
        default=None, description="its first line is the user's password; none: the variable MRO_TWIN_MQTT_PASSWORD is"
    )
    authority: Path | None = Field(
        default=None, description="certificates that the broker's is to be signed by; none: those of the system"
    )

    @property
    def address(self) -> Broker | None:
        """Somebody else's broker, and how to log in there. AddressError, OSError: that cannot be used."""
        return None if self.url is None else parse_broker(self.url, self.password_file, self.authority)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind == "url" and self.url is None:
            raise ValueError("`kind: url` needs the broker's `url`, such as mqtt://broker.plant:1883")
        if self.kind != "url" and self.url is not None:
            raise ValueError("`url` belongs to `kind: url`")
        if self.url is None and (self.password_file is not None or self.authority is not None):
            raise ValueError("`password_file` and `authority` belong to `kind: url`")
        try:
            if (address := self.address) is not None:
                address.tls_context()
        except AddressError as error:
            raise ValueError(str(error)) from None
        except OSError as error:
            raise ValueError(f"the password file cannot be read: {error.strerror or error}") from None
        return self


class AnswerEntry(Model):
    """What a gateway waits for before it sends."""

    topic: PatternField = Field(description="topic of its request, with names in braces")
    reply_topic: str = Field(min_length=1, max_length=200, description="topic of the reply, with the same names")
    reply: str = Field(max_length=10_000, description="the reply; ${name} is a name, or an entry of the request")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unknown = set(re.findall(r"\{(\w+)\}", self.reply_topic)) - TopicPattern(self.topic).names
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]!r} of `reply_topic` is no name of `topic`")
        return self


class ObserverEntry(Model):
    """What the gateway sends: over MQTT as JSON or Sparkplug B, or by HTTP."""

    mqtt: Layout | None = Field(default=None, description="messages to the broker")
    sparkplug: SparkplugLayout | None = Field(default=None, description="Sparkplug B to the broker")
    http: Layout | None = Field(default=None, description="posts; `topic` is the path without its first slash")
    answers: tuple[AnswerEntry, ...] = Field(default=(), max_length=20, description="what is answered over MQTT")

    def extractor(self, utc_start_ms: int) -> Extractor | SparkplugExtractor:
        """What reads the gateway's messages; `utc_start_ms` is the instant of twin time 0, in ms since 1970."""
        asked = [TopicPattern(one.topic) for one in self.answers]
        if self.sparkplug is not None:
            return SparkplugExtractor(self.sparkplug, utc_start_ms, asked)
        layout = self.mqtt or self.http
        assert layout is not None
        return Extractor(layout, utc_start_ms, asked)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(one is not None for one in (self.mqtt, self.sparkplug, self.http)) != 1:
            raise ValueError("say one of `mqtt`, `sparkplug` and `http`")
        if self.http is not None and self.answers:
            raise ValueError("`answers` are for MQTT")
        return self


PLAIN_LAYOUT: Final = Layout(
    topic="plant/{device}/{signal}", number="$.number", epoch="$.epoch", value="$.value", time="$.time"
)
"""That of the JSON face of the emulators, and of the reference gateway."""


class Suite(Model):
    """An acceptance run."""

    name: str = Field(min_length=1, max_length=100, description="what it is called in reports")
    description: str = Field(default="", max_length=2000, description="what it is for")
    duration: BoundedDuration = Field(description="how long the plant lives")
    settle: BoundedDuration = Field(default=15_000, description="time to come back after each outage, and at the end")
    seed: int = Field(default=1, ge=0, lt=2**63, description="seed of the plant's life")
    poll: PositiveDuration = Field(default=1000, description="how often the gateway is to read every device")
    late: PositiveDuration = Field(default=5000, description="later than this after the change is late")
    tolerance: Duration = Field(default=1000, description="stamps may be off by so much")
    rig_lateness: PositiveDuration = Field(default=250, description="the rig may be late by so much, and the broker")
    devices: tuple[DeviceEntry, ...] = Field(
        default=(), max_length=MOST_DEVICES, description="the plant: devices by themselves, people at each of them"
    )
    scenario: ScenarioEntry | None = Field(default=None, description="the plant: a twin, instead of `devices`")
    broker: BrokerEntry = Field(default=BrokerEntry(), description="where MQTT goes")
    gateway: GatewayEntry | None = Field(default=GatewayEntry(), description="its process; null: not ours")
    start_within: PositiveDuration = Field(default=60_000, description="time for the first report, with gateway: null")
    listen: ListenEntry = Field(default=ListenEntry(), description="where the gateway finds devices and broker")
    observer: ObserverEntry = Field(default=ObserverEntry(mqtt=PLAIN_LAYOUT), description="how it is observed")
    faults: FaultFile = Field(default=FaultFile(), description="what goes wrong, when")
    criteria: Criteria = Field(default=Criteria(), description="what the gateway must keep to")

    def scenario_plant(self) -> "ScenarioPlant":
        """The scenario that is the plant. PlantError: it cannot be."""
        from hil.bridge.emulated_plant import read_scenario_plant

        assert self.scenario is not None
        least_ms = (self.duration + self.first_report_within + START_MS) * self.scenario.rate
        return read_scenario_plant(self.scenario.file, round(least_ms))

    @property
    def first_report_within(self) -> int:
        """How long the gateway's first report is waited for, ms."""
        return self.start_within if self.gateway is None else self.gateway.start_within

    @property
    def links(self) -> tuple[str, ...]:
        """The links that there are."""
        protocols = {entry.protocol for entry in self.devices}
        return (*(link for protocol, link in DEVICE_LINKS.items() if protocol in protocols), "uplink")

    @property
    def rules(self) -> Rules:
        """What matching needs of it."""
        return Rules(self.poll, self.settle, self.late, self.tolerance)
