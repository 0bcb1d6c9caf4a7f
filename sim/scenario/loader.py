"""`load_scenario`: from a file or a dict to a checked, frozen scenario, or all findings at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.scenario.checks import check
from sim.scenario.checks.context import Context
from sim.scenario.findings import Finding, Place, ScenarioError
from sim.scenario.items_table import with_items_table
from sim.scenario.kinds import know_all_policies
from sim.scenario.merge import (
    apply_override,
    apply_variant,
    read_overrides,
    with_base_of_claims,
)
from sim.scenario.partial import validate_partly
from sim.scenario.ranges import expand_ranges, told_once
from sim.scenario.scenario import Origin, Scenario
from sim.scenario.sources import Sources
from sim.scenario.stocking_reader import read_stocking_table
from sim.scenario.trace_reader import read_traces
from sim.scenario.tree import Tree, from_plain
from sim.scenario.usage_reader import read_usage_table
from sim.scenario.validation import validation_findings


def load_scenario(
    source: Path | str | Mapping[str, Any],
    overrides: Mapping[str, object] | Sequence[str] | None = None,
    variant: str | None = None,
    *,
    folder: Path | str | None = None,
) -> Scenario:
    """Read a scenario from a YAML file or from plain data.

    `overrides` are laid over it last: a mapping of dotted paths to values, or texts `PATH=VALUE`. `variant` names
    one of its variants. `folder` is what table paths of plain data are relative to (default: the current directory;
    for a file it is always the file's own folder); nothing outside it is read. Raises ScenarioError with everything
    that is wrong.
    """
    know_all_policies()
    if isinstance(source, Mapping):
        sources, path = Sources(Path(folder) if folder is not None else Path.cwd()), None
        _refuse_extends(source, variant)
        tree = expand_ranges(from_plain(source)).with_child("extends", None)
    else:
        path = Path(source)
        resolved = _resolved(path)
        sources = Sources(resolved.parent)
        tree = sources.read_tree(resolved)
    tree = sources.with_file_of_variant(tree, variant, path)
    tree, name, names = _changed(tree, overrides, variant)
    scenario = _checked(tree, sources, names)
    written = tree.with_child("variants", None).plain()
    scenario._origin = Origin(path, sources.folder, name, names, tuple(sources.inputs.values()), written, tree)
    return scenario


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        raise ScenarioError([Finding("this is not a usable path", "", "", Place(str(path)[:200]))]) from None


def _refuse_extends(source: Mapping[str, Any], variant: str | None) -> None:
    variants = source.get("variants")
    chosen = variants.get(variant) if isinstance(variants, Mapping) else None
    for one, at in ((source, "extends"), (chosen, f"variants.{variant}.extends")):
        if isinstance(one, Mapping) and one.get("extends") is not None:
            raise ScenarioError([Finding("plain data cannot extend a file", "load the file instead", at)])


def _changed(
    tree: Tree, overrides: Mapping[str, object] | Sequence[str] | None, variant: str | None
) -> tuple[Tree, str, tuple[str, ...]]:
    findings: list[Finding] = []
    tree, name, names = apply_variant(tree, variant)
    for path, value in read_overrides(overrides):
        try:
            tree = expand_ranges(apply_override(tree, path, value))
        except ScenarioError as error:
            findings.extend(error.findings)
    if findings:
        raise ScenarioError(findings)
    if name != names[0] or tree.child("base_variant") is not None:
        tree = tree.with_child("base_variant", Tree(name, Place()))
    return with_base_of_claims(tree, names[0]), name, names


def variant_names(source: Path | str) -> tuple[str, ...]:
    """The names of all variants of a scenario file, the base's first; nothing else in it is checked.

    Raises ScenarioError when the file cannot be read as YAML.
    """
    path = _resolved(Path(source))
    return apply_variant(Sources(path.parent).read_tree(path), None)[2]


def _checked(tree: Tree, sources: Sources, variants: Sequence[str]) -> Scenario:
    findings: list[Finding] = []
    whole = with_items_table(tree, sources, findings)
    context_data = {"currency": _currency(tree)}
    data = whole.plain()
    scenario: Scenario | None = None
    broken = {"items_table"} if findings else set()
    try:
        scenario = Scenario.model_validate(data, context=context_data)
        context = Context.of(scenario, whole, broken=broken, variants=variants)
    except ValidationError as error:
        findings += validation_findings(error, Scenario, whole)
        partial = validate_partly(data, error, context_data)
        if partial is None:
            raise ScenarioError(_in_order(findings, whole)) from None
        context = Context.of(partial.scenario, whole, partial.positions, partial.broken | broken, variants)
    findings += check(context)
    context.scenario._stocking = read_stocking_table(context, sources, findings)
    context.scenario._traces = read_traces(context, sources, findings)
    context.scenario._usage = read_usage_table(context, sources, findings)
    if findings or scenario is None:
        raise ScenarioError(_in_order(findings, whole))
    return scenario


def _currency(tree: Tree) -> str | None:
    currency = tree.child("currency")
    if currency is None or currency.value is None:
        return "USD"
    return currency.value if isinstance(currency.value, str) else None


def _in_order(findings: list[Finding], tree: Tree) -> list[Finding]:
    """Each finding once, also if it holds for all that a range of names stands for.

    Those of one file stand together and by line, files in order of their first finding.
    """
    files = list(dict.fromkeys(finding.place.file for finding in findings))
    unique = told_once(list(dict.fromkeys(findings)), tree)
    return sorted(unique, key=lambda finding: (files.index(finding.place.file), finding.place.line))
