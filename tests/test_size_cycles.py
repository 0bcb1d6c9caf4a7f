"""Regular visits: shares of time and units in stock, and the chance that a window is kept, against simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from sim.size.cycles import (
    Cycle,
    Window,
    availability,
    fill_rate,
    highest_level,
    least_level,
    mean_on_hand,
    never_out,
    out_longer,
    runs_out,
    together,
)
from sim.size.demand import Demand

CASES = [
    (Demand(1.3), 9, Cycle(7.0)),
    (Demand(0.4), 4, Cycle(7.0, 2.0)),
    (Demand(2.0, 3.5), 25, Cycle(5.0, 3.0)),
]


def simulated(
    demand: Demand, level: int, cycle: Cycle, cycles: int, seed: int, steps: int = 400
) -> dict[str, np.ndarray]:
    """Time out, units late and mean stock of independent cycles, from demand drawn step by step."""
    generator = np.random.default_rng(seed)
    before = np.zeros(cycles)
    if cycle.delivery:
        before = _drawn(generator, demand, cycle.delivery, (cycles,))
    used = before[:, None] + np.cumsum(_drawn(generator, demand, cycle.interval / steps, (cycles, steps)), axis=1)
    left = np.maximum(level - used, 0)
    late = np.maximum(used[:, -1] - level, 0) - np.maximum(before - level, 0)
    return {
        "out": (left == 0).mean(axis=1),
        "late": late,
        "on_hand": left.mean(axis=1),
        "ran_out": used[:, -1] >= level,
    }


def _drawn(generator: np.random.Generator, demand: Demand, days: float, shape: tuple[int, ...]) -> np.ndarray:
    mean = demand.per_day * days
    if demand.ratio == 1.0:
        return generator.poisson(mean, shape)
    return generator.negative_binomial(mean / (demand.ratio - 1), 1 / demand.ratio, shape)


def within(sample: np.ndarray, expected: float, slack: float = 0.0) -> bool:
    """Whether a mean lies within 4 standard errors (one test in 16,000 fails by chance) and the slack of a step."""
    return bool(abs(sample.mean() - expected) <= 4 * sample.std() / math.sqrt(len(sample)) + slack)


@pytest.mark.parametrize(("demand", "level", "cycle"), CASES)
def test_shares_are_those_of_simulated_cycles(demand: Demand, level: int, cycle: Cycle) -> None:
    seen = simulated(demand, level, cycle, 20_000, 5)
    levels = np.array([float(level)])
    step = 1 / 400
    assert within(1 - seen["out"], availability(demand, levels, cycle)[0], step)
    met = 1 - seen["late"] / (demand.per_day * cycle.interval)
    assert within(met, fill_rate(demand, levels, cycle)[0])
    assert within(seen["ran_out"], runs_out(demand, level, cycle))
    assert within(seen["on_hand"], mean_on_hand(demand, level, cycle), step * level)
    days = np.array([0.2 * cycle.interval])
    assert within(seen["out"] > 0.2, out_longer(demand, level, cycle, days)[0], step)


@pytest.mark.parametrize("level", [1, 5, 12])
def test_time_in_stock_of_poisson_use_has_a_closed_form(level: int) -> None:
    # the time of the S-th draw is Erlang: E[max(R - T, 0)] = R P(N(R) >= S) - S / rate P(N(R) >= S + 1)
    rate, interval = 1.1, 7.0
    out = interval * stats.poisson.sf(level - 1, rate * interval) - level / rate * stats.poisson.sf(
        level, rate * interval
    )
    found = availability(Demand(rate), np.array([float(level)]), Cycle(interval))[0]
    assert found == pytest.approx(1 - out / interval, abs=1e-9)


def test_an_emergency_delivery_ends_a_shortage() -> None:
    demand, levels = Demand(1.0), np.array([4.0])
    without, within_a_day = (availability(demand, levels, Cycle(7.0, 0.0, days))[0] for days in (math.inf, 1.0))
    assert within_a_day > without
    assert within_a_day >= 1 - 1 / 7
    assert out_longer(demand, 4, Cycle(7.0, 0.0, 1.0), np.array([1.0]))[0] == 0


@pytest.mark.parametrize("measure", ["availability", "fill_rate"])
@pytest.mark.parametrize("target", [0.0, 0.5, 0.9, 0.999])
def test_least_level_is_the_first_of_all(measure: str, target: float) -> None:
    demand, cycle = Demand(0.7, 2.0), Cycle(7.0, 1.0)
    levels = np.arange(200.0)
    reached = {"availability": availability, "fill_rate": fill_rate}[measure](demand, levels, cycle)
    assert least_level(demand, cycle, target, measure) == np.flatnonzero(reached >= target)[0]


def test_highest_level_is_the_first_that_hardly_ever_runs_out() -> None:
    demand, cycle = Demand(0.7, 2.0), Cycle(7.0, 1.0)
    top = highest_level(demand, cycle)
    assert runs_out(demand, top, cycle) <= 1e-7 < runs_out(demand, top - 1, cycle)


@pytest.mark.parametrize("days", [28.0, 31.5])
def test_window_is_kept_as_often_as_in_simulation(days: float) -> None:
    items = [(Demand(1.0), 11), (Demand(0.5), 7), (Demand(2.0, 3.0), 31)]
    cycle = Cycle(7.0)
    window = Window(days, 0.98, len(items))
    times = never_out()
    for demand, level in items:
        times = together(times, window.times_out(demand, level, cycle))
    count = 5_000
    refills = np.floor(days / 7 + np.random.default_rng(3).random(count)).astype(int)  # the window begins at any time
    out = np.zeros(count)
    for number, (demand, level) in enumerate(items):
        each = simulated(demand, level, cycle, 5 * count, 10 + number, 150)["out"].reshape(count, 5) * 7.0
        out += np.where(np.arange(5) < refills[:, None], each, 0).sum(axis=1)
    kept = out <= window.allowed
    assert 0.5 < kept.mean() < 0.97
    assert within(
        kept.astype(float), window.kept(times, cycle.interval), 0.01
    )  # rounded up on a grid, simulated in steps
    assert Window(days, 0.98, 3, windows=6).kept(times, cycle.interval) == pytest.approx(
        window.kept(times, cycle.interval) ** 6
    )


@pytest.mark.parametrize(("demand", "level"), [(Demand(1.0), 18), (Demand(2.0, 6.0), 52)])
def test_with_a_delivery_time_the_chance_is_a_little_too_careful(demand: Demand, level: int) -> None:
    # one long history: time out of a cycle depends on that before through the demand of the delivery time
    cycle, window, steps, windows = Cycle(7.0, 3.0), Window(30.0, 0.99, 1), 12, 6_000
    used = np.append(0, np.cumsum(_drawn(np.random.default_rng(4), demand, 1 / steps, (windows * 30 * steps,))))
    ordered = np.maximum((np.arange(len(used)) - 3 * steps) // (7 * steps), 0) * 7 * steps
    out = (level - (used - used[ordered]) <= 0)[:-1].reshape(windows, -1).mean(axis=1)
    found = window.kept(window.times_out(demand, level, cycle), cycle.interval)
    kept = (out <= 0.01).mean()
    error = math.sqrt(kept * (1 - kept) / windows)
    assert found <= kept + 4 * error
    assert found >= kept - 0.03 - 4 * error
    assert within(1 - out, availability(demand, np.array([float(level)]), cycle)[0], 1 / (7 * steps))


def test_nothing_stocked_is_never_in_stock() -> None:
    window = Window(28.0, 0.99, 1)
    assert availability(Demand(1.0), np.array([0.0]), Cycle(7.0))[0] == pytest.approx(0)
    assert window.kept(window.times_out(Demand(1.0), 0, Cycle(7.0)), 7.0) == 0
    assert window.kept(never_out(), 7.0) == 1
