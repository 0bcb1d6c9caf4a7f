"""The JSON Schema of a scenario file and the reference page, both made from the models' own descriptions."""

from typing import Any

from sim.scenario.scenario import ScenarioModel


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file; what is required may also come from a file it extends."""
    schema = _tidied(ScenarioModel.model_json_schema(by_alias=True))
    required = schema.pop("required", [])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mro-twin scenario",
        **schema,
        "anyOf": [{"required": required}, {"required": ["extends"]}],
    }


def _tidied(schema: Any) -> Any:
    """Without titles that only repeat a key, and with mappings by name written in one way."""
    if isinstance(schema, list):
        return [_tidied(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {key: _tidied(part) for key, part in schema.items() if not (key == "title" and isinstance(part, str))}
    patterns = tidied.get("patternProperties")
    if isinstance(patterns, dict) and len(patterns) == 1:  # a range such as store-{01..60} is no name, but allowed
        del tidied["patternProperties"]
        tidied["additionalProperties"] = next(iter(patterns.values()))
    return tidied


def reference_page() -> str:
    """The reference of the scenario language as Markdown: every section with its fields, defaults and meaning."""
    schema = json_schema()
    definitions: dict[str, Any] = schema.get("$defs", {})
    top = {**schema, "required": schema["anyOf"][0]["required"]}
    parts = [
        "# Scenario reference\n",
        "Made from the models by `python -m sim.scenario.schema`; `mro-twin schema` prints the same as JSON Schema.\n",
        _section("Scenario", top),
    ]
    parts += [_section(name, found) for name, found in sorted(definitions.items()) if "properties" in found]
    return "\n".join(parts)


def _section(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = [
        f"## {name}\n",
        f"{schema.get('description', '')}\n",
        "| field | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for key, field in schema.get("properties", {}).items():
        default = "required" if key in required else _default(field)
        meaning = str(field.get("description", "")).replace("|", "\\|")
        lines.append(f"| `{key}` | {_type(field)} | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if isinstance(default, dict):
        default = {key: value for key, value in default.items() if value is not None}
    return "" if default in (None, "", [], {}, ()) else f"`{default}`"


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    for key in ("anyOf", "oneOf"):
        if key in field:
            return " or ".join(dict.fromkeys(_type(part) for part in field[key] if part.get("type") != "null"))
    kind = field.get("type", "any")
    if kind == "array":
        return f"list of {_type(field.get('items', {}))}"
    if kind == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"name: {_type(field['additionalProperties'])}"
    kinds = " or ".join(kind) if isinstance(kind, list) else str(kind)
    examples = field.get("examples")
    return f"{kinds}, as in `{examples[0]}`" if examples else kinds


if __name__ == "__main__":
    print(reference_page(), end="")
