"""The arrays of a replication as tables of its folder, and back: levels, totals, series, histograms, traces."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim import columns as c
from sim.network import Network
from sim.record import sums as r
from sim.record.arrow import number_table
from sim.record.plant_arrays import plant_array_tables
from sim.record.records import AGE_EDGES_DAYS, SERIES, WAIT_EDGES_MS, Records, RunStart, Summary, Traces

CLOSING: Final = {
    "on_hand": c.S_ON_HAND,
    "recorded": c.S_RECORDED,
    "waiting": c.S_WAITING,
    "customers_waiting": c.S_CUSTOMERS_WAITING,
    "on_order": c.S_ON_ORDER,
    "in_transit": c.S_IN_TRANSIT,
}
TOTALS: Final = {
    "demand_lines": c.T_DEMAND_LINES,
    "demand_units": c.T_DEMAND_UNITS,
    "lines_at_once": c.T_LINES_AT_ONCE,
    "units_at_once": c.T_UNITS_AT_ONCE,
    "units_lost": c.T_UNITS_LOST,
    "units_issued": c.T_UNITS_ISSUED,
    "units_waited": c.T_WAIT_UNITS,
    "wait_unit_ms": c.T_WAIT_UNIT_MS,
}
SUMS: Final = {
    "orders": r.SUM_MEASURED_ORDERS,
    "lines_received": r.SUM_MEASURED_LINES_RECEIVED,
    "units_sent_on": r.SUM_MEASURED_UNITS_SENT_ON,
    "in_transit_unit_ms": r.SUM_MEASURED_IN_TRANSIT_UNIT_MS,
}
INTEGRALS: Final = {
    "on_hand_unit_ms": c.A_ON_HAND,
    "backorder_unit_ms": c.A_WAITING_CUSTOMERS,
    "on_order_unit_ms": c.A_ON_ORDER,
    "ready_ms": c.A_READY,
    "unit_ms_over_90d": c.A_AGE_OVER_90,
    "unit_ms_over_180d": c.A_AGE_OVER_180,
    "unit_ms_over_365d": c.A_AGE_OVER_365,
}
ARRAY_TABLES: Final[Mapping[str, str]] = {
    "stock_points": "stock points that are stocked or hold, await or owe something: closing levels, totals, integrals",
    "series": "per day, node and class, from time 0: mean value on hand (minor units), demand, met at once",
    "wait_histogram": "lines served after waiting, per group and bin of the waiting time (from `from_ms` on)",
    "age_histogram": "value of closing lot-tracked stock (minor units), per group and bin of its age",
    "jobs": "customer jobs per node, and those with every line met in full at once",
    "traces": "stock on hand at the end of each day, of the stock points with the most lines not met at once",
    "lot_layers": "what there is of each lot at the start of the records (`closing` 0) and at the end (1): place, "
    "`source` of what is still under way there (-1: on the shelf), lot, quantity",
    "lot_issues": "units of lot-tracked items issued since the start of the records, warm-up included, per stock point",
    "start": "one row: the instant and the numbers at which the records begin (not 0 if it started from a state)",
}


def write_arrays(records: Records, folder: Path) -> None:
    """Write every table of ARRAY_TABLES into `folder`; OSError as the file system says."""
    for name, table in array_tables(records).items():
        pq.write_table(
            table, folder / f"{name}.parquet", compression="lz4", write_statistics=False, use_dictionary=False
        )


def array_tables(records: Records) -> dict[str, pa.Table]:
    """The arrays of a replication as tables, rows that say nothing left out; with plants those of theirs."""
    network, summary = records.network, records.summary
    return {
        "stock_points": _stock_points(records),
        "series": _series(network, summary.series),
        "wait_histogram": _histogram(network, summary.wait_histogram, "from_ms", WAIT_EDGES_MS, "lines"),
        "age_histogram": _histogram(network, summary.age_histogram, "from_days", AGE_EDGES_DAYS, "value_minor"),
        "jobs": _jobs(summary.jobs),
        "traces": _traces(summary.traces),
        "lot_layers": _lot_layers(summary),
        "lot_issues": _lot_issues(records),
        "start": _start(summary.start),
        **plant_array_tables(records),
    }


def _stock_points(records: Records) -> pa.Table:
    summary = records.summary
    flags, closing = records.network.parameter[:, c.P_FLAGS], summary.closing.state
    shown = (flags & c.SP_STOCKED) != 0
    for level in (c.S_ON_HAND, c.S_WAITING, c.S_ON_ORDER):
        shown |= closing[:, level] != 0
    rows = np.flatnonzero(shown & ((flags & c.SP_SUPPLIER) == 0))
    data: dict[str, npt.NDArray[np.generic]] = {"stock_point": rows.astype(np.int32)}
    data |= {name: closing[rows, column] for name, column in CLOSING.items()}
    data |= {name: summary.total[rows, column] for name, column in TOTALS.items()}
    data |= {name: records.sums[rows, column] for name, column in SUMS.items()}
    data |= {name: summary.area[rows, column] for name, column in INTEGRALS.items()}
    return number_table(data)


def _series(network: Network, series: Mapping[str, npt.NDArray[np.generic]]) -> pa.Table:
    arrays = [np.asarray(series[name]) for name in SERIES]
    day, group = np.nonzero(np.any([array != 0 for array in arrays], axis=0))
    data: dict[str, npt.NDArray[np.generic]] = {
        "day": day.astype(np.int32),
        "node": (group // 3).astype(np.int32),
        "class": (group % 3).astype(np.int8),
    }
    return number_table(data | {name: array[day, group] for name, array in zip(SERIES, arrays, strict=True)})


def _histogram(
    network: Network,
    histogram: npt.NDArray[np.generic],
    edge_name: str,
    edges: npt.NDArray[np.int64],
    value_name: str,
) -> pa.Table:
    group, bin_number = np.nonzero(histogram)
    return number_table(
        {
            "node": (group // 3).astype(np.int32),
            "class": (group % 3).astype(np.int8),
            edge_name: edges[bin_number],
            value_name: histogram[group, bin_number],
        }
    )


def _jobs(jobs: npt.NDArray[np.int64]) -> pa.Table:
    node = np.flatnonzero(jobs[:, 0])
    return number_table({"node": node.astype(np.int32), "jobs": jobs[node, 0], "jobs_complete": jobs[node, 1]})


def _traces(traces: Traces) -> pa.Table:
    days, points = traces.on_hand.shape
    return number_table(
        {
            "stock_point": np.repeat(traces.stock_point, days).astype(np.int32),
            "day": np.tile(np.arange(traces.first_day, traces.first_day + days, dtype=np.int32), points),
            "on_hand": traces.on_hand.T.reshape(-1),
        }
    )


def _lot_layers(summary: Summary) -> pa.Table:
    parts = []
    for closing, levels in enumerate((summary.opening, summary.closing)):
        sent = np.zeros((0, 4), np.int64) if levels.layers_sent is None else levels.layers_sent
        lying = len(levels.layer_lot)
        parts.append(
            {
                "closing": np.full(lying + len(sent), closing, np.int8),
                "stock_point": np.concatenate((levels.layer_stock_point, sent[:, 1])).astype(np.int32),
                "source": np.concatenate((np.full(lying, -1), sent[:, 0])).astype(np.int32),
                "lot": np.concatenate((levels.layer_lot, sent[:, 2])),
                "quantity": np.concatenate((levels.layer_quantity, sent[:, 3])),
            }
        )
    return number_table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _lot_issues(records: Records) -> pa.Table:
    summary = records.summary
    issued = summary.warm_up_total[:, c.T_UNITS_ISSUED] + summary.total[:, c.T_UNITS_ISSUED]
    tracked = (records.network.parameter[:, c.P_FLAGS] & c.SP_LOTS) != 0
    rows = np.flatnonzero(tracked & (issued != 0))
    return number_table({"stock_point": rows.astype(np.int32), "issued": issued[rows]})


def _start(start: RunStart) -> pa.Table:
    return number_table({name: np.array([value], np.int64) for name, value in vars(start).items()})
