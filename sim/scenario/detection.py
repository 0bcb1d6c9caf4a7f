"""The `detection` list: which rules watch which items in which devices."""

from typing import TYPE_CHECKING

from pydantic import Field

from policies.detection import DETECTION, DetectionRule
from policies.fields import Model
from sim.scenario.base import ItemFilter, ItemSelection, Patterns

if TYPE_CHECKING:
    RuleField = DetectionRule
else:
    RuleField = DETECTION.field_type()

RULES_IN_MODELS = DETECTION.kinds
"""The kinds that the models are built with; `sim.scenario.kinds` rebuilds them when there are more."""


class DetectionEntry(Model):
    """A detection rule and what it watches. Its alarms are judged by the twin's truth, which it cannot see."""

    nodes: Patterns = Field(description="devices: shelf, vending machine or tank; name, pattern or list")
    items: ItemSelection = Field(
        ItemFilter(names=("*",)), description="item, pattern, list, or {classes: [A], names: [..]}; default: all"
    )
    rule: RuleField = Field(description="the rule; of its stock points those with a sensor that it can use")
