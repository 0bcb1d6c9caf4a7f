"""Means and variances of the times that stock has to protect against: lead times and review periods, before the run."""

import math

import numpy as np

from sim import network as net
from sim.network import Distribution, Float64Array, Int64Array, Lane, Network
from sim.units import MS_PER_WEEK


def moments(time: Distribution) -> tuple[float, float]:
    """Mean (ms) and variance (ms^2) of a duration; of a normal one without the cut at 0."""
    a, b, c = time.a, time.b, time.c
    kind = time.kind
    if kind == net.DISTRIBUTION_EXPONENTIAL:
        mean, variance = a, a * a
    elif kind == net.DISTRIBUTION_GAMMA:
        mean, variance = a * b, a * b * b
    elif kind == net.DISTRIBUTION_LOGNORMAL:
        mean = math.exp(a + b * b / 2)
        variance = mean * mean * math.expm1(b * b)
    elif kind == net.DISTRIBUTION_UNIFORM:
        mean, variance = (a + b) / 2, (b - a) ** 2 / 12
    elif kind == net.DISTRIBUTION_TRIANGULAR:
        mean, variance = (a + b + c) / 3, (a * a + b * b + c * c - a * b - a * c - b * c) / 18
    elif kind == net.DISTRIBUTION_NORMAL:
        mean, variance = a, b * b
    else:
        mean, variance = a, 0.0
    return mean + time.offset_ms, variance


def _gap_moments(gaps: Int64Array) -> tuple[float, float]:
    """Mean and variance of the time from a random moment to the next of recurring instants with these gaps."""
    g = gaps.astype(np.float64)
    whole = g.sum()
    mean = float((g**2).sum() / (2 * whole))
    return mean, float((g**3).sum() / (3 * whole)) - mean * mean


def _truck_moments(network: Network, lane: Lane) -> tuple[float, float]:
    """Wait for a departure, driving and stops up to the lane's end; working hours and breakdowns do not count."""
    route = network.routes[lane.route]
    if route.timetable_ms is not None:
        departures = route.timetable_ms
        mean, variance = _gap_moments(np.diff([*departures.tolist(), int(departures[0]) + MS_PER_WEEK]))
    else:
        longest = max(route.max_wait_ms, 0)
        mean, variance = longest / 2, longest * longest / 12
    stops = route.stop_nodes.index(lane.to_node) + 1
    for leg in route.leg_travel[:stops]:
        driving, spread = moments(leg)
        mean, variance = mean + driving, variance + spread
    return mean + route.stop_ms * (stops - 1), variance


def lead_time_moments(network: Network) -> tuple[Float64Array, Float64Array]:
    """Mean (ms) and variance (ms^2) of the time from dispatch to arrival on each lane; the source is never short."""
    found = [moments(lane.lead_time) if lane.route < 0 else _truck_moments(network, lane) for lane in network.lanes]
    table = np.array(found, np.float64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def review_period_ms(network: Network) -> Float64Array:
    """Mean time between the periodic reviews of each node, 0 where there are none."""
    periods = np.zeros(network.nodes)
    for node, instants in enumerate(network.review_ms):
        if instants is not None and len(instants):
            periods[node] = (instants[-1] - instants[0]) / max(len(instants) - 1, 1) or network.horizon_ms
    return periods
