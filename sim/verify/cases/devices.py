"""Shelves, vending machines and tool cribs: what the record says, and what people get."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from sim import columns as c
from sim.plant_plan import (
    DEVICE_TANK,
    DEVICE_VENDING,
    SENSOR_RFID,
    SENSOR_SCAN,
    SENSOR_VEND,
    SENSOR_WEIGH,
    Count,
    DevicePoint,
    Plant,
)
from sim.record.records import Records
from sim.verify.copies import Design, Group, one_store
from sim.verify.formulas import devices as formulas
from sim.verify.formulas import distributions, one_echelon
from sim.verify.plants import (
    AMPLE,
    DAY_MS,
    HOUR_MS,
    PlantCopies,
    constant_days,
    exponential_days,
    gamma_days,
    points_of,
    stocked,
    with_plants,
)
from sim.verify.registry import Check, Effort, case, performance_checks
from sim.verify.samples import mean_estimate, ratio_estimate
from sim.verify.sources import COX, ERLANG, HADLEY_WHITIN, JOHNSON_KEMP_KOTZ, KANG_GERSHWIN, PALM, WIDROW_KOLLAR

PER_DAY: Final = 2.0


@case("missed scans", KANG_GERSHWIN)
def missed_scans(effort: Effort) -> Iterator[Check]:
    """The record of a shelf exceeds it by every draw that is not scanned, until the next count."""
    share, count_days, days, warm_up_days = 0.1, 5, 560, 20
    exact = formulas.MissedScans(PER_DAY * share, count_days)
    group = Group("scanned", _drawn(PER_DAY), {})
    design = one_store([group], effort.copies(240), "1 d", days, warm_up_days)
    instants = np.arange(count_days, days + warm_up_days, count_days, dtype=np.int64) * DAY_MS
    settings = {"sensor": SENSOR_SCAN, "missed_scan": share}
    records = _simulate(effort, design, settings, AMPLE, (Count(0, instants),))
    found, points = PlantCopies(records, design.copies), points_of(records.network, design, group.name)
    missed = found.per_day(found.count(points, c.N_MISSED_SCANS))
    yield Check("draws not scanned, per day", exact.missed_per_day, missed)
    yield Check("units that the record has too many", exact.mean_difference, found.mean_gap(points, c.D_MISSED_SCAN))
    yield Check("share of the time with a wrong record", exact.wrong_share, found.mean_gap(points, c.G_WRONG_MS))
    right = ratio_estimate(found.count(points, c.N_COUNTED_RIGHT), found.count(points, c.N_COUNTED))
    yield Check("share of counts that find it right", exact.right_when_counted, right)


@case("RFID shelf", JOHNSON_KEMP_KOTZ)
def rfid_shelf(effort: Effort) -> Iterator[Check]:
    """A reading misses a binomial number of tags and sees a Poisson number of strangers."""
    tags, read_rate, stray, days = 40, 0.97, 0.8, 21
    group = Group("tagged", {"store": {"flow": {"rate": "1 /d", "step": 1}}}, {})
    design = one_store([group], effort.copies(1000), "1 d", days - 1, warm_up_days=1)
    settings = {"sensor": SENSOR_RFID, "read_rate": read_rate, "stray_tags": stray}
    records = _simulate(effort, design, settings, tags)
    found, points = PlantCopies(records, design.copies), points_of(records.network, design, group.name)
    laws = [formulas.rfid_errors(tags - day, read_rate, stray) for day in range(1, days)]  # one taken every midnight
    wrong = float(np.mean([formulas.wrong_chance(*law) for law in laws]))
    size = float(np.mean([formulas.mean_size(*law) for law in laws]))
    missed = float(np.mean([(1 - read_rate) * (tags - day) for day in range(1, days)]))
    yield Check("share of the time with a wrong record", wrong, found.mean_gap(points, c.G_WRONG_MS))
    yield Check("units between record and shelf", size, found.mean_gap(points, c.G_UNITS))
    yield Check("tags missed", missed, found.mean_gap(points, c.D_MISSED_TAG))
    yield Check("tags from elsewhere", stray, found.mean_gap(points, c.D_STRAY_TAG))


@case("weighing shelf", WIDROW_KOLLAR)
def weighing_shelf(effort: Effort) -> Iterator[Check]:
    """A reading is wrong when the noise exceeds half a unit's weight."""
    unit_mg, days = 2000, 75
    for noise in (0.45, 0.8):
        group = Group(f"weighed-{round(100 * noise)}", {"store": {"flow": {"rate": "1 /d", "step": 1}}}, {})
        design = one_store([group], effort.copies(600), "1 d", days, warm_up_days=1)
        settings = {"sensor": SENSOR_WEIGH, "unit_weight_mg": unit_mg, "noise_mg": noise * unit_mg}
        records = _simulate(effort, design, settings, 1000)
        found, points = PlantCopies(records, design.copies), points_of(records.network, design, group.name)
        law, what = formulas.weighing_errors(noise), f"noise {noise:g} units"
        wrong = found.mean_gap(points, c.G_WRONG_MS)
        yield Check(f"share of the time with a wrong record, {what}", formulas.wrong_chance(*law), wrong)
        size = found.mean_gap(points, c.D_NOISE)
        yield Check(f"units between record and shelf, {what}", formulas.mean_size(*law), size)


