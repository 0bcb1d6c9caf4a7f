"""Lets policies that were registered after the scenario models were built be named in scenarios, too."""

from typing import Any

from pydantic.fields import FieldInfo

from policies.contracts.term import TERMS
from policies.detection import DETECTION
from policies.fields import Model
from policies.registry import PolicyFileError, load_outside_policies
from policies.replenishment import REPLENISHMENT
from sim.scenario import contracts
from sim.scenario.base import Name
from sim.scenario.contracts import Amendment, Contract
from sim.scenario.detection import RULES_IN_MODELS, DetectionEntry
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.generator_section import GeneratedStocking, GeneratorSection
from sim.scenario.policies_section import KINDS_IN_MODELS, PolicyEntry
from sim.scenario.scenario import Scenario, ScenarioModel

_in_models = [(KINDS_IN_MODELS, RULES_IN_MODELS, contracts.KINDS_IN_MODELS)]


def know_all_policies() -> None:
    """Load policies from outside, and rebuild the models if there are kinds that they do not know yet.

    Raises ScenarioError for policies that cannot be loaded.
    """
    try:
        load_outside_policies()
    except PolicyFileError as error:
        raise ScenarioError([Finding(str(error))]) from error
    known = REPLENISHMENT.kinds, DETECTION.kinds, TERMS.kinds
    if _in_models[0] == known:
        return
    _in_models[0] = known
    _rebuild(PolicyEntry, "policy", REPLENISHMENT.field_type() | None)
    _rebuild(GeneratedStocking, "policy", REPLENISHMENT.field_type())
    _rebuild(DetectionEntry, "rule", DETECTION.field_type())
    terms: Any = dict[Name, contracts.term_field()]  # type: ignore[misc]
    _rebuild(Amendment, "terms", terms)
    _rebuild(Contract, "terms", terms)
    for model in (GeneratorSection, ScenarioModel, Scenario):  # those that hold them, inside out
        model.model_rebuild(force=True)


def _rebuild(model: type[Model], name: str, annotation: Any) -> None:
    """Let a field of a model take what the annotation says."""
    field = model.model_fields[name]
    made = FieldInfo.from_annotated_attribute(
        annotation, FieldInfo(default=field.default, description=field.description)
    )
    model.__pydantic_fields__[name] = made
    model.model_rebuild(force=True)
