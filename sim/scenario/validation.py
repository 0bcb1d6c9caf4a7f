"""From plain data to models: what pydantic refuses becomes findings with place, message and hint."""

import types
import typing
from collections.abc import Iterable
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sim.scenario.findings import Finding, did_you_mean
from sim.scenario.tree import Tree, locate

Location = tuple[str | int, ...]

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_KINDS_OF_VALUE = {
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
    "tuple_type": "a list",
    "list_type": "a list",
}


def validation_findings(error: ValidationError, root: type[BaseModel], tree: Tree) -> list[Finding]:
    """One finding per problem, in the order of the file."""
    findings = [_finding(detail, root, tree) for detail in error.errors(include_url=False)]
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.place.file, finding.place.line))


def _finding(detail: ErrorDetails, root: type[BaseModel], tree: Tree) -> Finding:
    location: Location = detail["loc"]
    place, parts = locate(tree, location)
    models = models_at(root, location[:-1]) if location else [root]
    message, hint = _explained(detail, location, models)
    if detail["type"] == "missing":
        parts.append(str(location[-1]))
    return Finding(message, hint, ".".join(parts), place)


def _explained(detail: ErrorDetails, location: Location, models: list[type[BaseModel]]) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    last = location[-1] if location else ""
    if kind == "extra_forbidden":
        return f"unknown key `{last}`", did_you_mean(str(last), _keys(models))
    if kind == "missing":
        return f"`{last}` is missing", _description(models, last)
    if kind == "union_tag_invalid":
        tags = str(context.get("expected_tags", "")).replace("'", "").split(", ")
        return f"unknown kind `{context.get('tag', '')}`", did_you_mean(str(context.get("tag", "")), tags)
    if kind == "union_tag_not_found":
        return "`kind` is missing", _kinds_hint(models_at_all(models, last))
    if kind == "value_error":
        problem = context.get("error")
        return getattr(problem, "message", str(problem)), getattr(problem, "hint", "")
    shown = _shown(detail.get("input"))
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{shown} is out of range", f"must be {words} {context.get(key)}"
    if kind in _KINDS_OF_VALUE:
        return f"{shown} is not {_KINDS_OF_VALUE[kind]}", _description(models, last)
    if kind in ("literal_error", "enum"):
        choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        return f"{shown} is not one of the choices", did_you_mean(str(detail.get("input")), choices)
    if kind == "string_pattern_mismatch":
        return f"{shown} does not have the right form", _pattern_hint(models, last)
    if kind == "too_short":
        return "at least one entry is needed", _description(models, last)
    return str(detail["msg"]), _description(models, last)


def _pattern_hint(models: list[type[BaseModel]], last: object) -> str:
    if last == "currency":
        return "three capital letters, as in USD"
    return "a name has no slash, comma, @, brackets or wildcard and does not begin with a space"


def _keys(models: Iterable[type[BaseModel]]) -> list[str]:
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _description(models: Iterable[type[BaseModel]], key: object) -> str:
    for model in models:
        for name, field in model.model_fields.items():
            if (field.alias or name) == key:
                return field.description or ""
    return ""


def _kinds_hint(models: Iterable[type[BaseModel]]) -> str:
    kinds = [kind for model in models for kind in _kind_names(model)]
    return "give one of: " + ", ".join(f"`kind: {kind}`" for kind in kinds) if kinds else ""


def _kind_names(model: type[BaseModel]) -> tuple[str, ...]:
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def models_at(root: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    """The models a location may lead to; names, indices and tags of unions in it are recognised as such."""
    current = [root]
    for part in location:
        current = models_at_all(current, part)
    return current


def models_at_all(current: list[type[BaseModel]], part: object) -> list[type[BaseModel]]:
    """One step of `models_at`."""
    below = [
        found
        for model in current
        for name, field in model.model_fields.items()
        if (field.alias or name) == part
        for found in _models_in(field.annotation)
    ]
    tagged = [model for model in current if part in _kind_names(model)]
    return list(dict.fromkeys(below)) or tagged or current


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _models_in(get_args(annotation)[0])
    if origin in (Union, types.UnionType, tuple, dict, list):
        return [model for part in get_args(annotation) for model in _models_in(part)]
    return []


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, dict) else "a mapping"
    return text if len(text) <= 60 else text[:57] + "..."
