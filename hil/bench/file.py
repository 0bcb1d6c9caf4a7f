"""The bench file: where the real devices of a test bench are, to be used in place of emulated ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from device_emulators.faces.documents import FileError, FileFinding, checked, read_document
from hil.accept.suite import BrokerEntry, GatewayEntry, Suite
from hil.bindings.modbus_address import parse_address
from hil.bindings.signals import MOST_SLOTS
from policies.fields import Model, PositiveDuration

OPCUA = "opc.tcp://"


def _address(text: str) -> str:
    if not text.startswith(OPCUA):
        parse_address(text)
    return text


class BenchDevice(Model):
    """One real device."""

    address: Annotated[str, AfterValidator(_address)] = Field(
        max_length=300,
        description="modbus://HOST:502/UNIT, modbus-rtu:///dev/ttyUSB0?line=9600,8E1&unit=1 or opc.tcp://HOST:4840",
    )
    node: str | None = Field(default=None, max_length=100, description="its object in OPC UA; none: its name")
    slots: int | None = Field(
        default=None, ge=1, le=MOST_SLOTS, description="its slots, lockers or items; none: as many as a usual one has"
    )
    map: Path | None = Field(default=None, description="its map file; none: the one of its type that comes along")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.node is not None and not self.address.startswith(OPCUA):
            raise ValueError("`node` is for opc.tcp://")
        return self


class BenchFile(Model):
    """A bench: the devices of a suite by name, the broker, and the gateway's command if it is to be started."""

    devices: Mapping[str, BenchDevice] = Field(
        min_length=1, description="the real devices, by their names in the suite"
    )
    connect_within: PositiveDuration = Field(default=10_000, description="time for the devices to answer")
    broker: BrokerEntry | None = Field(default=None, description="in place of the suite's")
    gateway: GatewayEntry | None = Field(default=None, description="in place of the suite's; none: it runs already")

    def applied(self, suite: Suite) -> Suite:
        """The suite as it is to be run on the bench."""
        return suite.model_copy(update={"gateway": self.gateway, "broker": self.broker or suite.broker})


def read_bench(file: Path, suite: Suite) -> BenchFile:
    """A bench for a suite; FileError with everything that is wrong."""
    document = read_document(file)
    bench = checked(BenchFile, document)
    wanted = {name for entry in suite.devices for name in entry.names}
    document.refuse(
        [(f"the suite has no device {name!r}", ("devices", name)) for name in bench.devices.keys() - wanted]
    )
    if missing := sorted(wanted - bench.devices.keys()):
        raise FileError([FileFinding(f"the suite's device {missing[0]!r} is not on the bench", "devices", str(file))])
    return bench
