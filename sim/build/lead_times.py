"""Mean lead times of lanes, for ranking sources: rough on purpose, known before the run."""

import numpy as np

from sim.build.lanes import NodeNumbers
from sim.network import Float64Array
from sim.scenario.nodes import Supplier
from sim.scenario.scenario import Scenario
from sim.scenario.trucks import Truck
from sim.units import MS_PER_WEEK


def mean_lead_times_ms(scenario: Scenario, nodes: NodeNumbers) -> Float64Array:
    """Mean time from dispatch to arrival of each lane (row of `nodes.pairs`), ms, without queues and breakdowns.

    Of a parcel its lead time, from a supplier the supplier's own unless the lane gives one; of a truck
    `mean_truck_time_ms`.
    """
    return np.array([_mean(scenario, nodes, row) for row in range(len(nodes.pairs))], dtype=np.float64)


def _mean(scenario: Scenario, nodes: NodeNumbers, row: int) -> float:
    pair = nodes.pairs[row]
    if pair.lane.truck is not None:
        return mean_truck_time_ms(scenario.trucks[pair.lane.truck], pair.to_node)
    source = scenario.node(pair.from_node)
    lead_time = pair.lane.lead_time or (source.lead_time if isinstance(source, Supplier) else None)
    return 0.0 if lead_time is None else lead_time.mean_ms


def mean_truck_time_ms(truck: Truck, node: str) -> float:
    """Mean wait for a departure and time to the stop, ms.

    At a timetable with gaps g a random moment waits sum(g^2) / (2 x week) on average; when full, half the longest
    wait on the dock counts. Working hours are not considered.
    """
    if truck.timetable is not None:
        departures = truck.timetable.weekly_ms()
        gaps = np.diff([*departures, departures[0] + MS_PER_WEEK]).astype(np.float64)
        wait = float((gaps**2).sum()) / (2 * MS_PER_WEEK)
    else:
        wait = (truck.when_full.max_wait or 0) / 2 if truck.when_full is not None else 0.0
    stops = [stop.node for stop in truck.stops]
    before = truck.stops[: stops.index(node) + 1]
    return wait + sum(stop.travel_time.mean_ms for stop in before) + truck.stop_time * (len(before) - 1)
