"""Plants and devices beside copies of small systems: what `copies.py` is for stock alone.

A case builds a network of copies, and adds to it plants (each with a node of its own), devices and gateways; rows of
machines, lines, gateways and devices come copy by copy, so that whatever belongs to one copy can be added up. Random
streams are named after plant, line, machine and item: lines of one plant need different names, or they fail together.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import (
    DISTRIBUTION_CONSTANT,
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_GAMMA,
    Distribution,
    Float64Array,
    Int64Array,
    Network,
)
from sim.plant_plan import Count, DevicePoint, Gateway, Line, Plant, PlantPlan
from sim.record.records import PlantSums, Records
from sim.verify.copies import Design
from sim.verify.samples import MeanEstimate, mean_estimate, ratio_estimate

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
AMPLE: Final = 1_000_000
"""Opening stock that nobody uses up."""


def exponential_days(mean: float) -> Distribution:
    """A duration without memory."""
    return Distribution(DISTRIBUTION_EXPONENTIAL, mean * DAY_MS)


def constant_days(days: float) -> Distribution:
    """A duration that is always the same."""
    return Distribution(DISTRIBUTION_CONSTANT, days * DAY_MS)


def gamma_days(mean: float, shape: float) -> Distribution:
    """A duration that varies as `shape` stages, one after the other, do."""
    return Distribution(DISTRIBUTION_GAMMA, shape, mean * DAY_MS / shape)


def points_of(network: Network, design: Design, group: str) -> Int64Array:
    """Stock points of a group's copies at the node `store`."""
    return network.stock_point("store", f"{group}-0000") + np.arange(design.copies, dtype=np.int64)


def with_plants(
    network: Network,
    plants: Sequence[Plant],
    devices: Sequence[DevicePoint] = (),
    gateways: Sequence[Gateway] = (),
    counts: Sequence[Count] = (),
    on_hand: Int64Array | None = None,
) -> Network:
    """The network with these plants and devices; every plant gets a node, after all others.

    Args:
        on_hand: opening stock of every stock point, instead of the network's.
    """
    added = [f"plant-{number:04d}" for number in range(len(plants))]
    placed = tuple(replace(plant, node=network.nodes + number) for number, plant in enumerate(plants))
    ordered = tuple(sorted(devices, key=lambda device: device.stock_point))
    parameter = network.parameter.copy()
    for device in ordered:
        inspected = c.SP_INSPECTED if device.inspection is not None else 0
        parameter[device.stock_point, c.P_FLAGS] |= c.SP_DEVICE | inspected
    first = network.node_first_stock_point
    return replace(
        network,
        node_names=(*network.node_names, *added),
        node_kinds=(*network.node_kinds, *(["plant"] * len(added))),
        node_echelons=(*network.node_echelons, *(["plant"] * len(added))),
        node_first_stock_point=np.concatenate((first, np.repeat(first[-1:], len(added)))),
        review_ms=(*network.review_ms, *([None] * len(added))) if network.review_ms else (),
        parameter=parameter,
        initial_on_hand=network.initial_on_hand if on_hand is None else on_hand,
        plant_plan=PlantPlan(placed, ordered, tuple(gateways), tuple(counts)),
    )


def one_plant(
    network: Network, lines: Sequence[Line], points: Int64Array, on_hand: Int64Array | None = None
) -> Network:
    """The network with all lines in one plant, whose fitters take from shelves at these stock points; books by hand."""
    plant = Plant(-1, tuple(lines), people=(("fitters", 1),), maintenance=(0, 1))
    return with_plants(network, [plant], [DevicePoint(int(point), 0) for point in points], on_hand=on_hand)


def stocked(network: Network, points: Int64Array, units: int) -> Int64Array:
    """Opening stock of the network, with so many units at these stock points."""
    on_hand = network.initial_on_hand.copy()
    on_hand[points] = units
    return on_hand


class PlantCopies:
    """What plants and devices recorded over the measured time, copy by copy."""

    def __init__(self, records: Records, copies: int) -> None:
        if records.summary.plant is None:
            raise ValueError("the network has no plant")
        self._records = records
        self._copies = copies
        self._sums: PlantSums = records.summary.plant
        network = records.network
        self.measured_ms = network.horizon_ms - network.warm_up_ms

    @property
    def running(self) -> MeanEstimate:
        """Mean number of a copy's lines that run."""
        working, lost = self.line_times
        return mean_estimate((working - lost) / self.measured_ms)

    @property
    def availability(self) -> MeanEstimate:
        """Running time of lines / working time."""
        working, lost = self.line_times
        return ratio_estimate(working - lost, working)

    @property
    def line_times(self) -> tuple[Float64Array, Float64Array]:
        """Working time and working time lost of each copy's lines together, ms."""
        both = self._sums.lines.reshape(self._copies, -1, 2).sum(axis=1).astype(np.float64)
        return both[:, 0], both[:, 1]

    def stops(self, cause: int | None = None, weight: str | None = None) -> Float64Array:
        """Stops (of a cause) that began in the measured time, by copy; or what a column of theirs adds up to."""
        table = self._records.table("stops").to_pandas()
        kept = table["start_ms"] >= self._records.network.warm_up_ms
        if cause is not None:
            kept &= table["cause"] == cause
        of_copy = table["machine"][kept].to_numpy() // self._machines_per_copy
        weights = None if weight is None else table[weight][kept].to_numpy()
        found: Float64Array = np.bincount(of_copy, weights, self._copies).astype(np.float64)
        return found

    @property
    def _machines_per_copy(self) -> int:
        plan = self._records.network.plant_plan
        assert plan is not None
        return sum(len(line.machines) for plant in plan.plants for line in plant.lines) // self._copies

    def per_day(self, numbers: Float64Array) -> MeanEstimate:
        """Mean of numbers of the measured time, per day."""
        return mean_estimate(numbers * (DAY_MS / self.measured_ms))

    def count(self, points: Int64Array, column: int) -> Float64Array:
        """A counter (N_*) of these stock points."""
        counted: Float64Array = self._sums.count[points, column].astype(np.float64)
        return counted

    def difference(self, points: Int64Array, cause: int) -> Float64Array:
        """Units by which the record of these stock points is off at the end, of this cause (D_*)."""
        units: Float64Array = self._sums.difference[points, cause].astype(np.float64)
        return units

    def mean_gap(self, points: Int64Array, column: int) -> MeanEstimate:
        """A time mean of the record's error: of a cause (D_*), or G_UNITS; with G_WRONG_MS, the share of the time."""
        return mean_estimate(self._sums.gap[points, column] / self.measured_ms)
