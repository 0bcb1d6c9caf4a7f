"""Mean lead times of lanes: rough on purpose, known before the run; for ranking sources and for policies to see."""

import math

import numpy as np

from sim import network as net
from sim.columns import P_LANE
from sim.network import Float64Array
from sim.week import DAY_MS, WEEK_MS


def mean_ms(distribution: net.Distribution) -> float:
    """Mean of a duration, ms; of a normal one before its cut at zero."""
    a, b, c = distribution.a, distribution.b, distribution.c
    means = {
        net.DISTRIBUTION_GAMMA: a * b,
        net.DISTRIBUTION_UNIFORM: (a + b) / 2,
        net.DISTRIBUTION_TRIANGULAR: (a + b + c) / 3,
    }
    if distribution.kind == net.DISTRIBUTION_LOGNORMAL:
        return math.exp(a + b * b / 2) + distribution.offset_ms
    return means.get(distribution.kind, a) + distribution.offset_ms


def mean_lead_times_ms(lanes: tuple[net.Lane, ...], routes: tuple[net.Route, ...]) -> Float64Array:
    """Mean time from dispatch to arrival of each lane, ms: of a parcel its lead time, of a truck `mean_truck_time_ms`.

    Queues, suppliers' calendars, working hours and breakdowns are left out.
    """
    return np.array(
        [
            mean_ms(lane.lead_time) if lane.route < 0 else mean_truck_time_ms(routes[lane.route], lane.to_node)
            for lane in lanes
        ],
        dtype=np.float64,
    )


def mean_truck_time_ms(route: net.Route, node: int) -> float:
    """Mean wait for a departure and time to a stop, ms.

    At a timetable with gaps g a random moment waits sum(g^2) / (2 x week) on average; when full, half the longest
    wait on the dock counts.
    """
    if route.timetable_ms is not None:
        departures = route.timetable_ms.tolist()
        gaps = np.diff([*departures, departures[0] + WEEK_MS]).astype(np.float64)
        wait = float((gaps**2).sum()) / (2 * WEEK_MS)
    else:
        wait = max(route.max_wait_ms, 0) / 2
    place = route.stop_nodes.index(node)
    return wait + sum(mean_ms(leg) for leg in route.leg_travel[: place + 1]) + route.stop_ms * place


def lead_time_days(network: net.Network) -> Float64Array:
    """Mean lead time of every stock point from its usual source, days, (P,); NaN at suppliers."""
    of_lane = np.append(mean_lead_times_ms(network.lanes, network.routes) / DAY_MS, np.nan)
    days: Float64Array = of_lane[network.parameter[:, P_LANE]]
    return days
