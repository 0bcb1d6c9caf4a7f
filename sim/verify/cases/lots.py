"""Ordering in lots, and up to a level, at one store under continuous review."""

from collections.abc import Iterator, Mapping

from sim.network import Float64Array
from sim.verify.cases.base_stock import LEAD_TIME_DAYS, LEAD_TIMES, ONE_A_DAY
from sim.verify.copies import Group, one_store
from sim.verify.formulas import distributions, one_echelon
from sim.verify.registry import Check, Effort, case, performance_checks
from sim.verify.sources import HADLEY_WHITIN, ZHENG_FEDERGRUEN

SUCCESS = 0.5
SEVERAL = {"compound_poisson": {"rate": "1 /d", "size": {"geometric": {"mean": 1 / SUCCESS}}}}


@case("(R, Q)", HADLEY_WHITIN)
def lots_of_single_units(effort: Effort) -> Iterator[Check]:
    """The position is uniform on R + 1, ..., R + Q and independent of the lead-time demand."""
    reorder_point, lot = 2, 4
    group = Group("lot-unit", {"store": ONE_A_DAY}, {"store": _lots(reorder_point, lot)})
    positions = one_echelon.lot_positions(reorder_point, lot)
    yield from _compare(effort, group, f"R = {reorder_point}, Q = {lot}", positions, distributions.ONE_UNIT)


@case("(R, nQ)", HADLEY_WHITIN)
def lots_of_several_units(effort: Effort) -> Iterator[Check]:
    """The position stays uniform when customers take several units."""
    reorder_point, lot = 6, 5
    group = Group("lot-several", {"store": SEVERAL}, {"store": _lots(reorder_point, lot)})
    positions = one_echelon.lot_positions(reorder_point, lot)
    sizes = distributions.geometric(SUCCESS)
    yield from _compare(effort, group, f"R = {reorder_point}, Q = {lot}, sizes geometric", positions, sizes)


@case("(s, S)", ZHENG_FEDERGRUEN)
def order_up_to(effort: Effort) -> Iterator[Check]:
    """The position is the renewal process of demand sizes between s and S."""
    reorder_point, target = 6, 13
    policy = {"kind": "s_S", "reorder_point": reorder_point, "order_up_to": target}
    group = Group("up-to-several", {"store": SEVERAL}, {"store": policy})
    sizes = distributions.geometric(SUCCESS)
    positions = one_echelon.order_up_to_positions(reorder_point, target, sizes)
    yield from _compare(effort, group, f"s = {reorder_point}, S = {target}, sizes geometric", positions, sizes)


def _lots(reorder_point: int, lot: int) -> dict[str, object]:
    return {"kind": "r_nQ", "reorder_point": reorder_point, "lot": lot}


def _compare(
    effort: Effort, group: Group, what: str, positions: Mapping[int, float], sizes: Float64Array
) -> Iterator[Check]:
    design = one_store([group], effort.copies(600), LEAD_TIMES["constant"], days=2500)
    copies = design.copies_of(effort.simulate(design.network()), group.name, "store")
    lead_time_demand = distributions.compound_poisson(1.0 * LEAD_TIME_DAYS, sizes)
    yield from performance_checks(what, copies, one_echelon.performance(positions, lead_time_demand, sizes))
    yield Check(f"position, {what}", one_echelon.mean_position(positions), copies.position)
