"""Random small plants on random small networks: devices, gateways, people, machines and what they use."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from sim import plant_plan as pp
from tests.plant_inputs import Key, PlantDraft
from tests.random_networks import FEATURES, drafts
from tests.random_times import durations, hours, intervals
from tests.reference_inputs import HOUR_MS, Draft, int64

SENSORS = {
    pp.DEVICE_SHELF: (pp.SENSOR_NONE, pp.SENSOR_SCAN, pp.SENSOR_RFID, pp.SENSOR_WEIGH),
    pp.DEVICE_VENDING: (pp.SENSOR_VEND,),
    pp.DEVICE_TANK: (pp.SENSOR_NONE, pp.SENSOR_LEVEL, pp.SENSOR_METER),
}


@dataclass(frozen=True)
class Kinds:
    """What a random plant may have: without `chance` times are whole hours, without `faults` devices are perfect."""

    chance: bool = True
    faults: bool = True


def share(*values: float) -> st.SearchStrategy[float]:
    """Mostly never, sometimes now and then."""
    return st.sampled_from((0.0, 0.0, *values))


def move_nodes(draft: Draft, by: int) -> Draft:
    """The same network with its nodes numbered from `by` on; the first ones are plants."""
    return replace(
        draft,
        kinds=["plant"] * by + list(draft.kinds),
        lanes=[replace(lane, from_node=lane.from_node + by, to_node=lane.to_node + by) for lane in draft.lanes],
        points=[replace(point, node=point.node + by) for point in draft.points],
        lines=[line._replace(node=line.node + by) for line in draft.lines],
        poisson=[source._replace(node=source.node + by) for source in draft.poisson],
        routes=[
            replace(route, base_node=route.base_node + by, stop_nodes=tuple(stop + by for stop in route.stop_nodes))
            for route in draft.routes
        ],
        suppliers=[replace(supplier, node=supplier.node + by) for supplier in draft.suppliers],
        on_order=[(node + by, *rest) for node, *rest in draft.on_order],
        owed=[(node + by, item, quantity) for node, item, quantity in draft.owed],
        review_ms={node + by: at for node, at in draft.review_ms.items()},
        pools=[
            replace(
                pool,
                links=tuple(replace(x, from_node=x.from_node + by, to_node=x.to_node + by) for x in pool.links),
            )
            for pool in draft.pools
        ],
    )


@st.composite
def random_device(draw: st.DrawFn, kinds: Kinds, gateways: int, plants: Sequence[pp.Plant]) -> dict[str, Any]:
    """The fields of a `DevicePoint`."""
    device = draw(st.sampled_from(tuple(SENSORS)))
    plant = draw(st.integers(-1, len(plants) - 1))
    persons = [sum(number for _, number in one.people) for one in plants]
    own = persons[plant] if plant >= 0 else 0
    first = draw(st.integers(0, own))
    fields: dict[str, Any] = {
        "device": device,
        "sensor": draw(st.sampled_from(SENSORS[device])),
        "plant": plant,
        "gateway": draw(st.integers(-1, gateways - 1)),
        "persons": (sum(persons[: max(plant, 0)]) + first, draw(st.integers(0, own - first))),
        "put_back": draw(share(0.5)),
        "put_back_after": draw(durations(6, kinds.chance)),
        "loan": draw(durations(20, kinds.chance)) if device == pp.DEVICE_SHELF and draw(st.booleans()) else None,
        "inspection": draw(st.one_of(st.none(), st.none(), durations(10, kinds.chance))),
        "rejected": draw(share(0.4)),
        "blocks_expired": draw(st.booleans()),
        "limit": draw(st.sampled_from((0, 0, 4, 8))),
        "unauthorised": draw(share(0.3)) if plant >= 0 else 0.0,
        "loan_lost": draw(share(0.3)),
        "loan_worn": draw(share(0.3)),
    }
    if kinds.faults:
        fields |= draw(random_faults(kinds, device))
    if device == pp.DEVICE_TANK and kinds.faults and draw(st.booleans()):
        fields |= {
            "leak_every": draw(durations(40, kinds.chance, low=1)),  # 0 for both is a leak every millisecond
            "leak_lasting": draw(durations(12, kinds.chance)),
            "leak_rate_milli": draw(st.sampled_from((0, 300, 1000, 2500))),
            "leak_step": draw(st.integers(1, 3)),
        }
    return fields


@st.composite
def random_faults(draw: st.DrawFn, kinds: Kinds, device: int) -> dict[str, Any]:
    """How a device and its sensor go wrong."""
    stuck = draw(st.integers(0, 2)) == 0
    faults: dict[str, Any] = {
        "misplaced": draw(share(0.5)),
        "wrong_item": draw(share(0.4)),
        "wrong_fails": draw(share(0.7)),
        "wrong_fails_after": draw(durations(10, kinds.chance)),
        "missed_scan": draw(share(0.4)),
        "read_rate": draw(st.sampled_from((1.0, 0.9, 0.5))),
        "stray_tags": draw(share(0.5, 2.0)),
        "resolution_mg": draw(st.sampled_from((0, 0, 700, 3000))),
        "noise_mg": draw(share(600.0)),
        "drift_mg_per_day": draw(share(800.0, -800.0)),
        "tare_mg": draw(share(700.0)),
        "meter_error": draw(share(0.2, -0.2)),
        "stuck_every": draw(durations(20, kinds.chance, low=1)) if stuck else None,
        "stuck_lasting": draw(durations(10, kinds.chance)) if stuck else None,
        "count_error": draw(share(0.4)),
    }
    if device == pp.DEVICE_VENDING:
        faults |= {
            "jam": draw(share(0.2)),
            "fail": draw(share(0.3)),
            "refund": draw(st.sampled_from((1.0, 0.5))),
            "wrong_product": draw(share(0.3)),
            "jam_clear": draw(durations(8, kinds.chance)),
        }
    return faults


@st.composite
def random_gateway(draw: st.DrawFn, kinds: Kinds, number: int, plants: int) -> pp.Gateway:
    plain = pp.Gateway(f"gateway-{number}", draw(st.integers(0, plants - 1)))
    outages = draw(st.booleans())
    return replace(
        plain,
        poll_ms=draw(st.sampled_from((0, HOUR_MS, 3 * HOUR_MS))),
        delay_ms=draw(st.sampled_from((0, HOUR_MS))),
        spacing_ms=draw(st.sampled_from((0, HOUR_MS // 2))),
        clock_offset_ms=draw(st.sampled_from((0, -2 * HOUR_MS, HOUR_MS))),
        capacity=draw(st.sampled_from((1 << 40, 1, 3))),
        overflow=draw(st.sampled_from((pp.OVERFLOW_OLDEST, pp.OVERFLOW_NEWEST))),
        outage_every=draw(durations(20, kinds.chance, low=1)) if outages else None,
        outage_lasting=draw(durations(20, kinds.chance)) if outages else None,
    )


@st.composite
def random_use(draw: st.DrawFn, draft: Draft, devices: dict[Key, dict[str, Any]], kinds: Kinds) -> pp.Use:
    """A use of an item that at least one device holds."""
    item = draw(st.sampled_from(sorted({item for _, item in devices})))
    nodes = [node for node, held in devices if held == item]
    tanks = [node for node in nodes if devices[node, item]["device"] == pp.DEVICE_TANK]
    kind = draw(st.sampled_from((pp.USE_EVERY, pp.USE_WEAR, *((pp.USE_FLOW,) if tanks else ()))))
    order = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3, unique=True))
    if kind == pp.USE_FLOW:
        order = [draw(st.sampled_from(tanks))]
    missing = draw(st.sampled_from((pp.MISSING_STOP, pp.MISSING_RUN_ON, pp.MISSING_WAIT)))
    if kind == pp.USE_FLOW and missing == pp.MISSING_WAIT:
        missing = pp.MISSING_STOP
    return pp.Use(
        item,
        kind,
        draw(st.integers(1, 3)),
        tuple(draft.row(node, item) for node in order),
        missing=missing,
        at_empty=draw(st.booleans()),
        failure_factor=draw(st.sampled_from((1.0, 3.0, 20.0))),
        interval=draw(durations(10, kinds.chance)) if kind == pp.USE_EVERY else None,
        shape=draw(st.sampled_from((1.0, 2.5))),
        scale_ms=draw(hours(1, 20)) if kind == pp.USE_WEAR else 0.0,
        temperature=draw(st.sampled_from((pp.TEMPERATURE_NONE, pp.TEMPERATURE_Q10, pp.TEMPERATURE_ARRHENIUS))),
        temperature_a=draw(st.sampled_from((0.5, 2.0))),
        offset_c=draw(st.sampled_from((0.0, 10.0))),
        rate_milli=draw(st.sampled_from((200, 1000, 1500))) if kind == pp.USE_FLOW else 0,
    )


@st.composite
def random_line(
    draw: st.DrawFn, draft: Draft, devices: dict[Key, dict[str, Any]], kinds: Kinds, number: int
) -> pp.Line:
    machines = []
    for machine in range(draw(st.integers(1, 3))):
        uses = draw(st.lists(random_use(draft, devices, kinds), max_size=2, unique_by=lambda use: use.item))
        rate = draw(st.sampled_from((0.0, 1 / (30 * HOUR_MS), 1 / (5 * HOUR_MS))))
        repair = draw(durations(6, kinds.chance))
        machines.append(pp.Machine(f"machine-{machine}", tuple(uses), rate, repair))
    return pp.Line(f"line-{number}", tuple(machines), work_order_ms=draw(hours(1, 8)))


@st.composite
def random_plant(draw: st.DrawFn, node: int, horizon_hours: int, calendars: int) -> pp.Plant:
    """A plant without its lines."""
    people = draw(st.integers(0, 4))
    starts = draw(st.lists(hours(0, horizon_hours), max_size=6, unique=True))
    return pp.Plant(
        node,
        working=draw(st.integers(-1, calendars - 1)),
        shift_starts_ms=int64(sorted(starts)),
        people=(("some", people), ("others", 1)),
        crews=draw(st.integers(0, 2)),
        mean_c=draw(st.sampled_from((20.0, 30.0))),
        swing_c=draw(st.sampled_from((0.0, 10.0))),
    )


@st.composite
def plant_drafts(draw: st.DrawFn, kinds: Kinds = Kinds(), features: frozenset[str] = FEATURES) -> PlantDraft:
    """A random network, some of whose nodes hold their stock in devices, and one or two plants, before or after it."""
    draft = draw(drafts(chance=kinds.chance, features=features))
    count = draw(st.integers(1, 2))
    if draw(st.booleans()):
        draft, nodes = move_nodes(draft, count), list(range(count))
    else:
        nodes = [len(draft.kinds) + number for number in range(count)]
        draft = replace(draft, kinds=[*draft.kinds, *["plant"] * count])
    horizon_hours = draft.horizon_ms // HOUR_MS
    calendars = draw(st.lists(intervals(4, horizon_hours), max_size=2))
    plants = [draw(random_plant(node, horizon_hours, len(calendars))) for node in nodes]
    first_person = 0
    for number, plant in enumerate(plants):
        persons = sum(people for _, people in plant.people)
        plants[number] = replace(plant, maintenance=(first_person, draw(st.integers(0, persons))))
        first_person += persons
    some = draw(st.integers(0, 2)) if kinds.faults else 0  # even a perfect one takes a millisecond
    gateways = [draw(random_gateway(kinds, number, count)) for number in range(some)]
    held = sorted({point.node for point in draft.points})
    held = draw(st.lists(st.sampled_from(held), min_size=1, unique=True))
    devices = {
        (point.node, point.item): draw(random_device(kinds, len(gateways), plants))
        for point in draft.points
        if point.node in held
    }
    for number, plant in enumerate(plants):
        lines = [draw(random_line(draft, devices, kinds, line)) for line in range(draw(st.integers(0, 2)))]
        plants[number] = replace(plant, lines=tuple(lines))
    counts = st.lists(hours(0, horizon_hours), max_size=4, unique=True)
    return PlantDraft(
        draft,
        devices,
        plants,
        gateways,
        counts={node: draw(counts) for node in held},
        counting_routes=frozenset(route for route in range(len(draft.routes)) if draw(st.booleans())),
        calendars=calendars,
    )
