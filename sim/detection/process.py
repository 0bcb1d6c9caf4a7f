"""Detection as a process: at their instants the rules are put to their stock points, and what they say is judged.

All state is in tables of integers (`RuleState`), so that a run can be saved at any instant and go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.detection.rule import ALARM, LEAKING
from sim.columns import PHASE_RETURN
from sim.detection.outcomes import (
    O_ALARM_MS,
    OUTCOME_COLUMNS,
    judge_outcomes,
    new_outcomes,
    open_false_alarms,
)
from sim.detection.plan import PlannedRule
from sim.detection.sight import Told, Truth
from sim.detection.signals import KNOWN_COLUMNS, Knowledge
from sim.detection.truths import WITNESS_COLUMNS, Witness
from sim.network import Int64Array, Network

PLACE: Final = (PHASE_RETURN, 0, (1 << 20) + 2)
"""Phase, node and number of the process event at which rules are evaluated; see docs/plant.md."""
REPAIR_PLACE: Final = (PHASE_RETURN, 0, (1 << 20) + 3)
"""And of that at which leaks are repaired that a rule has reported."""

STATE_COLUMNS: Final = KNOWN_COLUMNS + WITNESS_COLUMNS + OUTCOME_COLUMNS + 1
"""Columns of `Detection.state`: knowledge, witness, outcomes, and when a repair is due (-1: none)."""
_NONE: Final = -1

Write = Callable[[int, Int64Array, Int64Array, Int64Array, Int64Array], None]
"""Takes in rows of the alarms table: rule, and the columns stock point, alarm_ms, truth_ms, outcome."""


@dataclass
class RuleState:
    """One rule at work: what is known, what is true, what came of it; (n,) repairs that are due."""

    planned: PlannedRule
    knowledge: Knowledge
    witness: Witness
    outcomes: Int64Array
    repair_ms: Int64Array


class Detection:
    """The rules of a network in one replication.

    Args:
        network: with its plant plan. told, truth: what is read of the running twin. write: takes in alarms.
        repair: ends the leak of a stock point now; needed by rules with a response.
    """

    def __init__(
        self,
        network: Network,
        rules: Sequence[PlannedRule],
        told: Told,
        truth: Truth,
        write: Write,
        repair: Callable[[int, int], None] | None = None,
    ) -> None:
        self.network = network
        self._told = told
        self._truth = truth
        self._write = write
        self._repair = repair
        self.rules = [_at_work(network, planned) for planned in rules]

    def begin(self, time: int) -> None:
        """Start anew at this instant: what has happened so far is in no period."""
        for state in self.rules:
            state.knowledge.begin(self._told, time)

    def instants_ms(self) -> Int64Array:
        """All instants at which some rule is evaluated, ascending."""
        each = [state.planned.instants_ms(self.network.horizon_ms) for state in self.rules]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *each]))

    def evaluate(self, time: int) -> Int64Array:
        """Put every rule that is due to its stock points; instants at which repairs are now due, ascending."""
        repairs = [np.zeros(0, np.int64)]
        for number, state in enumerate(self.rules):
            if time % state.planned.rule.every == 0:
                repairs.append(self._evaluate(number, state, time))
        return np.unique(np.concatenate(repairs))

    def _evaluate(self, number: int, state: RuleState, time: int) -> Int64Array:
        rule = state.planned.rule
        said = rule.judge(state.knowledge.signals(self._told, time, rule.every))
        true, since = state.witness.look(self._truth, time, rule.every)
        standing = state.outcomes[:, O_ALARM_MS] != _NONE
        self._write_rows(number, judge_outcomes(state.outcomes, said, true, since, time))
        if rule.response is None or rule.truth != LEAKING:
            return np.zeros(0, np.int64)
        raised = (said == ALARM) & ~standing & (state.repair_ms == _NONE)
        state.repair_ms[raised] = time + max(rule.response, 1)
        due: Int64Array = state.repair_ms[raised]
        return due[due < self.network.horizon_ms]

    def repairs_due_ms(self) -> Int64Array:
        """Instants at which repairs are due, ascending."""
        due = np.concatenate([np.zeros(0, np.int64), *(state.repair_ms for state in self.rules)])
        return np.unique(due[due != _NONE])

    def repair_leaks(self, time: int) -> None:
        """End the leaks whose repair is due now; where nothing leaks, somebody came for nothing."""
        since = self._truth.leaking_since()
        for state in self.rules:
            due = state.repair_ms == time
            state.repair_ms[due] = _NONE
            for point in state.planned.points[due].tolist():
                if since[point] >= 0 and self._repair is not None:
                    self._repair(point, time)

    def close(self) -> None:
        """Write what the end decides: alarms of rules that speak of the present, and that nothing came of."""
        for number, state in enumerate(self.rules):
            if not state.planned.rule.foresees:
                self._write_rows(number, open_false_alarms(state.outcomes))

    def _write_rows(self, number: int, rows: Int64Array) -> None:
        if len(rows):
            points = self.rules[number].planned.points[rows[:, 0]]
            self._write(number, points, rows[:, 1], rows[:, 2], rows[:, 3])

    # --- as data ------------------------------------------------------------------------------------------------------

    def state(self) -> list[Int64Array]:
        """All state, a table (n, STATE_COLUMNS) per rule; a copy."""
        return [
            np.hstack((one.knowledge.table, one.witness.table, one.outcomes, one.repair_ms[:, None]))
            for one in self.rules
        ]

    def load(self, tables: Sequence[Int64Array]) -> None:
        """Go on from what `state` gave for the same rules."""
        for one, table in zip(self.rules, tables, strict=True):
            known, seen, came_of_it, repair = np.split(
                table, np.cumsum((KNOWN_COLUMNS, WITNESS_COLUMNS, OUTCOME_COLUMNS)), axis=1
            )
            one.knowledge.table[:] = known
            one.witness.table[:] = seen
            one.outcomes[:] = came_of_it
            one.repair_ms[:] = repair[:, 0]


def _at_work(network: Network, planned: PlannedRule) -> RuleState:
    plan = network.plant_plan
    assert plan is not None
    device = {one.stock_point: one for one in plan.devices}
    watched = [device[point] for point in planned.points.tolist()]
    plant_of_line = [number for number, plant in enumerate(plan.plants) for _ in plant.lines]
    knowledge = Knowledge(
        planned,
        np.array([one.sensor for one in watched], np.int64),
        np.array([one.plant for one in watched], np.int64),
        np.array(plant_of_line, np.int64),
        network.mean_demand_per_day,
    )
    places = planned.points.size
    return RuleState(planned, knowledge, Witness.of(planned), new_outcomes(places), np.full(places, _NONE, np.int64))
