"""The arrays of plants at time 0."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from sim.chance.streams import Stream, stream_key, stream_keys
from sim.columns import CAUSES, COUNT_COLUMNS, GAP_COLUMNS, P_ITEM, P_NODE
from sim.flow.model import NEVER, NONE, linked_rows
from sim.jit_tables import aligned_zeros
from sim.network import Distribution, Int64Array, Network
from sim.plant import model as q
from sim.plant_plan import USE_FLOW, DevicePoint, Gateway, Line, Machine, Plant, PlantPlan, Use

POOL_ROWS = 1 << 10
_BEFORE_EVERYTHING = -(1 << 60)
Rows = dict[str, Any]


def new_plants(network: Network, plan: PlantPlan, seed: int, replication: int) -> q.PlantModel:
    """All arrays of the plants of a replication; nothing has happened yet (see `sim.plant.step.begin`).

    ValueError when people of one plant are to draw in another: limits are kept plant by plant.
    """
    _check_persons(plan)
    gateways, outages = _gateways(plan, network.horizon_ms, seed, replication)
    return q.PlantModel(
        timer=_timer(),
        heap=np.zeros((POOL_ROWS, q.HEAP_COLUMNS), np.int64),
        gap=np.zeros((network.stock_points, GAP_COLUMNS)),
        difference=np.zeros((network.stock_points, CAUSES), np.int64),
        count=np.zeros((network.stock_points, COUNT_COLUMNS), np.int64),
        message=_pool(q.MESSAGE_COLUMNS, q.M_NEXT),
        back=_pool(q.BACK_COLUMNS, q.B_NEXT),
        gateway=gateways,
        outage=outages,
        year=_years(network),
        node_first=np.ascontiguousarray(network.node_first_stock_point, np.int64),
        stop_out=np.zeros((1 << 10, q.STOP_COLUMNS), np.int64),
        **_points(network, plan),
        **_plants(network, plan),
    )


def _timer() -> Int64Array:
    timer = np.zeros(q.TIMER_SIZE, np.int64)
    timer[q.T_MESSAGES_LEFT] = timer[q.T_BACKS_LEFT] = POOL_ROWS
    timer[q.T_NEXT_MS] = NEVER
    return timer


def _pool(columns: int, following: int) -> Int64Array:
    table: Int64Array = np.zeros((POOL_ROWS, columns), np.int64)
    linked_rows(table, 0, following)
    return table


def duration_row(distribution: Distribution | None) -> list[float]:
    """A duration as a row of numbers; its kind is NONE where there is none."""
    d = distribution
    return [NONE, 0.0, 0.0, 0.0, 0.0] if d is None else [float(d.kind), d.a, d.b, d.c, float(d.offset_ms)]


def _years(network: Network) -> Int64Array:
    """1 January of each year of the run, in ms since the start; the first is not after it."""
    first = datetime.fromtimestamp(network.start_epoch_ms / 1000, UTC).year
    last = datetime.fromtimestamp((network.start_epoch_ms + network.horizon_ms) / 1000, UTC).year
    new_years = [int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 for year in range(first, last + 1)]
    return np.array(new_years, np.int64) - network.start_epoch_ms


def _check_persons(plan: PlantPlan) -> None:
    """The people of a device have to be of its own plant."""
    first, spans = 0, []
    for plant in plan.plants:
        spans.append((first, first + sum(number for _, number in plant.people)))
        first = spans[-1][1]
    for device in plan.devices:
        begin, number = device.persons
        low, high = spans[device.plant] if device.plant >= 0 else (0, first)
        if number > 0 and not low <= begin <= begin + number <= high:
            raise ValueError(
                f"people {begin} .. {begin + number - 1} of stock point {device.stock_point} are elsewhere"
            )


# --- devices ----------------------------------------------------------------------------------------------------------


def _points(network: Network, plan: PlantPlan) -> Rows:
    rows = network.stock_points
    point: Int64Array = aligned_zeros((rows, q.POINT_COLUMNS), np.int64)
    point[:, q.Q_DEVICE] = point[:, q.Q_GATEWAY] = point[:, q.Q_PLANT] = point[:, q.Q_LAST_LOT] = NONE
    point[:, q.Q_COUNT_MS] = _BEFORE_EVERYTHING
    point[:, q.Q_LEAK_EVENT_MS] = NEVER
    share = np.zeros((rows, q.SHARE_COLUMNS))
    duration = np.zeros((rows, q.DURATIONS, q.DURATION_COLUMNS))
    duration[:, :, 0] = NONE
    limits = 0
    for device in plan.devices:
        row = device.stock_point
        _set_point(point[row], device, int(network.initial_on_hand[row]))
        share[row] = _shares(device)
        duration[row] = _durations(device)
        if device.limit > 0 and device.plant >= 0:
            point[row, q.Q_LIMIT_ROW] = limits
            limits += sum(number for _, number in plan.plants[device.plant].people)
    _note_flows(point, plan)
    nodes, items = network.parameter[:, P_NODE], network.parameter[:, P_ITEM]
    names = network.node_names, network.item_names
    stream = np.stack([stream_keys(prefix, *names, nodes, items) for prefix in q.POINT_STREAMS], axis=1)
    return {
        "point": point,
        "share": share,
        "duration": duration,
        "stream": np.ascontiguousarray(stream),
        "limit": np.full((max(limits, 1), 2), NONE, np.int64),
    }


def _set_point(row: Int64Array, device: DevicePoint, opening_stock: int) -> None:
    row[q.Q_DEVICE] = device.device
    row[q.Q_PLANT] = device.plant
    row[q.Q_SENSOR] = device.sensor
    row[q.Q_GATEWAY] = device.gateway
    row[q.Q_FIRST_PERSON], row[q.Q_PERSONS] = device.persons
    row[q.Q_LIMIT] = device.limit if device.plant >= 0 else 0
    row[q.Q_LOAN] = device.loan is not None
    row[q.Q_BLOCKS_EXPIRED] = device.blocks_expired
    row[q.Q_UNIT_MG] = device.unit_weight_mg
    row[q.Q_RESOLUTION_MG] = device.resolution_mg
    row[q.Q_LEAK_RATE] = device.leak_rate_milli
    row[q.Q_LEAK_STEP] = device.leak_step
    row[q.Q_SHOWN] = opening_stock


def _note_flows(point: Int64Array, plan: PlantPlan) -> None:
    """Between which rows of uses the flows out of each tank are, so that a count need not look at all of them."""
    uses = [use for plant in plan.plants for line in plant.lines for machine in line.machines for use in machine.uses]
    for number, use in enumerate(uses):
        if use.kind == USE_FLOW:
            row = point[use.points[0]]
            if row[q.Q_LAST_FLOW] == 0:
                row[q.Q_FIRST_FLOW] = number
            row[q.Q_LAST_FLOW] = number + 1


def _shares(device: DevicePoint) -> list[float]:
    d = device
    return [
        d.unauthorised,
        d.put_back,
        d.misplaced,
        d.wrong_item,
        d.wrong_fails,
        d.jam,
        d.fail,
        d.refund,
        d.wrong_product,
        d.loan_lost,
        d.loan_worn,
        d.missed_scan,
        d.read_rate,
        d.stray_tags,
        d.noise_mg,
        d.drift_mg_per_day,
        d.tare_mg,
        d.meter_error,
        d.rejected,
        d.count_error,
    ]


def _durations(device: DevicePoint) -> list[list[float]]:
    d = device
    return [
        duration_row(one)
        for one in (
            d.put_back_after,
            d.wrong_fails_after,
            d.jam_clear,
            d.loan,
            d.stuck_every,
            d.stuck_lasting,
            d.leak_every,
            d.leak_lasting,
            d.inspection,
        )
    ]


def _gateways(plan: PlantPlan, horizon_ms: int, seed: int, replication: int) -> tuple[Int64Array, Int64Array]:
    """Gateway table and the outages of their uplinks, [from, to) in ms."""
    table = np.zeros((len(plan.gateways), q.GATEWAY_COLUMNS), np.int64)
    outages: list[tuple[int, int]] = []
    for row, gateway in enumerate(plan.gateways):
        first = len(outages)
        outages += uplink_outages(gateway, horizon_ms, seed, replication)
        settings = (gateway.plant, gateway.poll_ms, gateway.delay_ms, gateway.spacing_ms, gateway.clock_offset_ms)
        table[row, : q.E_CAPACITY] = settings
        table[row, q.E_CAPACITY :] = (
            gateway.capacity,
            gateway.overflow,
            first,
            len(outages),
            NONE,
            NONE,
            0,
            _BEFORE_EVERYTHING,
            NEVER,
        )
    return table, np.array(outages, np.int64).reshape(-1, 2)


def uplink_outages(gateway: Gateway, horizon_ms: int, seed: int, replication: int) -> list[tuple[int, int]]:
    """When a gateway's uplink is down; drawn from its own stream, so always the same."""
    if gateway.outage_every is None or gateway.outage_lasting is None:
        return []
    stream = Stream("uplink", gateway.name, seed=seed, replication=replication)
    found: list[tuple[int, int]] = []
    time = 0
    while True:
        start = time + stream.draw(gateway.outage_every)
        if start >= horizon_ms:
            return found
        end = max(start + stream.draw(gateway.outage_lasting), time + 1)
        found.append((start, end))
        time = end


