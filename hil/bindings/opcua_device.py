"""A device read and told over OPC UA by its nodes: readings, the journal, a call when something changed.

Devices of `mro-twin emulate` have `Sequence`, `Epoch`, `Number` and `Journal`; of others only the values are needed,
and the numbers are 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from asyncua import Client, ua

from device_emulators.faces.host import Change, Reading, Status
from device_emulators.faces.opcua_nodes import NodeLike, meant, shown
from device_emulators.signals import SignalError, Value
from hil.bindings.connection import AnswerError, LinkError
from hil.bindings.opcua_address import FOLDER, NAMESPACE, qualified
from hil.bindings.opcua_client import OpcuaClient

_COUNTERS: Final = (("Sequence",), ("Epoch",))
_AT_ONCE: Final = 1000  # changes asked for by one call
_MOST_CHANGES: Final = 100_000  # of a journal; more is taken for one without end
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OpcuaSnapshot:
    """All readings of one request, times in ms since 1970. `sequence` and `epoch` 0: the device has none."""

    readings: Mapping[str, Reading]
    sequence: int
    epoch: int
    consistent: bool  # nothing changed while they were read


@dataclass(frozen=True)
class OpcuaJournal:
    """Changes after some number, times in ms since 1970. `lost` were overwritten before they could be read;
    `restarted`: the numbers have begun anew, and these are all there are."""

    changes: tuple[Change, ...]
    newest: int
    lost: int = 0
    restarted: bool = False
    epoch: int = 0


class OpcuaDevice:
    """One device behind a client; make it before the client starts. Methods raise what `OpcuaClient.ask` raises."""

    def __init__(
        self,
        client: OpcuaClient,
        name: str,
        nodes: Sequence[NodeLike],
        *,
        folder: Sequence[str] = FOLDER,
        namespace: str | int = NAMESPACE,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """`folder` are the browse names from Objects on, as in `ObjectPath`; `on_change` is called when there is
        something new to read."""
        self.client = client
        self.name = name
        self._nodes = {node.signal.name: node for node in nodes}
        # what it shows is told whatever it is: its ranges are known to itself alone
        self._signals = {node.signal.name: replace(node.signal, low=None, high=None) for node in nodes}
        self._folder = (*folder, name)
        self._namespace = namespace
        self._on_change = on_change
        self._ids: dict[tuple[str, ...], ua.NodeId] = {}
        client.on_connect.append(self._connected)

    @property
    def counts(self) -> bool:
        """It numbers its changes."""
        return _COUNTERS[0] in self._ids

    async def snapshot(self) -> OpcuaSnapshot:
        """All values, by one request. Those that the server calls bad have the value False and status bad."""
        readable = [(name, node) for name, node in self._nodes.items() if not node.method]
        counters = [self._ids[path] for path in _COUNTERS if path in self._ids]
        numbers = [self._ids.get((*node.path, "Number")) for _, node in readable]
        asked = [
            *counters,
            *(self._ids[tuple(node.path)] for _, node in readable),
            *(number for number in numbers if number is not None),
            *counters,
        ]
        found = await self.client.ask(lambda client: client.uaclient.read_attributes(asked, ua.AttributeIds.Value))
        first, values = found[: len(counters)], found[len(counters) :]
        last = values[len(values) - len(counters) :] if counters else []
        counted = iter(values[len(readable) :])
        readings = {
            name: self._reading(name, value, _number(next(counted)) if number is not None else 0)
            for (name, _), value, number in zip(readable, values, numbers, strict=False)
        }
        before, after = [_number(one) for one in first], [_number(one) for one in last]
        sequence, epoch = (*after, 0, 0)[:2]
        return OpcuaSnapshot(readings, sequence, epoch, before == after)

    async def write(self, name: str, value: object) -> None:
        """Tell the device something: write a variable, call a method. SignalError when it cannot be told that."""
        node = self._nodes.get(name)
        if node is None or not node.signal.writable:
            raise SignalError(f"{name} of {self.name} cannot be told over OPC UA")
        checked = node.signal.checked(value)
        own = self._ids[tuple(node.path)]
        variant = ua.Variant(shown(checked, node.signal, node.type), ua.VariantType[node.type])
        if node.method:
            above = self._ids[tuple(node.path[:-1])]
            if not node.takes_argument and checked is not True:
                return
            await self._call(above, own, variant if node.takes_argument else None)
            return
        written = ua.DataValue(variant)
        results = await self.client.ask(lambda client: client.uaclient.write_attributes([own], [written]))
        _check(results[0], f"{self.name}: {name}")

    async def journal(self, after: int) -> OpcuaJournal:
        """The changes with numbers over `after` that are still there, oldest first. ValueError: it has no journal."""
        if ("Journal", "Read") not in self._ids:
            raise ValueError(f"{self.name} has no journal")
        newest, epoch = await self.counters()
        restarted = newest < after
        since = last = 0 if restarted else after
        changes: list[Change] = []
        kept = 0
        while last < newest and (part := await self._read_journal(last + 1)):
            kept += len(part)
            last = part[-1].number
            changes += [change for change in part if change.signal in self._signals]
            if kept > _MOST_CHANGES:
                raise LinkError(f"{self.name}: the journal does not end")
        newest = max(newest, last)
        return OpcuaJournal(tuple(changes), newest, newest - since - kept, restarted, epoch)

    async def counters(self) -> tuple[int, int]:
        """The number of its last change and its epoch; 0 where it has none."""
        found = [self._ids[path] for path in _COUNTERS if path in self._ids]
        values = await self.client.ask(lambda client: client.uaclient.read_attributes(found, ua.AttributeIds.Value))
        for value in values:
            _check(value.StatusCode, self.name)
        sequence, epoch = (*map(_number, values), 0, 0)[:2]
        return sequence, epoch

    # --- pieces -------------------------------------------------------------------------------------------------------

    async def _read_journal(self, first: int) -> list[Change]:
        """A part of it from a number on; changes of signals that are not known have the value False."""
        takes = ua.Variant(first, ua.VariantType.UInt64), ua.Variant(_AT_ONCE, ua.VariantType.UInt32)
        given = await self._call(self._ids[("Journal",)], self._ids[("Journal", "Read")], *takes)
        if len(given) != 4 or len({len(column.Value or ()) for column in given}) != 1:
            raise LinkError(f"{self.name}: the journal answers in another form")
        rows = zip(*(column.Value or () for column in given), strict=True)
        try:
            part = [
                Change(int(number), _ms(time), str(name), self._told(name, value)) for number, time, name, value in rows
            ]
        except (AttributeError, TypeError, ValueError) as error:
            raise LinkError(f"{self.name}: the journal tells what cannot be: {error}") from error
        numbers = [first - 1, *(change.number for change in part)]
        if any(after <= before for before, after in pairwise(numbers)):
            raise LinkError(f"{self.name}: the numbers in the journal do not rise")
        return part

    def _told(self, name: str, value: ua.Variant) -> Value:
        signal = self._signals.get(name)
        return False if signal is None else signal.checked(meant(value.Value, signal))

    async def _call(self, above: ua.NodeId, method: ua.NodeId, *takes: ua.Variant | None) -> list[ua.Variant]:
        request = ua.CallMethodRequest()
        request.ObjectId, request.MethodId = above, method
        request.InputArguments = [one for one in takes if one is not None]
        results = await self.client.ask(lambda client: client.uaclient.call([request]))
        _check(results[0].StatusCode, f"{self.name}: {method.Identifier!s}")
        return list(results[0].OutputArguments or ())

    def _reading(self, name: str, found: ua.DataValue, number: int) -> Reading:
        status = _status(found.StatusCode)
        value = None if found.Value is None else meant(found.Value.Value, self._signals[name])
        if status is Status.BAD or not isinstance(value, bool | int | float | str):
            return Reading(False, number, _ms(found.SourceTimestamp), Status.BAD)
        try:
            checked = self._signals[name].checked(value)
        except SignalError:
            return Reading(value, number, _ms(found.SourceTimestamp), Status.BAD)
        return Reading(checked, number, _ms(found.SourceTimestamp), status)

    async def _connected(self, client: Client) -> None:
        """Find the nodes, as a server that was restarted may have others, and subscribe to what says `changed`."""
        named = self._namespace
        index = named if isinstance(named, int) else await client.get_namespace_index(named)
        paths = [tuple(node.path) for node in self._nodes.values()]
        needed = dict.fromkeys([*paths, *(path[:-1] for path in paths)])
        extra = [(*tuple(node.path), "Number") for node in self._nodes.values() if not node.method]
        wished = [("Sequence",), ("Epoch",), ("Journal",), ("Journal", "Read"), *extra]
        asked = [*needed, *(path for path in wished if path not in needed)]
        results = await client.translate_browsepaths(
            client.nodes.objects.nodeid, [_path((*self._folder, *path), index) for path in asked]
        )
        found = {path: result for path, result in zip(asked, results, strict=True) if result.Targets}
        if missing := ["/".join(path) for path in needed if path not in found]:
            raise LinkError(f"{self.name} has no node {', '.join(missing) or self.name}")
        self._ids = {path: result.Targets[0].TargetId for path, result in found.items()}
        if self._on_change is not None:
            await self._subscribe(client)

    async def _subscribe(self, client: Client) -> None:
        """`Sequence` tells of every change; values tell, besides, when they can be trusted no more."""
        subscription = await client.create_subscription(100, _Told(self._on_change))
        values = [tuple(node.path) for node in self._nodes.values() if not node.method]
        followed = [client.get_node(self._ids[path]) for path in [*values, *_COUNTERS] if path in self._ids]
        await subscription.subscribe_data_change(followed)


class _Told:
    """Hands notifications of a subscription on."""

    def __init__(self, on_change: Callable[[], None] | None) -> None:
        self._on_change = on_change

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        """Called by asyncua."""
        if self._on_change is not None:
            self._on_change()

    def status_change_notification(self, status: Any) -> None:
        """Called by asyncua: something is wrong with the subscription."""
        if self._on_change is not None:
            self._on_change()


def _path(names: Sequence[str], index: int) -> ua.RelativePath:
    """From one browse name to the next below it."""
    path = ua.RelativePath()
    for name in names:
        element: Any = ua.RelativePathElement()
        element.ReferenceTypeId = ua.NodeId(ua.Int32(ua.ObjectIds.HierarchicalReferences))
        element.IsInverse, element.IncludeSubtypes = False, True
        own_index, own_name = qualified(name, index)
        element.TargetName = ua.QualifiedName(own_name, ua.UInt16(own_index))
        path.Elements.append(element)
    return path


def _check(status: ua.StatusCode | None, where: str) -> None:
    if status is not None and not status.is_good():
        raise AnswerError(status.name, f"{where}: {status.name}")


def _status(code: ua.StatusCode | None) -> Status:
    if code is None or code.is_good():
        return Status.GOOD
    return Status.BAD if code.is_bad() else Status.UNCERTAIN


def _number(found: ua.DataValue) -> int:
    value = None if found.Value is None else found.Value.Value
    return value if isinstance(value, int) else 0


def _ms(stamp: datetime | None) -> int:
    return 0 if stamp is None else (stamp - _EPOCH) // timedelta(milliseconds=1)
