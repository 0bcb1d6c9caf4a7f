"""The stages of the growth scenario: what each covers, and how the long contract takes stock over."""

import pytest

from sim.build.network_builder import build_network
from sim.contract_plan import TITLE_AFTER_USE, TITLE_DELIVERY
from sim.scenario import load_scenario
from sim.scenario.locate import built_in_folder

FILE = built_in_folder() / "growth.yaml"


@pytest.mark.parametrize(("stage", "lines", "weeks"), [(None, 1, 26), ("plant", 4, 52), ("vmi", 7, 156)])
def test_stages_have_more_lines_and_longer_contracts(stage: str | None, lines: int, weeks: int) -> None:
    network = build_network(load_scenario(FILE, variant=stage))
    (plan,) = network.contracts
    assert len(plan.lines) == lines
    assert (plan.to_ms - plan.from_ms) // (7 * 86_400_000) == weeks
    assert plan.renewal.by_savings > 0


def test_the_long_contract_takes_stock_over_in_phases() -> None:
    network = build_network(load_scenario(FILE, variant="vmi"))
    (plan,) = network.contracts
    items = [network.item_names.index(name) for name in ("filter-oil", "grease", "cutting-fluid")]
    passes = [rule.passes[items].tolist() for rule in plan.titles]
    later, delivery = TITLE_AFTER_USE, TITLE_DELIVERY
    assert passes == [[later, delivery, delivery], [later, later, delivery], [later, later, later]]
    assert plan.titles[-1].after_ms[items].tolist() == [72 * 3_600_000] * 3
    kinds = [term.term.kind for term in plan.terms if term.name == "grease"]
    assert kinds == ["sale", "usage"]
    assert [one.sla.target for one in plan.slas] == [0.99, 0.995]


def test_variants_of_the_pilot_are_not_stages() -> None:
    assert set(load_scenario(FILE).variants) == {"plant", "vmi", "region"}
