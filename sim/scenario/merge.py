"""One scenario out of several sources: `extends`, variants and `--set`.

Mappings merge key by key, lists and values replace, and a key set to null is removed. A choice between kinds is
replaced as a whole: `{exponential: ...}` over `{gamma: ...}` leaves the exponential, and a mapping with another `kind`
starts afresh.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sim.scenario.findings import Finding, Place, ScenarioError, did_you_mean
from sim.scenario.tree import Tree, from_plain, parse_yaml

NAMED_SECTIONS = (
    "items", "nodes", "gateways", "trucks", "profiles", "variants", "people", "lines", "machines", "uses",
    "contracts", "terms", "sla",
)  # fmt: skip
"""Mappings whose keys are names that the scenario gives."""

_CHOICES = (
    frozenset({"constant", "exponential", "gamma", "lognormal", "uniform", "triangular", "normal"}),
    frozenset({"constant", "geometric", "logarithmic", "poisson", "uniform", "empirical", "normal"}),
    frozenset({"poisson", "compound_poisson", "negative_binomial", "normal", "flow", "jobs", "trace"}),
    frozenset({"timetable", "when_full"}),
    frozenset({"zipf", "lognormal"}),
    frozenset({"top", "share"}),
    frozenset({"every", "wear", "flow"}),
    frozenset({"life", "characteristic_life"}),
    frozenset({"q10", "arrhenius"}),
    frozenset({"lump_sum", "linear", "tiers"}),
    frozenset({"price", "tiers"}),
)


def merge(base: Tree, change: Tree, key: str = "") -> Tree:
    """`change` laid over `base`; `key` is the key under which both stand."""
    if not isinstance(base.value, dict) or not isinstance(change.value, dict) or key == "empirical":
        return change
    children = dict(base.value)
    kinds = [
        tree.value["kind"].value for tree in (base, change) if isinstance(tree.value, dict) and "kind" in tree.value
    ]
    if key not in NAMED_SECTIONS:
        if len(kinds) == 2 and kinds[0] != kinds[1]:
            return change
        for choice in _CHOICES:
            if choice & {name for name, child in change.value.items() if child.value is not None}:
                for name in choice - set(change.value):
                    children.pop(name, None)
    for name, child in change.value.items():
        if child.value is None:
            children.pop(name, None)
        elif name in children:
            children[name] = merge(children[name], child, name)
        else:
            children[name] = child
    place = change.place if change.place.line else base.place
    return replace(base, value=children, place=place, range_entry=None)


def apply_variant(tree: Tree, name: str | None) -> tuple[Tree, str, tuple[str, ...]]:
    """The tree with a variant applied, the variant's name, and the names of all variants, the base's first."""
    base_tree, variants = tree.child("base_variant"), tree.child("variants")
    base = str(base_tree.value) if base_tree is not None and base_tree.value is not None else "base"
    listed = dict(variants.value) if variants is not None and isinstance(variants.value, dict) else {}
    names = (base, *(key for key in listed if key != base))
    if name is None or name == base:
        return tree, base, names
    if name not in listed:
        finding = Finding(f"there is no variant `{name}`", did_you_mean(name, names), "variants", tree.place)
        raise ScenarioError([finding])
    change = listed[name].child("set")
    if change is None or change.value is None:
        return tree, name, names
    forbidden = [key for key in ("variants", "extends", "base_variant") if change.child(key) is not None]
    if forbidden:
        place = change.value[forbidden[0]].place if isinstance(change.value, dict) else change.place
        finding = Finding(f"a variant cannot set `{forbidden[0]}`", "", f"variants.{name}.set.{forbidden[0]}", place)
        raise ScenarioError([finding])
    return merge(tree, change), name, names


def with_base_of_claims(tree: Tree, base: str) -> Tree:
    """The tree whose claims all name what they are set against: a resolved scenario no longer knows its base variant.

    `base` is the name of the base variant, which `comparison: {base: ...}` overrides.
    """
    claims, section = tree.child("claims"), tree.child("comparison")
    if claims is None or not isinstance(claims.value, list):
        return tree
    stated = section.child("base") if section is not None else None
    if stated is None or stated.value is None:
        stated = Tree(base)
    named = [
        one.with_child("against", replace(stated, place=one.place)) if _lacks(one, "against") else one
        for one in claims.value
    ]
    return tree.with_child("claims", replace(claims, value=named))


def _lacks(tree: Tree, key: str) -> bool:
    child = tree.child(key)
    return isinstance(tree.value, dict) and (child is None or child.value is None)


def read_overrides(overrides: Mapping[str, object] | Sequence[str] | None) -> list[tuple[str, Tree]]:
    """Overrides as (path, value): from texts `a.b.c=value`, where the value is YAML, or from a mapping."""
    if overrides is None:
        return []
    if isinstance(overrides, Mapping):
        return [(str(path), from_plain(value, f"override {path}", str(path))) for path, value in overrides.items()]
    findings: list[Finding] = []
    result: list[tuple[str, Tree]] = []
    for text in overrides:
        path, equals, value = text.partition("=")
        path, place = path.strip(), Place(f"--set {text[:80]}")
        if not equals or not path:
            findings.append(Finding("this is not PATH=VALUE", "write `--set horizon=90d`", "", place))
            continue
        try:
            result.append(
                (path, _without_lines(parse_yaml(value, f"--set {path}")) if value.strip() else Tree(None, place))
            )
        except ScenarioError as error:
            findings.extend(error.findings)
    if findings:
        raise ScenarioError(findings)
    return result


def _without_lines(tree: Tree) -> Tree:
    place = Place(tree.place.file)
    if isinstance(tree.value, dict):
        return Tree({key: _without_lines(child) for key, child in tree.value.items()}, place)
    if isinstance(tree.value, list):
        return Tree([_without_lines(child) for child in tree.value], place)
    return Tree(tree.value, place)


def apply_override(tree: Tree, path: str, value: Tree) -> Tree:
    """The tree with `value` merged in at a dotted path; ScenarioError when the path leads nowhere."""
    return _override(tree, path.split("."), value, "", path)


def _override(tree: Tree, parts: list[str], value: Tree, key: str, path: str) -> Tree:
    if not parts:
        return merge(tree, value, key)
    if isinstance(tree.value, list):
        index = _list_index(parts[0], len(tree.value), path, value.place)
        children = list(tree.value)
        children[index] = _override(children[index], parts[1:], value, "", path)
        return replace(tree, value=children)
    if not isinstance(tree.value, dict):
        if key in ("lead_time", "travel_time", "size") or tree.value is None:
            return _override(Tree({}, value.place), parts, value, key, path)
        message = f"there is nothing below `{key}`, which is {tree.value!r}"
        raise ScenarioError([Finding(message, "", path, value.place)])
    for count in range(len(parts), 0, -1):  # names may contain dots: the longest name that exists wins
        name = ".".join(parts[:count])
        if name in tree.value:
            return tree.with_child(name, _result(tree.value[name], parts[count:], value, name, path))
    name = parts[0]
    if key in NAMED_SECTIONS and len(parts) > 1 and not (key == "items" and not tree.value):
        message = f"there is no `{name}` in {key}"
        raise ScenarioError([Finding(message, did_you_mean(name, tree.value), path, value.place)])
    if value.value is None:
        return tree
    return tree.with_child(name, _override(Tree({}, value.place), parts[1:], value, name, path))


def _result(child: Tree, rest: list[str], value: Tree, name: str, path: str) -> Tree | None:
    return None if not rest and value.value is None else _override(child, rest, value, name, path)


def _list_index(text: str, length: int, path: str, place: Place) -> int:
    if not text.isdigit() or int(text) >= length:
        known = f"indices go from 0 to {length - 1}" if length else "the list is empty"
        raise ScenarioError([Finding(f"`{text}` is not an index of the list", known, path, place)])
    return int(text)