@case("vending machine", ERLANG)
def vending_machine(effort: Effort) -> Iterator[Check]:
    """A jammed slot is a busy server without a queue, for any time until it is cleared."""
    slot = formulas.VendingSlot(turns_per_day=20.0, jam=0.05, fail=0.1, clear_days=0.5)
    refund = 0.2
    for law, clear in {"constant": constant_days(0.5), "gamma": gamma_days(0.5, 0.5)}.items():
        group = Group(f"vended-{law}", _drawn(slot.turns_per_day), {})
        design = one_store([group], effort.copies(240), "1 d", days=65, warm_up_days=5)
        settings = {"device": DEVICE_VENDING, "sensor": SENSOR_VEND, "jam": slot.jam, "fail": slot.fail,
                    "refund": refund, "jam_clear": clear}  # fmt: skip
        records = _simulate(effort, design, settings, AMPLE)
        found, points = PlantCopies(records, design.copies), points_of(records.network, design, group.name)
        served = design.copies_of(records, group.name, "store").fill_rate
        yield Check(f"share of people served, clearing time {law}", slot.fill_rate, served)
        if law == "constant":
            fails = found.per_day(found.count(points, c.N_FAILED_VENDS))
            yield Check("failed vends per day", slot.fails_per_day, fails)
            too_few = mean_estimate(-found.difference(points, c.D_FAILED_VEND) * DAY_MS / records.network.horizon_ms)
            yield Check("units per day that the record has too few", slot.fails_per_day * (1 - refund), too_few)


@case("tool crib", ERLANG)
def tool_crib(effort: Effort) -> Iterator[Check]:
    """Tools are servers, lent ones are busy: who finds none is Erlang's loss, for any time of loan."""
    tools, per_day, loan_days = 4, 5.0, 0.5
    for law, loan in {"exponential": exponential_days(loan_days), "gamma": gamma_days(loan_days, 4.0)}.items():
        group = Group(f"lent-{law}", _drawn(per_day), {})
        design = one_store([group], effort.copies(240), "1 d", days=150, warm_up_days=10)
        records = _simulate(effort, design, {"sensor": SENSOR_SCAN, "loan": loan}, tools)
        store = design.copies_of(records, group.name, "store")
        lost = one_echelon.erlang_loss(tools, per_day * loan_days)
        yield Check(f"share who find none, time of loan {law}", lost, store.lost_share)
        yield Check(f"tools on the shelf, time of loan {law}", tools - per_day * loan_days * (1 - lost), store.on_hand)


