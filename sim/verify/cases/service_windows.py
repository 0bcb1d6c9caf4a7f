"""Service levels over windows: what they cost, against enumeration of the chain that a small shelf is."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from policies.contracts.sla import Settlement, Sla, settle, window_edges
from sim.contracts.stock_levels import CountedTime, Spells, in_windows, stock_levels, without_stock
from sim.network import Int64Array, Network
from sim.plant_plan import DevicePoint, Plant
from sim.units import round_half_up
from sim.verify.copies import Group, one_store
from sim.verify.formulas.service_windows import LostSalesShelf
from sim.verify.plants import DAY_MS, points_of, stocked, with_plants
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import MeanEstimate, mean_estimate
from sim.verify.sources import KEMENY_SNELL

MEAN, VARIANCE = 0.3, 0.4
LEVEL, LEAD_DAYS = 3, 3
WARM_UP_DAYS, DAYS = 60, 1040


@dataclass(frozen=True)
class Terms:
    """A contract about so many windows of so many days, and the most lump sums that it pays."""

    days: int
    target: str
    windows: int
    most: int


CONTRACTS: Final = (Terms(4, "90%", 10, 3), Terms(52, "94%", 4, 2))
LUMP, POINT = 500, 10
"""Penalties in whole money: lump sum, and per percentage point."""


def shelf() -> LostSalesShelf:
    """The chain that the case simulates."""
    demand = stats.nbinom.pmf(np.arange(LEVEL), MEAN**2 / (VARIANCE - MEAN), MEAN / VARIANCE)
    return LostSalesShelf(LEVEL, LEAD_DAYS, (*demand.tolist(), 1 - float(demand.sum())))


@case("service windows", KEMENY_SNELL)
def service_windows(effort: Effort) -> Iterator[Check]:
    """Breaches and penalties of windows of 4 and of 52 periods: every state and count of good periods is enumerated."""
    chain = shelf()
    network, spells = _simulated(effort)
    for terms in CONTRACTS:
        edges = window_edges(network.warm_up_ms, network.horizon_ms, terms.days * DAY_MS, network.start_epoch_ms)
        missing = in_windows(spells, edges, CountedTime([]))
        yield from _checks(chain, terms, terms.days * DAY_MS - missing)


def _simulated(effort: Effort) -> tuple[Network, Spells]:
    """Shelves with one order of negative binomial size a day: when they are empty."""
    demand = {"negative_binomial": {"per": "1 d", "mean": MEAN, "variance": VARIANCE}, "if_short": "lost"}
    group = Group("promised", {"store": demand}, {"store": {"kind": "base_stock", "level": LEVEL}})
    design = one_store([group], effort.copies(1600), f"{LEAD_DAYS} d", DAYS, WARM_UP_DAYS)
    plain = design.network()
    points = points_of(plain, design, group.name)
    devices = [DevicePoint(int(point), 0, persons=(0, 1)) for point in points]
    plant = Plant(-1, people=(("workers", 1),))
    network = with_plants(plain, [plant], devices, on_hand=stocked(plain, points, LEVEL))
    return network, without_stock(stock_levels(effort.simulate(network), points))


def _checks(chain: LostSalesShelf, terms: Terms, good_ms: Int64Array) -> Iterator[Check]:
    """`good_ms` (copies, windows): time with stock. Contracts of a copy follow each other."""
    days, copies = terms.days, len(good_ms)
    target = Fraction(terms.target.rstrip("%")) / 100
    least = math.ceil(target * days)  # good periods that are enough
    what = f"windows of {days} periods"
    contracts = good_ms.reshape(-1, terms.windows)

    def cents(good: int) -> int:
        return int(max(target - Fraction(good, days), Fraction(0)) * 100 * POINT * 100 + Fraction(1, 2))

    def per_copy(values: npt.ArrayLike) -> MeanEstimate:
        return mean_estimate(np.asarray(values, dtype=np.float64).reshape(copies, -1).mean(axis=1))

    lump = _settled(_promise(terms, {"lump_sum": f"{LUMP} USD"}), good_ms.reshape(-1))
    breach = chain.mean(days, lambda good: float(good < least))
    yield Check(f"share of windows broken, {what}", breach, per_copy(~lump.kept))
    yield Check(f"lump sums of a window, {what}", LUMP * breach, per_copy(lump.penalty_minor / 100))
    paying = (~lump.kept).reshape(contracts.shape).any(axis=1)
    some = chain.some_breach(days, least, terms.windows)
    yield Check(f"chance of paying at all in {terms.windows} {what}", some, per_copy(paying))
    linear = _settled(_promise(terms, {"linear": {"per_point": f"{POINT} USD"}}), good_ms.reshape(-1))
    theory = chain.mean(days, cents) / 100
    yield Check(f"linear penalty of a window, {what}", theory, per_copy(linear.penalty_minor / 100))
    at_most = _promise(terms, {"lump_sum": f"{LUMP} USD", "cap_total": f"{terms.most * LUMP} USD"})
    capped = np.array([_settled(at_most, good).penalty_minor.sum() for good in contracts])
    theory = LUMP * chain.mean_capped(days, lambda good: int(good < least), terms.most, terms.windows)
    yield Check(f"lump sums of {terms.windows} {what}, {terms.most} at most", theory, per_copy(capped / 100))


def _promise(terms: Terms, penalty: dict[str, str] | dict[str, dict[str, str]]) -> Sla:
    return Sla.model_validate(
        {"measure": "availability", "target": terms.target, "window": f"{terms.days} d", "penalty": penalty}
    )


def _settled(sla: Sla, good_ms: Int64Array) -> Settlement:
    """What windows (n,) of one contract come to."""
    counted = np.full(len(good_ms), sla.window, np.int64)
    return settle(sla, good_ms, counted, lambda amount: round_half_up(amount * 100))
