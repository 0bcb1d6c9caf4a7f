"""Formulas of plants and devices, against figures by hand, each other, and plain sampling that knows none of them."""

import heapq
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from sim.verify.formulas import devices, renewal
from sim.verify.formulas.machines import ConsumableLine, OverduePart, Repairman, line_availability
from sim.verify.formulas.one_echelon import erlang_loss
from sim.verify.formulas.renewal import WeibullLife
from sim.verify.samples import MeanEstimate, mean_estimate, ratio_estimate

pytestmark = pytest.mark.theory

SURE = 1 - 1e-5  # one interval of a fixed seed


# --- machines and crews -----------------------------------------------------------------------------------------------
def test_one_machine_and_one_crew_by_hand() -> None:
    alone = Repairman(machines=1, spares=0, crews=1, life_days=9.0, repair_days=1.0)
    assert alone.running == pytest.approx(0.9)
    assert alone.wait_days == pytest.approx(0)
    assert alone.down_days == pytest.approx(1.0)


def test_two_machines_and_one_crew_by_hand() -> None:
    """Weights 1, 2 x 1/2, 2 x 1/4 of 0, 1, 2 failed: 0.4, 0.4, 0.2."""
    two = Repairman(machines=2, spares=0, crews=1, life_days=2.0, repair_days=1.0)
    assert two.stationary() == pytest.approx([0.4, 0.4, 0.2])
    assert two.running == pytest.approx(1.2)
    assert two.waiting == pytest.approx(0.2)
    assert two.failures_per_day == pytest.approx(0.6)


def test_a_crew_for_everybody_makes_machines_independent() -> None:
    many = Repairman(machines=7, spares=0, crews=0, life_days=3.0, repair_days=1.0)
    assert many.running == pytest.approx(7 * 0.75)
    assert many.stationary() == pytest.approx(stats.binom.pmf(np.arange(8), 7, 0.25))
    assert replace(many, crews=7).stationary() == pytest.approx(many.stationary())


def test_spares_without_a_limit_of_crews_are_base_stock() -> None:
    """Very many machines that hardly ever fail demand like a Poisson process: Erlang's formula of Palm's theorem."""
    large = Repairman(machines=100_000, spares=3, crews=0, life_days=100_000 / 2.0, repair_days=1.0)
    assert large.stationary()[:10] == pytest.approx(stats.poisson.pmf(np.arange(10), 2.0), rel=1e-3)
    assert large.replaced_at_once == pytest.approx(stats.poisson.cdf(2, 2.0), rel=1e-3)


@pytest.mark.parametrize(("spares", "crews"), [(0, 2), (2, 0), (1, 2)])
def test_repairman_against_plain_sampling(spares: int, crews: int) -> None:
    """Machine by machine, with a heap of what ends next; repairs of constant length where every unit has a crew."""
    machines, life, repair = 5, 4.0, 3.0
    random = np.random.default_rng(11)
    samples = [_repairman_run(random, machines, spares, crews, life, repair) for _ in range(60)]
    running, at_once, failures = np.array(samples).T
    exact = Repairman(machines, spares, crews, life, repair)
    assert mean_estimate(running).interval(SURE).contains(exact.running)
    assert mean_estimate(failures).interval(SURE).contains(exact.failures_per_day)
    if spares:
        assert ratio_estimate(at_once, failures).interval(SURE).contains(exact.replaced_at_once)


def _repairman_run(
    random: np.random.Generator, machines: int, spares: int, crews: int, life: float, repair: float
) -> tuple[float, float, float]:
    """Mean machines running, failures replaced at once and failures per day of 1500 days after the first 200."""
    begin, end = 200.0, 1700.0
    agenda = [(random.exponential(life), number, "fails") for number in range(machines)]
    heapq.heapify(agenda)
    shelf, down, waiting, at_work, count, area, last = spares, 0, 0, 0, machines, 0.0, 0.0
    at_once = failures = 0
    while agenda[0][0] < end:
        now, _, what = heapq.heappop(agenda)
        area += (machines - down) * max(now - max(last, begin), 0.0)
        last = now
        if what == "fails":
            waiting += 1
            down += 1
            failures += now >= begin
            at_once += now >= begin and shelf > 0
        else:
            at_work -= 1
            shelf += 1
        if shelf and down:
            shelf, down, count = shelf - 1, down - 1, count + 1
            heapq.heappush(agenda, (now + random.exponential(life), count, "fails"))
        while waiting and (not crews or at_work < crews):
            waiting, at_work, count = waiting - 1, at_work + 1, count + 1
            heapq.heappush(agenda, (now + (random.exponential(repair) if crews else repair), count, "is back"))
    area += (machines - down) * (end - last)
    return area / (end - begin), at_once / (end - begin), failures / (end - begin)


def test_line_by_hand() -> None:
    assert line_availability([0.1], [1.0]) == pytest.approx(10 / 11)
    assert line_availability([0.1, 0.05], [1.0, 2.0]) == pytest.approx(1 / 1.2)


