"""The faults that there are: of links, of devices, of the gateway's process, each with its settings."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, ValidationError

from device_emulators.faces.wording import worded
from hil.relays.condition import Condition
from policies.fields import Duration, Model, PositiveDuration, SignedDuration

Target = Literal["link", "device", "process"]

LONGEST_DELAY_MS: Final = 600_000


def _bounded(value: int) -> int:
    # a field with its own parser takes no bound from Field
    if value > LONGEST_DELAY_MS:
        raise ValueError(f"{value} ms is longer than {LONGEST_DELAY_MS // 60_000} min")
    return value


DelayField = Annotated[Duration, AfterValidator(_bounded)]
PositiveDelayField = Annotated[PositiveDuration, AfterValidator(_bounded)]


class Fault(Model):
    """What goes wrong. `instant`: it happens once, at its start, and may have no duration."""

    target: ClassVar[Target]
    name: ClassVar[str]
    instant: ClassVar[bool] = False
    of_signals: ClassVar[bool] = False  # it needs to be told which signals


# --- links ------------------------------------------------------------------------------------------------------------


class LinkFault(Fault):
    """Something wrong with a link."""

    target: ClassVar[Target] = "link"

    def condition(self) -> Condition:
        """What the relay is told."""
        raise NotImplementedError


class Refuse(LinkFault):
    """Nobody listens; present connections are reset."""

    name: ClassVar[str] = "refuse"

    def condition(self) -> Condition:
        return Condition(refuse=True)


class Blackhole(LinkFault):
    """Nothing passes, connections stay."""

    name: ClassVar[str] = "blackhole"

    def condition(self) -> Condition:
        return Condition(blackhole=True)


class Ackhole(LinkFault):
    """What the client sends passes, what comes back does not."""

    name: ClassVar[str] = "ackhole"

    def condition(self) -> Condition:
        return Condition(ackhole=True)


class Reset(LinkFault):
    """Connections are reset, new ones at once."""

    name: ClassVar[str] = "reset"
    instant: ClassVar[bool] = True

    def condition(self) -> Condition:
        return Condition(reset=True)


class Delay(LinkFault):
    """Everything comes later."""

    name: ClassVar[str] = "delay"
    by: DelayField = Field(description="added to the time each piece takes")
    jitter: DelayField = Field(default=0, description="further delay, uniform from 0 to this")

    def condition(self) -> Condition:
        return Condition(delay_ms=self.by, jitter_ms=self.jitter)


class Slow(LinkFault):
    """The link carries only so much."""

    name: ClassVar[str] = "slow"
    bytes_per_s: int = Field(ge=1, le=10**9, description="bytes a second, each way")

    def condition(self) -> Condition:
        return Condition(bytes_per_s=self.bytes_per_s)


class Cut(LinkFault):
    """Every connection is closed in the middle of its next piece."""

    name: ClassVar[str] = "cut"

    def condition(self) -> Condition:
        return Condition(cut=True)


class Duplicate(LinkFault):
    """Every piece passes twice."""

    name: ClassVar[str] = "duplicate"

    def condition(self) -> Condition:
        return Condition(duplicate=True)


# --- devices ----------------------------------------------------------------------------------------------------------


class DeviceFault(Fault):
    """Something wrong with a device."""

    target: ClassVar[Target] = "device"


class SignalFault(DeviceFault):
    """Something wrong with what it measures."""

    of_signals: ClassVar[bool] = True


class Stuck(SignalFault):
    """Signals go on showing what they showed at the start."""

    name: ClassVar[str] = "stuck"


class Noise(SignalFault):
    """Numbers vary at random around what they should be."""

    name: ClassVar[str] = "noise"
    sigma: float = Field(gt=0, le=1e12, description="standard deviation, in the signal's unit")


class Drift(SignalFault):
    """Numbers go away from what they should be, ever further."""

    name: ClassVar[str] = "drift"
    per_hour: float = Field(ge=-1e12, le=1e12, description="in the signal's unit per hour")


class Jump(SignalFault):
    """Numbers are off by a fixed amount."""

    name: ClassVar[str] = "jump"
    by: float = Field(ge=-1e12, le=1e12, description="in the signal's unit")


class Reboot(DeviceFault):
    """It starts anew: its journal is empty. With a duration, it is silent that long before."""

    name: ClassVar[str] = "reboot"
    instant: ClassVar[bool] = True
    counters: Literal["kept", "lost"] = Field(default="kept", description="lost: its numbers begin at 1 again")


class ClockSkew(DeviceFault):
    """Its clock is wrong."""

    name: ClassVar[str] = "clock_skew"
    by: SignedDuration = Field(description="its clock minus the true time")


class ExceptionAnswer(DeviceFault):
    """Every answer is a Modbus exception."""

    name: ClassVar[str] = "exception"
    code: int = Field(default=4, ge=1, le=255, description="the exception code; 4: device failure")


class Silent(DeviceFault):
    """It does not answer."""

    name: ClassVar[str] = "silent"


class Late(DeviceFault):
    """Its answers come late."""

    name: ClassVar[str] = "late"
    by: PositiveDelayField = Field(description="how much later")


class Stray(DeviceFault):
    """An answer that nobody asked for comes before every answer."""

    name: ClassVar[str] = "stray"


OF_MODBUS: Final = (ExceptionAnswer, Late, Stray)
"""Faults that only answers over Modbus can have."""


class JournalFull(DeviceFault):
    """Its journal takes nothing more, what happens now is not in it."""

    name: ClassVar[str] = "journal_full"


class FailedVend(DeviceFault):
    """Turns of a vending machine fail: nothing falls."""

    name: ClassVar[str] = "failed_vend"


class DoorOpen(DeviceFault):
    """The device's door stands open."""

    name: ClassVar[str] = "door_open"


