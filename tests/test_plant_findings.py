"""Every finding about plants: one scenario that has it, and the nearest one that is fine."""

from collections.abc import Callable
from typing import Any

import pytest

from sim.scenario import load_scenario
from tests.plant_samples import plant
from tests.scenario_samples import findings_of

Change = Callable[[dict[str, Any]], object]
LATHE = "nodes.plant.lines.turning.machines.lathe-1"
FILTER, GREASE, FLUID = f"{LATHE}.uses.filter", f"{LATHE}.uses.grease", f"{LATHE}.uses.fluid"
MILL = "nodes.plant.lines.milling.machines.mill"


def put(path: str, value: Any) -> Change:
    """A change that sets the value at a dotted path; None takes it away."""

    def change(data: Any) -> None:
        *parts, last = path.split(".")
        for part in parts:
            data = data[int(part)] if isinstance(data, list) else data.setdefault(part, {})
        key = int(last) if isinstance(data, list) else last
        if value is None:
            del data[key]
        else:
            data[key] = value

    return change


def also(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(data: dict[str, Any]) -> None:
        for one in changes:
            one(data)

    return change


def test_the_sample_is_fine() -> None:
    assert findings_of(plant()) == ()


SHIFTS = "nodes.plant.shifts"
CASES: list[tuple[str, Change, str, str, Change]] = [
    # what stands in the file, where, what is said, and the nearest that is fine
    (
        "a day named twice",
        put(f"{SHIFTS}.0.days", ["mon", "tue", "mon"]),
        f"{SHIFTS}.0",
        "overlaps itself: mon is named twice",
        put(f"{SHIFTS}.0.days", ["mon", "tue"]),
    ),
    ("no length", put(f"{SHIFTS}.0.to", "06:00"), f"{SHIFTS}.0", "no length", put(f"{SHIFTS}.0.to", "06:01")),
    (
        "an overlap",
        put(f"{SHIFTS}.1.from", "13:30"),
        f"{SHIFTS}.1",
        "shift `late` overlaps shift `early` on mon",
        put(f"{SHIFTS}.1.from", "14:00"),
    ),
    (
        "an overlap over midnight",
        put(f"{SHIFTS}.1.to", "07:00"),
        f"{SHIFTS}.1",
        "overlaps shift `early` on tue",
        put(f"{SHIFTS}.1.to", "06:00"),
    ),
    (
        "a closure of no length",
        put("nodes.plant.closed.0.to", "2026-04-03"),
        "nodes.plant.closed.0",
        "`to` is not after `from`",
        put("nodes.plant.closed.0.to", "2026-04-04"),
    ),
    ("no people", put("nodes.plant.people.setters", 0), "nodes.plant.people.setters", "out of range",
     put("nodes.plant.people.setters", 1)),
    (
        "an unknown group",
        put("nodes.plant.maintenance", "fiters"),
        "nodes.plant.maintenance",
        "no group `fiters`",
        put("nodes.plant.maintenance", None),
    ),
    ("negative crews", put("nodes.plant.crews", -1), "nodes.plant.crews", "out of range", put("nodes.plant.crews", 0)),
    (
        "a negative cost",
        put("nodes.plant.stop_cost_per_hour", "-1 USD"),
        "nodes.plant.stop_cost_per_hour",
        "is negative",
        put("nodes.plant.stop_cost_per_hour", "0 USD"),
    ),
    (
        "a cost in another currency",
        put("nodes.plant.lines.turning.stop_cost_per_hour", "400 EUR"),
        "nodes.plant.lines.turning.stop_cost_per_hour",
        "not in the scenario's currency",
        put("nodes.plant.lines.turning.stop_cost_per_hour", "400 USD"),
    ),
    (
        "a work order of no length",
        put("nodes.plant.work_order", "0 h"),
        "nodes.plant.work_order",
        "zero",
        put("nodes.plant.work_order", "1 min"),
    ),
    (
        "a temperature without unit",
        put("nodes.plant.climate.mean", 18),
        "nodes.plant.climate.mean",
        "no unit of temperature",
        put("nodes.plant.climate.mean", "64 F"),
    ),
    (
        "a negative swing",
        put("nodes.plant.climate.swing", "-9 C"),
        "nodes.plant.climate",
        "the swing is negative",
        put("nodes.plant.climate.swing", "0 C"),
    ),
    (
        "no such day",
        put("nodes.plant.climate.warmest", "02-30"),
        "nodes.plant.climate.warmest",
        "not a day of the year",
        put("nodes.plant.climate.warmest", "02-28"),
    ),
    ("no time between failures", put(f"{LATHE}.failures.every", "0 h"), f"{LATHE}.failures.every", "zero",
     put(f"{LATHE}.failures.every", "1 h")),
    ("no repair", put(f"{LATHE}.failures.repair", None), f"{LATHE}.failures.repair", "missing",
     put(f"{LATHE}.failures.repair", "2 h")),
    ("a shape of 0", put(f"{FILTER}.wear.shape", 0), f"{FILTER}.wear.shape", "out of range",
     put(f"{FILTER}.wear.shape", 0.1)),
    ("two lives", put(f"{FILTER}.wear.characteristic_life", "300 h"), f"{FILTER}.wear", "found both",
     also(put(f"{FILTER}.wear.characteristic_life", "300 h"), put(f"{FILTER}.wear.life", None))),
    ("no life", put(f"{FILTER}.wear.life", None), f"{FILTER}.wear", "found none", put(f"{FILTER}.wear.life", "1 h")),
    (
        "two laws of ageing",
        put(f"{FILTER}.wear.temperature.arrhenius", "0.6 eV"),
        f"{FILTER}.wear.temperature",
        "exactly one law is needed, found both",
        put(f"{FILTER}.wear.temperature", {"arrhenius": "0.6 eV", "at": "25 C"}),
    ),
    ("two kinds of use", put(f"{FILTER}.every", "3 h"), FILTER, "found every and wear",
     also(put(f"{FILTER}.every", "3 h"), put(f"{FILTER}.wear", None))),
    ("no kind of use", put(f"{GREASE}.every", None), GREASE, "found none", put(f"{GREASE}.every", "1 h")),
    ("a step without flow", put(f"{GREASE}.step", "1 kg"), GREASE, "`step` belongs to `flow`",
     put(f"{GREASE}.quantity", "1 kg")),
    ("a flow without step", put(f"{FLUID}.step", None), FLUID, "a flow needs a `step`", put(f"{FLUID}.step", "0.1 l")),
    ("a flow with quantity", put(f"{FLUID}.quantity", "1 l"), FLUID, "a flow has no `quantity`",
     put(f"{FLUID}.step", "1 l")),
    ("no flow", put(f"{FLUID}.flow", "0 l /h"), FLUID, "the flow is zero", put(f"{FLUID}.flow", "0.1 l /h")),
    ("a flow that waits", put(f"{FLUID}.missing", "wait"), FLUID, "a flow cannot wait",
     also(put(f"{FLUID}.missing", "run_on"), put(f"{FLUID}.failure_factor", 2))),
    ("a flow at empty", put(f"{FLUID}.at_empty", True), FLUID, "always stops at empty",
     put(f"{FLUID}.missing", "stop")),
    ("running on for nothing", put(f"{FILTER}.failure_factor", None), FILTER, "running on has no price",
     put(f"{FILTER}.failure_factor", 1.5)),
    ("a factor of one", put(f"{FILTER}.failure_factor", 1), f"{FILTER}.failure_factor", "out of range",
     put(f"{FILTER}.failure_factor", 1.01)),
    ("a factor for stopping", put(f"{FILTER}.missing", "stop"), FILTER, "`failure_factor` belongs to running on",
     also(put(f"{FILTER}.missing", "stop"), put(f"{FILTER}.failure_factor", None))),
    ("at empty without stopping", put(f"{GREASE}.at_empty", True), GREASE, "`at_empty` belongs to stopping",
     also(put(f"{GREASE}.at_empty", True), put(f"{GREASE}.missing", "stop"))),
    ("running on without failures", put(f"{LATHE}.failures.every", None), f"{FILTER}.failure_factor", "it never fails",
     put(f"{LATHE}.failures.every", "9 h")),
    ("waiting without shifts", put(SHIFTS, []), f"{GREASE}.missing", "no end of working hours",
     also(put(SHIFTS, []), put(f"{GREASE}.missing", "stop"))),
    ("an unknown item", put(f"{LATHE}.uses.greese", {"every": "4 h", "from": "shelf-1"}), f"{LATHE}.uses.greese",
     "there is no item `greese`", put(f"{MILL}.uses.grease", {"every": "4 h", "quantity": "1 kg", "from": "shelf-1"})),
    ("an unknown node", put(f"{FILTER}.from", ["shelf-1", "shelf-3"]), f"{FILTER}.from", "there is no node `shelf-3`",
     put(f"{FILTER}.from", ["shelf-1", "shelf-2"])),
    ("a pattern that fits nothing", put(f"{FILTER}.from", "rack-*"), f"{FILTER}.from", "no node fits the pattern",
     put(f"{FILTER}.from", "shelf-{1..2}")),
    ("a backward range", put(f"{FILTER}.from", "shelf-{2..1}"), f"{FILTER}.from", "runs backwards",
     put(f"{FILTER}.from", "shelf-{1..2}")),
    ("from the supplier", put(f"{FILTER}.from", ["shelf-1", "maker"]), f"{FILTER}.from", "`maker` holds no stock",
     put(f"{FILTER}.from", "*shelf-*")),
    ("from the plant", put(f"{FILTER}.from", "plant"), f"{FILTER}.from", "`plant` holds no stock",
     put(f"{FILTER}.from", "shelf-1")),
    ("from nowhere", put(f"{FILTER}.from", []), f"{FILTER}.from", "at least one", put(f"{FILTER}.from", ["shelf-2"])),
    ("no lane", put("lanes.0.items", ["grease", "fluid"]), f"{FILTER}.from", "no lane brings `filter` to `shelf-2`",
     put("lanes.0.items", ["grease", "fluid", "fil*"])),
    ("a flow from a shelf", put(f"{FLUID}.from", "shelf-1"), f"{FLUID}.from", "`shelf-1` is no tank",
     put(f"{FLUID}.from", "basin")),
    ("not a whole unit", put(f"{GREASE}.quantity", "0.55 kg"), f"{GREASE}.quantity", "not a whole multiple",
     put(f"{GREASE}.quantity", "0.6 kg")),
    ("pieces of grease", put(f"{GREASE}.quantity", None), f"{GREASE}.quantity", "counted in 0.1 kg",
     put(f"{GREASE}.quantity", "100 g")),
    ("nothing used", put(f"{FILTER}.quantity", 0), f"{FILTER}.quantity", "the quantity is zero",
     put(f"{FILTER}.quantity", 2)),
    ("a flow in kilograms", put(f"{FLUID}.flow", "0.8 kg /h"), f"{FLUID}.flow", "counted in 0.1 l, the flow in kg",
     put(f"{FLUID}.flow", "800 ml /h")),
    ("a plant at the end of a lane", put("lanes.0.to", ["shelf-*", "basin", "plant"]), "lanes.0.to",
     "`plant` is a plant and holds no stock", put("lanes.0.to", "*[1-2n]")),
    ("a lane from a plant", put("lanes.0.from", ["maker", "plant"]), "lanes.0.from", "`plant` is a plant",
     put("lanes.0.from", "m*")),
    ("an unknown setting of a machine", put(f"{MILL}.colour", "red"), f"{MILL}.colour", "unknown key",
     put(f"{MILL}.description", "red")),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path", "words"), [case[1:4] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_found(change: Change, path: str, words: str) -> None:
    data = plant()
    change(data)
    found = findings_of(data)
    assert [one for one in found if one.path == path and words in one.message], found


@pytest.mark.parametrize("change", [case[4] for case in CASES], ids=[case[0] for case in CASES])
def test_the_nearest_is_fine(change: Change) -> None:
    data = plant()
    change(data)
    assert findings_of(data) == ()


def test_all_faults_of_a_plant_are_told_at_once() -> None:
    data = plant()
    faults = [
        (put("nodes.plant.crews", -1), "crews"),
        (put(f"{SHIFTS}.1.from", "13:00"), "overlaps"),
        (put("nodes.plant.maintenance", "fiters"), "no group"),
        (put(f"{FILTER}.wear.shape", 0), "0 is out of range"),
        (put(f"{FILTER}.from", "shelf-9"), "no node `shelf-9`"),
        (put(f"{GREASE}.quantity", "0.55 kg"), "not a whole multiple"),
        (put(f"{MILL}.uses.oil", {"every": "4 h", "from": "maker"}), "no item `oil`"),
        (put(f"{MILL}.failures.repair", "3"), "no unit of time"),
        (put("nodes.plant.lines.milling.stop_cost_per_hour", 3), "has no currency"),
    ]
    for change, _ in faults:
        change(data)
    texts = [str(one) for one in findings_of(data)]
    for _, words in faults:
        assert any(words in text for text in texts), (words, texts)
    assert len(texts) == len(faults) + 1  # what the maker cannot give, too


def test_a_plant_without_anything_is_fine() -> None:
    data = plant()
    data["nodes"]["plant"] = {"kind": "plant"}
    scenario = load_scenario(data)
    assert not scenario.holds_stock("plant")


@pytest.mark.parametrize("missing", ["people", "lines", "closed", "climate"])
def test_settings_of_a_plant_may_be_left_out(missing: str) -> None:
    data = plant()
    del data["nodes"]["plant"][missing]
    data["nodes"]["plant"].pop("maintenance")
    assert findings_of(data) == ()