# --- plants, lines, machines, uses ------------------------------------------------------------------------------------


def _plants(network: Network, plan: PlantPlan) -> Rows:
    calendar_rows, working = _calendars(plan)
    plants, lines, machines, uses = [], [], [], []  # type: ignore[var-annotated]
    machine_keys, use_keys, shifts, use_points = [], [], [], []  # type: ignore[var-annotated]
    persons = 0
    for number, plant in enumerate(plan.plants):
        first_machine, first_shift = len(machines), len(shifts)
        shifts += plant.shift_starts_ms.tolist()
        for line in plant.lines:
            first_of_line = len(machines)
            for machine in line.machines:
                name = (network.node_names[plant.node], line.name, machine.name)
                machine_keys.append([stream_key(kind, *name) for kind in q.MACHINE_STREAMS])
                first_use = len(uses)
                for use in machine.uses:
                    use_keys.append(stream_key("use", *name, network.item_names[use.item]))
                    uses.append((use, len(machines), len(use_points)))
                    use_points += use.points
                machines.append((machine, len(lines), number, first_use, len(uses)))
            lines.append((line, number, first_of_line, len(machines), calendar_rows.get(plant.working)))
        plants.append((plant, first_machine, len(machines), persons, first_shift, len(shifts)))
        persons += sum(people for _, people in plant.people)
    climate = [(plant.mean_c, plant.swing_c, plant.warmest_day) for plant in plan.plants]
    return {
        "plant": _table([_plant_row(*one) for one in plants], q.PLANT_COLUMNS),
        "climate": np.array(climate, np.float64).reshape(-1, q.CLIMATE_COLUMNS),
        "line": _table([_line_row(*one) for one in lines], q.LINE_COLUMNS),
        "working": working,
        "machine": _table([_machine_row(*one) for one in machines], q.MACHINE_COLUMNS),
        "hazard": np.array([(one[0].failures_per_ms, 1.0, 0.0, 0.0) for one in machines]).reshape(-1, 4),
        "repair": np.array([duration_row(one[0].repair) for one in machines]).reshape(-1, 5),
        "machine_stream": np.array(machine_keys, np.uint64).reshape(-1, len(q.MACHINE_STREAMS), 2),
        "use": _table([_use_row(*one) for one in uses], q.USE_COLUMNS),
        "figure": np.array([_figures(one[0]) for one in uses]).reshape(-1, q.USE_FIGURES),
        "interval": np.array([duration_row(one[0].interval) for one in uses]).reshape(-1, 5),
        "use_stream": np.array(use_keys, np.uint64).reshape(-1, 2),
        "use_point": np.array(use_points, np.int64),
        "shift": np.array(shifts, np.int64),
    }


