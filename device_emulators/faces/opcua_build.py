"""Makes the nodes of devices.

The address space gets its nodes whole, in the form in which asyncua keeps them: through its requests, 500 devices take
ten seconds and more. What all variables of a type have in common (data type, access, ...) is one object for all.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue, NodeData

from device_emulators.signals import SignalError

READ: Final = 1
WRITE: Final = 2
HISTORY: Final = 4

_A: Final = ua.AttributeIds
_V: Final = ua.VariantType


def _id(identifier: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(identifier))


OBJECTS: Final = _id(ua.ObjectIds.ObjectsFolder)
FOLDER: Final = _id(ua.ObjectIds.FolderType)
_BASE_OBJECT: Final = _id(ua.ObjectIds.BaseObjectType)
HAS_COMPONENT: Final = _id(ua.ObjectIds.HasComponent)
ORGANIZES: Final = _id(ua.ObjectIds.Organizes)
_HAS_PROPERTY: Final = _id(ua.ObjectIds.HasProperty)
_HAS_SUBTYPE: Final = _id(ua.ObjectIds.HasSubtype)
_HAS_NOTIFIER: Final = _id(ua.ObjectIds.HasNotifier)
GENERATES: Final = _id(ua.ObjectIds.GeneratesEvent)
_HAS_TYPE: Final = _id(ua.ObjectIds.HasTypeDefinition)
_VARIABLE: Final = _id(ua.ObjectIds.BaseDataVariableType)
_PROPERTY: Final = _id(ua.ObjectIds.PropertyType)
_NO_TYPE: Final = ua.NodeId()

Attributes = dict[ua.AttributeIds, AttributeValue]


def argument(name: str, kind: str, description: str, rank: int = ua.ValueRank.Scalar) -> ua.Argument:
    """What a method takes or gives; `kind` is a built-in type, `rank` as of ua.ValueRank."""
    made = ua.Argument()
    made.Name = name
    made.DataType = _id(_V[kind].value)
    made.ValueRank = ua.Int32(rank)
    made.Description = ua.LocalizedText(description)
    return made


class Builder:
    """Adds nodes to an address space, each below one that is there. SignalError: there is one of that id."""

    def __init__(self, space: AddressSpace, namespace: int) -> None:
        self._space = space
        self._namespace = ua.Int16(namespace)
        self._shared: dict[tuple[Any, ...], Attributes] = {}

    def node_id(self, identifier: str) -> ua.NodeId:
        """A node id of our namespace."""
        return ua.NodeId(ua.String(identifier), self._namespace)

    def folder(
        self,
        node: ua.NodeId,
        parent: ua.NodeId,
        name: str,
        definition: ua.NodeId = FOLDER,
        reference: ua.NodeId = HAS_COMPONENT,
    ) -> None:
        """An object, a folder unless another type is given."""
        self._add(node, parent, name, "", reference, definition, ua.NodeClass.Object, self._of_objects)

    def type(self, node: ua.NodeId, name: str, parent: ua.NodeId = _BASE_OBJECT) -> None:
        """A type of objects, or of events when `parent` is one."""
        self._add(node, parent, name, "", _HAS_SUBTYPE, _NO_TYPE, ua.NodeClass.ObjectType, self._of_types)

    def listen_to(self, node: ua.NodeId, below: ua.NodeId | None = None) -> None:
        """Let clients subscribe to the events of an object, which are also those of `below`."""
        data = self._space[node]
        data.attributes[_A.EventNotifier] = _constant(1 << ua.EventNotifier.SubscribeToEvents, _V.Byte)
        if below is not None:
            self.refer(below, _HAS_NOTIFIER, node)

    def refer(self, source: ua.NodeId, reference: ua.NodeId, target: ua.NodeId) -> None:
        """Point from one node to another that is there."""
        above, below = self._space[source], self._space[target]
        above.references.append(self._reference(reference, True, below))
        below.references.append(self._reference(reference, False, above))

    def variable(
        self, node: ua.NodeId, parent: ua.NodeId, name: str, kind: str, description: str = "", access: int = READ
    ) -> AttributeValue:
        """A variable of a built-in type, without a value; returns where that is kept."""
        shared = self._of_variables(kind, access, ua.ValueRank.Scalar)
        data = self._add(node, parent, name, description, HAS_COMPONENT, _VARIABLE, ua.NodeClass.Variable, shared)
        return data.attributes.setdefault(_A.Value, AttributeValue(ua.DataValue(ua.Variant(None, _V.Null))))

    def property(
        self,
        node: ua.NodeId,
        parent: ua.NodeId,
        name: ua.QualifiedName | str,
        kind: str,
        value: ua.Variant | None = None,
        rank: int = ua.ValueRank.Scalar,
    ) -> AttributeValue:
        """A property of a built-in type, or with its value; returns where that is kept."""
        shared = self._of_variables(kind, READ, rank)
        data = self._add(node, parent, name, "", _HAS_PROPERTY, _PROPERTY, ua.NodeClass.Variable, shared)
        first = ua.Variant(None, _V.Null) if value is None else value
        return data.attributes.setdefault(_A.Value, AttributeValue(ua.DataValue(first)))

    def method(
        self,
        node: ua.NodeId,
        parent: ua.NodeId,
        name: str,
        description: str,
        call: Callable[..., Any],
        takes: Sequence[ua.Argument] = (),
        gives: Sequence[ua.Argument] = (),
    ) -> None:
        """A method, with the properties that describe its arguments. `call` is a coroutine function."""
        data = self._add(
            node, parent, name, description, HAS_COMPONENT, _NO_TYPE, ua.NodeClass.Method, self._of_methods
        )
        data.call = call
        for title, arguments in (("InputArguments", takes), ("OutputArguments", gives)):
            if arguments:
                value = ua.Variant(list(arguments), _V.ExtensionObject)
                inner = self.node_id(f"{node.Identifier!s}.{title}")
                standard = ua.QualifiedName(title, ua.UInt16(0))
                self.property(inner, node, standard, "Argument", value, ua.ValueRank.OneDimension)

    def _add(
        self,
        node: ua.NodeId,
        parent: ua.NodeId,
        name: ua.QualifiedName | str,
        description: str,
        reference: ua.NodeId,
        definition: ua.NodeId,
        node_class: ua.NodeClass,
        shared: Attributes,
    ) -> NodeData:
        if node in self._space:
            raise SignalError(f"there is a node {node.to_string()} already")
        browse_name = ua.QualifiedName(name, self._namespace) if isinstance(name, str) else name
        display_name = ua.LocalizedText(browse_name.Name)
        data = NodeData(node)
        data.attributes.update(shared)
        data.attributes[_A.NodeId] = _constant(node, _V.NodeId)
        data.attributes[_A.BrowseName] = _constant(browse_name, _V.QualifiedName)
        data.attributes[_A.DisplayName] = _constant(display_name, _V.LocalizedText)
        if description:
            data.attributes[_A.Description] = _constant(ua.LocalizedText(description), _V.LocalizedText)
        above = self._space[parent]
        above.references.append(
            ua.ReferenceDescription(reference, True, node, browse_name, display_name, node_class, definition)
        )
        data.references.append(self._reference(reference, False, above))
        if not definition.is_null():
            data.references.append(self._reference(_HAS_TYPE, True, self._space[definition]))
        self._space[node] = data
        return data

    @staticmethod
    def _reference(reference: ua.NodeId, forward: bool, to: NodeData) -> ua.ReferenceDescription:
        def known(attribute: ua.AttributeIds) -> Any:
            value = to.attributes[attribute].value
            return None if value is None or value.Value is None else value.Value.Value

        return ua.ReferenceDescription(
            reference,
            forward,
            to.nodeid,
            known(_A.BrowseName),
            known(_A.DisplayName),
            ua.NodeClass(known(_A.NodeClass)),
        )

    # --- what nodes have in common ------------------------------------------------------------------------------------

    @cached_property
    def _of_objects(self) -> Attributes:
        return {_A.EventNotifier: _constant(0, _V.Byte), **_common(ua.NodeClass.Object)}

    @cached_property
    def _of_types(self) -> Attributes:
        return {_A.IsAbstract: _constant(False, _V.Boolean), **_common(ua.NodeClass.ObjectType)}

    @cached_property
    def _of_methods(self) -> Attributes:
        return {
            _A.Executable: _constant(True, _V.Boolean),
            _A.UserExecutable: _constant(True, _V.Boolean),
            **_common(ua.NodeClass.Method),
        }

    def _of_variables(self, kind: str, access: int, rank: int) -> Attributes:
        key = (kind, access, rank)
        if key not in self._shared:
            data_type = _id(ua.ObjectIds.Argument if kind == "Argument" else _V[kind].value)
            self._shared[key] = {
                _A.DataType: _constant(data_type, _V.NodeId),
                _A.ValueRank: _constant(rank, _V.Int32),
                _A.AccessLevel: _constant(access, _V.Byte),
                _A.UserAccessLevel: _constant(access, _V.Byte),
                _A.Historizing: _constant(bool(access & HISTORY), _V.Boolean),
                **_common(ua.NodeClass.Variable),
            }
        return self._shared[key]


def _common(node_class: ua.NodeClass) -> Attributes:
    return {
        _A.NodeClass: _constant(node_class, _V.Int32),
        _A.WriteMask: _constant(0, _V.UInt32),
        _A.UserWriteMask: _constant(0, _V.UInt32),
    }


def _constant(value: object, kind: ua.VariantType) -> AttributeValue:
    return AttributeValue(ua.DataValue(ua.Variant(value, kind)))
