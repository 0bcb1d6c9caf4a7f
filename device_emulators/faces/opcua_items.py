"""Requests that make nodes, in the form in which the address space takes many at once."""

from collections.abc import Sequence
from typing import Final

from asyncua import ua

READ: Final = 1
WRITE: Final = 2
HISTORY: Final = 4


def _id(identifier: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(identifier))


OBJECTS: Final = _id(ua.ObjectIds.ObjectsFolder)
FOLDER: Final = _id(ua.ObjectIds.FolderType)
BASE_OBJECT: Final = _id(ua.ObjectIds.BaseObjectType)
HAS_COMPONENT: Final = _id(ua.ObjectIds.HasComponent)
ORGANIZES: Final = _id(ua.ObjectIds.Organizes)
_HAS_PROPERTY: Final = _id(ua.ObjectIds.HasProperty)
_HAS_SUBTYPE: Final = _id(ua.ObjectIds.HasSubtype)
_VARIABLE: Final = _id(ua.ObjectIds.BaseDataVariableType)
_PROPERTY: Final = _id(ua.ObjectIds.PropertyType)
_NO_TYPE: Final = ua.NodeId()


def _item(
    node: ua.NodeId, parent: ua.NodeId, name: str, reference: ua.NodeId, definition: ua.NodeId, attributes: object
) -> ua.AddNodesItem:
    index = node.NamespaceIndex
    item = ua.AddNodesItem()
    item.RequestedNewNodeId = node
    item.ParentNodeId = parent
    item.BrowseName = ua.QualifiedName(name, index)
    item.ReferenceTypeId = reference
    item.TypeDefinition = definition
    attributes.DisplayName = ua.LocalizedText(name)  # type: ignore[attr-defined]
    item.NodeAttributes = attributes
    return item


def object_item(
    node: ua.NodeId,
    parent: ua.NodeId,
    name: str,
    definition: ua.NodeId = FOLDER,
    reference: ua.NodeId = HAS_COMPONENT,
) -> ua.AddNodesItem:
    """An object, a folder unless told otherwise."""
    item = _item(node, parent, name, reference, definition, ua.ObjectAttributes())
    item.NodeClass = ua.NodeClass.Object
    return item


def type_item(node: ua.NodeId, name: str) -> ua.AddNodesItem:
    """A type of objects."""
    item = _item(node, BASE_OBJECT, name, _HAS_SUBTYPE, _NO_TYPE, ua.ObjectTypeAttributes())
    item.NodeClass = ua.NodeClass.ObjectType
    return item


def variable_item(
    node: ua.NodeId,
    parent: ua.NodeId,
    name: str,
    value: ua.DataValue,
    kind: str,
    *,
    description: str = "",
    access: int = READ,
    is_property: bool = False,
) -> ua.AddNodesItem:
    """A variable, or a property, of a built-in type."""
    attributes = ua.VariableAttributes()
    attributes.DataType = _id(ua.VariantType[kind].value)
    attributes.ValueRank = ua.ValueRank.Scalar
    attributes.AccessLevel = attributes.UserAccessLevel = ua.Byte(access)
    attributes.Historizing = bool(access & HISTORY)
    attributes.Description = ua.LocalizedText(description)
    if value.Value is not None:
        attributes.Value = value.Value
    reference, definition = (_HAS_PROPERTY, _PROPERTY) if is_property else (HAS_COMPONENT, _VARIABLE)
    item = _item(node, parent, name, reference, definition, attributes)
    item.NodeClass = ua.NodeClass.Variable
    return item


def argument(name: str, kind: str, description: str, rank: int = ua.ValueRank.Scalar) -> ua.Argument:
    """What a method takes or gives; `kind` is a built-in type."""
    made = ua.Argument()
    made.Name = name
    made.DataType = _id(ua.VariantType[kind].value)
    made.ValueRank = ua.Int32(rank)
    made.Description = ua.LocalizedText(description)
    return made


def method_items(
    node: ua.NodeId,
    parent: ua.NodeId,
    name: str,
    description: str,
    takes: Sequence[ua.Argument] = (),
    gives: Sequence[ua.Argument] = (),
) -> list[ua.AddNodesItem]:
    """A method with the properties that describe its arguments."""
    attributes = ua.MethodAttributes()
    attributes.Description = ua.LocalizedText(description)
    method = _item(node, parent, name, HAS_COMPONENT, _NO_TYPE, attributes)
    method.NodeClass = ua.NodeClass.Method
    items = [method]
    for title, arguments in (("InputArguments", takes), ("OutputArguments", gives)):
        if not arguments:
            continue
        described = ua.VariableAttributes()
        described.DataType = _id(ua.ObjectIds.Argument)
        described.ValueRank = ua.ValueRank.OneDimension
        described.AccessLevel = described.UserAccessLevel = ua.Byte(READ)
        described.Value = ua.Variant(list(arguments), ua.VariantType.ExtensionObject)
        inner = ua.NodeId(ua.String(f"{node.Identifier}.{title}"), node.NamespaceIndex)
        item = _item(inner, node, title, _HAS_PROPERTY, _PROPERTY, described)
        item.BrowseName = ua.QualifiedName(title, 0)  # its name is the standard's
        item.NodeClass = ua.NodeClass.Variable
        items.append(item)
    return items