def _table(rows: list[list[int]], columns: int) -> Int64Array:
    return np.array(rows, np.int64).reshape(-1, columns)


def _calendars(plan: PlantPlan) -> tuple[dict[int, tuple[int, int]], Int64Array]:
    """Rows of each calendar in the table of working intervals, and that table."""
    rows: dict[int, tuple[int, int]] = {}
    tables = []
    first = 0
    for number, intervals in enumerate(plan.calendars):
        lengths = intervals[:, 1] - intervals[:, 0]
        before = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(intervals) else lengths
        tables.append(np.column_stack([intervals, before]))
        rows[number] = (first, first + len(intervals))
        first += len(intervals)
    return rows, np.concatenate([np.zeros((0, 3), np.int64), *tables]).astype(np.int64)


def _plant_row(
    plant: Plant, first_machine: int, last_machine: int, first_person: int, first_shift: int, last_shift: int
) -> list[int]:
    persons = sum(number for _, number in plant.people)
    row = [plant.node, first_machine, last_machine, first_person, persons, *plant.maintenance]
    return [*row, plant.crews, 0, NONE, NONE, first_shift, last_shift]


def _line_row(line: Line, plant: int, first: int, last: int, working: tuple[int, int] | None) -> list[int]:
    rows = (NONE, NONE) if working is None else working
    return [plant, first, last, *rows, line.work_order_ms, 0, 0, 0, NONE, 0, NEVER, 0, 0]


def _machine_row(machine: Machine, line: int, plant: int, first_use: int, last_use: int) -> list[int]:
    row = [0] * q.MACHINE_COLUMNS
    row[: q.A_LAST_USE + 1] = [line, plant, first_use, last_use]
    row[q.A_DUE] = NEVER
    row[q.A_CREW_NEXT] = NONE
    return row


def _use_row(use: Use, machine: int, first_point: int) -> list[int]:
    row = [0] * q.USE_COLUMNS
    last_point = first_point + len(use.points)
    row[: q.V_MISSING] = [machine, use.item, use.kind, use.quantity, first_point, last_point]
    row[q.V_MISSING : q.V_DUE] = [use.missing, int(use.at_empty), use.temperature, use.rate_milli]
    row[q.V_DUE] = NEVER
    return row


def _figures(use: Use) -> list[float]:
    return [
        use.failure_factor,
        use.shape,
        use.scale_ms,
        use.temperature_a,
        use.reference_c,
        use.offset_c,
        1.0,
    ]
