"""The search finds what enumeration finds, says when there is nothing to find, and prices that suit both or none."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.run.workers import open_workers
from sim.scenario import load_scenario
from sim.size.design import UNCOVERED_FILL_RATE, Design, Task, design
from sim.size.money import Money, prices_for
from sim.size.neighbours import neighbours
from sim.size.power import disproven_share, proven_share
from sim.size.run import SizeOptions, size_pilot
from sim.size.search import INDIFFERENCE, Effort, search
from sim.size.simulate import Simulations, Wanted, monthly_costs
from sim.size.slots import NoLayoutError
from tests.size_samples import section_of, task_of_items, use

EFFORT = Effort(candidates=6, race=60, smaller=30, fresh=30, side=15)
ONE_SHELF = {"shelf": {"kind": "shelf", "slots": 1, "slot_volume": "10 l", "price": "1200 USD", "most": 1}}


def silent(_text: str) -> None:
    """Nobody listens."""


def every_design(task: Task) -> list[Design]:
    """All levels that fit, at all intervals."""
    found = []
    for interval in task.visits.intervals:
        for level in range(1, 11):
            try:
                found.append(design(task, interval, (level,)))
            except NoLayoutError:
                break
    return found


@pytest.mark.parametrize(("per_month", "promised"), [(14.0, "95%"), pytest.param(8.0, "99%", marks=pytest.mark.slow)])
def test_one_item_in_one_slot_is_what_enumeration_finds(per_month: float, promised: str) -> None:
    promise = {"availability": promised, "probability": "80%", "confidence": "90%", "window": "1 mo"}
    visits = {"intervals": ["1 wk", "2 wk"], "preparation": "1 d"}
    task = task_of_items(use("gasket", per_month, 0.4), devices=ONE_SHELF, promise=promise, visits=visits, pilot="2 mo")
    simulations = Simulations(3, open_workers(1))
    found = search(task, simulations, EFFORT, silent)
    assert found.best is not None

    every = every_design(task)
    assert len(every) == 20  # two intervals, levels of 1 to 10
    outcomes = simulations.outcomes([Wanted(task, one, EFFORT.race) for one in every])
    costs = [float(monthly_costs(task, one, seen).mean()) for one, seen in zip(every, outcomes, strict=True)]
    shown = [proven_share(int(seen.kept.sum()), EFFORT.race, 0.95) >= 0.8 for seen in outcomes]
    cheapest = min(cost for cost, good in zip(costs, shown, strict=True) if good)
    place = next(
        number for number, one in enumerate(every)
        if (one.interval_ms, one.levels) == (found.best.interval_ms, found.best.levels)
    )  # fmt: skip
    assert shown[place]
    assert costs[place] <= cheapest * (1 + 2 * INDIFFERENCE)
    assert not all(shown)  # there was something to refuse


def test_every_smaller_design_has_a_verdict_that_refuses_it() -> None:
    task = task_of_items(use("gasket", 8.0, 0.4), devices=ONE_SHELF, pilot="2 mo")
    found = search(task, Simulations(3, open_workers(1)), EFFORT, silent)
    assert found.smaller
    assert all(one.verdict != "cheaper" for one in found.smaller)
    assert any(one.what.startswith("gasket") for one in found.smaller)


def test_it_says_when_no_design_holds_the_items() -> None:
    task = task_of_items(use("drum", 4.0, 0.3, volume_ml=90_000))
    found = search(task, Simulations(3, open_workers(1)), EFFORT, silent)
    assert found.best is None
    assert found.reasons == ("One each of `drum` goes into no slot of shelf.",)


def test_it_says_when_no_design_keeps_the_promise_and_what_limits_it() -> None:
    promise = {"availability": "99%", "probability": "90%", "confidence": "90%", "window": "1 mo"}
    devices = {"shelf": {"kind": "shelf", "slots": 1, "slot_volume": "3 l", "price": "1200 USD", "most": 1}}
    task = task_of_items(use("gasket", 30.0, 0.5), devices=devices, promise=promise, emergency_time="3 d")
    found = search(task, Simulations(3, open_workers(1)), EFFORT, silent)
    assert found.best is None
    assert found.most_kept == 0
    said = " ".join(found.reasons)
    assert "kept 0.99 in every window in 0 of 20 replications" in said
    assert "What limits it is `gasket`" in said


def money(goods: float = 4000.0, spent: float = 3300.0, stops: float = 2000.0, freed: float = 20.0) -> Money:
    """Figures of one replication."""
    return Money(np.array([goods]), np.array([spent]), np.array([1000.0]), stops, np.array([500.0]), freed)


def test_prices_lie_between_what_one_needs_and_the_other_can_pay() -> None:
    offer = section_of(offer={"base_fee": "1000 USD", "margin": "20%"}).offer
    prices = prices_for(money(), offer)
    assert prices.least == pytest.approx(4300 / 0.8 - 4000)
    assert prices.most == pytest.approx(1500 + 20)
    assert prices.both_gain
    assert prices.fee == pytest.approx((1375 + 1520) / 2)
    assert prices.mark_up == pytest.approx((1447.5 - 1000) / 4000)
    assert prices.margin == pytest.approx((5000 - 4300) / 5000)
    fair = section_of(offer={"base_fee": f"{prices.fee} USD", "margin": "20%"}).offer
    assert money().margin(fair)[0] > 0.2 * money().revenue(fair)[0]
    assert money().saving(fair)[0] > 0


def test_prices_say_that_there_are_none() -> None:
    offer = section_of(offer={"base_fee": "1000 USD", "margin": "20%"}).offer
    prices = prices_for(money(stops=1000.0), offer)
    assert (prices.both_gain, prices.fee, prices.mark_up) == (False, None, None)
    partly = section_of(offer={"margin": "20%", "replaced": "50%"}).offer
    assert not prices_for(money(), partly).both_gain
    unknown = prices_for(money(stops=math.nan), offer)
    assert not unknown.both_gain


def test_the_customer_breaks_even_where_his_saving_is_nothing() -> None:
    offer = section_of(offer={"base_fee": "1000 USD", "margin": "20%"}).offer
    cut = money().break_even_cut(offer)
    assert cut == pytest.approx((1000 - 20) / 2000)
    left = replace(money(), stops_after=np.array([2000 * (1 - cut)]))
    assert left.saving(offer)[0] == pytest.approx(0)


@pytest.mark.slow
def test_the_recommended_design_of_the_pilot_keeps_its_promise_with_fresh_seeds_and_no_smaller_one_is_better() -> None:
    scenario = load_scenario("scenarios/pilot.yaml")
    effort = Effort(candidates=6, race=160, smaller=80, fresh=20, side=10)
    study = size_pilot(scenario, SizeOptions(seed=21, workers=2, effort=effort))
    assert study.recommended is not None
    task, best, promise = study.task, study.recommended.design, study.task.promise
    smaller = list(neighbours(task, best))
    enough = [one for one in smaller if one.design.fill_rate >= UNCOVERED_FILL_RATE]
    assert len(enough) < len(smaller)
    with_fresh_seeds = Simulations(909_090, open_workers(1))
    wanted = [Wanted(task, one, 400) for one in (best, *(one.design for one in enough))]
    own, *others = with_fresh_seeds.outcomes(wanted)
    assert proven_share(int(own.kept.sum()), 400, promise.confidence) >= promise.probability
    cost = monthly_costs(task, best, own)
    for one, seen in zip(enough, others, strict=True):
        dearer = monthly_costs(task, one.design, seen) - cost
        error = dearer.std(ddof=1) / np.sqrt(400)
        infeasible = disproven_share(int(seen.kept.sum()), 400, promise.confidence) < promise.probability
        assert infeasible or dearer.mean() > -3 * error, one.what
