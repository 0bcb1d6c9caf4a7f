"""What plants, lines and rules are called where they are named by one word."""

from sim.network import Network


def plant_names(network: Network) -> list[str]:
    """The plants, by the names of their nodes."""
    plan = network.plant_plan
    return [] if plan is None else [network.node_names[plant.node] for plant in plan.plants]


def line_names(network: Network) -> list[str]:
    """The lines over all plants, `plant/line`."""
    plan = network.plant_plan
    if plan is None:
        return []
    return [f"{network.node_names[plant.node]}/{line.name}" for plant in plan.plants for line in plant.lines]


def rule_names(network: Network) -> list[str]:
    """The detection rules by their name, or kind, numbered from the second of a name on: `leak`, `leak 2`."""
    plan = network.plant_plan
    seen: dict[str, int] = {}
    names = []
    for rule in plan.rules if plan is not None else ():
        name = str(getattr(rule, "name", rule_kind(rule)))
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return names


def rule_kind(rule: object) -> str:
    """The kind of a detection rule."""
    return str(getattr(rule_settings(rule), "kind", type(rule).__name__))


def rule_settings(rule: object) -> object:
    """The configuration of a detection rule: itself, or what it was planned from."""
    return getattr(rule, "rule", rule)
