"""The books of plants and devices must close too, to the unit and to the millisecond.

At stock points of devices, `U` are units by the usage log (stock on hand, usage and lots are in
`sim.record.conservation` and `sim.record.usage_conservation`):

    on loan     opening + lent - back - lost - worn                     = closing
    record      recorded - on hand = sum of the differences by cause, at the start and at the end

Elsewhere the record goes up and down with the shelf. Of lines:

    working     working time by the calendar of the plant within the measured window
    lost        working time within the window in which any of its machines stood
    put down    lost working time of each stop, by who has stood longest
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.network import Int64Array, Network
from sim.record.books import Equation
from sim.record.network_names import line_names
from sim.record.plant_stops import WorkingTime, line_of_machines
from sim.record.plant_sums import PlantTableSums
from sim.record.records import Levels, PlantSums, Records


def plant_equations(records: Records) -> Iterator[Equation]:
    """What must be equal in the books of plants; nothing without plants."""
    plant, sums = records.summary.plant, records.plant_sums
    if plant is None or sums is None:
        return
    yield _loan_equation(plant, sums)
    yield from _record_equations(records, plant)
    yield from _line_equations(records, plant, sums)


def _loan_equation(plant: PlantSums, sums: PlantTableSums) -> Equation:
    usage = sums.usage
    back = usage[:, [c.U_LOAN_BACK, c.U_LOAN_LOST, c.U_LOAN_WORN]].sum(axis=1)
    return Equation("units on loan", plant.opening_on_loan + usage[:, c.U_LOAN] - back, plant.on_loan)


def _record_equations(records: Records, plant: PlantSums) -> Iterator[Equation]:
    network, opening, closing = records.network, records.summary.opening, records.summary.closing
    device = _devices(network)
    inside = (network.parameter[:, c.P_FLAGS] & c.SP_SUPPLIER) == 0
    gap, first = _gap(closing), _gap(opening)
    for what, found, difference in (
        ("difference between record and shelf at the start", first, plant.opening_difference),
        ("difference between record and shelf", gap, plant.difference),
    ):
        yield Equation(what, np.where(device, difference.sum(axis=1), 0), np.where(device, found, 0))
    elsewhere = inside & ~device
    what = "difference between record and shelf elsewhere"
    yield Equation(what, np.where(elsewhere, first, 0), np.where(elsewhere, gap, 0))


def _gap(levels: Levels) -> Int64Array:
    gap: Int64Array = levels.state[:, c.S_RECORDED] - levels.state[:, c.S_ON_HAND]
    return gap


def _devices(network: Network) -> npt.NDArray[np.bool_]:
    device: npt.NDArray[np.bool_] = (network.parameter[:, c.P_FLAGS] & c.SP_DEVICE) != 0
    return device


def _line_equations(records: Records, plant: PlantSums, sums: PlantTableSums) -> Iterator[Equation]:
    network, plan = records.network, records.network.plant_plan
    assert plan is not None
    places = tuple(f"line {name}" for name in line_names(network))
    line = np.arange(len(places))
    window = (np.full(len(line), time, np.int64) for time in (network.warm_up_ms, network.horizon_ms))
    working = WorkingTime(plan).between(line, *window)
    yield Equation("working time (ms)", working, plant.lines[:, 0], places=places)

    stops = sums.stops.stops()
    lost = np.zeros(len(line), np.int64)
    np.add.at(lost, stops.line, stops.measured_ms)
    yield Equation("working time lost in stops (ms)", lost, plant.lines[:, 1], places=places)

    # what a stop from before the saved state had cost until then is in the records of that run
    whole = np.where(stops.start_ms >= records.summary.start.time_ms, 1, 0)
    by_machine = np.zeros((2, len(line_of_machines(plan))), np.int64)
    for row, values in zip(by_machine, (stops.lost_ms, stops.recorded_ms), strict=True):
        np.add.at(row, stops.machine, values * whole)
    of_machine = tuple(
        f"machine {number} of {places[one]}" for number, one in enumerate(line_of_machines(plan).tolist())
    )
    yield Equation("working time put down to its stops (ms)", by_machine[0], by_machine[1], places=of_machine)
