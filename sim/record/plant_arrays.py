"""What plants hand over at the end, as tables of the replication's folder."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sim import columns as c
from sim.record.arrow import number_table
from sim.record.records import Records

COUNTS: Final = {
    "person_lines": c.N_PERSON_LINES,
    "machine_lines": c.N_MACHINE_LINES,
    "lines_elsewhere": c.N_ELSEWHERE,
    "refused": c.N_REFUSED,
    "short": c.N_SHORT,
    "short_by_record": c.N_SHORT_BY_RECORD,
    "short_by_device": c.N_SHORT_BY_DEVICE,
    "turns": c.N_TURNS,
    "jams": c.N_JAMS,
    "failed_vends": c.N_FAILED_VENDS,
    "wrong": c.N_WRONG,
    "missed_scans": c.N_MISSED_SCANS,
    "messages": c.N_MESSAGES,
    "messages_delivered": c.N_DELIVERED,
    "messages_lost": c.N_LOST,
    "message_delay_ms": c.N_DELAY_MS,
    "readings": c.N_READINGS,
    "counted": c.N_COUNTED,
    "counted_right": c.N_COUNTED_RIGHT,
    "corrected": c.N_CORRECTED,
    "loans": c.N_LOANS,
    "loans_back": c.N_LOANS_BACK,
    "loans_lost": c.N_LOANS_LOST,
    "put_back": c.N_PUT_BACK,
    "expired": c.N_EXPIRED,
    "expired_issued": c.N_EXPIRED_ISSUED,
    "leaked": c.N_LEAKED,
    "rejected": c.N_REJECTED,
}
PLANT_ARRAY_TABLES: Final[Mapping[str, str]] = {
    "device_points": "a row per stock point of a device: what it counted (see sim.columns.N_*), units on loan at the "
    "end, time with a wrong record, |record - shelf| in unit-milliseconds, together and by cause (`gap_...`), and the "
    "difference at the end by cause (`difference_...`)",
    "lines": "a row per line over all plants: working time, and how much of it was lost in stops, in ms",
}
"""Only of networks with plants or devices."""


def plant_array_tables(records: Records) -> dict[str, pa.Table]:
    """The tables of PLANT_ARRAY_TABLES; none without plants."""
    plant, flags = records.summary.plant, records.network.parameter[:, c.P_FLAGS]
    if plant is None:
        return {}
    rows = np.flatnonzero(flags & c.SP_DEVICE)
    causes = [name.replace(" ", "_") for name in c.CAUSE_NAMES]
    data: dict[str, npt.NDArray[np.generic]] = {"stock_point": rows.astype(np.int32)}
    data |= {name: plant.count[rows, column] for name, column in COUNTS.items()}
    data |= {
        "on_loan": plant.on_loan[rows],
        "wrong_ms": plant.gap[rows, c.G_WRONG_MS],
        "gap_unit_ms": plant.gap[rows, c.G_UNITS],
    }
    data |= {f"gap_{name}": plant.gap[rows, cause] for cause, name in enumerate(causes)}
    data |= {f"difference_{name}": plant.difference[rows, cause] for cause, name in enumerate(causes)}
    lines = {"working_ms": plant.lines[:, 0], "lost_ms": plant.lines[:, 1]}
    return {"device_points": number_table(data), "lines": number_table(lines)}
