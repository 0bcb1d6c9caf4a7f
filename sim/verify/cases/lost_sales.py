"""Base stock at one store whose customers do not wait."""

from collections.abc import Iterator

from sim.verify.cases.base_stock import LEAD_TIME_DAYS, LEAD_TIMES, ONE_A_DAY
from sim.verify.copies import Group, one_store
from sim.verify.formulas import one_echelon
from sim.verify.registry import Check, Effort, case
from sim.verify.sources import ERLANG


@case("Erlang loss", ERLANG)
def lost_sales(effort: Effort) -> Iterator[Check]:
    """The units in stock are servers, those on order are busy: the share lost is Erlang's, for any lead time."""
    levels = (2, 5)
    lost_demand = {**ONE_A_DAY, "if_short": "lost"}
    for law in ("constant", "exponential"):
        groups = {
            level: Group(
                f"lost-{law}-{level}", {"store": lost_demand}, {"store": {"kind": "base_stock", "level": level}}
            )
            for level in levels
        }
        design = one_store(list(groups.values()), effort.copies(400), LEAD_TIMES[law], days=1000)
        records = effort.simulate(design.network())
        for level, group in groups.items():
            copies = design.copies_of(records, group.name, "store")
            lost = one_echelon.erlang_loss(level, 1.0 * LEAD_TIME_DAYS)
            yield Check(f"share lost, S = {level}, {law} lead time", lost, copies.lost_share)
            yield Check(f"on hand, S = {level}, {law} lead time", level - LEAD_TIME_DAYS * (1 - lost), copies.on_hand)
