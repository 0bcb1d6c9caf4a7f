"""Physical truth, record and bill side by side, per calendar month and item."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.contracts.term import REPORTS
from sim.contracts import movements as mv
from sim.contracts.charges import Billed, added_up
from sim.contracts.facts import History
from sim.contracts.matching import codes
from sim.contracts.movements import RecordColumns
from sim.contracts.periods import months_between
from sim.network import Int64Array
from sim.record import layouts

USAGE_STREAM: Final = "usage"


@dataclass(frozen=True)
class Reconciliation:
    """n rows, one per month and item of which there is something to say; arrays (n,)."""

    from_ms: Int64Array
    item: Int64Array
    used: Int64Array  # units that truly were used, net of what was put back
    recorded: Int64Array
    billed: Int64Array
    billed_minor: Int64Array
    disputed_minor: Int64Array

    def __len__(self) -> int:
        return len(self.item)


def reconciliation_of(history: History, charges: Billed, columns: RecordColumns) -> Reconciliation:
    """Compare what was used, recorded and billed. What is billed counts in the month in which the record changed."""
    plan, reports = history.plan, history.reports
    months = months_between(columns.records.network.start_epoch_ms, plan.from_ms, plan.to_ms)
    use = history.titles.movements
    use = use.where((use.kind == mv.USED) | (use.kind == mv.PUT_BACK))
    by_use = [charges.sources[one].stream == USAGE_STREAM for one in range(len(charges.sources))]
    bill = charges.of(np.array([*by_use, False], np.bool_)[charges.source] & (charges.table == REPORTS))
    bill_ms = columns(layouts.REPORTS, "time_ms")[bill.first_row]
    sides = (
        (use.time_ms, use.item, -use.units),
        (reports.time_ms, reports.item, reports.units),
        (bill_ms, bill.item, bill.units),
        (bill_ms, bill.item, bill.minor),
    )
    month = np.concatenate([months.of(time_ms) for time_ms, _, _ in sides])
    item = np.concatenate([one for _, one, _ in sides])
    key = codes(month, item)
    _, first = np.unique(key, return_index=True)
    begins = np.cumsum([0, *(len(values) for _, _, values in sides)])
    used, recorded, billed, money = (
        added_up(key[begins[side] : begins[side + 1]], sides[side][2], len(first)) for side in range(4)
    )
    disputed = _disputed(item[first], used, billed, money)
    return Reconciliation(months.edges_ms[:-1][month[first]], item[first], used, recorded, billed, money, disputed)


def _disputed(item: Int64Array, used: Int64Array, billed: Int64Array, money: Int64Array) -> Int64Array:
    """|billed - used| at the price of the month, or of the whole contract for months without a bill."""
    count = int(item.max(initial=-1)) + 1
    all_money, all_units = added_up(item, money, count)[item], added_up(item, billed, count)[item]
    own = (billed > 0) & (money > 0)
    price_money, price_units = np.where(own, money, all_money), np.where(own, billed, all_units)
    known = (price_units > 0) & (price_money > 0)
    # exact: halves up; the products of a month's units and money stay far below 2^63
    part, whole = np.abs(billed - used) * np.where(known, price_money, 0), np.where(known, price_units, 1)
    disputed = (2 * part + whole) // (2 * whole)
    capped: Int64Array = np.where(billed > used, np.minimum(disputed, np.maximum(money, 0)), disputed)
    return capped
