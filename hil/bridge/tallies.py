"""What came to a node and what left it during a run, so that its stock can be followed from the result alone."""

from collections.abc import Sequence

from hil.bridge.adjustments import Ledger
from sim import columns as c
from sim.outside import Place
from sim.record import sums as r
from sim.record.records import Records
from sim.record.usage_sums import USAGE_BACK, USAGE_LEFT


def node_books(records: Records, places: Sequence[Place], ledger: Ledger) -> dict[str, dict[str, int]]:
    """Units per item of a node over the whole run: `opening`, less what is called `out`, plus what is called `in`, is
    `closing`. `outside` is what the ledger has booked; the rest is the twin's own."""
    return {place.item: _books(records, place, ledger) for place in places}


def _books(records: Records, place: Place, ledger: Ledger) -> dict[str, int]:
    summary, point = records.summary, place.point
    here = (place.node, place.item)
    drawn = sum(one.units for one in ledger.draws if (one.node, one.item) == here)
    booked = [one.units for one in ledger.adjustments if (one.node, one.item) == here]
    found, missing = sum(n for n in booked if n > 0), -sum(n for n in booked if n < 0)
    issued = int(summary.warm_up_total[point, c.T_UNITS_ISSUED] + summary.total[point, c.T_UNITS_ISSUED])
    usage = None if records.usage_sums is None else records.usage_sums.usage[point]
    back, left = (0 if usage is None else int(usage[list(kinds)].sum()) for kinds in (USAGE_BACK, USAGE_LEFT))
    return {
        "opening": int(summary.opening.state[point, c.S_ON_HAND]),
        "in_delivered": int(records.sums[point, r.SUM_UNITS_RECEIVED]),
        "in_put_back": back - found,
        "in_outside": found,
        "out_drawn": issued - drawn,
        "out_sent_on": int(records.sums[point, r.SUM_UNITS_DISPATCHED]),
        "out_otherwise": left - missing,
        "out_drawn_outside": drawn,
        "out_missing_outside": missing,
        "closing": int(summary.closing.state[point, c.S_ON_HAND]),
    }
