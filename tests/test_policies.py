"""Policies as configuration: found by kind, and translated to the engine's two rules."""

from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
from pydantic import ValidationError

from policies.fields import Model
from policies.ordering import CAN_ORDER, KANBAN, LOT, ORDER_UP_TO
from policies.registry import Registry
from policies.replenishment import (
    REPLENISHMENT,
    BaseStock,
    CanOrder,
    Int64Array,
    Kanban,
    MinMax,
    ReorderPointLot,
    ReorderPointOrderUpTo,
)
from policies.units import Cover, Quantity
from sim import columns

MEAN_PER_DAY = np.array([0.05, 2.0])


def units(level: Quantity | Cover) -> Int64Array:
    """Levels of two stock points that need 0.05 and 2 pieces a day."""
    if isinstance(level, Quantity):
        return np.full(2, int(level.amount), dtype=np.int64)
    return np.floor(level.days * MEAN_PER_DAY + 0.5).astype(np.int64)


def test_rules_are_those_of_the_engine() -> None:
    assert (ORDER_UP_TO, LOT) == (columns.POLICY_ORDER_UP_TO, columns.POLICY_LOT)
    assert (KANBAN, CAN_ORDER) == (columns.POLICY_KANBAN, columns.POLICY_CAN_ORDER)


def test_built_in_kinds() -> None:
    assert REPLENISHMENT.kinds[:6] == ("s_S", "r_nQ", "base_stock", "min_max", "can_order", "kanban")
    assert REPLENISHMENT.model("min_max") is MinMax


@pytest.mark.parametrize(
    ("policy", "rule", "reorder_point", "second"),
    [
        (ReorderPointOrderUpTo(reorder_point=3, order_up_to=10), ORDER_UP_TO, [3, 3], [10, 10]),
        (ReorderPointOrderUpTo(reorder_point="3 d", order_up_to="7 d"), ORDER_UP_TO, [0, 6], [1, 14]),
        (BaseStock(level="7 d"), ORDER_UP_TO, [-1, 13], [0, 14]),
        (MinMax(minimum=4, maximum=4), ORDER_UP_TO, [3, 3], [4, 4]),
        (ReorderPointLot(reorder_point="3 d", lot="5 d"), LOT, [0, 6], [1, 10]),
        (CanOrder(reorder_point="3 d", can_order="5 d", order_up_to="7 d"), CAN_ORDER, [0, 6], [1, 14]),
        (Kanban(bin_size="3 d", bins=3), KANBAN, [2, 12], [3, 18]),
    ],
)
def test_policies_become_rules(policy: BaseStock, rule: int, reorder_point: list[int], second: list[int]) -> None:
    found = policy.order_rule(units)
    assert found.rule == rule
    assert found.reorder_point.tolist() == reorder_point
    assert (found.lot if rule == LOT else found.order_up_to).tolist() == second
    assert np.all(found.order_up_to > found.reorder_point)


def test_levels_are_listed_by_name() -> None:
    policy = ReorderPointOrderUpTo(reorder_point=3, order_up_to="1 d")
    assert policy.levels() == {"reorder_point": Quantity(Fraction(3)), "order_up_to": Cover(86_400_000)}


@pytest.mark.parametrize(
    "make", [lambda: BaseStock(level=-1), lambda: BaseStock(level=1, lot=2), lambda: MinMax(minimum=1)]
)
def test_wrong_settings_are_refused(make: Callable[[], Model]) -> None:
    with pytest.raises(ValidationError):
        make()


def test_registering() -> None:
    registry = Registry("test")

    @registry.register("one")
    class One(Model):
        kind: Literal["one"] = "one"

    assert registry.model("one") is One
    assert registry.field_type() is One
    with pytest.raises(ValueError, match="two test policies of kind 'one'"):
        registry.register("one")(One)
    with pytest.raises(TypeError, match="needs a field"):
        registry.register("two")(One)
