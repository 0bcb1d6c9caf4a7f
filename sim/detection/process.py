"""Detection as a process: at their instants the rules are put to their stock points, and what they say is judged.

All state is in tables of integers, so that a run can be saved at any instant and go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.detection.rule import ALARM, LEAKING
from sim.detection.outcomes import O_ALARM_MS, OUTCOME_COLUMNS, judge_outcomes, new_outcomes, open_false_alarms
from sim.detection.plan import PlannedRule
from sim.detection.sight import Told, Truth
from sim.detection.signals import KNOWN_COLUMNS, Knowledge
from sim.detection.truths import WITNESS_COLUMNS, Witness
from sim.network import Int64Array, Network

STATE_COLUMNS: Final = KNOWN_COLUMNS + WITNESS_COLUMNS + OUTCOME_COLUMNS
"""Columns of `Detection.state`: knowledge, witness, outcomes."""
_NONE: Final = -1

Write = Callable[[int, Int64Array, Int64Array, Int64Array, Int64Array], None]
"""Takes in rows of the alarms table: rule, and the columns stock point, alarm_ms, truth_ms, outcome."""
Repair = Callable[[int, int], None]
"""Lets somebody see to the leak of a stock point at an instant to come, if it leaks then."""


@dataclass
class RuleAtWork:
    """One rule: what is known, what is true, and what came of it."""

    planned: PlannedRule
    knowledge: Knowledge
    witness: Witness
    outcomes: Int64Array


class Detection:
    """The rules of a network in one replication.

    Args:
        network: with its plant plan. told, truth: what is read of the running twin. write: takes in alarms.
        repair: follows from the alarms of rules with a response.
    """

    def __init__(
        self, network: Network, rules: Sequence[PlannedRule], told: Told, truth: Truth, write: Write, repair: Repair
    ) -> None:
        self.network = network
        self._told = told
        self._truth = truth
        self._write = write
        self._repair = repair
        self.rules = [_at_work(network, planned) for planned in rules]

    def begin(self, time: int) -> None:
        """Start anew at this instant: what has happened so far is in no period."""
        for one in self.rules:
            one.knowledge.begin(self._told, time)

    def instants_ms(self) -> Int64Array:
        """All instants at which some rule is evaluated, ascending."""
        each = [one.planned.instants_ms(self.network.horizon_ms) for one in self.rules]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *each]))

    def evaluate(self, time: int) -> None:
        """Put every rule that is due to its stock points."""
        for number, one in enumerate(self.rules):
            if time % one.planned.rule.every == 0:
                self._evaluate(number, one, time)

    def _evaluate(self, number: int, one: RuleAtWork, time: int) -> None:
        rule = one.planned.rule
        said = rule.judge(one.knowledge.signals(self._told, time, rule.every))
        true, since = one.witness.look(self._truth, time, rule.every)
        stood = one.outcomes[:, O_ALARM_MS] != _NONE
        self._write_rows(number, judge_outcomes(one.outcomes, said, true, since, time, rule.foresees))
        if rule.response is not None and rule.truth == LEAKING:
            for point in one.planned.points[(said == ALARM) & ~stood].tolist():
                self._repair(point, time + max(rule.response, 1))

    def close(self) -> None:
        """Write what the end decides: alarms of rules that speak of the present, and that nothing came of."""
        for number, one in enumerate(self.rules):
            if not one.planned.rule.foresees:
                self._write_rows(number, open_false_alarms(one.outcomes))

    def _write_rows(self, number: int, rows: Int64Array) -> None:
        if len(rows):
            points = self.rules[number].planned.points[rows[:, 0]]
            self._write(number, points, rows[:, 1], rows[:, 2], rows[:, 3])

    # --- as data ------------------------------------------------------------------------------------------------------

    def state(self) -> list[Int64Array]:
        """All state, a table (n, STATE_COLUMNS) per rule; a copy."""
        return [np.hstack((one.knowledge.table, one.witness.table, one.outcomes)) for one in self.rules]

    def load(self, tables: Sequence[Int64Array]) -> None:
        """Go on from what `state` gave for the same rules."""
        for one, table in zip(self.rules, tables, strict=True):
            known, seen, came_of_it = np.split(table, np.cumsum((KNOWN_COLUMNS, WITNESS_COLUMNS)), axis=1)
            one.knowledge.table[:] = known
            one.witness.table[:] = seen
            one.outcomes[:] = came_of_it


def _at_work(network: Network, planned: PlannedRule) -> RuleAtWork:
    plan = network.plant_plan
    assert plan is not None
    device = {one.stock_point: one for one in plan.devices}
    watched = [device[point] for point in planned.points.tolist()]
    knowledge = Knowledge(
        planned,
        np.array([one.sensor for one in watched], np.int64),
        np.array([one.plant for one in watched], np.int64),
        np.array([number for number, plant in enumerate(plan.plants) for _ in plant.lines], np.int64),
        network.mean_demand_per_day,
    )
    return RuleAtWork(planned, knowledge, Witness.of(planned), new_outcomes(planned.points.size))
