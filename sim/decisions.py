"""Policies that decide in Python: the flow asks, a process in phase 3 answers for a node's stock points at once."""

from typing import TYPE_CHECKING

import numpy as np

from policies.custom import CustomPolicy, PolicyError, needs_of
from sim import columns as c
from sim.errors import DecisionError
from sim.network import Int64Array
from sim.units import format_duration
from sim.views import Views

if TYPE_CHECKING:
    from sim.engine import Twin

_AFTER_THE_PERIODIC_REVIEW = 1


class Decisions:
    """Collects the stock points that are to be reviewed, by node, and puts them to their policies."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._views: Views | None = None
        self._asked: dict[int, list[int]] = {}

    def ask(self, points: list[int], time: int) -> None:
        """Let these stock points be reviewed in phase 3 of this instant."""
        parameter = self._twin.network.parameter
        for point in points:
            node = int(parameter[point, c.P_NODE])
            if node not in self._asked:
                self._asked[node] = []
                event = self._twin.environment.at(time, c.PHASE_ORDER, node, _AFTER_THE_PERIODIC_REVIEW)
                assert event.callbacks is not None
                event.callbacks.append(lambda _, node=node: self._decide(node, time))  # type: ignore[misc]
            self._asked[node].append(point)

    def _decide(self, node: int, time: int) -> None:
        self._put(np.array(sorted(self._asked.pop(node)), np.int64), time)

    def decide_periodic(self, first: int, last: int, time: int) -> None:
        """Put the stock points first .. last - 1 that are under periodic review to their policies."""
        if not self._twin.network.deciders:
            return
        parameter = self._twin.network.parameter[first:last]
        periodic = (parameter[:, c.P_FLAGS] & c.SP_PERIODIC) != 0
        self._put(first + np.flatnonzero(periodic & (parameter[:, c.P_POLICY] == c.POLICY_PYTHON)), time)

    def _put(self, points: Int64Array, time: int) -> None:
        """Ask each policy about its stock points, policies by number, and order what they say."""
        network = self._twin.network
        rows = network.parameter[points, c.P_POLICY_ROW]
        for number in np.unique(rows).tolist():
            chosen = points[rows == number]
            needs = self._needs(network.deciders[number], chosen, time)
            self._twin.flow.order_needs(chosen, needs, time)

    def _needs(self, policy: CustomPolicy, points: Int64Array, time: int) -> Int64Array:
        """What a policy says; DecisionError, which names policy, node and time, if it fails."""
        if self._views is None:
            self._views = Views(self._twin.network)
        plants = self._twin.plants
        life = None if plants is None else plants.lives.of(points, time)
        view = self._views.of(self._twin.flow.model.state, points, time, remaining_life=life)
        try:
            return needs_of(policy, view)
        except PolicyError as error:
            raise DecisionError(f"{error}, {format_duration(time)} after the start") from None
        except (Exception, SystemExit) as error:  # a policy may not end the run as if it were done
            when = f"at `{view.node}`, {format_duration(time)} after the start"
            message = f"policy `{policy.kind}` failed {when}: {type(error).__name__}: {error}"
            raise DecisionError(message) from error
