"""Designs and what is one notch smaller, against enumeration on a plant of one item, and on a plant like the pilot."""

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from sim.scenario.sizing import SizingSection
from sim.size.candidates import candidates
from sim.size.catalogue import DeviceKind, Promise, ServiceCosts, Visits
from sim.size.design import UNCOVERED_FILL_RATE, Design, Task, design
from sim.size.neighbours import neighbours, notch, with_one_less
from sim.size.slots import NoLayoutError
from sim.size.usage_table import usage_items
from sim.units import MS_PER_DAY

USAGE = b"""item,use_per_month,unit,variability,volume,weight,critical,cost,price,lead_time
grease,200 kg,0.1 kg,0.3,1.2 l,,yes,4.40,8,1 d
filter-coolant,25,each,0.3,3 l,400 g,yes,24.75,45,1 d
filter-oil,15,each,0.3,2 l,650 g,yes,24.75,45,3 d
fluid,500 l,1 l,0.2,,1 kg,yes,0.66,1.20,1 d
seals,90,each,erratic,10 ml,12 g,no,0.70,1.30,1 d
gloves,600,each,steady,200 ml,60 g,no,1.10,1.90,1 d
"""


def kind(**settings: object) -> DeviceKind:
    return DeviceKind.model_validate({"price": 0} | settings, context={"currency": "USD"})


KINDS = {
    "shelf": kind(
        kind="shelf",
        slots=12,
        slot_volume="30 l",
        slot_weight="40 kg",
        rent="60 USD",
        items=["grease", "filter-*", "seal*"],
    ),
    "vending": kind(
        kind="vending_machine", slots=40, slot_volume="4 l", slot_pieces=20, rent="150 USD", items="gloves"
    ),
    "tank": kind(kind="tank", slot_volume="400 l", rent="35 USD"),
}
SERVICE = ServiceCosts.model_validate(
    {"visit": "70 USD", "line": "2 USD", "emergency": "250 USD", "staff": "300 USD"}, context={"currency": "USD"}
)


def task(usage: bytes = USAGE, kinds: dict[str, DeviceKind] = KINDS, **promise: object) -> Task:
    items = usage_items(usage, "usage.csv", "usage.csv", "USD")
    visits = Visits.model_validate({"intervals": ["1 wk", "2 wk"]})
    return Task(items, kinds, SERVICE, Promise.model_validate(promise), visits, 6)


@cache
def usual_candidates() -> tuple[Design, ...]:
    return tuple(candidates(task()))


def all_designs(plant: Task, highest: int) -> list[Design]:
    return [design(plant, ms, [level]) for ms in plant.visits.intervals for level in range(1, highest)]


@pytest.mark.parametrize("probability", [0.8, 0.95])
def test_on_a_plant_of_one_item_and_one_slot_the_first_good_design_is_the_one_enumeration_finds(
    probability: float,
) -> None:
    usage = b"item,use_per_month,volume,critical,cost\nseal,20,100 ml,yes,30\n"
    plant = task(usage, {"box": kind(kind="cabinet", slot_volume="20 l", rent="10 USD")}, probability=probability)
    best = min(
        (one for one in all_designs(plant, 60) if one.good_enough(plant.promise)), key=lambda one: one.costs.total
    )
    found = next(one for one in candidates(plant) if one.good_enough(plant.promise))
    assert (found.interval_ms, found.levels) == (best.interval_ms, best.levels)
    assert found.layout.devices == {"box": 1}


def test_candidates_are_sorted_and_the_good_ones_have_no_good_cheaper_neighbour() -> None:
    plant = task()
    found = usual_candidates()
    costs = [one.costs.total for one in found]
    assert costs == sorted(costs)
    assert 4 <= len(found) <= 12
    best = next(one for one in found if one.good_enough(plant.promise))
    smaller = list(neighbours(plant, best))
    assert len(smaller) >= len(plant.items) + 1
    for other in smaller:
        worse = not other.design.good_enough(plant.promise)
        assert worse or other.design.costs.total >= best.costs.total, other.what


def test_cheaper_designs_that_do_not_quite_keep_the_promise_are_among_the_candidates() -> None:
    plant = task(availability="99.8 %")
    found = candidates(replace(plant, service=plant.service.model_copy(update={"emergency": Fraction(5)})))
    doubtful = [one for one in found if not one.good_enough(plant.promise)]
    good = [one for one in found if one.good_enough(plant.promise)]
    assert 1 <= len(doubtful) <= 4
    assert good
    assert max(one.costs.total for one in doubtful) <= good[0].costs.total


def test_costs_add_up_by_hand() -> None:
    plant = task()
    one = design(plant, 7 * MS_PER_DAY, [1500, 30, 20, 350, 100, 400])
    visits = 365 / 12 / 7
    assert one.costs.devices == one.layout.cost_per_month == pytest.approx(60 * one.layout.devices["shelf"] + 150 + 35)
    assert one.costs.staff == 300
    assert one.costs.visits == pytest.approx(visits * (70 + 6 * 2), rel=0.01)  # all six lines, nearly every week
    assert one.costs.financing == pytest.approx(one.stock_cost * 0.08 / 12)
    assert one.stock_cost_full == pytest.approx(1500 * 0.44 + 50 * 24.75 + 350 * 0.66 + 100 * 0.7 + 400 * 1.1)
    used = 66.0 * 0.44 * 7  # grease goes down by 66 units a day; half of a week's use and a day of delivery are gone
    assert 0.5 * one.stock_cost_full < one.stock_cost < one.stock_cost_full - used / 2
    assert one.costs.total == pytest.approx(sum(vars(one.costs).values()))


