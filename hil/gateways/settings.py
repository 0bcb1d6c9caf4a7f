"""The configuration of both gateways: a YAML or JSON file, as the acceptance rig writes it."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from device_emulators.catalog import KINDS
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from hil.bindings.modbus_address import TcpAddress
from hil.bindings.modbus_client import BackOff, ModbusClient
from hil.bindings.modbus_device import ModbusDevice
from hil.files import checked, read_document
from policies.fields import Model


def _known_type(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"there is no type {name!r}; there are {', '.join(KINDS)}")
    return name


class Source(Model):
    """A device to read."""

    name: str = Field(min_length=1, max_length=100, description="its name in topics")
    type: Annotated[str, AfterValidator(_known_type)] = Field(description="its type, whose map it has")
    unit: int = Field(ge=1, le=247, description="its Modbus unit")
    journal: bool = Field(default=True, description="it has a journal; without one its last values are read")


class Settings(Model):
    """Where a gateway reads, and where it sends."""

    modbus_host: str = Field(description="host of the devices")
    modbus_port: int = Field(ge=1, le=65_535, description="port of the devices")
    mqtt_host: str = Field(description="host of the broker")
    mqtt_port: int = Field(ge=1, le=65_535, description="port of the broker")
    store: str = Field(default="gateway.db", description="the database of what is not sent yet")
    prefix: str = Field(default="plant", pattern=r"^[^+#]+$", description="topics begin with it")
    poll_ms: int = Field(default=500, ge=10, le=3_600_000, description="between two readings of a device, ms")
    answer_ms: int = Field(default=1000, ge=10, le=600_000, description="a device must answer within, ms")
    acknowledge_ms: int = Field(default=3000, ge=10, le=600_000, description="the broker must acknowledge within, ms")
    at_once: int = Field(default=20, ge=1, le=1000, description="messages under way to the broker")
    devices: tuple[Source, ...] = Field(min_length=1, description="what it reads")


def read_settings(file: Path) -> Settings:
    """The settings; FileError with everything that is wrong."""
    return checked(Settings, read_document(file))


def make_client(settings: Settings) -> ModbusClient:
    """The connection to the devices."""
    address = TcpAddress(settings.modbus_host, settings.modbus_port)
    back_off = BackOff(first_s=0.2, longest_s=2.0)
    return ModbusClient(address, timeout_s=settings.answer_ms / 1000, back_off=back_off)


def make_device(client: ModbusClient, source: Source) -> ModbusDevice:
    """One device behind the connection."""
    signals = KINDS[source.type].usual(source.name, lambda: 0.5).signals
    return ModbusDevice(client, source.unit, bind(builtin_map(source.type), signals), tuple(signals.values()))
