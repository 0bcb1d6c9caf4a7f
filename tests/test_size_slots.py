"""What goes into which device: against enumeration of every choice, and in the words of what cannot be placed."""

import math
import random
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from sim.size.catalogue import DeviceKind
from sim.size.slots import Layout, NoLayoutError, cheapest_layout, space_cost, units_per_slot
from sim.size.usage_table import ItemUse
from sim.units import parse_item_unit


def item(name: str, unit: str = "each", volume_ml: float = 0, weight_g: float = 0) -> ItemUse:
    return ItemUse(
        name, parse_item_unit(unit), Fraction(10), 0.5, Fraction(volume_ml), Fraction(weight_g), True, Fraction(1),
        Fraction(2), None, None, 0,
    )  # fmt: skip


def kind(**settings: object) -> DeviceKind:
    return DeviceKind.model_validate(settings, context={"currency": "USD"})


SHELF = kind(kind="shelf", slots=10, slot_volume="20 l", slot_weight="15 kg", price=0, rent="50 USD")
VENDING = kind(kind="vending_machine", slots=40, slot_volume="2 l", slot_pieces=60, price=0, rent="120 USD")
TANK = kind(kind="tank", slot_volume="400 l", price=0, rent="30 USD")
CATALOGUE = {"shelf": SHELF, "vending": VENDING, "tank": TANK}


def test_a_slot_holds_what_volume_weight_and_pieces_allow() -> None:
    assert units_per_slot(item("a", volume_ml=3000), SHELF) == 6
    assert units_per_slot(item("a", volume_ml=3000, weight_g=4000), SHELF) == 3
    assert units_per_slot(item("a", volume_ml=10), VENDING) == 60
    assert units_per_slot(item("a", volume_ml=10), SHELF) == 2000
    assert units_per_slot(item("a", volume_ml=3000), VENDING) == 0
    assert units_per_slot(item("grease", "0.1 kg", volume_ml=120, weight_g=100), VENDING) == 0
    assert units_per_slot(item("grease", "0.1 kg", volume_ml=120, weight_g=100), SHELF) == 150
    assert units_per_slot(item("fluid", "l", volume_ml=1000), TANK) == 400
    assert units_per_slot(item("fluid", "l", volume_ml=1000), SHELF) == 0
    only_gloves = kind(kind="shelf", slot_volume="1 l", price=0, items=["glove*"])
    assert [units_per_slot(item(name, volume_ml=100), only_gloves) for name in ("gloves", "mask")] == [10, 0]


def test_space_costs_what_the_cheapest_slot_costs() -> None:
    assert space_cost(item("a", volume_ml=100), CATALOGUE) == pytest.approx(50 / 10 / 200)
    assert space_cost(item("a", volume_ml=1, weight_g=1000), CATALOGUE) == pytest.approx(120 / 40 / 60)
    assert space_cost(item("fluid", "l", volume_ml=1000), {"shelf": SHELF}) == 0


def by_hand(items: list[ItemUse], levels: list[int], kinds: dict[str, DeviceKind]) -> float:
    """Least cost over every choice of a kind for each item."""
    best = math.inf
    for choice in product(kinds, repeat=len(items)):
        slots = dict.fromkeys(kinds, 0)
        for one, level, name in zip(items, levels, choice, strict=True):
            room = units_per_slot(one, kinds[name])
            slots[name] += max(1, math.ceil(level / room)) if room else 10**9
        counts = {name: math.ceil(slots[name] / kinds[name].slots) for name in kinds}
        if all(counts[name] <= kinds[name].most for name in kinds):
            best = min(best, sum(counts[name] * kinds[name].cost_per_month for name in kinds))
    return best


def check(layout: Layout, items: list[ItemUse], levels: list[int], kinds: dict[str, DeviceKind]) -> None:
    """Every item has room for its level in slots of its kind, and no device has more slots in use than it has."""
    used: dict[tuple[str, int], int] = {}
    for number, (one, level) in enumerate(zip(items, levels, strict=True)):
        places = [place for place in layout.places if place.item == number]
        assert {place.kind for place in places} == {layout.kind_of[number]}
        room = sum(place.slots for place in places) * units_per_slot(one, kinds[layout.kind_of[number]])
        assert level <= room == layout.room[number]
    for place in layout.places:
        used[place.kind, place.number] = used.get((place.kind, place.number), 0) + place.slots
        assert 1 <= place.number <= layout.devices[place.kind]
    assert all(slots <= kinds[name].slots for (name, _), slots in used.items())


@pytest.mark.parametrize("seed", range(12))
def test_cheapest_of_all_choices(seed: int) -> None:
    chance = random.Random(seed)
    kinds = {
        "small": kind(kind="shelf", slots=3, slot_volume="5 l", price=0, rent="20 USD"),
        "large": kind(kind="cabinet", slots=8, slot_volume="9 l", price=0, rent=f"{chance.randint(35, 60)} USD"),
        "vending": kind(
            kind="vending_machine", slots=5, slot_volume="1 l", slot_pieces=20, price=0, rent="30 USD", most=1
        ),
    }
    items = [item(f"i{number}", volume_ml=chance.choice([50, 300, 900, 2500])) for number in range(6)]
    levels = [chance.randint(0, 12) for _ in items]
    layout = cheapest_layout(items, levels, kinds)
    assert layout.cost_per_month == pytest.approx(by_hand(items, levels, kinds))
    check(layout, items, levels, kinds)


def test_items_are_divided_between_devices_only_where_they_must() -> None:
    one_slot_each = {"shelf": kind(kind="shelf", slots=4, slot_volume="1 l", price=0, rent="10 USD")}
    items = [item(name, volume_ml=1000) for name in "abc"]
    layout = cheapest_layout(items, [3, 3, 2], one_slot_each)
    assert layout.devices == {"shelf": 2}
    assert [(place.item, place.number, place.slots) for place in layout.places] == [
        (0, 1, 3),
        (2, 1, 1),
        (1, 2, 3),
        (2, 2, 1),
    ]
    assert [place.slots for place in cheapest_layout(items[:1], [9], one_slot_each).places] == [4, 4, 1]


def test_what_cannot_be_placed_is_said_for_every_item() -> None:
    items = [item("fluid", "l", volume_ml=1000), item("pump", volume_ml=90_000), item("seal"), item("ok", volume_ml=5)]
    with pytest.raises(NoLayoutError) as caught:
        cheapest_layout(items, [1, 1, 1, 1], {"shelf": replace_most(SHELF, 50)})
    assert caught.value.reasons == (
        "no device of the catalogue holds `fluid`, which is a liquid",
        "one each of `pump` goes into no slot of shelf",
        "the volume of `seal` is not known: give it in the usage table",
    )
    with pytest.raises(NoLayoutError, match="more slots than the catalogue's devices have"):
        cheapest_layout([item("a", volume_ml=20_000)], [21], {"shelf": replace_most(SHELF, 2)})
    assert cheapest_layout([item("a", volume_ml=20_000)], [20], {"shelf": replace_most(SHELF, 2)}).devices == {
        "shelf": 2
    }


def replace_most(device: DeviceKind, most: int) -> DeviceKind:
    return device.model_copy(update={"most": most})


def test_an_item_that_nothing_is_held_of_still_has_a_slot() -> None:
    assert cheapest_layout([replace(item("a", volume_ml=5), critical=False)], [0], CATALOGUE).devices == {"shelf": 1}
