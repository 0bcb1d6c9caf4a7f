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
    """The detection rules by their kind, numbered from the second of a kind on: `leak`, `leak 2`."""
    plan = network.plant_plan
    kinds = [] if plan is None else [rule_kind(rule) for rule in plan.rules]
    seen: dict[str, int] = {}
    names = []
    for kind in kinds:
        seen[kind] = seen.get(kind, 0) + 1
        names.append(kind if seen[kind] == 1 else f"{kind} {seen[kind]}")
    return names


def rule_kind(rule: object) -> str:
    """The kind of a detection rule."""
    return str(getattr(rule, "kind", type(rule).__name__))
