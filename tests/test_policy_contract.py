"""What every replenishment policy keeps to, whoever wrote it.

Never negative; at least the minimum order, whole packs, within the capacity; what is on order counts; deterministic.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.computed import Computed, WorkedOut
from policies.custom import CustomPolicy, Int64Array, PolicyError, View, needs_of
from policies.ordering import CAN_ORDER, KANBAN, ORDER_UP_TO, order_quantity, rounded
from policies.replenishment import REPLENISHMENT, OrderRule, ReplenishmentPolicy
from sim import forecast_plan as fp
from sim.build.forecasts import start_levels
from sim.forecast_plan import ForecastPlan
from tests import sample_policy  # noqa: F401  registers a kind

Order = Callable[[int, int, int], int]
"""What is ordered, given on hand, on order and waiting."""

LEVELS = st.integers(0, 60)


def custom_kinds() -> list[str]:
    return [kind for kind in REPLENISHMENT.kinds if issubclass(REPLENISHMENT.model(kind), CustomPolicy)]


def kinds_by_levels() -> list[str]:
    """Kinds whose rule follows from levels and counts alone."""
    models = {kind: REPLENISHMENT.model(kind) for kind in REPLENISHMENT.kinds}
    return [kind for kind, model in models.items() if issubclass(model, ReplenishmentPolicy) and model.in_tables]


def worked_out_kinds() -> list[str]:
    return [kind for kind in REPLENISHMENT.kinds if issubclass(REPLENISHMENT.model(kind), WorkedOut)]


def worked_out_rule(draw: st.DrawFn, model: type[WorkedOut]) -> OrderRule:
    """The rule with levels as the engine works them out for some demand, lead time and target."""
    computed = issubclass(model, Computed)
    policy = Computed(form=draw(st.sampled_from(["s_S", "r_nQ", "base_stock"]))) if computed else None
    rule = np.zeros((1, fp.RULE_COLUMNS))
    rule[0, fp.X_START_FORECAST] = draw(st.floats(0, 20))
    rule[0, fp.X_START_VARIANCE] = draw(st.floats(0, 100))
    rule[0, fp.X_HISTORY] = -1
    level = np.zeros((1, fp.LEVEL_COLUMNS), np.int64)
    level[0, fp.V_FORM] = ("s_S", "r_nQ", "base_stock").index(policy.form) if policy else fp.FORM_BASE_STOCK
    level[0, fp.V_MEASURE] = draw(st.integers(0, 1)) if policy else fp.MEASURE_COVER
    level[0, fp.V_DISTRIBUTION] = draw(st.integers(0, 3))
    level[0, fp.V_PERIODIC], level[0, fp.V_POOL] = draw(st.integers(0, 1)), -1
    figure = np.zeros((1, fp.FIGURE_COLUMNS))
    figure[0, fp.W_TARGET], figure[0, fp.W_LOT] = draw(st.floats(0.5, 0.999)), draw(st.integers(1, 20))
    figure[0, fp.W_FACTOR] = draw(st.sampled_from((0.5, 1.0, 1.7)))
    figure[0, fp.W_LEAD_TIME_MS] = draw(st.integers(0, 3))
    figure[0, fp.W_SAFETY_UNITS] = draw(st.integers(0, 9))
    one = np.zeros(1, np.int64)
    plan = ForecastPlan(1, 0, 2, np.array([0, 1]), one, rule, 0, level, figure)
    reorder_point, order_up_to, lot = start_levels(plan).T
    return OrderRule(policy.rule() if policy else ORDER_UP_TO, reorder_point, order_up_to, lot)


@st.composite
def rules(draw: st.DrawFn, kind: str) -> OrderRule:
    """The rule of a kind for levels as a scenario may state them, or as they are worked out."""
    model = REPLENISHMENT.model(kind)
    if issubclass(model, WorkedOut):
        return worked_out_rule(draw, model)
    assert issubclass(model, ReplenishmentPolicy)
    figures = {name: np.array([draw(LEVELS)]) for name in model.level_names()}
    figures |= {name: np.array([draw(st.integers(1, 5))]) for name in model.count_names()}
    for low, high, strict in model.ascending:
        figures[high] = figures[low] + draw(st.integers(int(strict), 40))
    return model.rule_from(figures)


def by_rule(rule: OrderRule, minimum: int, multiple: int, capacity: int) -> Order:
    """A built-in policy as the engine runs it; a member of a family orders when it is at or below its c."""
    reorder_point, up_to, lot = int(rule.reorder_point[0]), int(rule.order_up_to[0]), int(rule.lot[0])
    kind = rule.rule
    if kind == CAN_ORDER:
        kind, reorder_point = ORDER_UP_TO, lot

    def order(on_hand: int, on_order: int, waiting: int) -> int:
        free = max(on_hand - waiting, 0) if kind == KANBAN else on_hand - waiting
        return order_quantity(kind, reorder_point, up_to, lot, minimum, multiple, capacity, free + on_order)

    return order


def view(on_hand: int, on_order: int, waiting: int, minimum: int, multiple: int, capacity: int) -> View:
    """A view of one item that needs 1.5 a day."""

    def one(value: int) -> Int64Array:
        return np.array([value], dtype=np.int64)

    return View(
        node="shop", time_ms=0, weekday=0, time_of_day_ms=0, items=("filter",),
        on_hand=one(on_hand), on_order=one(on_order), waiting=one(waiting), position=one(on_hand + on_order - waiting),
        mean_demand_per_day=np.array([1.5]), forecast_per_day=np.array([np.nan]), lead_time_days=np.array([2.0]),
        minimum_order=one(minimum), multiple=one(multiple), capacity=one(capacity), unit_cost=np.array([10.0]),
    )  # fmt: skip


def by_decision(policy: CustomPolicy, minimum: int, multiple: int, capacity: int) -> Order:
    """A policy that decides in Python, its needs made quantities as the engine does."""

    def order(on_hand: int, on_order: int, waiting: int) -> int:
        seen = view(on_hand, on_order, waiting, minimum, multiple, capacity)
        need = int(needs_of(policy, seen)[0])
        return rounded(need, minimum, multiple, capacity, int(seen.position[0]))

    return order


def test_every_kind_is_under_the_contract() -> None:
    assert set(REPLENISHMENT.kinds) == set(kinds_by_levels()) | set(custom_kinds()) | set(worked_out_kinds())
    assert "lead_time_cover" in custom_kinds()


@pytest.mark.parametrize("kind", REPLENISHMENT.kinds)
@given(data=st.data())
def test_contract(kind: str, data: st.DataObject) -> None:
    minimum, multiple = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 12))
    capacity = data.draw(st.sampled_from([-1, 0, 7, 30, 200]))
    model = REPLENISHMENT.model(kind)
    if issubclass(model, CustomPolicy):
        order = by_decision(model(), minimum, multiple, capacity)  # type: ignore[call-arg]
    else:
        order = by_rule(data.draw(rules(kind)), minimum, multiple, capacity)
    on_hand, on_order = data.draw(st.integers(0, 80)), data.draw(st.integers(0, 80))
    waiting = data.draw(st.integers(0, 80))
    quantity = order(on_hand, on_order, waiting)

    assert quantity == order(on_hand, on_order, waiting), "the same view, another decision"
    assert quantity >= 0
    if quantity:
        assert quantity % multiple == 0
        assert quantity >= minimum
        if capacity >= 0:
            assert on_hand + on_order - waiting + quantity <= capacity or kind == "kanban"
        assert order(on_hand, on_order + quantity, waiting) == 0, "what was just ordered does not count"
    moved = min(on_order, 5)
    if waiting == 0:
        assert order(on_hand + moved, on_order - moved, 0) == quantity, "goods on order count like goods on the shelf"


# --- what a policy returns --------------------------------------------------------------------------------------------


class Returns(CustomPolicy):
    """Returns what it is told to."""

    kind: str = "returns"
    needs: object = None

    def decide(self, view: View) -> Int64Array:
        return self.needs  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ([1, 2], r"shape \(2,\) for 1 items at `shop`"),
        (3, r"shape \(\)"),
        ([0.5], "not whole numbers"),
        ([np.nan], "not whole numbers"),
        (["3"], "not whole numbers"),
        ([None], "not whole numbers"),
    ],
)
def test_what_is_no_need_is_refused(needs: object, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        needs_of(Returns(needs=needs), view(1, 2, 3, 1, 1, -1))


@pytest.mark.parametrize(("needs", "expected"), [([-3], 0), ([4.0], 4), (np.array([7], np.int32), 7)])
def test_whole_needs_are_taken(needs: object, expected: int) -> None:
    assert needs_of(Returns(needs=needs), view(1, 2, 3, 1, 1, -1)).tolist() == [expected]
