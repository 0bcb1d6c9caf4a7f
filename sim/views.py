"""What a policy that decides in Python gets to see of its stock points at an instant."""

import numpy as np

from policies.custom import View
from policies.remaining_life import RemainingLife
from sim import columns as c
from sim.lead_times import lead_time_days
from sim.network import Float64Array, Int64Array, Network
from sim.week import DAY_MS, milliseconds_of_week


class Views:
    """Makes views of a running network; what does not change is worked out once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lead_time_days = lead_time_days(network)
        self._unit_cost = network.item_cost_milli / (1000.0 * 10**network.minor_digits)

    def of(
        self,
        state: Int64Array,
        points: Int64Array,
        time: int,
        forecast_per_day: Float64Array | None = None,
        remaining_life: RemainingLife | None = None,
    ) -> View:
        """The view of stock points of one node, ascending; `state` is the table of all, `forecast_per_day` (P,)."""
        network = self._network
        parameter, known = network.parameter[points], state[points]
        items = parameter[:, c.P_ITEM]
        instant = milliseconds_of_week(network.start_epoch_ms + time)
        on_hand, on_order, waiting = known[:, c.S_RECORDED], known[:, c.S_ON_ORDER], known[:, c.S_WAITING]
        unknown = np.full(points.size, np.nan)
        return View(
            node=network.node_names[int(parameter[0, c.P_NODE])],
            time_ms=time,
            weekday=instant // DAY_MS,
            time_of_day_ms=instant % DAY_MS,
            items=tuple(network.item_names[item] for item in items.tolist()),
            on_hand=on_hand.copy(),
            on_order=on_order.copy(),
            waiting=waiting.copy(),
            position=on_hand + on_order - waiting,
            mean_demand_per_day=network.mean_demand_per_day[points],
            forecast_per_day=unknown if forecast_per_day is None else forecast_per_day[points],
            lead_time_days=self._lead_time_days[points],
            minimum_order=parameter[:, c.P_MINIMUM_ORDER],
            multiple=parameter[:, c.P_MULTIPLE],
            capacity=parameter[:, c.P_CAPACITY],
            unit_cost=self._unit_cost[items],
            remaining_life=remaining_life,
        )
