"""Reports through a gateway: how late they are, and how many are lost."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from sim import columns as c
from sim.plant_plan import OVERFLOW_NEWEST, OVERFLOW_OLDEST, SENSOR_SCAN, DevicePoint, Gateway, Plant
from sim.record.records import Records
from sim.verify.copies import Design, Group, one_store
from sim.verify.formulas.devices import Uplink, polling_delay_ms
from sim.verify.plants import AMPLE, DAY_MS, PlantCopies, exponential_days, gamma_days, points_of, stocked, with_plants
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import ratio_estimate
from sim.verify.sources import COX, LITTLE, WOLFF

UPLINK: Final = Uplink(up_days=0.5, down_days=0.25, shape=3.0)
PER_DAY: Final = 6.0
STORES: Final = {"all": (1 << 40, OVERFLOW_OLDEST), "the last": (1, OVERFLOW_OLDEST), "the first": (1, OVERFLOW_NEWEST)}
POLL_MS: Final = 900_000


@case("uplink outages", COX)
def uplink_outages(effort: Effort) -> Iterator[Check]:
    """Reports wait for the end of an outage; a gateway that keeps few loses the rest of a negative binomial number."""
    groups = [Group(f"keeps-{name.replace(' ', '-')}", _drawn(PER_DAY), {}) for name in STORES]
    design = one_store(groups, effort.copies(240), "1 d", days=130, warm_up_days=10)
    gateways = [
        Gateway(
            f"{name}-{copy}",
            0,
            0,
            capacity=capacity,
            overflow=overflow,
            outage_every=exponential_days(UPLINK.up_days),
            outage_lasting=gamma_days(UPLINK.down_days, UPLINK.shape),
        )
        for name, (capacity, overflow) in STORES.items()
        for copy in range(design.copies)
    ]
    records = _simulate(effort, design, gateways)
    found = PlantCopies(records, design.copies)
    for group, (name, (capacity, _)) in zip(groups, STORES.items(), strict=True):
        points = points_of(records.network, design, group.name)
        taken = found.count(points, c.N_MESSAGES)
        if name == "all":
            delay = ratio_estimate(found.count(points, c.N_DELAY_MS) / DAY_MS, found.count(points, c.N_DELIVERED))
            yield Check("mean delay, days", UPLINK.delay_days, delay)
            under_way = found.mean_gap(points, c.D_UNDER_WAY)
            yield Check("units taken and not yet reported", PER_DAY * UPLINK.delay_days, under_way, LITTLE)
        else:
            lost = ratio_estimate(found.count(points, c.N_LOST), taken)
            yield Check(f"share lost, keeps one message, {name}", UPLINK.lost_share(PER_DAY, capacity), lost)


@case("polling", WOLFF)
def polling(effort: Effort) -> Iterator[Check]:
    """Who reports at random waits half a polling interval on average."""
    group = Group("polled", _drawn(20.0), {})
    design = one_store([group], effort.copies(80), "1 d", days=20, warm_up_days=1)
    gateways = [Gateway(f"gateway-{copy}", 0, poll_ms=POLL_MS) for copy in range(design.copies)]
    records = _simulate(effort, design, gateways)
    found, points = PlantCopies(records, design.copies), points_of(records.network, design, group.name)
    delay = ratio_estimate(found.count(points, c.N_DELAY_MS), found.count(points, c.N_DELIVERED))
    yield Check("mean delay, ms", polling_delay_ms(POLL_MS), delay)


def _drawn(per_day: float) -> dict[str, dict[str, object]]:
    return {"store": {"poisson": {"rate": f"{per_day:g} /d"}, "if_short": "lost"}}


def _simulate(effort: Effort, design: Design, gateways: list[Gateway]) -> Records:
    """A shelf with scanned draws for every gateway."""
    network = design.network()
    points = np.concatenate([points_of(network, design, group.name) for group in design.groups])
    devices = [
        DevicePoint(int(point), 0, sensor=SENSOR_SCAN, gateway=number, persons=(0, 1))
        for number, point in enumerate(points)
    ]
    plant = Plant(-1, people=(("workers", 1),))
    return effort.simulate(with_plants(network, [plant], devices, gateways, on_hand=stocked(network, points, AMPLE)))
