"""Policies that decide in Python: what they would hold at the start, and which stock points they decide for."""

import numpy as np

from policies.custom import CustomPolicy, PolicyError, View, needs_of
from sim.build.items import ItemColumns
from sim.build.lanes import NodeNumbers
from sim.build.stock_points import StockPointGrid
from sim.build.stocking import Stocking
from sim.network import Float64Array, Int64Array
from sim.scenario.findings import ScenarioError
from sim.scenario.scenario import Scenario
from sim.units import MS_PER_DAY


class Opening:
    """What policies order with empty shelves at the start: their opening stock, unless the scenario states another."""

    def __init__(
        self,
        scenario: Scenario,
        nodes: NodeNumbers,
        items: ItemColumns,
        grid: StockPointGrid,
        mean_lead_time_ms: Float64Array,
    ) -> None:
        self._scenario = scenario
        self._nodes = nodes
        self._grid = grid
        self._unit_cost = items.cost_milli / (1000.0 * 10**scenario.minor_digits)
        self._lead_time_days = np.append(mean_lead_time_ms / MS_PER_DAY, np.nan)

    def order_up_to(self, policy: CustomPolicy, rows: Int64Array) -> Int64Array:
        """Units at each stock point of `rows`; terms and capacities are not yet applied.

        Raises ScenarioError if the policy fails: its first call finds mistakes before anything is simulated.
        """
        units = np.zeros(rows.size, dtype=np.int64)
        for node in np.unique(self._grid.node[rows]).tolist():
            here = np.flatnonzero(self._grid.node[rows] == node)
            try:
                units[here] = needs_of(policy, self._view(node, rows[here]))
            except PolicyError as error:
                raise ScenarioError([self._scenario.finding(str(error), "", "policies")]) from None
            except (Exception, SystemExit) as error:  # whatever a stranger's function does
                kind = getattr(policy, "kind", type(policy).__name__)
                message = f"policy `{kind}` failed at `{self._nodes.names[node]}`: {type(error).__name__}: {error}"
                raise ScenarioError([self._scenario.finding(message, "", "policies")]) from error
        return units

    def _view(self, node: int, rows: Int64Array) -> View:
        start, names = self._scenario.start, self._scenario.item_names
        items = self._grid.item[rows]
        nothing, one = np.zeros(rows.size, dtype=np.int64), np.ones(rows.size, dtype=np.int64)
        return View(
            node=self._nodes.names[node],
            time_ms=0,
            weekday=start.weekday(),
            time_of_day_ms=((start.hour * 60 + start.minute) * 60 + start.second) * 1000,
            items=tuple(names[item] for item in items.tolist()),
            on_hand=nothing,
            on_order=nothing,
            waiting=nothing,
            position=nothing,
            mean_demand_per_day=self._grid.mean_per_day[rows],
            forecast_per_day=np.full(rows.size, np.nan),
            lead_time_days=self._lead_time_days[self._grid.lane[rows]],
            minimum_order=one,
            multiple=one,
            capacity=np.full(rows.size, -1, dtype=np.int64),
            unit_cost=self._unit_cost[items],
        )


def deciders_and_rows(stocking: Stocking, policy_row: Int64Array) -> tuple[tuple[CustomPolicy, ...], Int64Array]:
    """The policies that decide in Python, in the order of the entries, and P_POLICY_ROW with their numbers, (P,)."""
    found = policy_row.copy()
    for number, (_, rows) in enumerate(stocking.deciders):
        found[rows] = number
    return tuple(policy for policy, _ in stocking.deciders), found