# --- a line and its consumable ----------------------------------------------------------------------------------------
FAST = ConsumableLine(interval_days=1 / 4, reorder_point=10, lot=40, lead_days=3.0)
SLOW = ConsumableLine(interval_days=30 / 40, reorder_point=10, lot=20, lead_days=5.0)


def test_the_two_lines_of_the_specification() -> None:
    assert round(FAST.availability, 6) == 0.939770
    assert round(SLOW.availability, 6) == 0.992543


def test_stopped_time_is_the_integral_it_stands_for() -> None:
    """E[(L - X)+] = integral of P(X < x) over the lead time; X is over when ten of a Poisson process have come."""
    expected, _ = integrate.quad(lambda days: stats.poisson.sf(9, 4 * days), 0, 3)
    assert FAST.stopped_days == pytest.approx(expected, rel=1e-9)
    assert FAST.stop_chance == pytest.approx(stats.poisson.sf(9, 12))


@pytest.mark.parametrize(
    "line", [FAST, replace(SLOW, at_empty=False), replace(FAST, shape=4.0), ConsumableLine(0.5, 0, 3, 2.0)]
)
def test_consumable_line_against_plain_sampling(line: ConsumableLine) -> None:
    """Use by use on the clock: when the last but R is taken a lot is ordered, and the line stands without any."""
    random = np.random.default_rng(5)
    cycles = 20_000
    intervals = random.gamma(line.shape, line.interval_days / line.shape, (cycles, line.lot + 1))
    uses = line.reorder_point + (not line.at_empty)
    empty_at = intervals[:, :uses].sum(axis=1)
    stopped = np.maximum(line.lead_days - empty_at, 0)
    lasting = intervals[:, : line.lot].sum(axis=1) + stopped
    assert ratio_estimate(lasting - stopped, lasting).interval(SURE).contains(line.availability)
    years = ratio_estimate((stopped > 0).astype(float), lasting / 365)
    assert years.interval(SURE).contains(line.stops_per_year)


def test_a_small_lot_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than the reorder point"):
        ConsumableLine(0.25, reorder_point=10, lot=10, lead_days=1.0)


# --- wear -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [0.7, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("time", [0.3, 1.0, 1.8])
def test_renewal_function_against_its_series(shape: float, time: float) -> None:
    life = WeibullLife(shape, 250.0)
    series = renewal.replacements_by_series(shape, time)
    assert life.replacements(time * 250.0) == pytest.approx(series, rel=2e-3 if shape < 1 else 1e-5)


@pytest.mark.parametrize(
    ("squared_variation", "time", "printed"),
    [
        (0.25, 0.4, 0.1087),
        (0.25, 1.0, 0.6091),
        (0.25, 2.5, 2.125),
        (2.0, 0.2, 0.3841),
        (2.0, 1.0, 1.357),
        (2.0, 5.0, 5.485),
    ],
)
def test_renewal_function_against_a_printed_table(squared_variation: float, time: float, printed: float) -> None:
    """Tijms (2003), A First Course in Stochastic Models, table 8.1.1: Weibull lives of mean 1."""
    shape = optimize.brentq(lambda shape: WeibullLife(shape, 1.0).variation ** 2 - squared_variation, 0.3, 5.0)
    life = WeibullLife(shape, 1 / WeibullLife(shape, 1.0).mean_hours)
    assert life.replacements(time) == pytest.approx(printed, rel=1e-3)


def test_exponential_lives_are_a_poisson_process() -> None:
    life = WeibullLife(1.0, 250.0)
    assert life.replacements(1000.0) == pytest.approx(4.0)
    assert life.replacements_in_the_long_run(1000.0) == pytest.approx(4.0)


@pytest.mark.parametrize("shape", [0.8, 1.5, 2.5, 4.0])
def test_renewal_function_approaches_its_line(shape: float) -> None:
    life = WeibullLife(shape, 100.0)
    assert life.replacements(1500.0) == pytest.approx(life.replacements_in_the_long_run(1500.0), rel=2e-3)


@pytest.mark.parametrize("shape", [0.8, 2.5])
def test_renewal_function_against_plain_sampling(shape: float) -> None:
    life = WeibullLife(shape, 100.0)
    lives = 100.0 * np.random.default_rng(2).weibull(shape, (20_000, 60))
    count: MeanEstimate = mean_estimate((lives.cumsum(axis=1) <= 300.0).sum(axis=1).astype(float))
    assert count.interval(SURE).contains(life.replacements(300.0))
    assert mean_estimate(lives[:, 0]).interval(SURE).contains(life.mean_hours)
    assert lives.std() / lives.mean() == pytest.approx(life.variation, rel=0.01)


def test_temperature_by_hand() -> None:
    """Ten degrees are one factor; 0.7 eV between 20 and 60 degrees C are a factor of 27.9."""
    assert renewal.q10_acceleration(2.0, 30.0, 20.0) == pytest.approx(2.0)
    assert renewal.q10_acceleration(2.0, 5.0, 20.0) == pytest.approx(2**-1.5)
    assert renewal.arrhenius_acceleration(0.7, 20.0, 20.0) == pytest.approx(1.0)
    by_hand = math.exp(0.7 / 8.617333262e-5 * (1 / 293.15 - 1 / 333.15))
    assert renewal.arrhenius_acceleration(0.7, 60.0, 20.0) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(27.9, abs=0.1)


