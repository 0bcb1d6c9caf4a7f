"""One device in the address space: its variables, what a change does to them, its commands and its journal."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from asyncua import ua
from asyncua.server.address_space import AttributeValue

from device_emulators.faces.clock import Clock
from device_emulators.faces.host import Change, Host, Reading, Status
from device_emulators.faces.opcua_build import HISTORY, READ, WRITE, Builder, argument
from device_emulators.faces.opcua_events import SERVER, DeviceEvent, DeviceType
from device_emulators.faces.opcua_nodes import NodeLike, meant
from device_emulators.faces.opcua_values import SILENT, Fixed, fixed, fixed_reading, instant
from device_emulators.signals import RefusedError, Signal, SignalError

_logger = logging.getLogger(__name__)
_READ_AT_ONCE: Final = 1000
_UINT64: Final = ua.VariantType.UInt64


class Variable(NamedTuple):
    """A variable of a signal, and its property that counts changes."""

    signal: Signal
    kind: str
    value: AttributeValue
    number: AttributeValue


def code(status: int) -> ua.StatusCode:
    """A status by its number in `ua.StatusCodes`."""
    return ua.StatusCode(ua.UInt32(status))


class DeviceObject:
    """Shows a host below `Objects/Devices`.

    `put` stores a new value and notifies who has subscribed to it; `tell` hands an event to those who listen.
    """

    def __init__(
        self,
        host: Host,
        nodes: Sequence[NodeLike],
        origin: datetime,
        clock: Clock | None,
        put: Callable[[AttributeValue, Fixed], None],
        tell: Callable[[DeviceEvent], None],
    ) -> None:
        self.host = host
        self.writes: dict[ua.NodeId, Callable[[ua.DataValue], ua.StatusCode]] = {}
        self.signals: dict[ua.NodeId, str] = {}  # of variables with a history
        self._nodes = tuple(nodes)
        self._origin = origin
        self._clock = clock
        self._put = put
        self._tell_event = tell
        self._notable: dict[str, NodeLike] = {node.signal.name: node for node in nodes if node.event}
        self._variables: dict[str, list[Variable]] = {}
        self._own: dict[str, AttributeValue] = {}
        self._event: tuple[ua.NodeId, ua.NodeId]  # type and source of its events

    # --- building -----------------------------------------------------------------------------------------------------

    def build(self, builder: Builder, parent: ua.NodeId, types: DeviceType) -> Callable[[], None]:
        """Make the device's nodes and show every change from now on, until the result is called."""
        own = builder.node_id(self.host.name)
        builder.folder(own, parent, self.host.name, types.object)
        self._event = (types.event, own)
        if self._notable:
            builder.listen_to(own, SERVER)
        self._count(builder, "Sequence", "UInt64", "number of the last change of the device")
        self._count(builder, "Epoch", "UInt32", "rises when the device begins its numbers anew")
        folders = {"": own}
        for node in self._nodes:
            above = self._folder(builder, folders, "/".join(node.path[:-1]))
            if node.method:
                self._add_method(builder, node, above)
            else:
                self._add_variable(builder, node, above)
        if self.host.ring:
            self._add_journal(builder, own)
        self.show_all()
        endings = (self.host.listen(self._changed), self.host.watch(lambda _: self.show_all()))

        def end() -> None:
            for ending in endings:
                ending()

        return end

    def _path(self, builder: Builder, path: str) -> ua.NodeId:
        return builder.node_id(f"{self.host.name}/{path}")

    def _folder(self, builder: Builder, folders: dict[str, ua.NodeId], path: str) -> ua.NodeId:
        if path not in folders:
            above, _, name = path.rpartition("/")
            folders[path] = self._path(builder, path)
            builder.folder(folders[path], self._folder(builder, folders, above), name)
        return folders[path]

    def _count(self, builder: Builder, path: str, kind: str, description: str) -> None:
        above, _, name = f"{self.host.name}/{path}".rpartition("/")
        node, parent = self._path(builder, path), builder.node_id(above)
        self._own[path] = builder.variable(node, parent, name, kind, description)

    def _add_variable(self, builder: Builder, node: NodeLike, parent: ua.NodeId) -> None:
        signal, path = node.signal, "/".join(node.path)
        own, number = self._path(builder, path), self._path(builder, path + ".Number")
        access = READ | (WRITE if signal.writable else 0) | (HISTORY if self.host.ring else 0)
        description = f"{signal.description} [{signal.unit}]" if signal.unit else signal.description
        value = builder.variable(own, parent, node.path[-1], node.type, description, access)
        counted = builder.property(number, own, "Number", "UInt64")
        self._variables.setdefault(signal.name, []).append(Variable(signal, node.type, value, counted))
        self.writes[own] = lambda given: self._write(signal, node.type, given)
        if self.host.ring:
            self.signals[own] = signal.name

    def _add_method(self, builder: Builder, node: NodeLike, parent: ua.NodeId) -> None:
        signal, wanted = node.signal, 1 if node.takes_argument else 0

        async def call(_: ua.NodeId, *given: ua.Variant) -> ua.StatusCode:
            if len(given) != wanted:
                return code(ua.StatusCodes.BadArgumentsMissing if not given else ua.StatusCodes.BadTooManyArguments)
            if given and given[0].VariantType.name != node.type:
                return code(ua.StatusCodes.BadInvalidArgument)
            return self._tell(signal, given[0].Value if given else True)

        takes = (argument("Value", node.type, signal.description),) if wanted else ()
        own = self._path(builder, "/".join(node.path))
        builder.method(own, parent, node.path[-1], signal.description, call, takes)

    def _add_journal(self, builder: Builder, parent: ua.NodeId) -> None:
        folder = self._path(builder, "Journal")
        builder.folder(folder, parent, "Journal")
        self._count(builder, "Journal/Newest", "UInt64", "number of the newest change in the journal")
        self._count(builder, "Journal/Oldest", "UInt64", "number of the oldest change in the journal")
        takes = (
            argument("From", "UInt64", "number of the first change wanted"),
            argument("Count", "UInt32", f"how many at most, up to {_READ_AT_ONCE}"),
        )
        row = ua.ValueRank.OneDimension
        gives = (
            argument("Numbers", "UInt64", "of the changes, rising", row),
            argument("Times", "DateTime", "when they came, by the device's clock", row),
            argument("Signals", "String", "which signals changed", row),
            argument("Values", "Variant", "what they came to show", row),
        )
        read, text = self._path(builder, "Journal/Read"), "changes from a number on, oldest first"
        builder.method(read, folder, "Read", text, self._read_journal, takes, gives)

    # --- what it shows ------------------------------------------------------------------------------------------------

    def show_all(self) -> None:
        """Show everything anew: its trust may have changed without its value."""
        for name, variables in self._variables.items():
            for variable in variables:
                self._show(variable, self.host.reading(name))
        self._show_counters(instant(self._origin, self.host.clock_ms))

    def _changed(self, host: Host, change: Change) -> None:
        status = host.disturbance.status.get(change.signal, Status.GOOD)
        for variable in self._variables.get(change.signal, ()):
            self._show(variable, Reading(change.value, change.number, change.time_ms, status))
        stamp = instant(self._origin, change.time_ms)
        self._show_counters(stamp)
        notable = self._notable.get(change.signal)
        if notable is not None and not host.disturbance.silent:
            self._tell_event(DeviceEvent(*self._event, host, notable, change, stamp))

    def _show(self, variable: Variable, reading: Reading) -> None:
        stamp = instant(self._origin, reading.time_ms)
        silent = self.host.disturbance.silent
        self._put(variable.value, fixed_reading(reading, variable.signal, variable.kind, stamp, silent))
        if not silent:
            self._put(variable.number, fixed(reading.number, _UINT64, stamp))

    def _show_counters(self, stamp: datetime) -> None:
        host = self.host
        if host.disturbance.silent:
            return
        self._put(self._own["Sequence"], fixed(host.sequence, _UINT64, stamp))
        self._put(self._own["Epoch"], fixed(host.epoch, ua.VariantType.UInt32, stamp))
        if host.ring:
            journal = host.journal
            self._put(self._own["Journal/Newest"], fixed(journal[-1].number if journal else 0, _UINT64, stamp))
            self._put(self._own["Journal/Oldest"], fixed(journal[0].number if journal else 0, _UINT64, stamp))

    # --- what it is told ----------------------------------------------------------------------------------------------

    def _write(self, signal: Signal, kind: str, value: ua.DataValue) -> ua.StatusCode:
        if not signal.writable:
            return code(ua.StatusCodes.BadNotWritable)
        if value.Value is None or value.Value.VariantType.name != kind or value.Value.is_array:
            return code(ua.StatusCodes.BadTypeMismatch)
        return self._tell(signal, value.Value.Value)

    def _tell(self, signal: Signal, value: Any) -> ua.StatusCode:
        if self.host.disturbance.silent:
            return SILENT
        if self._clock is not None:
            self.host.advance(self._clock.now_ms())
        try:
            self.host.write(signal.name, meant(value, signal))
        except RefusedError as error:
            _logger.info("%s refused: %s", self.host.name, error)
            return code(ua.StatusCodes.BadInvalidState)
        except SignalError as error:
            _logger.info("%s did not understand: %s", self.host.name, error)
            return code(ua.StatusCodes.BadOutOfRange)
        return code(ua.StatusCodes.Good)

    async def _read_journal(self, _: ua.NodeId, *given: ua.Variant) -> Any:
        if len(given) != 2:
            return code(ua.StatusCodes.BadArgumentsMissing if len(given) < 2 else ua.StatusCodes.BadTooManyArguments)
        if [one.VariantType.name for one in given] != ["UInt64", "UInt32"]:
            return code(ua.StatusCodes.BadInvalidArgument)
        if self.host.disturbance.silent:
            return SILENT
        first, count = given[0].Value, min(given[1].Value, _READ_AT_ONCE)
        found = [change for change in self.host.journal if change.number >= first][:count]
        kinds = {name: variables[0] for name, variables in self._variables.items()}
        return [
            ua.Variant([change.number for change in found], _UINT64, is_array=True),
            ua.Variant(
                [instant(self._origin, change.time_ms) for change in found], ua.VariantType.DateTime, is_array=True
            ),
            ua.Variant([change.signal for change in found], ua.VariantType.String, is_array=True),
            ua.Variant([_variant(change, kinds) for change in found], ua.VariantType.Variant, is_array=True),
        ]

    def history(self, signal: str) -> list[Fixed]:
        """The journal's values of a signal, oldest first."""
        variable = self._variables[signal][0]
        return [
            fixed_reading(
                Reading(change.value, change.number, change.time_ms, Status.GOOD),
                variable.signal,
                variable.kind,
                instant(self._origin, change.time_ms),
                silent=False,
            )
            for change in self.host.journal
            if change.signal == signal
        ]


def _variant(change: Change, kinds: dict[str, Variable]) -> ua.Variant:
    """As the signal's variable shows it; of a signal without one, by the value's own type."""
    variable = kinds.get(change.signal)
    if variable is None:
        return ua.Variant(change.value)
    reading = Reading(change.value, change.number, change.time_ms, Status.GOOD)
    value = fixed_reading(reading, variable.signal, variable.kind, datetime.min, silent=False).Value
    return ua.Variant(None, ua.VariantType.Null) if value is None else value
