"""Prints docs/acceptance-reference.md: every setting of a suite, every criterion and every fault, from their models."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from hil.accept.criteria import Allowed, Criteria
from hil.accept.extract import Layout
from hil.accept.sparkplug import SparkplugLayout
from hil.accept.suite import (
    AnswerEntry,
    BrokerEntry,
    DeviceEntry,
    GatewayEntry,
    ListenEntry,
    ObserverEntry,
    ScenarioEntry,
    Suite,
)
from hil.faults.kinds import KINDS, Fault
from hil.faults.model import Entry, FaultFile
from policies.units import format_duration

MODELS: Final[dict[type[BaseModel], str]] = {
    Suite: "A suite",
    DeviceEntry: "An entry of `devices`",
    ScenarioEntry: "`scenario`",
    GatewayEntry: "`gateway`",
    ListenEntry: "`listen`",
    BrokerEntry: "`broker`",
    ObserverEntry: "`observer`",
    Layout: "`mqtt` and `http` of `observer`",
    SparkplugLayout: "`sparkplug` of `observer`",
    AnswerEntry: "An entry of `answers`",
    Criteria: "`criteria`",
    FaultFile: "`faults`",
    Entry: "An entry of `faults.faults`",
}
EXAMPLES: Final[dict[str, dict[str, object]]] = {
    "delay": {"by": "200 ms", "jitter": "50 ms"},
    "slow": {"bytes_per_s": 2000},
    "noise": {"sigma": 2},
    "drift": {"per_hour": 5},
    "jump": {"by": -10},
    "reboot": {"counters": "lost"},
    "clock_skew": {"by": "-90 s"},
    "exception": {"code": 6},
    "late": {"by": "2 s"},
}
_TARGETS: Final = {
    "link": "uplink",
    "device": "tank",
    "process": "gateway",
    "failed_vend": "vending",
    "door_open": "door",
}
_HEAD: Final = """# Reference of acceptance suites

Made by `python -m hil.accept.reference` from the models that read suites; what it all means is in
[acceptance.md](acceptance.md). Durations are a number and ms, s, min, h, d or wk: `15 s`. A setting of a setting is
`gateway.start_within` for `--set`.
"""


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield from _HEAD.splitlines()
    for model, title in MODELS.items():
        yield from ("", f"## {title}", "", (model.__doc__ or "").split("\n\n")[0].replace("\n    ", " "), "")
        yield from _table(model)
    yield from ("", "## Faults", "")
    yield from ("Each as an entry of `faults.faults`; links are `device`, `opcua` and `uplink`.", "")
    yield from ("| example | meaning, and settings |", "|---|---|")
    for kind in KINDS.values():
        yield f"| `{example(kind)}` | {(kind.__doc__ or '').splitlines()[0]}{_settings(kind)} |"


def example(kind: type[Fault]) -> str:
    """An entry of a fault file with a fault of the kind."""
    settings = EXAMPLES.get(kind.name)
    told = "{" + ", ".join(f"{key}: {value}" for key, value in settings.items()) + "}" if settings else ""
    fault = f"{{{kind.name}: {told}}}" if told else kind.name
    lasts = "" if kind.instant else "for: 5 s, "
    signals = ", signals: [level]" if kind.of_signals else ""
    return (
        f"{{at: 20 s, {lasts}{kind.target}: {_TARGETS.get(kind.name, _TARGETS[kind.target])}, fault: {fault}{signals}}}"
    )


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield from ("| setting | what | default | meaning |", "|---|---|---|---|")
    for name, field in model.model_fields.items():
        cells = (f"`{field.alias or name}`", _what(field), _default(field), field.description or "")
        yield f"| {' | '.join(cells)} |"


def _settings(kind: type[Fault]) -> str:
    told = (f"`{name}`: {field.description} ({_default(field)})" for name, field in kind.model_fields.items())
    return "".join(f" {one}." for one in told)


def _what(field: FieldInfo) -> str:
    # the whole schema of a model would have its defaults in it, which are no JSON
    kind: Any = field.annotation
    if kind in MODELS:
        return f"settings, see {MODELS[kind]}"
    return _shape(TypeAdapter(Annotated[kind, *field.metadata] if field.metadata else kind).json_schema())


def _shape(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_shape(one) for one in schema["anyOf"] if one != {"type": "null"})
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"settings, see {next(title for model, title in MODELS.items() if model.__name__ == name)}"
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    match schema.get("type"):
        case "array":
            return f"list, each: {_shape(schema['items'])}"
        case "object":
            return "mapping"
        case "integer" | "number" as kind:
            return ("whole number" if kind == "integer" else "number") + _bounds(schema)
        case "string":
            return "duration" if "duration" in str(schema.get("description")) else "text"
        case ["integer", "string"]:
            return "whole number, or share such as `2 %`"
    return "see below" if schema.get("type") == ["string", "object"] else "share such as `99 %`"


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    return (f" from {low}" if low is not None else "") + (f" to {high}" if high is not None else "")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if value is None or value in ((), {}, ""):
        return "none"
    if isinstance(value, BaseModel):
        return "as there"
    if isinstance(value, Allowed):
        return f"`{value}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{format_duration(value)}`" if _what(field) == "duration" else f"`{value}`"


if __name__ == "__main__":
    print("\n".join(lines()))