# --- devices ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [1.0, 3.0])
@pytest.mark.parametrize("capacity", [0, 2, 5])
def test_uplink_against_plain_sampling(capacity: int, shape: float) -> None:
    """Outage by outage: the messages of each, the first `capacity` of which are kept until its end."""
    uplink, rate = devices.Uplink(up_days=2.0, down_days=0.25, shape=shape), 8.0
    random = np.random.default_rng(4)
    cycles = 40_000
    up, down = random.exponential(2.0, cycles), random.gamma(shape, 0.25 / shape, cycles)
    stored = random.poisson(rate * down)
    messages = (random.poisson(rate * up) + stored).astype(float)
    lost = np.maximum(stored - capacity, 0).astype(float)
    assert ratio_estimate(lost, messages).interval(SURE).contains(uplink.lost_share(rate, capacity))
    assert uplink.outage_share == pytest.approx(1 / 9)
    waiting = rate * down**2 / 2  # of all of an outage, given its length
    assert ratio_estimate(waiting, rate * (up + down)).interval(SURE).contains(uplink.delay_days)


def test_missed_scans_by_hand_and_by_integral() -> None:
    scans = devices.MissedScans(missed_per_day=0.5, count_days=4.0)
    assert scans.right_when_counted == pytest.approx(math.exp(-2))
    assert scans.mean_difference == pytest.approx(1.0)
    expected, _ = integrate.quad(lambda day: 1 - math.exp(-0.5 * day), 0, 4)
    assert scans.wrong_share == pytest.approx(expected / 4)


def test_rfid_errors_by_hand_and_by_sampling() -> None:
    errors, chances = devices.rfid_errors(2, 0.9, 0.0)
    assert errors.tolist() == [-2, -1, 0]
    assert chances == pytest.approx([0.01, 0.18, 0.81])
    errors, chances = devices.rfid_errors(30, 0.97, 0.8)
    random = np.random.default_rng(8)
    drawn = random.poisson(0.8, 40_000) - random.binomial(30, 0.03, 40_000)
    assert chances.sum() == pytest.approx(1)
    assert mean_estimate(np.abs(drawn).astype(float)).interval(SURE).contains(devices.mean_size(errors, chances))
    assert mean_estimate((drawn != 0).astype(float)).interval(SURE).contains(devices.wrong_chance(errors, chances))


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.7])
def test_weighing_errors(noise: float) -> None:
    errors, chances = devices.weighing_errors(noise)
    assert chances.sum() == pytest.approx(1)
    assert devices.wrong_chance(errors, chances) == pytest.approx(2 * stats.norm.sf(0.5 / noise))
    drawn = np.abs(np.floor(noise * np.random.default_rng(9).standard_normal(40_000) + 0.5))
    assert mean_estimate(drawn).interval(SURE).contains(devices.mean_size(errors, chances))


def test_a_jammed_slot_is_erlangs_single_server() -> None:
    slot = devices.VendingSlot(turns_per_day=20.0, jam=0.02, fail=0.03, clear_days=0.5)
    assert slot.jammed == pytest.approx(erlang_loss(1, 20 * 0.02 * 0.5))
    assert slot.fill_rate == pytest.approx(0.95 / 1.2)
    assert slot.fails_per_day == pytest.approx(20 * 0.03 / 1.2)


def test_alarms_on_a_clean_signal_against_plain_sampling() -> None:
    use = np.random.default_rng(6).poisson(4.0, (200, 1001))
    above = use > 6.5
    begun = (above[:, 1:] & ~above[:, :-1]).mean(axis=1)
    assert mean_estimate(begun).interval(SURE).contains(devices.false_alarms_per_period(4.0, 6.5))
    tail = 1 - sum(math.exp(-4) * 4**k / math.factorial(k) for k in range(7))
    assert devices.false_alarms_per_period(4.0, 6.0) == pytest.approx(tail * (1 - tail))


def test_leaks_by_hand() -> None:
    assert devices.leaked_per_day(9.0, 1.0, 24.0) == pytest.approx(2.4)


def test_refusals_against_plain_sampling() -> None:
    """Line by line: somebody who may not, or one of three who may have two each in the shift."""
    random = np.random.default_rng(12)
    refused, lines = np.zeros(4000), random.poisson(4.0, 4000).astype(float)
    for shift, number in enumerate(lines.astype(int)):
        had = [0, 0, 0]
        for _ in range(number):
            person = random.integers(3)
            if random.random() < 0.05 or had[person] == 2:
                refused[shift] += 1
            else:
                had[person] += 1
    assert ratio_estimate(refused, lines).interval(SURE).contains(devices.refused_share(4.0, 3, 2, 0.05))


def test_an_overdue_part_by_hand() -> None:
    part = OverduePart(life_days=6.0, overdue_days=2.0, failures_per_day=0.2, factor=4.0)
    assert part.overdue_share == pytest.approx(0.25)
    assert part.late_failures_per_day == pytest.approx(0.15)
