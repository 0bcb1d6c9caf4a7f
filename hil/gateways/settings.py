"""The configuration of both gateways: a YAML or JSON file, as the acceptance rig writes it."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from device_emulators.catalog import KINDS
from device_emulators.faces.addresses import AddressError
from device_emulators.faces.documents import checked, read_document
from device_emulators.faces.mqtt_address import Broker, parse_broker
from hil.bindings.signals import MOST_SLOTS
from policies.fields import Model


def _known_type(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"there is no type {name!r}; there are {', '.join(KINDS)}")
    return name


class Source(Model):
    """A device to read."""

    name: str = Field(min_length=1, max_length=100, description="its name in topics")
    type: Annotated[str, AfterValidator(_known_type)] = Field(description="its type, whose map it has")
    unit: int | None = Field(default=None, ge=1, le=247, description="its Modbus unit; none: it is read over OPC UA")
    slots: int | None = Field(
        default=None, ge=1, le=MOST_SLOTS, description="its slots, lockers or items; none: as many as a usual one has"
    )
    journal: bool = Field(default=True, description="it has a journal; without one its last values are read")


class Settings(Model):
    """Where a gateway reads, and where it sends."""

    modbus_host: str = Field(default="127.0.0.1", description="host of the devices with a Modbus unit")
    modbus_port: int = Field(default=502, ge=1, le=65_535, description="port of the devices with a Modbus unit")
    opcua_url: str | None = Field(default=None, pattern=r"^opc\.tcp://", description="server of the other devices")
    mqtt_url: str = Field(description="the broker, mqtt:// or mqtts://[USER@]HOST[:PORT]")
    mqtt_password_file: Path | None = Field(
        default=None, description="its first line is the user's password; none: the variable MRO_TWIN_MQTT_PASSWORD is"
    )
    mqtt_authority: Path | None = Field(
        default=None, description="certificates that the broker's is to be signed by; none: those of the system"
    )
    mqtt_name: str | None = Field(
        default=None, description="the name in the broker's certificate, when that is not the host of mqtt_url"
    )
    store: str = Field(default="gateway.db", description="the database of what is not sent yet")
    prefix: str = Field(default="plant", pattern=r"^[^+#]+$", description="topics begin with it")
    poll_ms: int = Field(default=500, ge=10, le=3_600_000, description="between two readings of a device, ms")
    answer_ms: int = Field(default=1000, ge=10, le=600_000, description="a device must answer within, ms")
    acknowledge_ms: int = Field(default=3000, ge=10, le=600_000, description="the broker must acknowledge within, ms")
    at_once: int = Field(default=20, ge=1, le=1000, description="messages under way to the broker")
    devices: tuple[Source, ...] = Field(min_length=1, description="what it reads")

    @property
    def broker(self) -> Broker:
        """Where it sends, and how it logs in. AddressError, OSError: that cannot be used."""
        return parse_broker(self.mqtt_url, self.mqtt_password_file, self.mqtt_authority)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.opcua_url is None and any(source.unit is None for source in self.devices):
            raise ValueError("a device without `unit` needs `opcua_url`")
        try:
            self.broker.tls_context()
        except AddressError as error:
            raise ValueError(f"mqtt_url: {error}") from None
        except OSError as error:
            raise ValueError(f"mqtt_password_file: {error.strerror or error}") from None
        return self


def read_settings(file: Path) -> Settings:
    """The settings; FileError with everything that is wrong."""
    return checked(Settings, read_document(file))
