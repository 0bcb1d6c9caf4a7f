"""What configuration models say of wrong data, in the words of somebody who writes YAML."""

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

_EXPECTED: Final = {
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "settings, KEY: VALUE",
    "dict_type": "settings, KEY: VALUE",
    "mapping_type": "settings, KEY: VALUE",
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def worded(found: Mapping[str, Any], model: type[BaseModel] | None = None) -> str:
    """An error of pydantic as a message; with the model that found it, also what could stand there instead."""
    loc: Sequence[str | int] = found["loc"]
    match found["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            holder = _at(model, loc[:-1])
            fields = holder.model_fields if isinstance(holder, type) and issubclass(holder, BaseModel) else {}
            names = [field.alias or name for name, field in fields.items()]
            return f"is not known here; there are {', '.join(names)}" if names else "is not known here"
        case "tuple_type" | "list_type" if _at(model, (*loc, 0)) is str:
            return "expected a list of texts"
        case kind if kind in _EXPECTED:
            return f"expected {_EXPECTED[kind]}"
    return str(found["msg"]).removeprefix("Value error, ")


def _at(kind: Any, loc: Sequence[str | int]) -> Any:
    """The type that stands at a place of a model's data; None where that cannot be told."""
    for step in loc:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = {field.alias or name: field for name, field in kind.model_fields.items()}
            kind = fields[str(step)].annotation if str(step) in fields else None
        else:
            elements = [one for one in get_args(kind) if one is not Ellipsis]
            kind = elements[-1] if elements else None  # of a list its elements, of a mapping its values
    return _bare(kind)


def _bare(kind: Any) -> Any:
    """Without what is said about a type, and without None as another one."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        return _bare(kinds[0]) if len(kinds) == 1 else None
    return kind
