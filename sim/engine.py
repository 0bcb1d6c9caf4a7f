"""The engine: SimPy is the clock, and the compiled flow runs between its events.

    TwinEnvironment.step()   lets the flow happen up to the key of the next SimPy event, then that event
    Twin                     one replication: flow, trucks, records; `next_time` and `advance_to` drive it from outside
    simulate_replication     a whole replication, from opening stock to checked records

A twin may also begin with a saved state, see sim/state/front.py.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import simpy

from sim import columns as c
from sim.calendar import on_calendar
from sim.decisions import Decisions
from sim.demand.drawer import DemandDrawer, prepare_demand
from sim.errors import RunInterruptedError
from sim.flow.lots import DAY_MS
from sim.flow.model import (
    C_AGENDA,
    C_LOTS,
    C_MEASURE_FROM_MS,
    C_NEXT_ARRIVAL_MS,
    C_NOW,
    C_WINDOW,
    C_WINDOW_END_MS,
    C_WINDOW_LINES,
    LOT_EXPIRES_MS,
    LOT_ORDER,
    LOT_POINT,
    LOT_QUANTITY,
    LOT_RECEIVED_MS,
    LOT_UNIT_COST_MILLI,
    NEVER,
    NONE,
    SERIES_VALUE,
)
from sim.flow.opening import first_reviews, new_model, open_books
from sim.flow.runner import Flow, layers_in_place
from sim.flow.under_way import layers_sent
from sim.forecasting import forecast_sums, forecasts_of
from sim.network import Int64Array, Network
from sim.plant.plants import Plants
from sim.record.conservation import check_conservation
from sim.record.records import AGE_EDGES_DAYS, SERIES, Levels, Recorder, Records, RunStart, Summary, Traces
from sim.trucks import Dispatcher, DispatcherRecord, TruckRecords, Vehicle, VehicleRecord
from sim.week import milliseconds_of_week

TRACED: Final = 20
_WEEK_MS: Final = 7 * DAY_MS
_OWN_PRIORITY: Final = 2  # SimPy itself uses 0 and 1, for what has to happen at once
_SUB_BITS: Final = 24


class TwinEnvironment(simpy.Environment):
    """SimPy's clock in integer milliseconds, with our total order, and the compiled flow in between."""

    def __init__(self, twin: "Twin", nodes: int, start_ms: int = 0) -> None:
        super().__init__(initial_time=start_ms)
        self._twin = twin
        self._nodes = nodes

    def at(self, time: int, phase: int, node: int, number: int) -> simpy.Event:
        """An event at (time, phase, node), after that node's stock points; `number` orders those of one key."""
        event = simpy.Event(self)
        event._ok = True
        event._value = None
        priority = (((phase * self._nodes + node) << _SUB_BITS) | number) + _OWN_PRIORITY
        self.schedule(event, priority=priority, delay=time - self._now)  # type: ignore[arg-type]
        return event

    def step(self) -> None:
        """Let the flow run up to the key of the next event, then process that event."""
        while self._queue:
            time, priority, _, _ = self._queue[0]
            if priority < _OWN_PRIORITY:
                break
            place = (priority - _OWN_PRIORITY) >> _SUB_BITS
            if self._twin.flow.advance_to_key(int(time), place // self._nodes, place % self._nodes):
                break
            self._twin.attend()
        super().step()


class Twin:
    """One replication of a network, under way.

    Args:
        network: what is simulated. seed, replication: what every random stream is keyed by.
        recorder: takes in what happens.
        start_ms: nothing before this instant happens. At 0 the caller opens the books (`open`), later it fills in a
            saved state (sim/state/load.py).
    """

    def __init__(self, network: Network, seed: int, replication: int, recorder: Recorder, start_ms: int = 0) -> None:
        self.network = network
        self.seed = seed
        self.replication = replication
        self.recorder = recorder
        self.start_of_week_ms = milliseconds_of_week(network.start_epoch_ms)
        self.environment = TwinEnvironment(self, network.nodes, start_ms)
        self.start = RunStart(start_ms)
        plan = prepare_demand(network.demand, network.start_epoch_ms, network.horizon_ms)
        model = new_model(network, seed, replication, recorder.events is not None)
        model.clock[C_MEASURE_FROM_MS] = network.warm_up_ms
        self.flow = Flow(model, DemandDrawer(plan, seed, replication), recorder, network.horizon_ms)
        self.plants = None if network.plant_plan is None else Plants(self, network.plant_plan)
        self.flow.plants = self.plants
        self.truck_records = TruckRecords()
        self.decisions = Decisions(self)
        self.forecasts = forecasts_of(self)
        self.vehicles: list[Vehicle] = []
        self.dispatchers: list[Dispatcher] = []
        self.warm_up_total: Int64Array = np.zeros_like(model.total)

    # --- setting up ---------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start at time 0 with the opening stock, orders and debts, and every vehicle at its base."""
        network = self.network
        opening_rows = len(network.initial_on_order) + len(network.initial_owed)
        self.flow.make_room(opening_rows + 256)
        open_books(self.flow.model, network)
        first_reviews(self.flow.model.address)
        if self.plants is not None:
            self.plants.open()
        records = self.truck_records
        for row, route in enumerate(network.routes):
            records.dispatchers.append(DispatcherRecord(row))
            records.vehicles += [VehicleRecord(row, number) for number in range(route.vehicles)]
        self.attach_trucks()
        self.attach_reviews(0)
        for forecasting in self.forecasts:
            forecasting.start()
        for vehicle in self.vehicles:
            vehicle.prepare()
        for dispatcher in self.dispatchers:
            dispatcher.start()

    def attach_trucks(self) -> None:
        """Make vehicles and dispatchers from their records."""
        records = self.truck_records
        self.vehicles = [Vehicle(self, record, number) for number, record in enumerate(records.vehicles)]
        self.dispatchers = [
            Dispatcher(self, record, [one for one in self.vehicles if one.record.route == record.route])
            for record in records.dispatchers
        ]

    def attach_reviews(self, time: int) -> None:
        """Let everything that comes by a calendar (periodic reviews, rebalancing) begin at or after `time`."""
        network = self.network
        for node, instants in enumerate(network.review_ms):
            if instants is not None:
                on_calendar(self, instants, (c.PHASE_ORDER, node, 0), partial(self._review_node, node), time)
        for number, pool in enumerate(network.pools):
            if pool.rebalance_ms is not None:
                place = (c.PHASE_RETURN, 0, 1 + number)
                on_calendar(self, pool.rebalance_ms, place, partial(self._rebalance, number), time)

        if self.plants is not None:
            self.plants.attach(time)

    def _review_node(self, node: int, time: int) -> None:
        first, last = self.network.node_first_stock_point[node : node + 2].tolist()
        self.flow.review_node(first, last, time)
        self.decisions.decide_periodic(first, last, time)

    def _rebalance(self, pool: int, time: int) -> None:
        self.flow.rebalance(pool, self.network.holding_rate_per_year, time)

    # --- the clock ----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Time of the last thing that happened, in ms since the start."""
        return max(int(self.flow.model.clock[C_NOW]), int(self.environment.now))

    def next_time(self) -> int:
        """When something may happen next: the earlier of flow and SimPy, in ms since the start (NEVER: nothing left).

        At the end of the drawn demand this is the time up to which it is drawn, which may turn out to be idle.
        """
        clock = self.flow.model.clock
        times = [int(clock[C_NEXT_ARRIVAL_MS])]
        if self.plants is not None:
            times.append(self.plants.next_ms)
        if clock[C_AGENDA]:
            times.append(int(clock[C_NOW]))
        if clock[C_WINDOW] < clock[C_WINDOW_LINES]:
            times.append(int(self.flow.model.line_ms[clock[C_WINDOW]]))
        else:
            times.append(int(clock[C_WINDOW_END_MS]))
        if self.environment.peek() < NEVER:
            times.append(int(self.environment.peek()))
        return min(times)

    def advance_to(self, time: int) -> None:
        """Let everything up to and including `time` happen (all phases)."""
        environment = self.environment
        while True:
            while environment.peek() <= time:
                environment.step()
            if self.flow.advance_to_key(time, c.PHASES, self.network.nodes):
                return
            self.attend()

    # --- what processes use -------------------------------------------------------------------------------------------

    def attend(self) -> None:
        """Schedule the processes that the flow wants: dispatchers at docks, policies that decide in Python."""
        now = int(self.flow.model.clock[C_NOW])
        for route in self.flow.docks_to_look_at():
            self.dispatchers[route].wake(now)
        self.decisions.ask(self.flow.points_to_decide(), now)

    def log_truck(self, time: int, phase: int, node: int, event: int, lines: int, trip: int) -> None:
        """Note something a truck did in the event log."""
        self.flow.log_row(time, phase, node, -1, event, lines, trip)

    def write_trip(self, record: VehicleRecord, returned_ms: int) -> None:
        """Append a trip to the trips table; `returned_ms` NONE for one still under way."""
        r = record
        self.recorder.trips.append(
            r.trip,
            r.route,
            r.vehicle,
            r.departed_ms,
            returned_ms,
            r.lines,
            r.volume_ml,
            r.weight_g,
            r.distance_m,
            r.driving_ms,
        )

    # --- measuring ----------------------------------------------------------------------------------------------------

    def begin_measurement(self, time: int) -> None:
        """The warm-up is over: keep its totals apart and start all averages anew."""
        model = self.flow.model
        self.flow.settle(time)
        self.warm_up_total[:] = model.total
        model.total[:] = 0
        model.area[:] = 0.0
        if self.plants is not None:
            self.plants.begin_measurement(time)

    def levels(self) -> Levels:
        """State and lot layers at this instant, as a copy."""
        return self._levels_in(self.flow.model.state.copy())

    def _levels_in(self, state: Int64Array) -> Levels:
        layers = layers_in_place(self.flow.model.address)
        state[:, c.S_IN_TRANSIT] = self.flow.in_transit()
        sent = layers_sent(self.flow.model)
        units = np.zeros(self.network.stock_points, np.int64)
        np.add.at(units, sent[:, 0], sent[:, 3])
        return Levels(state, layers[:, 0].astype(np.int32), layers[:, 1].copy(), layers[:, 2].copy(), units, sent)

    def close(self, opening: Levels, traces: Traces) -> Records:
        """Settle everything to the horizon, hand the rest to the recorder and return the records."""
        model, horizon = self.flow.model, self.network.horizon_ms
        self.flow.settle(horizon)
        self.flow.write_under_way()
        for vehicle in self.vehicles:
            if vehicle.record.trip != NONE:
                self.write_trip(vehicle.record, NONE)
        self._write_lots()
        for forecasting in self.forecasts:
            forecasting.write_series()
        closing = self._levels_in(model.state)
        summary = Summary(
            opening=opening,
            closing=closing,
            total=model.total,
            warm_up_total=self.warm_up_total,
            area=model.area,
            series=_series(model.series, self.start.time_ms, horizon),
            wait_histogram=model.wait,
            age_histogram=_age_histogram(self.network, closing, model.lot, horizon),
            jobs=model.jobs,
            traces=traces,
            start=self.start,
            forecast=forecast_sums(self.forecasts, self.network),
            plant=None if self.plants is None else self.plants.close(horizon),
        )
        return self.recorder.finish(summary)

    def _write_lots(self) -> None:
        lots = self.flow.model.lot[: self.flow.model.clock[C_LOTS]]
        expires = np.where(lots[:, LOT_EXPIRES_MS] == NEVER, NONE, lots[:, LOT_EXPIRES_MS])
        self.recorder.lots.extend(
            np.arange(len(lots)),
            lots[:, LOT_POINT],
            lots[:, LOT_ORDER],
            lots[:, LOT_RECEIVED_MS],
            expires,
            lots[:, LOT_UNIT_COST_MILLI],
            lots[:, LOT_QUANTITY],
        )


def _series(series: Any, start_ms: int, horizon_ms: int) -> dict[str, Any]:
    """Binned series by name: the mean value on hand per day (of its part since the start), and counts."""
    days = len(series)
    edges = np.clip(np.arange(days + 1) * DAY_MS, start_ms, horizon_ms)
    length = np.maximum(np.diff(edges), 1).astype(np.float64)
    named: dict[str, Any] = {SERIES[SERIES_VALUE]: series[:, :, SERIES_VALUE] / length[:, None]}
    for column, name in enumerate(SERIES):
        if column != SERIES_VALUE:
            named[name] = series[:, :, column].astype(np.int64)
    return named


def _age_histogram(network: Network, closing: Levels, lot: Int64Array, horizon_ms: int) -> Any:
    """Value (minor units) of the lot-tracked stock by group and age, at the end."""
    points = closing.layer_stock_point
    days = (horizon_ms - lot[closing.layer_lot, LOT_RECEIVED_MS]) // DAY_MS
    bins = np.searchsorted(AGE_EDGES_DAYS, days, side="right") - 1
    value = 0.001 * closing.layer_quantity * network.item_cost_milli[network.parameter[points, c.P_ITEM]]
    groups = network.parameter[points, c.P_GROUP]
    shape = (3 * network.nodes, len(AGE_EDGES_DAYS))
    return np.bincount(groups * shape[1] + bins, value, minlength=shape[0] * shape[1]).reshape(shape)


class _Tracer:
    """Follows the stock on hand of every stocked stock point at the end of each day, and keeps the worst."""

    def __init__(self, network: Network, start_ms: int) -> None:
        stocked = (network.parameter[:, c.P_FLAGS] & (c.SP_STOCKED | c.SP_SUPPLIER)) == c.SP_STOCKED
        self._points = np.flatnonzero(stocked)
        self._first_day = start_ms // DAY_MS
        self._days: list[Int64Array] = []

    def sample(self, twin: Twin) -> None:
        self._days.append(twin.flow.model.state[self._points, c.S_ON_HAND].astype(np.int32))

    def worst(self, twin: Twin) -> Traces:
        total = twin.flow.model.total[self._points]
        short = total[:, c.T_DEMAND_LINES] - total[:, c.T_LINES_AT_ONCE]
        order = np.argsort(-short, kind="stable")[:TRACED]
        order = order[short[order] > 0]
        levels = np.array([day[order] for day in self._days], np.int64).reshape(len(self._days), len(order))
        return Traces(self._points[order], levels, self._first_day)


def simulate_replication(
    network: Network,
    seed: int,
    replication: int,
    *,
    recorder: Recorder | None = None,
    folder: Path | None = None,
    events: bool = False,
    traces: bool = False,
    from_state: Path | None = None,
    save_state_ms: int | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Records:
    """Run one replication from time 0, or from a saved state, to the horizon; every unit must be accounted for.

    Args:
        recorder: takes in the records; without one they go to `folder`, or stay in memory.
        events: keep the whole event log.
        traces: keep the daily levels of the worst stock points.
        from_state: folder with a saved state, see sim/state/front.py; the records begin there and there is no warm-up.
        save_state_ms: save the state of this instant into `folder`/state.
        should_stop: asked at least once in a simulated week whether to give up.

    Raises ConservationError when the books do not close, OSError when a table cannot be written, ScenarioError when
    the state cannot be used, RunInterruptedError when told to stop.
    """
    if from_state is not None:
        from sim.state.front import load_state

        twin = load_state(network, from_state, seed, replication, folder=folder, events=events)
    else:
        twin = Twin(network, seed, replication, recorder or Recorder(network, seed, replication, folder, events))
        twin.open()
    opening = twin.levels()
    saving = None if save_state_ms is None or folder is None else (save_state_ms, folder / "state")
    records = run_to_horizon(twin, opening, traces, saving, should_stop)
    check_conservation(records)
    return records


def run_to_horizon(
    twin: Twin,
    opening: Levels,
    traces: bool,
    saving: tuple[int, Path] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Records:
    """Advance an opened or loaded twin to the horizon and close it.

    Args:
        opening: levels at its start. traces: keep the daily levels of the worst stock points.
        saving: when and where to save its state.
        should_stop: asked at least once in a simulated week; RunInterruptedError when it says yes.
    """
    network, start, horizon = twin.network, twin.start.time_ms, twin.network.horizon_ms
    tracer = _Tracer(network, start) if traces else None
    stops = set(range(DAY_MS, horizon, DAY_MS if tracer else _WEEK_MS))
    stops.add(network.warm_up_ms)
    if saving is not None:
        stops.add(saving[0])
    for stop in sorted({stop for stop in stops if stop > start} | {horizon}):
        if should_stop is not None and should_stop():
            raise RunInterruptedError(f"stopped before {stop} ms")
        twin.advance_to(stop - 1)
        if saving is not None and stop == saving[0]:
            from sim.state.front import save_state

            save_state(twin, saving[1], stop)
        if tracer is not None and (stop % DAY_MS == 0 or stop == horizon):
            tracer.sample(twin)
        if stop == network.warm_up_ms:
            twin.begin_measurement(stop)
    days = -(-horizon // DAY_MS)
    return twin.close(opening, tracer.worst(twin) if tracer else Traces.empty(days))
