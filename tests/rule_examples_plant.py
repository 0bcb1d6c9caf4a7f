"""The rules of the plant by example: small plants with the whole event log that docs/plant.md gives them, by hand.

Shares are 0 or 1, so that nothing hangs on a random word. Node 0 is the device, node 1 the plant, node 2 the supplier,
five hours away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sim import columns as c
from sim import plant_plan as pp
from sim.network import Lane
from tests.plant_inputs import Key, PlantDraft, one_machine, use
from tests.reference_inputs import HOUR_MS as H
from tests.reference_inputs import Draft, Item, Line, Point, constant, int64
from tests.reference_model import Event
from tests.rule_examples import NAMES, LogRow

DEVICE, PLANT, SUPPLIER = range(3)
PLAIN = Draft(
    kinds=["shelf", "plant", "supplier"],
    lanes=[Lane(SUPPLIER, DEVICE, constant(5 * H))],
    points=[],
    horizon_ms=24 * H,
)
MINUTE = H // 60
A_MS = 1 / H  # an hour's share that is a millisecond


@dataclass(frozen=True)
class PlantExample:
    """A plant and what happens in it; where it says so, also differences by cause and stops at the end."""

    name: str
    draft: PlantDraft
    rows: Sequence[LogRow]
    differences: Mapping[Key, Mapping[int, int]] = field(default_factory=dict)
    usage: Sequence[tuple[float, int, int, int, int]] | None = None  # hours, quantity, kind, person, machine
    reports: Sequence[tuple[float, float, int, int, int]] | None = None  # hours, taken, quantity, kind, reference
    stops: Sequence[tuple[int, int, float, float, float]] | None = None  # cause, item, start, end and lost hours

    @property
    def log(self) -> list[Event]:
        """The rows as events."""
        return [(round(t * H), p, node, item, NAMES[e], q, ref) for t, p, node, item, e, q, ref in self.rows]


def shelf(lines: Sequence[Line], *points: Mapping[str, Any], device: Mapping[str, Any], **more: Any) -> PlantDraft:
    """One device with an item for each of `points` (fields of a `Point`), all of the same settings."""
    stock = [Point(DEVICE, item, 0, **fields) for item, fields in enumerate(points)]
    horizon_ms = more.pop("hours", 24) * H
    draft = replace(PLAIN, points=stock, items=[Item()] * len(stock), lines=lines, horizon_ms=horizon_ms)
    plants = more.pop("plants", None) or [one_machine(PLANT)]
    return PlantDraft(draft, {(DEVICE, item): device for item in range(len(stock))}, plants, **more)


def machine(*uses: pp.Use, points: Sequence[Mapping[str, Any]], **more: Any) -> PlantDraft:
    """One machine that uses what a shelf without a sensor has."""
    kinds = {name: more.pop(name) for name in ("machine", "working", "crews") if name in more}
    device = more.pop("device", {})
    return shelf(more.pop("lines", ()), *points, device=device, plants=[one_machine(PLANT, *uses, **kinds)], **more)


def stock_of(*items: Mapping[str, Any]) -> Draft:
    """Just the stock points, for naming them in uses."""
    return replace(PLAIN, points=[Point(DEVICE, item, 0, **fields) for item, fields in enumerate(items)])


def outage(overflow: int) -> PlantDraft:
    """Two draws while the uplink is down, from 2 h to 5 h, and a gateway that can keep one message."""
    gateway = pp.Gateway(
        "gateway", 0, capacity=1, overflow=overflow, outage_every=constant(2 * H), outage_lasting=constant(3 * H)
    )
    lines = [Line(150 * MINUTE, DEVICE, 0, 1), Line(3 * H, DEVICE, 0, 2)]
    return shelf(lines, {"on_hand": 5}, device={**SCAN, "gateway": 0}, gateways=[gateway])


SCAN = {"sensor": pp.SENSOR_SCAN, "persons": (0, 1)}
VENDING = {"device": pp.DEVICE_VENDING, "sensor": pp.SENSOR_VEND, "persons": (0, 1)}
TANK = {"device": pp.DEVICE_TANK, "sensor": pp.SENSOR_LEVEL, "unit_weight_mg": 1000}
HOURLY = pp.Gateway("gateway", 0, poll_ms=H, delay_ms=30 * MINUTE)

PLANT_EXAMPLES = [
    PlantExample(
        "a draw is reported when the gateway has polled, and then ordered for",
        shelf(
            [Line(15 * MINUTE, DEVICE, 0, 2)],
            {"on_hand": 3, "reorder_point": 1, "order_up_to": 4},
            device={**SCAN, "gateway": 0},
            gateways=[HOURLY],
        ),
        [
            (0.25, 2, 0, 0, "demand", 2, 0),
            (0.25, 2, 0, 0, "issue", 2, 0),
            (1.5, 1, 0, 0, "report", -2, 0),
            (1.5, 3, 0, 0, "order", 3, 0),
            (1.5, 4, 2, 0, "dispatch", 3, 0),
            (6.5, 0, 0, 0, "receipt", 3, 0),
        ],
        usage=[(0.25, 2, c.U_PERSON, 0, 0)],
    ),
    PlantExample(
        "what was not scanned is found when somebody counts",
        shelf(
            [Line(1 * H, DEVICE, 0, 2)],
            {"on_hand": 3, "reorder_point": 1, "order_up_to": 4},
            device={**SCAN, "missed_scan": 1.0},
            counts={DEVICE: [4 * H]},
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "issue", 2, 0),
            (4, 1, 0, 0, "count", -2, 0),
            (4, 3, 0, 0, "order", 3, 0),
            (4, 4, 2, 0, "dispatch", 3, 0),
            (9, 0, 0, 0, "receipt", 3, 0),
        ],
    ),
    PlantExample(
        "a slot that jams gives nothing until it is cleared, and what is asked of it is lost",
        shelf(
            [Line(1 * H, DEVICE, 0, 2), Line(2 * H, DEVICE, 0, 1), Line(4 * H, DEVICE, 0, 1)],
            {"on_hand": 3},
            device={**VENDING, "jam": 1.0, "jam_clear": constant(3 * H)},
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "jam", 0, 0),
            (1, 2, 0, 0, "lost", 2, 0),
            (2, 2, 0, 0, "demand", 1, 1),
            (2, 2, 0, 0, "lost", 1, 1),
            (4, 2, 0, 0, "demand", 1, 2),
            (4, 2, 0, 0, "jam", 0, 2),
            (4, 2, 0, 0, "lost", 1, 2),
        ],
    ),
    PlantExample(
        "a clock that is fast lets a draw be booked by a count and again by its message; who waited is booked at once",
        shelf(
            [Line(1 * H, DEVICE, 0, 2), Line(2 * H, DEVICE, 0, 2)],
            {"on_hand": 3, "reorder_point": 0, "order_up_to": 3},
            device={**VENDING, "gateway": 0},
            gateways=[pp.Gateway("gateway", 0, delay_ms=2 * H, clock_offset_ms=105 * MINUTE)],
            counts={DEVICE: [210 * MINUTE]},
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "issue", 1, 0),
            (1, 2, 0, 0, "issue", 1, 0),
            (2, 2, 0, 0, "demand", 2, 1),
            (2, 2, 0, 0, "issue", 1, 1),
            (3, 1, 0, 0, "report", -1, 0),
            (3, 1, 0, 0, "report", -1, 1),
            (3, 3, 0, 0, "order", 3, 0),
            (3, 4, 2, 0, "dispatch", 3, 0),
            (3.5, 1, 0, 0, "count", -1, 0),
            (4, 1, 0, 0, "report", -1, 2),
            (8, 0, 0, 0, "receipt", 3, 0),
            (8, 0, 0, 0, "issue", 1, 1),
        ],
        differences={(DEVICE, 0): {c.D_CLOCK: -1}},
        usage=[
            (1, 1, c.U_PERSON, 0, 0),
            (1, 1, c.U_PERSON, 0, 0),
            (2, 1, c.U_PERSON, 0, 0),
            (8, 1, c.U_QUEUE, 0, 0),
        ],
        reports=[
            (2, 2, 1, c.R_SHORT, 1),
            (3, 2.75, 1, c.R_TOLD, 0),
            (3, 2.75, 1, c.R_TOLD, 1),
            (3.5, 3.5, 1, c.R_COUNTED, -1),
            (4, 3.75, 1, c.R_TOLD, 2),
            (8, 8, 1, c.R_BOOKED, 1),
        ],
    ),
    PlantExample(
        "failed vends that the machine does not notice are on record as sold",
        shelf(
            [Line(1 * H, DEVICE, 0, 2)],
            {"on_hand": 3, "reorder_point": 1, "order_up_to": 3},
            device={**VENDING, "fail": 1.0, "refund": 0.0},
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "lost", 2, 0),
            (1, 3, 0, 0, "order", 2, 0),
            (1, 4, 2, 0, "dispatch", 2, 0),
            (6, 0, 0, 0, "receipt", 2, 0),
        ],
        differences={(DEVICE, 0): {c.D_FAILED_VEND: -2}},
        usage=[],
        reports=[(1, 1, 1, c.R_TOLD, -1), (1, 1, 1, c.R_TOLD, -1), (1, 1, 2, c.R_SHORT, 0)],
    ),
    PlantExample(
        "the machine gives another product, which is missing there and sold here by the record",
        shelf(
            [Line(1 * H, DEVICE, 1, 1)],
            {"on_hand": 2},
            {"on_hand": 2},
            device={**VENDING, "wrong_product": 1.0},
        ),
        [
            (1, 2, 0, 1, "demand", 1, 0),
            (1, 2, 0, 0, "wrong", 1, 0),
            (1, 2, 0, 1, "lost", 1, 0),
        ],
        differences={(DEVICE, 0): {c.D_WRONG_PRODUCT: 1}, (DEVICE, 1): {c.D_WRONG_PRODUCT: -1}},
        usage=[(1, 1, c.U_WRONG, 0, 0)],
    ),
    PlantExample(
        "lent units come back one by one, and nobody waits for them",
        shelf(
            [Line(1 * H, DEVICE, 0, 2), Line(2 * H, DEVICE, 0, 1)],
            {"on_hand": 2},
            device={**SCAN, "loan": constant(3 * H)},
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "loan", 1, 0),
            (1, 2, 0, 0, "loan", 1, 0),
            (2, 2, 0, 0, "demand", 1, 1),
            (2, 2, 0, 0, "lost", 1, 1),
            (4, 1, 0, 0, "loan back", 1, 0),
            (4, 1, 0, 0, "loan back", 1, 0),
        ],
        usage=[
            (1, 1, c.U_LOAN, 0, 0),
            (1, 1, c.U_LOAN, 0, 0),
            (4, 1, c.U_LOAN_BACK, 0, 0),
            (4, 1, c.U_LOAN_BACK, 0, 0),
        ],
    ),
    PlantExample(
        "a loan that is lost does not come back",
        shelf(
            [Line(1 * H, DEVICE, 0, 1)],
            {"on_hand": 2},
            device={**SCAN, "loan": constant(3 * H), "loan_lost": 1.0},
        ),
        [
            (1, 2, 0, 0, "demand", 1, 0),
            (1, 2, 0, 0, "loan", 1, 0),
            (4, 1, 0, 0, "loan lost", 1, 0),
        ],
        usage=[(1, 1, c.U_LOAN, 0, 0), (4, 1, c.U_LOAN_LOST, 0, 0)],
    ),
    PlantExample(
        "at midnight what has expired is taken off",
        PlantDraft(
            replace(
                PLAIN,
                points=[Point(DEVICE, 0, 0, on_hand=2, age_ms=50 * H)],
                items=[Item(lots="fefo", shelf_life_ms=60 * H)],
                lines=[Line(12 * H, DEVICE, 0, 1)],
                horizon_ms=30 * H,
            ),
            {(DEVICE, 0): {**SCAN, "blocks_expired": True}},
            [one_machine(PLANT)],
        ),
        [
            (12, 2, 0, 0, "demand", 1, 0),
            (12, 2, 0, 0, "issue", 1, 0),
            (24, 1, 0, 0, "scrap", 1, 0),
        ],
        usage=[(12, 1, c.U_PERSON, 0, 0), (24, 1, c.U_EXPIRED, -1, -1)],
    ),
    PlantExample(
        "of what was drawn one unit is put back, on another item's scale",
        shelf(
            [Line(1 * H, DEVICE, 0, 3)],
            {"on_hand": 4},
            {"on_hand": 1},
            device={
                "sensor": pp.SENSOR_WEIGH,
                "persons": (0, 1),
                "put_back": 1.0,
                "put_back_after": constant(2 * H),
                "misplaced": 1.0,
            },
        ),
        [
            (1, 2, 0, 0, "demand", 3, 0),
            (1, 2, 0, 0, "issue", 3, 0),
            (3, 1, 0, 0, "put back", 1, 0),
        ],
        differences={(DEVICE, 0): {c.D_MIXED: -1}},
        usage=[(1, 3, c.U_PERSON, 0, 0), (3, 1, c.U_PUT_BACK, 0, 0)],
        reports=[(1, 1, 3, c.R_TOLD, -1)],  # the unit that is back weighs down the other item's scale
    ),
    PlantExample(
        "a wrong item is put into the machine, which fails two hours later",
        shelf(
            [Line(1 * H, DEVICE, 1, 1)],
            {"on_hand": 2},
            {"on_hand": 2},
            device={**SCAN, "wrong_item": 1.0, "wrong_fails": 1.0, "wrong_fails_after": constant(2 * H)},
            plants=[one_machine(PLANT, machine={"repair": constant(1 * H)})],
        ),
        [
            (1, 2, 0, 1, "demand", 1, 0),
            (1, 2, 0, 0, "wrong", 1, 0),
            (1, 2, 0, 1, "lost", 1, 0),
            (3, 1, 1, -1, "stop", c.STOP_WRONG_ITEM, 0),
            (4, 1, 1, -1, "go", 0, 0),
        ],
        differences={(DEVICE, 0): {c.D_WRONG_ITEM: 1}, (DEVICE, 1): {c.D_WRONG_ITEM: -1}},
        stops=[(c.STOP_WRONG_ITEM, -1, 3, 4, 1)],
    ),
    PlantExample(
        "what is put back goes to whom waits",
        shelf(
            [Line(1 * H, DEVICE, 0, 2), Line(2 * H, DEVICE, 0, 1)],
            {"on_hand": 2},
            device={**SCAN, "put_back": 1.0, "put_back_after": constant(3 * H)},
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "issue", 2, 0),
            (2, 2, 0, 0, "demand", 1, 1),
            (2, 3, 0, 0, "order", 1, 0),
            (2, 4, 2, 0, "dispatch", 1, 0),
            (4, 1, 0, 0, "put back", 1, 0),
            (4, 4, 0, 0, "issue", 1, 1),
            (7, 0, 0, 0, "receipt", 1, 0),
        ],
        usage=[(1, 2, c.U_PERSON, 0, 0), (4, 1, c.U_PUT_BACK, 0, 0), (4, 1, c.U_QUEUE, 0, 0)],
    ),
    PlantExample(
        "what the machine of another plant has used of a tank is booked before the tank is counted",
        replace(
            shelf(
                [],
                {"on_hand": 5},
                device=TANK,
                hours=5,
                plants=[
                    replace(one_machine(PLANT), lines=()),
                    one_machine(3, use(stock_of({}), 0, DEVICE, kind=pp.USE_FLOW, quantity=2, rate_milli=1000)),
                ],
                counts={DEVICE: [3 * H + 30 * MINUTE]},
            ),
            draft=replace(
                PLAIN,
                kinds=[*PLAIN.kinds, "plant"],
                points=[Point(DEVICE, 0, 0, on_hand=5)],
                items=[Item()],
                horizon_ms=5 * H,
            ),
        ),
        [
            (2, 2, 0, 0, "demand", 2, 0),
            (2, 2, 0, 0, "issue", 2, 0),
            (3.5, 1, 0, 0, "demand", 1, 1),
            (3.5, 1, 0, 0, "issue", 1, 1),
            (3.5, 1, 0, 0, "count", 0, 0),
        ],
    ),
    PlantExample(
        "a flow is booked in steps, what leaks when the leak is over; the machine stops when the tank is empty",
        machine(
            use(stock_of({}), 0, DEVICE, kind=pp.USE_FLOW, quantity=2, rate_milli=1000),
            points=[{"on_hand": 5, "reorder_point": 0, "order_up_to": 3}],
            hours=12,
            device={
                **TANK,
                "leak_every": constant(3 * H),
                "leak_lasting": constant(30 * MINUTE),
                "leak_rate_milli": 2000,
            },
        ),
        [
            (2, 2, 0, 0, "demand", 2, 0),
            (2, 2, 0, 0, "issue", 2, 0),
            (3.5, 1, 0, 0, "leak", 1, 0),
            (4, 2, 0, 0, "demand", 2, 1),
            (4, 2, 0, 0, "issue", 2, 1),
            (4, 2, 1, 0, "stop", c.STOP_MISSING, 0),
            (4, 3, 0, 0, "order", 3, 0),
            (4, 4, 2, 0, "dispatch", 3, 0),
            (9, 0, 0, 0, "receipt", 3, 0),
            (9, 1, 1, -1, "go", 0, 0),
            (10.5, 1, 0, 0, "leak", 1, 0),
            (11, 2, 0, 0, "demand", 2, 2),
            (11, 2, 0, 0, "issue", 2, 2),
            (11, 2, 1, 0, "stop", c.STOP_MISSING, 0),
            (11, 3, 0, 0, "order", 3, 1),
            (11, 4, 2, 0, "dispatch", 3, 1),
        ],
        stops=[(c.STOP_MISSING, 0, 4, 9, 5), (c.STOP_MISSING, 0, 11, -1 / H, 1)],
    ),
    PlantExample(
        "a machine stands until what it wants has come",
        machine(
            use(stock_of({}), 0, DEVICE, every_ms=2 * H),
            points=[{"on_hand": 1, "reorder_point": 0, "order_up_to": 2}],
            hours=12,
        ),
        [
            (2, 2, 0, 0, "demand", 1, 0),
            (2, 2, 0, 0, "issue", 1, 0),
            (2, 3, 0, 0, "order", 2, 0),
            (2, 4, 2, 0, "dispatch", 2, 0),
            (4, 2, 0, 0, "demand", 1, 1),
            (4, 2, 1, 0, "stop", c.STOP_MISSING, 0),
            (7, 0, 0, 0, "receipt", 2, 0),
            (7, 0, 0, 0, "issue", 1, 1),
            (7, 1, 1, -1, "go", 0, 0),
            (9, 2, 0, 0, "demand", 1, 2),
            (9, 2, 0, 0, "issue", 1, 2),
            (9, 3, 0, 0, "order", 2, 1),
            (9, 4, 2, 0, "dispatch", 2, 1),
            (11, 2, 0, 0, "demand", 1, 3),
            (11, 2, 1, 0, "stop", c.STOP_MISSING, 0),
        ],
        usage=[(2, 1, c.U_MACHINE, 1, 0), (7, 1, c.U_MACHINE, -1, 0), (9, 1, c.U_MACHINE, 1, 0)],
        reports=[
            (2, 2, 1, c.R_TOLD, -1),
            (4, 4, 1, c.R_SHORT, 1),
            (7, 7, 1, c.R_BOOKED, 1),
            (9, 9, 1, c.R_TOLD, -1),
            (11, 11, 1, c.R_SHORT, 3),
        ],
        stops=[(c.STOP_MISSING, 0, 4, 7, 3), (c.STOP_MISSING, 0, 11, -1 / H, 1)],
    ),
    PlantExample(
        "at empty it stands with the last unit",
        machine(
            use(stock_of({}), 0, DEVICE, every_ms=2 * H, at_empty=True),
            points=[{"on_hand": 1, "reorder_point": 0, "order_up_to": 2}],
            hours=9,
        ),
        [
            (2, 2, 0, 0, "demand", 1, 0),
            (2, 2, 0, 0, "issue", 1, 0),
            (2, 2, 1, 0, "stop", c.STOP_MISSING, 0),
            (2, 3, 0, 0, "order", 2, 0),
            (2, 4, 2, 0, "dispatch", 2, 0),
            (7, 0, 0, 0, "receipt", 2, 0),
            (7, 1, 1, -1, "go", 0, 0),
        ],
        stops=[(c.STOP_MISSING, 0, 2, 7, 5)],
    ),
    PlantExample(
        "it runs on without, and fails of it at once",
        machine(
            use(stock_of({}), 0, DEVICE, every_ms=2 * H, missing=pp.MISSING_RUN_ON, failure_factor=1e15),
            points=[{}],
            hours=13,
            machine={"failures_per_ms": 1e-12, "repair": constant(10 * H)},
        ),
        [
            (2, 2, 0, 0, "demand", 1, 0),
            (2, 3, 0, 0, "order", 1, 0),
            (2, 4, 2, 0, "dispatch", 1, 0),
            (2 + A_MS, 2, 1, 0, "stop", c.STOP_LATE, 0),
            (7, 0, 0, 0, "receipt", 1, 0),
            (7, 0, 0, 0, "issue", 1, 0),
            (12 + A_MS, 1, 1, -1, "go", 0, 0),
        ],
        stops=[(c.STOP_LATE, 0, 2 + A_MS, 12 + A_MS, 10)],
    ),
    PlantExample(
        "it goes on to the end of the shift, and stands while nobody works",
        machine(
            use(stock_of({}), 0, DEVICE, every_ms=6 * H, missing=pp.MISSING_WAIT),
            points=[{}],
            hours=20,
            working=0,
            calendars=[int64([[0, 8 * H], [16 * H, 24 * H]])],
        ),
        [
            (6, 2, 0, 0, "demand", 1, 0),
            (6, 3, 0, 0, "order", 1, 0),
            (6, 4, 2, 0, "dispatch", 1, 0),
            (8, 2, 1, 0, "stop", c.STOP_MISSING, 0),
            (11, 0, 0, 0, "receipt", 1, 0),
            (11, 0, 0, 0, "issue", 1, 0),
            (11, 1, 1, -1, "go", 0, 0),
        ],
        stops=[(c.STOP_MISSING, 0, 8, 11, 0)],
    ),
    PlantExample(
        "what its own shelf has not, another has",
        PlantDraft(
            elsewhere := Draft(
                kinds=["shelf", "shelf", "plant", "supplier"],
                lanes=[Lane(3, 0, constant(5 * H)), Lane(3, 1, constant(5 * H))],
                points=[Point(0, 0, 0, on_hand=1), Point(1, 0, 1, on_hand=5)],
                horizon_ms=5 * H,
            ),
            {(0, 0): {}, (1, 0): SCAN},
            [one_machine(2, use(elsewhere, 0, 0, 1, every_ms=2 * H, quantity=2))],
        ),
        [
            (2, 2, 1, 0, "demand", 2, 0),
            (2, 2, 1, 0, "issue", 2, 0),
            (4, 2, 1, 0, "demand", 2, 1),
            (4, 2, 1, 0, "issue", 2, 1),
        ],
        stops=[],
    ),
    PlantExample(
        "a gateway that is full gives up its oldest message",
        outage(pp.OVERFLOW_OLDEST),
        [
            (2.5, 2, 0, 0, "demand", 1, 0),
            (2.5, 2, 0, 0, "issue", 1, 0),
            (3, 2, 0, 0, "demand", 2, 1),
            (3, 2, 0, 0, "issue", 2, 1),
            (3, 2, 0, 0, "report lost", 0, 0),
            (5, 1, 0, 0, "report", -2, 1),
        ],
        differences={(DEVICE, 0): {c.D_LOST_REPORT: 1}},
    ),
    PlantExample(
        "or does not take the new one",
        outage(pp.OVERFLOW_NEWEST),
        [
            (2.5, 2, 0, 0, "demand", 1, 0),
            (2.5, 2, 0, 0, "issue", 1, 0),
            (3, 2, 0, 0, "demand", 2, 1),
            (3, 2, 0, 0, "issue", 2, 1),
            (3, 2, 0, 0, "report lost", 0, 1),
            (5, 1, 0, 0, "report", -1, 0),
        ],
        differences={(DEVICE, 0): {c.D_LOST_REPORT: 2}},
    ),
    PlantExample(
        "by a clock that is slow, a draw after the count was before it: it is never booked",
        shelf(
            [Line(5 * H, DEVICE, 0, 1)],
            {"on_hand": 3},
            device={**SCAN, "gateway": 0},
            gateways=[pp.Gateway("gateway", 0, delay_ms=H, clock_offset_ms=-2 * H)],
            counts={DEVICE: [4 * H]},
        ),
        [
            (4, 1, 0, 0, "count", 0, 0),
            (5, 2, 0, 0, "demand", 1, 0),
            (5, 2, 0, 0, "issue", 1, 0),
            (6, 1, 0, 0, "report", 0, 0),
        ],
        differences={(DEVICE, 0): {c.D_CLOCK: 1}},
    ),
    PlantExample(
        "by a clock that is fast, a draw before the count was after it: it is booked twice",
        shelf(
            [Line(3 * H, DEVICE, 0, 1)],
            {"on_hand": 3},
            device={**SCAN, "gateway": 0},
            gateways=[pp.Gateway("gateway", 0, delay_ms=2 * H, clock_offset_ms=2 * H)],
            counts={DEVICE: [4 * H]},
        ),
        [
            (3, 2, 0, 0, "demand", 1, 0),
            (3, 2, 0, 0, "issue", 1, 0),
            (4, 1, 0, 0, "count", -1, 0),
            (5, 1, 0, 0, "report", -1, 0),
        ],
        differences={(DEVICE, 0): {c.D_CLOCK: -1}},
    ),
    PlantExample(
        "a delivery that inspection rejects was received and is gone",
        shelf(
            [Line(1 * H, DEVICE, 0, 3)],
            {"on_hand": 3, "reorder_point": 0, "order_up_to": 3},
            device={**SCAN, "inspection": constant(2 * H), "rejected": 1.0},
            hours=12,
        ),
        [
            (1, 2, 0, 0, "demand", 3, 0),
            (1, 2, 0, 0, "issue", 3, 0),
            (1, 3, 0, 0, "order", 3, 0),
            (1, 4, 2, 0, "dispatch", 3, 0),
            (6, 0, 0, 0, "inspect", 3, 0),
            (8, 0, 0, 0, "receipt", 3, 0),
            (8, 0, 0, 0, "scrap", 3, 0),
            (8, 3, 0, 0, "order", 3, 1),
            (8, 4, 2, 0, "dispatch", 3, 1),
        ],
        usage=[(1, 3, c.U_PERSON, 0, 0), (8, 3, c.U_REJECTED, -1, -1)],
    ),
    PlantExample(
        "who has had his share of a shift is refused until the next",
        shelf(
            [Line(hour * H, DEVICE, 0, 2) for hour in (1, 2, 9)],
            {"on_hand": 9},
            device={**SCAN, "limit": 3},
            plants=[one_machine(PLANT, shift_starts_ms=int64([0, 8 * H]))],
        ),
        [
            (1, 2, 0, 0, "demand", 2, 0),
            (1, 2, 0, 0, "issue", 2, 0),
            (2, 2, 0, 0, "demand", 2, 1),
            (2, 2, 0, 0, "refused", 2, 1),
            (9, 2, 0, 0, "demand", 2, 2),
            (9, 2, 0, 0, "issue", 2, 2),
        ],
    ),
]