# --- the gateway's process --------------------------------------------------------------------------------------------


class ProcessFault(Fault):
    """Something done to the gateway's process; afterwards it is started again."""

    target: ClassVar[Target] = "process"


class Stop(ProcessFault):
    """It is asked to end (SIGTERM), and started again after the duration."""

    name: ClassVar[str] = "stop"


class Kill(ProcessFault):
    """It is killed (SIGKILL), and started again after the duration, at once without one."""

    name: ClassVar[str] = "kill"
    instant: ClassVar[bool] = True


class Restart(ProcessFault):
    """It is asked to end, and started again as soon as it has."""

    name: ClassVar[str] = "restart"
    instant: ClassVar[bool] = True


KINDS: Final[dict[str, type[Fault]]] = {
    kind.name: kind
    for kind in (
        *(Refuse, Blackhole, Ackhole, Reset, Delay, Slow, Cut, Duplicate),
        *(Stuck, Noise, Drift, Jump, Reboot, ClockSkew, ExceptionAnswer, Silent, Late, Stray),
        *(JournalFull, FailedVend, DoorOpen, Stop, Kill, Restart),
    )
}


def read_fault(value: Any) -> Fault:
    """A fault as written: its name, or its name with settings, as in `{delay: {by: 200 ms}}`. ValueError otherwise."""
    if isinstance(value, Fault):
        return value
    if isinstance(value, str):
        name, settings = value, None
    elif isinstance(value, dict) and len(value) == 1:
        ((name, settings),) = value.items()
    else:
        raise ValueError("expected the name of a fault, or its name with settings, as in {delay: {by: 200 ms}}")
    if name not in KINDS:
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(KINDS)}")
    try:
        return KINDS[name].model_validate({} if settings is None else settings)
    except ValidationError as error:
        findings = (f"{'.'.join(map(str, found['loc']))}: {worded(found, KINDS[name])}" for found in error.errors())
        raise ValueError(f"{name}: {'; '.join(findings)}") from None