def test_items_that_are_not_covered_meet_their_fill_rate_and_only_they_do_not_count() -> None:
    plant = task()
    best = next(one for one in usual_candidates() if one.good_enough(plant.promise))
    assert best.fill_rate >= UNCOVERED_FILL_RATE
    without_gloves = design(plant, best.interval_ms, [*best.levels[:5], 0])
    assert without_gloves.kept == best.kept
    assert not without_gloves.good_enough(plant.promise)
    assert task(covers="all").covered == tuple(range(6))


def test_one_device_less_lowers_the_levels_of_its_kind_until_they_fit() -> None:
    plant = task()
    one = design(plant, 7 * MS_PER_DAY, [4000, 60, 40, 350, 100, 400])
    count = one.layout.devices["shelf"]
    assert count >= 2
    fewer = with_one_less(plant, one, "shelf")
    assert fewer is not None
    assert fewer.layout.devices["shelf"] == count - 1
    assert fewer.levels[0] < 4000
    assert (fewer.levels[3], fewer.levels[5]) == (350, 400)
    assert with_one_less(plant, one, "tank") is None


def test_a_notch_is_a_fortieth_and_at_least_one() -> None:
    assert [notch(level) for level in (1, 40, 100, 1480)] == [1, 1, 2, 37]


def test_a_plant_without_anything_covered_needs_no_promise() -> None:
    plant = task(USAGE.replace(b",yes,", b",no,"))
    assert plant.covered == ()
    assert all(one.kept == 1.0 for one in candidates(plant))


def test_when_no_devices_hold_the_levels_every_reason_is_said() -> None:
    plant = task()
    with pytest.raises(NoLayoutError) as caught:
        candidates(replace(plant, kinds={"shelf": KINDS["shelf"]}))
    assert caught.value.reasons == (
        "no device of the catalogue holds `fluid`, which is a liquid",
        "one each of `gloves` goes into no slot of shelf",
    )


def test_emergency_deliveries_cost_what_they_are_expected_to() -> None:
    plant = task(b"item,use_per_month,volume,critical,cost\nseal,20,100 ml,yes,30\n", KINDS)
    few, many = design(plant, 7 * MS_PER_DAY, [4]), design(plant, 7 * MS_PER_DAY, [20])
    assert few.costs.emergencies > 10 * many.costs.emergencies > 0
    assert few.costs.emergencies < 365 / 12 / 7 * 250


def least_cost(plant: Task) -> float:
    """A month, of the cheapest design that is good enough by the formulas; infinite: none is."""
    try:
        found = candidates(plant)
    except NoLayoutError:
        return math.inf
    return min((one.costs.total for one in found if one.good_enough(plant.promise)), default=math.inf)


def test_more_availability_costs_more() -> None:
    shares = (0.95, 0.99, 0.999)
    usage = b"item,use_per_month,volume,critical,cost\npump,8,20 l,yes,900\nseal,20,100 ml,yes,30\n"
    plant = task(usage, {"shelf": kind(kind="shelf", slots=4, slot_volume="30 l", rent="60 USD")})
    plant = replace(plant, service=plant.service.model_copy(update={"emergency": Fraction(1)}))
    promises = [plant.promise.model_copy(update={"availability": share}) for share in shares]
    costs = [least_cost(replace(plant, promise=promise)) for promise in promises]
    assert costs[0] < costs[1] < costs[2] < math.inf


def test_no_design_is_good_enough_where_the_catalogue_is_too_small() -> None:
    small = {"shelf": kind(kind="shelf", slots=2, slot_volume="1 l", rent="60 USD", most=1)}
    plant = task(b"item,use_per_month,volume,critical,cost\nseal,90,100 ml,yes,30\n", small)
    assert least_cost(plant) == math.inf
    assert least_cost(task(b"item,use_per_month,volume,critical,cost\nseal,9,100 ml,yes,30\n", small)) < math.inf


def test_a_task_is_read_from_its_section() -> None:
    section = SizingSection.model_validate(
        {
            "usage": "usage.csv",
            "devices": {"shelf": {"kind": "shelf", "slot_volume": "30 l", "price": 0}},
            "service": {"visit": "70 USD", "emergency": "250 USD"},
            "stop_cost": "3000 USD",
            "pilot": "100 d",
            "tiers": {"basic": {"window": "2 wk"}},
        },
        context={"currency": "USD"},
    )
    items = usage_items(USAGE, "usage.csv", "usage.csv", "USD")
    assert Task.of(section, items).windows == 3
    assert Task.of(section, items, section.tiers["basic"]).windows == 7
