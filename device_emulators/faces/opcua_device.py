"""One device in the address space: its variables, what a change does to them, its commands and its journal."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue

from device_emulators.faces import opcua_items as items
from device_emulators.faces.host import Change, Host, Reading, Status
from device_emulators.faces.opcua_nodes import NodeLike, meant
from device_emulators.faces.opcua_values import SILENT, Fixed, fixed, fixed_reading, instant
from device_emulators.signals import RefusedError, Signal, SignalError, SignalType

_logger = logging.getLogger(__name__)
_READ_AT_ONCE: Final = 1000
_UINT64: Final = ua.VariantType.UInt64


class Clock(Protocol):
    """The twin's time."""

    def now_ms(self) -> int: ...


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
    """Shows a host below `Objects/Devices`; `put` stores a new value and notifies who has subscribed to it."""

    def __init__(
        self,
        host: Host,
        nodes: Sequence[NodeLike],
        namespace: int,
        origin: datetime,
        clock: Clock | None,
        put: Callable[[AttributeValue, Fixed], None],
    ) -> None:
        self.host = host
        self.writes: dict[ua.NodeId, Callable[[ua.DataValue], ua.StatusCode]] = {}
        self.signals: dict[ua.NodeId, str] = {}  # of variables with a history
        self._nodes = tuple(nodes)
        self._namespace = ua.Int16(namespace)
        self._origin = origin
        self._clock = clock
        self._put = put
        self._variables: dict[str, list[Variable]] = {}
        self._own: dict[str, AttributeValue] = {}
        self._methods: dict[ua.NodeId, Callable[..., Any]] = {}

    # --- building -----------------------------------------------------------------------------------------------------

    def node_id(self, path: str) -> ua.NodeId:
        """Of the node at `path` below the device; "" is the device's own."""
        return ua.NodeId(ua.String(f"{self.host.name}/{path}" if path else self.host.name), self._namespace)

    def requests(self, parent: ua.NodeId, definition: ua.NodeId) -> list[ua.AddNodesItem]:
        """All nodes of the device, parents first."""
        made = [items.object_item(self.node_id(""), parent, self.host.name, definition)]
        made.append(self._own_item("Sequence", "UInt64", "number of the last change of the device"))
        made.append(self._own_item("Epoch", "UInt32", "rises when the device begins its numbers anew"))
        folders = {""}
        for node in self._nodes:
            parts = node.path.split("/")
            for depth in range(1, len(parts)):
                folder = "/".join(parts[:depth])
                if folder not in folders:
                    folders.add(folder)
                    above = self.node_id("/".join(parts[: depth - 1]))
                    made.append(items.object_item(self.node_id(folder), above, parts[depth - 1]))
            above = self.node_id("/".join(parts[:-1]))
            made += self._method(node, above) if node.method else self._variable(node, above)
        if self.host.ring:
            made += self._journal()
        return made

    def _own_item(self, path: str, kind: str, description: str) -> ua.AddNodesItem:
        above, _, name = path.rpartition("/")
        nothing = fixed(0, ua.VariantType[kind], self._origin)
        return items.variable_item(
            self.node_id(path), self.node_id(above), name, nothing, kind, description=description
        )

    def _variable(self, node: NodeLike, parent: ua.NodeId) -> list[ua.AddNodesItem]:
        signal = self.host.signals[node.signal]
        own, number = self.node_id(node.path), self.node_id(node.path + ".Number")
        access = items.READ | (items.WRITE if signal.writable else 0) | (items.HISTORY if self.host.ring else 0)
        nothing = Fixed(ua.Variant(None, ua.VariantType.Null))
        zero = fixed(0, _UINT64, self._origin)
        self.writes[own] = lambda value: self._write(signal, node.type, value)
        if self.host.ring:
            self.signals[own] = node.signal
        description = f"{signal.description} [{signal.unit}]" if signal.unit else signal.description
        return [
            items.variable_item(
                own, parent, node.path.rpartition("/")[2], nothing, node.type, description=description, access=access
            ),
            items.variable_item(number, own, "Number", zero, "UInt64", is_property=True),
        ]

    def _method(self, node: NodeLike, parent: ua.NodeId) -> list[ua.AddNodesItem]:
        signal = self.host.signals[node.signal]
        bare = signal.type is SignalType.BOOL and not signal.readable

        async def call(_: ua.NodeId, *given: ua.Variant) -> ua.StatusCode:
            if len(given) != (0 if bare else 1):
                return code(ua.StatusCodes.BadArgumentsMissing if not given else ua.StatusCodes.BadTooManyArguments)
            if given and given[0].VariantType.name != node.type:
                return code(ua.StatusCodes.BadInvalidArgument)
            return self._tell(signal, True if bare else given[0].Value)

        own = self.node_id(node.path)
        self._methods[own] = call
        takes = () if bare else (items.argument("Value", node.type, signal.description),)
        return items.method_items(own, parent, node.path.rpartition("/")[2], signal.description, takes)

    def _journal(self) -> list[ua.AddNodesItem]:
        folder, read = self.node_id("Journal"), self.node_id("Journal/Read")
        takes = (
            items.argument("From", "UInt64", "number of the first change wanted"),
            items.argument("Count", "UInt32", f"how many at most, up to {_READ_AT_ONCE}"),
        )
        row = ua.ValueRank.OneDimension
        gives = (
            items.argument("Numbers", "UInt64", "of the changes, rising", row),
            items.argument("Times", "DateTime", "when they came, by the device's clock", row),
            items.argument("Signals", "String", "which signals changed", row),
            items.argument("Values", "Variant", "what they came to show", row),
        )
        self._methods[read] = self._read_journal
        return [
            items.object_item(folder, self.node_id(""), "Journal"),
            self._own_item("Journal/Newest", "UInt64", "number of the newest change in the journal"),
            self._own_item("Journal/Oldest", "UInt64", "number of the oldest change in the journal"),
            *items.method_items(read, folder, "Read", "changes from a number on, oldest first", takes, gives),
        ]

    def attach(self, space: AddressSpace) -> Callable[[], None]:
        """The nodes are there: show all values, and each change from now on until the result is called."""
        for node in self._nodes:
            if not node.method:
                own, number = self.node_id(node.path), self.node_id(node.path + ".Number")
                variable = Variable(self.host.signals[node.signal], node.type, _value(space, own), _value(space, number))
                self._variables.setdefault(node.signal, []).append(variable)
        for path in ("Sequence", "Epoch", *(("Journal/Newest", "Journal/Oldest") if self.host.ring else ())):
            self._own[path] = _value(space, self.node_id(path))
        for method, call in self._methods.items():
            space.add_method_callback(method, call)
        self.show_all()
        endings = (self.host.listen(self._changed), self.host.watch(lambda _: self.show_all()))

        def end() -> None:
            for ending in endings:
                ending()

        return end

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
        self._show_counters(instant(self._origin, change.time_ms))

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


def _value(space: AddressSpace, node: ua.NodeId) -> AttributeValue:
    return space[node].attributes[ua.AttributeIds.Value]


def _variant(change: Change, kinds: dict[str, Variable]) -> ua.Variant:
    """As the signal's variable shows it; of a signal without one, by the value's own type."""
    variable = kinds.get(change.signal)
    if variable is None:
        return ua.Variant(change.value)
    reading = Reading(change.value, change.number, change.time_ms, Status.GOOD)
    value = fixed_reading(reading, variable.signal, variable.kind, datetime.min, silent=False).Value
    return ua.Variant(None, ua.VariantType.Null) if value is None else value
