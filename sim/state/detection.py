"""What detection rules remember, as a table of a saved state and back."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from policies.detection.rule import EXPIRED, UNSCANNED
from sim import columns as c
from sim.detection import outcomes as o
from sim.detection import signals as k
from sim.detection.truths import W_COUNTER, W_WAS
from sim.flow.model import NONE
from sim.network import Int64Array
from sim.state import plant_layout as layout
from sim.state.kinds import ABSENT

if TYPE_CHECKING:
    from sim.detection.process import RuleAtWork
    from sim.plant.plants import Plants
    from sim.state.points import StatePoints
    from sim.state.read import StateTables

Columns = dict[str, npt.NDArray[Any]]

_KNOWN: Final = {
    "reported": k.K_REPORTED,
    "counted": k.K_COUNTED,
    "read": k.K_READ,
    "ran_ms": k.K_RAN_MS,
    "silent_ms": k.K_SILENT_MS,
    "idle_ms": k.K_IDLE_MS,
    "idle_use": k.K_IDLE_USE,
}
_OUTCOMES: Final = {"met": o.O_MET, "told": o.O_TOLD}
_INSTANTS: Final = {"alarm_ms": o.O_ALARM_MS, "truth_ms": o.O_TRUTH_MS}
_COUNTED_BY: Final = {UNSCANNED: c.N_MISSED_SCANS, EXPIRED: c.N_EXPIRED}
"""Counters of devices that rules compare with themselves at the evaluation before; they begin anew with a state."""


def detection_columns(plants: "Plants") -> Columns:
    """Table `detection`: a row per rule and stock point."""
    rules = plants.detection.rules
    parts = [_columns_of(plants, rule) for rule in rules]
    names = [column.name for column in layout.DETECTION.columns]
    if not parts:
        return {name: np.zeros(0, object if name == "rule" else np.int64) for name in names}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _columns_of(plants: "Plants", one: "RuleAtWork") -> Columns:
    points = one.planned.points
    parameter = plants.twin.network.parameter[points]
    instants = {name: one.outcomes[:, column] for name, column in _INSTANTS.items()}
    return {
        "rule": np.full(len(points), one.planned.name, object),
        "node": parameter[:, c.P_NODE],
        "item": parameter[:, c.P_ITEM],
        **{name: one.knowledge.table[:, column] for name, column in _KNOWN.items()},
        "seen": _since_evaluation(plants, one),
        "was": one.witness.table[:, W_WAS],
        **{name: one.outcomes[:, column] for name, column in _OUTCOMES.items()},
        **{name: np.where(values == NONE, ABSENT, values) for name, values in instants.items()},
    }


def _since_evaluation(plants: "Plants", one: "RuleAtWork") -> Int64Array:
    """By how much the counter that a rule goes by has risen since its last evaluation."""
    column = _COUNTED_BY.get(one.planned.rule.truth)
    if column is None:
        return np.zeros(len(one.planned.points), np.int64)
    now, before = plants.model.count[one.planned.points, column], one.witness.table[:, W_COUNTER]
    risen: Int64Array = np.where(now >= before, now - before, now)
    return risen


def load_detection(plants: "Plants", tables: "StateTables", points: "StatePoints") -> None:
    """Go on detecting where the state stood; a rule that it does not know begins now."""
    rows = tables[layout.DETECTION]
    plants.detection.begin(tables.meta.time_ms)
    known = {key: row for row, key in enumerate(zip(rows["rule"].tolist(), points.of(rows).tolist(), strict=True))}
    for one in plants.detection.rules:
        places = [known.get((one.planned.name, point), NONE) for point in one.planned.points.tolist()]
        row = np.array(places, np.int64)
        mine = row != NONE
        row = row[mine]
        for name, column in _KNOWN.items():
            one.knowledge.table[mine, column] = rows[name][row]
        one.witness.table[mine, W_COUNTER] = -rows["seen"][row]
        one.witness.table[mine, W_WAS] = rows["was"][row]
        for name, column in _OUTCOMES.items():
            one.outcomes[mine, column] = rows[name][row]
        for name, column in _INSTANTS.items():
            one.outcomes[mine, column] = np.where(rows.given(name)[row], rows[name][row], NONE)