@case("who may draw", HADLEY_WHITIN)
def limits(effort: Effort) -> Iterator[Check]:
    """Refused are those who may not draw, and what exceeds a person's limit in a shift."""
    persons, limit, unauthorised, shift_hours, per_shift = 3, 2, 0.05, 8, 4.0
    group = Group("limited", _drawn(per_shift * 24 / shift_hours), {})
    design = one_store([group], effort.copies(240), "1 d", days=60, warm_up_days=2)
    settings = {"limit": limit, "unauthorised": unauthorised}
    starts = np.arange(0, 62 * 24, shift_hours, dtype=np.int64) * HOUR_MS
    records = _simulate(effort, design, settings, AMPLE, plant=Plant(-1, (), -1, starts, (("workers", persons),)))
    found, points = PlantCopies(records, design.copies), points_of(records.network, design, group.name)
    refused, served = (found.count(points, column) for column in (c.N_REFUSED, c.N_PERSON_LINES))
    theory = formulas.refused_share(per_shift, persons, limit, unauthorised)
    yield Check("share of lines refused", theory, ratio_estimate(refused, refused + served))


@case("leaking tank", COX)
def leaking_tank(effort: Effort) -> Iterator[Check]:
    """A tank is tight and leaks in turn; what is gone is missing from a record that nobody corrects."""
    every, lasting, per_hour = 6.0, 0.5, 2
    group = Group("leaking", _drawn(1.0), {})
    design = one_store([group], effort.copies(240), "1 d", days=400, warm_up_days=40)
    settings = {"device": DEVICE_TANK, "leak_every": exponential_days(every), "leak_lasting": constant_days(lasting),
                "leak_rate_milli": 1000 * per_hour, "leak_step": 6}  # fmt: skip
    records = _simulate(effort, design, settings, AMPLE)
    found, points = PlantCopies(records, design.copies), points_of(records.network, design, group.name)
    theory = formulas.leaked_per_day(every, lasting, 24 * per_hour)
    yield Check("units leaked per day", theory, found.per_day(found.count(points, c.N_LEAKED)))


@case("quarantine", PALM)
def quarantine(effort: Effort) -> Iterator[Check]:
    """Inspection lengthens the lead time, and a rejected unit is ordered again: Palm's theorem for all of it."""
    level, lead_days, inspection_days, rejected = 4, 2.0, 1.0, 0.2
    group = Group(
        "inspected", {"store": {"poisson": {"rate": "1 /d"}}}, {"store": {"kind": "base_stock", "level": level}}
    )
    design = one_store([group], effort.copies(300), f"{lead_days:g} d", days=540, warm_up_days=40)
    settings = {"inspection": exponential_days(inspection_days), "rejected": rejected}
    records = _simulate(effort, design, settings, level)
    outstanding = distributions.poisson((lead_days + inspection_days) / (1 - rejected))
    theory = one_echelon.performance({level: 1.0}, outstanding)
    yield from performance_checks(f"S = {level}", design.copies_of(records, group.name, "store"), theory)


def _drawn(per_day: float) -> dict[str, dict[str, object]]:
    return {"store": {"poisson": {"rate": f"{per_day:g} /d"}, "if_short": "lost"}}


def _simulate(
    effort: Effort,
    design: Design,
    settings: dict[str, Any],
    units: int,
    counts: tuple[Count, ...] = (),
    plant: Plant | None = None,
) -> Records:
    """A device of this kind at every stock point, with so many units at the start and no replenishment."""
    network = design.network()
    points = np.concatenate([points_of(network, design, group.name) for group in design.groups])
    plant = plant or Plant(-1, people=(("workers", 1),))
    devices = [DevicePoint(int(point), 0, persons=(0, plant.people[0][1]), **settings) for point in points]
    on_hand = stocked(network, points, units)
    return effort.simulate(with_plants(network, [plant], devices, (), counts, on_hand))
